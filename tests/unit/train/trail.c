/* Where inf or nan began, also in a micro-batch of which no values are left. */
#include "train/trail.h"

#include "rig.h"

#include <criterion/criterion.h>

TestSuite(trails, .init = open_small, .fini = close_all);

/* Inputs that fp16 does not hold, but for few. */
static Trail overflow(const char *probe)
{
    Trail trail;

    say_setting("data noise features=8 gain=70000");
    say_setting("net 8 8 10");
    say_setting("batch 1");
    say_setting("seed 3");
    say_setting(probe);
    say_setting("accumulate 4");
    train(1);
    must(session_trail(session, &trail));
    return trail;
}

Test(trails, an_earlier_micro_batch_is_known_by_what_was_counted)
{
    Trail trail = overflow("probe on");

    cr_expect_str_eq(trail.tensor, "x.fp16");
    cr_expect_str_eq(trail.op, "cast");
    cr_expect(trail.earlier && !trail.unseen);
    cr_expect_eq(trail.count, 32, "of all four");
    cr_expect_eq(trail.nonfinite, 1);
}

Test(trails, what_was_not_counted_began_before_the_sum_that_holds_it)
{
    Trail trail = overflow("probe off");

    cr_expect_str_eq(trail.tensor, "fc1.weight.grad.sum");
    cr_expect_str_eq(trail.op, "accumulate");
    cr_expect(trail.earlier && trail.unseen);
}

Test(trails, of_one_micro_batch_its_values_are_all)
{
    Trail trail;

    say_setting("scale dynamic 1099511627776");
    train(1);
    must(session_trail(session, &trail));
    cr_expect_str_neq(trail.tensor, "");
    cr_expect_not(trail.earlier);
}

Test(trails, running_statistics_that_hold_inf_are_no_weights)
{
    Trail trail;

    say_setting("data noise features=8 gain=70000");
    say_setting("net \"linear 8, batchnorm, relu, linear 10\"");
    say_setting("batch 4");
    train(1);
    must(session_trail(session, &trail));
    cr_expect_str_eq(trail.running, "bn1.running_mean");
    cr_expect_eq(trail.weights, 0);
    cr_expect_str_eq(trail.weight, "");
    say_setting("autocast fp32");
    must(session_reset(session));
    train(1);
    must(session_trail(session, &trail));
    cr_expect_str_eq(trail.running, "");
}

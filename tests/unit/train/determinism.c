#include "rig.h"

#include <criterion/criterion.h>

static double loss_after_training(int threads, uint64_t seed)
{
    Settings wanted;
    double loss;

    open_with(threads);
    wanted = *session_settings(session);
    wanted.seed = seed;
    apply(&wanted);
    train(50);
    loss = look()->loss.value;
    close_all();
    now = (Snapshot){0};
    return loss;
}

Test(determinism, the_same_seed_gives_the_same_bits_on_any_number_of_threads)
{
    double first = loss_after_training(1, 3);

    cr_expect_eq(loss_after_training(1, 3), first);
    cr_expect_eq(loss_after_training(4, 3), first);
    cr_expect_neq(loss_after_training(1, 4), first);
}

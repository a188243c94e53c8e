/* Doing without fp32 master weights: what is kept, what is lost, and that all ways back know of it. */
#include "rig.h"

#include "numerics/round.h"
#include "train/tensor_values.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(masters, .init = open_small, .fini = close_all);

static const TensorFacts *weight(void)
{
    const TensorFacts *tensor = snapshot_tensor(look(), "fc1.weight");

    cr_assert_not_null(tensor);
    return tensor;
}

static float *values_of(const char *name, int64_t *count)
{
    TensorValues values;
    float *stored;

    must(session_tensor_values(session, name, &values));
    stored = values.stored;
    *count = values.count;
    values.stored = NULL;
    tensor_values_release(&values);
    return stored;
}

static bool all_are(Format format)
{
    int64_t count;
    float *values = values_of("fc1.weight", &count);
    bool all = true;

    for (int64_t i = 0; i < count; i++)
        all = all && round_to(format, OVERFLOW_INFINITY, values[i]) == values[i];
    free(values);
    return all;
}

static bool program_has(const char *words)
{
    Text text = {0};
    bool has;

    session_print_program(session, &text);
    has = strstr(text_chars(&text), words) != NULL;
    text_release(&text);
    return has;
}

static bool logged(const char *words)
{
    const EventLog *events = &look()->events;

    for (int i = 0; i < events_held(events); i++)
        if (strcmp(events_get(events, i)->text, words) == 0)
            return true;
    return false;
}

Test(masters, off_rounds_the_weights_and_leaves_no_cast_of_them)
{
    train(3);
    cr_expect(program_has("fc1.weight.fp16"));
    begin_without_masters(FORMAT_BF16, ROUNDING_NEAREST);
    cr_expect_not(program_has("fc1.weight.bf16"));
    cr_expect(program_has("sgd          fc1.weight            bf16"));
    cr_expect(all_are(FORMAT_BF16));
    cr_expect(logged("the weights were rounded to bf16"));
    train(3);
    cr_expect(all_are(FORMAT_BF16));
    cr_expect_eq(weight()->format, FORMAT_BF16);
    cr_expect_eq(now.weights, FORMAT_BF16);
}

Test(masters, on_widens_them_and_changes_no_value)
{
    int64_t count;
    float *before, *after;

    begin_without_masters(FORMAT_BF16, ROUNDING_NEAREST);
    train(3);
    before = values_of("fc1.weight", &count);
    say_setting("master on");
    after = values_of("fc1.weight", &count);
    cr_expect_arr_eq(before, after, (size_t)count * sizeof *before);
    cr_expect(logged("the weights were widened to fp32: no value changes"));
    train(20);
    say_setting("autocast fp32");
    cr_expect_not(all_are(FORMAT_BF16));
    free(before);
    free(after);
}

Test(masters, off_has_no_effect_without_a_low_format)
{
    begin_without_masters(FORMAT_FP32, ROUNDING_NEAREST);
    train(3);
    cr_expect_eq(look()->weights, FORMAT_FP32);
    cr_expect_not(all_are(FORMAT_BF16));
    say_setting("autocast tf32");
    cr_expect_eq(look()->weights, FORMAT_FP32);
    say_setting("autocast fp16");
    cr_expect_eq(look()->weights, FORMAT_FP16);
}

Test(masters, a_rounding_needs_weights_without_masters)
{
    Settings wanted = *session_settings(session);
    int64_t step;
    Status status;

    wanted.rounding = ROUNDING_KAHAN;
    status = session_apply(session, &wanted, &step);
    cr_expect_not_null(strstr(status.text, "say master off first"), "%s", status.text);
    wanted.master = false;
    apply(&wanted);
}

Test(masters, the_start_counts_as_the_weights_hold_it)
{
    begin_without_masters(FORMAT_BF16, ROUNDING_NEAREST);
    cr_expect_eq(moved("fc1.weight"), 0.0);
    cr_expect_eq(moved("fc1.bias"), 0.0);
}

Test(masters, lost_updates_are_counted_without_masters_and_else_when_asked_for)
{
    train(2);
    cr_expect_eq(weight()->updates, 0);
    cr_expect_not(now.updates);
    begin_without_masters(FORMAT_BF16, ROUNDING_NEAREST);
    cr_expect(look()->updates);
    train(2);
    cr_expect_gt(weight()->updates, 0);
    cr_expect_gt(weight()->lost_updates, 0);
    cr_expect_lt(weight()->lost_updates, weight()->updates);
    say_setting("probe off");
    train(2);
    cr_expect_eq(weight()->updates, 0);
    say_setting("master on");
    say_setting("probe updates");
    train(2);
    cr_expect_gt(weight()->updates, 0);
    cr_expect_lt(weight()->lost_updates, weight()->updates / 10);
}

static Snapshot trained_with(const char *probes, WeightRounding rounding)
{
    Snapshot result;

    must(session_reset(session));
    begin_without_masters(FORMAT_BF16, rounding);
    say_setting(probes);
    train(25);
    result = *look();
    return result;
}

Test(masters, counting_changes_no_bit)
{
    for (WeightRounding rounding = ROUNDING_NEAREST; rounding < ROUNDING_COUNT; rounding++) {
        Snapshot counted = trained_with("probe updates", rounding);
        Snapshot plain = trained_with("probe off", rounding);

        expect_same_losses(&counted, &plain);
    }
}

/* What kahan left aside does not come back when it is chosen again. */
Test(masters, a_compensation_begins_at_zero)
{
    Snapshot first, again;
    ForkSpec spec;

    begin_without_masters(FORMAT_BF16, ROUNDING_NEAREST);
    train(5);
    spec = same("b");
    fork_run(&spec);
    say_setting("round kahan");
    say_setting("round nearest");
    say_setting("round kahan");
    must(session_use(session, 1));
    say_setting("round kahan");
    train(10);
    first = seen(0);
    again = seen(1);
    expect_same_losses(&first, &again);
}

Test(masters, an_optimizers_state_keeps_its_numbers_when_its_format_changes)
{
    Snapshot before, after;

    begin_without_masters(FORMAT_BF16, ROUNDING_NEAREST);
    say_setting("optim momentum lr=0.01 states=bf16");
    train(5);
    say_setting("optim momentum lr=0.01");
    say_setting("optim momentum lr=0.01 states=bf16"); /* widened and rounded back */
    before = *look();
    train(5);
    after = *look();
    cr_expect_eq(after.step, before.step + 5);
    must(session_reset(session));
    train(10);
    before = *look();
    expect_same_losses(&before, &after);
}

Test(masters, adams_eps_is_known_to_be_lost_in_fp16)
{
    say_setting("optim adam lr=0.001 states=fp16");
    cr_expect_eq(look()->eps_lost, 1e-8);
    cr_expect_eq(now.states, FORMAT_FP16);
    say_setting("optim adam lr=0.001 eps=0.0001 states=fp16");
    cr_expect_eq(look()->eps_lost, 0.0);
}

Test(masters, bytes_are_those_of_the_formats_beside_those_of_fp32)
{
    const MemoryFacts *memory = &now.memory;

    begin_without_masters(FORMAT_BF16, ROUNDING_KAHAN);
    say_setting("optim adam lr=0.001 states=fp16");
    (void)look();
    cr_expect_eq(2 * memory->formats[PART_WEIGHTS], memory->fp32[PART_WEIGHTS]);
    cr_expect_eq(2 * memory->formats[PART_GRADS], memory->fp32[PART_GRADS]);
    cr_expect_eq(4 * memory->formats[PART_OPTIMIZER], 3 * memory->fp32[PART_OPTIMIZER]);
}

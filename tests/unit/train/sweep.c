/* Sweeps count what steps would, and leave the run as it was. */
#include "rig.h"

#include "train/sweep.h"
#include "train/worker.h"

#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

TestSuite(sweeps, .init = open_small, .fini = close_all);

static Status sweep_by(const SweepSpec *spec, AutocastPass *pass)
{
    Status status = session_sweep_begin(session, spec, pass);

    if (!failed(status))
        while (!session_sweep_ended(session, 10.0, &status))
            ;
    return status;
}

static const SweepSpec usual = {.from = 0, .to = 40};

Test(sweeps, change_no_bit_of_the_run)
{
    static const Format formats[] = {FORMAT_FP32, FORMAT_TF32, FORMAT_FP16, FORMAT_BF16};
    Snapshot without, with;

    train(25);
    without = seen(0);
    must(session_reset(session));
    for (int i = 0; i < 5; i++) {
        must(sweep_by(&usual, NULL));
        for (int f = 0; f < 4; f++) {
            SweepSpec spec = {.autocast = true, .format = formats[f]};
            AutocastPass pass = {0};

            must(sweep_by(&spec, &pass));
            autocast_pass_release(&pass);
        }
        train(5);
    }
    with = seen(0);
    cr_expect_eq(with.step, 25);
    cr_expect_eq(with.skipped, without.skipped);
    cr_expect_eq(with.scaler.scale, without.scaler.scale);
    cr_expect_eq(with.scaler.tracker, without.scaler.tracker);
    expect_same_losses(&without, &with);
}

/* The next step at that scale is the judge. */
Test(sweeps, count_what_the_next_step_counts)
{
    static const int exponents[] = {0, 9, 16, 30, 40};
    Settings settings;
    Sweep sweep = {0};

    train(7);
    settings = *session_settings(session);
    settings.probes = PROBE_ON;
    settings.scaler.mode = SCALE_STATIC;
    for (int k = 0; k < 5; k++) {
        int64_t step;

        apply(&settings);
        must(session_set_scale(session, ldexpf(1.0F, exponents[k]), &step));
        must(sweep_by(&usual, NULL));
        sweep_copy(&sweep, &look()->sweep);
        cr_expect_eq(sweep.step, look()->step);
        train(1);
        (void)look();
        for (int i = 0; i < sweep.tensor_count; i++) {
            const SweepCell *cell = sweep_cell(&sweep, exponents[k], i);
            const TensorFacts *facts = snapshot_tensor(&now, sweep.names[i]);

            cr_assert_not_null(facts);
            cr_expect_eq(cell->count, facts->counts.count);
            cr_expect_eq(cell->underflow, facts->counts.classes[CAST_UNDERFLOW], "%s at 2^%d",
                         sweep.names[i], exponents[k]);
            cr_expect_eq(cell->subnormal, facts->counts.classes[CAST_SUBNORMAL]);
            cr_expect_eq(cell->overflow, facts->counts.classes[CAST_OVERFLOW]);
            cr_expect_eq(cell->mass, facts->counts.mass);
            cr_expect_eq(cell->lost_mass, facts->counts.lost_mass);
        }
        cr_expect_eq(now.last_skip.step == now.step,
                     sweep_grade(&sweep, exponents[k]) == SWEEP_OVERFLOWS, "2^%d", exponents[k]);
    }
    sweep_release(&sweep);
}

Test(sweeps, take_formats_from_the_same_state)
{
    AutocastPass fp32 = {0}, fp16 = {0}, bf16 = {0};

    train(3);
    must(sweep_by(&(SweepSpec){.autocast = true, .format = FORMAT_FP32}, &fp32));
    must(sweep_by(&(SweepSpec){.autocast = true, .format = FORMAT_FP16}, &fp16));
    must(sweep_by(&(SweepSpec){.autocast = true, .format = FORMAT_BF16}, &bf16));
    cr_expect_eq(fp32.difference.value, 0.0);
    cr_expect(fp16.difference.value > 0.0 && fp16.difference.value < bf16.difference.value,
              "%g and %g", fp16.difference.value, bf16.difference.value);
    cr_expect_lt(bf16.difference.value, 0.1);
    cr_expect_float_eq((double)fp16.loss, (double)fp32.loss, 0.01);
    train(1);
    cr_expect_eq(look()->batch_loss.value, (double)fp16.loss, "the run is in fp16");
    autocast_pass_release(&fp32);
    autocast_pass_release(&fp16);
    autocast_pass_release(&bf16);
}

static const AutocastGrad *grad_of(const AutocastPass *pass, const char *name)
{
    for (int i = 0; i < pass->count; i++)
        if (strcmp(pass->grads[i].name, name) == 0)
            return &pass->grads[i];
    return NULL;
}

static bool is_of_weight(const char *name)
{
    return strstr(name, ".weight.") != NULL || strstr(name, ".bias.") != NULL;
}

Test(sweeps, take_each_gradient_of_several_micro_batches_once)
{
    AutocastPass fp32 = {0}, fp16 = {0};
    Sweep sweep = {0};

    say_setting("accumulate 4");
    train(1);
    must(sweep_by(&(SweepSpec){.autocast = true, .format = FORMAT_FP32}, &fp32));
    must(sweep_by(&(SweepSpec){.autocast = true, .format = FORMAT_FP16}, &fp16));
    cr_expect_eq(fp16.rounds, 4);
    cr_expect_null(grad_of(&fp16, "fc1.weight.grad.sum"));
    cr_expect_gt(grad_of(&fp16, "fc1.weight.grad")->difference.value, 0.0);
    cr_expect_eq(fp16.all.count, fp32.all.count);
    must(sweep_by(&(SweepSpec){.from = 0, .to = 2}, NULL));
    sweep_copy(&sweep, &look()->sweep);
    for (int i = 0; i < sweep.tensor_count; i++) {
        cr_expect_null(strstr(sweep.names[i], ".sum"), "%s", sweep.names[i]);
        cr_expect_gt(sweep_cell(&sweep, 0, i)->count, 0, "%s", sweep.names[i]);
    }
    cr_expect_eq(sweep.tensor_count, fp16.count);
    sweep_release(&sweep);
    autocast_pass_release(&fp32);
    autocast_pass_release(&fp16);
}

/* What a step in fp32 then finds is the judge. */
Test(sweeps, compare_the_weights_gradients_of_all_micro_batches)
{
    AutocastPass pass = {0};
    double sum = 0.0;

    say_setting("autocast fp32");
    say_setting("scale off");
    say_setting("accumulate 4");
    must(sweep_by(&(SweepSpec){.autocast = true, .format = FORMAT_FP32}, &pass));
    for (int i = 0; i < session->sweep.reference_count; i++) {
        const SweptGrad *grad = &session->sweep.reference[i];

        for (int64_t k = 0; k < grad->count && is_of_weight(grad->name); k++)
            sum += (double)grad->values[k] * (double)grad->values[k];
    }
    train(1);
    cr_expect_float_eq(look()->grad_norm.value, sqrt(sum), 1e-6);
    autocast_pass_release(&pass);
}

static atomic_bool pressing;

static void *press(void *nothing)
{
    while (atomic_load(&pressing))
        session_interrupt(session);
    return nothing;
}

Test(sweeps, an_interrupted_one_changes_nothing)
{
    Snapshot without, with;
    pthread_t presser;
    Status status = ok();
    int64_t before = 0;

    train(10);
    without = seen(0);
    must(session_reset(session));
    train(5);
    atomic_store(&pressing, true);
    pthread_create(&presser, NULL, press, NULL);
    for (int i = 0; i < 100000 && !failed(status); i++) {
        before = look()->sweep.id;
        status = sweep_by(&usual, NULL);
    }
    atomic_store(&pressing, false);
    pthread_join(presser, NULL);
    cr_expect_eq(status.code, STATUS_INTERRUPTED);
    cr_expect_not_null(strstr(status.text, "the run is as it was before"));
    cr_expect_eq(look()->sweep.id, before);
    train(5);
    with = seen(0);
    expect_same_losses(&without, &with);
}

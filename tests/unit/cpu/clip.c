/* From stored gradients to what the optimizer sees: unscaled, clipped, skipped, and the mistakes.
 *
 * sgd with lr = 1 moves a weight of 0 to minus the gradient it was given, to the bit.
 */
#include "rig.h"

#include "amp/clip.h"
#include "amp/emit.h"
#include "amp/scaler.h"
#include "optim/optim.h"

#include <criterion/criterion.h>
#include <math.h>

enum { PARAMS = 2, COUNT = 2 };

static const DataView no_data = {.inputs = (const float[]){0.0f}, .train_count = 1, .features = 1};
static const char *const weights[PARAMS] = {"a", "b"};
static const char *const sources[PARAMS] = {"a.source", "b.source"};

static Rig rig;
static StepOutcome outcome;

static void emit_param(Builder *b, int i)
{
    int64_t shape[] = {COUNT};
    ValueId w = builder_param(b, 1, shape, COUNT, weights[i]);
    ValueId source = builder_value(b, ROLE_MASTER, FORMAT_FP32, 1, shape, "%s", sources[i]);
    ValueId grad = builder_like(b, w, ROLE_WEIGHT_GRAD, FORMAT_FP32, "%s.grad", weights[i]);

    builder_emit(b, OP_CAST, grad, source, NO_VALUE, NO_VALUE);
    builder_grad(b, w, grad);
}

static void open_clipped(ClipSpec clip, float scale)
{
    Builder b = {.program = &rig.program, .phase = PHASE_BACKWARD, .low = FORMAT_FP32};
    OptimSpec sgd;

    cr_assert_not(failed(optim_spec("sgd", &sgd)));
    rig_open(&rig, 1, &no_data);
    rig.program.batch = 1;
    for (int i = 0; i < PARAMS; i++)
        emit_param(&b, i);
    if (clip.before_unscale)
        clip_emit(&clip, &b);
    amp_emit_unscale(&b);
    if (!clip.before_unscale)
        clip_emit(&clip, &b);
    optim_emit(&sgd, &b);
    amp_emit_update(&b);
    rig_compile(&rig);
    rig.scalars = (Scalars){.scale = scale,
                            .check = true,
                            .dynamic = true,
                            .growth = 2.0,
                            .backoff = 0.5,
                            .interval = 100,
                            .lr = 1.0,
                            .loss_weight = 1.0f};
    rig_scalars(&rig);
}

/* One step with these gradients of a and b; `seen`: what the optimizer saw, 0 where it saw none. */
static void step(const float *grads, float *seen)
{
    static const float zeros[COUNT];

    for (int i = 0; i < PARAMS; i++) {
        rig_write(&rig, weights[i], zeros);
        rig_write(&rig, sources[i], grads + i * COUNT);
    }
    cr_assert_not(failed(cpu_backend.plan_step(rig.plan)));
    rig_collect(&rig, &outcome);
    for (int i = 0; i < PARAMS; i++)
        rig_read(&rig, weights[i], seen + i * COUNT);
    for (int i = 0; i < PARAMS * COUNT; i++)
        seen[i] = -seen[i];
}

static void expect_seen(const float *grads, float a, float b, float c, float d)
{
    const float wanted[] = {a, b, c, d};
    float seen[PARAMS * COUNT];

    step(grads, seen);
    for (int i = 0; i < PARAMS * COUNT; i++)
        cr_expect(seen[i] == wanted[i] || (isnan(seen[i]) && isnan(wanted[i])), "%d: %a, not %a", i,
                  (double)seen[i], (double)wanted[i]);
}

static const ClipSpec norm_1 = {.kind = CLIP_BY_NORM, .most = 1.0};

/* clip_grad_norm_ on PyTorch 2.6. */
Test(clip, by_norm_gives_the_bits_of_pytorch)
{
    open_clipped(norm_1, 1.0f);
    expect_seen((const float[]){3, 0, 0, 4}, 0x1.333330p-1f, 0, 0, 0x1.999994p-1f);
    cr_expect_float_eq(outcome.grad_norm, 5.0, 1e-12);
    cr_expect_float_eq((double)outcome.clip_coef, 0.2, 1e-6);
    rig_close(&rig);
}

Test(clip, by_norm_leaves_what_is_small_enough_to_the_bit)
{
    open_clipped(norm_1, 1.0f);
    expect_seen((const float[]){0x1.234566p-2f, 0, -0x1p-30f, 0.5f}, 0x1.234566p-2f, 0, -0x1p-30f,
                0.5f);
    cr_expect_eq(outcome.clip_coef, 1.0f);
    rig_close(&rig);
}

/* With a scale of 3 and these numbers each order of the two products has other last bits. */
Test(clip, rounds_each_product_in_the_order_of_the_calls)
{
    const float grads[] = {5, 7, 11, 13}, inverse = scaler_inverse(3.0f);
    float norm = 0, coef, after[4], before[4];
    ClipSpec clip = norm_1;

    open_clipped(clip, 3.0f);
    step(grads, after);
    coef = outcome.clip_coef;
    for (int i = 0; i < 4; i++) {
        float unscaled = grads[i] * inverse;

        cr_expect_eq(after[i], unscaled * coef, "%d", i);
        norm += grads[i] * grads[i];
    }
    cr_expect_float_eq((double)coef, 3.0 / (sqrt((double)norm) + 3e-6), 1e-6);
    rig_close(&rig);
    clip.before_unscale = true;
    open_clipped(clip, 3.0f);
    step(grads, before);
    cr_expect_float_eq((double)outcome.clip_coef, 1.0 / sqrt((double)norm), 1e-6);
    for (int i = 0; i < 4; i++) {
        float clipped = grads[i] * outcome.clip_coef;

        cr_expect_eq(before[i], clipped * inverse, "%d", i);
    }
    cr_expect_float_eq(outcome.grad_norm, sqrt((double)norm) / 3.0, 1e-6, "unscaled, unclipped");
    rig_close(&rig);
}

Test(clip, by_value_holds_each_number_by_itself)
{
    open_clipped((ClipSpec){.kind = CLIP_BY_VALUE, .most = 0.5}, 2.0f);
    expect_seen((const float[]){3, -8, 0.5f, 1}, 0.5f, -0.5f, 0.25f, 0.5f);
    cr_expect_eq(outcome.clip_coef, 1.0f);
    rig_close(&rig);
}

Test(clip, of_scaled_values_comes_before_they_are_unscaled)
{
    open_clipped((ClipSpec){.kind = CLIP_BY_VALUE, .most = 2.0, .before_unscale = true}, 8.0f);
    expect_seen((const float[]){3, -8, 0.5f, 2}, 0.25f, -0.25f, 0.0625f, 0.25f);
    rig_close(&rig);
}

Test(clip, of_what_holds_inf_or_nan_does_not_keep_the_step_from_being_skipped)
{
    for (int before = 0; before < 2; before++) {
        open_clipped((ClipSpec){.kind = CLIP_BY_NORM, .most = 1.0, .before_unscale = before}, 8.0f);
        expect_seen((const float[]){1, 2, INFINITY, 3}, 0, 0, 0, 0);
        cr_expect(outcome.skipped);
        cr_expect_eq(outcome.first_found, program_find(&rig.program, "b.grad"));
        expect_seen((const float[]){NAN, 2, 1, 3}, 0, 0, 0, 0);
        cr_expect(outcome.skipped);
        rig_close(&rig);
    }
    open_clipped((ClipSpec){.kind = CLIP_BY_VALUE, .most = 1.0}, 8.0f);
    expect_seen((const float[]){1, 2, INFINITY, 3}, 0, 0, 0, 0);
    cr_expect(outcome.skipped);
    rig_close(&rig);
}

/* clamp_ makes inf the largest value, and unscale_ looks only after that. */
Test(clip, of_scaled_values_hides_inf_from_the_scaler_but_not_nan)
{
    open_clipped((ClipSpec){.kind = CLIP_BY_VALUE, .most = 1.0, .before_unscale = true}, 8.0f);
    expect_seen((const float[]){1, 2, -INFINITY, 0}, 0.125f, 0.125f, -0.125f, 0);
    cr_expect_not(outcome.skipped);
    expect_seen((const float[]){1, 2, NAN, 0}, 0, 0, 0, 0);
    cr_expect(outcome.skipped);
    rig_close(&rig);
}

Test(clip, is_done_anew_each_step)
{
    open_clipped(norm_1, 1.0f);
    expect_seen((const float[]){3, 0, 0, 4}, 0x1.333330p-1f, 0, 0, 0x1.999994p-1f);
    expect_seen((const float[]){0.25f, 0, 0, 0.5f}, 0.25f, 0, 0, 0.5f);
    rig_close(&rig);
}

Test(mistakes, an_optimizer_that_is_not_unscaled_for_reads_gradients_as_they_are)
{
    open_clipped((ClipSpec){.kind = CLIP_OFF}, 1024.0f);
    rig.scalars.leave_scaled = true;
    rig_scalars(&rig);
    expect_seen((const float[]){3, 0, -7, 4}, 3, 0, -7, 4);
    cr_expect_float_eq(outcome.grad_norm, sqrt(74.0) / 1024.0, 1e-12, "the true gradients' norm");
    rig_close(&rig);
    open_clipped(norm_1, 1024.0f);
    rig.scalars.leave_scaled = true;
    rig_scalars(&rig);
    expect_seen((const float[]){3, 0, 0, 4}, 0x1.333330p-1f, 0, 0, 0x1.999994p-1f);
    rig_close(&rig);
}

Test(mistakes, a_step_that_should_be_skipped_is_taken_and_still_backs_off)
{
    open_clipped((ClipSpec){.kind = CLIP_OFF}, 8.0f);
    rig.scalars.take_all = true;
    rig_scalars(&rig);
    expect_seen((const float[]){8, INFINITY, NAN, 4}, 1, INFINITY, NAN, 0.5f);
    cr_expect_not(outcome.skipped);
    cr_expect_eq(outcome.first_found, program_find(&rig.program, "a.grad"));
    cr_expect_eq(outcome.scale_next, 4.0f);
    cpu_backend.scalars_get(rig.store, &rig.scalars);
    cr_expect_eq(rig.scalars.taken, 1);
    rig_close(&rig);
}

/* scaler_update is the oracle. */
Test(mistakes, update_has_the_floor_and_the_hysteresis_of_the_scaler)
{
    const char *script = "iii..i.ii.....iiiii";
    ScalerSpec spec = {.mode = SCALE_DYNAMIC,
                       .growth = 2.0,
                       .backoff = 0.25,
                       .interval = 3,
                       .floor = 3.0f,
                       .hysteresis = 3};
    Scaler scaler = {.scale = 64.0f};
    float seen[PARAMS * COUNT];

    open_clipped((ClipSpec){.kind = CLIP_OFF}, scaler.scale);
    rig.scalars.backoff = spec.backoff;
    rig.scalars.interval = spec.interval;
    rig.scalars.floor = spec.floor;
    rig.scalars.hysteresis = spec.hysteresis;
    rig_scalars(&rig);
    for (const char *c = script; *c != '\0'; c++) {
        step((const float[]){1, *c == 'i' ? INFINITY : 2.0f, 3, 4}, seen);
        scaler_update(&spec, *c == 'i' ? 1.0f : 0.0f, &scaler);
        cr_expect(outcome.scale_next == scaler.scale && outcome.tracker == scaler.tracker &&
                      outcome.spent == scaler.spent,
                  "step %d", (int)(c - script) + 1);
    }
    cr_expect_eq(scaler.scale, spec.floor);
    rig_close(&rig);
}

/* unscale, the optimizers and update, over a few steps of one parameter with the gradients given.
 *
 * To the bit, since sums, products, divisions and roots of fp32 are rounded rightly on both sides.
 * Adam's step size and root correction come of powers that two libraries of math may compute a last bit
 * apart, in double, before they are rounded to fp32: they are nearly always the same, and may be an
 * ulp apart. Then the change of a weight may differ by two ulps of itself, and the weight by one of
 * its own besides; its moments do not depend on them and must have the same bits. Where weights are low
 * such a bit rarely shows, and then in a few of many.
 */
#include "ops.h"

#include "amp/scaler.h"
#include "base/memory.h"
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 6 };

typedef struct Optimizing {
    double decay, beta1, beta2; /* beta1: momentum */
    Shape shape;
    OpKind op;
    Format format; /* of the gradient */
    Format weights, states;
    WeightRounding rounding;
    bool counted;
    bool special; /* all kinds of numbers, with the check off */
} Optimizing;

typedef struct Param3 {
    Given grad;
    ValueId weight, states[2], rest;
} Param3;

static void emit(Pair *pair, const Optimizing *how, Param3 *param)
{
    Builder b = {
        .program = &pair->program, .phase = PHASE_CAST, .low = how->weights, .low_weights = true};
    const int64_t dims[] = {how->shape.rows, how->shape.cols};
    int states = op_table[how->op].inputs - 2;
    Instr *instr;

    param->weight = builder_param(&b, 2, dims, how->shape.cols, "fc1.weight");
    param->grad = op_given(&b, how->shape, how->format, "fc1.weight.grad");
    if (param->grad.value ==
        param->grad.master) { /* a gradient is no master: fp32 is cast to fp32 */
        param->grad.value =
            builder_like(&b, param->weight, ROLE_WEIGHT_GRAD, FORMAT_FP32, "fc1.weight.grad");
        builder_emit(&b, OP_CAST, param->grad.value, param->grad.master, NO_VALUE, NO_VALUE);
    }
    pair->program.values[param->grad.value].role = ROLE_WEIGHT_GRAD;
    pair->program.values[param->grad.value].source = NO_VALUE;
    builder_grad(&b, param->weight, param->grad.value);
    for (int i = 0; i < 2; i++)
        param->states[i] = i < states ? builder_like(&b, param->weight, ROLE_STATE, how->states,
                                                     "fc1.weight.state%d", i)
                                      : NO_VALUE;
    param->rest = how->rounding == ROUNDING_KAHAN
                      ? builder_like(&b, param->weight, ROLE_STATE, how->weights, "fc1.weight.rest")
                      : NO_VALUE;
    b.phase = PHASE_UNSCALE;
    builder_emit(&b, OP_UNSCALE, NO_VALUE, param->grad.value, NO_VALUE, NO_VALUE);
    b.phase = PHASE_STEP;
    instr = builder_emit(&b, how->op, NO_VALUE, param->weight, param->grad.value, param->states[0]);
    instr->in[3] = param->states[1];
    instr->constants[CONSTANT_DECAY] = how->decay;
    instr->constants[CONSTANT_BETA1] = how->beta1;
    instr->constants[CONSTANT_BETA2] = how->beta2;
    instr->constants[CONSTANT_EPS] = 1e-8;
    instr->constants[CONSTANT_ROUNDING] = how->rounding;
    instr->constants[CONSTANT_PLACE] = 5;
    instr->in[STEP_COMPENSATION] = param->rest;
    instr->counted = how->counted;
    b.phase = PHASE_UPDATE;
    builder_emit(&b, OP_UPDATE, NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE);
}

/* See the top of the file: a last bit before the rounding may be a last place behind it, or, where it is
 * left to chance, a few of many numbers. The next step begins from the CPU's again. */
static void nearly(Pair *pair, Format format, ValueId id, const char *what, int64_t step)
{
    int64_t count = value_count(&pair->program.values[id]), differ = 0;
    float *cpu = side_read(&pair->cpu, &pair->program, id);
    float *gpu = side_read(&pair->gpu, &pair->program, id);

    for (int64_t i = 0; i < count; i++)
        differ += !same_bits(cpu[i], gpu[i]);
    check(differ <= 1 + count / 200, "%s: %lld of %lld %s of %s differ after step %lld", what,
          (long long)differ, (long long)count, format_name(format), pair->program.values[id].name,
          (long long)step);
    must(pair->gpu.class->value_write(pair->gpu.plan, id, cpu), "value_write");
    free(cpu);
    free(gpu);
}

static void same_step_counts(Pair *pair, bool exact, const char *what)
{
    int instr = program_phase(&pair->program, PHASE_STEP);
    CastCounts cpu, gpu;
    int64_t differ = 0;

    must(pair->cpu.class->counts_read(pair->cpu.plan, instr, &cpu), what);
    must(pair->gpu.class->counts_read(pair->gpu.plan, instr, &gpu), what);
    if (exact) {
        check(memcmp(&cpu, &gpu, sizeof cpu) == 0,
              "%s: of %lld updates %lld are lost, and on the CPU %lld of %lld", what,
              (long long)gpu.count, (long long)gpu.classes[CAST_UNDERFLOW],
              (long long)cpu.classes[CAST_UNDERFLOW], (long long)cpu.count);
        return;
    }
    for (int class = 0; class < CAST_CLASSES; class ++)
        differ += llabs(cpu.classes[class] - gpu.classes[class]);
    check(cpu.count == gpu.count && differ <= 2 + cpu.count / 100, "%s: %lld counts differ", what,
          (long long)differ);
}

/* A step over low numbers. sgd and momentum have the CPU's bits. */
static void low_step(Pair *pair, const Optimizing *how, const Param3 *param, const char *what,
                     int64_t step)
{
    bool adam = how->op == OP_ADAM || how->op == OP_ADAMW;

    for (int i = 0; i < 2; i++)
        if (param->states[i] != NO_VALUE)
            pair_same(pair, param->states[i], what, step);
    if (how->counted)
        same_step_counts(pair, !adam, what);
    if (!adam) {
        pair_same(pair, param->weight, what, step);
        if (param->rest != NO_VALUE)
            pair_same(pair, param->rest, what, step);
        return;
    }
    nearly(pair, how->weights, param->weight, what, step);
    if (param->rest != NO_VALUE)
        nearly(pair, how->weights, param->rest, what, step);
}

static bool is_low(const Optimizing *how)
{
    return how->weights != FORMAT_FP32 || how->states != FORMAT_FP32 || how->counted;
}

/* See the top of the file. The next step begins from the same weights again. */
static void near(Pair *pair, ValueId id, const float *before, const char *what, int64_t step)
{
    int64_t count = value_count(&pair->program.values[id]), differ = 0;
    float *cpu = side_read(&pair->cpu, &pair->program, id);
    float *gpu = side_read(&pair->gpu, &pair->program, id);
    bool fine = true;

    for (int64_t i = 0; i < count && fine; i++) {
        double change = fabs((double)cpu[i] - (double)before[i]);

        if (same_bits(cpu[i], gpu[i]))
            continue;
        differ++;
        fine = fabs((double)cpu[i] - (double)gpu[i]) <= 2 * ulp(change) + ulp((double)cpu[i]);
        check(fine, "%s: after step %lld the weight %lld, %a before, is %a on the CPU, %a here",
              what, (long long)step, (long long)i, (double)before[i], (double)cpu[i],
              (double)gpu[i]);
    }
    check(fine, "%s", what);
    if (differ > 0)
        note("%s: after step %lld %lld of %lld weights differ in a last bit", what, (long long)step,
             (long long)differ, (long long)count);
    must(pair->gpu.class->value_write(pair->gpu.plan, id, cpu), "value_write");
    free(cpu);
    free(gpu);
}

static bool equal_or_nan(double a, double b, double tolerance)
{
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= tolerance * fabs(b);
}

static void same_outcome(Pair *pair, const char *what)
{
    StepOutcome cpu, gpu;
    Scalars a, b;
    int count = 0;

    must(pair->cpu.class->plan_collect(pair->cpu.plan, &cpu, 1, true, &count), what);
    must(pair->gpu.class->plan_collect(pair->gpu.plan, &gpu, 1, true, &count), what);
    if (!check(count == 1, "%s: update told no outcome", what))
        return;
    check(
        cpu.step == gpu.step && cpu.scale_used == gpu.scale_used &&
            cpu.scale_next == gpu.scale_next && cpu.lr == gpu.lr && cpu.tracker == gpu.tracker &&
            cpu.skipped == gpu.skipped && cpu.first_found == gpu.first_found &&
            cpu.first_instr == gpu.first_instr && equal_or_nan(gpu.grad_norm, cpu.grad_norm, 1e-12),
        "%s: step %lld: scale %g -> %g tracker %d skipped %d found in %d norm %.17g; the CPU: step "
        "%lld: %g -> %g, %d, %d, %d, %.17g",
        what, (long long)gpu.step, (double)gpu.scale_used, (double)gpu.scale_next, gpu.tracker,
        gpu.skipped, gpu.first_found, gpu.grad_norm, (long long)cpu.step, (double)cpu.scale_used,
        (double)cpu.scale_next, cpu.tracker, cpu.skipped, cpu.first_found, cpu.grad_norm);
    pair->cpu.class->scalars_get(pair->cpu.store, &a);
    pair->gpu.class->scalars_get(pair->gpu.store, &b);
    check(a.scale == b.scale && a.tracker == b.tracker && a.step == b.step && a.taken == b.taken &&
              a.position == b.position,
          "%s: scalars after step %lld", what, (long long)a.step);
}

static void same_step(Pair *pair, const Optimizing *how, const Param3 *param, int64_t step,
                      const float *before, const char *what)
{
    bool adam = how->op == OP_ADAM || how->op == OP_ADAMW;

    same_outcome(pair, what);
    for (int i = 0; i < 2 && !is_low(how); i++)
        if (param->states[i] != NO_VALUE)
            pair_same(pair, param->states[i], what, step);
    if (is_low(how))
        low_step(pair, how, param, what, step);
    else if (adam)
        near(pair, param->weight, before, what, step);
    else
        pair_same(pair, param->weight, what, step);
}

static void one_step(Pair *pair, const Optimizing *how, const Param3 *param, int64_t step,
                     const char *what)
{
    int64_t count = how->shape.rows * how->shape.cols;
    float *grad = xaligned((size_t)count, sizeof *grad);
    float *before = side_read(&pair->cpu, &pair->program, param->weight);

    if (how->special)
        fill_special(how->format, (uint64_t)step, count, grad);
    else
        fill_normal(how->format, (uint64_t)step, 1.0, count, grad);
    if (!how->special && step == 3)
        grad[count / 2] = step % 2 ? INFINITY : NAN; /* a skip */
    pair_write(pair, param->grad.master, grad);
    if (pair_run(pair, what))
        same_step(pair, how, param, step, before, what);
    free(grad);
    free(before);
}

static void try_optimizer(Pair *pair, const Optimizing *how)
{
    int64_t count = how->shape.rows * how->shape.cols;
    float *weight = xaligned((size_t)count, sizeof *weight);
    Scalars scalars = {.scale = how->special ? 1.0f : 768.0f,
                       .dynamic = !how->special,
                       .check = !how->special,
                       .growth = 2,
                       .backoff = 0.5,
                       .interval = 2,
                       .lr = 0.01,
                       .loss_weight = 1,
                       .taken = 20,
                       .seed = UINT64_C(0x123456789)};
    Param3 param;
    char what[LABEL_TEXT];

    snprintf(what, sizeof what, "%s decay=%g %s in %s/%s %s%s %lldx%lld%s", op_table[how->op].name,
             how->decay, format_name(how->format), format_name(how->weights),
             format_name(how->states), weight_rounding_names[how->rounding],
             how->counted ? " counted" : "", (long long)how->shape.rows, (long long)how->shape.cols,
             how->special ? " special" : "");
    pair_begin(pair, &op_no_data, 1);
    pair_scalars(pair, &scalars);
    emit(pair, how, &param);
    if (pair_compile(pair, what)) {
        if (how->special)
            fill_special(how->weights, 71, count, weight);
        else
            fill_normal(how->weights, 71, 0.05, count, weight);
        pair_write(pair, param.weight, weight);
        for (int64_t step = 1; step <= STEPS; step++)
            one_step(pair, how, &param, step, what);
    }
    pair_end(pair);
    free(weight);
}

/* The scale over many steps, by script; scaler_update is the oracle of both. */
static void try_update(Pair *pair, ScalerSpec spec, int32_t tracker, const char *script)
{
    Optimizing how = {.op = OP_SGD, .format = FORMAT_FP16, .shape = {1, 3}};
    Scalars scalars = {.scale = spec.start,
                       .tracker = tracker,
                       .dynamic = spec.mode == SCALE_DYNAMIC,
                       .check = spec.mode != SCALE_OFF,
                       .growth = spec.growth,
                       .backoff = spec.backoff,
                       .interval = spec.interval,
                       .lr = 0,
                       .loss_weight = 1};
    Scaler wanted = {.scale = spec.start, .tracker = tracker};
    Param3 param;
    Scalars got;

    pair_begin(pair, &op_no_data, 1);
    pair_scalars(pair, &scalars);
    emit(pair, &how, &param);
    if (pair_compile(pair, "update"))
        for (const char *c = script; *c != '\0'; c++) {
            float odd = *c == 'i' ? INFINITY : *c == 'n' ? NAN : 2;

            pair_write(pair, param.grad.master, (const float[]){1, odd, 3});
            if (!pair_run(pair, "update"))
                break;
            same_outcome(pair, "update");
            if (spec.mode == SCALE_DYNAMIC)
                scaler_update(&spec, *c != '.' ? 1.0f : 0.0f, &wanted);
            pair->gpu.class->scalars_get(pair->gpu.store, &got);
            check(got.scale == wanted.scale && got.tracker == wanted.tracker,
                  "update %s: after %d steps scale %g and tracker %d, not %g and %d", script,
                  (int)(c - script) + 1, (double)got.scale, got.tracker, (double)wanted.scale,
                  wanted.tracker);
        }
    pair_end(pair);
}

static void try_updates(Pair *pair)
{
    ScalerSpec spec = scaler_spec_default();

    spec.interval = 3;
    try_update(pair, spec, 0, "...i..n...........i");
    try_update(pair, spec, 5, "......i....");
    spec.start = 0x1p127f;
    try_update(pair, spec, 0, "........i");
    spec.start = 0x1p-148f;
    try_update(pair, spec, 0, "iiii.i");
    spec = (ScalerSpec){
        .mode = SCALE_DYNAMIC, .start = 1000.3f, .growth = 1.7, .backoff = 0.3, .interval = 2};
    try_update(pair, spec, 0, "....i..n.....");
    spec.mode = SCALE_STATIC;
    try_update(pair, spec, 0, "..i.n.");
    spec.mode = SCALE_OFF;
    spec.start = 1.0f;
    try_update(pair, spec, 0, "..i.n.");
}

/* Every rounding of both low formats, with states in each format, and masters that are counted. */
static void try_low(Pair *pair, const Optimizing *kind, int shape)
{
    Optimizing how = *kind;

    how.shape = op_shapes[shape];
    for (int w = 0; w < OP_FORMATS; w++)
        for (int rounding = 0; rounding < ROUNDING_COUNT; rounding++) {
            how.weights = how.format = op_formats[w];
            how.rounding = (WeightRounding)rounding;
            how.states = op_formats[(w + rounding) % OP_FORMATS];
            how.counted = rounding != ROUNDING_KAHAN || shape % 2 == 0;
            if (how.weights == FORMAT_FP32 && rounding != ROUNDING_NEAREST)
                continue;
            how.special = false;
            try_optimizer(pair, &how);
            how.special = true;
            try_optimizer(pair, &how);
        }
}

void ops_optimizers(Pair *pair)
{
    static const Optimizing kinds[] = {
        {.op = OP_SGD},
        {.op = OP_SGD, .decay = 0.01},
        {.op = OP_MOMENTUM, .beta1 = 0.9},
        {.op = OP_MOMENTUM, .beta1 = 0.9, .decay = 0.01},
        {.op = OP_ADAM, .beta1 = 0.9, .beta2 = 0.999},
        {.op = OP_ADAM, .beta1 = 0.4, .beta2 = 0.99, .decay = 0.01},
        {.op = OP_ADAMW, .beta1 = 0.9, .beta2 = 0.999, .decay = 0.01},
    };

    try_updates(pair);
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (int f = 0; f < OP_FORMATS; f++)
            for (int s = 0; s < op_shape_count(); s++) {
                Optimizing how = kinds[k];

                how.format = op_formats[f];
                how.shape = op_shapes[s];
                try_optimizer(pair, &how);
                how.special = true;
                try_optimizer(pair, &how);
            }
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (int s = 0; s < op_shape_count(); s++)
            try_low(pair, &kinds[k], s);
}

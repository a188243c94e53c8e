/* clip_norm, clip_value and accumulate, and steps with a scaler's mistakes: to the bit, but for Adam,
 * whose weights are not looked at (ops_optimizers.c has them); its moments are.
 *
 * A coefficient is rounded from a norm that the two sides sum in double in their own orders, so that it
 * would take a tie within 1e-16 for them to differ.
 */
#include "ops.h"

#include "amp/clip.h"
#include "amp/emit.h"
#include "base/memory.h"
#include "check.h"
#include "optim/optim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 5, ROUNDS = 3, WEIGHTS = 2 };

typedef struct Case {
    const char *optim;
    ClipSpec clip;
    bool take_all, leave_scaled;
    Format format; /* of the gradients */
    Shape shape;
} Case;

typedef struct Given2 {
    Given grads[WEIGHTS];
    ValueId weights[WEIGHTS];
} Given2;

static void emit_weight(Pair *pair, Builder *b, const Case *c, int i, Given2 *given)
{
    const int64_t dims[] = {c->shape.rows, c->shape.cols};
    const char *name = i == 0 ? "fc1.weight" : "fc2.weight";
    char grad[VALUE_NAME];
    Given *g = &given->grads[i];

    snprintf(grad, sizeof grad, "%s.grad", name);
    given->weights[i] = builder_param(b, 2, dims, c->shape.cols, name);
    *g = op_given(b, c->shape, c->format, grad);
    if (g->value == g->master) { /* a gradient is no master: fp32 is cast to fp32 */
        g->value = builder_like(b, g->master, ROLE_WEIGHT_GRAD, FORMAT_FP32, "%s", grad);
        builder_emit(b, OP_CAST, g->value, g->master, NO_VALUE, NO_VALUE);
    }
    pair->program.values[g->value].role = ROLE_WEIGHT_GRAD;
    pair->program.values[g->value].source = NO_VALUE;
    builder_grad(b, given->weights[i], g->value);
}

static void emit(Pair *pair, const Case *c, Given2 *given)
{
    Builder b = {.program = &pair->program, .phase = PHASE_CAST};
    OptimSpec optim;

    must(optim_spec(c->optim, &optim), c->optim);
    for (int i = 0; i < WEIGHTS; i++)
        emit_weight(pair, &b, c, i, given);
    if (c->clip.before_unscale)
        clip_emit(&c->clip, &b);
    amp_emit_unscale(&b);
    if (!c->clip.before_unscale)
        clip_emit(&c->clip, &b);
    optim_emit(&optim, &b);
    amp_emit_update(&b);
}

static bool near(double a, double b)
{
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-12 * fabs(b);
}

static void same_outcomes(Pair *pair, const char *what)
{
    StepOutcome cpu, gpu;

    side_collect(&pair->cpu, &cpu);
    side_collect(&pair->gpu, &gpu);
    check(
        cpu.step == gpu.step && same_bits(cpu.clip_coef, gpu.clip_coef) &&
            cpu.skipped == gpu.skipped && cpu.first_found == gpu.first_found &&
            cpu.scale_next == gpu.scale_next && cpu.spent == gpu.spent &&
            near(gpu.grad_norm, cpu.grad_norm) && same_bits(cpu.loss, gpu.loss),
        "%s: step %lld: clipped by %a skipped %d found in %d scale %g spent %d norm %.17g loss %g; "
        "the CPU: %a, %d, %d, %g, %d, %.17g, %g",
        what, (long long)gpu.step, (double)gpu.clip_coef, gpu.skipped, gpu.first_found,
        (double)gpu.scale_next, gpu.spent, gpu.grad_norm, (double)gpu.loss, (double)cpu.clip_coef,
        cpu.skipped, cpu.first_found, (double)cpu.scale_next, cpu.spent, cpu.grad_norm,
        (double)cpu.loss);
}

/* From the third step on one gradient holds something odd. */
static void write_grads(Pair *pair, const Case *c, const Given2 *given, int step, float *values)
{
    static const float odd[STEPS] = {1.0f, 1.0f, INFINITY, NAN, 1.0f};
    int64_t count = c->shape.rows * c->shape.cols;

    for (uint64_t i = 0; i < WEIGHTS; i++) {
        fill_normal(c->format, 10 * (uint64_t)step + i, 1.0, count, values);
        if (step >= 2 && i == 1)
            values[count / 2] = odd[step];
        pair_write(pair, given->grads[i].master, values);
    }
}

static void steps_of(Pair *pair, const Case *c, const Given2 *given, const char *what)
{
    int64_t count = c->shape.rows * c->shape.cols;
    float *values = xaligned((size_t)count, sizeof *values);
    bool adam = strncmp(c->optim, "adam", 4) == 0;

    for (int step = 0; step < STEPS; step++) {
        write_grads(pair, c, given, step, values);
        if (!pair_run(pair, what))
            break;
        same_outcomes(pair, what);
        for (int i = 0; i < pair->program.value_count; i++)
            if (pair->program.values[i].role == ROLE_STATE)
                pair_same(pair, i, what, step);
        for (int i = 0; i < WEIGHTS && !adam; i++)
            pair_same(pair, given->weights[i], what, step);
    }
    free(values);
}

static void try_case(Pair *pair, const Case *c)
{
    int64_t count = c->shape.rows * c->shape.cols;
    Scalars scalars = {.scale = 768.0f,
                       .dynamic = true,
                       .check = true,
                       .take_all = c->take_all,
                       .leave_scaled = c->leave_scaled,
                       .growth = 2,
                       .backoff = 0.5,
                       .interval = 2,
                       .floor = 500.0f,
                       .hysteresis = 2,
                       .lr = 0.01,
                       .loss_weight = 1};
    float *weight = xaligned((size_t)count, sizeof *weight);
    char what[LABEL_TEXT];
    Text clip = {0};
    Given2 given;

    clip_print(&c->clip, &clip);
    snprintf(what, sizeof what, "%s clip %s%s%s %s %lldx%lld", c->optim, text_chars(&clip),
             c->take_all ? " skip=off" : "", c->leave_scaled ? " unscale=off" : "",
             format_name(c->format), (long long)c->shape.rows, (long long)c->shape.cols);
    pair_begin(pair, &op_no_data, 1);
    pair_scalars(pair, &scalars);
    emit(pair, c, &given);
    if (pair_compile(pair, what)) {
        fill_normal(FORMAT_FP32, 71, 0.05, count, weight);
        for (int i = 0; i < WEIGHTS; i++)
            pair_write(pair, given.weights[i], weight);
        steps_of(pair, c, &given, what);
    }
    pair_end(pair);
    text_release(&clip);
    free(weight);
}

/* Each round of a step adds its own examples, and the next step goes on behind them. */
static void try_accumulate(Pair *pair, Shape shape, Format format)
{
    int64_t examples = 4 * ROUNDS * shape.rows - 1;
    float *inputs = xaligned((size_t)(examples * shape.cols), sizeof *inputs);
    DataView view = {.inputs = inputs, .train_count = examples, .features = shape.cols};
    int64_t dims[] = {shape.rows, shape.cols};
    Scalars scalars = {.scale = 1.0f, .loss_weight = 1.0f};
    char what[LABEL_TEXT];
    ValueId x, low, sum;

    fill_normal(FORMAT_FP32, 5, 1.0, examples * shape.cols, inputs);
    snprintf(what, sizeof what, "accumulate %s %lldx%lld", format_name(format),
             (long long)shape.rows, (long long)shape.cols);
    pair_begin(pair, &view, shape.rows);
    pair_scalars(pair, &scalars);
    pair->program.rounds = ROUNDS;
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD};
    x = builder_value(&b, ROLE_INPUT, FORMAT_FP32, 2, dims, "x");
    low = builder_like(&b, x, ROLE_ACTIVATION, format, "low");
    sum = builder_like(&b, x, ROLE_WEIGHT_GRAD, FORMAT_FP32, "sum");
    builder_emit(&b, OP_GATHER, x, NO_VALUE, NO_VALUE, NO_VALUE);
    builder_emit(&b, OP_CAST, low, x, NO_VALUE, NO_VALUE)->counted = true;
    b.phase = PHASE_BACKWARD;
    builder_emit(&b, OP_ACCUMULATE, sum, low, NO_VALUE, NO_VALUE);
    amp_emit_update(&b);
    if (pair_compile(pair, what))
        for (int step = 0; step < STEPS; step++) {
            CastCounts cpu, gpu;

            if (step % 2 == 0) { /* by a graph, and by its instructions */
                must(pair->cpu.class->plan_step(pair->cpu.plan), what);
                must(pair->gpu.class->plan_step(pair->gpu.plan), what);
            } else if (!pair_run(pair, what)) {
                break;
            }
            same_outcomes(pair, what);
            pair_same(pair, sum, what, step);
            must(pair->cpu.class->counts_read(pair->cpu.plan, 1, &cpu), what);
            must(pair->gpu.class->counts_read(pair->gpu.plan, 1, &gpu), what);
            check(cpu.count == gpu.count &&
                      memcmp(cpu.classes, gpu.classes, sizeof cpu.classes) == 0,
                  "%s: %lld counted, not %lld", what, (long long)gpu.count, (long long)cpu.count);
        }
    pair_end(pair);
    free(inputs);
}

void ops_clip(Pair *pair)
{
    static const Case cases[] = {
        {.optim = "sgd", .clip = {CLIP_BY_NORM, 1.0, false}},
        {.optim = "sgd", .clip = {CLIP_BY_NORM, 1.0, true}},
        {.optim = "sgd", .clip = {CLIP_BY_NORM, 1e6, false}},
        {.optim = "momentum", .clip = {CLIP_BY_VALUE, 0.001, false}},
        {.optim = "momentum", .clip = {CLIP_BY_VALUE, 0.5, true}},
        {.optim = "adam", .clip = {CLIP_BY_NORM, 0.01, false}},
        {.optim = "adamw", .clip = {CLIP_BY_VALUE, 0.5, true}},
        {.optim = "sgd", .take_all = true},
        {.optim = "momentum", .leave_scaled = true},
        {.optim = "sgd", .clip = {CLIP_BY_NORM, 1.0, false}, .leave_scaled = true},
    };

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        for (int f = 0; f < OP_FORMATS; f++)
            for (int s = 0; s < op_shape_count(); s++) {
                Case c = cases[k];

                c.format = op_formats[f];
                c.shape = op_shapes[s];
                try_case(pair, &c);
            }
    for (int f = 0; f < OP_FORMATS; f++)
        for (int s = 0; s < op_shape_count(); s++)
            try_accumulate(pair, op_shapes[s], op_formats[f]);
}

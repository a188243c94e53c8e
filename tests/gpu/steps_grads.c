/* Gradients of two backends: within their tolerance, unless a relu decides otherwise. */
#include "steps.h"

#include "check.h"
#include "values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const Tolerance
    step_tolerances[FORMAT_COUNT] =
        {
            [FORMAT_FP32] = {1e-6, 1e-5},   [FORMAT_TF32] = {2e-4, 2e-3},
            [FORMAT_FP16] = {2e-4, 2e-3},   [FORMAT_BF16] = {1e-3, 1e-2},
            [FORMAT_E4M3] = {5e-3, 0x1p-3}, /* a number that rounds the other way is 2^-3 away */
};

double relative(double a, double b)
{
    return a == b || (isnan(a) && isnan(b)) ? 0.0 : fabs(a - b) / fmax(fabs(a), fabs(b));
}

/* What overflowed, as the largest number of the format. */
static float *in_range(Format format, const float *values, int64_t count)
{
    float most = (float)format_table[format].max, *kept = malloc((size_t)count * sizeof *kept);

    for (int64_t i = 0; i < count; i++)
        kept[i] = isfinite(values[i]) ? values[i]
                  : isnan(values[i])  ? most
                                      : copysignf(most, values[i]);
    return kept;
}

/* relative_distance, but that a place without a finite number is a large one: the norm of those that
 * are left, where few are, says nothing. */
static double gradient_distance(const Value *value, const float *gpu, const float *cpu)
{
    int64_t count = value_count(value);
    float *a = in_range(value->format, gpu, count), *b = in_range(value->format, cpu, count);
    double off = relative_distance(a, b, count);

    free(a);
    free(b);
    return off;
}

/* Reads what the device has; a whole step need not keep it. */
void read_grad(Run *run, int param, bool whole)
{
    const Value *value = &run->program->values[run->program->params[param].grad];
    int64_t count = value_count(value);
    Side *gpu = &run->pair->gpu;
    float *cpu, *mine = malloc((size_t)count * sizeof *mine);
    Status status = gpu->class->value_read(gpu->plan, run->program->params[param].grad, mine);

    if (whole && status.code == STATUS_UNSUPPORTED) {
        run->worst.unread++;
        free(mine);
        return;
    }
    check_ok(status, value->name);
    cpu = side_read(&run->pair->cpu, run->program, run->program->params[param].grad);
    run->off[param] = gradient_distance(value, mine, cpu);
    run->grads[param] = mine;
    free(cpu);
}

/* Places where a relu lets a value through on one side only. All must be as near to 0 as losses are
 * to each other; -1: one is not. */
static int64_t relu_flips(const Run *run, ValueId in)
{
    const Value *value = &run->program->values[in];
    float *cpu = side_read(&run->pair->cpu, run->program, in);
    float *gpu = side_read(&run->pair->gpu, run->program, in);
    double most = 0.0, edge = 0.0;
    int64_t flips = 0;

    for (int64_t i = 0; i < value_count(value); i++) {
        most = fmax(most, fabs((double)cpu[i]));
        if ((cpu[i] > 0.0f) == (gpu[i] > 0.0f))
            continue;
        flips++;
        edge = fmax(edge, fmax(fabs((double)cpu[i]), fabs((double)gpu[i])));
    }
    free(cpu);
    free(gpu);
    return edge <= step_tolerances[run->recipe.low].loss * most ? flips : -1;
}

/* A relu's input that is 0 but for rounding passes its gradient on one side and stops it on the other:
 * no fault, and more than rounding makes of a gradient. Runs the step's first part again, for it
 * keeps all values. */
static int64_t all_flips(Run *run)
{
    Side *gpu = &run->pair->gpu;
    int64_t flips = 0, of_this = 0;

    state_write(&run->before, run->program, gpu);
    must(gpu->class->plan_run(gpu->plan, 0, run->step_at), "plan_run");
    for (int i = 0; i < run->step_at && of_this >= 0; i++) {
        const Instr *instr = &run->program->instrs[i];

        of_this = instr->op == OP_RELU_BACKWARD ? relu_flips(run, instr->in[1]) : 0;
        flips += of_this;
    }
    must(gpu->class->plan_run(gpu->plan, 0, 0), "plan_run"); /* the step is dropped */
    return of_this < 0 ? 0 : flips;
}

/* The place where they are farthest apart. */
static void say_worst(const Run *run, int param)
{
    const Value *value = &run->program->values[run->program->params[param].grad];
    float *cpu = side_read(&run->pair->cpu, run->program, run->program->params[param].grad);
    const float *gpu = run->grads[param];
    int64_t worst = -1;

    for (int64_t i = 0; i < value_count(value); i++)
        if (isfinite(gpu[i]) && isfinite(cpu[i]) &&
            (worst < 0 || fabsf(gpu[i] - cpu[i]) > fabsf(gpu[worst] - cpu[worst])))
            worst = i;
    if (worst >= 0)
        printf("# %s: %s is farthest off at %lld: the CPU has %g, the device %g\n", run->what,
               value->name, (long long)worst, (double)cpu[worst], (double)gpu[worst]);
    free(cpu);
}

/* Comes last, for it may leave the device in the midst of a step. */
void judge_grads(Run *run)
{
    double most = slack_of(&run->recipe) * step_tolerances[run->recipe.low].grad;
    int64_t flips = -1; /* not looked for yet */

    for (int i = 0; i < run->program->param_count; i++) {
        if (run->program->params[i].grad == NO_VALUE)
            continue;
        if (run->off[i] > most && flips < 0) {
            flips = all_flips(run);
            run->worst.flipped += flips > 0;
        }
        if (flips <= 0)
            run->worst.grad = fmax(run->worst.grad, run->off[i]);
        if (run->off[i] > most && flips <= 0)
            say_worst(run, i);
        check(run->off[i] <= most || (flips > 0 && run->off[i] <= 0.1),
              "%s: %s is %.3g away from the CPU's", run->what,
              run->program->values[run->program->params[i].grad].name, run->off[i]);
    }
}

/* Whole steps on both backends from the same state.
 *
 *   steps [cuda | cpu | wrong:FAULT [STEPS]]
 *
 * Sums are ordered differently on two backends, so last bits of products differ, and two trainings part.
 * So before each step the device is given the CPU's state; then losses and gradients may differ as
 * far as rounding goes, and what the optimizer makes of the device's own gradients must be the CPU's bits.
 */
#include "steps.h"

#include "check.h"
#include "values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* In two parts, which keep every value, or as a whole step. */
static void run_side(Run *run, Side *side, bool whole, StepOutcome *outcome)
{
    if (whole) {
        must(side->class->plan_step(side->plan), "plan_step");
    } else {
        must(side->class->plan_run(side->plan, 0, run->step_at), "plan_run");
        must(side->class->plan_run(side->plan, run->step_at, run->program->instr_count),
             "plan_run");
    }
    side_collect(side, outcome);
}

/* A value before a cast lies within 0.1% of where the format overflows: then one backend may find what
 * the other does not. */
static bool near_overflow(const Run *run)
{
    double edge = format_table[run->recipe.low].overflow_from;
    const Side *cpu = &run->pair->cpu;

    for (int i = 0; i < run->step_at; i++) {
        CastCounts counts;

        if (!run->program->instrs[i].counted)
            continue;
        must(cpu->class->counts_read(cpu->plan, i, &counts), "counts_read");
        if (fabs((double)counts.amax - edge) <= 1e-3 * edge)
            return true;
    }
    return false;
}

static void compare_outcomes(Run *run)
{
    const StepOutcome *a = &run->cpu, *b = &run->gpu;
    double off = relative((double)a->loss, (double)b->loss);
    bool close = near_overflow(run);

    run->worst.loss = fmax(run->worst.loss, off);
    run->worst.skipped += a->skipped;
    check(off <= step_tolerances[run->recipe.low].loss, "%s: the loss is %.9g, the CPU has %.9g",
          run->what, (double)b->loss, (double)a->loss);
    check(a->step == b->step && a->scale_used == b->scale_used && a->lr == b->lr,
          "%s: step %lld, scale %g, lr %g; the CPU: %lld, %g, %g", run->what, (long long)b->step,
          (double)b->scale_used, b->lr, (long long)a->step, (double)a->scale_used, a->lr);
    if (a->skipped != b->skipped) {
        run->worst.unlike++;
        check(close, "%s: skipped: %d, on the CPU %d", run->what, b->skipped, a->skipped);
        return;
    }
    check(a->scale_next == b->scale_next && a->tracker == b->tracker,
          "%s: scale %g and tracker %d come next, on the CPU %g and %d", run->what,
          (double)b->scale_next, b->tracker, (double)a->scale_next, a->tracker);
    if (a->skipped)
        check((a->first_found == b->first_found && a->first_instr == b->first_instr) || close,
              "%s: found in value %d, instruction %d; the CPU: %d, %d", run->what, b->first_found,
              b->first_instr, a->first_found, a->first_instr);
    else
        check(relative(a->grad_norm, b->grad_norm) <= step_tolerances[run->recipe.low].grad,
              "%s: the norm of all gradients is %g, on the CPU %g", run->what, b->grad_norm,
              a->grad_norm);
}

static void compare_everything(Run *run, int64_t step, bool whole)
{
    compare_outcomes(run);
    for (int i = 0; i < run->program->param_count; i++)
        if (run->program->params[i].grad != NO_VALUE) /* running statistics have none */
            read_grad(run, i, whole);
    for (int i = 0; i < run->program->instr_count; i++) {
        if (!run->program->instrs[i].counted)
            continue;
        if (run->cpu.skipped == run->gpu.skipped)
            compare_counts(run, i);
        if (!whole && step % 20 == 1)
            compare_partition(run, i);
    }
    if (run->cpu.skipped != run->gpu.skipped)
        return;
    state_read(&run->pair->gpu, run->program, &run->after);
    compare_running(run);
    if (run->gpu.skipped) {
        State still = run->before;

        still.scalars = run->after.scalars;
        forget_running(run->program, &run->after); /* for they move */
        check_state(run->program, &run->after, &still, "a skipped step moves nothing");
    } else {
        compare_weights(run);
    }
    judge_grads(run);
}

static void one_step(Run *run, Course courses[2], int64_t step)
{
    bool whole = step % 2 == 0;

    snprintf(run->what, sizeof run->what, "%s %s step %lld%s", run->recipe.name,
             format_step_name(run->recipe.low), (long long)step, whole ? "" : " in parts");
    state_read(&run->pair->cpu, run->program, &run->before);
    state_write(&run->before, run->program, &run->pair->gpu);
    course_step(&courses[0], &run->recipe, &run->pair->cpu);
    course_step(&courses[1], &run->recipe, &run->pair->gpu);
    run_side(run, &run->pair->cpu, whole, &run->cpu);
    run_side(run, &run->pair->gpu, whole, &run->gpu);
    compare_everything(run, step, whole);
    for (int i = 0; i < run->program->param_count; i++) {
        free(run->grads[i]);
        run->grads[i] = NULL;
        run->off[i] = 0.0;
    }
    state_free(run->program, &run->before);
    state_free(run->program, &run->after);
}

static void start_both(Pair *pair, const Recipe *recipe)
{
    pair->program = (Program){0};
    recipe_program(recipe, &pair->program);
    recipe_start(recipe, &pair->program, &pair->cpu);
    recipe_start(recipe, &pair->program, &pair->gpu);
}

static void step_by_step(Pair *pair, const Recipe *recipe, int64_t steps)
{
    Run run = {.recipe = *recipe, .pair = pair, .program = &pair->program};
    Course courses[2] = {course_start(), course_start()};

    run.recipe.counting = COUNT_ALL;
    start_both(pair, &run.recipe);
    run.step_at = program_phase(&pair->program, PHASE_STEP);
    run.grads = calloc((size_t)pair->program.param_count + 1, sizeof *run.grads);
    run.off = calloc((size_t)pair->program.param_count + 1, sizeof *run.off);
    for (int64_t step = 1; step <= steps; step++)
        one_step(&run, courses, step);
    free(run.grads);
    free(run.off);
    note("%s %s: %lld steps, %lld skipped, %lld unlike; loss within %.2g, gradients within %.2g; "
         "%lld steps with a relu at its edge, %lld gradients not kept by whole steps",
         recipe->name, format_step_name(recipe->low), (long long)steps,
         (long long)run.worst.skipped, (long long)run.worst.unlike, run.worst.loss, run.worst.grad,
         (long long)run.worst.flipped, (long long)run.worst.unread);
    pair_end(pair);
}

static void compare_ends(Pair *pair, const Recipe *recipe)
{
    State ends[2] = {{0}, {0}};

    state_read(&pair->cpu, &pair->program, &ends[0]);
    state_read(&pair->gpu, &pair->program, &ends[1]);
    for (int i = 0; i < pair->program.param_count; i++) {
        ValueId id = pair->program.params[i].master;
        double off = relative_distance(ends[1].values[id], ends[0].values[id],
                                       value_count(&pair->program.values[id]));

        check(off <= 1e-3, "%s %s, each on its own: %s is %.3g away", recipe->name,
              format_step_name(recipe->low), pair->program.values[id].name, off);
    }
    state_free(&pair->program, &ends[0]);
    state_free(&pair->program, &ends[1]);
}

/* Under plain sgd with small steps two trainings stay near each other without help. */
static void each_on_its_own(Pair *pair, const Recipe *recipe, int64_t steps)
{
    Recipe sgd = *recipe;
    Course courses[2] = {course_start(), course_start()};
    double worst = 0.0;

    sgd.optim = "sgd";
    sgd.lr = 0.01;
    sgd.counting = COUNT_NOTHING;
    start_both(pair, &sgd);
    for (int64_t step = 1; step <= steps; step++) {
        StepOutcome cpu, gpu;

        course_step(&courses[0], &sgd, &pair->cpu);
        course_step(&courses[1], &sgd, &pair->gpu);
        must(pair->cpu.class->plan_step(pair->cpu.plan), "plan_step");
        must(pair->gpu.class->plan_step(pair->gpu.plan), "plan_step");
        side_collect(&pair->cpu, &cpu);
        side_collect(&pair->gpu, &gpu);
        worst = fmax(worst, relative((double)cpu.loss, (double)gpu.loss));
    }
    check(worst <= 1e-3, "%s %s, each on its own: losses part by %.3g", sgd.name,
          format_name(sgd.low), worst);
    compare_ends(pair, &sgd);
    note("%s %s, each on its own, %lld steps of sgd: losses within %.2g", sgd.name,
         format_name(sgd.low), (long long)steps, worst);
    pair_end(pair);
}

static const Recipe recipes[] = {
    {.name = "tiny", .data = "fashion", .net = "784 256 128 10", .act = "relu", .batch = 64},
    {.name = "autoencoder",
     .data = "fashion",
     .size = 14,
     .net = "196 32 196",
     .act = "tanh",
     .loss = "mse",
     .weight = 1e-4f,
     .optim = "momentum",
     .lr = 1.0,
     .batch = 128},
    {.name = "gelu",
     .data = "fashion",
     .net = "784 100 10",
     .act = "gelu",
     .optim = "adam",
     .batch = 100},
    {.name = "deep",
     .data = "fashion",
     .size = 7,
     .net = "49 20 20 20 20 20 20 20 10",
     .act = "tanh",
     .batch = 32},
    {.name = "odd",
     .data = "fashion",
     .size = 7,
     .net = "49 37 131 7 11",
     .act = "relu",
     .optim = "momentum",
     .batch = 13},
    {.name = "one",
     .data = "fashion",
     .size = 14,
     .net = "196 33 10",
     .act = "relu",
     .optim = "sgd",
     .batch = 1},
    {.name = "norm",
     .data = "fashion",
     .size = 14,
     .net = "flatten, linear 37, layernorm, tanh, dropout 0.2, linear 20, layernorm, linear 10",
     .act = "relu",
     .batch = 33},
    /* A batchnorm takes away what a bias before it adds, so its gradient is a sum that cancels. */
    {.name = "residual",
     .data = "fashion",
     .size = 14,
     .net = "conv 5 k=3 pad=1, tanh, batchnorm, residual (conv 9 k=3 stride=2 pad=1, tanh, "
            "batchnorm | conv 9 k=1 stride=2), tanh, avgpool 2, flatten, linear 20, tanh, "
            "batchnorm, residual (tanh, linear 20), linear 10",
     .act = "relu",
     .slack = 20.0,
     .batch = 16},
    {.name = "places",
     .data = "fashion",
     .size = 14,
     .net = "conv 6 k=3 pad=1, tanh, avgpool 2, conv 9 k=3 stride=2, tanh, flatten, linear 10",
     .act = "relu",
     .batch = 16},
    {.name = "convolutions",
     .data = "fashion",
     .size = 14,
     .net = "conv 40 pad=1, gelu, avgpool 2, conv 33 stride=2 pad=1, tanh, flatten, linear 20, "
            "layernorm, gelu, linear 10",
     .act = "relu",
     .batch = 24},
    {.name = "text",
     .data = "text",
     .context = 19,
     .net = "embedding 21, position, linear 40, gelu, layernorm, dropout 0.1, linear 33, position, "
            "tanh, linear",
     .act = "relu",
     .batch = 14},
    {.name = "attention",
     .data = "text",
     .context = 19,
     .net =
         "embedding 21, position, residual (layernorm, attention 3), residual (layernorm, linear "
         "40, gelu, linear 21), layernorm, attention 1, linear",
     .act = "relu",
     .batch = 7},
};

int main(int argc, char **argv)
{
    Pair pair;
    int64_t steps;

    pair_open(&pair, argc, argv);
    steps = argc > 2 ? strtol(argv[2], NULL, 10) : 200;
    for (size_t r = 0; r < sizeof recipes / sizeof recipes[0]; r++)
        for (Format low = FORMAT_FP32; low <= FORMAT_E4M3; low++) {
            Recipe recipe = recipes[r];

            recipe.low = low;
            recipe.scaler = scaler_spec_default();
            recipe.scaler.mode = low == FORMAT_FP16 ? SCALE_DYNAMIC : SCALE_OFF;
            recipe.scaler.interval = 25;
            recipe.scaler.start = 0x1p20f;
            step_by_step(&pair, &recipe, r == 0 ? steps : steps / 4);
            if (r == 0 && low != FORMAT_E4M3)
                each_on_its_own(&pair, &recipe, steps);
        }
    recipe_data_free();
    pair_close(&pair);
    return check_end();
}

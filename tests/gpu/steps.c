/* Whole steps on both backends from the same state.
 *
 *   steps [cuda | cpu | wrong:FAULT [STEPS]]
 *
 * Sums are ordered differently on two backends, so last bits of products differ, and two trainings part.
 * So before each step the device is given the CPU's state; then losses and gradients may differ as
 * far as rounding goes, and what the optimizer makes of the device's own gradients must be the CPU's bits.
 */
#include "check.h"
#include "recipe.h"
#include "values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LABEL_TEXT = 128 };

typedef struct Tolerance {
    double loss, grad;
} Tolerance;

static const Tolerance tolerances[FORMAT_COUNT] = {
    [FORMAT_FP32] = {1e-6, 1e-5},
    [FORMAT_TF32] = {2e-4, 2e-3},
    [FORMAT_FP16] = {2e-4, 2e-3},
    [FORMAT_BF16] = {1e-3, 1e-2},
};

/* The worst that was seen, to be told at the end. */
typedef struct Worst {
    double loss, grad;
    int64_t skipped, unlike, unread, flipped;
} Worst;

typedef struct Run {
    Recipe recipe;
    Pair *pair;
    Program *program;
    int step_at; /* the first instruction of PHASE_STEP */
    StepOutcome cpu, gpu;
    State before, after; /* of the CPU before, of the device after */
    float **grads;       /* the device's, of each parameter; NULL: it keeps it in registers */
    double *off;         /* how far each is from the CPU's */
    Worst worst;
    char what[LABEL_TEXT];
} Run;

static double relative(double a, double b)
{
    return a == b || (isnan(a) && isnan(b)) ? 0.0 : fabs(a - b) / fmax(fabs(a), fabs(b));
}

static void collect(Side *side, StepOutcome *outcome)
{
    int count = 0;

    must(side->class->plan_collect(side->plan, outcome, 1, true, &count), "plan_collect");
    check(count == 1, "a step has an outcome");
}

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
    collect(side, outcome);
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
    check(off <= tolerances[run->recipe.low].loss, "%s: the loss is %.9g, the CPU has %.9g",
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
        check(relative(a->grad_norm, b->grad_norm) <= tolerances[run->recipe.low].grad,
              "%s: the norm of all gradients is %g, on the CPU %g", run->what, b->grad_norm,
              a->grad_norm);
}

/* Reads what the device has; a whole step need not keep it. */
static void read_grad(Run *run, int param, bool whole)
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
    run->off[param] = relative_distance(mine, cpu, count);
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
    return edge <= tolerances[run->recipe.low].loss * most ? flips : -1;
}

/* A relu's input that is 0 but for rounding passes its gradient on one side and stops it on the other:
 * no fault, and more than rounding makes of a gradient. Runs the step's first part again, for it
 * keeps all values. */
static int64_t all_flips(Run *run)
{
    Side *gpu = &run->pair->gpu;
    int64_t flips = 0;

    state_write(&run->before, run->program, gpu);
    must(gpu->class->plan_run(gpu->plan, 0, run->step_at), "plan_run");
    for (int i = 0; i < run->step_at; i++) {
        const Instr *instr = &run->program->instrs[i];
        int64_t of_this = instr->op == OP_RELU_BACKWARD ? relu_flips(run, instr->in[1]) : 0;

        if (of_this < 0)
            return 0;
        flips += of_this;
    }
    return flips;
}

/* Comes last, for it may leave the device in the midst of a step. */
static void judge_grads(Run *run)
{
    double most = tolerances[run->recipe.low].grad;
    int64_t flips = -1; /* not looked for yet */

    for (int i = 0; i < run->program->param_count; i++) {
        if (run->off[i] > most && flips < 0) {
            flips = all_flips(run);
            run->worst.flipped += flips > 0;
        }
        if (flips <= 0)
            run->worst.grad = fmax(run->worst.grad, run->off[i]);
        check(run->off[i] <= most || (flips > 0 && run->off[i] <= 0.1),
              "%s: %s is %.3g away from the CPU's", run->what,
              run->program->values[run->program->params[i].grad].name, run->off[i]);
    }
}

/* Its operands are the same bits on both sides. */
static bool same_before_cast(const Program *program, const Instr *instr)
{
    if (instr->op == OP_CAST)
        return instr->phase == PHASE_CAST || program->values[instr->in[0]].role == ROLE_INPUT;
    return instr->op == OP_NLL_BACKWARD;
}

static void compare_counts(Run *run, int i)
{
    const Pair *pair = run->pair;
    CastCounts cpu, gpu;
    int64_t moved = 0;
    char what[2 * LABEL_TEXT];

    must(pair->cpu.class->counts_read(pair->cpu.plan, i, &cpu), "counts_read");
    must(pair->gpu.class->counts_read(pair->gpu.plan, i, &gpu), "counts_read");
    snprintf(what, sizeof what, "%s: %s", run->what,
             run->program->values[run->program->instrs[i].out].name);
    if (same_before_cast(run->program, &run->program->instrs[i])) {
        check_counts(&cpu, &gpu, what);
        return;
    }
    for (int c = 0; c < CAST_CLASSES; c++)
        moved += llabs(cpu.classes[c] - gpu.classes[c]);
    check(cpu.count == gpu.count && moved <= cpu.count / 50 + 4,
          "%s: %lld of %lld values fall into other classes than the CPU's", what, (long long)moved,
          (long long)gpu.count);
    check(relative(cpu.mass, gpu.mass) <= 2e-2, "%s: mass %g, on the CPU %g", what, gpu.mass,
          cpu.mass);
}

/* Every counted store of a step whose values can all be read. */
static void compare_partition(Run *run, int i)
{
    const Side *gpu = &run->pair->gpu;
    ValueId out = run->program->instrs[i].out;
    const Value *value = &run->program->values[out];
    float *stored = side_read(gpu, run->program, out);
    CastCounts counts;
    char what[2 * LABEL_TEXT];

    snprintf(what, sizeof what, "%s: %s", run->what, value->name);
    must(gpu->class->counts_read(gpu->plan, i, &counts), "counts_read");
    check_partition(value->format, stored, value_count(value), &counts, what);
    free(stored);
}

/* The CPU's optimizer over the device's gradients: Adam's weights as ops_optimizers.c has it. */
static void compare_weight(const Run *run, const State *wanted, ValueId id)
{
    const Value *value = &run->program->values[id];
    const float *cpu = wanted->values[id], *gpu = run->after.values[id];
    const float *before = run->before.values[id];
    bool adam = run->program->instrs[run->step_at].op == OP_ADAM ||
                run->program->instrs[run->step_at].op == OP_ADAMW;

    for (int64_t i = 0; i < value_count(value); i++) {
        double change = fabs((double)cpu[i] - (double)before[i]);
        double most =
            adam && value->role == ROLE_MASTER ? 2 * ulp(change) + ulp((double)cpu[i]) : 0;

        if (!same_bits(cpu[i], gpu[i]) && !(fabs((double)cpu[i] - (double)gpu[i]) <= most)) {
            check(false, "%s: %s at %lld is %a, the CPU makes %a of the same gradient", run->what,
                  value->name, (long long)i, (double)gpu[i], (double)cpu[i]);
            return;
        }
    }
    check(true, "%s", run->what);
}

static void compare_weights(Run *run)
{
    Side *cpu = &run->pair->cpu;
    State wanted = {0}, own = {0};
    StepOutcome outcome;

    state_read(cpu, run->program, &own);
    state_write(&run->before, run->program, cpu);
    for (int i = 0; i < run->program->param_count; i++)
        must(cpu->class->value_write(cpu->plan, run->program->params[i].grad, run->grads[i]),
             "value_write");
    must(cpu->class->plan_run(cpu->plan, run->step_at, run->program->instr_count), "plan_run");
    collect(cpu, &outcome);
    state_read(cpu, run->program, &wanted);
    for (int i = 0; i < run->program->value_count; i++)
        if (wanted.values[i] != NULL)
            compare_weight(run, &wanted, i);
    state_write(&own, run->program, cpu);
    state_free(run->program, &wanted);
    state_free(run->program, &own);
}

static bool all_grads(const Run *run)
{
    for (int i = 0; i < run->program->param_count; i++)
        if (run->grads[i] == NULL)
            return false;
    return true;
}

static void compare_everything(Run *run, int64_t step, bool whole)
{
    compare_outcomes(run);
    for (int i = 0; i < run->program->param_count; i++)
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
    if (run->gpu.skipped) {
        State still = run->before;

        still.scalars = run->after.scalars;
        check_state(run->program, &run->after, &still, "a skipped step moves nothing");
    } else if (all_grads(run)) {
        compare_weights(run);
    }
    judge_grads(run);
}

static void one_step(Run *run, Course courses[2], int64_t step)
{
    bool whole = step % 2 == 0;

    snprintf(run->what, sizeof run->what, "%s %s step %lld%s", run->recipe.name,
             format_name(run->recipe.low), (long long)step, whole ? "" : " in parts");
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
         recipe->name, format_name(recipe->low), (long long)steps, (long long)run.worst.skipped,
         (long long)run.worst.unlike, run.worst.loss, run.worst.grad, (long long)run.worst.flipped,
         (long long)run.worst.unread);
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
              format_name(recipe->low), pair->program.values[id].name, off);
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
        collect(&pair->cpu, &cpu);
        collect(&pair->gpu, &gpu);
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
};

int main(int argc, char **argv)
{
    Pair pair;
    int64_t steps;

    pair_open(&pair, argc, argv);
    steps = argc > 2 ? strtol(argv[2], NULL, 10) : 200;
    for (size_t r = 0; r < sizeof recipes / sizeof recipes[0]; r++)
        for (Format low = FORMAT_FP32; low <= FORMAT_BF16; low++) {
            Recipe recipe = recipes[r];

            recipe.low = low;
            recipe.scaler = scaler_spec_default();
            recipe.scaler.mode = low == FORMAT_FP16 ? SCALE_DYNAMIC : SCALE_OFF;
            recipe.scaler.interval = 25;
            recipe.scaler.start = 0x1p20f;
            step_by_step(&pair, &recipe, r == 0 ? steps : steps / 4);
            if (r == 0)
                each_on_its_own(&pair, &recipe, steps);
        }
    recipe_data_free();
    pair_close(&pair);
    return check_end();
}

/* What must not change a bit of a training, on the device alone.
 *
 *   same [cuda | cpu | wrong:FAULT [STEPS]]
 *
 * The same seed twice; counting on and off; fused steps, plain ones (HALFSTEP_FUSE=0) and steps phase by
 * phase; steps in flight and one at a time, also while settings change; and no outcome is lost.
 */
#include "check.h"
#include "recipe.h"
#include "values.h"

#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_TEXT = 128, ROOM = 64 };

/* How a training is run. */
typedef struct Way {
    bool plain;     /* HALFSTEP_FUSE=0 */
    bool in_flight; /* outcomes are collected as they come */
    bool changes;   /* settings change in the midst of it */
    bool phases;    /* two of three steps are taken phase by phase */
} Way;

/* What came of it. */
typedef struct Result {
    State state;
    CastCounts *counts; /* of each instruction, of the last step */
    StepOutcome *outcomes;
    int64_t steps;
} Result;

static const char *label(const Recipe *recipe, const char *what)
{
    static char text[LABEL_TEXT];

    snprintf(text, sizeof text, "%s batch %lld %s: %s", recipe->name, (long long)recipe->batch,
             format_step_name(recipe->low), what);
    return text;
}

/* Takes what is there; at most `room` at a time. */
static void collect(Side *side, Result *result, int64_t wanted, bool wait, int room)
{
    int count;

    do {
        int64_t left = wanted - result->steps;

        count = 0;
        if (left <= 0)
            return;
        must(side->class->plan_collect(side->plan, result->outcomes + result->steps,
                                       left < room ? (int)left : room, wait, &count),
             "plan_collect");
        result->steps += count;
    } while (wait && count > 0);
}

/* Each in a step of its own, so that one which comes late shows. */
static void change_settings(Side *side, Course *course, int64_t step)
{
    Scalars scalars;

    if (step != 11 && step != 17 && step != 23 && step != 29 && step != 31)
        return;
    if (step == 29) {
        course->seed = 99; /* from here on, another order, of the epoch that runs too */
        course->loaded[0] = course->loaded[1] = -1;
        return;
    }
    side->class->scalars_get(side->store, &scalars);
    if (step == 11)
        scalars.lr *= 0.37;
    if (step == 17)
        scalars.scale = scalars.scale * 0.25f + 3.0f;
    if (step == 23)
        scalars.interval = scalars.tracker + 2;
    if (step == 31)
        scalars.loss_weight *= 0.5f;
    side->class->scalars_set(side->store, &scalars);
}

static void step_by_phases(const Program *program, Side *side)
{
    for (int phase = 0, from = 0, to; phase < PHASE_COUNT; phase++, from = to) {
        to = program_phase(program, (Phase)(phase + 1));
        if (to > from)
            must(side->class->plan_run(side->plan, from, to), "plan_run");
    }
}

static void train(const Recipe *recipe, const Program *program, Side *side, int64_t steps, Way way,
                  Result *result)
{
    Course course = course_start();

    for (int64_t step = 1; step <= steps; step++) {
        if (way.changes)
            change_settings(side, &course, step);
        course_step(&course, recipe, side);
        if (way.phases && step % 3 != 0)
            step_by_phases(program, side);
        else
            must(side->class->plan_step(side->plan), "plan_step");
        collect(side, result, step, !way.in_flight, ROOM);
    }
    collect(side, result, steps, true, ROOM);
}

static Result run(Pair *pair, const Recipe *recipe, int64_t steps, Way way)
{
    Side own = way.plain ? pair_plain(pair) : pair->gpu, *side = &own;
    Program program = {0};
    Result result = {.outcomes = xcalloc((size_t)steps, sizeof *result.outcomes)};

    recipe_program(recipe, &program);
    recipe_start(recipe, &program, side);
    train(recipe, &program, side, steps, way, &result);
    state_read(side, &program, &result.state);
    result.counts = xcalloc((size_t)program.instr_count, sizeof *result.counts);
    for (int i = 0; i < program.instr_count; i++)
        if (program.instrs[i].counted)
            must(side->class->counts_read(side->plan, i, &result.counts[i]), "counts_read");
    side_release(side);
    program_release(&program);
    return result;
}

static void result_free(const Program *program, Result *result)
{
    state_free(program, &result->state);
    free(result->counts);
    free(result->outcomes);
}

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* `counting`: both counted, so that what is known from counts must be the same too. */
static bool same_outcome(const StepOutcome *a, const StepOutcome *b, bool counting)
{
    if (counting &&
        (a->first_instr != b->first_instr ||
         (a->first_instr >= 0 && (a->nonfinite != b->nonfinite || !same_bits(a->amax, b->amax)))))
        return false;
    return a->step == b->step && same_bits(a->loss, b->loss) && a->scale_used == b->scale_used &&
           a->scale_next == b->scale_next && a->lr == b->lr && a->tracker == b->tracker &&
           a->skipped == b->skipped && a->spent == b->spent &&
           same_bits(a->clip_coef, b->clip_coef) && same_double(a->grad_norm, b->grad_norm) &&
           a->first_found == b->first_found;
}

static void check_outcomes(const Result *a, const Result *b, bool counting, const char *what)
{
    if (!check(a->steps == b->steps, "%s: %lld and %lld outcomes", what, (long long)a->steps,
               (long long)b->steps))
        return;
    for (int64_t i = 0; i < a->steps; i++) {
        const StepOutcome *x = &a->outcomes[i], *y = &b->outcomes[i];

        if (same_outcome(x, y, counting))
            continue;
        check(
            false,
            "%s: outcomes of step %lld differ: step %lld loss %.9g scale %g -> %g lr %g tracker %d "
            "skipped %d norm %.17g; step %lld, %.9g, %g -> %g, %g, %d, %d, %.17g",
            what, (long long)i + 1, (long long)x->step, (double)x->loss, (double)x->scale_used,
            (double)x->scale_next, x->lr, x->tracker, x->skipped, x->grad_norm, (long long)y->step,
            (double)y->loss, (double)y->scale_used, (double)y->scale_next, y->lr, y->tracker,
            y->skipped, y->grad_norm);
        return;
    }
    check(true, "%s", what);
}

static bool same_sum(double a, double b, bool same_form)
{
    return same_double(a, b) || (!same_form && fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b)));
}

/* Integers always; magnitudes to the bit where the same kernels summed them, for their order is fixed,
 * and nearly where other ones did. */
static bool same_counts(CastCounts a, CastCounts b, bool same_form)
{
    bool sums =
        same_sum(a.mass, b.mass, same_form) && same_sum(a.lost_mass, b.lost_mass, same_form);

    a.mass = b.mass = a.lost_mass = b.lost_mass = 0.0;
    return sums && memcmp(&a, &b, sizeof a) == 0;
}

static const char *counted_name(const Program *program, const Instr *instr)
{
    return program->values[instr->out != NO_VALUE ? instr->out : instr->in[STEP_WEIGHT]].name;
}

static void check_counts_repeat(const Program *program, const Result *a, const Result *b,
                                bool same_form, const char *what)
{
    for (int i = 0; i < program->instr_count; i++)
        if (!same_counts(a->counts[i], b->counts[i], same_form)) {
            check(false, "%s: counts of %s differ: mass %.17g and %.17g, lost %.17g and %.17g",
                  what, counted_name(program, &program->instrs[i]), a->counts[i].mass,
                  b->counts[i].mass, a->counts[i].lost_mass, b->counts[i].lost_mass);
            return;
        }
    check(true, "%s", what);
}

static void check_same(const Recipe *recipe, const Result *a, const Result *b, bool counting,
                       bool same_form, const char *what)
{
    Program program = {0};
    const char *text = label(recipe, what);

    recipe_program(recipe, &program);
    check_outcomes(a, b, counting, text);
    check_state(&program, &a->state, &b->state, text);
    if (counting)
        check_counts_repeat(&program, a, b, same_form, text);
    program_release(&program);
}

static void try_way(Pair *pair, const Recipe *recipe, const Result *first, Way way,
                    const char *what)
{
    Program program = {0};
    Result result = run(pair, recipe, first->steps, way);

    check_same(recipe, first, &result, true, !way.plain && !way.phases, what);
    recipe_program(recipe, &program);
    result_free(&program, &result);
    program_release(&program);
}

static void try_counting(Pair *pair, const Recipe *recipe, const Result *first)
{
    static const char *const what[] = {"counting nothing changes no bit",
                                       "counting weight gradients changes no bit",
                                       "counting gradients changes no bit"};

    for (Counting counting = COUNT_NOTHING; counting < COUNT_ALL; counting++) {
        Recipe other = *recipe;
        Program program = {0};
        Result result;

        other.counting = counting;
        result = run(pair, &other, first->steps, (Way){0});
        check_same(recipe, first, &result, false, true, what[counting]);
        if (counting > COUNT_NOTHING)
            try_way(pair, &other, &result, (Way){.plain = true}, "plain steps, counting part");
        recipe_program(&other, &program);
        result_free(&program, &result);
        program_release(&program);
    }
}

static void try_recipe(Pair *pair, const Recipe *recipe, int64_t steps)
{
    Program program = {0};
    Result first = run(pair, recipe, steps, (Way){0});
    int64_t skipped = 0;

    recipe_program(recipe, &program);
    for (int64_t i = 0; i < first.steps; i++)
        skipped += first.outcomes[i].skipped;
    if (recipe->low == FORMAT_FP16 && !recipe->scaler.take_all)
        check(skipped > 0 && skipped < steps, "%s: %lld of %lld", label(recipe, "some are skipped"),
              (long long)skipped, (long long)steps);
    try_way(pair, recipe, &first, (Way){0}, "the same seed has the same bits");
    try_way(pair, recipe, &first, (Way){.plain = true}, "plain steps have the bits of fused ones");
    try_way(pair, recipe, &first, (Way){.in_flight = true}, "steps in flight have the same bits");
    try_way(pair, recipe, &first, (Way){.phases = true, .in_flight = true},
            "phase by phase they have the same bits");
    try_counting(pair, recipe, &first);
    result_free(&program, &first);
    program_release(&program);
}

/* A run whose settings change, with steps in flight and without, fused and plain. */
static void try_changes(Pair *pair, const Recipe *recipe)
{
    enum { STEPS = 60 };
    Program program = {0};
    Result first = run(pair, recipe, STEPS, (Way){.changes = true});
    Result still = run(pair, recipe, STEPS, (Way){0});

    recipe_program(recipe, &program);
    check(first.outcomes[9].lr == still.outcomes[9].lr &&
              first.outcomes[10].lr == still.outcomes[10].lr * 0.37,
          "%s", label(recipe, "a learning rate set after 10 steps is that of step 11"));
    check(first.outcomes[16].scale_used == first.outcomes[15].scale_next * 0.25f + 3.0f, "%s",
          label(recipe, "a scale set after 16 steps is that of step 17"));
    check(first.outcomes[28].loss != still.outcomes[28].loss, "%s",
          label(recipe, "an order set after 28 steps is that of step 29"));
    try_way(pair, recipe, &first, (Way){.changes = true, .in_flight = true},
            "settings that change with steps in flight take effect at the same step");
    try_way(pair, recipe, &first, (Way){.changes = true, .in_flight = true, .plain = true},
            "and in plain steps");
    result_free(&program, &first);
    result_free(&program, &still);
    program_release(&program);
}

/* The outcomes of a long run, each of which tells of a scale that changes: none is missing, and the
 * scaler's rules lead from each to the next. */
static void try_events(Pair *pair, int64_t steps)
{
    Recipe recipe = {.name = "events",
                     .data = "moons",
                     .net = "2 16 2",
                     .act = "relu",
                     .batch = 32,
                     .low = FORMAT_FP16,
                     .scaler = {.mode = SCALE_DYNAMIC,
                                .start = 0x1p24f,
                                .growth = 2.0,
                                .backoff = 0.5,
                                .interval = 3,
                                .floor = 0x1p12f,
                                .hysteresis = 2}};
    Scaler scaler = {.scale = 0x1p24f};
    Result result = run(pair, &recipe, steps, (Way){.in_flight = true});
    Program program = {0};
    int64_t skipped = 0, i = 0;

    recipe_program(&recipe, &program);
    check(result.steps == steps, "%lld of %lld outcomes came", (long long)result.steps,
          (long long)steps);
    for (; i < result.steps; i++) {
        const StepOutcome *o = &result.outcomes[i];
        float used = scaler.scale;

        scaler_update(&recipe.scaler, o->skipped, &scaler);
        skipped += o->skipped;
        if (o->step != i + 1 || o->scale_used != used || o->scale_next != scaler.scale ||
            o->tracker != scaler.tracker || o->spent != scaler.spent)
            break;
    }
    check(i == result.steps, "the outcome of step %lld is out of line", (long long)i + 1);
    check(skipped > steps / 20 && skipped < steps, "%lld of %lld steps were skipped",
          (long long)skipped, (long long)steps);
    note("%lld steps at full speed, %lld skipped, none lost", (long long)steps, (long long)skipped);
    result_free(&program, &result);
    program_release(&program);
}

int main(int argc, char **argv)
{
    Pair pair;
    int64_t events;

    pair_open(&pair, argc, argv);
    events = argc > 2 ? strtol(argv[2], NULL, 10) : 20000;
    try_events(&pair, events);
    for (int r = 0; same_recipes[r].name != NULL; r++)
        for (Format low = FORMAT_FP32; low <= FORMAT_E4M3; low++) {
            Recipe recipe = same_recipes[r];

            /* A stand-in is slow. */
            if (pair_stands_in() && ((r != 2 && r != 7 && r != 10) || low != FORMAT_FP16))
                continue;
            recipe.low = low;
            recipe.counting = COUNT_ALL;
            recipe.scaler.mode = SCALE_DYNAMIC;
            recipe.scaler.start = 0x1p24f;
            recipe.scaler.growth = 2.0;
            recipe.scaler.backoff = 0.5;
            recipe.scaler.interval = 10;
            try_recipe(&pair, &recipe, 50);
            if (low != FORMAT_TF32 && !recipe.scaler.take_all)
                try_changes(&pair, &recipe);
        }
    recipe_data_free();
    pair_close(&pair);
    return check_end();
}

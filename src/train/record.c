/* What a finished step adds to the facts of its run: history, events, the last skip. */
#include "train/experiment.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

/* How often a step comes to it; to a cast of a weight once. */
static int rounds_of(const Program *program, int instr)
{
    return instr >= 0 && program->instrs[instr].phase > PHASE_CAST ? program_rounds(program) : 1;
}

static void describe_skip(Experiment *experiment, const StepOutcome *outcome, SkipFacts *skip)
{
    const Program *program = &experiment->program;
    const InjectedFacts *injected = &experiment->facts.injected;
    bool goes_on = experiment->skips_in_a_row > 1;
    bool by_hand = goes_on && skip->scale_next != outcome->scale_used;
    float begun = by_hand ? 0.0f : goes_on ? skip->scale_begun : outcome->scale_used;
    int instr = outcome->first_instr;
    const Value *value =
        &program->values[instr >= 0 ? program->instrs[instr].out : outcome->first_found];

    *skip = (SkipFacts){
        .step = outcome->step,
        .format = value->format,
        .forward = instr >= 0 && program->instrs[instr].phase < PHASE_BACKWARD,
        .nonfinite = outcome->nonfinite,
        .count = value_count(value) * rounds_of(program, instr),
        .amax = outcome->amax,
        .scale_used = outcome->scale_used,
        .scale_next = outcome->scale_next,
        .scale_begun = begun,
        .in_a_row = experiment->skips_in_a_row,
    };
    if (value->role == ROLE_COPY)
        value = &program->values[value->source];
    memcpy(skip->tensor, value->name, sizeof skip->tensor);
    if (injected->step == skip->step)
        text_copy(skip->injected, sizeof skip->injected, injected->what);
}

/* The first of a run is told: after it the weights are nan, and so is every step. */
static void record_taken(Experiment *experiment, const StepOutcome *outcome)
{
    Snapshot *facts = &experiment->facts;

    facts->scaler.backoffs += outcome->scale_next < outcome->scale_used;
    if (facts->first_taken.step > 0)
        return;
    describe_skip(experiment, outcome, &facts->first_taken);
    events_add(&facts->events, EVENT_WARNING, outcome->step,
               "%s held inf or nan, and the step was taken: skip is off",
               facts->first_taken.tensor);
}

static void record_skip(Experiment *experiment, const StepOutcome *outcome)
{
    Snapshot *facts = &experiment->facts;

    experiment->skips_in_a_row++;
    facts->skipped++;
    describe_skip(experiment, outcome, &facts->last_skip);
    events_add_skip(&facts->events, outcome->step, facts->last_skip.tensor, outcome->scale_used,
                    outcome->scale_next);
    facts->scaler.backoffs += outcome->scale_next != outcome->scale_used;
}

static void record_growth(Experiment *experiment, const StepOutcome *outcome)
{
    char before[NUMBER_TEXT], after[NUMBER_TEXT];

    experiment->facts.scaler.growths++;
    events_add(&experiment->facts.events, EVENT_GROWTH, outcome->step,
               "loss scale %s -> %s after %lld clean steps",
               float_friendly(outcome->scale_used, before),
               float_friendly(outcome->scale_next, after),
               (long long)experiment->settings.scaler.interval);
}

/* Each is said once a run: the learner should see it, not drown in it. */
static void record_warnings(Experiment *experiment, const StepOutcome *outcome)
{
    EventLog *events = &experiment->facts.events;

    if (!isfinite(outcome->loss) && !experiment->warned_loss) {
        experiment->warned_loss = true;
        events_add(events, EVENT_WARNING, outcome->step, "the loss is %s",
                   isnan(outcome->loss) ? "nan" : "inf");
    }
    if (outcome->scale_used >= 1.0f && outcome->scale_next < 1.0f && !experiment->warned_scale) {
        experiment->warned_scale = true;
        events_add(events, EVENT_WARNING, outcome->step,
                   "the loss scale fell below 1: it now costs bits; `why` says what overflows");
    }
}

void experiment_record(Experiment *experiment, const StepOutcome *outcome)
{
    Snapshot *facts = &experiment->facts;
    StepRecord record = {
        .step = outcome->step,
        .loss = outcome->loss,
        .scale_used = outcome->scale_used,
        .scale_next = outcome->scale_next,
        .tracker = outcome->tracker,
        .skipped = outcome->skipped,
        .lr = (float)outcome->lr,
        .grad_norm = outcome->grad_norm,
    };

    experiment->last = *outcome;
    facts->step = outcome->step;
    history_add(&facts->history, &record);
    facts->loss = (Measure){.value = history_loss(&facts->history)};
    facts->batch_loss = (Measure){.value = (double)outcome->loss};
    facts->grad_norm = (Measure){.value = outcome->grad_norm};
    facts->clip_coef = (Measure){.value = (double)outcome->clip_coef};
    if (outcome->step > facts->injected.step && isfinite(outcome->loss))
        facts->injected.step = 0;
    facts->scaler.scale = outcome->scale_next;
    facts->scaler.tracker = outcome->tracker;
    facts->scaler.spent = outcome->spent;
    if (outcome->skipped) {
        record_skip(experiment, outcome);
    } else {
        experiment->skips_in_a_row = 0;
        if (outcome->first_found != NO_VALUE)
            record_taken(experiment, outcome);
        else if (outcome->scale_next > outcome->scale_used)
            record_growth(experiment, outcome);
    }
    record_warnings(experiment, outcome);
}

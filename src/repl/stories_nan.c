/* The stories of weights and losses that are inf or nan, and of running statistics that are. */
#include "repl/stories.h"

#include "repl/phrase.h"
#include "view/words.h"

#include <math.h>
#include <string.h>

/* train/record.c says once a run when the loss ceased to be a number. */
static void tell_since_when(const EventLog *log, Text *text)
{
    char step[NUMBER_TEXT];

    for (int i = 0; i < events_held(log); i++) {
        const Event *event = events_get(log, i);

        if (event->kind != EVENT_WARNING || strncmp(event->text, "the loss is", 11) != 0)
            continue;
        text_printf(text, "At step %s %s. ", phrase_count(event->step, step), event->text);
        return;
    }
}

static bool is_to_blame(const InjectedFacts *injected)
{
    return injected->step > 0 && !injected->late;
}

/* What it was meant to show is not to be blamed on the training. */
static void tell_injected(const InjectedFacts *injected, Text *text)
{
    char step[NUMBER_TEXT];

    if (is_to_blame(injected))
        text_printf(text, "`inject %s` went into step %s, so the training is not to blame. ",
                    injected->what, phrase_count(injected->step, step));
}

static void tell_taken(const Snapshot *snapshot, Text *text)
{
    const SkipFacts *taken = &snapshot->first_taken;
    char step[NUMBER_TEXT];

    if (taken->step > 0)
        text_printf(text, "Step %s was taken with inf or nan in %s, as skip was off, a mistake. ",
                    phrase_count(taken->step, step), taken->tensor);
}

static bool unscaled_fp16(const Snapshot *snapshot)
{
    return snapshot->scaler.mode == SCALER_OFF && snapshot->autocast == FORMAT_FP16;
}

/* NULL: what broke the weights is not there any more. */
static const char *what_to_try(const Snapshot *snapshot)
{
    if (snapshot->first_taken.step > 0 && snapshot->scaler.take_all)
        return "`scale skip=on`";
    if (snapshot->first_taken.step > 0 || is_to_blame(&snapshot->injected))
        return NULL;
    if (snapshot->scaler.leave_scaled && snapshot->scaler.scale > 1.0F)
        return "`scale unscale=on`";
    return unscaled_fp16(snapshot) ? "`scale dynamic`, or `autocast bf16`"
                                   : "a smaller learning rate";
}

static void tell_broken_weights(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    const Trail *trail = what->trail;
    const char *try = what_to_try(snapshot);
    char count[NUMBER_TEXT], all[NUMBER_TEXT];

    text_printf(text, "%s of the %s values of %s %s inf or nan",
                phrase_count(trail->weight_nonfinite, count),
                phrase_count(trail->weight_count, all), trail->weight,
                trail->weight_nonfinite == 1 ? "is" : "are");
    if (trail->weights > 1)
        text_printf(text, ", and %d more tensor%s of weights hold%s some", trail->weights - 1,
                    trail->weights == 2 ? "" : "s", trail->weights == 2 ? "s" : "");
    text_append(text, ". ");
    tell_since_when(&snapshot->events, text);
    tell_injected(&snapshot->injected, text);
    tell_taken(snapshot, text);
    if (snapshot->scaler.mode == SCALER_OFF)
        text_append(text, "Scaling is off, so nobody looks at gradients before a step is taken. ");
    story_trail(trail, text);
    text_append(text, "No scale mends weights: go back with `reset`, `undo` or `load`");
    if (try != NULL)
        text_printf(text, ", then try %s", try);
    text_append(text, ".");
}

/* It began where an operation was forced into the low format. */
static bool began_forced(const Snapshot *snapshot, const Trail *trail)
{
    const char *op = strncmp(trail->op, "log_", 4) == 0 ? trail->op + 4 : trail->op;

    return op[0] != '\0' && strstr(snapshot->policy.forced, op) != NULL;
}

/* A mistake at work comes before what else might help. */
static void tell_what_to_try(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;
    char scale[NUMBER_TEXT];

    if (began_forced(snapshot, what->trail))
        text_printf(text, "%s is forced into %s, a mistake: try `autocast force=none`.",
                    snapshot->policy.forced, format_table[snapshot->autocast].name);
    else if (snapshot->scaler.leave_scaled && snapshot->scaler.scale > 1.0F)
        text_printf(
            text,
            "Unscale is off, a mistake: the optimizer reads gradients that are %s times too "
            "large. Try `scale unscale=on`, and `reset`.",
            words_scale(snapshot->scaler.scale, scale));
    else
        text_append(text, "The forward pass has no loss scale; try `autocast bf16`, a smaller "
                          "learning rate, or smaller inputs.");
}

/* amp: the test is on the gradients, so a loss that is nan alone skips nothing. */
static bool tell_nan(const Case *what, Text *text)
{
    const Snapshot *snapshot = what->snapshot;

    if (what->trail->weights > 0) {
        tell_broken_weights(what, text);
        return true;
    }
    if (snapshot->step == 0 || snapshot->batch_loss.none || isfinite(snapshot->batch_loss.value))
        return false;
    text_printf(text,
                "The loss of the last step is %s, and no weight is: the run can still be saved. ",
                isnan(snapshot->batch_loss.value) ? "nan" : "inf");
    story_trail(what->trail, text);
    if (is_to_blame(&snapshot->injected) && snapshot->injected.step == snapshot->step) {
        tell_injected(&snapshot->injected, text);
        text_append(text, "The next step is without it.");
        return true;
    }
    tell_what_to_try(what, text);
    return true;
}

const Story nan_story = {
    .name = "nan",
    .text = "weights or a loss that are inf or nan",
    .otherwise = "neither weights nor the last loss hold inf or nan",
    .tell = tell_nan,
};

/* PyTorch's too: a skipped step keeps the weights, and the forward pass is over by then. */
static bool tell_running(const Case *what, Text *text)
{
    const char *name = what->trail->running;

    if (name[0] == '\0')
        return false;
    text_printf(text,
                "%s holds inf or nan for good: a forward pass that had some moved it, and a step "
                "that is skipped keeps the weights alone. ",
                name);
    tell_injected(&what->snapshot->injected, text);
    text_append(text, "Training takes mean and variance of each batch and goes on; held-out "
                      "examples take the running ones, so accuracy says nothing from here on. Go "
                      "back with `rewind`, `reset`, `undo` or `load`.");
    return true;
}

const Story running_story = {
    .name = "running",
    .text = "running statistics that are inf or nan",
    .otherwise = "no running statistics hold inf or nan",
    .tell = tell_running,
};

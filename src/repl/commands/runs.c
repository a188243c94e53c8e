/* runs: those that stand side by side, and where they part. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"

#include <string.h>

static const char *const runs_examples[] = {"fork b autocast=bf16 scale=off; train 20; runs", NULL};

static void append_difference(Session *session, int i, int used, Text *text)
{
    int64_t step = session_first_difference(session, i, used);
    char number[NUMBER_TEXT];

    if (i == used)
        text_append(text, "in use");
    else if (step < 0)
        text_append(text, "the same");
    else
        text_printf(text, "step %s", phrase_count(step, number));
}

static void append_scaling(const Snapshot *facts, Text *text)
{
    const ClipFacts *clip = &facts->clip;
    char most[NUMBER_TEXT];

    if (clip->norm || clip->value)
        text_printf(text, ", clip %s %s%s", clip->norm ? "norm" : "value",
                    number_shortest(clip->most, most),
                    clip->before_unscale ? " when=before-unscale" : "");
    if (facts->scaler.take_all)
        text_append(text, ", skip=off");
    if (facts->scaler.leave_scaled)
        text_append(text, ", unscale=off");
}

/* What the runs share is left out. */
static void append_settings(const Snapshot *facts, const Snapshot *first, Text *text)
{
    text_printf(text, "%s, %s", format_step_name(facts->autocast), facts->optim);
    if (facts->weights != FORMAT_FP32)
        text_printf(text, ", no masters, round %s", facts->rounding);
    append_scaling(facts, text);
    if (strcmp(facts->net, first->net) != 0)
        text_printf(text, ", net %s", facts->net);
    if (strcmp(facts->loss_name, first->loss_name) != 0)
        text_printf(text, ", loss %s", facts->loss_name);
    text_append(text, "\n");
}

static void append_row(Session *session, int i, const Snapshot *facts, Text *text)
{
    char number[NUMBER_TEXT];

    text_append(text, facts->run_name);
    text_pad(text, 16);
    append_difference(session, i, session_run_current(session), text);
    text_pad(text, 28);
    text_append(text, phrase_measure(facts->loss, number));
    text_pad(text, 38);
    text_append(text, phrase_count(facts->skipped, number));
    text_pad(text, 46);
    text_append(text, facts->scaler.mode == SCALER_OFF
                          ? "off"
                          : float_friendly(facts->scaler.scale, number));
    text_pad(text, 56);
}

static Status runs_run(Repl *repl, Args *args)
{
    Session *session = repl_session(repl);
    Snapshot facts = {0}, first = {0};
    Text text = {0};

    (void)args;
    text_append(&text, "run             parted at   loss      skipped scale     settings\n");
    session_snapshot_run(session, 0, &first);
    for (int i = 0; i < session_run_count(session); i++) {
        session_snapshot_run(session, i, &facts);
        append_row(session, i, &facts, &text);
        append_settings(&facts, &first, &text);
    }
    repl_print(repl, "%s", text_chars(&text));
    text_release(&text);
    snapshot_release(&facts);
    snapshot_release(&first);
    return ok();
}

const Command runs_command = {
    .name = "runs",
    .summary = "list the runs side by side, and the step at which they parted",
    .task = TASK_COMPARE,
    .needs = ACTS_ON_ALL,
    .examples = runs_examples,
    .more =
        "Two runs parted at the first step whose loss is not the same to the bit, or that only one "
        "of them skipped; shown is where each parted from the run in use. Another loss scale alone "
        "parts nothing as long as it is a power of two and no value is lost or overflows.",
    .run = runs_run,
};

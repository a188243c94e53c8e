/* history: every finished training with its settings and results. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"
#include "repl/wrap.h"

#include <string.h>

static const char *const history_examples[] = {"train 10; autocast bf16; train 10; history", NULL};

/* The run is named where there is more than one to tell of. */
static bool are_several(Session *session)
{
    char first[RUN_NAME];

    text_copy(first, sizeof first, session_history(session, 0)->run);
    for (int i = 1; i < session_history_count(session); i++)
        if (strcmp(session_history(session, i)->run, first) != 0)
            return true;
    return false;
}

static void append_row(const TrainingFacts *facts, bool named, Text *text)
{
    char first[NUMBER_TEXT], last[NUMBER_TEXT], number[NUMBER_TEXT];

    text_printf(text, "%d", facts->number);
    text_pad(text, 4);
    text_printf(text, "%s-%s", phrase_count(facts->first_step, first),
                phrase_count(facts->last_step, last));
    text_pad(text, 18);
    text_append(text, phrase_measure(facts->loss, number));
    text_pad(text, 28);
    text_append(text, phrase_measure(facts->accuracy, number));
    text_pad(text, 38);
    text_append(text, phrase_count(facts->skipped, number));
    text_pad(text, 46);
    text_printf(text, "%s\n    ", float_friendly(facts->scale, number));
    if (named)
        text_printf(text, "%s: ", facts->run);
    wrap(facts->settings, 4, text);
}

static Status history_run(Repl *repl, Args *args)
{
    Session *session = repl_session(repl);
    int count = session_history_count(session);
    bool several = are_several(session);
    Text text = {0};

    (void)args;
    if (count == 0) {
        repl_note(repl, "nothing has been trained yet");
        return ok();
    }
    text_append(&text, "#   steps         loss      accuracy  skipped scale, and the settings\n");
    for (int i = 0; i < count; i++)
        append_row(session_history(session, i), several, &text);
    repl_print(repl, "%s", text_chars(&text));
    text_release(&text);
    return ok();
}

const Command history_command = {
    .name = "history",
    .summary = "list every finished training with its settings and results",
    .task = TASK_LOOK,
    .needs = ACTS_ON_ALL,
    .examples = history_examples,
    .more = "The accuracy is the last one measured during or after that training; `print accuracy` "
            "measures it.",
    .run = history_run,
};

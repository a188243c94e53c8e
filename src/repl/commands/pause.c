/* pause: stop the training after the present step. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/interrupt.h"
#include "repl/phrase.h"
#include "repl/repl.h"

static const char *const pause_examples[] = {"run; pause", NULL};

static Status pause_run(Repl *repl, Args *args)
{
    Session *session = repl_session(repl);
    Snapshot snapshot = {0};
    char number[NUMBER_TEXT];

    (void)args;
    if (!session_training(session)) {
        repl_note(repl, "nothing is training");
        return ok();
    }
    interrupt_direct(session);
    session_pause(session);
    interrupt_direct(NULL);
    session_snapshot(session, &snapshot);
    repl_note(repl, "paused after step %s", phrase_count(snapshot.step, number));
    snapshot_release(&snapshot);
    return ok();
}

const Command pause_command = {
    .name = "pause",
    .summary = "stop training after the present step",
    .task = TASK_TRAIN,
    .needs = ACTS_ON_ALL,
    .examples = pause_examples,
    .run = pause_run,
};

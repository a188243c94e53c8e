/* reset: the run's start again. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

static const char *const reset_examples[] = {"train 5; reset", NULL};

static Status reset_run(Repl *repl, Args *args)
{
    (void)args;
    TRY(session_reset(repl_session(repl)));
    repl_note(repl, "%sweights, optimizer and loss scale are as at the start; `undo` takes it back",
              session_run_count(repl_session(repl)) > 1 ? "in all runs " : "");
    return ok();
}

const Command reset_command = {
    .name = "reset",
    .summary = "go back to the start of the run, same seed",
    .task = TASK_BUILD,
    .needs = ACTS_ON_ALL,
    .examples = reset_examples,
    .run = reset_run,
};

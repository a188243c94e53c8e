/* run: train on and on, with the prompt free. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

static const char *const run_examples[] = {"run; scale 1024; pause", NULL};

static Status run_run(Repl *repl, Args *args)
{
    Goal goal = {.at_pace = true};

    (void)args;
    TRY(session_problem(repl_session(repl)));
    TRY(session_start(repl_session(repl), &goal));
    repl_note(repl, "training on and on; `pause` stops it, `watch` looks, settings may be changed");
    return ok();
}

const Command run_command = {
    .name = "run",
    .summary = "train on and on until pause, with the prompt free",
    .task = TASK_TRAIN,
    .needs = NEEDS_PROMPT | ACTS_ON_ALL,
    .examples = run_examples,
    .run = run_run,
};

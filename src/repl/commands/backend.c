/* backend: what computes, and why. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

static const char *const backend_examples[] = {"backend", NULL};

static Status backend_run(Repl *repl, Args *args)
{
    (void)args;
    repl_print(repl, "%s\n", session_backend(repl_session(repl)));
    return ok();
}

const Command backend_command = {
    .name = "backend",
    .summary = "say what computes, and why",
    .task = TASK_SESSION,
    .examples = backend_examples,
    .more = "Chosen when the program starts: halfstep --backend auto|cpu|cuda.",
    .run = backend_run,
};

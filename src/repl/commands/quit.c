/* quit: end the program. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

static const char *const quit_examples[] = {"quit", NULL};

static Status quit_run(Repl *repl, Args *args)
{
    (void)args;
    repl_quit(repl);
    return ok();
}

const Command quit_command = {
    .name = "quit",
    .alias = "exit",
    .summary = "end the program (so does Ctrl-D)",
    .task = TASK_SESSION,
    .needs = ACTS_ON_ALL,
    .examples = quit_examples,
    .run = quit_run,
};

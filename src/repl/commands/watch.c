/* watch: the live view over the running training. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"
#include "repl/watch.h"

static const char *const watch_examples[] = {"watch", NULL};

static Status watch_command_run(Repl *repl, Args *args)
{
    (void)args;
    return watch_run(repl);
}

const Command watch_command = {
    .name = "watch",
    .summary = "watch the numbers live, on the whole screen",
    .task = TASK_LOOK,
    .needs = NEEDS_TERMINAL,
    .examples = watch_examples,
    .more = "Where nothing is training it starts a run at 60 steps a second. space pauses and goes "
            "on, s takes one step, + and - change the pace, n and p go to the next and previous "
            "tensor and w to the one that loses most, t switches between stored (scaled) and true "
            "values, q returns to the prompt.",
    .run = watch_command_run,
};

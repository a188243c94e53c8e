/* watch, watch off: the live view over the training, with the prompt inside. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"
#include "repl/watch.h"

static const char *const states[] = {"on", "off", NULL};

static const ArgSpec watch_args[] = {
    {.name = "state",
     .kind = ARG_CHOICE,
     .optional = true,
     .choices = states,
     .text = "off: back to the prompt alone, as ^D on an empty line"},
    {.kind = ARG_END},
};

static const char *const watch_examples[] = {"watch", NULL};

static Status watch_command_run(Repl *repl, Args *args)
{
    if (args_is(args, "state", "off")) {
        watch_close(repl);
        return ok();
    }
    if (!repl_at_prompt(repl))
        return fail(STATUS_UNSUPPORTED,
                    "watch is for the prompt; try `halfstep --watch`, and `source` there");
    return watch_open(repl);
}

const Command watch_command = {
    .name = "watch",
    .summary = "watch the numbers live, with the prompt below them",
    .task = TASK_LOOK,
    .needs = NEEDS_TERMINAL | ACTS_ON_ALL,
    .args = watch_args,
    .examples = watch_examples,
    .more =
        "All commands work as at the prompt; what they answer stands above it, and PgUp and PgDn "
        "scroll there. Where the pace is max the view sets 60 steps a second, which the eye can "
        "follow, and closing it sets max again; `pace` and the keys change it.\n\n"
        "On an empty line: space runs and pauses, + and - change the pace, < and > go to another "
        "tensor, Enter repeats `step`, ^C pauses, ^D closes the view. On any line: F5 runs and "
        "pauses, F6 steps, F7 and F8 go to another tensor, PgUp and PgDn scroll, ^L draws all "
        "anew, ^Z suspends, Escape puts the answer away.\n\n"
        "A terminal that closes under the view leaves the run in use in closed.safetensors, in "
        "~/.local/state/halfstep, for `load`; other runs beside it, b in closed-b.safetensors.",
    .run = watch_command_run,
};

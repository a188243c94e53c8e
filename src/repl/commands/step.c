/* step [N]: one step, or N. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/progress.h"
#include "repl/repl.h"

static const ArgSpec step_args[] = {
    {.name = "count",
     .kind = ARG_COUNT,
     .optional = true,
     .least = 1,
     .most = 1099511627776.0,
     .shown = "N",
     .text = "how many steps (1)"},
    {.kind = ARG_END},
};

static const char *const step_examples[] = {"step", "step 3; print batch_loss, scale", NULL};

static Status step_run(Repl *repl, Args *args)
{
    Goal goal = {.steps = args_count(args, "count", 1)};

    TRY(session_problem(repl_session(repl)));
    return progress_train(repl, &goal);
}

const Command step_command = {
    .name = "step",
    .summary = "take one training step, or a few",
    .task = TASK_TRAIN,
    .needs = ACTS_ON_ALL,
    .args = step_args,
    .examples = step_examples,
    .run = step_run,
};

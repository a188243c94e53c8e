/* step [N] [--phases] [--csv]: one step, or N, or the first phase of one. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phase_steps.h"
#include "repl/progress.h"
#include "repl/repl.h"
#include "train/phases.h"

static const ArgSpec step_args[] = {
    {.name = "count",
     .kind = ARG_COUNT,
     .optional = true,
     .least = 1,
     .most = 1099511627776.0,
     .shown = "N",
     .text = "how many steps (1)"},
    {.name = "phases",
     .kind = ARG_FLAG,
     .text = "only the first phase of one; `phase` goes on to the next"},
    {.name = "csv", .kind = ARG_FLAG, .text = "of a phase: one line for each number"},
    {.kind = ARG_END},
};

static const char *const step_examples[] = {"step", "step 3; print batch_loss, scale",
                                            "step --phases", NULL};

static Status first_phase(Repl *repl, Args *args)
{
    args_blame(args, "count");
    if (args_has(args, "count"))
        return fail(STATUS_USAGE, "--phases takes one step; leave the number out");
    args_blame(args, "phases");
    if (session_in_step(repl_session(repl)))
        return fail(STATUS_USAGE, "a step is under way already; phase goes on with it");
    return phase_steps(repl, false, args_has(args, "csv"));
}

static Status step_run(Repl *repl, Args *args)
{
    Goal goal = {.steps = args_count(args, "count", 1)};

    TRY(session_problem(repl_session(repl)));
    if (args_has(args, "phases"))
        return first_phase(repl, args);
    args_blame(args, "csv");
    if (args_has(args, "csv"))
        return fail(STATUS_USAGE, "--csv is for --phases");
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

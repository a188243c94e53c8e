/* train [N] [steps|epochs] [until EXPR]: a bounded number of steps. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/progress.h"
#include "repl/repl.h"

static const char *const units[] = {"steps", "epochs", "step", "epoch", NULL};

static const char *const nothing[] = {NULL};

static const ArgSpec train_args[] = {
    {.name = "count",
     .kind = ARG_COUNT,
     .optional = true,
     .least = 1,
     .most = 1099511627776.0,
     .shown = "N",
     .text = "how many; alone, steps"},
    {.name = "unit",
     .kind = ARG_CHOICE,
     .optional = true,
     .choices = units,
     .shown = "steps|epochs",
     .text = "of what"},
    {.name = "until",
     .kind = ARG_RAW_AFTER,
     .names = NAMES_METRICS,
     .with = nothing,
     .shown = "EXPR",
     .text = "stop when this is true after a step; `help expressions`"},
    {.kind = ARG_END},
};

static const char *const train_examples[] = {
    "train until step >= 20",
    "train 20",
    "train 1 epoch",
    NULL,
};

static bool counts_epochs(const Args *args)
{
    return args_is(args, "unit", "epochs") || args_is(args, "unit", "epoch");
}

static Status train_run(Repl *repl, Args *args)
{
    int64_t epoch = session_epoch_steps(repl_session(repl));
    Goal goal = {.until = args_text(args, "until")};

    if (goal.until != NULL && args_has(args, "count"))
        return fail(STATUS_USAGE, "train takes a number or until, not both; try until with "
                                  "`step >= N or ...` in it");
    if (args_empty(args))
        goal.steps = epoch;
    else if (counts_epochs(args))
        goal.steps = args_count(args, "count", 1) * epoch;
    else
        goal.steps = args_count(args, "count", 0);
    TRY(session_problem(repl_session(repl)));
    if (goal.until != NULL)
        args_blame(args, "until");
    return progress_train(repl, &goal);
}

const Command train_command = {
    .name = "train",
    .summary = "train so many steps or epochs, or until something is true",
    .task = TASK_TRAIN,
    .needs = ACTS_ON_ALL,
    .args = train_args,
    .examples = train_examples,
    .more =
        "Without words: one epoch. Ctrl-C pauses and returns to the prompt; the run stays as it "
        "is and goes on with the next train, step, run or watch.",
    .run = train_run,
};

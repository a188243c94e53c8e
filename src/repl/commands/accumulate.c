/* accumulate N: so many batches make one step. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

static const ArgSpec accumulate_args[] = {
    {.name = "the number of batches",
     .kind = ARG_COUNT,
     .optional = true,
     .least = 1,
     .most = MOST_ACCUMULATED,
     .shown = "N",
     .text = "batches whose gradients are added up for one step"},
    {.kind = ARG_END},
};

static const char *const accumulate_examples[] = {"batch 16; accumulate 4; train 20", NULL};

static Status accumulate_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));

    wanted.accumulate = args_count(args, "the number of batches", wanted.accumulate);
    return repl_take(repl, args, &wanted, SETTING_ACCUMULATE);
}

const Command accumulate_command = {
    .name = "accumulate",
    .summary = "add up the gradients of several batches for each step",
    .task = TASK_BUILD,
    .needs = ACTS_ON_ALL,
    .args = accumulate_args,
    .examples = accumulate_examples,
    .more =
        "As PyTorch does it under AMP: the loss is divided by N, one loss scale holds for the "
        "whole step, each batch's gradients are added up in fp32, and unscale, the look for inf "
        "and nan, the optimizer and the scaler's update come once, behind the last. A step is "
        "one step of the optimizer; an epoch has fewer of them.",
    .run = accumulate_run,
};

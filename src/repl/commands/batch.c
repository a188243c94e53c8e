/* batch N: how many examples a step looks at. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

#include <stdio.h>

static const ArgSpec batch_args[] = {
    {.name = "the batch size",
     .kind = ARG_COUNT,
     .optional = true,
     .least = 1,
     .most = LARGEST_BATCH,
     .shown = "N",
     .text = "examples in a step"},
    {.kind = ARG_END},
};

static const char *const batch_examples[] = {"batch 128", NULL};

static Status batch_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));
    char what[40];

    wanted.batch = args_count(args, "the batch size", wanted.batch);
    snprintf(what, sizeof(what), "batch %lld", (long long)wanted.batch);
    if (args_has(args, "the batch size"))
        return repl_apply(repl, &wanted, what);
    repl_print(repl, "%s\n", what);
    return ok();
}

const Command batch_command = {
    .name = "batch",
    .summary = "set how many examples a step looks at",
    .task = TASK_BUILD,
    .needs = ACTS_ON_ALL,
    .args = batch_args,
    .examples = batch_examples,
    .more = "Batches are always full: where the training examples end, the next epoch's begin.",
    .run = batch_run,
};

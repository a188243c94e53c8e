/* seed N: begin again from other random numbers. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

#include <stdio.h>

static const ArgSpec seed_args[] = {
    {.name = "seed",
     .kind = ARG_COUNT,
     .optional = true,
     .least = 0,
     .most = 9007199254740992.0,
     .shown = "N",
     .text = "any whole number"},
    {.kind = ARG_END},
};

static const char *const seed_examples[] = {"seed 42", NULL};

static Status seed_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));
    char what[40];

    wanted.seed = (uint64_t)args_count(args, "seed", (int64_t)wanted.seed);
    snprintf(what, sizeof(what), "seed %llu", (unsigned long long)wanted.seed);
    if (args_has(args, "seed"))
        return repl_begin(repl, &wanted, what);
    repl_print(repl, "%s\n", what);
    return ok();
}

const Command seed_command = {
    .name = "seed",
    .summary = "begin again from other random numbers",
    .task = TASK_BUILD,
    .needs = ACTS_ON_ALL,
    .args = seed_args,
    .examples = seed_examples,
    .more =
        "Weights, the order of the examples and synthetic data are drawn from the seed: the same "
        "seed gives the same bits.",
    .run = seed_run,
};

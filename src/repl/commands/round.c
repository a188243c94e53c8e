/* round HOW: how weights without masters are stored. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

static const ArgSpec round_args[] = {
    {.name = "round",
     .kind = ARG_CHOICE,
     .optional = true,
     .choices = weight_rounding_names,
     .text = "to nearest, up or down by chance, or with what was left out kept beside"},
    {.kind = ARG_END},
};

static const char *const round_examples[] = {"autocast bf16; master off; round stochastic",
                                             "autocast bf16; master off; round kahan; show program",
                                             "round nearest", NULL};

static Status round_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));

    args_blame(args, "round");
    for (int rounding = 0; rounding < ROUNDING_COUNT; rounding++)
        if (args_is(args, "round", weight_rounding_names[rounding]))
            wanted.rounding = (WeightRounding)rounding;
    return repl_take(repl, args, &wanted, SETTING_ROUND);
}

const Command round_command = {
    .name = "round",
    .summary = "choose how weights without masters are rounded",
    .task = TASK_PRECISION,
    .args = round_args,
    .examples = round_examples,
    .more =
        "Only where `master off` keeps weights in a low format. nearest: an update below half a "
        "unit "
        "in the last place is lost, every time. stochastic: it moves the weight by a whole unit "
        "with "
        "the probability of its share of one, so that none is lost on average; the random numbers "
        "follow from seed, step and weight, the same on every backend. kahan: what rounding left "
        "out "
        "is kept beside the weight in the same format (fc1.weight.compensation, saved with the "
        "run) "
        "and joins the next update; it costs as much memory as the weights. lost_updates(...) "
        "counts what "
        "moves neither weight nor compensation: by chance that is as much as ever, but no loss on "
        "average.",
    .run = round_run,
};

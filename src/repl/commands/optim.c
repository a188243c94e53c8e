/* optim KIND [lr= momentum= ...]: how weights move. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"

static const ArgSpec optim_args[] = {
    {.name = "optimizer",
     .kind = ARG_NAME,
     .optional = true,
     .names = NAMES_OPTIMIZERS,
     .shown = "KIND",
     .text = "sgd, momentum, adam or adamw, at PyTorch's defaults"},
    {.name = "lr", .kind = ARG_NUMBER, .key = true, .text = "learning rate"},
    {.name = "momentum", .kind = ARG_NUMBER, .key = true, .text = "momentum (0.9)"},
    {.name = "beta1", .kind = ARG_NUMBER, .key = true, .text = "adam: decay of the mean (0.9)"},
    {.name = "beta2", .kind = ARG_NUMBER, .key = true, .text = "adam: of the square (0.999)"},
    {.name = "eps", .kind = ARG_NUMBER, .key = true, .text = "adam: added to the root (1e-8)"},
    {.name = "weight_decay", .kind = ARG_NUMBER, .key = true, .text = "adamw: 0.01; else 0"},
    {.kind = ARG_END},
};

static const char *const optim_examples[] = {
    "optim adamw lr=1e-3",
    "optim momentum lr=0.1 momentum=0.95",
    "optim lr=3e-4",
    NULL,
};

static Status take_options(Args *args, OptimSpec *spec)
{
    if (args_has(args, "optimizer"))
        TRY(optim_spec(args_text(args, "optimizer"), spec));
    spec->lr = args_number(args, "lr", spec->lr);
    spec->momentum = args_number(args, "momentum", spec->momentum);
    spec->beta1 = args_number(args, "beta1", spec->beta1);
    spec->beta2 = args_number(args, "beta2", spec->beta2);
    spec->eps = args_number(args, "eps", spec->eps);
    spec->weight_decay = args_number(args, "weight_decay", spec->weight_decay);
    return optim_check(spec);
}

static Status optim_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));
    Text what = {0};
    Status status = ok();

    TRY(take_options(args, &wanted.optim));
    phrase_optim(&wanted, &what);
    if (args_empty(args))
        repl_print(repl, "%s\n", text_chars(&what));
    else
        status = repl_apply(repl, &wanted, text_chars(&what));
    text_release(&what);
    return status;
}

const Command optim_command = {
    .name = "optim",
    .summary = "choose the optimizer and its settings",
    .task = TASK_BUILD,
    .args = optim_args,
    .examples = optim_examples,
    .more = "All state is fp32. A new kind begins with empty state; without a kind the options "
            "change the present one, which keeps its state.",
    .run = optim_run,
};

/* optim KIND [lr= momentum= ...]: how weights move. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"

static const char *const state_formats[] = {"fp32", "fp16", "bf16", NULL};

static const char *const momenta[] = {"momentum", NULL};
static const char *const moments[] = {"adam", "adamw", NULL};
static const char *const stateful[] = {"momentum", "adam", "adamw", NULL};

static const ArgSpec optim_args[] = {
    {.name = "optimizer",
     .kind = ARG_NAME,
     .optional = true,
     .names = NAMES_OPTIMIZERS,
     .shown = "KIND",
     .text = "sgd, momentum, adam or adamw, at PyTorch's defaults"},
    {.name = "lr", .kind = ARG_NUMBER, .key = true, .text = "learning rate"},
    {.name = "momentum",
     .kind = ARG_NUMBER,
     .key = true,
     .with = momenta,
     .text = "momentum (0.9)"},
    {.name = "beta1",
     .kind = ARG_NUMBER,
     .key = true,
     .with = moments,
     .text = "adam: decay of the mean (0.9)"},
    {.name = "beta2",
     .kind = ARG_NUMBER,
     .key = true,
     .with = moments,
     .text = "adam: of the square (0.999)"},
    {.name = "eps",
     .kind = ARG_NUMBER,
     .key = true,
     .with = moments,
     .text = "adam: added to the root (1e-8)"},
    {.name = "weight_decay", .kind = ARG_NUMBER, .key = true, .text = "adamw: 0.01; else 0"},
    {.name = "states",
     .kind = ARG_CHOICE,
     .key = true,
     .with = stateful,
     .choices = state_formats,
     .text = "what momenta and moments are kept in (fp32)"},
    {.kind = ARG_END},
};

static const char *const optim_examples[] = {
    "optim adamw lr=1e-3",
    "optim momentum lr=0.1 momentum=0.95",
    "optim lr=3e-4",
    "optim adamw states=bf16",
    NULL,
};

static Status take_states(Args *args, OptimSpec *spec)
{
    if (!args_has(args, "states"))
        return ok();
    args_blame(args, "states");
    TRY(optim_takes(spec, "states"));
    return format_parse(args_text(args, "states"), &spec->states);
}

/* Each is checked as it is taken, so that the fault is shown at its place. */
static Status take_options(Args *args, OptimSpec *spec)
{
    const struct {
        const char *name;
        double *field;
    } options[] = {{"lr", &spec->lr},       {"momentum", &spec->momentum},
                   {"beta1", &spec->beta1}, {"beta2", &spec->beta2},
                   {"eps", &spec->eps},     {"weight_decay", &spec->weight_decay}};

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (!args_has(args, options[i].name))
            continue;
        args_blame(args, options[i].name);
        TRY(optim_takes(spec, options[i].name));
        *options[i].field = args_number(args, options[i].name, 0.0);
        TRY(optim_check(spec));
    }
    return take_states(args, spec);
}

static Status take_all(Args *args, OptimSpec *spec)
{
    args_blame(args, "optimizer");
    if (args_has(args, "optimizer"))
        TRY(optim_spec(args_text(args, "optimizer"), spec));
    return take_options(args, spec);
}

static Status optim_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));

    TRY(take_all(args, &wanted.optim));
    return repl_take(repl, args, &wanted, SETTING_OPTIM);
}

const Command optim_command = {
    .name = "optim",
    .summary = "choose the optimizer and its settings",
    .task = TASK_BUILD,
    .args = optim_args,
    .examples = optim_examples,
    .more =
        "A new kind begins with empty state; without a kind the options change the present one, "
        "which keeps its state. States are fp32, unless states=fp16 or states=bf16 keeps "
        "momenta and moments in 16 bits. Adam's eps is then held in their format too, as PyTorch "
        "holds it beside half parameters: 1e-8 is 0 in fp16, and steps become inf or nan where "
        "the squares of gradients underflow. `why` says so.",
    .run = optim_run,
};

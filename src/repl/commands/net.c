/* net WIDTHS... [act=] or net "LAYER, LAYER, ...": the network. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"

static const ArgSpec net_args[] = {
    {.name = "layers",
     .kind = ARG_WORDS,
     .optional = true,
     .names = NAMES_LAYERS,
     .shown = "WIDTHS|\"LAYERS\"",
     .text = "widths from inputs to outputs, or a list of layers in quotes"},
    {.name = "act",
     .kind = ARG_NAME,
     .key = true,
     .names = NAMES_ACTIVATIONS,
     .text = "activation between the widths (relu)"},
    {.kind = ARG_END},
};

static const char *const net_examples[] = {
    "net 784 256 128 10",
    "net 784 64 10 act=tanh",
    "net \"flatten, linear 256, gelu, linear 10\"",
    NULL,
};

static Status net_change(Repl *repl, Args *args, Settings *wanted)
{
    const char *act = args_has(args, "act") ? args_text(args, "act") : "relu";
    const char *layers = args_text(args, "layers");
    Text what = {0};
    Status status;

    if (layers == NULL)
        return fail(STATUS_USAGE, "act= goes with the widths; try net 784 256 128 10 act=%s", act);
    args_blame(args, "layers");
    TRY(net_parse(layers, act, &wanted->net));
    settings_part(wanted, SETTING_NET, &what);
    status = repl_begin(repl, wanted, text_chars(&what));
    text_release(&what);
    repl_check_later(repl);
    return status;
}

static Status net_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));
    Text what = {0};

    if (!args_empty(args))
        return net_change(repl, args, &wanted);
    settings_part(&wanted, SETTING_NET, &what);
    repl_print(repl, "%s\n", text_chars(&what));
    text_release(&what);
    return ok();
}

const Command net_command = {
    .name = "net",
    .summary = "build the network",
    .task = TASK_BUILD,
    .args = net_args,
    .examples = net_examples,
    .more =
        "`net 784 256 128 10` has linear layers fc1 (784 to 256), fc2 and fc3 with an activation "
        "between them. Weights begin as PyTorch's do. `help layers` lists the layers.",
    .run = net_run,
};

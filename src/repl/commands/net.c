/* net WIDTHS... [act=], net "LAYER, LAYER, ..." or net NAME: the network. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"

static const ArgSpec net_args[] = {
    {.name = "layers",
     .kind = ARG_WORDS,
     .optional = true,
     .names = NAMES_NETS,
     .shown = "WIDTHS|\"LAYERS\"|NAME",
     .text = "widths from inputs to outputs, a list of layers in quotes, or the name of a net"},
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
    "net \"conv 8 k=3 pad=1, relu, pool 2, flatten, linear 10\"",
    "net \"flatten, linear 64, relu, residual (linear 64, relu), linear 10\"",
    "net lenet",
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
    TRY(session_check_layers(repl_session(repl), &wanted->net));
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
        "between them. Weights begin as PyTorch's do. `help layers` lists the layers. "
        "conv, pool and avgpool take pictures, channels x height x width: `data fashion` gives 1 x "
        "28 x "
        "28. flatten makes a row of numbers of them, as linear needs it. residual (A, B) is "
        "the sum of what came and what A, B make of it; behind | stands a shortcut that what came "
        "takes: residual (A, B | S). `net mlp`, `net lenet` and `net resnet-tiny` have a name; "
        "`show "
        "net` tells the shape that each layer gives.",
    .run = net_run,
};

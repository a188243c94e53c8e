/* loss KIND [weight=]: what training makes small. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"

static const ArgSpec loss_args[] = {
    {.name = "loss",
     .kind = ARG_NAME,
     .optional = true,
     .names = NAMES_LOSSES,
     .shown = "KIND",
     .text = "cross-entropy for classes, mse for numbers"},
    {.name = "weight",
     .kind = ARG_NUMBER,
     .key = true,
     .least = 1e-30,
     .most = 1e30,
     .text = "multiplies the loss before it is scaled (1)"},
    {.kind = ARG_END},
};

static const char *const loss_examples[] = {
    "loss cross-entropy",
    "loss weight=1e-4",
    NULL,
};

static Status loss_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));
    Status status;

    if (args_has(args, "loss")) {
        text_copy(wanted.loss.kind, sizeof(wanted.loss.kind), args_text(args, "loss"));
        wanted.loss.weight = 1.0F;
    }
    wanted.loss.weight = (float)args_number(args, "weight", (double)wanted.loss.weight);
    status = repl_take(repl, args, &wanted, SETTING_LOSS);
    repl_check_later(repl);
    return status;
}

const Command loss_command = {
    .name = "loss",
    .summary = "choose what training makes small",
    .task = TASK_BUILD,
    .args = loss_args,
    .examples = loss_examples,
    .more =
        "The loss is computed in fp32. A small weight makes every gradient small: such auxiliary "
        "losses are where fp16 fails without a word.",
    .run = loss_run,
};

/* lr VALUE: the learning rate, from the next step on. */
#include "repl/commands.h"

#include "base/number.h"
#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"

static const ArgSpec lr_args[] = {
    {.name = "rate",
     .kind = ARG_NUMBER,
     .optional = true,
     .shown = "VALUE",
     .text = "the learning rate"},
    {.kind = ARG_END},
};

static const char *const lr_examples[] = {"lr 3e-4", NULL};

static Status lr_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));
    Text what = {0};
    Status status;

    wanted.optim.lr = args_number(args, "rate", wanted.optim.lr);
    if (args_empty(args)) {
        char number[NUMBER_TEXT];

        repl_print(repl, "lr %s\n", number_shortest(wanted.optim.lr, number));
        return ok();
    }
    args_blame(args, "rate");
    TRY(optim_check(&wanted.optim));
    settings_part(&wanted, SETTING_OPTIM, &what);
    status = repl_apply(repl, &wanted, text_chars(&what));
    text_release(&what);
    return status;
}

const Command lr_command = {
    .name = "lr",
    .summary = "set the learning rate; short for optim lr=VALUE",
    .task = TASK_BUILD,
    .args = lr_args,
    .examples = lr_examples,
    .run = lr_run,
};

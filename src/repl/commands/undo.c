/* undo: bring back what net, data, seed, loss or reset replaced. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

static const char *const undo_examples[] = {"train 5; net 784 32 10; undo", NULL};

static Status undo_run(Repl *repl, Args *args)
{
    Text what = {0};
    Status status = session_undo(repl_session(repl), &what);

    (void)args;
    if (!failed(status))
        repl_note(repl, "back: %s", text_chars(&what));
    text_release(&what);
    repl_check_later(repl);
    return status;
}

const Command undo_command = {
    .name = "undo",
    .summary = "bring back the run that data, net, loss, seed or reset replaced",
    .task = TASK_BUILD,
    .needs = ACTS_ON_ALL,
    .examples = undo_examples,
    .run = undo_run,
};

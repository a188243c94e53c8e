/* backend [NAME]: what computes, and why; or something else from now on. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

static const ArgSpec backend_args[] = {
    {.name = "name",
     .kind = ARG_WORD,
     .optional = true,
     .names = NAMES_BACKENDS,
     .shown = "auto|cpu|cuda|cuda:N",
     .text = "cuda:1 is the second GPU; auto takes cuda where it works, else the cpu"},
    {.kind = ARG_END},
};

static const char *const backend_examples[] = {"backend", "backend cpu", NULL};

static Status backend_run(Repl *repl, Args *args)
{
    Session *session = repl_session(repl);
    int64_t step;

    if (!args_has(args, "name")) {
        repl_print(repl, "%s\n", session_backend(session));
        return ok();
    }
    args_blame(args, "name");
    TRY(session_switch(session, args_text(args, "name"), &step));
    repl_acknowledge(repl, step, session_backend(session));
    return ok();
}

const Command backend_command = {
    .name = "backend",
    .summary = "say what computes, and why; or let another go on with the run",
    .task = TASK_SESSION,
    .needs = ACTS_ON_ALL,
    .args = backend_args,
    .examples = backend_examples,
    .more =
        "The run goes on from the same bits of weights, optimizer and loss scale, also while it "
        "trains. Two backends add up products in different orders, so what follows differs in "
        "last bits. At the start: halfstep --backend auto|cpu|cuda|cuda:N. Where a GPU is lost "
        "during a training, the run goes on with the cpu from the newest step that was copied.",
    .run = backend_run,
};

/* use NAME: which run commands are for where they name none. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/find_run.h"
#include "repl/repl.h"

static const ArgSpec use_args[] = {
    {.name = "name",
     .kind = ARG_WORD,
     .optional = true,
     .names = NAMES_RUNS,
     .shown = "NAME",
     .text = "a run; `runs` lists them"},
    {.kind = ARG_END},
};

static const char *const use_examples[] = {"fork b; use b; autocast bf16", NULL};

static Status use_run(Repl *repl, Args *args)
{
    Session *session = repl_session(repl);
    int run;

    if (args_has(args, "name")) {
        args_blame(args, "name");
        TRY(find_run(session, args_text(args, "name"), &run));
        TRY(session_use(session, run));
    }
    repl_print(repl, "use %s\n", session_run_name(session, session_run_current(session)));
    return ok();
}

const Command use_command = {
    .name = "use",
    .summary = "choose the run that commands are for",
    .task = TASK_COMPARE,
    .needs = ONE_RUN,
    .args = use_args,
    .examples = use_examples,
    .more = "`NAME: COMMAND` is for one command alone, and leaves the run in use as it is.",
    .run = use_run,
};

/* drop NAME: a run fewer. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/find_run.h"
#include "repl/repl.h"

static const ArgSpec drop_args[] = {
    {.name = "name",
     .kind = ARG_WORD,
     .names = NAMES_RUNS,
     .shown = "NAME",
     .text = "a run; `runs` lists them"},
    {.kind = ARG_END},
};

static const char *const drop_examples[] = {"fork b; train 5; drop b", NULL};

static Status drop_run(Repl *repl, Args *args)
{
    Session *session = repl_session(repl);
    const char *name = args_text(args, "name"), *used;
    bool kept, was_used;
    int run;

    args_blame(args, "name");
    TRY(find_run(session, name, &run));
    was_used = run == session_run_current(session);
    TRY(session_drop(session, run, &kept));
    used = session_run_name(session, session_run_current(session));
    repl_note(repl, "%s is gone%s%s; %s", name, was_used ? ", and in use is " : "",
              was_used ? used : "",
              kept ? "`undo` brings all runs back as they were" : "undo cannot bring it back");
    return ok();
}

const Command drop_command = {
    .name = "drop",
    .summary = "end one of several runs; the others go on",
    .task = TASK_COMPARE,
    .needs = ONE_RUN,
    .args = drop_args,
    .examples = drop_examples,
    .run = drop_run,
};

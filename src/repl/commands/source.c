/* source FILE: run the commands of a file. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/execute.h"
#include "repl/repl.h"

static const ArgSpec source_args[] = {
    {.name = "file",
     .kind = ARG_WORD,
     .names = NAMES_FILES,
     .shown = "FILE",
     .text = "plain text, a line of commands each"},
    {.kind = ARG_END},
};

static const char *const source_examples[] = {"source warmup.halfstep", NULL};

static Status source_run(Repl *repl, Args *args)
{
    args_blame(args, "file");
    return execute_file(repl, args_text(args, "file"));
}

const Command source_command = {
    .name = "source",
    .summary = "run the commands of a file",
    .task = TASK_SESSION,
    .needs = ONE_RUN,
    .args = source_args,
    .examples = source_examples,
    .more = "Verbs are written whole there. The first command that fails ends it. `show settings` "
            "prints lines that such a file may hold.",
    .run = source_run,
};

/* save FILE: the run, as it is now, into a file. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"

static const ArgSpec save_args[] = {
    {.name = "file",
     .kind = ARG_WORD,
     .names = NAMES_FILES,
     .shown = "FILE",
     .text = "where to; by habit it ends in .safetensors"},
    {.kind = ARG_END},
};

static const char *const save_examples[] = {"train 5; save run.safetensors", NULL};

static Status save_run(Repl *repl, Args *args)
{
    const char *path = args_text(args, "file");
    char number[NUMBER_TEXT];
    int64_t step;

    args_blame(args, "file");
    TRY(session_save(repl_session(repl), path, &step));
    repl_note(repl, "saved step %s to %s", phrase_count(step, number), path);
    return ok();
}

const Command save_command = {
    .name = "save",
    .summary = "write weights, optimizer, loss scale and position to a file",
    .task = TASK_SESSION,
    .needs = ONE_RUN,
    .args = save_args,
    .examples = save_examples,
    .more =
        "A safetensors file: PyTorch reads it, with its own names and shapes (fc1.weight is out "
        "x in, fc1.weight.exp_avg is Adam's). The settings are in it too, so `load` goes on "
        "with the same bits. An old file of that name is replaced only when the new one is "
        "whole.",
    .run = save_run,
};

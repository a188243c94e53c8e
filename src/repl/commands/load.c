/* load FILE: the run in a file becomes the present one. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

static const ArgSpec load_args[] = {
    {.name = "file",
     .kind = ARG_WORD,
     .names = NAMES_FILES,
     .shown = "FILE",
     .text = "what save wrote, or weights that PyTorch wrote with safetensors"},
    {.kind = ARG_END},
};

static const char *const load_examples[] = {
    "train 5; save run.safetensors; reset; load run.safetensors", NULL};

static Status load_run(Repl *repl, Args *args)
{
    const char *path = args_text(args, "file");
    Text what = {0};
    Status status;

    args_blame(args, "file");
    status = session_load(repl_session(repl), path, &what);
    if (!failed(status))
        repl_note(repl, "loaded %s: %s", path, text_chars(&what));
    text_release(&what);
    repl_check_later(repl);
    return status;
}

const Command load_command = {
    .name = "load",
    .summary = "go on with the run in a file; undo brings the present one back",
    .task = TASK_SESSION,
    .needs = ONE_RUN,
    .args = load_args,
    .examples = load_examples,
    .more = "What `save` wrote brings its settings along. Any other safetensors file must hold the "
            "weights of the present network under their names (fc1.weight, fc1.bias, ...), as F32, "
            "F16 or BF16; optimizer, loss scale and position then start anew.",
    .run = load_run,
};

/* export trace FILE: what the session leaves for other programs. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"
#include "train/export.h"

#include <string.h>

static const char *const kinds[] = {"trace", "script", "pytorch", NULL};

static const ArgSpec export_args[] = {
    {.name = "export",
     .kind = ARG_CHOICE,
     .choices = kinds,
     .text = "a row for every step; the session as commands; or the experiment for PyTorch"},
    {.name = "file",
     .kind = ARG_WORD,
     .optional = true,
     .names = NAMES_FILES,
     .shown = "FILE|off",
     .text = "trace: FILE.csv or FILE.jsonl, or off to end it; script: any; pytorch: FILE.py"},
    {.kind = ARG_END},
};

static const char *const export_examples[] = {
    "export trace run.csv; train 20; export trace off",
    "export trace run.jsonl; step 3",
    "train 20; autocast bf16; train 20; export script session.halfstep",
    "train 20; export pytorch fashion.py",
    NULL,
};

static void tell_trace(Repl *repl, const TraceFacts *facts, const char *how)
{
    char number[NUMBER_TEXT];

    repl_note(repl, "%s %s %s step%s", facts->path, how, phrase_count(facts->steps, number),
              facts->steps == 1 ? "" : "s");
}

static Status trace_off(Repl *repl)
{
    TraceFacts facts;

    TRY(session_trace_end(repl_session(repl), &facts));
    tell_trace(repl, &facts, "has");
    return ok();
}

static Status trace_show(Repl *repl)
{
    TraceFacts facts = session_trace_facts(repl_session(repl));

    if (facts.armed)
        tell_trace(repl, &facts, "is being written:");
    else
        repl_note(repl, "there is no trace; try export trace run.csv");
    return ok();
}

static Status export_trace(Repl *repl, Args *args)
{
    if (!args_has(args, "file"))
        return trace_show(repl);
    args_blame(args, "file");
    if (args_is(args, "file", "off"))
        return trace_off(repl);
    TRY(session_trace(repl_session(repl), args_text(args, "file")));
    repl_note(repl, "each step is written to %s until export trace off", args_text(args, "file"));
    return ok();
}

static Status lacks_file(const char *kind, const char *example)
{
    return fail(STATUS_USAGE, "export %s lacks its file; try export %s %s", kind, kind, example);
}

static Status export_script(Repl *repl, Args *args)
{
    const char *path = args_text(args, "file");

    if (path == NULL)
        return lacks_file("script", "session.halfstep");
    args_blame(args, "file");
    TRY(session_export_script(repl_session(repl), path));
    repl_note(repl, "%s has the session as commands; source repeats it", path);
    return ok();
}

static Status export_pytorch(Repl *repl, Args *args)
{
    const char *path = args_text(args, "file");

    if (path == NULL)
        return lacks_file("pytorch", "fashion.py");
    args_blame(args, "file");
    TRY(session_export_pytorch(repl_session(repl), path));
    repl_note(repl, "%s goes on from here in PyTorch; its numbers are in %.*s.safetensors", path,
              (int)strlen(path) - 3, path);
    return ok();
}

static Status export_run(Repl *repl, Args *args)
{
    static Status (*const acts[])(Repl *, Args *) = {export_trace, export_script, export_pytorch};

    for (size_t i = 0; kinds[i] != NULL; i++) {
        if (args_is(args, "export", kinds[i]))
            return acts[i](repl, args);
    }
    return ok();
}

const Command export_command = {
    .name = "export",
    .summary = "write every step, the session as commands, or the experiment for PyTorch",
    .task = TASK_LOOK,
    .needs = ONE_RUN,
    .args = export_args,
    .examples = export_examples,
    .more =
        "trace FILE.csv writes a row a step (run, step, loss, scale as used, tracker, found_inf, "
        "skipped, lr, grad_norm, scale_next), and beside it FILE.tensors.csv a row a step and "
        "counted tensor (run, step, tensor, format, count, nan, inf, zero, overflow, underflow, "
        "subnormal, normal, amax, lost_mass) as long as probes are on. FILE.jsonl has one object "
        "a step with both; there inf and nan are strings. `run` counts on where net, undo and "
        "the like put another run in place. The files appear when the trace ends, at the latest "
        "with the program. Numbers are the shortest that read back exactly.\n\n"
        "script FILE writes the whole session as commands, each at the step at which it took "
        "effect, also while a training ran; `source FILE` repeats it to the bit on the same "
        "backend and machine, as long as the files are there that `load` and `data` read.\n\n"
        "pytorch FILE.py writes the present experiment as a PyTorch script, and beside it "
        "FILE.safetensors with data, weights and optimizer state: network, loss, optimizer, "
        "autocast and GradScaler are the same, and so are the examples of each step. "
        "python3 FILE.py --help shows what it takes: it steps on, by a CUDA graph too, and times "
        "itself.",
    .run = export_run,
};

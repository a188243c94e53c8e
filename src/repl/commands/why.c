/* why: the last skipped step, or a gradient that is wholly lost, in a sentence or two. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/explain.h"
#include "repl/repl.h"
#include "repl/wrap.h"

static const char *const why_examples[] = {"scale static 2^40; train 3; why", NULL};

static Status why_run(Repl *repl, Args *args)
{
    Snapshot snapshot = {0};
    Text text = {0}, lines = {0};

    (void)args;
    session_snapshot(repl_session(repl), &snapshot);
    explain(&snapshot, &text);
    wrap(text_chars(&text), 0, &lines);
    repl_print(repl, "%s", text_chars(&lines));
    text_release(&lines);
    text_release(&text);
    snapshot_release(&snapshot);
    return ok();
}

const Command why_command = {
    .name = "why",
    .summary = "explain the last skipped step, or a gradient that is lost",
    .task = TASK_LOOK,
    .examples = why_examples,
    .run = why_run,
};

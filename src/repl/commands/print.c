/* print EXPR, ...: metrics and what is computed from them, one line. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/measure.h"
#include "repl/repl.h"
#include "telemetry/expr.h"

static const ArgSpec print_args[] = {
    {.name = "expression",
     .kind = ARG_RAW,
     .names = NAMES_METRICS,
     .shown = "EXPR, ...",
     .text = "metrics and arithmetic; `help expressions`"},
    {.kind = ARG_END},
};

static const char *const print_examples[] = {
    "print step, loss, scale",
    "train 20; print accuracy, underflow(\"fc2.out.grad\")",
    "print 2^16 / 64k",
    NULL,
};

static Status print_values(Repl *repl, Expr *expr, Snapshot *snapshot)
{
    Text line = {0};
    Status status = measure(repl, expr_needs(expr), snapshot);

    if (!failed(status))
        status = expr_print(expr, snapshot, &line);
    if (!failed(status))
        repl_print(repl, "%s\n", text_chars(&line));
    text_release(&line);
    if (!failed(status) && expr_needs(expr).updates && !snapshot->updates)
        repl_note(repl, "updates are counted only under `probe updates`, or under `probe on` where "
                        "weights or optimizer states are not fp32");
    return status;
}

static Status print_run(Repl *repl, Args *args)
{
    Snapshot snapshot = {0};
    Expr *expr = NULL;
    Status status;

    session_snapshot(repl_session(repl), &snapshot);
    args_blame(args, "expression");
    status = expr_read(args_text(args, "expression"), &snapshot, &expr);
    if (!failed(status))
        status = print_values(repl, expr, &snapshot);
    expr_free(expr);
    snapshot_release(&snapshot);
    return status;
}

const Command print_command = {
    .name = "print",
    .summary = "print metrics, one line, tab-separated",
    .task = TASK_LOOK,
    .args = print_args,
    .examples = print_examples,
    .more = "Each number is the shortest that reads back exactly; a share of nothing is none. "
            "`help metrics` lists what there is.",
    .run = print_run,
};

/* break when EXPR: stop a training at the step at which something turns true. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"
#include "train/travel.h"

static const char *const acts[] = {"list", "clear", NULL};

static const char *const nothing[] = {NULL};

static const ArgSpec break_args[] = {
    {.name = "break",
     .kind = ARG_CHOICE,
     .optional = true,
     .choices = acts,
     .text = "list shows the conditions, as break alone does; clear lets go of them"},
    {.name = "number",
     .kind = ARG_COUNT,
     .optional = true,
     .least = 1,
     .most = 16,
     .shown = "N",
     .text = "clear: only this one of the list"},
    {.name = "when",
     .kind = ARG_RAW_AFTER,
     .names = NAMES_METRICS,
     .with = nothing,
     .shown = "EXPR",
     .text = "stop at the step at which this turns true; `help expressions`"},
    {.kind = ARG_END},
};

static const char *const break_examples[] = {
    "break when skipped >= 1; scale 2^40; train 20",
    "break when nonfinite(\"fc2.out\") > 0; break list",
    "break when loss < 0.5; break clear 1",
    NULL,
};

static Status set(Repl *repl, Args *args)
{
    const char *when = args_text(args, "when");
    int number;
    bool holds;

    args_blame(args, "when");
    TRY(session_break(repl_session(repl), when, &number, &holds));
    repl_note(repl, "break %d: training stops when %s%s", number, when,
              holds ? ": it is true already, so once it was false" : "");
    return ok();
}

static Status list(Repl *repl)
{
    Text text = {0};

    session_break_list(repl_session(repl), &text);
    if (text.length == 0)
        repl_note(repl, "no condition stops a training; try break when skipped > 3");
    else
        repl_print(repl, "%s", text_chars(&text));
    text_release(&text);
    return ok();
}

static Status clear(Repl *repl, Args *args)
{
    int number = (int)args_count(args, "number", 0);

    args_blame(args, "number");
    TRY(session_break_clear(repl_session(repl), number));
    if (number == 0)
        repl_note(repl, "no condition stops a training");
    else
        repl_note(repl, "break %d is gone; those behind it move up", number);
    return ok();
}

static Status break_run(Repl *repl, Args *args)
{
    if (args_has(args, "number") && !args_is(args, "break", "clear")) {
        args_blame(args, "number");
        return fail(STATUS_USAGE, "a number goes with clear; try break clear %lld",
                    (long long)args_count(args, "number", 1));
    }
    if (args_has(args, "when") && !args_has(args, "break"))
        return set(repl, args);
    if (args_has(args, "when"))
        return fail(STATUS_USAGE, "break takes list, clear or when, and not two of them");
    return args_is(args, "break", "clear") ? clear(repl, args) : list(repl);
}

const Command break_command = {
    .name = "break",
    .summary = "stop a training at the step at which something turns true",
    .task = TASK_TRAIN,
    .args = break_args,
    .examples = break_examples,
    .more =
        "Asked after every step of train, step and run, of the run in use when it was set; all "
        "runs "
        "stop. Tensors that it names are counted as long as it is there, whatever `probe` says; "
        "accuracy is measured at the ends of epochs. It stops where it turns true: train goes on "
        "from there, and it stops again only after it was false. Where run leaves the prompt free, "
        "the "
        "log and the next command tell of it. The list has number, run and "
        "condition, tab-separated.",
    .run = break_run,
};

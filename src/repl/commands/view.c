/* view [SETTING] [VALUE]: what the live view and the pictures show, and how. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

static const ArgSpec view_args[] = {
    {.name = "setting",
     .kind = ARG_NAME,
     .optional = true,
     .names = NAMES_VIEW,
     .shown = "SETTING",
     .text = "what to change or to ask for; alone: all of them"},
    {.name = "value",
     .kind = ARG_WORD,
     .optional = true,
     .names = NAMES_VIEWED,
     .shown = "VALUE",
     .text = "a word of the setting; without one a switch goes on, others say what holds"},
    {.kind = ARG_END},
};

static const char *const view_examples[] = {
    "view",      "view watch activation-grads", "view zoom loss",
    "view true", "view palette light",          NULL};

static void print_option(Repl *repl, const ViewOption *option)
{
    char value[VIEW_VALUE];

    repl_print(repl, "view %s %s\n", option->name, view_value(repl_view(repl), option, value));
}

static void tell(Repl *repl, const ViewOption *option)
{
    bool updates = repl_view(repl)->gaze.watched == WATCHED_UPDATES;
    char value[VIEW_VALUE];

    repl_note(repl, "view %s %s", option->name, view_value(repl_view(repl), option, value));
    if (updates && session_settings(repl_session(repl))->probes != PROBE_UPDATES)
        repl_note(repl, "updates are measured once you say probe updates");
}

static Status set(Repl *repl, const ViewOption *option, const char *value)
{
    Snapshot known = {0};
    Status status;

    session_snapshot(repl_session(repl), &known);
    status = view_set(repl_view(repl), option, value, &known);
    snapshot_release(&known);
    if (!failed(status))
        tell(repl, option);
    return status;
}

static Status view_run(Repl *repl, Args *args)
{
    const ViewOption *option = NULL;

    if (args_has(args, "setting"))
        option = view_option(args_text(args, "setting"));
    for (int i = 0; option == NULL && view_options[i].name != NULL; i++)
        print_option(repl, &view_options[i]);
    if (option == NULL)
        return ok();
    if (!args_has(args, "value") && view_is_switch(option))
        return set(repl, option, "on");
    if (!args_has(args, "value")) {
        print_option(repl, option);
        return ok();
    }
    args_blame(args, "value");
    return set(repl, option, args_text(args, "value"));
}

const Command view_command = {
    .name = "view",
    .summary = "choose what the live view and its pictures show, and how",
    .task = TASK_LOOK,
    .needs = ACTS_ON_ALL,
    .args = view_args,
    .examples = view_examples,
    .more =
        "watch all|weight-grads|activation-grads|activations|weights|updates; "
        "tensor NAME|auto: the one in focus, auto is the one that loses most; "
        "true on|off: gradients divided by the loss scale, not as stored; "
        "bars log|linear; "
        "beside NAME|auto|off: the run that stands beside the one in use; "
        "layout auto|tensors|training; "
        "zoom PANEL|off; "
        "freeze on|off: the picture stands still while the run goes on and is recorded; "
        "glyphs auto|block|braille|ascii: all of them ASCII on a terminal without UTF-8 or with "
        "blocks two columns wide; "
        "palette dark|light; "
        "contrast on|off; "
        "fps N|auto: 10 over ssh, else 30.\n\n"
        "All of it holds for the live view and for shot; of it show takes glyphs, palette and "
        "contrast.",
    .run = view_run,
};

/* show [NAME]: a panel of the live view, the program, the layers, the formats or the settings. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/names.h"
#include "repl/phrase.h"
#include "repl/repl.h"
#include "repl/show_panel.h"

#include <string.h>

static const ArgSpec show_args[] = {
    {.name = "panel",
     .kind = ARG_NAME,
     .optional = true,
     .names = NAMES_SHOWN,
     .shown = "NAME",
     .text = "a panel (`help panels`), program, net, autocast, or settings; alone: run"},
    {.name = "tensor",
     .kind = ARG_WORD,
     .optional = true,
     .names = NAMES_TENSORS,
     .shown = "TENSOR",
     .text = "which one; alone: the gradient that loses most"},
    {.name = "true", .kind = ARG_FLAG, .text = "gradients without the loss scale, not as stored"},
    {.kind = ARG_END},
};

static const char *const show_examples[] = {
    "train 20; show gradients",
    "train 20; show gradients fc1.weight.grad --true",
    "show program",
    "show net",
    "show autocast",
    "show settings",
    NULL,
};

static Status no_such_tensor(const char *name, const Snapshot *snapshot)
{
    const char *near = names_nearest(NAMES_TENSORS, snapshot, name);

    return fail(STATUS_USAGE, "there is no tensor '%.40s'; %s%s%s", name,
                near == NULL ? "`help tensors` lists them" : "did you mean ",
                near == NULL ? "" : near, near == NULL ? "" : "?");
}

static Status show_named(Repl *repl, Args *args, const char *name)
{
    const char *tensor = args_text(args, "tensor");
    Gaze gaze = {.true_values = args_has(args, "true")};
    Snapshot snapshot = {0};
    Status status = ok();

    session_snapshot(repl_session(repl), &snapshot);
    args_blame(args, "tensor");
    if (tensor != NULL && snapshot_tensor(&snapshot, tensor) == NULL)
        status = no_such_tensor(tensor, &snapshot);
    text_copy(gaze.tensor, sizeof(gaze.tensor), tensor == NULL ? "" : tensor);
    if (!failed(status))
        show_panel(repl, panel_find(name), &snapshot, &gaze);
    snapshot_release(&snapshot);
    return status;
}

/* What `show` lists besides panels: by their first letters. */
static Status print_list(Session *session, char which, Text *text)
{
    if (which == 'a')
        return session_print_autocast(session, text);
    if (which == 's') {
        settings_print(session_settings(session), "\n", text);
        return ok();
    }
    TRY(session_problem(session));
    if (which == 'n')
        return session_print_layers(session, text);
    session_print_program(session, text);
    return ok();
}

static Status show_text(Repl *repl, char which)
{
    Text text = {0};
    Status status = print_list(repl_session(repl), which, &text);

    if (failed(status)) {
        text_release(&text);
        return status;
    }
    repl_print(repl, "%s", text_chars(&text));
    if (text.length > 0 && text.chars[text.length - 1] != '\n')
        repl_print(repl, "\n");
    text_release(&text);
    return ok();
}

static Status show_run(Repl *repl, Args *args)
{
    const char *name = args_has(args, "panel") ? args_text(args, "panel") : "run";

    if (names_has(NAMES_LISTS, NULL, name))
        return show_text(repl, name[0]);
    return show_named(repl, args, name);
}

const Command show_command = {
    .name = "show",
    .summary = "draw a panel of the live view here; list the program, the layers, the formats or "
               "the settings",
    .task = TASK_LOOK,
    .args = show_args,
    .examples = show_examples,
    .run = show_run,
};

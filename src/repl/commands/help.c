/* help [TOPIC]: commands by task; a command, metric, panel, layer or term in words. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/help.h"
#include "repl/repl.h"

static const ArgSpec help_args[] = {
    {.name = "topic",
     .kind = ARG_WORDS,
     .optional = true,
     .names = NAMES_TOPICS,
     .shown = "TOPIC",
     .text = "a command, a metric, a panel, a layer, a word of the field"},
    {.kind = ARG_END},
};

static const char *const help_examples[] = {"help", "help train", "help underflow", "help metrics",
                                            NULL};

static Status help_run(Repl *repl, Args *args)
{
    const char *topic = args_text(args, "topic");
    Snapshot snapshot = {0};
    Text text = {0};
    Status status = ok();

    session_snapshot(repl_session(repl), &snapshot);
    args_blame(args, "topic");
    if (topic == NULL)
        help_overview(&text);
    else
        status = help_topic(topic, &snapshot, &text);
    repl_print(repl, "%s", text_chars(&text));
    text_release(&text);
    snapshot_release(&snapshot);
    return status;
}

const Command help_command = {
    .name = "help",
    .summary = "explain a command, a metric, or a word of the field",
    .task = TASK_SESSION,
    .needs = ACTS_ON_ALL,
    .args = help_args,
    .examples = help_examples,
    .run = help_run,
};

/* why [STORY]: what went wrong, traced to the tensor where it began, and what to try. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/explain.h"
#include "repl/repl.h"
#include "repl/wrap.h"

static const ArgSpec why_args[] = {
    {.name = "story",
     .kind = ARG_NAME,
     .optional = true,
     .names = NAMES_STORIES,
     .shown = "STORY",
     .text = "one of them (`help stories`); alone: the most important that is so"},
    {.kind = ARG_END},
};

static const char *const why_examples[] = {"scale static 2^40; train 3; why",
                                           "train 60; why growth", NULL};

static void say(Repl *repl, const Text *text)
{
    Text lines = {0};

    wrap(text_chars(text), 0, &lines);
    repl_print(repl, "%s", text_chars(&lines));
    text_release(&lines);
}

static void say_further(Repl *repl, const Case *what)
{
    Text names = {0};

    if (explain_further(what, &names))
        repl_note(repl, "also: why %s", text_chars(&names));
    text_release(&names);
}

static void answer(Repl *repl, const char *name, const Case *what)
{
    const Story *story = name == NULL ? NULL : story_find(name);
    Text text = {0};

    if (story == NULL)
        explain(what, &text);
    else if (!story->tell(what, &text))
        text_append(&text, story->otherwise);
    say(repl, &text);
    if (story == NULL)
        say_further(repl, what);
    text_release(&text);
}

static Status why_run(Repl *repl, Args *args)
{
    ExprNeeds needs = {.moved = true};
    Snapshot snapshot = {0};
    Trail trail;
    Status status = session_measure(repl_session(repl), needs, &snapshot);

    if (!failed(status))
        status = session_trail(repl_session(repl), &trail);
    if (!failed(status))
        answer(repl, args_text(args, "story"), &(Case){.snapshot = &snapshot, .trail = &trail});
    snapshot_release(&snapshot);
    return status;
}

const Command why_command = {
    .name = "why",
    .summary = "explain a skipped step, nan, a gradient that is lost, and other troubles",
    .task = TASK_LOOK,
    .args = why_args,
    .examples = why_examples,
    .more =
        "Each story looks at the run itself: the counts of the last step, its values, the weights "
        "and the past. It names the tensor where it began, gives the numbers, and says what to "
        "try.",
    .run = why_run,
};

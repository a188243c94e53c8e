/* mark [NAME]: a name for the present moment, for rewind. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"
#include "train/travel.h"

static const ArgSpec mark_args[] = {
    {.name = "name",
     .kind = ARG_WORD,
     .optional = true,
     .names = NAMES_MARKS,
     .shown = "NAME",
     .text = "what the moment is called; without it the marks are listed"},
    {.kind = ARG_END},
};

static const char *const mark_examples[] = {
    "train 20; mark before; lr 0.5; train 20; rewind to before",
    "mark",
    NULL,
};

static void list(Repl *repl)
{
    Text text = {0};

    session_mark_list(repl_session(repl), &text);
    if (text.length == 0)
        repl_note(repl, "there is no mark; mark NAME makes one, and rewind to NAME comes back");
    else
        repl_print(repl, "%s", text_chars(&text));
    text_release(&text);
}

static Status mark_run(Repl *repl, Args *args)
{
    char number[NUMBER_TEXT];
    int64_t step;

    if (!args_has(args, "name")) {
        list(repl);
        return ok();
    }
    args_blame(args, "name");
    TRY(session_mark(repl_session(repl), args_text(args, "name"), &step));
    repl_note(repl, "%s is step %s as it is now; rewind to %s comes back", args_text(args, "name"),
              phrase_count(step, number), args_text(args, "name"));
    return ok();
}

const Command mark_command = {
    .name = "mark",
    .summary = "name the present moment, for rewind to come back to",
    .task = TASK_TRAIN,
    .needs = ACTS_ON_ALL,
    .args = mark_args,
    .examples = mark_examples,
    .more = "With step and settings as they are now, of all runs. The list has name and step, "
            "tab-separated.",
    .run = mark_run,
};

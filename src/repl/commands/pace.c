/* pace N|max: steps a second at most, for run and watch. */
#include "repl/commands.h"

#include "base/number.h"
#include "repl/args.h"
#include "repl/repl.h"

static const char *const paces[] = {"max", NULL};

static const ArgSpec pace_args[] = {
    {.name = "pace",
     .kind = ARG_CHOICE_OR_NUMBER,
     .optional = true,
     .choices = paces,
     .least = 0.01,
     .most = 1e6,
     .shown = "N|max",
     .text = "steps a second; max: as fast as it goes"},
    {.kind = ARG_END},
};

static const char *const pace_examples[] = {"pace 10", "pace max", NULL};

static void describe(double pace, Text *text)
{
    char number[NUMBER_TEXT];

    text_printf(text, "pace %s", pace == 0.0 ? "max" : number_shortest(pace, number));
}

static Status pace_run(Repl *repl, Args *args)
{
    Settings wanted = *session_settings(repl_session(repl));
    Text what = {0};
    Status status = ok();

    if (args_has(args, "pace"))
        wanted.pace = args_number(args, "pace", 0.0);
    describe(wanted.pace, &what);
    if (args_has(args, "pace"))
        status = repl_apply(repl, &wanted, text_chars(&what));
    else
        repl_print(repl, "%s\n", text_chars(&what));
    text_release(&what);
    return status;
}

const Command pace_command = {
    .name = "pace",
    .summary = "limit the steps a second of run and watch",
    .task = TASK_TRAIN,
    .needs = ACTS_ON_ALL,
    .args = pace_args,
    .examples = pace_examples,
    .more = "train and step always go as fast as they can; watch begins at 60, so that the eye can "
            "follow.",
    .run = pace_run,
};

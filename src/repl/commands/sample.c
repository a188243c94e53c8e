/* sample [N] [from=] [temperature=] [seed=]: what the network writes now. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"

enum { USUAL = 200, MOST = 100000 };

static const ArgSpec sample_args[] = {
    {.name = "count",
     .kind = ARG_COUNT,
     .optional = true,
     .least = 1,
     .most = MOST,
     .shown = "N",
     .text = "how many characters (200)"},
    {.name = "from",
     .kind = ARG_WORD,
     .key = true,
     .shown = "\"TEXT\"",
     .text = "what it is to go on from (a new line)"},
    {.name = "temperature",
     .kind = ARG_NUMBER,
     .key = true,
     .least = 0,
     .most = 100,
     .text = "how daring: 1 as likely as the network says, 0 always the likeliest (1)"},
    {.name = "seed",
     .kind = ARG_COUNT,
     .key = true,
     .least = 0,
     .most = 9007199254740992.0,
     .text = "other seeds write otherwise (that of the experiment)"},
    {.kind = ARG_END},
};

static const char *const sample_examples[] = {
    "data text; net \"embedding 32, linear\"; train 20; sample 80",
    "data text; net \"embedding 32, linear\"; train 20; sample 40 from=\"Mr. \" temperature=0.5",
    NULL,
};

static Status sample_run(Repl *repl, Args *args)
{
    Session *session = repl_session(repl);
    SampleSpec spec = {
        .from = args_text(args, "from"),
        .count = args_count(args, "count", USUAL),
        .temperature = args_number(args, "temperature", 1.0),
        .seed = (uint64_t)args_count(args, "seed", (int64_t)session_settings(session)->seed),
    };
    Text text = {0};
    Status status = session_sample(session, &spec, &text);

    if (status.code == STATUS_USAGE)
        args_blame(args, "from");
    if (!failed(status))
        repl_print(repl, "%s\n", text_chars(&text));
    text_release(&text);
    return status;
}

const Command sample_command = {
    .name = "sample",
    .summary = "let a network that learns from a text write",
    .task = TASK_LOOK,
    .args = sample_args,
    .examples = sample_examples,
    .more = "Each character is drawn from what the network gives for those before it, with the "
            "weights and in the format that the run has now. The same weights and the same seed "
            "write the same; nothing of the run changes, and a training goes on behind it.",
    .run = sample_run,
};

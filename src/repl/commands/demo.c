/* demo NAME: two runs side by side from step 0, for somebody who has two minutes to show something. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/repl.h"
#include "repl/state.h"
#include "repl/watch.h"
#include "repl/wrap.h"

#include <string.h>
#include <unistd.h>

enum { DEMO_RUNS = 2 };

static const char *const demo_names[] = {"fp16-bf16", "scale", "silent", NULL};

typedef struct Demo {
    const char *base; /* the whole experiment, as settings_print has it */
    struct {
        const char *name, *autocast, *scale;
    } runs[DEMO_RUNS];
    const char *says; /* what there is to see: with what tell adds, two rows of a view */
} Demo;

/* In the order of their names. */
static const Demo demos[] = {
    {.base = "data fashion\nnet 784 256 128 10\nloss cross-entropy\noptim adamw lr=0.001\n"
             "batch 64\nseed 1\nautocast fp16\nscale off\nprobe on",
     .runs = {{"fp16", "autocast fp16", "scale dynamic interval=50"},
              {"bf16", "autocast bf16", "scale off"}},
     .says = "fp16 needs a loss scale, and finds it by skipping steps; bf16 reaches as far as "
             "fp32, and needs none"},
    {.base = "data fashion\nnet 784 256 128 10\nloss cross-entropy weight=0.001\n"
             "optim adamw lr=0.001\nbatch 64\nseed 1\nautocast fp16\nscale off\nprobe on",
     .runs = {{"plain", "autocast fp16", "scale static 1"},
              {"scaled", "autocast fp16", "scale static 65536"}},
     .says = "loss scale 1 and 2^16. A power of two changes no bit until values underflow; `runs` "
             "says at which step"},
    {.base = "data fashion size=14 target=input\nnet 196 32 196 act=tanh\nloss mse weight=0.0001\n"
             "optim momentum lr=30000\nbatch 128\nseed 1\nautocast fp16\nscale off\nprobe on",
     .runs = {{"silent", "autocast fp16", "scale off"},
              {"scaled", "autocast fp16", "scale static 1024"}},
     .says = "without a loss scale every gradient underflows, and nothing warns: no nan, no skip. "
             "With 2^10 it learns"},
};

enum { DEMOS = sizeof(demos) / sizeof(demos[0]) };

static const ArgSpec demo_args[] = {
    {.name = "demo",
     .kind = ARG_CHOICE,
     .choices = demo_names,
     .shown = "fp16-bf16|scale|silent",
     .text = "two formats; loss scale 1 and 2^16; a training that fails without a sign"},
    {.kind = ARG_END},
};

static const char *const demo_examples[] = {"demo scale; train 20; runs", "demo fp16-bf16",
                                            "demo silent", NULL};

/* The pace is the learner's. */
static Status set_stage(Repl *repl, const char *name, const Demo *demo)
{
    Settings base = *session_settings(repl_session(repl));
    StagedRun runs[DEMO_RUNS];
    char command[64] = "demo ";

    TRY(settings_read(demo->base, &base));
    for (int i = 0; i < DEMO_RUNS; i++) {
        runs[i].settings = base;
        text_copy(runs[i].name, sizeof runs[i].name, demo->runs[i].name);
        TRY(settings_read_part(demo->runs[i].autocast, &runs[i].settings));
        TRY(settings_read_part(demo->runs[i].scale, &runs[i].settings));
    }
    text_copy(command + strlen(command), sizeof command - strlen(command), name);
    return session_stage(repl_session(repl), runs, DEMO_RUNS, command);
}

static void tell(Repl *repl, const Demo *demo)
{
    Text words = {0}, lines = {0};

    text_printf(&words, "%s and %s: %s. `undo` goes back.", demo->runs[0].name, demo->runs[1].name,
                demo->says);
    wrap(text_chars(&words), 0, &lines);
    repl_note(repl, "%.*s", (int)lines.length - 1, text_chars(&lines));
    text_release(&lines);
    text_release(&words);
}

static bool has_screen(const Repl *repl)
{
    return repl->watch != NULL ||
           (repl_at_prompt(repl) && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
}

/* Whatever was looked at before, both runs are seen whole. */
static void look_at_both(ViewSettings *view)
{
    view->gaze = (Gaze){.tensor = ""};
    view->beside[0] = '\0';
    view->frozen = false;
}

static Status open_view(Repl *repl)
{
    Goal goal = {.at_pace = true};

    look_at_both(repl_view(repl));
    TRY(watch_open(repl));
    return session_training(repl_session(repl)) ? ok() : session_start(repl_session(repl), &goal);
}

static Status demo_run(Repl *repl, Args *args)
{
    const char *name = args_text(args, "demo");
    Status status = ok();
    int i = 0;

    while (i < DEMOS - 1 && strcmp(demo_names[i], name) != 0)
        i++;
    TRY(set_stage(repl, name, &demos[i]));
    if (has_screen(repl))
        status = open_view(repl);
    tell(repl, &demos[i]); /* in the view, where there is one */
    return status;
}

const Command demo_command = {
    .name = "demo",
    .summary = "set the stage for two runs side by side, and open the view",
    .task = TASK_COMPARE,
    .needs = ACTS_ON_ALL,
    .args = demo_args,
    .examples = demo_examples,
    .more = "The runs that are there go, as one change for undo. Where there is no terminal, only "
            "the stage is set: train, and ask `runs`, `all: print loss` or `NAME: show gradients`.",
    .run = demo_run,
};

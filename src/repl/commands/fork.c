/* fork NAME [KEY=VALUE]: a copy of the run in use, which goes on beside it under settings of its own. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/phrase.h"
#include "repl/repl.h"

#include <stdio.h>
#include <string.h>

enum { FORMAT_WORD = 16 };

static const char *const switches[] = {"on", "off", NULL};
static const char *const scales[] = {"dynamic", "static", "off", NULL};

static const ArgSpec fork_args[] = {
    {.name = "name", .kind = ARG_WORD, .shown = "NAME", .text = "what the new run is called"},
    {.name = "autocast",
     .kind = ARG_WORD,
     .key = true,
     .names = NAMES_AUTOCAST,
     .shown = "\"FORMAT ...\"|off",
     .text = "another format, as `autocast` takes it; in quotes where it has blanks"},
    {.name = "scale",
     .kind = ARG_WORD,
     .key = true,
     .choices = scales,
     .shown = "\"dynamic ...\"|\"static N\"|off|N",
     .text = "another loss scale, as `scale` takes it; in quotes where it has blanks"},
    {.name = "lr", .kind = ARG_NUMBER, .key = true, .text = "another learning rate"},
    {.name = "optim",
     .kind = ARG_WORD,
     .key = true,
     .names = NAMES_OPTIMIZERS,
     .shown = "\"KIND ...\"",
     .text = "another optimizer, as `optim` takes it"},
    {.name = "loss",
     .kind = ARG_WORD,
     .key = true,
     .names = NAMES_LOSSES,
     .shown = "\"KIND ...\"",
     .text = "another loss, as `loss` takes it"},
    {.name = "net",
     .kind = ARG_WORD,
     .key = true,
     .shown = "\"WIDTHS ...\"",
     .text = "another network, as `net` takes it; only at step 0"},
    {.name = "master",
     .kind = ARG_WORD,
     .key = true,
     .choices = switches,
     .shown = "on|off",
     .text = "weights with fp32 masters, or without"},
    {.name = "round",
     .kind = ARG_WORD,
     .key = true,
     .choices = weight_rounding_names,
     .shown = "nearest|stochastic|kahan",
     .text = "another rounding of weights without masters"},
    {.name = "fp8",
     .kind = ARG_WORD,
     .key = true,
     .shown = "\"scaling ...\"",
     .text = "other scales of fp8 casts, as `fp8` takes them"},
    {.name = "clip",
     .kind = ARG_WORD,
     .key = true,
     .choices = clip_kind_names,
     .shown = "\"norm|value N ...\"|off",
     .text = "another clipping, as `clip` takes it"},
    {.name = "probe",
     .kind = ARG_WORD,
     .key = true,
     .choices = probe_set_names,
     .shown = "off|on|weight-grads|grads|updates",
     .text = "other casts to count"},
    {.kind = ARG_END},
};

static const char *const fork_examples[] = {
    "train 5; fork b autocast=bf16 scale=off; train 5; runs",
    "fork b scale=\"static 1\"; all: print scale",
    "autocast bf16; scale off; fork b master=off round=kahan; train 5; runs",
    "fork b; b: lr 1e-2; drop b",
    "clip norm 1; fork b clip=\"norm 1 when=before-unscale\"; train 20; all: print loss",
    NULL,
};

/* One setting, read as the command of the same name would be in a saved run. */
static Status take(Args *args, const char *key, const char *value, Settings *wanted)
{
    Text line = {0};
    Status status;

    text_printf(&line, "%s %s", key, value);
    args_blame(args, key);
    status = settings_read_part(text_chars(&line), wanted);
    text_release(&line);
    if (status.code == STATUS_IO)
        return fail(STATUS_USAGE, "%s= takes what `%s` takes, and '%.40s' is not that; `help %s`",
                    key, key, value, key);
    return status;
}

static Status take_autocast(Args *args, Settings *wanted)
{
    const char *text = args_text(args, "autocast"), *near;
    char format[FORMAT_WORD];

    if (text == NULL)
        return ok();
    text_copy(format, strcspn(text, " ") < sizeof(format) ? strcspn(text, " ") + 1 : sizeof(format),
              text);
    near = names_nearest(NAMES_AUTOCAST, NULL, format);
    args_blame(args, "autocast");
    if (!names_has(NAMES_AUTOCAST, NULL, format))
        return fail(STATUS_USAGE, "there is no autocast '%s'; did you mean %s?", format,
                    near == NULL ? "fp16" : near);
    return take(args, "autocast", strcmp(text, "off") == 0 ? "fp32" : text, wanted);
}

/* Only dynamic scaling sets all of its rules; the others leave them for when it comes back. */
static Status take_scaler(Args *args, const char *text, ForkSpec *spec)
{
    ScalerSpec *scaler = &spec->settings.scaler, before = *scaler;

    TRY(take(args, "scale", text, &spec->settings));
    spec->new_scaler = true;
    if (scaler->mode == SCALE_DYNAMIC)
        return ok();
    before.mode = scaler->mode;
    before.start = scaler->mode == SCALE_OFF ? before.start : scaler->start;
    before.take_all = scaler->take_all;
    before.leave_scaled = scaler->leave_scaled;
    *scaler = before;
    return ok();
}

/* A number is the scale from now on; words are another way to scale. */
static Status take_scale(Args *args, ForkSpec *spec)
{
    const char *text = args_text(args, "scale");
    double number;

    if (text == NULL)
        return ok();
    if (failed(number_parse(text, &number)))
        return take_scaler(args, text, spec);
    args_blame(args, "scale");
    spec->scale = (float)number;
    return scaler_check(&(ScalerSpec){
        .mode = SCALE_STATIC, .start = spec->scale, .growth = 2.0, .backoff = 0.5, .interval = 1});
}

static Status take_lr(Args *args, Settings *wanted)
{
    if (!args_has(args, "lr"))
        return ok();
    args_blame(args, "lr");
    wanted->optim.lr = args_number(args, "lr", 0.0);
    return optim_check(&wanted->optim);
}

static Status take_all(Args *args, ForkSpec *spec)
{
    static const char *const plain[] = {"optim",  "loss",  "net",  "probe",
                                        "master", "round", "clip", "fp8"};

    TRY(take_autocast(args, &spec->settings));
    TRY(take_scale(args, spec));
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (args_has(args, plain[i]))
            TRY(take(args, plain[i], args_text(args, plain[i]), &spec->settings));
    if (spec->settings.master && !args_has(args, "round"))
        spec->settings.rounding = ROUNDING_NEAREST;
    return take_lr(args, &spec->settings);
}

static void tell(Repl *repl, const ForkSpec *spec, int64_t step)
{
    const Settings *from = session_settings(repl_session(repl));
    char number[NUMBER_TEXT], scale[NUMBER_TEXT];
    Text what = {0};

    settings_difference(from, &spec->settings, &what);
    if (spec->scale > 0.0f)
        text_printf(&what, "%sscale %s", what.length > 0 ? ", " : "",
                    float_friendly(spec->scale, scale));
    repl_note(repl, "%s goes on beside %s from step %s: %s", spec->name,
              session_run_name(repl_session(repl), session_run_current(repl_session(repl))),
              phrase_count(step + 1, number),
              what.length > 0 ? text_chars(&what) : "the same settings");
    text_release(&what);
}

static Status fork_run(Repl *repl, Args *args)
{
    Session *session = repl_session(repl);
    ForkSpec spec = {.name = args_text(args, "name"), .settings = *session_settings(session)};
    int64_t step;

    TRY(take_all(args, &spec));
    args_blame(args, "name");
    TRY(session_fork(session, &spec, &step));
    tell(repl, &spec, step);
    return ok();
}

const Command fork_command = {
    .name = "fork",
    .summary = "begin a run beside the one in use, a copy under other settings",
    .task = TASK_COMPARE,
    .needs = ONE_RUN,
    .args = fork_args,
    .examples = fork_examples,
    .more =
        "Up to four runs share data, seed and batches and take every step together: train, step "
        "and run train all of them. The copy has the weights, optimizer and scaler of the run in "
        "use, to the bit; only at step 0 it may have another network or kind of loss. `NAME: "
        "COMMAND` and `all: COMMAND` say which runs a command is for, `use NAME` which one is "
        "meant where none is named. data, seed and batch belong to all, and what begins a run "
        "anew (net, reset) begins all of them.",
    .run = fork_run,
};

/* scale dynamic | static VALUE | off | VALUE | simulate PATTERN: the loss scale. */
#include "repl/commands.h"

#include "repl/args.h"
#include "repl/interrupt.h"
#include "repl/phrase.h"
#include "repl/repl.h"
#include "repl/simulate.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static const char *const manners[] = {"dynamic", "static", "off", "simulate", NULL};
static const char *const on_off[] = {"on", "off", NULL};

static const char *const ruled[] = {"dynamic", "simulate", NULL};
static const char *const real[] = {"dynamic", "static", NULL};
static const char *const simulation[] = {"simulate", NULL};

static const ArgSpec scale_args[] = {
    {.name = "scale",
     .kind = ARG_CHOICE_OR_NUMBER,
     .optional = true,
     .choices = manners,
     .shown = "dynamic|static|off|simulate|VALUE",
     .text = "how to scale; a number alone sets the scale now"},
    {.name = "value",
     .kind = ARG_WORDS,
     .optional = true,
     .shown = "START|VALUE|PATTERN",
     .text = "where dynamic begins (65536), what static is, or a pattern of 0 and 1"},
    {.name = "growth",
     .kind = ARG_NUMBER,
     .key = true,
     .with = ruled,
     .text = "factor after a clean interval (2)"},
    {.name = "backoff",
     .kind = ARG_NUMBER,
     .key = true,
     .with = ruled,
     .text = "factor after an overflow (0.5)"},
    {.name = "interval",
     .kind = ARG_COUNT,
     .key = true,
     .with = ruled,
     .least = -2147483648.0,
     .most = 2147483647.0,
     .text = "clean steps in a row before it grows (2000)"},
    {.name = "floor",
     .kind = ARG_NUMBER,
     .key = true,
     .with = ruled,
     .least = 0.0,
     .most = 3.4e38,
     .text = "the scale never falls below (0; PyTorch has none)"},
    {.name = "hysteresis",
     .kind = ARG_COUNT,
     .key = true,
     .with = ruled,
     .least = 1,
     .most = 2147483647.0,
     .text = "overflows since the last growth until it backs off (1, as PyTorch)"},
    {.name = "skip",
     .kind = ARG_CHOICE,
     .key = true,
     .with = real,
     .choices = on_off,
     .text = "off, a mistake: a step with inf or nan is taken all the same"},
    {.name = "unscale",
     .kind = ARG_CHOICE,
     .key = true,
     .with = real,
     .choices = on_off,
     .text = "off, a mistake: the optimizer reads the scaled gradients"},
    {.name = "init",
     .kind = ARG_NUMBER,
     .key = true,
     .with = simulation,
     .text = "simulate: the scale at first"},
    {.name = "tracker",
     .kind = ARG_COUNT,
     .key = true,
     .with = simulation,
     .least = 0,
     .most = 2147483647.0,
     .text = "simulate: clean steps before the first"},
    {.kind = ARG_END},
};

static const char *const scale_examples[] = {
    "scale dynamic interval=50",
    "scale dynamic 1024 growth=1.5 backoff=0.8",
    "scale interval=100",
    "scale dynamic floor=1 hysteresis=2",
    "scale static 2^10",
    "scale 4096",
    "scale off",
    "scale unscale=off",
    "scale simulate 0*2000 1",
    "scale simulate 1*5 init=8 floor=2 hysteresis=2",
    NULL,
};

static const char *const factors[] = {"growth", "backoff", "interval", "floor", "hysteresis"};
static const char *const mistakes[] = {"skip", "unscale"};

#define COUNT(names) (sizeof(names) / sizeof *(names))

static bool has_any(const Args *args, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (args_has(args, names[i]))
            return true;
    return false;
}

static bool has_factors(const Args *args)
{
    return has_any(args, factors, COUNT(factors));
}

static bool has_mistakes(const Args *args)
{
    return has_any(args, mistakes, COUNT(mistakes));
}

/* A scale as fp32 holds it. */
static Status read_scale(double number, float *scale)
{
    *scale = (float)number;
    if (isinf(*scale) && !isinf(number))
        return fail(STATUS_USAGE, "the scale is an fp32 number, and this is beyond its largest, "
                                  "about 3.4e38; try 65536");
    return ok();
}

static Status take_value(Args *args, float *scale)
{
    double number;

    args_blame(args, "value");
    TRY(number_parse(args_text(args, "value"), &number));
    return read_scale(number, scale);
}

static Status refuse(Args *args, const char *name, const char *belongs)
{
    if (!args_has(args, name))
        return ok();
    args_blame(args, name);
    return fail(STATUS_USAGE, "%s belongs to scale %s; leave it out here", name, belongs);
}

/* Each is checked as it is taken, so that the fault is shown at its place. */
static Status take_factors(Args *args, ScalerSpec *spec)
{
    args_blame(args, "growth");
    spec->growth = args_number(args, "growth", spec->growth);
    TRY(scaler_check(spec));
    args_blame(args, "backoff");
    spec->backoff = args_number(args, "backoff", spec->backoff);
    TRY(scaler_check(spec));
    args_blame(args, "interval");
    spec->interval = args_count(args, "interval", spec->interval);
    spec->hysteresis = (int32_t)args_count(args, "hysteresis", spec->hysteresis);
    args_blame(args, "floor");
    return read_scale(args_number(args, "floor", (double)spec->floor), &spec->floor);
}

static void take_switch(const Args *args, const char *name, bool *off)
{
    if (args_has(args, name))
        *off = args_is(args, name, "off");
}

static void take_mistakes(const Args *args, ScalerSpec *spec)
{
    take_switch(args, "skip", &spec->take_all);
    take_switch(args, "unscale", &spec->leave_scaled);
}

static Status apply(Repl *repl, Settings *wanted)
{
    Text what = {0};
    Status status;

    TRY(scaler_check(&wanted->scaler));
    settings_part(wanted, SETTING_SCALE, &what);
    status = repl_apply(repl, wanted, text_chars(&what));
    text_release(&what);
    return status;
}

static Status scale_dynamic(Repl *repl, Args *args, Settings *wanted)
{
    wanted->scaler = scaler_spec_default();
    TRY(take_factors(args, &wanted->scaler));
    take_mistakes(args, &wanted->scaler);
    if (args_has(args, "value"))
        TRY(take_value(args, &wanted->scaler.start));
    TRY(apply(repl, wanted));
    return session_restart_scaler(repl_session(repl));
}

/* scale interval=100, scale skip=off: the scale and its tracker stay. */
static Status scale_rules(Repl *repl, Args *args, Settings *wanted)
{
    if (wanted->scaler.mode != SCALE_DYNAMIC && has_factors(args))
        return fail(STATUS_USAGE,
                    "there is no dynamic scaling to set; try scale dynamic interval=50");
    if (wanted->scaler.mode == SCALE_OFF)
        return fail(STATUS_USAGE, "scaling is off: nothing is skipped or unscaled; try scale "
                                  "dynamic first");
    TRY(take_factors(args, &wanted->scaler));
    take_mistakes(args, &wanted->scaler);
    return apply(repl, wanted);
}

static Status scale_static(Repl *repl, Args *args, Settings *wanted)
{
    if (!args_has(args, "value"))
        return fail(STATUS_USAGE, "scale static lacks its value; try scale static 1024");
    wanted->scaler.mode = SCALE_STATIC;
    wanted->scaler.take_all = wanted->scaler.leave_scaled = false;
    take_mistakes(args, &wanted->scaler);
    TRY(take_value(args, &wanted->scaler.start));
    return apply(repl, wanted);
}

static Status scale_off(Repl *repl, Args *args, Settings *wanted)
{
    TRY(refuse(args, "value", "dynamic and static"));
    wanted->scaler.mode = SCALE_OFF;
    wanted->scaler.take_all = wanted->scaler.leave_scaled = false;
    return repl_apply(repl, wanted, "scale off");
}

/* PyTorch checks the two factors and nothing else; so the curious may start anywhere. */
static Status scale_simulate(Repl *repl, Args *args, Settings *wanted)
{
    ScalerSpec spec = scaler_spec_default();
    Scaler scaler = {.scale = spec.start};
    Text lines = {0};
    Status status;

    (void)wanted;
    if (!args_has(args, "value"))
        return fail(STATUS_USAGE,
                    "scale simulate lacks its pattern of 0 and 1 (1: overflow found); "
                    "try scale simulate 0*2000 1");
    TRY(take_factors(args, &spec));
    args_blame(args, "init");
    TRY(read_scale(args_number(args, "init", (double)spec.start), &scaler.scale));
    scaler.tracker = (int32_t)args_count(args, "tracker", 0);
    args_blame(args, "value");
    status = simulate(args_text(args, "value"), &spec, &scaler, &lines);
    repl_print(repl, "%s", text_chars(&lines));
    text_release(&lines);
    return status;
}

/* Where scaling is dynamic this is GradScaler.update(new_scale): it goes on from there. */
static Status set_scale(Repl *repl, float scale)
{
    char number[NUMBER_TEXT];
    int64_t step = 0;
    Text what = {0};

    TRY(session_set_scale(repl_session(repl), scale, &step));
    text_printf(&what, "scale %s", float_friendly(scale, number));
    repl_acknowledge(repl, step, text_chars(&what));
    text_release(&what);
    return ok();
}

static Status scale_now(Repl *repl, Args *args, Settings *wanted)
{
    bool was_off = wanted->scaler.mode == SCALE_OFF;
    float scale;

    TRY(refuse(args, "value", "dynamic and static"));
    args_blame(args, "scale");
    TRY(read_scale(args_number(args, "scale", 1.0), &scale));
    TRY(set_scale(repl, scale));
    if (was_off)
        repl_note(repl, "scaling was off: it is static now; `scale dynamic` lets it move");
    return ok();
}

static Status scale_show(Repl *repl, const Settings *settings)
{
    Snapshot snapshot = {0};
    char number[NUMBER_TEXT];
    Text text = {0};

    settings_part(settings, SETTING_SCALE, &text);
    session_snapshot(repl_session(repl), &snapshot);
    if (snapshot.scaler.mode == SCALER_DYNAMIC)
        text_printf(&text, " # now %s, %d of %lld clean steps",
                    float_friendly(snapshot.scaler.scale, number), (int)snapshot.scaler.tracker,
                    (long long)snapshot.scaler.interval);
    if (snapshot.scaler.mode == SCALER_DYNAMIC && snapshot.scaler.hysteresis > 1)
        text_printf(&text, ", %d of %d overflows borne", (int)snapshot.scaler.spent,
                    (int)snapshot.scaler.hysteresis - 1);
    repl_print(repl, "%s\n", text_chars(&text));
    snapshot_release(&snapshot);
    text_release(&text);
    return ok();
}

static bool takes_factors(const Args *args)
{
    return args_is(args, "scale", "dynamic") || !args_has(args, "scale");
}

/* What would have no effect is refused, not passed over. */
static Status refuse_keys(Args *args)
{
    static const char *const simulated[] = {"init", "tracker"};
    bool alone = args_is(args, "scale", "simulate"), fixed = args_is(args, "scale", "static");
    Status status = ok();

    for (size_t i = 0; i < COUNT(simulated) && !failed(status) && !alone; i++)
        status = refuse(args, simulated[i], "simulate");
    for (size_t i = 0; i < COUNT(factors) && !failed(status) && !takes_factors(args) && !alone; i++)
        status = refuse(args, factors[i], "dynamic and simulate");
    for (size_t i = 0; i < COUNT(mistakes) && !failed(status) && !takes_factors(args) && !fixed;
         i++)
        status = refuse(args, mistakes[i], "dynamic and static");
    return status;
}

static Status scale_run(Repl *repl, Args *args)
{
    static Status (*const acts[])(Repl *, Args *, Settings *) = {scale_dynamic, scale_static,
                                                                 scale_off, scale_simulate};
    Settings wanted = *session_settings(repl_session(repl));

    TRY(refuse_keys(args));
    if (args_numeric(args, "scale"))
        return scale_now(repl, args, &wanted);
    for (size_t i = 0; manners[i] != NULL; i++) {
        if (args_is(args, "scale", manners[i]))
            return acts[i](repl, args, &wanted);
    }
    return has_factors(args) || has_mistakes(args) ? scale_rules(repl, args, &wanted)
                                                   : scale_show(repl, &wanted);
}

const Command scale_command = {
    .name = "scale",
    .summary = "set or turn off the loss scale; try the scaler alone",
    .task = TASK_PRECISION,
    .args = scale_args,
    .examples = scale_examples,
    .more =
        "dynamic is PyTorch's GradScaler, made anew: the scale begins at START, grows after "
        "`interval` clean steps and backs off at each overflow; scale interval=100 alone changes "
        "the rules and keeps the scale. Its two mistakes, skip=off and unscale=off, are there to "
        "be "
        "made on purpose; skip=on and unscale=on end them, and so does any new scale. simulate "
        "runs the scaler alone on a pattern (1: overflow "
        "found; "
        "0*2000 is 2000 clean steps) and prints step, found_inf, scale, tracker and stepped for "
        "each step, tab-separated.",
    .run = scale_run,
};

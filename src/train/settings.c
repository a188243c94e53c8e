#include "train/settings.h"

#include "amp/autocast.h"
#include "base/text.h"
#include "nn/loss_kind.h"

#include <stdio.h>
#include <string.h>

Settings settings_default(void)
{
    Settings settings = {
        .data = data_spec_default(),
        .loss = {.kind = "cross-entropy", .weight = 1.0f},
        .batch = 64,
        .seed = 1,
        .autocast = FORMAT_FP16,
        .fp8 = fp8_spec_default(),
        .master = true,
        .rounding = ROUNDING_NEAREST,
        .scaler = scaler_spec_default(),
        .probes = PROBE_ON,
        .accumulate = 1,
    };

    settings.scaler.interval = 50;
    if (failed(net_parse("784 256 128 10", "relu", &settings.net)) ||
        failed(optim_spec("adamw", &settings.optim)))
        settings.net.count = 0; /* cannot be: the texts are ours, and a test reads them */
    return settings;
}

static Status check_autocast(Format format)
{
    if (format != FORMAT_E5M2)
        return ok();
    return fail(STATUS_UNSUPPORTED, "autocast takes off, tf32, fp16, bf16 or fp8, and not %s alone",
                format_name(format));
}

static Status check_rounding(const Settings *settings)
{
    if (settings->rounding == ROUNDING_NEAREST || !settings->master)
        return ok();
    return fail(STATUS_USAGE,
                "round %s is about weights that are kept in a low format, and these have fp32 "
                "masters; say master off first",
                weight_rounding_names[settings->rounding]);
}

Builder settings_builder(const Settings *settings, Program *program)
{
    return (Builder){.program = program,
                     .low = settings->autocast,
                     .low_weights = !settings->master,
                     .fp8 = settings->fp8,
                     .keep = settings->policy.keep,
                     .force = settings->policy.force,
                     .unstable = settings->policy.unstable,
                     .rounding = settings->rounding};
}

Format settings_weights(const Settings *settings)
{
    Builder builder = settings_builder(settings, NULL);

    return builder_weights(&builder);
}

/* There .grad has the weights' format, and every product and sum in it would be rounded to that. */
static Status check_masters(const Settings *settings)
{
    if (settings_weights(settings) == FORMAT_FP32 ||
        (settings->clip.kind == CLIP_OFF && settings->accumulate == 1))
        return ok();
    return fail(STATUS_UNSUPPORTED,
                "gradients of weights without masters are neither clipped nor accumulated; say "
                "master on, or clip off and accumulate 1");
}

static Status check_numbers(const Settings *settings)
{
    if (settings->batch < 1 || settings->batch > LARGEST_BATCH)
        return fail(STATUS_USAGE, "a batch holds 1 to %d examples; try batch 64", LARGEST_BATCH);
    if (settings->accumulate < 1 || settings->accumulate > MOST_ACCUMULATED)
        return fail(STATUS_USAGE, "a step takes 1 to %d micro-batches; try accumulate 4",
                    MOST_ACCUMULATED);
    if (settings->pace != 0.0 && !(settings->pace >= 1e-3 && settings->pace <= 1e9))
        return fail(STATUS_USAGE,
                    "the pace is in steps a second, 0.001 at least; try pace 60 or max");
    return ok();
}

Status settings_fit(const Settings *settings, int64_t examples)
{
    if (settings->accumulate > 1 && settings->batch * settings->accumulate > examples)
        return fail(STATUS_SHAPE,
                    "a step of %lld batches of %lld is more than the %lld training examples; make "
                    "one of them smaller",
                    (long long)settings->accumulate, (long long)settings->batch,
                    (long long)examples);
    if (settings->batch > examples)
        return fail(STATUS_SHAPE,
                    "a batch of %lld is more than the %lld training examples; say batch %lld",
                    (long long)settings->batch, (long long)examples, (long long)examples);
    return ok();
}

Status settings_check(const Settings *settings)
{
    TRY(optim_check(&settings->optim));
    TRY(scaler_check(&settings->scaler));
    TRY(clip_check(&settings->clip));
    TRY(loss_check(&settings->loss));
    TRY(check_autocast(settings->autocast));
    TRY(fp8_check(&settings->fp8));
    TRY(policy_check(&settings->policy, settings->autocast, autocast_result(settings->autocast)));
    TRY(check_rounding(settings));
    TRY(check_masters(settings));
    return check_numbers(settings);
}

int64_t settings_examples(const Settings *settings)
{
    return settings->batch * settings->accumulate;
}

enum { WORDS = NET_TEXT + DATA_PATH };

static void add_option(Text *text, const char *name, double value, double usual)
{
    char number[NUMBER_TEXT];

    if (value != usual)
        text_printf(text, " %s=%s", name, number_shortest(value, number));
}

/* Each manner of scaling states the whole: what is not typed is as it should be. */
static void add_mistakes(const ScalerSpec *scaler, Text *text)
{
    text_append(text, scaler->take_all ? " skip=off" : "");
    text_append(text, scaler->leave_scaled ? " unscale=off" : "");
}

static void print_scale(const ScalerSpec *scaler, Text *text)
{
    const ScalerSpec usual = scaler_spec_default();
    char number[NUMBER_TEXT];

    float_friendly(scaler->start, number);
    if (scaler->mode == SCALE_OFF) {
        text_append(text, "scale off");
        return;
    }
    if (scaler->mode == SCALE_STATIC) {
        text_printf(text, "scale static %s", number);
        add_mistakes(scaler, text);
        return;
    }
    text_append(text, "scale dynamic");
    if (scaler->start != usual.start)
        text_printf(text, " %s", number);
    add_option(text, "growth", scaler->growth, usual.growth);
    add_option(text, "backoff", scaler->backoff, usual.backoff);
    add_option(text, "interval", (double)scaler->interval, (double)usual.interval);
    if (scaler->floor != usual.floor)
        text_printf(text, " floor=%s", float_friendly(scaler->floor, number));
    add_option(text, "hysteresis", (double)scaler->hysteresis, (double)usual.hysteresis);
    add_mistakes(scaler, text);
}

void settings_part(const Settings *settings, SettingPart part, Text *text)
{
    char words[WORDS];

    switch (part) {
    case SETTING_DATA:
        data_spec_print(&settings->data, words, sizeof words);
        text_printf(text, "data %s", words);
        break;
    case SETTING_NET:
        text_printf(text, "net %s", net_print(&settings->net, words, sizeof words));
        break;
    case SETTING_LOSS:
        text_printf(text, "loss %s", loss_print(&settings->loss, words, sizeof words));
        break;
    case SETTING_OPTIM:
        text_printf(text, "optim %s", optim_print(&settings->optim, words, sizeof words));
        break;
    case SETTING_BATCH:
        text_printf(text, "batch %lld", (long long)settings->batch);
        break;
    case SETTING_SEED:
        text_printf(text, "seed %llu", (unsigned long long)settings->seed);
        break;
    case SETTING_AUTOCAST:
        text_printf(text, "autocast %s", format_step_name(settings->autocast));
        policy_print(&settings->policy, text);
        break;
    case SETTING_FP8:
        text_append(text, "fp8 ");
        fp8_print(&settings->fp8, text);
        break;
    case SETTING_MASTER:
        text_printf(text, "master %s", settings->master ? "on" : "off");
        break;
    case SETTING_ROUND:
        text_printf(text, "round %s", weight_rounding_names[settings->rounding]);
        break;
    case SETTING_SCALE:
        print_scale(&settings->scaler, text);
        break;
    case SETTING_PROBE:
        text_printf(text, "probe %s", probe_set_names[settings->probes]);
        break;
    case SETTING_CLIP:
        text_append(text, "clip ");
        clip_print(&settings->clip, text);
        break;
    case SETTING_ACCUMULATE:
        text_printf(text, "accumulate %lld", (long long)settings->accumulate);
        break;
    case SETTING_PARTS:
        break;
    }
}

void settings_print(const Settings *settings, const char *between, Text *text)
{
    for (SettingPart part = SETTING_DATA; part < SETTING_PARTS; part++) {
        if (settings_left_out(settings, part))
            continue;
        if (part != SETTING_DATA)
            text_append(text, between);
        settings_part(settings, part, text);
    }
}

bool settings_left_out(const Settings *settings, SettingPart part)
{
    const Settings usual = settings_default();

    return (part == SETTING_FP8 && settings_same_part(settings, &usual, SETTING_FP8)) ||
           (part == SETTING_MASTER && settings->master) ||
           (part == SETTING_ROUND && settings->rounding == ROUNDING_NEAREST) ||
           (part == SETTING_CLIP && settings->clip.kind == CLIP_OFF) ||
           (part == SETTING_ACCUMULATE && settings->accumulate == 1);
}

bool settings_same_part(const Settings *a, const Settings *b, SettingPart part)
{
    Text a_words = {0}, b_words = {0};
    bool same;

    settings_part(a, part, &a_words);
    settings_part(b, part, &b_words);
    same = strcmp(text_chars(&a_words), text_chars(&b_words)) == 0;
    text_release(&a_words);
    text_release(&b_words);
    return same;
}

bool settings_same_run(const Settings *a, const Settings *b)
{
    return settings_same_part(a, b, SETTING_DATA) && settings_same_part(a, b, SETTING_NET) &&
           strcmp(a->loss.kind, b->loss.kind) == 0 && a->seed == b->seed;
}

bool settings_same_program(const Settings *a, const Settings *b)
{
    Settings other = *b;

    other.optim.lr = a->optim.lr; /* a scalar */
    return settings_same_run(a, b) && settings_same_part(a, &other, SETTING_OPTIM) &&
           settings_same_part(a, b, SETTING_CLIP) && a->batch == b->batch &&
           a->accumulate == b->accumulate && settings_same_part(a, b, SETTING_AUTOCAST) &&
           settings_same_part(a, b, SETTING_FP8) && a->probes == b->probes &&
           a->master == b->master && a->rounding == b->rounding;
}

/* What stands behind the verb. */
static const char *object_of(const Text *command)
{
    const char *blank = strchr(text_chars(command), ' ');

    return blank == NULL ? "" : blank + 1;
}

static void add_difference(const Settings *a, const Settings *b, SettingPart part, Text *text)
{
    Text before = {0}, after = {0};

    settings_part(a, part, &before);
    settings_part(b, part, &after);
    text_printf(text, "%s%s -> %s", text->length == 0 ? "" : ", ", text_chars(&before),
                object_of(&after));
    text_release(&before);
    text_release(&after);
}

void settings_difference(const Settings *a, const Settings *b, Text *text)
{
    for (SettingPart part = SETTING_DATA; part < SETTING_PARTS; part++)
        if (!settings_same_part(a, b, part))
            add_difference(a, b, part, text);
}

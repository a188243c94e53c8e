#include "train/settings.h"

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
        .scaler = scaler_spec_default(),
        .probes = true,
    };

    settings.scaler.interval = 50;
    if (failed(net_parse("784 256 128 10", "relu", &settings.net)) ||
        failed(optim_spec("adamw", &settings.optim)))
        settings.net.count = 0; /* cannot be: the texts are ours, and a test reads them */
    return settings;
}

static Status check_autocast(Format format)
{
    if (format == FORMAT_FP32 || format == FORMAT_FP16 || format == FORMAT_BF16)
        return ok();
    return fail(STATUS_UNSUPPORTED, "autocast takes off, fp16 or bf16; %s is not there yet",
                format_name(format));
}

static Status check_numbers(const Settings *settings)
{
    if (settings->batch < 1 || settings->batch > LARGEST_BATCH)
        return fail(STATUS_USAGE, "a batch holds 1 to %d examples; try batch 64", LARGEST_BATCH);
    if (!(settings->pace >= 0.0 && settings->pace <= 1e9))
        return fail(STATUS_USAGE, "the pace is in steps a second; try pace 60 or pace max");
    return ok();
}

Status settings_check(const Settings *settings)
{
    TRY(optim_check(&settings->optim));
    TRY(scaler_check(&settings->scaler));
    TRY(loss_check(&settings->loss));
    TRY(check_autocast(settings->autocast));
    return check_numbers(settings);
}

enum { WORDS = DATA_PATH + 64 };

static bool same_data(const Settings *a, const Settings *b)
{
    char a_words[WORDS], b_words[WORDS];

    data_spec_print(&a->data, a_words, sizeof a_words);
    data_spec_print(&b->data, b_words, sizeof b_words);
    return strcmp(a_words, b_words) == 0;
}

static bool same_net(const Settings *a, const Settings *b)
{
    char a_words[WORDS], b_words[WORDS];

    return strcmp(net_print(&a->net, a_words, sizeof a_words),
                  net_print(&b->net, b_words, sizeof b_words)) == 0;
}

/* But for the learning rate, which is a scalar. */
static bool same_optim(const Settings *a, const Settings *b)
{
    char a_words[WORDS], b_words[WORDS];
    OptimSpec other = b->optim;

    other.lr = a->optim.lr;
    return strcmp(optim_print(&a->optim, a_words, sizeof a_words),
                  optim_print(&other, b_words, sizeof b_words)) == 0;
}

bool settings_same_run(const Settings *a, const Settings *b)
{
    return same_data(a, b) && same_net(a, b) && strcmp(a->loss.kind, b->loss.kind) == 0 &&
           a->seed == b->seed;
}

bool settings_same_program(const Settings *a, const Settings *b)
{
    return settings_same_run(a, b) && same_optim(a, b) && a->batch == b->batch &&
           a->autocast == b->autocast && a->probes == b->probes;
}

static void print_scaler(const ScalerSpec *spec, Text *text)
{
    char number[NUMBER_TEXT];

    if (spec->mode == SCALE_OFF)
        text_append(text, "scale off");
    else if (spec->mode == SCALE_STATIC)
        text_printf(text, "scale static %s", number_friendly((double)spec->start, number));
    else
        text_printf(text, "scale dynamic %s interval=%lld",
                    number_friendly((double)spec->start, number), (long long)spec->interval);
}

void settings_print(const Settings *settings, Text *text)
{
    char words[WORDS];

    data_spec_print(&settings->data, words, sizeof words);
    text_printf(text, "data %.80s; ", words);
    text_printf(text, "net %s; ", net_print(&settings->net, words, sizeof words));
    text_printf(text, "loss %s; ", loss_print(&settings->loss, words, sizeof words));
    text_printf(text, "optim %s; ", optim_print(&settings->optim, words, sizeof words));
    text_printf(text, "batch %lld; autocast %s; ", (long long)settings->batch,
                format_name(settings->autocast));
    print_scaler(&settings->scaler, text);
}

static void differ(Text *text, const char *name, const char *before, const char *after)
{
    if (strcmp(before, after) != 0)
        text_printf(text, "%s%s %.40s -> %.40s", text->length == 0 ? "" : ", ", name, before,
                    after);
}

void settings_difference(const Settings *a, const Settings *b, Text *text)
{
    char before[WORDS], after[WORDS];
    Text scale_a = {0}, scale_b = {0};

    differ(text, "optim", optim_print(&a->optim, before, sizeof before),
           optim_print(&b->optim, after, sizeof after));
    differ(text, "loss", loss_print(&a->loss, before, sizeof before),
           loss_print(&b->loss, after, sizeof after));
    differ(text, "autocast", format_name(a->autocast), format_name(b->autocast));
    number_shortest((double)a->batch, before);
    number_shortest((double)b->batch, after);
    differ(text, "batch", before, after);
    print_scaler(&a->scaler, &scale_a);
    print_scaler(&b->scaler, &scale_b);
    if (strcmp(text_chars(&scale_a), text_chars(&scale_b)) != 0)
        text_printf(text, "%s%s", text->length == 0 ? "" : ", ", text_chars(&scale_b));
    text_release(&scale_a);
    text_release(&scale_b);
}

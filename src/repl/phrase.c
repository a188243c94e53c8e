#include "repl/phrase.h"

#include <stdio.h>
#include <string.h>

enum { LINE = 1024 };

const char *phrase_count(int64_t count, char text[NUMBER_TEXT])
{
    char digits[NUMBER_TEXT];
    int length = snprintf(digits, sizeof(digits), "%lld", (long long)count);
    int to = 0;

    for (int i = 0; i < length && to < NUMBER_TEXT - 2; i++) {
        bool first = i == 0 || digits[i - 1] == '-';

        if (!first && (length - i) % 3 == 0)
            text[to++] = ',';
        text[to++] = digits[i];
    }
    text[to] = '\0';
    return text;
}

const char *phrase_ordinal(int64_t number, char text[NUMBER_TEXT])
{
    static const char *const endings[] = {"th", "st", "nd", "rd"};
    int64_t last = number % 10, tens = number / 10 % 10;
    char digits[NUMBER_TEXT];

    snprintf(text, NUMBER_TEXT, "%.26s%s", phrase_count(number, digits),
             endings[tens != 1 && last < 4 ? last : 0]);
    return text;
}

const char *phrase_measure(Measure measure, char text[NUMBER_TEXT])
{
    if (measure.none)
        text_copy(text, NUMBER_TEXT, "none");
    else
        snprintf(text, NUMBER_TEXT, "%.4g", measure.value);
    return text;
}

void phrase_data(const Settings *settings, Text *text)
{
    DataSpec spec = settings->data;
    char line[LINE];

    spec.seed = 0; /* it is the experiment's, and has a command of its own */
    data_spec_print(&spec, line, sizeof(line));
    text_printf(text, "data %s", line);
}

void phrase_net(const Settings *settings, Text *text)
{
    char line[LINE];

    text_printf(text, "net %s", net_print(&settings->net, line, sizeof(line)));
}

static void print_option(Text *text, const char *name, double value, double usual)
{
    char number[NUMBER_TEXT];

    if (value != usual)
        text_printf(text, " %s=%s", name, number_shortest(value, number));
}

void phrase_loss(const Settings *settings, Text *text)
{
    char number[NUMBER_TEXT];

    text_printf(text, "loss %s", settings->loss.kind);
    if (settings->loss.weight != 1.0F)
        text_printf(text, " weight=%s", float_shortest(settings->loss.weight, number));
}

void phrase_optim(const Settings *settings, Text *text)
{
    char line[LINE];

    text_printf(text, "optim %s", optim_print(&settings->optim, line, sizeof(line)));
}

void phrase_autocast(const Settings *settings, Text *text)
{
    bool off = settings->autocast == FORMAT_FP32;

    text_printf(text, "autocast %s", off ? "off" : format_name(settings->autocast));
}

void phrase_scale(const Settings *settings, Text *text)
{
    const ScalerSpec *scaler = &settings->scaler;
    const ScalerSpec usual = scaler_spec_default();
    char number[NUMBER_TEXT];

    if (scaler->mode == SCALE_OFF) {
        text_append(text, "scale off");
        return;
    }
    number_friendly((double)scaler->start, number);
    if (scaler->mode == SCALE_STATIC) {
        text_printf(text, "scale static %s", number);
        return;
    }
    text_append(text, "scale dynamic");
    if (scaler->start != usual.start)
        text_printf(text, " %s", number);
    print_option(text, "growth", scaler->growth, usual.growth);
    print_option(text, "backoff", scaler->backoff, usual.backoff);
    print_option(text, "interval", (double)scaler->interval, (double)usual.interval);
}

void phrase_settings(const Settings *settings, const char *between, Text *text)
{
    static void (*const parts[])(const Settings *, Text *) = {phrase_data, phrase_net, phrase_loss,
                                                              phrase_optim};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        parts[i](settings, text);
        text_append(text, between);
    }
    text_printf(text, "batch %lld%s", (long long)settings->batch, between);
    text_printf(text, "seed %llu%s", (unsigned long long)settings->seed, between);
    phrase_autocast(settings, text);
    text_append(text, between);
    phrase_scale(settings, text);
}

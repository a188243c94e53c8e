#include "repl/scale_losses.h"

#include "base/number.h"
#include "repl/phrase.h"
#include "view/words.h"

#include <math.h>
#include <stdio.h>

static void add_scaled(ScaleLosses *losses, int scale, const float *values, int64_t count)
{
    float scaled[COUNT_BLOCK], stored[COUNT_BLOCK], factor = ldexpf(1.0F, scale);

    for (int64_t at = 0; at < count; at += COUNT_BLOCK) {
        int64_t block = count - at < COUNT_BLOCK ? count - at : COUNT_BLOCK;

        for (int64_t i = 0; i < block; i++)
            scaled[i] = values[at + i] * factor;
        cast_counted(losses->format, OVERFLOW_INFINITY, scaled, stored, block,
                     &losses->counts[scale]);
    }
}

void scale_losses_add(ScaleLosses *losses, const float *values, int64_t count)
{
    for (int scale = 0; scale < LOSS_SCALES; scale++)
        add_scaled(losses, scale, values, count);
    losses->infinite = losses->counts[0].classes[CAST_INF];
}

int64_t scale_losses_overflow(const ScaleLosses *losses, int scale)
{
    const int64_t *classes = losses->counts[scale].classes;

    return classes[CAST_OVERFLOW] + classes[CAST_INF] - losses->infinite;
}

static Measure share(double part, double whole)
{
    Measure none = {.none = true}, some = {.value = part / whole};

    return whole > 0.0 ? some : none;
}

/* Of the mass at this scale; powers of two leave the share as it is. */
static Measure lost(const CastCounts *counts)
{
    return share(counts->lost_mass, counts->mass);
}

static Measure underflow(const CastCounts *counts)
{
    return share((double)counts->classes[CAST_UNDERFLOW], (double)cast_counts_nonzero(counts));
}

static bool is_same(const ScaleLosses *losses, int one, int other)
{
    const int64_t *a = losses->counts[one].classes, *b = losses->counts[other].classes;

    return a[CAST_UNDERFLOW] == b[CAST_UNDERFLOW] && a[CAST_SUBNORMAL] == b[CAST_SUBNORMAL] &&
           scale_losses_overflow(losses, one) == scale_losses_overflow(losses, other);
}

static void print_row(const ScaleLosses *losses, int from, int to, Text *text)
{
    const CastCounts *counts = &losses->counts[from];
    char scales[32], parts[5][NUMBER_TEXT];

    snprintf(scales, sizeof scales, from == to ? "2^%d" : "2^%d to 2^%d", from, to);
    text_printf(text, "%-6s %-12s %12s %9s %10s %12s %12s\n", format_name(losses->format), scales,
                phrase_count(counts->classes[CAST_UNDERFLOW], parts[0]),
                words_share(underflow(counts), parts[1]), words_share(lost(counts), parts[2]),
                phrase_count(counts->classes[CAST_SUBNORMAL], parts[3]),
                phrase_count(scale_losses_overflow(losses, from), parts[4]));
}

void scale_losses_table(const ScaleLosses *losses, Text *text)
{
    if (text->length == 0)
        text_printf(text, "%-6s %-12s %12s %9s %10s %12s %12s\n", "format", "scale", "underflow",
                    "share", "lost mass", "subnormal", "overflow");
    for (int from = 0, to; from < LOSS_SCALES; from = to + 1) {
        for (to = from; to + 1 < LOSS_SCALES && is_same(losses, from, to + 1); to++)
            continue;
        print_row(losses, from, to, text);
    }
}

void scale_losses_csv_heads(Text *text)
{
    text_append(text, "format,scale,count,nonzero,underflow,lost_mass,subnormal,overflow\n");
}

void scale_losses_csv(const ScaleLosses *losses, Text *text)
{
    char number[NUMBER_TEXT];

    for (int scale = 0; scale < LOSS_SCALES; scale++) {
        const CastCounts *counts = &losses->counts[scale];
        Measure mass = lost(counts);

        text_printf(text, "%s,%.0f,%lld,%lld,%lld,%s,%lld,%lld\n", format_name(losses->format),
                    ldexp(1.0, scale), (long long)counts->count,
                    (long long)cast_counts_nonzero(&losses->counts[0]),
                    (long long)counts->classes[CAST_UNDERFLOW],
                    mass.none ? "none" : number_shortest(mass.value, number),
                    (long long)counts->classes[CAST_SUBNORMAL],
                    (long long)scale_losses_overflow(losses, scale));
    }
}

#include "repl/inspection.h"

#include "base/number.h"
#include "repl/phrase.h"
#include "repl/rounding.h"
#include "view/words.h"

#include <math.h>

/* Columns before what was before the cast. */
enum { VALUE_BEFORE = 47 };

static void add_finite(Statistics *statistics, float value)
{
    if (!isfinite(value))
        return;
    if (statistics->finite == 0 || value < statistics->least)
        statistics->least = value;
    if (statistics->finite == 0 || value > statistics->most)
        statistics->most = value;
    statistics->sum += (double)value;
    statistics->squares += (double)value * (double)value;
    statistics->finite++;
}

void statistics_add(Statistics *statistics, Format format, const float *values, int64_t count)
{
    float stored[COUNT_BLOCK];

    for (int64_t at = 0; at < count; at += COUNT_BLOCK) {
        int64_t block = count - at < COUNT_BLOCK ? count - at : COUNT_BLOCK;

        cast_counted(format, OVERFLOW_INFINITY, values + at, stored, block, &statistics->counts);
    }
    for (int64_t i = 0; i < count; i++)
        add_finite(statistics, values[i]);
}

static void print_classes(const CastCounts *counts, Text *text)
{
    char number[NUMBER_TEXT];
    const char *before = "";

    for (int class = 0; class < CAST_CLASSES; class ++) {
        if (counts->classes[class] == 0)
            continue;
        text_printf(text, "%s%s %s", before, phrase_count(counts->classes[class], number),
                    cast_class_names[class]);
        before = ", ";
    }
    text_append(text, "\n");
}

void statistics_print(const Statistics *statistics, Text *text)
{
    char parts[4][NUMBER_TEXT];

    if (statistics->finite > 0)
        text_printf(text, "min %s, max %s, mean %s, norm %s\n",
                    words_real((double)statistics->least, 9, parts[0]),
                    words_real((double)statistics->most, 9, parts[1]),
                    words_real(statistics->sum / (double)statistics->finite, 9, parts[2]),
                    words_real(sqrt(statistics->squares), 9, parts[3]));
    print_classes(&statistics->counts, text);
}

void value_heads(bool before, Text *text)
{
    text_printf(text, "%10s  %-22s bits%s\n", "index", "stored",
                before ? "        before the cast" : "");
}

void value_print(int64_t index, Format format, float stored, const float *before, Text *text)
{
    Rounding rounding = rounding_of(format, (double)stored);
    char number[NUMBER_TEXT];

    text_printf(text, "%10lld  %-22s ", (long long)index, number_shortest((double)stored, number));
    rounding_hex(&rounding, text);
    if (before != NULL) {
        rounding = rounding_of(format, (double)*before);
        text_pad(text, VALUE_BEFORE);
        text_printf(text, "%s: ", number_shortest((double)*before, number));
        rounding_words(&rounding, text);
    }
    text_append(text, "\n");
}

void value_csv_heads(Text *text)
{
    text_append(text, "index,stored,hex,before,error_ulps\n");
}

void value_csv(int64_t index, Format format, float stored, const float *before, Text *text)
{
    Rounding rounding = rounding_of(format, (double)stored);
    char number[NUMBER_TEXT];

    text_printf(text, "%lld,%s,", (long long)index, number_shortest((double)stored, number));
    rounding_hex(&rounding, text);
    if (before == NULL) {
        text_append(text, ",none,none\n");
        return;
    }
    rounding = rounding_of(format, (double)*before);
    text_printf(text, ",%s", number_shortest((double)*before, number));
    text_printf(text, ",%s\n", number_shortest(rounding.ulps, number));
}

#include "view/words.h"

#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *words_count(int64_t count, char text[NUMBER_TEXT])
{
    char digits[NUMBER_TEXT];
    int length = snprintf(digits, sizeof digits, "%" PRId64, count), at = 0;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

const char *words_tick(int64_t count, char text[NUMBER_TEXT])
{
    static const char units[] = {' ', 'k', 'M', 'G', 'T'};
    size_t unit = 0;

    while (count >= 1000 && unit + 1 < sizeof units) {
        count /= 1000;
        unit++;
    }
    snprintf(text, NUMBER_TEXT, unit == 0 ? "%d" : "%d%c", (int)count, units[unit]);
    return text;
}

static void share_inside(double share, char text[NUMBER_TEXT])
{
    double percent = share * 100.0;

    if (percent < 0.0001)
        text_copy(text, NUMBER_TEXT, "<0.0001%");
    else if (percent < 0.1)
        snprintf(text, NUMBER_TEXT, "%.1g%%", percent);
    else if (percent > 99.9)
        text_copy(text, NUMBER_TEXT, ">99.9%");
    else
        snprintf(text, NUMBER_TEXT, "%.1f%%", percent);
}

const char *words_bytes(int64_t bytes, char text[NUMBER_TEXT])
{
    static const char units[] = {'k', 'M', 'G', 'T'};
    double value = (double)bytes / 1024.0;
    size_t unit = 0;

    if (bytes < 1000) {
        snprintf(text, NUMBER_TEXT, "%d", (int)bytes);
        return text;
    }
    while (value >= 999.5 && unit + 1 < sizeof units) {
        value /= 1024.0;
        unit++;
    }
    snprintf(text, NUMBER_TEXT, "%.*f%c",
             value < 9.995   ? 2
             : value < 99.95 ? 1
                             : 0,
             value, units[unit]);
    return text;
}

const char *words_share(Measure share, char text[NUMBER_TEXT])
{
    if (share.none || isnan(share.value))
        text_copy(text, NUMBER_TEXT, "none");
    else if (share.value <= 0.0)
        text_copy(text, NUMBER_TEXT, "0%");
    else if (share.value >= 1.0)
        text_copy(text, NUMBER_TEXT, "100%");
    else
        share_inside(share.value, text);
    return text;
}

const char *words_real(double value, int width, char text[NUMBER_TEXT])
{
    if (!isfinite(value)) {
        text_copy(text, NUMBER_TEXT, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
        return text;
    }
    for (int digits = 4; digits > 0; digits--) {
        if (snprintf(text, NUMBER_TEXT, "%.*g", digits, value) <= width)
            break;
    }
    return text;
}

const char *words_measure(Measure measure, char text[NUMBER_TEXT])
{
    if (!measure.none)
        return words_real(measure.value, 8, text);
    text_copy(text, NUMBER_TEXT, "none");
    return text;
}

const char *words_scale(float scale, char text[NUMBER_TEXT])
{
    int exponent;
    float mantissa = frexpf(scale, &exponent);

    if (mantissa == 0.5f && exponent != 1)
        snprintf(text, NUMBER_TEXT, "2^%d", exponent - 1);
    else if (scale >= 1.0f && scale < 1e7f && scale == floorf(scale))
        snprintf(text, NUMBER_TEXT, "%.0f", (double)scale);
    else
        (void)words_real((double)scale, 8, text);
    return text;
}

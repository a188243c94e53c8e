#include "repl/phrase.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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
    else if (isnan(measure.value))
        text_copy(text, NUMBER_TEXT, "nan"); /* printf would tell its sign */
    else
        snprintf(text, NUMBER_TEXT, "%.4g", measure.value);
    return text;
}

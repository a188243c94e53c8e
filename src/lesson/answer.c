#include "lesson/answer.h"

#include "base/number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LEAST_DIGITS = 3 };

void answer_fold(const char *text, Text *folded)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        char byte = (char)*at;

        /* U+FF01 to U+FF5E are EF BC 81 to EF BD 9E, and stand for ! to ~; U+3000 is a blank. */
        if (at[0] == 0xEF && (at[1] == 0xBC || at[1] == 0xBD) && at[2] >= 0x80 && at[2] < 0xC0) {
            byte = (char)(at[2] - 0x80 + (at[1] == 0xBD ? 0x60 : 0x20));
            at += 2;
        } else if (at[0] == 0xE3 && at[1] == 0x80 && at[2] == 0x80) {
            byte = ' ';
            at += 2;
        }
        text_append_bytes(folded, &byte, 1);
    }
}

static const Block *find_choice(const Step *step, const char *typed)
{
    for (size_t i = 0; i < step->block_count; i++) {
        const Block *block = &step->blocks[i];

        if ((block->kind == BLOCK_CHOICE || block->kind == BLOCK_RIGHT) &&
            strcasecmp(block->name, typed) == 0)
            return block;
    }
    return NULL;
}

/* The right number, rounded to as many digits as were typed; three at least. */
static bool rounds_to(double right, const char *typed, double given)
{
    size_t digits = 0;
    char text[64];

    for (const char *at = typed; *at != '\0' && *at != 'e' && *at != 'E'; at++)
        digits += isdigit((unsigned char)*at) != 0 && (digits > 0 || *at != '0');
    if (digits < LEAST_DIGITS || digits > 17)
        return false;
    snprintf(text, sizeof text, "%.*e", (int)digits - 1, right);
    return strtod(text, NULL) == given;
}

static Answer judge_number(const char *typed, const char *wanted)
{
    double given, right;

    if (strcasecmp(typed, wanted) == 0)
        return ANSWER_RIGHT;
    if (failed(number_parse(typed, &given)))
        return ANSWER_NONE;
    if (failed(number_parse(wanted, &right)))
        return ANSWER_WRONG;
    if (given == right || (isnan(given) && isnan(right)))
        return ANSWER_RIGHT;
    return rounds_to(right, typed, given) ? ANSWER_RIGHT : ANSWER_WRONG;
}

Answer answer_judge(const Step *step, const char *typed, const Block **choice)
{
    const Block *answer = step_block(step, BLOCK_ANSWER, 0);
    Text folded = {0};
    Answer judged = ANSWER_NONE;
    const char *words;

    answer_fold(typed, &folded);
    while (folded.length > 0 && folded.chars[folded.length - 1] == ' ')
        folded.chars[--folded.length] = '\0';
    words = text_chars(&folded) + strspn(text_chars(&folded), " ");
    *choice = answer == NULL ? find_choice(step, words) : NULL;
    if (answer != NULL)
        judged = judge_number(words, answer->text);
    else if (*choice != NULL)
        judged = (*choice)->kind == BLOCK_RIGHT ? ANSWER_RIGHT : ANSWER_WRONG;
    text_release(&folded);
    return judged;
}

const char *answer_right(const Step *step)
{
    const Block *answer = step_block(step, BLOCK_ANSWER, 0);

    return answer != NULL ? answer->text : step_block(step, BLOCK_RIGHT, 0)->name;
}

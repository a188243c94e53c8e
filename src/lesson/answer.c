#include "lesson/answer.h"

#include "base/number.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

static const double near_enough = 0.002;

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
    return fabs(given - right) <= near_enough * fabs(right) ? ANSWER_RIGHT : ANSWER_WRONG;
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

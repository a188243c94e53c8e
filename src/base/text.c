#include "base/text.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_room(Text *text, size_t more)
{
    size_t wanted = text->length + more + 1;

    if (wanted <= text->room)
        return;
    while (text->room < wanted)
        text->room = text->room == 0 ? 64 : text->room * 2;
    text->chars = xresize(text->chars, text->room, 1);
}

void text_release(Text *text)
{
    free(text->chars);
    *text = (Text){0};
}

void text_clear(Text *text)
{
    text->length = 0;
    if (text->chars != NULL)
        text->chars[0] = '\0';
}

const char *text_chars(const Text *text)
{
    return text->chars == NULL ? "" : text->chars;
}

void text_append_bytes(Text *text, const char *bytes, size_t count)
{
    make_room(text, count);
    memcpy(text->chars + text->length, bytes, count);
    text->length += count;
    text->chars[text->length] = '\0';
}

void text_append(Text *text, const char *chars)
{
    text_append_bytes(text, chars, strlen(chars));
}

void text_append_word(Text *text, const char *word)
{
    const char *quote = "";

    if (strpbrk(word, " \t;#='") != NULL || text_starts(word, "--"))
        quote = "\"";
    if (strchr(word, '"') != NULL)
        quote = "'";
    text_printf(text, "%s%s%s", quote, word, quote);
}

void text_vprintf(Text *text, const char *fmt, va_list args)
{
    va_list again;
    int length;

    va_copy(again, args);
    length = vsnprintf(NULL, 0, fmt, args);
    if (length > 0) {
        make_room(text, (size_t)length);
        vsnprintf(text->chars + text->length, (size_t)length + 1, fmt, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void text_printf(Text *text, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    text_vprintf(text, fmt, args);
    va_end(args);
}

void text_pad(Text *text, size_t column)
{
    size_t start = text->length;

    while (start > 0 && text->chars[start - 1] != '\n')
        start--;
    while (text->length - start < column)
        text_append_bytes(text, " ", 1);
}

void text_copy(char *to, size_t room, const char *from)
{
    size_t length = strlen(from);

    if (room == 0)
        return;
    if (length >= room)
        length = room - 1;
    memmove(to, from, length);
    to[length] = '\0';
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

enum { WORD = 32, FAR = 3 };

static int least(int a, int b, int c)
{
    int smaller = a < b ? a : b;

    return smaller < c ? smaller : c;
}

/* Levenshtein's distance, one row at a time; words too long to be slips are FAR. */
static int edits_between(const char *a, const char *b)
{
    size_t a_length = strlen(a), b_length = strlen(b);
    int row[WORD + 1];

    if (a_length > WORD || b_length > WORD)
        return FAR;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= a_length; i++) {
        int diagonal = row[0];

        row[0] = (int)i;
        for (size_t j = 1; j <= b_length; j++) {
            int above = row[j];

            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_length];
}

void text_list(Text *text, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (i > 0)
            text_append(text, words[i + 1] == NULL ? " or " : ", ");
        text_append(text, words[i]);
    }
}

const char *text_nearest(const char *word, const char *const *list)
{
    const char *nearest = NULL;
    int best = FAR;

    for (; *list != NULL; list++) {
        int edits = edits_between(word, *list);

        if (edits < best && edits < (int)strlen(word)) {
            best = edits;
            nearest = *list;
        }
    }
    return nearest;
}

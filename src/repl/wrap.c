#include "repl/wrap.h"

#include "view/rune.h"

#include <string.h>

enum { TAB = 8 };

static size_t present_column(const Text *text)
{
    const char *chars = text_chars(text);
    const char *newline = strrchr(chars, '\n');

    return newline == NULL ? text->length : text->length - (size_t)(newline - chars) - 1;
}

void wrap(const char *words, size_t indent, Text *text)
{
    bool first = true;

    while (*words != '\0') {
        size_t length = strcspn(words, " ");

        if (!first && present_column(text) + 1 + length > PAGE_WIDTH) {
            text_append(text, "\n");
            text_pad(text, indent);
        } else if (!first) {
            text_append(text, " ");
        }
        text_append_bytes(text, words, length);
        words += length + strspn(words + length, " ");
        first = false;
    }
    text_append(text, "\n");
}

void wrap_row(const char *name, const char *words, size_t column, Text *text)
{
    text_printf(text, "  %s", name);
    if (present_column(text) + 2 > column)
        text_append(text, "\n");
    text_pad(text, column);
    wrap(words, column, text);
}

static size_t column_behind(size_t column, const char *at, const char *end)
{
    while (at < end) {
        uint32_t rune = rune_next(&at);

        column += rune == '\t' ? TAB - column % TAB : (size_t)rune_width(rune);
    }
    return column;
}

static const char *behind_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

static const char *behind_word(const char *at, const char *end)
{
    while (at < end && *at != ' ' && *at != '\t')
        at++;
    return at;
}

/* Where a line goes on: below its last cell in the left two thirds of the page, which is a row's text behind its
 * name; where it has no cells, below its first word. */
static size_t hanging_column(const char *line, const char *end, size_t columns)
{
    const char *first = behind_blanks(line, end);
    size_t hanging = column_behind(0, line, first), most = columns - columns / 3;

    for (const char *at = behind_word(first, end); at < end; at = behind_word(at, end)) {
        const char *word = behind_blanks(at, end);
        size_t column = column_behind(0, line, word);

        if (word < end && column <= most && (word - at > 1 || *at == '\t'))
            hanging = column;
        at = word;
    }
    return hanging <= most ? hanging : 0;
}

static void wrap_line(const char *line, const char *end, size_t columns, Text *text)
{
    size_t hanging = hanging_column(line, end, columns), column = 0;

    for (const char *at = line; at < end;) {
        const char *word = behind_blanks(at, end), *behind = behind_word(word, end);
        size_t next = column_behind(column, at, behind);

        if (next > columns && word > at && column > hanging) {
            text_append(text, "\n");
            text_pad(text, hanging);
            next = column_behind(hanging, word, behind);
            at = word;
        }
        text_append_bytes(text, at, (size_t)(behind - at));
        column = next;
        at = behind;
    }
}

void wrap_lines(const char *lines, size_t columns, Text *text)
{
    const char *escape = strchr(lines, '\033'); /* coloured: a picture, which has its width */

    while (*lines != '\0') {
        const char *end = lines + strcspn(lines, "\n");

        if (escape == NULL && column_behind(0, lines, end) > columns)
            wrap_line(lines, end, columns, text);
        else
            text_append_bytes(text, lines, (size_t)(end - lines));
        if (*end == '\n')
            text_append(text, "\n");
        lines = *end == '\n' ? end + 1 : end;
    }
}

#include "repl/mistake.h"

#include "view/rune.h"

#include <string.h>

enum { WINDOW = 76, BEFORE = 40, INDENT = 2 };

/* One character of a line. */
typedef struct Glyph {
    size_t bytes;
    int columns;
    bool shown; /* as it is; else as ? */
} Glyph;

static bool is_control(uint32_t rune)
{
    return rune < ' ' || (rune >= 0x7F && rune < 0xA0);
}

static Glyph glyph_at(const char *at)
{
    const char *behind = at;
    uint32_t rune = rune_next(&behind);
    size_t bytes = (size_t)(behind - at);

    if (is_control(rune) || (rune == RUNE_BROKEN && bytes == 1))
        return (Glyph){bytes, 1, false};
    return (Glyph){bytes, rune_width(rune), true};
}

static size_t columns_between(const char *line, size_t from, size_t to)
{
    size_t columns = 0;

    while (from < to && line[from] != '\0') {
        Glyph glyph = glyph_at(line + from);

        columns += (size_t)glyph.columns;
        from += glyph.bytes;
    }
    return columns;
}

/* Where the shown part begins: as late as needed, at a character's start. */
static size_t window_start(const char *line, size_t mark)
{
    size_t start = 0;
    size_t columns = columns_between(line, 0, mark);

    if (columns_between(line, 0, strlen(line)) <= WINDOW)
        return 0;
    while (columns > BEFORE) {
        Glyph glyph = glyph_at(line + start);

        columns -= (size_t)glyph.columns;
        start += glyph.bytes;
    }
    return start;
}

static size_t print_window(const char *line, size_t start, Text *text)
{
    size_t at = start, columns = 0;

    while (line[at] != '\0') {
        Glyph glyph = glyph_at(line + at);

        if (columns + (size_t)glyph.columns > WINDOW)
            break;
        if (glyph.shown)
            text_append_bytes(text, line + at, glyph.bytes);
        else
            text_append(text, line[at] == '\t' ? " " : "?");
        columns += (size_t)glyph.columns;
        at += glyph.bytes;
    }
    return at;
}

static void print_many(Text *text, char c, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_append_bytes(text, &c, 1);
}

void mistake_print(const char *line, Mark mark, Text *text)
{
    size_t start = window_start(line, mark.start), end, under;

    print_many(text, ' ', INDENT);
    end = print_window(line, start, text);
    text_append(text, "\n");
    print_many(text, ' ', INDENT + columns_between(line, start, mark.start));
    under = columns_between(line, mark.start, mark.end < end ? mark.end : end);
    text_append(text, "^");
    if (under > 1)
        print_many(text, '~', under - 1);
    text_append(text, "\n");
}

/* How often the words stand there; and where first. */
static int find(const char *line, Mark mark, const char *words, size_t length, Mark *first)
{
    int found = 0;

    for (size_t at = mark.start; at + length <= mark.end; at++)
        if (strncmp(line + at, words, length) == 0 && found++ == 0)
            *first = (Mark){at, at + length};
    return found;
}

/* The length without the last word; 0 where one would be left. */
static size_t without_last_word(const char *words, size_t length)
{
    while (length > 0 && words[length - 1] != ' ')
        length--;
    return memchr(words, ' ', length > 0 ? length - 1 : 0) == NULL ? 0 : length - 1;
}

Mark mistake_narrow(const char *line, Mark mark, const char *sentence)
{
    const char *open = strchr(sentence, '\'');
    const char *close = open == NULL ? NULL : strchr(open + 1, '\'');
    size_t length;
    Mark part = mark;
    int found;

    if (close == NULL || close == open + 1)
        return mark;
    length = (size_t)(close - open) - 1;
    if (find(line, mark, open + 1, length, &part) > 0)
        return part;
    do {
        length = without_last_word(open + 1, length);
        found = length > 0 ? find(line, mark, open + 1, length, &part) : 1;
    } while (found == 0);
    return found == 1 ? part : mark;
}

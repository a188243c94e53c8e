#include "lesson/read.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SHOWN = 60 };

/* The end of a path says more than its beginning. */
static const char *path_end(const char *path)
{
    size_t length = strlen(path);

    return length > PATH_SHOWN ? path + length - PATH_SHOWN : path;
}

Status read_fault(const char *path, int line, const char *fmt, ...)
{
    char said[STATUS_TEXT];
    va_list args;

    va_start(args, fmt);
    vsnprintf(said, sizeof said, fmt, args);
    va_end(args);
    return fail(STATUS_USAGE, "%s:%d: %s", path_end(path), line, said);
}

static size_t length_of(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    return first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
}

/* Bytes of the character at `at`, 0 where it is broken. Overlong forms and surrogates are. */
static size_t sequence(const unsigned char *at, const unsigned char *end, uint32_t *rune)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t count = length_of(*at);

    if (count == 0 || (size_t)(end - at) < count)
        return 0;
    *rune = count == 1 ? *at : *at & (0x7Fu >> count);
    for (size_t i = 1; i < count; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        *rune = *rune << 6 | (at[i] & 0x3Fu);
    }
    if (*rune < least[count] || *rune > 0x10FFFF || (*rune >= 0xD800 && *rune < 0xE000))
        return 0;
    return count;
}

static const char *objection(uint32_t rune)
{
    if (rune == '\t')
        return "a tab stands here; write blanks (V13)";
    if (rune == '\r')
        return "the line ends in a carriage return; save the file with Unix line ends (V13)";
    if (rune == 0xFEFF)
        return "a byte order mark stands here; save the file as UTF-8 without one (V14)";
    if ((rune >= 0x202A && rune <= 0x202E) || (rune >= 0x2066 && rune <= 0x2069) ||
        rune == 0x200E || rune == 0x200F)
        return "a character stands here that turns the direction of writing; delete it (V13)";
    return (rune < 0x20 && rune != '\n') || (rune >= 0x7F && rune < 0xA0)
               ? "a control character stands here; delete it (V13)"
               : NULL;
}

static Status check_bytes(const char *path, const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;
    int line = 1;

    while (at < end) {
        uint32_t rune = 0;
        size_t count = sequence(at, end, &rune);

        if (count == 0)
            return read_fault(path, line, "this is not UTF-8; save the file as UTF-8 (V14)");
        if (objection(rune) != NULL)
            return read_fault(path, line, "%s", objection(rune));
        line += rune == '\n';
        at += count;
    }
    return ok();
}

Status lines_begin(const char *path, const char *text, size_t length, Lines *lines)
{
    *lines = (Lines){.path = path, .at = text, .end = text + length};
    return check_bytes(path, text, length);
}

void lines_end(Lines *lines)
{
    text_release(&lines->line);
}

void raw_block_release(RawBlock *block)
{
    text_release(&block->argument);
    text_release(&block->body);
    free(block->lines);
    *block = (RawBlock){.line = 0};
}

static const char *end_of_line(const Lines *lines)
{
    const char *newline = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));

    return newline == NULL ? lines->end : newline;
}

static void add_number(int number, RawBlock *block)
{
    block->lines = grow(block->lines, block->line_count, &block->room, sizeof *block->lines);
    block->lines[block->line_count++] = number;
}

/* A line of a body; comments leave nothing behind. */
static void add_line(const char *line, size_t length, int number, RawBlock *block)
{
    if (length > 0 && line[0] == '#')
        return;
    add_number(number, block);
    if (length > 1 && line[0] == '@' && line[1] == '@') {
        line++;
        length--;
    }
    text_append_bytes(&block->body, line, length);
    text_append(&block->body, "\n");
}

static void trim(Text *text, const char *what)
{
    while (text->length > 0 && strchr(what, text->chars[text->length - 1]) != NULL)
        text->chars[--text->length] = '\0';
}

static bool begins_block(const Lines *lines)
{
    return lines->at[0] == '@' && !(lines->at + 1 < lines->end && lines->at[1] == '@');
}

static Status check_end(const Lines *lines, const char *end)
{
    if (end > lines->at && end[-1] == ' ')
        return read_fault(lines->path, lines->number, "the line ends in blanks; delete them (V13)");
    return ok();
}

static Status take_directive(Lines *lines, RawBlock *block)
{
    const char *end = end_of_line(lines), *text;

    text_clear(&lines->line);
    text_append_bytes(&lines->line, lines->at + 1, (size_t)(end - lines->at - 1));
    text = text_chars(&lines->line);
    take_word(&text, block->word, sizeof block->word);
    text_append(&block->argument, text);
    trim(&block->argument, " ");
    block->line = lines->number;
    add_number(lines->number, block);
    if (block->word[0] == '\0')
        return read_fault(lines->path, lines->number,
                          "a word follows the @, as in @text; a line of text that begins with @ "
                          "is written @@");
    return ok();
}

static void clear(RawBlock *block)
{
    text_clear(&block->argument);
    text_clear(&block->body);
    block->word[0] = '\0';
    block->line_count = 0;
}

Status lines_block(Lines *lines, RawBlock *block)
{
    clear(block);
    while (lines->at < lines->end) {
        const char *end = end_of_line(lines);

        if (begins_block(lines) && block->word[0] != '\0')
            break;
        lines->number++;
        TRY(check_end(lines, end));
        if (begins_block(lines))
            TRY(take_directive(lines, block));
        else if (block->word[0] != '\0')
            add_line(lines->at, (size_t)(end - lines->at), lines->number, block);
        else if (end > lines->at && lines->at[0] != '#')
            return read_fault(lines->path, lines->number,
                              "text stands before the first block; begin with @lesson NAME, or "
                              "with # for a comment");
        lines->at = end < lines->end ? end + 1 : end;
    }
    trim(&block->body, "\n");
    return ok();
}

void take_word(const char **text, char *word, size_t room)
{
    const char *from = *text + strspn(*text, " ");
    size_t length = strcspn(from, " ");

    text_copy(word, length + 1 < room ? length + 1 : room, from);
    *text = from + length + strspn(from + length, " ");
}

bool is_id(const char *word)
{
    size_t length = strlen(word);

    return length > 0 && length <= 32 &&
           strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

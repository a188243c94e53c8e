#include "repl/lexer.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_quote(char c)
{
    return c == '\'' || c == '"';
}

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

void word_release(Word *word)
{
    free(word->text);
    *word = (Word){0};
}

static void skip_blanks(Lexer *lexer)
{
    while (is_blank(lexer->line[lexer->at]))
        lexer->at++;
}

bool lexer_command(Lexer *lexer)
{
    skip_blanks(lexer);
    while (lexer->line[lexer->at] == ';') {
        lexer->at++;
        skip_blanks(lexer);
    }
    return lexer->line[lexer->at] != '\0' && lexer->line[lexer->at] != '#';
}

static bool is_run_char(char c)
{
    return is_key_char(c) || (c >= 'A' && c <= 'Z') || c == '-';
}

Mark lexer_run(Lexer *lexer)
{
    Mark mark;

    skip_blanks(lexer);
    mark.start = mark.end = lexer->at;
    while (is_run_char(lexer->line[mark.end]))
        mark.end++;
    if (mark.end == mark.start || lexer->line[mark.end] != ':')
        return (Mark){mark.start, mark.start};
    lexer->at = mark.end + 1;
    return mark;
}

/* The place behind the closing quote of the one at `at`; 0 where it is not closed. */
static size_t behind_quote(const char *line, size_t at)
{
    const char *close = strchr(line + at + 1, line[at]);

    return close == NULL ? 0 : (size_t)(close - line) + 1;
}

static size_t key_length(const char *line, size_t at)
{
    size_t length = 0;

    while (is_key_char(line[at + length]))
        length++;
    return line[at + length] == '=' ? length : 0;
}

Status lexer_word(Lexer *lexer, Word *word, bool *got)
{
    const char *line = lexer->line;
    Text text = {0};
    size_t start;

    skip_blanks(lexer);
    start = lexer->at;
    *got = line[start] != '\0' && line[start] != ';' && line[start] != '#';
    if (!*got)
        return ok();
    while (line[lexer->at] != '\0' && line[lexer->at] != ';' && !is_blank(line[lexer->at])) {
        size_t behind = lexer->at + 1;

        if (!is_quote(line[lexer->at])) {
            text_append_bytes(&text, line + lexer->at, 1);
            lexer->at = behind;
            continue;
        }
        behind = behind_quote(line, lexer->at);
        if (behind == 0) {
            lexer->fault = (Mark){lexer->at, lexer->at + 1};
            text_release(&text);
            return fail(STATUS_USAGE, "this quote is not closed; end the text with another %c",
                        line[lexer->at]);
        }
        text_append_bytes(&text, line + lexer->at + 1, behind - lexer->at - 2);
        lexer->at = behind;
    }
    text_append(&text, "");
    *word = (Word){text.chars,
                   is_quote(line[start]) ? 0 : key_length(line, start),
                   is_quote(line[start]),
                   {start, lexer->at}};
    return ok();
}

/* A quote that is not closed is left to whoever reads the raw text. */
static size_t raw_end(const char *line, size_t at, bool whole)
{
    while (line[at] != '\0' && (whole || line[at] != ';')) {
        size_t behind = is_quote(line[at]) ? behind_quote(line, at) : 0;

        at = behind == 0 ? at + 1 : behind;
    }
    return at;
}

Mark lexer_raw(Lexer *lexer, bool whole)
{
    Mark mark;

    skip_blanks(lexer);
    mark.start = lexer->at;
    mark.end = raw_end(lexer->line, lexer->at, whole);
    lexer->at = mark.end;
    while (mark.end > mark.start && is_blank(lexer->line[mark.end - 1]))
        mark.end--;
    return mark;
}

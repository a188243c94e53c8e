#include "telemetry/tokens.h"

#include "base/memory.h"
#include "base/number.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_TEXT = 64 };

static const char *const keywords[] = {
    "and",      "break",  "do",   "else", "elseif", "end",   "false", "for",
    "function", "goto",   "if",   "in",   "local",  "nil",   "not",   "or",
    "repeat",   "return", "then", "true", "until",  "while",
};

/* Keywords with which a value may begin. */
static const char *const value_words[] = {"false", "function", "nil", "not", "true"};

/* Longer ones first. */
static const char *const marks[] = {
    "...", "..", "==", "~=", "!=", "<=", ">=", "//", "::", "<<", ">>", "&&", "||"};

static bool is_listed(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, list[i]) == 0)
            return true;
    }
    return false;
}

bool word_is_keyword(const char *word)
{
    return is_listed(word, keywords, sizeof keywords / sizeof *keywords);
}

static bool begins_name(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t name_length(const char *at)
{
    size_t length = 0;

    while (in_name(at[length]))
        length++;
    return length;
}

/* The end of "[[...]]" or "[=[...]=]", or NULL where no such bracket opens. */
static const char *long_bracket_end(const char *at)
{
    size_t level = strspn(at + 1, "=");
    const char *close = at + level + 2;

    if (*at != '[' || at[level + 1] != '[')
        return NULL;
    for (; *close != '\0'; close++) {
        if (*close == ']' && strspn(close + 1, "=") == level && close[level + 1] == ']')
            return close + level + 2;
    }
    return close;
}

static const char *quoted_end(const char *at)
{
    char quote = *at++;

    while (*at != '\0' && *at != quote)
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    return *at == '\0' ? at : at + 1;
}

static const char *comment_end(const char *at)
{
    const char *end = at[2] == '[' ? long_bracket_end(at + 2) : NULL;

    return end != NULL ? end : at + strcspn(at, "\n");
}

static const char *skip_blanks(const char *at)
{
    for (;;) {
        if (isspace((unsigned char)*at))
            at++;
        else if (at[0] == '-' && at[1] == '-')
            at = comment_end(at);
        else
            return at;
    }
}

/* Digits, a point, an exponent, and whatever letters touch them. In 1..2 both points join. */
static size_t number_length(const char *at)
{
    bool hexadecimal = at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
    size_t i = 0;

    while (in_name(at[i]) || (at[i] == '.' && at[i + 1] != '.')) {
        bool signs_follow = tolower((unsigned char)at[i]) == (hexadecimal ? 'p' : 'e');

        i++;
        if (signs_follow && (at[i] == '+' || at[i] == '-') && isdigit((unsigned char)at[i + 1]))
            i++;
    }
    return i;
}

/* Whether a value begins here, on this line: then a % before it would mean the remainder. */
static bool begins_value(const char *at)
{
    char word[WORD_TEXT];
    size_t length;

    at += strspn(at, " \t");
    if (!begins_name(*at))
        return *at != '\0' && (isdigit((unsigned char)*at) || strchr("(\"'{#", *at) != NULL);
    length = name_length(at);
    if (length >= sizeof word)
        return true;
    memcpy(word, at, length);
    word[length] = '\0';
    return !word_is_keyword(word) ||
           is_listed(word, value_words, sizeof value_words / sizeof *value_words);
}

static Status read_number(Token *token)
{
    char word[WORD_TEXT], *end;

    if (token->length >= sizeof word)
        return fail(STATUS_USAGE, "the number '%.40s...' is too long", token->chars);
    memcpy(word, token->chars, token->length);
    word[token->length] = '\0';
    if (word[0] == '0' && (word[1] == 'x' || word[1] == 'X')) {
        token->number = strtod(word, &end);
        return *end == '\0' ? ok() : fail(STATUS_USAGE, "'%.40s' is not a number", word);
    }
    return number_parse(word, &token->number);
}

static Status number_token(Token *token)
{
    const char *end;

    token->kind = TOKEN_NUMBER;
    token->length = number_length(token->chars);
    end = token->chars + token->length;
    if (*end == '%') {
        if (begins_value(end + 1))
            return fail(STATUS_USAGE,
                        "%.*s%% is so many hundredths; for the remainder of a by b "
                        "write mod(a, b)",
                        (int)token->length, token->chars);
        token->length++;
    }
    return read_number(token);
}

static Status mark_token(Token *token)
{
    token->kind = TOKEN_MARK;
    token->length = 1;
    for (size_t i = 0; i < sizeof marks / sizeof *marks && token->length == 1; i++) {
        if (strncmp(token->chars, marks[i], strlen(marks[i])) == 0)
            token->length = strlen(marks[i]);
    }
    if (token->length == 3)
        return fail(STATUS_USAGE, "'...' means nothing here; name the parameters of a function");
    if (token->length == 1 && *token->chars == '!')
        return fail(STATUS_USAGE,
                    "'!' alone means nothing here; write not, or != between two values");
    if (strncmp(token->chars, "&&", 2) == 0 || strncmp(token->chars, "||", 2) == 0)
        return fail(STATUS_USAGE, "'%.2s' means nothing here; write %s", token->chars,
                    *token->chars == '&' ? "and" : "or");
    return ok();
}

static Status read_token(Token *token)
{
    const char *at = token->chars, *end = long_bracket_end(at);

    if (begins_name(*at)) {
        token->kind = TOKEN_NAME;
        token->length = name_length(at);
        return ok();
    }
    if (isdigit((unsigned char)at[0]) || (at[0] == '.' && isdigit((unsigned char)at[1])))
        return number_token(token);
    if (*at == '"' || *at == '\'')
        end = quoted_end(at);
    if (end == NULL)
        return mark_token(token);
    token->kind = TOKEN_TEXT;
    token->length = (size_t)(end - at);
    return ok();
}

Status tokens_read(const char *text, Tokens *tokens)
{
    for (const char *at = skip_blanks(text); *at != '\0'; at = skip_blanks(at)) {
        Token *token;

        tokens->all = grow(tokens->all, tokens->count, &tokens->room, sizeof *tokens->all);
        token = &tokens->all[tokens->count++];
        *token = (Token){.chars = at};
        TRY(read_token(token));
        at += token->length;
    }
    return ok();
}

void tokens_release(Tokens *tokens)
{
    free(tokens->all);
    *tokens = (Tokens){0};
}

bool token_is(const Tokens *tokens, size_t i, const char *chars)
{
    return i < tokens->count && strlen(chars) == tokens->all[i].length &&
           strncmp(tokens->all[i].chars, chars, tokens->all[i].length) == 0;
}

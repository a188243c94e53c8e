/* The words of an expression or a script, before Lua sees it: where names, numbers and texts stand.
 *
 * Numbers are read here, with the suffixes of base/number.h, so that 1% and 64k mean the same
 * everywhere. Comments and blanks are no tokens.
 */
#ifndef TELEMETRY_TOKENS_H
#define TELEMETRY_TOKENS_H

#include "base/status.h"

#include <stddef.h>

typedef enum TokenKind {
    TOKEN_NAME,   /* a keyword too */
    TOKEN_NUMBER, /* with its suffix */
    TOKEN_TEXT,   /* with its quotes or brackets */
    TOKEN_MARK,   /* an operator or a bracket */
} TokenKind;

typedef struct Token {
    TokenKind kind;
    const char *chars; /* borrowed from the text that was read */
    size_t length;
    double number; /* of TOKEN_NUMBER */
} Token;

typedef struct Tokens {
    Token *all;
    size_t count, room;
} Tokens;

/* `tokens` must be empty (all zeros); it borrows `text`. The caller releases it, after a failure
 * too. Fails: STATUS_USAGE: a number that is none, a % that cannot be a hundredth, an operator of
 * another language. */
Status tokens_read(const char *text, Tokens *tokens) MUST_CHECK;
void tokens_release(Tokens *tokens);

/* Whether token i exists and reads exactly so. */
bool token_is(const Tokens *tokens, size_t i, const char *chars);

/* and, break, do, ... */
bool word_is_keyword(const char *word);

#endif

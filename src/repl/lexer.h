/* Reads one line of commands word by word: `verb words... key=value... --flag`, `;` between
 * commands, `#` before a comment, '...' and "..." around what holds blanks.
 *
 * Each word keeps its place in the line, so that a mistake can be shown where it was made. What
 * `print`, `until` and `lua` take is raw: the caller, who knows the verb, asks for it.
 */
#ifndef REPL_LEXER_H
#define REPL_LEXER_H

#include "base/status.h"

#include <stddef.h>

/* Bytes [start, end) of a line. */
typedef struct Mark {
    size_t start, end;
} Mark;

typedef struct Word {
    char *text; /* without quotes; word_release frees it */
    size_t key; /* of key=value: the length of the key, whose value begins behind the `=`; else 0 */
    bool quoted; /* it began with a quote: never a key, a flag or a comment */
    Mark mark;
} Word;

typedef struct Lexer {
    const char *line; /* borrowed */
    size_t at;        /* next byte to read */
    Mark fault;       /* where the last failure lies */
} Lexer;

void word_release(Word *word);

/* Moves to the next command of the line; false where there is none. */
bool lexer_command(Lexer *lexer);

/* The NAME of `NAME: COMMAND`, and moves behind its colon; empty where the command names no run. */
Mark lexer_run(Lexer *lexer);

/* The next word of this command, which the caller releases; `*got` is false behind the last.
 * Fails: STATUS_USAGE: a quote is not closed. */
Status lexer_word(Lexer *lexer, Word *word, bool *got) MUST_CHECK;

/* The raw text up to a `;` outside quotes, or to the end of the line where `whole`; blanks at both
 * ends are left out. */
Mark lexer_raw(Lexer *lexer, bool whole);

#endif

/* The words behind a verb, checked against the command's table before the command runs. */
#ifndef REPL_ARGS_H
#define REPL_ARGS_H

#include "base/text.h"
#include "repl/command.h"
#include "repl/lexer.h"

#include <stdint.h>

enum { ARGS_MOST = 16 };

typedef struct ArgValue {
    bool given;
    Mark mark;
    char *text;    /* as typed, quotes removed; ARG_WORDS: joined by single blanks */
    bool numeric;  /* `number` holds: of the two kinds of ARG_CHOICE_OR_NUMBER, the second */
    double number; /* ARG_COUNT, ARG_NUMBER */
} ArgValue;

struct Args {
    const Command *command;
    ArgValue values[ARGS_MOST]; /* in the order of command->args */
    Mark verb;
    Mark blame; /* where a failure is to be shown; the verb at first */
};

/* Reads what follows the verb up to the end of the command. Caller releases, also on failure.
 * Fails: STATUS_USAGE; args->blame says where. */
Status args_read(const Command *command, Mark verb, Lexer *lexer, Args *args) MUST_CHECK;
void args_release(Args *args);

/* Nothing at all was given behind the verb. */
bool args_empty(const Args *args);

/* `name` must stand in the command's table. */
bool args_has(const Args *args, const char *name);
const char *args_text(const Args *args, const char *name); /* NULL: not given */
int64_t args_count(const Args *args, const char *name, int64_t otherwise);
double args_number(const Args *args, const char *name, double otherwise);
bool args_numeric(const Args *args, const char *name);
bool args_is(const Args *args, const char *name, const char *text);

/* A failure from here on lies in what was given for `name`; harmless where nothing was. */
void args_blame(Args *args, const char *name);

/* The rows of the command's table: an empty table where it takes nothing. */
const ArgSpec *command_args(const Command *command);

/* The row of this name, -1 where there is none. */
int args_find(const Command *command, const char *name);

/* Appends "train [COUNT] [steps|epochs] [until EXPR]". */
void usage_print(const Command *command, Text *text);

/* Appends how one argument is written: "weight=NUMBER". */
void usage_argument(const ArgSpec *spec, Text *text);

#endif

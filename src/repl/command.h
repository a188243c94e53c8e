/* A command is one file in repl/commands that ends in one const Command.
 *
 * The entry says everything that is to be known of it: the parser, the usage line, `help`, Tab
 * completion and the tests of its examples all read it. To add one: a file, its word in
 * repl/commands.h, a test.
 */
#ifndef REPL_COMMAND_H
#define REPL_COMMAND_H

#include "base/status.h"
#include "repl/names.h"

typedef struct Repl Repl;
typedef struct Args Args; /* repl/args.h */

typedef enum ArgKind {
    ARG_END,
    ARG_COUNT,            /* a whole number from `least` to `most` */
    ARG_NUMBER,           /* a number from `least` to `most` */
    ARG_CHOICE,           /* one of `choices` */
    ARG_CHOICE_OR_NUMBER, /* one of `choices`, or a number from `least` to `most` */
    ARG_NAME,             /* one of `names` */
    ARG_WORD,             /* any one word */
    ARG_WORDS,            /* all words that follow; `names` are offered by Tab */
    ARG_RAW,              /* raw text up to an unquoted `;` */
    ARG_RAW_AFTER,        /* the same behind the word `name` */
    ARG_LINE,             /* raw text to the end of the line */
    ARG_FLAG,             /* typed --name */
} ArgKind;

typedef struct ArgSpec {
    const char *name; /* a key is typed name=VALUE */
    ArgKind kind;
    bool optional;
    bool key;                   /* typed name=VALUE; always optional */
    double least, most;         /* both ends belong */
    const char *const *choices; /* NULL-ended */
    Names names;
    Names (*behind)(const char *first); /* what Tab offers behind this first word; NULL: names */
    const char *const *with; /* Tab offers it behind these first words, or behind none; NULL: any */
    const char *shown;       /* how help writes the value; NULL: made from the kind */
    const char *text;        /* one line of help */
} ArgSpec;

/* What a command is for: help lists by this. */
typedef enum Task {
    TASK_BUILD,
    TASK_PRECISION,
    TASK_COMPARE,
    TASK_TRAIN,
    TASK_LOOK,
    TASK_SESSION,
    TASK_COUNT,
} Task;

enum {
    NEEDS_TERMINAL = 1 << 0, /* draws on a whole screen */
    NEEDS_PROMPT = 1 << 1,   /* makes sense only while somebody can type the next command */
    ACTS_ON_ALL = 1 << 2,    /* concerns all runs, or none: `all:` before it changes nothing */
    ONE_RUN = 1 << 3,        /* makes no sense for all of them in turn */
};

typedef struct Command {
    const char *alias; /* another word for it, which may not be shortened; NULL: none */
    const char *name;
    const char *summary; /* one line */
    Task task;
    unsigned needs;
    const ArgSpec *args;         /* ends in ARG_END; NULL: takes none */
    const char *const *examples; /* whole lines that work in a fresh session; NULL-ended */
    const char *more;            /* paragraphs for `help NAME`; NULL: none */
    Status (*run)(Repl *repl, Args *args);
} Command;

#endif

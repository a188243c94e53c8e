/* A lesson as it was read from its file: a header, and steps of blocks.
 *
 * The format: UTF-8, `#` at column 0 begins a comment, `@word ...` at column 0 begins a block whose
 * body is everything up to the next `@` line, `@@` there is an @. Which words there are says
 * block_table. A lesson's file holds its logic and its text in one language; a sidecar holds the text
 * in another (lesson/sidecar.h). Everything that can be wrong with a file is found when it is read,
 * and said with file and line.
 *
 * Thread rule: one owner at a time.
 */
#ifndef LESSON_LESSON_H
#define LESSON_LESSON_H

#include "base/text.h"
#include "telemetry/expr.h"

enum { LESSON_ID = 33, CHECKS_MOST = 8, LANG_TEXT = 8 };

typedef enum StepKind {
    STEP_READ,
    STEP_PREDICT,
    STEP_DO,
    STEP_QUIZ,
    STEP_FREE,
    STEP_KINDS
} StepKind;

extern const char *const step_kind_names[STEP_KINDS + 1]; /* NULL-ended */

typedef enum BlockKind {
    BLOCK_LESSON,
    BLOCK_VERSION,
    BLOCK_LANG,
    BLOCK_MINUTES,
    BLOCK_NEEDS,
    BLOCK_TITLE,
    BLOCK_GOAL,
    BLOCK_SOURCE,
    BLOCK_STEP,
    BLOCK_SETUP,
    BLOCK_TEXT,
    BLOCK_TASK,
    BLOCK_BUDGET,
    BLOCK_CHECK,
    BLOCK_HINT,
    BLOCK_SOLUTION,
    BLOCK_ALSO,
    BLOCK_WRONG,
    BLOCK_ASK,
    BLOCK_CHOICE,
    BLOCK_RIGHT, /* @choice* */
    BLOCK_ANSWER,
    BLOCK_VERIFY,
    BLOCK_WHY,
    BLOCK_DEBRIEF,
    BLOCK_DEMO,
    BLOCK_SAY,
    BLOCK_KINDS,
} BlockKind;

typedef struct BlockInfo {
    const char *word; /* behind the @ */
    const char *text; /* what it is, in a few words */
    bool header;      /* before the first step */
    bool many;        /* it may stand there more than once */
    bool named;       /* its first word is a name: of a source, the letter of a choice */
    bool prose;       /* text, which a sidecar may hold in another language */
} BlockInfo;

extern const BlockInfo block_table[BLOCK_KINDS];

typedef struct Block {
    BlockKind kind;
    char name[LESSON_ID]; /* where the kind is named */
    char *text;           /* prose: paragraphs, an empty line between; else the words or commands */
    char *commands;       /* of @say: its body */
    char *other;          /* the prose in the language that is shown; NULL: there is none */
    char *old;            /* a translation of what stood there before; NULL: none */
    uint32_t hash;        /* of the text, blanks folded: what a sidecar says it translates */
    int line;             /* of its word */
    int *lines; /* of the file: that, then where each line below it stands; see block_line */
    bool below; /* its text begins on the line below its word */
} Block;

typedef struct Check {
    char name[LESSON_ID];
    char *predicate, *message;
    char *other, *old; /* as of a block */
    uint32_t hash;
    Expr *expr;
    int line;
} Check;

typedef struct Step {
    char id[LESSON_ID];
    StepKind kind;
    int line;
    Block *blocks;
    size_t block_count, room;
    Check checks[CHECKS_MOST];
    int check_count;
    double budget; /* seconds that its solution may take */
    Expr *verify;  /* of a quiz; NULL: none */
} Step;

typedef struct Lesson {
    char *path;
    char id[LESSON_ID];
    char lang[LANG_TEXT];  /* that it is written in */
    char shown[LANG_TEXT]; /* that is shown, as far as its sidecar goes */
    int version, minutes;
    Step header; /* what stands before the first step */
    Step demo;   /* the card for a teacher: @demo, and a @say for each thing to show */
    Step *steps;
    size_t step_count, room;
    int64_t stamp; /* of the file */
} Lesson;

/* Reads a lesson. Caller frees. Fails: STATUS_IO, STATUS_USAGE: "FILE:LINE: ...", a sentence with what
 * to try. */
Status lesson_read(const char *path, Lesson **lesson) MUST_CHECK;

/* The same of a text; `path` is what messages call it. */
Status lesson_parse(const char *path, const char *text, size_t length, Lesson **lesson) MUST_CHECK;
void lesson_free(Lesson *lesson);

/* -1: there is no such step. */
int lesson_step_named(const Lesson *lesson, const char *id);

/* The n-th block (from 0) of this kind, NULL behind the last. */
const Block *step_block(const Step *step, BlockKind kind, int n);
int step_count(const Step *step, BlockKind kind);

/* The line of the file where line n (from 0) of its text stands, or of its commands. */
int block_line(const Block *block, int n);
int block_command_line(const Block *block, int n);

/* What is shown of it: the prose in the language that is shown, or as it was written. */
const char *block_prose(const Block *block);
const char *check_message(const Check *check);

/* The prose of the first such block, "" where there is none. */
const char *step_prose(const Step *step, BlockKind kind);

/* The source with this key, NULL: none. */
const Block *lesson_source(const Lesson *lesson, const char *key);

/* What stands behind `at second hand: `, with which the text of a source begins that was read as a quotation
 * elsewhere and not itself; NULL: it was read. */
const char *source_second_hand(const Block *source);

/* It is asked, and waits for an answer. */
bool step_asks(const Step *step);

/* FNV-1a over the text, each run of blanks as one. */
uint32_t prose_hash(const char *text);

#endif

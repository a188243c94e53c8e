/* A lesson in words: pages of at most 76 columns, in the language that was chosen.
 */
#ifndef REPL_TEACHER_PAGE_H
#define REPL_TEACHER_PAGE_H

#include "repl/teacher.h"

enum { PAGE_COLUMNS = 76, PAGE_ROWS = 16 };

/* Sentences of the lesson itself. */
typedef enum Said {
    SAID_STEP, /* "step % of %" */
    SAID_TASK,
    SAID_ASK,
    SAID_PREDICT,
    SAID_NUMBER,
    SAID_NEXT,
    SAID_KEYS_DO,
    SAID_KEYS_READ,
    SAID_KEYS_FREE,
    SAID_NOT_YET,
    SAID_STAY, /* the message of a check */
    SAID_ASKED,
    SAID_DONE,
    SAID_RIGHT,
    SAID_WRONG,
    SAID_WRONG_ALONE, /* of a question without hints */
    SAID_NOTED,
    SAID_PREDICTED_RIGHT,
    SAID_PREDICTED_WRONG,
    SAID_HINT_OFFER,
    SAID_SOLUTION_OFFER,
    SAID_NO_HINTS,
    SAID_SOLUTION,
    SAID_SKIPPED,
    SAID_PLAY,
    SAID_BACK,
    SAID_END,
    SAID_THEN, /* the lesson that comes behind it */
    SAID_KEPT_OWN,
    SAID_KEPT_RUNS,
    SAID_KEPT_BREAKS,
    SAID_LEFT,
    SAID_CARD_LINE, /* "line % of %" */
    SAID_CARD_KEYS,
    SAID_CARD_END,
    SAID_SOURCES,
    SAID_COUNT,
} Said;

const char *said(const Teacher *teacher, Said what);

/* Appends the sentence, each % in it the next of the NULL-ended words. */
void said_fill(const char *sentence, const char *const *words, Text *text);

/* Appends prose as lines of so many columns: words of a paragraph are broken anew, Chinese between its
 * characters; lines that begin with blanks stay, or go on below where they are too wide. `indent`: before
 * each line. */
void page_wrap(const char *prose, size_t columns, const char *indent, Text *page);

/* Columns that UTF-8 text takes. */
size_t page_width(const char *text, size_t length);

/* Appends the page of the present step: a heading, its text, its task or question, what can be typed. Keeps
 * what is to be done or answered for the live view. */
void page_step(Teacher *teacher, const Snapshot *snapshot, size_t columns, Text *page);

/* Appends the choices of a question. */
void page_choices(const Step *step, size_t columns, Text *page);

/* Appends a block, filled from the snapshot. */
void page_prose(const char *prose, const Snapshot *snapshot, size_t columns, const char *indent,
                Text *page);

/* Appends the sources that a text names, a line each. */
void page_sources(const Lesson *lesson, const char *prose, size_t columns, Text *page);

/* Columns for a page where it is shown now. */
size_t page_columns(const Repl *repl);

#endif

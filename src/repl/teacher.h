/* The lesson that runs beside the prompt: it sets the stage, watches what is made happen, and says when
 * a step is done. It never takes the prompt.
 *
 * Thread rule: the main thread only. Repl.teacher is NULL until the first `lesson`.
 */
#ifndef REPL_TEACHER_H
#define REPL_TEACHER_H

#include "lesson/judge.h"
#include "lesson/progress.h"
#include "repl/repl.h"

/* In the state folder: where a program that ends within a lesson leaves the learner's own run, and where
 * the next one puts it. */
#define TEACHER_OWN_FILE  "before-lesson.safetensors"
#define TEACHER_LEFT_FILE "left-in-lesson.safetensors"

typedef struct Teacher {
    Lesson *lesson;           /* NULL: none runs */
    char *last;               /* the path of the one that ran last; NULL: none did */
    int at;                   /* the step */
    bool passed;              /* it */
    int hints, attempts;      /* given and made in this step */
    int64_t trainings, looks; /* that attempts were counted up to */
    Verdict verdict;          /* as of the last look */
    const Block *predicted;   /* that was chosen, until the step that shows it; NULL: none */
    const Step *asked;        /* the step that asked it */
    bool playing;             /* the step's runs are put aside, until they are come back to */
    bool staging;             /* its setup runs */
    Settings before;          /* the learner's own run, as it was before the lesson */
    char *before_file;        /* its weights; NULL: it had taken no step */
    Text own_breaks;          /* the conditions that stopped it, as session_break_list has them */
    Text step_breaks;         /* and those of the step while somebody plays */
    int card;                 /* of a demo, the line that stands in the prompt; -1: none is shown */
    Text pending;             /* that line */
    bool ran;                 /* it was typed as it stands there */
    bool checking;            /* the verifier runs it: nothing is said or recorded */
    uint64_t seed;            /* of fresh sessions */
    Ledger ledger;
    char *ledger_path; /* NULL: nothing is recorded */
    char lang[LANG_TEXT];
    Text votes; /* of polls, a line each */
    Text typed; /* in this lesson: STEP, a tab and the line, each */
    Text shown; /* of the step, filled when its page was shown: a log stays as it was printed */
} Teacher;

/* Made where there is none; reads the record of progress. */
Teacher *teacher_of(Repl *repl);
void teacher_free(Teacher *teacher);

/* A lesson runs, and is not only checked. */
bool teacher_on(const Repl *repl);

const Step *teacher_step(const Teacher *teacher);

/* Begins the lesson of this name, label or file, where the learner left it; without a word the one the
 * learner is in. Fails: STATUS_USAGE, STATUS_IO. */
Status teacher_start(Repl *repl, const char *word) MUST_CHECK;

/* Reads a lesson by name, label or file, in the language that was chosen. Caller frees. */
Status teacher_read(Repl *repl, const char *word, Lesson **lesson) MUST_CHECK;

/* A fresh session, without conditions that stop a training and with nothing to undo, the step's setup in
 * it, and from now on what happens counts for it. Fails: as a command of the setup, and names its line. */
Status teacher_set_stage(Repl *repl, const Step *step) MUST_CHECK;

/* The same for step `at` of the lesson that runs, which is then shown. */
Status teacher_enter(Repl *repl, int at) MUST_CHECK;

/* Asks the checks of the step. Fails: STATUS_INTERRUPTED. */
Status teacher_judge(Repl *repl, const Step *step, Verdict *verdict) MUST_CHECK;

/* Behind every line and when a training has ended: says what changed. */
void teacher_look(Repl *repl);

/* The same for trainings that end beside the prompt: true where one did. */
bool teacher_tick(Repl *repl);

/* What is due once the step is passed: the record, the debrief. */
void teacher_pass(Repl *repl);

/* An answer to the step's question. Fails: STATUS_USAGE: it is none. */
Status teacher_answer(Repl *repl, const char *typed) MUST_CHECK;

/* `word` means something by itself while a lesson runs: one of its verbs, or an answer. */
bool teacher_takes(const Repl *repl, const char *word);

/* It is one of the verbs, which mean something while a lesson runs. */
bool teacher_verb(const char *word);

/* As answer_fold: a verb may be typed in full width. */
void teacher_fold(const char *word, Text *folded);

/* Fails: STATUS_USAGE: the learner's own runs cannot be kept now, for a step is taken phase by phase. */
Status teacher_may_begin(Repl *repl) MUST_CHECK;

/* Keeps them, and the conditions that stop them, before the first lesson takes their place. */
void teacher_keep_own(Repl *repl);

/* And puts them back. Fails: as session_take_back and session_load. */
Status teacher_bring_back_own(Repl *repl) MUST_CHECK;

/* The step as it was before `play`; the second: it will not be come back to. The first fails as
 * session_take_back. */
Status teacher_come_back(Repl *repl) MUST_CHECK;
void teacher_stop_playing(Repl *repl);

/* Deletes a file whose name it frees, where there is one. */
void teacher_drop_file(char **path);

/* The verbs. */
Status teacher_next(Repl *repl) MUST_CHECK;
Status teacher_back(Repl *repl) MUST_CHECK;
Status teacher_skip(Repl *repl) MUST_CHECK;
Status teacher_hint(Repl *repl) MUST_CHECK;
Status teacher_solution(Repl *repl) MUST_CHECK;
Status teacher_restart(Repl *repl) MUST_CHECK;
Status teacher_play(Repl *repl) MUST_CHECK;
Status teacher_leave(Repl *repl) MUST_CHECK;

/* The lesson's file was changed: it is read again, and the step begins anew. */
void teacher_reread(Repl *repl);

/* The card for a teacher, from its first note on. Fails: STATUS_USAGE, STATUS_IO. */
Status teacher_present(Repl *repl, const char *word) MUST_CHECK;

/* So many lines on or, below 0, back; what stands there goes into the prompt. Behind the last line the card
 * is put away, and the state stays. */
void teacher_card_move(Repl *repl, int by);

/* Of the card that is shown: the note that its line belongs to, and how many lines there are. */
const char *teacher_card_note(const Teacher *teacher);
int teacher_card_lines(const Teacher *teacher);

/* Behind a line that was typed: on, if it was the card's, else that one stands in the prompt again. `typed`
 * tells which were. */
void teacher_card_look(Repl *repl);
void teacher_card_typed(Teacher *teacher, const char *line);

/* Writes the record; says once where that fails. */
void teacher_record(Repl *repl);

#endif

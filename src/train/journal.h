/* What a session did, as commands: sourced, they do it again, to the bit on the same backend and
 * machine.
 *
 * A command is written down when it has taken effect, behind the steps that were really taken
 * before it (`train N`, whatever was typed and however it ended); so a setting that was changed
 * while a training ran stands at its step. What cannot be done again by commands loses the journal:
 * it says so from then on, and why. It is also lost where it would hold more than JOURNAL_BYTES, some
 * 20,000 to 50,000 changes; steps between them cost nothing.
 *
 * Every job that changes an experiment tells it twice: journal_reach before, and journal_settings or
 * journal_add behind. Thread rule: the worker's.
 */
#ifndef TRAIN_JOURNAL_H
#define TRAIN_JOURNAL_H

#include "train/experiment.h"

enum { JOURNAL_BYTES = 1 << 20 };

/* A file that a command reads, as it was then. */
typedef struct JournalFile {
    char *path;
    int64_t stamp;
} JournalFile;

typedef struct Journal {
    Text commands;      /* whole lines; empty: the session has not begun */
    char run[RUN_NAME]; /* that lines are told of; "": there is only one */
    int64_t step;       /* of the present run, as far as it is told */
    int64_t trained;    /* steps that no line tells yet */
    bool several; /* parts that each begin a new run were changed at once: undo would differ */
    JournalFile *files; /* that were loaded */
    size_t file_count, file_room;
    Status lost; /* OK: all is told */
} Journal;

void journal_release(Journal *journal);

/* All that it holds; `to` is empty before, or is released. */
void journal_copy(Journal *to, const Journal *from);

/* The steps that `now`, the run in use, has taken since. NULL: there is no run yet. `named`: what is added
 * from here on is told of this run by its name. */
void journal_reach(Journal *journal, const Experiment *now, bool named);

/* Steps end here, as a condition stopped them: they stand in a line of their own, so that the same condition
 * stops them there again. */
void journal_stop(Journal *journal, const Experiment *now, bool named);

/* `now` holds other settings than `before`, or is another run that began with them. The first time:
 * the whole experiment, from fresh weights. */
void journal_settings(Journal *journal, const Settings *before, const Experiment *now);

/* A command that took effect, and the run that is the present one since. */
void journal_add(Journal *journal, const Experiment *now, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* A new scaler: where scaling is dynamic that is another start. */
void journal_scaler(Journal *journal, const Experiment *now);

/* undo, which needs what was replaced to be the same. */
void journal_undo(Journal *journal, const Experiment *now);

/* load: `stamp` is file_stamp of the file that was read. */
void journal_load(Journal *journal, const Experiment *now, const char *path, int64_t stamp);

/* Something that no command does again; `fmt` is one sentence. */
void journal_lose(Journal *journal, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Appends the script. Fails: STATUS_UNSUPPORTED: it is lost, or a file that was loaded has changed. */
Status journal_print(const Journal *journal, Text *text) MUST_CHECK;

#endif

#include "lesson/progress.h"

#include "base/file.h"
#include "base/memory.h"
#include "lesson/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { LEDGER_LONGEST = 1 << 20 };

static const char heading[] = "# halfstep lessons 1";

const char *const verdict_names[] = {"open", "skipped", "done", NULL};

void ledger_release(Ledger *ledger)
{
    free(ledger->marks);
    *ledger = (Ledger){.count = 0};
}

static StepMark *find(const Ledger *ledger, const char *lesson, const char *step)
{
    for (size_t i = 0; i < ledger->count; i++)
        if (strcmp(ledger->marks[i].lesson, lesson) == 0 &&
            strcmp(ledger->marks[i].step, step) == 0)
            return &ledger->marks[i];
    return NULL;
}

const StepMark *ledger_find(const Ledger *ledger, const char *lesson, const char *step)
{
    return find(ledger, lesson, step);
}

StepMark *ledger_mark(Ledger *ledger, const char *lesson, const char *step)
{
    StepMark *mark = find(ledger, lesson, step);

    if (mark == NULL) {
        ledger->marks = grow(ledger->marks, ledger->count, &ledger->room, sizeof *mark);
        mark = &ledger->marks[ledger->count++];
        *mark = (StepMark){.verdict = VERDICT_OPEN};
        text_copy(mark->lesson, sizeof mark->lesson, lesson);
        text_copy(mark->step, sizeof mark->step, step);
    }
    mark->changed = true;
    return mark;
}

void ledger_place(Ledger *ledger, const char *lesson, const char *step)
{
    text_copy(ledger->lesson, sizeof ledger->lesson, lesson);
    text_copy(ledger->step, sizeof ledger->step, step);
    ledger->placed = true;
}

static void drop(Ledger *ledger, const char *lesson)
{
    size_t kept = 0;

    for (size_t i = 0; i < ledger->count; i++)
        if (strcmp(ledger->marks[i].lesson, lesson) != 0)
            ledger->marks[kept++] = ledger->marks[i];
    ledger->count = kept;
}

void ledger_forget(Ledger *ledger, const char *lesson)
{
    drop(ledger, lesson);
    text_copy(ledger->forgotten, sizeof ledger->forgotten, lesson);
    if (strcmp(ledger->lesson, lesson) == 0)
        ledger_place(ledger, "", "");
}

/* NAME=VALUE, a whole number; -1: it is not so. */
static int number_of(const char **words, const char *name)
{
    char word[WORD_LONGEST], *end;
    size_t length = strlen(name);
    long value;

    take_word(words, word, sizeof word);
    if (strncmp(word, name, length) != 0 || word[length] != '=')
        return -1;
    value = strtol(word + length + 1, &end, 10);
    return end == word + length + 1 || *end != '\0' || value < 0 || value > 999999 ? -1
                                                                                   : (int)value;
}

static bool read_step(const char *words, Ledger *ledger)
{
    char lesson[LESSON_ID + 1], step[LESSON_ID + 1], verdict[WORD_LONGEST];
    int at = 0, attempts, hints, solution, version;
    StepMark *mark;

    take_word(&words, lesson, sizeof lesson);
    take_word(&words, step, sizeof step);
    take_word(&words, verdict, sizeof verdict);
    attempts = number_of(&words, "attempts");
    hints = number_of(&words, "hints");
    solution = number_of(&words, "solution");
    version = number_of(&words, "version");
    while (verdict_names[at] != NULL && strcmp(verdict_names[at], verdict) != 0)
        at++;
    if (!is_id(lesson) || !is_id(step) || verdict_names[at] == NULL || attempts < 0 || hints < 0 ||
        solution < 0 || version < 0)
        return false;
    mark = ledger_mark(ledger, lesson, step);
    mark->verdict = (StepVerdict)at;
    mark->attempts = attempts;
    mark->hints = hints;
    mark->solution = solution > 0;
    mark->version = version;
    mark->changed = false;
    return true;
}

static bool read_line(const char *line, Ledger *ledger)
{
    char word[WORD_LONGEST], first[LESSON_ID + 1], second[LESSON_ID + 1];
    const char *words = line;

    take_word(&words, word, sizeof word);
    if (word[0] == '\0' || word[0] == '#')
        return true;
    if (strcmp(word, "step") == 0)
        return read_step(words, ledger);
    take_word(&words, first, sizeof first);
    take_word(&words, second, sizeof second);
    if (strcmp(word, "lang") == 0 && is_id(first)) {
        text_copy(ledger->lang, sizeof ledger->lang, first);
        return true;
    }
    if (strcmp(word, "at") != 0 || !is_id(first) || !is_id(second))
        return false;
    text_copy(ledger->lesson, sizeof ledger->lesson, first);
    text_copy(ledger->step, sizeof ledger->step, second);
    return true;
}

/* False where a line of it is none of ours. */
static bool read_text(const Bytes *bytes, Ledger *ledger)
{
    char *text = xcalloc(bytes->count + 1, 1), *next = text;
    bool whole = memchr(bytes->data, '\0', bytes->count) == NULL;

    memcpy(text, bytes->data, bytes->count);
    whole &= strncmp(text, heading, strlen(heading)) == 0;
    while (next != NULL) {
        char *line = next, *end = strchr(line, '\n');

        next = end == NULL ? NULL : end + 1;
        if (end != NULL)
            *end = '\0';
        if (end > line && end[-1] == '\r') /* somebody's editor */
            end[-1] = '\0';
        whole &= read_line(line, ledger);
    }
    free(text);
    return whole;
}

static Status set_aside(const char *path, Text *trouble)
{
    Text aside = {0};
    Status status = ok();

    text_printf(&aside, "%s.damaged", path);
    if (rename(path, text_chars(&aside)) != 0)
        status = fail(STATUS_IO, "%.100s is damaged and cannot be set aside: %s", path,
                      strerror(errno)); /* NOLINT(concurrency-mt-unsafe) */
    else
        text_printf(trouble,
                    "the record of lessons was damaged; it is set aside as %s, and what "
                    "could be read of it is kept",
                    text_chars(&aside));
    text_release(&aside);
    return status;
}

static Status read_file(const char *path, Ledger *ledger, bool *whole)
{
    Bytes bytes = {0};
    Status status;

    *whole = true;
    if (!file_exists(path))
        return ok();
    status = file_read(path, LEDGER_LONGEST, &bytes);
    if (failed(status))
        return status;
    if (bytes.count > 0)
        *whole = read_text(&bytes, ledger);
    bytes_release(&bytes);
    return ok();
}

Status ledger_open(const char *path, Ledger *ledger, Text *trouble)
{
    bool whole;

    TRY(read_file(path, ledger, &whole));
    if (whole)
        return ok();
    TRY(set_aside(path, trouble));
    for (size_t i = 0; i < ledger->count; i++)
        ledger->marks[i].changed = true;
    return ledger_write(path, ledger);
}

static void take_better(StepMark *to, const StepMark *from)
{
    to->verdict = from->verdict > to->verdict ? from->verdict : to->verdict;
    to->attempts = from->attempts > to->attempts ? from->attempts : to->attempts;
    to->hints = from->hints > to->hints ? from->hints : to->hints;
    to->version = from->version > to->version ? from->version : to->version;
    to->solution |= from->solution;
}

/* Into `there`, what the file holds: what this session changed. */
static void merge(const Ledger *ours, Ledger *there)
{
    if (ours->forgotten[0] != '\0')
        drop(there, ours->forgotten);
    for (size_t i = 0; i < ours->count; i++)
        if (ours->marks[i].changed)
            take_better(ledger_mark(there, ours->marks[i].lesson, ours->marks[i].step),
                        &ours->marks[i]);
    if (ours->placed) {
        text_copy(there->lesson, sizeof there->lesson, ours->lesson);
        text_copy(there->step, sizeof there->step, ours->step);
    }
    if (ours->spoken)
        text_copy(there->lang, sizeof there->lang, ours->lang);
}

static void print(const Ledger *ledger, Text *text)
{
    text_printf(text, "%s\n", heading);
    if (ledger->lang[0] != '\0')
        text_printf(text, "lang %s\n", ledger->lang);
    if (ledger->lesson[0] != '\0')
        text_printf(text, "at %s %s\n", ledger->lesson, ledger->step);
    for (size_t i = 0; i < ledger->count; i++) {
        const StepMark *mark = &ledger->marks[i];

        text_printf(text, "step %s %s %s attempts=%d hints=%d solution=%d version=%d\n",
                    mark->lesson, mark->step, verdict_names[mark->verdict], mark->attempts,
                    mark->hints, mark->solution, mark->version);
    }
}

static Status write_merged(const char *path, Ledger *ledger)
{
    Ledger there = {.count = 0};
    Text text = {0};
    bool whole;
    Status status = read_file(path, &there, &whole);

    if (failed(status))
        return status;
    merge(ledger, &there);
    print(&there, &text);
    status = file_write(path, text_chars(&text), text.length);
    text_release(&text);
    if (failed(status)) {
        ledger_release(&there);
        return status;
    }
    for (size_t i = 0; i < there.count; i++)
        there.marks[i].changed = false;
    /* Where this session is stays its own, whatever another one says. */
    text_copy(there.lesson, sizeof there.lesson, ledger->lesson);
    text_copy(there.step, sizeof there.step, ledger->step);
    text_copy(there.lang, sizeof there.lang, ledger->lang);
    ledger_release(ledger);
    *ledger = there;
    return ok();
}

Status ledger_write(const char *path, Ledger *ledger)
{
    Text lock = {0};
    Status status;
    int fd;

    text_printf(&lock, "%s.lock", path);
    fd = open(text_chars(&lock), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    text_release(&lock);
    if (fd < 0 || flock(fd, LOCK_EX) != 0)
        status = fail(STATUS_IO, "the record of lessons cannot be locked beside %.100s: %s", path,
                      strerror(errno)); /* NOLINT(concurrency-mt-unsafe) */
    else
        status = write_merged(path, ledger);
    if (fd >= 0)
        close(fd);
    return status;
}

#include "train/journal.h"

#include "base/file.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_LONGEST = 1024 };

void journal_release(Journal *journal)
{
    text_release(&journal->commands);
    for (size_t i = 0; i < journal->file_count; i++)
        free(journal->files[i].path);
    free(journal->files);
    *journal = (Journal){.step = 0};
}

void journal_copy(Journal *to, const Journal *from)
{
    journal_release(to);
    *to = *from;
    to->commands = (Text){.chars = NULL};
    text_append(&to->commands, text_chars(&from->commands));
    to->files = NULL;
    to->file_count = to->file_room = 0;
    for (size_t i = 0; i < from->file_count; i++) {
        to->files = grow(to->files, to->file_count, &to->file_room, sizeof *to->files);
        to->files[to->file_count++] =
            (JournalFile){xstrdup(from->files[i].path), from->files[i].stamp};
    }
}

void journal_lose(Journal *journal, const char *fmt, ...)
{
    char why[STATUS_TEXT];
    va_list args;

    if (failed(journal->lost))
        return;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    journal->lost = fail(STATUS_UNSUPPORTED, "%s", why);
    text_release(&journal->commands);
}

void journal_reach(Journal *journal, const Experiment *now, bool named)
{
    if (now == NULL)
        return;
    text_copy(journal->run, sizeof journal->run, named ? now->facts.run_name : "");
    journal->trained += now->facts.step - journal->step;
    journal->step = now->facts.step;
}

static void print_steps(int64_t steps, Text *text)
{
    if (steps > 0)
        text_printf(text, "train %lld\n", (long long)steps);
}

/* No quotes hold every path that the session may have been given. */
static bool can_be_typed(const char *line)
{
    return strpbrk(line, "\n\r") == NULL && !(strchr(line, '"') != NULL && strchr(line, '\''));
}

static bool has_room(Journal *journal, size_t bytes)
{
    if (!failed(journal->lost) && journal->commands.length + bytes > JOURNAL_BYTES)
        journal_lose(journal,
                     "the session has changed more than the %d KiB of commands that are kept, "
                     "so there is no script of it",
                     JOURNAL_BYTES >> 10);
    return !failed(journal->lost);
}

static void write_steps(Journal *journal)
{
    print_steps(journal->trained, &journal->commands);
    journal->trained = 0;
}

void journal_stop(Journal *journal, const Experiment *now, bool named)
{
    journal_reach(journal, now, named);
    if (has_room(journal, NUMBER_TEXT))
        write_steps(journal);
}

static void write_line(Journal *journal, const char *line)
{
    if (failed(journal->lost))
        return;
    if (!can_be_typed(line)) {
        journal_lose(journal, "no command can be typed for %.100s, so there is no script", line);
        return;
    }
    if (!has_room(journal, strlen(line)))
        return;
    write_steps(journal);
    if (journal->run[0] != '\0')
        text_printf(&journal->commands, "%s: ", journal->run);
    text_append(&journal->commands, line);
    if (journal->step > 0)
        text_printf(&journal->commands, " # after step %lld", (long long)journal->step);
    text_append(&journal->commands, "\n");
}

void journal_add(Journal *journal, const Experiment *now, const char *fmt, ...)
{
    char line[LINE_LONGEST];
    va_list args;
    int length;

    va_start(args, fmt);
    length = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (length < (int)sizeof line)
        write_line(journal, line);
    else
        journal_lose(journal, "%.80s... is longer than is kept, so there is no script", line);
    journal->step = now->facts.step;
}

static void add_switch(const char *name, bool was_off, bool off, Text *line)
{
    if (was_off != off)
        text_printf(line, " %s=%s", name, off ? "off" : "on");
}

/* Scale and tracker stay, as they do where only the rules of a dynamic scaler change. */
static void write_rules(Journal *journal, const ScalerSpec *before, const ScalerSpec *scaler)
{
    char growth[NUMBER_TEXT], backoff[NUMBER_TEXT], floor[NUMBER_TEXT];
    Text line = {0};

    text_printf(&line, "scale growth=%s backoff=%s interval=%lld",
                number_shortest(scaler->growth, growth), number_shortest(scaler->backoff, backoff),
                (long long)scaler->interval);
    if (before->floor != scaler->floor)
        text_printf(&line, " floor=%s", number_shortest((double)scaler->floor, floor));
    if (before->hysteresis != scaler->hysteresis)
        text_printf(&line, " hysteresis=%d", (int)scaler->hysteresis);
    add_switch("skip", before->take_all, scaler->take_all, &line);
    add_switch("unscale", before->leave_scaled, scaler->leave_scaled, &line);
    write_line(journal, text_chars(&line));
    text_release(&line);
}

static void write_part(Journal *journal, const Settings *settings, SettingPart part)
{
    Text line = {0};

    settings_part(settings, part, &line);
    write_line(journal, text_chars(&line));
    text_release(&line);
}

static void write_pace(Journal *journal, const Settings *settings)
{
    char number[NUMBER_TEXT];
    Text line = {0};

    text_printf(&line, "pace %s",
                settings->pace == 0.0 ? "max" : number_shortest(settings->pace, number));
    write_line(journal, text_chars(&line));
    text_release(&line);
}

static bool only_rules(const ScalerSpec *before, const ScalerSpec *after)
{
    return before->mode == SCALE_DYNAMIC && after->mode == SCALE_DYNAMIC &&
           before->start == after->start;
}

static bool begins_anew(const Settings *before, const Settings *after, SettingPart part)
{
    return part == SETTING_DATA || part == SETTING_NET || part == SETTING_SEED ||
           (part == SETTING_LOSS && strcmp(before->loss.kind, after->loss.kind) != 0);
}

static void write_difference(Journal *journal, const Settings *before, const Settings *after)
{
    int anew = 0;

    for (SettingPart part = SETTING_DATA; part < SETTING_PARTS; part++) {
        if (settings_same_part(before, after, part))
            continue;
        anew += begins_anew(before, after, part);
        if (part == SETTING_SCALE && only_rules(&before->scaler, &after->scaler))
            write_rules(journal, &before->scaler, &after->scaler);
        else
            write_part(journal, after, part);
    }
    journal->several = journal->several || anew > 1;
    if (before->pace != after->pace)
        write_pace(journal, after);
}

/* reset: the script may be sourced where a run of these very settings stands already. */
static void write_beginning(Journal *journal, const Settings *settings)
{
    for (SettingPart part = SETTING_DATA; part < SETTING_PARTS; part++)
        write_part(journal, settings, part);
    write_pace(journal, settings);
    write_line(journal, "break clear");
    write_line(journal, "reset");
}

void journal_settings(Journal *journal, const Settings *before, const Experiment *now)
{
    if (journal->commands.length == 0)
        write_beginning(journal, &now->settings);
    else
        write_difference(journal, before, &now->settings);
    journal->step = now->facts.step;
}

/* Setting another scaler has made a new one already. */
static bool just_written(const Journal *journal, const char *line)
{
    const char *last = text_chars(&journal->commands);
    size_t named = journal->run[0] == '\0' ? 0 : strlen(journal->run) + strlen(": ");

    for (const char *end = strchr(last, '\n'); end != NULL && end[1] != '\0';
         end = strchr(last, '\n'))
        last = end + 1;
    return journal->trained == 0 && strncmp(last, journal->run, strlen(journal->run)) == 0 &&
           strlen(last) > named && strncmp(last + named, line, strlen(line)) == 0;
}

void journal_scaler(Journal *journal, const Experiment *now)
{
    Text line = {0};

    settings_part(&now->settings, SETTING_SCALE, &line);
    if (now->settings.scaler.mode == SCALE_DYNAMIC && !just_written(journal, text_chars(&line)))
        write_line(journal, text_chars(&line));
    text_release(&line);
}

void journal_undo(Journal *journal, const Experiment *now)
{
    if (journal->several)
        journal_lose(journal, "an undo came behind several parts that were changed at once, which "
                              "no commands do, so there is no script");
    journal_add(journal, now, "undo");
}

void journal_load(Journal *journal, const Experiment *now, const char *path, int64_t stamp)
{
    Text word = {0};

    text_append_word(&word, path);
    journal_add(journal, now, "load %s", text_chars(&word));
    text_release(&word);
    if (failed(journal->lost))
        return;
    journal->files =
        grow(journal->files, journal->file_count, &journal->file_room, sizeof *journal->files);
    journal->files[journal->file_count++] = (JournalFile){xstrdup(path), stamp};
}

static Status check_files(const Journal *journal)
{
    for (size_t i = 0; i < journal->file_count; i++)
        if (file_stamp(journal->files[i].path) != journal->files[i].stamp)
            return fail(STATUS_UNSUPPORTED,
                        "%.100s has changed since it was loaded, so there is no script of this "
                        "session",
                        journal->files[i].path);
    return ok();
}

Status journal_print(const Journal *journal, Text *text)
{
    TRY(journal->lost);
    TRY(check_files(journal));
    text_append(text, text_chars(&journal->commands));
    print_steps(journal->trained, text);
    return ok();
}

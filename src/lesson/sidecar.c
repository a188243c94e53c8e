#include "lesson/sidecar.h"

#include "base/file.h"
#include "base/memory.h"
#include "lesson/fill.h"
#include "lesson/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LONGEST = 1 << 20 };

/* Where a translation goes. */
typedef struct Target {
    char step[LESSON_ID], name[LESSON_ID]; /* name: of a check or a choice */
    int n;                                 /* of hints and notes, from 1 */
    uint32_t src;
} Target;

/* What may be translated: a block's prose or a check's message. */
typedef struct Prose {
    const char *source;
    char **other, **old;
    uint32_t hash;
} Prose;

void sidecar_facts_release(SidecarFacts *facts)
{
    text_release(&facts->list);
}

void sidecar_path(const Lesson *lesson, const char *lang, Text *path)
{
    const char *slash = strrchr(lesson->path, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - lesson->path) + 1;

    text_append_bytes(path, lesson->path, folder);
    text_printf(path, "i18n/%s/%s", lang, lesson->path + folder);
}

static Status take_key(const char *path, int line, const char *word, Target *target)
{
    const char *equals = strchr(word, '=');
    size_t key = equals == NULL ? 0 : (size_t)(equals - word);

    if (key == 4 && strncmp(word, "step", key) == 0)
        text_copy(target->step, sizeof target->step, equals + 1);
    else if ((key == 5 && strncmp(word, "check", key) == 0) ||
             (key == 4 && strncmp(word, "name", key) == 0))
        text_copy(target->name, sizeof target->name, equals + 1);
    else if (key == 1 && word[0] == 'n')
        target->n = (int)strtol(equals + 1, NULL, 10);
    else if (key == 3 && strncmp(word, "src", key) == 0)
        target->src = (uint32_t)strtoul(equals + 1, NULL, 16);
    else
        return read_fault(path, line,
                          "'%.30s' is not known here; there are step=, check=, name=, "
                          "n= and src=",
                          word);
    return ok();
}

static Status take_target(const char *path, const RawBlock *raw, Target *target)
{
    const char *words = text_chars(&raw->argument);
    char word[2 * LESSON_ID];

    *target = (Target){.n = 1};
    for (take_word(&words, word, sizeof word); word[0] != '\0';
         take_word(&words, word, sizeof word))
        TRY(take_key(path, raw->line, word, target));
    return ok();
}

static Step *step_of(Lesson *lesson, const char *word, const Target *target)
{
    int at = lesson_step_named(lesson, target->step);

    if (strcmp(word, "say") == 0)
        return &lesson->demo;
    if (target->step[0] == '\0')
        return &lesson->header;
    return at < 0 ? NULL : &lesson->steps[at];
}

static bool find_message(Step *step, const Target *target, Prose *prose)
{
    for (int i = 0; i < step->check_count; i++) {
        Check *check = &step->checks[i];

        if (strcmp(check->name, target->name) != 0)
            continue;
        *prose = (Prose){check->message, &check->other, &check->old, check->hash};
        return true;
    }
    return false;
}

/* A choice is called @choice in a sidecar, whether it is right or not. */
static bool is_called(const Block *block, const char *word)
{
    const BlockInfo *info = &block_table[block->kind];

    return info->prose && (strcmp(info->word, word) == 0 ||
                           (block->kind == BLOCK_RIGHT && strcmp(word, "choice") == 0));
}

static bool find_prose(Step *step, const char *word, const Target *target, Prose *prose)
{
    int n = target->n;

    if (strcmp(word, "msg") == 0)
        return find_message(step, target, prose);
    for (size_t i = 0; i < step->block_count; i++) {
        Block *block = &step->blocks[i];

        if (!is_called(block, word) ||
            (target->name[0] != '\0' ? strcmp(block->name, target->name) != 0 : --n > 0))
            continue;
        *prose = (Prose){block->text, &block->other, &block->old, block->hash};
        return true;
    }
    return false;
}

static Status check_holes(const char *path, int line, const Prose *prose, const char *other)
{
    Text wanted = {0}, held = {0};
    bool same;

    fill_list(prose->source, &wanted);
    fill_list(other, &held);
    same = strcmp(text_chars(&wanted), text_chars(&held)) == 0;
    text_release(&wanted);
    text_release(&held);
    return same ? ok()
                : read_fault(path, line,
                             "its {...} and [keys] are not those of the source, in the "
                             "same order (V14)");
}

static Status take_translation(Lesson *lesson, const char *path, const RawBlock *raw,
                               SidecarFacts *facts)
{
    Target target;
    Prose prose = {.source = NULL};
    Step *step;

    TRY(take_target(path, raw, &target));
    step = step_of(lesson, raw->word, &target);
    if (step == NULL)
        return read_fault(path, raw->line, "lesson %s has no step %s (V14)", lesson->id,
                          target.step);
    if (!find_prose(step, raw->word, &target, &prose))
        return read_fault(path, raw->line, "there is no such @%s in the lesson (V14)", raw->word);
    if (raw->body.length == 0 || strncmp(text_chars(&raw->body), "TODO", 4) == 0)
        return ok();
    if (target.src != prose.hash) {
        facts->stale++;
        free(*prose.old);
        *prose.old = xstrdup(text_chars(&raw->body));
        text_printf(&facts->list, "stale: @%s %s %s, line %d\n", raw->word, target.step,
                    target.name, raw->line);
        return ok();
    }
    TRY(check_holes(path, raw->line, &prose, text_chars(&raw->body)));
    free(*prose.other);
    *prose.other = xstrdup(text_chars(&raw->body));
    facts->shown++;
    return ok();
}

static Status check_of(const Lesson *lesson, const char *path, const RawBlock *raw,
                       const char *wanted)
{
    if (strcmp(text_chars(&raw->argument), wanted) == 0)
        return ok();
    return read_fault(path, raw->line, "@%s is %.32s, and lesson %s wants %s (V14)", raw->word,
                      text_chars(&raw->argument), lesson->id, wanted);
}

static Status take_all(Lesson *lesson, const char *lang, Lines *lines, SidecarFacts *facts)
{
    RawBlock raw = {.line = 0};
    Status status;

    do {
        status = lines_block(lines, &raw);
        if (failed(status) || raw.word[0] == '\0')
            break;
        if (strcmp(raw.word, "of") == 0)
            status = check_of(lesson, lines->path, &raw, lesson->id);
        else if (strcmp(raw.word, "lang") == 0)
            status = check_of(lesson, lines->path, &raw, lang);
        else
            status = take_translation(lesson, lines->path, &raw, facts);
    } while (!failed(status));
    raw_block_release(&raw);
    return status;
}

static void forget(Step *step)
{
    for (size_t i = 0; i < step->block_count; i++) {
        free(step->blocks[i].other);
        step->blocks[i].other = NULL;
    }
    for (int i = 0; i < step->check_count; i++) {
        free(step->checks[i].other);
        step->checks[i].other = NULL;
    }
}

static void note_missing(const Step *step, SidecarFacts *facts)
{
    for (size_t i = 0; i < step->block_count; i++)
        if (block_table[step->blocks[i].kind].prose && step->blocks[i].other == NULL) {
            facts->missing++;
            text_printf(&facts->list, "missing: @%s %s %s\n",
                        block_table[step->blocks[i].kind].word, step->id, step->blocks[i].name);
        }
    for (int i = 0; i < step->check_count; i++)
        if (step->checks[i].other == NULL) {
            facts->missing++;
            text_printf(&facts->list, "missing: @msg %s %s\n", step->id, step->checks[i].name);
        }
}

static void each_step(Lesson *lesson, SidecarFacts *facts)
{
    Step *parts[] = {&lesson->header, &lesson->demo};

    for (size_t i = 0; i < lesson->step_count + 2; i++) {
        Step *step = i < 2 ? parts[i] : &lesson->steps[i - 2];

        facts == NULL ? forget(step) : note_missing(step, facts);
    }
}

Status sidecar_read(Lesson *lesson, const char *lang, SidecarFacts *facts)
{
    Text path = {0};
    Bytes bytes = {0};
    Lines lines = {0};
    Status status = ok();

    each_step(lesson, NULL);
    text_copy(lesson->shown, LANG_TEXT, lesson->lang);
    sidecar_path(lesson, lang, &path);
    if (strcmp(lang, lesson->lang) != 0 && file_exists(text_chars(&path))) {
        status = file_read(text_chars(&path), FILE_LONGEST, &bytes);
        if (!failed(status))
            status = lines_begin(text_chars(&path), (const char *)bytes.data, bytes.count, &lines);
        if (!failed(status))
            status = take_all(lesson, lang, &lines, facts);
        if (!failed(status))
            text_copy(lesson->shown, LANG_TEXT, lang);
    }
    if (strcmp(lang, lesson->lang) != 0)
        each_step(lesson, facts);
    lines_end(&lines);
    bytes_release(&bytes);
    text_release(&path);
    return status;
}

/* A line that begins with @ is written with two. */
static void append_escaped(const char *prose, Text *text)
{
    for (const char *at = prose; *at != '\0'; at++) {
        if (*at == '@' && (at == prose || at[-1] == '\n'))
            text_append(text, "@");
        text_append_bytes(text, at, 1);
    }
}

/* The head of a block; `name` "" : it needs none. */
static void print_head(const char *word, const char *step, const char *key, const char *name,
                       Text *text)
{
    text_printf(text, "@%s", word);
    if (step[0] != '\0')
        text_printf(text, " step=%s", step);
    if (name[0] != '\0')
        text_printf(text, " %s=%s", key, name);
}

/* Translations of what has changed stay beside it, as comments. */
static void append_old(const char *old, Text *text)
{
    while (old != NULL && *old != '\0') {
        size_t length = strcspn(old, "\n");

        text_printf(text, "# %.*s\n", (int)length, old);
        old += length + (old[length] == '\n');
    }
}

static void print_body(const Prose *prose, Text *text)
{
    const char *other = *prose->other;

    text_printf(text, " src=%08x\n%s", (unsigned)prose->hash, other == NULL ? "TODO " : "");
    append_escaped(other == NULL ? prose->source : other, text);
    text_append(text, "\n");
    append_old(other == NULL ? *prose->old : NULL, text);
    text_append(text, "\n");
}

static void print_step(Step *step, Text *text)
{
    int counts[BLOCK_KINDS] = {0};

    for (size_t i = 0; i < step->block_count; i++) {
        Block *block = &step->blocks[i];
        const BlockInfo *info = &block_table[block->kind];
        char n[12];

        if (!info->prose)
            continue;
        snprintf(n, sizeof n, "%d", ++counts[block->kind]);
        if (info->named)
            print_head("choice", step->id, "name", block->name, text);
        else
            print_head(info->word, step->id, "n", info->many ? n : "", text);
        print_body(&(Prose){block->text, &block->other, &block->old, block->hash}, text);
    }
    for (int i = 0; i < step->check_count; i++) {
        Check *check = &step->checks[i];

        print_head("msg", step->id, "check", check->name, text);
        print_body(&(Prose){check->message, &check->other, &check->old, check->hash}, text);
    }
}

void sidecar_print(Lesson *lesson, const char *lang, Text *text)
{
    text_printf(text, "@of %s\n@lang %s\n\n", lesson->id, lang);
    print_step(&lesson->header, text);
    for (size_t i = 0; i < lesson->step_count; i++)
        print_step(&lesson->steps[i], text);
    print_step(&lesson->demo, text);
}

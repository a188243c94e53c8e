/* Lines become a Lesson. */
#include "lesson/lesson.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "lesson/fill.h"
#include "lesson/read.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_LONGEST = 1 << 20, NAMES_SHOWN = BLOCK_KINDS + 1 };

static const double usual_budget = 5.0;

typedef struct Parser {
    Lesson *lesson;
    Step *step; /* that blocks go to */
    const RawBlock *raw;
} Parser;

static Status fault(const Parser *parser, const char *what)
{
    return read_fault(parser->lesson->path, parser->raw->line, "%s", what);
}

static Status find_kind(const Parser *parser, BlockKind *kind)
{
    const char *words[NAMES_SHOWN] = {NULL}, *word = parser->raw->word, *near;

    for (int i = 0; i < BLOCK_KINDS; i++) {
        words[i] = block_table[i].word;
        *kind = (BlockKind)i;
        if (strcmp(word, words[i]) == 0)
            return ok();
    }
    near = text_nearest(word, words);
    return read_fault(parser->lesson->path, parser->raw->line,
                      "there is no @%s; did you mean @%s? lessons/README.md lists all", word,
                      near == NULL ? "text" : near);
}

static Status take_id(const Parser *parser, const char **words, char id[LESSON_ID])
{
    char word[LESSON_ID + 1];

    take_word(words, word, sizeof word);
    if (!is_id(word))
        return read_fault(parser->lesson->path, parser->raw->line,
                          "@%s wants a name of a-z, 0-9 and -, at most 32 of them",
                          parser->raw->word);
    text_copy(id, LESSON_ID, word);
    return ok();
}

static Status take_step(Parser *parser, const char *words)
{
    Lesson *lesson = parser->lesson;
    Step step = {.line = parser->raw->line, .budget = usual_budget};
    char kind[WORD_LONGEST];
    int at = 0;

    TRY(take_id(parser, &words, step.id));
    if (lesson_step_named(lesson, step.id) >= 0)
        return read_fault(lesson->path, step.line, "there is a step %s already; names are unique",
                          step.id);
    take_word(&words, kind, sizeof kind);
    while (step_kind_names[at] != NULL && strcmp(step_kind_names[at], kind) != 0)
        at++;
    if (at == STEP_KINDS)
        return read_fault(lesson->path, step.line,
                          "behind @step %s comes its kind: read, predict, do, quiz or free",
                          step.id);
    step.kind = (StepKind)at;
    lesson->steps = grow(lesson->steps, lesson->step_count, &lesson->room, sizeof step);
    lesson->steps[lesson->step_count++] = step;
    parser->step = &lesson->steps[lesson->step_count - 1];
    return ok();
}

static Status take_check(const Parser *parser, char *line, int number)
{
    const char *path = parser->lesson->path, *words = line;
    Step *step = parser->step;
    Check *check = &step->checks[step->check_count];
    char *message = strstr(line, " -- ");
    Status status;

    if (step->check_count == CHECKS_MOST)
        return read_fault(path, number, "a step has at most %d checks", CHECKS_MOST);
    if (message == NULL)
        return read_fault(path, number, "a check is NAME PREDICATE -- MESSAGE; the message lacks");
    *message = '\0';
    take_word(&words, check->name, sizeof check->name);
    if (!is_id(check->name))
        return read_fault(path, number, "a check begins with a name of a-z, 0-9 and -");
    for (int i = 0; i < step->check_count; i++)
        if (strcmp(step->checks[i].name, check->name) == 0)
            return read_fault(path, number, "there is a check %s already", check->name);
    step->check_count++;
    check->line = number;
    check->predicate = xstrdup(words);
    check->message = xstrdup(message + 4 + strspn(message + 4, " "));
    check->hash = prose_hash(check->message);
    status = expr_read(check->predicate, NULL, &check->expr);
    return failed(status) ? read_fault(path, number, "%.110s (V12)", status.text) : ok();
}

static Status take_checks(const Parser *parser)
{
    char *copy = xstrdup(text_chars(&parser->raw->body)), *next = copy;
    const int *number = parser->raw->lines;
    Status status = ok();

    while (next != NULL && !failed(status)) {
        char *line = next, *end = strchr(line, '\n');

        number++;
        next = end == NULL ? NULL : end + 1;
        if (end != NULL)
            *end = '\0';
        if (*line != '\0')
            status = take_check(parser, line, *number);
    }
    free(copy);
    return status;
}

static Status take_budget(const Parser *parser)
{
    char word[WORD_LONGEST];
    const char *words = text_chars(&parser->raw->argument);

    take_word(&words, word, sizeof word);
    if (word[0] != '\0' && word[strlen(word) - 1] == 's')
        word[strlen(word) - 1] = '\0';
    if (failed(number_parse(word, &parser->step->budget)) || !(parser->step->budget > 0.0))
        return fault(parser, "@budget wants seconds, as in @budget 5s");
    return ok();
}

static Status take_verify(const Parser *parser)
{
    Status status;

    if (parser->step->verify != NULL)
        return fault(parser, "there is one @verify in a step");
    status = expr_read(text_chars(&parser->raw->argument), NULL, &parser->step->verify);
    return failed(status)
               ? read_fault(parser->lesson->path, parser->raw->line, "%.110s (V12)", status.text)
               : ok();
}

static Status take_number(const Parser *parser, int *number)
{
    int64_t value = 0;

    if (failed(count_parse(text_chars(&parser->raw->argument), &value)) || value < 1 ||
        value > 9999)
        return read_fault(parser->lesson->path, parser->raw->line, "@%s wants a whole number",
                          parser->raw->word);
    *number = (int)value;
    return ok();
}

static Status take_lang(const Parser *parser)
{
    const char *lang = text_chars(&parser->raw->argument);

    if (strcmp(lang, "en") != 0 && strcmp(lang, "zh") != 0)
        return fault(parser, "@lang is en or zh");
    text_copy(parser->lesson->lang, LANG_TEXT, lang);
    text_copy(parser->lesson->shown, LANG_TEXT, lang);
    return ok();
}

/* What some blocks mean beyond being kept. */
static Status understand(Parser *parser, BlockKind kind)
{
    const char *words = text_chars(&parser->raw->argument);

    switch (kind) {
    case BLOCK_LESSON:
        return take_id(parser, &words, parser->lesson->id);
    case BLOCK_VERSION:
        return take_number(parser, &parser->lesson->version);
    case BLOCK_MINUTES:
        return take_number(parser, &parser->lesson->minutes);
    case BLOCK_LANG:
        return take_lang(parser);
    case BLOCK_CHECK:
        return take_checks(parser);
    case BLOCK_BUDGET:
        return take_budget(parser);
    case BLOCK_VERIFY:
        return take_verify(parser);
    default:
        return ok();
    }
}

/* Prose that may begin on the line of its word; commands begin below it. */
static void take_words(const RawBlock *raw, Block *block)
{
    const char *argument = text_chars(&raw->argument);
    bool commands = !block_table[block->kind].prose || block->kind == BLOCK_SAY;
    Text text = {0};

    if (block_table[block->kind].named)
        take_word(&argument, block->name, sizeof block->name);
    text_append(&text, argument);
    if (commands && block->kind != BLOCK_SOURCE) {
        block->commands = xstrdup(text_chars(&raw->body));
    } else {
        text_append(&text, text.length > 0 && raw->body.length > 0 ? "\n" : "");
        text_append(&text, text_chars(&raw->body));
    }
    block->below = argument[0] == '\0';
    block->text = xstrdup(text_chars(&text));
    block->lines = xcalloc(raw->line_count, sizeof *block->lines);
    memcpy(block->lines, raw->lines, raw->line_count * sizeof *block->lines);
    block->hash = prose_hash(block->text);
    text_release(&text);
}

static Status check_place(const Parser *parser, BlockKind kind)
{
    const BlockInfo *info = &block_table[kind];
    bool header = parser->step == &parser->lesson->header;

    if (info->header && !header)
        return read_fault(parser->lesson->path, parser->raw->line,
                          "@%s belongs before the first @step", info->word);
    if (kind == BLOCK_SAY && step_block(parser->step, BLOCK_DEMO, 0) == NULL)
        return fault(parser, "@say belongs behind @demo");
    if (!info->header && header && kind != BLOCK_DEMO)
        return read_fault(parser->lesson->path, parser->raw->line,
                          "@%s belongs behind a @step NAME KIND", info->word);
    if (!info->many && step_block(parser->step, kind, 0) != NULL)
        return read_fault(parser->lesson->path, parser->raw->line,
                          "there is a @%s already in this step", info->word);
    return ok();
}

static Status take_block(Parser *parser)
{
    Block block = {.line = parser->raw->line};
    Step *step;

    TRY(find_kind(parser, &block.kind));
    if (block.kind == BLOCK_STEP)
        return take_step(parser, text_chars(&parser->raw->argument));
    if (block.kind == BLOCK_DEMO)
        parser->step = &parser->lesson->demo;
    TRY(check_place(parser, block.kind));
    take_words(parser->raw, &block);
    step = parser->step;
    step->blocks = grow(step->blocks, step->block_count, &step->room, sizeof block);
    step->blocks[step->block_count++] = block;
    return understand(parser, block.kind);
}

static const char *question_lacks(const Step *step)
{
    int right = step_count(step, BLOCK_RIGHT);
    bool choices = right + step_count(step, BLOCK_CHOICE) > 0;
    bool number = step_block(step, BLOCK_ANSWER, 0) != NULL;

    if (step_block(step, BLOCK_ASK, 0) == NULL)
        return "its question, @ask";
    if (choices == number)
        return "either choices (@choice, one @choice*) or an @answer";
    if (choices && right != 1)
        return "exactly one right choice, @choice* (V11)";
    return number && step->kind == STEP_PREDICT ? "choices: a number cannot be predicted here"
                                                : NULL;
}

static const char *task_lacks(const Step *step)
{
    if (step_block(step, BLOCK_SETUP, 0) == NULL)
        return "a @setup (it may be empty)";
    if (step_block(step, BLOCK_TASK, 0) == NULL)
        return "its @task";
    if (step_block(step, BLOCK_SOLUTION, 0) == NULL)
        return "a @solution (V1)";
    return step->check_count == 0 ? "a @check" : NULL;
}

/* What a step cannot do without. */
static Status check_step(const Lesson *lesson, const Step *step)
{
    const char *lacks = step_block(step, BLOCK_TEXT, 0) == NULL ? "its @text" : NULL;

    if (step_asks(step))
        lacks = question_lacks(step);
    else if (step->kind == STEP_DO)
        lacks = task_lacks(step);
    return lacks == NULL
               ? ok()
               : read_fault(lesson->path, step->line, "step %s lacks %s", step->id, lacks);
}

static Status check_fills(const Lesson *lesson, const Step *step)
{
    for (size_t i = 0; i < step->block_count; i++) {
        const Block *block = &step->blocks[i];

        if (block_table[block->kind].prose)
            TRY(fill_check(lesson, block));
    }
    return ok();
}

static Status check_whole(const Lesson *lesson)
{
    static const BlockKind needed[] = {BLOCK_LESSON, BLOCK_VERSION, BLOCK_LANG, BLOCK_TITLE,
                                       BLOCK_GOAL};

    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (step_block(&lesson->header, needed[i], 0) == NULL)
            return read_fault(lesson->path, 1, "the lesson lacks @%s: %s",
                              block_table[needed[i]].word, block_table[needed[i]].text);
    if (lesson->step_count == 0)
        return read_fault(lesson->path, 1, "the lesson has no @step");
    for (size_t i = 0; i < lesson->step_count; i++) {
        TRY(check_step(lesson, &lesson->steps[i]));
        TRY(check_fills(lesson, &lesson->steps[i]));
    }
    TRY(check_fills(lesson, &lesson->header));
    return check_fills(lesson, &lesson->demo);
}

static Status parse(Lines *lines, Lesson *lesson)
{
    RawBlock raw = {.line = 0};
    Parser parser = {.lesson = lesson, .step = &lesson->header, .raw = &raw};
    Status status;

    do {
        status = lines_block(lines, &raw);
        if (!failed(status) && raw.word[0] != '\0')
            status = take_block(&parser);
    } while (!failed(status) && raw.word[0] != '\0');
    raw_block_release(&raw);
    return failed(status) ? status : check_whole(lesson);
}

Status lesson_parse(const char *path, const char *text, size_t length, Lesson **lesson)
{
    Lesson *made = xcalloc(1, sizeof *made);
    Lines lines;
    Status status;

    made->path = xstrdup(path);
    status = lines_begin(path, text, length, &lines);
    if (!failed(status))
        status = parse(&lines, made);
    lines_end(&lines);
    if (failed(status))
        lesson_free(made);
    else
        *lesson = made;
    return status;
}

Status lesson_read(const char *path, Lesson **lesson)
{
    int64_t stamp = file_stamp(path);
    Bytes bytes = {0};
    Status status;

    TRY(file_read(path, FILE_LONGEST, &bytes));
    status = lesson_parse(path, (const char *)bytes.data, bytes.count, lesson);
    bytes_release(&bytes);
    if (!failed(status))
        (*lesson)->stamp = stamp;
    return status;
}

#include "lesson/lesson.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *const step_kind_names[STEP_KINDS + 1] = {"read", "predict", "do", "quiz", "free", NULL};

const BlockInfo block_table[BLOCK_KINDS] = {
    [BLOCK_LESSON] = {.word = "lesson", .text = "the lesson's name", .header = true},
    [BLOCK_VERSION] = {.word = "version",
                       .text = "a number that grows when steps change",
                       .header = true},
    [BLOCK_LANG] = {.word = "lang", .text = "en or zh", .header = true},
    [BLOCK_MINUTES] = {.word = "minutes", .text = "how long it takes", .header = true},
    [BLOCK_NEEDS] = {.word = "needs", .text = "lessons that come before it", .header = true},
    [BLOCK_TITLE] = {.word = "title", .text = "one line", .header = true, .prose = true},
    [BLOCK_GOAL] = {.word = "goal",
                    .text = "what one can do behind it",
                    .header = true,
                    .prose = true},
    [BLOCK_SOURCE] = {.word = "source",
                      .text = "a key, and where a fact is from",
                      .header = true,
                      .many = true,
                      .named = true},
    [BLOCK_STEP] = {.word = "step",
                    .text = "a name and a kind: read, predict, do, quiz or free",
                    .many = true},
    [BLOCK_SETUP] = {.word = "setup", .text = "commands, in a fresh session"},
    [BLOCK_TEXT] = {.word = "text", .text = "paragraphs to read", .prose = true},
    [BLOCK_TASK] = {.word = "task", .text = "what is to be done", .prose = true},
    [BLOCK_BUDGET] = {.word = "budget", .text = "seconds that the solution may take: 5s"},
    [BLOCK_CHECK] = {.word = "check", .text = "lines of NAME PREDICATE -- MESSAGE"},
    [BLOCK_HINT] = {.word = "hint", .text = "help, the vaguest first", .many = true, .prose = true},
    [BLOCK_SOLUTION] = {.word = "solution", .text = "commands that pass every check"},
    [BLOCK_ALSO] = {.word = "also", .text = "other commands that pass", .many = true},
    [BLOCK_WRONG] = {.word = "wrong",
                     .text = "the checks that its commands must fail",
                     .many = true},
    [BLOCK_ASK] = {.word = "ask", .text = "a question", .prose = true},
    [BLOCK_CHOICE] = {.word = "choice",
                      .text = "a letter and a wrong answer",
                      .many = true,
                      .named = true,
                      .prose = true},
    [BLOCK_RIGHT] = {.word = "choice*",
                     .text = "a letter and the right answer",
                     .many = true,
                     .named = true,
                     .prose = true},
    [BLOCK_ANSWER] = {.word = "answer", .text = "the number that is right"},
    [BLOCK_VERIFY] = {.word = "verify", .text = "an expression that proves the answer"},
    [BLOCK_WHY] = {.word = "why", .text = "the reason, shown behind the answer", .prose = true},
    [BLOCK_DEBRIEF] = {.word = "debrief", .text = "what is said behind the step", .prose = true},
    [BLOCK_DEMO] = {.word = "demo", .text = "how long the card for the teacher takes: 5min"},
    [BLOCK_SAY] = {.word = "say",
                   .text = "a note for the teacher, and commands to type",
                   .many = true,
                   .prose = true},
};

const Block *step_block(const Step *step, BlockKind kind, int n)
{
    for (size_t i = 0; i < step->block_count; i++)
        if (step->blocks[i].kind == kind && n-- == 0)
            return &step->blocks[i];
    return NULL;
}

int step_count(const Step *step, BlockKind kind)
{
    int count = 0;

    while (step_block(step, kind, count) != NULL)
        count++;
    return count;
}

int block_line(const Block *block, int n)
{
    return block->lines[n + block->below];
}

int block_command_line(const Block *block, int n)
{
    return block->lines[n + 1];
}

const char *block_prose(const Block *block)
{
    return block->other != NULL ? block->other : block->text;
}

const char *check_message(const Check *check)
{
    return check->other != NULL ? check->other : check->message;
}

const char *step_prose(const Step *step, BlockKind kind)
{
    const Block *block = step_block(step, kind, 0);

    return block == NULL ? "" : block_prose(block);
}

const Block *lesson_source(const Lesson *lesson, const char *key)
{
    const Block *source;

    for (int n = 0; (source = step_block(&lesson->header, BLOCK_SOURCE, n)) != NULL; n++)
        if (strcmp(source->name, key) == 0)
            return source;
    return NULL;
}

const char *source_second_hand(const Block *source)
{
    static const char tag[] = "at second hand: ";

    return strncmp(source->text, tag, strlen(tag)) == 0 ? source->text + strlen(tag) : NULL;
}

int lesson_step_named(const Lesson *lesson, const char *id)
{
    for (size_t i = 0; i < lesson->step_count; i++)
        if (strcmp(lesson->steps[i].id, id) == 0)
            return (int)i;
    return -1;
}

bool step_asks(const Step *step)
{
    return step->kind == STEP_PREDICT || step->kind == STEP_QUIZ;
}

uint32_t prose_hash(const char *text)
{
    const uint32_t prime = 16777619u;
    uint32_t hash = 2166136261u;

    text += strspn(text, " \n");
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (isspace(byte)) {
            text += strspn(text, " \n") - 1;
            byte = ' ';
            if (text[1] == '\0')
                break;
        }
        hash = (hash ^ byte) * prime;
    }
    return hash;
}

static void step_release(Step *step)
{
    for (size_t i = 0; i < step->block_count; i++) {
        free(step->blocks[i].text);
        free(step->blocks[i].commands);
        free(step->blocks[i].lines);
        free(step->blocks[i].other);
        free(step->blocks[i].old);
    }
    for (int i = 0; i < step->check_count; i++) {
        free(step->checks[i].predicate);
        free(step->checks[i].message);
        free(step->checks[i].other);
        free(step->checks[i].old);
        expr_free(step->checks[i].expr);
    }
    expr_free(step->verify);
    free(step->blocks);
}

void lesson_free(Lesson *lesson)
{
    if (lesson == NULL)
        return;
    step_release(&lesson->header);
    step_release(&lesson->demo);
    for (size_t i = 0; i < lesson->step_count; i++)
        step_release(&lesson->steps[i]);
    free(lesson->steps);
    free(lesson->path);
    free(lesson);
}

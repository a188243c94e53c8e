/* What can be seen of a lesson without running it. */
#include "repl/lesson_verify.h"

#include "base/number.h"
#include "lesson/answer.h"
#include "lesson/fill.h"
#include "lesson/sidecar.h"
#include "repl/lesson_reach.h"
#include "repl/state.h"
#include "repl/teacher_page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 3 };

static int rows_of(const char *page)
{
    int rows = 0;

    for (; *page != '\0'; page++)
        rows += *page == '\n';
    return rows;
}

static size_t widest(const char *page)
{
    size_t most = 0;

    while (*page != '\0') {
        size_t length = strcspn(page, "\n"), width = page_width(page, length);

        most = width > most ? width : most;
        page += length + (page[length] == '\n');
    }
    return most;
}

/* In the language that is shown. */
static void check_page(Verifier *verifier, const Block *block)
{
    Snapshot snapshot = {.step = 0};
    Text page = {0};

    page_prose(block_prose(block), &snapshot, PAGE_COLUMNS, "", &page);
    if (rows_of(text_chars(&page)) > PAGE_ROWS)
        verify_fault(verifier, block->line, "V13",
                     "@%s has %d rows in %s, and a page has %d; make "
                     "two steps of it",
                     block_table[block->kind].word, rows_of(text_chars(&page)),
                     verifier->lesson->shown, PAGE_ROWS);
    if (widest(text_chars(&page)) > PAGE_COLUMNS)
        verify_fault(verifier, block->line, "V13",
                     "@%s has a line of %zu columns in %s, and a page "
                     "has %d",
                     block_table[block->kind].word, widest(text_chars(&page)),
                     verifier->lesson->shown, PAGE_COLUMNS);
    text_release(&page);
}

static void check_pages(Verifier *verifier, const Step *step)
{
    for (size_t i = 0; i < step->block_count; i++)
        if (block_table[step->blocks[i].kind].prose)
            check_page(verifier, &step->blocks[i]);
}

/* Two choices that say the same number, or the same. */
static bool same_choice(const Block *a, const Block *b)
{
    double x, y;

    if (strcmp(a->text, b->text) == 0)
        return true;
    return !failed(number_parse(a->text, &x)) && !failed(number_parse(b->text, &y)) && x == y;
}

static bool is_choice(const Block *block)
{
    return block->kind == BLOCK_CHOICE || block->kind == BLOCK_RIGHT;
}

static void check_choices(Verifier *verifier)
{
    const Step *step = verifier->step;

    for (size_t i = 0; i < step->block_count; i++)
        for (size_t j = i + 1; j < step->block_count; j++) {
            const Block *a = &step->blocks[i], *b = &step->blocks[j];

            if (!is_choice(a) || !is_choice(b))
                continue;
            if (strcmp(a->name, b->name) == 0)
                verify_fault(verifier, b->line, "V11", "there is a choice %s already", b->name);
            else if (same_choice(a, b))
                verify_fault(verifier, b->line, "V11", "choices %s and %s say the same", a->name,
                             b->name);
        }
}

/* However a learner writes the number. */
static void check_answer(Verifier *verifier, const Block *answer)
{
    char forms[2][NUMBER_TEXT] = {""};
    const Block *choice;
    double value;

    if (failed(number_parse(answer->text, &value)) || !isfinite(value))
        return;
    number_shortest(value, forms[0]);
    snprintf(forms[1], NUMBER_TEXT, "%.*g", DIGITS, value);
    for (int i = 0; i < 2; i++)
        if (answer_judge(verifier->step, forms[i], &choice) != ANSWER_RIGHT)
            verify_fault(verifier, answer->line, "V11", "the answer written as %s is not taken",
                         forms[i]);
}

static void check_question(Verifier *verifier)
{
    const Step *step = verifier->step;
    const Block *answer = step_block(step, BLOCK_ANSWER, 0);
    Snapshot snapshot = {.step = 0};
    Past past = {.start = NULL};
    bool holds = true;
    Status status = ok();

    snapshot.past = &past;
    check_choices(verifier);
    if (answer != NULL)
        check_answer(verifier, answer);
    if (step->verify != NULL && step_block(step, BLOCK_SETUP, 0) == NULL)
        status = expr_test(step->verify, &snapshot, &holds);
    if (failed(status) || !holds)
        verify_fault(verifier, step->line, "V11", "its @verify is not true%s%.100s",
                     failed(status) ? ": " : "", status.text);
    if (answer != NULL && step->verify == NULL)
        verify_fault(verifier, step->line, "V11", "a number is asked, and no @verify proves it");
}

static bool contains_line(const char *hint, const char *commands)
{
    while (*commands != '\0') {
        size_t length = strcspn(commands, "\n");
        Text line = {0};
        bool found;

        text_append_bytes(&line, commands, length);
        found = length > 0 && strstr(hint, text_chars(&line)) != NULL;
        text_release(&line);
        if (found)
            return true;
        commands += length + (commands[length] == '\n');
    }
    return false;
}

static void check_hints(Verifier *verifier)
{
    const Step *step = verifier->step;
    const Block *solution = step_block(step, BLOCK_SOLUTION, 0);
    int count = step_count(step, BLOCK_HINT);

    if (count == 0)
        verify_fault(verifier, step->line, "V15", "it has no @hint");
    if (count > 4)
        verify_fault(verifier, step->line, "V15", "it has %d hints; four are the most", count);
    for (int n = 0; n + 1 < count; n++) {
        const Block *hint = step_block(step, BLOCK_HINT, n);

        if (contains_line(hint->text, solution->commands))
            verify_fault(verifier, hint->line, "V15",
                         "it gives a line of the solution away, which only the last hint may");
    }
}

static bool named_by_wrong(const Step *step, const char *name)
{
    const Block *wrong;

    for (int n = 0; (wrong = step_block(step, BLOCK_WRONG, n)) != NULL; n++) {
        size_t length = strlen(name);

        for (const char *at = wrong->text; (at = strstr(at, name)) != NULL; at += length)
            if ((at == wrong->text || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
                return true;
    }
    return false;
}

static void check_attempts(Verifier *verifier)
{
    const Step *step = verifier->step;

    for (int i = 0; i < step->check_count; i++)
        if (!named_by_wrong(step, step->checks[i].name))
            verify_fault(verifier, step->checks[i].line, "V4",
                         "no @wrong names check %s: does it ever fail?", step->checks[i].name);
    if (step_block(step, BLOCK_ALSO, 0) == NULL)
        verify_fault(verifier, step->line, "V5", "it has no @also, another way to pass");
}

/* A clock says something else each time. */
static void check_clock(Verifier *verifier, ExprNeeds needs, int line, const char *what)
{
    if (needs.clock)
        verify_fault(verifier, line, "V21",
                     "%s asks how fast something went, which differs from run to run", what);
}

static void check_clocks(Verifier *verifier, const Step *step)
{
    for (int i = 0; i < step->check_count; i++)
        check_clock(verifier, expr_needs(step->checks[i].expr), step->checks[i].line, "a check");
    if (step->verify != NULL)
        check_clock(verifier, expr_needs(step->verify), step_block(step, BLOCK_VERIFY, 0)->line,
                    "@verify");
    for (size_t i = 0; i < step->block_count; i++) {
        ExprNeeds needs = {.clock = false};

        if (!block_table[step->blocks[i].kind].prose)
            continue;
        fill_needs(step->blocks[i].text, &needs);
        check_clock(verifier, needs, step->blocks[i].line, "a number in braces");
    }
}

static void check_reach(Verifier *verifier, const Step *step)
{
    static const BlockKind kinds[] = {BLOCK_SETUP, BLOCK_SOLUTION, BLOCK_ALSO, BLOCK_WRONG,
                                      BLOCK_SAY};
    const Block *block;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (int n = 0; (block = step_block(step, kinds[i], n)) != NULL; n++) {
            int line;
            Status status = reach_of_text(block->commands, &line);

            if (failed(status))
                verify_fault(verifier, block_command_line(block, line - 1), "V21", "%s",
                             status.text);
        }
}

bool verify_reach(Verifier *verifier)
{
    int faults = verifier->faults;

    check_clocks(verifier, &verifier->lesson->header);
    for (size_t i = 0; i < verifier->lesson->step_count; i++) {
        verifier->step = &verifier->lesson->steps[i];
        check_clocks(verifier, verifier->step);
        check_reach(verifier, verifier->step);
    }
    verifier->step = NULL;
    check_clocks(verifier, &verifier->lesson->demo);
    check_reach(verifier, &verifier->lesson->demo);
    return verifier->faults == faults;
}

static void check_language(Verifier *verifier)
{
    const char *lang = verifier->spec->lang;
    SidecarFacts facts = {0};
    Status status;

    verifier->step = NULL;
    if (lang == NULL || strcmp(lang, verifier->lesson->lang) == 0)
        return;
    status = sidecar_read(verifier->lesson, lang, &facts);
    if (failed(status))
        verify_fault(verifier, 0, "V14", "%s", status.text);
    else if (facts.stale + facts.missing > 0)
        verify_fault(verifier, 1, "V14", "in %s %d blocks are stale and %d missing:\n%s", lang,
                     facts.stale, facts.missing, text_chars(&facts.list));
    sidecar_facts_release(&facts);
    check_pages(verifier, &verifier->lesson->header);
    for (size_t i = 0; i < verifier->lesson->step_count; i++)
        check_pages(verifier, &verifier->lesson->steps[i]);
    (void)failed(sidecar_read(verifier->lesson, verifier->lesson->lang, &facts));
}

/* A tag that is not quite one would be missed by whoever asks for them. */
static void check_sources(Verifier *verifier)
{
    const Block *source;

    for (int n = 0; (source = step_block(&verifier->lesson->header, BLOCK_SOURCE, n)) != NULL; n++)
        if (source_second_hand(source) == NULL && strcasestr(source->text, "second hand") != NULL)
            verify_fault(verifier, source->line, "V12",
                         "the text of a source that was read elsewhere begins with "
                         "`at second hand: `");
}

void verify_text(Verifier *verifier)
{
    check_sources(verifier);
    check_pages(verifier, &verifier->lesson->header);
    for (size_t i = 0; i < verifier->lesson->step_count; i++) {
        verifier->step = &verifier->lesson->steps[i];
        check_pages(verifier, verifier->step);
        if (step_asks(verifier->step))
            check_question(verifier);
        if (verifier->step->kind == STEP_DO) {
            check_hints(verifier);
            check_attempts(verifier);
        }
    }
    check_language(verifier);
}

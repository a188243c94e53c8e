#include "sample.h"

#include <criterion/criterion.h>
#include <string.h>

Test(lesson, what_stands_in_a_file_is_read)
{
    Lesson *lesson = sample_read();
    const Step *act = &lesson->steps[2];

    cr_expect_str_eq(lesson->id, "tiny");
    cr_expect_eq(lesson->version, 3);
    cr_expect_eq(lesson->minutes, 5);
    cr_expect_str_eq(lesson->lang, "en");
    cr_expect_eq(lesson->step_count, 4);
    cr_expect_str_eq(step_prose(&lesson->header, BLOCK_GOAL), "Know\n  more");
    cr_expect_str_eq(lesson_source(lesson, "own")->text, "measured here");
    cr_expect_eq(act->kind, STEP_DO);
    cr_expect_eq(act->budget, 2.0);
    cr_expect_str_eq(step_block(act, BLOCK_SOLUTION, 0)->commands, "train 20\ntrain 1");
    cr_expect_str_eq(step_block(act, BLOCK_WRONG, 0)->text, "learnt long");
    cr_expect_eq(act->check_count, 2);
    cr_expect_str_eq(act->checks[0].predicate, "loss < 1%  ");
    cr_expect_str_eq(act->checks[1].message, "longer");
    cr_expect_str_eq(step_block(&lesson->demo, BLOCK_SAY, 0)->text, "Look.");
    cr_expect_str_eq(step_block(&lesson->demo, BLOCK_SAY, 0)->commands, "train 5");
    cr_expect_eq(lesson_step_named(lesson, "number"), 3);
    cr_expect_eq(lesson_step_named(lesson, "nothing"), -1);
    lesson_free(lesson);
}

Test(lesson, comments_leave_nothing_and_two_at_signs_are_one)
{
    Lesson *lesson = sample_read();

    cr_expect_str_eq(step_prose(&lesson->steps[0], BLOCK_TEXT), "One. [own]\n@two");
    lesson_free(lesson);
}

Test(lesson, a_source_says_that_it_was_read_at_second_hand)
{
    Lesson *lesson = NULL;

    cr_assert(!failed(sample_spoiled("measured here", "at second hand: a paper", &lesson)));
    cr_expect_str_eq(source_second_hand(lesson_source(lesson, "own")), "a paper");
    lesson_free(lesson);
    lesson = sample_read();
    cr_expect_null(source_second_hand(lesson_source(lesson, "own")));
    lesson_free(lesson);
}

typedef struct Spoiled {
    const char *what, *with, *said;
} Spoiled;

/* What is wrong is said with file and line. */
static const Spoiled spoiled[] = {
    {"@text", "@txet", "tiny.lesson:13: there is no @txet; did you mean @text?"},
    {"@lesson  tiny", "@lesson  Tiny!", "tiny.lesson:2: @lesson wants a name"},
    {"# a comment", "hello", "tiny.lesson:1: text stands before the first block"},
    {"@version 3", "@version three", "tiny.lesson:3: @version wants a whole number"},
    {"@lang    en", "@lang    klingon", "tiny.lesson:4: @lang is en or zh"},
    {"@title   A small lesson\n", "", "tiny.lesson:1: the lesson lacks @title"},
    {"@step act do", "@step why do", "tiny.lesson:26: there is a step why already"},
    {"@step act do", "@step act done", "comes its kind: read, predict, do, quiz or free"},
    {"@step why read", "@step why read\n@goal x", "tiny.lesson:13: @goal belongs before"},
    {"@needs   other", "@task x", "tiny.lesson:6: @task belongs behind a @step"},
    {"@task\nDo it.", "@task\nDo it.\n@task\nAgain.", "there is a @task already"},
    {"@choice* b", "@choice  b", "step guess lacks exactly one right choice, @choice* (V11)"},
    {"@setup\nbatch 32\n", "", "tiny.lesson:26: step act lacks a @setup"},
    {"@ask\nWhich?\n", "", "step guess lacks its question, @ask"},
    {"@answer 2^19\n", "", "step number lacks either choices"},
    {"  -- longer", "", "tiny.lesson:34: a check is NAME PREDICATE -- MESSAGE"},
    {"long    step", "learnt  step", "tiny.lesson:34: there is a check learnt already"},
    {"loss < 1%", "lss < 1%", "tiny.lesson:33: there is no 'lss' here; did you mean loss? (V12)"},
    {"loss < 1%", "runs[1].lss < 1%", "there is no 'lss' here; did you mean loss? (V12)"},
    {"@verify isfinite", "@verify isfinit", "did you mean isfinite? (V12)"},
    {"@budget 2s", "@budget soon", "@budget wants seconds"},
    {"[own]", "[paper]", "tiny.lesson:14: [paper] has no @source paper KEY TEXT (V12)"},
    {"{loss:%.2f}", "{loss:%d}", "tiny.lesson:45: '%d' is no format"},
    {"{loss:%.2f}", "{lss}", "tiny.lesson:45: {lss}: there is no 'lss' here"},
    {"One. [own]\n", "# not\nOne. [own]\n# shown\n\n{lss}\n", "tiny.lesson:18: {lss}: there is no"},
    {"@ask\nWhich?\n", "@ask {lss}\n# not shown\nWhich?\n", "tiny.lesson:19: {lss}: there is no"},
    {"@ask\nWhich?\n", "@ask Now:\n# not\n# shown\nWhich {lss}?\n",
     "tiny.lesson:22: {lss}: there is no"},
    {"learnt  loss", "# hard\n# ones\nlearnt  lss", "tiny.lesson:35: there is no 'lss' here"},
    {"@say Look.", "@say Look at {lss}.\n# not shown", "tiny.lesson:53: {lss}: there is no"},
    {"One.", "One.\t", "tiny.lesson:14: a tab stands here"},
    {"One. [own]", "One. ", "tiny.lesson:14: the line ends in blanks"},
    {"One.", "One.\r", "carriage return"},
    {"One.", "On\xff.", "tiny.lesson:14: this is not UTF-8; save the file as UTF-8 (V14)"},
    {"One.", "On\xe2\x80\xae.", "turns the direction of writing"},
    {"One.", "On\x01.", "a control character"},
    {"# a comment", "\xef\xbb\xbf# a comment", "a byte order mark"},
    {"@hint\n", "@\n", "a word follows the @"},
    {"@demo 5min\n", "", "@say belongs behind @demo"},
};

Test(lesson, a_mistake_is_named_with_file_line_and_what_to_try)
{
    for (size_t i = 0; i < sizeof spoiled / sizeof spoiled[0]; i++) {
        Lesson *lesson = NULL;
        Status status = sample_spoiled(spoiled[i].what, spoiled[i].with, &lesson);

        cr_expect(failed(status), "%s -> %s is taken", spoiled[i].what, spoiled[i].with);
        cr_expect(strstr(status.text, spoiled[i].said) != NULL, "%s -> %s: %s", spoiled[i].what,
                  spoiled[i].with, status.text);
        if (!failed(status))
            lesson_free(lesson);
    }
}

Test(lesson, blanks_do_not_change_the_hash_of_a_text)
{
    cr_expect_eq(prose_hash("a  b\nc"), prose_hash("a b c"));
    cr_expect_eq(prose_hash(" a b c\n"), prose_hash("a b c"));
    cr_expect_neq(prose_hash("a b d"), prose_hash("a b c"));
    cr_expect_eq(prose_hash(""), 2166136261u);
}

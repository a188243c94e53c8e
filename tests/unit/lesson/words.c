/* Answers, prose, translations, margins. */
#include "sample.h"

#include "lesson/answer.h"
#include "lesson/fill.h"
#include "lesson/judge.h"
#include "lesson/margin.h"
#include "lesson/sidecar.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

static Answer judged(int step, const char *typed)
{
    Lesson *lesson = sample_read();
    const Block *choice;
    Answer answer = answer_judge(&lesson->steps[step], typed, &choice);

    lesson_free(lesson);
    return answer;
}

Test(answer, a_letter_counts_in_either_case_and_in_any_width)
{
    cr_expect_eq(judged(1, "b"), ANSWER_RIGHT);
    cr_expect_eq(judged(1, " B "), ANSWER_RIGHT);
    cr_expect_eq(judged(1, "\xef\xbd\x82"), ANSWER_RIGHT); /* full-width b */
    cr_expect_eq(judged(1, "a"), ANSWER_WRONG);
    cr_expect_eq(judged(1, "c"), ANSWER_NONE);
    cr_expect_eq(judged(1, "train"), ANSWER_NONE);
}

Test(answer, a_number_counts_however_it_is_written)
{
    cr_expect_eq(judged(3, "2^19"), ANSWER_RIGHT);
    cr_expect_eq(judged(3, "524288"), ANSWER_RIGHT);
    cr_expect_eq(judged(3, "5.24e5"), ANSWER_RIGHT);
    cr_expect_eq(judged(3, "512k"), ANSWER_RIGHT);
    cr_expect_eq(
        judged(3, "\xef\xbc\x95\xef\xbc\x92\xef\xbc\x94\xef\xbc\x92\xef\xbc\x98\xef\xbc\x98"),
        ANSWER_RIGHT);
    cr_expect_eq(judged(3, "2^18"), ANSWER_WRONG);
    cr_expect_eq(judged(3, "524289"), ANSWER_WRONG);
    cr_expect_eq(judged(3, "5.2e5"), ANSWER_WRONG);
    cr_expect_eq(judged(3, "many"), ANSWER_NONE);
}

static void expect_filled(const char *text, const char *wanted)
{
    Snapshot snapshot = {.step = 30, .loss = {.value = 0.125}, .scaler = {.scale = 65536.0F}};
    Text filled = {0};

    fill_append(text, &snapshot, &filled);
    cr_expect_str_eq(text_chars(&filled), wanted);
    text_release(&filled);
}

Test(fill, numbers_come_from_the_state_as_their_format_says)
{
    expect_filled("a {step} b", "a 30 b");
    expect_filled("{scale}", "2^16");
    expect_filled("{loss:%.2f} and {loss:%.0f%%}", "0.12 and 12%");
    expect_filled("{loss:%.1e}", "1.2e-01");
    expect_filled("{accuracy:%.2f}", "0.00");
    expect_filled("[own] {unclosed", "[own] {unclosed");
}

Test(judge, all_checks_must_hold_and_the_first_that_does_not_is_named)
{
    Lesson *lesson = sample_read();
    Snapshot snapshot = {.step = 30, .loss = {.value = 0.125}};
    Verdict verdict = judge(&lesson->steps[2], &snapshot);

    cr_expect_not(verdict.passed);
    cr_expect_eq(verdict.first, 0);
    cr_expect_eq(verdict.holding, 1);
    snapshot.loss.value = 0.001;
    cr_expect(judge(&lesson->steps[2], &snapshot).passed);
    cr_expect_not(judge(&lesson->steps[0], &snapshot).passed, "a step without checks");
    lesson_free(lesson);
}

Test(margin, a_threshold_lies_between_what_passes_and_what_fails)
{
    Margins margins;
    Snapshot snapshot = {.step = 30, .loss = {.value = 0.02}};

    margins_find("loss < 0.05 and step >= 10 and any(runs, function(r) return r.loss < 1 end)",
                 &margins);
    cr_assert_eq(margins.count, 2);
    cr_expect_str_eq(margins.all[1].text, "step >= 10");
    cr_expect(margin_share(&margins.all[0]).none);
    margins_take(&margins, &snapshot, true);
    snapshot.loss.value = 0.08;
    margins_take(&margins, &snapshot, false);
    snapshot.loss.value = 0.5;
    margins_take(&margins, &snapshot, false);
    cr_expect_float_eq(margin_share(&margins.all[0]).value, 0.5, 1e-12);
    cr_expect(margin_share(&margins.all[1]).none, "both lie on one side");
    margins_release(&margins);
}

TestSuite(sidecar, .init = folder_begin, .fini = folder_end);

static void put_lesson(const char *translation)
{
    cr_assert_eq(mkdir(in_folder("i18n"), 0755), 0);
    cr_assert_eq(mkdir(in_folder("i18n/zh"), 0755), 0);
    put(in_folder("tiny.lesson"), sample);
    put(in_folder("i18n/zh/tiny.lesson"), translation);
}

static Lesson *read_lesson(void)
{
    Lesson *lesson = NULL;

    cr_assert(!failed(lesson_read(in_folder("tiny.lesson"), &lesson)));
    return lesson;
}

Test(sidecar, what_is_fresh_is_shown_and_the_rest_as_it_was_written)
{
    SidecarFacts facts = {0};
    Text text = {0};
    Lesson *lesson;

    text_printf(
        &text,
        "@of tiny\n@lang zh\n@title src=%08x\n小课\n@ask step=guess src=00000000\n哪个？\n"
        "@choice step=guess name=b src=%08x\n那个\n@msg step=act check=long src=%08x\n再多\n",
        prose_hash("A small lesson"), prose_hash("that"), prose_hash("longer"));
    put_lesson(text_chars(&text));
    lesson = read_lesson();
    cr_assert(!failed(sidecar_read(lesson, "zh", &facts)));
    cr_expect_str_eq(step_prose(&lesson->header, BLOCK_TITLE), "小课");
    cr_expect_str_eq(step_prose(&lesson->steps[1], BLOCK_ASK), "Which?");
    cr_expect_str_eq(block_prose(step_block(&lesson->steps[1], BLOCK_RIGHT, 0)), "那个");
    cr_expect_str_eq(check_message(&lesson->steps[2].checks[1]), "再多");
    cr_expect_eq(facts.shown, 3);
    cr_expect_eq(facts.stale, 1);
    text_clear(&text);
    sidecar_print(lesson, "zh", &text);
    cr_expect(strstr(text_chars(&text), "TODO Which?\n# 哪个？\n") != NULL, "%s",
              text_chars(&text));
    cr_expect_gt(facts.missing, 3);
    cr_assert(!failed(sidecar_read(lesson, "en", &facts)));
    cr_expect_str_eq(step_prose(&lesson->header, BLOCK_TITLE), "A small lesson");
    sidecar_facts_release(&facts);
    text_release(&text);
    lesson_free(lesson);
}

static void expect_refused(const char *translation, const char *said)
{
    SidecarFacts facts = {0};
    Lesson *lesson;
    Status status;

    put_lesson(translation);
    lesson = read_lesson();
    status = sidecar_read(lesson, "zh", &facts);
    cr_expect(failed(status) && strstr(status.text, said) != NULL, "%s", status.text);
    sidecar_facts_release(&facts);
    lesson_free(lesson);
}

Test(sidecar, a_step_that_is_not_there_is_refused)
{
    expect_refused("@of tiny\n@lang zh\n@ask step=nothing src=0\n哪个？\n",
                   "i18n/zh/tiny.lesson:3: lesson tiny has no step nothing (V14)");
}

Test(sidecar, another_lesson_is_refused)
{
    expect_refused("@of other\n@lang zh\n", ":1: @of is other, and lesson tiny wants tiny (V14)");
}

Test(sidecar, other_braces_are_refused)
{
    Text text = {0};

    text_printf(&text, "@of tiny\n@lang zh\n@debrief step=act src=%08x\n损失。\n",
                prose_hash("Loss {loss:%.2f}."));
    expect_refused(text_chars(&text), ":3: its {...} and [keys] are not those of the source");
    text_release(&text);
}

Test(sidecar, a_written_one_can_be_read_again)
{
    SidecarFacts facts = {0};
    Text text = {0};
    Lesson *lesson = sample_read();
    Status status;

    sidecar_print(lesson, "zh", &text);
    lesson_free(lesson);
    put_lesson(text_chars(&text));
    lesson = read_lesson();
    status = sidecar_read(lesson, "zh", &facts);
    cr_assert(!failed(status), "%s", status.text);
    cr_expect_eq(facts.stale, 0);
    cr_expect_eq(facts.shown, 0, "TODO is no translation");
    sidecar_facts_release(&facts);
    text_release(&text);
    lesson_free(lesson);
}

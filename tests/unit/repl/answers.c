#include "repl/answers.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The test's own words go through standard error: what is found is kept, and compared at the end. */
typedef struct Seen {
    char text[2000];
    int rows;
} Seen;

static Seen look(Answers *answers, int cols, int most)
{
    Seen seen = {.rows = answers_rows(answers, cols, most)};
    Canvas *canvas = canvas_new(seen.rows > 0 ? seen.rows : 1, cols, GLYPHS_ASCII);
    Text text = {0};

    if (seen.rows > 0)
        answers_draw(answers, canvas);
    canvas_text(canvas, false, &text);
    text_copy(seen.text, sizeof seen.text, text_chars(&text));
    text_release(&text);
    canvas_free(canvas);
    return seen;
}

static void expect_seen(Seen seen, int rows, const char *text)
{
    cr_expect_eq(seen.rows, rows, "%d rows", seen.rows);
    cr_expect_str_eq(seen.text, text);
}

Test(answers, what_is_printed_is_caught_and_stands_behind_what_was_typed)
{
    Answers *answers = answers_new();
    bool news, none;
    Seen seen;

    cr_assert_not_null(answers);
    answers_typed(answers, "print 6*7");
    printf("42\n");
    fflush(stdout);
    fprintf(stderr, "a message\n");
    news = answers_take(answers);
    none = answers_take(answers);
    seen = look(answers, 20, 10);
    answers_free(answers);
    cr_expect(news && !none);
    expect_seen(seen, 3, "> print 6*7\n42\na message\n");
}

Test(answers, long_lines_are_broken_and_a_next_line_puts_them_away)
{
    Answers *answers = answers_new();
    Seen first, second, third;

    answers_typed(answers, "a");
    printf("0123456789abc\tx\n");
    (void)answers_take(answers);
    first = look(answers, 10, 10);
    answers_typed(answers, "b");
    second = look(answers, 10, 10);
    (void)answers_dismiss(answers);
    third = look(answers, 10, 10);
    answers_free(answers);
    expect_seen(first, 3, "> a\n0123456789\nabc     x\n");
    expect_seen(second, 1, "> b\n");
    expect_seen(third, 0, "");
}

Test(answers, a_line_is_broken_between_words_where_it_has_some)
{
    Answers *answers = answers_new();
    Seen seen;

    answers_typed(answers, "a");
    printf("  there is no such thing\n0123456789 ab\n  a234567890\n");
    (void)answers_take(answers);
    seen = look(answers, 10, 10);
    answers_free(answers);
    expect_seen(seen, 8, "> a\n  there is\nno such\nthing\n0123456789\nab\n  a2345678\n90\n");
}

Test(answers, pasted_lines_stand_one_below_the_other)
{
    Answers *answers = answers_new();
    Seen seen;

    answers_typed(answers, "print 1\nprint 2");
    printf("1\n2\n");
    (void)answers_take(answers);
    seen = look(answers, 20, 10);
    answers_free(answers);
    expect_seen(seen, 4, "> print 1\n> print 2\n1\n2\n");
}

Test(answers, a_screen_narrower_than_a_tab_ends_too)
{
    Answers *answers = answers_new();
    Seen seen;

    answers_typed(answers, "a");
    printf("b\t1\n");
    (void)answers_take(answers);
    seen = look(answers, 3, 10);
    answers_free(answers);
    expect_seen(seen, 4, "> a\nb\n\n1\n");
}

Test(answers, colours_and_controls_are_left_out)
{
    Answers *answers = answers_new();
    Seen seen;

    answers_typed(answers, "a");
    printf("\033[1;31mred\033[m\007 1 of 2\r2 of 2\n\033");
    (void)answers_take(answers);
    seen = look(answers, 30, 10);
    answers_free(answers);
    expect_seen(seen, 2, "> a\n2 of 2\n");
}

Test(answers, a_line_that_has_not_ended_is_shown_and_drawn_over)
{
    Answers *answers = answers_new();
    Seen first, next, last;

    answers_typed(answers, "bench");
    printf("\rbench 1 of 2\033[K");
    (void)answers_take(answers);
    first = look(answers, 30, 10);
    printf("\rbench 2 of 2\033[K");
    (void)answers_take(answers);
    next = look(answers, 30, 10);
    printf("\r\033[Kdone\n");
    (void)answers_take(answers);
    last = look(answers, 30, 10);
    answers_free(answers);
    expect_seen(first, 2, "> bench\nbench 1 of 2\n");
    expect_seen(next, 2, "> bench\nbench 2 of 2\n");
    expect_seen(last, 2, "> bench\ndone\n");
}

Test(answers, more_than_there_is_room_for_is_scrolled)
{
    Answers *answers = answers_new();
    Seen first, next, last, back;

    answers_typed(answers, "count");
    for (int i = 1; i <= 9; i++)
        printf("%d\n", i);
    (void)answers_take(answers);
    first = look(answers, 20, 5);
    answers_scroll(answers, 1);
    next = look(answers, 20, 5);
    answers_scroll(answers, 9);
    last = look(answers, 20, 5);
    answers_scroll(answers, -9);
    back = look(answers, 20, 5);
    answers_free(answers);
    expect_seen(first, 5, "> count\n1\n2\n3\n-- 6 more: PgDn ----\n");
    expect_seen(next, 5, "4\n5\n6\n7\n-- 2 more: PgDn ----\n");
    expect_seen(last, 5, "5\n6\n7\n8\n9\n");
    expect_seen(back, 5, first.text);
}

Test(answers, the_oldest_lines_go)
{
    Answers *answers = answers_new();
    Seen seen;

    answers_typed(answers, "count");
    for (int i = 0; i < 5000; i++)
        printf("%d\n", i);
    (void)answers_take(answers);
    seen = look(answers, 20, 3);
    answers_free(answers);
    expect_seen(seen, 3, "3000\n3001\n-- 1998 more: PgDn -\n");
}

Test(answers, what_nobody_has_seen_comes_out_in_the_end)
{
    FILE *file = tmpfile();
    int kept = dup(STDOUT_FILENO);
    char line[32] = "";
    Answers *answers;

    cr_assert_not_null(file);
    fflush(stdout);
    (void)dup2(fileno(file), STDOUT_FILENO);
    answers = answers_new();
    printf("late\n");
    answers_free(answers);
    fflush(stdout);
    (void)dup2(kept, STDOUT_FILENO);
    rewind(file);
    cr_expect_not_null(fgets(line, sizeof line, file));
    cr_expect_str_eq(line, "late\n");
    fclose(file);
}

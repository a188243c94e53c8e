#include "repl/mistake.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect_shown(const char *line, Mark mark, const char *shown)
{
    Text text = {0};

    mistake_print(line, mark, &text);
    cr_expect_str_eq(text_chars(&text), shown);
    text_release(&text);
}

Test(mistake, the_caret_stands_under_the_word)
{
    expect_shown("scale dynamc", (Mark){6, 12}, "  scale dynamc\n        ^~~~~~\n");
    expect_shown("a b", (Mark){2, 3}, "  a b\n    ^\n");
}

Test(mistake, a_place_behind_the_line_gets_a_caret_too)
{
    expect_shown("seed", (Mark){4, 4}, "  seed\n      ^\n");
}

Test(mistake, wide_characters_take_two_columns)
{
    expect_shown("net 日本 x", (Mark){4, 10}, "  net 日本 x\n      ^~~~\n");
    expect_shown("é x", (Mark){3, 4}, "  é x\n    ^\n");
}

Test(mistake, what_has_no_column_is_shown_as_a_question_mark)
{
    expect_shown("a\x01\xFF\tb", (Mark){4, 5}, "  a?? b\n      ^\n");
}

Test(mistake, of_a_long_line_the_part_around_the_word_is_shown)
{
    char line[301];
    Text text = {0};
    const char *caret, *second;

    memset(line, 'a', 300);
    line[300] = '\0';
    memcpy(line + 200, " bad ", 5);
    mistake_print(line, (Mark){201, 204}, &text);
    second = strchr(text_chars(&text), '\n') + 1;
    caret = strchr(second, '^');
    cr_assert(second - text_chars(&text) <= 80);
    cr_assert_eq(strncmp(text_chars(&text) + (caret - second), "bad", 3), 0);
    text_release(&text);
}

Test(mistake, the_word_that_the_sentence_quotes_is_marked)
{
    const char *line = "net 784 x 10";
    Mark all = {4, 12}, mark = mistake_narrow(line, all, "'x' is not a number");

    cr_assert_eq(mark.start, 8);
    cr_assert_eq(mark.end, 9);
    mark = mistake_narrow(line, all, "'y' is not a number");
    cr_assert_eq(mark.start, 4);
    mark = mistake_narrow(line, all, "nothing is quoted, isn't it");
    cr_assert_eq(mark.end, 12);
}

Test(mistake, what_the_sentence_says_in_full_is_marked_as_it_was_typed)
{
    const char *line = "net \"conv 8 k=1, conv 3, relu\"";
    Mark all = {4, 31}, mark = mistake_narrow(line, all, "'conv 3 k=3 pad=0' takes pictures");

    cr_assert_eq(mark.start, 17);
    cr_assert_eq(mark.end, 23);
    mark = mistake_narrow(line, all, "'conv 5 k=3' takes pictures");
    cr_assert_eq(mark.start, 4, "one word alone may be another layer's");
    mark = mistake_narrow("conv 3, conv 3", (Mark){0, 14}, "'conv 3 k=3' takes pictures");
    cr_assert_eq(mark.end, 14, "either may be meant");
}

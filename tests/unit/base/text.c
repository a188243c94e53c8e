#include "base/text.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const colours[] = {"scale", "step", "train", "run", NULL};

Test(text, a_slip_of_one_or_two_letters_finds_its_word)
{
    cr_assert_str_eq(text_nearest("scael", colours), "scale");
    cr_assert_str_eq(text_nearest("trian", colours), "train");
    cr_assert_str_eq(text_nearest("steps", colours), "step");
    cr_assert_str_eq(text_nearest("run", colours), "run");
}

Test(text, a_word_far_from_all_finds_none)
{
    cr_assert_eq(text_nearest("quantise", colours), NULL);
    cr_assert_eq(text_nearest("", colours), NULL);
    cr_assert_eq(text_nearest("xn", colours), NULL, "two edits of two letters are no slip");
    cr_assert_eq(text_nearest("a word that is far longer than any that could be meant", colours),
                 NULL);
}

Test(text, the_nearest_of_several_wins)
{
    static const char *const words[] = {"fp32", "fp16", "bf16", NULL};

    cr_assert_str_eq(text_nearest("f16", words), "fp16");
    cr_assert_str_eq(text_nearest("bf6", words), "bf16");
}

Test(text, an_empty_text_reads_as_an_empty_string)
{
    Text text = {0};

    cr_assert_str_eq(text_chars(&text), "");
    text_clear(&text);
    cr_assert_str_eq(text_chars(&text), "");
    text_release(&text);
}

Test(text, appending_grows_and_keeps_what_was_there)
{
    Text text = {0};

    for (int i = 0; i < 1000; i++)
        text_printf(&text, "%d,", i % 10);
    cr_assert_eq(text.length, 2000);
    cr_assert_eq(strlen(text.chars), 2000);
    cr_assert(text_starts(text.chars, "0,1,2,3,4,5,6,7,8,9,0,"));
    text_clear(&text);
    text_append(&text, "left");
    cr_assert_str_eq(text.chars, "left");
    text_release(&text);
    cr_assert_eq(text.chars, NULL);
}

Test(text, a_word_is_quoted_where_a_line_of_commands_needs_it)
{
    static const struct {
        const char *word, *typed;
    } rows[] = {
        {"run.safetensors", "run.safetensors"},
        {"my run.csv", "\"my run.csv\""},
        {"a;b", "\"a;b\""},
        {"a=b", "\"a=b\""},
        {"it's", "\"it's\""},
        {"12\".csv", "'12\".csv'"},
        {"--csv", "\"--csv\""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Text text = {0};

        text_append_word(&text, rows[i].word);
        cr_assert_str_eq(text_chars(&text), rows[i].typed);
        text_release(&text);
    }
}

Test(text, padding_counts_from_the_last_line)
{
    Text text = {0};

    text_append(&text, "a long first line\nab");
    text_pad(&text, 4);
    text_append(&text, "|");
    cr_assert_str_eq(text.chars, "a long first line\nab  |");
    text_pad(&text, 2);
    cr_assert_str_eq(text.chars, "a long first line\nab  |");
    text_release(&text);
}

Test(text, copying_cuts_what_does_not_fit_and_ends_the_string)
{
    char room[4] = "xyz";

    text_copy(room, sizeof room, "halfstep");
    cr_assert_str_eq(room, "hal");
    text_copy(room, sizeof room, "");
    cr_assert_str_eq(room, "");
    room[0] = 'q';
    text_copy(room, 0, "halfstep");
    cr_assert_eq(room[0], 'q');
}

Test(status, a_failure_carries_its_code_and_a_text_that_fits)
{
    char word[400];
    Status status;

    memset(word, 'a', sizeof word);
    word[sizeof word - 1] = '\0';
    status = fail(STATUS_SHAPE, "%s", word);
    cr_assert(failed(status));
    cr_assert_eq(status.code, STATUS_SHAPE);
    cr_assert_eq(strlen(status.text), STATUS_TEXT - 1);
    cr_assert_not(failed(ok()));
}

Test(text, words_are_listed_as_a_choice)
{
    static const char *const three[] = {"dynamic", "static", "off", NULL}, *const one[] = {"off",
                                                                                           NULL};
    Text text = {0};

    text_list(&text, three);
    cr_assert_str_eq(text_chars(&text), "dynamic, static or off");
    text_clear(&text);
    text_list(&text, one);
    cr_assert_str_eq(text_chars(&text), "off");
    text_release(&text);
}

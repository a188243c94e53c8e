#include "repl/lexer.h"

#include <criterion/criterion.h>
#include <string.h>

static Word next(Lexer *lexer)
{
    Word word = {0};
    bool got = false;

    cr_assert(!failed(lexer_word(lexer, &word, &got)));
    cr_assert(got);
    return word;
}

static void expect_end(Lexer *lexer)
{
    Word word = {0};
    bool got = true;

    cr_assert(!failed(lexer_word(lexer, &word, &got)));
    cr_assert(!got);
}

static void expect_word(Lexer *lexer, const char *text, size_t start, size_t end)
{
    Word word = next(lexer);

    cr_expect_str_eq(word.text, text);
    cr_expect_eq(word.mark.start, start);
    cr_expect_eq(word.mark.end, end);
    word_release(&word);
}

Test(lexer, words_keep_their_place)
{
    Lexer lexer = {.line = "  net 784  10"};

    cr_assert(lexer_command(&lexer));
    expect_word(&lexer, "net", 2, 5);
    expect_word(&lexer, "784", 6, 9);
    expect_word(&lexer, "10", 11, 13);
    expect_end(&lexer);
}

static void expect_run(const char *line, size_t start, size_t end, const char *verb)
{
    Lexer lexer = {.line = line};
    Mark run;
    Word word;

    cr_assert(lexer_command(&lexer));
    run = lexer_run(&lexer);
    cr_expect_eq(run.start, start, "%s", line);
    cr_expect_eq(run.end, end, "%s", line);
    word = next(&lexer);
    cr_expect_str_eq(word.text, verb);
    word_release(&word);
}

Test(lexer, the_name_of_a_run_stands_before_a_colon)
{
    expect_run("b: scale 1", 0, 1, "scale");
    expect_run("  fp16-2:scale 1", 2, 8, "scale");
    expect_run("scale 1", 0, 0, "scale");
    expect_run("data csv:x.csv", 0, 0, "data");
    expect_run(": scale", 0, 0, ":");
    expect_run("\"b\": scale", 0, 0, "b:");
}

Test(lexer, a_semicolon_separates_commands)
{
    Lexer lexer = {.line = ";; seed 1;train ; ;"};

    cr_assert(lexer_command(&lexer));
    expect_word(&lexer, "seed", 3, 7);
    expect_word(&lexer, "1", 8, 9);
    expect_end(&lexer);
    cr_assert(lexer_command(&lexer));
    expect_word(&lexer, "train", 10, 15);
    expect_end(&lexer);
    cr_assert(!lexer_command(&lexer));
}

Test(lexer, a_hash_starts_a_comment_only_where_a_word_would_start)
{
    Lexer lexer = {.line = "source a#b # net 1"};

    cr_assert(lexer_command(&lexer));
    expect_word(&lexer, "source", 0, 6);
    expect_word(&lexer, "a#b", 7, 10);
    expect_end(&lexer);
    cr_assert(!lexer_command(&lexer));
}

Test(lexer, quotes_hold_blanks_semicolons_and_hashes)
{
    Lexer lexer = {.line = "net \"flatten, linear; 4\" 'a # \"b'"};

    cr_assert(lexer_command(&lexer));
    expect_word(&lexer, "net", 0, 3);
    expect_word(&lexer, "flatten, linear; 4", 4, 24);
    expect_word(&lexer, "a # \"b", 25, 33);
    expect_end(&lexer);
}

Test(lexer, a_quote_may_stand_within_a_word)
{
    Lexer lexer = {.line = "data csv:\"my file.csv\""};

    cr_assert(lexer_command(&lexer));
    expect_word(&lexer, "data", 0, 4);
    expect_word(&lexer, "csv:my file.csv", 5, 22);
}

Test(lexer, an_open_quote_is_a_mistake_at_its_place)
{
    Lexer lexer = {.line = "net 'a b"};
    Word word = {0};
    bool got;

    cr_assert(lexer_command(&lexer));
    expect_word(&lexer, "net", 0, 3);
    cr_assert(failed(lexer_word(&lexer, &word, &got)));
    cr_assert_eq(lexer.fault.start, 4);
}

Test(lexer, a_key_is_told_from_a_word)
{
    Lexer lexer = {.line = "weight_decay=1 'lr=1' =2 Lr=3"};
    const size_t keys[] = {12, 0, 0, 0};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        Word word = next(&lexer);

        cr_expect_eq(word.key, keys[i], "%s", word.text);
        word_release(&word);
    }
}

Test(lexer, raw_text_ends_at_a_semicolon_outside_quotes)
{
    const char *line = "print a # b=1 .. ';' ; seed 1";
    Lexer lexer = {.line = line, .at = 5};
    Mark mark = lexer_raw(&lexer, false);

    cr_assert_eq(mark.start, 6);
    cr_assert_eq(mark.end, 20);
    cr_assert_eq(line[lexer.at], ';');
}

Test(lexer, the_whole_line_is_raw_where_it_is_asked_for)
{
    const char *line = "lua a = 1; b = 2  ";
    Lexer lexer = {.line = line, .at = 3};
    Mark mark = lexer_raw(&lexer, true);

    cr_assert_eq(mark.start, 4);
    cr_assert_eq(mark.end, strlen(line) - 2);
}

#include "repl/help.h"

#include "repl/commands.h"
#include "repl/terms.h"
#include "repl/wrap.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_help(Names names)
{
    CatalogEntry entry;

    for (int i = 0; names_get(names, NULL, i, &entry); i++) {
        Text text = {0};
        Status status = help_topic(entry.name, NULL, &text);

        cr_expect(!failed(status), "%s: %s", entry.name, status.text);
        cr_expect(text.length > 10, "%s", entry.name);
        text_release(&text);
    }
}

Test(help, everything_that_can_be_named_is_explained)
{
    CatalogEntry entry;

    cr_assert(names_get(NAMES_TOPICS, NULL, 40, &entry), "there are many topics");
    for (Names names = NAMES_DATA; names <= NAMES_TERMS; names++) {
        if (names != NAMES_SHOWN && names != NAMES_OPS && names != NAMES_AUTOCAST &&
            names != NAMES_KEPT && names != NAMES_FORCED && names != NAMES_LISTS)
            expect_help(names);
    }
}

Test(help, the_overview_names_every_command)
{
    Text text = {0};

    help_overview(&text);
    for (int i = 0; command_table[i] != NULL; i++) {
        char row[40] = "\n  ";

        text_copy(row + 3, sizeof row - 3, command_table[i]->name);
        cr_expect(strstr(text_chars(&text), row) != NULL, "%s", command_table[i]->name);
    }
    text_release(&text);
}

Test(help, no_line_is_wider_than_a_page)
{
    CatalogEntry entry;

    for (int i = 0; names_get(NAMES_TOPICS, NULL, i, &entry); i++) {
        Text text = {0};

        cr_assert(!failed(help_topic(entry.name, NULL, &text)));
        for (const char *line = text_chars(&text); *line != '\0';) {
            size_t length = strcspn(line, "\n");

            cr_expect(length <= PAGE_WIDTH || strncmp(line, "  ", 2) == 0, "%s: %.*s", entry.name,
                      (int)length, line);
            line += length + 1;
        }
        text_release(&text);
    }
}

Test(help, a_word_that_is_several_things_is_told_for_each)
{
    Text text = {0};

    cr_assert(!failed(help_topic("scale", NULL, &text)));
    cr_assert_not_null(strstr(text_chars(&text), "usage: scale"));
    cr_assert_not_null(strstr(text_chars(&text), "scale (metric)"));
    cr_assert_not_null(strstr(text_chars(&text), "scale (panel)"));
    text_release(&text);
}

Test(help, an_unknown_topic_gets_its_nearest)
{
    Text text = {0};
    Status status = help_topic("undreflow", NULL, &text);

    cr_assert_str_eq(status.text, "there is no help on 'undreflow'; did you mean underflow?");
    cr_assert_eq(text.length, 0);
    text_release(&text);
}

static void expect_told(const char *topic, const char *words)
{
    Text text = {0};

    cr_expect(!failed(help_topic(topic, NULL, &text)), "%s", topic);
    cr_expect_not_null(strstr(text_chars(&text), words), "%s: %s", topic, text_chars(&text));
    text_release(&text);
}

Test(help, the_words_of_scaling_and_rounding_are_told)
{
    expect_told("hysteresis", "hysteresis: how many overflows");
    expect_told("floor", "floor: the scale below which");
    expect_told("micro-batch", "`accumulate N`");
    expect_told("master weights", "master weights: the fp32 weights");
}

Test(help, the_first_word_of_a_term_is_enough_where_one_alone_has_it)
{
    Text text = {0};

    expect_told("kahan", "kahan summation: what a rounding left out");
    expect_told("stochastic", "stochastic rounding: rounding up or down");
    cr_expect(failed(help_topic("growth", NULL, &text)));
    cr_expect(failed(help_topic("kaha", NULL, &text)));
    text_release(&text);
}

Test(terms, each_is_a_sentence_and_stands_once)
{
    CatalogEntry entry;

    for (int i = 0; term_get(i, &entry); i++) {
        size_t length = strlen(entry.text);

        cr_expect_str_eq(term_find(entry.name), entry.text, "%s stands twice", entry.name);
        cr_expect_eq(entry.text[length - 1], '.', "%s", entry.name);
    }
    cr_assert(!term_get(-1, &entry));
    cr_assert_null(term_find("nothing of the kind"));
}

Test(wrap, lines_break_at_blanks)
{
    Text text = {0};

    wrap_row("name",
             "one two three four five six seven eight nine ten eleven twelve thirteen "
             "fourteen",
             8, &text);
    cr_assert_str_eq(
        text_chars(&text),
        "  name  one two three four five six seven eight nine ten eleven twelve thirteen\n"
        "        fourteen\n");
    text_release(&text);
}

static void expect_lines(const char *lines, size_t columns, const char *wanted)
{
    Text text = {0};

    wrap_lines(lines, columns, &text);
    cr_expect_str_eq(text_chars(&text), wanted, "%s", text_chars(&text));
    text_release(&text);
}

Test(wrap, lines_wider_than_a_terminal_go_on_with_a_whole_word)
{
    expect_lines("one two three\nfour\n", 9, "one two\nthree\nfour\n");
    expect_lines("one two three", 13, "one two three");
    expect_lines("  one two three\n", 10, "  one two\n  three\n");
    expect_lines("\xc3\xa4\xc3\xb6\xc3\xbc two\n", 7, "\xc3\xa4\xc3\xb6\xc3\xbc two\n");
    expect_lines("a onehundredandmore b\n", 8, "a\nonehundredandmore\nb\n");
}

Test(wrap, rows_of_a_table_go_on_below_their_text)
{
    expect_lines("  name   one two three\n", 18, "  name   one two\n         three\n");
    expect_lines("1\tloss < one or two\n", 16, "1\tloss <\n        one or\n        two\n");
    expect_lines("a  b  one    two  three\n", 14, "a  b  one\n      two\n      three\n");
    expect_lines("\033[1mone two three\033[0m\n", 9, "\033[1mone two three\033[0m\n");
}

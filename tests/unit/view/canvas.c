#include "view/canvas.h"
#include "view/widgets.h"

#include "view/style.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const Theme dark;

static void expect_text(const Canvas *canvas, bool colour, const char *expected)
{
    Text text = {0};

    canvas_text(canvas, colour ? &dark : NULL, &text);
    cr_expect_str_eq(text_chars(&text), expected);
    text_release(&text);
}

Test(canvas, text_without_trailing_blanks_and_empty_lines)
{
    Canvas *canvas = canvas_new(4, 10, GLYPHS_UTF8);

    canvas_print(canvas, 0, 2, STYLE_PLAIN, "one  ");
    canvas_print(canvas, 2, 0, STYLE_PLAIN, "two");
    expect_text(canvas, false, "  one\n\ntwo\n");
    canvas_clear(canvas);
    expect_text(canvas, false, "");
    canvas_free(canvas);
}

Test(canvas, what_lies_outside_is_cut_off_with_a_sign)
{
    Canvas *canvas = canvas_new(2, 4, GLYPHS_UTF8);

    cr_expect_eq(canvas_print(canvas, 0, 2, STYLE_PLAIN, "abcdef"), 8);
    canvas_print(canvas, 1, -2, STYLE_PLAIN, "uvwx");
    canvas_print(canvas, 2, 0, STYLE_PLAIN, "below");
    canvas_put(canvas, -1, 0, STYLE_PLAIN, 'z');
    canvas_put(canvas, 0, 4, STYLE_PLAIN, 'z');
    expect_text(canvas, false, "  a…\nwx\n");
    canvas_free(canvas);
}

Test(canvas, a_canvas_without_cells_takes_everything_and_keeps_nothing)
{
    Canvas *canvas = canvas_new(0, 0, GLYPHS_UTF8);

    canvas_print(canvas, 0, 0, STYLE_PLAIN, "text");
    cr_expect_eq(canvas_cell(canvas, 0, 0).rune, ' ');
    expect_text(canvas, false, "");
    canvas_free(canvas);
}

Test(canvas, wide_characters_take_two_columns)
{
    Canvas *canvas = canvas_new(1, 6, GLYPHS_UTF8);

    cr_expect_eq(canvas_print(canvas, 0, 0, STYLE_PLAIN, "a世b"), 4);
    cr_expect_eq(canvas_cell(canvas, 0, 1).rune, 0x4E16);
    cr_expect_eq(canvas_cell(canvas, 0, 2).rune, 0);
    cr_expect_eq(canvas_cell(canvas, 0, 3).rune, 'b');
    expect_text(canvas, false, "a世b\n");
    canvas_free(canvas);
}

Test(canvas, half_of_a_wide_character_is_never_left_behind)
{
    Canvas *canvas = canvas_new(3, 4, GLYPHS_UTF8);

    for (int row = 0; row < 3; row++)
        canvas_print(canvas, row, 1, STYLE_PLAIN, "世");
    canvas_put(canvas, 0, 1, STYLE_PLAIN, 'x');
    cr_expect_eq(canvas_cell(canvas, 0, 2).rune, ' ');
    canvas_put(canvas, 1, 2, STYLE_PLAIN, 'x');
    canvas_print(canvas, 2, 3, STYLE_PLAIN, "世");
    expect_text(canvas, false, " x\n  x\n 世…\n");
    canvas_free(canvas);
}

Test(canvas, a_window_that_cuts_a_wide_character_blanks_its_other_half)
{
    Canvas *canvas = canvas_new(1, 4, GLYPHS_UTF8);
    Canvas *window;

    canvas_print(canvas, 0, 1, STYLE_PLAIN, "世");
    window = canvas_window(canvas, 0, 2, 1, 2);
    canvas_put(window, 0, 0, STYLE_PLAIN, 'x');
    expect_text(canvas, false, "  x\n");
    canvas_print(canvas, 0, 0, STYLE_PLAIN, "世世");
    canvas_clear(window);
    expect_text(canvas, false, "世\n");
    canvas_free(window);
    canvas_free(canvas);
}

Test(canvas, marks_that_combine_are_dropped)
{
    Canvas *canvas = canvas_new(1, 6, GLYPHS_UTF8);

    cr_expect_eq(canvas_print(canvas, 0, 0, STYLE_PLAIN, "e\u0301x"), 2);
    expect_text(canvas, false, "ex\n");
    canvas_free(canvas);
}

Test(canvas, control_characters_and_broken_bytes_never_reach_the_terminal)
{
    Canvas *canvas = canvas_new(1, 20, GLYPHS_UTF8);

    canvas_print(canvas, 0, 0, STYLE_PLAIN, "a\033[2Jb\n\xC2\x9B");
    canvas_print(canvas, 0, 10, STYLE_PLAIN, "%s", "\xFF\xE2\x96z\xC0\x80\xED\xA0\x80");
    for (int col = 0; col < 20; col++) {
        uint32_t rune = canvas_cell(canvas, 0, col).rune;

        cr_expect(rune >= ' ' && (rune < 0x7F || rune > 0x9F), "%#x at %d", rune, col);
        cr_expect(rune < 0xD800 || rune > 0xDFFF);
    }
    cr_expect_eq(canvas_cell(canvas, 0, 1).rune, '?');
    cr_expect_eq(canvas_cell(canvas, 0, 10).rune, 0xFFFD);
    canvas_free(canvas);
}

Test(canvas, ascii_takes_nothing_else)
{
    Canvas *canvas = canvas_new(1, 10, GLYPHS_ASCII);

    canvas_print(canvas, 0, 0, STYLE_PLAIN, "a█世b");
    expect_text(canvas, false, "a??b\n");
    canvas_free(canvas);
}

Test(canvas, every_character_survives_the_way_through_utf8)
{
    Canvas *canvas = canvas_new(1, 4, GLYPHS_UTF8);

    canvas_put(canvas, 0, 0, STYLE_PLAIN, 0xE9);
    canvas_put(canvas, 0, 1, STYLE_PLAIN, 0x28FF);
    canvas_put(canvas, 0, 2, STYLE_PLAIN, 0x1F600);
    expect_text(canvas, false, "é⣿😀\n");
    canvas_free(canvas);
}

Test(canvas, a_window_draws_on_its_parent_at_its_own_origin)
{
    Canvas *canvas = canvas_new(4, 8, GLYPHS_UTF8);
    Canvas *window = canvas_window(canvas, 1, 2, 2, 4), *inner = canvas_window(window, 1, 1, 9, 9);

    canvas_print(window, 0, 0, STYLE_PLAIN, "abcdef");
    canvas_print(inner, 0, 0, STYLE_PLAIN, "xyzw");
    cr_expect_eq(canvas_rows(window), 2);
    cr_expect_eq(canvas_cols(window), 4);
    cr_expect_eq(canvas_rows(inner), 1);
    cr_expect_eq(canvas_cols(inner), 3);
    expect_text(canvas, false, "\n  abc…\n   xy…\n");
    canvas_clear(inner);
    expect_text(canvas, false, "\n  abc…\n");
    canvas_free(inner);
    canvas_free(window);
    canvas_free(canvas);
}

Test(canvas, a_window_outside_its_parent_is_empty)
{
    static const int places[][4] = {{5, 0, 2, 2},  {0, 9, 2, 2},  {-3, 0, 2, 2},
                                    {0, -3, 2, 2}, {1, 1, -1, 4}, {1, 1, 4, 0}};
    Canvas *canvas = canvas_new(4, 8, GLYPHS_UTF8);

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        Canvas *window =
            canvas_window(canvas, places[i][0], places[i][1], places[i][2], places[i][3]);

        cr_expect_eq(canvas_rows(window) * canvas_cols(window), 0, "window %zu", i);
        canvas_print(window, 0, 0, STYLE_PLAIN, "text");
        canvas_free(window);
    }
    expect_text(canvas, false, "");
    canvas_free(canvas);
}

Test(canvas, colour_changes_only_where_the_style_does_and_ends_with_the_line)
{
    Canvas *canvas = canvas_new(2, 10, GLYPHS_UTF8);

    canvas_print(canvas, 0, 0, STYLE_GOOD, "ab c");
    canvas_print(canvas, 0, 4, STYLE_BAD, "d");
    canvas_print(canvas, 1, 0, STYLE_PLAIN, "e");
    expect_text(canvas, true, "\033[0;38;5;36mab c\033[0;1;38;5;166md\033[0m\ne\n");
    canvas_free(canvas);
}

static void expect_changes(const Canvas *now, const Canvas *before, const char *expected)
{
    Text text = {0};

    for (int from = 0, to = 0; canvas_change(now, before, 0, &from, &to);)
        text_printf(&text, "%d-%d ", from, to);
    cr_expect_str_eq(text_chars(&text), expected);
    text_release(&text);
}

Test(canvas, what_differs_is_found_with_both_halves_of_wide_characters)
{
    static const struct {
        const char *before, *now, *changes;
    } cases[] = {{"", "", ""},
                 {"abcdef", "abcdef", ""},
                 {"abcdef", "aXcdYZ", "1-2 4-6 "},
                 {"abcdefghij", "Xbcdefghi", "0-1 9-10 "},
                 {"a世b", "abcd", "1-4 "},
                 {"abcd", "a世b", "1-4 "},
                 {"世界", " 世界", "0-5 "},
                 {"a世b", "a界b", "1-3 "}};
    Canvas *before = canvas_new(1, 10, GLYPHS_UTF8), *now = canvas_new(1, 10, GLYPHS_UTF8);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        canvas_clear(before);
        canvas_clear(now);
        canvas_print(before, 0, 0, STYLE_PLAIN, "%s", cases[i].before);
        canvas_print(now, 0, 0, STYLE_PLAIN, "%s", cases[i].now);
        expect_changes(now, before, cases[i].changes);
        canvas_copy(before, now);
        expect_changes(now, before, "");
    }
    canvas_print(now, 0, 3, STYLE_BAD, "b");
    expect_changes(now, before, "3-4 "); /* of another style */
    canvas_free(before);
    canvas_free(now);
}

Test(canvas, no_two_zones_look_alike_in_colour)
{
    Text seen[STYLE_COUNT] = {{0}};

    for (int style = STYLE_UNDERFLOW; style <= STYLE_OVERFLOW; style++) {
        Canvas *canvas = canvas_new(1, 2, GLYPHS_UTF8);

        canvas_put(canvas, 0, 0, (Style)style, 'x');
        canvas_text(canvas, &dark, &seen[style]);
        canvas_free(canvas);
        for (int other = STYLE_UNDERFLOW; other < style; other++)
            cr_expect_str_neq(text_chars(&seen[other]), text_chars(&seen[style]));
    }
    for (int style = 0; style < STYLE_COUNT; style++)
        text_release(&seen[style]);
}

Test(canvas, a_heading_in_chinese_ends_where_others_do)
{
    Canvas *canvas = canvas_new(1, 30, GLYPHS_UTF8);
    Text text = {0};

    widget_heading(canvas, "t", "", "\u7b2c 1 \u6b65");
    canvas_text(canvas, NULL, &text);
    cr_expect_str_eq(text_chars(&text), "── t ────────────── 第 1 步 ──\n");
    text_release(&text);
    canvas_free(canvas);
}

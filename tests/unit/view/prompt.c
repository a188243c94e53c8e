#include "view/prompt.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <string.h>

/* Draws on a row of `cols` and compares; `cursor` is a byte, `col` where it should stand. */
static void expect_row(int cols, const char *text, size_t cursor, const char *row, int col)
{
    Canvas *canvas = canvas_new(1, cols, GLYPHS_UTF8);
    int at = prompt_draw(canvas, 0, "> ", text, cursor);
    Text shown = {0};

    canvas_text(canvas, false, &shown);
    cr_expect_eq(shown.length, strlen(row) + 1, "'%s'", text_chars(&shown));
    cr_expect(strncmp(text_chars(&shown), row, strlen(row)) == 0, "'%s', not '%s'",
              text_chars(&shown), row);
    cr_expect_eq(at, col, "'%s': column %d", row, at);
    text_release(&shown);
    canvas_free(canvas);
}

Test(prompt, the_cursor_stands_by_columns_not_by_bytes)
{
    expect_row(20, "abc", 3, "> abc", 5);
    expect_row(20, "abc", 0, "> abc", 2);
    expect_row(20, "caf\303\251 \344\270\226x", 9, "> caf\303\251 \344\270\226x", 9);
    expect_row(20, "caf\303\251 \344\270\226x", 6, "> caf\303\251 \344\270\226x", 7);
}

Test(prompt, what_cannot_be_shown_is_written_out)
{
    expect_row(20, "a\001b\177", 4, "> a^Ab^?", 8);
    expect_row(20, "a\377b", 2, "> a?b", 4);
    expect_row(20, "one\ntwo", 7, "> one^Jtwo", 10);
}

Test(prompt, a_long_line_moves_so_that_the_cursor_is_seen_and_says_so)
{
    expect_row(10, "0123456789", 0, "> 0123456>", 2);
    expect_row(10, "0123456789", 10, "<456789", 7);
    expect_row(10, "0123456", 7, "> 0123456", 9);
    expect_row(10, "01234567", 8, "<4567", 5);
    expect_row(10, "0123456789abcdefghij", 9, "<456789ab>", 6);
}

Test(prompt, any_width_has_room_for_the_cursor)
{
    for (int cols = 1; cols < 40; cols++) {
        const char *text = "0123456789 \344\270\226\347\225\214 abcdefghijklmnopqrstuvwxyz";

        for (size_t cursor = 0; cursor <= strlen(text); cursor++) {
            Canvas *canvas = canvas_new(1, cols, GLYPHS_UTF8);
            int at = prompt_draw(canvas, 0, "(reverse-i-search)`x': ", text, cursor);

            cr_assert(at >= 0 && at < cols, "%d columns, byte %zu: column %d", cols, cursor, at);
            canvas_free(canvas);
        }
    }
}

Test(prompt, what_takes_no_room_in_a_prompt_takes_none)
{
    Canvas *canvas = canvas_new(1, 10, GLYPHS_UTF8);

    cr_expect_eq(prompt_draw(canvas, 0, "\001\033[1m\002> ", "x", 1), 3);
    cr_expect_eq(canvas_cell(canvas, 0, 0).rune, '>');
    canvas_free(canvas);
}

#include "view/layout.h"

#include "base/memory.h"
#include "fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 60, MOST_COLS = 210 };

static bool is_inside(const Place *place, int rows, int cols)
{
    return place->row >= 1 && place->col >= 0 && place->rows >= 1 &&
           place->cols >= place->panel->min_cols && place->row + place->rows <= rows - 1 &&
           place->col + place->cols <= cols;
}

static bool overlap(const Place *a, const Place *b)
{
    return a->row < b->row + b->rows && b->row < a->row + a->rows && a->col < b->col + b->cols &&
           b->col < a->col + a->cols;
}

static int overlaps(const Layout *layout)
{
    int count = 0;

    for (int i = 0; i < layout->count; i++) {
        for (int j = 0; j < i; j++)
            count += overlap(&layout->places[i], &layout->places[j]);
    }
    return count;
}

static int outside(const Layout *layout, int rows, int cols)
{
    int count = 0;

    for (int i = 0; i < layout->count; i++)
        count += !is_inside(&layout->places[i], rows, cols);
    return count;
}

static bool shows(const Layout *layout, const char *name)
{
    for (int i = 0; i < layout->count; i++) {
        if (strcmp(layout->places[i].panel->name, name) == 0)
            return true;
    }
    return false;
}

Test(layout, at_every_size_panels_lie_inside_and_apart)
{
    for (int rows = 1; rows <= MOST_ROWS; rows++) {
        for (int cols = 1; cols <= MOST_COLS; cols++) {
            Layout layout = layout_for(rows, cols);

            cr_assert_eq(outside(&layout, rows, cols), 0, "%d rows, %d columns", rows, cols);
            cr_assert_eq(overlaps(&layout), 0, "%d rows, %d columns", rows, cols);
        }
    }
}

Test(layout, panels_fill_all_rows_of_a_usual_screen)
{
    for (int rows = 20; rows <= MOST_ROWS; rows++) {
        for (int cols = 60; cols <= MOST_COLS; cols += 10) {
            Layout layout = layout_for(rows, cols);
            int last = 0;

            for (int i = 0; i < layout.count; i++) {
                if (layout.places[i].row + layout.places[i].rows > last)
                    last = layout.places[i].row + layout.places[i].rows;
            }
            cr_expect_eq(last, rows - 1, "%d rows, %d columns", rows, cols);
        }
    }
}

Test(layout, usual_screens_have_what_a_learner_watches)
{
    static const int sizes[][2] = {{24, 80}, {40, 120}, {50, 200}};

    for (size_t i = 0; i < 3; i++) {
        Layout layout = layout_for(sizes[i][0], sizes[i][1]);

        cr_expect(shows(&layout, "gradients"));
        cr_expect(shows(&layout, "scale"));
        cr_expect(shows(&layout, "loss"));
        cr_expect(shows(&layout, "log"));
        cr_expect_eq(shows(&layout, "tensors"), i > 0);
    }
}

Test(layout, a_small_screen_drops_panels_not_the_gradients)
{
    Layout small = layout_for(9, 40), least = layout_for(4, 80);

    cr_expect_eq(small.count, 1);
    cr_expect(shows(&small, "gradients"));
    cr_expect_eq(least.count, 0);
}

static bool row_is_blank(const Canvas *canvas, int row)
{
    for (int col = 0; col < canvas_cols(canvas); col++) {
        if (canvas_cell(canvas, row, col).rune != ' ')
            return false;
    }
    return true;
}

Test(layout, status_and_keys_are_there_at_every_size, .timeout = 120)
{
    Snapshot snapshot = fixture_run();
    Gaze gaze = {0};

    for (int rows = 1; rows <= MOST_ROWS; rows += rows < 12 ? 1 : 7) {
        for (int cols = 1; cols <= MOST_COLS; cols += cols < 90 ? 1 : 13) {
            Canvas *canvas = canvas_new(rows, cols, GLYPHS_UTF8);

            layout_draw(&snapshot, &gaze, NULL, canvas);
            cr_assert(!row_is_blank(canvas, 0), "%d rows, %d columns", rows, cols);
            cr_assert(!row_is_blank(canvas, rows - 1), "%d rows, %d columns", rows, cols);
            canvas_free(canvas);
        }
    }
    snapshot_release(&snapshot);
}

static void expect_line(const Canvas *canvas, int row, const char *part, bool there)
{
    Canvas *line = canvas_window((Canvas *)canvas, row, 0, 1, canvas_cols(canvas));
    Text text = {0};

    canvas_text(line, NULL, &text);
    cr_expect_eq(strstr(text_chars(&text), part) != NULL, there, "%s in %s", part,
                 text_chars(&text));
    text_release(&text);
    canvas_free(line);
}

Test(layout, a_message_takes_the_place_of_the_keys)
{
    Snapshot snapshot = fixture_run();
    Canvas *canvas = canvas_new(24, 80, GLYPHS_UTF8);
    Gaze gaze = {0};

    layout_draw(&snapshot, &gaze, "scale 2^10 at step 1,285", canvas);
    expect_line(canvas, 23, "scale 2^10 at step 1,285", true);
    expect_line(canvas, 23, "q prompt", false);
    canvas_free(canvas);
    snapshot_release(&snapshot);
}

Test(layout, the_status_line_says_what_state_the_run_is_in)
{
    Snapshot snapshot = fixture_run();
    Canvas *canvas = canvas_new(24, 80, GLYPHS_UTF8);
    Gaze gaze = {.true_values = true};

    snapshot.training = false;
    snapshot.pace = 2.0;
    snapshot.scaler.mode = SCALER_OFF;
    layout_draw(&snapshot, &gaze, NULL, canvas);
    expect_line(canvas, 0, "PAUSE", true);
    expect_line(canvas, 0, "scale off", true);
    expect_line(canvas, 0, "pace 2/s", true);
    expect_line(canvas, 0, "seed 42", true);
    expect_line(canvas, 23, "space run", true);
    expect_line(canvas, 23, "t stored values", true);
    canvas_free(canvas);
    snapshot_release(&snapshot);
}

#include "view/layout.h"

#include "base/memory.h"
#include "fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 60, MOST_COLS = 210 };

static bool is_inside(const Layout *layout, const Place *place, int rows, int cols)
{
    return place->row >= layout->status_rows && place->col >= 0 && place->rows >= 1 &&
           place->cols >= place->panel->min_cols && place->row + place->rows <= rows &&
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
        count += !is_inside(layout, &layout->places[i], rows, cols);
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

static Layout layout_of(int rows, int cols, int prompt_rows, bool two, LayoutKind kind,
                        const Panel *zoom)
{
    Screenful screenful = {rows, cols, prompt_rows, two};
    Gaze gaze = {.layout = (int)kind, .zoom = zoom};

    return layout_for(&screenful, &gaze);
}

static void sweep(int prompt_rows, bool two, LayoutKind kind, const Panel *zoom)
{
    for (int rows = 1; rows <= MOST_ROWS; rows++) {
        for (int cols = 1; cols <= MOST_COLS; cols++) {
            Layout layout = layout_of(rows, cols, prompt_rows, two, kind, zoom);

            cr_assert_eq(outside(&layout, rows - prompt_rows, cols), 0, "%d rows, %d columns", rows,
                         cols);
            cr_assert_eq(overlaps(&layout), 0, "%d rows, %d columns", rows, cols);
            cr_assert_leq(layout.status_rows, rows);
        }
    }
}

Test(layout, at_every_size_panels_lie_inside_and_apart, .timeout = 120)
{
    for (LayoutKind kind = LAYOUT_AUTO; kind < LAYOUT_KINDS; kind++) {
        sweep(0, false, kind, NULL);
        sweep(1, false, kind, NULL);
        sweep(3, true, kind, NULL);
    }
    sweep(1, false, LAYOUT_AUTO, panel_find("loss"));
    sweep(1, true, LAYOUT_AUTO, panel_find("tensors"));
}

static int last_row(const Layout *layout)
{
    int last = 0;

    for (int i = 0; i < layout->count; i++) {
        if (layout->places[i].row + layout->places[i].rows > last)
            last = layout->places[i].row + layout->places[i].rows;
    }
    return last;
}

Test(layout, panels_fill_all_rows_of_a_usual_screen)
{
    for (int rows = 20; rows <= MOST_ROWS; rows++) {
        for (int cols = 60; cols <= MOST_COLS; cols += 10) {
            for (int two = 0; two < 2; two++) {
                Layout layout = layout_of(rows, cols, 1, two, LAYOUT_AUTO, NULL);

                cr_expect_eq(last_row(&layout), rows - 1, "%d rows, %d columns", rows, cols);
            }
        }
    }
}

Test(layout, usual_screens_have_what_a_learner_watches)
{
    static const int sizes[][2] = {{24, 80}, {40, 120}, {50, 200}};

    for (size_t i = 0; i < 3; i++) {
        for (int two = 0; two < 2; two++) {
            Layout layout = layout_of(sizes[i][0], sizes[i][1], 1, two, LAYOUT_AUTO, NULL);

            cr_expect(shows(&layout, "gradients"));
            cr_expect(shows(&layout, "scale"));
            cr_expect(shows(&layout, "loss"));
            cr_expect(shows(&layout, "log"));
            cr_expect_eq(shows(&layout, "tensors"), i > 0);
            cr_expect_eq(shows(&layout, "tiles"), i == 2 && !two);
            cr_expect(i < 2 || shows(&layout, "heat"));
        }
    }
}

Test(layout, an_answer_of_a_few_rows_leaves_the_log_on_a_usual_screen)
{
    for (int two = 0; two < 2; two++) {
        Layout layout = layout_of(24, 80, 1 + 1 + 4, two, LAYOUT_AUTO, NULL);

        cr_expect(shows(&layout, "gradients"));
        cr_expect(shows(&layout, "scale"));
        cr_expect(shows(&layout, "log"), "%d runs", 1 + two);
    }
}

Test(layout, a_short_answer_costs_two_runs_neither_loss_nor_log_on_a_usual_screen)
{
    Layout layout = layout_of(24, 80, 1 + 1 + 3, true, LAYOUT_AUTO, NULL);

    cr_expect(shows(&layout, "gradients"));
    cr_expect(shows(&layout, "scale"));
    cr_expect(shows(&layout, "loss"));
    cr_expect(shows(&layout, "log"));
}

Test(layout, a_small_screen_drops_panels_not_the_gradients)
{
    Layout small = layout_of(9, 40, 1, false, LAYOUT_AUTO, NULL),
           least = layout_of(4, 80, 1, false, LAYOUT_AUTO, NULL);

    cr_expect_eq(small.count, 1);
    cr_expect(shows(&small, "gradients"));
    cr_expect_eq(least.count, 0);
}

Test(layout, each_kind_gives_most_room_to_what_it_is_named_for)
{
    Layout tensors = layout_of(24, 80, 1, false, LAYOUT_TENSORS, NULL),
           training = layout_of(40, 120, 1, false, LAYOUT_TRAINING, NULL),
           tensors_of_two = layout_of(50, 200, 1, true, LAYOUT_TENSORS, NULL),
           training_of_two = layout_of(24, 80, 1, true, LAYOUT_TRAINING, NULL),
           zoom = layout_of(40, 120, 1, false, LAYOUT_AUTO, panel_find("log"));

    cr_expect_str_eq(tensors.places[0].panel->name, "tensors");
    cr_expect_str_eq(training.places[0].panel->name, "loss");
    cr_expect_str_eq(tensors_of_two.places[0].panel->name, "tensors");
    cr_expect_str_eq(training_of_two.places[0].panel->name, "loss");
    cr_expect_eq(zoom.count, 1);
    cr_expect_eq(zoom.places[0].rows, 38);
}

static bool row_is_blank(const Canvas *canvas, int row)
{
    for (int col = 0; col < canvas_cols(canvas); col++) {
        if (canvas_cell(canvas, row, col).rune != ' ')
            return false;
    }
    return true;
}

static void draw_at(const Scene *scene, int rows, int cols, int prompt_rows)
{
    Canvas *canvas = canvas_new(rows, cols, GLYPHS_UTF8);
    Gaze gaze = {0};

    layout_draw(scene, &gaze, NULL, prompt_rows, canvas);
    cr_assert_eq(row_is_blank(canvas, 0), rows <= prompt_rows, "%d rows, %d columns", rows, cols);
    for (int row = rows - prompt_rows < 0 ? 0 : rows - prompt_rows; row < rows; row++)
        cr_assert(row_is_blank(canvas, row), "%d rows, %d columns", rows, cols);
    canvas_free(canvas);
}

Test(layout, the_status_is_there_and_the_prompt_has_its_rows_at_every_size, .timeout = 300)
{
    Snapshot left = fixture_run(), right = fixture_other();
    Scene one = {.left = &left, .differ = -1}, two = {&left, &right, FIXTURE_PARTED};

    for (int rows = 1; rows <= MOST_ROWS; rows += rows < 12 ? 1 : 7) {
        for (int cols = 1; cols <= MOST_COLS; cols += cols < 90 ? 1 : 13) {
            draw_at(&one, rows, cols, 1);
            draw_at(&two, rows, cols, 2);
        }
    }
    snapshot_release(&left);
    snapshot_release(&right);
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

Test(layout, a_message_stands_above_the_prompt)
{
    Snapshot snapshot = fixture_run();
    Scene scene = {.left = &snapshot, .differ = -1};
    Canvas *canvas = canvas_new(24, 80, GLYPHS_UTF8);
    Gaze gaze = {0};

    layout_draw(&scene, &gaze, "scale 2^10 at step 1,285", 1, canvas);
    expect_line(canvas, 22, "scale 2^10 at step 1,285", true);
    expect_line(canvas, 21, "than one row", true);
    cr_expect(row_is_blank(canvas, 23));
    canvas_free(canvas);
    snapshot_release(&snapshot);
}

Test(layout, the_status_line_says_what_state_the_run_is_in)
{
    Snapshot snapshot = fixture_run();
    Scene scene = {.left = &snapshot, .differ = -1};
    Canvas *canvas = canvas_new(24, 80, GLYPHS_UTF8);
    Gaze gaze = {.true_values = true};

    snapshot.training = false;
    snapshot.pace = 2.0;
    snapshot.scaler.mode = SCALER_OFF;
    layout_draw(&scene, &gaze, NULL, 1, canvas);
    expect_line(canvas, 0, "PAUSE", true);
    expect_line(canvas, 0, "scale off", true);
    expect_line(canvas, 0, "pace 2/s", true);
    expect_line(canvas, 0, "seed 42", true);
    text_copy(snapshot.next_phase, PHASE_NAME, "unscale");
    canvas_clear(canvas);
    layout_draw(&scene, &gaze, NULL, 1, canvas);
    expect_line(canvas, 0, "next: unscale", true);
    canvas_free(canvas);
    snapshot_release(&snapshot);
}

Test(layout, the_status_of_two_runs_says_where_they_parted)
{
    Snapshot left = fixture_run(), right = fixture_other();
    Scene scene = {&left, &right, FIXTURE_PARTED};
    Canvas *canvas = canvas_new(24, 80, GLYPHS_UTF8);
    Gaze gaze = {0};

    layout_draw(&scene, &gaze, NULL, 1, canvas);
    expect_line(canvas, 0, "parted at step 311", true);
    expect_line(canvas, 1, "a  fp16", true);
    expect_line(canvas, 1, "b  bf16  scale off", true);
    scene.differ = -1;
    layout_draw(&scene, &gaze, NULL, 1, canvas);
    expect_line(canvas, 0, "equal to the bit so far", true);
    expect_line(canvas, 0, "not shown", false);
    for (int i = 0; i < RUNS_MOST; i++)
        snprintf(left.runs[i], RUN_NAME, "%c", 'a' + i);
    layout_draw(&scene, &gaze, NULL, 1, canvas);
    expect_line(canvas, 0, "not shown: c, d (use NAME)", true);
    canvas_free(canvas);
    snapshot_release(&left);
    snapshot_release(&right);
}

/* Pictures of every panel and of the whole view, compared with the files in tests/screens.
 *
 * HALFSTEP_UPDATE_SCREENS=1 in the environment writes the files anew: look at what changed.
 */
#include "fixture.h"

#include "base/file.h"
#include "base/text.h"
#include "view/layout.h"
#include "view/status.h"
#include "view/style.h"
#include "view/svg.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH = 128, LIMIT = 1 << 20, PROMPT_COLS = 80 };

static bool updating(void)
{
    const char *value = getenv("HALFSTEP_UPDATE_SCREENS"); /* NOLINT(concurrency-mt-unsafe) */

    return value != NULL && strcmp(value, "1") == 0;
}

static void compare_file(const char *name, const Text *text)
{
    char path[PATH];
    Bytes kept = {0};
    Status status;

    snprintf(path, sizeof path, "tests/screens/%s.txt", name);
    if (updating()) {
        status = file_write(path, text_chars(text), text->length);
        cr_assert(!failed(status), "%s", status.text);
        return;
    }
    status = file_read(path, LIMIT, &kept);
    cr_assert(!failed(status), "%s", status.text);
    cr_expect(kept.count == text->length && memcmp(kept.data, text_chars(text), kept.count) == 0,
              "%s differs from:\n%s", path, text_chars(text));
    bytes_release(&kept);
}

static void append_canvas(const Canvas *canvas, Text *text)
{
    canvas_text(canvas, NULL, text);
}

static void append_panel(const Snapshot *snapshot, const Gaze *gaze, const char *name,
                         Canvas *canvas, Text *text)
{
    const Panel *panel = panel_find(name);

    cr_assert_not_null(panel, "%s", name);
    canvas_clear(canvas);
    panel->draw(snapshot, gaze, canvas);
    append_canvas(canvas, text);
}

/* The panel at the prompt: in UTF-8, in ASCII, and narrow. */
static void compare_panel(const Snapshot *snapshot, const Gaze *gaze, const char *name,
                          const char *file)
{
    Canvas *canvases[] = {
        canvas_new(panel_find(name)->rows, PROMPT_COLS, GLYPHS_UTF8),
        canvas_new(panel_find(name)->rows, PROMPT_COLS, GLYPHS_ASCII),
        canvas_new(panel_find(name)->rows, 41, GLYPHS_UTF8),
    };
    Text text = {0};

    for (int i = 0; i < 3; i++) {
        append_panel(snapshot, gaze, name, canvases[i], &text);
        text_append(&text, "\n");
        canvas_free(canvases[i]);
    }
    compare_file(file, &text);
    text_release(&text);
}

Test(screens, every_panel_looks_as_kept)
{
    Snapshot snapshot = fixture_run();
    Gaze gaze = {0};

    for (const Panel *const *panel = panel_table; *panel != NULL; panel++)
        compare_panel(&snapshot, &gaze, (*panel)->name, (*panel)->name);
    snapshot_release(&snapshot);
}

Test(screens, every_panel_of_an_empty_run_says_what_is_missing)
{
    Snapshot snapshot = fixture_empty();
    Canvas *canvas = canvas_new(20, PROMPT_COLS, GLYPHS_UTF8);
    Gaze gaze = {0};
    Text text = {0};

    for (const Panel *const *panel = panel_table; *panel != NULL; panel++)
        append_panel(&snapshot, &gaze, (*panel)->name, canvas, &text);
    compare_file("empty", &text);
    text_release(&text);
    canvas_free(canvas);
}

Test(screens, one_step_is_not_said_to_be_several)
{
    Snapshot snapshot = fixture_run();
    Canvas *canvas = canvas_new(panel_find("run")->rows, PROMPT_COLS, GLYPHS_UTF8);
    Gaze gaze = {0};
    Text text = {0};

    snapshot.step = 1;
    snapshot.skipped = 0;
    snapshot.epoch_steps = 1;
    append_panel(&snapshot, &gaze, "run", canvas, &text);
    cr_expect_null(strstr(text_chars(&text), "1 steps"));
    compare_file("run-one-step", &text);
    text_release(&text);
    canvas_free(canvas);
    snapshot_release(&snapshot);
}

Test(screens, gradients_of_each_sort_of_tensor_look_as_kept)
{
    static const char *const names[] = {"fc1.weight",      "fc1.out",         "fc2.out.grad",
                                        "fc2.weight.grad", "fc1.weight.grad", "fc2.bias.grad",
                                        "fc1.bias.grad"};
    Snapshot snapshot = fixture_run();
    Canvas *canvas = canvas_new(13, PROMPT_COLS, GLYPHS_UTF8);
    Text text = {0};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        Gaze gaze = {.true_values = true};

        text_copy(gaze.tensor, sizeof gaze.tensor, names[i]);
        append_panel(&snapshot, &gaze, "gradients", canvas, &text);
        text_append(&text, "\n");
    }
    compare_file("gradients-sorts", &text);
    text_release(&text);
    canvas_free(canvas);
    snapshot_release(&snapshot);
}

Test(screens, each_mode_of_the_scaler_is_said_in_words)
{
    Snapshot snapshot = fixture_run();
    Canvas *canvas = canvas_new(8, PROMPT_COLS, GLYPHS_UTF8);
    Gaze gaze = {0};
    Text text = {0};

    snapshot.scaler.mode = SCALER_OFF;
    append_panel(&snapshot, &gaze, "scale", canvas, &text);
    snapshot.scaler.mode = SCALER_STATIC;
    append_panel(&snapshot, &gaze, "scale", canvas, &text);
    snapshot.scaler.mode = SCALER_OFF;
    append_panel(&snapshot, &gaze, "run", canvas, &text);
    compare_file("scale-modes", &text);
    text_release(&text);
    canvas_free(canvas);
    snapshot_release(&snapshot);
}

static void append_status(const Snapshot *snapshot, int cols, Text *text)
{
    Canvas *canvas = canvas_new(1, cols, GLYPHS_UTF8);

    status_draw(&(Scene){.left = snapshot, .differ = -1}, canvas);
    append_canvas(canvas, text);
    canvas_free(canvas);
}

Test(screens, mistakes_that_are_at_work_are_not_to_be_overlooked)
{
    Snapshot snapshot = fixture_run();
    Canvas *canvas = canvas_new(panel_find("run")->rows, PROMPT_COLS, GLYPHS_UTF8);
    Canvas *low = canvas_new(8, PROMPT_COLS, GLYPHS_UTF8);
    Gaze gaze = {0};
    Text text = {0};

    snapshot.accumulate = 4;
    snapshot.clip = (ClipFacts){.norm = true, .most = 1.0, .before_unscale = true};
    snapshot.scaler.take_all = snapshot.scaler.leave_scaled = true;
    append_status(&snapshot, 120, &text);
    append_status(&snapshot, PROMPT_COLS, &text);
    append_status(&snapshot, 40, &text);
    append_panel(&snapshot, &gaze, "run", canvas, &text);
    append_panel(&snapshot, &gaze, "scale", low, &text);
    snapshot.scaler.take_all = snapshot.scaler.leave_scaled = false;
    snapshot.scaler.floor = 1.0f;
    snapshot.scaler.hysteresis = 3;
    snapshot.scaler.spent = 1;
    append_panel(&snapshot, &gaze, "scale", low, &text);
    compare_file("mistakes", &text);
    text_release(&text);
    canvas_free(canvas);
    canvas_free(low);
    snapshot_release(&snapshot);
}

Test(screens, memory_says_what_each_sort_of_format_saves)
{
    Snapshot snapshot = fixture_run();
    Canvas *canvas = canvas_new(panel_find("memory")->rows, PROMPT_COLS, GLYPHS_UTF8);
    Gaze gaze = {0};
    Text text = {0};

    snapshot.memory.emulated = true;
    append_panel(&snapshot, &gaze, "memory", canvas, &text);
    snapshot.autocast = FORMAT_TF32;
    append_panel(&snapshot, &gaze, "memory", canvas, &text);
    snapshot.autocast = FORMAT_FP32;
    append_panel(&snapshot, &gaze, "memory", canvas, &text);
    snapshot.states = FORMAT_FP16;
    append_panel(&snapshot, &gaze, "memory", canvas, &text);
    snapshot.autocast = snapshot.weights = FORMAT_BF16;
    strcpy(snapshot.rounding, "kahan");
    append_panel(&snapshot, &gaze, "memory", canvas, &text);
    snapshot.autocast = FORMAT_E4M3;
    snapshot.weights = FORMAT_FP32;
    append_panel(&snapshot, &gaze, "memory", canvas, &text);
    compare_file("memory-sorts", &text);
    text_release(&text);
    canvas_free(canvas);
    snapshot_release(&snapshot);
}

static void compare_scene(const Scene *scene, int rows, int cols, Glyphs glyphs, const char *file)
{
    Canvas *canvas = canvas_new(rows, cols, glyphs);
    Gaze gaze = {0};
    Text text = {0};

    layout_draw(scene, &gaze, NULL, 1, canvas);
    append_canvas(canvas, &text);
    compare_file(file, &text);
    text_release(&text);
    canvas_free(canvas);
}

Test(screens, the_view_at_each_usual_size_looks_as_kept)
{
    Snapshot snapshot = fixture_run();
    Scene scene = {.left = &snapshot, .differ = -1};

    compare_scene(&scene, 24, 80, GLYPHS_UTF8, "view-80x24");
    compare_scene(&scene, 24, 80, GLYPHS_ASCII, "view-80x24-ascii");
    compare_scene(&scene, 24, 80, GLYPHS_BLOCKS, "view-80x24-blocks");
    compare_scene(&scene, 40, 120, GLYPHS_UTF8, "view-120x40");
    compare_scene(&scene, 50, 200, GLYPHS_UTF8, "view-200x50");
    compare_scene(&scene, 12, 40, GLYPHS_UTF8, "view-40x12");
    snapshot_release(&snapshot);
}

Test(screens, two_runs_side_by_side_look_as_kept)
{
    Snapshot left = fixture_run(), right = fixture_other();
    Scene scene = {&left, &right, FIXTURE_PARTED};

    compare_scene(&scene, 24, 80, GLYPHS_UTF8, "two-80x24");
    compare_scene(&scene, 24, 80, GLYPHS_ASCII, "two-80x24-ascii");
    compare_scene(&scene, 40, 120, GLYPHS_UTF8, "two-120x40");
    compare_scene(&scene, 50, 200, GLYPHS_UTF8, "two-200x50");
    compare_scene(&scene, 12, 40, GLYPHS_UTF8, "two-40x12");
    snapshot_release(&left);
    snapshot_release(&right);
}

Test(screens, colours_of_each_palette_look_as_kept)
{
    Snapshot snapshot = fixture_run();
    Canvas *canvas = canvas_new(13, PROMPT_COLS, GLYPHS_UTF8);
    Gaze gaze = {0};
    Text text = {0};

    panel_find("gradients")->draw(&snapshot, &gaze, canvas);
    for (int palette = 0; palette < PALETTE_COUNT; palette++) {
        for (int contrast = 0; contrast < 2; contrast++)
            canvas_text(canvas, &(Theme){palette, contrast}, &text);
    }
    compare_file("colours", &text);
    text_clear(&text);
    canvas_svg(canvas, (Theme){0}, &text);
    compare_file("gradients-svg", &text);
    text_release(&text);
    canvas_free(canvas);
    snapshot_release(&snapshot);
}

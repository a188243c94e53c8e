#include "view/panel.h"

#include "fixture.h"
#include "view/facts.h"
#include "view/histogram.h"
#include "view/style.h"
#include "view/timeline.h"
#include "view/widgets.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(panel, each_is_found_by_its_name_and_says_what_it_shows)
{
    for (const Panel *const *panel = panel_table; *panel != NULL; panel++) {
        cr_expect_eq(panel_find((*panel)->name), *panel);
        cr_expect_gt(strlen((*panel)->title), 0);
        cr_expect_gt(strlen((*panel)->summary), 0);
        cr_expect_gt((*panel)->rows, 0);
    }
    cr_expect_null(panel_find("gradient"));
}

static void draw_at_any_size(const Panel *panel, const Snapshot *snapshot)
{
    Gaze gaze = {.tensor = "fc2.weight.grad", .true_values = true};

    for (int rows = 0; rows <= 30; rows += rows < 10 ? 1 : 5) {
        for (int cols = 0; cols <= 130; cols += cols < 45 ? 1 : 17) {
            Canvas *canvas = canvas_new(rows, cols, cols % 2 ? GLYPHS_UTF8 : GLYPHS_ASCII);

            panel->draw(snapshot, &gaze, canvas);
            canvas_free(canvas);
        }
    }
}

Test(panel, each_draws_at_any_size, .timeout = 120)
{
    Snapshot run = fixture_run(), empty = fixture_empty();

    for (const Panel *const *panel = panel_table; *panel != NULL; panel++) {
        draw_at_any_size(*panel, &run);
        draw_at_any_size(*panel, &empty);
    }
    snapshot_release(&run);
}

Test(panel, drawing_twice_gives_the_same_and_changes_nothing)
{
    Snapshot snapshot = fixture_run();
    Gaze gaze = {0};

    for (const Panel *const *panel = panel_table; *panel != NULL; panel++) {
        Text texts[2] = {{0}};

        for (int i = 0; i < 2; i++) {
            Canvas *canvas = canvas_new(20, 80, GLYPHS_UTF8);

            (*panel)->draw(&snapshot, &gaze, canvas);
            canvas_text(canvas, &(Theme){0}, &texts[i]);
            canvas_free(canvas);
        }
        cr_expect_str_eq(text_chars(&texts[0]), text_chars(&texts[1]));
        text_release(&texts[0]);
        text_release(&texts[1]);
    }
    snapshot_release(&snapshot);
}

Test(gaze, falls_back_to_the_tensor_that_lost_most)
{
    Snapshot snapshot = fixture_run(), empty = fixture_empty();
    Gaze chosen = {.tensor = "fc1.out"}, gone = {.tensor = "fc9.out"}, none = {0};

    cr_expect_str_eq(gaze_tensor(&chosen, &snapshot)->name, "fc1.out");
    cr_expect_str_eq(gaze_tensor(&gone, &snapshot)->name, "fc2.out.grad");
    cr_expect_str_eq(gaze_tensor(&none, &snapshot)->name, "fc2.out.grad");
    cr_expect_null(gaze_tensor(&chosen, &empty));
    snapshot_release(&snapshot);
}

Test(facts, the_axis_takes_the_scale_of_the_counted_step_not_of_the_next)
{
    Snapshot snapshot = fixture_empty();
    StepRecord record = {
        .step = 1, .scale_used = 65536.0f, .scale_next = 32768.0f, .skipped = true};

    snapshot.scaler.scale = 32768.0f;
    cr_expect_eq(facts_scale_used(&snapshot), 32768.0f);
    history_add(&snapshot.history, &record);
    cr_expect_eq(facts_scale_used(&snapshot), 65536.0f);
}

Test(facts, an_fp8_cast_multiplies_by_a_scale_of_its_own_beside_the_loss_scale)
{
    TensorFacts grad = {.kind = TENSOR_ACTIVATION_GRAD, .scaled = true, .fp8_scale = 900.0f};
    Snapshot snapshot = fixture_empty();

    snapshot.scaler.scale = 64.0f;
    cr_expect_eq(facts_factor(&snapshot, &grad), 57600.0f);
    cr_expect_eq(facts_shift(&snapshot, &grad), -16);
    grad.scaled = false;
    cr_expect_eq(facts_factor(&snapshot, &grad), 900.0f);
    cr_expect_eq(facts_shift(&snapshot, &grad), -10);
    grad.fp8_scale = 0.0f;
    cr_expect_eq(facts_factor(&snapshot, &grad), 1.0f);
    cr_expect_eq(facts_shift(&snapshot, &grad), 0);
}

static void expect_notice(const Snapshot *snapshot, const TensorFacts *tensor, const char *words)
{
    Canvas *canvas = canvas_new(2, 40, GLYPHS_ASCII);
    Text text = {0};

    widget_uncounted(snapshot, tensor, canvas);
    canvas_text(canvas, NULL, &text);
    cr_expect_not_null(strstr(text_chars(&text), words), "%s", text_chars(&text));
    text_release(&text);
    canvas_free(canvas);
}

Test(notice, says_why_nothing_is_counted)
{
    TensorFacts tensors[2] = {{.name = "fc1.bias"}, {.name = "fc1.bias.grad"}};
    Snapshot snapshot = {.tensors = tensors, .tensor_count = 2};

    expect_notice(&snapshot, NULL, "not counted: probe on");
    expect_notice(&snapshot, &tensors[0], "not counted: probe on");
    tensors[1].counted = true; /* probe weight-grads */
    expect_notice(&snapshot, NULL, "nothing is counted yet: take a step");
    expect_notice(&snapshot, &tensors[0], "not counted: probe on");
    expect_notice(&snapshot, &tensors[1], "nothing is counted yet: take a step");
    snapshot.probes = true;
    expect_notice(&snapshot, &tensors[0], "not counted: nothing casts it");
    snapshot.tensor_count = 0;
    expect_notice(&snapshot, NULL, "nothing is counted yet: take a step");
}

static const TensorFacts *watched(const Snapshot *snapshot, Watched sort)
{
    Gaze gaze = {.watched = (int)sort};

    return gaze_tensor(&gaze, snapshot);
}

Test(gaze, is_on_the_sort_that_is_watched)
{
    Snapshot snapshot = fixture_run(), empty = fixture_empty();

    cr_expect_str_eq(watched(&snapshot, WATCHED_WEIGHTS)->name, "fc1.weight");
    cr_expect_str_eq(watched(&snapshot, WATCHED_ACTIVATIONS)->name, "fc1.out");
    cr_expect_str_eq(watched(&snapshot, WATCHED_ACTIVATION_GRADS)->name, "fc2.out.grad");
    cr_expect_str_eq(watched(&snapshot, WATCHED_WEIGHT_GRADS)->name, "fc2.weight.grad");
    cr_expect_null(watched(&empty, WATCHED_WEIGHTS));
    snapshot_release(&snapshot);
}

Test(gaze, settles_on_the_first_that_loses_and_stays)
{
    Snapshot snapshot = fixture_run(), empty = fixture_empty();
    Gaze gaze = {0}, weights = {.watched = WATCHED_WEIGHTS};

    gaze_settle(&gaze, &empty);
    cr_expect_str_eq(gaze.tensor, "");
    gaze_settle(&gaze, &snapshot);
    cr_expect_str_eq(gaze.tensor, "fc2.out.grad");
    snapshot.tensors[0].kind = TENSOR_WEIGHT_GRAD;
    snapshot.tensors[0].counts.lost_mass = snapshot.tensors[0].counts.mass;
    gaze_settle(&gaze, &snapshot);
    cr_expect_str_eq(gaze.tensor, "fc2.out.grad");
    gaze_settle(&weights, &snapshot);
    cr_expect_str_eq(weights.tensor, "");
    snapshot_release(&snapshot);
}

static void expect_axis(const Scene *scene, const Gaze *gaze, int shift)
{
    Histogram left = histogram_of(scene, false, gaze, histogram_focus(scene, false, gaze), 40),
              right = histogram_of(scene, true, gaze, histogram_focus(scene, true, gaze), 40);

    cr_expect_eq(left.bins.low + left.shift, right.bins.low + right.shift);
    cr_expect_eq(left.bins.high + left.shift, right.bins.high + right.shift);
    cr_expect_eq(left.bins.columns, right.bins.columns);
    cr_expect_eq(left.shift - right.shift, shift);
    cr_expect_leq(left.bins.low, -40); /* all of fp16 */
    cr_expect_geq(right.bins.high, 16);
}

Test(histogram, two_runs_share_one_axis_also_of_true_values)
{
    Snapshot left = fixture_run(), right = fixture_other();
    Scene scene = {&left, &right, FIXTURE_PARTED};
    Gaze stored = {.tensor = "fc2.out.grad"},
         true_values = {.tensor = "fc2.out.grad", .true_values = true};

    expect_axis(&scene, &stored, 0);
    expect_axis(&scene, &true_values, -15);
    snapshot_release(&left);
    snapshot_release(&right);
}

static void expect_range(Format format, int exponent, int low, int high)
{
    TensorFacts tensor = {.format = format};
    Bins bins;

    tensor.counts.histogram[-10 - EXPONENT_LEAST] = 2000;
    tensor.counts.histogram[exponent - EXPONENT_LEAST] += 3;
    tensor.counts.histogram[-140 - EXPONENT_LEAST] += 1;
    bins = histogram_bins(&tensor, 400);
    cr_expect_eq(bins.low, low, "%s: %d", format_name(format), bins.low);
    cr_expect_eq(bins.high, high, "%s: %d", format_name(format), bins.high);
}

Test(histogram, a_wide_format_has_the_range_of_fp16_and_what_its_values_need)
{
    expect_range(FORMAT_FP16, -80, -40, 16);
    expect_range(FORMAT_BF16, -10, -40, 16);
    expect_range(FORMAT_BF16, -41, -48, 16);
    expect_range(FORMAT_BF16, 17, -40, 24);
    expect_range(FORMAT_FP32, -140, -144, 16);
    expect_range(FORMAT_FP32, 127, -40, 127);
}

Test(timeline, a_step_is_found_in_the_column_that_holds_it)
{
    History history = {0};
    Timeline timeline;

    for (int64_t step = 1; step <= 1000; step++) {
        StepRecord record = {.step = step, .scale_used = 1.0f};

        history_add(&history, &record);
    }
    timeline = timeline_of(&history, 70);
    cr_expect_eq(timeline_column(&timeline, 1000), 69);
    cr_expect_eq(timeline_column(&timeline, 1), 69 - (999 / 16));
    cr_expect_eq(timeline_column(&timeline, 5000), -1);
}

static Timeline timeline_after(History *history, int64_t steps, int columns)
{
    for (int64_t step = history->steps + 1; step <= steps; step++) {
        StepRecord record = {
            .step = step, .loss = 1.0f, .scale_used = 8.0f, .skipped = step % 97 == 0};

        history_add(history, &record);
    }
    return timeline_of(history, columns);
}

static void expect_all_steps(const History *history, int columns)
{
    Timeline timeline = timeline_of(history, columns);
    int64_t count = 0, skipped = 0;
    Bucket bucket = {0};

    for (int col = 0; col < columns; col++) {
        if (timeline_bucket(&timeline, col, &bucket)) {
            count += bucket.count;
            skipped += bucket.skipped;
        }
    }
    cr_assert_eq(count, history->steps, "%d columns", columns);
    cr_assert_eq(skipped, history->skipped, "%d columns", columns);
    cr_assert(timeline_bucket(&timeline, columns - 1, &bucket));
}

Test(timeline, no_step_is_lost_and_the_newest_is_at_the_right_edge)
{
    History history = {0};

    for (int64_t steps = 1; steps <= 20000; steps += 1 + steps / 7) {
        (void)timeline_after(&history, steps, 1);
        expect_all_steps(&history, 16);
        expect_all_steps(&history, 72);
        expect_all_steps(&history, 192);
        expect_all_steps(&history, 300);
    }
}

Test(timeline, a_long_run_takes_at_least_half_of_the_columns)
{
    History history = {0};

    for (int64_t steps = 100; steps <= 20000; steps += steps / 7) {
        Timeline timeline = timeline_after(&history, steps, 72);
        Bucket bucket;

        cr_expect(timeline_bucket(&timeline, timeline.columns / 2, &bucket), "after %d steps",
                  (int)steps);
    }
}

static void draw_scale(Snapshot *snapshot, int rows, Text *text)
{
    Canvas *canvas = canvas_new(rows, 40, GLYPHS_ASCII);
    Gaze gaze = {0};

    panel_find("scale")->draw(snapshot, &gaze, canvas);
    canvas_text(canvas, NULL, text);
    canvas_free(canvas);
}

/* 2^16, in one column up to 2^40 and back. */
static Snapshot excursion(float lasting)
{
    Snapshot snapshot = fixture_empty();

    for (int64_t step = 1; step <= 200; step++) {
        StepRecord record = {.step = step, .loss = 1.0f, .scale_used = 65536.0f};

        if (step == 118)
            record.scale_used = 0x1p40f;
        if (step > 160)
            record.scale_used = lasting;
        history_add(&snapshot.history, &record);
    }
    return snapshot;
}

Test(scale, the_axis_reaches_a_scale_that_did_not_last_where_rows_stand_for_several_powers_anyway)
{
    Snapshot snapshot = excursion(0x1p30f);
    Text text = {0};

    draw_scale(&snapshot, 5, &text);
    cr_expect_not_null(strstr(text_chars(&text), "2^40 |"), "%s", text_chars(&text));
    text_release(&text);
    snapshot_release(&snapshot);
}

Test(scale, what_lies_beyond_the_axis_has_a_sign)
{
    Snapshot snapshot = excursion(0x1p17f);
    Text text = {0};

    draw_scale(&snapshot, 5, &text);
    cr_expect_null(strstr(text_chars(&text), "2^40"));
    cr_expect_not_null(strstr(text_chars(&text), " ^\n"), "%s", text_chars(&text));
    text_release(&text);
    snapshot_release(&snapshot);
}

Test(scale, a_scale_of_zero_is_below_every_power_and_has_a_sign)
{
    Snapshot snapshot = excursion(0.0f);
    Text text = {0};

    draw_scale(&snapshot, 5, &text);
    cr_expect_not_null(strstr(text_chars(&text), "vvvv\n"), "%s", text_chars(&text));
    text_release(&text);
    snapshot_release(&snapshot);
}

Test(gradients, counts_that_have_no_row_are_missed_with_a_sign)
{
    Snapshot snapshot = fixture_run();
    Canvas *canvas = canvas_new(8, 40, GLYPHS_ASCII);
    Gaze gaze = {0};
    Text text = {0};

    panel_find("gradients")->draw(&snapshot, &gaze, canvas);
    canvas_text(canvas, NULL, &text);
    cr_expect_null(strstr(text_chars(&text), "nan"), "%s", text_chars(&text));
    cr_expect_not_null(strchr(text_chars(&text), '~'), "%s", text_chars(&text));
    text_release(&text);
    canvas_free(canvas);
    snapshot_release(&snapshot);
}

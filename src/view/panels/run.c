/* The experiment in words: what `show` alone prints. */
#include "view/panels.h"

#include "view/widgets.h"
#include "view/words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { LABEL = 11, LINE = 160 };

typedef struct Sheet {
    Canvas *canvas;
    int row;
} Sheet;

static void line(Sheet *sheet, const char *label, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void line(Sheet *sheet, const char *label, const char *fmt, ...)
{
    char text[LINE];
    Canvas *window;
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    canvas_print(sheet->canvas, sheet->row, 0, STYLE_DIM, "%s", label);
    window = canvas_window(sheet->canvas, sheet->row, LABEL, canvas_rows(sheet->canvas),
                           canvas_cols(sheet->canvas));
    sheet->row += widget_wrapped(window, 0, canvas_cols(window), STYLE_PLAIN, text);
    canvas_free(window);
}

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

static void known(Sheet *sheet, const char *label, const char *text)
{
    line(sheet, label, "%s", text[0] != '\0' ? text : "not chosen yet");
}

static void scaler_line(Sheet *sheet, const ScalerFacts *scaler)
{
    char scale[NUMBER_TEXT], growth[NUMBER_TEXT], backoff[NUMBER_TEXT], interval[NUMBER_TEXT];

    words_scale(scaler->scale, scale);
    if (scaler->mode == SCALER_OFF)
        line(sheet, "scaler", "off");
    else if (scaler->mode == SCALER_STATIC)
        line(sheet, "scaler", "%s static", scale);
    else
        line(sheet, "scaler", "%s dynamic: x%s after %s clean steps, x%s at a skip", scale,
             words_real(scaler->growth, 6, growth), words_count(scaler->interval, interval),
             words_real(scaler->backoff, 6, backoff));
}

static void autocast_line(Sheet *sheet, const Snapshot *snapshot)
{
    if (snapshot->fp8[0] != '\0')
        line(sheet, "autocast", "%s %s", format_step_name(snapshot->autocast), snapshot->fp8);
    else if (snapshot->weights == FORMAT_FP32)
        line(sheet, "autocast", "%s", format_step_name(snapshot->autocast));
    else
        line(sheet, "autocast", "%s, and no masters: weights are kept in it, rounded %s",
             format_step_name(snapshot->autocast), snapshot->rounding);
    if (snapshot->policy.words[0] != '\0')
        line(sheet, "", "%s", snapshot->policy.words);
}

static void mistakes_line(Sheet *sheet, const ScalerFacts *scaler)
{
    if (scaler->take_all)
        line(sheet, "", "skip off: a step with inf or nan is taken all the same");
    if (scaler->leave_scaled)
        line(sheet, "", "unscale off: the optimizer reads the scaled gradients");
}

static void clip_line(Sheet *sheet, const ClipFacts *clip)
{
    char most[NUMBER_TEXT];

    if (clip->norm || clip->value)
        line(sheet, "clip", "%s of gradients to %s%s", clip->norm ? "norm" : "values",
             words_real(clip->most, 6, most),
             clip->before_unscale ? ", before they are unscaled" : "");
}

static void step_line(Sheet *sheet, const Snapshot *snapshot)
{
    char step[NUMBER_TEXT], skipped[NUMBER_TEXT], share[NUMBER_TEXT];
    Measure skips = {.none = snapshot->step == 0};

    if (snapshot->step > 0)
        skips.value = (double)snapshot->skipped / (double)snapshot->step;
    words_count(snapshot->step, step);
    words_count(snapshot->skipped, skipped);
    if (snapshot->skipped > 0)
        line(sheet, "step", "%s, of which %s skipped (%s)", step, skipped,
             words_share(skips, share));
    else
        line(sheet, "step", "%s, none skipped", step);
    if (snapshot->next_phase[0] != '\0')
        line(sheet, "phase", "%s is next, of step %s", snapshot->next_phase,
             words_count(snapshot->step + 1, step));
}

static void batch_line(Sheet *sheet, const Snapshot *snapshot)
{
    char batch[2 * NUMBER_TEXT], each[NUMBER_TEXT], epoch[NUMBER_TEXT];

    words_count(snapshot->batch, each);
    if (snapshot->accumulate > 1)
        snprintf(batch, sizeof batch, "%d x %s", (int)snapshot->accumulate, each);
    else
        text_copy(batch, sizeof batch, each);
    if (snapshot->epoch_steps > 0)
        line(sheet, "batch", "%s, an epoch takes %s step%s", batch,
             words_count(snapshot->epoch_steps, epoch), plural(snapshot->epoch_steps));
    else
        line(sheet, "batch", "%s", batch);
}

static void results(Sheet *sheet, const Snapshot *snapshot)
{
    char number[NUMBER_TEXT], step[NUMBER_TEXT];
    int window = snapshot->step < LOSS_WINDOW ? (int)snapshot->step : LOSS_WINDOW;

    if (!snapshot->loss.none)
        line(sheet, "loss", "%s, mean of the last %d step%s", words_measure(snapshot->loss, number),
             window, plural(window));
    if (!snapshot->accuracy.none)
        line(sheet, "accuracy", "%s after step %s", words_share(snapshot->accuracy, number),
             words_count(snapshot->accuracy_step, step));
    if (!snapshot->steps_per_second.none)
        line(sheet, "speed", "%s steps/s", words_measure(snapshot->steps_per_second, number));
}

/* Drawn last: it tells what had no room. */
static void draw_heading(const Sheet *sheet, const Snapshot *snapshot)
{
    int hidden = sheet->row - canvas_rows(sheet->canvas);
    char more[NUMBER_TEXT] = "";

    if (hidden > 0)
        snprintf(more, sizeof more, "%d more row%s", hidden, plural(hidden));
    widget_heading(sheet->canvas, run_panel.title, snapshot->training ? "training" : "paused",
                   more);
}

static void run_draw(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas)
{
    Sheet sheet = {canvas, 1};
    char lr[NUMBER_TEXT];

    (void)gaze;
    known(&sheet, "backend", snapshot->backend);
    known(&sheet, "data", snapshot->data);
    known(&sheet, "net", snapshot->net);
    known(&sheet, "optim", snapshot->optim);
    line(&sheet, "lr", "%s", number_shortest(snapshot->lr, lr));
    known(&sheet, "criterion", snapshot->loss_name);
    batch_line(&sheet, snapshot);
    autocast_line(&sheet, snapshot);
    scaler_line(&sheet, &snapshot->scaler);
    mistakes_line(&sheet, &snapshot->scaler);
    clip_line(&sheet, &snapshot->clip);
    line(&sheet, "seed", "%" PRIu64, snapshot->seed);
    step_line(&sheet, snapshot);
    results(&sheet, snapshot);
    draw_heading(&sheet, snapshot);
}

const Panel run_panel = {
    .name = "run",
    .title = "run",
    .summary = "the experiment in words",
    .rows = 23,
    .min_cols = 36,
    .draw = run_draw,
};

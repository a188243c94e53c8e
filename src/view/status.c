#include "view/status.h"

#include "view/items.h"
#include "view/widgets.h"
#include "view/words.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 64 };

static void add_scale(Items *items, int rank, const ScalerFacts *scaler)
{
    static const char *const modes[] = {
        [SCALER_OFF] = "off", [SCALER_STATIC] = "static", [SCALER_DYNAMIC] = "dynamic"};
    char scale[NUMBER_TEXT];

    if (scaler->mode == SCALER_OFF)
        items_add(items, rank, STYLE_BOLD, "scale off");
    else
        items_add(items, rank, STYLE_BOLD, "scale %s %s", words_scale(scaler->scale, scale),
                  modes[scaler->mode]);
}

/* What makes a run other than it should be is not to be overlooked. */
static void add_mistakes(Items *items, int rank, const Snapshot *snapshot)
{
    if (snapshot->scaler.take_all)
        items_add(items, rank, STYLE_BAD, "skip off");
    if (snapshot->scaler.leave_scaled)
        items_add(items, rank, STYLE_BAD, "unscale off");
    if (snapshot->clip.before_unscale)
        items_add(items, rank, STYLE_BAD, "clip before unscale");
    if (snapshot->policy.forced[0] != '\0')
        items_add(items, rank, STYLE_BAD, "%s forced", snapshot->policy.forced);
}

static void add_skipped(Items *items, int rank, const Snapshot *snapshot)
{
    char skipped[NUMBER_TEXT];

    items_add(items, rank, snapshot->skipped > 0 ? STYLE_WARN : STYLE_PLAIN, "skipped %s",
              words_count(snapshot->skipped, skipped));
}

/* What all runs of a session have in common. */
static void add_common(Items *items, const Snapshot *snapshot)
{
    char text[NUMBER_TEXT];

    items_add(items, 0, snapshot->training ? STYLE_GOOD : STYLE_WARN, "%s",
              snapshot->training ? "RUN" : "PAUSE");
    if (snapshot->next_phase[0] != '\0')
        items_add(items, 0, STYLE_WARN, "next: %s", snapshot->next_phase);
    if (snapshot->pace > 0.0)
        items_add(items, 6, STYLE_PLAIN, "pace %s/s", words_real(snapshot->pace, 6, text));
    else
        items_add(items, 6, STYLE_PLAIN, "pace max");
    items_add(items, 7, STYLE_PLAIN, "seed %" PRIu64, snapshot->seed);
}

static void add_step(Items *items, int rank, const Snapshot *snapshot)
{
    char text[NUMBER_TEXT];

    items_add(items, rank, STYLE_BOLD, "step %s", words_count(snapshot->step, text));
    if (!snapshot->steps_per_second.none)
        items_add(items, 5, STYLE_PLAIN, "%s/s",
                  words_count((int64_t)llround(snapshot->steps_per_second.value), text));
}

static void draw_one(const Snapshot *snapshot, Canvas *canvas)
{
    Items items = {0};

    items_add(&items, 2, STYLE_BOLD, "%s", format_step_name(snapshot->autocast));
    add_scale(&items, 3, &snapshot->scaler);
    add_mistakes(&items, 2, snapshot);
    add_step(&items, 1, snapshot);
    add_skipped(&items, 4, snapshot);
    add_common(&items, snapshot);
    items_row(&items, canvas, 0);
}

const char *status_difference(const Scene *scene, char *text, int room)
{
    char step[NUMBER_TEXT];

    if (scene->differ < 0)
        snprintf(text, (size_t)room, "equal to the bit so far");
    else
        snprintf(text, (size_t)room, "parted at step %s", words_count(scene->differ, step));
    return text;
}

/* With `brief` only what tells one run from the other. */
static void add_run(Items *items, const Snapshot *snapshot, Style style, bool brief)
{
    char loss[NUMBER_TEXT];

    items_add(items, 0, style, "%s", snapshot->run_name);
    items_add(items, 1, STYLE_BOLD, "%s", format_step_name(snapshot->autocast));
    add_scale(items, 3, &snapshot->scaler); /* its panel says it too */
    add_mistakes(items, 1, snapshot);
    add_skipped(items, 2, snapshot);
    if (!brief)
        items_add(items, 4, STYLE_PLAIN, "loss %s", words_measure(snapshot->loss, loss));
}

static void draw_names(const Scene *scene, int row, Canvas *canvas)
{
    const Snapshot *runs[] = {scene->left, scene->right};
    int half = (canvas_cols(canvas) - 1) / 2;

    for (int i = 0; i < 2; i++) {
        Canvas *window = canvas_window(canvas, row, i * (half + 1), 1, half);
        Items items = {0};

        add_run(&items, runs[i], i == 0 ? STYLE_LEFT : STYLE_RIGHT, false);
        items_row(&items, window, 0);
        widget_divider(window, half);
        canvas_free(window);
    }
}

static bool is_shown(const Scene *scene, const char *name)
{
    return strcmp(name, scene->left->run_name) == 0 || strcmp(name, scene->right->run_name) == 0;
}

/* Two of more runs are in the picture: whose the others are, and how one comes in. */
static void add_others(Items *items, const Scene *scene)
{
    const Snapshot *left = scene->left;
    char names[LINE] = "";
    int length = 0;

    for (int i = 0; i < RUNS_MOST; i++)
        if (left->runs[i][0] != '\0' && !is_shown(scene, left->runs[i]))
            length += snprintf(names + length, sizeof names - (size_t)length, "%s%s",
                               length == 0 ? "" : ", ", left->runs[i]);
    if (length > 0)
        items_add(items, 3, STYLE_WARN, "not shown: %s (use NAME)", names);
}

static void draw_two(const Scene *scene, Canvas *canvas)
{
    char difference[LINE];
    Items items = {0};

    if (canvas_rows(canvas) < 2) {
        add_run(&items, scene->left, STYLE_LEFT, true);
        add_run(&items, scene->right, STYLE_RIGHT, true);
        add_common(&items, scene->left);
        items_row(&items, canvas, 0);
        return;
    }
    add_step(&items, 1, scene->left);
    items_add(&items, 2, scene->differ < 0 ? STYLE_PLAIN : STYLE_WARN, "%s",
              status_difference(scene, difference, sizeof difference));
    add_others(&items, scene);
    add_common(&items, scene->left);
    items_row(&items, canvas, 0);
    draw_names(scene, 1, canvas);
}

void status_draw(const Scene *scene, Canvas *canvas)
{
    if (scene->right == NULL)
        draw_one(scene->left, canvas);
    else
        draw_two(scene, canvas);
}

#include "view/panel.h"

#include "base/text.h"
#include "view/facts.h"
#include "view/panels.h"
#include "view/widgets.h"

#include <string.h>

#define ADDRESS(name) &name##_panel,
const Panel *const panel_table[] = {PANELS(ADDRESS) NULL};
#undef ADDRESS

const Panel *panel_find(const char *name)
{
    for (const Panel *const *panel = panel_table; *panel != NULL; panel++) {
        if (strcmp((*panel)->name, name) == 0)
            return *panel;
    }
    return NULL;
}

enum { DIVIDER = 1 };

static Canvas *half_of(Canvas *canvas, bool right)
{
    int half = (canvas_cols(canvas) - DIVIDER) / 2;

    return canvas_window(canvas, 0, right ? half + DIVIDER : 0, canvas_rows(canvas), half);
}

void panel_halves(const Scene *scene, const Gaze *gaze, Canvas *canvas, PanelRun *draw)
{
    for (int right = 0; right < 2; right++) {
        Canvas *half = half_of(canvas, right);

        draw(scene, right, gaze, half);
        canvas_free(half);
    }
    widget_divider(canvas, (canvas_cols(canvas) - DIVIDER) / 2);
}

static void draw_halves(const Panel *panel, const Scene *scene, const Gaze *gaze, Canvas *canvas)
{
    const TensorFacts *focus = gaze_tensor(gaze, scene->left);
    Gaze same = *gaze;

    text_copy(same.tensor, sizeof same.tensor, focus == NULL ? "" : focus->name);
    for (int right = 0; right < 2; right++) {
        Canvas *half = half_of(canvas, right);

        panel->draw(right ? scene->right : scene->left, &same, half);
        canvas_free(half);
    }
    widget_divider(canvas, (canvas_cols(canvas) - DIVIDER) / 2);
}

void panel_draw(const Panel *panel, const Scene *scene, const Gaze *gaze, Canvas *canvas)
{
    if (scene->right == NULL)
        panel->draw(scene->left, gaze, canvas);
    else if (panel->draw_two != NULL)
        panel->draw_two(scene, gaze, canvas);
    else
        draw_halves(panel, scene, gaze, canvas);
}

bool panel_takes_two(const Panel *panel, int cols)
{
    return cols >= (panel->draw_two != NULL ? panel->min_cols : 2 * panel->min_cols + DIVIDER);
}

bool gaze_takes(const Gaze *gaze, const TensorFacts *tensor)
{
    static const TensorKind kinds[WATCHED_COUNT] = {
        [WATCHED_WEIGHT_GRADS] = TENSOR_WEIGHT_GRAD,
        [WATCHED_ACTIVATION_GRADS] = TENSOR_ACTIVATION_GRAD,
        [WATCHED_ACTIVATIONS] = TENSOR_ACTIVATION,
        [WATCHED_WEIGHTS] = TENSOR_WEIGHT,
        [WATCHED_UPDATES] = TENSOR_UPDATE,
    };

    return gaze->watched == WATCHED_ALL || kinds[gaze->watched] == tensor->kind ||
           (gaze->watched == WATCHED_ACTIVATIONS && tensor->kind == TENSOR_INPUT);
}

/* Of the watched sort the one that lost the largest share of its mass; where none lost any, the
 * first that is counted, or the first at all. */
static const TensorFacts *worst_watched(const Gaze *gaze, const Snapshot *snapshot)
{
    const TensorFacts *worst = NULL;

    for (int i = 0; i < snapshot->tensor_count; i++) {
        const TensorFacts *tensor = &snapshot->tensors[i];

        if (!gaze_takes(gaze, tensor))
            continue;
        if (worst == NULL || (!worst->probed && tensor->probed) ||
            facts_lost(tensor).value > facts_lost(worst).value)
            worst = tensor;
    }
    return worst;
}

const TensorFacts *gaze_tensor(const Gaze *gaze, const Snapshot *snapshot)
{
    const TensorFacts *chosen = NULL;

    if (gaze->tensor[0] != '\0')
        chosen = snapshot_tensor(snapshot, gaze->tensor);
    if (chosen == NULL && gaze->watched != WATCHED_ALL)
        chosen = worst_watched(gaze, snapshot);
    return chosen != NULL ? chosen : snapshot_worst(snapshot);
}

void gaze_settle(Gaze *gaze, const Snapshot *snapshot)
{
    const TensorFacts *focus = gaze_tensor(gaze, snapshot);

    if (gaze->tensor[0] == '\0' && focus != NULL && gaze_takes(gaze, focus) &&
        focus->counts.lost_mass > 0.0)
        text_copy(gaze->tensor, sizeof gaze->tensor, focus->name);
}

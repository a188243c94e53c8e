/* The histograms of all watched tensors that are counted, small, each on the axis of its format. */
#include "view/panels.h"

#include "view/facts.h"
#include "view/histogram.h"
#include "view/widgets.h"
#include "view/words.h"

#include <stdio.h>

enum { TILE_COLS = 30, TILE_ROWS = 5, GAP = 1, COLUMNS_MOST = 5, LINE = 96 };

typedef struct Grid {
    int across, down;
    int cols, rows; /* of a tile, without what is between */
    int first;      /* the tile in the top left corner, by number */
    int count;      /* of all tiles */
} Grid;

static bool has_tile(const Gaze *gaze, const TensorFacts *tensor)
{
    return tensor->probed && gaze_takes(gaze, tensor);
}

/* Tiles of tensors before this one; of all, for NULL. */
static int tiles_before(const Snapshot *snapshot, const Gaze *gaze, const TensorFacts *end)
{
    int count = 0;

    for (int i = 0; i < snapshot->tensor_count && &snapshot->tensors[i] != end; i++)
        count += has_tile(gaze, &snapshot->tensors[i]);
    return count;
}

/* As large as all of them allow; where they have no room, the page with the one in focus. */
static Grid grid_for(const Snapshot *snapshot, const Gaze *gaze, const Canvas *canvas)
{
    int room = canvas_rows(canvas) - 1, wide = canvas_cols(canvas) + GAP;
    Grid grid = {.count = tiles_before(snapshot, gaze, NULL)};

    grid.across = wide / (TILE_COLS + GAP);
    grid.across = grid.across > COLUMNS_MOST ? COLUMNS_MOST : grid.across < 1 ? 1 : grid.across;
    grid.down = (grid.count + grid.across - 1) / grid.across;
    if (grid.down * TILE_ROWS > room)
        grid.down = room / TILE_ROWS;
    grid.down = grid.down < 1 ? 1 : grid.down;
    grid.rows = room / grid.down;
    grid.cols = wide / grid.across - GAP;
    grid.first = tiles_before(snapshot, gaze, gaze_tensor(gaze, snapshot));
    if (grid.first >= grid.count)
        grid.first = 0;
    grid.first -= grid.first % (grid.across * grid.down);
    return grid;
}

/* The name, and at the right what it lost. */
static void draw_title(const TensorFacts *tensor, bool focus, Canvas *tile)
{
    char share[NUMBER_TEXT], lost[LINE];
    int cols = canvas_cols(tile), width, end;

    width = snprintf(lost, sizeof lost, " %s under", words_share(facts_underflow(tensor), share));
    end = canvas_print(tile, 0, 0, focus ? STYLE_BOLD : STYLE_PLAIN, "%s%s", focus ? ">" : "",
                       tensor->name);
    if (tensor->counts.classes[CAST_UNDERFLOW] > 0 && end + width <= cols)
        canvas_print(tile, 0, cols - width, STYLE_UNDERFLOW, "%s", lost);
}

static void draw_tile(const Scene *scene, const Gaze *gaze, const TensorFacts *tensor, Canvas *tile)
{
    int rows = canvas_rows(tile);
    Histogram histogram = histogram_of(scene, false, gaze, tensor, canvas_cols(tile));
    char starved[LINE];
    Canvas *plot = canvas_window(tile, 1, 0, rows - 2, canvas_cols(tile));

    draw_title(tensor, tensor == gaze_tensor(gaze, scene->left), tile);
    snprintf(starved, sizeof starved, "starved: all lost at %s", tensor->starved_by);
    if (tensor->starved_by[0] != '\0')
        (void)widget_wrapped(plot, 0, canvas_cols(plot), STYLE_BAD, starved);
    else
        histogram_bars(&histogram, plot);
    histogram_zones(&histogram, rows - 1, 0, tile);
    canvas_free(plot);
}

static void draw_tiles(const Snapshot *snapshot, const Gaze *gaze, const Grid *grid, Canvas *canvas)
{
    Scene scene = {.left = snapshot, .differ = -1};
    int number = 0;

    for (int i = 0; i < snapshot->tensor_count; i++) {
        const TensorFacts *tensor = &snapshot->tensors[i];
        int at;
        Canvas *tile;

        if (!has_tile(gaze, tensor))
            continue;
        at = number++ - grid->first;
        if (at < 0 || at >= grid->across * grid->down)
            continue;
        tile = canvas_window(canvas, 1 + at / grid->across * grid->rows,
                             at % grid->across * (grid->cols + GAP), grid->rows, grid->cols);
        draw_tile(&scene, gaze, tensor, tile);
        canvas_free(tile);
    }
}

static void tiles_draw(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas)
{
    Grid grid = grid_for(snapshot, gaze, canvas);
    int shown = grid.across * grid.down;
    char left[LINE] = "";

    if (grid.count == 0) {
        widget_heading(canvas, tiles_panel.title, "", "");
        widget_uncounted(snapshot, NULL, canvas);
        return;
    }
    if (shown < grid.count)
        snprintf(left, sizeof left, "%d-%d of %d", grid.first + 1,
                 grid.first + shown > grid.count ? grid.count : grid.first + shown, grid.count);
    widget_heading(canvas, tiles_panel.title, left, "");
    draw_tiles(snapshot, gaze, &grid, canvas);
}

const Panel tiles_panel = {
    .name = "tiles",
    .title = "all tensors",
    .summary = "small histograms of all counted tensors, each on the axis of its format",
    .rows = 24,
    .min_cols = 30,
    .draw = tiles_draw,
};

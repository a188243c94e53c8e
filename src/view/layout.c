#include "view/layout.h"

#include "view/items.h"
#include "view/panels.h"
#include "view/words.h"

#include <inttypes.h>
#include <math.h>

/* A panel that wants a place in a column of panels. */
typedef struct Wish {
    const Panel *panel;
    int least, good, most; /* rows, with the heading */
    int rank;              /* 0 gets its place first */
} Wish;

typedef struct Box {
    int row, col, rows, cols;
} Box;

enum { WISHES = 6, FRAME = 2 };
enum { TWO_COLUMNS = 110, TWO_ROWS = 20, SIDE = 41, WIDE_SIDE = 72, ANY = 1 << 20 };

static const Wish one_column[] = {
    {&gradients_panel, 7, 11, 20, 0}, {&tensors_panel, 6, 9, 24, 4}, {&scale_panel, 5, 6, 9, 1},
    {&loss_panel, 4, 6, 12, 2},       {&run_panel, 10, 15, 16, 5},   {&log_panel, 3, 5, ANY, 3},
};
static const Wish main_column[] = {
    {&gradients_panel, 9, 12, ANY, 0},
    {&scale_panel, 5, 7, 11, 1},
    {&loss_panel, 4, 7, 14, 2},
};
static const Wish side_column[] = {
    {&tensors_panel, 6, 12, ANY, 0},
    {&run_panel, 10, 18, 20, 1},
};
static const Wish wide_side_column[] = {
    {&tensors_panel, 6, 12, 26, 0},
    {&run_panel, 10, 15, 16, 1},
    {&log_panel, 3, 8, ANY, 2},
};
static const Wish foot[] = {{&log_panel, 3, 3, ANY, 0}};

#define COUNT(list) (int)(sizeof(list) / sizeof(list)[0])

/* The wish of a rank; ranks are 0 ... count - 1. */
static int with_rank(const Wish *wishes, int count, int rank)
{
    int i = 0;

    while (i + 1 < count && wishes[i].rank != rank)
        i++;
    return i;
}

/* In the order of rank, each panel that fits gets its least. Returns the rows left over. */
static int deal_least(const Wish *wishes, int count, const Box *box, int rows[WISHES])
{
    int left = box->rows;

    for (int rank = 0; rank < count; rank++) {
        int i = with_rank(wishes, count, rank);

        if (wishes[i].least <= left && wishes[i].panel->min_cols <= box->cols) {
            rows[i] = wishes[i].least;
            left -= rows[i];
        }
    }
    return left;
}

/* Then, in the same order, what does it good. */
static int deal_good(const Wish *wishes, int count, int left, int rows[WISHES])
{
    for (int rank = 0; rank < count; rank++) {
        int i = with_rank(wishes, count, rank), more = wishes[i].good - wishes[i].least;

        if (rows[i] > 0) {
            more = more < left ? more : left;
            rows[i] += more;
            left -= more;
        }
    }
    return left;
}

/* Then one row each in turn, up to its most; what nobody wants stays blank. */
static void deal_rest(const Wish *wishes, int count, int left, int rows[WISHES])
{
    int full = 0;

    for (int i = 0; left > 0 && full < count; i = (i + 1) % count) {
        if (rows[i] == 0 || rows[i] >= wishes[i].most) {
            full++;
            continue;
        }
        full = 0;
        rows[i]++;
        left--;
    }
}

static void stack(const Wish *wishes, int count, Box box, Layout *layout)
{
    int rows[WISHES] = {0}, left;

    left = deal_least(wishes, count, &box, rows);
    left = deal_good(wishes, count, left, rows);
    deal_rest(wishes, count, left, rows);
    for (int i = 0; i < count; i++) {
        if (rows[i] == 0 || layout->count >= LAYOUT_PLACES)
            continue;
        layout->places[layout->count++] =
            (Place){wishes[i].panel, box.row, box.col, rows[i], box.cols};
        box.row += rows[i];
    }
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static void two_columns(int rows, int cols, Layout *layout)
{
    int side = clamp(cols / 2 - 1, SIDE, cols - TWO_COLUMNS + SIDE - 9);
    bool wide = side >= WIDE_SIDE;
    int log_rows = wide ? 0 : clamp(rows / 6, 3, 8);
    Box left = {1, 0, rows - FRAME - log_rows, cols - side - 1};
    Box right = {1, cols - side, left.rows, side};
    Box below = {1 + left.rows, 0, log_rows, cols};

    stack(main_column, COUNT(main_column), left, layout);
    if (wide) {
        stack(wide_side_column, COUNT(wide_side_column), right, layout);
    } else {
        stack(side_column, COUNT(side_column), right, layout);
        stack(foot, COUNT(foot), below, layout);
    }
}

Layout layout_for(int rows, int cols)
{
    Layout layout = {0};
    Box all = {1, 0, rows - FRAME, cols};

    if (rows >= TWO_ROWS && cols >= TWO_COLUMNS)
        two_columns(rows, cols, &layout);
    else
        stack(one_column, COUNT(one_column), all, &layout);
    return layout;
}

static void add_pace(Items *items, double pace)
{
    char text[NUMBER_TEXT];

    if (pace > 0.0)
        items_add(items, 6, STYLE_PLAIN, "pace %s/s", words_real(pace, 6, text));
    else
        items_add(items, 6, STYLE_PLAIN, "pace max");
}

static void draw_status(const Snapshot *snapshot, Canvas *canvas)
{
    static const char *const modes[] = {
        [SCALER_OFF] = "off", [SCALER_STATIC] = "static", [SCALER_DYNAMIC] = "dynamic"};
    char step[NUMBER_TEXT], speed[NUMBER_TEXT], skipped[NUMBER_TEXT], scale[NUMBER_TEXT];
    const ScalerFacts *scaler = &snapshot->scaler;
    Items items = {0};

    items_add(&items, 2, STYLE_BOLD, "%s", format_name(snapshot->autocast));
    if (scaler->mode == SCALER_OFF)
        items_add(&items, 3, STYLE_BOLD, "scale off");
    else
        items_add(&items, 3, STYLE_BOLD, "scale %s %s", words_scale(scaler->scale, scale),
                  modes[scaler->mode]);
    items_add(&items, 1, STYLE_BOLD, "step %s", words_count(snapshot->step, step));
    if (!snapshot->steps_per_second.none)
        items_add(&items, 5, STYLE_PLAIN, "%s/s",
                  words_count((int64_t)llround(snapshot->steps_per_second.value), speed));
    items_add(&items, 4, snapshot->skipped > 0 ? STYLE_WARN : STYLE_PLAIN, "skipped %s",
              words_count(snapshot->skipped, skipped));
    items_add(&items, 0, snapshot->training ? STYLE_GOOD : STYLE_WARN, "%s",
              snapshot->training ? "RUN" : "PAUSE");
    add_pace(&items, snapshot->pace);
    items_add(&items, 7, STYLE_PLAIN, "seed %" PRIu64, snapshot->seed);
    items_row(&items, canvas, 0);
}

static void draw_keys(const Snapshot *snapshot, const Gaze *gaze, Canvas *canvas)
{
    Items items = {0};

    items_add(&items, 1, STYLE_DIM, "space %s", snapshot->training ? "pause" : "run");
    items_add(&items, 2, STYLE_DIM, "s step");
    items_add(&items, 4, STYLE_DIM, "+ - pace");
    items_add(&items, 3, STYLE_DIM, "n/p/w tensor");
    items_add(&items, 5, STYLE_DIM, "t %s values", gaze->true_values ? "stored" : "true");
    items_add(&items, 0, STYLE_DIM, "q prompt");
    items_row(&items, canvas, canvas_rows(canvas) - 1);
}

static void draw_place(const Place *place, const Snapshot *snapshot, const Gaze *gaze,
                       Canvas *canvas)
{
    Canvas *window = canvas_window(canvas, place->row, place->col, place->rows, place->cols);

    place->panel->draw(snapshot, gaze, window);
    canvas_free(window);
}

void layout_draw(const Snapshot *snapshot, const Gaze *gaze, const char *message, Canvas *canvas)
{
    Layout layout = layout_for(canvas_rows(canvas), canvas_cols(canvas));

    draw_status(snapshot, canvas);
    for (int i = 0; i < layout.count; i++)
        draw_place(&layout.places[i], snapshot, gaze, canvas);
    if (canvas_rows(canvas) < FRAME)
        return;
    if (message != NULL)
        canvas_print(canvas, canvas_rows(canvas) - 1, 0, STYLE_BOLD, "%s", message);
    else
        draw_keys(snapshot, gaze, canvas);
}

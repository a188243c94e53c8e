#include "view/layout.h"

#include "view/panels.h"
#include "view/status.h"

const char *const layout_names[LAYOUT_KINDS + 1] = {
    [LAYOUT_AUTO] = "auto", [LAYOUT_TENSORS] = "tensors", [LAYOUT_TRAINING] = "training"};

/* A panel that wants a place in a column of panels. */
typedef struct Wish {
    const Panel *panel;
    int least, good, most; /* rows, with the heading */
    int rank;              /* 0 gets its place first */
} Wish;

enum { WISHES = 7, ANY = 1 << 20 };

/* Ends in an entry without a panel. */
typedef Wish Wishes[WISHES + 1];

typedef struct Box {
    int row, col, rows, cols;
} Box;

enum { TWO_COLUMNS = 110, TWO_ROWS = 20, SIDE = 41, MAIN = 64 };
enum { LARGE_COLS = 170, LARGE_ROWS = 40, FOOT_ROWS = 12 };
enum { NAMES_ROWS = 10, NAMES_COLS = 40 };

static const Wishes one_column[LAYOUT_KINDS] = {
    [LAYOUT_AUTO] = {{&gradients_panel, 7, 9, 20, 0},
                     {&heat_panel, 8, 10, 20, 6},
                     {&tensors_panel, 6, 9, 24, 4},
                     {&scale_panel, 4, 4, 9, 1},
                     {&loss_panel, 3, 4, 12, 3},
                     {&run_panel, 10, 15, 16, 5},
                     {&log_panel, 3, 4, ANY, 2}},
    [LAYOUT_TENSORS] = {{&tensors_panel, 6, 13, 24, 0},
                        {&gradients_panel, 7, 11, 20, 1},
                        {&tiles_panel, 6, 12, ANY, 3},
                        {&log_panel, 3, 5, ANY, 2}},
    [LAYOUT_TRAINING] = {{&loss_panel, 5, 9, ANY, 0},
                         {&scale_panel, 5, 7, 12, 1},
                         {&run_panel, 10, 15, 16, 3},
                         {&log_panel, 4, 6, ANY, 2}},
};
static const Wishes main_column[LAYOUT_KINDS] = {
    [LAYOUT_AUTO] = {{&gradients_panel, 9, 12, ANY, 0},
                     {&heat_panel, 8, 10, 20, 3},
                     {&scale_panel, 5, 7, 11, 1},
                     {&loss_panel, 4, 7, 14, 2}},
    [LAYOUT_TENSORS] = {{&tensors_panel, 6, 16, 40, 0}, {&tiles_panel, 6, 12, ANY, 1}},
    [LAYOUT_TRAINING] = {{&loss_panel, 6, 14, ANY, 0}, {&scale_panel, 5, 10, 14, 1}},
};
static const Wishes side_column[LAYOUT_KINDS] = {
    [LAYOUT_AUTO] = {{&tensors_panel, 6, 12, ANY, 0}, {&run_panel, 10, 18, 20, 1}},
    [LAYOUT_TENSORS] = {{&gradients_panel, 9, 14, ANY, 0}, {&run_panel, 10, 18, 20, 1}},
    [LAYOUT_TRAINING] = {{&run_panel, 10, 18, 20, 0}, {&tensors_panel, 6, 12, ANY, 1}},
};
static const Wishes large_main = {{&gradients_panel, 10, 20, ANY, 0}, {&heat_panel, 8, 14, 33, 1}};
static const Wishes large_side = {{&tiles_panel, 6, 20, ANY, 0}, {&tensors_panel, 6, 12, 30, 1}};
static const Wishes two_runs[LAYOUT_KINDS] = {
    [LAYOUT_AUTO] = {{&gradients_panel, 7, 8, ANY, 0},
                     {&heat_panel, 16, 16, 20, 5},
                     {&tensors_panel, 6, 9, 24, 4},
                     {&scale_panel, 4, 4, 9, 1},
                     {&loss_panel, 3, 5, 12, 3},
                     {&log_panel, 3, 7, ANY, 2}},
    [LAYOUT_TENSORS] = {{&tensors_panel, 6, 13, 24, 0},
                        {&gradients_panel, 7, 11, ANY, 1},
                        {&log_panel, 3, 5, ANY, 2}},
    [LAYOUT_TRAINING] = {{&loss_panel, 5, 9, ANY, 0},
                         {&scale_panel, 5, 7, 12, 1},
                         {&log_panel, 4, 6, ANY, 2}},
};
static const Wishes two_runs_large = {
    {&gradients_panel, 10, 16, ANY, 0},
    {&heat_panel, 8, 10, 20, 2},
    {&tensors_panel, 6, 12, 24, 1},
};
static const Panel *const foot[] = {&scale_panel, &loss_panel, &log_panel};
enum { FOOT = sizeof foot / sizeof foot[0] };

/* The wish of a rank; ranks are 0 ... count - 1. */
static int with_rank(const Wish *wishes, int count, int rank)
{
    int i = 0;

    while (i + 1 < count && wishes[i].rank != rank)
        i++;
    return i;
}

static bool fits(const Panel *panel, int cols, bool two)
{
    return two ? panel_takes_two(panel, cols) : panel->min_cols <= cols;
}

/* In the order of rank, each panel that fits gets its least. Returns the rows left over. */
static int deal_least(const Wish *wishes, int count, const Box *box, bool two, int rows[WISHES])
{
    int left = box->rows;

    for (int rank = 0; rank < count; rank++) {
        int i = with_rank(wishes, count, rank);

        if (wishes[i].least <= left && fits(wishes[i].panel, box->cols, two)) {
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

static void stack(const Wish *wishes, Box box, bool two, Layout *layout)
{
    int rows[WISHES] = {0}, count = 0, left;

    while (wishes[count].panel != NULL)
        count++;
    left = deal_least(wishes, count, &box, two, rows);
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

/* Columns of panels over a log as wide as both. */
static void two_columns(LayoutKind kind, Box box, Layout *layout)
{
    int side = clamp(box.cols / 2 - 1, SIDE, box.cols - MAIN - 1);
    int log_rows = clamp(box.rows / 6, 3, 8);
    Box left = {box.row, 0, box.rows - log_rows, box.cols - side - 1};
    Box right = {box.row, box.cols - side, left.rows, side};

    stack(main_column[kind], left, false, layout);
    stack(side_column[kind], right, false, layout);
    layout->places[layout->count++] =
        (Place){&log_panel, box.row + left.rows, 0, log_rows, box.cols};
}

/* Three columns below all else. */
static void place_foot(Box box, Layout *layout)
{
    int col = 0;

    for (int i = 0; i < FOOT; i++) {
        int end = (box.cols + 1) * (i + 1) / FOOT;

        layout->places[layout->count++] = (Place){foot[i], box.row, col, box.rows, end - 1 - col};
        col = end;
    }
}

static void large(bool two, Box box, Layout *layout)
{
    Box below = {box.row + box.rows - FOOT_ROWS, 0, FOOT_ROWS, box.cols};
    Box left = {box.row, 0, box.rows - FOOT_ROWS, box.cols / 2};
    Box right = {box.row, left.cols + 1, left.rows, box.cols - left.cols - 1};

    if (two) {
        left.cols = box.cols;
        stack(two_runs_large, left, true, layout);
    } else {
        stack(large_main, left, false, layout);
        stack(large_side, right, false, layout);
    }
    place_foot(below, layout);
}

static bool is_large(LayoutKind kind, Box box)
{
    return kind == LAYOUT_AUTO && box.rows >= LARGE_ROWS && box.cols >= LARGE_COLS;
}

Layout layout_for(const Screenful *screenful, const Gaze *gaze)
{
    bool two = screenful->two;
    int rows = screenful->rows - screenful->prompt_rows, cols = screenful->cols;
    LayoutKind kind = (LayoutKind)gaze->layout;
    Layout layout = {0};
    Box box;

    if (rows < 1)
        return layout;
    layout.status_rows = two && rows >= NAMES_ROWS && cols >= NAMES_COLS ? 2 : 1;
    box = (Box){layout.status_rows, 0, rows - layout.status_rows, cols};
    if (gaze->zoom != NULL)
        stack((Wishes){{gaze->zoom, 2, 2, ANY, 0}}, box, two, &layout);
    else if (is_large(kind, box))
        large(two, box, &layout);
    else if (two)
        stack(two_runs[kind], box, true, &layout);
    else if (box.rows + 2 >= TWO_ROWS && cols >= TWO_COLUMNS)
        two_columns(kind, box, &layout);
    else
        stack(one_column[kind], box, false, &layout);
    return layout;
}

static void draw_message(const char *message, int row, Canvas *canvas)
{
    Canvas *window = canvas_window(canvas, row, 0, 1, canvas_cols(canvas));

    canvas_clear(window); /* on a single row the status was there */
    canvas_print(window, 0, 0, STYLE_BOLD, "%s", message);
    canvas_free(window);
}

void layout_draw(const Scene *scene, const Gaze *gaze, const char *message, int prompt_rows,
                 Canvas *canvas)
{
    int ours = canvas_rows(canvas) - prompt_rows;
    int message_rows = message != NULL && ours > 1;
    Screenful screenful = {canvas_rows(canvas), canvas_cols(canvas), prompt_rows + message_rows,
                           scene->right != NULL};
    Layout layout = layout_for(&screenful, gaze);
    Canvas *status = canvas_window(canvas, 0, 0, layout.status_rows, screenful.cols);

    status_draw(scene, status);
    canvas_free(status);
    for (int i = 0; i < layout.count; i++) {
        const Place *place = &layout.places[i];
        Canvas *window = canvas_window(canvas, place->row, place->col, place->rows, place->cols);

        panel_draw(place->panel, scene, gaze, window);
        canvas_free(window);
    }
    if (message != NULL && ours > 0)
        draw_message(message, ours - 1, canvas);
}

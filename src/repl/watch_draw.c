/* What the open view shows. */
#include "repl/scene.h"
#include "repl/state.h"
#include "repl/teacher_panel.h"
#include "repl/watch_state.h"

#include "view/layout.h"
#include "view/prompt.h"

#include <math.h>
#include <time.h>

enum { ROOMY_ROWS = 20, SPARE_ROWS = 2 };

double watch_now(void)
{
    struct timespec moment;

    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (double)moment.tv_sec + (double)moment.tv_nsec * 1e-9;
}

static const char *keys(const Watch *watch, int cols)
{
    bool runs = watch->taken[0].training;

    if (cols < 40)
        return runs ? "space pause  ^D prompt" : "space run  ^D prompt";
    if (cols < 79)
        return runs ? "space pause  + - pace  ^D prompt" : "space run  + - pace  ^D prompt";
    return runs ? "space pause  + - pace  < > tensor  PgUp answers  ^D prompt"
                : "space run  F6 step  + - pace  < > tensor  PgUp answers  ^D prompt";
}

void watch_fit(Watch *watch)
{
    Glyphs glyphs = view_glyphs(watch->view, screen_glyphs(watch->screen));
    int rows, cols;

    screen_theme(watch->screen, watch->view->theme);
    screen_size(watch->screen, &rows, &cols);
    if (watch->canvas != NULL && canvas_rows(watch->canvas) == rows &&
        canvas_cols(watch->canvas) == cols && canvas_glyphs(watch->canvas) == glyphs)
        return;
    canvas_free(watch->canvas);
    watch->canvas = canvas_new(rows, cols, glyphs);
    line_inside_size(rows, cols);
    watch->drawn = -1;
}

/* Rows for answers: a few are spared at a usual size, so that short ones do not move the picture. */
static int answer_rows(const Watch *watch)
{
    int rows = canvas_rows(watch->canvas), cols = canvas_cols(watch->canvas);
    int spared = rows >= ROOMY_ROWS ? SPARE_ROWS : 0;
    int wanted = answers_rows(watch->answers, cols, rows < 3 ? 0 : rows < 9 ? rows - 2 : rows / 2);

    return wanted > spared ? wanted : spared;
}

/* The lesson takes its place, and the picture the rest. */
static Canvas *draw_lesson(Watch *watch, int rows)
{
    int cols = canvas_cols(watch->canvas);
    LessonPlace place = {0, 0, false};
    Canvas *lesson;

    watch->taken[0].past = &watch->repl->past;
    if (teacher_on(watch->repl))
        place = lesson_place(watch->repl->teacher, rows, cols);
    if (place.rows == 0)
        return canvas_window(watch->canvas, 0, 0, rows, cols);
    lesson = canvas_window(watch->canvas, 0, place.beside ? cols - place.cols : 0, place.rows,
                           place.cols);
    lesson_draw(watch->repl->teacher, lesson);
    canvas_free(lesson);
    if (place.beside)
        return canvas_window(watch->canvas, 0, 0, rows, cols - place.cols - 1);
    return canvas_window(watch->canvas, place.rows, 0, rows - place.rows, cols);
}

static void draw_picture(Watch *watch, int rows)
{
    Canvas *picture;

    gaze_settle(&watch->view->gaze, watch->scene.left);
    canvas_clear(watch->canvas);
    watch->picture_rows = rows;
    if (rows < 1)
        return;
    picture = draw_lesson(watch, rows);
    layout_draw(&watch->scene, &watch->view->gaze,
                watch->message != NULL ? watch->message : keys(watch, canvas_cols(picture)), 0,
                picture);
    canvas_free(picture);
}

static void clear_rows(Canvas *canvas, int row)
{
    for (; row < canvas_rows(canvas); row++)
        for (int col = 0; col < canvas_cols(canvas); col++)
            canvas_put(canvas, row, col, STYLE_PLAIN, ' ');
}

/* Answers and prompt; returns the cursor's column. */
static int draw_foot(Watch *watch)
{
    int rows = canvas_rows(watch->canvas), cols = canvas_cols(watch->canvas);
    int answered = rows - 1 - watch->picture_rows;
    LineLook look = line_inside_look();

    clear_rows(watch->canvas, watch->picture_rows);
    if (answered > 0) {
        Canvas *window = canvas_window(watch->canvas, watch->picture_rows, 0, answered, cols);

        answers_draw(watch->answers, window);
        canvas_free(window);
    }
    return prompt_draw(watch->canvas, rows - 1, look.prompt, look.text, look.cursor);
}

static bool picture_due(Watch *watch, int rows)
{
    double moment = watch_now();

    if (watch->drawn >= 0 && rows == watch->picture_rows && moment < watch->due)
        return false;
    if (!watch->view->frozen || watch->scene.left == NULL)
        scene_take(watch->repl, watch->taken, &watch->scene);
    /* Late ones do not slow the rest. */
    watch->due = fmax(watch->due + 1.0 / view_fps(watch->view, watch->remote), moment);
    return watch->drawn < 0 || rows != watch->picture_rows ||
           watch->taken[0].sequence != watch->drawn;
}

void watch_look(Watch *watch)
{
    bool picture;
    int rows, cursor;

    if (screen_behind(watch->screen))
        return;
    watch_fit(watch);
    watch->dirty |= answers_take(watch->answers);
    rows = canvas_rows(watch->canvas) - 1 - answer_rows(watch);
    picture = picture_due(watch, rows);
    if (picture)
        draw_picture(watch, rows);
    if (picture)
        watch->drawn = watch->taken[0].sequence;
    if (!picture && !watch->dirty)
        return;
    cursor = draw_foot(watch);
    watch->dirty = false;
    screen_show(watch->screen, watch->canvas, canvas_rows(watch->canvas) - 1, cursor);
}

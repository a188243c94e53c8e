/* shot FILE [PANEL]: the whole view, or one panel, as a picture in a file. */
#include "repl/commands.h"

#include "base/file.h"
#include "repl/args.h"
#include "repl/scene.h"
#include "repl/state.h"
#include "repl/watch.h"
#include "view/layout.h"
#include "view/svg.h"

#include <string.h>

enum { ROWS = 24, COLS = 80, MOST = 300 };

static const ArgSpec shot_args[] = {
    {.name = "file",
     .kind = ARG_WORD,
     .names = NAMES_FILES,
     .shown = "FILE",
     .text = "FILE.txt: letters alone; .ansi: for a terminal; .svg: for slides"},
    {.name = "panel",
     .kind = ARG_NAME,
     .optional = true,
     .names = NAMES_PANELS,
     .shown = "PANEL",
     .text = "one panel; alone: the whole view"},
    {.name = "cols",
     .kind = ARG_COUNT,
     .key = true,
     .least = 1,
     .most = MOST,
     .text = "columns; those of the open view, or 80"},
    {.name = "rows",
     .kind = ARG_COUNT,
     .key = true,
     .least = 1,
     .most = MOST,
     .text = "rows; those of the open view, or 24; a panel has its own"},
    {.kind = ARG_END},
};

static const char *const shot_examples[] = {
    "train 20; shot view.svg cols=120 rows=40",
    "train 20; shot scale.txt scale",
    NULL,
};

typedef enum Form { FORM_TEXT, FORM_ANSI, FORM_SVG, FORM_NONE } Form;

static Form form_of(const char *path)
{
    static const char *const endings[] = {
        [FORM_TEXT] = ".txt", [FORM_ANSI] = ".ansi", [FORM_SVG] = ".svg"};
    const char *dot = strrchr(path, '.');

    for (Form form = FORM_TEXT; dot != NULL && form < FORM_NONE; form++) {
        if (strcmp(dot, endings[form]) == 0)
            return form;
    }
    return FORM_NONE;
}

static void append_canvas(const Canvas *canvas, Form form, Theme theme, Text *text)
{
    if (form == FORM_SVG)
        canvas_svg(canvas, theme, text);
    else
        canvas_text(canvas, form == FORM_ANSI ? &theme : NULL, text);
}

/* The same picture whatever the terminal is, since a file goes elsewhere; but what stands before one's eyes
 * is what is meant. */
static Canvas *draw(Repl *repl, Args *args, const Panel *panel)
{
    ViewSettings *view = repl_view(repl);
    int rows = repl->watch == NULL ? ROWS : watch_rows(repl->watch);
    int cols = repl->watch == NULL ? COLS : watch_columns(repl->watch);
    Snapshot taken[2] = {{0}};
    Canvas *canvas;
    Scene scene;

    rows = (int)args_count(args, "rows", panel == NULL ? rows : panel->rows);
    canvas = canvas_new(rows, (int)args_count(args, "cols", cols), view_glyphs(view, GLYPHS_UTF8));
    scene_take(repl, taken, &scene);
    if (panel == NULL)
        layout_draw(&scene, &view->gaze, NULL, 0, canvas);
    else
        panel_draw(panel, &scene, &view->gaze, canvas);
    snapshot_release(&taken[0]);
    snapshot_release(&taken[1]);
    return canvas;
}

static Status shot_run(Repl *repl, Args *args)
{
    const char *path = args_text(args, "file");
    const Panel *panel = args_has(args, "panel") ? panel_find(args_text(args, "panel")) : NULL;
    Form form = form_of(path);
    Canvas *canvas;
    Text text = {0};
    Status status;

    args_blame(args, "file");
    if (form == FORM_NONE)
        return fail(STATUS_USAGE, "'%.80s' ends in none of .txt, .ansi and .svg; try shot %s.svg",
                    path, panel == NULL ? "view" : panel->name);
    canvas = draw(repl, args, panel);
    append_canvas(canvas, form, repl_view(repl)->theme, &text);
    status = file_write(path, text_chars(&text), text.length);
    if (!failed(status))
        repl_note(repl, "%s has the %s, %d columns by %d rows", path,
                  panel == NULL ? "view" : panel->name, canvas_cols(canvas), canvas_rows(canvas));
    text_release(&text);
    canvas_free(canvas);
    return status;
}

const Command shot_command = {
    .name = "shot",
    .summary = "write the view or a panel as a picture",
    .task = TASK_LOOK,
    .needs = ACTS_ON_ALL,
    .args = shot_args,
    .examples = shot_examples,
    .more =
        "What `view` chose holds for the picture too: palette, contrast, glyphs, zoom, layout and "
        "what is watched. An .svg needs no font of its own; .ansi has the 256 colours of a "
        "terminal, and cat or less -R show it.",
    .run = shot_run,
};

#include "repl/show_panel.h"

#include "base/text.h"
#include "view/screen.h"

enum { WIDEST = 120 };

void show_panel(Repl *repl, const Panel *panel, const Snapshot *snapshot, const Gaze *gaze)
{
    int columns = repl_columns(repl) < WIDEST ? repl_columns(repl) : WIDEST;
    Canvas *canvas = canvas_new(panel->rows, columns < panel->min_cols ? panel->min_cols : columns,
                                view_glyphs(repl_view(repl), screen_locale_glyphs()));
    Text text = {0};

    panel->draw(snapshot, gaze, canvas);
    canvas_text(canvas, repl_colour(repl) ? &repl_view(repl)->theme : NULL, &text);
    repl_print(repl, "%s", text_chars(&text));
    text_release(&text);
    canvas_free(canvas);
}

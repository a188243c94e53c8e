/* What the viewer may choose: one table, which the command `view`, its completion and its help read.
 */
#ifndef VIEW_SETTINGS_H
#define VIEW_SETTINGS_H

#include "view/panel.h"
#include "view/style.h"

typedef enum GlyphChoice {
    GLYPH_AUTO, /* Braille for curves, blocks for bars; ASCII where the terminal has no UTF-8 */
    GLYPH_BLOCK,
    GLYPH_BRAILLE,
    GLYPH_ASCII,
} GlyphChoice;

/* All zeros: nothing was chosen. */
typedef struct ViewSettings {
    Gaze gaze;
    int glyphs; /* GlyphChoice */
    Theme theme;
    int frozen;            /* the picture stands still; the run goes on and is recorded */
    char beside[RUN_NAME]; /* the run beside the one in use; "": another one; "off": none */
    int fps;               /* frames a second; 0: 10 over ssh, else 30 */
} ViewSettings;

enum { VIEW_FPS_MOST = 60, VIEW_VALUE = 64 };

typedef struct ViewOption {
    const char *name, *text;   /* text: one line of help */
    const char *const *values; /* NULL-ended, the first is what holds at first */
    int *(*slot)(
        ViewSettings *settings); /* where the number of the value is; NULL: other words than
                                             those of `values` are taken too, by the next two */
    Status (*take)(ViewSettings *settings, const char *value, const Snapshot *known);
    void (*say)(const ViewSettings *settings, char text[VIEW_VALUE]); /* "": the first value */
} ViewOption;

extern const ViewOption view_options[]; /* ends in a row without a name */

const ViewOption *view_option(const char *name); /* NULL: there is none */

/* Off or on, and nothing else. */
bool view_is_switch(const ViewOption *option);

/* Sets what was typed. `known`: its tensors may be named. Fails: STATUS_USAGE. */
Status view_set(ViewSettings *settings, const ViewOption *option, const char *value,
                const Snapshot *known) MUST_CHECK;

/* As it would be typed. Returns `text`. */
const char *view_value(const ViewSettings *settings, const ViewOption *option,
                       char text[VIEW_VALUE]);

/* What is drawn with, on a terminal that takes at most `most`. */
Glyphs view_glyphs(const ViewSettings *settings, Glyphs most);

/* Frames a second; `remote`: the terminal is at the other end of a network. */
int view_fps(const ViewSettings *settings, bool remote);

#endif

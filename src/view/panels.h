/* Every panel, in the order of `help show`. To add one: a file in panels/, a word here, a test. */
#ifndef VIEW_PANELS_H
#define VIEW_PANELS_H

#include "view/panel.h"

#define PANELS(X) \
    X(gradients) \
    X(heat) \
    X(tiles) \
    X(tensors) \
    X(scale) \
    X(loss) \
    X(log) \
    X(memory) \
    X(sweep) \
    X(run)

#define DECLARE_PANEL(name) extern const Panel name##_panel;
PANELS(DECLARE_PANEL)
#undef DECLARE_PANEL

#define NUMBER_PANEL(name) PANEL_##name,
enum { PANELS(NUMBER_PANEL) PANEL_COUNT };
#undef NUMBER_PANEL

#endif

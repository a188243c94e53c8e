/* A panel of the live view among the results of commands. */
#ifndef REPL_SHOW_PANEL_H
#define REPL_SHOW_PANEL_H

#include "repl/repl.h"
#include "view/panel.h"

/* As wide as what results are shown on, and no wider than 120 columns. */
void show_panel(Repl *repl, const Panel *panel, const Snapshot *snapshot, const Gaze *gaze);

#endif

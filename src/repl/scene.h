/* What the live view and its pictures show of a session: the run in use, and the one beside it. */
#ifndef REPL_SCENE_H
#define REPL_SCENE_H

#include "repl/repl.h"

/* Fills `taken` (zeroed, or filled before; the caller releases both), which the scene borrows. */
void scene_take(Repl *repl, Snapshot taken[2], Scene *scene);

#endif

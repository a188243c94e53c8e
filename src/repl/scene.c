#include "repl/scene.h"

void scene_take(Repl *repl, Snapshot taken[2], Scene *scene)
{
    session_snapshot(repl_session(repl), &taken[0]);
    *scene = (Scene){.left = &taken[0], .differ = -1};
}

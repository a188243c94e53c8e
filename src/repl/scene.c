#include "repl/scene.h"

#include <string.h>

/* The run that `view beside` names, or else the first that is not in use; -1: none. */
static int beside(Repl *repl)
{
    const char *name = repl_view(repl)->beside;
    Session *session = repl_session(repl);
    int current = session_run_current(session), first = -1;

    if (strcmp(name, "off") == 0)
        return -1;
    for (int i = session_run_count(session) - 1; i >= 0; i--) {
        if (i != current && strcmp(session_run_name(session, i), name) == 0)
            return i;
        first = i != current ? i : first;
    }
    return first;
}

/* In the order in which the runs were made: use NAME does not swap the sides. */
void scene_take(Repl *repl, Snapshot taken[2], Scene *scene)
{
    Session *session = repl_session(repl);
    int left = session_run_current(session), right = beside(repl);

    if (right >= 0 && right < left) {
        left = right;
        right = session_run_current(session);
    }
    session_snapshot_run(session, left, &taken[0]);
    *scene = (Scene){.left = &taken[0], .differ = -1};
    if (right < 0)
        return;
    session_snapshot_run(session, right, &taken[1]);
    scene->right = &taken[1];
    scene->differ = session_first_difference(session, left, right);
}

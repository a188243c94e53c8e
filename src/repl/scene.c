#include "repl/scene.h"

#include <string.h>

/* The run that `view beside` names; auto: the first that is not in use; -1: none. */
static int beside(Repl *repl)
{
    const char *name = repl_view(repl)->beside;
    Session *session = repl_session(repl);
    int current = session_run_current(session);

    if (strcmp(name, "off") == 0)
        return -1;
    for (int i = 0; i < session_run_count(session); i++) {
        if (i != current && (name[0] == '\0' || strcmp(session_run_name(session, i), name) == 0))
            return i;
    }
    return -1;
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

#include "view/panel.h"

#include "view/panels.h"

#include <string.h>

#define ADDRESS(name) &name##_panel,
const Panel *const panel_table[] = {PANELS(ADDRESS) NULL};
#undef ADDRESS

const Panel *panel_find(const char *name)
{
    for (const Panel *const *panel = panel_table; *panel != NULL; panel++) {
        if (strcmp((*panel)->name, name) == 0)
            return *panel;
    }
    return NULL;
}

const TensorFacts *gaze_tensor(const Gaze *gaze, const Snapshot *snapshot)
{
    const TensorFacts *chosen = NULL;

    if (gaze->tensor[0] != '\0')
        chosen = snapshot_tensor(snapshot, gaze->tensor);
    return chosen != NULL ? chosen : snapshot_worst(snapshot);
}

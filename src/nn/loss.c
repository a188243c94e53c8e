#include "nn/loss_kind.h"

#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const LossKind *const loss_table[] = {
#define LOSS_ENTRY(name) &name##_loss,
    LOSSES(LOSS_ENTRY)
#undef LOSS_ENTRY
        NULL,
};

const LossKind *loss_find(const char *name)
{
    for (int i = 0; loss_table[i] != NULL; i++)
        if (strcmp(loss_table[i]->name, name) == 0)
            return loss_table[i];
    return NULL;
}

Status loss_check(const LossSpec *spec)
{
    if (loss_find(spec->kind) == NULL)
        return fail(STATUS_USAGE, "there is no loss '%s'; there are cross-entropy and mse",
                    spec->kind);
    if (!(spec->weight > 0.0f && isfinite(spec->weight)))
        return fail(STATUS_USAGE, "the loss weight must be above 0 and finite; try weight=1e-4");
    return ok();
}

const char *loss_print(const LossSpec *spec, char *text, int room)
{
    char weight[NUMBER_TEXT];

    if (spec->weight == 1.0f)
        snprintf(text, (size_t)room, "%s", spec->kind);
    else
        snprintf(text, (size_t)room, "%s weight=%s", spec->kind,
                 float_shortest(spec->weight, weight));
    return text;
}

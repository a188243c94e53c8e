#include "data/kinds.h"

#include <string.h>

#define DATA_KIND_ENTRY(word) &word##_kind,
const DataKind *const data_kinds[] = {DATA_KINDS(DATA_KIND_ENTRY) NULL};
#undef DATA_KIND_ENTRY

const DataKind *data_kind_find(const char *name)
{
    for (int i = 0; data_kinds[i] != NULL; i++) {
        if (strcmp(data_kinds[i]->name, name) == 0)
            return data_kinds[i];
    }
    return NULL;
}

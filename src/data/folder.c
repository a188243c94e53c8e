#include "data/build.h"

#include "base/shared.h"

Status datasets_folder(const char *name, Text *path)
{
    return shared_path("datasets", "HALFSTEP_DATASETS", name, path);
}

/* Where the data sets that come with halfstep lie: in a checkout, installed, or as told. */
#include "data/build.h"

#include "base/file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef HALFSTEP_PREFIX
#    define HALFSTEP_PREFIX "/usr/local"
#endif

static bool found(Text *path, const char *root, const char *below, const char *name)
{
    text_clear(path);
    text_printf(path, "%s%s/%s", root, below, name);
    return file_exists(path->chars);
}

/* The folder of the running program, or "" where the system does not tell. */
static void program_folder(char folder[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    char *slash;

    folder[length > 0 ? length : 0] = '\0';
    slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
}

Status datasets_folder(const char *name, Text *path)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment */
    const char *told = getenv("HALFSTEP_DATASETS");
    char program[PATH_MAX];

    if (told != NULL && told[0] != '\0') {
        if (found(path, told, "", name))
            return ok();
        return fail(STATUS_IO, "there is no %s in %.80s, where HALFSTEP_DATASETS points", name,
                    told);
    }
    program_folder(program);
    if (found(path, program, "/../datasets", name) ||
        found(path, program, "/../share/halfstep/datasets", name) ||
        found(path, HALFSTEP_PREFIX, "/share/halfstep/datasets", name))
        return ok();
    return fail(STATUS_IO,
                "%s is neither beside the program nor installed; set HALFSTEP_DATASETS to the "
                "folder `datasets` of halfstep",
                name);
}

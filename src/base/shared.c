/* Where the files that come with halfstep lie: in a checkout, installed, or as told. */
#include "base/shared.h"

#include "base/file.h"

#include <limits.h>
#include <stdio.h>
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

static bool installed(Text *path, const char *root, const char *kind, const char *name)
{
    char below[64];

    snprintf(below, sizeof below, "/share/halfstep/%.40s", kind);
    return found(path, root, below, name);
}

static bool beside(Text *path, const char *kind, const char *name)
{
    char program[PATH_MAX], below[64];

    program_folder(program);
    snprintf(below, sizeof below, "/../%.40s", kind);
    if (found(path, program, below, name))
        return true;
    snprintf(below, sizeof below, "/../share/halfstep/%.40s", kind);
    return found(path, program, below, name);
}

Status shared_path(const char *kind, const char *variable, const char *name, Text *path)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment */
    const char *told = getenv(variable);

    if (told != NULL && told[0] != '\0') {
        if (found(path, told, "", name))
            return ok();
        return fail(STATUS_IO, "there is no %s in %.80s, where %s points", name, told, variable);
    }
    if (beside(path, kind, name) || installed(path, HALFSTEP_PREFIX, kind, name))
        return ok();
    return fail(STATUS_IO,
                "%s is neither beside the program nor installed; set %s to the folder `%s` of "
                "halfstep",
                name, variable, kind);
}

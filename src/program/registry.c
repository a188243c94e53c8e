#include "program/registry.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLUGIN "halfstep-cuda.so"

enum { MOST_DEVICE = 1023 };

struct Registry {
    const BackendClass *cpu;
    const BackendClass *cuda; /* NULL until the plug-in is loaded */
    void *library;
};

typedef const BackendClass *PluginEntry(int abi);

Registry *registry_new(const BackendClass *cpu)
{
    Registry *registry = xcalloc(1, sizeof *registry);

    registry->cpu = cpu;
    return registry;
}

void registry_free(Registry *registry)
{
    if (registry == NULL)
        return;
    if (registry->library != NULL)
        dlclose(registry->library);
    free(registry);
}

static bool plugin_in(const char *folder, Text *path)
{
    text_clear(path);
    text_printf(path, "%s/" PLUGIN, folder);
    return file_exists(text_chars(path));
}

static bool plugin_beside_program(Text *path)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    char *slash;

    if (length <= 0)
        return false;
    program[length] = '\0';
    slash = strrchr(program, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return plugin_in(program, path);
}

static bool find_plugin(Text *path)
{
    const char *folder = getenv("HALFSTEP_PLUGINS"); /* NOLINT(concurrency-mt-unsafe): no setenv */

    if (folder != NULL)
        return plugin_in(folder, path);
    return plugin_beside_program(path) || plugin_in(HALFSTEP_PREFIX "/lib/halfstep", path);
}

static Status load_cuda(Registry *registry)
{
    Text path = {0};
    Status status = ok();
    PluginEntry *entry = NULL;

    if (!find_plugin(&path)) {
        status = fail(STATUS_UNSUPPORTED, "cuda: not built");
        goto done;
    }
    registry->library = dlopen(text_chars(&path), RTLD_NOW | RTLD_LOCAL);
    if (registry->library == NULL) {
        status = fail(STATUS_UNSUPPORTED, "cuda: %.150s",
                      dlerror()); /* NOLINT(concurrency-mt-unsafe): glibc's is per thread */
        goto done;
    }
    *(void **)&entry = dlsym(registry->library, "halfstep_backend");
    if (entry == NULL) {
        status =
            fail(STATUS_UNSUPPORTED, "cuda: " PLUGIN " is no plug-in of halfstep; build it again");
        goto done;
    }
    registry->cuda = entry(BACKEND_ABI);
    if (registry->cuda == NULL || registry->cuda->abi != BACKEND_ABI) {
        registry->cuda = NULL;
        status = fail(STATUS_UNSUPPORTED,
                      "cuda: " PLUGIN " was built for another halfstep (this one speaks ABI %d); "
                      "build it again",
                      BACKEND_ABI);
    }
done:
    text_release(&path);
    return status;
}

static Status open_cuda(Registry *registry, const BackendOptions *options,
                        const BackendClass **class, Backend **backend)
{
    if (registry->cuda == NULL && registry->library != NULL) {
        dlclose(registry->library);
        registry->library = NULL;
    }
    if (registry->cuda == NULL)
        TRY(load_cuda(registry));
    *class = registry->cuda;                 /* set, where load_cuda did not fail */
    return (*class)->open(options, backend); /* NOLINT(clang-analyzer-core.NullDereference) */
}

static void describe(const BackendClass *class, const Backend *backend, Text *why)
{
    char words[BACKEND_TEXT];

    class->describe(backend, words);
    text_append(why, words);
}

Status registry_name(const char *text, BackendName *name)
{
    bool any = strcmp(text, "auto") == 0;
    size_t length = strcspn(text, ":");
    int64_t device = 0;

    *name = (BackendName){.cpu = any || strcmp(text, "cpu") == 0};
    name->cuda = any || (length == 4 && text_starts(text, "cuda"));
    if (!name->cpu && !name->cuda)
        return fail(STATUS_USAGE, "there is no backend '%.40s'; take auto, cpu, cuda or cuda:1",
                    text);
    if (text[length] != '\0' &&
        (failed(count_parse(text + length + 1, &device)) || device < 0 || device > MOST_DEVICE))
        return fail(STATUS_USAGE, "GPUs are numbered from 0, as in cuda:0; '%.40s' is none of them",
                    text);
    name->device = (int)device;
    return ok();
}

Status registry_open(Registry *registry, BackendName name, const BackendOptions *options,
                     const BackendClass **class, Backend **backend, Text *why)
{
    BackendOptions wanted = *options;
    Status no_gpu = ok();

    wanted.device = name.device;
    if (name.cuda) {
        no_gpu = open_cuda(registry, &wanted, class, backend);
        if (!name.cpu)
            TRY(no_gpu);
    }
    if (!name.cuda || failed(no_gpu)) {
        *class = registry->cpu;
        TRY(registry->cpu->open(&wanted, backend));
    }
    describe(*class, *backend, why);
    if (failed(no_gpu))
        text_printf(why, "; %s", no_gpu.text);
    return ok();
}

bool registry_has_plugin(const Registry *registry)
{
    Text path = {0};
    bool found = registry->library != NULL || find_plugin(&path);

    text_release(&path);
    return found;
}

/* Which backends there are, and the door for plug-ins: the only file that loads shared libraries.
 *
 * The CPU is handed in by main (it is linked); CUDA is looked for as halfstep-cuda.so in
 * $HALFSTEP_PLUGINS, beside the program, and in PREFIX/lib/halfstep. A plug-in exports
 * `const BackendClass *halfstep_backend(int abi)`, and NULL where the number is not its own.
 */
#ifndef PROGRAM_REGISTRY_H
#define PROGRAM_REGISTRY_H

#include "program/backend.h"

typedef struct Registry Registry;

/* `cpu` must outlive the registry. Caller frees, after every backend that came from it. */
Registry *registry_new(const BackendClass *cpu);
void registry_free(Registry *registry);

/* What a name asks for. */
typedef struct BackendName {
    bool cpu, cuda; /* both: cuda where it works, else the cpu */
    int device;     /* which GPU */
} BackendName;

/* "auto", "cpu", "cuda" or "cuda:N" ("cuda" is cuda:0). Fails: STATUS_USAGE: anything else. */
Status registry_name(const char *text, BackendName *name) MUST_CHECK;

/* Opens it. `why` says in words what was chosen and why not the other. Fails: STATUS_UNSUPPORTED:
 * cuda alone was asked for and is not built, its library is missing, it has another ABI, or it finds
 * no device that it can use. */
Status registry_open(Registry *registry, BackendName name, const BackendOptions *options,
                     const BackendClass **class, Backend **backend, Text *why) MUST_CHECK;

/* There is a plug-in here, whether or not it works. */
bool registry_has_plugin(const Registry *registry);

#endif

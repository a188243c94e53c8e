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

/* Opens "cpu", "cuda" or "auto" (cuda where it works, else cpu). `why` says in words what was
 * chosen and why not the other. Fails: STATUS_USAGE: an unknown name; STATUS_UNSUPPORTED: cuda was
 * asked for and is not built, its library is missing, has another ABI, or finds no device. */
Status registry_open(Registry *registry, const char *name, const BackendOptions *options,
                     const BackendClass **class, Backend **backend, Text *why) MUST_CHECK;

#endif

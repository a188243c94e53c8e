/* A plug-in whose own library is not on this machine: the loader cannot resolve it. */
#include "program/backend.h"

const BackendClass *halfstep_backend(int abi);
const BackendClass *from_a_library_that_is_not_here(int abi);

const BackendClass *halfstep_backend(int abi)
{
    return from_a_library_that_is_not_here(abi);
}

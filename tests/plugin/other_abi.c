/* A plug-in that was built for another halfstep: asked with our number, it declines. */
#include "program/backend.h"

const BackendClass *halfstep_backend(int abi);

const BackendClass *halfstep_backend(int abi)
{
    (void)abi;
    return NULL;
}

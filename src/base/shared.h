/* Files that come with halfstep: data sets, lessons. */
#ifndef BASE_SHARED_H
#define BASE_SHARED_H

#include "base/status.h"
#include "base/text.h"

/* Where NAME of the folder KIND ("datasets") lies: where the environment's `variable` says, else beside
 * the program as in a checkout, else where it was installed. Fails: STATUS_IO. */
Status shared_path(const char *kind, const char *variable, const char *name, Text *path) MUST_CHECK;

#endif

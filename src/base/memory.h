/* Host memory that cannot fail: when it is exhausted the program says so and aborts.
 *
 * Thread rule: as malloc. Everything here is released with free().
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `count` times `size` zeroed bytes; aborts on overflow of the product. */
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* Uninitialised memory, aligned to 64 bytes: what vector loops and OpenBLAS like best. */
void *xaligned(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* Takes `old` (may be NULL) and hands back room for `count` elements of `size` bytes.
 * Not called xrealloc: libreadline calls one of that name, and would get ours. */
void *xresize(void *old, size_t count, size_t size) __attribute__((returns_nonnull));

char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));

/* Makes room for one more element in a growing array: doubles `*room` when `count` has reached it. */
void *grow(void *array, size_t count, size_t *room, size_t size) __attribute__((returns_nonnull));

#ifdef __cplusplus
}
#endif

#endif

#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, FIRST_ROOM = 16 };

static void exhausted(size_t count, size_t size)
{
    fprintf(stderr, "halfstep: out of memory: %zu x %zu bytes are not to be had\n", count, size);
    abort();
}

static size_t bytes_of(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX)
        exhausted(count, size);
    return bytes == 0 ? 1 : bytes;
}

void *xcalloc(size_t count, size_t size)
{
    void *memory = calloc(1, bytes_of(count, size));

    if (memory == NULL)
        exhausted(count, size);
    return memory;
}

void *xaligned(size_t count, size_t size)
{
    void *memory = NULL;

    if (posix_memalign(&memory, ALIGNMENT, bytes_of(count, size)) != 0)
        exhausted(count, size);
    return memory;
}

void *xresize(void *old, size_t count, size_t size)
{
    void *memory = realloc(old, bytes_of(count, size));

    if (memory == NULL)
        exhausted(count, size);
    return memory;
}

char *xstrdup(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(xcalloc(size, 1), text, size);
}

void *grow(void *array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return array;
    *room = *room == 0 ? FIRST_ROOM : *room * 2;
    return xresize(array, *room, size);
}

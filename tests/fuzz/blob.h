/* The content of a small file, to be spoilt. */
#ifndef TESTS_BLOB_H
#define TESTS_BLOB_H

#include <stddef.h>
#include <stdint.h>

enum { MOST = 8192 };

typedef struct Blob {
    uint8_t bytes[MOST];
    size_t count;
} Blob;

/* Puts the text in at `at`; nothing happens where it does not fit. */
void blob_insert(Blob *blob, size_t at, const char *text);

#endif

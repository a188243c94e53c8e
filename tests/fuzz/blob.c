#include "blob.h"

#include <string.h>

void blob_insert(Blob *blob, size_t at, const char *text)
{
    size_t count = strlen(text);

    if (blob->count + count > MOST)
        return;
    memmove(blob->bytes + at + count, blob->bytes + at, blob->count - at);
    memcpy(blob->bytes + at, text, count);
    blob->count += count;
}

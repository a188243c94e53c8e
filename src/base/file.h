/* Whole files, read with a limit and written so that a reader never sees half of one. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/status.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Bytes {
    uint8_t *data;
    size_t count;
} Bytes;

void bytes_release(Bytes *bytes);

/* Reads a file, unpacking it where it is gzip. At most `limit` unpacked bytes.
 * Fails: STATUS_IO: missing, a directory, not readable, damaged or truncated gzip, over the
 * limit. */
Status file_read(const char *path, size_t limit, Bytes *bytes) MUST_CHECK;

/* Writes to a temporary beside `path`, then renames: the old file stays whole until then. A
 * symbolic link stays one, and what it leads to is replaced. Fails: STATUS_IO: also where `path`
 * is a device or a pipe; the old file is untouched. */
Status file_write(const char *path, const void *data, size_t count) MUST_CHECK;

/* A file under way: it grows in a temporary beside its path and takes its place in the end; until
 * then a reader sees the old one, whole. An empty Draft is all zeros and owns nothing. */
typedef struct Draft {
    char *path, *temporary; /* NULL: empty */
    int fd;
    int64_t bytes; /* written so far */
} Draft;

/* As file_write. Fails: STATUS_IO; the draft is empty then. */
Status draft_begin(const char *path, Draft *draft) MUST_CHECK;

/* All of it or nothing: what was written of a piece that failed is taken back. Fails: STATUS_IO. */
Status draft_add(Draft *draft, const void *data, size_t count) MUST_CHECK;

/* Takes back all but the first so many bytes. */
void draft_cut(Draft *draft, int64_t bytes);

/* The draft becomes the file, and is empty; harmless where it was. Fails: STATUS_IO; the old
 * file is untouched. */
Status draft_end(Draft *draft) MUST_CHECK;

/* Leaves nothing behind. Harmless on an empty one. */
void draft_abandon(Draft *draft);

bool file_exists(const char *path);

/* A number that is another when the file was changed, or another took its place; 0 where there is none. */
int64_t file_stamp(const char *path);

/* Makes the folders that `path` lies in, where they lack. `path` is as it was, in the end. Fails: STATUS_IO. */
Status file_make_folders(char *path) MUST_CHECK;

/* $XDG_STATE_HOME/halfstep/NAME, else ~/.local/state/halfstep/NAME; makes the folders.
 * Fails: STATUS_IO when there is no home or a folder cannot be made. */
Status file_state_path(const char *name, Text *path) MUST_CHECK;

#endif

#include "base/file.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { CHUNK = 1 << 16 };

void bytes_release(Bytes *bytes)
{
    free(bytes->data);
    *bytes = (Bytes){0};
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int64_t file_stamp(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return 0;
    return (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
}

static Status cannot(const char *verb, const char *path)
{
    char reason[64];

    return fail(STATUS_IO, "cannot %s %.100s: %s", verb, path,
                strerror_r(errno, reason, sizeof reason));
}

/* gzread passes plain files through, and reports a cut-off .gz only when asked at the end. */
static Status read_chunks(gzFile file, const char *path, size_t limit, Bytes *bytes)
{
    size_t room = 0;
    int got, error;

    do {
        if (room - bytes->count < CHUNK) {
            room = room == 0 ? CHUNK : room * 2;
            bytes->data = xresize(bytes->data, room, 1);
        }
        got = gzread(file, bytes->data + bytes->count, CHUNK);
        if (got > 0)
            bytes->count += (size_t)got;
        if (bytes->count > limit)
            return fail(STATUS_IO, "%.100s is larger than %zu bytes, the most that is read here",
                        path, limit);
    } while (got > 0);

    gzerror(file, &error);
    if (got < 0 || error != Z_OK)
        return fail(STATUS_IO, "%.100s is damaged or cut short (%s); get it again", path,
                    error == Z_BUF_ERROR ? "the gzip stream ends too early" : "bad gzip data");
    return ok();
}

Status file_read(const char *path, size_t limit, Bytes *bytes)
{
    struct stat info;
    gzFile file;
    Status status;

    *bytes = (Bytes){0};
    if (stat(path, &info) != 0)
        return cannot("read", path);
    if (!S_ISREG(info.st_mode))
        return fail(STATUS_IO, "%.100s is %s, not a file", path,
                    S_ISDIR(info.st_mode) ? "a directory" : "a device or pipe");
    file = gzopen(path, "rb");
    if (file == NULL)
        return cannot("read", path);
    status = read_chunks(file, path, limit, bytes);
    gzclose(file);
    if (failed(status))
        bytes_release(bytes);
    return status;
}

static bool write_all(int fd, const char *data, size_t count)
{
    while (count > 0) {
        ssize_t done = write(fd, data, count);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        data += done;
        count -= (size_t)done;
    }
    return true;
}

static bool write_parts(int fd, const FilePart *parts, size_t part_count)
{
    for (size_t i = 0; i < part_count; i++)
        if (!write_all(fd, parts[i].data, parts[i].count))
            return false;
    return fsync(fd) == 0;
}

Status file_write(const char *path, const void *data, size_t count)
{
    FilePart whole = {data, count};

    return file_write_parts(path, &whole, 1);
}

Status file_write_parts(const char *path, const FilePart *parts, size_t part_count)
{
    Text temporary = {0};
    Status status = ok();
    bool whole;
    int fd;

    text_printf(&temporary, "%s.XXXXXX", path);
    fd = mkstemp(temporary.chars);
    if (fd < 0) {
        status = cannot("write", path);
        goto done;
    }
    (void)fchmod(fd, 0644);
    whole = write_parts(fd, parts, part_count);
    if (!whole)
        status = cannot("write", path);
    if (close(fd) != 0 && whole)
        status = cannot("write", path);
    if (!failed(status) && rename(temporary.chars, path) != 0)
        status = cannot("write", path);
    if (failed(status))
        unlink(temporary.chars);
done:
    text_release(&temporary);
    return status;
}

static Status make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        int made;

        *slash = '\0';
        made = mkdir(path, 0755);
        *slash = '/';
        if (made != 0 && errno != EEXIST)
            return cannot("make the folder of", path);
    }
    return ok();
}

Status file_state_path(const char *name, Text *path)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment */
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    text_clear(path);
    if (state != NULL && state[0] == '/')
        text_printf(path, "%s/halfstep/%s", state, name);
    else if (home != NULL && home[0] == '/')
        text_printf(path, "%s/.local/state/halfstep/%s", home, name);
    else
        return fail(STATUS_IO, "there is no home folder for %.40s; set HOME", name);
    return make_folders(path->chars);
}

#include "base/file.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { CHUNK = 1 << 16, HOPS = 40 };

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
    const uint64_t mix =
        0x9E3779B97F4A7C15; /* 2^64 over the golden ratio: every bit goes everywhere */
    struct stat info;
    uint64_t stamp;

    if (stat(path, &info) != 0)
        return 0;
    /* Clocks of file systems tick a few milliseconds apart. */
    stamp = (uint64_t)info.st_mtim.tv_sec * 1000000000 + (uint64_t)info.st_mtim.tv_nsec;
    stamp = (stamp * mix ^ (uint64_t)info.st_ino) * mix ^ (uint64_t)info.st_size;
    return (int64_t)(stamp | 1);
}

static Status cannot(const char *verb, const char *path)
{
    char reason[64];

    return fail(STATUS_IO, "cannot %s %.100s: %s", verb, path,
                strerror_r(errno, reason, sizeof reason));
}

static Status not_a_file(const char *path, mode_t mode)
{
    return fail(STATUS_IO, "%.100s is %s, not a file", path,
                S_ISDIR(mode) ? "a directory" : "a device or pipe");
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
        return not_a_file(path, info.st_mode);
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

static void draft_release(Draft *draft)
{
    free(draft->path);
    free(draft->temporary);
    *draft = (Draft){0};
}

/* Where a link leads that stands in the same place as `path`. */
static void follow(const char *link, Text *path)
{
    const char *slash = strrchr(text_chars(path), '/');
    Text next = {0};

    if (link[0] != '/' && slash != NULL)
        text_append_bytes(&next, text_chars(path), (size_t)(slash + 1 - text_chars(path)));
    text_append(&next, link);
    text_release(path);
    *path = next;
}

/* What renaming onto `path` is to replace: what its links lead to, which need not be there yet. A
 * device or a pipe must not become a file, and to write to one may take for ever. */
static Status find_target(const char *path, Text *target)
{
    char link[PATH_MAX];
    struct stat info;
    ssize_t length;

    text_append(target, path);
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return not_a_file(path, info.st_mode);
    for (int hops = 0; (length = readlink(text_chars(target), link, sizeof link - 1)) > 0; hops++) {
        if (hops == HOPS) {
            errno = ELOOP;
            return cannot("write", path);
        }
        link[length] = '\0';
        follow(link, target);
    }
    return ok();
}

Status draft_begin(const char *path, Draft *draft)
{
    Text target = {0}, temporary = {0};
    Status status = find_target(path, &target);
    int fd = -1;

    *draft = (Draft){0};
    text_printf(&temporary, "%s.XXXXXX", text_chars(&target));
    if (!failed(status))
        fd = mkstemp(temporary.chars);
    if (!failed(status) && fd < 0)
        status = cannot("write", path);
    if (failed(status)) {
        text_release(&temporary);
        text_release(&target);
        return status;
    }
    (void)fchmod(fd, 0644);
    *draft = (Draft){.path = target.chars, .temporary = temporary.chars, .fd = fd};
    return ok();
}

Status draft_add(Draft *draft, const void *data, size_t count)
{
    Status status;

    if (write_all(draft->fd, data, count)) {
        draft->bytes += (int64_t)count;
        return ok();
    }
    status = cannot("write", draft->path);
    draft_cut(draft, draft->bytes);
    return status;
}

void draft_cut(Draft *draft, int64_t bytes)
{
    if (ftruncate(draft->fd, bytes) == 0 && lseek(draft->fd, bytes, SEEK_SET) == bytes)
        draft->bytes = bytes;
}

Status draft_end(Draft *draft)
{
    Status status = ok();
    bool whole;

    if (draft->path == NULL)
        return ok();
    whole = fsync(draft->fd) == 0;
    if (!whole)
        status = cannot("write", draft->path);
    if (close(draft->fd) != 0 && whole)
        status = cannot("write", draft->path);
    if (!failed(status) && rename(draft->temporary, draft->path) != 0)
        status = cannot("write", draft->path);
    if (failed(status))
        (void)unlink(draft->temporary);
    draft_release(draft);
    return status;
}

void draft_abandon(Draft *draft)
{
    if (draft->path == NULL)
        return;
    close(draft->fd);
    unlink(draft->temporary);
    draft_release(draft);
}

Status file_write(const char *path, const void *data, size_t count)
{
    Draft draft;
    Status status;

    TRY(draft_begin(path, &draft));
    status = draft_add(&draft, data, count);
    if (!failed(status))
        return draft_end(&draft);
    draft_abandon(&draft);
    return status;
}

Status file_make_folders(char *path)
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
    return file_make_folders(path->chars);
}

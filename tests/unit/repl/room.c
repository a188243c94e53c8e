#include "room.h"

#include "base/file.h"
#include "base/memory.h"
#include "cpu/cpu.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

Room room_open(void)
{
    Room room = {.registry = registry_new(&cpu_backend)};
    SessionOptions options = {room.registry, "cpu", 1};
    Status status = session_new(&options, &room.session);

    cr_assert(!failed(status), "%s", status.text);
    room.repl = repl_new(room.session, true);
    return room;
}

void room_close(Room *room)
{
    session_pause(room->session);
    repl_free(room->repl);
    session_free(room->session);
    registry_free(room->registry);
}

void type(Room *room, const char *line)
{
    cr_assert(!failed(execute_line(room->repl, "", line)), "%s", line);
}

void refuse(Room *room, const char *line)
{
    cr_expect(failed(execute_line(room->repl, "", line)), "%s", line);
}

void rooms_begin(void)
{
    cr_redirect_stdout();
    cr_redirect_stderr();
    setenv("HALFSTEP_DATASETS", "/nowhere", 1); /* spirals, which are quick */
    text_copy(folder, sizeof folder, "/tmp/halfstep-export-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL && chdir(folder) == 0);
}

void rooms_end(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert(chdir("/") == 0 && system(command) == 0);
}

char *text_of(const char *path)
{
    Bytes bytes;
    char *text;

    cr_assert(!failed(file_read(path, 1 << 26, &bytes)), "%s", path);
    text = xcalloc(bytes.count + 1, 1);
    memcpy(text, bytes.data, bytes.count);
    bytes_release(&bytes);
    return text;
}

void expect_same(const char *path, const char *other)
{
    Bytes bytes, others;

    cr_assert(!failed(file_read(path, 1 << 26, &bytes)), "%s", path);
    cr_assert(!failed(file_read(other, 1 << 26, &others)), "%s", other);
    cr_expect(bytes.count == others.count && memcmp(bytes.data, others.data, bytes.count) == 0,
              "%s and %s differ", path, other);
    bytes_release(&bytes);
    bytes_release(&others);
}

int64_t step_of(Session *session)
{
    Snapshot snapshot = {0};
    int64_t step;

    session_snapshot(session, &snapshot);
    step = snapshot.step;
    snapshot_release(&snapshot);
    return step;
}

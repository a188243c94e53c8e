#include "view/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static const char hold[] = "\033[?2026h", show[] = "\033[?2026l";

Status outlet_open(Outlet *outlet, const char *path, int written)
{
    *outlet = (Outlet){.written = written};
    outlet->terminal = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    outlet->real = fcntl(written, F_DUPFD_CLOEXEC, 0);
    outlet->memory = memfd_create("frame", MFD_CLOEXEC);
    if (outlet->terminal >= 0 && outlet->real >= 0 && outlet->memory >= 0)
        return ok();
    outlet_close(outlet);
    return fail(STATUS_UNSUPPORTED, "the terminal %s cannot be opened for the live view", path);
}

void outlet_close(Outlet *outlet)
{
    const int numbers[] = {outlet->terminal, outlet->real, outlet->memory};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (numbers[i] >= 0)
            (void)close(numbers[i]);
    }
    text_release(&outlet->frame);
    *outlet = (Outlet){.terminal = -1, .real = -1, .memory = -1};
}

void outlet_begin(Outlet *outlet)
{
    (void)lseek(outlet->memory, 0, SEEK_SET);
    (void)dup3(outlet->memory, outlet->written, O_CLOEXEC);
}

/* Appends what curses has written since outlet_begin. */
static void gather(Outlet *outlet)
{
    off_t bytes = lseek(outlet->memory, 0, SEEK_CUR), at = 0;
    char piece[4096];

    if (bytes <= 0)
        return;
    text_append(&outlet->frame, hold);
    while (at < bytes) {
        size_t room = (size_t)(bytes - at) < sizeof piece ? (size_t)(bytes - at) : sizeof piece;
        ssize_t count = pread(outlet->memory, piece, room, at);

        if (count <= 0)
            break;
        text_append_bytes(&outlet->frame, piece, (size_t)count);
        at += count;
    }
    text_append(&outlet->frame, show);
}

void outlet_end(Outlet *outlet)
{
    (void)dup3(outlet->real, outlet->written, O_CLOEXEC);
    gather(outlet);
    outlet_flush(outlet);
}

void outlet_flush(Outlet *outlet)
{
    while (outlet->sent < outlet->frame.length) {
        ssize_t count = write(outlet->terminal, outlet->frame.chars + outlet->sent,
                              outlet->frame.length - outlet->sent);

        if (count > 0)
            outlet->sent += (size_t)count;
        else if (count == 0 || errno != EINTR)
            break;
    }
    /* A terminal that is gone takes nothing more; whoever reads from it is told. */
    if (outlet->sent < outlet->frame.length && errno == EAGAIN)
        return;
    text_clear(&outlet->frame);
    outlet->sent = 0;
}

bool outlet_pending(const Outlet *outlet)
{
    return outlet->frame.length > 0;
}

/* The way of frames to a terminal: what curses writes for one frame is gathered in memory and leaves
 * in one write, which never waits. A terminal that takes no more leaves the rest pending; meanwhile no
 * new frame should be built.
 *
 * Thread rule: the main thread only.
 */
#ifndef VIEW_OUTLET_H
#define VIEW_OUTLET_H

#include "base/text.h"

#include <stdbool.h>

typedef struct Outlet {
    int terminal; /* a way of its own, so that not waiting concerns nobody else */
    int written;  /* the number that curses writes to */
    int real;     /* what it is between frames: the terminal, where writing waits */
    int memory;   /* what it is during a frame */
    Text frame;
    size_t sent; /* of it */
} Outlet;

/* `path`: of the terminal; `written` stays the caller's. Fails: STATUS_UNSUPPORTED. */
Status outlet_open(Outlet *outlet, const char *path, int written) MUST_CHECK;
void outlet_close(Outlet *outlet);

/* Between these, `written` is memory; then what came is sent off, as one update where the terminal
 * knows that. */
void outlet_begin(Outlet *outlet);
void outlet_end(Outlet *outlet);

/* Sends more of what is pending. */
void outlet_flush(Outlet *outlet);
bool outlet_pending(const Outlet *outlet);

#endif

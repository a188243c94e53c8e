/* What the terminal's description says, asked without starting curses.
 *
 * Thread rule: the main thread only, and not while a Screen is open.
 */
#ifndef VIEW_TERMINFO_H
#define VIEW_TERMINFO_H

#include "base/status.h"

#include <stddef.h>

/* Between these a terminal says where a paste begins and ends. The end also ends an update. */
#define TERMINFO_PASTES    "\033[?2004h"
#define TERMINFO_NO_PASTES "\033[?2026l\033[?2004l"

enum { TERMINFO_RESTORE = 256 };

/* Whether curses can work here. It would paint first, and then fail.
 * Fails: STATUS_UNSUPPORTED: not a terminal, TERM unknown or too plain (dumb). */
Status terminfo_check(void) MUST_CHECK;

/* What must be sent to undo what curses and we did. Returns how many bytes. */
size_t terminfo_restore(char bytes[TERMINFO_RESTORE]);

#endif

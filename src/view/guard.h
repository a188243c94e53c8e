/* Gives the terminal back whatever happens to the process: exit and fatal signals included (only
 * SIGKILL cannot be caught).
 *
 * Signal handlers reach nothing but what they find in one static state, so there is one guard in a
 * process. What they do with the terminal is one write and one tcsetattr, which are safe there;
 * curses' own end is not. Thread rule: the main thread; a signal may arrive in any.
 */
#ifndef VIEW_GUARD_H
#define VIEW_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* What happened since guard_noticed was last asked. */
typedef struct Noticed {
    bool resized, suspend, continued;
    bool gone; /* the terminal hung up */
} Noticed;

/* Keeps the settings of the terminal `fd` (which should not make a write wait for long), and takes over
 * SIGWINCH, SIGTSTP, SIGCONT, SIGHUP and the signals that end a process, unless they are ignored or an interrupt is handled elsewhere already. Before
 * curses starts, which takes only what nobody has. `restore`: bytes that undo what curses did. */
void guard_open(int fd, const char *restore, size_t bytes);

/* Gives the signals back to whom they belonged. Accepts a guard that is not open. */
void guard_close(void);

/* Whether the terminal is in our hands at present, and so must be restored by a death. */
void guard_visual(bool visual);

/* While standard output and standard error are caught in the file `caught`: a death gives them back (`out`,
 * `err`), and writes the end of what is in there, where its reason may stand. -1 as `caught` ends it. */
void guard_caught(int caught, int out, int err);

/* Readable when guard_noticed has something to tell: for poll. */
int guard_fd(void);
Noticed guard_noticed(void);

/* Stops the process group as ^Z does, and returns when it is continued. The terminal must have been
 * given back before. */
void guard_stop(void);

#endif

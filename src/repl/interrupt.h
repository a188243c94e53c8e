/* Ctrl-C: one counter, set by the signal and read at the next opportunity. */
#ifndef REPL_INTERRUPT_H
#define REPL_INTERRUPT_H

#include "train/session.h"

/* From here on Ctrl-C no longer ends the program; unless it was ignored already, as it then stays. */
void interrupt_install(void);

/* How often Ctrl-C came since the last clearing. */
int interrupt_count(void);
bool interrupt_pending(void);
void interrupt_clear(void);

/* While the main thread waits inside `session`, Ctrl-C also goes straight to session_interrupt;
 * NULL ends that. */
void interrupt_direct(Session *session);

#endif

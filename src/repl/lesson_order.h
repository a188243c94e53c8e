/* The same commands in another order that must come to the same.
 */
#ifndef REPL_LESSON_ORDER_H
#define REPL_LESSON_ORDER_H

#include "base/text.h"

/* Appends the commands, a line each. Before the first training, settings that stand together and have nothing
 * to do with each other are in the opposite order; those of one thing (optim and lr, master and round) keep
 * theirs. False where that changes nothing. */
bool order_other(const char *commands, Text *other);

#endif

/* One value against its row of the command's table. */
#ifndef REPL_ARG_CHECK_H
#define REPL_ARG_CHECK_H

#include "repl/args.h"

/* Fills value->number where the row wants a number.
 * Fails: STATUS_USAGE: not a number, out of range, not one of the choices; says what to try. */
Status arg_check(const ArgSpec *spec, ArgValue *value) MUST_CHECK;

#endif

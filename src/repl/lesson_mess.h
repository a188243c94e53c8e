/* What somebody types who tries this and that.
 */
#ifndef REPL_LESSON_MESS_H
#define REPL_LESSON_MESS_H

#include <stdint.h>

/* Line n, from 0, of the `which`-th mess of a lesson: always the same, and no line twice before all were
 * there. Mistakes are among them. */
const char *mess_line(const char *lesson, uint32_t which, int n);

#endif

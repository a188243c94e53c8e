/* The commands that a lesson writes down, one after the other, as the prompt would read them.
 */
#ifndef REPL_LESSON_COMMANDS_H
#define REPL_LESSON_COMMANDS_H

#include "base/text.h"
#include "repl/args.h"
#include "repl/commands.h"

/* Goes through a text. All zeros but `at`: before the first. */
typedef struct LessonCommands {
    const char *at;         /* what was not read yet; borrowed */
    int line;               /* of the present command, from 1 */
    Text text;              /* it, without blanks at its ends */
    bool named;             /* a run's name stands before it */
    const Command *command; /* NULL: a mistake stands there */
    Args args;
    Text rest; /* of the line */
} LessonCommands;

/* Moves to the next command; false behind the last. Behind a mistake its line is left out. */
bool lesson_commands_next(LessonCommands *commands);
void lesson_commands_release(LessonCommands *commands);

#endif

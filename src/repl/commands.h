/* The list of commands: adding one is a file in repl/commands and a word here. */
#ifndef REPL_COMMANDS_H
#define REPL_COMMANDS_H

#include "repl/command.h"
#include "repl/lexer.h"

/* In the order in which help shows them. */
#define COMMANDS(X) \
    X(data) \
    X(net) \
    X(loss) \
    X(optim) \
    X(lr) \
    X(batch) \
    X(accumulate) \
    X(seed) \
    X(reset) \
    X(undo) \
    X(autocast) \
    X(fp8) \
    X(master) \
    X(round) \
    X(scale) \
    X(clip) \
    X(probe) \
    X(fork) \
    X(use) \
    X(drop) \
    X(runs) \
    X(demo) \
    X(train) \
    X(step) \
    X(phase) \
    X(run) \
    X(pause) \
    X(pace) \
    X(break) \
    X(mark) \
    X(rewind) \
    X(inject) \
    X(watch) \
    X(view) \
    X(show) \
    X(shot) \
    X(print) \
    X(why) \
    X(bits) \
    X(sum) \
    X(inspect) \
    X(sample) \
    X(sweep) \
    X(bench) \
    X(history) \
    X(save) \
    X(load) \
    X(export) \
    X(source) \
    X(lua) \
    X(help) \
    X(backend) \
    X(lesson) \
    X(quit)

#define DECLARE_COMMAND(name) extern const Command name##_command;
COMMANDS(DECLARE_COMMAND)
#undef DECLARE_COMMAND

extern const Command *const command_table[]; /* ends in NULL */

/* The command of this whole name, or NULL. */
const Command *command_find(const char *name);

/* The same; with `short_too` also by what begins only one command's name.
 * Fails: STATUS_USAGE: there is none (with the nearest), or several (all listed). */
Status command_resolve(const char *word, bool short_too, const Command **command) MUST_CHECK;

#endif

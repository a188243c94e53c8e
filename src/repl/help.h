/* The texts of `help`, all made from the tables. */
#ifndef REPL_HELP_H
#define REPL_HELP_H

#include "base/text.h"
#include "repl/names.h"

/* Every command, by task. */
void help_overview(Text *text);

/* A command, metric, panel, layer, optimizer, loss, data set, format or term, or one of the lists
 * (help metrics). `known` gives the tensors.
 * Fails: STATUS_USAGE: nothing of this name, with the nearest. */
Status help_topic(const char *topic, const Snapshot *known, Text *text) MUST_CHECK;

#endif

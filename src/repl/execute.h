/* From a line of text to commands that run.
 *
 * A line is read as a whole before any of it runs, so that a mistake in it changes nothing.
 */
#ifndef REPL_EXECUTE_H
#define REPL_EXECUTE_H

#include "base/text.h"
#include "repl/repl.h"

enum { LINE_LONGEST = 1 << 16, SCRIPTS_DEEPEST = 16 };

/* Runs a line and shows the mistake if there is one, behind `where` ("FILE:7: ", or ""). */
Status execute_line(Repl *repl, const char *where, const char *line) MUST_CHECK;

/* Runs a line without showing a mistake: for Lua's command(). */
Status execute_quietly(Repl *repl, const char *line) MUST_CHECK;

/* Runs the file's lines until one fails. Fails: STATUS_IO: no such file, not text, too long;
 * STATUS_USAGE: nested too deep; the failing line's Status, already shown with file and line. */
Status execute_file(Repl *repl, const char *path) MUST_CHECK;

/* The same for each line of a text. `name` stands before the line number in messages; NULL: no such
 * prefix. */
Status execute_text(Repl *repl, const char *name, const char *text, size_t length) MUST_CHECK;

/* Whether the last failure has been shown. */
bool execute_reported(const Repl *repl);

/* True when the program is to end. */
bool execute_finished(const Repl *repl);

#endif

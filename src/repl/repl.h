/* What a command may use: the session, and the two ways to say something.
 *
 * Thread rule: the main thread only.
 */
#ifndef REPL_REPL_H
#define REPL_REPL_H

#include "repl/command.h"
#include "train/session.h"
#include "view/settings.h"

/* `prompt`: somebody types and reads (messages stand among the results, verbs may be shortened, a
 * mistake ends nothing); else batch use (messages on standard error). Borrows the session. */
Repl *repl_new(Session *session, bool prompt);
void repl_free(Repl *repl);

Session *repl_session(Repl *repl);
bool repl_at_prompt(const Repl *repl);

/* What `view` chose, for the live view and for pictures. Borrowed. */
ViewSettings *repl_view(Repl *repl);

/* A result: standard output. */
void repl_print(Repl *repl, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A message, one line without its newline: an acknowledgement or a hint. */
void repl_note(Repl *repl, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A mistake or a progress line: standard error, behind all results so far. */
void repl_complain(Repl *repl, const char *text);

/* Makes the settings hold; acknowledges with `what` (what holds now, as it would be typed) and the
 * step from which it does. Fails as session_apply. */
Status repl_apply(Repl *repl, const Settings *wanted, const char *what) MUST_CHECK;

/* The same for one part of them; without arguments it is printed as it is. */
Status repl_take(Repl *repl, const Args *args, const Settings *wanted, SettingPart part) MUST_CHECK;

/* The same for what a run begins with (data, net, seed): says so where nothing of it is new and the
 * run goes on, which whoever types it again may not expect. */
Status repl_begin(Repl *repl, const Settings *wanted, const char *what) MUST_CHECK;

/* The acknowledgement alone. */
void repl_acknowledge(Repl *repl, int64_t step, const char *what);

/* After this line, say what the experiment still lacks, if anything. */
void repl_check_later(Repl *repl);

/* End the program after this command. */
void repl_quit(Repl *repl);

/* Whether to colour what goes to standard output: a terminal, and no NO_COLOR. */
bool repl_colour(const Repl *repl);

/* Columns of what results are shown on: the view, or the terminal; 80 where there is none. */
int repl_columns(const Repl *repl);

#endif

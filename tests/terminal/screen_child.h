/* A program that shows its size and the last key on a screen, and can die in many ways. */
#ifndef TERMINAL_SCREEN_CHILD_H
#define TERMINAL_SCREEN_CHILD_H

/* Exit statuses. */
enum { SCREEN_CHILD_LEFT = 3, SCREEN_CHILD_GONE = 7 };

/* Draws until q, then closes the screen and says "one line after"; 0. Where the screen does not
 * open, says "refused: " and why; 1.
 *
 * e calls exit with SCREEN_CHILD_LEFT, a terminal that is gone with SCREEN_CHILD_GONE. Signals
 * raised by a key: S SEGV, A ABRT, B BUS, F FPE, I ILL, T TERM, H HUP, C INT. W says "last words" where answers are
 * caught, and aborts. ^L sends all again.
 */
int screen_child(void);

/* As a job of a shell, which can be stopped. */
int screen_child_job(void);

/* Deaf to the signal that tells of a terminal's end. */
int screen_child_deaf(void);

/* With a standard input that is no terminal. */
int screen_child_deprived(void);

#endif

#include "view/terminfo.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

static const char *term_name(void)
{
    const char *value = getenv("TERM"); /* NOLINT(concurrency-mt-unsafe): the main thread only */

    return value == NULL ? "" : value;
}

Status terminfo_check(void)
{
    int error = 0;
    bool moves;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return fail(STATUS_UNSUPPORTED, "the live view needs a terminal, and standard input or "
                                        "output is none: use show at the prompt or in a script");
    if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
        return fail(STATUS_UNSUPPORTED,
                    "the terminal type TERM=%s is not known here: try TERM=xterm-256color",
                    term_name());
    moves = tigetstr("cup") != NULL && tigetstr("clear") != NULL;
    (void)del_curterm(cur_term);
    if (!moves)
        return fail(STATUS_UNSUPPORTED,
                    "the terminal type TERM=%s cannot place the cursor, which the live view "
                    "needs: use show at the prompt",
                    term_name());
    return ok();
}

/* Appends a capability without its $<delays>, which only tputs understands. */
static size_t append_capability(char *bytes, size_t used, const char *name)
{
    const char *text = tigetstr(name);

    if (text == NULL || text == (const char *)-1) /* NOLINT(performance-no-int-to-ptr): terminfo */
        return used;
    while (*text != '\0' && used < TERMINFO_RESTORE) {
        if (text[0] == '$' && text[1] == '<' && strchr(text, '>') != NULL)
            text = strchr(text, '>') + 1;
        else
            bytes[used++] = *text++;
    }
    return used;
}

size_t terminfo_restore(char bytes[TERMINFO_RESTORE])
{
    /* In this order. */
    static const char *const names[] = {"sgr0", "oc", "rmkx", "cnorm", "rmcup"};
    size_t used = sizeof TERMINFO_NO_PASTES - 1;
    int error;

    memcpy(bytes, TERMINFO_NO_PASTES, used);
    if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
        return used;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        used = append_capability(bytes, used, names[i]);
    (void)del_curterm(cur_term);
    return used;
}

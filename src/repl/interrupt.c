#include "repl/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t presses;
static Session *volatile waiting_in;

static void on_interrupt(int number)
{
    Session *session = waiting_in;

    (void)number;
    presses = presses + 1;
    if (session != NULL)
        session_interrupt(session);
}

void interrupt_install(void)
{
    struct sigaction action = {.sa_handler = on_interrupt}, before;

    /* A shell's background job ignores ^C, and goes on doing so. */
    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
        return;
    /* Without SA_RESTART: a read that waits for a command returns. */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

int interrupt_count(void)
{
    return presses;
}

bool interrupt_pending(void)
{
    return presses > 0;
}

void interrupt_clear(void)
{
    presses = 0;
}

void interrupt_direct(Session *session)
{
    waiting_in = session;
}

#include "view.h"

#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int run_view(void)
{
    const char *path = getenv("HALFSTEP");

    execl(path == NULL ? "build/halfstep" : path, "halfstep", "--backend", "cpu", "--threads", "1",
          "--watch", (char *)NULL);
    perror("halfstep");
    return 1;
}

void view_open_at(Pty *terminal, int rows, int cols)
{
    pty_open(terminal, &(PtyProgram){.run = run_view, .rows = rows, .cols = cols});
    (void)pty_wait_for_prompt(terminal);
}

void view_open_as(Pty *terminal, const char *type)
{
    pty_open(terminal, &(PtyProgram){.run = run_view, .term = type});
    (void)pty_wait_for_prompt(terminal);
}

void view_open_reporting(Pty *terminal, const char *report)
{
    pty_open(terminal, &(PtyProgram){.run = run_view, .report = report});
}

void view_open(Pty *terminal)
{
    view_open_at(terminal, 0, 0);
}

void view_quit(Pty *terminal)
{
    pty_type(terminal, "\003\025quit\r");
    expect(pty_end(terminal) == 0, "quit ends the program in the view");
    expect(pty_is_cooked(terminal) && !terminal->alternate && terminal->cursor,
           "and the terminal is as it was");
    pty_close(terminal);
}

bool view_prompt_is(Pty *terminal, const char *text)
{
    char line[PTY_LINE];

    for (int i = 0; i < 100; i++) {
        pty_last_row(terminal, line);
        for (size_t end = strlen(line); end > 1 && line[end - 1] == ' '; end--)
            line[end - 1] = '\0';
        if (strcmp(line, text) == 0)
            return true;
        pty_watch(terminal, 20);
    }
    printf("the prompt is '%s', not '%s'\n", line, text);
    return false;
}

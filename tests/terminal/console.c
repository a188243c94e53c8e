#include "console.h"

#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int on_property(VTermProp property, VTermValue *value, void *user)
{
    Pty *terminal = user;

    if (property == VTERM_PROP_ALTSCREEN)
        terminal->alternate = value->boolean;
    return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

static void set_environment(const char *folder)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): one thread */
    (void)setenv("TERM", "xterm-256color", 1);
    (void)setenv("LC_ALL", "C.UTF-8", 1);
    (void)setenv("XDG_STATE_HOME", folder, 1);
    (void)setenv("INPUTRC", "/dev/null", 1);
    (void)unsetenv("LINES");
    (void)unsetenv("COLUMNS");
    /* NOLINTEND(concurrency-mt-unsafe) */
}

void pty_open(Pty *terminal, void (*run)(void), const char *folder)
{
    struct winsize size = {.ws_row = PTY_ROWS, .ws_col = PTY_COLS};
    char made[] = "/tmp/halfstep-pty-XXXXXX";

    *terminal = (Pty){0};
    if (folder == NULL)
        folder = mkdtemp(made);
    if (folder != NULL)
        snprintf(terminal->folder, PTY_PATH, "%s", folder);
    terminal->vterm = vterm_new(PTY_ROWS, PTY_COLS);
    vterm_set_utf8(terminal->vterm, 1);
    terminal->screen = vterm_obtain_screen(terminal->vterm);
    vterm_screen_enable_altscreen(terminal->screen, 1);
    vterm_screen_set_callbacks(terminal->screen, &callbacks, terminal);
    vterm_screen_reset(terminal->screen, 1);
    (void)fflush(stdout);
    terminal->child = forkpty(&terminal->master, NULL, NULL, &size);
    if (terminal->child == 0) {
        set_environment(terminal->folder);
        run();
    }
}

/* What the terminal answers (to questions about itself) goes back to the program. */
static void answer(Pty *terminal)
{
    char bytes[256];
    size_t count = vterm_output_read(terminal->vterm, bytes, sizeof bytes);

    if (count > 0 && write(terminal->master, bytes, count) < 0)
        perror("write");
}

static bool pump(Pty *terminal, int milliseconds)
{
    struct pollfd source = {.fd = terminal->master, .events = POLLIN};
    char bytes[4096];
    ssize_t count;

    if (poll(&source, 1, milliseconds) <= 0)
        return true;
    count = read(terminal->master, bytes, sizeof bytes);
    if (count <= 0)
        return false;
    (void)vterm_input_write(terminal->vterm, bytes, (size_t)count);
    answer(terminal);
    return true;
}

void pty_row(const Pty *terminal, int row, char line[PTY_LINE])
{
    VTermRect rect = {.start_row = row, .end_row = row + 1, .start_col = 0};
    int rows;
    size_t count;

    vterm_get_size(terminal->vterm, &rows, &rect.end_col);
    count = vterm_screen_get_text(terminal->screen, line, PTY_LINE - 1, rect);
    line[count] = '\0';
}

int pty_count_rows(const Pty *terminal, const char *text)
{
    char line[PTY_LINE];
    int rows, cols, found = 0;

    vterm_get_size(terminal->vterm, &rows, &cols);
    for (int row = 0; row < rows; row++) {
        pty_row(terminal, row, line);
        found += strstr(line, text) != NULL;
    }
    return found;
}

static void print_screen(const Pty *terminal)
{
    char line[PTY_LINE];
    int rows, cols;

    vterm_get_size(terminal->vterm, &rows, &cols);
    for (int row = 0; row < rows; row++) {
        pty_row(terminal, row, line);
        if (line[0] != '\0')
            printf("    |%s\n", line);
    }
}

bool pty_wait_for(Pty *terminal, const char *text)
{
    time_t end = time(NULL) + PTY_PATIENCE;

    while (pty_count_rows(terminal, text) == 0 && time(NULL) < end && pump(terminal, 50))
        ;
    if (pty_count_rows(terminal, text) > 0)
        return true;
    printf("no '%s' on\n", text);
    print_screen(terminal);
    return false;
}

bool pty_wait_for_prompt(Pty *terminal)
{
    time_t end = time(NULL) + PTY_PATIENCE;
    char line[PTY_LINE];

    do {
        VTermPos cursor;

        vterm_state_get_cursorpos(vterm_obtain_state(terminal->vterm), &cursor);
        pty_row(terminal, cursor.row, line);
        if (cursor.col == 2 && strcmp(line, "> ") == 0)
            return true;
    } while (time(NULL) < end && pump(terminal, 50));
    return false;
}

void pty_type(const Pty *terminal, const char *keys)
{
    if (write(terminal->master, keys, strlen(keys)) < 0)
        perror("write");
}

void pty_enter(Pty *terminal, const char *line)
{
    (void)pty_wait_for_prompt(terminal);
    pty_type(terminal, line);
    pty_type(terminal, "\r");
}

int pty_end(Pty *terminal)
{
    int status = -1;

    while (pump(terminal, PTY_PATIENCE * 1000))
        ;
    (void)waitpid(terminal->child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void pty_close(Pty *terminal)
{
    (void)close(terminal->master);
    vterm_free(terminal->vterm);
}

bool pty_is_cooked(const Pty *terminal)
{
    struct termios settings;

    return tcgetattr(terminal->master, &settings) == 0 &&
           (settings.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG);
}

void pty_resize(const Pty *terminal, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

    vterm_set_size(terminal->vterm, rows, cols);
    (void)ioctl(terminal->master, TIOCSWINSZ, &size);
}

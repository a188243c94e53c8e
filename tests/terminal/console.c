#include "console.h"

#include <inttypes.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { SHORT_PAUSE = 20 /* ms */ };

static int on_property(VTermProp property, VTermValue *value, void *user)
{
    Pty *terminal = user;

    if (property == VTERM_PROP_ALTSCREEN)
        terminal->alternate = value->boolean;
    if (property == VTERM_PROP_CURSORVISIBLE)
        terminal->cursor = value->boolean;
    return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

static void set_environment(const PtyProgram *program, const char *folder)
{
    (void)setenv("TERM", program->term == NULL ? "xterm-256color" : program->term, 1);
    (void)setenv("NO_COLOR", program->colourless ? "1" : "", 1);
    (void)setenv("LC_ALL", "C.UTF-8", 1);
    (void)setenv("XDG_STATE_HOME", folder, 1);
    (void)setenv("INPUTRC", "/dev/null", 1);
    (void)unsetenv("LINES");
    (void)unsetenv("COLUMNS");
}

static void make_vterm(Pty *terminal, int rows, int cols)
{
    terminal->vterm = vterm_new(rows, cols);
    vterm_set_utf8(terminal->vterm, 1);
    terminal->screen = vterm_obtain_screen(terminal->vterm);
    vterm_screen_enable_altscreen(terminal->screen, 1);
    vterm_screen_set_callbacks(terminal->screen, &callbacks, terminal);
    vterm_screen_reset(terminal->screen, 1);
}

static struct winsize window(int rows, int cols)
{
    return (struct winsize){.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
}

void pty_open(Pty *terminal, const PtyProgram *program)
{
    int rows = program->rows == 0 ? PTY_ROWS : program->rows;
    int cols = program->cols == 0 ? PTY_COLS : program->cols;
    struct winsize size = window(rows, cols);
    char made[] = "/tmp/halfstep-pty-XXXXXX";
    const char *folder = program->folder == NULL ? mkdtemp(made) : program->folder;

    *terminal = (Pty){.cursor = true, .report = program->report};
    if (folder != NULL)
        snprintf(terminal->folder, PTY_PATH, "%s", folder);
    make_vterm(terminal, rows, cols);
    (void)fflush(stdout);
    terminal->child = forkpty(&terminal->master, NULL, NULL, &size);
    if (terminal->child == 0) {
        set_environment(program, terminal->folder);
        exit(program->run());
    }
}

int pty_run_job(int (*run)(void))
{
    int status = -1;
    pid_t job;
    char byte;

    (void)signal(SIGTTOU, SIG_IGN);
    job = fork();
    if (job == 0) {
        (void)setpgid(0, 0);
        (void)tcsetpgrp(0, getpid());
        (void)signal(SIGTTOU, SIG_DFL);
        exit(run());
    }
    while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
        (void)tcsetpgrp(0, getpgrp());
        (void)dprintf(STDOUT_FILENO, "job stopped\r\n");
        if (read(STDIN_FILENO, &byte, 1) != 1)
            return 1;
        (void)tcsetpgrp(0, job);
        (void)kill(-job, SIGCONT);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* What the terminal answers (to questions about itself) goes back to the program. */
static void answer(Pty *terminal)
{
    char bytes[256];
    size_t count = vterm_output_read(terminal->vterm, bytes, sizeof bytes);

    if (count > 0 && terminal->report != NULL)
        pty_type(terminal, terminal->report);
    else if (count > 0 && write(terminal->master, bytes, count) < 0)
        perror("write");
}

static bool is_readable(const Pty *terminal, int milliseconds)
{
    struct pollfd source = {.fd = terminal->master, .events = POLLIN};

    return poll(&source, 1, milliseconds) > 0;
}

static void count_frames(Pty *terminal, const char *bytes, ssize_t count)
{
    static const char begin[] = "\033[?2026h";

    for (ssize_t i = 0; i < count; i++) {
        terminal->matched =
            bytes[i] == begin[terminal->matched] ? terminal->matched + 1 : bytes[i] == begin[0];
        if (begin[terminal->matched] == '\0') {
            terminal->frames++;
            terminal->matched = 0;
        }
    }
}

bool pty_pump(Pty *terminal, int milliseconds)
{
    char bytes[4096];
    ssize_t count;

    if (!is_readable(terminal, milliseconds))
        return true;
    count = read(terminal->master, bytes, sizeof bytes);
    if (count <= 0)
        return false;
    terminal->bytes += count;
    count_frames(terminal, bytes, count);
    (void)vterm_input_write(terminal->vterm, bytes, (size_t)count);
    answer(terminal);
    return true;
}

void pty_settle(Pty *terminal)
{
    while (is_readable(terminal, SHORT_PAUSE) && pty_pump(terminal, 0))
        ;
}

static int64_t milliseconds_now(void)
{
    struct timespec moment;

    clock_gettime(CLOCK_MONOTONIC, &moment);
    return moment.tv_sec * (int64_t)1000 + moment.tv_nsec / 1000000;
}

void pty_watch(Pty *terminal, int milliseconds)
{
    int64_t end = milliseconds_now() + milliseconds, left;

    while ((left = end - milliseconds_now()) > 0 && pty_pump(terminal, (int)left))
        ;
}

VTermPos pty_cursor(const Pty *terminal)
{
    VTermPos cursor;

    vterm_state_get_cursorpos(vterm_obtain_state(terminal->vterm), &cursor);
    return cursor;
}

void pty_last_row(const Pty *terminal, char line[PTY_LINE])
{
    int rows, cols;

    vterm_get_size(terminal->vterm, &rows, &cols);
    line[0] = '\0';
    for (int row = rows - 1; row >= 0 && line[0] == '\0'; row--)
        pty_row(terminal, row, line);
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

    while (pty_count_rows(terminal, text) == 0 && time(NULL) < end && pty_pump(terminal, 50))
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
        VTermPos cursor = pty_cursor(terminal);

        pty_row(terminal, cursor.row, line);
        if (cursor.col == 2 && strcmp(line, "> ") == 0)
            return true;
    } while (time(NULL) < end && pty_pump(terminal, 50));
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

int pty_wait(Pty *terminal)
{
    time_t end = time(NULL) + PTY_PATIENCE;
    int status = -1;

    while (waitpid(terminal->child, &status, WNOHANG) == 0 && time(NULL) < end) {
        if (!pty_pump(terminal, SHORT_PAUSE))
            (void)poll(NULL, 0, SHORT_PAUSE);
    }
    pty_settle(terminal);
    return status;
}

int pty_end(Pty *terminal)
{
    int status = pty_wait(terminal);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void pty_hang_up(Pty *terminal)
{
    (void)close(terminal->master);
    terminal->master = -1;
}

void pty_close(Pty *terminal)
{
    if (terminal->master >= 0)
        pty_hang_up(terminal);
    vterm_free(terminal->vterm);
}

bool pty_is_cooked(const Pty *terminal)
{
    struct termios settings;

    return tcgetattr(terminal->master, &settings) == 0 &&
           (settings.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG) &&
           (settings.c_iflag & ICRNL) != 0 && (settings.c_oflag & OPOST) != 0;
}

void pty_resize(const Pty *terminal, int rows, int cols)
{
    struct winsize size = window(rows, cols);

    vterm_set_size(terminal->vterm, rows, cols);
    (void)ioctl(terminal->master, TIOCSWINSZ, &size);
}

/* The screen on a terminal of its own: a child opens it on a pseudo-terminal, libvterm plays the
 * terminal, and the test looks at its cells, its modes and its settings, also after deaths.
 */
#include "view/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
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
#include <vterm.h>

enum { ROWS = 10, COLS = 40, LINE = 512, PATIENCE = 10, GONE_STATUS = 7, EXIT_STATUS = 3 };

typedef struct Terminal {
    int master;
    pid_t child;
    VTerm *vterm;
    VTermScreen *screen;
    bool alternate, cursor;
    long bytes; /* read since the start */
} Terminal;

static int passed, failures;

static void expect(bool holds, const char *what)
{
    if (holds) {
        passed++;
        return;
    }
    failures++;
    printf("failed: %s\n", what);
}

static void draw(Screen *screen, int key)
{
    int rows, cols;
    Canvas *canvas;

    screen_size(screen, &rows, &cols);
    canvas = canvas_new(rows, cols, screen_glyphs(screen));
    canvas_print(canvas, 0, 0, STYLE_PLAIN, "size %d %d", rows, cols);
    canvas_print(canvas, 1, 0, STYLE_BAD, "key %d", key);
    canvas_print(canvas, 2, 0, STYLE_PLAIN, "wide 世 é █");
    canvas_put(canvas, rows - 1, cols - 1, STYLE_PLAIN, '$');
    screen_show(screen, canvas);
    canvas_free(canvas);
}

static void die(char how)
{
    static const struct {
        char key;
        int signal;
    } deaths[] = {{'S', SIGSEGV}, {'A', SIGABRT}, {'B', SIGBUS}, {'F', SIGFPE},
                  {'I', SIGILL},  {'T', SIGTERM}, {'H', SIGHUP}, {'C', SIGINT}};

    if (how == 'e')
        exit(EXIT_STATUS); /* NOLINT(concurrency-mt-unsafe) */
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        if (deaths[i].key == how)
            (void)raise(deaths[i].signal);
    }
}

static int child_main(void)
{
    Screen *screen = NULL;
    Status status = screen_open(&screen);
    int key = KEY_NONE;

    if (failed(status)) {
        printf("refused: %s\n", status.text);
        (void)fflush(stdout);
        return 1;
    }
    for (draw(screen, key); key != 'q'; draw(screen, key)) {
        key = screen_key(screen, 5.0);
        if (key == KEY_GONE)
            _exit(GONE_STATUS);
        if (key > 0 && key < 128)
            die((char)key);
    }
    screen_close(screen);
    screen = NULL;
    printf("one line after\n");
    (void)fflush(stdout);
    return 0;
}

/* As a shell does: the screen is a job of its own, which can be stopped and continued. */
static int shell_main(void)
{
    pid_t job;
    int status;
    char byte;

    (void)signal(SIGTTOU, SIG_IGN);
    job = fork();
    if (job == 0) {
        (void)setpgid(0, 0);
        (void)tcsetpgrp(0, getpid());
        (void)signal(SIGTTOU, SIG_DFL);
        exit(child_main()); /* NOLINT(concurrency-mt-unsafe) */
    }
    while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
        (void)tcsetpgrp(0, getpgrp());
        printf("job stopped\n");
        (void)fflush(stdout);
        if (read(STDIN_FILENO, &byte, 1) != 1)
            return 1;
        (void)tcsetpgrp(0, job);
        (void)kill(-job, SIGCONT);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int on_property(VTermProp property, VTermValue *value, void *user)
{
    Terminal *terminal = user;

    if (property == VTERM_PROP_ALTSCREEN)
        terminal->alternate = value->boolean;
    if (property == VTERM_PROP_CURSORVISIBLE)
        terminal->cursor = value->boolean;
    return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

static void set_environment(const char *name, const char *no_colour)
{
    (void)setenv("TERM", name, 1);          /* NOLINT(concurrency-mt-unsafe) */
    (void)setenv("NO_COLOR", no_colour, 1); /* NOLINT(concurrency-mt-unsafe) */
    (void)unsetenv("LINES");                /* NOLINT(concurrency-mt-unsafe) */
    (void)unsetenv("COLUMNS");              /* NOLINT(concurrency-mt-unsafe) */
}

static void terminal_open(Terminal *terminal, int (*child)(void))
{
    struct winsize size = {.ws_row = ROWS, .ws_col = COLS};

    *terminal = (Terminal){.cursor = true};
    terminal->vterm = vterm_new(ROWS, COLS);
    vterm_set_utf8(terminal->vterm, 1);
    terminal->screen = vterm_obtain_screen(terminal->vterm);
    vterm_screen_enable_altscreen(terminal->screen, 1);
    vterm_screen_set_callbacks(terminal->screen, &callbacks, terminal);
    vterm_screen_reset(terminal->screen, 1);
    (void)fflush(stdout);
    terminal->child = forkpty(&terminal->master, NULL, NULL, &size);
    if (terminal->child == 0)
        exit(child()); /* NOLINT(concurrency-mt-unsafe) */
}

/* Takes what the child has sent within `milliseconds`; false when there is nothing more to come. */
static bool pump(Terminal *terminal, int milliseconds)
{
    struct pollfd source = {.fd = terminal->master, .events = POLLIN};
    char bytes[4096];
    ssize_t count;

    if (poll(&source, 1, milliseconds) <= 0)
        return true;
    count = read(terminal->master, bytes, sizeof bytes);
    if (count <= 0)
        return false;
    terminal->bytes += count;
    (void)vterm_input_write(terminal->vterm, bytes, (size_t)count);
    return true;
}

static void row_text(const Terminal *terminal, int row, char line[LINE])
{
    VTermRect rect = {.start_row = row, .end_row = row + 1, .start_col = 0, .end_col = COLS};
    int rows, cols;
    size_t count;

    vterm_get_size(terminal->vterm, &rows, &cols);
    rect.end_col = cols;
    count = vterm_screen_get_text(terminal->screen, line, LINE - 1, rect);
    line[count] = '\0';
}

static bool shows(const Terminal *terminal, const char *text)
{
    char line[LINE];
    int rows, cols;

    vterm_get_size(terminal->vterm, &rows, &cols);
    for (int row = 0; row < rows; row++) {
        row_text(terminal, row, line);
        if (strstr(line, text) != NULL)
            return true;
    }
    return false;
}

static bool wait_for(Terminal *terminal, const char *text)
{
    time_t end = time(NULL) + PATIENCE;

    while (!shows(terminal, text) && time(NULL) < end && pump(terminal, 50))
        ;
    /* The rest of the frame. */
    while (pump(terminal, 20)) {
        struct pollfd source = {.fd = terminal->master, .events = POLLIN};

        if (poll(&source, 1, 20) <= 0)
            break;
    }
    return shows(terminal, text);
}

static void type(const Terminal *terminal, const char *keys)
{
    if (write(terminal->master, keys, strlen(keys)) < 0)
        perror("write");
}

/* Waits for the child's end; its wait status. */
static int terminal_end(Terminal *terminal)
{
    int status = -1;

    while (pump(terminal, PATIENCE * 1000))
        ;
    (void)waitpid(terminal->child, &status, 0);
    return status;
}

static void terminal_close(Terminal *terminal)
{
    if (terminal->master >= 0)
        (void)close(terminal->master);
    vterm_free(terminal->vterm);
}

static bool is_cooked(const Terminal *terminal)
{
    struct termios settings;

    return tcgetattr(terminal->master, &settings) == 0 &&
           (settings.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG) &&
           (settings.c_iflag & ICRNL) != 0 && (settings.c_oflag & OPOST) != 0;
}

static void test_drawing(void)
{
    Terminal terminal;
    VTermScreenCell cell;
    char line[LINE];

    terminal_open(&terminal, child_main);
    expect(wait_for(&terminal, "size 10 40"), "the first frame is shown");
    expect(terminal.alternate && !terminal.cursor, "alternate screen without a cursor");
    expect(!is_cooked(&terminal), "keys come one by one, without echo");
    row_text(&terminal, 2, line);
    expect(strcmp(line, "wide 世 é █") == 0, "wide and narrow characters stand where they should");
    vterm_screen_get_cell(terminal.screen, (VTermPos){ROWS - 1, COLS - 1}, &cell);
    expect(cell.chars[0] == '$', "the last cell of the last row is shown");
    vterm_screen_get_cell(terminal.screen, (VTermPos){1, 0}, &cell);
    expect(VTERM_COLOR_IS_INDEXED(&cell.fg) && cell.fg.indexed.idx == 166 && cell.attrs.bold,
           "a bad thing is bold and vermillion");
    expect(VTERM_COLOR_IS_DEFAULT_BG(&cell.bg), "the background stays the terminal's own");
    type(&terminal, "q");
    (void)terminal_end(&terminal);
    terminal_close(&terminal);
}

static void test_keys(void)
{
    static const struct {
        const char *typed;
        int key;
    } cases[] = {{"a", 'a'},
                 {"é", 0xE9},
                 {"\033[A", KEY_MOVE_UP},
                 {"\033OB", KEY_MOVE_DOWN},
                 {"\033", KEY_ESCAPE},
                 {"\003", 3},
                 {"\023", 19},
                 {"\r", '\r'},
                 {"\033[5~", KEY_PAGE_UP}};
    Terminal terminal;
    char words[LINE];
    long before;

    terminal_open(&terminal, child_main);
    (void)wait_for(&terminal, "key 0");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        /* Terminals in application mode send ESC O A, which is what terminfo has. */
        const char *typed = cases[i].key == KEY_MOVE_UP ? "\033OA" : cases[i].typed;

        before = terminal.bytes;
        type(&terminal, typed);
        snprintf(words, sizeof words, "key %d", cases[i].key);
        expect(wait_for(&terminal, words), words);
        expect(terminal.bytes - before < 60, "only what changed is sent");
    }
    type(&terminal, "q");
    (void)terminal_end(&terminal);
    terminal_close(&terminal);
}

static void test_resizing(void)
{
    static const int sizes[][2] = {{5, 20}, {30, 100}, {1, 12}, {12, 50}};
    Terminal terminal;
    char words[LINE];

    terminal_open(&terminal, child_main);
    (void)wait_for(&terminal, "size 10 40");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct winsize size = {.ws_row = (unsigned short)sizes[i][0],
                               .ws_col = (unsigned short)sizes[i][1]};

        vterm_set_size(terminal.vterm, sizes[i][0], sizes[i][1]);
        (void)ioctl(terminal.master, TIOCSWINSZ, &size);
        snprintf(words, sizeof words, "size %d %d", sizes[i][0], sizes[i][1]);
        expect(wait_for(&terminal, words), words);
    }
    expect(shows(&terminal, "wide 世 é █") && shows(&terminal, "key -2"),
           "after many sizes the picture is whole");
    type(&terminal, "q");
    (void)terminal_end(&terminal);
    terminal_close(&terminal);
}

static void expect_restored(const Terminal *terminal, const char *what)
{
    char words[LINE];

    snprintf(words, sizeof words, "%s: the alternate screen is left", what);
    expect(!terminal->alternate, words);
    snprintf(words, sizeof words, "%s: the cursor is back", what);
    expect(terminal->cursor, words);
    snprintf(words, sizeof words, "%s: lines and echo are back", what);
    expect(is_cooked(terminal), words);
}

/* The other side stays open meanwhile, or the settings would be gone with the last user. */
static int hold_open(const Terminal *terminal)
{
    return open(ptsname(terminal->master), O_RDWR | O_NOCTTY); /* NOLINT(concurrency-mt-unsafe) */
}

static int wait_status(Terminal *terminal)
{
    int status = -1;
    time_t end = time(NULL) + PATIENCE;

    while (waitpid(terminal->child, &status, WNOHANG) == 0 && time(NULL) < end)
        (void)pump(terminal, 10);
    while (pump(terminal, 20)) {
        struct pollfd source = {.fd = terminal->master, .events = POLLIN};

        if (poll(&source, 1, 20) <= 0)
            break;
    }
    return status;
}

static void test_death(const char *key, int signal, int exit_status)
{
    Terminal terminal;
    char words[LINE];
    int other, status;

    terminal_open(&terminal, child_main);
    other = hold_open(&terminal);
    (void)wait_for(&terminal, "size 10 40");
    type(&terminal, key);
    status = wait_status(&terminal);
    snprintf(words, sizeof words, "death by %s ends as it should (%#x)", key, (unsigned)status);
    if (signal != 0)
        expect(WIFSIGNALED(status) && WTERMSIG(status) == signal, words);
    else
        expect(WIFEXITED(status) && WEXITSTATUS(status) == exit_status, words);
    expect_restored(&terminal, words);
    if (strcmp(key, "q") == 0)
        expect(shows(&terminal, "one line after"), "what is printed after closing stays");
    (void)close(other);
    terminal_close(&terminal);
}

static void test_deaths(void)
{
    test_death("q", 0, 0);
    test_death("e", 0, EXIT_STATUS);
    test_death("S", SIGSEGV, 0);
    test_death("A", SIGABRT, 0);
    test_death("B", SIGBUS, 0);
    test_death("F", SIGFPE, 0);
    test_death("I", SIGILL, 0);
    test_death("T", SIGTERM, 0);
    test_death("H", SIGHUP, 0);
    test_death("C", SIGINT, 0);
}

static void test_stopping(void)
{
    Terminal terminal;
    int other;

    terminal_open(&terminal, shell_main);
    other = hold_open(&terminal);
    expect(wait_for(&terminal, "size 10 40"), "a job of a shell is shown");
    type(&terminal, "\032");
    expect(wait_for(&terminal, "job stopped"), "^Z stops the job");
    expect_restored(&terminal, "stopped");
    type(&terminal, "\n");
    expect(wait_for(&terminal, "key -2"), "continued, the picture is back");
    expect(shows(&terminal, "size 10 40") && shows(&terminal, "wide 世 é █"),
           "continued, all of it is back");
    expect(terminal.alternate && !terminal.cursor && !is_cooked(&terminal),
           "continued, the terminal is ours again");
    type(&terminal, "q");
    (void)wait_status(&terminal);
    expect_restored(&terminal, "closed after a stop");
    (void)close(other);
    terminal_close(&terminal);
}

static int deaf_child_main(void)
{
    (void)signal(SIGHUP, SIG_IGN);
    return child_main();
}

static void test_vanishing(void)
{
    Terminal terminal;
    int status = -1;
    time_t end = time(NULL) + PATIENCE;

    terminal_open(&terminal, deaf_child_main);
    (void)wait_for(&terminal, "size 10 40");
    (void)close(terminal.master);
    terminal.master = -1;
    while (waitpid(terminal.child, &status, WNOHANG) == 0 && time(NULL) < end)
        (void)poll(NULL, 0, 5);
    expect(WIFEXITED(status) && WEXITSTATUS(status) == GONE_STATUS,
           "a terminal that closes is noticed");
    terminal_close(&terminal);
}

static void test_no_colour(void)
{
    Terminal terminal;
    VTermScreenCell cell;

    set_environment("xterm-256color", "1");
    terminal_open(&terminal, child_main);
    (void)wait_for(&terminal, "key 0");
    vterm_screen_get_cell(terminal.screen, (VTermPos){1, 0}, &cell);
    expect(VTERM_COLOR_IS_DEFAULT_FG(&cell.fg) && cell.attrs.bold,
           "NO_COLOR leaves weight and no colour");
    type(&terminal, "q");
    (void)terminal_end(&terminal);
    terminal_close(&terminal);
    set_environment("xterm-256color", "");
}

static int deprived_child_main(void)
{
    int nothing = open("/dev/null", O_RDONLY);

    (void)dup2(nothing, STDIN_FILENO);
    return child_main();
}

static void test_refusal(const char *name, int (*child)(void), const char *words)
{
    Terminal terminal;

    set_environment(name, "");
    terminal_open(&terminal, child);
    (void)wait_for(&terminal, "refused");
    expect(shows(&terminal, words) && !terminal.alternate, words);
    (void)terminal_end(&terminal);
    terminal_close(&terminal);
    set_environment("xterm-256color", "");
}

static void test_refusals(void)
{
    test_refusal("dumb", child_main, "TERM=dumb");
    test_refusal("no-such-terminal", child_main, "TERM=no-such");
    test_refusal("xterm-256color", deprived_child_main, "needs a terminal");
}

int main(void)
{
    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* NOLINT(concurrency-mt-unsafe) */
    set_environment("xterm-256color", "");
    test_drawing();
    test_keys();
    test_resizing();
    test_deaths();
    test_stopping();
    test_vanishing();
    test_no_colour();
    test_refusals();
    printf("%d passed, %d failed\n", passed, failures);
    return failures == 0 ? 0 : 1;
}

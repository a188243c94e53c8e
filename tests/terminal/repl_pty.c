/* The program itself on a terminal of its own: completion, history, Ctrl-C while it trains, the
 * live view, resizing, suspending. libvterm plays the terminal, and the test reads its rows.
 *
 * $HALFSTEP names the program (build/halfstep).
 */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <vterm.h>

enum { ROWS = 24, COLS = 80, LINE = 1024, PATIENCE = 60, PATH = 256 };

typedef struct Terminal {
    int master;
    pid_t child;
    VTerm *vterm;
    VTermScreen *screen;
    bool alternate;
    char folder[PATH];
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

static int on_property(VTermProp property, VTermValue *value, void *user)
{
    Terminal *terminal = user;

    if (property == VTERM_PROP_ALTSCREEN)
        terminal->alternate = value->boolean;
    return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

static const char *program_path(void)
{
    const char *path = getenv("HALFSTEP"); /* NOLINT(concurrency-mt-unsafe) */

    return path == NULL ? "build/halfstep" : path;
}

static void run_program(void)
{
    execl(program_path(), "halfstep", "--backend", "cpu", "--threads", "1", (char *)NULL);
    perror(program_path());
    _exit(1);
}

/* As a shell does: the program is a job of its own, which can be stopped and continued. */
static void run_as_job(void)
{
    int status = 0;
    pid_t job;
    char byte;

    (void)signal(SIGTTOU, SIG_IGN);
    job = fork();
    if (job == 0) {
        (void)setpgid(0, 0);
        (void)tcsetpgrp(0, getpid());
        (void)signal(SIGTTOU, SIG_DFL);
        run_program();
    }
    while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
        (void)tcsetpgrp(0, getpgrp());
        (void)dprintf(STDOUT_FILENO, "job stopped\r\n");
        if (read(STDIN_FILENO, &byte, 1) != 1)
            _exit(1);
        (void)tcsetpgrp(0, job);
        (void)kill(-job, SIGCONT);
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

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

/* A folder of its own for the history, unless `folder` names one. */
static void terminal_open(Terminal *terminal, void (*run)(void), const char *folder)
{
    struct winsize size = {.ws_row = ROWS, .ws_col = COLS};
    char made[] = "/tmp/halfstep-pty-XXXXXX";

    *terminal = (Terminal){0};
    if (folder == NULL)
        folder = mkdtemp(made);
    if (folder != NULL)
        snprintf(terminal->folder, PATH, "%s", folder);
    terminal->vterm = vterm_new(ROWS, COLS);
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
static void answer(Terminal *terminal)
{
    char bytes[256];
    size_t count = vterm_output_read(terminal->vterm, bytes, sizeof bytes);

    if (count > 0 && write(terminal->master, bytes, count) < 0)
        perror("write");
}

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
    (void)vterm_input_write(terminal->vterm, bytes, (size_t)count);
    answer(terminal);
    return true;
}

static void row_text(const Terminal *terminal, int row, char line[LINE])
{
    VTermRect rect = {.start_row = row, .end_row = row + 1, .start_col = 0};
    int rows;
    size_t count;

    vterm_get_size(terminal->vterm, &rows, &rect.end_col);
    count = vterm_screen_get_text(terminal->screen, line, LINE - 1, rect);
    line[count] = '\0';
}

static int count_rows(const Terminal *terminal, const char *text)
{
    char line[LINE];
    int rows, cols, found = 0;

    vterm_get_size(terminal->vterm, &rows, &cols);
    for (int row = 0; row < rows; row++) {
        row_text(terminal, row, line);
        found += strstr(line, text) != NULL;
    }
    return found;
}

static void print_screen(const Terminal *terminal)
{
    char line[LINE];
    int rows, cols;

    vterm_get_size(terminal->vterm, &rows, &cols);
    for (int row = 0; row < rows; row++) {
        row_text(terminal, row, line);
        if (line[0] != '\0')
            printf("    |%s\n", line);
    }
}

static bool wait_for(Terminal *terminal, const char *text)
{
    time_t end = time(NULL) + PATIENCE;

    while (count_rows(terminal, text) == 0 && time(NULL) < end && pump(terminal, 50))
        ;
    if (count_rows(terminal, text) > 0)
        return true;
    printf("no '%s' on\n", text);
    print_screen(terminal);
    return false;
}

/* The cursor's row begins with the prompt, and nothing is behind it. */
static bool wait_for_prompt(Terminal *terminal)
{
    time_t end = time(NULL) + PATIENCE;
    char line[LINE];

    do {
        VTermPos cursor;

        vterm_state_get_cursorpos(vterm_obtain_state(terminal->vterm), &cursor);
        row_text(terminal, cursor.row, line);
        if (cursor.col == 2 && strcmp(line, "> ") == 0)
            return true;
    } while (time(NULL) < end && pump(terminal, 50));
    return false;
}

static void type(const Terminal *terminal, const char *keys)
{
    if (write(terminal->master, keys, strlen(keys)) < 0)
        perror("write");
}

/* Types a line at a fresh prompt. */
static void enter(Terminal *terminal, const char *line)
{
    (void)wait_for_prompt(terminal);
    type(terminal, line);
    type(terminal, "\r");
}

/* Waits for the program's end; its exit status. */
static int terminal_end(Terminal *terminal)
{
    int status = -1;

    while (pump(terminal, PATIENCE * 1000))
        ;
    (void)waitpid(terminal->child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void terminal_close(Terminal *terminal)
{
    (void)close(terminal->master);
    vterm_free(terminal->vterm);
}

static bool is_cooked(const Terminal *terminal)
{
    struct termios settings;

    return tcgetattr(terminal->master, &settings) == 0 &&
           (settings.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG);
}

static void test_banner(void)
{
    Terminal terminal;
    char line[LINE];

    terminal_open(&terminal, run_program, NULL);
    expect(wait_for(&terminal, "type watch, train, help"), "a banner says what to type");
    expect(wait_for_prompt(&terminal), "a prompt follows");
    row_text(&terminal, 0, line);
    expect(strstr(line, "cpu") != NULL, "its first line names what computes");
    type(&terminal, "\004");
    expect(terminal_end(&terminal) == 0, "^D on an empty line ends the program");
    expect(is_cooked(&terminal), "and the terminal is as it was");
    terminal_close(&terminal);
}

static void test_completion(void)
{
    Terminal terminal;

    terminal_open(&terminal, run_program, NULL);
    (void)wait_for_prompt(&terminal);
    type(&terminal, "autoc\tbf\t");
    expect(wait_for(&terminal, "> autocast bf16"), "Tab completes a command and its value");
    type(&terminal, "\r");
    (void)wait_for_prompt(&terminal);
    type(&terminal, "scale dyn\tint\t50");
    expect(wait_for(&terminal, "> scale dynamic interval=50"),
           "Tab completes a key, without a blank");
    type(&terminal, "\025");
    type(&terminal, "print underf\t\"fc2.o\t.g\t");
    expect(wait_for(&terminal, "> print underflow(\"fc2.out.grad"),
           "Tab completes a metric and a tensor");
    type(&terminal, "\025");
    type(&terminal, "sc\t\t");
    expect(wait_for(&terminal, "> scale"), "Tab completes what is unique");
    type(&terminal, "\025s\t\t");
    expect(wait_for(&terminal, "source"), "Tab twice lists what there is");
    type(&terminal, "\025quit\r");
    expect(terminal_end(&terminal) == 0, "quit ends the program");
    terminal_close(&terminal);
}

static void test_history(void)
{
    Terminal first, second;

    terminal_open(&first, run_program, NULL);
    enter(&first, "batch 32");
    enter(&first, "quit");
    (void)terminal_end(&first);
    terminal_open(&second, run_program, first.folder);
    (void)wait_for_prompt(&second);
    type(&second, "\033[A\033[A");
    expect(wait_for(&second, "> batch 32"), "a line of the last session can be called back");
    type(&second, "\025quit\r");
    (void)terminal_end(&second);
    terminal_close(&first);
    terminal_close(&second);
}

static void test_interrupt(void)
{
    Terminal terminal;

    terminal_open(&terminal, run_program, NULL);
    (void)wait_for_prompt(&terminal);
    type(&terminal, "half a line");
    (void)wait_for(&terminal, "> half a line");
    type(&terminal, "\003");
    expect(wait_for_prompt(&terminal), "^C at the prompt clears the line");
    enter(&terminal, "step 5; print step");
    (void)wait_for(&terminal, "5/5");
    enter(&terminal, "train 900 epochs; print \"not\" .. \"reached\"");
    expect(wait_for(&terminal, "/112,500"), "a bar shows how far the training is");
    expect(count_rows(&terminal, "/112,500") == 1, "it is drawn on one line");
    type(&terminal, "\003");
    expect(wait_for(&terminal, "paused after step"), "^C pauses");
    expect(wait_for_prompt(&terminal), "and returns to the prompt");
    expect(count_rows(&terminal, "notreached") == 0, "the rest of the line does not run");
    enter(&terminal, "print step > 5");
    expect(wait_for(&terminal, "true"), "the run is intact");
    enter(&terminal, "train 3");
    expect(wait_for(&terminal, "3/3"), "and goes on");
    enter(&terminal, "quit");
    expect(terminal_end(&terminal) == 0, "quit ends the program");
    terminal_close(&terminal);
}

static void test_long_lines(void)
{
    Terminal terminal;

    terminal_open(&terminal, run_program, NULL);
    enter(&terminal, "net 784 256 128 1O");
    expect(wait_for(&terminal, "'1O' is not a number"), "a mistake is explained");
    expect(count_rows(&terminal, "^~") == 1, "with a caret under it");
    enter(&terminal, "his");
    expect(wait_for(&terminal, "nothing has been trained"), "a verb may be shortened");
    enter(&terminal, "quit");
    (void)terminal_end(&terminal);
    terminal_close(&terminal);
}

static void resize(const Terminal *terminal, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

    vterm_set_size(terminal->vterm, rows, cols);
    (void)ioctl(terminal->master, TIOCSWINSZ, &size);
}

static void test_watch(void)
{
    Terminal terminal;

    terminal_open(&terminal, run_program, NULL);
    enter(&terminal, "watch");
    expect(wait_for(&terminal, "q prompt"), "the view opens with its line of keys");
    expect(terminal.alternate, "on a screen of its own");
    expect(wait_for(&terminal, "space pause"), "and a run is under way");
    type(&terminal, " ");
    expect(wait_for(&terminal, "space run"), "space pauses");
    type(&terminal, "sst");
    expect(wait_for(&terminal, "t stored values"), "t shows true values");
    type(&terminal, "+");
    expect(wait_for(&terminal, "120"), "+ doubles the pace");
    resize(&terminal, 40, 120);
    type(&terminal, "t");
    expect(wait_for(&terminal, "t true values"), "a resized screen is drawn anew");
    resize(&terminal, ROWS, COLS);
    type(&terminal, "np ");
    (void)wait_for(&terminal, "space pause");
    type(&terminal, "q");
    expect(wait_for(&terminal, "paused after step"), "q returns to the prompt and says so");
    expect(!terminal.alternate, "the screen is given back");
    expect(wait_for_prompt(&terminal), "the prompt is there");
    enter(&terminal, "print step > 0");
    expect(wait_for(&terminal, "true"), "the run can be asked");
    enter(&terminal, "watch");
    expect(wait_for(&terminal, "space starts"), "the second time nothing starts by itself");
    type(&terminal, "q");
    enter(&terminal, "run");
    enter(&terminal, "watch");
    (void)wait_for(&terminal, "space pause");
    type(&terminal, "q");
    expect(wait_for(&terminal, "the training goes on"), "a run that was there before goes on");
    enter(&terminal, "pace");
    expect(wait_for(&terminal, "pace max"), "the pace is what it was");
    enter(&terminal, "quit");
    expect(terminal_end(&terminal) == 0, "quit ends the program while it trains");
    terminal_close(&terminal);
}

static void test_suspending(void)
{
    Terminal terminal;

    terminal_open(&terminal, run_as_job, NULL);
    (void)wait_for_prompt(&terminal);
    type(&terminal, "batch 12");
    (void)wait_for(&terminal, "> batch 12");
    type(&terminal, "\032");
    expect(wait_for(&terminal, "job stopped"), "^Z at the prompt stops the program");
    type(&terminal, "\n");
    type(&terminal, "8\r");
    expect(wait_for(&terminal, "batch 128"), "and what was typed is still there");
    enter(&terminal, "watch");
    (void)wait_for(&terminal, "q prompt");
    type(&terminal, "\032");
    expect(wait_for(&terminal, "job stopped") && !terminal.alternate, "^Z in the view, too");
    type(&terminal, "\n");
    expect(wait_for(&terminal, "q prompt"), "and the view comes back");
    type(&terminal, "q");
    enter(&terminal, "quit");
    expect(terminal_end(&terminal) == 0, "quit ends the program");
    terminal_close(&terminal);
}

static void test_vanishing(void)
{
    Terminal terminal;
    int status = -1;
    time_t end = time(NULL) + PATIENCE;

    terminal_open(&terminal, run_program, NULL);
    enter(&terminal, "run");
    (void)wait_for_prompt(&terminal);
    terminal_close(&terminal);
    while (waitpid(terminal.child, &status, WNOHANG) == 0 && time(NULL) < end)
        usleep(10000);
    expect(WIFEXITED(status) || WIFSIGNALED(status), "a terminal that goes ends the program");
}

int main(void)
{
    test_banner();
    test_completion();
    test_history();
    test_interrupt();
    test_long_lines();
    test_watch();
    test_suspending();
    test_vanishing();
    printf("%d passed, %d failed\n", passed, failures);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

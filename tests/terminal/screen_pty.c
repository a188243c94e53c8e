/* The screen on a terminal of its own: a child opens it on a pseudo-terminal, libvterm plays the
 * terminal, and the test looks at its cells, its modes and its settings, also after deaths.
 */
#include "console.h"
#include "expect.h"
#include "screen_child.h"
#include "view/screen.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 10, COLS = 40 };

/* A screen keeps no state, and must not leave folders behind. */
static void open_terminal(Pty *terminal, const PtyProgram *program)
{
    PtyProgram small = *program;

    small.rows = ROWS;
    small.cols = COLS;
    small.folder = "/nonexistent";
    pty_open(terminal, &small);
}

static void open_child(Pty *terminal, int (*run)(void))
{
    open_terminal(terminal, &(PtyProgram){.run = run});
}

static bool shows(const Pty *terminal, const char *text)
{
    return pty_count_rows(terminal, text) > 0;
}

/* Waits for `text` and the rest of its frame. */
static bool wait_for(Pty *terminal, const char *text)
{
    (void)pty_wait_for(terminal, text);
    pty_settle(terminal);
    return shows(terminal, text);
}

static void test_drawing(void)
{
    Pty terminal;
    VTermScreenCell cell;
    char line[PTY_LINE];

    open_child(&terminal, screen_child);
    expect(wait_for(&terminal, "size 10 40"), "the first frame is shown");
    expect(terminal.alternate && terminal.cursor, "alternate screen with a cursor");
    expect(!pty_is_cooked(&terminal), "keys come one by one, without echo");
    pty_row(&terminal, 2, line);
    expect(strcmp(line, "wide 世 é █") == 0, "wide and narrow characters stand where they should");
    vterm_screen_get_cell(terminal.screen, (VTermPos){ROWS - 1, COLS - 1}, &cell);
    expect(cell.chars[0] == '$', "the last cell of the last row is shown");
    vterm_screen_get_cell(terminal.screen, (VTermPos){1, 0}, &cell);
    expect(VTERM_COLOR_IS_INDEXED(&cell.fg) && cell.fg.indexed.idx == 166 && cell.attrs.bold,
           "a bad thing is bold and vermillion");
    expect(VTERM_COLOR_IS_DEFAULT_BG(&cell.bg), "the background stays the terminal's own");
    pty_type(&terminal, "q");
    (void)pty_end(&terminal);
    pty_close(&terminal);
}

static void test_keys(void)
{
    static const struct {
        const char *typed, *shown;
    } cases[] = {{"a", "keys 97"},    {"é", "keys 195 169"}, {"\033OA", "keys 27 79 65"},
                 {"\033", "keys 27"}, {"\023", "keys 19"},   {"\026", "keys 22"},
                 {"\r", "keys 13"},   {"\n", "keys 10"},     {"\004", "keys 4"}};
    Pty terminal;
    long before;

    open_child(&terminal, screen_child);
    (void)wait_for(&terminal, "keys");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        before = terminal.bytes;
        pty_type(&terminal, cases[i].typed);
        expect(wait_for(&terminal, cases[i].shown), cases[i].shown);
        expect(terminal.bytes - before < 100, "only what changed is sent");
    }
    before = terminal.bytes;
    pty_type(&terminal, "\f");
    (void)wait_for(&terminal, "keys 12");
    expect(terminal.bytes - before > 100, "all is sent again when asked for");
    pty_type(&terminal, "q");
    (void)pty_end(&terminal);
    pty_close(&terminal);
}

/* Wide characters that move by one column, over halves of others. */
static void test_moving(void)
{
    static const char moves[] = "adbcadca";
    Pty terminal;
    char line[PTY_LINE], shown[PTY_LINE];

    open_child(&terminal, screen_child);
    (void)wait_for(&terminal, "世界世é");
    for (const char *move = moves; *move != '\0'; move++) {
        pty_type(&terminal, (const char[]){*move, '\0'});
        snprintf(line, sizeof line, "keys %d", *move);
        (void)wait_for(&terminal, line);
        snprintf(line, sizeof line, "%*s世界世é", *move % 4, "");
        pty_row(&terminal, 4, shown);
        expect(strcmp(shown, line) == 0, "wide characters move whole");
    }
    pty_type(&terminal, "q");
    (void)pty_end(&terminal);
    pty_close(&terminal);
}

static void test_resizing(void)
{
    static const int sizes[][2] = {{5, 20}, {30, 100}, {1, 12}, {12, 50}};
    Pty terminal;
    char words[PTY_LINE];

    open_child(&terminal, screen_child);
    (void)wait_for(&terminal, "size 10 40");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        pty_resize(&terminal, sizes[i][0], sizes[i][1]);
        snprintf(words, sizeof words, "size %d %d", sizes[i][0], sizes[i][1]);
        expect(wait_for(&terminal, words), words);
    }
    expect(shows(&terminal, "wide 世 é █") && shows(&terminal, "changed"),
           "after many sizes the picture is whole");
    pty_type(&terminal, "q");
    (void)pty_end(&terminal);
    pty_close(&terminal);
}

static void expect_restored(const Pty *terminal, const char *what)
{
    char words[PTY_LINE];

    snprintf(words, sizeof words, "%s: the alternate screen is left", what);
    expect(!terminal->alternate, words);
    snprintf(words, sizeof words, "%s: the cursor is back", what);
    expect(terminal->cursor, words);
    snprintf(words, sizeof words, "%s: lines and echo are back", what);
    expect(pty_is_cooked(terminal), words);
}

/* The other side stays open meanwhile, or the settings would be gone with the last user. */
static int hold_open(const Pty *terminal)
{
    return open(ptsname(terminal->master), O_RDWR | O_NOCTTY);
}

static void test_death(const char *key, int signal, int exit_status)
{
    Pty terminal;
    char words[PTY_LINE];
    int other, status;

    open_child(&terminal, screen_child);
    other = hold_open(&terminal);
    (void)wait_for(&terminal, "size 10 40");
    pty_type(&terminal, key);
    status = pty_wait(&terminal);
    snprintf(words, sizeof words, "death by %s ends as it should (%#x)", key, (unsigned)status);
    if (signal != 0)
        expect(WIFSIGNALED(status) && WTERMSIG(status) == signal, words);
    else
        expect(WIFEXITED(status) && WEXITSTATUS(status) == exit_status, words);
    expect_restored(&terminal, words);
    if (strcmp(key, "q") == 0)
        expect(shows(&terminal, "one line after"), "what is printed after closing stays");
    if (strcmp(key, "W") == 0)
        expect(shows(&terminal, "last words"), "what was said last is read after a death");
    (void)close(other);
    pty_close(&terminal);
}

static void test_deaths(void)
{
    test_death("q", 0, 0);
    test_death("e", 0, SCREEN_CHILD_LEFT);
    test_death("S", SIGSEGV, 0);
    test_death("A", SIGABRT, 0);
    test_death("W", SIGABRT, 0);
    test_death("B", SIGBUS, 0);
    test_death("F", SIGFPE, 0);
    test_death("I", SIGILL, 0);
    test_death("T", SIGTERM, 0);
    test_death("H", 0, SCREEN_CHILD_GONE);
    test_death("C", SIGINT, 0);
}

static void test_stopping(void)
{
    Pty terminal;
    int other;

    open_child(&terminal, screen_child_job);
    other = hold_open(&terminal);
    expect(wait_for(&terminal, "size 10 40"), "a job of a shell is shown");
    pty_type(&terminal, "\032");
    expect(wait_for(&terminal, "job stopped"), "^Z stops the job");
    expect_restored(&terminal, "stopped");
    pty_type(&terminal, "\n");
    expect(wait_for(&terminal, "changed"), "continued, the picture is back");
    expect(shows(&terminal, "size 10 40") && shows(&terminal, "wide 世 é █"),
           "continued, all of it is back");
    expect(terminal.alternate && terminal.cursor && !pty_is_cooked(&terminal),
           "continued, the terminal is ours again");
    pty_type(&terminal, "q");
    (void)pty_wait(&terminal);
    expect_restored(&terminal, "closed after a stop");
    (void)close(other);
    pty_close(&terminal);
}

static void test_vanishing(void)
{
    Pty terminal;

    open_child(&terminal, screen_child_deaf);
    (void)wait_for(&terminal, "size 10 40");
    pty_hang_up(&terminal);
    expect(pty_end(&terminal) == SCREEN_CHILD_GONE, "a terminal that closes is noticed");
    pty_close(&terminal);
}

static void test_no_colour(void)
{
    Pty terminal;
    VTermScreenCell cell;

    open_terminal(&terminal, &(PtyProgram){.run = screen_child, .colourless = true});
    (void)wait_for(&terminal, "keys");
    vterm_screen_get_cell(terminal.screen, (VTermPos){1, 0}, &cell);
    expect(VTERM_COLOR_IS_DEFAULT_FG(&cell.fg) && cell.attrs.bold,
           "NO_COLOR leaves weight and no colour");
    pty_type(&terminal, "q");
    (void)pty_end(&terminal);
    pty_close(&terminal);
}

static void test_refusal(const char *name, int (*run)(void), const char *words)
{
    Pty terminal;

    open_terminal(&terminal, &(PtyProgram){.run = run, .term = name});
    (void)wait_for(&terminal, "refused");
    expect(shows(&terminal, words) && !terminal.alternate, words);
    (void)pty_end(&terminal);
    pty_close(&terminal);
}

static void test_refusals(void)
{
    test_refusal("dumb", screen_child, "TERM=dumb");
    test_refusal("no-such-terminal", screen_child, "TERM=no-such");
    test_refusal("xterm-256color", screen_child_deprived, "needs a terminal");
}

int main(void)
{
    test_drawing();
    test_keys();
    test_moving();
    test_resizing();
    test_deaths();
    test_stopping();
    test_vanishing();
    test_no_colour();
    test_refusals();
    return expect_sum();
}

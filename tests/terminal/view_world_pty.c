/* The live view and what may happen to its terminal: sizes, other types, noise, a stall, its end; and the
 * ways to die, which leave it as it was.
 */
#include "expect.h"
#include "view.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIES = 100 }; /* of 50 ms: a machine that does much else is slow, not wrong */

static bool cursor_comes_to(Pty *terminal, int row, int col)
{
    for (int i = 0; i < TRIES; i++) {
        pty_watch(terminal, 50);
        if (pty_cursor(terminal).row == row && pty_cursor(terminal).col == col)
            return true;
    }
    return false;
}

static void test_sizes(void)
{
    static const int sizes[][2] = {{1, 8}, {2, 10}, {3, 20}, {5, 8}, {9, 40}, {50, 200}, {24, 80}};
    Pty terminal;

    view_open(&terminal);
    pty_type(&terminal, " ");
    (void)pty_wait_for(&terminal, "space pause");
    pty_type(&terminal, "ab");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        pty_resize(&terminal, sizes[i][0], sizes[i][1]);
        pty_watch(&terminal, 200);
        expect(cursor_comes_to(&terminal, sizes[i][0] - 1, 4), "the cursor is on the last row");
        expect(view_prompt_is(&terminal, "> ab"), "the prompt stays, with what was typed");
    }
    view_quit(&terminal);
}

/* The rows as they are; then all is sent again, and must be the same. */
static int rows_that_differ(Pty *terminal)
{
    static char before[PTY_MOST_ROWS][PTY_LINE];
    char line[PTY_LINE];
    int rows, cols, differ = 0;

    vterm_get_size(terminal->vterm, &rows, &cols);
    for (int row = 0; row < rows; row++)
        pty_row(terminal, row, before[row]);
    pty_type(terminal, "\f");
    pty_watch(terminal, 300);
    for (int row = 0; row < rows; row++) {
        pty_row(terminal, row, line);
        differ += strcmp(line, before[row]) != 0;
    }
    return differ;
}

static void test_resize_storm(void)
{
    unsigned random = 1;
    Pty terminal;

    view_open(&terminal);
    pty_enter(&terminal, "train 30");
    (void)pty_wait_for_prompt(&terminal);
    pty_type(&terminal, "half a line");
    for (int i = 0; i < 400; i++) {
        random = random * 1103515245U + 12345U;
        pty_resize(&terminal, 1 + (int)(random >> 16) % 70, 1 + (int)(random >> 8) % 250);
        pty_watch(&terminal, 6);
    }
    pty_resize(&terminal, 30, 100);
    pty_watch(&terminal, 500);
    expect(view_prompt_is(&terminal, "> half a line"), "after 400 sizes the line is there");
    expect(rows_that_differ(&terminal) == 0, "and the picture is what a whole one would be");
    view_quit(&terminal);
}

/* Keys and drawing are the same on all that can place a cursor. */
static void test_terminals(void)
{
    static const char *const types[] = {"screen-256color", "tmux-256color", "linux", "vt100"};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        Pty terminal;

        view_open_as(&terminal, types[i]);
        pty_type(&terminal, " ");
        expect(pty_wait_for(&terminal, "space pause"), types[i]);
        pty_type(&terminal, "ab\033[D");
        expect(view_prompt_is(&terminal, "> ab"), "the line is edited there");
        pty_settle(&terminal);
        expect(pty_cursor(&terminal).col == 3, "with the cursor in its place");
        view_quit(&terminal);
    }
}

/* How wide blocks are drawn: in one column, in two, or nobody says. */
static void test_widths(void)
{
    static const struct {
        const char *report, *shown, *what;
    } cases[] = {{NULL, "── gradients", "blocks where they take one column"},
                 {"\033[2;3R", "-- gradients", "ASCII where they take two"},
                 {"\033[2;1R", "-- gradients", "ASCII where they are not drawn at all"},
                 {"", "── gradients", "blocks where the terminal does not answer"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Pty terminal;

        view_open_reporting(&terminal, cases[i].report);
        pty_type(&terminal, "ab");
        expect(pty_wait_for(&terminal, cases[i].shown), cases[i].what);
        expect(view_prompt_is(&terminal, "> ab"), "keys typed meanwhile are keys");
        view_quit(&terminal);
    }
}

static void test_late_answer(void)
{
    Pty terminal;

    view_open_reporting(&terminal, "");
    (void)pty_wait_for(&terminal, "── gradients");
    pty_type(&terminal, "ab\033[2;");
    pty_watch(&terminal, 5);
    pty_type(&terminal, "3Rcd");
    expect(pty_wait_for(&terminal, "-- gradients"), "an answer may come late, and in pieces");
    expect(view_prompt_is(&terminal, "> abcd"), "and is not typed");
    pty_type(&terminal, "\025 ");
    expect(pty_wait_for(&terminal, "space pause"), "keys go on");
    view_quit(&terminal);
}

static void test_answer_in_a_paste(void)
{
    Pty terminal;

    view_open_reporting(&terminal, "");
    (void)pty_wait_for(&terminal, "── gradients");
    pty_type(&terminal, "\033[200~ab");
    pty_watch(&terminal, 100);
    pty_type(&terminal, "\033[2;3R");
    pty_watch(&terminal, 100);
    pty_type(&terminal, "cd\033[201~");
    expect(view_prompt_is(&terminal, "> abcd"), "an answer within a paste is none of it");
    expect(pty_wait_for(&terminal, "-- gradients"), "but is heard");
    view_quit(&terminal);
}

static long shown_step(const Pty *terminal)
{
    char line[PTY_LINE], digits[32];
    const char *at;
    size_t count = 0;

    pty_row(terminal, 0, line);
    at = strstr(line, "step ");
    for (at = at == NULL ? "" : at + 5; (*at >= '0' && *at <= '9') || *at == ','; at++) {
        if (*at != ',' && count + 1 < sizeof digits)
            digits[count++] = *at;
    }
    digits[count] = '\0';
    return strtol(digits, NULL, 10);
}

static void test_stalling(void)
{
    Pty terminal;
    long before;

    view_open_at(&terminal, 50, 200);
    pty_enter(&terminal, "pace 100");
    pty_enter(&terminal, "run");
    (void)pty_wait_for(&terminal, "RUN");
    pty_watch(&terminal, 300);
    before = shown_step(&terminal);
    pty_type(&terminal, "print 6*");
    (void)usleep(3000000); /* nothing is read from the terminal */
    pty_type(&terminal, "7\r");
    expect(pty_wait_for(&terminal, "42"), "what was typed while the terminal stalled is there");
    pty_watch(&terminal, 100);
    expect(shown_step(&terminal) - before > 200, "the training went on meanwhile");
    view_quit(&terminal);
}

static void test_vanishing(void)
{
    Pty terminal;
    char path[PTY_PATH + 64];
    struct stat found;

    view_open(&terminal);
    pty_enter(&terminal, "fork other scale=off");
    pty_enter(&terminal, "run");
    (void)pty_wait_for(&terminal, "RUN");
    pty_watch(&terminal, 500);
    pty_hang_up(&terminal);
    expect(pty_end(&terminal) == 1, "a terminal that closes ends the program, which says so");
    snprintf(path, sizeof path, "%s/halfstep/closed.safetensors", terminal.folder);
    expect(stat(path, &found) == 0 && found.st_size > 1000, "and the run is saved");
    snprintf(path, sizeof path, "%s/halfstep/closed-other.safetensors", terminal.folder);
    expect(stat(path, &found) == 0 && found.st_size > 1000, "and so is the one beside it");
    pty_close(&terminal);
}

/* The header of what was saved holds these words. */
static bool saved_with(const Pty *terminal, const char *words)
{
    char path[PTY_PATH + 64], header[2048] = "";
    FILE *file;
    size_t got = 0;

    snprintf(path, sizeof path, "%s/halfstep/closed.safetensors", terminal->folder);
    file = fopen(path, "rb");
    if (file == NULL)
        return false;
    (void)fseek(file, 8, SEEK_SET); /* behind the length of the header */
    got = fread(header, 1, sizeof header - 1, file);
    (void)fclose(file);
    header[got] = '\0';
    return strstr(header, words) != NULL;
}

static void test_vanishing_within_a_step(const char *rest, const char *next, const char *saved)
{
    Pty terminal;

    view_open(&terminal);
    pty_enter(&terminal, "data moons; net 2 8 2; train 3; step --phases");
    pty_enter(&terminal, rest);
    expect(pty_wait_for(&terminal, next), "the status says which phase is next");
    pty_hang_up(&terminal);
    expect(pty_end(&terminal) == 1, "a terminal that closes ends the program");
    expect(saved_with(&terminal, saved), "no half step is saved");
    pty_close(&terminal);
}

static void test_death(int signal)
{
    Pty terminal;
    char words[64];
    int other, status;

    view_open(&terminal);
    other = open(ptsname(terminal.master), O_RDWR | O_NOCTTY);
    pty_type(&terminal, " ");
    (void)pty_wait_for(&terminal, "space pause");
    (void)kill(terminal.child, signal);
    status = pty_wait(&terminal);
    snprintf(words, sizeof words, "signal %d ends the view (%#x)", signal, (unsigned)status);
    expect(WIFSIGNALED(status) && WTERMSIG(status) == signal, words);
    expect(pty_is_cooked(&terminal) && !terminal.alternate && terminal.cursor,
           "and the terminal is as it was");
    (void)close(other);
    pty_close(&terminal);
}

static void test_deaths(void)
{
    static const int signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTERM};

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        test_death(signals[i]);
}

/* What no keyboard sends. */
static void test_noise(void)
{
    unsigned random = 7;
    Pty terminal;

    view_open(&terminal);
    for (int i = 0; i < 300; i++) {
        char bytes[32];
        int count = 0;

        while (count < 31) {
            random = random * 1103515245U + 12345U;
            /* Without what leaves: Enter, ^C, ^D, ^Z, ^\. */
            if (strchr("\r\n\003\004\032\034", (int)(random >> 16) & 255) == NULL)
                bytes[count++] = (char)(random >> 16);
        }
        bytes[31] = '\0';
        pty_type(&terminal, bytes);
        pty_watch(&terminal, 2);
    }
    pty_watch(&terminal, 700);
    pty_type(&terminal, "\007\003");
    pty_enter(&terminal, "print 6*7");
    expect(pty_wait_for(&terminal, "42"), "after noise the prompt is there");
    view_quit(&terminal);
}

static void test_nothing_moves(void)
{
    Pty terminal;
    long bytes;

    view_open(&terminal);
    pty_settle(&terminal);
    bytes = terminal.bytes;
    pty_watch(&terminal, 1000);
    expect(terminal.bytes == bytes, "while nothing trains nothing is sent");
    pty_type(&terminal, " ");
    (void)pty_wait_for(&terminal, "space pause");
    bytes = terminal.frames;
    pty_watch(&terminal, 2000);
    expect(terminal.frames - bytes <= 64, "at most 30 frames a second are");
    view_quit(&terminal);
}

int main(void)
{
    test_sizes();
    test_resize_storm();
    test_terminals();
    test_widths();
    test_late_answer();
    test_answer_in_a_paste();
    test_stalling();
    test_vanishing();
    test_vanishing_within_a_step("phase", "next: loss", "\"step\":\"3\",\"taken\":\"3\"");
    test_vanishing_within_a_step("phase; phase; phase; phase; phase", "next: update",
                                 "\"step\":\"4\",\"taken\":\"4\"");
    test_deaths();
    test_noise();
    test_nothing_moves();
    return expect_sum();
}

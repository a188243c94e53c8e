/* The live view on a terminal of its own: what is typed into it, what it answers, sizes, a terminal that
 * stalls or vanishes, and what is left behind after each way to die.
 *
 * $HALFSTEP names the program (build/halfstep).
 */
#include "console.h"
#include "expect.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int run_view(void)
{
    const char *path = getenv("HALFSTEP");

    execl(path == NULL ? "build/halfstep" : path, "halfstep", "--backend", "cpu", "--threads", "1",
          "--watch", (char *)NULL);
    perror("halfstep");
    return 1;
}

static void open_view_at(Pty *terminal, int rows, int cols)
{
    pty_open(terminal, &(PtyProgram){.run = run_view, .rows = rows, .cols = cols});
    (void)pty_wait_for_prompt(terminal);
}

static void open_view(Pty *terminal)
{
    open_view_at(terminal, 0, 0);
}

static void quit(Pty *terminal)
{
    pty_type(terminal, "\003\025quit\r");
    expect(pty_end(terminal) == 0, "quit ends the program in the view");
    expect(pty_is_cooked(terminal) && !terminal->alternate && terminal->cursor,
           "and the terminal is as it was");
    pty_close(terminal);
}

static bool prompt_is(Pty *terminal, const char *text)
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

static void test_editing(void)
{
    Pty terminal;

    open_view(&terminal);
    expect(terminal.alternate && terminal.cursor, "the view has a screen, and the prompt a cursor");
    pty_type(&terminal, "batch 33\001\004\004\004\004\004BATCH\005");
    expect(prompt_is(&terminal, "> BATCH 33"), "a line is edited as at the prompt");
    pty_type(&terminal, "\025caf\303\251 \344\270\226x\002");
    expect(prompt_is(&terminal, "> café 世x"), "characters of several bytes are typed");
    expect(pty_cursor(&terminal).col == 9, "the cursor stands by columns, not bytes");
    pty_type(&terminal, "\002\002\002\002");
    (void)pty_wait_for(&terminal, "café");
    pty_settle(&terminal);
    expect(pty_cursor(&terminal).col == 4, "and moves by characters");
    pty_type(&terminal, "\005\025a\026\001b");
    expect(prompt_is(&terminal, "> a^Ab"), "a control character is shown");
    quit(&terminal);
}

static void test_long_line(void)
{
    Pty terminal;
    char line[PTY_LINE];

    open_view_at(&terminal, 24, 40);
    for (int i = 0; i < 10; i++)
        pty_type(&terminal, "0123456789");
    pty_type(&terminal, "end");
    (void)pty_wait_for(&terminal, "end");
    pty_settle(&terminal);
    pty_last_row(&terminal, line);
    expect(line[0] == '<' && strstr(line, "789end") != NULL,
           "a long line moves aside, and says so");
    pty_type(&terminal, "\001");
    (void)pty_wait_for(&terminal, "> 0123");
    pty_settle(&terminal);
    pty_last_row(&terminal, line);
    expect(strlen(line) == 40 && line[39] == '>', "its other end, too");
    expect(pty_cursor(&terminal).col == 2, "the cursor is on its beginning");
    quit(&terminal);
}

static void test_history_and_search(void)
{
    Pty terminal;

    open_view(&terminal);
    pty_enter(&terminal, "print 1 # caf\303\251");
    pty_enter(&terminal, "batch 17");
    (void)pty_wait_for_prompt(&terminal);
    pty_type(&terminal, "\033[A");
    expect(prompt_is(&terminal, "> batch 17"), "the last line can be called back");
    pty_type(&terminal, "\033[B\022\303\251");
    expect(pty_wait_for(&terminal, "(reverse-i-search)`é': print 1 # café"),
           "^R searches, in characters of several bytes");
    pty_type(&terminal, "\r");
    expect(pty_wait_for_prompt(&terminal) && pty_count_rows(&terminal, "> print 1 # café") == 1,
           "Enter runs what was found");
    pty_type(&terminal, "\022bat\033");
    expect(prompt_is(&terminal, "> batch 17"), "Escape ends a search and keeps the line");
    pty_type(&terminal, "\003");
    expect(prompt_is(&terminal, ">"), "^C clears the line");
    pty_type(&terminal, "\022bat\003");
    expect(prompt_is(&terminal, ">"), "and ends a search");
    pty_type(&terminal, "\023");
    pty_enter(&terminal, "\025print 6*7");
    expect(pty_wait_for(&terminal, "42"), "^S stops nothing");
    quit(&terminal);
}

static void test_completion(void)
{
    Pty terminal;

    open_view(&terminal);
    pty_type(&terminal, "autoc\tbf\t");
    expect(prompt_is(&terminal, "> autocast bf16"), "Tab completes");
    pty_type(&terminal, "\025s\t\t");
    expect(pty_wait_for(&terminal, "source"), "Tab twice lists what there is, above the prompt");
    expect(prompt_is(&terminal, "> s"), "which stays as it was");
    quit(&terminal);
}

static void test_pasting(void)
{
    Pty terminal;

    open_view(&terminal);
    pty_type(&terminal, "\033[200~batch 31\nprint 40 + 2\033[201~");
    expect(prompt_is(&terminal, "> batch 31^Jprint 40 + 2"), "pasted lines wait for Enter");
    pty_type(&terminal, "\r");
    expect(pty_wait_for(&terminal, "42"), "and then run one after the other");
    pty_enter(&terminal, "batch");
    expect(pty_wait_for(&terminal, "batch 31"), "all of them");
    pty_type(&terminal, "print 1\rprint 2\rbatch\r");
    expect(pty_wait_for_prompt(&terminal) && pty_wait_for(&terminal, "batch 31"),
           "lines that come at once without brackets run, too");
    quit(&terminal);
}

static void test_keys(void)
{
    Pty terminal;

    open_view(&terminal);
    pty_type(&terminal, " ");
    expect(pty_wait_for(&terminal, "space pause"), "space on an empty line runs");
    pty_type(&terminal, "+");
    expect(pty_wait_for(&terminal, "pace 120/s"), "+ doubles the pace");
    pty_type(&terminal, "-");
    expect(pty_wait_for(&terminal, "pace 60/s"), "- halves it");
    pty_type(&terminal, "a - b");
    expect(prompt_is(&terminal, "> a - b"), "on a line they are characters");
    pty_type(&terminal, "\033[15~");
    expect(pty_wait_for(&terminal, "PAUSE") && prompt_is(&terminal, "> a - b"),
           "F5 pauses, whatever is typed");
    pty_type(&terminal, "\025>");
    pty_enter(&terminal, "pause");
    expect(pty_wait_for(&terminal, "nothing is training"), "commands and keys mix");
    pty_type(&terminal, " ");
    (void)pty_wait_for(&terminal, "space pause");
    pty_type(&terminal, "\003");
    expect(pty_wait_for(&terminal, "space run"), "^C on an empty line pauses");
    pty_type(&terminal, "\003");
    expect(pty_wait_for(&terminal, "^D or watch off"), "and then says how to leave");
    pty_enter(&terminal, "reset; step 2; print step");
    (void)pty_wait_for(&terminal, "step 2");
    pty_enter(&terminal, "step 3");
    (void)pty_wait_for(&terminal, "step 5");
    (void)pty_wait_for_prompt(&terminal);
    pty_type(&terminal, "\r");
    expect(pty_wait_for(&terminal, "step 8"), "Enter on an empty line repeats a step");
    pty_type(&terminal, "\004");
    expect(pty_wait_for(&terminal, "the view is closed") && !terminal.alternate,
           "^D on an empty line leaves the view");
    pty_enter(&terminal, "watch");
    expect(pty_wait_for(&terminal, "space run"), "watch opens it again");
    quit(&terminal);
}

static void test_answers(void)
{
    Pty terminal;

    open_view(&terminal);
    pty_enter(&terminal, "help");
    expect(pty_wait_for(&terminal, "more: PgDn"), "a long answer says that there is more");
    expect(pty_count_rows(&terminal, "build an experiment") == 1, "it begins at its beginning");
    expect(pty_count_rows(&terminal, "── gradients") == 1, "and leaves room for the picture");
    pty_type(&terminal, "\033[6~\033[6~\033[6~\033[6~\033[6~\033[6~");
    expect(pty_wait_for(&terminal, "say more"), "PgDn goes to its end");
    pty_type(&terminal, "\033");
    expect(pty_wait_for(&terminal, "── log"), "Escape puts it away");
    pty_type(&terminal, "\033[5~");
    expect(pty_wait_for(&terminal, "help"), "PgUp brings it back");
    pty_enter(&terminal, "net 784 1O");
    expect(pty_wait_for(&terminal, "'1O' is not a number"), "a mistake is explained");
    pty_enter(&terminal, "step 4; show loss");
    expect(pty_wait_for(&terminal, "loss"), "a panel can be an answer");
    pty_enter(&terminal, "train 40; print 6*7");
    expect(pty_wait_for(&terminal, "42"),
           "a training that is waited for ends, and its line goes on");
    pty_enter(&terminal, "train 900 epochs; print 5*5");
    (void)pty_wait_for(&terminal, "space pause");
    pty_type(&terminal, "batch 9");
    expect(prompt_is(&terminal, "> batch 9"), "meanwhile the next line can be typed");
    pty_type(&terminal, "\003");
    expect(pty_wait_for(&terminal, "paused after step"), "^C pauses it");
    expect(pty_count_rows(&terminal, "25") == 0 || pty_count_rows(&terminal, "5*5") == 1,
           "and the rest of the line does not run");
    quit(&terminal);
}

static void test_sizes(void)
{
    static const int sizes[][2] = {{1, 8}, {2, 10}, {3, 20}, {5, 8}, {9, 40}, {50, 200}, {24, 80}};
    Pty terminal;

    open_view(&terminal);
    pty_type(&terminal, " ");
    (void)pty_wait_for(&terminal, "space pause");
    pty_type(&terminal, "ab");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        pty_resize(&terminal, sizes[i][0], sizes[i][1]);
        pty_watch(&terminal, 300);
        expect(prompt_is(&terminal, "> ab"), "the prompt stays, with what was typed");
        expect(pty_cursor(&terminal).row == sizes[i][0] - 1 && pty_cursor(&terminal).col == 4,
               "on the last row, with its cursor");
    }
    quit(&terminal);
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

    open_view(&terminal);
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
    expect(prompt_is(&terminal, "> half a line"), "after 400 sizes the line is there");
    expect(rows_that_differ(&terminal) == 0, "and the picture is what a whole one would be");
    quit(&terminal);
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

    open_view_at(&terminal, 50, 200);
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
    quit(&terminal);
}

static void test_vanishing(void)
{
    Pty terminal;
    char path[PTY_PATH + 64];
    struct stat found;

    open_view(&terminal);
    pty_enter(&terminal, "run");
    (void)pty_wait_for(&terminal, "RUN");
    pty_watch(&terminal, 500);
    pty_hang_up(&terminal);
    expect(pty_end(&terminal) == 1, "a terminal that closes ends the program, which says so");
    snprintf(path, sizeof path, "%s/halfstep/closed.safetensors", terminal.folder);
    expect(stat(path, &found) == 0 && found.st_size > 1000, "and the run is saved");
    pty_close(&terminal);
}

static void test_death(int signal)
{
    Pty terminal;
    char words[64];
    int other, status;

    open_view(&terminal);
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

    open_view(&terminal);
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
    quit(&terminal);
}

static void test_nothing_moves(void)
{
    Pty terminal;
    long bytes;

    open_view(&terminal);
    pty_settle(&terminal);
    bytes = terminal.bytes;
    pty_watch(&terminal, 1000);
    expect(terminal.bytes == bytes, "while nothing trains nothing is sent");
    pty_type(&terminal, " ");
    (void)pty_wait_for(&terminal, "space pause");
    bytes = terminal.frames;
    pty_watch(&terminal, 2000);
    expect(terminal.frames - bytes <= 64, "at most 30 frames a second are");
    quit(&terminal);
}

int main(void)
{
    test_editing();
    test_long_line();
    test_history_and_search();
    test_completion();
    test_pasting();
    test_keys();
    test_answers();
    test_sizes();
    test_resize_storm();
    test_stalling();
    test_vanishing();
    test_deaths();
    test_noise();
    test_nothing_moves();
    return expect_sum();
}

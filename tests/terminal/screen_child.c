#include "screen_child.h"

#include "console.h"
#include "repl/answers.h"
#include "view/screen.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BYTES = 64, CONTROL_L = 12 };

/* What came last: bytes, or a change of the screen. */
typedef struct Input {
    char bytes[BYTES];
    int count;
    bool changed;
} Input;

static void draw(Screen *screen, const Input *input)
{
    int rows, cols, col;
    Canvas *canvas;

    screen_size(screen, &rows, &cols);
    canvas = canvas_new(rows, cols, screen_glyphs(screen));
    canvas_print(canvas, 0, 0, STYLE_PLAIN, "size %d %d", rows, cols);
    col = canvas_print(canvas, 1, 0, STYLE_BAD, input->changed ? "changed" : "keys");
    for (int i = 0; i < input->count; i++)
        col = canvas_print(canvas, 1, col, STYLE_BAD, " %d", (unsigned char)input->bytes[i]);
    canvas_print(canvas, 2, 0, STYLE_PLAIN, "wide 世 é █");
    col = input->count > 0 ? input->bytes[0] % 4 : 0;
    canvas_print(canvas, 4, col, STYLE_PLAIN, "世界世é");
    canvas_put(canvas, rows - 1, cols - 1, STYLE_PLAIN, '$');
    screen_show(screen, canvas, rows > 3 ? 3 : 0, 5);
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
        exit(SCREEN_CHILD_LEFT);
    if (how == 'W' && answers_new() != NULL) {
        (void)fputs("last words\n", stderr);
        abort();
    }
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        if (deaths[i].key == how)
            (void)raise(deaths[i].signal);
    }
}

static void take(Screen *screen, Input *input)
{
    unsigned news = screen_wait(screen, 5.0);
    char bytes[BYTES];
    size_t count;

    input->changed = (news & SCREEN_CHANGED) != 0;
    if ((news & SCREEN_GONE) != 0)
        exit(SCREEN_CHILD_GONE);
    if ((news & SCREEN_TYPED) == 0)
        return;
    if (!screen_read(screen, bytes, BYTES, &count))
        exit(SCREEN_CHILD_GONE);
    if (count == 0)
        return;
    memcpy(input->bytes, bytes, count);
    input->count = (int)count;
    die(bytes[0]);
    if (bytes[0] == CONTROL_L)
        screen_repaint(screen);
}

int screen_child(void)
{
    Screen *screen = NULL;
    Input input = {.count = 0};
    Status status;

    (void)setlocale(LC_CTYPE, "");
    status = screen_open(&screen);
    if (failed(status)) {
        printf("refused: %s\n", status.text);
        (void)fflush(stdout);
        return 1;
    }
    while (input.count != 1 || input.bytes[0] != 'q') {
        draw(screen, &input);
        take(screen, &input);
    }
    screen_close(screen);
    printf("one line after\n");
    (void)fflush(stdout);
    return 0;
}

int screen_child_job(void)
{
    return pty_run_job(screen_child);
}

int screen_child_deaf(void)
{
    (void)signal(SIGHUP, SIG_IGN);
    return screen_child();
}

int screen_child_deprived(void)
{
    int nothing = open("/dev/null", O_RDONLY);

    (void)dup2(nothing, STDIN_FILENO);
    return screen_child();
}

#include "screen_child.h"

#include "console.h"
#include "view/screen.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
        exit(SCREEN_CHILD_LEFT);
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        if (deaths[i].key == how)
            (void)raise(deaths[i].signal);
    }
}

int screen_child(void)
{
    Screen *screen = NULL;
    int key = KEY_NONE;
    Status status;

    (void)setlocale(LC_CTYPE, "");
    status = screen_open(&screen);
    if (failed(status)) {
        printf("refused: %s\n", status.text);
        (void)fflush(stdout);
        return 1;
    }
    for (draw(screen, key); key != 'q'; draw(screen, key)) {
        key = screen_key(screen, 5.0);
        if (key == KEY_GONE)
            _exit(SCREEN_CHILD_GONE);
        if (key > 0 && key < 128)
            die((char)key);
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

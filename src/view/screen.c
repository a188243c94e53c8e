#include "view/screen.h"

#include "base/memory.h"
#include "view/guard.h"
#include "view/style.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

enum { RESTORE_BYTES = 256, ESCAPE_MILLISECONDS = 25, LONGEST_WAIT = 1 << 30 };
enum { CONTROL_Z = 26, CONTROL_L = 12 };

struct Screen {
    SCREEN *curses;
    FILE *in, *out;
    int fd;
    int rows, cols;
    WINDOW *keys; /* a pad: reading from it paints nothing */
    bool stale;   /* what the terminal shows is not known: all is sent again */
    Theme theme;
    attr_t attrs[STYLE_COUNT];
    short pairs[STYLE_COUNT];
};

static const char *environment(const char *name)
{
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): the main thread only */

    return value == NULL ? "" : value;
}

/* The Linux console knows UTF-8, but its fonts have neither the blocks nor Braille. */
Glyphs screen_locale_glyphs(void)
{
    const char *codeset = nl_langinfo(CODESET); /* NOLINT(concurrency-mt-unsafe): the same */

    if (strcmp(codeset, "UTF-8") != 0 || strcmp(environment("TERM"), "linux") == 0)
        return GLYPHS_ASCII;
    return GLYPHS_UTF8;
}

Glyphs screen_glyphs(const Screen *screen)
{
    (void)screen;
    return screen_locale_glyphs();
}

/* Fails: STATUS_UNSUPPORTED. Asked before curses starts, since it would paint. */
static Status check_terminal(void)
{
    int error = 0;
    bool moves;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return fail(STATUS_UNSUPPORTED, "the live view needs a terminal, and standard input or "
                                        "output is none: use show at the prompt or in a script");
    if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
        return fail(STATUS_UNSUPPORTED,
                    "the terminal type TERM=%s is not known here: try TERM=xterm-256color",
                    environment("TERM"));
    moves = tigetstr("cup") != NULL && tigetstr("clear") != NULL;
    (void)del_curterm(cur_term);
    if (!moves)
        return fail(STATUS_UNSUPPORTED,
                    "the terminal type TERM=%s cannot place the cursor, which the live view "
                    "needs: use show at the prompt",
                    environment("TERM"));
    return ok();
}

/* Appends a capability without its $<delays>, which only tputs understands. */
static size_t append_capability(char *bytes, size_t used, const char *name)
{
    const char *text = tigetstr(name);

    if (text == NULL || text == (const char *)-1) /* NOLINT(performance-no-int-to-ptr): terminfo */
        return used;
    while (*text != '\0' && used < RESTORE_BYTES) {
        if (text[0] == '$' && text[1] == '<' && strchr(text, '>') != NULL)
            text = strchr(text, '>') + 1;
        else
            bytes[used++] = *text++;
    }
    return used;
}

/* What must be sent to undo curses, in this order. */
static size_t restore_bytes(char bytes[RESTORE_BYTES])
{
    static const char *const names[] = {"sgr0", "oc", "rmkx", "cnorm", "rmcup"};
    size_t used = 0;
    int error;

    if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
        return 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        used = append_capability(bytes, used, names[i]);
    (void)del_curterm(cur_term);
    return used;
}

/* Our own way to the terminal, so that standard output may go elsewhere meanwhile. */
static void open_terminal(Screen *screen)
{
    int in = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    int out;

    if (in < 0)
        in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    out = fcntl(in, F_DUPFD_CLOEXEC, 0);
    screen->fd = in;
    screen->in = fdopen(in, "r");
    screen->out = fdopen(out, "w");
}

static void close_terminal(Screen *screen)
{
    if (screen->in != NULL)
        (void)fclose(screen->in);
    if (screen->out != NULL)
        (void)fclose(screen->out);
}

static void style_with_colour(Screen *screen, int style)
{
    StyleLook look = style_look(screen->theme, (Style)style);
    int colour = COLORS >= 256 ? look.colour_256 : look.colour_8;

    screen->attrs[style] = (look.bold ? A_BOLD : 0) | (look.dim ? A_DIM : 0);
    screen->pairs[style] = 0;
    if (colour != COLOUR_OWN) {
        screen->pairs[style] = (short)(style + 1);
        (void)init_pair(screen->pairs[style], (short)colour, -1);
    }
}

static void style_without_colour(Screen *screen, int style)
{
    StyleLook look = style_look(screen->theme, (Style)style);

    screen->attrs[style] = (look.mono_bold ? A_BOLD : 0) | (look.mono_dim ? A_DIM : 0);
}

static void choose_styles(Screen *screen)
{
    bool colour = environment("NO_COLOR")[0] == '\0' && has_colors() && start_color() == OK &&
                  use_default_colors() == OK && COLORS >= 8;

    for (int style = 0; style < STYLE_COUNT; style++) {
        if (colour)
            style_with_colour(screen, style);
        else
            style_without_colour(screen, style);
    }
}

void screen_theme(Screen *screen, Theme theme)
{
    if (theme.palette == screen->theme.palette && theme.contrast == screen->theme.contrast)
        return;
    screen->theme = theme;
    choose_styles(screen);
    screen->stale = true;
}

/* raw: ^C, ^Z and ^S arrive as characters, so that no signal stops us half way through a frame. */
static void start_curses(Screen *screen)
{
    guard_visual(true);
    (void)raw();
    (void)noecho();
    (void)nonl();
    (void)intrflush(stdscr, FALSE);
    (void)typeahead(-1);
    (void)set_escdelay(ESCAPE_MILLISECONDS);
    (void)curs_set(0);
    (void)leaveok(stdscr, TRUE);
    screen->keys = newpad(1, 1);
    (void)keypad(screen->keys, TRUE);
    (void)nodelay(screen->keys, TRUE);
    choose_styles(screen);
    screen->rows = LINES;
    screen->cols = COLS;
}

Status screen_open(Screen **screen)
{
    char restore[RESTORE_BYTES];
    Screen *opened;

    TRY(check_terminal());
    opened = xcalloc(1, sizeof *opened);
    open_terminal(opened);
    guard_open(opened->fd, restore, restore_bytes(restore));
    if (opened->in != NULL && opened->out != NULL)
        opened->curses = newterm(NULL, opened->out, opened->in);
    if (opened->curses == NULL) {
        guard_close();
        close_terminal(opened);
        free(opened);
        return fail(STATUS_UNSUPPORTED,
                    "the terminal cannot be opened as TERM=%s: use show at the prompt",
                    environment("TERM"));
    }
    start_curses(opened);
    *screen = opened;
    return ok();
}

void screen_close(Screen *screen)
{
    if (screen == NULL)
        return;
    (void)endwin();
    guard_visual(false);
    guard_close();
    (void)delwin(screen->keys);
    delscreen(screen->curses);
    close_terminal(screen);
    free(screen);
}

void screen_size(Screen *screen, int *rows, int *cols)
{
    struct winsize size = {0};

    if (ioctl(screen->fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
        (size.ws_row != screen->rows || size.ws_col != screen->cols)) {
        (void)resize_term(size.ws_row, size.ws_col);
        screen->rows = size.ws_row;
        screen->cols = size.ws_col;
        screen->stale = true;
    }
    *rows = screen->rows;
    *cols = screen->cols;
}

static void fill_line(const Screen *screen, const Canvas *canvas, int row, cchar_t *line)
{
    int used = 0;

    for (int col = 0; col < canvas_cols(canvas); col++) {
        Cell cell = canvas_cell(canvas, row, col);
        wchar_t text[2] = {(wchar_t)cell.rune, L'\0'};

        /* The left half of a wide character fills both. */
        if (cell.rune == 0)
            continue;
        (void)setcchar(&line[used++], text, screen->attrs[cell.style], screen->pairs[cell.style],
                       NULL);
    }
    (void)mvadd_wchnstr(row, 0, line, used);
}

void screen_show(Screen *screen, const Canvas *canvas)
{
    cchar_t *line = xcalloc((size_t)canvas_cols(canvas) + 1, sizeof *line);

    (void)erase();
    for (int row = 0; row < canvas_rows(canvas) && row < screen->rows; row++)
        fill_line(screen, canvas, row, line);
    free(line);
    if (screen->stale)
        (void)clearok(curscr, TRUE);
    screen->stale = false;
    (void)refresh();
}

/* The terminal goes back to the shell until we are continued. */
static int suspend(Screen *screen)
{
    (void)endwin();
    guard_visual(false);
    guard_stop();
    guard_visual(true);
    (void)curs_set(0);
    screen->stale = true;
    return KEY_RESIZED;
}

static int special_key(wint_t code)
{
    static const struct {
        wint_t code;
        int key;
    } keys[] = {
        {KEY_UP, KEY_MOVE_UP},       {KEY_DOWN, KEY_MOVE_DOWN}, {KEY_LEFT, KEY_MOVE_LEFT},
        {KEY_RIGHT, KEY_MOVE_RIGHT}, {KEY_PPAGE, KEY_PAGE_UP},  {KEY_NPAGE, KEY_PAGE_DOWN},
        {KEY_ENTER, '\r'},           {KEY_BACKSPACE, 127},
    };

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (keys[i].code == code)
            return keys[i].key;
    }
    return KEY_NONE;
}

/* A key that has arrived already; false where there is none. */
static bool take_key(Screen *screen, int *key)
{
    wint_t code;
    int kind = wget_wch(screen->keys, &code);

    if (kind == ERR)
        return false;
    *key = kind == KEY_CODE_YES ? special_key(code) : (int)code;
    if (kind != KEY_CODE_YES && code == CONTROL_Z)
        *key = suspend(screen);
    if (kind != KEY_CODE_YES && code == CONTROL_L) {
        screen->stale = true;
        *key = KEY_RESIZED;
    }
    return true;
}

static int take_news(Screen *screen)
{
    Noticed noticed = guard_noticed();

    if (noticed.suspend)
        return suspend(screen);
    if (noticed.continued)
        screen->stale = true;
    return noticed.resized || noticed.continued ? KEY_RESIZED : KEY_NONE;
}

static int milliseconds(double seconds)
{
    if (!(seconds > 0.0))
        return 0;
    return (int)fmin(ceil(seconds * 1000.0), LONGEST_WAIT);
}

int screen_key(Screen *screen, double seconds)
{
    struct pollfd sources[2] = {{.fd = screen->fd, .events = POLLIN},
                                {.fd = guard_fd(), .events = POLLIN}};
    int key = KEY_NONE;

    if (take_key(screen, &key))
        return key;
    if (poll(sources, 2, milliseconds(seconds)) < 0)
        return errno == EINTR ? take_news(screen) : KEY_GONE;
    if (sources[1].revents != 0)
        return take_news(screen);
    if (sources[0].revents == 0 || take_key(screen, &key))
        return key;
    /* Readable, and yet nothing to read: the other end has closed. */
    return KEY_GONE;
}

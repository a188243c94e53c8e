#include "view/screen.h"

#include "base/memory.h"
#include "view/guard.h"
#include "view/outlet.h"
#include "view/report.h"
#include "view/style.h"
#include "view/terminfo.h"

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
#include <termios.h>
#include <unistd.h>

enum { LONGEST_WAIT = 1 << 30 };

struct Screen {
    SCREEN *curses;
    FILE *in, *out;
    int fd;
    Outlet outlet;
    int rows, cols;
    bool direct;  /* curses is about to set the terminal up: it must reach it */
    Asked asked;  /* how wide it draws blocks */
    bool stale;   /* what the terminal shows is not known: all is sent again */
    Canvas *told; /* what curses was told to show; NULL: nothing yet */
    cchar_t *row; /* room for one */
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
    return screen->asked.wide ? GLYPHS_ASCII : screen_locale_glyphs();
}

static void close_terminal(Screen *screen)
{
    outlet_close(&screen->outlet);
    if (screen->in != NULL)
        (void)fclose(screen->in);
    if (screen->out != NULL)
        (void)fclose(screen->out);
}

/* Our own way to the terminal, so that standard output may go elsewhere meanwhile.
 * Fails: STATUS_UNSUPPORTED; nothing is open then. */
static Status open_terminal(Screen *screen)
{
    const char *path = ttyname(STDIN_FILENO); /* NOLINT(concurrency-mt-unsafe): the main thread */
    int out;
    Status status;

    if (path == NULL)
        path = "/dev/tty";
    screen->fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
    out = fcntl(screen->fd, F_DUPFD_CLOEXEC, 0);
    screen->in = screen->fd < 0 ? NULL : fdopen(screen->fd, "r");
    screen->out = out < 0 ? NULL : fdopen(out, "w");
    status = outlet_open(&screen->outlet, path, out);
    if (!failed(status) && (screen->in == NULL || screen->out == NULL))
        status = fail(STATUS_UNSUPPORTED, "the terminal %s cannot be opened", path);
    if (failed(status))
        close_terminal(screen);
    return status;
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

/* Signals come by keys as before; ^S, ^Q and ^V belong to whoever edits the line. */
static void free_keys(const Screen *screen)
{
    struct termios settings;

    if (tcgetattr(screen->fd, &settings) != 0)
        return;
    settings.c_iflag &= ~(tcflag_t)(IXON | IXOFF | IXANY | ICRNL | INLCR | IGNCR);
    settings.c_cc[VLNEXT] = _POSIX_VDISABLE;
    (void)tcsetattr(screen->fd, TCSANOW, &settings);
    (void)def_prog_mode();
}

static void say(const Screen *screen, const char *bytes)
{
    if (write(screen->outlet.real, bytes, strlen(bytes)) < 0) {
        /* A terminal that is gone is noticed where it is read. */
    }
}

/* On the screen of its own, where curses then clears it away. */
static void ask_width(Screen *screen)
{
    if (screen_locale_glyphs() == GLYPHS_ASCII)
        return;
    say(screen, REPORT_ASK);
    screen->asked.row = screen->rows > 1 ? 2 : 1;
    screen->stale = true;
}

static void start_curses(Screen *screen)
{
    guard_visual(true);
    (void)cbreak();
    (void)noecho();
    (void)nonl();
    (void)intrflush(stdscr, FALSE);
    (void)typeahead(-1);
    free_keys(screen);
    say(screen, TERMINFO_PASTES);
    choose_styles(screen);
    screen->rows = LINES;
    screen->cols = COLS;
    (void)refresh(); /* at once: it sets the terminal up, and must reach it */
    ask_width(screen);
}

Status screen_open(Screen **screen)
{
    char restore[TERMINFO_RESTORE];
    Screen *opened;
    Status status;

    TRY(terminfo_check());
    opened = xcalloc(1, sizeof *opened);
    status = open_terminal(opened);
    if (failed(status)) {
        free(opened);
        return status;
    }
    guard_open(opened->outlet.terminal, restore, terminfo_restore(restore));
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

/* The terminal is the shell's. */
static void give_back(const Screen *screen)
{
    say(screen, TERMINFO_NO_PASTES);
    (void)endwin();
    guard_visual(false);
}

void screen_close(Screen *screen)
{
    if (screen == NULL)
        return;
    give_back(screen);
    guard_close();
    delscreen(screen->curses);
    close_terminal(screen);
    canvas_free(screen->told);
    free(screen->row);
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

static void tell_span(const Screen *screen, const Canvas *canvas, int row, int from, int to)
{
    int used = 0;

    for (int col = from; col < to; col++) {
        Cell cell = canvas_cell(canvas, row, col);
        wchar_t text[2] = {(wchar_t)cell.rune, L'\0'};

        /* The left half of a wide character fills both. */
        if (cell.rune == 0)
            continue;
        (void)setcchar(&screen->row[used++], text, screen->attrs[cell.style],
                       screen->pairs[cell.style], NULL);
    }
    (void)mvadd_wchnstr(row, from, screen->row, used);
}

/* As curses is after erase. */
static void forget(Screen *screen, const Canvas *canvas)
{
    int rows = canvas_rows(canvas), cols = canvas_cols(canvas);

    (void)erase();
    canvas_free(screen->told);
    screen->told = canvas_new(rows, cols, canvas_glyphs(canvas));
    screen->row = xresize(screen->row, (size_t)cols + 1, sizeof *screen->row);
}

/* Only what differs: telling curses a large screen takes as long as drawing it. */
static void tell(Screen *screen, const Canvas *canvas)
{
    if (screen->stale || screen->told == NULL || canvas_rows(screen->told) != canvas_rows(canvas) ||
        canvas_cols(screen->told) != canvas_cols(canvas))
        forget(screen, canvas);
    for (int row = 0; row < canvas_rows(canvas) && row < screen->rows; row++)
        for (int from = 0, to = 0; canvas_change(canvas, screen->told, row, &from, &to);)
            tell_span(screen, canvas, row, from, to);
    canvas_copy(screen->told, canvas);
}

static void update(Screen *screen)
{
    if (!screen->direct)
        outlet_begin(&screen->outlet);
    (void)doupdate();
    if (!screen->direct)
        outlet_end(&screen->outlet);
    screen->direct = false;
}

void screen_show(Screen *screen, const Canvas *canvas, int cursor_row, int cursor_col)
{
    tell(screen, canvas);
    (void)move(cursor_row, cursor_col);
    if (screen->stale)
        (void)clearok(curscr, TRUE);
    screen->stale = false;
    (void)wnoutrefresh(stdscr);
    update(screen);
}

bool screen_behind(const Screen *screen)
{
    return outlet_pending(&screen->outlet);
}

void screen_repaint(Screen *screen)
{
    screen->stale = true;
}

/* Until we are continued. */
static void suspend(Screen *screen)
{
    give_back(screen);
    guard_stop();
    guard_visual(true);
    say(screen, TERMINFO_PASTES);
    screen->stale = true;
    screen->direct = true;
}

static unsigned take_news(Screen *screen)
{
    Noticed noticed = guard_noticed();

    if (noticed.gone)
        return SCREEN_GONE;
    if (noticed.suspend)
        suspend(screen);
    if (noticed.continued)
        screen->stale = true;
    return noticed.suspend || noticed.resized || noticed.continued ? SCREEN_CHANGED : 0;
}

static int milliseconds(double seconds)
{
    if (!(seconds > 0.0))
        return 0;
    return (int)fmin(ceil(seconds * 1000.0), LONGEST_WAIT);
}

unsigned screen_wait(Screen *screen, double seconds)
{
    struct pollfd sources[] = {{.fd = screen->fd, .events = POLLIN},
                               {.fd = guard_fd(), .events = POLLIN},
                               {.fd = screen->outlet.terminal, .events = POLLOUT}};
    unsigned news = 0;

    if (poll(sources, screen_behind(screen) ? 3 : 2, milliseconds(seconds)) < 0)
        return errno == EINTR ? take_news(screen) : SCREEN_GONE;
    if (sources[1].revents != 0)
        news |= take_news(screen);
    if (sources[2].revents != 0)
        outlet_flush(&screen->outlet);
    if ((sources[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        news |= SCREEN_GONE;
    else if (sources[0].revents != 0)
        news |= SCREEN_TYPED;
    return news;
}

bool screen_asking(const Screen *screen)
{
    return screen->asked.row > 0;
}

bool screen_read(Screen *screen, char *bytes, size_t room, size_t *count)
{
    return report_read(&screen->asked, screen->fd, bytes, room, count);
}

int screen_fd(const Screen *screen)
{
    return screen->fd;
}

bool screen_remote(void)
{
    return environment("SSH_CONNECTION")[0] != '\0' || environment("SSH_TTY")[0] != '\0';
}

#include "repl/line_inside.h"

#include "repl/line.h"

#include <poll.h>
#include <stdio.h> /* readline's headers want FILE */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/readline.h>

enum { READ_BYTES = 4096, PATIENCE = 500 /* milliseconds */ };

/* readline's hooks carry no context. */
static struct {
    bool active;
    Screen *screen;
    Text typed; /* bytes that readline has not seen yet, from `at` on */
    size_t at;
    Text line;
    bool ready, ended; /* a line is whole; ^D on an empty one */
    ViewKey key;
    FILE *nowhere; /* where readline may write */
    int (*get_outside)(FILE *);
} inside;

/* A key of the view acts on an empty line, or in any: where it does not, it is what it was. */
static bool view_key(ViewKey key, bool anywhere)
{
    if (!inside.active || (!anywhere && rl_end > 0))
        return false;
    inside.key = key;
    return true;
}

static int insert_or(ViewKey key, int count, int byte)
{
    return view_key(key, false) ? 0 : rl_insert(count, byte);
}

static int on_space(int count, int byte)
{
    return insert_or(VIEW_KEY_PAUSE, count, byte);
}

static int on_plus(int count, int byte)
{
    return insert_or(VIEW_KEY_FASTER, count, byte);
}

static int on_minus(int count, int byte)
{
    return insert_or(VIEW_KEY_SLOWER, count, byte);
}

static int on_less(int count, int byte)
{
    return insert_or(VIEW_KEY_PREVIOUS, count, byte);
}

static int on_greater(int count, int byte)
{
    return insert_or(VIEW_KEY_NEXT, count, byte);
}

static int on_f5(int count, int byte)
{
    (void)count, (void)byte;
    return !view_key(VIEW_KEY_PAUSE, true);
}

static int on_f6(int count, int byte)
{
    (void)count, (void)byte;
    return !view_key(VIEW_KEY_STEP, true);
}

static int on_f7(int count, int byte)
{
    (void)count, (void)byte;
    return !view_key(VIEW_KEY_PREVIOUS, true);
}

static int on_f8(int count, int byte)
{
    (void)count, (void)byte;
    return !view_key(VIEW_KEY_NEXT, true);
}

static int on_page_up(int count, int byte)
{
    return view_key(VIEW_KEY_PAGE_UP, true) ? 0 : rl_history_search_backward(count, byte);
}

static int on_page_down(int count, int byte)
{
    return view_key(VIEW_KEY_PAGE_DOWN, true) ? 0 : rl_history_search_forward(count, byte);
}

static int on_clear(int count, int byte)
{
    return view_key(VIEW_KEY_REPAINT, true) ? 0 : rl_clear_screen(count, byte);
}

/* Each can be bound to other keys in ~/.inputrc by its name. */
static const struct {
    const char *name, *keys;
    int (*act)(int count, int byte);
    int (*was)(int count, int byte); /* what the keys did, and still do elsewhere; NULL: nothing */
} view_keys[] = {
    {"halfstep-run-or-insert", " ", on_space, rl_insert},
    {"halfstep-faster-or-insert", "+", on_plus, rl_insert},
    {"halfstep-slower-or-insert", "-", on_minus, rl_insert},
    {"halfstep-previous-or-insert", "<", on_less, rl_insert},
    {"halfstep-next-or-insert", ">", on_greater, rl_insert},
    {"halfstep-repaint", "\f", on_clear, rl_clear_screen},
    {"halfstep-run", "\033[15~", on_f5, NULL},
    {"halfstep-step", "\033[17~", on_f6, NULL},
    {"halfstep-previous", "\033[18~", on_f7, NULL},
    {"halfstep-next", "\033[19~", on_f8, NULL},
    {"halfstep-page-up", "\033[5~", on_page_up, rl_history_search_backward},
    {"halfstep-page-down", "\033[6~", on_page_down, rl_history_search_forward},
};

/* What somebody bound otherwise in ~/.inputrc, which is read first, stays. */
static void bind_keys(void)
{
    for (size_t i = 0; i < sizeof view_keys / sizeof *view_keys; i++) {
        rl_command_func_t *now = rl_function_of_keyseq(view_keys[i].keys, NULL, NULL);

        if (now == NULL || now == view_keys[i].was)
            (void)rl_bind_keyseq(view_keys[i].keys, view_keys[i].act);
    }
}

void line_inside_bind(void)
{
    for (size_t i = 0; i < sizeof view_keys / sizeof *view_keys; i++)
        (void)rl_add_defun(view_keys[i].name, view_keys[i].act, -1);
    rl_initialize(); /* now: it asks for the terminal's description, which curses then has */
    bind_keys();
}

static int has_more(void)
{
    return inside.at < inside.typed.length;
}

/* One more of what is typed, for which a paste or a search may wait within readline. */
static int get_inside(FILE *stream)
{
    struct pollfd source = {.fd = screen_fd(inside.screen), .events = POLLIN};
    char bytes[READ_BYTES];
    size_t count;

    (void)stream;
    while (!has_more() && poll(&source, 1, PATIENCE) > 0 &&
           screen_read(inside.screen, bytes, sizeof bytes, &count))
        line_inside_push(bytes, count);
    if (!has_more())
        return EOF;
    return (unsigned char)inside.typed.chars[inside.at++];
}

static void draw_nothing(void)
{
}

/* They go where results go. */
static void list_matches(char **matches, int count, int longest)
{
    int rows, cols, across;

    rl_get_screen_size(&rows, &cols);
    across = cols / (longest + 2) > 0 ? cols / (longest + 2) : 1;
    for (int i = 1; i <= count; i++)
        printf("%-*s%s", longest + 2, matches[i], i % across == 0 || i == count ? "\n" : "");
}

static void take_line(char *typed)
{
    inside.ended |= typed == NULL;
    if (typed == NULL)
        return;
    line_remember(typed);
    if (inside.ready) /* by a macro of several */
        text_append(&inside.line, "\n");
    text_append(&inside.line, typed);
    inside.ready = true;
    free(typed);
}

void line_inside_open(const char *prompt, Screen *screen)
{
    inside.active = true;
    inside.screen = screen;
    inside.nowhere = fopen("/dev/null", "we");
    rl_outstream = inside.nowhere;
    rl_catch_signals = rl_catch_sigwinch = 0;
    rl_prep_term_function = NULL;
    rl_deprep_term_function = NULL;
    inside.get_outside = rl_getc_function;
    rl_getc_function = get_inside;
    rl_input_available_hook = has_more;
    rl_redisplay_function = draw_nothing;
    rl_completion_display_matches_hook = list_matches;
    rl_callback_handler_install(prompt, take_line);
}

/* As far as readline has room for it: some hundred characters. */
static void stuff(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count && rl_stuff_char((unsigned char)bytes[i]); i++)
        ;
}

void line_inside_close(const char *waiting)
{
    rl_callback_handler_remove();
    if (waiting != NULL) {
        stuff(waiting, strlen(waiting));
        stuff("\n", 1);
    }
    stuff(text_chars(&inside.typed) + inside.at, inside.typed.length - inside.at);
    rl_outstream = stdout;
    rl_catch_signals = rl_catch_sigwinch = 1;
    rl_prep_term_function = rl_prep_terminal;
    rl_deprep_term_function = rl_deprep_terminal;
    rl_getc_function = inside.get_outside;
    rl_input_available_hook = NULL;
    rl_redisplay_function = rl_redisplay;
    rl_completion_display_matches_hook = NULL;
    if (inside.nowhere != NULL)
        (void)fclose(inside.nowhere);
    text_release(&inside.typed);
    text_release(&inside.line);
    memset(&inside, 0, sizeof inside);
}

void line_inside_push(const char *bytes, size_t count)
{
    if (inside.at == inside.typed.length) {
        text_clear(&inside.typed);
        inside.at = 0;
    }
    text_append_bytes(&inside.typed, bytes, count);
}

/* Whether the next character is there whole: readline must not wait for the rest of one. */
static bool has_character(void)
{
    size_t left = inside.typed.length - inside.at;
    unsigned char first = left == 0 ? 0 : (unsigned char)inside.typed.chars[inside.at];
    size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;

    return left >= bytes;
}

/* A search that a prefix key ends (^X) makes readline 8.2 crash where the key behind it is none of its
 * map. Such a key is passed over. */
static bool ends_search_badly(void)
{
    unsigned char byte = (unsigned char)inside.typed.chars[inside.at];

    return RL_ISSTATE(RL_STATE_ISEARCH) && byte != ESC && rl_get_keymap()[byte].type == ISKMAP;
}

static void take_character(void)
{
    if (ends_search_badly())
        inside.at++;
    else
        rl_callback_read_char();
}

LineNews line_inside_take(Text *line, ViewKey *key)
{
    inside.key = VIEW_KEY_NONE;
    while (!inside.ready && !inside.ended && inside.key == VIEW_KEY_NONE && has_character())
        take_character();
    *key = inside.key;
    if (inside.ready) {
        inside.ready = false;
        text_clear(line);
        text_append(line, text_chars(&inside.line));
        text_clear(&inside.line);
        return LINE_NEWS_LINE;
    }
    if (inside.ended) {
        inside.ended = false;
        return LINE_NEWS_END;
    }
    return inside.key == VIEW_KEY_NONE ? LINE_NEWS_NONE : LINE_NEWS_KEY;
}

bool line_inside_takes_escape(void)
{
    return inside.at < inside.typed.length || RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH) ||
           rl_editing_mode == 0;
}

bool line_inside_suggest(const char *line)
{
    if (inside.active && rl_end == 0)
        rl_insert_text(line);
    return inside.active && strcmp(rl_line_buffer, line) == 0;
}

void line_inside_clear(void)
{
    rl_callback_sigcleanup();
    rl_free_line_state();
    rl_clear_message();
    rl_replace_line("", 1);
    rl_point = 0;
}

void line_inside_size(int rows, int cols)
{
    rl_set_screen_size(rows, cols);
}

LineLook line_inside_look(void)
{
    return (LineLook){rl_display_prompt == NULL ? "" : rl_display_prompt, rl_line_buffer,
                      (size_t)rl_end, (size_t)rl_point};
}

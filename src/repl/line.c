#include "repl/line.h"

#include "base/file.h"
#include "base/memory.h"
#include "repl/complete.h"
#include "repl/interrupt.h"
#include "repl/line_inside.h"

#include <errno.h>
#include <stdio.h> /* readline's headers want FILE */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

enum { HISTORY_LINES = 2000 };

/* readline's hooks carry no context. */
static Session *session_at_prompt;
static bool uses_readline;

static char **to_matches(Candidates *candidates, const char *typed)
{
    char **matches = xcalloc(candidates->count + 2, sizeof(*matches));
    size_t common = strlen(candidates->words[0]);

    for (size_t i = 0; i < candidates->count; i++) {
        size_t same = strlen(typed);

        while (same < common && candidates->words[i][same] == candidates->words[0][same])
            same++;
        common = same < common ? same : common;
        matches[i + 1] = xstrdup(candidates->words[i]);
    }
    matches[0] = xstrdup(candidates->words[0]);
    matches[0][common] = '\0';
    if (candidates->count == 1) {
        free(matches[1]);
        matches[1] = NULL;
    }
    return matches;
}

static char **find_matches(const char *typed, int start, int end)
{
    Candidates candidates = {0};
    Snapshot known = {0};
    char **matches = NULL;

    (void)start;
    session_snapshot(session_at_prompt, &known);
    complete(rl_line_buffer, (size_t)end, &known, &candidates);
    snapshot_release(&known);
    rl_attempted_completion_over = !candidates.files;
    rl_completion_append_character = (unsigned char)candidates.behind;
    if (candidates.count > 0)
        matches = to_matches(&candidates, typed);
    candidates_release(&candidates);
    return matches;
}

/* readline's own reader goes on waiting after ^C. This one ends the line, which is then dropped. */
static int get_byte(FILE *stream)
{
    unsigned char byte;

    for (;;) {
        ssize_t count;

        rl_check_signals();
        if (interrupt_pending())
            return '\n';
        count = read(fileno(stream), &byte, 1);
        if (count == 1)
            return byte;
        if (count == 0 || errno != EINTR)
            return EOF;
    }
}

static void load_history(void)
{
    Text path = {0};

    using_history();
    stifle_history(HISTORY_LINES);
    /* Without a home there is no history, and nothing else is lost. */
    if (!failed(file_state_path("history", &path)) && file_exists(text_chars(&path)))
        (void)read_history(text_chars(&path));
    text_release(&path);
}

void line_open(Session *session, bool terminal)
{
    session_at_prompt = session;
    uses_readline = terminal;
    if (!terminal)
        return;
    rl_readline_name = "halfstep";
    rl_attempted_completion_function = find_matches;
    rl_completer_word_break_characters = COMPLETE_BREAKS;
    rl_completer_quote_characters = "";
    rl_getc_function = get_byte;
    rl_change_environment = 0; /* curses looks there for the size */
    line_inside_bind();
    load_history();
}

void line_close(void)
{
    Text path = {0};

    if (uses_readline && !failed(file_state_path("history", &path)))
        (void)history_truncate_file(text_chars(&path), HISTORY_LINES);
    text_release(&path);
    uses_readline = false;
    session_at_prompt = NULL;
}

/* At once, so that a terminal that vanishes, or a second program, loses no line of this one. */
static void save_last_line(void)
{
    Text path = {0};
    FILE *file;

    if (!failed(file_state_path("history", &path))) {
        file = fopen(text_chars(&path), "ae"); /* append_history wants it to exist */
        if (file != NULL && fclose(file) == 0)
            (void)append_history(1, text_chars(&path));
    }
    text_release(&path);
}

void line_remember(const char *line)
{
    const HIST_ENTRY *last =
        history_length > 0 ? history_get(history_base + history_length - 1) : NULL;

    if (line[strspn(line, " \t")] == '\0' || (last != NULL && strcmp(last->line, line) == 0))
        return;
    add_history(line);
    save_last_line();
}

/* readline's hooks carry no context. */
static char *suggested;

static int insert_suggested(void)
{
    if (suggested != NULL)
        rl_insert_text(suggested);
    free(suggested);
    suggested = NULL;
    rl_startup_hook = NULL;
    return 0;
}

bool line_suggest(const char *line)
{
    if (!uses_readline)
        return false;
    free(suggested);
    suggested = line_inside_suggest(line) ? NULL : xstrdup(line);
    rl_startup_hook = insert_suggested;
    return true;
}

LineEnd line_ask(const char *prompt, Text *line)
{
    char *typed;

    text_clear(line);
    interrupt_clear();
    typed = readline(prompt);
    if (typed == NULL)
        return interrupt_pending() ? LINE_READ : LINE_END;
    if (!interrupt_pending()) {
        line_remember(typed);
        text_append(line, typed);
    }
    free(typed);
    return LINE_READ;
}

/* ^C while it waits: as at the prompt, what was there of the line goes. */
static bool was_interrupted(int c)
{
    if (c != EOF || !ferror(stdin) || errno != EINTR)
        return false;
    clearerr(stdin);
    return true;
}

LineEnd line_plain(size_t longest, Text *line)
{
    LineEnd end = LINE_READ;
    int c = getchar();

    text_clear(line);
    if (c == EOF)
        return was_interrupted(c) ? LINE_READ : LINE_END;
    for (; c != EOF && c != '\n'; c = getchar()) {
        char byte = (char)c;

        if (c == '\0')
            end = LINE_BINARY;
        else if (line->length >= longest)
            end = end == LINE_READ ? LINE_TOO_LONG : end;
        else
            text_append_bytes(line, &byte, 1);
    }
    if (was_interrupted(c))
        text_clear(line);
    return end;
}

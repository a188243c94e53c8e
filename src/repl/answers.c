#include "repl/answers.h"

#include "base/memory.h"
#include "base/text.h"
#include "view/guard.h"
#include "view/rune.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The oldest go; a line longer than a screen's worth is cut. */
enum { LINES_KEPT = 2000, LINE_KEPT = 8192, TAB = 8, ESCAPE = 27, PIECE = 4096 };

typedef struct Line {
    char *text;
    bool typed;
} Line;

/* A row is a piece of a line. */
typedef struct Row {
    int line;
    size_t start;
} Row;

struct Answers {
    int caught, out, err; /* where both go; what they are */
    Line lines[LINES_KEPT];
    int count, fresh; /* lines; the first of the present answer */
    Text rest;        /* of a line that has not ended */
    Row *rows;        /* as of `cols`; 0: not laid out */
    size_t row_count, row_room;
    int cols;
    int first; /* row drawn first; -1: that of the present answer */
    int shown; /* rows drawn last */
};

Answers *answers_new(void)
{
    Answers *answers = xcalloc(1, sizeof *answers);

    (void)fflush(stdout);
    answers->caught = memfd_create("answers", MFD_CLOEXEC);
    answers->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    answers->err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    answers->first = -1;
    if (answers->caught < 0 || answers->out < 0 || answers->err < 0 ||
        fcntl(answers->caught, F_SETFL, O_APPEND) < 0) {
        answers_free(answers);
        return NULL;
    }
    guard_caught(answers->caught, answers->out, answers->err);
    (void)dup2(answers->caught, STDOUT_FILENO);
    (void)dup2(answers->caught, STDERR_FILENO);
    return answers;
}

/* Appends what was caught, and empties it. */
static void collect(Answers *answers, Text *text)
{
    char piece[PIECE];
    off_t at = 0;
    ssize_t count;

    while ((count = pread(answers->caught, piece, sizeof piece, at)) > 0) {
        text_append_bytes(text, piece, (size_t)count);
        at += count;
    }
    if (at > 0)
        (void)ftruncate(answers->caught, 0);
}

static void give_back(int kept, int number)
{
    if (kept < 0)
        return;
    (void)dup2(kept, number);
    (void)close(kept);
}

void answers_free(Answers *answers)
{
    Text late = {0};

    if (answers == NULL)
        return;
    (void)fflush(stdout);
    guard_caught(-1, -1, -1);
    if (answers->caught >= 0)
        collect(answers, &late);
    give_back(answers->out, STDOUT_FILENO);
    give_back(answers->err, STDERR_FILENO);
    (void)fputs(text_chars(&late), stdout);
    if (answers->caught >= 0)
        (void)close(answers->caught);
    for (int i = 0; i < answers->count; i++)
        free(answers->lines[i].text);
    text_release(&answers->rest);
    text_release(&late);
    free(answers->rows);
    free(answers);
}

static void add_line(Answers *answers, const char *text, bool typed)
{
    if (answers->count == LINES_KEPT) {
        free(answers->lines[0].text);
        memmove(answers->lines, answers->lines + 1, (LINES_KEPT - 1) * sizeof *answers->lines);
        answers->count--;
        answers->fresh -= answers->fresh > 0;
    }
    answers->lines[answers->count++] = (Line){xstrdup(text), typed};
    answers->cols = 0;
}

static void end_line(Answers *answers)
{
    add_line(answers, text_chars(&answers->rest), false);
    text_clear(&answers->rest);
}

/* The byte behind a sequence that moves a cursor or sets a colour: a line has none of these. */
static const char *behind_sequence(const char *at, const char *end)
{
    if (at < end && *at == '[')
        for (at++; at < end && (*at < '@' || *at > '~'); at++)
            ;
    return at < end ? at + 1 : end;
}

static void add_byte(Answers *answers, char byte)
{
    bool control = (unsigned char)byte < ' ' && byte != '\t';

    if (byte == '\n')
        end_line(answers);
    else if (byte == '\r')
        text_clear(&answers->rest);
    else if (!control && answers->rest.length < LINE_KEPT)
        text_append_bytes(&answers->rest, &byte, 1);
}

bool answers_take(Answers *answers)
{
    Text news = {0};
    const char *at, *end;
    bool any;

    (void)fflush(stdout);
    collect(answers, &news);
    at = text_chars(&news);
    end = at + news.length;
    any = at < end;
    if (any)
        answers->cols = 0;
    while (at < end) {
        if (*at == ESCAPE)
            at = behind_sequence(at + 1, end);
        else
            add_byte(answers, *at++);
    }
    text_release(&news);
    return any;
}

/* What was pasted may be several. */
static void add_typed(Answers *answers, const char *line)
{
    Text one = {0};

    for (;;) {
        size_t bytes = strcspn(line, "\n");

        text_clear(&one);
        text_append_bytes(&one, line, bytes);
        add_line(answers, text_chars(&one), true);
        if (line[bytes] == '\0')
            break;
        line += bytes + 1;
    }
    text_release(&one);
}

void answers_typed(Answers *answers, const char *line)
{
    if (answers->rest.length > 0)
        end_line(answers);
    answers->fresh = answers->count;
    answers->first = -1;
    add_typed(answers, line);
}

bool answers_dismiss(Answers *answers)
{
    bool any = answers->fresh < answers->count || answers->first >= 0;

    answers->fresh = answers->count;
    answers->first = -1;
    return any;
}

static int advance(uint32_t rune, int col)
{
    return rune == '\t' ? TAB - col % TAB : rune_width(rune);
}

/* A space that has no room is left out; a trailing one begins no row. */
static const char *behind_space(const char *at)
{
    return *at == '\0' ? NULL : at;
}

/* Returns where the next row of the line begins: with a word, unless one alone is too long. NULL: it has
 * no more. A row takes one character at least: a tab may be wider than all of it. */
static const char *next_row(const char *at, int cols)
{
    const char *start = at, *word = NULL;
    bool any = false;
    int col = 0;

    for (;;) {
        const char *here = at;
        uint32_t rune = rune_next(&at);
        bool blank = rune == ' ' || rune == '\t';

        if (rune == 0)
            return NULL;
        col += advance(rune, col);
        if (col > cols && any && rune == ' ')
            return behind_space(at);
        if (col > cols && here > start)
            return word != NULL ? word : here;
        word = any && blank ? at : word;
        any |= !blank;
    }
}

/* Behind a prompt there is less room; a wide character must fit. */
static int row_width(const Line *line, int cols)
{
    int width = line->typed ? cols - 2 : cols;

    return width > 1 ? width : 2;
}

/* What has not ended stands behind the last line. */
static Line line_at(const Answers *answers, int line)
{
    return line < answers->count ? answers->lines[line] : (Line){.text = answers->rest.chars};
}

static void lay_out_line(Answers *answers, int number, int cols)
{
    Line line = line_at(answers, number);
    const char *text = line.text, *at = text;
    int width = row_width(&line, cols);

    while (at != NULL) {
        const char *next = next_row(at, width);

        answers->rows =
            grow(answers->rows, answers->row_count, &answers->row_room, sizeof *answers->rows);
        answers->rows[answers->row_count++] = (Row){number, (size_t)(at - text)};
        at = next;
    }
}

static void lay_out(Answers *answers, int cols)
{
    if (answers->cols == cols)
        return;
    answers->row_count = 0;
    for (int line = 0; line < answers->count + (answers->rest.length > 0); line++)
        lay_out_line(answers, line, cols);
    answers->cols = cols;
}

/* The row at which the present answer begins. */
static int fresh_row(const Answers *answers)
{
    int row = (int)answers->row_count;

    while (row > 0 && answers->rows[row - 1].line >= answers->fresh)
        row--;
    return row;
}

int answers_rows(Answers *answers, int cols, int most)
{
    int wanted;

    lay_out(answers, cols);
    wanted = (int)answers->row_count - fresh_row(answers);
    if (answers->first >= 0 && wanted < answers->shown)
        wanted = answers->shown;
    if (answers->first >= 0 && wanted < 2)
        wanted = most;
    return wanted < most ? wanted : most;
}

static void draw_row(const Answers *answers, Canvas *canvas, int row, const Row *place)
{
    Line line = line_at(answers, place->line);
    const char *at = line.text + place->start;
    const char *end = next_row(at, row_width(&line, canvas_cols(canvas)));
    Style style = line.typed ? STYLE_BOLD : STYLE_PLAIN;
    int col = 0;

    if (line.typed)
        col = canvas_print(canvas, row, 0, STYLE_DIM, place->start == 0 ? "> " : "  ");
    while (*at != '\0' && at != end) {
        uint32_t rune = rune_next(&at);

        if (rune != '\t')
            canvas_put(canvas, row, col, style, rune);
        col += advance(rune, col);
    }
}

/* Over the last row, where there is more than what is shown. */
static void draw_more(const Answers *answers, Canvas *canvas, int first)
{
    int rows = canvas_rows(canvas), total = (int)answers->row_count;
    char words[64];
    int col;

    if (first + rows >= total || rows < 2)
        return;
    snprintf(words, sizeof words, " %d more: PgDn ", total - first - rows + 1);
    for (col = 0; col < canvas_cols(canvas); col++)
        canvas_put(canvas, rows - 1, col, STYLE_DIM, '-');
    canvas_print(canvas, rows - 1, 2, STYLE_DIM, "%s", words);
}

void answers_draw(Answers *answers, Canvas *canvas)
{
    int rows = canvas_rows(canvas), total, first;

    lay_out(answers, canvas_cols(canvas));
    total = (int)answers->row_count;
    first = answers->first >= 0 ? answers->first : fresh_row(answers);
    for (int row = 0; row < rows && first + row < total; row++)
        draw_row(answers, canvas, row, &answers->rows[first + row]);
    draw_more(answers, canvas, first);
    answers->shown = rows;
}

void answers_scroll(Answers *answers, int pages)
{
    int page = answers->shown > 2 ? answers->shown - 1 : 1;
    int now = answers->first >= 0 ? answers->first : fresh_row(answers);
    int most = (int)answers->row_count - answers->shown;
    int first = now + pages * page;

    first = first > most ? most : first;
    answers->first = first < 0 ? 0 : first;
}

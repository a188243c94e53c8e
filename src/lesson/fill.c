#include "lesson/fill.h"

#include "base/number.h"
#include "lesson/read.h"

#include <stdio.h>
#include <string.h>

enum { PLACE_TEXT = 200, FORMAT_TEXT = 16 };

/* A {...} or a [key] of a text. */
typedef struct Hole {
    const char *start, *end;  /* with its brackets */
    char inner[PLACE_TEXT];   /* the expression, or the key */
    char format[FORMAT_TEXT]; /* "": none */
    bool key;
} Hole;

static bool is_key(const char *word)
{
    return is_id(word) && strpbrk(word, "abcdefghijklmnopqrstuvwxyz") != NULL;
}

static void split(Hole *hole)
{
    char *colon = strstr(hole->inner, ":%");

    if (hole->key || colon == NULL)
        return;
    text_copy(hole->format, sizeof hole->format, colon + 1);
    *colon = '\0';
}

/* The next one from `at` on; false where there is none. */
static bool next_hole(const char *at, Hole *hole)
{
    for (; (at = strpbrk(at, "{[")) != NULL; at++) {
        size_t length = strcspn(at, *at == '{' ? "}" : "]");

        if (at[length] == '\0' || length > PLACE_TEXT)
            continue;
        *hole = (Hole){.start = at, .end = at + length + 1, .key = *at == '['};
        text_copy(hole->inner, length, at + 1);
        split(hole);
        if (!hole->key || is_key(hole->inner))
            return true;
    }
    return false;
}

/* %.2f, with %% behind it or not. */
static bool is_format(const char *format)
{
    const char *at = format + 1;

    if (*at == '.')
        at += 1 + strspn(at + 1, "0123456789");
    if (*at == '\0' || strchr("efg", *at) == NULL || at - format > 5)
        return false;
    return strcmp(at + 1, "") == 0 || strcmp(at + 1, "%%") == 0;
}

static Status check_hole(const Lesson *lesson, const Hole *hole, int line)
{
    const char *path = lesson->path;
    Expr *expr = NULL;
    Status status;

    if (hole->key)
        return lesson_source(lesson, hole->inner) != NULL
                   ? ok()
                   : read_fault(path, line, "[%.32s] has no @source %.32s KEY TEXT (V12)",
                                hole->inner, hole->inner);
    if (hole->format[0] != '\0' && !is_format(hole->format))
        return read_fault(path, line, "'%s' is no format; try {%.40s:%%.3f} (V12)", hole->format,
                          hole->inner);
    status = expr_read(hole->inner, NULL, &expr);
    expr_free(expr);
    return failed(status)
               ? read_fault(path, line, "{%.40s}: %.100s (V12)", hole->inner, status.text)
               : ok();
}

static int lines_between(const char *from, const char *to)
{
    int count = 0;

    for (; from < to; from++)
        count += *from == '\n';
    return count;
}

Status fill_check(const Lesson *lesson, const Block *block)
{
    Hole hole;

    for (const char *at = block->text; next_hole(at, &hole); at = hole.end)
        TRY(check_hole(lesson, &hole, block_line(block, lines_between(block->text, hole.start))));
    return ok();
}

static void append_number(double number, const char *format, Text *filled)
{
    bool share = strchr(format, '\0')[-1] == '%';
    char kind = format[strspn(format, "%.0123456789")];
    int places = format[1] == '.' ? format[2] - '0' : 6;

    if (share)
        number *= 100.0;
    if (kind == 'f')
        text_printf(filled, "%.*f", places, number);
    else if (kind == 'e')
        text_printf(filled, "%.*e", places, number);
    else
        text_printf(filled, "%.*g", places, number);
    text_append(filled, share ? "%" : "");
}

static void append_value(const Hole *hole, const Snapshot *snapshot, Text *filled)
{
    Expr *expr = NULL;
    Text value = {0};
    char friendly[NUMBER_TEXT];
    double number;
    Status status = expr_read(hole->inner, NULL, &expr);

    if (!failed(status))
        status = expr_print(expr, snapshot, &value);
    if (failed(status))
        text_append(filled, "none");
    else if (failed(number_parse(text_chars(&value), &number)))
        text_append(filled, text_chars(&value));
    else if (hole->format[0] == '\0')
        text_append(filled, number_friendly(number, friendly));
    else
        append_number(number, hole->format, filled);
    text_release(&value);
    expr_free(expr);
}

void fill_append(const char *text, const Snapshot *snapshot, Text *filled)
{
    const char *at = text;
    Hole hole;

    for (; next_hole(at, &hole); at = hole.end) {
        text_append_bytes(filled, at, (size_t)(hole.start - at));
        if (hole.key)
            text_append_bytes(filled, hole.start, (size_t)(hole.end - hole.start));
        else
            append_value(&hole, snapshot, filled);
    }
    text_append(filled, at);
}

void fill_needs(const char *text, ExprNeeds *needs)
{
    Hole hole;

    for (const char *at = text; next_hole(at, &hole); at = hole.end) {
        Expr *expr = NULL;

        if (hole.key || failed(expr_read(hole.inner, NULL, &expr)))
            continue;
        needs->accuracy |= expr_needs(expr).accuracy;
        needs->moved |= expr_needs(expr).moved;
        needs->updates |= expr_needs(expr).updates;
        needs->clock |= expr_needs(expr).clock;
        expr_free(expr);
    }
}

void fill_list(const char *text, Text *list)
{
    Hole hole;

    for (const char *at = text; next_hole(at, &hole); at = hole.end) {
        text_append_bytes(list, hole.start, (size_t)(hole.end - hole.start));
        text_append(list, "\n");
    }
}

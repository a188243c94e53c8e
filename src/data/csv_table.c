#include "data/csv_table.h"

#include "base/file.h"
#include "base/memory.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_BYTES = 1 << 30, MOST_ROWS = 1000000, MOST_COLUMNS = 65536, QUOTED = 24 };

typedef enum Cell { CELL_NUMBER, CELL_EMPTY, CELL_NOT_FINITE, CELL_WORD } Cell;

typedef struct Reader {
    const char *path;
    const char *at, *end; /* what is still to be read; *end is NUL */
    int64_t line;         /* of the line last taken, from 1 */
    size_t room;          /* rows that the table has room for */
    locale_t plain;       /* numbers with a point, whatever the learner's locale says */
    CsvTable *table;
} Reader;

typedef struct Span {
    const char *start, *stop;
} Span;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static Span trimmed(const char *start, const char *stop)
{
    while (start < stop && is_blank(*start))
        start++;
    while (stop > start && is_blank(stop[-1]))
        stop--;
    return (Span){start, stop};
}

static bool spells_infinity_or_nan(Span cell)
{
    static const char *const names[] = {"nan", "inf", "infinity", NULL};
    const char *start = cell.start + (*cell.start == '-' || *cell.start == '+');
    size_t length = (size_t)(cell.stop - start);

    for (int i = 0; names[i] != NULL; i++) {
        if (length == strlen(names[i]) && strncasecmp(start, names[i], length) == 0)
            return true;
    }
    return false;
}

static bool has_only_number_characters(Span cell)
{
    for (const char *c = cell.start; c < cell.stop; c++) {
        if (*c == '\0' || strchr("0123456789+-.eE", *c) == NULL)
            return false;
    }
    return true;
}

static Cell read_cell(const Reader *reader, Span cell, double *value)
{
    char *end;

    if (cell.start == cell.stop)
        return CELL_EMPTY;
    if (spells_infinity_or_nan(cell))
        return CELL_NOT_FINITE;
    if (!has_only_number_characters(cell))
        return CELL_WORD;
    *value = strtod_l(cell.start, &end, reader->plain);
    if (end != cell.stop)
        return CELL_WORD;
    return fabs(*value) <= (double)FLT_MAX ? CELL_NUMBER : CELL_NOT_FINITE;
}

/* Takes the next cell off the front of `rest`; false where nothing is left. */
static bool next_cell(Span *rest, Span *cell)
{
    const char *comma;

    if (rest->start > rest->stop)
        return false;
    comma = memchr(rest->start, ',', (size_t)(rest->stop - rest->start));
    if (comma == NULL)
        comma = rest->stop;
    *cell = trimmed(rest->start, comma);
    rest->start = comma + 1;
    return true;
}

static int64_t count_cells(Span line)
{
    int64_t count = 1;

    for (const char *c = line.start; c < line.stop; c++)
        count += *c == ',';
    return count;
}

static bool is_header(const Reader *reader, Span line)
{
    Span cell;
    double value;
    bool words = false;

    while (next_cell(&line, &cell)) {
        Cell kind = read_cell(reader, cell, &value);

        if (kind != CELL_WORD && kind != CELL_EMPTY)
            return false;
        words = words || kind == CELL_WORD;
    }
    return words;
}

/* A file may hold anything; what reaches the terminal is printable. */
static void quote(Span cell, char text[QUOTED + 1])
{
    size_t length = (size_t)(cell.stop - cell.start);

    length = length > QUOTED ? QUOTED : length;
    for (size_t i = 0; i < length; i++) {
        text[i] = '?';
        if (cell.start[i] >= ' ' && cell.start[i] <= '~')
            text[i] = cell.start[i];
    }
    text[length] = '\0';
}

static Status bad_cell(const Reader *reader, Cell kind, Span cell, int64_t column)
{
    long long line = (long long)reader->line, place = (long long)column;
    char text[QUOTED + 1];

    quote(cell, text);
    switch (kind) {
    case CELL_EMPTY:
        return fail(STATUS_IO, "%.80s, line %lld: column %lld is empty; every place needs a number",
                    reader->path, line, place);
    case CELL_NOT_FINITE:
        return fail(STATUS_IO,
                    "%.80s, line %lld: column %lld is '%s'; inputs must be finite in "
                    "fp32",
                    reader->path, line, place, text);
    default:
        return fail(STATUS_IO,
                    "%.80s, line %lld: column %lld is '%s', not a number; write 0.5, with commas "
                    "between",
                    reader->path, line, place, text);
    }
}

static Status check_columns(const Reader *reader, int64_t columns)
{
    if (columns < 2)
        return fail(STATUS_IO,
                    "%.80s, line %lld has one column; inputs and a target, separated by commas, "
                    "are the least",
                    reader->path, (long long)reader->line);
    if (columns > MOST_COLUMNS)
        return fail(STATUS_IO, "%.80s, line %lld has %lld columns; at most %d are read",
                    reader->path, (long long)reader->line, (long long)columns, MOST_COLUMNS);
    return ok();
}

static void make_room(Reader *reader)
{
    CsvTable *table = reader->table;

    if ((size_t)table->rows < reader->room)
        return;
    reader->room = reader->room == 0 ? 64 : reader->room * 2;
    table->inputs =
        xresize(table->inputs, reader->room, (size_t)(table->columns - 1) * sizeof *table->inputs);
    table->last = xresize(table->last, reader->room, sizeof *table->last);
}

static Status read_row(Reader *reader, Span line)
{
    CsvTable *table = reader->table;
    int64_t columns = count_cells(line), column = 0;
    double value = 0.0;
    float *inputs;
    Span cell;

    if (table->rows == 0) {
        TRY(check_columns(reader, columns));
        table->columns = columns;
        table->first_line = reader->line;
    }
    if (columns != table->columns)
        return fail(STATUS_IO, "%.80s, line %lld has %lld column%s and line %lld has %lld",
                    reader->path, (long long)reader->line, (long long)columns,
                    columns == 1 ? "" : "s", (long long)table->first_line,
                    (long long)table->columns);
    if (table->rows == MOST_ROWS)
        return fail(STATUS_IO, "%.80s, line %lld: more than %d rows; that many are read at most",
                    reader->path, (long long)reader->line, MOST_ROWS);
    make_room(reader);
    inputs = table->inputs + table->rows * (columns - 1);
    while (next_cell(&line, &cell)) {
        Cell kind = read_cell(reader, cell, &value);

        if (kind != CELL_NUMBER)
            return bad_cell(reader, kind, cell, column + 1);
        if (++column < columns)
            inputs[column - 1] = (float)value;
    }
    table->last[table->rows++] = value;
    return ok();
}

static bool only_blanks(const char *start, const char *stop)
{
    while (start < stop && (is_blank(*start) || *start == '\n'))
        start++;
    return start == stop;
}

static Status read_line(Reader *reader)
{
    const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    const char *stop = newline == NULL ? reader->end : newline;
    Span line = trimmed(reader->at, stop);

    reader->at = newline == NULL ? stop : stop + 1;
    reader->line++;
    if (line.start == line.stop)
        return fail(STATUS_IO, "%.80s, line %lld is empty; only the end of a file may be",
                    reader->path, (long long)reader->line);
    if (reader->line == 1 && is_header(reader, line))
        return ok();
    return read_row(reader, line);
}

static Status read_lines(Reader *reader)
{
    if (text_starts(reader->at, "\xEF\xBB\xBF"))
        reader->at += 3;
    if (only_blanks(reader->at, reader->end))
        return fail(STATUS_IO, "%.100s is empty; a row of numbers on each line is expected",
                    reader->path);
    while (!only_blanks(reader->at, reader->end))
        TRY(read_line(reader));
    if (reader->table->rows == 0)
        return fail(STATUS_IO,
                    "%.100s has one line that is not all numbers, taken as a header, and no rows",
                    reader->path);
    return ok();
}

Status csv_table_read(const char *path, CsvTable *table)
{
    Bytes bytes;
    Reader reader = {.path = path, .table = table};
    Status status;

    *table = (CsvTable){0};
    TRY(file_read(path, MOST_BYTES, &bytes));
    bytes.data = xresize(bytes.data, bytes.count + 1, 1);
    bytes.data[bytes.count] = '\0';
    reader.at = (const char *)bytes.data;
    reader.end = reader.at + bytes.count;
    reader.plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    status = read_lines(&reader);
    freelocale(reader.plain);
    bytes_release(&bytes);
    if (failed(status))
        csv_table_release(table);
    return status;
}

void csv_table_release(CsvTable *table)
{
    free(table->inputs);
    free(table->last);
    *table = (CsvTable){0};
}

/* A file of numbers separated by commas, as a table in memory.
 *
 * A first line that has a word in it is a header and is passed over. Blanks around numbers, CRLF,
 * a byte order mark, empty lines at the end and .gz are taken; quotes and empty cells are not.
 */
#ifndef DATA_CSV_TABLE_H
#define DATA_CSV_TABLE_H

#include "base/status.h"

#include <stdint.h>

typedef struct CsvTable {
    int64_t rows, columns; /* columns with the last; at least 1 row and 2 columns */
    int64_t first_line;    /* line of the file that row 0 stands in: 1, or 2 after a header */
    float *inputs;         /* (rows, columns - 1) */
    double *last;          /* (rows): the last column */
} CsvTable;

/* Reads at most 1 GiB, 1,000,000 rows and 65,536 columns; caller releases.
 * Fails: STATUS_IO, naming file, line and column; *table is empty then. */
Status csv_table_read(const char *path, CsvTable *table) MUST_CHECK;
void csv_table_release(CsvTable *table);

#endif

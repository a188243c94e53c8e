/* csv: rows of numbers; the last column is what is to be learnt. */
#include "base/memory.h"
#include "base/random.h"
#include "data/build.h"
#include "data/csv_table.h"
#include "data/kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CLASSES = 1000, HELD_OUT = 4 };

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

static int64_t count_different(const double *values, int64_t count)
{
    double *sorted = xcalloc((size_t)count, sizeof *sorted);
    int64_t different = 1;

    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, by_value);
    for (int64_t i = 1; i < count; i++)
        different += sorted[i] != sorted[i - 1];
    free(sorted);
    return different;
}

static bool are_classes(const CsvTable *table)
{
    for (int64_t i = 0; i < table->rows; i++) {
        if (table->last[i] != floor(table->last[i]))
            return false;
    }
    return count_different(table->last, table->rows) <= MOST_CLASSES;
}

/* The number of classes, at least 2. Fails: STATUS_IO for a label below 0 or over the most. */
static Status count_classes(const CsvTable *table, const char *path, int64_t *count)
{
    *count = 2;
    for (int64_t i = 0; i < table->rows; i++) {
        double label = table->last[i];

        if (label < 0 || label >= MOST_CLASSES)
            return fail(STATUS_IO,
                        "%.60s, line %lld: class %.0f is not within 0 .. %d; number the classes "
                        "from 0, or write targets with decimals",
                        path, (long long)table->first_line + i, label, MOST_CLASSES - 1);
        if ((int64_t)label >= *count)
            *count = (int64_t)label + 1;
    }
    return ok();
}

static void copy_row(const CsvTable *table, int64_t row, Dataset *dataset, int64_t at)
{
    memcpy(dataset->inputs + at * dataset->features, table->inputs + row * dataset->features,
           (size_t)dataset->features * sizeof *dataset->inputs);
    if (dataset->labels != NULL)
        dataset->labels[at] = (int32_t)table->last[row];
    else
        dataset->targets[at] = (float)table->last[row];
}

/* The seed chooses which rows are held out; within each part the order is the file's. */
static void split(const CsvTable *table, uint64_t seed, Dataset *dataset)
{
    const Random random = {seed, RANDOM_DATA, HELD_OUT};
    int32_t *order = xcalloc((size_t)table->rows, sizeof *order);
    bool *held_out = xcalloc((size_t)table->rows, sizeof *held_out);
    int64_t train = 0, test = dataset->train_count;

    random_permutation(&random, table->rows, order);
    for (int64_t i = 0; i < dataset->test_count; i++)
        held_out[order[i]] = true;
    for (int64_t row = 0; row < table->rows; row++)
        copy_row(table, row, dataset, held_out[row] ? test++ : train++);
    free(held_out);
    free(order);
}

static Status fill(const CsvTable *table, const DataSpec *spec, Dataset *dataset)
{
    if (table->rows < 2)
        return fail(STATUS_IO,
                    "%.100s has a single row; one to train and one to hold out are the least",
                    spec->path);
    if (are_classes(table))
        TRY(count_classes(table, spec->path, &dataset->class_count));
    else
        dataset->target_width = 1;
    dataset->test_count = table->rows < 5 ? 1 : table->rows / 5;
    dataset->train_count = table->rows - dataset->test_count;
    dataset_set_features(dataset, table->columns - 1);
    dataset_allocate(dataset);
    split(table, spec->seed, dataset);
    return ok();
}

static Status csv_load(const DataSpec *spec, Dataset *dataset)
{
    CsvTable table;
    Status status;

    TRY(csv_table_read(spec->path, &table));
    status = fill(&table, spec, dataset);
    csv_table_release(&table);
    return status;
}

const DataKind csv_kind = {
    .name = "csv",
    .usage = "csv:PATH",
    .summary = "a file of numbers separated by commas; the last column is the class or target",
    .takes_path = true,
    .load = csv_load,
};

/* The numbers of an experiment as a safetensors file: 8 bytes of length, a JSON header, the arrays. */
#include "train/export_pytorch.h"

#include "base/file.h"
#include "base/memory.h"

#include <stdlib.h>

enum { NUMBER_BYTES = 4, ALIGNMENT = 8, LENGTH_BYTES = 8 };

typedef struct Array {
    const char *name, *kind;
    int rank;
    int64_t shape[VALUE_RANK];
    const void *numbers; /* NULL: a value of the store of this name */
} Array;

typedef struct Arrays {
    Array *arrays;
    size_t count, room;
} Arrays;

static int64_t count_of(const Array *array)
{
    int64_t count = 1;

    for (int i = 0; i < array->rank; i++)
        count *= array->shape[i];
    return count;
}

static void add(Arrays *arrays, Array array)
{
    arrays->arrays = grow(arrays->arrays, arrays->count, &arrays->room, sizeof array);
    arrays->arrays[arrays->count++] = array;
}

static void add_data(Arrays *arrays, const Dataset *set)
{
    Array inputs = {.name = "inputs",
                    .kind = "F32",
                    .rank = set->rank + 1,
                    .shape = {set->train_count},
                    .numbers = set->inputs};

    for (int i = 0; i < set->rank; i++)
        inputs.shape[i + 1] = set->shape[i];
    add(arrays, inputs);
    if (set->labels != NULL)
        add(arrays, (Array){"labels", "I32", 1, {set->train_count}, set->labels});
    else if (set->targets != set->inputs)
        add(arrays,
            (Array){"targets", "F32", 2, {set->train_count, set->target_width}, set->targets});
}

static void add_values(Arrays *arrays, const Program *program)
{
    for (int i = 0; i < program->value_count; i++) {
        const Value *value = &program->values[i];
        Array array = {.name = value->name, .kind = "F32", .rank = value->rank};

        if (!value_lasts(value))
            continue;
        for (int j = 0; j < value->rank; j++)
            array.shape[j] = value->shape[j];
        add(arrays, array);
    }
}

static void print_header(const Arrays *arrays, int64_t step, Text *text)
{
    int64_t at = 0;

    text_printf(text, "{\"__metadata__\":{\"step\":\"%lld\"}", (long long)step);
    for (size_t i = 0; i < arrays->count; i++) {
        const Array *array = &arrays->arrays[i];
        int64_t end = at + count_of(array) * NUMBER_BYTES;

        text_printf(text, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", array->name, array->kind);
        for (int j = 0; j < array->rank; j++)
            text_printf(text, "%s%lld", j == 0 ? "" : ",", (long long)array->shape[j]);
        text_printf(text, "],\"data_offsets\":[%lld,%lld]}", (long long)at, (long long)end);
        at = end;
    }
    text_append(text, "}");
    while (text->length % ALIGNMENT != 0)
        text_append(text, " ");
}

static Status write_header(const Arrays *arrays, int64_t step, Draft *draft)
{
    uint8_t length[LENGTH_BYTES];
    Text text = {0};
    Status status;

    print_header(arrays, step, &text);
    for (int i = 0; i < LENGTH_BYTES; i++)
        length[i] = (uint8_t)(text.length >> (8 * i));
    status = draft_add(draft, length, sizeof length);
    if (!failed(status))
        status = draft_add(draft, text.chars, text.length);
    text_release(&text);
    return status;
}

static Status write_stored(const Experiment *experiment, const Array *array, Draft *draft)
{
    int64_t count = count_of(array);
    float *values = xaligned((size_t)count, sizeof *values);
    Status status = experiment->class->store_read(experiment->store, array->name, values, count);

    if (!failed(status))
        status = draft_add(draft, values, (size_t)count * sizeof *values);
    free(values);
    return status;
}

static Status write_arrays(const Experiment *experiment, const Arrays *arrays, Draft *draft)
{
    TRY(write_header(arrays, experiment->facts.step, draft));
    for (size_t i = 0; i < arrays->count; i++) {
        const Array *array = &arrays->arrays[i];

        if (array->numbers == NULL)
            TRY(write_stored(experiment, array, draft));
        else
            TRY(draft_add(draft, array->numbers, (size_t)count_of(array) * NUMBER_BYTES));
    }
    return ok();
}

Status export_numbers(const Experiment *experiment, const char *path)
{
    Arrays arrays = {0};
    Draft draft;
    Status status;

    TRY(draft_begin(path, &draft));
    add_data(&arrays, experiment->data->set);
    add_values(&arrays, &experiment->program);
    status = write_arrays(experiment, &arrays, &draft);
    free(arrays.arrays);
    if (!failed(status))
        return draft_end(&draft);
    draft_abandon(&draft);
    return status;
}

#include "train/checkpoint_file.h"

#include "base/memory.h"
#include "train/checkpoint_notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Behind the name of a master: what it was as the run began, where the seed does not say. */
static const char start_suffix[] = ".start";

static void add_tensor(TensorFile *file, const KeptArray *array, const char *suffix,
                       const float *values)
{
    FileTensor tensor = {.rank = array->rank,
                         .format = values == array->values ? array->format : FORMAT_FP32,
                         .count = kept_count(array),
                         .values = values};

    memcpy(tensor.shape, array->shape, sizeof tensor.shape);
    snprintf(tensor.name, sizeof tensor.name, "%s%s", array->name, suffix);
    tensor_file_add(file, &tensor);
}

/* No quotes hold every path. */
static Status check_path(const Settings *settings)
{
    Settings back = *settings;
    Text line = {0};
    Status status;

    settings_part(settings, SETTING_DATA, &line);
    status = settings_read_part(text_chars(&line), &back);
    text_release(&line);
    if (failed(status) || !settings_same_part(settings, &back, SETTING_DATA))
        return fail(STATUS_USAGE,
                    "the path of the data cannot be written down; give it another name");
    return ok();
}

/* What could not be read back is not worth writing. */
static Status check_settings(const Settings *settings)
{
    Settings back = *settings;
    Text text = {0}, difference = {0};
    Status status;

    TRY(check_path(settings));
    settings_print(settings, "\n", &text);
    status = settings_read(text_chars(&text), &back);
    settings_difference(settings, &back, &difference);
    if (failed(status))
        status = fail(status.code, "it could not be loaded again: %.150s", status.text);
    else if (difference.length > 0)
        status = fail(STATUS_USAGE, "it could not be loaded again as it is: %.140s",
                      text_chars(&difference));
    text_release(&text);
    text_release(&difference);
    return status;
}

/* Those of fp32 come first, so that each number lies at a multiple of its size. */
static void add_arrays(const Checkpoint *checkpoint, bool low, TensorFile *file)
{
    for (int i = 0; i < checkpoint->array_count; i++) {
        const KeptArray *array = &checkpoint->arrays[i];

        if ((array->format != FORMAT_FP32) == low)
            add_tensor(file, array, "", array->values);
        if (array->start != NULL && checkpoint->own_start && !low)
            add_tensor(file, array, start_suffix, array->start);
    }
}

Status checkpoint_write(const Checkpoint *checkpoint, const char *path)
{
    TensorFile file = {0};
    Status status;

    TRY(check_settings(&checkpoint->settings));
    notes_write(checkpoint, &file);
    for (int low = 0; low < 2; low++)
        add_arrays(checkpoint, low == 1, &file);
    status = tensor_file_write(path, &file);
    tensor_file_release(&file);
    return status;
}

static bool is_start(const char *name)
{
    size_t length = strlen(name), suffix = sizeof start_suffix - 1;

    return length > suffix && strcmp(name + length - suffix, start_suffix) == 0;
}

static Status read_array(const TensorFile *file, const FileTensor *tensor, Checkpoint *made)
{
    KeptArray *array = &made->arrays[made->array_count];

    if (strlen(tensor->name) >= sizeof array->name)
        return fail(STATUS_IO, "it holds a tensor with a name that no tensor here can have");
    *array = (KeptArray){.rank = tensor->rank, .format = tensor->format};
    memcpy(array->name, tensor->name, sizeof array->name);
    memcpy(array->shape, tensor->shape, sizeof array->shape);
    array->values = xaligned((size_t)tensor->count, sizeof *array->values);
    tensor_file_values(file, tensor, array->values);
    made->array_count++;
    return ok();
}

static Status read_start(const TensorFile *file, const FileTensor *tensor, Checkpoint *made)
{
    char name[FILE_NAME];
    KeptArray *array;

    text_copy(name, strlen(tensor->name) - (sizeof start_suffix - 1) + 1, tensor->name);
    array = checkpoint_find(made, name);
    if (array == NULL || kept_count(array) != tensor->count)
        return fail(STATUS_IO, "%.40s belongs to no weight in it", tensor->name);
    array->start = xaligned((size_t)tensor->count, sizeof *array->start);
    tensor_file_values(file, tensor, array->start);
    made->own_start = true;
    return ok();
}

static Status read_arrays(const TensorFile *file, Checkpoint *made)
{
    bool ours = !made->weights_only;

    made->arrays = xcalloc(file->tensor_count + 1, sizeof *made->arrays);
    for (size_t i = 0; i < file->tensor_count; i++)
        if (!file->tensors[i].counter && (!ours || !is_start(file->tensors[i].name)))
            TRY(read_array(file, &file->tensors[i], made));
    for (size_t i = 0; i < file->tensor_count && ours; i++)
        if (is_start(file->tensors[i].name))
            TRY(read_start(file, &file->tensors[i], made));
    return ok();
}

Status checkpoint_read(const char *path, const Settings *present, Checkpoint **checkpoint)
{
    Checkpoint *made = xcalloc(1, sizeof *made);
    TensorFile file = {0};
    Status status;

    made->settings = *present;
    status = tensor_file_read(path, FILE_LIMIT, &file);
    if (!failed(status)) {
        status = notes_read(&file, made);
        if (!failed(status))
            status = read_arrays(&file, made);
        if (failed(status))
            status = fail(status.code, "%.80s: %s", path, status.text);
    }
    tensor_file_release(&file);
    if (failed(status))
        checkpoint_free(made);
    else
        *checkpoint = made;
    return status;
}

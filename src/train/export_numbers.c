/* The numbers of an experiment, as a script for PyTorch reads them: its training examples, and what
 * `save` writes of weights and optimizer. */
#include "train/export_pytorch.h"

#include "train/checkpoint.h"
#include "train/tensor_file.h"

#include <string.h>

static void add(TensorFile *file, const char *name, FileTensor tensor)
{
    text_copy(tensor.name, sizeof tensor.name, name);
    tensor.count = 1;
    for (int i = 0; i < tensor.rank; i++)
        tensor.count *= tensor.shape[i];
    tensor_file_add(file, &tensor);
}

static void add_data(TensorFile *file, const Dataset *set)
{
    FileTensor inputs = {.rank = set->rank + 1, .shape = {set->train_count}, .values = set->inputs};

    if (set->text_count > 0) {
        add(file, "inputs",
            (FileTensor){.rank = 1, .shape = {set->text_count}, .values = set->inputs});
        return;
    }
    for (int i = 0; i < set->rank; i++)
        inputs.shape[i + 1] = set->shape[i];
    add(file, "inputs", inputs);
    if (set->labels != NULL)
        add(file, "labels",
            (FileTensor){
                .rank = 1, .shape = {set->train_count}, .values = set->labels, .integers = true});
    else if (set->targets != set->inputs)
        add(file, "targets",
            (FileTensor){
                .rank = 2, .shape = {set->train_count, set->target_width}, .values = set->targets});
}

static void add_arrays(TensorFile *file, const Checkpoint *checkpoint)
{
    for (int i = 0; i < checkpoint->array_count; i++) {
        const KeptArray *array = &checkpoint->arrays[i];
        FileTensor tensor = {.rank = array->rank, .values = array->values};

        memcpy(tensor.shape, array->shape, sizeof tensor.shape);
        add(file, array->name, tensor);
    }
}

Status export_numbers(const Experiment *experiment, const char *path)
{
    TensorFile file = {0};
    char step[NUMBER_TEXT];
    Checkpoint *checkpoint;
    Status status;

    TRY(checkpoint_take(experiment, &checkpoint));
    number_shortest((double)experiment->facts.step, step);
    tensor_file_add_note(&file, "step", step);
    add_data(&file, experiment->data->set);
    add_arrays(&file, checkpoint);
    status = tensor_file_write(path, &file);
    tensor_file_release(&file);
    checkpoint_free(checkpoint);
    return status;
}

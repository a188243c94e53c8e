/* In which order a run visits its examples, as the device holds it. */
#include "train/experiment.h"

#include "base/memory.h"

#include <stdlib.h>

/* The orders of the epochs that this step's batch touches: at most two. */
Status experiment_load_orders(Experiment *experiment)
{
    int64_t count = experiment->data->set->train_count;
    int64_t last = (experiment->position + settings_examples(&experiment->settings) - 1) / count;
    int32_t *order;
    Status status = ok();

    for (int64_t epoch = experiment->position / count; epoch <= last && !failed(status); epoch++) {
        if (experiment->loaded_epochs[epoch & 1] == epoch)
            continue;
        order = xcalloc((size_t)count, sizeof *order);
        data_order(&experiment->settings.data, experiment->data->set, experiment->settings.seed,
                   epoch, order);
        status = experiment->class->data_order(experiment->data->device, epoch, order);
        if (!failed(status))
            experiment->loaded_epochs[epoch & 1] = epoch;
        free(order);
    }
    return status;
}

void experiment_forget_orders(Experiment *experiment)
{
    experiment->loaded_epochs[0] = experiment->loaded_epochs[1] = -1;
}

#include "data/data.h"

#include "base/random.h"

void data_order(const DataSpec *spec, const Dataset *dataset, uint64_t seed, int64_t epoch,
                int32_t *order)
{
    Random random = {seed, RANDOM_SHUFFLE, (uint32_t)epoch};

    if (spec->shuffle) {
        random_permutation(&random, dataset->train_count, order);
        return;
    }
    for (int64_t i = 0; i < dataset->train_count; i++)
        order[i] = (int32_t)i;
}

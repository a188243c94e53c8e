#include "data/data.h"

#include "base/random.h"

/* Where an epoch's first window of a text begins: its number is the one behind those of the
 * permutation. */
static int64_t shift_of(const Random *random, const Dataset *dataset)
{
    uint64_t bits = random_bits(random, (uint64_t)dataset->train_count);

    return (int64_t)(bits * (uint64_t)dataset->features >> 32);
}

/* Examples to the characters that they begin with. */
static void make_places(const Dataset *dataset, int64_t shift, int32_t *order)
{
    for (int64_t i = 0; i < dataset->train_count; i++)
        order[i] = (int32_t)(shift + order[i] * dataset->features);
}

void data_order(const DataSpec *spec, const Dataset *dataset, uint64_t seed, int64_t epoch,
                int32_t *order)
{
    Random random = {seed, RANDOM_SHUFFLE, (uint32_t)epoch};

    if (spec->shuffle)
        random_permutation(&random, dataset->train_count, order);
    for (int64_t i = 0; i < dataset->train_count && !spec->shuffle; i++)
        order[i] = (int32_t)i;
    if (dataset->text_count > 0)
        make_places(dataset, spec->shuffle ? shift_of(&random, dataset) : 0, order);
}

/* moons: two half circles that reach into each other, one class each.
 *
 * With t uniform in [0, pi): (cos t, sin t) and (1 - cos t, 1/2 - sin t), plus normal noise of
 * standard deviation 0.1.
 */
#include "base/random.h"
#include "data/build.h"
#include "data/kinds.h"

#include <math.h>

enum { TRAIN = 2000, TEST = 500, PLACE = 2, NOISE = 3 };

static void place_example(uint64_t seed, int64_t i, Dataset *dataset)
{
    const double pi = 3.141592653589793, noise = 0.1;
    const Random place = {seed, RANDOM_DATA, PLACE}, shake = {seed, RANDOM_DATA, NOISE};
    double t = pi * random_unit(&place, (uint64_t)i);
    bool lower = i % 2 == 1;
    double x = lower ? 1.0 - cos(t) : cos(t), y = lower ? 0.5 - sin(t) : sin(t);

    x += noise * random_normal(&shake, (uint64_t)(2 * i));
    y += noise * random_normal(&shake, (uint64_t)(2 * i + 1));
    dataset->inputs[2 * i] = (float)x;
    dataset->inputs[2 * i + 1] = (float)y;
    dataset->labels[i] = lower;
}

static Status moons_load(const DataSpec *spec, Dataset *dataset)
{
    dataset->train_count = TRAIN;
    dataset->test_count = TEST;
    dataset->class_count = 2;
    dataset_set_features(dataset, 2);
    dataset_allocate(dataset);
    for (int64_t i = 0; i < TRAIN + TEST; i++)
        place_example(spec->seed, i, dataset);
    return ok();
}

const DataKind moons_kind = {
    .name = "moons",
    .usage = "moons",
    .summary = "two half moons of points in the plane, 2 classes; seed= draws others",
    .load = moons_load,
};

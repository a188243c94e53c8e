/* spirals: arms that wind round each other from the middle out, one class an arm.
 *
 * An example of arm k of K lies at radius r = sqrt(u), u uniform in [0, 1), and angle
 * 2 pi (k / K + TURNS r), plus noise. The root spreads examples evenly along the arm.
 */
#include "base/random.h"
#include "data/build.h"
#include "data/kinds.h"

#include <math.h>

enum { TRAIN = 2000, TEST = 500, PLACE = 0, NOISE = 1 };

static const double two_pi = 6.283185307179586;

static void place_example(uint64_t seed, int64_t i, int arms, Dataset *dataset)
{
    const double turns = 1.25, noise = 0.02;
    const Random place = {seed, RANDOM_DATA, PLACE}, shake = {seed, RANDOM_DATA, NOISE};
    double radius = sqrt(random_unit(&place, (uint64_t)i));
    int arm = (int)(i % arms);
    double angle = two_pi * ((double)arm / arms + turns * radius);
    double x = radius * cos(angle) + noise * random_normal(&shake, (uint64_t)(2 * i));
    double y = radius * sin(angle) + noise * random_normal(&shake, (uint64_t)(2 * i + 1));

    dataset->inputs[2 * i] = (float)x;
    dataset->inputs[2 * i + 1] = (float)y;
    dataset->labels[i] = arm;
}

static Status wind(const DataSpec *spec, int arms, Dataset *dataset)
{
    dataset->train_count = TRAIN;
    dataset->test_count = TEST;
    dataset->class_count = arms;
    dataset_set_features(dataset, 2);
    dataset_allocate(dataset);
    for (int64_t i = 0; i < TRAIN + TEST; i++)
        place_example(spec->seed, i, arms, dataset);
    return ok();
}

static Status spirals_load(const DataSpec *spec, Dataset *dataset)
{
    return wind(spec, 2, dataset);
}

static Status spirals_three_load(const DataSpec *spec, Dataset *dataset)
{
    return wind(spec, 3, dataset);
}

const DataKind spirals_three_kind = {
    .name = "spirals 3",
    .usage = "spirals 3",
    .summary = "three spirals of points in the plane, 3 classes; seed= draws others",
    .load = spirals_three_load,
};

const DataKind spirals_kind = {
    .name = "spirals",
    .usage = "spirals",
    .summary = "two spirals of points in the plane, 2 classes; seed= draws others",
    .load = spirals_load,
};

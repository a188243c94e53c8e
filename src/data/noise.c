/* noise: random inputs with random labels, of any width: nothing to learn, something to multiply.
 *
 * Inputs are uniform in [-1, 1), labels uniform among the classes. A quarter as many examples as
 * there are to train are held out. Both parts have random numbers of their own, so a larger limit
 * only adds examples.
 */
#include "base/random.h"
#include "data/build.h"
#include "data/kinds.h"

enum { FEATURES = 784, CLASSES = 10, TRAIN = 10000 };
enum { MOST_FEATURES = 65536, MOST_CLASSES = 65536, MOST_EXAMPLES = 1000000 };
enum { MOST_NUMBERS = 1 << 28 };               /* 1 GiB of floats */
enum { INPUTS = 5, LABELS = 6, HELD_OUT = 2 }; /* HELD_OUT is added to either */

static int64_t or_else(int64_t given, int64_t usual)
{
    return given == 0 ? usual : given;
}

/* How many examples to train fit, with a quarter more held out. */
static int64_t room_for(int64_t features)
{
    int64_t examples = MOST_NUMBERS / features;

    return (examples < MOST_EXAMPLES ? examples : MOST_EXAMPLES) * 4 / 5;
}

static Status check(int64_t features, int64_t classes, int64_t train)
{
    if (features < 1 || features > MOST_FEATURES)
        return fail(STATUS_USAGE, "features goes from 1 to %d; try features=4096", MOST_FEATURES);
    if (classes < 2 || classes > MOST_CLASSES)
        return fail(STATUS_USAGE, "classes goes from 2 to %d; try classes=1000", MOST_CLASSES);
    if (train > room_for(features))
        return fail(
            STATUS_USAGE,
            "%lld examples of %lld features, and a quarter as many held out, are over the 1 GiB "
            "or %d examples that a data set holds; say limit=%lld",
            (long long)train, (long long)features, MOST_EXAMPLES, (long long)room_for(features));
    return ok();
}

static void draw(uint64_t seed, uint32_t part, int64_t first, int64_t count, Dataset *dataset)
{
    const Random inputs = {seed, RANDOM_DATA, INPUTS + part};
    const Random labels = {seed, RANDOM_DATA, LABELS + part};

    random_uniform_fill(&inputs, -1.0f, 1.0f, dataset->inputs + first * dataset->features,
                        count * dataset->features);
    for (int64_t i = 0; i < count; i++)
        dataset->labels[first + i] = (int32_t)(((uint64_t)random_bits(&labels, (uint64_t)i) *
                                                (uint64_t)dataset->class_count) >>
                                               32);
}

static Status noise_load(const DataSpec *spec, Dataset *dataset)
{
    int64_t features = or_else(spec->features, FEATURES);
    int64_t train = or_else(spec->limit, TRAIN);

    dataset->class_count = or_else(spec->classes, CLASSES);
    TRY(check(features, dataset->class_count, train));
    dataset->train_count = train;
    dataset->test_count = (train + 3) / 4;
    dataset_set_features(dataset, features);
    dataset_allocate(dataset);
    draw(spec->seed, 0, 0, train, dataset);
    draw(spec->seed, HELD_OUT, train, dataset->test_count, dataset);
    return ok();
}

const DataKind noise_kind = {
    .name = "noise",
    .usage = "noise",
    .summary = "random inputs and labels of any width, to time networks; seed= draws others",
    .takes_widths = true,
    .load = noise_load,
};

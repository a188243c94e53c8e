/* idx: a folder with files of the MNIST family. */
#include "data/build.h"
#include "data/idx_file.h"
#include "data/kinds.h"

/* Without files to hold out from, the last fifth of the training files serves. */
static Status split(const DataSpec *spec, const IdxSet *set, Dataset *dataset)
{
    int64_t held_out = set->count < 5 ? 1 : set->count / 5;

    if (set->count < 2)
        return fail(STATUS_IO,
                    "%.100s has a single image; one to train and one to hold out are "
                    "the least",
                    spec->path);
    dataset->train_count = set->count - held_out;
    dataset->test_count = held_out;
    dataset->class_count = set->class_count;
    dataset_set_image(dataset, set->height, set->width);
    dataset_allocate(dataset);
    idx_copy(set, 0, set->count, dataset, 0);
    return ok();
}

static Status join(const DataSpec *spec, const IdxSet *train, const IdxSet *test, Dataset *dataset)
{
    if (train->height != test->height || train->width != test->width)
        return fail(STATUS_IO,
                    "the images in %.80s differ: %lld x %lld to train, %lld x %lld in t10k",
                    spec->path, (long long)train->height, (long long)train->width,
                    (long long)test->height, (long long)test->width);
    dataset->train_count = train->count;
    dataset->test_count = test->count;
    dataset->class_count =
        train->class_count > test->class_count ? train->class_count : test->class_count;
    dataset_set_image(dataset, train->height, train->width);
    dataset_allocate(dataset);
    idx_copy(train, 0, train->count, dataset, 0);
    idx_copy(test, 0, test->count, dataset, train->count);
    return ok();
}

static Status idx_load(const DataSpec *spec, Dataset *dataset)
{
    IdxSet train, test = {0};
    Status status;

    TRY(idx_read(spec->path, "train", &train));
    if (!idx_has(spec->path, "t10k")) {
        status = split(spec, &train, dataset);
        goto done;
    }
    status = idx_read(spec->path, "t10k", &test);
    if (!failed(status))
        status = join(spec, &train, &test, dataset);
done:
    idx_release(&test);
    idx_release(&train);
    return status;
}

const DataKind idx_kind = {
    .name = "idx",
    .usage = "idx:DIR",
    .summary = "a folder with MNIST-like files: train-images-idx3-ubyte, ..., plain or .gz",
    .takes_path = true,
    .load = idx_load,
};

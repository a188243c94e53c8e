/* fashion: Fashion-MNIST, ten kinds of clothes in 28 x 28 grey pixels.
 *
 * Source: Xiao, Rasul, Vollgraf, arXiv:1708.07747. What comes with halfstep is the set's test part:
 * 8,000 to train, 2,000 held out, the same on every machine, so that results compare.
 */
#include "data/build.h"
#include "data/idx_file.h"
#include "data/kinds.h"

#include <stdlib.h>

enum { SIDE = 28, CLASSES = 10, SHIPPED_TRAIN = 8000, SHIPPED_TEST = 2000 };
enum { FULL_TRAIN = 60000, FULL_TEST = 10000 };

static Status check(const char *folder, const char *part, const IdxSet *set, int64_t count)
{
    if (set->count == count && set->height == SIDE && set->width == SIDE &&
        set->class_count == CLASSES)
        return ok();
    return fail(STATUS_IO,
                "the %s files in %.80s are not Fashion-MNIST (%lld images of %d x %d in %d "
                "classes); try idx:DIR",
                part, folder, (long long)count, SIDE, SIDE, CLASSES);
}

static void prepare(Dataset *dataset, int64_t train, int64_t test)
{
    dataset->train_count = train;
    dataset->test_count = test;
    dataset->class_count = CLASSES;
    dataset_set_image(dataset, SIDE, SIDE);
    dataset_allocate(dataset);
}

/* Reads one part, checks it, and copies all of it to the data set's place `at`. */
static Status read_part(const char *folder, const char *part, int64_t count, Dataset *dataset,
                        int64_t at)
{
    IdxSet set;
    Status status;

    TRY(idx_read(folder, part, &set));
    status = check(folder, part, &set, count);
    if (!failed(status))
        idx_copy(&set, 0, count, dataset, at);
    idx_release(&set);
    return status;
}

static Status fashion_load(const DataSpec *spec, Dataset *dataset)
{
    Text folder = {0};
    Status status;

    (void)spec;
    status = datasets_folder("fashion-mnist", &folder);
    if (!failed(status)) {
        prepare(dataset, SHIPPED_TRAIN, SHIPPED_TEST);
        status = read_part(folder.chars, "t10k", SHIPPED_TRAIN + SHIPPED_TEST, dataset, 0);
    }
    text_release(&folder);
    return status;
}

static Status fashion_full_load(const DataSpec *spec, Dataset *dataset)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment */
    const char *told = getenv("HALFSTEP_FASHION_FULL");
    const char *folder = told != NULL ? told : "/usr/share/datasets/fashion-mnist";

    (void)spec;
    if (!idx_has(folder, "train"))
        return fail(STATUS_IO,
                    "fashion full is not in %.60s; try `sudo apt-get install "
                    "dataset-fashion-mnist`, or name its folder in HALFSTEP_FASHION_FULL",
                    folder);
    prepare(dataset, FULL_TRAIN, FULL_TEST);
    TRY(read_part(folder, "train", FULL_TRAIN, dataset, 0));
    return read_part(folder, "t10k", FULL_TEST, dataset, FULL_TRAIN);
}

const DataKind fashion_full_kind = {
    .name = "fashion full",
    .usage = "fashion full",
    .summary = "Fashion-MNIST whole: 60,000 images to train, 10,000 held out; a package has it",
    .load = fashion_full_load,
};

const DataKind fashion_kind = {
    .name = "fashion",
    .usage = "fashion",
    .summary = "pictures of clothes, 28 x 28, 10 classes: 8,000 to train, 2,000 held out",
    .load = fashion_load,
};

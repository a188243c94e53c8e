/* What the kinds of data sets share while they fill a Dataset.
 *
 * A kind's load gets a Dataset of zeros. It sets counts, shape and classes or target width,
 * allocates, fills. On failure it may leave arrays behind: data_load releases them.
 */
#ifndef DATA_BUILD_H
#define DATA_BUILD_H

#include "base/text.h"
#include "data/data.h"

/* One example is this many numbers in a row, or one grey picture. Sets rank, shape, features. */
void dataset_set_features(Dataset *dataset, int64_t count);
void dataset_set_image(Dataset *dataset, int64_t height, int64_t width);

/* Makes `inputs`, and `labels` or `targets` where class_count is 0, for the counts that are set. */
void dataset_allocate(Dataset *dataset);

void dataset_release(Dataset *dataset);

/* limit, size, gain and target=input, in this order. Of these a text takes limit alone, and says so itself.
 * Fails: STATUS_USAGE for a size that does not divide, or for inputs that are no images. */
Status dataset_apply_options(const DataSpec *spec, Dataset *dataset) MUST_CHECK;

/* Finds the folder `name` among the data sets that come with halfstep.
 * Fails: STATUS_IO, naming the variable that helps. */
Status datasets_folder(const char *name, Text *path) MUST_CHECK;

#endif

/* limit, size, gain and target=input: what is done to every kind of data after it is read. */
#include "data/build.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Examples of a text are no copies: fewer of them are fewer places to begin. */
static void keep_windows(Dataset *dataset, int64_t limit)
{
    if (limit != 0 && limit < dataset->train_count)
        dataset->train_count = limit;
}

static void keep_train(Dataset *dataset, int64_t limit)
{
    int64_t train = dataset->train_count, test = dataset->test_count;
    size_t input = (size_t)dataset->features, target = (size_t)dataset->target_width;

    if (limit == 0 || limit >= train)
        return;
    memmove(dataset->inputs + (size_t)limit * input, dataset->inputs + (size_t)train * input,
            (size_t)test * input * sizeof *dataset->inputs);
    if (dataset->labels != NULL)
        memmove(dataset->labels + limit, dataset->labels + train,
                (size_t)test * sizeof *dataset->labels);
    if (dataset->targets != NULL)
        memmove(dataset->targets + (size_t)limit * target,
                dataset->targets + (size_t)train * target,
                (size_t)test * target * sizeof *dataset->targets);
    dataset->train_count = limit;
}

static int64_t nearest_divisor(int64_t size, int64_t height, int64_t width)
{
    int64_t best = 1, most = height < width ? height : width;

    for (int64_t i = 1; i <= most; i++) {
        if (height % i == 0 && width % i == 0 && llabs(size - i) < llabs(size - best))
            best = i;
    }
    return best;
}

static Status check_size(const DataSpec *spec, const Dataset *dataset)
{
    int64_t height = dataset->shape[1], width = dataset->shape[2];

    if (dataset->rank != 3)
        return fail(STATUS_USAGE,
                    "size=%lld averages images, and %.31s has none; leave it out, or try "
                    "`data fashion size=14`",
                    (long long)spec->size, spec->kind);
    if (height % spec->size != 0 || width % spec->size != 0)
        return fail(STATUS_USAGE, "size=%lld does not divide images of %lld x %lld; try size=%lld",
                    (long long)spec->size, (long long)height, (long long)width,
                    (long long)nearest_divisor(spec->size, height, width));
    return ok();
}

/* The mean of a block of rows x columns pixels of an image `width` pixels wide. */
static float block_mean(const float *pixels, int64_t rows, int64_t columns, int64_t width)
{
    double sum = 0.0;

    for (int64_t y = 0; y < rows; y++) {
        for (int64_t x = 0; x < columns; x++)
            sum += (double)pixels[y * width + x];
    }
    return (float)(sum / (double)(rows * columns));
}

static void shrink_image(const float *from, int64_t height, int64_t width, int64_t size, float *to)
{
    int64_t rows = height / size, columns = width / size;

    for (int64_t y = 0; y < size; y++) {
        for (int64_t x = 0; x < size; x++)
            to[y * size + x] =
                block_mean(from + y * rows * width + x * columns, rows, columns, width);
    }
}

static void shrink(Dataset *dataset, int64_t size)
{
    int64_t images = (dataset->train_count + dataset->test_count) * dataset->shape[0];
    int64_t height = dataset->shape[1], width = dataset->shape[2];
    float *small = xaligned((size_t)(images * size * size), sizeof *small);

    for (int64_t i = 0; i < images; i++)
        shrink_image(dataset->inputs + i * height * width, height, width, size,
                     small + i * size * size);
    free(dataset->inputs);
    dataset->inputs = small;
    dataset->shape[1] = size;
    dataset->shape[2] = size;
    dataset->features = dataset->shape[0] * size * size;
}

static void multiply(Dataset *dataset, double gain)
{
    int64_t count = (dataset->train_count + dataset->test_count) * dataset->features;

    if (gain == 1.0)
        return;
    for (int64_t i = 0; i < count; i++)
        dataset->inputs[i] = (float)((double)dataset->inputs[i] * gain);
}

static void aim_at_input(Dataset *dataset)
{
    free(dataset->labels);
    free(dataset->targets);
    dataset->labels = NULL;
    dataset->class_count = 0;
    dataset->targets = dataset->inputs;
    dataset->target_width = dataset->features;
}

Status dataset_apply_options(const DataSpec *spec, Dataset *dataset)
{
    if (dataset->text_count > 0) {
        keep_windows(dataset, spec->limit);
        return ok();
    }
    keep_train(dataset, spec->limit);
    if (spec->size > 0) {
        TRY(check_size(spec, dataset));
        shrink(dataset, spec->size);
    }
    multiply(dataset, spec->gain);
    if (spec->target_input)
        aim_at_input(dataset);
    return ok();
}

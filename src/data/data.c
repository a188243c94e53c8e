#include "data/data.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "data/build.h"
#include "data/kinds.h"

#include <math.h>
#include <stdlib.h>

void dataset_set_features(Dataset *dataset, int64_t count)
{
    dataset->rank = 1;
    dataset->shape[0] = count;
    dataset->features = count;
}

void dataset_set_image(Dataset *dataset, int64_t height, int64_t width)
{
    dataset->rank = 3;
    dataset->shape[0] = 1;
    dataset->shape[1] = height;
    dataset->shape[2] = width;
    dataset->features = height * width;
}

void dataset_allocate(Dataset *dataset)
{
    size_t examples = (size_t)(dataset->train_count + dataset->test_count);

    dataset->inputs = xaligned(examples * (size_t)dataset->features, sizeof *dataset->inputs);
    if (dataset->class_count > 0)
        dataset->labels = xcalloc(examples, sizeof *dataset->labels);
    else
        dataset->targets =
            xcalloc(examples * (size_t)dataset->target_width, sizeof *dataset->targets);
}

void dataset_release(Dataset *dataset)
{
    if (dataset->targets != dataset->inputs)
        free(dataset->targets);
    free(dataset->inputs);
    free(dataset->labels);
    free(dataset->characters);
    *dataset = (Dataset){0};
}

static Status check_options(const DataSpec *spec, const DataKind *kind)
{
    if (!kind->takes_widths && (spec->features != 0 || spec->classes != 0))
        return fail(
            STATUS_USAGE,
            "features and classes are chosen for noise only, and %s has its own; leave them "
            "out, or try `data noise features=4096`",
            kind->name);
    if (!kind->takes_context && spec->context != 0)
        return fail(STATUS_USAGE,
                    "context is chosen for text only, and %s has no characters; leave it out, or "
                    "try `data text context=64`",
                    kind->name);
    if (spec->limit < 0)
        return fail(STATUS_USAGE, "limit=%lld is negative; try limit=1000, or limit=0 for all",
                    (long long)spec->limit);
    if (spec->size < 0)
        return fail(STATUS_USAGE,
                    "size=%lld is negative; try size=14, or size=0 for images as "
                    "they are",
                    (long long)spec->size);
    if (!isfinite(spec->gain))
        return fail(STATUS_USAGE, "gain must be a finite number; try gain=64");
    return ok();
}

Status data_load(const DataSpec *spec, Dataset **dataset)
{
    const DataKind *kind = data_kind_find(spec->kind);
    Dataset loaded = {0};
    Status status;

    if (kind == NULL)
        return fail(STATUS_USAGE, "there is no data set '%.40s'; try `data fashion`", spec->kind);
    TRY(check_options(spec, kind));
    status = kind->load(spec, &loaded);
    if (!failed(status))
        status = dataset_apply_options(spec, &loaded);
    if (failed(status)) {
        dataset_release(&loaded);
        return status;
    }
    *dataset = xcalloc(1, sizeof **dataset);
    **dataset = loaded;
    return ok();
}

void data_free(Dataset *dataset)
{
    if (dataset == NULL)
        return;
    dataset_release(dataset);
    free(dataset);
}

void data_characters(const Dataset *dataset, Text *text)
{
    char bytes[RUNE_BYTES];

    for (int64_t i = 0; i < dataset->class_count && dataset->characters != NULL; i++)
        text_append(text, rune_bytes(dataset->characters[i], bytes));
}

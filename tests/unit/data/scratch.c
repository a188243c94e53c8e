#include "scratch.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static char folder[64];

void scratch_make(void)
{
    text_copy(folder, sizeof folder, "/tmp/halfstep-data-XXXXXX");
    cr_assert_neq(mkdtemp(folder), NULL);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

void scratch_remove(void)
{
    cr_assert_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

const char *scratch_path(const char *name)
{
    static char paths[8][128];
    static int turn;
    char *path = paths[turn++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void scratch_put(const char *name, const void *data, size_t count)
{
    FILE *file = fopen(scratch_path(name), "wb");

    cr_assert_neq(file, NULL);
    cr_assert_eq(fwrite(data, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

void scratch_put_gz(const char *name, const void *data, size_t count)
{
    gzFile file = gzopen(scratch_path(name), "wb");

    cr_assert_neq(file, NULL);
    cr_assert_eq(gzwrite(file, data, (unsigned)count), (int)count);
    cr_assert_eq(gzclose(file), Z_OK);
}

DataSpec scratch_spec(const char *kind, const char *name)
{
    DataSpec spec = data_spec_default();

    text_copy(spec.kind, sizeof spec.kind, kind);
    text_copy(spec.path, sizeof spec.path, scratch_path(name));
    return spec;
}

Dataset *loaded(const DataSpec *spec)
{
    Dataset *dataset = NULL;
    Status status = data_load(spec, &dataset);

    cr_assert_not(failed(status), "%s", status.text);
    cr_assert_neq(dataset, NULL);
    return dataset;
}

bool same_inputs(const Dataset *one, const Dataset *other)
{
    int64_t count = (one->train_count + one->test_count) * one->features;

    for (int64_t i = 0; i < count; i++) {
        if (one->inputs[i] != other->inputs[i])
            return false;
    }
    return count == (other->train_count + other->test_count) * other->features;
}

void refuses(const DataSpec *spec, StatusCode code, const char *part)
{
    Dataset *untouched = (Dataset *)folder, *dataset = untouched;
    Status status = data_load(spec, &dataset);
    size_t length = strlen(status.text);

    cr_assert_eq(status.code, code, "code %d: %s", (int)status.code, status.text);
    cr_assert_eq(dataset, untouched, "a failed load changed the pointer");
    cr_assert_neq(strstr(status.text, part), NULL, "'%s' is not in: %s", part, status.text);
    cr_assert(length > 10 && length < STATUS_TEXT - 1, "cut off: %s", status.text);
    for (size_t i = 0; i < length; i++)
        cr_assert(status.text[i] >= ' ' && status.text[i] <= '~', "unprintable text");
}

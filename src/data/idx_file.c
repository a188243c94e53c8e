#include "data/idx_file.h"

#include <string.h>

enum { MOST_BYTES = 1 << 30, IMAGE_DIMS = 3, LABEL_DIMS = 1, UNSIGNED_BYTES = 8 };

/* Four bytes of magic, then four for each dimension. */
static const size_t image_header = 16, label_header = 8;

/* PART-images-idx3-ubyte or the same with .gz, whichever is there; false where neither is. */
static bool find_file(const char *folder, const char *part, int dims, Text *path)
{
    text_clear(path);
    text_printf(path, "%s/%s-%s-idx%d-ubyte", folder, part,
                dims == IMAGE_DIMS ? "images" : "labels", dims);
    if (file_exists(path->chars))
        return true;
    text_append(path, ".gz");
    return file_exists(path->chars);
}

bool idx_has(const char *folder, const char *part)
{
    Text path = {0};
    bool there =
        find_file(folder, part, IMAGE_DIMS, &path) || find_file(folder, part, LABEL_DIMS, &path);

    text_release(&path);
    return there;
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Holds the header against the bytes that follow it. `sizes` gets the dimensions. */
static Status check_header(const char *path, const Bytes *bytes, int dims, int64_t *sizes)
{
    size_t header = dims == IMAGE_DIMS ? image_header : label_header;
    uint64_t product = 1;
    bool overflow = false;

    if (bytes->count < header)
        return fail(STATUS_IO, "%.100s is cut short: it has %zu bytes and no whole IDX header",
                    path, bytes->count);
    if (big_endian(bytes->data) != (UNSIGNED_BYTES << 8 | (uint32_t)dims))
        return fail(STATUS_IO,
                    "%.100s is not an IDX file of %s: it begins with %08x where %08x is expected",
                    path, dims == IMAGE_DIMS ? "images" : "labels", big_endian(bytes->data),
                    UNSIGNED_BYTES << 8 | (unsigned)dims);
    for (unsigned i = 0; i < (unsigned)dims; i++) {
        sizes[i] = big_endian(bytes->data + 4 + (size_t)4 * i);
        if (sizes[i] == 0)
            return fail(STATUS_IO, "%.100s is empty: dimension %u of its header is 0", path, i + 1);
        overflow |= __builtin_mul_overflow(product, (uint64_t)sizes[i], &product);
    }
    if (overflow || product > bytes->count - header)
        return fail(STATUS_IO, "%.100s is cut short: its header promises more than its %zu bytes",
                    path, bytes->count - header);
    if (product < bytes->count - header)
        return fail(STATUS_IO, "%.100s has %zu bytes more than its header says; get it again", path,
                    bytes->count - header - (size_t)product);
    return ok();
}

static Status read_array(const char *folder, const char *part, int dims, Bytes *bytes,
                         int64_t *sizes)
{
    Text path = {0};
    Status status;

    if (!find_file(folder, part, dims, &path))
        status = fail(STATUS_IO, "there is no %s-%s-idx%d-ubyte, nor the same with .gz, in %.80s",
                      part, dims == IMAGE_DIMS ? "images" : "labels", dims, folder);
    else
        status = file_read(path.chars, MOST_BYTES, bytes);
    if (!failed(status))
        status = check_header(path.chars, bytes, dims, sizes);
    text_release(&path);
    return status;
}

static int count_classes(const uint8_t *labels, int64_t count)
{
    int largest = 1;

    for (int64_t i = 0; i < count; i++)
        largest = labels[i] > largest ? labels[i] : largest;
    return largest + 1;
}

Status idx_read(const char *folder, const char *part, IdxSet *set)
{
    int64_t image[IMAGE_DIMS] = {0}, label[LABEL_DIMS] = {0};
    Status status;

    *set = (IdxSet){0};
    status = read_array(folder, part, IMAGE_DIMS, &set->image_bytes, image);
    if (!failed(status))
        status = read_array(folder, part, LABEL_DIMS, &set->label_bytes, label);
    if (!failed(status) && image[0] != label[0])
        status = fail(STATUS_IO, "%.80s has %lld %s images and %lld labels; they must be as many",
                      folder, (long long)image[0], part, (long long)label[0]);
    if (failed(status)) {
        idx_release(set);
        return status;
    }
    set->count = image[0];
    set->height = image[1];
    set->width = image[2];
    set->pixels = set->image_bytes.data + image_header;
    set->labels = set->label_bytes.data + label_header;
    set->class_count = count_classes(set->labels, set->count);
    return ok();
}

void idx_release(IdxSet *set)
{
    bytes_release(&set->image_bytes);
    bytes_release(&set->label_bytes);
    *set = (IdxSet){0};
}

void idx_copy(const IdxSet *set, int64_t first, int64_t count, Dataset *dataset, int64_t at)
{
    int64_t pixels = set->height * set->width;
    const uint8_t *from = set->pixels + first * pixels;
    float *to = dataset->inputs + at * pixels;

    for (int64_t i = 0; i < count * pixels; i++)
        to[i] = (float)from[i] / 255.0f;
    for (int64_t i = 0; i < count; i++)
        dataset->labels[at + i] = set->labels[first + i];
}

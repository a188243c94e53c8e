#include "data/data.h"
#include "scratch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRAIN_IMAGES "train-images-idx3-ubyte"
#define TRAIN_LABELS "train-labels-idx1-ubyte"
#define TEST_IMAGES  "t10k-images-idx3-ubyte"
#define TEST_LABELS  "t10k-labels-idx1-ubyte"

enum { COUNT = 10, PIXELS = 6 };

static const uint8_t images[16 + COUNT * PIXELS] = {
    0, 0, 8, 3, 0, 0, 0, COUNT, 0, 0, 0, 2, 0, 0, 0, 3, 0, 255, 1, 2, 3, 4, 5, 128, 254, 51};
static const uint8_t labels[8 + COUNT] = {0, 0, 8, 1, 0, 0, 0, COUNT, 0, 1, 2, 3, 4, 0, 1, 2, 3, 1};

static void make(void)
{
    scratch_make();
    scratch_put(TRAIN_IMAGES, images, sizeof images);
    scratch_put(TRAIN_LABELS, labels, sizeof labels);
}

TestSuite(idx, .init = make, .fini = scratch_remove);

static void folder_refused(const char *part)
{
    DataSpec spec = scratch_spec("idx", "");

    refuses(&spec, STATUS_IO, part);
}

/* The file with `count` bytes at `at` replaced, or cut to `size`. */
static void put_changed(const char *name, const uint8_t *from, size_t size, size_t at, uint8_t byte)
{
    uint8_t bytes[200] = {0};

    memcpy(bytes, from, size > sizeof images ? sizeof images : size);
    bytes[at] = byte;
    scratch_put(name, bytes, size);
}

Test(idx, pixels_become_a_255th_of_their_byte)
{
    DataSpec spec = scratch_spec("idx", "");
    Dataset *dataset = loaded(&spec);

    cr_assert_eq(dataset->rank, 3);
    cr_assert_eq(dataset->shape[0], 1);
    cr_assert_eq(dataset->shape[1], 2);
    cr_assert_eq(dataset->shape[2], 3);
    cr_assert_eq(dataset->features, 6);
    cr_assert_eq(dataset->class_count, 5);
    for (int i = 0; i < COUNT * PIXELS; i++)
        cr_assert_eq(dataset->inputs[i], (float)images[16 + i] / 255.0f);
    for (int i = 0; i < COUNT; i++)
        cr_assert_eq(dataset->labels[i], labels[8 + i]);
    data_free(dataset);
}

Test(idx, without_t10k_the_last_fifth_is_held_out)
{
    DataSpec spec = scratch_spec("idx", "");
    Dataset *dataset = loaded(&spec);

    cr_assert_eq(dataset->train_count, 8);
    cr_assert_eq(dataset->test_count, 2);
    data_free(dataset);
}

Test(idx, t10k_is_held_out_where_it_is_there)
{
    DataSpec spec = scratch_spec("idx", "");
    Dataset *dataset;
    uint8_t other[sizeof labels];

    memcpy(other, labels, sizeof other);
    other[8] = 255;
    scratch_put_gz(TEST_IMAGES ".gz", images, sizeof images);
    scratch_put_gz(TEST_LABELS ".gz", other, sizeof other);
    dataset = loaded(&spec);
    cr_assert_eq(dataset->train_count, 10);
    cr_assert_eq(dataset->test_count, 10);
    cr_assert_eq(dataset->labels[10], 255);
    cr_assert_eq(dataset->class_count, 256);
    cr_assert_eq(dataset->inputs[10 * PIXELS + 1], 1.0f);
    data_free(dataset);
}

Test(idx, half_a_t10k_is_refused)
{
    scratch_put(TEST_IMAGES, images, sizeof images);
    folder_refused("there is no t10k-labels-idx1-ubyte");
    unlink(scratch_path(TEST_IMAGES));
    scratch_put(TEST_LABELS, labels, sizeof labels);
    folder_refused("there is no t10k-images-idx3-ubyte");
}

Test(idx, images_of_two_sizes_are_refused)
{
    uint8_t turned[sizeof images];

    memcpy(turned, images, sizeof turned);
    turned[11] = 3;
    turned[15] = 2;
    scratch_put(TEST_IMAGES, turned, sizeof turned);
    scratch_put(TEST_LABELS, labels, sizeof labels);
    folder_refused("2 x 3 to train, 3 x 2 in t10k");
}

Test(idx, a_missing_folder_or_a_file_in_its_place_is_refused)
{
    DataSpec spec = scratch_spec("idx", "nowhere");

    refuses(&spec, STATUS_IO, "there is no train-images-idx3-ubyte");
    spec = scratch_spec("idx", TRAIN_IMAGES);
    refuses(&spec, STATUS_IO, "there is no train-images-idx3-ubyte");
    unlink(scratch_path(TRAIN_LABELS));
    folder_refused("there is no train-labels-idx1-ubyte");
    mkdir(scratch_path(TRAIN_LABELS), 0755);
    folder_refused("is a directory");
    rmdir(scratch_path(TRAIN_LABELS));
}

Test(idx, a_wrong_magic_is_refused)
{
    put_changed(TRAIN_IMAGES, images, sizeof images, 2, 0x0d);
    folder_refused("begins with 00000d03 where 00000803 is expected");
    scratch_put(TRAIN_IMAGES, labels, sizeof labels);
    folder_refused("not an IDX file of images");
    scratch_put(TRAIN_IMAGES, images, sizeof images);
    scratch_put(TRAIN_LABELS, images, sizeof images);
    folder_refused("not an IDX file of labels");
}

Test(idx, a_file_that_is_cut_short_is_refused_wherever_it_is_cut)
{
    for (size_t size = 0; size < sizeof images; size++) {
        put_changed(TRAIN_IMAGES, images, size, size > 2 ? 2 : 199, size > 2 ? 8 : 0);
        folder_refused("is cut short");
    }
    scratch_put(TRAIN_IMAGES, images, sizeof images);
    for (size_t size = 0; size < sizeof labels; size++) {
        put_changed(TRAIN_LABELS, labels, size, 199, 0);
        folder_refused("is cut short");
    }
}

Test(idx, bytes_after_the_end_are_refused)
{
    put_changed(TRAIN_IMAGES, images, sizeof images + 3, 199, 0);
    folder_refused("has 3 bytes more than its header says");
}

Test(idx, dimensions_whose_product_overflows_are_refused)
{
    static const uint8_t four_times_2_to_62[12] = {128, 0, 0, 0, 128, 0, 0, 0, 0, 0, 0, 4};
    uint8_t bytes[sizeof images];

    memcpy(bytes, images, sizeof bytes);
    memset(bytes + 4, 0xff, 12);
    scratch_put(TRAIN_IMAGES, bytes, sizeof bytes);
    folder_refused("promises more");
    /* 2^31 x 2^31 x 4 = 2^64: nothing, in 64 bits. */
    memcpy(bytes + 4, four_times_2_to_62, sizeof four_times_2_to_62);
    scratch_put(TRAIN_IMAGES, bytes, 16);
    folder_refused("promises more");
}

Test(idx, a_dimension_of_zero_is_refused)
{
    for (size_t at = 7; at <= 15; at += 4) {
        put_changed(TRAIN_IMAGES, images, sizeof images, at, 0);
        folder_refused("of its header is 0");
    }
}

Test(idx, images_and_labels_must_be_as_many)
{
    put_changed(TRAIN_LABELS, labels, sizeof labels - 1, 7, COUNT - 1);
    folder_refused("10 train images and 9 labels");
}

Test(idx, a_single_image_cannot_be_split)
{
    put_changed(TRAIN_IMAGES, images, 16 + PIXELS, 7, 1);
    put_changed(TRAIN_LABELS, labels, 9, 7, 1);
    folder_refused("a single image");
}

Test(idx, one_label_alone_still_counts_as_two_classes)
{
    DataSpec spec = scratch_spec("idx", "");
    uint8_t zeros[sizeof labels] = {0, 0, 8, 1, 0, 0, 0, COUNT};
    Dataset *dataset;

    scratch_put(TRAIN_LABELS, zeros, sizeof zeros);
    dataset = loaded(&spec);
    cr_assert_eq(dataset->class_count, 2);
    data_free(dataset);
}

Test(idx, a_damaged_gzip_is_refused)
{
    unlink(scratch_path(TRAIN_LABELS));
    scratch_put(TRAIN_LABELS ".gz", "\x1f\x8b\x08\0\0\0\0\0\0\3not deflate", 21);
    folder_refused("damaged");
}

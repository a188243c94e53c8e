#include "data/data.h"
#include "scratch.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char numbers[] = "1,2,0.5\n3,4,1.5\n5,6,2.5\n7,8,3.5\n9,10,4.5\n";

enum { IMAGES = 10, HEIGHT = 4, WIDTH = 6 };

static void put_images(const char *name, const char *labels)
{
    uint8_t bytes[16 + IMAGES * HEIGHT * WIDTH] = {0, 0, 8, 3,      0, 0, 0, IMAGES,
                                                   0, 0, 0, HEIGHT, 0, 0, 0, WIDTH};
    uint8_t classes[8 + IMAGES] = {0, 0, 8, 1, 0, 0, 0, IMAGES, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0};

    for (int i = 0; i < IMAGES * HEIGHT * WIDTH; i++)
        bytes[16 + i] = (uint8_t)(i * 7);
    scratch_put(name, bytes, sizeof bytes);
    scratch_put(labels, classes, sizeof classes);
}

static void make(void)
{
    scratch_make();
    put_images("train-images-idx3-ubyte", "train-labels-idx1-ubyte");
    scratch_put("numbers.csv", numbers, strlen(numbers));
}

TestSuite(options, .init = make, .fini = scratch_remove);

Test(options, limit_takes_the_first_training_examples_and_leaves_the_held_out_ones)
{
    DataSpec spec = scratch_spec("idx", "");
    Dataset *whole = loaded(&spec), *part;

    spec.limit = 3;
    part = loaded(&spec);
    cr_assert_eq(whole->train_count, 8);
    cr_assert_eq(part->train_count, 3);
    cr_assert_eq(part->test_count, whole->test_count);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(part->labels[i], whole->labels[i]);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(part->labels[3 + i], whole->labels[8 + i]);
        cr_assert_eq(memcmp(part->inputs + (3 + i) * part->features,
                            whole->inputs + (8 + i) * whole->features,
                            (size_t)whole->features * sizeof(float)),
                     0);
    }
    data_free(whole);
    data_free(part);
}

Test(options, limit_moves_numbers_to_predict_too)
{
    DataSpec spec = scratch_spec("csv", "numbers.csv");
    Dataset *whole = loaded(&spec), *part;

    spec.limit = 1;
    part = loaded(&spec);
    cr_assert_eq(part->targets[0], whole->targets[0]);
    cr_assert_eq(part->targets[1], whole->targets[4]);
    cr_assert_eq(part->inputs[2], whole->inputs[8]);
    data_free(whole);
    data_free(part);
}

Test(options, a_limit_beyond_the_examples_changes_nothing)
{
    DataSpec spec = scratch_spec("idx", "");
    Dataset *dataset;

    spec.limit = 1000;
    dataset = loaded(&spec);
    cr_assert_eq(dataset->train_count, 8);
    data_free(dataset);
    spec.limit = -1;
    refuses(&spec, STATUS_USAGE, "negative");
}

Test(options, size_takes_the_mean_of_each_block)
{
    DataSpec spec = scratch_spec("idx", "");
    Dataset *whole = loaded(&spec), *small;
    double sum = 0.0;

    spec.size = 2;
    small = loaded(&spec);
    cr_assert_eq(small->rank, 3);
    cr_assert_eq(small->shape[0], 1);
    cr_assert_eq(small->shape[1], 2);
    cr_assert_eq(small->shape[2], 2);
    cr_assert_eq(small->features, 4);
    /* Block (1, 0) of image 1: rows 2 and 3, columns 0 to 2. */
    for (int y = 2; y < 4; y++) {
        for (int x = 0; x < 3; x++)
            sum += (double)whole->inputs[HEIGHT * WIDTH + y * WIDTH + x];
    }
    cr_assert_eq(small->inputs[4 + 2], (float)(sum / 6.0));
    cr_assert_eq(small->labels[1], whole->labels[1]);
    data_free(whole);
    data_free(small);
}

Test(options, a_size_that_does_not_divide_is_refused_with_one_that_does)
{
    DataSpec spec = scratch_spec("idx", "");

    spec.size = 3;
    refuses(&spec, STATUS_USAGE, "4 x 6; try size=2");
    spec.size = 4;
    refuses(&spec, STATUS_USAGE, "4 x 6; try size=2");
    spec.size = 6;
    refuses(&spec, STATUS_USAGE, "4 x 6; try size=2");
    spec.size = 100;
    refuses(&spec, STATUS_USAGE, "try size=2");
    spec.size = -2;
    refuses(&spec, STATUS_USAGE, "negative");
}

Test(options, rows_of_numbers_have_no_size)
{
    DataSpec spec = scratch_spec("csv", "numbers.csv");

    spec.size = 2;
    refuses(&spec, STATUS_USAGE, "averages images");
}

Test(options, gain_multiplies_inputs_and_nothing_else)
{
    DataSpec spec = scratch_spec("csv", "numbers.csv");
    Dataset *plain = loaded(&spec), *loud;

    spec.gain = 30000.5;
    loud = loaded(&spec);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(loud->inputs[i], (float)((double)plain->inputs[i] * 30000.5));
    for (int i = 0; i < 5; i++)
        cr_assert_eq(loud->targets[i], plain->targets[i]);
    data_free(plain);
    data_free(loud);
    spec.gain = (double)NAN;
    refuses(&spec, STATUS_USAGE, "finite");
}

Test(options, the_target_may_be_the_input_itself)
{
    DataSpec spec = scratch_spec("idx", "");
    Dataset *dataset;

    spec.target_input = true;
    spec.size = 2;
    spec.gain = 3;
    dataset = loaded(&spec);
    cr_assert_eq(dataset->targets, dataset->inputs);
    cr_assert_eq(dataset->labels, NULL);
    cr_assert_eq(dataset->class_count, 0);
    cr_assert_eq(dataset->target_width, 4);
    data_free(dataset);

    spec = scratch_spec("csv", "numbers.csv");
    spec.target_input = true;
    dataset = loaded(&spec);
    cr_assert_eq(dataset->targets, dataset->inputs);
    cr_assert_eq(dataset->target_width, 2);
    data_free(dataset);
}

Test(options, the_order_of_an_epoch_is_a_permutation_of_its_own)
{
    DataSpec spec = scratch_spec("idx", "");
    Dataset *dataset = loaded(&spec);
    int32_t first[8], again[8], second[8], other[8];
    int seen = 0;

    data_order(&spec, dataset, 1, 0, first);
    data_order(&spec, dataset, 1, 0, again);
    data_order(&spec, dataset, 1, 1, second);
    data_order(&spec, dataset, 2, 0, other);
    for (int i = 0; i < 8; i++)
        seen |= 1 << first[i];
    cr_assert_eq(seen, 255);
    cr_assert_eq(memcmp(first, again, sizeof first), 0);
    cr_assert_neq(memcmp(first, second, sizeof first), 0);
    cr_assert_neq(memcmp(first, other, sizeof first), 0);
    spec.shuffle = false;
    data_order(&spec, dataset, 1, 5, first);
    for (int i = 0; i < 8; i++)
        cr_assert_eq(first[i], i);
    data_free(dataset);
}

Test(options, an_empty_data_set_can_be_freed)
{
    data_free(NULL);
}

Test(options, a_kind_that_is_not_there_is_refused)
{
    DataSpec spec = scratch_spec("iris", "");

    refuses(&spec, STATUS_USAGE, "there is no data set 'iris'");
}

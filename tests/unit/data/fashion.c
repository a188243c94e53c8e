#include "data/data.h"
#include "scratch.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void make(void)
{
    scratch_make();
    setenv("HALFSTEP_DATASETS", "datasets", 1);
}

TestSuite(fashion, .init = make, .fini = scratch_remove);

Test(fashion, eight_thousand_train_and_two_thousand_are_held_out)
{
    DataSpec spec = data_spec_default();
    Dataset *dataset = loaded(&spec);
    int seen[10] = {0};

    cr_assert_eq(dataset->train_count, 8000);
    cr_assert_eq(dataset->test_count, 2000);
    cr_assert_eq(dataset->rank, 3);
    cr_assert_eq(dataset->features, 784);
    cr_assert_eq(dataset->class_count, 10);
    for (int i = 0; i < 10000; i++)
        seen[dataset->labels[i]]++;
    for (int k = 0; k < 10; k++)
        cr_assert_eq(seen[k], 1000);
    /* The published test set begins: ankle boot, pullover, trouser, trouser, shirt. */
    cr_assert_eq(memcmp(dataset->labels, (int32_t[]){9, 2, 1, 1, 6}, 5 * sizeof(int32_t)), 0);
    data_free(dataset);
}

Test(fashion, pixels_lie_within_0_and_1_and_reach_both)
{
    DataSpec spec = data_spec_default();
    Dataset *dataset = loaded(&spec);
    double sum = 0.0;
    float least = 1.0f, most = 0.0f;

    for (int64_t i = 0; i < 10000L * 784; i++) {
        sum += (double)dataset->inputs[i];
        least = fminf(least, dataset->inputs[i]);
        most = fmaxf(most, dataset->inputs[i]);
    }
    cr_assert_eq(least, 0.0f);
    cr_assert_eq(most, 1.0f);
    cr_assert_float_eq(sum / (10000 * 784), 0.2868, 1e-3);
    data_free(dataset);
}

Test(fashion, size_14_keeps_the_mean_of_every_image)
{
    DataSpec spec = data_spec_default();
    Dataset *whole, *small;

    spec.limit = 20;
    whole = loaded(&spec);
    spec.size = 14;
    small = loaded(&spec);
    cr_assert_eq(small->features, 196);
    for (int image = 0; image < 20; image++) {
        double difference = 0.0;

        for (int i = 0; i < 784; i++)
            difference += (double)whole->inputs[image * 784 + i];
        for (int i = 0; i < 196; i++)
            difference -= 4.0 * (double)small->inputs[image * 196 + i];
        cr_assert_float_eq(difference, 0.0, 1e-4);
    }
    spec.size = 5;
    refuses(&spec, STATUS_USAGE, "28 x 28; try size=4");
    data_free(whole);
    data_free(small);
}

Test(fashion, where_the_folder_was_named_it_must_be)
{
    DataSpec spec = data_spec_default();

    setenv("HALFSTEP_DATASETS", "/nowhere/at/all", 1);
    refuses(&spec, STATUS_IO, "in /nowhere/at/all, where HALFSTEP_DATASETS points");
    setenv("HALFSTEP_DATASETS", scratch_path(""), 1);
    cr_assert_eq(mkdir(scratch_path("fashion-mnist"), 0755), 0);
    refuses(&spec, STATUS_IO, "there is no t10k-images-idx3-ubyte");
}

Test(fashion, other_images_in_its_place_are_refused)
{
    static const uint8_t image[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7};
    static const uint8_t label[] = {0, 0, 8, 1, 0, 0, 0, 1, 0};
    DataSpec spec = data_spec_default();

    setenv("HALFSTEP_DATASETS", scratch_path(""), 1);
    cr_assert_eq(mkdir(scratch_path("fashion-mnist"), 0755), 0);
    scratch_put("fashion-mnist/t10k-images-idx3-ubyte", image, sizeof image);
    scratch_put("fashion-mnist/t10k-labels-idx1-ubyte", label, sizeof label);
    refuses(&spec, STATUS_IO, "are not Fashion-MNIST");
}

Test(fashion, the_full_set_says_how_to_get_it)
{
    DataSpec spec = data_spec_default();

    strcpy(spec.kind, "fashion full");
    setenv("HALFSTEP_FASHION_FULL", scratch_path(""), 1);
    refuses(&spec, STATUS_IO, "sudo apt-get install dataset-fashion-mnist");
}

Test(fashion, the_full_set_has_sixty_thousand_where_the_package_is, .timeout = 60)
{
    DataSpec spec = data_spec_default();
    Dataset *dataset;

    if (access("/usr/share/datasets/fashion-mnist", R_OK) != 0)
        cr_skip_test("dataset-fashion-mnist is not installed");
    strcpy(spec.kind, "fashion full");
    unsetenv("HALFSTEP_FASHION_FULL");
    dataset = loaded(&spec);
    cr_assert_eq(dataset->train_count, 60000);
    cr_assert_eq(dataset->test_count, 10000);
    cr_assert_eq(memcmp(dataset->labels, (int32_t[]){9, 0, 0, 3, 0}, 5 * sizeof(int32_t)), 0);
    cr_assert_eq(memcmp(dataset->labels + 60000, (int32_t[]){9, 2, 1, 1, 6}, 5 * sizeof(int32_t)),
                 0);
    data_free(dataset);
}

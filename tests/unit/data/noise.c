#include "data/data.h"
#include "scratch.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static DataSpec noise(int64_t limit, int64_t features, int64_t classes)
{
    DataSpec spec = data_spec_default();

    text_copy(spec.kind, sizeof spec.kind, "noise");
    spec.limit = limit;
    spec.features = features;
    spec.classes = classes;
    spec.seed = 1;
    return spec;
}

static Dataset *drawn(int64_t limit, int64_t features, int64_t classes)
{
    DataSpec spec = noise(limit, features, classes);

    return loaded(&spec);
}

Test(noise, has_the_widths_that_were_asked_for_and_a_quarter_held_out)
{
    Dataset *usual = drawn(0, 0, 0), *dataset = drawn(101, 7, 30), *one = drawn(1, 1, 2);

    cr_expect_eq(usual->train_count, 10000);
    cr_expect_eq(usual->test_count, 2500);
    cr_expect_eq(usual->features, 784);
    cr_expect_eq(usual->class_count, 10);
    cr_expect_eq(dataset->train_count, 101);
    cr_expect_eq(dataset->test_count, 26);
    cr_expect_eq(dataset->rank, 1);
    cr_expect_eq(dataset->shape[0], 7);
    cr_expect_eq(dataset->features, 7);
    cr_expect_eq(dataset->class_count, 30);
    cr_expect_eq(one->test_count, 1);
    data_free(usual);
    data_free(dataset);
    data_free(one);
}

/* The mean and the variance of a uniform number in [-1, 1) are 0 and 1/3. */
Test(noise, inputs_are_uniform_between_minus_one_and_one)
{
    Dataset *dataset = drawn(4000, 10, 10);
    int64_t count = 50000;
    double sum = 0.0, squares = 0.0;

    for (int64_t i = 0; i < count; i++) {
        double x = (double)dataset->inputs[i];

        cr_assert(x >= -1.0 && x < 1.0);
        sum += x;
        squares += x * x;
    }
    cr_expect_float_eq(sum / (double)count, 0.0, 0.013); /* five standard deviations */
    cr_expect_float_eq(squares / (double)count, 1.0 / 3.0, 0.0067);
    data_free(dataset);
}

Test(noise, every_class_is_about_as_frequent_in_both_parts)
{
    Dataset *dataset = drawn(8000, 1, 10);
    int trained[10] = {0}, held_out[10] = {0};

    for (int64_t i = 0; i < 10000; i++) {
        cr_assert(dataset->labels[i] >= 0 && dataset->labels[i] < 10);
        (i < 8000 ? trained : held_out)[dataset->labels[i]]++;
    }
    for (int k = 0; k < 10; k++) {
        cr_expect(trained[k] > 660 && trained[k] < 940, "%d", trained[k]);
        cr_expect(held_out[k] > 130 && held_out[k] < 270, "%d", held_out[k]);
    }
    data_free(dataset);
}

static void expect_same_part(const Dataset *small, int64_t at, const Dataset *large, int64_t in,
                             int64_t count)
{
    size_t inputs = (size_t)(count * small->features) * sizeof *small->inputs;

    cr_expect_arr_eq(small->inputs + at * small->features, large->inputs + in * large->features,
                     inputs);
    cr_expect_arr_eq(small->labels + at, large->labels + in, (size_t)count * sizeof *small->labels);
}

Test(noise, is_the_same_for_a_seed_and_a_larger_limit_only_adds_to_it)
{
    Dataset *small = drawn(40, 9, 5), *again = drawn(40, 9, 5), *large = drawn(80, 9, 5), *other;
    DataSpec spec = noise(40, 9, 5);

    spec.seed = 2;
    other = loaded(&spec);
    cr_expect(same_inputs(small, again));
    cr_expect_not(same_inputs(small, other));
    cr_expect_neq(memcmp(small->labels, other->labels, 50 * sizeof *small->labels), 0);
    expect_same_part(small, 0, again, 0, 50);
    expect_same_part(small, 0, large, 0, 40);
    expect_same_part(small, 40, large, 80, 10);
    data_free(small);
    data_free(again);
    data_free(large);
    data_free(other);
}

Test(noise, held_out_examples_are_no_copies_of_those_to_train)
{
    Dataset *dataset = drawn(40, 9, 5);

    cr_expect_neq(
        memcmp(dataset->inputs, dataset->inputs + 40 * 9, 10 * 9 * sizeof *dataset->inputs), 0);
    cr_expect_neq(memcmp(dataset->labels, dataset->labels + 40, 10 * sizeof *dataset->labels), 0);
    data_free(dataset);
}

static void refused(int64_t limit, int64_t features, int64_t classes, const char *part)
{
    DataSpec spec = noise(limit, features, classes);

    refuses(&spec, STATUS_USAGE, part);
}

Test(noise, what_is_too_large_is_refused_with_what_would_fit)
{
    refused(0, 65537, 0, "features goes from 1 to 65536");
    refused(0, -1, 0, "features goes from 1 to 65536");
    refused(0, INT64_MAX, 0, "features goes from 1 to 65536");
    refused(0, 0, 1, "classes goes from 2 to 65536");
    refused(0, 0, INT64_MIN, "classes goes from 2 to 65536");
    refused(0, 65536, 0, "say limit=3276");
    refused(INT64_MAX, 784, 0, "say limit=273913");
    refused(800001, 1, 0, "say limit=800000");
}

Test(noise, what_is_said_to_fit_does)
{
    Dataset *dataset = drawn(800000, 1, 0);

    cr_expect_eq(dataset->train_count + dataset->test_count, 1000000);
    data_free(dataset);
}

Test(noise, other_data_sets_refuse_its_options)
{
    DataSpec spec = noise(0, 3, 0);

    text_copy(spec.kind, sizeof spec.kind, "moons");
    refuses(&spec, STATUS_USAGE, "features and classes are chosen for noise only");
    spec.features = 0;
    spec.classes = 3;
    refuses(&spec, STATUS_USAGE, "moons has its own");
}

Test(noise, takes_the_options_of_every_data_set)
{
    DataSpec spec = noise(10, 6, 0);
    Dataset *plain = loaded(&spec), *doubled;

    spec.gain = 2.0;
    spec.target_input = true;
    doubled = loaded(&spec);
    cr_expect_eq(doubled->inputs[5], 2.0f * plain->inputs[5]);
    cr_expect_eq(doubled->target_width, 6);
    spec.size = 2;
    refuses(&spec, STATUS_USAGE, "size=2 averages images");
    data_free(plain);
    data_free(doubled);
}

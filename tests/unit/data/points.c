/* spirals and moons */
#include "data/data.h"
#include "scratch.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <math.h>

static Dataset *drawn(const char *kind, uint64_t seed)
{
    DataSpec spec = data_spec_default();

    text_copy(spec.kind, sizeof spec.kind, kind);
    spec.seed = seed;
    return loaded(&spec);
}

static void has_shape(const char *kind, int classes)
{
    Dataset *dataset = drawn(kind, 0);
    int seen[3] = {0};

    cr_assert_eq(dataset->train_count, 2000);
    cr_assert_eq(dataset->test_count, 500);
    cr_assert_eq(dataset->rank, 1);
    cr_assert_eq(dataset->shape[0], 2);
    cr_assert_eq(dataset->features, 2);
    cr_assert_eq(dataset->class_count, classes);
    cr_assert_eq(dataset->targets, NULL);
    for (int64_t i = 0; i < 2500; i++) {
        cr_assert(dataset->labels[i] >= 0 && dataset->labels[i] < classes);
        seen[dataset->labels[i]]++;
        cr_assert(isfinite(dataset->inputs[2 * i]) && isfinite(dataset->inputs[2 * i + 1]));
    }
    for (int k = 0; k < classes; k++)
        cr_assert(seen[k] >= 2500 / classes && seen[k] <= 2500 / classes + 1);
    data_free(dataset);
}

Test(points, the_classes_are_balanced_and_the_shape_is_two_features)
{
    has_shape("spirals", 2);
    has_shape("spirals 3", 3);
    has_shape("moons", 2);
}

/* Largest distance along an axis between points of the same number. */
static float farthest(const Dataset *one, const Dataset *other)
{
    float most = 0.0f;

    for (int64_t i = 0; i < 5000; i++)
        most = fmaxf(most, fabsf(one->inputs[i] - other->inputs[i]));
    return most;
}

Test(points, a_seed_gives_the_same_points_again_and_another_seed_others)
{
    static const char *const kinds[] = {"spirals", "spirals 3", "moons"};

    for (int i = 0; i < 3; i++) {
        Dataset *one = drawn(kinds[i], 1), *same = drawn(kinds[i], 1), *other = drawn(kinds[i], 2);

        cr_assert(same_inputs(one, same));
        cr_assert_gt(farthest(one, other), 1.0f, "only the noise differs");
        data_free(one);
        data_free(same);
        data_free(other);
    }
}

static double distance(const Dataset *dataset, int64_t i, int64_t j)
{
    double x = (double)(dataset->inputs[2 * i] - dataset->inputs[2 * j]);
    double y = (double)(dataset->inputs[2 * i + 1] - dataset->inputs[2 * j + 1]);

    return x * x + y * y;
}

/* The share of held-out points whose nearest training point has their class. */
static double nearest_neighbour_accuracy(const Dataset *dataset)
{
    int right = 0;

    for (int64_t i = 2000; i < 2500; i++) {
        int64_t nearest = 0;

        for (int64_t j = 1; j < 2000; j++) {
            if (distance(dataset, i, j) < distance(dataset, i, nearest))
                nearest = j;
        }
        right += dataset->labels[nearest] == dataset->labels[i];
    }
    return right / 500.0;
}

Test(points, what_is_learnt_on_the_training_points_holds_for_the_others)
{
    static const char *const kinds[] = {"spirals", "spirals 3", "moons"};

    for (int i = 0; i < 3; i++) {
        Dataset *dataset = drawn(kinds[i], 0);

        cr_assert_gt(nearest_neighbour_accuracy(dataset), 0.97, "%s", kinds[i]);
        data_free(dataset);
    }
}

/* A straight line does not do: the moons and spirals reach into each other. */
Test(points, the_classes_overlap_along_each_axis)
{
    Dataset *dataset = drawn("spirals", 0);
    float least[2] = {9, 9}, most[2] = {-9, -9};

    for (int64_t i = 0; i < 2000; i++) {
        int label = dataset->labels[i];

        least[label] = fminf(least[label], dataset->inputs[2 * i]);
        most[label] = fmaxf(most[label], dataset->inputs[2 * i]);
    }
    cr_assert(least[0] < -0.35f && most[0] > 0.35f && least[1] < -0.35f && most[1] > 0.35f);
    data_free(dataset);
}

Test(points, the_noise_of_moons_has_a_standard_deviation_of_a_tenth)
{
    Dataset *dataset = drawn("moons", 0);
    double sum = 0.0;
    int count = 0;

    for (int64_t i = 0; i < 2500; i++) {
        double x = (double)dataset->inputs[2 * i], y = (double)dataset->inputs[2 * i + 1];
        double off = dataset->labels[i] == 0 ? hypot(x, y) - 1 : hypot(x - 1, y - 0.5) - 1;

        if (fabs(x - dataset->labels[i]) < 0.7) {
            sum += off * off;
            count++;
        }
    }
    cr_assert_float_eq(sqrt(sum / count), 0.1, 0.01);
    data_free(dataset);
}

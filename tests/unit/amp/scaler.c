/* PyTorch's own outputs of _amp_update_scale_, vector by vector. */
#include "amp/scaler.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { MOST_STEPS = 8 };

typedef struct Vector {
    const char *name;
    float init;
    double growth, backoff;
    int64_t interval;
    int32_t tracker;
    int steps;
    float found[MOST_STEPS];
    float scale[MOST_STEPS];
    int32_t trackers[MOST_STEPS];
} Vector;

static const Vector vectors[] = {
    {"V3", 4, 2, .25, 2, 0, 3, {0, 0, 1}, {4, 8, 2}, {1, 0, 0}},
    {"V4", 128, 2, .5, 1, 0, 4, {0, 0, 1, 0}, {256, 512, 256, 512}, {0}},
    {"V5",
     1024,
     2,
     .5,
     3,
     0,
     7,
     {0, 0, 1, 0, 0, 0, 0},
     {1024, 1024, 512, 512, 512, 1024, 1024},
     {1, 2, 0, 1, 2, 0, 1}},
    {"V6", 65536, 2, .5, 2000, 0, 5, {1, 1, 1, 1, 1}, {32768, 16384, 8192, 4096, 2048}, {0}},
    {"V7", 2, 2, .5, 2000, 0, 3, {1, 1, 1}, {1, .5f, .25f}, {0}},
    {"V8", 1e38f, 16, .5, 1, 0, 2, {0, 0}, {9.999999680285692e37f, 9.999999680285692e37f}, {0}},
    {"V9", 0x1p126f, 2, .5, 1, 0, 4, {0, 0, 0, 1}, {0x1p127f, 0x1p127f, 0x1p127f, 0x1p126f}, {0}},
    {"V9b",
     0x1p127f,
     2,
     .5,
     2,
     0,
     4,
     {0, 0, 0, 0},
     {0x1p127f, 0x1p127f, 0x1p127f, 0x1p127f},
     {1, 0, 1, 0}},
    {"V10", 0x1p-147f, 2, .5, 1, 0, 5, {1, 1, 1, 0, 0}, {0x1p-148f, 0x1p-149f, 0, 0, 0}, {0}},
    {"V10b", 0x1p-149f, 2, .5, 1, 0, 2, {0, 0}, {0x1p-148f, 0x1p-147f}, {0}},
    {"V10c", 3 * 0x1p-149f, 2, .5, 1, 0, 2, {1, 1}, {0x1p-148f, 0x1p-149f}, {0}},
    {"V11",
     3,
     1.5,
     .8,
     2,
     0,
     6,
     {0, 0, 1, 0, 0, 1},
     {3, 4.5f, 0x1.ccccccp+1f, 0x1.ccccccp+1f, 0x1.599998p+2f, 0x1.147aep+2f},
     {1, 0, 0, 1, 0, 0}},
    {"V12",
     65536,
     1.1,
     .9,
     1,
     0,
     8,
     {0, 0, 0, 1, 1, 1, 0, 0},
     {72089.6015625f, 79298.5625f, 87228.421875f, 78505.578125f, 70655.0234375f, 63589.51953125f,
      69948.46875f, 76943.3125f},
     {0}},
    {"V13", 8, 2, .5, 0, 0, 4, {0, 0, 0, 1}, {8, 8, 8, 4}, {1, 2, 3, 0}},
    {"V14", 8, 2, .5, -1, 0, 3, {0, 0, 0}, {8, 8, 8}, {1, 2, 3}},
    {"V15", 8, 2, .5, 2, 7, 6, {0, 0, 0, 1, 0, 0}, {8, 8, 8, 4, 4, 8}, {8, 9, 10, 0, 1, 0}},
    {"V15b", 8, 2, .5, 2, 2, 2, {0, 0}, {8, 8}, {3, 4}},
    {"V15c", 8, 2, .5, 2, 1, 1, {0}, {16}, {0}},
    {"V16", 8, 2, .5, 1, 0, 2, {2, 0}, {4, 8}, {0}},
    {"V17 nan", 8, 2, .5, 1, 0, 1, {NAN}, {4}, {0}},
    {"V17 negative", 8, 2, .5, 1, 0, 1, {-1}, {4}, {0}},
    {"V18", INFINITY, 2, .5, 1, 0, 2, {0, 1}, {INFINITY, INFINITY}, {0}},
    {"V20", 0, 2, .5, 1, 0, 2, {0, 1}, {0, 0}, {0}},
    {"V21", 8, 2, 0, 1, 0, 2, {1, 0}, {0, 0}, {0}},
    {"V22", 8, (double)INFINITY, .5, 1, 0, 2, {0, 0}, {8, 8}, {0}},
    {"V23",
     65536,
     2,
     .5,
     2,
     0,
     7,
     {1, 0, 0, 1, 0, 0, 1},
     {32768, 32768, 65536, 32768, 32768, 65536, 32768},
     {0, 1, 0, 0, 1, 0, 0}},
};

static void run_vector(const Vector *vector)
{
    ScalerSpec spec = {.mode = SCALE_DYNAMIC,
                       .growth = vector->growth,
                       .backoff = vector->backoff,
                       .interval = vector->interval};
    Scaler scaler = {.scale = vector->init, .tracker = vector->tracker};

    for (int i = 0; i < vector->steps; i++) {
        scaler_update(&spec, vector->found[i], &scaler);
        cr_expect(memcmp(&scaler.scale, &vector->scale[i], sizeof scaler.scale) == 0,
                  "%s step %d: scale %a, PyTorch has %a", vector->name, i, (double)scaler.scale,
                  (double)vector->scale[i]);
        cr_expect_eq(scaler.tracker, vector->trackers[i], "%s step %d: tracker %d", vector->name, i,
                     scaler.tracker);
    }
}

Test(scaler, gives_the_bits_of_pytorch_on_every_vector)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        run_vector(&vectors[i]);
}

static void run_clean(Scaler *scaler, int steps)
{
    ScalerSpec spec = scaler_spec_default();

    for (int i = 0; i < steps; i++)
        scaler_update(&spec, 0.0f, scaler);
}

Test(scaler, grows_at_the_default_interval_and_not_before)
{
    Scaler scaler = {.scale = 65536.0f};

    run_clean(&scaler, 10);
    cr_expect(scaler.scale == 65536.0f && scaler.tracker == 10);
    run_clean(&scaler, 1989);
    cr_expect(scaler.scale == 65536.0f && scaler.tracker == 1999);
    run_clean(&scaler, 1);
    cr_expect(scaler.scale == 131072.0f && scaler.tracker == 0);
    run_clean(&scaler, 1);
    cr_expect(scaler.scale == 131072.0f && scaler.tracker == 1);
}

Test(scaler, applies_the_factor_in_double_and_rounds_once)
{
    ScalerSpec spec = {.mode = SCALE_DYNAMIC, .growth = 1.1, .backoff = 0.8, .interval = 1};
    Scaler scaler = {.scale = 65536.0f};

    for (int i = 0; i < 7; i++)
        scaler_update(&spec, 0.0f, &scaler);
    cr_expect_eq(scaler.scale, 127711.1328125f);
    scaler.scale = 65536.0f;
    scaler_update(&spec, 1.0f, &scaler);
    scaler_update(&spec, 1.0f, &scaler);
    cr_expect_eq(scaler.scale, 41943.0390625f);
}

Test(scaler, multiplies_by_the_reciprocal_where_division_differs)
{
    cr_expect_eq(5.0f * scaler_inverse(3.0f), 0x1.aaaaacp+0f);
    cr_expect_eq(9.0f * scaler_inverse(5.0f), 0x1.ccccce0p+0f);
    cr_expect_eq(5.0f * scaler_inverse(6.0f), 0x1.aaaaacp-1f);
    cr_expect_eq(3.0f * scaler_inverse(7.0f), 0x1.b6db70p-2f);
    cr_expect_eq(scaler_inverse(0x1p-149f), INFINITY);
}

static bool refused(double growth, double backoff, float start)
{
    ScalerSpec spec = {
        .mode = SCALE_DYNAMIC, .start = start, .growth = growth, .backoff = backoff, .interval = 1};

    return failed(scaler_check(&spec));
}

Test(scaler, refuses_what_grad_scaler_refuses)
{
    cr_expect(refused(1.0, 0.5, 8.0f));
    cr_expect(refused((double)NAN, 0.5, 8.0f));
    cr_expect(refused(2.0, 1.0, 8.0f));
    cr_expect(refused(2.0, (double)NAN, 8.0f));
    cr_expect(refused(2.0, 0.5, 0.0f));
    cr_expect(refused(2.0, 0.5, INFINITY));
    cr_expect_not(refused((double)INFINITY, 0.0, 8.0f));
    cr_expect_not(refused(2.0, 0.5, 65536.0f));
}

/* Megatron's DynamicGradScaler, hysteresis 2, interval 3, floor 2: overflows are i, clean steps a dot. */
Test(scaler, bears_as_many_overflows_as_hysteresis_says_until_it_has_grown)
{
    const struct {
        char found;
        float scale;
        int32_t tracker, spent;
    } steps[] = {
        {'i', 8, 0, 1}, {'.', 8, 1, 1}, {'i', 4, 0, 1}, {'i', 2, 0, 1}, {'i', 2, 0, 1},
        {'.', 2, 1, 1}, {'.', 2, 2, 1}, {'.', 4, 0, 0}, {'i', 4, 0, 1}, {'.', 4, 1, 1},
        {'.', 4, 2, 1}, {'.', 8, 0, 0}, {'i', 8, 0, 1}, {'i', 4, 0, 1},
    };
    ScalerSpec spec = {.mode = SCALE_DYNAMIC,
                       .growth = 2.0,
                       .backoff = 0.5,
                       .interval = 3,
                       .floor = 2.0f,
                       .hysteresis = 2};
    Scaler scaler = {.scale = 8.0f};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        scaler_update(&spec, steps[i].found == 'i' ? 1.0f : 0.0f, &scaler);
        cr_expect(scaler.scale == steps[i].scale && scaler.tracker == steps[i].tracker &&
                      scaler.spent == steps[i].spent,
                  "step %d: %g, %d, %d", (int)i + 1, (double)scaler.scale, scaler.tracker,
                  scaler.spent);
    }
}

Test(scaler, keeps_a_scale_that_was_set_below_its_floor_and_ends_at_the_floor)
{
    ScalerSpec spec = {.mode = SCALE_DYNAMIC, .growth = 2, .backoff = .3, .floor = 2.0f};
    Scaler scaler = {.scale = 1.5f};

    scaler_update(&spec, 1.0f, &scaler);
    cr_expect_eq(scaler.scale, 1.5f);
    scaler.scale = 6.0f;
    scaler_update(&spec, 1.0f, &scaler);
    cr_expect_eq(scaler.scale, 2.0f);
}

Test(scaler, refuses_a_floor_above_its_start)
{
    ScalerSpec spec = scaler_spec_default();

    spec.floor = 65536.0f;
    cr_expect_not(failed(scaler_check(&spec)));
    spec.floor = 65537.0f;
    cr_expect(failed(scaler_check(&spec)));
    spec.mode = SCALE_STATIC;
    cr_expect_not(failed(scaler_check(&spec)));
    spec.floor = -1.0f;
    cr_expect(failed(scaler_check(&spec)));
    spec.floor = NAN;
    cr_expect(failed(scaler_check(&spec)));
    spec.floor = 0.0f;
    spec.hysteresis = -1;
    cr_expect(failed(scaler_check(&spec)));
}

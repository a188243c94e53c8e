/* A run that is taken down and put up elsewhere goes on as if nothing had been. */
#include "train/checkpoint.h"

#include "cpu/cpu.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* A backend with data and a run of its own. */
typedef struct Place {
    Backend *backend;
    LoadedSets loaded;
    LoadedData *data;
    Experiment *run;
} Place;

static Place here, there;
static Checkpoint *checkpoint;

static void must(Status status)
{
    cr_assert_not(failed(status), "%s", status.text);
}

static Settings small_settings(void)
{
    Settings settings = settings_default();

    settings.data.limit = 100;
    settings.batch = 30; /* does not divide 100: batches wrap round */
    settings.scaler.start = 1048576.0f;
    settings.scaler.interval = 2;
    must(net_parse("784 8 10", "relu", &settings.net));
    return settings;
}

static void place_open(Place *place, const Settings *settings)
{
    BackendOptions options = {.threads = 1};

    must(cpu_backend.open(&options, &place->backend));
    place->loaded = (LoadedSets){.class = &cpu_backend, .backend = place->backend};
    must(loaded_get(&place->loaded, &settings->data, &place->data));
    must(experiment_new(&cpu_backend, place->backend, place->data, settings, &place->run));
}

static void place_close(Place *place)
{
    experiment_free(place->run);
    loaded_keep(&place->loaded, NULL, 0);
    cpu_backend.close(place->backend);
}

static void take_steps(Experiment *run, int count)
{
    for (int i = 0; i < count; i++) {
        must(experiment_start_step(run));
        must(experiment_collect(run, true));
    }
    experiment_refresh(run);
}

static void begin(void)
{
    Settings settings = small_settings();

    setenv("HALFSTEP_DATASETS", "datasets", 1);
    setenv("HALFSTEP_MATMUL", "reference", 1);
    place_open(&here, &settings);
    place_open(&there, &settings);
    take_steps(here.run, 9);
    cr_assert_gt(here.run->facts.skipped, 0);
    cr_assert_lt(here.run->facts.skipped, 9);
    must(checkpoint_take(here.run, &checkpoint));
}

static void end(void)
{
    checkpoint_free(checkpoint);
    place_close(&here);
    place_close(&there);
}

TestSuite(checkpoint, .init = begin, .fini = end);

static void expect_same_bits(const Experiment *a, const Experiment *b)
{
    Checkpoint *one, *other;

    must(checkpoint_take(a, &one));
    must(checkpoint_take(b, &other));
    cr_assert_eq(one->array_count, other->array_count);
    for (int i = 0; i < one->array_count; i++) {
        const KeptArray *array = &one->arrays[i], *twin = checkpoint_find(other, array->name);
        size_t bytes = (size_t)kept_count(array) * sizeof(float);

        cr_expect_eq(memcmp(array->values, twin->values, bytes), 0, "%s", array->name);
        cr_expect_eq(array->start == NULL, strstr(array->name, ".exp_avg") != NULL);
        if (array->start != NULL)
            cr_expect_eq(memcmp(array->start, twin->start, bytes), 0, "%s", array->name);
    }
    cr_expect_eq(memcmp(&one->scalars, &other->scalars, sizeof one->scalars), 0);
    cr_expect_eq(memcmp(&one->facts.history, &other->facts.history, sizeof(History)), 0);
    cr_expect_eq(memcmp(&one->facts.events, &other->facts.events, sizeof(EventLog)), 0);
    cr_expect_eq(memcmp(&one->facts.last_skip, &other->facts.last_skip, sizeof(SkipFacts)), 0);
    checkpoint_free(one);
    checkpoint_free(other);
}

Test(checkpoint, goes_on_elsewhere_bit_for_bit)
{
    must(checkpoint_restore(checkpoint, there.run));
    expect_same_bits(here.run, there.run);
    take_steps(here.run, 12);
    take_steps(there.run, 12);
    expect_same_bits(here.run, there.run);
    cr_expect_eq(there.run->facts.step, 21);
}

Test(checkpoint, is_not_touched_by_what_the_run_does_afterwards)
{
    take_steps(here.run, 5);
    must(checkpoint_restore(checkpoint, there.run));
    take_steps(there.run, 5);
    expect_same_bits(here.run, there.run);
}

Test(checkpoint, keeps_what_the_last_step_counted_until_the_next_one)
{
    const TensorFacts *then, *now;

    must(checkpoint_restore(checkpoint, there.run));
    then = snapshot_tensor(&here.run->facts, "fc1.weight.grad");
    now = snapshot_tensor(&there.run->facts, "fc1.weight.grad");
    cr_expect(now->probed);
    cr_expect_eq(memcmp(&now->counts, &then->counts, sizeof now->counts), 0);
    take_steps(here.run, 1);
    take_steps(there.run, 1);
    then = snapshot_tensor(&here.run->facts, "fc1.weight.grad");
    now = snapshot_tensor(&there.run->facts, "fc1.weight.grad");
    cr_expect_eq(memcmp(&now->counts, &then->counts, sizeof now->counts), 0);
}

Test(checkpoint, of_weights_alone_starts_all_else_anew)
{
    int kept = 0;

    checkpoint->weights_only = true;
    for (int i = 0; i < checkpoint->array_count; i++) {
        if (checkpoint->arrays[i].start != NULL)
            checkpoint->arrays[kept++] = checkpoint->arrays[i];
        else
            free(checkpoint->arrays[i].values);
    }
    checkpoint->array_count = kept;
    must(checkpoint_restore(checkpoint, there.run));
    cr_expect_eq(there.run->facts.step, 0);
    cr_expect_eq(there.run->position, 0);
    experiment_moved(there.run);
    cr_expect_eq(snapshot_tensor(&there.run->facts, "fc1.weight")->moved.value, 0.0);
    take_steps(there.run, 1);
    cr_expect_eq(there.run->facts.step, 1);
}

Test(checkpoint, of_another_network_is_refused_and_changes_nothing)
{
    Settings settings = small_settings();
    Experiment *other;
    float before, after;

    must(net_parse("784 9 10", "relu", &settings.net));
    must(experiment_new(&cpu_backend, there.backend, there.data, &settings, &other));
    before = other->start[0][0];
    cr_expect_eq(checkpoint_restore(checkpoint, other).code, STATUS_SHAPE);
    after = other->start[0][0];
    cr_expect_eq(before, after);
    cr_expect_eq(other->facts.step, 0);
    experiment_free(other);
}

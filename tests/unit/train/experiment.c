/* What a session cannot show from outside: the store behind a run. */
#include "train/experiment.h"

#include "base/memory.h"
#include "cpu/cpu.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static Backend *backend;
static LoadedSets loaded;
static LoadedData *data;
static Experiment *experiment;

static void must(Status status)
{
    cr_assert_not(failed(status), "%s", status.text);
}

static void begin(void)
{
    BackendOptions options = {.threads = 1};
    Settings settings = settings_default();

    setenv("HALFSTEP_DATASETS", "datasets", 1);
    settings.data.limit = 100;
    settings.batch = 10;
    must(net_parse("784 8 10", "relu", &settings.net));
    must(cpu_backend.open(&options, &backend));
    loaded = (LoadedSets){.class = &cpu_backend, .backend = backend};
    must(loaded_get(&loaded, &settings.data, &data));
    must(experiment_new(&cpu_backend, backend, data, &settings, &experiment));
}

static void end(void)
{
    experiment_free(experiment);
    loaded_keep(&loaded, NULL, 0);
    cpu_backend.close(backend);
}

TestSuite(experiment, .init = begin, .fini = end);

static float first_moment(void)
{
    float bias[8], largest = 0.0f;

    must(cpu_backend.store_read(experiment->store, "fc1.bias.exp_avg", bias, 8));
    for (int i = 0; i < 8; i++)
        largest = bias[i] > largest ? bias[i] : -bias[i] > largest ? -bias[i] : largest;
    return largest;
}

static int64_t steps_taken(void)
{
    Scalars scalars;

    cpu_backend.scalars_get(experiment->store, &scalars);
    return scalars.taken;
}

static void take_four_steps(void)
{
    for (int i = 0; i < 4; i++) {
        must(experiment_start_step(experiment));
        must(experiment_collect(experiment, i == 3));
    }
    cr_assert_eq(experiment->facts.step, 4);
}

Test(experiment, starts_a_new_optimizer_from_empty_state)
{
    Settings wanted = experiment->settings;

    take_four_steps();
    cr_expect_gt(first_moment(), 0.0f);
    must(optim_spec("adam", &wanted.optim));
    must(experiment_change(experiment, &wanted));
    cr_expect_eq(first_moment(), 0.0f);
    cr_expect_eq(steps_taken(), 0);
}

Test(experiment, keeps_the_optimizers_state_for_a_new_rate_format_and_batch)
{
    Settings wanted = experiment->settings;
    float moment;

    take_four_steps();
    moment = first_moment();
    wanted.optim.lr = 1e-4;
    wanted.autocast = FORMAT_BF16;
    must(experiment_change(experiment, &wanted));
    wanted.batch = 20;
    must(experiment_change(experiment, &wanted));
    cr_expect_eq(first_moment(), moment);
    cr_expect_eq(steps_taken(), 4);
    cr_expect_eq(experiment->program.values[program_find(&experiment->program, "fc1.out")].format,
                 FORMAT_BF16);
}

/* Weights of zero and a bias at 3: every example is called class 3. */
Test(experiment, counts_every_held_out_example_for_accuracy)
{
    float zeros[8 * 784] = {0}, bias[10] = {[3] = 1.0f};
    int64_t threes = 0;

    must(cpu_backend.store_write(experiment->store, "fc1.weight", zeros, 8 * 784));
    must(cpu_backend.store_write(experiment->store, "fc2.weight", zeros, 80));
    must(cpu_backend.store_write(experiment->store, "fc2.bias", bias, 10));
    for (int64_t i = 0; i < data->set->test_count; i++)
        threes += data->set->labels[data->set->train_count + i] == 3;
    must(experiment_accuracy(experiment));
    cr_expect_eq(experiment->facts.accuracy.value, (double)threes / (double)data->set->test_count);
}

Test(experiment, loads_a_data_set_once_and_lets_go_of_what_is_not_kept)
{
    const LoadedData *kept = data;
    LoadedData *again, *other;
    DataSpec spec = data->spec;

    must(loaded_get(&loaded, &spec, &again));
    cr_expect_eq(again, data);
    spec.limit = 50;
    must(loaded_get(&loaded, &spec, &other));
    cr_expect_neq(other, data);
    loaded_keep(&loaded, &kept, 1);
    must(loaded_get(&loaded, &data->spec, &again));
    cr_expect_eq(again, data);
}

/* What stochastic rounding takes its numbers from. */
Test(experiment, the_seed_stands_where_a_backend_reads_it)
{
    Scalars scalars;

    cpu_backend.scalars_get(experiment->store, &scalars);
    cr_expect_eq(scalars.seed, experiment->settings.seed);
    cr_expect_neq(scalars.seed, 0);
}

/* A changed optimizer begins from zeros also where the formats of what lasts change with it. */
Test(experiment, another_optimizer_over_other_formats_keeps_the_weights_alone)
{
    Settings wanted = experiment->settings;

    must(experiment_start_step(experiment));
    must(experiment_collect(experiment, true));
    cr_expect_neq(first_moment(), 0.0f);
    wanted.master = false;
    must(optim_spec("adam", &wanted.optim));
    must(experiment_change(experiment, &wanted));
    cr_expect_eq(first_moment(), 0.0f);
    cr_expect_eq(steps_taken(), 0);
}

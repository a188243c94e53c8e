/* When the state of a run is copied to the host, and what counts as the host's. */
#include "train/worker.h"

#include "cpu/cpu.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(rescue, copies_are_five_seconds_apart_and_take_a_hundredth_of_the_time)
{
    Session *session = calloc(1, sizeof *session);
    Checkpoint *checkpoint = calloc(1, sizeof *checkpoint);

    cr_expect_not(rescue_due(session, 1000.0)); /* none is kept: the run is on the CPU */
    session->rescue =
        (Rescue){.kept = {.count = 1, .all = {checkpoint}}, .taken = 100.0, .seconds = 0.01};
    cr_expect_not(rescue_due(session, 104.9));
    cr_expect(rescue_due(session, 105.1));
    session->rescue.seconds = 0.25;
    cr_expect_not(rescue_due(session, 124.9));
    cr_expect(rescue_due(session, 125.1));
    free(checkpoint);
    free(session);
}

Test(rescue, host_memory_bounds_on_a_device_only_what_the_host_holds)
{
    BackendClass device = cpu_backend;
    Settings settings = settings_default();
    Dataset set = {
        .train_count = 100000, .rank = 1, .shape = {784}, .features = 784, .class_count = 10};
    int64_t weights = 784 * 100 + 100 + 100 * 10 + 10, small;

    device.name = "cuda";
    cr_assert_not(failed(net_parse("784 100 10", "relu", &settings.net)));
    small = experiment_size(&cpu_backend, &settings, &set);
    /* the start; in each of two checkpoints weights, two moments and the start */
    cr_expect_eq(experiment_size(&device, &settings, &set), weights * (1 + 2 * (1 + 2 + 1)));
    settings.batch = 65536;
    cr_expect_eq(experiment_size(&device, &settings, &set), weights * (1 + 2 * (1 + 2 + 1)));
    cr_expect_gt(experiment_size(&cpu_backend, &settings, &set), 100 * small);
}

/* What a training step costs, as CSV: median milliseconds over repeats of a few hundred steps.
 *
 * `tiny` is 784-256-128-10, batch 64, AdamW, Fashion-MNIST.
 */
#include "base/pool.h"
#include "cpu/cpu.h"
#include "program/registry.h"
#include "train/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WARM_UP = 50, STEPS = 200, REPEATS = 5 };

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static Status train(Session *session, int64_t steps, double *seconds)
{
    Goal goal = {.steps = steps};
    double start = now();

    TRY(session_start(session, &goal));
    while (!session_wait(session, 1.0))
        continue;
    *seconds = now() - start;
    return session_result(session);
}

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static Status measure(Session *session, double *milliseconds)
{
    double seconds[REPEATS];

    TRY(train(session, WARM_UP, &seconds[0]));
    for (int i = 0; i < REPEATS; i++)
        TRY(train(session, STEPS, &seconds[i]));
    qsort(seconds, REPEATS, sizeof seconds[0], ascending);
    *milliseconds = 1e3 * seconds[REPEATS / 2] / STEPS;
    return ok();
}

static Status tiny(const SessionOptions *options, Format format, ProbeSet probes)
{
    Settings settings = settings_default();
    Session *session;
    double milliseconds = 0.0;
    int64_t step;
    Status status;

    settings.autocast = format;
    settings.probes = probes;
    settings.scaler.mode = format == FORMAT_FP16 ? SCALE_DYNAMIC : SCALE_OFF;
    TRY(session_new(options, &session));
    status = session_apply(session, &settings, &step);
    if (!failed(status))
        status = measure(session, &milliseconds);
    session_free(session);
    if (!failed(status))
        printf("tiny,64,%s,%s,%d,%.3f\n", format_name(format), probe_set_names[probes],
               options->threads, milliseconds);
    return status;
}

static Status all(const SessionOptions *options)
{
    static const Format formats[] = {FORMAT_FP32, FORMAT_FP16, FORMAT_BF16};

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        TRY(tiny(options, formats[i], PROBE_OFF));
        TRY(tiny(options, formats[i], PROBE_ON));
    }
    return ok();
}

int main(int argc, char **argv)
{
    Registry *registry = registry_new(&cpu_backend);
    SessionOptions options = {
        .registry = registry,
        .backend = "cpu",
        .threads = argc > 1 ? (int)strtol(argv[1], NULL, 10) : pool_processors(),
    };
    Status status;

    printf("network,batch,format,probes,threads,ms_per_step\n");
    status = all(&options);
    if (failed(status))
        fprintf(stderr, "step: %s\n", status.text);
    registry_free(registry);
    return failed(status) ? EXIT_FAILURE : EXIT_SUCCESS;
}

#include "rig.h"

#include "cpu/cpu.h"
#include "program/registry.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static Registry *registry;
Session *session;
Snapshot now;

void must(Status status)
{
    cr_assert_not(failed(status), "%s", status.text);
}

void apply(const Settings *wanted)
{
    int64_t step;

    must(session_apply(session, wanted, &step));
}

void open_with(int threads)
{
    SessionOptions options = {.backend = "cpu", .threads = threads};
    Settings wanted;

    setenv("HALFSTEP_DATASETS", "datasets", 1);
    setenv("HALFSTEP_MATMUL", "reference", 1);
    registry = registry_new(&cpu_backend);
    options.registry = registry;
    must(session_new(&options, &session));
    wanted = *session_settings(session);
    must(data_spec_parse("spirals", &wanted.data));
    must(net_parse("2 16 3", "tanh", &wanted.net));
    wanted.batch = 20;
    apply(&wanted);
    wanted.net.layers[3].width = 2; /* spirals may have two arms or three */
    if (failed(session_problem(session)))
        apply(&wanted);
    must(session_problem(session));
}

void open_without_data(void)
{
    SessionOptions options = {.backend = "cpu", .threads = 1};

    setenv("HALFSTEP_DATASETS", "/nowhere", 1);
    registry = registry_new(&cpu_backend);
    options.registry = registry;
    must(session_new(&options, &session));
}

void open_small(void)
{
    open_with(1);
}

void close_all(void)
{
    snapshot_release(&now);
    session_free(session);
    registry_free(registry);
}

void train(int64_t steps)
{
    Goal goal = {.steps = steps};

    must(session_start(session, &goal));
    while (!session_wait(session, 1.0))
        ;
    must(session_result(session));
}

const Snapshot *look(void)
{
    must(session_measure(session, (ExprNeeds){.moved = true}, &now));
    return &now;
}

double moved(const char *name)
{
    const TensorFacts *tensor = snapshot_tensor(look(), name);

    cr_assert_not_null(tensor, "no %s", name);
    return tensor->moved.none ? -1.0 : tensor->moved.value;
}

ForkSpec same(const char *name)
{
    return (ForkSpec){.name = name, .settings = *session_settings(session)};
}

int64_t fork_run(const ForkSpec *spec)
{
    int64_t step;

    must(session_fork(session, spec, &step));
    return step;
}

void fork_bf16(void)
{
    ForkSpec spec = same("b");

    spec.settings.autocast = FORMAT_BF16;
    spec.settings.scaler.mode = SCALE_OFF;
    fork_run(&spec);
}

Snapshot seen(int run)
{
    Snapshot snapshot = {0};

    session_snapshot_run(session, run, &snapshot);
    snapshot_release(&snapshot); /* its tensors; the rest is plain */
    return snapshot;
}

void expect_same_losses(const Snapshot *a, const Snapshot *b)
{
    cr_expect_eq(a->step, b->step);
    cr_expect_eq(memcmp(a->history.recent, b->history.recent, sizeof a->history.recent), 0);
}

void say_setting(const char *words)
{
    Settings wanted = *session_settings(session);

    must(settings_read_part(words, &wanted));
    apply(&wanted);
}

void begin_without_masters(Format format, WeightRounding rounding)
{
    Settings wanted = *session_settings(session);

    wanted.autocast = format;
    wanted.scaler.mode = SCALE_OFF;
    wanted.master = false;
    wanted.rounding = rounding;
    must(optim_spec("sgd", &wanted.optim));
    apply(&wanted);
}

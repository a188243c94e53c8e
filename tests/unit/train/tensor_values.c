#include "train/tensor_values.h"

#include "cpu/cpu.h"
#include "numerics/round.h"
#include "program/registry.h"

#include <criterion/criterion.h>
#include <string.h>

static Session *open_session(Registry **registry)
{
    SessionOptions options = {.backend = "cpu", .threads = 1};
    Session *session = NULL;
    Status status;

    *registry = registry_new(&cpu_backend);
    options.registry = *registry;
    status = session_new(&options, &session);
    cr_assert(!failed(status), "%s", status.text);
    return session;
}

static void take_step(Session *session)
{
    Goal goal = {.steps = 1};

    cr_assert(!failed(session_start(session, &goal)));
    cr_assert(session_wait(session, 60.0));
}

static void expect_refused(Session *session, const char *name, const char *words)
{
    TensorValues values;
    Status status = session_tensor_values(session, name, &values);

    cr_assert_eq(status.code, STATUS_USAGE, "%s", name);
    cr_assert(strstr(status.text, words) != NULL, "%s", status.text);
    tensor_values_release(&values);
}

static void expect_cast(Session *session, const char *name, bool next)
{
    TensorValues values;
    Status status = session_tensor_values(session, name, &values);

    cr_assert(!failed(status), "%s", status.text);
    cr_assert_eq(values.format, FORMAT_FP16);
    cr_assert_eq(values.next, next);
    cr_assert(values.count > 0 && values.before != NULL);
    for (int64_t i = 0; i < values.count; i++)
        cr_assert_eq(values.stored[i], round_to(FORMAT_FP16, OVERFLOW_INFINITY, values.before[i]));
    tensor_values_release(&values);
}

Test(tensor_values, weights_are_there_at_once_and_the_rest_behind_a_step)
{
    Registry *registry;
    Session *session = open_session(&registry);
    TensorValues values;

    expect_refused(session, "nothing", "there is no tensor 'nothing'");
    expect_refused(session, "fc1.out", "try step");
    expect_cast(session, "fc1.weight", true);
    take_step(session);
    expect_cast(session, "fc1.weight", true);
    expect_cast(session, "x", false);
    cr_assert(!failed(session_tensor_values(session, "fc1.out.grad", &values)));
    cr_assert(values.before == NULL && values.stored != NULL);
    tensor_values_release(&values);
    session_free(session);
    registry_free(registry);
}

Test(tensor_values, another_program_has_computed_nothing_yet)
{
    Registry *registry;
    Session *session = open_session(&registry);
    Settings wanted = *session_settings(session);
    TensorValues values;
    int64_t step;

    take_step(session);
    wanted.autocast = FORMAT_FP32;
    cr_assert(!failed(session_apply(session, &wanted, &step)));
    expect_refused(session, "fc1.out", "try step");
    cr_assert(!failed(session_tensor_values(session, "fc1.weight", &values)));
    cr_assert(values.before == NULL && values.format == FORMAT_FP32);
    tensor_values_release(&values);
    session_free(session);
    registry_free(registry);
}

/* What a run says of its tensors in every format of autocast. */
#include "rig.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(tensors, .init = open_small, .fini = close_all);

static void train_in(Format format)
{
    Settings wanted = *session_settings(session);

    wanted.autocast = format;
    apply(&wanted);
    train(5);
    (void)look();
}

Test(tensors, have_one_name_each_in_every_format)
{
    for (Format format = FORMAT_FP32; format <= FORMAT_BF16; format++) {
        train_in(format);
        for (int i = 0; i < now.tensor_count; i++)
            cr_expect_eq(snapshot_tensor(&now, now.tensors[i].name), &now.tensors[i], "two are %s",
                         now.tensors[i].name);
        cr_expect_gt(moved("fc1.weight"), 0.0);
        cr_expect_gt(moved("fc1.bias"), 0.0);
    }
}

Test(tensors, are_of_the_kind_that_is_cast_and_counted_in_the_cast)
{
    train_in(FORMAT_TF32);
    cr_expect_eq(snapshot_tensor(&now, "x")->kind, TENSOR_INPUT);
    cr_expect_eq(snapshot_tensor(&now, "fc1.weight")->kind, TENSOR_WEIGHT);
    cr_expect_eq(snapshot_tensor(&now, "tanh1.out")->kind, TENSOR_ACTIVATION);
    cr_expect_eq(snapshot_tensor(&now, "fc2.out.grad")->kind, TENSOR_ACTIVATION_GRAD);
    cr_expect_eq(snapshot_tensor(&now, "fc2.out.grad")->format, FORMAT_TF32);
    cr_expect(snapshot_tensor(&now, "fc2.out.grad")->probed);
    cr_expect_eq(snapshot_tensor(&now, "fc2.weight.grad")->format, FORMAT_FP32);
    cr_expect_not(snapshot_tensor(&now, "fc1.bias")->probed);
}

static void expect_counted(const char *name, bool counted)
{
    const TensorFacts *tensor = snapshot_tensor(&now, name);

    cr_assert_not_null(tensor, "no %s", name);
    cr_expect_eq(tensor->counted, counted, "%s", name);
    cr_expect_eq(tensor->probed, counted, "%s", name);
}

Test(tensors, are_counted_where_the_probes_say_and_the_rest_trains_on_unseen)
{
    Settings wanted = *session_settings(session);
    double loss;

    train(30);
    loss = look()->batch_loss.value;
    expect_counted("fc1.out", true);
    must(session_reset(session));
    wanted.probes = PROBE_GRADS;
    apply(&wanted);
    train(10);
    (void)look();
    expect_counted("fc1.out", false);
    expect_counted("fc1.weight", false);
    expect_counted("fc1.out.grad", true);
    expect_counted("fc1.weight.grad", true);
    wanted.probes = PROBE_WEIGHT_GRADS;
    apply(&wanted);
    train(20);
    cr_expect_eq(look()->batch_loss.value, loss);
    expect_counted("fc1.out.grad", false);
    expect_counted("fc1.weight.grad", true);
}

static int64_t zeros_of(const char *name)
{
    return snapshot_tensor(look(), name)->counts.classes[CAST_ZERO];
}

Test(tensors, updates_are_those_of_the_last_step_and_change_no_bit_of_it)
{
    Settings wanted = *session_settings(session);
    double loss;

    train(30);
    loss = look()->batch_loss.value;
    cr_expect_null(snapshot_tensor(&now, "fc1.weight.update"));
    must(session_reset(session));
    wanted.probes = PROBE_UPDATES;
    apply(&wanted);
    cr_expect_not(snapshot_tensor(look(), "fc1.weight.update")->probed);
    train(30);
    cr_expect_eq(look()->batch_loss.value, loss);
    expect_counted("fc1.weight.update", true);
    cr_expect(now.probes, "every cast is counted too");
    expect_counted("fc1.out", true);
    cr_expect_eq(snapshot_tensor(&now, "fc1.weight.update")->kind, TENSOR_UPDATE);
    cr_expect_eq(snapshot_tensor(&now, "fc1.weight.update")->counts.count,
                 snapshot_tensor(&now, "fc1.weight")->count);
    cr_expect_gt(snapshot_tensor(&now, "fc1.weight.update")->counts.mass, 0.0);
    wanted = *session_settings(session);
    wanted.autocast = FORMAT_BF16;
    apply(&wanted);
    cr_expect_not(snapshot_tensor(look(), "fc1.weight.update")->probed, "settings are others");
}

Test(tensors, a_skipped_step_updates_nothing)
{
    Settings wanted = *session_settings(session);
    int64_t step;

    wanted.probes = PROBE_UPDATES;
    wanted.autocast = FORMAT_FP16;
    wanted.scaler.mode = SCALE_STATIC;
    wanted.scaler.start = 1.0f;
    apply(&wanted);
    train(3);
    cr_expect_lt(zeros_of("fc1.weight.update"), snapshot_tensor(&now, "fc1.weight")->count);
    must(session_set_scale(session, 0x1p100f, &step));
    train(1);
    cr_expect_eq(look()->skipped, 1);
    cr_expect_eq(zeros_of("fc1.weight.update"), snapshot_tensor(&now, "fc1.weight")->count);
}

static bool is_logged(const char *text)
{
    for (int i = 0; i < events_held(&now.events); i++)
        if (strcmp(events_get(&now.events, i)->text, text) == 0)
            return true;
    return false;
}

Test(tensors, are_said_to_be_probed_otherwise_in_the_log_and_the_history)
{
    Settings wanted = *session_settings(session);

    train(5);
    wanted.probes = PROBE_WEIGHT_GRADS;
    apply(&wanted);
    train(5);
    (void)look();
    cr_expect(is_logged("probe on -> weight-grads"));
    cr_expect_not_null(strstr(session_history(session, 1)->settings, "; probe weight-grads"));
}

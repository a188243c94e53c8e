#include "telemetry/metric.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static Measure of_run(const char *name, const Snapshot *snapshot)
{
    const Metric *metric = metric_find(name);

    cr_assert_not_null(metric, "%s", name);
    cr_assert_not_null(metric->of_run, "%s", name);
    return metric->of_run(snapshot);
}

static Measure of_tensor(const char *name, const TensorFacts *tensor)
{
    const Metric *metric = metric_find(name);

    cr_assert_not_null(metric, "%s", name);
    cr_assert_not_null(metric->of_tensor, "%s", name);
    return metric->of_tensor(tensor);
}

static void expect(Measure measure, double value)
{
    cr_assert_not(measure.none);
    cr_assert_float_eq(measure.value, value, 0.0, "%g is not %g", measure.value, value);
}

/* A hundred values: 5 nan, 5 inf, 20 zero, 10 overflow, 30 underflow, 20 subnormal, 10 normal. */
static TensorFacts hundred(void)
{
    TensorFacts tensor = {.kind = TENSOR_WEIGHT_GRAD, .probed = true, .count = 100};
    const int64_t classes[CAST_CLASSES] = {5, 5, 20, 10, 30, 20, 10};

    memcpy(tensor.counts.classes, classes, sizeof classes);
    tensor.counts.count = 100;
    tensor.counts.histogram[0] = 70;
    tensor.counts.amax = 70000.0F;
    tensor.counts.mass = 8.0;
    tensor.counts.lost_mass = 2.0;
    return tensor;
}

Test(metric, lost_updates_are_a_share_of_those_that_are_not_zero)
{
    TensorFacts tensor = {.kind = TENSOR_WEIGHT, .updates = 40, .lost_updates = 30};

    expect(of_tensor("lost_updates", &tensor), 0.75);
    tensor.updates = tensor.lost_updates = 0;
    cr_assert(of_tensor("lost_updates", &tensor).none);
    cr_assert_eq(metric_find("lost_updates")->need, NEED_UPDATES);
}

/* Of 10 weights in fp32 masters with copies in fp16: 4 + 2 + 2 + 8 bytes, and some activations. */
Test(metric, bytes_are_those_of_the_formats_and_a_share_of_fp32)
{
    Snapshot snapshot = {.autocast = FORMAT_FP16, .weights = FORMAT_FP32};
    MemoryFacts *memory = &snapshot.memory;

    cr_expect(of_run("weight_bytes", &snapshot).none);
    cr_expect(of_run("memory_share", &snapshot).none);
    memory->formats[PART_WEIGHTS] = memory->fp32[PART_WEIGHTS] = 40;
    memory->formats[PART_OPTIMIZER] = memory->fp32[PART_OPTIMIZER] = 80;
    memory->formats[PART_COPIES] = 30;
    memory->formats[PART_GRADS] = 20;
    memory->fp32[PART_GRADS] = 40;
    memory->formats[PART_ACTIVATIONS] = 70;
    memory->fp32[PART_ACTIVATIONS] = 160;
    memory->formats[PART_DATA] = memory->fp32[PART_DATA] = 1000;
    expect(of_run("weight_bytes", &snapshot), 16.0);
    expect(of_run("memory_share", &snapshot), 0.75);
    snapshot.weights = FORMAT_FP16;
    memory->formats[PART_WEIGHTS] = 20;
    expect(of_run("weight_bytes", &snapshot), 12.0);
}

Test(metric, forced_names_what_runs_low_by_mistake)
{
    const Snapshot plain = {.step = 1}, forced = {.step = 1, .policy = {.forced = "softmax"}};

    cr_assert_str_eq(of_run("forced", &plain).word, "none");
    cr_assert_str_eq(of_run("forced", &forced).word, "softmax");
}

Test(metric, clip_when_says_on_which_side_of_unscale_gradients_are_clipped_if_they_are)
{
    const Snapshot off = {.step = 1, .clip = {.before_unscale = true}};
    const Snapshot late = {.step = 1, .clip = {.norm = true}};
    const Snapshot early = {.step = 1, .clip = {.value = true, .before_unscale = true}};

    cr_assert(of_run("clip_when", &off).none);
    cr_assert_str_eq(of_run("clip_when", &late).word, "after-unscale");
    cr_assert_str_eq(of_run("clip_when", &early).word, "before-unscale");
}

Test(metric, each_has_a_definition_a_unit_and_one_way_to_be_read)
{
    for (const Metric *metric = metric_table; metric->name != NULL; metric++) {
        cr_assert_eq(metric_find(metric->name), metric, "%s is listed twice", metric->name);
        cr_assert_not_null(metric->unit, "%s", metric->name);
        cr_assert_gt(strlen(metric->text), 10, "%s", metric->name);
        cr_assert_neq(metric->of_run == NULL, metric->of_tensor == NULL, "%s", metric->name);
    }
    cr_assert_null(metric_find("lostmass"));
}

Test(metric, those_of_the_run_say_what_the_snapshot_says)
{
    static Snapshot snapshot = {
        .step = 30,
        .skipped = 4,
        .epoch_steps = 20,
        .lr = 0.125,
        .loss = {.value = 0.5},
        .batch_loss = {.value = 0.25},
        .grad_norm = {.value = 3.0},
        .accuracy = {.value = 0.75},
        .steps_per_second = {.value = 900.0},
        .scaler = {.scale = 1024.0F, .tracker = 7},
    };

    expect(of_run("step", &snapshot), 30.0);
    expect(of_run("skipped", &snapshot), 4.0);
    expect(of_run("epoch", &snapshot), 1.5);
    expect(of_run("lr", &snapshot), 0.125);
    expect(of_run("loss", &snapshot), 0.5);
    expect(of_run("batch_loss", &snapshot), 0.25);
    expect(of_run("grad_norm", &snapshot), 3.0);
    expect(of_run("accuracy", &snapshot), 0.75);
    expect(of_run("steps_per_second", &snapshot), 900.0);
    expect(of_run("scale", &snapshot), 1024.0);
    expect(of_run("growth_tracker", &snapshot), 7.0);
}

Test(metric, before_the_first_step_there_is_no_loss)
{
    static Snapshot snapshot = {.accuracy = {.none = true}, .steps_per_second = {.none = true}};

    cr_assert(of_run("loss", &snapshot).none);
    cr_assert(of_run("batch_loss", &snapshot).none);
    cr_assert(of_run("grad_norm", &snapshot).none);
    cr_assert(of_run("accuracy", &snapshot).none);
    cr_assert(of_run("steps_per_second", &snapshot).none);
    cr_assert(of_run("epoch", &snapshot).none);
    expect(of_run("step", &snapshot), 0.0);
}

Test(metric, underflow_is_a_share_of_the_nonzero_finite_values)
{
    TensorFacts tensor = hundred();

    expect(of_tensor("underflow", &tensor), 30.0 / 70.0);
}

Test(metric, lost_mass_is_a_share_of_the_magnitudes)
{
    TensorFacts tensor = hundred();

    expect(of_tensor("lost_mass", &tensor), 0.25);
}

Test(metric, the_other_shares_are_of_all_values)
{
    TensorFacts tensor = hundred();

    expect(of_tensor("zeros", &tensor), 0.2);
    expect(of_tensor("subnormal", &tensor), 0.2);
    expect(of_tensor("overflow", &tensor), 0.1);
    expect(of_tensor("nonfinite", &tensor), 0.2);
    expect(of_tensor("amax", &tensor), 70000.0);
}

Test(metric, what_is_not_probed_is_none)
{
    const TensorFacts tensor = {.count = 100};

    for (const Metric *metric = metric_table; metric->name != NULL; metric++) {
        if (metric->of_tensor != NULL)
            cr_assert(metric->of_tensor(&tensor).none, "%s", metric->name);
    }
}

Test(metric, a_share_with_an_empty_base_is_none)
{
    TensorFacts zeros = {.probed = true, .counts = {.count = 8, .classes = {[CAST_ZERO] = 8}}};
    TensorFacts nans = {.probed = true, .counts = {.count = 8, .classes = {[CAST_NAN] = 8}}};

    cr_assert(of_tensor("underflow", &zeros).none);
    cr_assert(of_tensor("lost_mass", &zeros).none);
    expect(of_tensor("zeros", &zeros), 1.0);
    expect(of_tensor("amax", &zeros), 0.0);
    cr_assert(of_tensor("amax", &nans).none);
    expect(of_tensor("nonfinite", &nans), 1.0);
}

Test(metric, only_weights_move)
{
    TensorFacts tensor = {.kind = TENSOR_WEIGHT, .moved = {.value = 0.5}};

    expect(of_tensor("moved", &tensor), 0.5);
    tensor.kind = TENSOR_ACTIVATION;
    cr_assert(of_tensor("moved", &tensor).none);
}

Test(metric, of_an_fp8_cast_amax_is_that_before_its_scale_and_what_it_clamps_is_finite)
{
    TensorFacts tensor = {
        .format = FORMAT_E4M3,
        .probed = true,
        .fp8_scale = 64.0F,
        .fp8_amax = 7.5F,
        .counts = {.count = 8, .amax = 480.0F, .classes = {[CAST_OVERFLOW] = 2, [CAST_NAN] = 1}}};

    expect(of_tensor("fp8_scale", &tensor), 64.0);
    expect(of_tensor("amax", &tensor), 7.5);
    expect(of_tensor("overflow", &tensor), 0.25);
    expect(of_tensor("nonfinite", &tensor), 0.125);
    tensor.fp8_scale = 0.0F;
    tensor.format = FORMAT_FP16;
    cr_assert(of_tensor("fp8_scale", &tensor).none);
    expect(of_tensor("amax", &tensor), 480.0);
    expect(of_tensor("nonfinite", &tensor), 0.375);
}

Test(metric, needs_are_told)
{
    cr_assert_eq(metric_find("accuracy")->need, NEED_ACCURACY);
    cr_assert_eq(metric_find("moved")->need, NEED_MOVED);
    cr_assert_eq(metric_find("loss")->need, NEED_NOTHING);
}

Test(metric, a_tensor_that_is_not_there_is_named_with_a_near_one_or_some)
{
    TensorFacts tensors[] = {{.name = "fc1.out"},
                             {.name = "fc1.out.grad"},
                             {.name = "fc2.out"},
                             {.name = "fc2.out.grad"}};
    static Snapshot snapshot;
    Measure measure;
    Status status;

    status = metric_read(metric_find("amax"), &snapshot, "fc1.out", &measure);
    cr_assert_str_eq(status.text, "there is no tensor 'fc1.out', nor any other; take a step first");
    snapshot.tensors = tensors;
    snapshot.tensor_count = 4;
    status = metric_read(metric_find("amax"), &snapshot, "fc2.out.grd", &measure);
    cr_assert_str_eq(status.text, "there is no tensor 'fc2.out.grd'; did you mean fc2.out.grad?");
    status = metric_read(metric_find("amax"), &snapshot, "weights", &measure);
    cr_assert_str_eq(status.text,
                     "there is no tensor 'weights'; there are fc1.out, fc1.out.grad, fc2.out, ...");
    cr_assert_not(failed(metric_read(metric_find("step"), &snapshot, NULL, &measure)));
    expect(measure, 0.0);
}

/* What the whole backend promises: probes change no bit, threads change no bit, counts add up, the
 * op `update` is the scaler's twin, and data comes in the order that was asked for.
 */
#include "rig.h"

#include "amp/emit.h"
#include "amp/scaler.h"
#include "base/random.h"
#include "cpu/matmul.h"
#include "nn/emit.h"
#include "optim/optim.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 37, FEATURES = 131, CLASSES = 7, EXAMPLES = 61, STEPS = 9 };

static float inputs[EXAMPLES * FEATURES];
static int32_t labels[EXAMPLES];
static const DataView view = {
    .inputs = inputs, .labels = labels, .train_count = EXAMPLES, .features = FEATURES};

static void make_data(void)
{
    Random random = {.seed = 11, .stream = RANDOM_DATA};

    for (int i = 0; i < EXAMPLES * FEATURES; i++)
        inputs[i] = (float)random_normal(&random, (uint64_t)i);
    for (int i = 0; i < EXAMPLES; i++)
        labels[i] = (int32_t)(random_bits(&random, (uint64_t)(1 << 20) + (uint64_t)i) % CLASSES);
}

static void start(Rig *rig, int threads, ProbeSet probes, Format low)
{
    ExampleShape shape = {.rank = 1, .shape = {FEATURES}, .classes = CLASSES};
    LossSpec loss = {.kind = "cross-entropy", .weight = 1.0f};
    NetSpec spec;
    OptimSpec optim;
    Net net;

    make_data();
    rig_open(rig, threads, &view);
    Builder b = {.program = &rig->program, .low = low, .probes = probes};
    cr_assert_not(failed(net_parse("131 301 7", "gelu", &spec)));
    cr_assert_not(failed(optim_spec("adamw", &optim)));
    rig->program.batch = BATCH;
    nn_emit_step(&b, &spec, &loss, &shape, &net);
    amp_emit_unscale(&b);
    optim_emit(&optim, &b);
    amp_emit_update(&b);
    rig_compile(rig);
    for (int i = 0; i < rig->program.param_count; i++) {
        static float values[FEATURES * 301];

        nn_init_param(&rig->program, i, 1, values);
        rig_write(rig, rig->program.values[rig->program.params[i].master].name, values);
    }
    rig->scalars = (Scalars){.scale = 65536.0f,
                             .check = true,
                             .dynamic = true,
                             .growth = 2.0,
                             .backoff = 0.5,
                             .interval = 3,
                             .lr = 1e-2,
                             .loss_weight = 1.0f};
    rig_scalars(rig);
}

static void weights_after(int threads, ProbeSet probes, Format low, float *weights)
{
    Rig rig;

    start(&rig, threads, probes, low);
    for (int i = 0; i < STEPS; i++)
        rig_run(&rig);
    rig_read(&rig, "fc1.weight", weights);
    rig_close(&rig);
}

static float first[FEATURES * 301], second[FEATURES * 301];

Test(backend, computes_the_same_bits_on_any_number_of_threads)
{
    weights_after(1, PROBE_ON, FORMAT_FP16, first);
    weights_after(3, PROBE_ON, FORMAT_FP16, second);
    cr_expect_arr_eq(first, second, sizeof first);
}

Test(backend, computes_the_same_bits_with_probes_and_without)
{
    for (Format low = FORMAT_FP32; low <= FORMAT_BF16; low++) {
        weights_after(2, PROBE_OFF, low, first);
        for (ProbeSet probes = PROBE_ON; probes <= PROBE_GRADS; probes++) {
            weights_after(2, probes, low, second);
            cr_expect_arr_eq(first, second, sizeof first, "%s, %s", format_name(low),
                             probe_set_names[probes]);
        }
    }
}

Test(backend, computes_other_bits_in_another_format)
{
    weights_after(1, PROBE_ON, FORMAT_FP16, first);
    weights_after(1, PROBE_ON, FORMAT_BF16, second);
    cr_expect_neq(memcmp(first, second, sizeof first), 0);
}

Test(backend, counts_every_value_of_every_counted_store_once)
{
    Rig rig;

    start(&rig, 2, PROBE_ON, FORMAT_FP16);
    rig_run(&rig);
    for (int i = 0; i < rig.program.instr_count; i++) {
        const Instr *instr = &rig.program.instrs[i];
        CastCounts counts;
        int64_t sum = 0;

        if (!instr->counted)
            continue;
        cr_assert_not(failed(cpu_backend.counts_read(rig.plan, i, &counts)));
        for (int class = 0; class < CAST_CLASSES; class ++)
            sum += counts.classes[class];
        cr_expect_eq(sum, value_count(&rig.program.values[instr->out]), "%s",
                     rig.program.values[instr->out].name);
        cr_expect_eq(counts.count, sum);
    }
    rig_close(&rig);
}

/* The twin is asked what the op must do, over found and clean steps, growth and backoff. */
Test(backend, updates_the_scale_as_the_scaler_does)
{
    ScalerSpec spec = {.mode = SCALE_DYNAMIC, .growth = 2.0, .backoff = 0.5, .interval = 3};
    Scaler scaler = {.scale = 0x1p24f};
    StepOutcome outcome;
    int skips = 0;
    Rig rig;

    start(&rig, 1, PROBE_ON, FORMAT_FP16);
    rig.scalars.scale = scaler.scale;
    rig_scalars(&rig);
    for (int i = 0; i < 30; i++) {
        cr_assert_not(failed(cpu_backend.plan_step(rig.plan)));
        rig_collect(&rig, &outcome);
        scaler_update(&spec, outcome.skipped ? 1.0f : 0.0f, &scaler);
        cr_expect_eq(outcome.scale_next, scaler.scale, "step %d", i);
        cr_expect_eq(outcome.tracker, scaler.tracker, "step %d", i);
        cr_expect_eq(outcome.step, i + 1);
        skips += outcome.skipped;
    }
    cr_expect(skips > 1 && skips < 29, "%d skips", skips);
    rig_close(&rig);
}

Test(backend, takes_every_step_where_scaling_is_off_as_pytorch_without_a_scaler)
{
    StepOutcome outcome;
    Rig rig;

    start(&rig, 1, PROBE_ON, FORMAT_FP16);
    rig.scalars.check = rig.scalars.dynamic = false;
    rig.scalars.scale = 0x1p40f;
    rig_scalars(&rig);
    cr_assert_not(failed(cpu_backend.plan_step(rig.plan)));
    rig_collect(&rig, &outcome);
    cr_expect_not(outcome.skipped);
    cr_expect_not(isfinite(outcome.grad_norm));
    rig_close(&rig);
}

Test(backend, gathers_full_batches_that_wrap_into_the_next_epoch)
{
    static float x[BATCH * FEATURES];
    int32_t backwards[EXAMPLES];
    Rig rig;

    start(&rig, 1, PROBE_OFF, FORMAT_FP32);
    for (int i = 0; i < EXAMPLES; i++)
        backwards[i] = EXAMPLES - 1 - i;
    cr_assert_not(failed(cpu_backend.data_order(rig.data, 1, backwards)));
    rig_run(&rig);
    rig_run(&rig); /* examples 37 ... 60 of epoch 0, then 60 down to 48 of epoch 1 */
    rig_read(&rig, "x", x);
    cr_expect_eq(x[0], inputs[37 * FEATURES]);
    cr_expect_eq(x[23 * FEATURES], inputs[60 * FEATURES]);
    cr_expect_eq(x[24 * FEATURES], inputs[60 * FEATURES]);
    cr_expect_eq(x[36 * FEATURES], inputs[48 * FEATURES]);
    rig_close(&rig);
}

/* True at the n-th question. */
static bool at_last(void *context)
{
    int *left = context;

    return (*left)-- == 0;
}

/* Asked before each instruction up to the first that would change a weight, and never after. */
Test(backend, leaves_no_trace_of_a_step_interrupted_anywhere)
{
    int left = 0, step_phase;
    BackendOptions options = {.threads = 1, .interrupted = at_last, .context = &left};
    Backend *interrupted;
    Scalars after;
    Plan *plan;
    Rig rig;

    start(&rig, 1, PROBE_ON, FORMAT_FP16);
    step_phase = program_phase(&rig.program, PHASE_STEP);
    rig_read(&rig, "fc1.weight", first);
    cr_assert_not(failed(cpu_backend.open(&options, &interrupted)));
    cr_assert_not(
        failed(cpu_backend.plan_new(interrupted, &rig.program, rig.store, rig.data, &plan)));
    for (int n = 0; n < step_phase; n++) {
        left = n;
        cr_expect_eq(cpu_backend.plan_step(plan).code, STATUS_INTERRUPTED, "at %d", n);
        cpu_backend.scalars_get(rig.store, &after);
        cr_expect_eq(after.step, 0);
        cr_expect_eq(after.scale, rig.scalars.scale);
        rig_read(&rig, "fc1.weight", second);
        cr_expect_arr_eq(first, second, sizeof first);
    }
    left = step_phase;
    cr_expect_not(failed(cpu_backend.plan_step(plan)));
    cr_expect_eq(left, 0, "asked %d times too often", -left);
    cpu_backend.plan_free(plan);
    cpu_backend.close(interrupted);
    rig_close(&rig);
}

static void run_phase(Rig *rig, Phase phase)
{
    int from = program_phase(&rig->program, phase), to = program_phase(&rig->program, phase + 1);

    if (to > from)
        cr_assert_not(failed(cpu_backend.plan_run(rig->plan, from, to)));
}

static void start_high(Rig *rig)
{
    start(rig, 2, PROBE_ON, FORMAT_FP16);
    rig->scalars.scale = 0x1p24f;
    rig_scalars(rig);
}

/* Every third step whole, and before some of the others one that is dropped half-way; several are
 * skipped. */
Test(backend, computes_the_same_bits_phase_by_phase)
{
    StepOutcome outcome, wanted;
    Rig whole, rig;

    start_high(&whole);
    start_high(&rig);
    for (int i = 0; i < 3 * STEPS; i++) {
        for (Phase phase = PHASE_CAST; i % 4 == 1 && phase < PHASE_STEP; phase++)
            run_phase(&rig, phase);
        for (Phase phase = PHASE_CAST; i % 3 != 2 && phase < PHASE_COUNT; phase++)
            run_phase(&rig, phase);
        if (i % 3 == 2)
            cr_assert_not(failed(cpu_backend.plan_step(rig.plan)));
        rig_collect(&rig, &outcome);
        cr_assert_not(failed(cpu_backend.plan_step(whole.plan)));
        rig_collect(&whole, &wanted);
        cr_expect_eq(outcome.step, wanted.step);
        cr_expect_eq(outcome.loss, wanted.loss);
        cr_expect_eq(outcome.skipped, wanted.skipped, "step %d", i + 1);
        cr_expect_eq(outcome.scale_next, wanted.scale_next);
        cr_expect_eq(memcmp(&outcome.grad_norm, &wanted.grad_norm, sizeof(double)), 0);
    }
    rig_read(&whole, "fc1.weight", first);
    rig_read(&rig, "fc1.weight", second);
    cr_expect_arr_eq(first, second, sizeof first);
    rig_close(&whole);
    rig_close(&rig);
}

static int64_t counted_nonzero(const Rig *rig, int instr)
{
    CastCounts counts;

    cr_assert_not(failed(cpu_backend.counts_read(rig->plan, instr, &counts)));
    return cast_counts_nonzero(&counts);
}

Test(backend, tells_counts_of_the_step_under_way_where_it_has_come)
{
    static const float zeros[FEATURES * 301];
    int cast, grad = 0;
    int64_t before;
    Rig rig;

    start(&rig, 1, PROBE_ON, FORMAT_FP16);
    rig_run(&rig);
    for (cast = 0; rig.program.instrs[cast].in[0] != program_find(&rig.program, "fc1.weight");)
        cast++;
    for (int i = 0; i < rig.program.instr_count; i++)
        if (rig.program.instrs[i].phase == PHASE_BACKWARD && rig.program.instrs[i].counted)
            grad = i;
    before = counted_nonzero(&rig, grad);
    cr_expect_gt(before, 0);
    rig_write(&rig, "fc1.weight", zeros);
    run_phase(&rig, PHASE_CAST);
    cr_expect_eq(counted_nonzero(&rig, cast), 0, "of this step");
    cr_expect_eq(counted_nonzero(&rig, grad), before, "of the last");
    cr_assert_not(failed(cpu_backend.plan_run(rig.plan, 0, 0)));
    cr_expect_gt(counted_nonzero(&rig, cast), 0, "of the last again, as this one is dropped");
    rig_close(&rig);
}

static double worst_error(Product product, bool reference)
{
    Pool *pool = pool_new(2);
    double worst = 0.0;

    matmul(pool, reference, &product);
    for (int64_t i = 0; i < product.m; i++)
        for (int64_t j = 0; j < product.n; j++) {
            double sum = 0.0, size = 0.0;

            for (int64_t k = 0; k < product.k; k++) {
                double a =
                    (double)product.a[product.a_transposed ? k * product.m + i : i * product.k + k];
                double b =
                    (double)product.b[product.b_transposed ? j * product.k + k : k * product.n + j];

                sum += a * b;
                size += fabs(a * b);
            }
            worst =
                fmax(worst, fabs((double)product.out[i * product.n + j] - sum) / (size + 1e-30));
        }
    pool_free(pool);
    return worst;
}

/* Error bound of a sum of k products in fp32: k roundings of 2^-24 of the magnitudes' sum. */
Test(backend, multiplies_within_the_bound_of_fp32_sums_at_odd_sizes)
{
    static const int64_t sizes[][3] = {{1, 1, 1}, {3, 17, 5}, {64, 256, 784}, {301, 37, 131}};

    make_data();
    for (int s = 0; s < 4; s++)
        for (int form = 0; form < 8; form++) {
            Product product = {.m = sizes[s][0],
                               .n = sizes[s][1],
                               .k = sizes[s][2],
                               .a_transposed = form & 1,
                               .b_transposed = form & 2};
            int64_t a = product.m * product.k, b = product.k * product.n;
            float *numbers = malloc((size_t)(a + b + product.m * product.n) * sizeof *numbers);
            Random random = {.seed = 2, .stream = RANDOM_DATA};

            for (int64_t i = 0; i < a + b; i++)
                numbers[i] = random_uniform(&random, (uint64_t)i, -1.0f, 1.0f);
            product.a = numbers;
            product.b = numbers + a;
            product.out = numbers + a + b;
            cr_expect(worst_error(product, form & 4) <= (double)product.k * 0x1p-24);
            free(numbers);
        }
}

Test(backend, refuses_products_of_an_unknown_kind)
{
    BackendOptions options = {.threads = 1};
    Backend *opened = NULL;
    Status status;

    setenv("HALFSTEP_MATMUL", "foo", 1);
    status = cpu_backend.open(&options, &opened);
    cr_expect_eq(status.code, STATUS_UNSUPPORTED);
    cr_expect_not_null(strstr(status.text, "'foo'"));
    cr_expect_null(opened);
    setenv("HALFSTEP_MATMUL", "", 1);
    cr_assert_not(failed(cpu_backend.open(&options, &opened)));
    cpu_backend.close(opened);
}

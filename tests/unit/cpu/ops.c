/* Every elementwise op, the losses and the optimizers against PyTorch's own results (CUDA for the
 * ops, CPU for the optimizers); tests/golden/ops.txt says which.
 */
#include "numbers.h"
#include "rig.h"

#include "nn/loss_kind.h"
#include "optim/optim.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { ELEMENTS = 50, ROWS = 6, CLASSES = 10, WEIGHTS = 12, STEPS = 6, MOST = 64 };

static const DataView no_data;

/* Distance in units of the last place of `format` at `theirs`. */
static double ulps(Format format, float ours, float theirs)
{
    const FormatInfo *info = &format_table[format];
    int exponent;

    if (memcmp(&ours, &theirs, sizeof ours) == 0 || (isnan(ours) && isnan(theirs)))
        return 0.0;
    if (!isfinite(ours) || !isfinite(theirs))
        return (double)INFINITY;
    frexp((double)theirs, &exponent);
    exponent = exponent - 1 < info->min_exponent ? info->min_exponent : exponent - 1;
    return fabs((double)ours - (double)theirs) / ldexp(1.0, exponent - info->mantissa_bits);
}

/* Either is enough. */
typedef struct Tolerance {
    double ulps, absolute;
} Tolerance;

static void expect_close(const char *what, Format format, const float *ours, const float *theirs,
                         int count, Tolerance tolerance)
{
    for (int i = 0; i < count; i++)
        cr_expect(ulps(format, ours[i], theirs[i]) <= tolerance.ulps ||
                      fabs((double)ours[i] - (double)theirs[i]) <= tolerance.absolute,
                  "%s[%d] is %a, PyTorch has %a", what, i, (double)ours[i], (double)theirs[i]);
}

/* x -> out, (dout, saved) -> din over values that tests write. */
static void emit_activation(Rig *rig, Format format, OpKind op, OpKind backward, bool saves_out)
{
    Builder b = {.program = &rig->program, .phase = PHASE_CAST, .low = format, .probes = PROBE_ON};
    int64_t shape[] = {ELEMENTS, 1};
    ValueId x32 = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 2, shape, "x32");
    ValueId dout32 = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 2, shape, "dout32");
    ValueId x = builder_like(&b, x32, ROLE_ACTIVATION, format, "x");
    ValueId dout = builder_like(&b, x32, ROLE_ACTIVATION_GRAD, format, "dout");
    ValueId out = builder_like(&b, x32, ROLE_ACTIVATION, format, "out");
    ValueId din = builder_like(&b, x32, ROLE_ACTIVATION_GRAD, format, "din");

    rig->program.batch = ELEMENTS;
    builder_emit(&b, OP_CAST, x, x32, NO_VALUE, NO_VALUE);
    builder_emit(&b, OP_CAST, dout, dout32, NO_VALUE, NO_VALUE);
    builder_emit_counted(&b, op, out, x, NO_VALUE, NO_VALUE);
    builder_emit_counted(&b, backward, din, dout, saves_out ? out : x, NO_VALUE);
}

static void run_activation(const char *name, Format format, OpKind op, OpKind backward, double most,
                           double cancelled)
{
    FILE *file = numbers_open("ops.txt");
    float x[ELEMENTS], dout[ELEMENTS], ours[ELEMENTS], theirs[ELEMENTS];
    char row[MOST];
    Rig rig;

    rig_open(&rig, 1, &no_data);
    emit_activation(&rig, format, op, backward, op == OP_TANH);
    rig_compile(&rig);
    numbers_find(file, "op.x", x, ELEMENTS);
    numbers_find(file, "op.dout", dout, ELEMENTS);
    rig_write(&rig, "x32", x);
    rig_write(&rig, "dout32", dout);
    rig_run(&rig);
    snprintf(row, sizeof row, "%s.%s.out", name, format_name(format));
    numbers_find(file, row, theirs, ELEMENTS);
    rig_read(&rig, "out", ours);
    expect_close(row, format, ours, theirs, ELEMENTS, (Tolerance){most, cancelled});
    snprintf(row, sizeof row, "%s.%s.din", name, format_name(format));
    numbers_find(file, row, theirs, ELEMENTS);
    rig_read(&rig, "din", ours);
    expect_close(row, format, ours, theirs, ELEMENTS, (Tolerance){most, 100.0 * cancelled});
    rig_close(&rig);
    fclose(file);
}

static const Format formats[] = {FORMAT_FP32, FORMAT_FP16, FORMAT_BF16};

Test(ops, relu_gives_the_bits_of_pytorch_in_every_format)
{
    for (int i = 0; i < 3; i++)
        run_activation("relu", formats[i], OP_RELU, OP_RELU_BACKWARD, 0.0, 0.0);
}

/* Libraries' erf and tanh differ in fp32's last places; rounded to 16 bits that moves a value by at
 * most one place. Far below zero 1 + erf(x) cancels to the last places of 1, which x (5 at most
 * there) and the incoming gradient (100 at most) multiply. */
Test(ops, gelu_is_within_the_last_place_of_pytorch)
{
    run_activation("gelu", FORMAT_FP16, OP_GELU, OP_GELU_BACKWARD, 1.0, 5.0 * 0x1p-23);
    run_activation("gelu", FORMAT_BF16, OP_GELU, OP_GELU_BACKWARD, 1.0, 5.0 * 0x1p-23);
}

Test(ops, tanh_is_within_the_last_place_of_pytorch)
{
    run_activation("tanh", FORMAT_FP16, OP_TANH, OP_TANH_BACKWARD, 1.0, 0.0);
    run_activation("tanh", FORMAT_BF16, OP_TANH, OP_TANH_BACKWARD, 1.0, 0.0);
}

static void emit_loss(Rig *rig, Format format, const LossKind *kind, int target_width)
{
    Builder b = {.program = &rig->program, .phase = PHASE_CAST, .low = format, .probes = PROBE_ON};
    int64_t shape[] = {ROWS, CLASSES}, labels[] = {ROWS, target_width}, one[] = {1};
    ValueId x32 = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 2, shape, "x32");
    ValueId target = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 2, labels, "target");
    ValueId x = builder_like(&b, x32, ROLE_ACTIVATION, format, "x");
    LossValues loss = {builder_value(&b, ROLE_SCALAR, FORMAT_FP32, 1, one, "loss"), NO_VALUE};

    rig->program.batch = ROWS;
    builder_emit(&b, OP_CAST, x, x32, NO_VALUE, NO_VALUE);
    kind->forward(&b, x, target, &loss);
    (void)kind->backward(&b, x, target, &loss);
}

typedef struct LossCase {
    const char *name;
    const LossKind *kind;
    const char *target;
    int target_width;
} LossCase;

static void run_loss(const LossCase *c, Format format, float scale, float weight)
{
    FILE *file = numbers_open("ops.txt");
    float x[ROWS * CLASSES], target[ROWS * CLASSES], ours[ROWS * CLASSES], theirs[ROWS * CLASSES];
    char row[MOST];
    Rig rig;

    rig_open(&rig, 1, &no_data);
    emit_loss(&rig, format, c->kind, c->target_width);
    rig_compile(&rig);
    numbers_find(file, "ce.logits", x, ROWS * CLASSES);
    numbers_find(file, c->target, target, ROWS * c->target_width);
    rig_write(&rig, "x32", x);
    rig_write(&rig, "target", target);
    rig.scalars.scale = scale;
    rig.scalars.loss_weight = weight;
    rig_scalars(&rig);
    rig_run(&rig);
    snprintf(row, sizeof row, "%s.%s.%.0f.loss", c->name, format_name(format), (double)scale);
    numbers_find(file, row, theirs, 1);
    rig_read(&rig, "loss", ours);
    expect_close(row, FORMAT_FP32, ours, theirs, 1, (Tolerance){2.0, 0.0});
    snprintf(row, sizeof row, "%s.%s.%.0f.dx", c->name, format_name(format), (double)scale);
    numbers_find(file, row, theirs, ROWS * CLASSES);
    rig_read(&rig, "x.grad", ours);
    /* At the label two numbers of size scale x weight / batch are subtracted: fp32's last places. */
    expect_close(row, format, ours, theirs, ROWS * CLASSES,
                 (Tolerance){1.0, (double)(scale * weight) * 0x1p-24});
    rig_close(&rig);
    fclose(file);
}

static const LossCase cross_entropy = {"ce", &cross_entropy_loss, "ce.labels", 1};
static const LossCase mse = {"mse", &mse_loss, "mse.target", CLASSES};

Test(ops, cross_entropy_is_pytorchs_with_and_without_weight_and_scale)
{
    for (int i = 0; i < 3; i++) {
        run_loss(&cross_entropy, formats[i], 1.0f, 1.0f);
        run_loss(&cross_entropy, formats[i], 65536.0f, 1e-4f);
    }
}

Test(ops, mse_is_pytorchs_with_and_without_weight_and_scale)
{
    for (int i = 0; i < 3; i++) {
        run_loss(&mse, formats[i], 1.0f, 1.0f);
        run_loss(&mse, formats[i], 65536.0f, 1e-4f);
    }
}

static void emit_optimizer(Rig *rig, const OptimSpec *spec)
{
    Builder b = {.program = &rig->program, .phase = PHASE_BACKWARD, .low = FORMAT_FP32};
    int64_t shape[] = {WEIGHTS};
    ValueId w = builder_param(&b, 1, shape, WEIGHTS, "w");
    ValueId source = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, shape, "source");
    ValueId grad = builder_like(&b, w, ROLE_WEIGHT_GRAD, FORMAT_FP32, "w.grad");

    rig->program.batch = 1;
    builder_emit(&b, OP_CAST, grad, source, NO_VALUE, NO_VALUE);
    builder_grad(&b, w, grad);
    b.phase = PHASE_UNSCALE;
    builder_emit(&b, OP_UNSCALE, NO_VALUE, grad, NO_VALUE, NO_VALUE);
    optim_emit(spec, &b);
    b.phase = PHASE_UPDATE;
    builder_emit(&b, OP_UPDATE, NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE);
}

static void run_optimizer(const char *name, const char *kind, double lr, double decay)
{
    FILE *file = numbers_open("ops.txt");
    float values[WEIGHTS], theirs[WEIGHTS];
    OptimSpec spec;
    char row[MOST];
    Rig rig;

    cr_assert_not(failed(optim_spec(kind, &spec)));
    spec.weight_decay = decay >= 0.0 ? decay : spec.weight_decay;
    rig_open(&rig, 1, &no_data);
    emit_optimizer(&rig, &spec);
    rig_compile(&rig);
    rig.scalars.lr = lr;
    rig_scalars(&rig);
    numbers_find(file, "optim.w", values, WEIGHTS);
    rig_write(&rig, "w", values);
    for (int i = 0; i < STEPS; i++) {
        snprintf(row, sizeof row, "optim.g%d", i);
        numbers_find(file, row, values, WEIGHTS);
        rig_write(&rig, "source", values);
        rig_run(&rig);
        snprintf(row, sizeof row, "%s.%d.w", name, i);
        numbers_find(file, row, theirs, WEIGHTS);
        rig_read(&rig, "w", values);
        /* Weights of about 1; PyTorch's CPU kernels contract a + b c, which ours never do. */
        expect_close(row, FORMAT_FP32, values, theirs, WEIGHTS, (Tolerance){4.0, 0x1p-22});
    }
    rig_close(&rig);
    fclose(file);
}

Test(ops, sgd_follows_pytorch)
{
    run_optimizer("sgd", "sgd", 0.1, -1.0);
    run_optimizer("sgd_decay", "sgd", 0.1, 0.05);
}

Test(ops, momentum_follows_pytorch)
{
    run_optimizer("momentum", "momentum", 0.1, -1.0);
}

Test(ops, adam_follows_pytorch)
{
    run_optimizer("adam", "adam", 1e-2, -1.0);
    run_optimizer("adam_decay", "adam", 1e-2, 0.1);
}

Test(ops, adamw_follows_pytorch)
{
    run_optimizer("adamw", "adamw", 1e-2, -1.0);
}

Test(ops, a_skipped_step_touches_neither_weights_nor_state)
{
    float weights[WEIGHTS], state[WEIGHTS], grad[WEIGHTS] = {[5] = INFINITY}, zeros[WEIGHTS] = {0};
    OptimSpec spec;
    Rig rig;

    cr_assert_not(failed(optim_spec("adam", &spec)));
    rig_open(&rig, 1, &no_data);
    emit_optimizer(&rig, &spec);
    rig_compile(&rig);
    rig.scalars = (Scalars){.scale = 8.0f,
                            .check = true,
                            .dynamic = true,
                            .growth = 2.0,
                            .backoff = 0.5,
                            .interval = 1,
                            .lr = 1.0,
                            .loss_weight = 1.0f};
    rig_scalars(&rig);
    rig_write(&rig, "source", grad);
    rig_run(&rig);
    rig_read(&rig, "w", weights);
    rig_read(&rig, "w.exp_avg", state);
    cr_expect_arr_eq(weights, zeros, sizeof zeros);
    cr_expect_arr_eq(state, zeros, sizeof zeros);
    cr_expect_eq(rig.scalars.taken, 0);
    cr_expect_eq(rig.scalars.step, 1);
    cr_expect_eq(rig.scalars.scale, 4.0f);
    rig_close(&rig);
}

/* Every layer and loss against finite differences, in fp32. */
#include "rig.h"

#include "amp/emit.h"
#include "base/random.h"
#include "nn/emit.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { BATCH = 5, SIDE = 3, FEATURES = SIDE * SIDE, OUTPUTS = 4, MOST = 256 };

static const Random numbers = {.seed = 5, .stream = RANDOM_DATA};

static void make_inputs(float *inputs, int32_t *labels, float *targets)
{
    for (int i = 0; i < BATCH * FEATURES; i++)
        inputs[i] = random_uniform(&numbers, (uint64_t)i, -1.0f, 1.0f);
    for (int i = 0; i < BATCH * FEATURES; i++)
        targets[i] = random_uniform(&numbers, UINT64_C(1000) + (uint64_t)i, -1.0f, 1.0f);
    for (int i = 0; i < BATCH; i++)
        labels[i] = (int32_t)(random_bits(&numbers, UINT64_C(2000) + (uint64_t)i) % OUTPUTS);
}

/* A picture of one channel, for 4 outputs or classes. */
static ExampleShape picture(const char *loss)
{
    bool classes = loss_find(loss)->classes;

    return (ExampleShape){.rank = 3,
                          .shape = {1, SIDE, SIDE},
                          .classes = classes ? OUTPUTS : 0,
                          .target_width = classes ? 0 : OUTPUTS};
}

/* The same numbers as a sequence of 3 places, with a target for each number: no data set has such, so that
 * net_check knows of none. */
static const ExampleShape sequence = {.rank = 2, .shape = {SIDE, SIDE}, .target_width = FEATURES};

static void emit(Rig *rig, const char *net, const char *loss, ExampleShape shape)
{
    Builder b = {.program = &rig->program, .low = FORMAT_FP32, .probes = PROBE_ON};
    LossSpec loss_spec = {.weight = 1.0f};
    NetSpec spec;
    Net made;
    Status status = net_parse(net, "relu", &spec);

    cr_assert_not(failed(status), "%s", status.text);
    text_copy(loss_spec.kind, sizeof loss_spec.kind, loss);
    status = shape.rank == 2 ? ok() : net_check(&spec, &loss_spec, &shape);
    cr_assert_not(failed(status), "%s", status.text);
    rig->program.batch = BATCH;
    nn_emit_step(&b, &spec, &loss_spec, &shape, &made);
}

static double loss_of(Rig *rig)
{
    float loss;

    rig_run(rig);
    rig_read(rig, "loss", &loss);
    return (double)loss;
}

static double slope(Rig *rig, const char *name, float *weights, int i, float h)
{
    float kept = weights[i];
    double above, below;

    weights[i] = kept + h;
    rig_write(rig, name, weights);
    above = loss_of(rig);
    weights[i] = kept - h;
    rig_write(rig, name, weights);
    below = loss_of(rig);
    weights[i] = kept;
    rig_write(rig, name, weights);
    return (above - below) / (2.0 * (double)h);
}

static void check_param(Rig *rig, const char *net, int index, float h)
{
    const Param *param = &rig->program.params[index];
    const Value *master = &rig->program.values[param->master];
    const char *grad_name = rig->program.values[param->grad].name;
    int count = (int)value_count(master);
    float weights[MOST], grad[MOST];

    rig_read(rig, master->name, weights);
    (void)loss_of(rig);
    rig_read(rig, grad_name, grad);
    for (int i = 0; i < count; i++) {
        double expected = slope(rig, master->name, weights, i, h);

        cr_expect(fabs((double)grad[i] - expected) <= 2e-3 * fabs(expected) + 1e-4,
                  "%s: %s[%d] is %g, by differences %g", net, grad_name, i, (double)grad[i],
                  expected);
    }
}

/* `h`: how far the weights are moved. */
static void check_shape_by(const char *net, const char *loss, ExampleShape shape, float h)
{
    static float inputs[BATCH * FEATURES], targets[BATCH * FEATURES];
    static int32_t labels[BATCH];
    DataView view = {.inputs = inputs, .train_count = BATCH, .features = FEATURES};
    Rig rig;

    make_inputs(inputs, labels, targets);
    if (loss_find(loss)->classes) {
        view.labels = labels;
    } else {
        view.targets = targets;
        view.target_width = shape.target_width;
    }
    rig_open(&rig, 1, &view);
    emit(&rig, net, loss, shape);
    rig_compile(&rig);
    for (int i = 0; i < rig.program.param_count; i++) {
        float start[MOST];

        nn_init_param(&rig.program, i, 3, start);
        rig_write(&rig, rig.program.values[rig.program.params[i].master].name, start);
    }
    for (int i = 0; i < rig.program.param_count; i++)
        if (rig.program.params[i].grad != NO_VALUE) /* running statistics have none */
            check_param(&rig, net, i, h);
    rig_close(&rig);
}

static void check_net_by(const char *net, const char *loss, float h)
{
    check_shape_by(net, loss, picture(loss), h);
}

static void check_net(const char *net, const char *loss)
{
    check_net_by(net, loss, 0x1p-6f);
}

Test(gradients, of_linear_and_cross_entropy_are_the_slopes_of_the_loss)
{
    check_net("flatten, linear 4", "cross-entropy");
}

Test(gradients, of_relu_are_the_slopes_of_the_loss)
{
    check_net("flatten, linear 6, relu, linear 4", "cross-entropy");
}

Test(gradients, of_gelu_are_the_slopes_of_the_loss)
{
    check_net("linear 6, gelu, linear 5, gelu, linear 4", "cross-entropy");
}

Test(gradients, of_tanh_and_mse_are_the_slopes_of_the_loss)
{
    check_net("linear 6, tanh, flatten, linear 4, tanh", "mse");
}

Test(gradients, of_a_convolution_are_the_slopes_of_the_loss)
{
    check_net("conv 2 k=2, flatten, linear 4", "cross-entropy");
    check_net("conv 3 k=2 stride=2 pad=1, tanh, flatten, linear 4", "cross-entropy");
}

Test(gradients, of_what_goes_into_a_convolution_are_the_slopes_of_the_loss)
{
    check_net("conv 2 k=2 pad=1, tanh, conv 3 k=3 stride=2 pad=1, flatten, linear 4", "mse");
    check_net("conv 3 k=1, gelu, conv 4 k=3, flatten", "cross-entropy");
}

/* Further away another number may be the largest. */
static const float near_by = 0x1p-11f;

Test(gradients, of_pools_are_the_slopes_of_the_loss)
{
    check_net("conv 2 k=2 pad=1, tanh, avgpool 2, flatten, linear 4", "cross-entropy");
    check_net_by("conv 2 k=2 pad=1, tanh, pool 2, flatten, linear 4", "mse", near_by);
}

/* A row and a column of the 3 x 3 places are in no window. */
Test(gradients, of_numbers_in_no_window_are_zero)
{
    check_net("conv 2 k=3 pad=1, avgpool 2, flatten, linear 4", "cross-entropy");
    check_net_by("conv 2 k=3 pad=1, pool 2, flatten, linear 4", "mse", near_by);
}

/* Its slopes bend. */
Test(gradients, of_layernorm_are_the_slopes_of_the_loss)
{
    check_net_by("flatten, linear 6, layernorm, tanh, linear 4", "mse", 0x1p-9f);
    check_net_by("flatten, layernorm, linear 5, layernorm, gelu, linear 4", "cross-entropy",
                 0x1p-9f);
    check_net_by("conv 3 k=2, flatten, layernorm, linear 4, layernorm", "mse", 0x1p-9f);
}

/* Its slopes bend. */
Test(gradients, of_batchnorm_are_the_slopes_of_the_loss)
{
    check_net_by("flatten, linear 6, batchnorm, tanh, linear 4", "mse", 0x1p-9f);
    check_net_by("conv 3 k=2, batchnorm, gelu, conv 2 k=1, batchnorm, flatten, linear 4",
                 "cross-entropy", 0x1p-9f);
    check_net_by("conv 2 k=2, flatten, batchnorm, linear 4", "mse", 0x1p-9f);
    check_net_by("batchnorm, residual (conv 1 pad=1, batchnorm, tanh | batchnorm), flatten, linear "
                 "4",
                 "mse", 0x1p-9f);
}

/* The same numbers are dropped each time, for no example is consumed. */
Test(gradients, of_dropout_are_the_slopes_of_the_loss)
{
    check_net("linear 6, dropout 0.4, tanh, dropout 0.2, linear 4", "mse");
}

/* Its slopes bend, too. */
Test(gradients, of_attention_are_the_slopes_of_the_loss)
{
    check_shape_by("attention 1", "mse", sequence, 0x1p-7f);
    check_shape_by("attention 3, tanh, attention 1", "mse", sequence, 0x1p-7f);
}

Test(gradients, of_residual_blocks_are_the_slopes_of_the_loss)
{
    check_net("linear 6, residual (tanh, linear 6), gelu, linear 4", "cross-entropy");
    check_net("linear 6, residual (tanh, linear 5 | linear 5, tanh), linear 4", "mse");
    check_net_by("linear 6, residual (residual (tanh), residual (gelu, linear 6)), linear 4", "mse",
                 0x1p-9f); /* its slopes bend */
    check_net("residual (conv 2 k=3 pad=1, gelu, conv 1 k=3 pad=1), conv 2 k=2, residual (conv 3 "
              "k=2, tanh | avgpool 2, conv 3 k=1), flatten, linear 4",
              "cross-entropy");
}

Test(gradients, of_blocks_of_which_one_way_is_not_trained_are_the_slopes_of_the_loss)
{
    check_net("residual (tanh | conv 1 k=1), residual (conv 1 k=1 | gelu), residual (tanh), "
              "flatten, linear 4",
              "mse");
}

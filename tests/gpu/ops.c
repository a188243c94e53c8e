/* Every instruction of src/program/op.h on the device and on the CPU, from the same values.
 *
 *   ops [cuda | cpu | wrong:FAULT]
 *
 * To the bit: casts, relu, tanh_backward, nll_backward, mse_backward, gather, correct, scale, sgd,
 * momentum, update, and all counts of the same values. The rest within a bound that is worked out
 * beside it for each number: the exact result, taken in double, give or take the bound, rounded.
 */
#include "ops.h"

#include "check.h"

const Shape op_shapes[] = {{1, 1},   {3, 5},    {17, 33}, {64, 256},
                           {37, 131}, {1, 784}, {7, 9},   {1000, 1030}};
const int op_shape_count = sizeof op_shapes / sizeof op_shapes[0];
const Format op_formats[4] = {FORMAT_FP32, FORMAT_TF32, FORMAT_FP16, FORMAT_BF16};

static const float few[4];
const DataView op_no_data = {.inputs = few, .train_count = 2, .test_count = 2, .features = 1};

Given op_given(Builder *builder, Shape shape, Format format, const char *name)
{
    const int64_t dims[] = {shape.rows, shape.cols};
    Given given;

    given.master = builder_value(builder, ROLE_MASTER, FORMAT_FP32, 2, dims, "%s.master", name);
    given.value = given.master;
    if (format == FORMAT_FP32)
        return given;
    given.value = builder_value(builder, ROLE_COPY, format, 2, dims, "%s", name);
    builder->program->values[given.value].source = given.master;
    builder_emit(builder, OP_CAST, given.value, given.master, NO_VALUE, NO_VALUE);
    return given;
}

int main(int argc, char **argv)
{
    Pair pair;

    pair_open(&pair, argc, argv);
    ops_access(&pair);
    ops_elementwise(&pair);
    ops_rows(&pair);
    ops_products(&pair);
    ops_optimizers(&pair);
    pair_close(&pair);
    return check_end();
}

#include "ops.h"

const Shape op_shapes[] = {{1, 1},    {3, 5},   {17, 33}, {64, 256},
                           {37, 131}, {1, 784}, {7, 9},   {1000, 1030}};

int op_shape_count(void)
{
    int count = sizeof op_shapes / sizeof op_shapes[0];

    return pair_stands_in() ? count - 1 : count;
}

const Format op_formats[OP_FORMATS] = {FORMAT_FP32, FORMAT_FP16, FORMAT_BF16};

static const float few[4];
const DataView op_no_data = {.inputs = few, .train_count = 2, .test_count = 2, .features = 1};

Given op_given_of(Builder *builder, Format format, int rank, const int64_t *dims, const char *name)
{
    Given given;

    given.master = builder_value(builder, ROLE_MASTER, FORMAT_FP32, rank, dims, "%s.master", name);
    given.value = given.master;
    if (format == FORMAT_FP32)
        return given;
    given.value = builder_value(builder, ROLE_COPY, format, rank, dims, "%s", name);
    builder->program->values[given.value].source = given.master;
    builder_emit(builder, OP_CAST, given.value, given.master, NO_VALUE, NO_VALUE);
    return given;
}

Given op_given(Builder *builder, Shape shape, Format format, const char *name)
{
    const int64_t dims[] = {shape.rows, shape.cols};

    return op_given_of(builder, format, 2, dims, name);
}

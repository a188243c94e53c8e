#include "program/cost.h"

#include "program/builder.h"

#include <criterion/criterion.h>

static Program program;
static Builder b;

static ValueId value(Role role, Format format, int64_t rows, int64_t cols, const char *name)
{
    return builder_value(&b, role, format, 2, (int64_t[]){rows, cols}, "%s", name);
}

/* x (4, 6) times w (3, 6), in fp16, and both ways back. */
static void emit(void)
{
    ValueId x, w, low, out, dout, dx, dw;

    program = (Program){.batch = 4};
    b = (Builder){.program = &program};
    x = value(ROLE_INPUT, FORMAT_FP16, 4, 6, "x");
    w = value(ROLE_MASTER, FORMAT_FP32, 3, 6, "w");
    low = value(ROLE_COPY, FORMAT_FP16, 3, 6, "w.fp16");
    out = value(ROLE_ACTIVATION, FORMAT_FP16, 4, 3, "out");
    dout = value(ROLE_ACTIVATION_GRAD, FORMAT_FP16, 4, 3, "out.grad");
    dx = value(ROLE_ACTIVATION_GRAD, FORMAT_TF32, 4, 6, "x.grad");
    dw = value(ROLE_WEIGHT_GRAD, FORMAT_E4M3, 3, 6, "w.grad");
    (void)value(ROLE_STATE, FORMAT_FP32, 3, 6, "exp_avg");
    builder_emit(&b, OP_CAST, low, w, NO_VALUE, NO_VALUE);
    builder_emit(&b, OP_LINEAR, out, x, low, NO_VALUE);
    builder_emit(&b, OP_RELU, out, out, NO_VALUE, NO_VALUE);
    builder_emit(&b, OP_LINEAR_DX, dx, dout, low, NO_VALUE);
    builder_emit(&b, OP_LINEAR_DW, dw, dout, x, NO_VALUE);
}

static void clear(void)
{
    program_release(&program);
}

Test(cost, operations_are_those_of_the_three_products, .init = emit, .fini = clear)
{
    cr_expect_eq(program_flops(&program), 3 * 2 * 4 * 3 * 6);
}

/* Two examples of 3 x 5 x 5, four kernels of 3 x 2 x 2 at 16 places. */
Test(cost, of_a_convolution_is_that_of_a_product_of_its_places)
{
    const int64_t pictures[] = {2, 3, 5, 5}, kernels[] = {4, 3, 2, 2}, places[] = {2, 4, 4, 4};
    ValueId x, w, out;

    program = (Program){.batch = 2};
    b = (Builder){.program = &program};
    x = builder_value(&b, ROLE_INPUT, FORMAT_FP32, 4, pictures, "x");
    w = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 4, kernels, "w");
    out = builder_value(&b, ROLE_ACTIVATION, FORMAT_FP32, 4, places, "out");
    builder_emit(&b, OP_CONV2D, out, x, w, NO_VALUE);
    cr_expect_eq(program_flops(&program), 2 * (2 * 16) * 4 * 12);
    builder_emit(&b, OP_CONV2D_DX, x, out, w, NO_VALUE);
    builder_emit(&b, OP_CONV2D_DW, w, out, x, NO_VALUE);
    builder_emit(&b, OP_CONV2D_DB, w, out, NO_VALUE, NO_VALUE);
    cr_expect_eq(program_flops(&program), 3 * 2 * (2 * 16) * 4 * 12);
    clear();
}

/* Two examples of 3 places, which are 6 pairs that are not masked, and 5 heads of 4 numbers. */
Test(cost, of_attention_is_that_of_the_pairs_that_are_not_masked)
{
    const int64_t row[] = {2, 3, 20}, triple[] = {2, 3, 60}, square[] = {2, 5, 3, 3};
    ValueId q, qkv, scores;

    program = (Program){.batch = 2};
    b = (Builder){.program = &program};
    q = builder_value(&b, ROLE_ACTIVATION, FORMAT_FP32, 3, row, "q");
    qkv = builder_value(&b, ROLE_ACTIVATION, FORMAT_FP32, 3, triple, "qkv");
    scores = builder_value(&b, ROLE_ACTIVATION, FORMAT_FP32, 4, square, "scores");
    builder_emit(&b, OP_ATTENTION_QUERY, q, qkv, NO_VALUE, NO_VALUE);
    builder_emit(&b, OP_ATTENTION_SCORES, scores, q, qkv, NO_VALUE);
    builder_emit(&b, OP_ATTENTION_VALUES, q, scores, qkv, NO_VALUE);
    builder_emit(&b, OP_ATTENTION_DK, q, scores, q, NO_VALUE);
    for (int i = 0; i < program.instr_count; i++)
        program.instrs[i].constants[ATTENTION_HEADS] = 5.0;
    cr_expect_eq(program_flops(&program), 3 * 2 * 2 * 5 * 6 * 4);
    clear();
}

Test(cost, bytes_are_told_by_kind_in_the_width_of_each_format, .init = emit, .fini = clear)
{
    int64_t bytes[MEMORY_KINDS];

    program_bytes(&program, bytes);
    cr_expect_eq(bytes[MEMORY_WEIGHTS], 18 * 4);
    cr_expect_eq(bytes[MEMORY_COPIES], 18 * 2);
    cr_expect_eq(bytes[MEMORY_GRADS], 18);
    cr_expect_eq(bytes[MEMORY_OPTIMIZER], 18 * 4);
    cr_expect_eq(bytes[MEMORY_ACTIVATIONS], (24 + 12 + 12) * 2 + 24 * 4);
    cr_expect_eq(bytes[MEMORY_COUNTERS], 0);
}

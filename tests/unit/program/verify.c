#include "program/builder.h"

#include <criterion/criterion.h>
#include <string.h>

static Program program;
static Builder b;

static ValueId value(Role role, Format format, int64_t rows, int64_t cols, const char *name)
{
    return builder_value(&b, role, format, 2, (int64_t[]){rows, cols}, "%s", name);
}

static void begin(void)
{
    program = (Program){.batch = 4};
    b = (Builder){.program = &program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
}

static void expect(const char *words)
{
    Status status = program_verify(&program);

    cr_expect_eq(failed(status), words != NULL, "%s", status.text);
    if (words != NULL)
        cr_expect_not_null(strstr(status.text, words), "%s", status.text);
    program_release(&program);
}

static void linear(Format x_format, int64_t features, int64_t bias_width, int64_t out_width)
{
    ValueId x = value(ROLE_INPUT, x_format, 4, 6, "x");
    ValueId w = value(ROLE_MASTER, FORMAT_FP32, 3, features, "w");
    ValueId bias = value(ROLE_MASTER, FORMAT_FP32, bias_width, 1, "b");
    ValueId out = value(ROLE_ACTIVATION, FORMAT_FP32, 4, out_width, "out");

    builder_emit(&b, OP_GATHER, x, NO_VALUE, NO_VALUE, NO_VALUE);
    builder_emit(&b, OP_LINEAR, out, x, w, bias);
}

Test(verify, takes_a_product_that_fits)
{
    begin();
    linear(FORMAT_FP32, 6, 3, 3);
    expect(NULL);
}

Test(verify, refuses_shapes_that_do_not_fit_and_names_them)
{
    begin();
    linear(FORMAT_FP32, 5, 3, 3);
    expect("linear cannot join x (4, 6) with w (3, 5)");
    begin();
    linear(FORMAT_FP32, 6, 2, 3);
    expect("b (2, 1)");
    begin();
    linear(FORMAT_FP32, 6, 3, 8);
    expect("out (4, 8)");
}

Test(verify, refuses_a_product_of_two_formats)
{
    begin();
    linear(FORMAT_FP16, 6, 3, 3);
    expect("x in fp16 by w in fp32");
}

/* x, w and the bias are cast to these formats; the result is stored in the last. */
static void cast_linear(Format x_format, Format bias_format, Format out_format)
{
    ValueId x = value(ROLE_MASTER, FORMAT_FP32, 4, 6, "x");
    ValueId w = value(ROLE_MASTER, FORMAT_FP32, 3, 6, "w");
    ValueId bias = value(ROLE_MASTER, FORMAT_FP32, 3, 1, "b");
    ValueId x_low = value(ROLE_COPY, x_format, 4, 6, "x.low");
    ValueId w_low = value(ROLE_COPY, x_format, 3, 6, "w.low");
    ValueId bias_low = value(ROLE_COPY, bias_format, 3, 1, "b.low");
    ValueId out = value(ROLE_ACTIVATION, out_format, 4, 3, "out");

    builder_emit(&b, OP_CAST, x_low, x, NO_VALUE, NO_VALUE);
    builder_emit(&b, OP_CAST, w_low, w, NO_VALUE, NO_VALUE);
    builder_emit(&b, OP_CAST, bias_low, bias, NO_VALUE, NO_VALUE);
    builder_emit(&b, OP_LINEAR, out, x_low, w_low, bias_low);
}

Test(verify, takes_tf32_operands_with_bias_and_result_in_fp32)
{
    begin();
    cast_linear(FORMAT_TF32, FORMAT_FP32, FORMAT_FP32);
    expect(NULL);
    begin();
    cast_linear(FORMAT_FP16, FORMAT_FP16, FORMAT_FP16);
    expect(NULL);
}

Test(verify, refuses_any_other_result_of_tf32_operands)
{
    begin();
    cast_linear(FORMAT_TF32, FORMAT_FP16, FORMAT_FP16);
    expect("linear stores out in fp16; products of tf32 operands give fp32");
    begin();
    cast_linear(FORMAT_TF32, FORMAT_TF32, FORMAT_TF32);
    expect("linear stores out in tf32, which only a cast does");
}

Test(verify, refuses_a_bias_that_is_not_in_the_format_of_the_result)
{
    begin();
    cast_linear(FORMAT_TF32, FORMAT_TF32, FORMAT_FP32);
    expect("linear cannot add b.low in tf32 to out in fp32");
    begin();
    cast_linear(FORMAT_FP16, FORMAT_FP32, FORMAT_FP16);
    expect("linear cannot add b.low in fp32 to out in fp16");
}

Test(verify, lets_only_products_read_tf32)
{
    ValueId dout, low, db;

    begin();
    dout = value(ROLE_MASTER, FORMAT_FP32, 4, 3, "dout");
    low = value(ROLE_COPY, FORMAT_TF32, 4, 3, "dout.tf32");
    db = value(ROLE_WEIGHT_GRAD, FORMAT_FP32, 3, 1, "db");
    builder_emit(&b, OP_CAST, low, dout, NO_VALUE, NO_VALUE);
    builder_emit(&b, OP_LINEAR_DB, db, low, NO_VALUE, NO_VALUE);
    expect("linear_db reads dout.tf32 in tf32, which only products do");
}

Test(verify, refuses_to_read_what_nobody_wrote)
{
    ValueId x, out;

    begin();
    x = value(ROLE_ACTIVATION, FORMAT_FP16, 4, 6, "h");
    out = builder_like(&b, x, ROLE_ACTIVATION, FORMAT_FP16, "r");
    builder_emit(&b, OP_RELU, out, x, NO_VALUE, NO_VALUE);
    expect("reads h before");
}

Test(verify, refuses_to_write_twice)
{
    ValueId x;

    begin();
    x = value(ROLE_INPUT, FORMAT_FP32, 4, 6, "x");
    builder_emit(&b, OP_GATHER, x, NO_VALUE, NO_VALUE, NO_VALUE);
    builder_emit(&b, OP_GATHER, x, NO_VALUE, NO_VALUE, NO_VALUE);
    expect("written already");
}

Test(verify, refuses_phases_out_of_order)
{
    ValueId x, y;

    begin();
    x = value(ROLE_INPUT, FORMAT_FP32, 4, 6, "x");
    y = value(ROLE_INPUT, FORMAT_FP32, 4, 6, "y");
    builder_emit(&b, OP_GATHER, x, NO_VALUE, NO_VALUE, NO_VALUE);
    b.phase = PHASE_CAST;
    builder_emit(&b, OP_GATHER, y, NO_VALUE, NO_VALUE, NO_VALUE);
    expect("comes after phase forward");
}

/* A step of sgd over a weight in this format, which lasts, as its gradient and compensation do here. */
static Instr *step_of(Format format, WeightRounding rounding, Format compensation)
{
    ValueId weight, grad, rest;
    Instr *step;

    begin();
    weight = value(ROLE_MASTER, format, 3, 6, "w");
    grad = value(ROLE_STATE, FORMAT_FP16, 3, 6, "g");
    rest = value(ROLE_STATE, compensation, 3, 6, "w.compensation");
    b.phase = PHASE_STEP;
    step = builder_emit(&b, OP_SGD, NO_VALUE, weight, grad, NO_VALUE);
    step->constants[CONSTANT_ROUNDING] = rounding;
    if (rounding == ROUNDING_KAHAN)
        step->in[STEP_COMPENSATION] = rest;
    return step;
}

Test(verify, keeps_weights_in_fp32_or_16_bits)
{
    step_of(FORMAT_FP32, ROUNDING_NEAREST, FORMAT_FP32);
    expect(NULL);
    step_of(FORMAT_FP16, ROUNDING_STOCHASTIC, FORMAT_FP32);
    expect(NULL);
    step_of(FORMAT_BF16, ROUNDING_KAHAN, FORMAT_BF16);
    expect(NULL);
    step_of(FORMAT_E4M3, ROUNDING_NEAREST, FORMAT_FP32);
    expect("weights and state are kept in fp32, fp16 or bf16");
}

Test(verify, rounds_otherwise_than_to_nearest_only_what_is_low)
{
    step_of(FORMAT_FP32, ROUNDING_STOCHASTIC, FORMAT_FP32);
    expect("nothing is rounded as stochastic");
    step_of(FORMAT_FP32, ROUNDING_KAHAN, FORMAT_FP32);
    expect("nothing is rounded as kahan");
}

Test(verify, wants_a_compensation_for_kahan_in_the_weights_format)
{
    step_of(FORMAT_BF16, ROUNDING_KAHAN, FORMAT_FP32);
    expect("it must be in the weight's bf16");
    step_of(FORMAT_BF16, ROUNDING_KAHAN, FORMAT_BF16)->in[STEP_COMPENSATION] = NO_VALUE;
    expect("to kahan alone");
    step_of(FORMAT_BF16, ROUNDING_KAHAN, FORMAT_BF16)->constants[CONSTANT_ROUNDING] =
        ROUNDING_NEAREST;
    expect("to kahan alone");
}

Test(verify, knows_which_steps_move_more_than_fp32_numbers)
{
    cr_expect_not(step_is_low(&program, step_of(FORMAT_FP32, ROUNDING_NEAREST, FORMAT_FP32)));
    program_release(&program);
    cr_expect(step_is_low(&program, step_of(FORMAT_BF16, ROUNDING_NEAREST, FORMAT_FP32)));
    program_release(&program);
    step_of(FORMAT_FP32, ROUNDING_NEAREST, FORMAT_FP32)->counted = true;
    cr_expect(step_is_low(&program, &program.instrs[0]));
    program_release(&program);
}

Test(print, shows_phases_formats_and_what_is_counted)
{
    Text text = {0};
    ValueId x, copy;

    begin();
    x = value(ROLE_INPUT, FORMAT_FP32, 4, 6, "x");
    copy = builder_like(&b, x, ROLE_COPY, FORMAT_FP16, "x.fp16");
    builder_emit(&b, OP_GATHER, x, NO_VALUE, NO_VALUE, NO_VALUE);
    builder_emit_counted(&b, OP_CAST, copy, x, NO_VALUE, NO_VALUE);
    program_print(&program, 0, &text);
    cr_expect_str_eq(
        text_chars(&text),
        "forward\n"
        "  gather       x                     fp32 <- training examples\n"
        "  cast         x.fp16                fp16 <- x *\n"
        "products sum in fp32 and are rounded once; * what rounding does is counted\n");
    text_release(&text);
    program_release(&program);
}

Test(op, has_a_name_and_a_text_for_every_row)
{
    for (int i = 0; i < OP_COUNT; i++) {
        cr_assert_not_null(op_table[i].name, "op %d", i);
        cr_expect_gt(strlen(op_table[i].text), 8, "%s", op_table[i].name);
    }
}

Test(program, has_copies_that_outlive_it_and_grow_on_their_own)
{
    Program copy;

    begin();
    linear(FORMAT_FP32, 6, 3, 3);
    copy = program_copy(&program);
    program_release(&program);
    cr_expect_eq(copy.instr_count, 2);
    cr_expect_eq(copy.batch, 4);
    cr_expect_eq(program_find(&copy, "w"), 1);
    b.program = &copy;
    for (int i = 0; i < 40; i++)
        value(ROLE_INPUT, FORMAT_FP32, 4, 6, "more");
    cr_expect_eq(copy.value_count, 44);
    cr_expect_str_eq(copy.values[43].name, "more");
    program_release(&copy);
}

typedef struct Sides {
    int64_t channels, kernel, bias, out_height;
    double stride, pad;
} Sides;

/* x (4, 2, 6, 5) and kernels for three channels. */
static void conv(Sides s)
{
    const int64_t pictures[] = {4, 2, 6, 5}, kernels[] = {3, s.channels, s.kernel, s.kernel};
    const int64_t places[] = {4, 3, s.out_height, 3};
    ValueId x = builder_value(&b, ROLE_INPUT, FORMAT_FP32, 4, pictures, "x");
    ValueId w = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 4, kernels, "w");
    ValueId bias = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, &s.bias, "b");
    ValueId out = builder_value(&b, ROLE_ACTIVATION, FORMAT_FP32, 4, places, "out");
    Instr *instr;

    builder_emit(&b, OP_GATHER, x, NO_VALUE, NO_VALUE, NO_VALUE);
    instr = builder_emit(&b, OP_CONV2D, out, x, w, bias);
    instr->constants[CONV_STRIDE] = s.stride;
    instr->constants[CONV_PAD] = s.pad;
}

Test(verify, takes_a_convolution_that_fits_and_names_what_does_not)
{
    begin();
    conv((Sides){2, 3, 3, 4, 1.0, 0.0});
    expect(NULL);
    begin();
    conv((Sides){2, 3, 3, 3, 2.0, 1.0});
    expect(NULL);
    begin();
    conv((Sides){5, 3, 3, 4, 1.0, 0.0});
    expect("conv2d cannot join x (4, 2, 6, 5) with w (3, 5, 3, 3)");
    begin();
    conv((Sides){2, 3, 2, 4, 1.0, 0.0});
    expect("b (2)");
    begin();
    conv((Sides){2, 3, 3, 5, 1.0, 0.0});
    expect("out (4, 3, 5, 3)");
    begin();
    conv((Sides){2, 9, 3, 4, 1.0, 0.0});
    expect("x (4, 2, 6, 5) with out (4, 3, 4, 3)");
    begin();
    conv((Sides){2, 3, 3, 4, 0.0, 0.0});
    expect("conv2d cannot join");
}

static void pool(OpKind op, int64_t height, double side)
{
    const int64_t pictures[] = {4, 2, 7, 5}, windows[] = {4, 2, height, 2};
    ValueId x = builder_value(&b, ROLE_INPUT, FORMAT_FP32, 4, pictures, "x");
    ValueId out = builder_value(&b, ROLE_ACTIVATION, FORMAT_FP32, 4, windows, "out");
    ValueId din = builder_like(&b, x, ROLE_ACTIVATION_GRAD, FORMAT_FP32, "x.grad");

    builder_emit(&b, OP_GATHER, x, NO_VALUE, NO_VALUE, NO_VALUE);
    if (op == OP_MAXPOOL || op == OP_AVGPOOL) {
        builder_emit(&b, op, out, x, NO_VALUE, NO_VALUE)->constants[POOL_SIDE] = side;
        return;
    }
    builder_emit(&b, OP_GATHER, out, NO_VALUE, NO_VALUE, NO_VALUE);
    builder_emit(&b, op, din, out, x, NO_VALUE)->constants[POOL_SIDE] = side;
}

Test(verify, counts_the_windows_of_a_pool)
{
    for (OpKind op = OP_MAXPOOL; op <= OP_AVGPOOL_BACKWARD; op++) {
        begin();
        pool(op, 3, 2.0);
        expect(NULL);
        begin();
        pool(op, 4, 2.0);
        expect("(4, 2, 4, 2)");
        begin();
        pool(op, 3, 0.0);
        expect("cannot join");
    }
}

static void layernorm(OpKind op, int64_t width, int64_t rows)
{
    ValueId x = value(ROLE_INPUT, FORMAT_FP32, 4, 6, "x"),
            y = value(ROLE_INPUT, FORMAT_FP32, rows, 6, "y");
    ValueId w = value(ROLE_MASTER, FORMAT_FP32, width, 1, "w");
    ValueId dw = value(ROLE_WEIGHT_GRAD, FORMAT_FP32, width, 1, "w.grad");
    ValueId out = value(ROLE_ACTIVATION, FORMAT_FP32, 4, 6, "out");

    builder_emit(&b, OP_GATHER, x, NO_VALUE, NO_VALUE, NO_VALUE);
    builder_emit(&b, OP_GATHER, y, NO_VALUE, NO_VALUE, NO_VALUE);
    if (op == OP_LAYERNORM)
        builder_emit(&b, op, out, x, w, w);
    else if (op == OP_LAYERNORM_DX)
        builder_emit(&b, op, out, y, x, w);
    else
        builder_emit(&b, op, dw, y, x, NO_VALUE);
}

Test(verify, wants_a_weight_of_layernorm_for_each_number_of_a_row)
{
    for (OpKind op = OP_LAYERNORM; op <= OP_LAYERNORM_DW; op++) {
        begin();
        layernorm(op, 6, 4);
        expect(NULL);
        begin();
        layernorm(op, 5, 4);
        expect("x (4, 6) with w");
        if (op == OP_LAYERNORM)
            continue;
        begin();
        layernorm(op, 6, 8);
        expect("y (8, 6) with x (4, 6)");
    }
}

Test(verify, takes_a_share_to_drop_below_1)
{
    for (int i = 0; i < 3; i++) {
        ValueId x, out;

        begin();
        x = value(ROLE_INPUT, FORMAT_FP32, 4, 6, "x");
        out = value(ROLE_ACTIVATION, FORMAT_FP32, 4, i == 2 ? 5 : 6, "out");
        builder_emit(&b, OP_GATHER, x, NO_VALUE, NO_VALUE, NO_VALUE);
        builder_emit(&b, OP_DROPOUT, out, x, NO_VALUE, NO_VALUE)->constants[DROPOUT_RATE] =
            i == 1 ? 1.0 : 0.5;
        expect(i == 0 ? NULL : i == 1 ? "dropout of x drops" : "out (4, 5)");
    }
}

/* What a network's program looks like under autocast fp8, and where operations are kept or forced. */
#include "amp/emit.h"
#include "amp/fp8.h"
#include "amp/policy.h"
#include "nn/emit.h"

#include <criterion/criterion.h>
#include <string.h>

static void emit_as(Program *program, const char *text, Builder b)
{
    ExampleShape shape = {.rank = 1, .shape = {6}, .classes = 3};
    LossSpec loss = {.kind = "cross-entropy", .weight = 1.0f};
    NetSpec spec;
    Net net;

    *program = (Program){.batch = 4};
    b.program = program;
    b.probes = PROBE_ON;
    cr_assert_not(failed(net_parse(text, "relu", &spec)));
    nn_emit_step(&b, &spec, &loss, &shape, &net);
    amp_emit_update(&b);
    cr_assert_not(failed(program_verify(program)));
}

static unsigned set_of(const char *names, bool forced)
{
    unsigned set = 0;

    cr_assert_not(failed(policy_parse(names, forced, &set)));
    return set;
}

static void emit(Program *program, const char *text, Format low, const char *keep,
                 const char *force)
{
    emit_as(program, text,
            (Builder){.low = low,
                      .fp8 = fp8_spec_default(),
                      .keep = set_of(keep, false),
                      .force = set_of(force, true)});
}

static void expect_format(const Program *program, const char *name, Format format)
{
    ValueId id = program_find(program, name);

    cr_assert(id >= 0, "no %s", name);
    cr_expect_eq(program->values[id].format, format, "%s is %s", name,
                 format_name(program->values[id].format));
}

static const Instr *writer(const Program *program, const char *name)
{
    ValueId id = program_find(program, name);

    for (int i = 0; i < program->instr_count; i++)
        if (program->instrs[i].out == id && id >= 0)
            return &program->instrs[i];
    cr_assert_fail("nobody writes %s", name);
    return NULL;
}

static int count_ops(const Program *program, OpKind op)
{
    int count = 0;

    for (int i = 0; i < program->instr_count; i++)
        count += program->instrs[i].op == op;
    return count;
}

Test(formats, fp8_casts_operands_to_e4m3_and_gradients_to_e5m2_and_the_rest_is_bf16)
{
    Program program;

    emit(&program, "linear 5, gelu, linear 3", FORMAT_E4M3, "none", "none");
    expect_format(&program, "fc1.weight", FORMAT_FP32);
    expect_format(&program, "fc1.weight.e4m3", FORMAT_E4M3);
    expect_format(&program, "x.e4m3", FORMAT_E4M3);
    expect_format(&program, "fc1.bias.bf16", FORMAT_BF16);
    expect_format(&program, "fc1.out", FORMAT_BF16);
    expect_format(&program, "gelu1.out", FORMAT_BF16);
    expect_format(&program, "gelu1.out.e4m3", FORMAT_E4M3);
    expect_format(&program, "fc2.out.grad", FORMAT_BF16);
    expect_format(&program, "fc2.out.grad.e5m2", FORMAT_E5M2);
    expect_format(&program, "fc1.weight.grad", FORMAT_BF16);
    expect_format(&program, "fc1.bias.grad", FORMAT_BF16);
    cr_expect_eq(count_ops(&program, OP_CAST_FP8), 6); /* 2 weights, x, gelu1.out, 2 gradients */
    cr_expect_eq(count_ops(&program, OP_FP8_SCALE), 6);
    cr_expect_eq(count_ops(&program, OP_FP8_HISTORY), 6);
    cr_expect(writer(&program, "gelu1.out.e4m3")->counted);
    cr_expect_not(writer(&program, "gelu1.out")->counted);
    cr_expect_eq(program.instrs[program.instr_count - 1].op, OP_UPDATE);
    program_release(&program);
}

Test(formats, a_product_of_fp8_has_the_scales_of_both_its_casts)
{
    Program program;
    const Instr *dw;

    emit(&program, "linear 5, relu, linear 3", FORMAT_E4M3, "none", "none");
    dw = writer(&program, "fc2.weight.grad");
    cr_expect_eq(dw->in[PRODUCT_SCALES], program_find(&program, "fc2.out.grad.fp8_scale"));
    cr_expect_eq(dw->in[PRODUCT_SCALES + 1], program_find(&program, "relu1.out.fp8_scale"));
    cr_expect_eq(program_fp8_scale(&program, program_find(&program, "x.e4m3")),
                 program_find(&program, "x.fp8_scale"));
    cr_expect_eq(program_fp8_scale(&program, program_find(&program, "fc1.out")), NO_VALUE);
    program_release(&program);
    emit(&program, "linear 5, relu, linear 3", FORMAT_BF16, "none", "none");
    dw = writer(&program, "fc2.weight.grad");
    cr_expect_eq(dw->in[PRODUCT_SCALES], NO_VALUE);
    program_release(&program);
}

Test(formats, gradients_may_be_e4m3_and_histories_as_long_as_they_are_set)
{
    Fp8Spec fp8 = {7, 2, FP8_SCALING_DELAYED, FORMAT_E4M3};
    Program program;
    const Instr *scale;

    emit_as(&program, "linear 5, relu, linear 3", (Builder){.low = FORMAT_E4M3, .fp8 = fp8});
    expect_format(&program, "fc2.out.grad.e4m3", FORMAT_E4M3);
    scale = writer(&program, "fc2.out.grad.fp8_scale");
    cr_expect_eq(scale->constants[FP8_HOW], FP8_SCALING_DELAYED);
    cr_expect_eq(scale->constants[FP8_MARGIN], 2.0);
    cr_expect_eq(scale->constants[FP8_FORMAT], FORMAT_E4M3);
    cr_expect_eq(value_count(&program.values[scale->in[1]]), 8);
    cr_expect(value_lasts(&program.values[scale->in[1]]));
    program_release(&program);
}

Test(formats, a_convolution_takes_fp8_as_linear_does)
{
    Builder b = {.low = FORMAT_E4M3, .fp8 = fp8_spec_default()};
    ExampleShape shape = {.rank = 3, .shape = {1, 8, 8}, .classes = 3};
    LossSpec loss = {.kind = "cross-entropy", .weight = 1.0f};
    Program program = {.batch = 2};
    NetSpec spec;
    Net net;

    b.program = &program;
    cr_assert_not(failed(net_parse("conv 4, relu, conv 5, flatten, linear 3", "relu", &spec)));
    nn_emit_step(&b, &spec, &loss, &shape, &net);
    cr_expect_not(failed(program_verify(&program)));
    expect_format(&program, "conv2.weight.e4m3", FORMAT_E4M3);
    expect_format(&program, "conv2.out.grad.e5m2", FORMAT_E5M2);
    expect_format(&program, "conv2.out", FORMAT_BF16);
    cr_expect_neq(writer(&program, "relu1.out.grad")->in[PRODUCT_SCALES], NO_VALUE);
    program_release(&program);
}

Test(formats, what_is_kept_stays_in_fp32_and_its_gradient_is_rounded_once)
{
    Program program;

    emit(&program, "linear 5, relu, linear 4, gelu, linear 3", FORMAT_FP16, "relu,softmax", "none");
    expect_format(&program, "fc1.out", FORMAT_FP16);
    expect_format(&program, "relu1.out", FORMAT_FP32);
    expect_format(&program, "relu1.out.fp16", FORMAT_FP16);
    expect_format(&program, "gelu1.out", FORMAT_FP16);
    expect_format(&program, "log_softmax.out", FORMAT_FP32);
    expect_format(&program, "log_softmax.out.grad", FORMAT_FP32);
    expect_format(&program, "fc3.out.grad", FORMAT_FP16);
    expect_format(&program, "relu1.out.grad", FORMAT_FP32);
    expect_format(&program, "fc1.out.grad", FORMAT_FP16);
    cr_expect(writer(&program, "fc1.out.grad")->counted);
    program_release(&program);
}

Test(formats, a_product_that_is_kept_reads_what_is_low_widened)
{
    Program program;

    emit(&program, "linear 5, relu, linear 3", FORMAT_FP16, "linear", "none");
    cr_expect_eq(program_find(&program, "fc1.weight.fp16"), NO_VALUE);
    expect_format(&program, "fc2.out", FORMAT_FP32);
    expect_format(&program, "fc2.weight.grad", FORMAT_FP32);
    program_release(&program);
    emit_as(&program, "linear 5, relu, linear 3",
            (Builder){.low = FORMAT_FP16, .keep = set_of("linear", false), .low_weights = true});
    expect_format(&program, "fc1.weight", FORMAT_FP16);
    expect_format(&program, "fc1.weight.fp32", FORMAT_FP32);
    expect_format(&program, "fc1.weight.grad", FORMAT_FP16);
    cr_expect_not(writer(&program, "fc1.weight.fp32")->counted);
    program_release(&program);
}

Test(formats, what_is_forced_gives_the_low_format_and_says_so)
{
    Program program;
    Text text = {0};

    emit(&program, "linear 5, layernorm, linear 3", FORMAT_FP16, "none", "layernorm,softmax");
    expect_format(&program, "norm1.out", FORMAT_FP16);
    expect_format(&program, "norm1.weight.grad", FORMAT_FP16);
    cr_expect_eq(instr_forced(writer(&program, "norm1.out")), FORMAT_FP16);
    cr_expect_eq(instr_forced(writer(&program, "fc1.out.grad")), FORMAT_FP16);
    cr_expect_eq(instr_forced(writer(&program, "log_softmax.out")), FORMAT_FP16);
    cr_expect_eq(instr_forced(writer(&program, "fc2.out.grad")), FORMAT_FP16);
    cr_expect_eq(instr_forced(writer(&program, "fc2.out")), FORMAT_FP32);
    program_print(&program, 0, &text);
    cr_expect(strstr(text_chars(&text), "all rounded to fp16") != NULL);
    text_release(&text);
    program_release(&program);
    emit(&program, "linear 5, layernorm, linear 3", FORMAT_FP16, "none", "none");
    cr_expect_eq(instr_forced(writer(&program, "norm1.out")), FORMAT_FP32);
    cr_expect_eq(instr_forced(writer(&program, "log_softmax.out")), FORMAT_FP32);
    program_release(&program);
}

/* What a network's program looks like: which casts autocast writes, which are written once. */
#include "nn/emit.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void emit_probed(Program *program, const char *text, Format low, const char *loss,
                        ProbeSet probes)
{
    Builder b = {.program = program, .low = low, .probes = probes};
    ExampleShape shape = {.rank = 1, .shape = {6}, .classes = 3};
    LossSpec loss_spec = {.weight = 1.0f};
    NetSpec spec;
    Net net;

    *program = (Program){.batch = 4};
    text_copy(loss_spec.kind, sizeof loss_spec.kind, loss);
    cr_assert_not(failed(net_parse(text, "relu", &spec)));
    nn_emit_step(&b, &spec, &loss_spec, &shape, &net);
}

static void emit(Program *program, const char *text, Format low, const char *loss)
{
    emit_probed(program, text, low, loss, PROBE_ON);
}

static int count_ops(const Program *program, OpKind op)
{
    int count = 0;

    for (int i = 0; i < program->instr_count; i++)
        count += program->instrs[i].op == op;
    return count;
}

static Format format_of(const Program *program, const char *name)
{
    ValueId id = program_find(program, name);

    cr_assert(id >= 0, "no %s", name);
    return program->values[id].format;
}

Test(emit, casts_each_weight_once_and_the_input_once)
{
    Program program;

    emit(&program, "linear 5, relu, linear 3", FORMAT_FP16, "cross-entropy");
    cr_expect_not(failed(program_verify(&program)));
    cr_expect_eq(count_ops(&program, OP_CAST), 5); /* two weights, two biases, x */
    cr_expect_eq(program_phase(&program, PHASE_FORWARD), 4);
    program_release(&program);
}

Test(emit, casts_nothing_where_autocast_is_off)
{
    Program program;

    emit(&program, "linear 5, relu, linear 3", FORMAT_FP32, "cross-entropy");
    cr_expect_not(failed(program_verify(&program)));
    cr_expect_eq(count_ops(&program, OP_CAST), 0);
    program_release(&program);
}

Test(emit, keeps_masters_and_loss_in_fp32_and_the_rest_in_the_low_format)
{
    Program program;

    emit(&program, "linear 5, gelu, linear 3", FORMAT_BF16, "cross-entropy");
    cr_expect_eq(format_of(&program, "fc1.weight"), FORMAT_FP32);
    cr_expect_eq(format_of(&program, "fc1.weight.bf16"), FORMAT_BF16);
    cr_expect_eq(format_of(&program, "fc1.out"), FORMAT_BF16);
    cr_expect_eq(format_of(&program, "gelu1.out"), FORMAT_BF16);
    cr_expect_eq(format_of(&program, "fc2.out.grad"), FORMAT_BF16);
    cr_expect_eq(format_of(&program, "fc1.weight.grad"), FORMAT_BF16);
    cr_expect_eq(format_of(&program, "loss"), FORMAT_FP32);
    program_release(&program);
}

/* Operands of products are tf32 copies, cast once each; all else is as with autocast off. */
Test(emit, casts_only_operands_of_products_to_tf32)
{
    Program program;

    emit(&program, "linear 5, gelu, linear 3", FORMAT_TF32, "cross-entropy");
    cr_expect_not(failed(program_verify(&program)));
    /* x, gelu1.out, two weights, two gradients */
    cr_expect_eq(count_ops(&program, OP_CAST), 6);
    cr_expect_eq(program_phase(&program, PHASE_FORWARD), 2);
    cr_expect_eq(format_of(&program, "fc1.weight.tf32"), FORMAT_TF32);
    cr_expect_eq(format_of(&program, "fc1.out"), FORMAT_FP32);
    cr_expect_eq(format_of(&program, "fc2.out.grad"), FORMAT_FP32);
    cr_expect_eq(format_of(&program, "fc2.out.grad.tf32"), FORMAT_TF32);
    cr_expect_eq(format_of(&program, "fc1.weight.grad"), FORMAT_FP32);
    cr_expect_eq(program_find(&program, "fc1.bias.tf32"), NO_VALUE);
    program_release(&program);
}

static bool counted(const Program *program, const char *name)
{
    ValueId id = program_find(program, name);

    for (int i = 0; i < program->instr_count; i++)
        if (program->instrs[i].out == id)
            return program->instrs[i].counted;
    cr_assert(false, "nobody writes %s", name);
    return false;
}

Test(emit, counts_a_value_that_is_cast_where_it_is_cast)
{
    Program program;

    emit(&program, "linear 5, gelu, linear 3", FORMAT_TF32, "cross-entropy");
    cr_expect(counted(&program, "gelu1.out.tf32"));
    cr_expect_not(counted(&program, "gelu1.out"));
    cr_expect(counted(&program, "fc1.out"));
    cr_expect(counted(&program, "fc2.weight.grad"));
    program_release(&program);
}

static void expect_counted(Format low, ProbeSet probes, const char *const *names)
{
    Program program;
    int expected = 0, found = 0;

    emit_probed(&program, "linear 5, tanh, linear 3", low, "mse", probes);
    for (; names[expected] != NULL; expected++)
        cr_expect(counted(&program, names[expected]), "%s", names[expected]);
    for (int i = 0; i < program.instr_count; i++)
        found += program.instrs[i].counted;
    cr_expect_eq(found, expected, "probe %s in %s", probe_set_names[probes], format_name(low));
    program_release(&program);
}

static int counted_in(Format low, ProbeSet probes)
{
    Program program;
    int found = 0;

    emit_probed(&program, "linear 5, tanh, linear 3", low, "mse", probes);
    for (int i = 0; i < program.instr_count; i++)
        found += program.instrs[i].counted;
    program_release(&program);
    return found;
}

Test(emit, counts_the_stores_that_the_probes_name_and_no_others)
{
    static const char *const none[] = {NULL};
    static const char *const weights[] = {"fc1.weight.grad", "fc1.bias.grad", "fc2.weight.grad",
                                          "fc2.bias.grad", NULL};
    static const char *const grads[] = {
        "fc1.weight.grad", "fc1.bias.grad",  "fc2.weight.grad", "fc2.bias.grad",
        "fc2.out.grad",    "tanh1.out.grad", "fc1.out.grad",    NULL};
    static const char *const tf32[] = {
        "fc1.weight.grad",   "fc1.bias.grad",  "fc2.weight.grad",   "fc2.bias.grad",
        "fc2.out.grad.tf32", "tanh1.out.grad", "fc1.out.grad.tf32", NULL};

    for (Format low = FORMAT_FP32; low <= FORMAT_BF16; low++) {
        expect_counted(low, PROBE_OFF, none);
        cr_expect_eq(counted_in(low, PROBE_UPDATES), counted_in(low, PROBE_ON));
        expect_counted(low, PROBE_WEIGHT_GRADS, weights);
        expect_counted(low, PROBE_GRADS, low == FORMAT_TF32 ? tf32 : grads);
    }
}

Test(emit, runs_an_activation_on_the_input_in_fp32_and_asks_for_no_gradient_of_it)
{
    Program program;

    emit(&program, "tanh, linear 5, relu, linear 3", FORMAT_FP16, "cross-entropy");
    cr_expect_not(failed(program_verify(&program)));
    cr_expect_eq(format_of(&program, "tanh1.out"), FORMAT_FP32);
    cr_expect_eq(program_find(&program, "tanh1.out.grad"), NO_VALUE);
    program_release(&program);
}

Test(emit, asks_for_no_gradient_below_the_first_trained_layer)
{
    Program program;

    emit(&program, "linear 5, relu, linear 3", FORMAT_FP16, "cross-entropy");
    cr_expect_eq(count_ops(&program, OP_LINEAR_DX), 1);
    cr_expect_eq(count_ops(&program, OP_LINEAR_DW), 2);
    program_release(&program);
}

static void emit_pictures(Program *program, const char *text, Format low)
{
    Builder b = {.program = program, .low = low, .probes = PROBE_ON};
    ExampleShape shape = {.rank = 3, .shape = {2, 8, 8}, .classes = 3};
    LossSpec loss = {.kind = "cross-entropy", .weight = 1.0f};
    NetSpec spec;
    Net net;

    *program = (Program){.batch = 4};
    cr_assert_not(failed(net_parse(text, "relu", &spec)));
    nn_emit_step(&b, &spec, &loss, &shape, &net);
    cr_expect_not(failed(program_verify(program)), "%s", text);
}

/* As PyTorch's lists have it: conv2d in the low format, pools in the one that comes. */
Test(emit, convolves_in_the_low_format_and_pools_in_the_one_that_comes)
{
    Program program;

    emit_pictures(&program, "pool 2, conv 5 k=2, avgpool 3, flatten, linear 3", FORMAT_FP16);
    cr_expect_eq(format_of(&program, "pool1.out"), FORMAT_FP32);
    cr_expect_eq(format_of(&program, "pool1.out.fp16"), FORMAT_FP16);
    cr_expect_eq(format_of(&program, "conv1.out"), FORMAT_FP16);
    cr_expect_eq(format_of(&program, "avgpool1.out"), FORMAT_FP16);
    cr_expect_eq(format_of(&program, "avgpool1.out.grad"), FORMAT_FP16);
    cr_expect_eq(format_of(&program, "conv1.weight.grad"), FORMAT_FP16);
    cr_expect_eq(count_ops(&program, OP_CONV2D_DX), 0);
    cr_expect_eq(count_ops(&program, OP_MAXPOOL_BACKWARD), 0);
    program_release(&program);
    emit_pictures(&program, "conv 5, conv 6, flatten, linear 3", FORMAT_TF32);
    cr_expect_eq(format_of(&program, "conv2.weight.tf32"), FORMAT_TF32);
    cr_expect_eq(format_of(&program, "conv1.out.grad"), FORMAT_FP32);
    cr_expect(counted(&program, "conv2.out.grad.tf32"));
    cr_expect_eq(count_ops(&program, OP_CONV2D_DX), 1);
    program_release(&program);
}

Test(emit, keeps_kernels_as_pytorch_does_and_starts_them_by_all_that_they_see)
{
    Program program;
    float first[5 * 2 * 9], most = 0.0f, bound = (float)(1.0 / sqrt(18.0));
    const Value *weight;

    emit_pictures(&program, "conv 5, flatten, linear 3", FORMAT_FP32);
    weight = &program.values[program.params[0].master];
    cr_expect_eq(weight->rank, 4);
    cr_expect_eq(weight->shape[0], 5);
    cr_expect_eq(weight->shape[1], 2);
    cr_expect_eq(weight->shape[3], 3);
    nn_init_param(&program, 0, 1, first);
    for (int i = 0; i < 90; i++)
        most = fmaxf(most, fabsf(first[i]));
    cr_expect(most <= bound && most > 0.8f * bound);
    program_release(&program);
}

/* PyTorch autocasts layer_norm to fp32; the gradient of the cast behind it is rounded as the cast is. */
Test(emit, normalises_in_fp32_between_products_in_the_low_format)
{
    Program program;
    float ones[5], zeros[5];
    ValueId low;

    emit(&program, "linear 5, layernorm, linear 3", FORMAT_FP16, "cross-entropy");
    cr_expect_not(failed(program_verify(&program)));
    cr_expect_eq(format_of(&program, "norm1.out"), FORMAT_FP32);
    cr_expect_eq(format_of(&program, "norm1.out.fp16"), FORMAT_FP16);
    cr_expect_eq(format_of(&program, "norm1.out.grad"), FORMAT_FP32);
    cr_expect_eq(format_of(&program, "norm1.out.grad.fp16"), FORMAT_FP16);
    cr_expect(counted(&program, "norm1.out.grad.fp16"));
    cr_expect_not(counted(&program, "norm1.out.grad"));
    cr_expect_eq(format_of(&program, "fc1.out.grad"), FORMAT_FP16);
    cr_expect_eq(format_of(&program, "norm1.weight.grad"), FORMAT_FP32);
    low = program_find(&program, "norm1.out.grad.fp16");
    cr_expect_eq(program.values[low].source, program_find(&program, "norm1.out.grad"));
    nn_init_param(&program, 2, 1, ones);
    nn_init_param(&program, 3, 1, zeros);
    cr_expect_eq(ones[4], 1.0f);
    cr_expect_eq(zeros[4], 0.0f);
    program_release(&program);
    emit(&program, "linear 5, layernorm, linear 3", FORMAT_FP32, "cross-entropy");
    cr_expect_eq(program_find(&program, "norm1.out.grad.fp32"), NO_VALUE);
    cr_expect_eq(count_ops(&program, OP_CAST), 0);
    program_release(&program);
}

static const Instr *nth(const Program *program, OpKind op, int n)
{
    for (int i = 0; i < program->instr_count; i++)
        if (program->instrs[i].op == op && n-- == 0)
            return &program->instrs[i];
    return NULL;
}

Test(emit, drops_the_gradient_where_it_dropped_the_number_and_nothing_of_held_out_examples)
{
    Builder b = {0};
    ExampleShape shape = {.rank = 1, .shape = {6}, .classes = 3};
    Program program;
    NetSpec spec;
    Net net;

    emit(&program, "linear 5, dropout 0.25, linear 4, dropout 0.5, linear 3", FORMAT_FP16,
         "cross-entropy");
    cr_expect_not(failed(program_verify(&program)));
    cr_assert_eq(count_ops(&program, OP_DROPOUT), 4);
    cr_expect_eq(nth(&program, OP_DROPOUT, 0)->constants[DROPOUT_RATE], 0.25);
    cr_expect_eq(nth(&program, OP_DROPOUT, 0)->constants[DROPOUT_PLACE], 1.0);
    cr_expect_eq(nth(&program, OP_DROPOUT, 1)->constants[DROPOUT_PLACE], 3.0);
    cr_expect_eq(nth(&program, OP_DROPOUT, 2)->constants[DROPOUT_PLACE], 3.0);
    cr_expect_eq(nth(&program, OP_DROPOUT, 3)->constants[DROPOUT_RATE], 0.25);
    cr_expect_eq(nth(&program, OP_DROPOUT, 3)->constants[DROPOUT_PLACE], 1.0);
    cr_expect_eq(format_of(&program, "drop1.out"), FORMAT_FP16);
    program_release(&program);
    program = (Program){.batch = 4};
    b = (Builder){.program = &program, .low = FORMAT_FP16};
    cr_assert_not(failed(net_parse("linear 5, dropout 0.25, linear 3", "relu", &spec)));
    nn_emit_accuracy(&b, &spec, &shape, &net);
    cr_expect_eq(count_ops(&program, OP_DROPOUT), 0);
    program_release(&program);
}

Test(emit, starts_weights_uniform_within_the_root_of_the_fan_in)
{
    float first[30], again[30], other[30];
    float bound = (float)(1.0 / sqrt(6.0)), most = 0.0f;
    Program program;

    emit(&program, "linear 5, relu, linear 3", FORMAT_FP16, "cross-entropy");
    nn_init_param(&program, 0, 1, first);
    nn_init_param(&program, 0, 1, again);
    nn_init_param(&program, 0, 2, other);
    for (int i = 0; i < 30; i++)
        most = fmaxf(most, fabsf(first[i]));
    cr_expect(most <= bound && most > 0.8f * bound);
    cr_expect_arr_eq(first, again, sizeof first);
    cr_expect_neq(memcmp(first, other, sizeof first), 0);
    program_release(&program);
}

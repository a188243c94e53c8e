/* Blocks of a network in its program: sums where ways meet, and of gradients where they part. */
#include "nn/emit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void emit(Program *program, const char *text, Format low)
{
    Builder b = {.program = program, .low = low, .probes = PROBE_ON};
    ExampleShape shape = {.rank = 1, .shape = {6}, .classes = 3};
    LossSpec loss = {.kind = "cross-entropy", .weight = 1.0f};
    Status status;
    NetSpec spec;
    Net net;

    *program = (Program){.batch = 4};
    cr_assert_not(failed(net_parse(text, "relu", &spec)));
    nn_emit_step(&b, &spec, &loss, &shape, &net);
    status = program_verify(program);
    cr_expect_not(failed(status), "%s: %s", text, status.text);
}

static Format format_of(const Program *program, const char *name)
{
    ValueId id = program_find(program, name);

    cr_assert(id >= 0, "no %s", name);
    return program->values[id].format;
}

/* "add1.out <- fc1.out, relu1.out" of each add, in order. */
static void expect_adds(const Program *program, const char *const *lines)
{
    for (int i = 0; i < program->instr_count; i++) {
        const Instr *instr = &program->instrs[i];
        char line[4 * VALUE_NAME];

        if (instr->op != OP_ADD)
            continue;
        snprintf(line, sizeof line, "%s <- %s, %s", program->values[instr->out].name,
                 program->values[instr->in[0]].name, program->values[instr->in[1]].name);
        cr_assert_not_null(*lines, "%s is too much", line);
        cr_expect_str_eq(line, *lines);
        lines++;
    }
    cr_expect_null(*lines, "no %s", *lines);
}

static void expect_sums(const char *net, Format low, const char *const *lines)
{
    Program program;

    emit(&program, net, low);
    expect_adds(&program, lines);
    for (int i = 0; i < program.value_count; i++)
        cr_expect_neq(strncmp(program.values[i].name, "x.grad", 6), 0, "nothing is trained below");
    for (int i = 0; i < program.value_count; i++)
        cr_expect_eq(program_find(&program, program.values[i].name), i, "two are %s",
                     program.values[i].name);
    program_release(&program);
}

Test(blocks, adds_what_came_to_a_block_and_the_gradients_where_its_ways_part)
{
    expect_sums("linear 5, residual (linear 5, relu), linear 3", FORMAT_FP16,
                (const char *const[]){"add1.out <- relu1.out, fc1.out",
                                      "fc1.out.grad <- fc1.out.grad.fc2, add1.out.grad", NULL});
}

Test(blocks, adds_a_shortcut_and_its_gradient)
{
    expect_sums("linear 5, residual (relu, linear 4 | tanh, linear 4), linear 3", FORMAT_FP16,
                (const char *const[]){"add1.out <- fc2.out, fc3.out",
                                      "fc1.out.grad <- fc1.out.grad.relu1, fc1.out.grad.tanh1",
                                      NULL});
}

Test(blocks, adds_the_gradients_of_blocks_within_blocks_from_the_inside_out)
{
    expect_sums("linear 5, residual (residual (relu, linear 5), linear 5), linear 3", FORMAT_BF16,
                (const char *const[]){"add1.out <- fc2.out, fc1.out",
                                      "add2.out <- fc3.out, fc1.out",
                                      "fc1.out.grad.add1 <- fc1.out.grad.relu1, add1.out.grad",
                                      "fc1.out.grad <- fc1.out.grad.add1, add2.out.grad", NULL});
}

Test(blocks, gives_no_gradient_to_what_comes_to_a_block_where_nothing_is_trained_before_it)
{
    expect_sums("residual (linear 6), linear 3", FORMAT_FP32,
                (const char *const[]){"add1.out <- fc1.out, x", NULL});
    expect_sums("residual (relu | linear 6), linear 3", FORMAT_FP32,
                (const char *const[]){"add1.out <- relu1.out, fc1.out", NULL});
    expect_sums("residual (linear 6 | tanh), linear 3", FORMAT_FP32,
                (const char *const[]){"add1.out <- fc1.out, tanh1.out", NULL});
    expect_sums("residual (relu), residual (tanh | relu), linear 3", FORMAT_FP32,
                (const char *const[]){"add1.out <- relu1.out, x",
                                      "add2.out <- tanh1.out, relu2.out", NULL});
}

Test(blocks,
     keeps_the_sum_of_a_low_path_and_an_fp32_input_in_fp32_and_rounds_the_gradient_it_hands_down)
{
    Program program;

    emit(&program, "linear 5, layernorm, residual (linear 5), linear 3", FORMAT_FP16);
    cr_expect_eq(format_of(&program, "fc2.out"), FORMAT_FP16);
    cr_expect_eq(format_of(&program, "add1.out"), FORMAT_FP32);
    cr_expect_eq(format_of(&program, "add1.out.grad"), FORMAT_FP32);
    cr_expect_eq(format_of(&program, "add1.out.grad.fp16"), FORMAT_FP16);
    cr_expect_eq(format_of(&program, "norm1.out.grad.fc2.fp16"), FORMAT_FP16);
    cr_expect_eq(format_of(&program, "norm1.out.grad"), FORMAT_FP32);
    expect_adds(&program,
                (const char *const[]){"add1.out <- fc2.out, norm1.out",
                                      "norm1.out.grad <- norm1.out.grad.fc2, add1.out.grad", NULL});
    program_release(&program);
}

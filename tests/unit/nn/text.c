/* Networks over characters: formats, casts, widths that the data gives, and how tables begin. */
#include "nn/emit.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const ExampleShape text = {.rank = 1, .shape = {7}, .classes = 5, .text = true};

static void emit(Program *program, const char *words, Format low, bool low_weights)
{
    Builder b = {.program = program, .low = low, .low_weights = low_weights, .probes = PROBE_ON};
    LossSpec loss = {.kind = "cross-entropy", .weight = 1.0f};
    NetSpec spec;
    Net net;
    Status status;

    *program = (Program){.batch = 4};
    cr_assert_not(failed(net_parse(words, "relu", &spec)));
    status = net_check(&spec, &loss, &text);
    cr_assert_not(failed(status), "%s", status.text);
    nn_emit_step(&b, &spec, &loss, &text, &net);
    status = program_verify(program);
    cr_assert_not(failed(status), "%s", status.text);
}

static const Value *find(const Program *program, const char *name)
{
    ValueId id = program_find(program, name);

    cr_assert(id >= 0, "no %s", name);
    return &program->values[id];
}

Test(text_net, embeddings_and_positions_stay_in_fp32_and_the_product_behind_them_casts)
{
    Program program;

    emit(&program, "embedding 6, position, linear 8, gelu, linear", FORMAT_FP16, false);
    cr_expect_eq(find(&program, "emb1.out")->format, FORMAT_FP32);
    cr_expect_eq(find(&program, "pos1.out")->format, FORMAT_FP32);
    cr_expect_eq(find(&program, "pos1.out.fp16")->format, FORMAT_FP16);
    cr_expect_eq(find(&program, "emb1.weight.grad")->format, FORMAT_FP32);
    cr_expect_eq(find(&program, "pos1.weight.grad")->format, FORMAT_FP32);
    cr_expect_eq(find(&program, "fc1.out")->format, FORMAT_FP16);
    cr_expect_lt(program_find(&program, "emb1.weight.fp16"), 0);
    cr_expect_lt(program_find(&program, "x.fp16"), 0);
    program_release(&program);
}

Test(text_net, a_position_behind_a_product_is_added_in_fp32_and_its_gradient_is_cast_back)
{
    Program program;

    emit(&program, "embedding 6, linear 6, position, linear", FORMAT_BF16, false);
    cr_expect_eq(find(&program, "fc1.out")->format, FORMAT_BF16);
    cr_expect_eq(find(&program, "pos1.out")->format, FORMAT_FP32);
    cr_expect_eq(find(&program, "fc1.out.grad")->format, FORMAT_BF16);
    for (int i = 0; i < program.instr_count; i++)
        if (program.instrs[i].out == program_find(&program, "fc1.out.grad"))
            cr_expect_eq(program.instrs[i].op, OP_CAST);
    program_release(&program);
}

Test(text_net, without_masters_tables_and_what_they_give_are_low)
{
    Program program;

    emit(&program, "embedding 6, position, linear", FORMAT_BF16, true);
    cr_expect_eq(find(&program, "emb1.weight")->format, FORMAT_BF16);
    cr_expect_eq(find(&program, "emb1.out")->format, FORMAT_BF16);
    cr_expect_eq(find(&program, "pos1.out")->format, FORMAT_BF16);
    cr_expect_eq(find(&program, "pos1.weight.grad")->format, FORMAT_BF16);
    program_release(&program);
}

Test(text_net, a_last_linear_without_a_width_has_an_output_for_each_class)
{
    ExampleShape numbers = {.rank = 1, .shape = {4}, .target_width = 9};
    NetSpec spec;
    char words[NET_TEXT];
    Program program;

    emit(&program, "embedding 6, linear", FORMAT_FP32, false);
    cr_expect_eq(find(&program, "fc1.weight")->shape[0], 5);
    cr_expect_eq(find(&program, "fc1.out")->rank, 3);
    cr_expect_eq(find(&program, "target")->shape[1], 7);
    program_release(&program);
    cr_assert_not(failed(net_parse("linear 3, relu, linear", "relu", &spec)));
    cr_expect_eq(net_layer(&spec, 2, &numbers).width, 9);
    cr_expect_eq(net_layer(&spec, 0, &numbers).width, 3);
    cr_expect_str_eq(net_print(&spec, words, sizeof words), "\"linear 3, relu, linear\"");
}

Test(text_net, an_embedding_begins_in_standard_normal_numbers_and_a_position_as_zeros)
{
    static float values[7 * 2000];
    double sum = 0.0, squares = 0.0;
    Program program;

    emit(&program, "embedding 2000, position, linear", FORMAT_FP32, false);
    nn_init_param(&program, 0, 1, values);
    for (int i = 0; i < 5 * 2000; i++) {
        sum += (double)values[i];
        squares += (double)(values[i] * values[i]);
    }
    cr_expect_float_eq(sum / 1e4, 0.0, 0.03);
    cr_expect_float_eq(squares / 1e4, 1.0, 0.05);
    nn_init_param(&program, 1, 1, values);
    for (int i = 0; i < 5 * 2000; i++)
        cr_assert_eq(values[i], 0.0f);
    program_release(&program);
}

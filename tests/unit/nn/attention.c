/* The program that attention writes: its values, their formats, and what it cannot take. */
#include "nn/emit.h"

#include <criterion/criterion.h>
#include <string.h>

enum { TIME = 7, WIDTH = 12 };

static Program program;

static void emit(const char *text, Format low)
{
    Builder b = {.program = &program, .low = low, .probes = PROBE_ON};
    ExampleShape shape = {.rank = 2, .shape = {TIME, WIDTH}, .target_width = TIME * WIDTH};
    LossSpec loss = {.kind = "mse", .weight = 1.0f};
    Status status;
    NetSpec spec;
    Net net;

    program = (Program){.batch = 4};
    cr_assert_not(failed(net_parse(text, "relu", &spec)));
    nn_emit_step(&b, &spec, &loss, &shape, &net);
    status = program_verify(&program);
    cr_expect_not(failed(status), "%s", status.text);
}

static void clear(void)
{
    program_release(&program);
}

static void expect_format(const char *name, Format format)
{
    ValueId id = program_find(&program, name);

    cr_assert(id != NO_VALUE, "there is no %s", name);
    cr_expect_eq(program.values[id].format, format, "%s is in %s", name,
                 format_name(program.values[id].format));
}

static bool counted(const char *name)
{
    ValueId id = program_find(&program, name);

    for (int i = 0; i < program.instr_count; i++)
        if (program.instrs[i].out == id)
            return program.instrs[i].counted;
    return false;
}

/* What PyTorch has under autocast("cuda", torch.float16): see the module's golden test for the numbers. */
Test(attention, multiplies_in_the_low_format_and_takes_its_softmax_in_fp32, .fini = clear)
{
    static const char *const low[] = {"attn1.qkv",
                                      "attn1.q",
                                      "attn1.scores",
                                      "attn1.probs.fp16",
                                      "attn1.heads",
                                      "attn1.out",
                                      "attn1.out.grad",
                                      "attn1.heads.grad",
                                      "attn1.v.grad",
                                      "attn1.probs.grad.fp16",
                                      "attn1.scores.grad",
                                      "attn1.q.grad",
                                      "attn1.k.grad",
                                      "attn1.qkv.grad",
                                      "attn1.in_proj_weight.grad",
                                      "attn1.in_proj_bias.grad",
                                      "attn1.out_proj.weight.grad",
                                      "attn1.out_proj.bias.grad"};
    static const char *const wide[] = {"attn1.probs", "attn1.probs.grad", "attn1.in_proj_weight"};

    emit("attention 3, linear 12", FORMAT_FP16);
    for (size_t i = 0; i < sizeof low / sizeof *low; i++) {
        expect_format(low[i], FORMAT_FP16);
        cr_expect(counted(low[i]), "%s is not counted", low[i]);
    }
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        expect_format(wide[i], FORMAT_FP32);
    cr_expect_not(counted("attn1.probs"), "its cast counts the same numbers");
}

Test(attention, takes_tf32_as_operands_of_products_alone, .fini = clear)
{
    static const char *const operands[] = {"attn1.q.tf32",          "attn1.qkv.tf32",
                                           "attn1.probs.tf32",      "attn1.heads.tf32",
                                           "attn1.heads.grad.tf32", "attn1.scores.grad.tf32"};

    emit("attention 3, linear 12", FORMAT_TF32);
    for (size_t i = 0; i < sizeof operands / sizeof *operands; i++)
        expect_format(operands[i], FORMAT_TF32);
    expect_format("attn1.scores", FORMAT_FP32);
    expect_format("attn1.out", FORMAT_FP32);
}

Test(attention, has_shapes_of_heads_and_of_pairs_of_times, .fini = clear)
{
    const Value *scores, *qkv;

    emit("attention 3", FORMAT_FP32);
    scores = &program.values[program_find(&program, "attn1.scores")];
    qkv = &program.values[program_find(&program, "attn1.qkv")];
    cr_expect_eq(scores->rank, 4);
    cr_expect_eq(scores->shape[0], 4);
    cr_expect_eq(scores->shape[1], 3);
    cr_expect_eq(scores->shape[2], TIME);
    cr_expect_eq(scores->shape[3], TIME);
    cr_expect_eq(qkv->rank, 3);
    cr_expect_eq(qkv->shape[2], 3 * WIDTH);
    cr_expect_eq(program_find(&program, "x.grad"), NO_VALUE, "nothing is trained below");
}

static void expect_refused(const char *text, ExampleShape shape, const char *words)
{
    Shape shapes[NET_LAYERS];
    NetSpec spec;
    Status status;

    cr_assert_not(failed(net_parse(text, "relu", &spec)));
    status = net_shapes(&spec, &shape, shapes);
    cr_expect_eq(status.code, STATUS_SHAPE);
    cr_expect_not_null(strstr(status.text, words), "%s", status.text);
}

Test(attention, refuses_what_it_cannot_take_and_says_what_to_try)
{
    const ExampleShape text = {.rank = 1, .shape = {TIME}, .classes = 5, .text = true};
    const ExampleShape numbers = {.rank = 1, .shape = {12}, .classes = 5};
    const ExampleShape sequence = {.rank = 2, .shape = {TIME, WIDTH}};
    const ExampleShape endless = {.rank = 2, .shape = {40000, WIDTH}};
    const ExampleShape broad = {.rank = 2, .shape = {TIME, 60000}};

    expect_refused("attention 5", sequence, "the 12 numbers of a place");
    expect_refused("attention 5", sequence, "try attention 4");
    expect_refused("attention 24", sequence, "try attention 12");
    expect_refused("attention 4", numbers,
                   "'attention 4' takes a sequence, and a row of 12 numbers comes");
    expect_refused("attention 4", text, "put embedding before it");
    expect_refused("attention 4", endless, "'attention 4' over 40000 x 12 is too much");
    expect_refused("attention 4", broad, "'attention 4' over 7 x 60000 is too much");
}

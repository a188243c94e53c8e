/* What a program may do with fp8. */
#include "program/builder.h"
#include "program/program.h"

#include <criterion/criterion.h>
#include <string.h>

static Program program;
static Builder b;

static void begin(void)
{
    program_release(&program);
    program = (Program){.batch = 4};
    b = (Builder){.program = &program, .phase = PHASE_FORWARD};
}

static void end(void)
{
    program_release(&program);
}

TestSuite(verify_fp8, .init = begin, .fini = end);

static void expect(const char *part)
{
    Status status = program_verify(&program);

    if (part == NULL) {
        cr_expect_not(failed(status), "%s", status.text);
        return;
    }
    cr_assert(failed(status), "it is taken");
    cr_expect(strstr(status.text, part) != NULL, "%s", status.text);
}

static ValueId value(Role role, Format format, int64_t rows, int64_t cols, const char *name)
{
    const int64_t shape[] = {rows, cols};

    return builder_value(&b, role, format, 2, shape, "%s", name);
}

/* A master, cast to fp8. `history`: numbers that its history has. */
static ValueId cast(Format to, int64_t rows, int64_t cols, const char *name, int64_t history)
{
    const int64_t numbers[] = {FP8_NUMBERS};
    ValueId x = value(ROLE_MASTER, FORMAT_FP32, rows, cols, name);
    ValueId seen = builder_value(&b, ROLE_HISTORY, FORMAT_FP32, 1, &history, "%s.amax", name);
    ValueId scale = builder_value(&b, ROLE_SCALAR, FORMAT_FP32, 1, numbers, "%s.scale", name);
    ValueId copy = builder_like(&b, x, ROLE_COPY, to, "%s.fp8", name);
    Instr *instr = builder_emit(&b, OP_FP8_SCALE, scale, x, seen, NO_VALUE);

    instr->constants[FP8_FORMAT] = to;
    builder_emit(&b, OP_CAST_FP8, copy, x, scale, NO_VALUE);
    return copy;
}

/* dx (4, 6) of dout (4, 3) and w (3, 6) in these formats; it is stored in `out`. */
static Instr *product(Format dout, Format w, Format out)
{
    ValueId a = cast(dout, 4, 3, "dout", 17), c = cast(w, 3, 6, "w", 17);

    return builder_emit(&b, OP_LINEAR_DX, value(ROLE_ACTIVATION, out, 4, 6, "dx"), a, c, NO_VALUE);
}

Test(verify_fp8, takes_what_tensor_cores_multiply)
{
    product(FORMAT_E5M2, FORMAT_E4M3, FORMAT_BF16);
    expect(NULL);
    begin();
    product(FORMAT_E4M3, FORMAT_E4M3, FORMAT_BF16);
    expect(NULL);
    begin();
    product(FORMAT_E5M2, FORMAT_E5M2, FORMAT_BF16);
    expect("no GPU has products of e5m2 by e5m2");
}

Test(verify_fp8, gives_bf16_and_nothing_else)
{
    product(FORMAT_E5M2, FORMAT_E4M3, FORMAT_FP32);
    expect("linear_dx stores dx in fp32; products of fp8 operands give bf16");
    begin();
    product(FORMAT_E5M2, FORMAT_E4M3, FORMAT_E4M3);
    expect("linear_dx stores dx in e4m3, which only cast_fp8 does");
}

Test(verify_fp8, needs_the_scale_of_each_operand)
{
    product(FORMAT_E5M2, FORMAT_E4M3, FORMAT_BF16)->in[PRODUCT_SCALES + 1] = NO_VALUE;
    expect("linear_dx lacks the scale that w.fp8 was cast with");
    begin();
    product(FORMAT_E5M2, FORMAT_E4M3, FORMAT_BF16)->in[PRODUCT_SCALES] = 99;
    expect("reads a scale before anything has written it");
}

Test(verify_fp8, needs_a_history_of_a_length_that_there_is)
{
    cast(FORMAT_E4M3, 4, 3, "x", 1);
    expect("fp8_scale reads x.amax, which is no history of 1 to 1024 steps");
    begin();
    cast(FORMAT_E4M3, 4, 3, "x", 1026);
    expect("no history");
    begin();
    cast(FORMAT_E4M3, 4, 3, "x", 1025);
    expect(NULL);
    begin();
    cast(FORMAT_BF16, 4, 3, "x", 17);
    expect("has no way to scale");
}

Test(verify_fp8, lets_only_cast_fp8_write_it_and_only_products_read_it)
{
    ValueId x = value(ROLE_MASTER, FORMAT_FP32, 4, 3, "x"), low;

    builder_emit(&b, OP_CAST, value(ROLE_COPY, FORMAT_E4M3, 4, 3, "x.e4m3"), x, NO_VALUE, NO_VALUE);
    expect("cast stores x.e4m3 in e4m3, which only cast_fp8 does");
    begin();
    low = cast(FORMAT_E4M3, 4, 3, "x", 17);
    builder_emit(&b, OP_RELU, value(ROLE_ACTIVATION, FORMAT_BF16, 4, 3, "r"), low, NO_VALUE,
                 NO_VALUE);
    expect("relu reads x.fp8 in e4m3, which only products do; read what was cast");
}

Test(verify_fp8, multiplies_fp8_by_fp8_alone)
{
    ValueId a = cast(FORMAT_E5M2, 4, 3, "dout", 17), w = value(ROLE_MASTER, FORMAT_FP32, 3, 6, "w");

    builder_emit(&b, OP_LINEAR_DX, value(ROLE_ACTIVATION, FORMAT_BF16, 4, 6, "dx"), a, w, NO_VALUE);
    expect("both must be cast to one format");
}

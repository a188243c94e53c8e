#include "program/builder.h"

#include <criterion/criterion.h>
#include <string.h>

static Program program;
static Builder b;

/* One operand or result of the right shapes is given another size. */
typedef struct Fault {
    int operand; /* 0, 1, 2; 3: the result; -1: none */
    int dim;
    int64_t size;
} Fault;

enum { ROW = 1, TRIPLE = 3, SQUARE = 0 };

/* Of the ops in their order: operands, and the result. */
static const int forms[][4] = {
    {TRIPLE, -1, -1, ROW},        {ROW, TRIPLE, -1, SQUARE}, {SQUARE, -1, -1, SQUARE},
    {SQUARE, TRIPLE, -1, ROW},    {ROW, TRIPLE, -1, SQUARE}, {SQUARE, ROW, -1, ROW},
    {SQUARE, SQUARE, -1, SQUARE}, {SQUARE, TRIPLE, -1, ROW}, {SQUARE, ROW, -1, ROW},
    {ROW, ROW, ROW, TRIPLE},
};

/* 4 examples, 5 places, 3 heads of 2. */
static ValueId value(int form, int which, Fault fault, Format format)
{
    int64_t square[] = {4, 3, 5, 5}, row[] = {4, 5, 6 * form};
    int64_t *shape = form == SQUARE ? square : row;

    if (which == fault.operand)
        shape[fault.dim] = fault.size;
    return builder_value(&b, which < 3 ? ROLE_MASTER : ROLE_ACTIVATION, format,
                         form == SQUARE ? 4 : 3, shape, "v%d", which);
}

static Status try(OpKind op, Fault fault, Format first, double heads)
{
    const int *form = forms[op - OP_ATTENTION_QUERY];
    ValueId in[3] = {NO_VALUE, NO_VALUE, NO_VALUE};
    Status status;

    program = (Program){.batch = 4};
    b = (Builder){.program = &program, .phase = PHASE_FORWARD};
    for (int i = 0; i < 3 && form[i] >= 0; i++)
        in[i] = value(form[i], i, fault, i == 0 ? first : FORMAT_FP32);
    builder_emit(&b, op, value(form[3], 3, fault, FORMAT_FP32), in[0], in[1], in[2])
        ->constants[ATTENTION_HEADS] = heads;
    status = program_verify(&program);
    program_release(&program);
    return status;
}

Test(verify_attention, takes_what_fits_and_nothing_else)
{
    for (OpKind op = OP_ATTENTION_QUERY; op <= OP_ATTENTION_JOIN; op++) {
        const int *form = forms[op - OP_ATTENTION_QUERY];
        Status status = try(op, (Fault){-1, 0, 0}, FORMAT_FP32, 3.0);

        cr_expect_not(failed(status), "%s", status.text);
        for (int operand = 0; operand < 4; operand++)
            for (int dim = 0; dim < (form[operand] == SQUARE ? 4 : 3) && form[operand] >= 0;
                 dim++) {
                status = try(op, (Fault){operand, dim, 36}, FORMAT_FP32, 3.0);
                cr_expect(failed(status), "%s takes operand %d with 36 as size %d",
                          op_table[op].name, operand, dim);
            }
    }
}

Test(verify_attention, divides_a_row_evenly_among_its_heads)
{
    Status status = try(OP_ATTENTION_QUERY, (Fault){-1, 0, 0}, FORMAT_FP32, 4.0);

    cr_expect_str_eq(status.text,
                     "attention_query cannot divide the 6 numbers of v3 among 4 heads");
    cr_expect(failed(try(OP_ATTENTION_JOIN, (Fault){-1, 0, 0}, FORMAT_FP32, 0.0)));
}

Test(verify_attention, multiplies_operands_of_one_format)
{
    for (OpKind op = OP_ATTENTION_QUERY; op <= OP_ATTENTION_JOIN; op++) {
        Status status = try(op, (Fault){-1, 0, 0}, FORMAT_FP16, 3.0);

        cr_expect_eq(failed(status), op_is_head_product(op), "%s", op_table[op].name);
        cr_expect(!failed(status) || strstr(status.text, "both must be cast") != NULL, "%s",
                  status.text);
    }
}

Test(verify_attention, looks_back_over_as_many_places_as_there_are)
{
    const int64_t oblong[] = {4, 3, 5, 6};
    ValueId in, out;

    program = (Program){.batch = 4};
    b = (Builder){.program = &program, .phase = PHASE_FORWARD};
    in = builder_value(&b, ROLE_MASTER, FORMAT_FP32, 4, oblong, "in");
    out = builder_value(&b, ROLE_ACTIVATION, FORMAT_FP32, 4, oblong, "out");
    builder_emit(&b, OP_CAUSAL_SOFTMAX, out, in, NO_VALUE, NO_VALUE);
    cr_expect_str_eq(program_verify(&program).text,
                     "causal_softmax cannot join in (4, 3, 5, 6) with out (4, 3, 5, 6)");
    program_release(&program);
}

/* Rules of batchnorm and of sums of two. */
#include "program/builder.h"

#include <criterion/criterion.h>
#include <string.h>

static Program program;
static Builder b;

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

/* Written before it is read, so that it may be of any role. */
static ValueId given(Role role, int64_t rows, int64_t cols, const char *name)
{
    ValueId id = builder_value(&b, role, FORMAT_FP32, 2, (int64_t[]){rows, cols}, "%s", name);

    if (role != ROLE_MASTER)
        builder_emit(&b, OP_GATHER, id, NO_VALUE, NO_VALUE, NO_VALUE);
    return id;
}

static ValueId each(int64_t channels, const char *name)
{
    return builder_value(&b, ROLE_MASTER, FORMAT_FP32, 1, &channels, "%s", name);
}

static ValueId result(int rank, int64_t first, int64_t second)
{
    return builder_value(&b, ROLE_ACTIVATION, FORMAT_FP32, rank, (int64_t[]){first, second}, "out");
}

static void add(int64_t rows, int64_t cols, int64_t out_cols)
{
    ValueId x = given(ROLE_INPUT, 4, 6, "x"), y = given(ROLE_INPUT, rows, cols, "y");

    builder_emit(&b, OP_ADD, result(2, 4, out_cols), x, y, NO_VALUE);
}

Test(verify_batch, adds_rows_of_one_length)
{
    begin();
    add(4, 6, 6);
    expect(NULL);
    begin();
    add(4, 5, 6);
    expect("add cannot join x (4, 6) with y (4, 5)");
    begin();
    add(8, 3, 6);
    expect("add cannot join x (4, 6) with y (8, 3)");
    begin();
    add(4, 6, 5);
    expect("out (4, 5)");
}

static void moments(int64_t rows, int64_t mean, int64_t var)
{
    ValueId x = given(ROLE_INPUT, rows, 6, "x"), of = result(1, mean, 0);

    builder_emit(&b, OP_BATCH_MEAN, of, x, NO_VALUE, NO_VALUE);
    builder_emit(&b, OP_BATCH_VAR, result(1, var, 0), x, of, NO_VALUE);
}

Test(verify_batch, takes_mean_and_variance_of_each_channel_where_it_has_more_than_one_number)
{
    begin();
    moments(4, 3, 3);
    expect(NULL);
    begin();
    moments(1, 3, 3);
    expect(NULL);
    begin();
    moments(4, 4, 4);
    expect("batch_mean cannot join x (4, 6) with out (4)");
    begin();
    moments(4, 3, 2);
    expect("batch_var cannot join");
    begin();
    moments(1, 6, 6);
    expect("one number of each; take batch 2 or more");
}

Test(verify_batch, moves_what_lasts)
{
    begin();
    builder_emit(&b, OP_RUNNING, NO_VALUE, each(3, "running"), each(3, "m"), NO_VALUE);
    expect(NULL);
    begin();
    builder_emit(&b, OP_RUNNING, NO_VALUE, each(3, "running"), each(2, "m"), NO_VALUE);
    expect("running cannot join running (3) with m (2)");
    begin();
    builder_emit(&b, OP_RUNNING, NO_VALUE, given(ROLE_INPUT, 3, 1, "x"), each(3, "m"), NO_VALUE);
    expect("running moves x, which does not last");
}

/* Operands before the statistics: x, or dout and x. */
static void batchnorm(OpKind op, int64_t channels, int64_t weights, int64_t rows)
{
    ValueId x = given(ROLE_INPUT, 4, 6, "x"), dout = given(ROLE_INPUT, rows, 6, "dout");
    ValueId mean = each(channels, "mean"), w = each(weights, "w");
    bool forward = op == OP_BATCHNORM, sums = op == OP_BATCHNORM_DW;
    ValueId out = sums ? result(1, weights, 0) : result(2, 4, 6);
    Instr *instr = builder_emit(&b, op, out, forward ? x : dout, forward ? mean : x, mean);

    instr->in[3] = forward ? w : mean;
    instr->in[4] = w;
}

Test(verify_batch, wants_statistics_and_weights_for_each_channel)
{
    for (OpKind op = OP_BATCHNORM; op <= OP_BATCHNORM_DW; op++) {
        begin();
        batchnorm(op, 3, 3, 4);
        expect(NULL);
        begin();
        batchnorm(op, 4, 4, 4);
        expect("x (4, 6) with mean (4)");
        begin();
        batchnorm(op, 3, 2, 4);
        expect("mean (3) with");
        if (op == OP_BATCHNORM)
            continue;
        begin();
        batchnorm(op, 3, 3, 8);
        expect("dout (8, 6) with x (4, 6)");
    }
}

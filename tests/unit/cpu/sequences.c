/* Sequences (batch, time, width): what takes rows gives the bits that (batch x time, width) has; embeddings
 * and positions against PyTorch's own results (CPU), of which tests/golden/sequences.txt says more. */
#include "numbers.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 3, TIME = 4, ROWS = BATCH * TIME, WIDTH = 5, OUT = 6, MOST = ROWS * OUT };

static const DataView no_data;

typedef struct Results {
    float out[MOST], norm[MOST], softmax[MOST], loss, dlog[MOST], dsoft[MOST], dx[MOST];
    float dw[WIDTH * OUT], db[OUT], gain[WIDTH];
} Results;

/* A master that the test writes. */
static ValueId given(Builder *b, int rank, const int64_t *shape, const char *name)
{
    return builder_value(b, ROLE_MASTER, FORMAT_FP32, rank, shape, "%s", name);
}

static ValueId like(Builder *b, ValueId of, const char *name)
{
    return builder_like(b, of, ROLE_ACTIVATION, FORMAT_FP32, "%s", name);
}

/* The first two sizes are those of a sequence, or one of all rows. */
static void emit(Builder *b, int rank, const int64_t *rows)
{
    int64_t narrow[3] = {rows[0], rows[rank - 2], WIDTH}, broad[3] = {rows[0], rows[rank - 2], OUT};
    const int64_t weight[] = {OUT, WIDTH}, bias[] = {OUT}, each[] = {WIDTH}, one[] = {1};
    ValueId x, w, wide, out, target, soft, loss, dlog, dsoft, dx, norm;

    narrow[rank - 1] = WIDTH;
    broad[rank - 1] = OUT;
    x = given(b, rank, narrow, "x");
    w = given(b, 2, weight, "w");
    wide = given(b, 1, each, "gain");
    target = given(b, rank - 1, rows, "target");
    out = builder_value(b, ROLE_ACTIVATION, FORMAT_FP32, rank, broad, "out");
    builder_emit(b, OP_LINEAR, out, x, w, given(b, 1, bias, "b"));
    norm = like(b, x, "norm");
    builder_emit(b, OP_LAYERNORM, norm, x, wide, wide);
    soft = like(b, out, "softmax");
    builder_emit(b, OP_LOG_SOFTMAX, soft, out, NO_VALUE, NO_VALUE);
    loss = builder_value(b, ROLE_SCALAR, FORMAT_FP32, 1, one, "loss");
    builder_emit(b, OP_NLL, loss, soft, target, NO_VALUE);
    dlog = like(b, soft, "dlog");
    builder_emit(b, OP_NLL_BACKWARD, dlog, soft, target, NO_VALUE);
    dsoft = like(b, soft, "dsoft");
    builder_emit(b, OP_LOG_SOFTMAX_BACKWARD, dsoft, dlog, soft, NO_VALUE);
    dx = like(b, x, "dx");
    builder_emit(b, OP_LINEAR_DX, dx, dsoft, w, NO_VALUE);
    builder_emit(b, OP_LINEAR_DW, like(b, w, "dw"), dsoft, x, NO_VALUE);
    builder_emit(b, OP_LINEAR_DB, builder_value(b, ROLE_WEIGHT_GRAD, FORMAT_FP32, 1, bias, "db"),
                 dsoft, NO_VALUE, NO_VALUE);
    builder_emit(b, OP_LAYERNORM_DW, like(b, wide, "dgain"), dx, x, NO_VALUE);
}

static void write_waves(Rig *rig, const char *name, int count, float pace)
{
    float values[MOST];

    for (int i = 0; i < count; i++)
        values[i] = sinf(pace * (float)(i + 1));
    rig_write(rig, name, values);
}

static void run(int rank, const int64_t *rows, int64_t batch, Results *r)
{
    float labels[ROWS];
    Rig rig;
    Builder b;

    rig_open(&rig, 1, &no_data);
    rig.program.batch = batch;
    b = (Builder){.program = &rig.program, .low = FORMAT_FP32};
    emit(&b, rank, rows);
    rig_compile(&rig);
    for (int i = 0; i < ROWS; i++)
        labels[i] = (float)(i % OUT);
    write_waves(&rig, "x", ROWS * WIDTH, 0.7f);
    write_waves(&rig, "w", OUT * WIDTH, 1.3f);
    write_waves(&rig, "b", OUT, 0.9f);
    write_waves(&rig, "gain", WIDTH, 0.4f);
    rig_write(&rig, "target", labels);
    rig_run(&rig);
    memset(r, 0, sizeof *r);
    rig_read(&rig, "out", r->out);
    rig_read(&rig, "norm", r->norm);
    rig_read(&rig, "softmax", r->softmax);
    rig_read(&rig, "loss", &r->loss);
    rig_read(&rig, "dlog", r->dlog);
    rig_read(&rig, "dsoft", r->dsoft);
    rig_read(&rig, "dx", r->dx);
    rig_read(&rig, "dw", r->dw);
    rig_read(&rig, "db", r->db);
    rig_read(&rig, "dgain", r->gain);
    rig_close(&rig);
}

Test(sequences, are_rows_to_all_that_takes_rows)
{
    static const int64_t flat[] = {ROWS, WIDTH}, sequence[] = {BATCH, TIME, WIDTH};
    static Results rows, times;

    run(2, flat, ROWS, &rows);
    run(3, sequence, BATCH, &times);
    cr_expect(isfinite(rows.loss) && rows.loss > 0.0f);
    cr_expect_neq(rows.out[MOST - 1], 0.0f);
    cr_expect_neq(rows.dx[ROWS * WIDTH - 1], 0.0f);
    cr_expect_arr_eq(&times, &rows, sizeof rows);
}

Test(sequences, have_a_row_for_each_place_of_each_example)
{
    const Value none = {.rank = 0}, row = {.rank = 1, .shape = {7}};
    const Value matrix = {.rank = 2, .shape = {3, 4}}, sequence = {.rank = 3, .shape = {3, 4, 5}};
    const Value pictures = {.rank = 4, .shape = {2, 3, 4, 5}};

    cr_expect_eq(value_rows(&none), 1);
    cr_expect_eq(value_cols(&none), 1);
    cr_expect_eq(value_rows(&row), 1);
    cr_expect_eq(value_cols(&row), 7);
    cr_expect_eq(value_rows(&matrix), 3);
    cr_expect_eq(value_cols(&matrix), 4);
    cr_expect_eq(value_rows(&sequence), 12);
    cr_expect_eq(value_cols(&sequence), 5);
    cr_expect_eq(value_rows(&pictures), 2);
    cr_expect_eq(value_cols(&pictures), 60);
}

enum { CHARACTERS = 6, TABLE = CHARACTERS * WIDTH, PLACES = TIME * WIDTH };

static const Format formats[] = {FORMAT_FP32, FORMAT_FP16, FORMAT_BF16};

/* The cast of a master that the test writes. */
static ValueId low(Builder *b, Format format, int rank, const int64_t *shape, const char *name)
{
    ValueId value = builder_value(b, ROLE_ACTIVATION, format, rank, shape, "%s.low", name);

    builder_emit(b, OP_CAST, value, given(b, rank, shape, name), NO_VALUE, NO_VALUE);
    return value;
}

static void emit_learnt(Builder *b, Format format)
{
    const int64_t ids[] = {BATCH, TIME}, sequence[] = {BATCH, TIME, WIDTH};
    const int64_t table[] = {CHARACTERS, WIDTH}, places[] = {TIME, WIDTH};
    ValueId id = given(b, 2, ids, "embedding.ids"), w = low(b, format, 2, table, "embedding.w");
    ValueId dout = low(b, format, 3, sequence, "embedding.dout");
    ValueId x = low(b, format, 3, sequence, "position.x");
    ValueId p = low(b, format, 2, places, "position.w");
    ValueId dsum = low(b, format, 3, sequence, "position.dout");

    builder_emit_counted(b, OP_EMBEDDING,
                         builder_like(b, x, ROLE_ACTIVATION, format, "embedding.out"), id, w,
                         NO_VALUE);
    builder_emit_counted(b, OP_EMBEDDING_DW,
                         builder_like(b, w, ROLE_WEIGHT_GRAD, format, "embedding.dw"), dout, id,
                         NO_VALUE);
    builder_emit_counted(b, OP_POSITION,
                         builder_like(b, x, ROLE_ACTIVATION, format, "position.out"), x, p,
                         NO_VALUE);
    builder_emit_counted(b, OP_POSITION_DW,
                         builder_like(b, p, ROLE_WEIGHT_GRAD, format, "position.dw"), dsum,
                         NO_VALUE, NO_VALUE);
}

static void put(Rig *rig, FILE *file, const char *name, int count)
{
    float values[MOST];

    numbers_find(file, name, values, count);
    rig_write(rig, name, values);
}

/* In fp32 within what the order of a few sums may change. */
static void expect_golden(Rig *rig, FILE *file, const char *op, Format format, const char *name,
                          int count)
{
    float ours[MOST], theirs[MOST];
    char row[VALUE_NAME], value[VALUE_NAME];

    snprintf(row, sizeof row, "%s.%s.%s", op, format_name(format), name);
    snprintf(value, sizeof value, "%s.%s", op, name);
    numbers_find(file, row, theirs, count);
    rig_read(rig, value, ours);
    for (int i = 0; i < count; i++)
        cr_expect(fabsf(ours[i] - theirs[i]) <= (format == FORMAT_FP32 ? 0x1p-21f : 0.0f),
                  "%s[%d] is %a, PyTorch has %a", row, i, (double)ours[i], (double)theirs[i]);
}

Test(sequences, embeddings_and_positions_are_those_of_pytorch)
{
    for (int f = 0; f < 3; f++) {
        FILE *file = numbers_open("sequences.txt");
        CastCounts counts;
        Builder b;
        Rig rig;

        rig_open(&rig, 1, &no_data);
        rig.program.batch = BATCH;
        b = (Builder){.program = &rig.program, .low = formats[f], .probes = PROBE_ON};
        emit_learnt(&b, formats[f]);
        rig_compile(&rig);
        put(&rig, file, "embedding.ids", ROWS);
        put(&rig, file, "embedding.w", TABLE);
        put(&rig, file, "embedding.dout", ROWS * WIDTH);
        put(&rig, file, "position.x", ROWS * WIDTH);
        put(&rig, file, "position.w", PLACES);
        put(&rig, file, "position.dout", ROWS * WIDTH);
        rig_run(&rig);
        expect_golden(&rig, file, "embedding", formats[f], "out", ROWS * WIDTH);
        expect_golden(&rig, file, "embedding", formats[f], "dw", TABLE);
        expect_golden(&rig, file, "position", formats[f], "out", ROWS * WIDTH);
        expect_golden(&rig, file, "position", formats[f], "dw", PLACES);
        cr_assert_not(
            failed(cpu_backend.counts_read(rig.plan, rig.program.instr_count - 3, &counts)));
        cr_expect_eq(counts.count, TABLE);
        cr_expect_eq(counts.classes[CAST_ZERO], WIDTH); /* the row that no place has */
        rig_close(&rig);
        fclose(file);
    }
}

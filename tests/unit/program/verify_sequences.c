/* Embeddings and positions whose shapes fit, and those that do not. */
#include "program/builder.h"

#include <criterion/criterion.h>
#include <string.h>

static Program program;
static Builder b;

typedef struct Sizes {
    int64_t time, width, rows, cols; /* of the sequence; of the table */
    Format ids, table, out;
} Sizes;

static const Sizes right = {5, 3, 7, 3, FORMAT_FP32, FORMAT_FP16, FORMAT_FP16};

static void expect(const char *words)
{
    Status status = program_verify(&program);

    cr_expect_eq(failed(status), words != NULL, "%s", status.text);
    if (words != NULL)
        cr_expect_not_null(strstr(status.text, words), "%s", status.text);
    program_release(&program);
}

static ValueId master(Format format, int rank, const int64_t *shape, const char *name)
{
    return builder_value(&b, ROLE_MASTER, format, rank, shape, "%s", name);
}

static void embedding(Sizes s, bool back)
{
    const int64_t ids[] = {4, 5}, out[] = {4, s.time, s.width}, table[] = {s.rows, s.cols};
    ValueId id, result, w;

    program = (Program){.batch = 4};
    b = (Builder){.program = &program, .phase = PHASE_FORWARD};
    id = master(s.ids, 2, ids, "ids");
    if (back) {
        w = builder_value(&b, ROLE_WEIGHT_GRAD, s.table, 2, table, "dw");
        builder_emit(&b, OP_EMBEDDING_DW, w, master(s.out, 3, out, "dout"), id, NO_VALUE);
        return;
    }
    w = master(s.table, 2, table, "w");
    result = builder_value(&b, ROLE_ACTIVATION, s.out, 3, out, "out");
    builder_emit(&b, OP_EMBEDDING, result, id, w, NO_VALUE);
}

Test(verify_sequences, takes_an_embedding_that_fits)
{
    embedding(right, false);
    expect(NULL);
    embedding(right, true);
    expect(NULL);
}

Test(verify_sequences, refuses_an_embedding_of_other_places_widths_or_formats)
{
    Sizes longer = right, wider = right, narrow = right, low = right;

    longer.time = 6;
    embedding(longer, false);
    expect("embedding cannot join ids (4, 5) with out (4, 6, 3)");
    embedding(longer, true);
    expect("embedding_dw cannot join ids (4, 5) with dout (4, 6, 3)");
    wider.cols = 4;
    embedding(wider, false);
    expect("embedding cannot join w (7, 4) with out (4, 5, 3)");
    embedding(wider, true);
    expect("embedding_dw cannot join dout (4, 5, 3) with dw (7, 4)");
    narrow.out = FORMAT_FP32;
    embedding(narrow, false);
    expect("embedding cannot join w (7, 3) with out");
    low.ids = FORMAT_FP16; /* which has not all whole numbers */
    embedding(low, false);
    expect("embedding cannot join ids");
}

static void position(int rank, int64_t time, int64_t width, bool back)
{
    const int64_t sequence[] = {4, 5, 3}, table[] = {time, width};
    ValueId x, w;

    program = (Program){.batch = 4};
    b = (Builder){.program = &program, .phase = PHASE_FORWARD};
    x = master(FORMAT_FP32, rank, sequence, "x");
    if (back) {
        w = builder_value(&b, ROLE_WEIGHT_GRAD, FORMAT_FP32, 2, table, "dw");
        builder_emit(&b, OP_POSITION_DW, w, x, NO_VALUE, NO_VALUE);
        return;
    }
    w = master(FORMAT_FP32, 2, table, "w");
    builder_emit(&b, OP_POSITION, builder_like(&b, x, ROLE_ACTIVATION, FORMAT_FP32, "out"), x, w,
                 NO_VALUE);
}

Test(verify_sequences, takes_a_row_for_each_place_and_no_other)
{
    for (int back = 0; back < 2; back++) {
        position(3, 5, 3, back);
        expect(NULL);
        position(3, 4, 3, back);
        expect("cannot join x (4, 5, 3) with");
        position(3, 5, 4, back);
        expect("cannot join x (4, 5, 3) with");
        position(2, 5, 3, back);
        expect("cannot join x (4, 5) with");
    }
}

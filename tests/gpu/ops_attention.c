/* Attention's products, its softmax and their gradients against double, give or take what sums in fp32 err.
 *
 * What is masked in an operand is nan, for it must never be looked at. Bits and counts are the CPU's where sums
 * are exact in any order, and where both backends take exact products in one order: in tf32, and in 16-bit
 * formats of sizes that tensor cores do not take.
 */
#include "ops.h"

#include "base/memory.h"
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPSILON 0x1p-24

enum { MOST_IN = 3 };

typedef enum Form { NONE, ROW, TRIPLE, SQUARE } Form;

typedef struct Kind {
    OpKind op;
    Form in[MOST_IN], out;
    bool wide_in[MOST_IN], wide_out; /* in fp32 */
} Kind;

static const Kind kinds[] = {
    {OP_ATTENTION_QUERY, {TRIPLE}, ROW, {false}, false},
    {OP_ATTENTION_SCORES, {ROW, TRIPLE}, SQUARE, {false}, false},
    {OP_CAUSAL_SOFTMAX, {SQUARE}, SQUARE, {false}, true},
    {OP_ATTENTION_VALUES, {SQUARE, TRIPLE}, ROW, {false}, false},
    {OP_ATTENTION_DPROBS, {ROW, TRIPLE}, SQUARE, {false}, false},
    {OP_ATTENTION_DV, {SQUARE, ROW}, ROW, {false}, false},
    {OP_CAUSAL_SOFTMAX_BACKWARD, {SQUARE, SQUARE}, SQUARE, {true, true}, false},
    {OP_ATTENTION_DQ, {SQUARE, TRIPLE}, ROW, {false}, false},
    {OP_ATTENTION_DK, {SQUARE, ROW}, ROW, {false}, false},
    {OP_ATTENTION_JOIN, {ROW, ROW, ROW}, TRIPLE, {false}, false},
};

typedef enum Filling { NORMAL, WHOLE, SPECIAL, FILLINGS } Filling;

static const char *const filling_names[] = {"normal", "whole", "special"};

typedef struct Case {
    const Kind *kind;
    Heads h;
    float *in[MOST_IN];
    double *exact, *error;
} Case;

static int dims_of(Form form, const Heads *h, int64_t dims[VALUE_RANK])
{
    int64_t width = h->heads * h->width;

    if (form == SQUARE)
        memcpy(dims, (int64_t[]){h->examples, h->heads, h->time, h->time}, 4 * sizeof *dims);
    else
        memcpy(dims, (int64_t[]){h->examples, h->time, form == TRIPLE ? 3 * width : width},
               3 * sizeof *dims);
    return form == SQUARE ? 4 : 3;
}

static int64_t count_of(Form form, const Heads *h)
{
    return form == SQUARE ? h->examples * h->heads * h->time * h->time
                          : (form == TRIPLE ? 3 : 1) * h->examples * h->time * h->heads * h->width;
}

/* Places of a head's numbers. */
static int64_t square_at(const Heads *h, int64_t task, int64_t i, int64_t j)
{
    return (task * h->time + i) * h->time + j;
}

static int64_t row_at(const Heads *h, int64_t task, int64_t i, int64_t c, int64_t part,
                      int64_t parts)
{
    int64_t row = task / h->heads * h->time + i;

    return ((row * parts + part) * h->heads + task % h->heads) * h->width + c;
}

static void add(const Case *c, int64_t to, float a, float b)
{
    c->exact[to] += (double)a * (double)b;
    c->error[to] += fabs((double)a * (double)b);
}

static void expect_term(const Case *c, int64_t task, int64_t i, int64_t j, int64_t at)
{
    const Heads *h = &c->h;
    int64_t square = square_at(h, task, i, j), from = row_at(h, task, i, at, 0, 1);
    int64_t back = row_at(h, task, j, at, 0, 1), key = row_at(h, task, j, at, 1, 3);
    int64_t value = row_at(h, task, j, at, 2, 3);

    switch (c->kind->op) {
    case OP_ATTENTION_SCORES:
        add(c, square, c->in[0][from], c->in[1][key]);
        break;
    case OP_ATTENTION_DPROBS:
        add(c, square, c->in[0][from], c->in[1][value]);
        break;
    case OP_ATTENTION_VALUES:
        add(c, from, c->in[0][square], c->in[1][value]);
        break;
    case OP_ATTENTION_DQ:
        add(c, from, c->in[0][square], c->in[1][key]);
        break;
    default: /* dk, dv */
        add(c, back, c->in[0][square], c->in[1][from]);
        break;
    }
}

static void expect_product(const Case *c)
{
    const Heads *h = &c->h;
    int64_t terms = c->kind->out == SQUARE ? h->width : h->time;

    for (int64_t task = 0; task < h->examples * h->heads; task++)
        for (int64_t i = 0; i < h->time; i++)
            for (int64_t j = 0; j <= i; j++)
                for (int64_t at = 0; at < h->width; at++)
                    expect_term(c, task, i, j, at);
    for (int64_t i = 0; i < count_of(c->kind->out, h); i++)
        c->error[i] *= 2 * EPSILON * ((double)terms + 2);
}

static void expect_softmax_row(const Case *c, int64_t first, int64_t count)
{
    const float *x = c->in[0] + first;
    double most = (double)x[0], sum = 0.0;

    for (int64_t j = 0; j < count; j++)
        most = (double)x[j] > most || isnan(x[j]) ? (double)x[j] : most;
    for (int64_t j = 0; j < count; j++)
        sum += exp((double)x[j] - most);
    for (int64_t j = 0; j < count; j++) {
        double below = most - (double)x[j];

        c->exact[first + j] = exp(-below) / sum;
        c->error[first + j] =
            c->exact[first + j] * 2 * EPSILON * ((double)count + 16 + 2 * fabs(below)) + 0x1p-149;
    }
}

static void expect_backward_row(const Case *c, int64_t first, int64_t count)
{
    const float *dout = c->in[0] + first, *out = c->in[1] + first;
    double sum = 0.0, size = 0.0;

    for (int64_t j = 0; j < count; j++) {
        sum += (double)dout[j] * (double)out[j];
        size += fabs((double)dout[j] * (double)out[j]);
    }
    for (int64_t j = 0; j < count; j++) {
        c->exact[first + j] = (double)out[j] * ((double)dout[j] - sum);
        c->error[first + j] = 2 * EPSILON * fabs((double)out[j]) *
                              (2 * fabs((double)dout[j]) + ((double)count + 4) * size);
    }
}

/* Rows of squares, and what needs one rounding alone. */
static void expect(const Case *c)
{
    const Heads *h = &c->h;
    bool forward = c->kind->op == OP_CAUSAL_SOFTMAX;

    if (op_is_head_product(c->kind->op))
        expect_product(c);
    if (!forward && c->kind->op != OP_CAUSAL_SOFTMAX_BACKWARD)
        return;
    for (int64_t row = 0; row < h->examples * h->heads * h->time; row++)
        (forward ? expect_softmax_row : expect_backward_row)(c, row * h->time, row % h->time + 1);
}

static bool has_bits(const Case *c, Format format, Filling filling)
{
    OpKind op = c->kind->op;
    bool odd = c->h.time % 4 != 0 || c->h.width % 4 != 0;

    if (op == OP_ATTENTION_QUERY || op == OP_ATTENTION_JOIN) /* one rounding */
        return true;
    return op_is_head_product(op) &&
           (filling == WHOLE || format == FORMAT_TF32 || (odd && format != FORMAT_FP32));
}

static void check_numbers(const Case *c, Format format, const float *got, const char *what)
{
    if (c->kind->op == OP_ATTENTION_QUERY || c->kind->op == OP_ATTENTION_JOIN)
        return;
    for (int64_t i = 0; i < count_of(c->kind->out, &c->h); i++) {
        Interval may = around(c->exact[i], isfinite(c->error[i]) ? c->error[i] + 0x1p-149 : 0.0);

        if (within(format, may, got[i]))
            continue;
        check(false, "%s: at %lld stands %a, not within %a ... %a", what, (long long)i,
              (double)got[i], may.low, may.high);
        return;
    }
    check(true, "%s", what);
}

static void compare(Pair *pair, const Case *c, bool bits, const char *what)
{
    int last = pair->program.instr_count - 1;
    ValueId id = pair->program.instrs[last].out;
    const Value *out = &pair->program.values[id];
    float *cpu = side_read(&pair->cpu, &pair->program, id);
    float *gpu = side_read(&pair->gpu, &pair->program, id);
    CastCounts counts[2];

    must(pair->cpu.class->counts_read(pair->cpu.plan, last, &counts[0]), what);
    must(pair->gpu.class->counts_read(pair->gpu.plan, last, &counts[1]), what);
    check_numbers(c, out->format, cpu, "the CPU itself");
    check_numbers(c, out->format, gpu, what);
    check_partition(out->format, gpu, value_count(out), &counts[1], what);
    if (bits) {
        int64_t place = first_difference(cpu, gpu, value_count(out));

        check(place < 0, "%s: at %lld the CPU has %a, the device %a", what, (long long)place,
              (double)cpu[place < 0 ? 0 : place], (double)gpu[place < 0 ? 0 : place]);
        check_counts(&counts[0], &counts[1], what);
    }
    free(cpu);
    free(gpu);
}

static Format format_of(bool wide, Format format)
{
    return wide ? FORMAT_FP32 : format;
}

static void emit(Pair *pair, const Case *c, Format format, Given given[MOST_IN])
{
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
    const Kind *kind = c->kind;
    Format result = format_of(kind->wide_out || format == FORMAT_TF32, format);
    ValueId in[MOST_IN] = {NO_VALUE, NO_VALUE, NO_VALUE}, out;
    int64_t dims[VALUE_RANK];
    Instr *instr;
    char name[8];

    for (int i = 0; i < op_table[kind->op].inputs; i++) {
        int rank = dims_of(kind->in[i], &c->h, dims);

        snprintf(name, sizeof name, "in%d", i);
        given[i] = op_given_of(&b, format_of(kind->wide_in[i], format), rank, dims, name);
        in[i] = given[i].value;
    }
    out = builder_value(&b, ROLE_ACTIVATION, result, dims_of(kind->out, &c->h, dims), dims, "out");
    instr = builder_emit_counted(&b, kind->op, out, in[0], in[1], in[2]);
    if (kind->op != OP_CAUSAL_SOFTMAX && kind->op != OP_CAUSAL_SOFTMAX_BACKWARD)
        instr->constants[ATTENTION_HEADS] = (double)c->h.heads;
}

static void fill(const Case *c, int i, Format format, Filling filling)
{
    int64_t count = count_of(c->kind->in[i], &c->h), side = c->h.time * c->h.time;
    float *values = c->in[i];

    if (filling == WHOLE)
        fill_whole(101 + (uint64_t)i, count, values);
    else
        fill_normal(format_of(c->kind->wide_in[i], format), 101 + (uint64_t)i, 1.0, count, values);
    if (filling == SPECIAL) {
        values[count / 2] = INFINITY;
        values[count - 1] = i == 0 ? NAN : -INFINITY;
    }
    for (int64_t at = 0; at < count && c->kind->in[i] == SQUARE; at++)
        if (at % side % c->h.time > at % side / c->h.time)
            values[at] = NAN;
}

static void try_filling(Pair *pair, const Case *c, Format format, Filling filling)
{
    int count = op_table[c->kind->op].inputs;
    char what[LABEL_TEXT];
    Given given[MOST_IN];

    snprintf(what, sizeof what, "%s %s %lldx%lld, %lld heads of %lld, %s",
             op_table[c->kind->op].name, format_name(format), (long long)c->h.examples,
             (long long)c->h.time, (long long)c->h.heads, (long long)c->h.width,
             filling_names[filling]);
    for (int i = 0; i < count; i++)
        fill(c, i, format, filling);
    expect(c);
    pair_begin(pair, &op_no_data, c->h.examples);
    emit(pair, c, format, given);
    if (pair_compile(pair, what)) {
        for (int i = 0; i < count; i++)
            pair_write(pair, given[i].master, c->in[i]);
        if (pair_run(pair, what))
            compare(pair, c, has_bits(c, format, filling), what);
    }
    pair_end(pair);
}

static void try_kind(Pair *pair, const Kind *kind, Format format, Heads h, Filling filling)
{
    Case c = {.kind = kind, .h = h};
    int64_t count = count_of(kind->out, &h);

    for (int i = 0; i < op_table[kind->op].inputs; i++)
        c.in[i] = xcalloc((size_t)count_of(kind->in[i], &h), sizeof(float));
    c.exact = xcalloc((size_t)count, sizeof *c.exact);
    c.error = xcalloc((size_t)count, sizeof *c.error);
    try_filling(pair, &c, format, filling);
    for (int i = 0; i < MOST_IN; i++)
        free(c.in[i]);
    free(c.exact);
    free(c.error);
}

static void try_heads(Pair *pair, Heads h)
{
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (Format f = FORMAT_FP32; f <= FORMAT_BF16; f++)
            for (Filling filling = NORMAL; filling < FILLINGS; filling++)
                if (f != FORMAT_TF32 || op_is_head_product(kinds[k].op))
                    try_kind(pair, &kinds[k], f, h, filling);
}

void ops_attention(Pair *pair)
{
    static const Heads shapes[] = {{1, 1, 1, 1},   {2, 5, 3, 2},    {3, 33, 2, 7},
                                   {2, 64, 1, 32}, {4, 128, 4, 32}, {1, 65, 2, 100},
                                   {2, 77, 1, 33}, {1, 130, 3, 4},  {1, 300, 1, 128}};

    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        try_heads(pair, shapes[i]);
    if (!pair_stands_in())
        try_heads(pair, (Heads){1, 1056, 2, 16});
}

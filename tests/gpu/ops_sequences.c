/* embedding, position, their gradients, and windows of a text: sums are in one order, so bits are the CPU's. */
#include "ops.h"

#include "base/memory.h"
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct Sizes {
    int64_t examples, time, width, characters;
} Sizes;

/* More places than a block has threads, more columns, a character that never comes, one that always does. */
static const Sizes sizes[] = {
    {1, 1, 1, 2}, {3, 4, 5, 6}, {2, 300, 17, 9}, {9, 64, 300, 75}, {5, 7, 1030, 3}, {4, 128, 16, 1},
};

typedef struct Learnt {
    Given ids, table, dout, x, places;
    ValueId out, dtable, sum, dplaces;
    int first; /* of the four instructions */
} Learnt;

static void emit(Pair *pair, const Sizes *s, Format format, Learnt *l)
{
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = PROBE_ON};
    const int64_t ids[] = {s->examples, s->time}, sequence[] = {s->examples, s->time, s->width};
    const int64_t table[] = {s->characters, s->width}, places[] = {s->time, s->width};

    l->ids = op_given_of(&b, FORMAT_FP32, 2, ids, "ids");
    l->table = op_given_of(&b, format, 2, table, "table");
    l->dout = op_given_of(&b, format, 3, sequence, "dout");
    l->x = op_given_of(&b, format, 3, sequence, "x");
    l->places = op_given_of(&b, format, 2, places, "places");
    l->out = builder_like(&b, l->x.value, ROLE_ACTIVATION, format, "out");
    l->dtable = builder_like(&b, l->table.value, ROLE_WEIGHT_GRAD, format, "dtable");
    l->sum = builder_like(&b, l->x.value, ROLE_ACTIVATION, format, "sum");
    l->dplaces = builder_like(&b, l->places.value, ROLE_WEIGHT_GRAD, format, "dplaces");
    l->first = pair->program.instr_count;
    builder_emit_counted(&b, OP_EMBEDDING, l->out, l->ids.value, l->table.value, NO_VALUE);
    builder_emit_counted(&b, OP_EMBEDDING_DW, l->dtable, l->dout.value, l->ids.value, NO_VALUE);
    builder_emit_counted(&b, OP_POSITION, l->sum, l->x.value, l->places.value, NO_VALUE);
    builder_emit_counted(&b, OP_POSITION_DW, l->dplaces, l->dout.value, NO_VALUE, NO_VALUE);
}

static void put(Pair *pair, const Given *given, Format format, uint64_t seed, bool special)
{
    int64_t count = value_count(&pair->program.values[given->master]);
    float *values = xaligned((size_t)count, sizeof *values);

    fill_normal(format, seed, 1.0, count, values);
    if (special && count >= 64)
        fill_special(format, seed, 64, values);
    pair_write(pair, given->master, values);
    free(values);
}

/* The last character never comes where there are others. */
static void put_ids(Pair *pair, const Given *given, int64_t characters)
{
    int64_t count = value_count(&pair->program.values[given->master]);
    int64_t kinds = characters > 1 ? characters - 1 : 1;
    float *ids = xaligned((size_t)count, sizeof *ids);

    for (int64_t i = 0; i < count; i++)
        ids[i] = (float)(i * i % 31 % kinds);
    pair_write(pair, given->master, ids);
    free(ids);
}

static void same_counts(Pair *pair, int instr, const char *what)
{
    CastCounts cpu, gpu;

    must(pair->cpu.class->counts_read(pair->cpu.plan, instr, &cpu), what);
    must(pair->gpu.class->counts_read(pair->gpu.plan, instr, &gpu), what);
    check_counts(&cpu, &gpu, what);
}

static void try_learnt(Pair *pair, const Sizes *s, Format format, bool special)
{
    char what[LABEL_TEXT];
    Learnt l;

    snprintf(what, sizeof what, "embedding and position %s %lldx%lldx%lld of %lld%s",
             format_name(format), (long long)s->examples, (long long)s->time, (long long)s->width,
             (long long)s->characters, special ? " special" : "");
    pair_begin(pair, &op_no_data, s->examples);
    emit(pair, s, format, &l);
    if (pair_compile(pair, what)) {
        const ValueId results[] = {l.out, l.dtable, l.sum, l.dplaces};

        put_ids(pair, &l.ids, s->characters);
        put(pair, &l.table, format, 101, special);
        put(pair, &l.dout, format, 102, special);
        put(pair, &l.x, format, 103, special);
        put(pair, &l.places, format, 104, special);
        for (int i = 0; i < 4 && pair_run(pair, what); i++) {
            pair_same(pair, results[i], what, 1);
            same_counts(pair, l.first + i, what);
        }
    }
    pair_end(pair);
}

static ValueId fetched(Builder *builder, int64_t rows, int64_t cols, bool held_out, bool target)
{
    const int64_t dims[] = {rows, cols};
    ValueId out = builder_value(builder, ROLE_INPUT, FORMAT_FP32, 2, dims, target ? "target" : "x");
    Instr *instr = builder_emit(builder, OP_GATHER, out, NO_VALUE, NO_VALUE, NO_VALUE);

    instr->constants[GATHER_HELD_OUT] = held_out;
    instr->constants[GATHER_TARGET] = target;
    return out;
}

/* Windows of two epochs; held-out ones beyond the last. And how many of them are told rightly. */
static void try_text(Pair *pair, int64_t context, int64_t batch, bool held_out)
{
    enum { TRAIN = 40, TEST = 7, KINDS = 5 };
    int64_t from = (TRAIN + 1) * context, count = from + TEST * context + 1;
    float *text = xaligned((size_t)count, sizeof *text);
    const int64_t dims[] = {batch, context, KINDS};
    DataView view = {.inputs = text, .train_count = TRAIN, .test_count = TEST, .features = context};
    Builder b = {.program = &pair->program, .phase = PHASE_FORWARD};
    Scalars scalars = {.scale = 1.0f, .loss_weight = 1.0f, .position = 3 * TRAIN - 1}, cpu, gpu;
    Side *sides[] = {&pair->cpu, &pair->gpu};
    int32_t order[TRAIN];
    ValueId x, target;
    Given logits;

    fill_whole(105, count, text);
    for (int64_t i = 0; i < count; i++)
        text[i] = text[i] < 0.0f ? -text[i] : text[i];
    view.text_count = count;
    view.held_out_from = from;
    pair_begin(pair, &view, batch);
    for (int32_t i = 0; i < TRAIN; i++)
        order[i] = (int32_t)((TRAIN - 1 - i) * context + context / 2);
    for (int s = 0; s < 2; s++)
        must(sides[s]->class->data_order(sides[s]->data, 3, order), "data_order");
    x = fetched(&b, batch, context, held_out, false);
    target = fetched(&b, batch, context, held_out, true);
    logits = op_given_of(&b, FORMAT_FP32, 3, dims, "logits");
    builder_emit(&b, OP_CORRECT, NO_VALUE, logits.value, target, NO_VALUE);
    scalars.test_position = 2;
    pair_scalars(pair, &scalars);
    if (pair_compile(pair, "a text")) {
        put(pair, &logits, FORMAT_FP32, 106, false);
        if (pair_run(pair, "a text")) {
            pair_same(pair, x, held_out ? "held-out windows" : "windows", 1);
            pair_same(pair, target, held_out ? "held-out targets" : "targets", 1);
            pair->cpu.class->scalars_get(pair->cpu.store, &cpu);
            pair->gpu.class->scalars_get(pair->gpu.store, &gpu);
            check(cpu.correct == gpu.correct && cpu.correct > 0,
                  "%lld characters are told rightly, the CPU counts %lld", (long long)gpu.correct,
                  (long long)cpu.correct);
        }
    }
    pair_end(pair);
    free(text);
}

void ops_sequences(Pair *pair)
{
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (int f = 0; f < OP_FORMATS; f++) {
            try_learnt(pair, &sizes[s], op_formats[f], false);
            try_learnt(pair, &sizes[s], op_formats[f], true);
        }
    for (int held_out = 0; held_out < 2; held_out++) {
        try_text(pair, 5, 9, held_out);
        try_text(pair, 130, 3, held_out);
    }
}

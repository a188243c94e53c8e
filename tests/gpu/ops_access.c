/* What is written is read again, whatever the format. */
#include "ops.h"

#include "check.h"

#include <stdlib.h>

static const Shape shape = {37, 131};

static void same_again(const float *wrote, const float *read, int64_t count, const char *what)
{
    int64_t place = first_difference(wrote, read, count);

    check(place < 0, "%s: %a was written at %lld, %a is read", what,
          (double)wrote[place < 0 ? 0 : place], (long long)place,
          (double)read[place < 0 ? 0 : place]);
}

/* Written between two instructions, it is what the second one reads. */
static void try_format(Pair *pair, Format format)
{
    int64_t count = shape.rows * shape.cols;
    Builder builder = {.program = &pair->program, .phase = PHASE_FORWARD, .probes = true};
    float *values = malloc((size_t)count * sizeof *values), *read;
    Side *gpu = &pair->gpu;
    Given a;
    ValueId out;

    pair_begin(pair, &op_no_data, shape.rows);
    a = op_given(&builder, shape, format, "a");
    out = builder_like(&builder, a.value, ROLE_ACTIVATION, FORMAT_FP32, "out");
    builder_emit_counted(&builder, OP_CAST, out, a.value, NO_VALUE, NO_VALUE);
    if (pair_compile(pair, "a value is written") && pair_run(pair, "a value is written")) {
        fill_special(format, 3, count, values);
        must(gpu->class->value_write(gpu->plan, a.value, values), "value_write");
        read = side_read(gpu, &pair->program, a.value);
        same_again(values, read, count, format_name(format));
        free(read);
        must(gpu->class->plan_run(gpu->plan, pair->program.instr_count - 1,
                                  pair->program.instr_count),
             "plan_run");
        read = side_read(gpu, &pair->program, out);
        same_again(values, read, count, "the next instruction");
        free(read);
    }
    pair_end(pair);
    free(values);
}

static void try_store(Pair *pair)
{
    enum { COUNT = 1000 };
    Side *gpu = &pair->gpu;
    float values[COUNT], read[COUNT];
    Scalars wrote = {.scale = 1024.0f,
                     .tracker = 7,
                     .dynamic = true,
                     .check = true,
                     .growth = 2.5,
                     .backoff = 0.3,
                     .interval = 1LL << 40,
                     .lr = 1e-3,
                     .loss_weight = 1e-4f,
                     .step = 1LL << 33,
                     .taken = 12,
                     .position = 1LL << 34,
                     .test_position = 5,
                     .correct = 3};
    Scalars got;

    pair_begin(pair, &op_no_data, 1);
    fill_special(FORMAT_FP32, 4, COUNT, values);
    must(gpu->class->store_write(gpu->store, "one.weight", values, COUNT), "store_write");
    must(gpu->class->store_read(gpu->store, "one.weight", read, COUNT), "store_read");
    same_again(values, read, COUNT, "store");
    check(gpu->class->store_read(gpu->store, "one.weight", read, COUNT - 1).code == STATUS_SHAPE,
          "a read of another size is refused");
    check(gpu->class->store_read(gpu->store, "two.weight", read, COUNT).code == STATUS_SHAPE,
          "a read of what is not there is refused");
    must(gpu->class->store_write(gpu->store, "one.weight", values + 1, COUNT - 1), "store_write");
    must(gpu->class->store_read(gpu->store, "one.weight", read, COUNT - 1), "store_read");
    same_again(values + 1, read, COUNT - 1, "store, another size");
    gpu->class->store_drop(gpu->store, "one.weight");
    gpu->class->store_drop(gpu->store, "one.weight");
    check(failed(gpu->class->store_read(gpu->store, "one.weight", read, COUNT - 1)),
          "what was dropped is gone");
    gpu->class->scalars_set(gpu->store, &wrote);
    gpu->class->scalars_get(gpu->store, &got);
    check(got.scale == wrote.scale && got.tracker == 7 && got.dynamic && got.check &&
              got.growth == 2.5 && got.backoff == 0.3 && got.interval == wrote.interval &&
              got.lr == 1e-3 && got.loss_weight == 1e-4f && got.step == wrote.step &&
              got.taken == 12 && got.position == wrote.position && got.test_position == 5 &&
              got.correct == 3,
          "scalars come back as they were set");
    pair_end(pair);
}

void ops_access(Pair *pair)
{
    for (int f = 0; f < OP_FORMATS; f++)
        try_format(pair, op_formats[f]);
    try_store(pair);
}

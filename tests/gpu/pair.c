#include "pair.h"

#include "base/memory.h"
#include "check.h"
#include "cpu/cpu.h"
#include "program/registry.h"
#include "values.h"
#include "wrong.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Registry *registry;
static bool stands_in;
static Backend *plain_backend;

bool pair_stands_in(void)
{
    return stands_in;
}

static Status open_stand_in(Side *side, const char *who)
{
    BackendOptions options = {.threads = 2};
    Status status;

    side->class = &cpu_backend;
    if (strncmp(who, "wrong:", 6) == 0 && (side->class = wrong_backend(who + 6)) == NULL)
        return fail(STATUS_USAGE, "there is no fault '%s'", who + 6);
    if (side->class != &cpu_backend)
        check_stops(); /* that it fails is all that is asked */
    stands_in = true;
    setenv("HALFSTEP_MATMUL", "reference", 1);
    status = side->class->open(&options, &side->backend);
    unsetenv("HALFSTEP_MATMUL");
    return status;
}

static Status open_device(Side *side, const char *who)
{
    BackendOptions options = {0};
    BackendName name;
    Text words = {0};
    Status status;

    if (strcmp(who, "cpu") == 0 || strncmp(who, "wrong:", 6) == 0)
        return open_stand_in(side, who);
    TRY(registry_name(who, &name));
    status = registry_open(registry, name, &options, &side->class, &side->backend, &words);
    if (!failed(status))
        note("%s", text_chars(&words));
    text_release(&words);
    return status;
}

void pair_open(Pair *pair, int argc, char **argv)
{
    BackendOptions options = {0};
    Status status;

    *pair = (Pair){0};
    registry = registry_new(&cpu_backend);
    status = open_device(&pair->gpu, argc > 1 ? argv[1] : "cuda");
    if (status.code == STATUS_UNSUPPORTED) {
        printf("there is no GPU to test here: %s\n", status.text);
        registry_free(registry);
        exit(check_end());
    }
    must(status, "open");
    pair->cpu.class = &cpu_backend;
    must(cpu_backend.open(&options, &pair->cpu.backend), "open the CPU");
}

Side pair_plain(const Pair *pair)
{
    BackendOptions options = {0};
    Side plain = {.class = pair->gpu.class};

    if (plain_backend == NULL) {
        setenv("HALFSTEP_FUSE", "0", 1);
        if (stands_in)
            setenv("HALFSTEP_MATMUL", "reference", 1);
        must(plain.class->open(&options, &plain_backend), "open, plain");
        unsetenv("HALFSTEP_FUSE");
        unsetenv("HALFSTEP_MATMUL");
    }
    plain.backend = plain_backend;
    return plain;
}

void pair_close(Pair *pair)
{
    if (plain_backend != NULL)
        pair->gpu.class->close(plain_backend);
    pair->gpu.class->close(pair->gpu.backend);
    pair->cpu.class->close(pair->cpu.backend);
    registry_free(registry);
}

Status side_data(Side *side, const DataView *view)
{
    int32_t *order = xcalloc((size_t)view->train_count + 1, sizeof *order);
    Status status = side->class->data_new(side->backend, view, &side->data);

    for (int32_t i = 0; i < view->train_count; i++)
        order[i] = i;
    for (int64_t epoch = 0; epoch < 2 && !failed(status) && view->train_count > 0; epoch++)
        status = side->class->data_order(side->data, epoch, order);
    free(order);
    return status;
}

void side_release(Side *side)
{
    side->class->plan_free(side->plan);
    side->class->store_free(side->store);
    side->class->data_free(side->data);
    side->plan = NULL;
    side->store = NULL;
    side->data = NULL;
}

static void begin_side(Side *side, const DataView *view)
{
    must(side_data(side, view), "data_new");
    must(side->class->store_new(side->backend, &side->store), "store_new");
}

void pair_begin(Pair *pair, const DataView *view, int64_t batch)
{
    begin_side(&pair->cpu, view);
    begin_side(&pair->gpu, view);
    pair->program = (Program){.batch = batch};
}

static bool compile_side(Side *side, const Program *program, const char *what)
{
    return check_ok(
        side->class->plan_new(side->backend, program, side->store, side->data, &side->plan), what);
}

bool pair_compile(Pair *pair, const char *what)
{
    must(program_verify(&pair->program), what);
    return compile_side(&pair->cpu, &pair->program, what) &&
           compile_side(&pair->gpu, &pair->program, what);
}

void pair_end(Pair *pair)
{
    side_release(&pair->cpu);
    side_release(&pair->gpu);
    program_release(&pair->program);
}

void pair_write(Pair *pair, ValueId id, const float *values)
{
    must(pair->cpu.class->value_write(pair->cpu.plan, id, values), "value_write");
    must(pair->gpu.class->value_write(pair->gpu.plan, id, values), "value_write");
}

void pair_scalars(Pair *pair, const Scalars *scalars)
{
    pair->cpu.class->scalars_set(pair->cpu.store, scalars);
    pair->gpu.class->scalars_set(pair->gpu.store, scalars);
}

bool pair_run(Pair *pair, const char *what)
{
    int last = pair->program.instr_count;

    return check_ok(pair->cpu.class->plan_run(pair->cpu.plan, 0, last), what) &&
           check_ok(pair->gpu.class->plan_run(pair->gpu.plan, 0, last), what);
}

float *side_read(const Side *side, const Program *program, ValueId id)
{
    const Value *value = &program->values[id];
    float *values = xaligned((size_t)value_count(value), sizeof *values);

    must(side->class->value_read(side->plan, id, values), value->name);
    return values;
}

void side_collect(Side *side, StepOutcome *outcome)
{
    int count = 0;

    must(side->class->plan_collect(side->plan, outcome, 1, true, &count), "plan_collect");
    check(count == 1, "a step has an outcome");
}

void pair_same(Pair *pair, ValueId id, const char *what, int64_t step)
{
    const Value *value = &pair->program.values[id];
    float *cpu = side_read(&pair->cpu, &pair->program, id);
    float *gpu = side_read(&pair->gpu, &pair->program, id);
    int64_t place = first_difference(cpu, gpu, value_count(value));

    check(place < 0, "%s: %s after step %lld: at %lld the CPU has %a, the device %a", what,
          value->name, (long long)step, (long long)place, (double)cpu[place < 0 ? 0 : place],
          (double)gpu[place < 0 ? 0 : place]);
    free(cpu);
    free(gpu);
}

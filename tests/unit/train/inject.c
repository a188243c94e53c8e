/* A value that is put into a step is there for whoever reads it, and nowhere else. */
#include "train/inject.h"

#include "base/memory.h"
#include "cpu/cpu.h"
#include "train/experiment.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Backend *backend;
static LoadedSets loaded;
static LoadedData *data;
static Experiment *experiment;
static int until_interrupt; /* instructions; -1: never */

static void must(Status status)
{
    cr_assert_not(failed(status), "%s", status.text);
}

static bool interrupted(void *unused)
{
    (void)unused;
    return until_interrupt >= 0 && until_interrupt-- == 0;
}

static void begin(void)
{
    BackendOptions options = {.threads = 1, .interrupted = interrupted};
    Settings settings = settings_default();

    until_interrupt = -1;
    setenv("HALFSTEP_MATMUL", "reference", 1);
    must(data_spec_parse("spirals", &settings.data));
    must(net_parse("2 6 2", "relu", &settings.net));
    settings.batch = 4;
    must(cpu_backend.open(&options, &backend));
    loaded = (LoadedSets){.class = &cpu_backend, .backend = backend};
    must(loaded_get(&loaded, &settings.data, &data));
    must(experiment_new(&cpu_backend, backend, data, &settings, &experiment));
}

static void end(void)
{
    experiment_free(experiment);
    loaded_keep(&loaded, NULL, 0);
    cpu_backend.close(backend);
}

TestSuite(inject, .init = begin, .fini = end);

static void inject(InjectKind kind, const char *tensor, int64_t index)
{
    Injection one = {.kind = kind, .index = index};

    text_copy(one.tensor, sizeof one.tensor, tensor);
    must(inject_check(experiment, &one));
    experiment->injections.all[experiment->injections.count++] = one;
}

static Status check(const char *tensor, int64_t index)
{
    Injection one = {.kind = INJECT_INF, .index = index};

    text_copy(one.tensor, sizeof one.tensor, tensor);
    return inject_check(experiment, &one);
}

static void step(void)
{
    must(experiment_start_step(experiment));
    must(experiment_collect(experiment, true));
    experiment_refresh(experiment);
}

static const TensorFacts *facts_of(const char *tensor)
{
    return snapshot_tensor(&experiment->facts, tensor);
}

static float value_at(const char *name, int64_t index)
{
    ValueId id = program_find(&experiment->program, name);
    float values[64];

    must(cpu_backend.value_read(experiment->plan, id, values));
    return values[index];
}

Test(inject, overwrites_the_element_with_a_number_of_the_formats_edge)
{
    const float wanted[] = {INFINITY, NAN, 0x1p-24f, 65504.0f};

    for (int kind = 0; kind < INJECT_KINDS; kind++) {
        float before;

        step();
        before = value_at("fc1.out", 5);
        inject((InjectKind)kind, "fc1.out", 7);
        step();
        if (kind == INJECT_NAN)
            cr_expect(isnan(value_at("fc1.out", 7)));
        else
            cr_expect_eq(value_at("fc1.out", 7), wanted[kind]);
        cr_expect(isfinite(value_at("fc1.out", 5)) && isfinite(before));
    }
}

Test(inject, is_seen_by_who_reads_it_and_counted_in_the_casts_that_follow)
{
    inject(INJECT_INF, "fc1.out", 0);
    step();
    cr_expect_eq(facts_of("fc1.out")->counts.classes[CAST_INF], 0); /* counted when it was made */
    cr_expect_eq(facts_of("relu1.out")->counts.classes[CAST_INF], 1);
    cr_expect(experiment->last.skipped);
    step();
    cr_expect_eq(facts_of("relu1.out")->counts.classes[CAST_INF], 0);
    cr_expect_not(experiment->last.skipped);
}

Test(inject, a_gradient_is_found_by_the_check_of_the_gradients)
{
    inject(INJECT_NAN, "fc1.weight.grad", 3);
    step();
    cr_expect(experiment->last.skipped);
    cr_expect_eq(experiment->last.first_found,
                 program_find(&experiment->program, "fc1.weight.grad"));
    cr_expect_eq(experiment->last.scale_next, experiment->last.scale_used / 2.0f);
}

Test(inject, a_weight_is_cast_and_counted_and_keeps_the_value)
{
    inject(INJECT_INF, "fc1.weight", 4);
    step();
    cr_expect_eq(facts_of("fc1.weight")->counts.classes[CAST_INF], 1);
    cr_expect(experiment->last.skipped);
    cr_expect(isinf(value_at("fc1.weight", 4)));
    step();
    cr_expect(experiment->last.skipped);
    cr_expect(isinf(value_at("fc1.weight", 4)));
    inject(INJECT_TINY, "fc1.weight", 4); /* the smallest of fp32, since masters are stored so */
    step();
    cr_expect_eq(facts_of("fc1.weight")->counts.classes[CAST_UNDERFLOW], 1);
    cr_expect_not(experiment->last.skipped);
}

Test(inject, a_huge_weight_overflows_in_its_cast)
{
    inject(INJECT_HUGE, "fc2.weight", 0);
    step();
    cr_expect_eq(facts_of("fc2.weight")->counts.classes[CAST_OVERFLOW], 1);
}

Test(inject, several_go_into_one_step)
{
    inject(INJECT_HUGE, "fc2.out", 1);
    inject(INJECT_TINY, "fc1.bias", 0);
    inject(INJECT_TINY, "fc1.out", 2);
    step();
    cr_expect_eq(value_at("fc2.out", 1), 65504.0f);
    cr_expect_eq(value_at("fc1.out", 2), 0x1p-24f);
    cr_expect_eq(facts_of("fc1.bias")->counts.classes[CAST_UNDERFLOW], 1);
    cr_expect_eq(experiment->injections.count, 0);
}

Test(inject, the_rest_of_the_step_is_as_it_would_have_been)
{
    float loss, before[12], behind[12];

    step();
    must(cpu_backend.store_read(experiment->store, "fc1.weight", before, 12));
    loss = experiment->last.loss;
    end();
    begin();
    inject(INJECT_TINY, "fc1.out.grad", 23); /* behind a relu that lets nothing through, or not */
    step();
    must(cpu_backend.store_read(experiment->store, "fc1.weight", behind, 12));
    cr_expect_eq(experiment->last.loss, loss);
    for (int i = 0; i < 12; i++)
        cr_expect_float_eq(behind[i], before[i], 3e-3);
}

Test(inject, an_interrupted_step_leaves_no_trace_and_the_value_waits)
{
    float before = value_at("fc1.weight", 2);

    inject(INJECT_INF, "fc1.weight", 2);
    inject(INJECT_NAN, "fc1.out", 2);
    for (int i = 0; i < 20; i++) {
        until_interrupt = i;
        cr_expect_eq(experiment_start_step(experiment).code, STATUS_INTERRUPTED);
        cr_expect_eq(value_at("fc1.weight", 2), before);
        cr_expect_eq(experiment->injections.count, 2);
    }
    until_interrupt = -1;
    step();
    cr_expect(isinf(value_at("fc1.weight", 2)));
}

Test(inject, goes_into_a_step_in_parts_and_out_of_the_weights_where_it_is_dropped)
{
    int end = experiment->program.instr_count;
    int middle = program_phase(&experiment->program, PHASE_BACKWARD);
    float before = value_at("fc1.weight", 2);

    inject(INJECT_INF, "fc1.weight", 2);
    inject(INJECT_NAN, "fc1.weight.grad", 1);
    must(inject_part(experiment, 0, middle));
    cr_expect(isinf(value_at("fc1.weight", 2)));
    cr_expect(isinf(value_at("fc1.weight.fp16", 2)));
    inject_drop(experiment);
    cr_expect_eq(value_at("fc1.weight", 2), before);
    cr_expect_eq(experiment->injections.count, 2);
    must(inject_part(experiment, 0, middle));
    must(inject_part(experiment, middle, end));
    cr_expect(isinf(value_at("fc1.weight", 2)));
    cr_expect(isnan(value_at("fc1.weight.grad", 1)));
    cr_expect_eq(experiment->injections.count, 0);
}

Test(inject, takes_what_is_shown_and_only_as_far_as_it_goes)
{
    cr_expect(failed(check("fc3.out", 0)));
    cr_expect(failed(check("target", 0)));
    cr_expect(failed(check("loss", 0)));
    cr_expect(failed(check("fc1.weight", 12)));
    must(check("fc1.weight", 11));
    must(check("x", 0));
}

Test(inject, what_is_no_tensor_any_more_is_left_out_and_told)
{
    Settings wanted = experiment->settings;

    inject(INJECT_INF, "x", 0);
    wanted.autocast = FORMAT_FP32;
    must(experiment_change(experiment, &wanted));
    step();
    cr_expect_not(experiment->last.skipped);
    cr_expect_eq(experiment->injections.count, 0);
    cr_expect_eq(events_get(&experiment->facts.events, 0)->kind, EVENT_WARNING);
}

#include "train/sweep.h"

#include "base/memory.h"
#include "train/worker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A step of the run's own store under other settings, of which only the gradients are computed. */
typedef struct Bench {
    Experiment *run;
    Settings settings;
    Program program;
    Plan *plan;
    Scalars before; /* the run's own */
} Bench;

static Status open_bench(Session *session, Bench *bench)
{
    Experiment *run = bench->run;
    Status status;

    TRY(session_room_beside(session, &bench->settings, "swept"));
    TRY(experiment_load_orders(run));
    experiment_emit(&bench->settings, NULL, run->data->set, &bench->program);
    status = program_verify(&bench->program);
    if (!failed(status))
        status = run->class->plan_new(run->backend, &bench->program, run->store, run->data->device,
                                      &bench->plan);
    run->class->scalars_get(run->store, &bench->before);
    return status;
}

static void close_bench(const Bench *bench)
{
    Program program = bench->program;

    bench->run->class->plan_free(bench->plan);
    program_release(&program);
}

static Status run_pass(const Bench *bench, float scale)
{
    const BackendClass *class = bench->run->class;
    Scalars scalars = bench->before;
    Status status;

    scalars.scale = scale;
    class->scalars_set(bench->run->store, &scalars);
    status = class->plan_run(bench->plan, 0, program_phase(&bench->program, PHASE_UNSCALE));
    class->scalars_set(bench->run->store, &bench->before);
    return status;
}

/* The sums over micro-batches are none: no cast writes them. */
static bool is_grad(const Program *program, int instr)
{
    ValueId out = program->instrs[instr].out;
    Role role = out == NO_VALUE ? ROLE_SCALAR : program->values[out].role;

    return program->instrs[instr].phase == PHASE_BACKWARD &&
           program->instrs[instr].op != OP_ACCUMULATE &&
           (role == ROLE_ACTIVATION_GRAD || role == ROLE_WEIGHT_GRAD);
}

static int count_grads(const Program *program)
{
    int count = 0;

    for (int i = 0; i < program->instr_count; i++)
        count += is_grad(program, i);
    return count;
}

/* Of a gradient and its cast the cast is what loses. */
static Status read_counts(const Bench *bench, int instr, CastCounts *counts)
{
    const Program *program = &bench->program;
    ValueId id = program->instrs[instr].out;

    for (int i = 0; i < program->instr_count; i++) {
        ValueId out = program->instrs[i].out;

        if (program->instrs[i].counted && out != NO_VALUE && program->values[out].source == id)
            instr = i;
    }
    *counts = (CastCounts){0};
    if (!program->instrs[instr].counted)
        return ok();
    TRY(bench->run->class->counts_read(bench->plan, instr, counts));
    if (format_overflow(program->values[program->instrs[instr].out].format) == OVERFLOW_SATURATE) {
        counts->classes[CAST_NORMAL] += counts->classes[CAST_OVERFLOW]; /* clamped, not infinite */
        counts->classes[CAST_OVERFLOW] = 0;
    }
    return ok();
}

/* Of all gradients in the order of the backward pass. */
static Status read_all(const Bench *bench, CastCounts *counts)
{
    for (int i = 0, at = 0; i < bench->program.instr_count; i++)
        if (is_grad(&bench->program, i))
            TRY(read_counts(bench, i, &counts[at++]));
    return ok();
}

static void name_grads(const Program *program, Sweep *sweep)
{
    for (int i = 0, at = 0; i < program->instr_count; i++)
        if (is_grad(program, i))
            text_copy(sweep->names[at++], TENSOR_NAME,
                      program->values[program->instrs[i].out].name);
}

static Status sweep_passes(const Bench *bench, Sweep *sweep, CastCounts *counts, CastCounts *base)
{
    size_t bytes = (size_t)sweep->tensor_count * sizeof *counts;

    for (int e = sweep->from; e <= sweep->to; e++) {
        TRY(run_pass(bench, ldexpf(1.0F, e)));
        TRY(read_all(bench, counts));
        for (int i = 0; i < sweep->tensor_count; i++)
            sweep_count(sweep_cell(sweep, e, i), &counts[i]);
        if (sweep_most_over(sweep, e) > 0.0)
            continue;
        sweep->base = e;
        memcpy(base, counts, bytes);
    }
    return ok();
}

static Status sweep_all(const Bench *bench, Sweep *sweep)
{
    size_t count = (size_t)sweep->tensor_count;
    CastCounts *counts = xcalloc(count + 1, sizeof *counts),
               *base = xcalloc(count + 1, sizeof *base);
    Status status = sweep_passes(bench, sweep, counts, base);

    for (int e = sweep->from; e <= sweep->to && sweep->base <= sweep->to; e++)
        for (int i = 0; i < sweep->tensor_count; i++)
            sweep_predict(sweep_cell(sweep, e, i), &base[i], sweep->format, e - sweep->base);
    free(counts);
    free(base);
    return status;
}

static Status sweep_scales(Session *session, const SweepSpec *spec, const Bench *bench)
{
    Snapshot *facts = &bench->run->facts;
    Sweep sweep;
    Status status;

    sweep_init(&sweep, spec->from, spec->to, count_grads(&bench->program));
    sweep.format = bench->settings.autocast;
    sweep.step = facts->step;
    name_grads(&bench->program, &sweep);
    status = sweep_all(bench, &sweep);
    if (failed(status)) {
        sweep_release(&sweep);
        return status;
    }
    sweep_finish(&sweep);
    sweep.id = ++session->swept;
    sweep_release(&facts->sweep);
    facts->sweep = sweep;
    worker_publish(session);
    return ok();
}

static double square_sum(const float *values, const float *less, int64_t count)
{
    double sum = 0.0;

    for (int64_t i = 0; i < count; i++) {
        double value = (double)values[i] - (less == NULL ? 0.0 : (double)less[i]);

        sum += value * value;
    }
    return sum;
}

static Measure root_share(double part, double whole)
{
    Measure none = {.none = true}, some = {.value = sqrt(part / whole)};

    return whole > 0.0 ? some : none;
}

/* What a gradient was in fp32. */
static const SweptGrad *find_reference(const Session *session, const char *name, int64_t count)
{
    for (int i = 0; i < session->sweep.reference_count; i++)
        if (strcmp(session->sweep.reference[i].name, name) == 0 &&
            session->sweep.reference[i].count == count)
            return &session->sweep.reference[i];
    return NULL;
}

void sweep_forget(Session *session)
{
    SweepAsked *asked = &session->sweep;

    for (int i = 0; i < asked->reference_count; i++)
        free(asked->reference[i].values);
    free(asked->reference);
    asked->reference = NULL;
    asked->reference_count = 0;
}

/* Sums over the weights' gradients. */
typedef struct Together {
    double apart, whole;
} Together;

/* What stands for all micro-batches: a weight's gradient has a sum where they are several. */
static ValueId summed(const Program *program, ValueId id)
{
    for (int i = 0; i < program->instr_count; i++)
        if (program->instrs[i].op == OP_ACCUMULATE && program->instrs[i].in[0] == id)
            return program->instrs[i].out;
    return id;
}

static Status take_grad(Session *session, const Bench *bench, int instr, AutocastGrad *grad,
                        Together *together)
{
    ValueId id = bench->program.instrs[instr].out;
    const Value *value = &bench->program.values[id];
    int64_t count = value_count(value);
    float *values = xaligned((size_t)count, sizeof *values);
    Status status = bench->run->class->value_read(bench->plan, summed(&bench->program, id), values);
    const SweptGrad *reference;
    double apart, whole;

    text_copy(grad->name, sizeof grad->name, value->name);
    grad->difference.none = true;
    if (bench->settings.autocast == FORMAT_FP32) {
        SweptGrad *kept = &session->sweep.reference[session->sweep.reference_count++];

        *kept = (SweptGrad){.values = values, .count = count};
        text_copy(kept->name, sizeof kept->name, value->name);
    }
    reference = find_reference(session, value->name, count);
    if (reference != NULL) {
        apart = square_sum(values, reference->values, count);
        whole = square_sum(reference->values, NULL, count);
        grad->difference = root_share(apart, whole);
        together->apart += value->role == ROLE_WEIGHT_GRAD ? apart : 0.0;
        together->whole += value->role == ROLE_WEIGHT_GRAD ? whole : 0.0;
    }
    if (bench->settings.autocast != FORMAT_FP32)
        free(values);
    return status;
}

static void add_cell(SweepCell *all, const SweepCell *cell)
{
    all->count += cell->count;
    all->nonzero += cell->nonzero;
    all->underflow += cell->underflow;
    all->subnormal += cell->subnormal;
    all->overflow += cell->overflow;
    all->nonfinite += cell->nonfinite;
    all->mass += cell->mass;
    all->lost_mass += cell->lost_mass;
}

static Status take_grads(Session *session, const Bench *bench, AutocastPass *pass)
{
    Together together = {0};
    CastCounts counts;

    for (int i = 0; i < bench->program.instr_count; i++) {
        AutocastGrad *grad = &pass->grads[pass->count];

        if (!is_grad(&bench->program, i))
            continue;
        pass->count++;
        TRY(take_grad(session, bench, i, grad, &together));
        TRY(read_counts(bench, i, &counts));
        sweep_count(&grad->cell, &counts);
        add_cell(&pass->all, &grad->cell);
    }
    pass->difference = root_share(together.apart, together.whole);
    return ok();
}

static Status sweep_format(Session *session, const Bench *bench, AutocastPass *pass)
{
    size_t count = (size_t)count_grads(&bench->program);

    *pass = (AutocastPass){.format = bench->settings.autocast,
                           .rounds = program_rounds(&bench->program),
                           .difference = {.none = true}};
    TRY(run_pass(bench, bench->before.scale));
    pass->grads = xcalloc(count + 1, sizeof *pass->grads);
    if (pass->format == FORMAT_FP32) {
        sweep_forget(session);
        session->sweep.reference = xcalloc(count + 1, sizeof *session->sweep.reference);
    }
    TRY(bench->run->class->value_read(bench->plan, program_find(&bench->program, "loss"),
                                      &pass->loss));
    return take_grads(session, bench, pass);
}

void autocast_pass_release(AutocastPass *pass)
{
    free(pass->grads);
    *pass = (AutocastPass){.count = 0};
}

static Status sweep_job(Session *session, void *argument)
{
    const SweepAsked *asked = argument;
    Experiment *run = runs_used(session);
    Bench bench = {.run = run, .settings = run->settings};
    Status status;

    bench.settings.probes = PROBE_ON;
    if (asked->spec.autocast)
        bench.settings.autocast = asked->spec.format;
    if (bench.settings.autocast != run->settings.autocast) /* it has no history */
        bench.settings.fp8.scaling = FP8_SCALING_CURRENT;
    if (bench.settings.fp8.scaling == FP8_SCALING_CURRENT)
        bench.settings.fp8.margin = 0;
    status = open_bench(session, &bench);
    if (!failed(status))
        status = asked->spec.autocast ? sweep_format(session, &bench, asked->pass)
                                      : sweep_scales(session, &asked->spec, &bench);
    close_bench(&bench);
    return status;
}

Status session_sweep_begin(Session *session, const SweepSpec *spec, AutocastPass *pass)
{
    if (session_training(session))
        return fail(STATUS_USAGE, "a training is under way and would move the weights; say pause");
    TRY(session->problem);
    TRY(worker_between_steps(session));
    if (!spec->autocast && format_is_fp8(session->settings.autocast))
        return fail(
            STATUS_UNSUPPORTED,
            "casts to fp8 have scales of their own, which follow the loss scale, so there is "
            "nothing to sweep; try sweep autocast");
    if (spec->autocast && settings_weights(&session->settings) != FORMAT_FP32)
        return fail(STATUS_USAGE,
                    "the weights are kept in %s alone, so no other format has the same; "
                    "say master on",
                    format_name(settings_weights(&session->settings)));
    atomic_store(&session->interrupt, false);
    session->sweep.spec = *spec;
    session->sweep.pass = pass;
    worker_post(session, sweep_job, &session->sweep);
    return ok();
}

bool session_sweep_ended(Session *session, double seconds, Status *status)
{
    if (!worker_answered(session, seconds, status))
        return false;
    if (status->code == STATUS_INTERRUPTED)
        *status = fail(STATUS_INTERRUPTED, "sweep was ended; the run is as it was before");
    return true;
}

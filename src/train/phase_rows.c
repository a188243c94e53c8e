#include "train/phase_rows.h"

#include "base/memory.h"
#include "base/text.h"
#include "numerics/bits.h"

#include <math.h>
#include <stdlib.h>

static Measure number(double value)
{
    return (Measure){.value = value};
}

PhaseRow *phase_row_add(PhaseReport *report, const char *name, Format format)
{
    PhaseRow *row = &report->rows[report->count++];

    *row = (PhaseRow){.format = format};
    text_copy(row->name, sizeof row->name, name);
    for (int i = 0; i < PHASE_NUMBERS; i++)
        row->numbers[i].none = true;
    return row;
}

static const Value *value_of(const Experiment *experiment, ValueId id)
{
    return &experiment->program.values[id];
}

Status phase_value_read(const Experiment *experiment, ValueId id, float **values)
{
    const Value *value = value_of(experiment, id);
    int64_t count = value_count(value);

    *values = xaligned((size_t)count, sizeof **values);
    if (value_lasts(value))
        return experiment->class->store_read(experiment->store, value->name, *values, count);
    return experiment->class->value_read(experiment->plan, id, *values);
}

static void count_stored(const float *values, int64_t count, Format format, CastCounts *counts)
{
    float stored[COUNT_BLOCK];

    for (int64_t at = 0; at < count; at += COUNT_BLOCK)
        cast_counted(format, OVERFLOW_INFINITY, values + at, stored,
                     count - at < COUNT_BLOCK ? count - at : COUNT_BLOCK, counts);
}

static void put_range(const float *values, int64_t count, PhaseRow *row)
{
    Measure *least = &row->numbers[PHASE_LEAST], *most = &row->numbers[PHASE_MOST];

    for (int64_t i = 0; i < count; i++) {
        double value = (double)values[i];

        if (!isfinite(value))
            continue;
        if (least->none || value < least->value)
            *least = number(value);
        if (most->none || value > most->value)
            *most = number(value);
    }
}

/* What the store did to the values before it: as the probe counted, or, of a cast, as can be seen. */
static void put_counts(const CastCounts *counts, PhaseRow *row)
{
    row->numbers[PHASE_UNDERFLOW] = number((double)counts->classes[CAST_UNDERFLOW]);
    row->numbers[PHASE_OVERFLOW] = number((double)counts->classes[CAST_OVERFLOW]);
}

static Status add_cast_counts(const Experiment *experiment, const Instr *instr, PhaseRow *row)
{
    CastCounts counts = {0};
    float *values;
    Status status = phase_value_read(experiment, instr->in[0], &values);

    if (!failed(status)) {
        count_stored(values, value_count(value_of(experiment, instr->in[0])),
                     value_of(experiment, instr->out)->format, &counts);
        put_counts(&counts, row);
    }
    free(values);
    return status;
}

/* Values are of the last micro-batch; of all of them only what was counted is known. */
static bool stored_are_all(const Experiment *experiment, const Instr *instr)
{
    return program_rounds(&experiment->program) == 1 || instr->phase == PHASE_CAST;
}

/* What the instruction wrote: running statistics in their place. */
static Status add_value(const Experiment *experiment, int i, PhaseReport *report)
{
    const Instr *instr = &experiment->program.instrs[i];
    ValueId id = instr->op == OP_RUNNING ? instr->in[0] : instr->out;
    const Value *value = value_of(experiment, id);
    int64_t count = value_count(value);
    PhaseRow *row = phase_row_add(report, value->name, value->format);
    CastCounts stored = {0}, counted = {0};
    float *values;
    Status status = phase_value_read(experiment, id, &values);

    report->running = report->running || instr->op == OP_RUNNING;
    if (!failed(status)) {
        count_stored(values, count, value->format, &stored);
        put_range(values, count, row);
        row->numbers[PHASE_VALUES] = number((double)count);
        row->numbers[PHASE_SUBNORMAL] = number((double)stored.classes[CAST_SUBNORMAL]);
        row->numbers[PHASE_NONFINITE] =
            number((double)(stored.classes[CAST_INF] + stored.classes[CAST_NAN]));
    }
    free(values);
    TRY(status);
    if (instr->op == OP_CAST && stored_are_all(experiment, instr))
        return add_cast_counts(experiment, instr, row);
    if (!instr->counted)
        return ok();
    TRY(experiment_counts(experiment, i, &counted));
    put_counts(&counted, row);
    return ok();
}

double phase_norm(const float *values, int64_t count, float factor)
{
    double sum = 0.0;

    for (int64_t i = 0; i < count; i++) {
        double value = (double)(values[i] * factor);

        sum += value * value;
    }
    return sqrt(sum);
}

static void put_change(const float *before, const float *now, int64_t count, PhaseRow *row)
{
    double sum = 0.0, most = 0.0;
    int64_t moved = 0;

    for (int64_t i = 0; i < count; i++) {
        double change = (double)now[i] - (double)before[i];

        moved += bits_of(FORMAT_FP32, now[i]) != bits_of(FORMAT_FP32, before[i]);
        sum += change * change;
        most = fmax(most, fabs(change));
    }
    row->numbers[PHASE_VALUES] = number((double)count);
    row->numbers[PHASE_MOVED] = number((double)moved / (double)count);
    row->numbers[PHASE_NORM] = number(phase_norm(now, count, 1.0F));
    row->numbers[PHASE_CHANGE] = number(sqrt(sum));
    row->numbers[PHASE_CHANGE_MOST] = number(most);
}

static Status put_lost(const Experiment *experiment, int i, PhaseRow *row)
{
    CastCounts counts;

    if (!experiment->program.instrs[i].counted)
        return ok();
    TRY(experiment_counts(experiment, i, &counts));
    row->numbers[PHASE_LOST] = number((double)counts.classes[CAST_UNDERFLOW]);
    return ok();
}

static Status add_weight(const Experiment *experiment, int i, const Before *before,
                         PhaseReport *report)
{
    const Instr *instr = &experiment->program.instrs[i];
    const Value *value = value_of(experiment, instr->in[STEP_WEIGHT]);
    PhaseRow *row = phase_row_add(report, value->name, value->format);
    float *now;
    Status status = phase_value_read(experiment, instr->in[STEP_WEIGHT], &now);

    if (!failed(status))
        put_change(before->weights[i - before->first], now, value_count(value), row);
    free(now);
    TRY(status);
    TRY(put_lost(experiment, i, row));
    return phase_find_nonfinite(experiment, instr->in[STEP_GRAD], report);
}

static void add_scalar(PhaseReport *report, const char *name, double before, double after)
{
    PhaseRow *row = phase_row_add(report, name, FORMAT_FP32);

    row->numbers[PHASE_BEFORE] = number(before);
    row->numbers[PHASE_AFTER] = number(after);
}

static void add_scalars(const Experiment *experiment, const Before *before, PhaseReport *report)
{
    Scalars now;

    experiment->class->scalars_get(experiment->store, &now);
    add_scalar(report, "loss scale", (double)before->scalars.scale, (double)now.scale);
    add_scalar(report, "growth tracker", before->scalars.tracker, now.tracker);
    add_scalar(report, "steps taken", (double)before->scalars.taken, (double)now.taken);
    report->skipped = now.taken == before->scalars.taken;
    if (now.hysteresis <= 1)
        return;
    add_scalar(report, "overflows borne", before->scalars.spent, now.spent);
    report->borne = now.spent > before->scalars.spent && now.spent < now.hysteresis;
}

Status phase_before(const Experiment *experiment, Phase phase, Before *before)
{
    const Program *program = &experiment->program;
    Status status = ok();

    *before = (Before){.first = program_phase(program, phase)};
    experiment->class->scalars_get(experiment->store, &before->scalars);
    if (phase != PHASE_STEP)
        return ok();
    before->count = program_phase(program, phase + 1) - before->first;
    before->weights = xcalloc((size_t)before->count + 1, sizeof *before->weights);
    for (int i = 0; i < before->count && !failed(status); i++)
        status = phase_value_read(experiment, program->instrs[before->first + i].in[STEP_WEIGHT],
                                  &before->weights[i]);
    return status;
}

void phase_before_release(Before *before)
{
    for (int i = 0; i < before->count; i++)
        free(before->weights[i]);
    free(before->weights);
    *before = (Before){.count = 0};
}

Status phase_rows(const Experiment *experiment, Phase phase, const Before *before,
                  PhaseReport *report)
{
    const Program *program = &experiment->program;
    int first = program_phase(program, phase), last = program_phase(program, phase + 1);

    report->scale = before->scalars.scale;
    report->loss_weight = before->scalars.loss_weight;
    report->checks = before->scalars.check;
    report->takes_all = before->scalars.take_all;
    report->leaves_scaled = before->scalars.leave_scaled;
    report->rounds = program_rounds(program);
    report->rows = xcalloc((size_t)(last - first + program->param_count) + 4, /* 4: scalars */
                           sizeof *report->rows);
    if (first < last && (phase == PHASE_UNSCALE || phase == PHASE_CLIP))
        return phase_grad_rows(experiment, phase, before, report);
    for (int i = first; i < last; i++) {
        if (phase == PHASE_STEP)
            TRY(add_weight(experiment, i, before, report));
        else if (program->instrs[i].out != NO_VALUE || program->instrs[i].op == OP_RUNNING)
            TRY(add_value(experiment, i, report));
    }
    if (phase == PHASE_UPDATE)
        add_scalars(experiment, before, report);
    return ok();
}

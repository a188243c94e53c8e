#include "train/phase_rows.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>

static Measure number(double value)
{
    return (Measure){.value = value};
}

static const Value *of(const Experiment *experiment, ValueId id)
{
    return &experiment->program.values[id];
}

/* How a phase finds gradients and leaves them: times `first`, clipped, times `last`. */
typedef struct Reading {
    const Instr *clip; /* NULL: it clips none */
    float first, coef, last;
} Reading;

static Status find_norm(const Experiment *experiment, float factor, double *found)
{
    const Program *program = &experiment->program;
    Status status = ok();

    *found = 0.0;
    for (int i = 0; i < program->param_count && !failed(status); i++) {
        float *values;
        double part;

        if (program->params[i].grad == NO_VALUE)
            continue;
        status = phase_value_read(experiment, program->params[i].grad, &values);
        part =
            failed(status)
                ? 0.0
                : phase_norm(values, value_count(of(experiment, program->params[i].grad)), factor);
        *found += part * part;
        free(values);
    }
    *found = sqrt(*found);
    return status;
}

static bool clips_scaled(const Instr *clip)
{
    return clip != NULL && clip->constants[CLIP_SCALED] != 0.0;
}

/* Its coefficient is what cpu/clip.c computes. */
static Status begin_reading(const Experiment *experiment, Phase phase, const Before *before,
                            Reading *reading, PhaseClip *told)
{
    const Instr *clip = program_clip(&experiment->program);
    float inverse =
        before->scalars.leave_scaled ? 1.0F : (float)(1.0 / (double)before->scalars.scale);

    *reading = (Reading){.first = phase == PHASE_CLIP ? inverse : 1.0F,
                         .coef = 1.0F,
                         .last = phase == PHASE_CLIP ? 1.0F : inverse};
    if (clip == NULL || clips_scaled(clip) != (phase == PHASE_UNSCALE))
        return ok();
    reading->clip = clip;
    *told = (PhaseClip){.norm = clip->op == OP_CLIP_NORM,
                        .value = clip->op == OP_CLIP_VALUE,
                        .scaled = clips_scaled(clip),
                        .most = clip->constants[CLIP_MOST]};
    TRY(find_norm(experiment, reading->first, &told->before));
    if (told->norm)
        reading->coef = 1.0F / ((float)told->before + 1e-6F) * (float)told->most;
    reading->coef = reading->coef > 1.0F ? 1.0F : reading->coef; /* nan stays */
    told->coef = reading->coef;
    return ok();
}

static float clipped(const Reading *reading, float value)
{
    float most = reading->clip == NULL ? 0.0F : (float)reading->clip->constants[CLIP_MOST];

    if (reading->clip == NULL || reading->clip->op == OP_CLIP_NORM)
        return value * reading->coef;
    return value > most ? most : value < -most ? -most : value; /* nan stays */
}

static void put_reading(const Reading *reading, float *values, int64_t count, PhaseRow *row,
                        PhaseClip *told)
{
    int64_t held = 0;
    double left;

    row->numbers[PHASE_VALUES] = number((double)count);
    row->numbers[PHASE_BEFORE] = number(phase_norm(values, count, reading->first));
    for (int64_t i = 0; i < count; i++) {
        float found = values[i] * reading->first;

        values[i] = clipped(reading, found);
        held += values[i] != found && !isnan(found);
    }
    left = phase_norm(values, count, 1.0F);
    told->after = sqrt(told->after * told->after + left * left);
    row->numbers[PHASE_AFTER] = number(phase_norm(values, count, reading->last));
    if (told->value) {
        row->numbers[PHASE_HELD] = number((double)held);
        told->held += held;
    }
}

/* What is looked at is what a clip by value before it left. */
static bool hides_inf(const Experiment *experiment)
{
    const Instr *clip = program_clip(&experiment->program);

    return clips_scaled(clip) && clip->op == OP_CLIP_VALUE;
}

static void find_wrong(const Experiment *experiment, const float *values, const Value *value,
                       int64_t *wrong, PhaseReport *report)
{
    int64_t count = value_count(value), hidden = 0;

    *wrong = 0;
    for (int64_t k = 0; k < count; k++) {
        *wrong += !isfinite(values[k]);
        hidden += isinf(values[k]) != 0 && hides_inf(experiment);
    }
    if (*wrong > hidden && report->found[0] == '\0')
        text_copy(report->found, sizeof report->found, value->name);
}

static Status add_grad(const Experiment *experiment, ValueId id, const Reading *reading,
                       PhaseReport *report)
{
    const Value *value = of(experiment, id);
    PhaseRow *row = phase_row_add(report, value->name, value->format);
    int64_t wrong;
    float *values;
    Status status = phase_value_read(experiment, id, &values);

    if (!failed(status)) {
        find_wrong(experiment, values, value, &wrong, report);
        row->numbers[PHASE_NONFINITE] = number((double)wrong);
        put_reading(reading, values, value_count(value), row, &report->clip);
    }
    free(values);
    return status;
}

Status phase_grad_rows(const Experiment *experiment, Phase phase, const Before *before,
                       PhaseReport *report)
{
    const Program *program = &experiment->program;
    Reading reading;

    TRY(begin_reading(experiment, phase, before, &reading, &report->clip));
    for (int i = 0; i < program->param_count; i++)
        if (program->params[i].grad != NO_VALUE)
            TRY(add_grad(experiment, program->params[i].grad, &reading, report));
    return ok();
}

Status phase_find_nonfinite(const Experiment *experiment, ValueId id, PhaseReport *report)
{
    int64_t wrong;
    float *values;
    Status status = phase_value_read(experiment, id, &values);

    if (!failed(status))
        find_wrong(experiment, values, of(experiment, id), &wrong, report);
    free(values);
    return status;
}

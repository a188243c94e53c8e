/* The runs of a session take every step together, and are compared after it. */
#include "train/worker.h"

#include "numerics/bits.h"

Experiment *runs_used(const Session *session)
{
    return session->runs.count == 0 ? NULL : session->runs.all[session->runs.used];
}

/* Once one run has taken the step the others may not be interrupted: all stand at the same step. */
Status runs_start_step(Session *session)
{
    const Runs *runs = &session->runs;
    Status status = ok();

    for (int i = 0; i < runs->count && !failed(status); i++) {
        status = experiment_start_step(runs->all[i]);
        atomic_store(&session->together, true);
    }
    atomic_store(&session->together, false);
    return status;
}

/* A step that both still hold; losses that are not finite are told apart by their skips alone. */
static bool same_step(const Experiment *a, const Experiment *b, int64_t step)
{
    const Bucket *left = history_bucket(&a->facts.history, 0, step - 1);
    const Bucket *right = history_bucket(&b->facts.history, 0, step - 1);

    if (left == NULL || right == NULL)
        return true;
    return left->skipped == right->skipped && left->loss_count == right->loss_count &&
           bits_of(FORMAT_FP32, (float)left->loss_sum) ==
               bits_of(FORMAT_FP32, (float)right->loss_sum);
}

static void compare_step(Runs *runs, int64_t step)
{
    for (int i = 0; i < runs->count; i++)
        for (int j = 0; j < i; j++) {
            int64_t *first = &runs->differences.first[i][j];

            if (*first < 0 && !same_step(runs->all[i], runs->all[j], step))
                *first = runs->differences.first[j][i] = step;
        }
}

/* As far as every run has come. */
static void compare(Runs *runs)
{
    int64_t step = runs->all[0]->facts.step;

    for (int i = 1; i < runs->count; i++)
        if (runs->all[i]->facts.step < step)
            step = runs->all[i]->facts.step;
    while (runs->compared < step)
        compare_step(runs, ++runs->compared);
}

Status runs_collect(Session *session, bool all)
{
    Runs *runs = &session->runs;
    Status status = ok();

    for (int i = 0; i < runs->count && !failed(status); i++)
        status = experiment_collect(runs->all[i], all);
    compare(runs);
    return status;
}

Status runs_trouble(const Session *session)
{
    const Runs *runs = &session->runs;
    Status trouble = ok();

    for (int i = 0; i < runs->count && !failed(trouble); i++)
        trouble = runs->all[i]->trouble;
    return trouble;
}

int64_t runs_size(const Session *session)
{
    const Runs *runs = &session->runs;
    int64_t numbers = 0;

    for (int i = 0; i < runs->count; i++)
        numbers += runs->all[i]->numbers;
    return numbers;
}

int64_t kept_size(const Session *session, const KeptRuns *kept)
{
    int64_t numbers = 0;

    for (int i = 0; i < kept->count; i++)
        numbers += experiment_size(session->here.class, &kept->all[i]->settings, kept->data->set);
    return numbers;
}

int64_t beside_size(const Session *session)
{
    int64_t numbers = kept_size(session, &session->previous);

    for (int i = 0; i < ASIDE_PLACES; i++)
        numbers += kept_size(session, &session->aside[i].runs);
    return numbers;
}

#include "telemetry/past.h"

#include "base/memory.h"

#include <stdlib.h>

const char *const past_sum_fields[PAST_SUM_FIELDS + 1] = {
    [PAST_SUM_FORMAT] = "format",       [PAST_SUM_ACCUMULATE] = "accumulate",
    [PAST_SUM_ORDER] = "order",         [PAST_SUM_TERMS] = "terms",
    [PAST_SUM_VALUE] = "value",         [PAST_SUM_EXACT] = "exact",
    [PAST_SUM_ERROR] = "error",         [PAST_SUM_LOST] = "lost",
    [PAST_SUM_STALLS_AT] = "stalls_at", [PAST_SUM_NONFINITE_AT] = "nonfinite_at",
};

void past_release(Past *past)
{
    for (int i = 0; past->runs != NULL && i < PAST_RUNS; i++)
        snapshot_release(&past->runs[i]);
    if (past->start != NULL)
        snapshot_release(past->start);
    free(past->runs);
    free(past->start);
    *past = (Past){.start = NULL};
}

/* A copy of what metrics ask for: a snapshot's curves and log are most of its bytes. */
static void keep(Snapshot *to, const Snapshot *from)
{
    snapshot_copy(to, from);
    heat_release(&to->heat);
    sweep_release(&to->sweep);
    to->past = NULL;
}

void past_begin(Past *past, const Snapshot *start)
{
    past_release(past);
    past->start = xcalloc(1, sizeof *past->start);
    keep(past->start, start);
}

void past_add_run(Past *past, const Snapshot *run)
{
    if (past->runs == NULL)
        past->runs = xcalloc(PAST_RUNS, sizeof *past->runs);
    keep(&past->runs[past->run_count++ % PAST_RUNS], run);
}

void past_add_look(Past *past, double number)
{
    past->looked[past->looked_count++ % PAST_LOOKED] = number;
}

void past_add_sum(Past *past, const PastSum *sum)
{
    past->sums[past->sum_count++ % PAST_SUMS] = *sum;
}

int64_t past_first_run(const Past *past)
{
    return past->run_count > PAST_RUNS ? past->run_count - PAST_RUNS : 0;
}

const Snapshot *past_run(const Past *past, int64_t n)
{
    if (n < past_first_run(past) || n >= past->run_count)
        return NULL;
    return &past->runs[n % PAST_RUNS];
}

#include "repl/summing.h"

#include "base/memory.h"
#include "numerics/exact_sum.h"
#include "numerics/round.h"
#include "numerics/ulp.h"

#include <math.h>
#include <stdlib.h>

const char *const sum_order_names[SUM_ORDERS + 1] = {
    [SUM_FORWARD] = "forward",
    [SUM_REVERSE] = "reverse",
    [SUM_PAIRWISE] = "pairwise",
    [SUM_SORTED] = "sorted",
};

/* A sum under way. */
typedef struct Summing {
    const SumSpec *spec;
    float *held; /* the terms as the format has them, sorted where the order is */
    SumFacts *facts;
} Summing;

static int64_t terms_of(const SumSpec *spec)
{
    return spec->count * spec->repeat;
}

static float term(const Summing *summing, int64_t i)
{
    const SumSpec *spec = summing->spec;

    if (spec->order == SUM_SORTED)
        return summing->held[i / spec->repeat];
    return summing->held[(spec->order == SUM_REVERSE ? terms_of(spec) - 1 - i : i) % spec->count];
}

static float cast(Format format, float value)
{
    return round_to(format, OVERFLOW_INFINITY, value);
}

/* Whether adding `more` left `sum` as it was. */
static bool is_lost(float sum, float more, float after)
{
    return more != 0.0F && after == sum && isfinite(after);
}

/* fp32 adds two values of a shorter format so nearly that its rounding and the second one give what
 * one rounding would. */
static float add(const Summing *summing, float sum, float more)
{
    return cast(summing->spec->accumulate, sum + more);
}

static float run_in_row(const Summing *summing)
{
    SumFacts *facts = summing->facts;
    float sum = 0.0F;

    for (int64_t i = 0; i < terms_of(summing->spec); i++) {
        float more = term(summing, i), after = add(summing, sum, more);

        if (is_lost(sum, more, after)) {
            facts->lost++;
            facts->stalls_at = facts->stalls_at == 0 ? i + 1 : facts->stalls_at;
        } else if (more != 0.0F) {
            facts->stalls_at = 0;
        }
        if (!isfinite(after) && facts->nonfinite_at == 0)
            facts->nonfinite_at = i + 1;
        sum = after;
    }
    return sum;
}

static float run_pairwise(const Summing *summing, int64_t from, int64_t count)
{
    float one, other, sum;

    if (count == 1)
        return cast(summing->spec->accumulate, term(summing, from));
    one = run_pairwise(summing, from, count / 2);
    other = run_pairwise(summing, from + count / 2, count - count / 2);
    sum = add(summing, one, other);
    summing->facts->lost += is_lost(one, other, sum) || is_lost(other, one, sum);
    return sum;
}

/* By magnitude, nan last; then by sign, so that the order is one. */
static int by_magnitude(const void *a, const void *b)
{
    float one = *(const float *)a, other = *(const float *)b;

    if (isnan(one) || isnan(other))
        return isnan(one) - isnan(other);
    if (fabsf(one) != fabsf(other))
        return fabsf(one) < fabsf(other) ? -1 : 1;
    return (one > other) - (one < other);
}

static void hold_terms(Summing *summing)
{
    const SumSpec *spec = summing->spec;

    summing->held = xcalloc((size_t)spec->count, sizeof *summing->held);
    for (int64_t i = 0; i < spec->count; i++)
        summing->held[i] = cast(spec->format, (float)spec->values[i]);
    if (spec->order == SUM_SORTED)
        qsort(summing->held, (size_t)spec->count, sizeof *summing->held, by_magnitude);
}

static void find_exact(const Summing *summing, SumFacts *facts)
{
    const SumSpec *spec = summing->spec;
    ExactSum given = {.nan = false}, stored = given;

    for (int64_t i = 0; i < terms_of(spec); i++) {
        exact_sum_add(&given, spec->values[i % spec->count]);
        exact_sum_add(&stored, (double)summing->held[i % spec->count]);
    }
    facts->exact = exact_sum_value(&given);
    facts->exact_stored = exact_sum_value(&stored);
    exact_sum_add(&given, -facts->value);
    facts->error = 0.0 - exact_sum_value(&given); /* no -0 */
    facts->ulps = (double)NAN;
    if (isfinite(facts->error))
        facts->ulps = facts->error / format_ulp(spec->format, facts->exact);
}

void sum_run(const SumSpec *spec, SumFacts *facts)
{
    Summing summing = {.spec = spec, .facts = facts};
    float sum;

    *facts = (SumFacts){.lost = 0};
    hold_terms(&summing);
    sum = spec->order == SUM_PAIRWISE ? run_pairwise(&summing, 0, terms_of(spec))
                                      : run_in_row(&summing);
    facts->value = (double)cast(spec->format, sum);
    find_exact(&summing, facts);
    free(summing.held);
}

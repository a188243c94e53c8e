/* Counts on their way to the host: classes follow from bins, magnitudes from the blocks' slots. */
#include "plan.h"

#include <string.h>

static float from_pattern(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static int64_t bins(const Tally *tally, int first, int last)
{
    int64_t sum = 0;

    for (int i = first; i < last; i++)
        sum += tally->histogram[i];
    return sum;
}

static void classify(const Tally *tally, const CountEdges *edges, CastCounts *counts)
{
    int64_t *classes = counts->classes;
    int64_t finite = bins(tally, 0, EXPONENT_BINS);

    classes[CAST_NAN] = tally->nan;
    classes[CAST_INF] = tally->inf;
    classes[CAST_ZERO] = tally->zero;
    classes[CAST_OVERFLOW] = bins(tally, edges->overflow_bin, EXPONENT_BINS) + tally->over;
    classes[CAST_UNDERFLOW] = bins(tally, 0, edges->zero_bin) + tally->tie;
    classes[CAST_SUBNORMAL] =
        bins(tally, edges->zero_bin, edges->normal_bin) - tally->tie - tally->up;
    classes[CAST_NORMAL] =
        finite - classes[CAST_OVERFLOW] - classes[CAST_UNDERFLOW] - classes[CAST_SUBNORMAL];
    counts->count = finite + tally->nan + tally->inf + tally->zero;
}

static void to_counts(const Tally *tally, const CountEdges *edges, const Mass *slots,
                      int slot_count, CastCounts *counts)
{
    memset(counts, 0, sizeof *counts);
    classify(tally, edges, counts);
    for (int i = 0; i < EXPONENT_BINS; i++)
        counts->histogram[i] = tally->histogram[i];
    counts->amax = from_pattern(tally->amax);
    counts->amin = tally->amin == 0 ? 0.0f : from_pattern(~tally->amin);
    for (int i = 0; i < slot_count; i++) {
        counts->mass += slots[i].all;
        counts->lost_mass += slots[i].lost;
    }
}

/* Of a whole step the parity changes; one in parts fills the place of the next. */
static int parity_of(const Plan *plan, int instr)
{
    int64_t step = instr < plan->reached ? plan->started : plan->started - 1;

    return plan->is_step ? (int)(step & 1) : 0;
}

/* All of one step in one go. */
static Status fetch(Plan *plan, int parity)
{
    Backend *backend = plan->backend;
    size_t tallies = (size_t)plan->counted * sizeof(Tally);
    size_t masses = (size_t)plan->counted * (size_t)plan->mass_slots * sizeof(Mass);

    if (plan->counts_fresh && plan->counts_parity == parity)
        return ok();
    if (plan->host_counts == NULL)
        CUDA_TRY(backend, cudaMallocHost(&plan->host_counts, tallies + masses), "counters");
    CUDA_TRY(backend,
             cudaMemcpyAsync(plan->host_counts,
                             plan->masses + (size_t)parity * masses / sizeof(Mass), masses,
                             cudaMemcpyDeviceToHost, backend->stream),
             "counters were read");
    CUDA_TRY(backend,
             cudaMemcpyAsync((char *)plan->host_counts + masses,
                             plan->tallies + (size_t)parity * (size_t)plan->counted, tallies,
                             cudaMemcpyDeviceToHost, backend->stream),
             "counters were read");
    TRY(cuda_settle(backend));
    plan->counts_fresh = true;
    plan->counts_parity = parity;
    return ok();
}

Status cuda_counts_read(Plan *plan, int instr, CastCounts *counts)
{
    int place = plan->counters[(size_t)instr];
    const Mass *masses;

    memset(counts, 0, sizeof *counts);
    if (place < 0 || (!plan->completed && instr >= plan->reached))
        return ok();
    TRY(fetch(plan, parity_of(plan, instr)));
    masses = (const Mass *)plan->host_counts;
    to_counts((const Tally *)(masses + (size_t)plan->counted * (size_t)plan->mass_slots) + place,
              &plan->edges[(size_t)place], masses + (size_t)place * (size_t)plan->mass_slots,
              plan->mass_slots, counts);
    if (plan->program.instrs[(size_t)instr].phase ==
        PHASE_STEP) /* only its classes mean anything */
        memset(counts->histogram, 0, sizeof counts->histogram);
    return ok();
}

#include "numerics/count.h"

#include "numerics/edges.h"
#include "numerics/vector.h"

#include <math.h>

const char *const cast_class_names[CAST_CLASSES] = {
    [CAST_NAN] = "nan",
    [CAST_INF] = "inf",
    [CAST_ZERO] = "zero",
    [CAST_OVERFLOW] = "overflow",
    [CAST_UNDERFLOW] = "underflow",
    [CAST_SUBNORMAL] = "subnormal",
    [CAST_NORMAL] = "normal",
};

enum {
    LANES = 32, /* partial sums of magnitudes, each of every 32nd value */
    TABLES =
        4, /* neighbours often share an exponent: a table each, so that none waits for another */
    FIELDS = 256,
    FIELD_INFINITY = 255,
    LEAST_NORMAL_FIELD = 1,
    LARGEST_FINITE = FLOAT_INFINITY - 1,
    LEAST_NORMAL = 1 << 23,
};

/* How many magnitudes of a block lie within each edge: all classes are differences of these. */
typedef struct Tally {
    int32_t zero, zero_upto;                                /* at most this edge */
    int32_t normal_from, overflow_from, infinity_from, nan; /* at least */
    int32_t least, most; /* patterns of finite values but zero; 0 if there is none */
} Tally;

CastClass cast_class(Format format, Overflow overflow, float value)
{
    float rounded = round_to(format, overflow, value);
    double size = fabs((double)rounded);

    if (isnan(value))
        return CAST_NAN;
    if (isinf(value))
        return CAST_INF;
    if (value == 0.0f)
        return CAST_ZERO;
    if (!isfinite(rounded) || fabs((double)value) >= format_table[format].overflow_from)
        return CAST_OVERFLOW;
    if (size == 0.0)
        return CAST_UNDERFLOW;
    return size < format_table[format].min_normal ? CAST_SUBNORMAL : CAST_NORMAL;
}

VECTOR_CLONES
static Tally tally_common(Edges edges, const float *in, int32_t count)
{
    int32_t zero = 0, zero_upto = 0, normal_from = 0, most = 0, least = INT32_MAX;

    for (int32_t i = 0; i < count; i++) {
        int32_t magnitude = float_magnitude(in[i]);
        int32_t zero_last =
            (int32_t)((uint32_t)magnitude + INT32_MAX); /* others keep their order */

        zero += magnitude == 0;
        zero_upto += magnitude <= edges.zero_upto;
        normal_from += magnitude >= edges.normal_from;
        most = magnitude > most ? magnitude : most;
        least = zero_last < least ? zero_last : least;
    }
    return (Tally){.zero = zero,
                   .zero_upto = zero_upto,
                   .normal_from = normal_from,
                   .least = (int32_t)((uint32_t)least - INT32_MAX),
                   .most = most};
}

VECTOR_CLONES
static void tally_large(Edges edges, const float *in, int32_t count, Tally *tally)
{
    int32_t overflow_from = 0, infinity_from = 0, nan = 0, most = 0;

    for (int32_t i = 0; i < count; i++) {
        int32_t magnitude = float_magnitude(in[i]);
        int32_t finite = magnitude < FLOAT_INFINITY ? magnitude : 0;

        overflow_from += magnitude >= edges.overflow_from;
        infinity_from += magnitude >= FLOAT_INFINITY;
        nan += magnitude > FLOAT_INFINITY;
        most = finite > most ? finite : most;
    }
    tally->overflow_from = overflow_from;
    tally->infinity_from = infinity_from;
    tally->nan = nan;
    tally->most = most;
}

static inline double mass_within(int32_t upto, float value)
{
    int32_t magnitude = float_magnitude(value), within = -(magnitude <= upto);

    return (double)pattern_float((uint32_t)(magnitude & within));
}

/* Sum of the magnitudes up to `upto`: the lanes fix the order whatever the processor's width. */
VECTOR_CLONES
static double mass_upto(int32_t upto, const float *in, int32_t count)
{
    double lanes[LANES] = {0}, sum = 0.0;
    int32_t whole = count - count % LANES;

    for (int32_t i = 0; i < whole; i += LANES) {
        for (int lane = 0; lane < LANES; lane++)
            lanes[lane] += mass_within(upto, in[i + lane]);
    }
    for (int32_t i = whole; i < count; i++)
        lanes[i - whole] += mass_within(upto, in[i]);
    for (int lane = 0; lane < LANES; lane++)
        sum += lanes[lane];
    return sum;
}

static int bin_of(int field)
{
    return field - 127 - EXPONENT_LEAST;
}

static inline uint32_t field_of(float value)
{
    return (float_pattern(value) >> 23) & 0xFF;
}

static void count_fields(const float *in, int32_t count, int64_t histogram[EXPONENT_BINS])
{
    uint32_t tables[TABLES][FIELDS] = {{0}};
    int32_t whole = count - count % TABLES;

    for (int32_t i = 0; i < whole; i += TABLES) {
        tables[0][field_of(in[i])]++;
        tables[1][field_of(in[i + 1])]++;
        tables[2][field_of(in[i + 2])]++;
        tables[3][field_of(in[i + 3])]++;
    }
    for (int32_t i = whole; i < count; i++)
        tables[0][field_of(in[i])]++;
    for (int field = LEAST_NORMAL_FIELD; field < FIELD_INFINITY; field++)
        histogram[bin_of(field)] +=
            tables[0][field] + tables[1][field] + tables[2][field] + tables[3][field];
}

/* Exponent field 0 holds zeros, nearly always alone; the true exponents of others are found here. */
static void count_float_subnormals(const float *in, int32_t count, int64_t histogram[EXPONENT_BINS])
{
    for (int32_t i = 0; i < count; i++) {
        int32_t magnitude = float_magnitude(in[i]);

        if (magnitude > 0 && magnitude < LEAST_NORMAL)
            histogram[31 - __builtin_clz((unsigned)magnitude)]++;
    }
}

static void add_classes(const Tally *tally, int32_t count, int64_t classes[CAST_CLASSES])
{
    classes[CAST_NAN] += tally->nan;
    classes[CAST_INF] += tally->infinity_from - tally->nan;
    classes[CAST_ZERO] += tally->zero;
    classes[CAST_OVERFLOW] += tally->overflow_from - tally->infinity_from;
    classes[CAST_UNDERFLOW] += tally->zero_upto - tally->zero;
    classes[CAST_SUBNORMAL] += count - tally->zero_upto - tally->normal_from;
    classes[CAST_NORMAL] += tally->normal_from - tally->overflow_from;
}

static void add_extremes(float amax, float amin, CastCounts *counts)
{
    if (amax > counts->amax)
        counts->amax = amax;
    if (amin > 0.0f && (counts->amin == 0.0f || amin < counts->amin))
        counts->amin = amin;
}

static void count_block(const Edges *edges, const float *in, int32_t count, CastCounts *counts)
{
    Tally tally = tally_common(*edges, in, count);

    if (tally.most >= edges->overflow_from)
        tally_large(*edges, in, count, &tally);
    counts->count += count;
    add_classes(&tally, count, counts->classes);
    count_fields(in, count, counts->histogram);
    if (tally.least > 0 && tally.least < LEAST_NORMAL)
        count_float_subnormals(in, count, counts->histogram);
    if (tally.most > 0)
        add_extremes(pattern_float((uint32_t)tally.most), pattern_float((uint32_t)tally.least),
                     counts);
    counts->mass += mass_upto(LARGEST_FINITE, in, count);
    if (tally.zero_upto > tally.zero)
        counts->lost_mass += mass_upto(edges->zero_upto, in, count);
}

void cast_counted(Format format, Overflow overflow, const float *in, float *out, int64_t count,
                  CastCounts *counts)
{
    Edges edges = edges_of(format, overflow);

    for (int64_t first = 0; first < count; first += COUNT_BLOCK) {
        int64_t left = count - first;
        int32_t block = left < COUNT_BLOCK ? (int32_t)left : COUNT_BLOCK;

        count_block(&edges, in + first, block, counts);
        round_array(format, overflow, in + first, out + first, block);
    }
}

void cast_counts_add(CastCounts *counts, const CastCounts *more)
{
    counts->count += more->count;
    for (int i = 0; i < CAST_CLASSES; i++)
        counts->classes[i] += more->classes[i];
    for (int i = 0; i < EXPONENT_BINS; i++)
        counts->histogram[i] += more->histogram[i];
    add_extremes(more->amax, more->amin, counts);
    counts->mass += more->mass;
    counts->lost_mass += more->lost_mass;
}

int64_t cast_counts_nonzero(const CastCounts *counts)
{
    return counts->count - counts->classes[CAST_NAN] - counts->classes[CAST_INF] -
           counts->classes[CAST_ZERO];
}

int64_t cast_counts_nonfinite(const CastCounts *counts, Format format)
{
    int64_t overflow =
        format_overflow(format) == OVERFLOW_SATURATE ? 0 : counts->classes[CAST_OVERFLOW];

    return counts->classes[CAST_NAN] + counts->classes[CAST_INF] + overflow;
}

void cast_counts_predict(const CastCounts *counts, Format format, int shift, int64_t *underflow,
                         int64_t *subnormal, int64_t *overflow)
{
    const FormatInfo *info = &format_table[format];

    *underflow = *subnormal = *overflow = 0;
    for (int bin = 0; bin < EXPONENT_BINS; bin++) {
        int exponent = EXPONENT_LEAST + bin + shift;

        if (exponent < info->least_exponent - 1)
            *underflow += counts->histogram[bin];
        else if (exponent < info->min_exponent)
            *subnormal += counts->histogram[bin];
        else if (exponent > info->max_exponent)
            *overflow += counts->histogram[bin];
    }
}

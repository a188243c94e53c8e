#include "values.h"

#include "check.h"
#include "program/fp8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_EDGES = 1024 };

static float from_pattern(uint32_t pattern)
{
    float value;

    memcpy(&value, &pattern, sizeof value);
    return value;
}

static uint32_t to_pattern(float value)
{
    uint32_t pattern;

    memcpy(&pattern, &value, sizeof pattern);
    return pattern;
}

/* splitmix64: the n-th number of a stream, and quick, for millions are needed. Source: Steele, Lea and
 * Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014). */
static uint64_t random_of(uint64_t seed, int64_t n)
{
    uint64_t z =
        seed * 0xD1342543DE82EF95u + (uint64_t)n * 0x9E3779B97F4A7C15u + 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Four uniform numbers added: mean 0, deviation 1, no tails; nothing here needs them. */
static double bell(uint64_t seed, int64_t n)
{
    uint64_t bits = random_of(seed, n);
    double sum = 0.0;

    for (int i = 0; i < 4; i++)
        sum += (double)(bits >> (16 * i) & 0xFFFF) / 65536.0 - 0.5;
    return sum * 1.7320508;
}

void fill_normal(Format format, uint64_t seed, double size, int64_t count, float *values)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = (float)(size * bell(seed, i));
    round_array(format, OVERFLOW_INFINITY, values, values, count);
}

static int add_edge(float *edges, int used, double value)
{
    const float near[] = {(float)value, nextafterf((float)value, INFINITY),
                          nextafterf((float)value, 0.0f)};

    for (int i = 0; i < 3; i++) {
        edges[used++] = near[i];
        edges[used++] = -near[i];
    }
    return used;
}

static int find_edges(float *edges)
{
    const float plain[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, -NAN, 1.0f, -1.0f, 0.5f, 2.0f};
    int used = (int)(sizeof plain / sizeof plain[0]);

    memcpy(edges, plain, sizeof plain);
    for (int f = FORMAT_FP32; f <= FORMAT_BF16; f++) {
        const FormatInfo *info = &format_table[f];
        double step = ldexp(1.0, -info->mantissa_bits);
        const double at[] = {info->max,
                             info->overflow_from,
                             info->min_normal,
                             info->min_subnormal,
                             info->zero_upto,
                             info->normal_from,
                             1.5 * info->min_subnormal,
                             1.0 + step / 2,
                             1.0 + 1.5 * step,
                             3.0 * (1.0 + step / 2),
                             info->min_normal * (1.0 - step / 2)};

        for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
            if (isfinite(at[i]))
                used = add_edge(edges, used, at[i]);
    }
    return used;
}

void fill_special(Format format, uint64_t seed, int64_t count, float *values)
{
    float edges[MOST_EDGES];
    int64_t known = find_edges(edges);

    for (int64_t i = 0; i < count; i++) {
        uint64_t place = (uint64_t)i * 7 + seed * 13;

        if (i < 4 * known)
            values[i] = edges[place % (uint64_t)known];
        else if (i % 2 == 0)
            values[i] = from_pattern((uint32_t)random_of(seed, i));
        else
            values[i] = (float)bell(seed, i);
    }
    round_array(format, OVERFLOW_INFINITY, values, values, count);
}

void fill_whole(uint64_t seed, int64_t count, float *values)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = (float)(int)(random_of(seed, i) % 9) - 4.0f;
}

bool same_bits(float a, float b)
{
    return to_pattern(a) == to_pattern(b) || (isnan(a) && isnan(b));
}

int64_t first_difference(const float *a, const float *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!same_bits(a[i], b[i]))
            return i;
    return -1;
}

Interval around(double exact, double error)
{
    if (!isfinite(exact))
        error = 0.0;
    return (Interval){.low = exact - error, .high = exact + error};
}

Interval anything(void)
{
    return (Interval){.any = true};
}

/* The largest float that is not above, or the smallest that is not below. */
static float toward(double value, float end)
{
    float near = (float)value;

    if (end < 0.0f ? (double)near > value : (double)near < value)
        near = nextafterf(near, end);
    return near;
}

bool within(Format format, Interval interval, float value)
{
    if (interval.any)
        return true;
    if (isnan(interval.low) || isnan(interval.high))
        return isnan(value);
    return value >= round_to(format, OVERFLOW_INFINITY, toward(interval.low, -INFINITY)) &&
           value <= round_to(format, OVERFLOW_INFINITY, toward(interval.high, INFINITY));
}

double ulp(double size)
{
    float at = fabsf((float)size);

    return isfinite(at) ? (double)(nextafterf(at, INFINITY) - at) : HUGE_VAL;
}

double relative_distance(const float *a, const float *b, int64_t count)
{
    double difference = 0.0, size = 0.0;

    for (int64_t i = 0; i < count; i++) {
        double x = (double)a[i], y = (double)b[i];

        if (!isfinite(x) || !isfinite(y))
            continue;
        difference += (x - y) * (x - y);
        size += y * y;
    }
    if (difference == 0.0)
        return 0.0;
    return size > 0.0 ? sqrt(difference / size) : HUGE_VAL;
}

static bool near_enough(double a, double b)
{
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b));
}

bool check_counts(const CastCounts *cpu, const CastCounts *gpu, const char *what)
{
    static const char *const names[] = {"nan",       "inf",       "zero",  "overflow",
                                        "underflow", "subnormal", "normal"};

    for (int i = 0; i < CAST_CLASSES; i++)
        if (cpu->classes[i] != gpu->classes[i])
            return check(false, "%s: %lld counted as %s, the CPU counts %lld", what,
                         (long long)gpu->classes[i], names[i], (long long)cpu->classes[i]);
    for (int i = 0; i < EXPONENT_BINS; i++)
        if (cpu->histogram[i] != gpu->histogram[i])
            return check(false, "%s: %lld with exponent %d, the CPU counts %lld", what,
                         (long long)gpu->histogram[i], EXPONENT_LEAST + i,
                         (long long)cpu->histogram[i]);
    return check(cpu->count == gpu->count && same_bits(cpu->amax, gpu->amax) &&
                     same_bits(cpu->amin, gpu->amin) && near_enough(cpu->mass, gpu->mass) &&
                     near_enough(cpu->lost_mass, gpu->lost_mass),
                 "%s: count %lld amax %g amin %g mass %.17g lost %.17g; the CPU: %lld, %g, %g, "
                 "%.17g, %.17g",
                 what, (long long)gpu->count, (double)gpu->amax, (double)gpu->amin, gpu->mass,
                 gpu->lost_mass, (long long)cpu->count, (double)cpu->amax, (double)cpu->amin,
                 cpu->mass, cpu->lost_mass);
}

bool check_partition(Format format, const float *stored, int64_t count, const CastCounts *counts,
                     const char *what)
{
    int64_t nan = 0, infinite = 0, zero = 0, subnormal = 0, largest = 0, sum = 0, bins = 0;
    int64_t over = counts->classes[CAST_INF] + counts->classes[CAST_OVERFLOW];
    const int64_t *classes = counts->classes;

    for (int64_t i = 0; i < count; i++) {
        nan += isnan(stored[i]) != 0;
        infinite += isinf(stored[i]) != 0;
        largest += fabs((double)stored[i]) == format_table[format].max;
        zero += stored[i] == 0.0f;
        subnormal += stored[i] != 0.0f && fabs((double)stored[i]) < format_table[format].min_normal;
    }
    for (int i = 0; i < CAST_CLASSES; i++)
        sum += classes[i];
    for (int i = 0; i < EXPONENT_BINS; i++)
        bins += counts->histogram[i];
    return check(
        counts->count == count && sum == count && classes[CAST_NAN] == nan &&
            (format_is_fp8(format) ? infinite == 0 && over <= largest : over == infinite) &&
            classes[CAST_ZERO] + classes[CAST_UNDERFLOW] == zero &&
            classes[CAST_SUBNORMAL] == subnormal &&
            bins == count - nan - classes[CAST_INF] - classes[CAST_ZERO],
        "%s: the counts do not tell what was stored", what);
}

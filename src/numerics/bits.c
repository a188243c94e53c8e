#include "numerics/bits.h"

#include "numerics/edges.h"
#include "numerics/vector.h"

/* How the patterns of a format stand to those of floats. */
typedef struct Layout {
    int shift;        /* from the format's mantissa to a float's */
    int sign_shift;   /* from the format's sign to a float's */
    uint32_t rebias;  /* what the exponent field of a float is too high by, in place */
    float magic;      /* its last place is the smallest subnormal */
    float subnormal;  /* the smallest subnormal */
    int32_t unit;     /* pattern of the smallest normal value */
    int32_t infinity; /* pattern of infinity; in e4m3 it means nan */
    int32_t nan;      /* the canonical one */
    int32_t last;     /* the largest pattern that is no nan */
} Layout;

static Layout layout_of(Format format)
{
    const FormatInfo *info = &format_table[format];
    int mantissa = info->mantissa_bits, exponent = info->exponent_bits;
    int32_t unit = 1 << mantissa, beyond = ((1 << exponent) - 1) << mantissa;
    Layout layout = {
        .shift = 23 - mantissa,
        .sign_shift = 32 - info->bits,
        .rebias = (uint32_t)(info->min_exponent + 126) << mantissa,
        .magic = (float)(info->min_subnormal * 0x1p23),
        .subnormal = (float)info->min_subnormal,
        .unit = unit,
        .infinity = beyond,
        .nan = beyond + unit / 2,
        .last = beyond,
    };

    if (info->bits == 8)
        layout.nan = beyond + unit - 1;
    if (!info->has_infinity) {
        layout.infinity = layout.nan;
        layout.last = layout.nan - 1;
    }
    return layout;
}

static inline uint32_t narrow_bits(const Layout *to, float value)
{
    int32_t magnitude = float_magnitude(value);
    int32_t normal = (magnitude >> to->shift) - (int32_t)to->rebias;
    int32_t small = (int32_t)float_pattern(pattern_float((uint32_t)magnitude) + to->magic) -
                    (int32_t)float_pattern(to->magic);
    uint32_t sign = (float_pattern(value) & FLOAT_SIGN) >> to->sign_shift;

    normal = normal < to->unit ? small : normal;
    normal = magnitude >= FLOAT_INFINITY ? to->infinity : normal;
    normal = magnitude > FLOAT_INFINITY ? to->nan : normal;
    return (uint32_t)normal | sign;
}

static inline float narrow_value(const Layout *from, uint32_t bits)
{
    uint32_t sign = (bits << from->sign_shift) & FLOAT_SIGN;
    int32_t magnitude = (int32_t)(bits & ((FLOAT_SIGN >> from->sign_shift) - 1));
    int32_t normal = (int32_t)(((uint32_t)magnitude + from->rebias) << from->shift);
    int32_t small = (int32_t)float_pattern((float)magnitude * from->subnormal);

    normal = magnitude < from->unit ? small : normal;
    normal = magnitude >= from->infinity ? FLOAT_INFINITY : normal;
    normal = magnitude > from->last ? FLOAT_NAN : normal;
    return pattern_float((uint32_t)normal | sign);
}

/* Formats with the exponents of a float are its upper bits. */
static inline uint32_t wide_bits(float value)
{
    int32_t magnitude = float_magnitude(value);
    int32_t quiet = magnitude > FLOAT_INFINITY ? FLOAT_NAN : magnitude;

    return (uint32_t)quiet | (float_pattern(value) & FLOAT_SIGN);
}

static inline float wide_value(uint32_t pattern)
{
    return pattern_float(wide_bits(pattern_float(pattern)));
}

uint32_t bits_of(Format format, float value)
{
    Layout layout = layout_of(format);

    return format_is_wide(format) ? wide_bits(value) >> layout.sign_shift
                                  : narrow_bits(&layout, value);
}

float bits_value(Format format, uint32_t bits)
{
    Layout layout = layout_of(format);

    return format_is_wide(format) ? wide_value(bits << layout.sign_shift)
                                  : narrow_value(&layout, bits);
}

VECTOR_CLONES
static void pack_32(const float *values, uint32_t *stored, int64_t count)
{
    INDEPENDENT
    for (int64_t i = 0; i < count; i++)
        stored[i] = wide_bits(values[i]);
}

VECTOR_CLONES
static void pack_bf16(const float *values, uint16_t *stored, int64_t count)
{
    INDEPENDENT
    for (int64_t i = 0; i < count; i++)
        stored[i] = (uint16_t)(wide_bits(values[i]) >> 16);
}

VECTOR_CLONES
static void pack_16(Layout layout, const float *values, uint16_t *stored, int64_t count)
{
    INDEPENDENT
    for (int64_t i = 0; i < count; i++)
        stored[i] = (uint16_t)narrow_bits(&layout, values[i]);
}

VECTOR_CLONES
static void pack_8(Layout layout, const float *values, uint8_t *stored, int64_t count)
{
    INDEPENDENT
    for (int64_t i = 0; i < count; i++)
        stored[i] = (uint8_t)narrow_bits(&layout, values[i]);
}

void bits_pack(Format format, const float *values, void *stored, int64_t count)
{
    if (format_table[format].bits == 32)
        pack_32(values, stored, count);
    else if (format == FORMAT_BF16)
        pack_bf16(values, stored, count);
    else if (format_table[format].bits == 16)
        pack_16(layout_of(format), values, stored, count);
    else
        pack_8(layout_of(format), values, stored, count);
}

VECTOR_CLONES
static void unpack_32(const uint32_t *stored, float *values, int64_t count)
{
    INDEPENDENT
    for (int64_t i = 0; i < count; i++)
        values[i] = wide_value(stored[i]);
}

VECTOR_CLONES
static void unpack_bf16(const uint16_t *stored, float *values, int64_t count)
{
    INDEPENDENT
    for (int64_t i = 0; i < count; i++)
        values[i] = wide_value((uint32_t)stored[i] << 16);
}

VECTOR_CLONES
static void unpack_16(Layout layout, const uint16_t *stored, float *values, int64_t count)
{
    INDEPENDENT
    for (int64_t i = 0; i < count; i++)
        values[i] = narrow_value(&layout, stored[i]);
}

VECTOR_CLONES
static void unpack_8(Layout layout, const uint8_t *stored, float *values, int64_t count)
{
    INDEPENDENT
    for (int64_t i = 0; i < count; i++)
        values[i] = narrow_value(&layout, stored[i]);
}

void bits_unpack(Format format, const void *stored, float *values, int64_t count)
{
    if (format_table[format].bits == 32)
        unpack_32(stored, values, count);
    else if (format == FORMAT_BF16)
        unpack_bf16(stored, values, count);
    else if (format_table[format].bits == 16)
        unpack_16(layout_of(format), stored, values, count);
    else
        unpack_8(layout_of(format), stored, values, count);
}

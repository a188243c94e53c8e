#include "numerics/round.h"

#include "numerics/edges.h"
#include "numerics/vector.h"

VECTOR_CLONES
static void round_all_wide(Edges edges, const float *in, float *out, int64_t count)
{
    INDEPENDENT
    for (int64_t i = 0; i < count; i++)
        out[i] = round_wide(&edges, in[i]);
}

VECTOR_CLONES
static void round_all_narrow(Edges edges, const float *in, float *out, int64_t count)
{
    INDEPENDENT
    for (int64_t i = 0; i < count; i++)
        out[i] = round_narrow(&edges, in[i]);
}

Overflow format_overflow(Format format)
{
    return format_table[format].bits == 8 ? OVERFLOW_SATURATE : OVERFLOW_INFINITY;
}

float round_to(Format format, Overflow overflow, float value)
{
    Edges edges = edges_of(format, overflow);

    if (format == FORMAT_FP32)
        return value;
    return format_is_wide(format) ? round_wide(&edges, value) : round_narrow(&edges, value);
}

void round_array(Format format, Overflow overflow, const float *in, float *out, int64_t count)
{
    if (format == FORMAT_FP32)
        memmove(out, in, (size_t)count * sizeof *out);
    else if (format_is_wide(format))
        round_all_wide(edges_of(format, overflow), in, out, count);
    else
        round_all_narrow(edges_of(format, overflow), in, out, count);
}

#include "oracle.h"

#ifdef HALFSTEP_HAVE_CUDA_HEADERS
#    include <cuda_fp8.h>
#endif
#ifdef __x86_64__
#    include <cpuid.h>
#    include <immintrin.h>
#endif

const Case cases[] = {
    {"tf32", FORMAT_TF32, OVERFLOW_INFINITY},     {"fp16", FORMAT_FP16, OVERFLOW_INFINITY},
    {"bf16", FORMAT_BF16, OVERFLOW_INFINITY},     {"e4m3 nosat", FORMAT_E4M3, OVERFLOW_INFINITY},
    {"e4m3 sat", FORMAT_E4M3, OVERFLOW_SATURATE}, {"e5m2 nosat", FORMAT_E5M2, OVERFLOW_INFINITY},
    {"e5m2 sat", FORMAT_E5M2, OVERFLOW_SATURATE}, {NULL, FORMAT_FP32, OVERFLOW_INFINITY},
};

static void cast_slowly(const Case *which, const float *in, uint32_t *patterns, int count)
{
    for (int i = 0; i < count; i++)
        patterns[i] = reference_pattern(which->format, which->overflow, as_bits(in[i]));
}

#ifdef __x86_64__
/* Not every compiler's __builtin_cpu_supports knows the name f16c. */
static bool has_f16c(void)
{
    unsigned eax, ebx, ecx = 0, edx;

    return __builtin_cpu_supports("avx") && __get_cpuid(1, &eax, &ebx, &ecx, &edx) &&
           (ecx & bit_F16C);
}

__attribute__((target("f16c"))) static void cast_f16c(const Case *which, const float *in,
                                                      uint32_t *patterns, int count)
{
    (void)which;
    for (int i = 0; i < count; i++)
        patterns[i] = _cvtss_sh(in[i], _MM_FROUND_TO_NEAREST_INT);
}
#endif

#ifdef HALFSTEP_HAVE_CUDA_BF16
void cuda_bf16_cast(const float *in, uint32_t *patterns, int count);

static void cast_cuda_bf16(const Case *which, const float *in, uint32_t *patterns, int count)
{
    (void)which;
    cuda_bf16_cast(in, patterns, count);
}
#endif

#ifdef HALFSTEP_HAVE_CUDA_HEADERS
static void cast_cuda_fp8(const Case *which, const float *in, uint32_t *patterns, int count)
{
    __nv_saturation_t saturation =
        which->overflow == OVERFLOW_SATURATE ? __NV_SATFINITE : __NV_NOSAT;
    __nv_fp8_interpretation_t format = which->format == FORMAT_E4M3 ? __NV_E4M3 : __NV_E5M2;

    for (int i = 0; i < count; i++)
        patterns[i] = __nv_cvt_float_to_fp8(in[i], saturation, format);
}
#endif

Oracle oracle_of(const Case *which)
{
    Oracle oracle = {"whole numbers", cast_slowly};

#ifdef __x86_64__
    if (which->format == FORMAT_FP16 && has_f16c())
        oracle = (Oracle){"F16C", cast_f16c};
#endif
#ifdef HALFSTEP_HAVE_CUDA_BF16
    if (which->format == FORMAT_BF16)
        oracle = (Oracle){"cuda_bf16.h", cast_cuda_bf16};
#endif
#ifdef HALFSTEP_HAVE_CUDA_HEADERS
    if (references[which->format].bits == 8)
        oracle = (Oracle){"cuda_fp8.h", cast_cuda_fp8};
#endif
    return oracle;
}

bool oracle_is_nan(Format format, uint32_t pattern)
{
    const Reference *reference = &references[format];
    uint32_t magnitude = pattern & ((1u << (reference->bits - 1)) - 1);

    return magnitude > reference->largest + (format_table[format].has_infinity ? 1 : 0);
}

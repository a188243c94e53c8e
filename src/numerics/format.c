#include "numerics/format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const FormatInfo format_table[FORMAT_COUNT] = {
    [FORMAT_FP32] =
        {
            .name = "fp32",
            .title = "single precision (IEEE binary32)",
            .bits = 32,
            .exponent_bits = 8,
            .mantissa_bits = 23,
            .max_exponent = 127,
            .min_exponent = -126,
            .least_exponent = -149,
            .max = 0x1.FFFFFEp127,
            .overflow_from = HUGE_VAL,
            .min_normal = 0x1p-126,
            .min_subnormal = 0x1p-149,
            .zero_upto = 0.0,
            .normal_from = 0x1p-126,
            .has_infinity = true,
        },
    [FORMAT_TF32] =
        {
            .name = "tf32",
            .title = "TensorFloat-32 (the range of fp32, the precision of fp16)",
            .bits = 32,
            .exponent_bits = 8,
            .mantissa_bits = 10,
            .max_exponent = 127,
            .min_exponent = -126,
            .least_exponent = -136,
            .max = 0x1.FFCp127,
            .overflow_from = 0x1.FFEp127,
            .min_normal = 0x1p-126,
            .min_subnormal = 0x1p-136,
            .zero_upto = 0x1p-137,
            .normal_from = 0x1.FFCp-127,
            .has_infinity = true,
        },
    [FORMAT_FP16] =
        {
            .name = "fp16",
            .title = "half precision (IEEE binary16)",
            .bits = 16,
            .exponent_bits = 5,
            .mantissa_bits = 10,
            .max_exponent = 15,
            .min_exponent = -14,
            .least_exponent = -24,
            .max = 65504.0,
            .overflow_from = 65520.0,
            .min_normal = 0x1p-14,
            .min_subnormal = 0x1p-24,
            .zero_upto = 0x1p-25,
            .normal_from = 0x1.FFCp-15,
            .has_infinity = true,
        },
    [FORMAT_BF16] =
        {
            .name = "bf16",
            .title = "bfloat16 (the range of fp32 in 16 bits)",
            .bits = 16,
            .exponent_bits = 8,
            .mantissa_bits = 7,
            .max_exponent = 127,
            .min_exponent = -126,
            .least_exponent = -133,
            .max = 0x1.FEp127,
            .overflow_from = 0x1.FFp127,
            .min_normal = 0x1p-126,
            .min_subnormal = 0x1p-133,
            .zero_upto = 0x1p-134,
            .normal_from = 0x1.FEp-127,
            .has_infinity = true,
        },
    [FORMAT_E4M3] =
        {
            .name = "e4m3",
            .title = "fp8 for values (OCP E4M3)",
            .bits = 8,
            .exponent_bits = 4,
            .mantissa_bits = 3,
            .max_exponent = 8,
            .min_exponent = -6,
            .least_exponent = -9,
            .max = 448.0,
            .overflow_from = 0x1.D00002p8, /* 464 is a tie, and 448 is its even side */
            .min_normal = 0x1p-6,
            .min_subnormal = 0x1p-9,
            .zero_upto = 0x1p-10,
            .normal_from = 0x1.Ep-7,
            .has_infinity = false,
        },
    [FORMAT_E5M2] =
        {
            .name = "e5m2",
            .title = "fp8 for gradients (OCP E5M2)",
            .bits = 8,
            .exponent_bits = 5,
            .mantissa_bits = 2,
            .max_exponent = 15,
            .min_exponent = -14,
            .least_exponent = -16,
            .max = 57344.0,
            .overflow_from = 61440.0,
            .min_normal = 0x1p-14,
            .min_subnormal = 0x1p-16,
            .zero_upto = 0x1p-17,
            .normal_from = 0x1.Cp-15,
            .has_infinity = true,
        },
};

const char *format_name(Format format)
{
    return format_table[format].name;
}

const char *format_step_name(Format format)
{
    return format_table[format].bits == 8 ? "fp8" : format_name(format);
}

static void list_names(char *text, size_t room)
{
    size_t used = 0;

    for (int f = 0; f < FORMAT_COUNT && used < room; f++)
        used +=
            (size_t)snprintf(text + used, room - used, "%s%s", f ? ", " : "", format_table[f].name);
}

Status format_parse(const char *name, Format *format)
{
    char names[64];

    for (int f = 0; f < FORMAT_COUNT; f++) {
        if (strcmp(name, format_table[f].name) == 0) {
            *format = (Format)f;
            return ok();
        }
    }
    list_names(names, sizeof names);
    return fail(STATUS_USAGE, "there is no format \"%.40s\"; there are %s", name, names);
}

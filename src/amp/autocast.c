#include "amp/autocast.h"

#include <string.h>

Format autocast_result(Format low)
{
    return low == FORMAT_TF32 ? FORMAT_FP32 : format_is_fp8(low) ? FORMAT_BF16 : low;
}

Status autocast_parse(const char *name, Format *low)
{
    Format format = FORMAT_E4M3;

    if (strcmp(name, "fp8") != 0)
        TRY(format_parse(name, &format));
    if (format_is_fp8(format) && strcmp(name, "fp8") != 0)
        return fail(STATUS_USAGE, "%s is one of the two formats that autocast fp8 takes; say fp8",
                    name);
    *low = format;
    return ok();
}

Format autocast_forced(const Builder *builder)
{
    return builder->forces ? autocast_result(builder->low) : FORMAT_FP32;
}

Format autocast_format(const Builder *builder, OpClass class, Format arrives)
{
    if (builder->keeps || builder->forces)
        return autocast_forced(builder);
    switch (class) {
    case OP_CLASS_PRODUCT:
        return autocast_result(builder->low);
    case OP_CLASS_INPUT:
        return arrives;
    case OP_CLASS_FP32:
        break;
    }
    return FORMAT_FP32;
}

static ValueId copy_of(const Builder *builder, ValueId value, Format format)
{
    const Program *program = builder->program;

    for (int i = 0; i < program->value_count; i++)
        if (program->values[i].source == value && program->values[i].format == format)
            return i;
    return NO_VALUE;
}

/* The cast sees what the store before it wrote: counting both would count the same values twice. */
static void leave_counting_to_the_cast(Builder *builder, ValueId value)
{
    Program *program = builder->program;

    for (int i = 0; i < program->instr_count; i++)
        if (program->instrs[i].out == value)
            program->instrs[i].counted = false;
}

/* A scale for the cast, from the tensor and its history. */
static ValueId scale_of(Builder *builder, ValueId value, Format format)
{
    const int64_t numbers[] = {FP8_NUMBERS}, history[] = {builder->fp8.history + 1};
    char name[VALUE_NAME];
    ValueId scale, seen;
    Instr *instr;

    memcpy(name, builder_get(builder, value)->name, sizeof name);
    scale = builder_value(builder, ROLE_SCALAR, FORMAT_FP32, 1, numbers, "%.37s.fp8_scale", name);
    seen = builder_value(builder, ROLE_HISTORY, FORMAT_FP32, 1, history, "%.38s.fp8_amax", name);
    instr = builder_emit(builder, OP_FP8_SCALE, scale, value, seen, NO_VALUE);
    instr->constants[FP8_HOW] = builder->fp8.scaling;
    instr->constants[FP8_MARGIN] =
        builder->fp8.scaling == FP8_SCALING_DELAYED ? (double)builder->fp8.margin : 0.0;
    instr->constants[FP8_FORMAT] = format;
    return scale;
}

ValueId autocast_to(Builder *builder, ValueId value, Format format)
{
    ValueId copy = copy_of(builder, value, format);
    char name[VALUE_NAME];

    if (builder_get(builder, value)->format == format)
        return value;
    if (copy != NO_VALUE)
        return copy;
    memcpy(name, builder_get(builder, value)->name, sizeof name);
    copy = builder_like(builder, value, ROLE_COPY, format, "%.40s.%s", name, format_name(format));
    builder->program->values[copy].source = value;
    if (format == FORMAT_FP32) { /* exact: it was rounded, and counted, before */
        builder_emit(builder, OP_CAST, copy, value, NO_VALUE, NO_VALUE);
        return copy;
    }
    leave_counting_to_the_cast(builder, value);
    if (format_is_fp8(format))
        builder_emit_counted(builder, OP_CAST_FP8, copy, value, scale_of(builder, value, format),
                             NO_VALUE);
    else
        builder_emit_counted(builder, OP_CAST, copy, value, NO_VALUE, NO_VALUE);
    return copy;
}

ValueId autocast_low(Builder *builder, ValueId value)
{
    bool grad = builder_get(builder, value)->role == ROLE_ACTIVATION_GRAD;
    Format low = format_is_fp8(builder->low) && grad ? builder->fp8.backward : builder->low;

    return autocast_to(builder, value, builder->keeps ? FORMAT_FP32 : low);
}

ValueId autocast_inner(Builder *builder, ValueId value)
{
    Format low = builder->low;

    if (builder->keeps || !format_is_fp8(low))
        return autocast_low(builder, value);
    return autocast_to(builder, value, autocast_result(low));
}

ValueId autocast_addend(Builder *builder, ValueId value)
{
    return autocast_to(builder, value, autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32));
}

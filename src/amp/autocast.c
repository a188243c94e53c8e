#include "amp/autocast.h"

#include <string.h>

Format autocast_result(Format low)
{
    return low == FORMAT_TF32 ? FORMAT_FP32 : low;
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

static ValueId in_format(Builder *builder, ValueId value, Format format)
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
    builder_emit_counted(builder, OP_CAST, copy, value, NO_VALUE, NO_VALUE);
    return copy;
}

ValueId autocast_low(Builder *builder, ValueId value)
{
    return in_format(builder, value, builder->keeps ? FORMAT_FP32 : builder->low);
}

ValueId autocast_addend(Builder *builder, ValueId value)
{
    return in_format(builder, value, autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32));
}

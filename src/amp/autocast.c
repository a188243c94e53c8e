#include "amp/autocast.h"

#include <string.h>

Format autocast_format(const Builder *builder, OpClass class, Format arrives)
{
    switch (class) {
    case OP_CLASS_PRODUCT:
        return builder->low == FORMAT_TF32 ? FORMAT_FP32 : builder->low;
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
    leave_counting_to_the_cast(builder, value);
    builder_emit_counted(builder, OP_CAST, copy, value, NO_VALUE, NO_VALUE);
    return copy;
}

ValueId autocast_low(Builder *builder, ValueId value)
{
    return autocast_to(builder, value, builder->low);
}

ValueId autocast_addend(Builder *builder, ValueId value)
{
    return autocast_to(builder, value, autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32));
}

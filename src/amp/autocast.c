#include "amp/autocast.h"

#include <string.h>

Format autocast_format(const Builder *builder, OpClass class, Format arrives)
{
    switch (class) {
    case OP_CLASS_PRODUCT:
        return builder->low;
    case OP_CLASS_INPUT:
        return arrives;
    case OP_CLASS_FP32:
        break;
    }
    return FORMAT_FP32;
}

static ValueId copy_of(const Builder *builder, ValueId value)
{
    const Program *program = builder->program;

    for (int i = 0; i < program->value_count; i++)
        if (program->values[i].source == value && program->values[i].format == builder->low)
            return i;
    return NO_VALUE;
}

ValueId autocast_low(Builder *builder, ValueId value)
{
    ValueId copy = copy_of(builder, value);
    char name[VALUE_NAME];

    if (builder_get(builder, value)->format == builder->low)
        return value;
    if (copy != NO_VALUE)
        return copy;
    memcpy(name, builder_get(builder, value)->name, sizeof name);
    copy = builder_like(builder, value, ROLE_COPY, builder->low, "%.40s.%s", name,
                        format_name(builder->low));
    builder->program->values[copy].source = value;
    builder_emit_counted(builder, OP_CAST, copy, value, NO_VALUE, NO_VALUE);
    return copy;
}

#include "nn/linear.h"

#include "amp/autocast.h"

enum { WEIGHT, BIAS };

void linear_emit(Builder *builder, ValueId out, ValueId in, const ValueId *params)
{
    ValueId x = autocast_low(builder, in), weight = autocast_low(builder, params[WEIGHT]);
    ValueId bias = autocast_addend(builder, params[BIAS]);

    builder_emit_counted(builder, OP_LINEAR, out, x, weight, bias);
}

void linear_emit_gradients(Builder *builder, ValueId din, ValueId dout, ValueId in,
                           const ValueId *params)
{
    ValueId x = autocast_low(builder, in), dlow = autocast_low(builder, dout);
    ValueId weight = autocast_low(builder, params[WEIGHT]);
    Format format = autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32);
    ValueId dw = layer_param_grad(builder, params[WEIGHT], format);
    ValueId db = layer_param_grad(builder, params[BIAS], format);

    if (din != NO_VALUE) {
        ValueId dx = layer_product_grad(builder, din);

        builder_emit_counted(builder, OP_LINEAR_DX, dx, dlow, weight, NO_VALUE);
        (void)layer_widened(builder, dx);
    }
    builder_emit_counted(builder, OP_LINEAR_DW, dw, dlow, x, NO_VALUE);
    builder_emit_counted(builder, OP_LINEAR_DB, db, dout, NO_VALUE, NO_VALUE);
}

/* What the two pooling layers have in common: square windows that lie side by side, and of which those
 * that would stand over the edge are left out.
 */
#ifndef NN_POOLING_H
#define NN_POOLING_H

#include "nn/layer.h"

/* (c, h, w) -> (c, h / side, w / side). Fails: STATUS_SHAPE: no places, or no window has room. */
Status pooling_shape(const LayerSpec *spec, const char *typed, Shape *shape) MUST_CHECK;

/* The result in the format that comes, named LAYER.out. */
ValueId pooling_emit(Builder *builder, const Layer *layer, OpKind op, ValueId in);

/* The gradient of what came, from `dout` and `saved` (NO_VALUE: the op reads only `dout`). */
ValueId pooling_emit_slope(Builder *builder, Layer *layer, OpKind op, ValueId dout, ValueId saved);

#endif

/* The instructions of out = in W^T + b and its gradients, for every layer that has such products. */
#ifndef NN_LINEAR_H
#define NN_LINEAR_H

#include "nn/layer.h"

/* `out`: a value of the result's shape and format. `params`: masters of W and b. */
void linear_emit(Builder *builder, ValueId out, ValueId in, const ValueId *params);

/* From the gradient of `out` those of W and b, and into `din` that of `in`; NO_VALUE: it is not needed. */
void linear_emit_gradients(Builder *builder, ValueId din, ValueId dout, ValueId in,
                           const ValueId *params);

#endif

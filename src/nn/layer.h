/* A layer is one file in nn/layers that ends in one const LayerKind. It reads like the textbook and
 * computes nothing: forward and backward emit instructions.
 */
#ifndef NN_LAYER_H
#define NN_LAYER_H

#include "nn/net.h"
#include "program/builder.h"

enum { LAYER_PARAMS = 2 };

typedef struct Layer Layer;

typedef struct LayerKind {
    const char *name;
    const char *text;  /* one line of help */
    const char *stem;  /* its instances are named stem1, stem2, ...: "fc" */
    const char *torch; /* the same in PyTorch, with {in} and {out} numbers; NULL: it has none */
    bool activation;   /* may stand between the widths of the short form */
    bool takes_width;  /* `linear 128` */

    /* Declares the parameters for an input of this shape and casts them. NULL: has none. */
    void (*declare)(Builder *builder, Layer *layer, const Value *in);
    ValueId (*forward)(Builder *builder, Layer *layer, ValueId in);
    /* `dout` has the shape of the output; NO_VALUE is returned where `needed` is false, for the
     * first layer's input needs no gradient. */
    ValueId (*backward)(Builder *builder, Layer *layer, ValueId dout, bool needed);
} LayerKind;

/* One layer of a network while its program is emitted. */
struct Layer {
    const LayerKind *kind;
    char name[NET_NAME]; /* "fc1" */
    int64_t width;
    ValueId params[LAYER_PARAMS]; /* masters */
    ValueId in, out;              /* as forward saw and made them */
};

/* The list: adding a layer is one file, one word here, one test. */
#define LAYERS(X) X(linear) X(relu) X(gelu) X(tanh) X(flatten)

#define DECLARE_LAYER(name) extern const LayerKind name##_layer;
LAYERS(DECLARE_LAYER)
#undef DECLARE_LAYER

extern const LayerKind *const layer_table[]; /* ends in NULL */

const LayerKind *layer_find(const char *name); /* NULL: there is none */

/* For activations: the result has the input's shape and format and is named LAYER.out. */
ValueId layer_emit_activation(Builder *builder, Layer *layer, OpKind op, ValueId in);

/* The gradient of an activation from `dout` and `saved`: its input, or its output. */
ValueId layer_emit_slope(Builder *builder, Layer *layer, OpKind op, ValueId dout, ValueId saved);

/* The gradient value of `value`, in its shape and in the format its cast has: NAME.grad. */
ValueId layer_grad(Builder *builder, ValueId value);

#endif

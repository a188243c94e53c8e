/* A layer is one file in nn/layers that ends in one const LayerKind. It reads like the textbook and
 * computes nothing: forward and backward emit instructions.
 */
#ifndef NN_LAYER_H
#define NN_LAYER_H

#include "nn/net.h"
#include "program/builder.h"

enum { LAYER_PARAMS = 4, LAYER_SAVED = 4, SHAPE_RANK = VALUE_RANK - 1, SHAPE_TEXT = 48 };

/* One example as it comes to a layer: a row of numbers, a sequence (time, width), or (channels, height,
 * width); or characters, which only an embedding takes. */
typedef struct Shape {
    int64_t size[SHAPE_RANK];
    int rank;
    bool places; /* a layer that works on places made it, and only flatten makes a row of it */
    int64_t characters; /* above 0: size[0] characters of so many kinds; 0: numbers */
} Shape;

typedef struct Layer Layer;

typedef struct LayerKind {
    const char *name;
    const char *text; /* one line of help */
    const char *stem; /* its instances are named stem1, stem2, ...: "fc" */
    /* The same in PyTorch; {in}, {out}, {width}, {rate}, {kernel}, {stride}, {pad} and {places} (1 or 2 of them) are numbers. NULL: it has
     * none. */
    const char *torch;
    const char
        *torch_class;   /* what of it a script must define, for PyTorch has it not; NULL: nothing */
    bool activation;    /* may stand between the widths of the short form */
    const char *number; /* what stands behind its name: "width" in `linear 128`; NULL: nothing */
    const char *usual;  /* such a number: "128" */
    bool ends;          /* as the last layer it may go without: as many as the data has classes */
    bool slides;        /* takes k=, stride= and pad= */
    bool embeds;        /* takes characters, and nothing else */
    bool drops;         /* the number behind its name is a share from 0 to less than 1 */
    bool block;         /* takes layers, in parentheses */

    /* Makes of the shape that comes what goes on. Fails: STATUS_SHAPE: it cannot take this one; `typed`
     * is the layer as it was typed. NULL: takes any, and leaves it as it is. */
    Status (*shape)(const LayerSpec *spec, const char *typed, Shape *shape);
    /* Declares the parameters for what comes, and casts them. NULL: has none. */
    void (*declare)(Builder *builder, Layer *layer);
    ValueId (*forward)(Builder *builder, Layer *layer, ValueId in);
    /* `dout` has the shape of the output; NO_VALUE is returned where `needed` is false, for the
     * first layer's input needs no gradient. Of a block also `dout` may be NO_VALUE. */
    ValueId (*backward)(Builder *builder, Layer *layer, ValueId dout, bool needed);
} LayerKind;

/* One layer of a network while its program is emitted. */
struct Layer {
    const LayerKind *kind;
    char name[NET_NAME]; /* "fc1" */
    LayerSpec spec;
    Shape from, to; /* what comes, and what goes on */
    int place;      /* among all layers */
    bool below;     /* something is trained before it, so its input needs a gradient */
    bool shared;    /* what comes goes elsewhere too: its gradient is a sum */
    bool held_out;  /* nothing is trained: what only training does is left out */
    ValueId params[LAYER_PARAMS]; /* masters */
    ValueId running[2];           /* masters that nothing trains: of batchnorm, mean and variance */
    ValueId moments[2];           /* those of the batch */
    ValueId in, out;              /* as forward saw and made them */
    ValueId saved[LAYER_SAVED];   /* what else forward made, for backward */

    Layer *begin, *shortcut, *end; /* of a block's parts: the others; NULL */
    ValueId grad;                  /* of a block's parts: what came back to them */
};

/* The list: adding a layer is one file, one word here, one test. */
#define LAYERS(X) \
    X(linear) \
    X(relu) \
    X(gelu) \
    X(tanh) \
    X(conv) \
    X(pool) \
    X(avgpool) \
    X(flatten) \
    X(layernorm) \
    X(batchnorm) \
    X(dropout) \
    X(embedding) \
    X(position) \
    X(attention) \
    X(residual)

#define DECLARE_LAYER(name) extern const LayerKind name##_layer;
LAYERS(DECLARE_LAYER)
#undef DECLARE_LAYER

extern const LayerKind *const layer_table[]; /* ends in NULL */

const LayerKind *layer_find(const char *name); /* NULL: there is none */

int64_t shape_count(const Shape *shape); /* of numbers in it */

/* Numbers of a row: of each place of a sequence, else of all. */
int64_t shape_width(const Shape *shape);

bool shape_same(const Shape *a, const Shape *b); /* but for `places` */

/* "1 x 28 x 28", "128 x 64", "784 numbers", "128 characters". Returns `text`. */
const char *shape_print(const Shape *shape, char text[SHAPE_TEXT]);

/* For layers that work on places: they need channels, height and width. Fails: STATUS_SHAPE. */
Status shape_needs_places(const Shape *shape, const char *typed) MUST_CHECK;

/* What goes on from a layer. Fails: STATUS_SHAPE: the layer cannot take this, in the learner's words. */
Status layer_shape(const LayerSpec *spec, Shape *shape) MUST_CHECK;

/* A value of a batch of `layer->to`, named LAYER.out. */
ValueId layer_result(Builder *builder, const Layer *layer, Format format);

/* A parameter of a layer, named LAYER.NAME. `fan_in` as in Param. */
ValueId layer_declare(Builder *builder, const Layer *layer, const char *name, int rank,
                      const int64_t *shape, int64_t fan_in);

/* Weight and bias of a layer of products, declared and cast. `weight`: the shape of the weight, whose
 * first size is that of the bias. */
void layer_declare_product(Builder *builder, Layer *layer, int rank, const int64_t *weight);

/* The gradient of a parameter: NAME.grad. `format`: as autocast casts the parameter; where its layer is
 * kept in fp32, the gradient has the format of the parameter itself. */
ValueId layer_param_grad(Builder *builder, ValueId master, Format format);

/* What a product writes the gradient `wide` of its operand into, and, behind that, the gradient itself: they
 * differ where the operand was wider and the product took its cast, whose gradient is rounded as the cast
 * is. */
ValueId layer_product_grad(Builder *builder, ValueId wide);
ValueId layer_widened(Builder *builder, ValueId grad);

/* For activations: the result has the input's shape and format and is named LAYER.out. */
ValueId layer_emit_activation(Builder *builder, Layer *layer, OpKind op, ValueId in);

/* The gradient of an activation from `dout` and `saved`: its input, or its output. */
ValueId layer_emit_slope(Builder *builder, Layer *layer, OpKind op, ValueId dout, ValueId saved);

/* The gradient value of `value`, in its shape and format: NAME.grad. */
ValueId layer_grad(Builder *builder, ValueId value);

/* That of what came to the layer; where it is shared, the layer's part of it: NAME.grad.LAYER. */
ValueId layer_in_grad(Builder *builder, const Layer *layer);

#endif

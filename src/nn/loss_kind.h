/* A loss is one file in nn/losses that ends in one const LossKind. */
#ifndef NN_LOSS_KIND_H
#define NN_LOSS_KIND_H

#include "nn/loss.h"
#include "program/builder.h"

typedef struct LossValues {
    ValueId loss;  /* one fp32 number, made by whoever emits */
    ValueId saved; /* NO_VALUE: nothing */
} LossValues;

typedef struct LossKind {
    const char *name;
    const char *text;
    const char *torch; /* of `logits` and `target` in an exported script; NULL: PyTorch has none */
    bool classes;      /* its targets are labels, not numbers */

    /* Forward, into `out->loss`; may keep in `out->saved` what backward needs. */
    void (*forward)(Builder *builder, ValueId logits, ValueId target, LossValues *out);
    /* The gradient of the logits, times loss weight and scale. */
    ValueId (*backward)(Builder *builder, ValueId logits, ValueId target, const LossValues *out);
} LossKind;

/* The list: adding a loss is one file, one word here, one test. */
#define LOSSES(X) X(cross_entropy) X(mse)

#define DECLARE_LOSS(name) extern const LossKind name##_loss;
LOSSES(DECLARE_LOSS)
#undef DECLARE_LOSS

extern const LossKind *const loss_table[]; /* ends in NULL */

const LossKind *loss_find(const char *name); /* NULL: there is none */

/* A name of the table and a weight that is a finite float above 0. Fails: STATUS_USAGE. */
Status loss_check(const LossSpec *spec) MUST_CHECK;

/* "cross-entropy", "mse weight=1e-4". Returns `text`. */
const char *loss_print(const LossSpec *spec, char *text, int room);

#endif

/* How nn, amp and optim write a Program: values first, then instructions that use them.
 *
 * A mistake in shapes does not stop the writing; program_verify finds it and says it in words.
 */
#ifndef PROGRAM_BUILDER_H
#define PROGRAM_BUILDER_H

#include "program/program.h"

/* Which stores are counted: of values, and of the copies that casts make of them. */
typedef enum ProbeSet {
    PROBE_OFF,          /* none */
    PROBE_ON,           /* every store that rounds */
    PROBE_WEIGHT_GRADS, /* gradients of parameters */
    PROBE_GRADS,        /* those and gradients of activations */
    PROBE_UPDATES,      /* as PROBE_ON; and how far a step moves the parameters is measured */
} ProbeSet;

extern const char *const probe_set_names[]; /* as typed, by ProbeSet; ends in NULL */

typedef struct Builder {
    Program *program; /* borrowed */
    Phase phase;      /* of the instructions emitted now */
    Format low;       /* what autocast casts operands of products to; fp32: nothing */
    ProbeSet probes;  /* what stores do is counted here */
    bool
        low_weights; /* parameters are kept in `low` itself, where that is fp16 or bf16: no masters */
    WeightRounding rounding; /* of such parameters */
    const char *also;        /* and of these values, a line each; NULL: of no others */
    Fp8Spec fp8;             /* where `low` is e4m3 */
    unsigned keep, force;    /* departures from autocast's policy (amp/policy.h) */
    bool unstable;           /* a forced softmax leaves the largest number in */
    bool keeps, forces;      /* what is emitted now is among them */
} Builder;

/* A value of the given shape; `fmt` makes its name. */
ValueId builder_value(Builder *builder, Role role, Format format, int rank, const int64_t *shape,
                      const char *fmt, ...) PRINTF_LIKE(6, 7);

/* A value of the same shape as `like`. */
ValueId builder_like(Builder *builder, ValueId like, Role role, Format format, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

/* What parameters are kept in: fp32, but for low weights. */
Format builder_weights(const Builder *builder);

/* A trained parameter: a master of this shape, named NAME (its gradient is told by builder_grad). */
ValueId builder_param(Builder *builder, int rank, const int64_t *shape, int64_t fan_in,
                      const char *name);
void builder_fan_out(Builder *builder, ValueId master, int64_t fan_out);
void builder_grad(Builder *builder, ValueId master, ValueId grad);

const Value *builder_get(const Builder *builder, ValueId id);

/* Appends an instruction; unused operands are NO_VALUE. Borrowed until the next one. */
Instr *builder_emit(Builder *builder, OpKind op, ValueId out, ValueId in0, ValueId in1,
                    ValueId in2);

/* The same for a store that rounds: counted where the result belongs to the builder's probes. */
Instr *builder_emit_counted(Builder *builder, OpKind op, ValueId out, ValueId in0, ValueId in1,
                            ValueId in2);

#endif

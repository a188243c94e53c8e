/* Which operation runs in which format, as PyTorch's CUDA autocast has it, and how a learner departs
 * from it: `keep` holds operations in fp32 that would go low, `force` runs some in the low format that
 * belong in fp32, which is a mistake made on purpose.
 *
 * Source: aten/src/ATen/autocast_mode.h, the lists of CUDA.
 */
#ifndef AMP_POLICY_H
#define AMP_POLICY_H

#include "program/builder.h"

typedef enum OpClass {
    OP_CLASS_PRODUCT, /* linear: operands are cast to the low format */
    OP_CLASS_INPUT,   /* relu, gelu, tanh: as the input arrives */
    OP_CLASS_FP32,    /* losses, layernorm: reads are widened, which is exact */
} OpClass;

/* An operation that has a row of its own. A layer's row has the layer's name. */
typedef struct PolicyRow {
    const char *name;  /* as keep= and force= take it */
    const char *torch; /* PyTorch's name of it */
    const char *list;  /* PyTorch's list that it stands in; "-": in none */
    OpClass class;
    bool own_result; /* computed in fp32, but stored as its input arrives */
    bool keeps;      /* keep= takes it */
    bool forces;     /* force= takes it */
    const char *why; /* at most 25 columns: a row of `show autocast` fits into 80 */
} PolicyRow;

extern const PolicyRow policy_table[]; /* ends in a row of NULLs */

/* Sets of rows: bit `i` is row `i`. Zeros are PyTorch's policy. */
typedef struct Policy {
    unsigned keep, force;
    bool unstable; /* a forced softmax does not take off the largest number before exp */
} Policy;

/* Reads "softmax,layernorm", or "none", a value of keep=, or of force= (`forced`), into `set`. Fails:
 * STATUS_USAGE, naming the word. */
Status policy_parse(const char *names, bool forced, unsigned *set) MUST_CHECK;

/* What would be typed behind `autocast FORMAT` to get this, each with a blank before; nothing for
 * PyTorch's policy. */
void policy_print(const Policy *policy, Text *text);

/* `name` is a row of the table, and forced. */
bool policy_forces(const Policy *policy, const char *name);

/* Both sets are about a format that there is: `result` is what products give under autocast, `low` what
 * they take. Fails: STATUS_USAGE. */
Status policy_check(const Policy *policy, Format low, Format result) MUST_CHECK;

/* What is emitted from here on belongs to the row of this name; NULL, or a name that has none: to
 * none. */
void policy_begin(Builder *builder, const char *name);

#endif

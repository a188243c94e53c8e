/* Optimizers, their settings at PyTorch's defaults.
 *
 * They compute in fp32, and round once when they store. State kept in a low format (`states=`) is rounded
 * before the step is taken from it, and Adam's denominator sqrt(v) + eps is then rounded to that format
 * too, as PyTorch holds it in a tensor of v's format: in fp16 an eps of 1e-8 is 0, so that where v
 * underflowed the step is m/0 or 0/0. (PyTorch's fused kernels hold the denominator in fp32.)
 *
 * Source: torch/optim/{sgd,adam,adamw}.py, the single-tensor forms; ops are done in their order.
 */
#ifndef OPTIM_OPTIM_H
#define OPTIM_OPTIM_H

#include "program/builder.h"

enum { OPTIM_NAME = 16 };

typedef struct OptimSpec {
    char kind[OPTIM_NAME]; /* a name of the optimizer table: "sgd", "momentum", "adam", "adamw" */
    double lr;
    double momentum; /* momentum: 0.9 */
    double beta1, beta2, eps;
    double weight_decay; /* adamw: decoupled, 0.01; others: added to the gradient, 0 */
    Format states;       /* what momenta and moments are kept in: fp32, fp16 or bf16 */
} OptimSpec;

typedef struct Optimizer {
    const char *name;
    const char *text;          /* one line of help */
    const char *const *states; /* PyTorch's names of its state tensors, ends in NULL */
    const char *options;       /* what it takes besides lr= and weight_decay=: "beta1= eps= " */
    const char *torch;         /* the same in PyTorch, {lr} and the like the settings' numbers */
    const char *torch_cuda;    /* its options on CUDA; `graph` says whether in a CUDA graph */
    OpKind op;                 /* the instruction that updates one parameter */
    double lr;                 /* the default learning rate */
    double weight_decay;       /* the default */
} Optimizer;

/* The list: adding an optimizer is one file, one word here, an op, one test. */
#define OPTIMIZERS(X) X(sgd) X(momentum) X(adam) X(adamw)

#define DECLARE_OPTIMIZER(name) extern const Optimizer name##_optimizer;
OPTIMIZERS(DECLARE_OPTIMIZER)
#undef DECLARE_OPTIMIZER

extern const Optimizer *const optimizer_table[]; /* ends in NULL */

/* Defaults of the named optimizer. Fails: STATUS_USAGE for an unknown name, with the nearest. */
Status optim_spec(const char *name, OptimSpec *spec) MUST_CHECK;

/* Whether the kind has the option "beta1". Fails: STATUS_USAGE, with those it has. */
Status optim_takes(const OptimSpec *spec, const char *option) MUST_CHECK;
const Optimizer *optim_find(const char *name); /* NULL: there is none */

/* lr and the rest in range. Fails: STATUS_USAGE. */
Status optim_check(const OptimSpec *spec) MUST_CHECK;

const char *optim_print(const OptimSpec *spec, char *text, int room);

/* eps is a number above 0 that the format of Adam's states rounds to 0. */
bool optim_loses_eps(const OptimSpec *spec);

/* Emits one step instruction for each parameter that has a gradient. Counted are those with
 * low weights or states, where every store is counted, and all of them under PROBE_UPDATES. */
void optim_emit(const OptimSpec *spec, Builder *builder);

#endif

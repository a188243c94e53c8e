/* A training step as data: a flat list of instructions over named values.
 *
 * nn and optim emit it (program/builder.h), amp chooses the formats while they do, program_verify
 * checks it once, and a backend runs it as often as wanted. Whatever varies from step to step is not
 * in it but in the Scalars it reads, so changing those never makes a new program.
 *
 * A step of several micro-batches (gradient accumulation) is the same list with `rounds` above 1: its
 * phases forward to backward run that often, each round on the next `batch` examples, and an
 * accumulate at the end of backward adds each parameter's gradient to its sum. All but the last
 * round run when the first instruction of the forward phase is come to. Values are the last round's
 * afterwards, counts and loss are those of all rounds, and the rest of the step reads the sums.
 */
#ifndef PROGRAM_PROGRAM_H
#define PROGRAM_PROGRAM_H

#include "base/status.h"
#include "base/text.h"
#include "numerics/format.h"
#include "program/fp8.h"
#include "program/op.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int ValueId; /* place in Program.values */

enum { NO_VALUE = -1, VALUE_NAME = 48, VALUE_RANK = 4, INSTR_INPUTS = 5, INSTR_CONSTANTS = 6 };

typedef enum Role {
    ROLE_INPUT,  /* a batch of inputs, or of targets */
    ROLE_MASTER, /* a parameter: fp32, or low where it has no master; lives in the Store. Also what a
                    layer keeps there that nothing trains: bn1.running_mean */
    ROLE_COPY,   /* a cast of another value: fc1.weight.fp16, x.fp16 */
    ROLE_ACTIVATION,
    ROLE_ACTIVATION_GRAD, /* scaled by the loss scale, as all gradients are */
    ROLE_WEIGHT_GRAD,
    ROLE_STATE,   /* of an optimizer, or a compensation; lives in the Store */
    ROLE_SCALAR,  /* of a step: loss; scale, inverse and amax of an fp8 cast */
    ROLE_HISTORY, /* of an fp8 cast: scale and amax of steps before; lives in the Store */
} Role;

typedef struct Value {
    char name[VALUE_NAME]; /* PyTorch's habits: fc1.weight, fc1.out.grad */
    Role role;
    Format format;
    int rank;
    int64_t shape[VALUE_RANK]; /* weights are (out, in); batches come first */
    ValueId source;            /* ROLE_COPY: what it is a cast of; else NO_VALUE */
} Value;

typedef struct Instr {
    OpKind op;
    Phase phase;
    ValueId in[INSTR_INPUTS]; /* unused ones are NO_VALUE; of a product also below */
    ValueId out;  /* NO_VALUE: it writes scalars only, or in[0] in place (optimizers, running) */
    bool counted; /* what rounding to out's format does is counted; of an optimizer: below */
    double
        constants[INSTR_CONSTANTS]; /* whole numbers of some ops, and what optimizers need: below */
} Instr;

/* Operands of a product of fp8 numbers beside its own: what fp8_scale wrote for its first operand, and for
 * its second. Its sums are multiplied by both inverses. NO_VALUE where operands are no fp8. */
enum { PRODUCT_SCALES = 3 };

/* Places in Instr.constants of a gather: from the held-out examples, and their targets. */
enum { GATHER_HELD_OUT, GATHER_TARGET };

/* ... of a clip: the largest norm or magnitude; whether it clips the gradients as they are stored,
 * scaled, and 1/scale comes after it. Clipping is torch.nn.utils.clip_grad_norm_'s or
 * clip_grad_value_'s, on .grad in fp32: every product is rounded. */
enum { CLIP_MOST, CLIP_SCALED };

/* ... of a conv2d and its gradients: steps from place to place, and zeros around the picture. */
enum { CONV_STRIDE, CONV_PAD };

/* ... of a pooling and its gradient: the side of a window. */
enum { POOL_SIDE };

/* ... of a running: what of the batch's number joins it, 0.1, and what that is multiplied by before: 1, or
 * for a variance n / (n - 1), since a running one is unbiased. */
enum { RUNNING_SHARE, RUNNING_FACTOR };

/* ... of a dropout, forward or back: its share of zeros, and the layer's place among all, which gives it
 * random numbers of its own. */
enum { DROPOUT_RATE, DROPOUT_PLACE };

/* ... of layernorm, log_softmax, causal_softmax and their gradients, where they are forced into a low format: a Format,
 * which operands and every intermediate are rounded to; FORMAT_FP32: nothing is but the result. Sums are
 * in fp32 and rounded once, as the sum of a low tensor is. And whether log_softmax is
 * log(exp x / sum exp x), with the largest number left in. */
enum { LOW_FORMAT, LOW_UNSTABLE };
/* ... of what attention does but for its softmax: how many heads share a row's numbers. */
enum { ATTENTION_HEADS };

/* ... of an optimizer's step. */
enum {
    CONSTANT_DECAY,
    CONSTANT_MOMENTUM,
    CONSTANT_BETA1 = CONSTANT_MOMENTUM,
    CONSTANT_BETA2,
    CONSTANT_EPS,
    CONSTANT_ROUNDING, /* a WeightRounding */
    CONSTANT_PLACE,    /* of the parameter among all, which gives it random numbers of its own */
};

/* How an optimizer stores a weight that is kept in a low format. It computes in fp32 and rounds once. */
typedef enum WeightRounding {
    ROUNDING_NEAREST,
    ROUNDING_STOCHASTIC, /* up with a probability of the distance (numerics/round.h) */
    ROUNDING_KAHAN, /* to nearest; what that left out is kept beside, and joins the next update */
    ROUNDING_COUNT,
} WeightRounding;

/* What a counted step of an optimizer tells in the classes of its CastCounts: nan and inf, what the weight
 * became; else zero: the update was zero; underflow: it was lost, for it changed no bit of the stored
 * weight, nor of its compensation; normal: it changed some. Nothing where the step was skipped. */

extern const char *const weight_rounding_names[]; /* as typed; ends in NULL */

/* An optimizer's operands: the weight, its gradient, its states, and under ROUNDING_KAHAN the
 * compensation, in the weight's format. */
enum { STEP_WEIGHT, STEP_GRAD, STEP_STATES, STEP_COMPENSATION = 4 };

/* Random number of a stochastic rounding: of element `i` of a parameter in the step that follows `step`.
 * The stream is RANDOM_ROUNDING, the substream the parameter's place. */
static inline uint64_t rounding_number(int64_t step, int64_t i)
{
    return ((uint64_t)step << 32) + (uint64_t)i;
}

/* Random number of a dropout: of number `i` of an example, `width` numbers wide, that is the `example`-th
 * which the run has seen. The stream is RANDOM_DROPOUT, the substream the layer's place. */
static inline uint64_t dropout_number(int64_t example, int64_t width, int64_t i)
{
    return (uint64_t)example * (uint64_t)width + (uint64_t)i;
}

/* A number is dropped where its random bits are below this. */
static inline uint32_t dropout_edge(double rate)
{
    return (uint32_t)(rate * 4294967296.0);
}

/* In place of a fan-in: it begins as ones, as zeros, as standard normal numbers. */
enum { FAN_IN_ONES = 0, FAN_IN_ZEROS = -1, FAN_IN_NORMAL = -2 };

/* A parameter and what belongs to it. */
typedef struct Param {
    ValueId master, grad; /* grad: NO_VALUE where nothing is trained */
    int64_t fan_in;       /* for its initialisation; or FAN_IN_ONES and its like */
    int64_t fan_out;      /* likewise; 0: it takes no part */
} Param;

typedef struct Program {
    Value *values;
    Instr *instrs;
    Param *params;
    int value_count, instr_count, param_count;
    size_t value_room, instr_room, param_room;
    int64_t batch;
    int rounds; /* micro-batches of `batch` examples in a step; 0: 1 */
} Program;

void program_release(Program *program);

/* One of its own. Caller releases. */
Program program_copy(const Program *program);

int64_t value_count(const Value *value); /* of numbers in it */

/* As a matrix: rows that linear, layernorm, softmax and losses take one by one, and the numbers of each.
 * (rows, cols); a sequence (batch, time, width) has batch x time rows, pictures (batch, channels, height,
 * width) a row for each; rank 0 and 1 are a single row. */
int64_t value_rows(const Value *value);
int64_t value_cols(const Value *value);

/* It lives in the Store, from step to step: masters and optimizer state. */
bool value_lasts(const Value *value);

/* NO_VALUE where there is none of that name. */
ValueId program_find(const Program *program, const char *name);

/* The optimizer's instruction does more than move fp32 numbers: weight or state are low, or what the step
 * did is counted. */
bool step_is_low(const Program *program, const Instr *instr);

/* What slides over what in a conv2d or one of its gradients. */
typedef struct Sliding {
    int64_t examples, channels, height, width; /* of the pictures */
    int64_t outputs, out_height, out_width;
    int64_t kernel, stride, pad;
} Sliding;

/* Of a verified instruction, but for conv2d_db, which looks at dout alone. */
Sliding instr_sliding(const Program *program, const Instr *instr);

/* What operands and intermediates of layernorm, log_softmax and their gradients are rounded to; FORMAT_FP32:
 * they are not, or it is another op. */
Format instr_forced(const Instr *instr);

static inline int64_t sliding_places(const Sliding *s) /* of one example's result */
{
    return s->out_height * s->out_width;
}

static inline int64_t sliding_taps(const Sliding *s) /* numbers that one place is made of */
{
    return s->channels * s->kernel * s->kernel;
}

/* Attention: every example is a sequence of `time` rows, and of each row head h has numbers h width ...
 * (h + 1) width - 1. q, k and v lie side by side in one value, qkv (examples, time, 3 heads width);
 * `row` is one of them alone, or a gradient (examples, time, heads width); `square` has a number for each
 * pair of times (examples, heads, time, time).
 *
 * A time looks at itself and at earlier ones. What stands for a later one, above the diagonal of a square, is
 * masked: it is never computed nor looked at, holds 0, and is counted as such. (PyTorch's scores hold -inf
 * there, and its products take its zeros as factors: where inf or nan stands at a later time, 0 times it is
 * nan at all earlier ones. Here they stay as they are.) */
typedef struct Heads {
    int64_t examples, time, heads, width;
} Heads;

/* Of a verified instruction from attention_query to attention_join, but for the softmaxes, which look at
 * squares alone. */
Heads instr_heads(const Program *program, const Instr *instr);

/* What q is multiplied by: 1 / sqrt(width), rounded once. */
float heads_scale(const Heads *heads);

/* A product with its operands in one format (fp8: in two, not both e5m2) and its sums in fp32: linear, conv2d,
 * attention's, and their gradients. */
bool op_is_product(OpKind op);

/* ... of each head with another, in squares that are masked. */
bool op_is_head_product(OpKind op);

/* What the cast that made this fp8 copy was multiplied by: what fp8_scale wrote. NO_VALUE: it is none. */
ValueId program_fp8_scale(const Program *program, ValueId copy);

/* Where a phase begins: behind the last instruction of all earlier ones; instr_count where none
 * follows. A clip that comes before unscale is within that phase, and its own is empty. */
int program_phase(const Program *program, Phase phase);
bool program_has_phase(const Program *program, Phase phase);

/* Numbers of each channel, of `channels`, in a batch of examples. */
int64_t channel_numbers(const Value *examples, int64_t channels);

/* The instruction that clips; NULL: none does. */
const Instr *program_clip(const Program *program);

/* 1 or more. */
int program_rounds(const Program *program);

/* Shapes fit, formats fit (tf32 only from a cast into a product, whose result is fp32; fp8 only from a
 * cast_fp8 into a product, which divides by its scale), everything is
 * written before it is read and once, optimizers touch masters only, kept with their state in fp32, fp16
 * or bf16, and round other than to nearest only low ones, phases are in order (but for a clip that
 * comes before unscale).
 * Fails: STATUS_SHAPE in the learner's words. */
Status program_verify(const Program *program) MUST_CHECK;

/* Appends the listing: op, result <- operands, formats, "counted"; a heading for each phase. `reached`
 * instructions of a step under way have run: the next is marked. 0: none is. */
void program_print(const Program *program, int reached, Text *text);

#ifdef __cplusplus
}
#endif

#endif

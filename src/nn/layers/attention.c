/* attention: out = (softmax(q k^T / sqrt(d)) v) W_o^T + b_o, of each head; q, k, v = x W^T + b, in thirds
 *
 *   x, out (batch, time, c), W (3 c, c), b (3 c), W_o (c, c), b_o (c); d = c / heads
 *
 * Causal: a time looks at itself and at earlier ones (program.h, Heads). Step by step what
 * torch.nn.functional.multi_head_attention_forward does with need_weights=True under CUDA's autocast: q is
 * scaled in the low format, before the product; scores are stored in it, the softmax in fp32, and its cast goes
 * into the second product. Parameters are named, laid out and begun as those of nn.MultiheadAttention(c, heads,
 * batch_first=True): W by xavier_uniform_, W_o as a linear layer's, biases as zeros.
 */
#include "nn/linear.h"

#include "amp/autocast.h"
#include "amp/policy.h"

enum { IN_WEIGHT, IN_BIAS, OUT_WEIGHT, OUT_BIAS };
enum { QKV, QUERY, PROBS, HEADS }; /* saved */

/* Numbers of a weight; scores of an example. */
enum { MOST = 1 << 30, MOST_SCORES = 1 << 26 };

static Status check_heads(const LayerSpec *spec, const char *typed, int64_t width)
{
    int64_t heads = spec->width < width ? spec->width : width;

    if (width % spec->width == 0)
        return ok();
    while (width % heads != 0)
        heads--;
    return fail(STATUS_SHAPE,
                "'%s' divides the %lld numbers of a place among its heads, which does not come out "
                "even; try attention %lld",
                typed, (long long)width, (long long)heads);
}

static Status attention_shape(const LayerSpec *spec, const char *typed, Shape *shape)
{
    char came[SHAPE_TEXT];

    if (shape->rank != 2)
        return fail(STATUS_SHAPE,
                    "'%s' takes a sequence, and %s%s comes; try data text, and embedding before it",
                    typed, shape->rank == 1 ? "a row of " : "", shape_print(shape, came));
    TRY(check_heads(spec, typed, shape->size[1]));
    if (shape->size[1] <= MOST / 3 / shape->size[1] &&
        spec->width <= MOST_SCORES / (shape->size[0] * shape->size[0]))
        return ok();
    return fail(STATUS_SHAPE,
                "'%s' over %s is too much for one layer; make the sequence shorter or narrower",
                typed, shape_print(shape, came));
}

static void attention_declare(Builder *builder, Layer *layer)
{
    int64_t width = layer->from.size[1];
    const int64_t in[] = {3 * width, width}, out[] = {width, width};

    layer->params[IN_WEIGHT] = layer_declare(builder, layer, "in_proj_weight", 2, in, width);
    layer->params[IN_BIAS] = layer_declare(builder, layer, "in_proj_bias", 1, in, FAN_IN_ZEROS);
    layer->params[OUT_WEIGHT] = layer_declare(builder, layer, "out_proj.weight", 2, out, width);
    layer->params[OUT_BIAS] = layer_declare(builder, layer, "out_proj.bias", 1, out, FAN_IN_ZEROS);
    builder_fan_out(builder, layer->params[IN_WEIGHT], 3 * width);
    for (int i = IN_WEIGHT; i <= OUT_BIAS; i += 2) {
        (void)autocast_low(builder, layer->params[i]);
        (void)autocast_addend(builder, layer->params[i + 1]);
    }
}

static Instr *emit(Builder *builder, const Layer *layer, OpKind op, ValueId out, ValueId in0,
                   ValueId in1)
{
    Instr *instr = builder_emit_counted(builder, op, out, in0, in1, NO_VALUE);

    instr->constants[ATTENTION_HEADS] = (double)layer->spec.width;
    return instr;
}

/* Of scores, or of their gradient: its row of the policy is softmax's. */
static void emit_softmax(Builder *builder, OpKind op, ValueId out, ValueId in0, ValueId in1)
{
    Instr *instr = builder_emit_counted(builder, op, out, in0, in1, NO_VALUE);

    instr->constants[LOW_FORMAT] = autocast_forced(builder);
    instr->constants[LOW_UNSTABLE] = builder->forces && builder->unstable;
}

/* (batch, time, times x c) */
static ValueId row(Builder *builder, const Layer *layer, Role role, int64_t times, const char *name)
{
    const int64_t shape[] = {builder->program->batch, layer->to.size[0], times * layer->to.size[1]};

    return builder_value(builder, role, autocast_format(builder, OP_CLASS_PRODUCT, FORMAT_FP32), 3,
                         shape, "%s.%s", layer->name, name);
}

/* (batch, heads, time, time) */
static ValueId square(Builder *builder, const Layer *layer, OpClass class, const char *name)
{
    int64_t time = layer->to.size[0];
    const int64_t shape[] = {builder->program->batch, layer->spec.width, time, time};

    return builder_value(builder, ROLE_ACTIVATION, autocast_format(builder, class, FORMAT_FP32), 4,
                         shape, "%s.%s", layer->name, name);
}

static ValueId attention_forward(Builder *builder, Layer *layer, ValueId in)
{
    ValueId qkv = row(builder, layer, ROLE_ACTIVATION, 3, "qkv");
    ValueId q = row(builder, layer, ROLE_ACTIVATION, 1, "q");
    ValueId scores = square(builder, layer, OP_CLASS_PRODUCT, "scores");
    ValueId heads = row(builder, layer, ROLE_ACTIVATION, 1, "heads");
    ValueId out = row(builder, layer, ROLE_ACTIVATION, 1, "out"), probs;

    linear_emit(builder, qkv, in, &layer->params[IN_WEIGHT]);
    emit(builder, layer, OP_ATTENTION_QUERY, q, qkv, NO_VALUE);
    emit(builder, layer, OP_ATTENTION_SCORES, scores, autocast_inner(builder, q),
         autocast_inner(builder, qkv));
    policy_begin(builder, "softmax");
    probs = square(builder, layer, OP_CLASS_FP32, "probs");
    emit_softmax(builder, OP_CAUSAL_SOFTMAX, probs, scores, NO_VALUE);
    policy_begin(builder, layer->kind->name);
    emit(builder, layer, OP_ATTENTION_VALUES, heads, autocast_inner(builder, probs),
         autocast_inner(builder, qkv));
    linear_emit(builder, out, heads, &layer->params[OUT_WEIGHT]);
    layer->saved[QKV] = qkv;
    layer->saved[QUERY] = q;
    layer->saved[PROBS] = probs;
    layer->saved[HEADS] = heads;
    return out;
}

/* From the gradient of the probs that of the scores, which are in the format of q. */
static ValueId scores_grad(Builder *builder, const Layer *layer, ValueId dprobs)
{
    ValueId probs = layer->saved[PROBS];
    ValueId dscores = builder_like(builder, probs, ROLE_ACTIVATION_GRAD,
                                   builder_get(builder, layer->saved[QUERY])->format,
                                   "%s.scores.grad", layer->name);

    policy_begin(builder, "softmax");
    emit_softmax(builder, OP_CAUSAL_SOFTMAX_BACKWARD, dscores, dprobs, probs);
    policy_begin(builder, layer->kind->name);
    return dscores;
}

/* From the gradient of what the heads gave that of q, k and v. */
static ValueId heads_backward(Builder *builder, Layer *layer, ValueId dheads)
{
    ValueId qkv = layer->saved[QKV], q = layer->saved[QUERY], probs = layer->saved[PROBS];
    ValueId dprobs = layer_product_grad(builder, layer_grad(builder, probs)), dscores;
    ValueId dv = row(builder, layer, ROLE_ACTIVATION_GRAD, 1, "v.grad");
    ValueId dq = layer_grad(builder, q);
    ValueId dk = row(builder, layer, ROLE_ACTIVATION_GRAD, 1, "k.grad");
    ValueId dqkv = layer_grad(builder, qkv), dlow = autocast_inner(builder, dheads);

    emit(builder, layer, OP_ATTENTION_DPROBS, dprobs, dlow, autocast_inner(builder, qkv));
    dprobs = layer_widened(builder, dprobs);
    emit(builder, layer, OP_ATTENTION_DV, dv, autocast_inner(builder, probs), dlow);
    dscores = autocast_inner(builder, scores_grad(builder, layer, dprobs));
    emit(builder, layer, OP_ATTENTION_DQ, dq, dscores, autocast_inner(builder, qkv));
    emit(builder, layer, OP_ATTENTION_DK, dk, dscores, autocast_inner(builder, q));
    emit(builder, layer, OP_ATTENTION_JOIN, dqkv, dq, dk)->in[2] = dv;
    return dqkv;
}

static ValueId attention_backward(Builder *builder, Layer *layer, ValueId dout, bool needed)
{
    ValueId dheads = layer_grad(builder, layer->saved[HEADS]), dqkv;
    ValueId din = needed ? layer_in_grad(builder, layer) : NO_VALUE;

    linear_emit_gradients(builder, dheads, dout, layer->saved[HEADS], &layer->params[OUT_WEIGHT]);
    dqkv = heads_backward(builder, layer, dheads);
    linear_emit_gradients(builder, din, dqkv, layer->in, &layer->params[IN_WEIGHT]);
    return din;
}

const LayerKind attention_layer = {
    .name = "attention",
    .text = "attention HEADS: each place looks at itself and those before it; softmax in fp32",
    .stem = "attn",
    .torch = "CausalSelfAttention({in}, {width})",
    .torch_class =
        "class CausalSelfAttention(nn.MultiheadAttention):\n"
        "    \"\"\"Step by step, not by a fused kernel: each is rounded where halfstep rounds "
        "it.\"\"\"\n"
        "    def __init__(self, width, heads):\n"
        "        super().__init__(width, heads, batch_first=True)\n"
        "\n"
        "    def forward(self, x):\n"
        "        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)\n"
        "        q, k, v = (part.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)\n"
        "                   for part in qkv.chunk(3, -1))\n"
        "        scores = (q * math.sqrt(1 / self.head_dim)) @ k.transpose(-2, -1)\n"
        "        later = torch.ones_like(scores[0, 0], dtype=torch.bool).triu(1)\n"
        "        scores = scores.masked_fill(later, -math.inf)\n"
        "        probs = torch.softmax(scores, -1, dtype=torch.float32)\n"
        "        return self.out_proj((probs @ v).transpose(1, 2).flatten(2))\n",
    .number = "number of heads",
    .usual = "4",
    .shape = attention_shape,
    .declare = attention_declare,
    .forward = attention_forward,
    .backward = attention_backward,
};

#include "program/op.h"

const char *const phase_names[PHASE_COUNT] = {
    [PHASE_CAST] = "cast",         [PHASE_FORWARD] = "forward", [PHASE_LOSS] = "loss",
    [PHASE_BACKWARD] = "backward", [PHASE_UNSCALE] = "unscale", [PHASE_CLIP] = "clip",
    [PHASE_STEP] = "step",         [PHASE_UPDATE] = "update",
};

#define ROW(constant, op_name, ins, outs, words) \
    [OP_##constant] = {.name = #op_name, .text = (words), .inputs = (ins), .outputs = (outs)}

const OpInfo op_table[OP_COUNT] = {
    ROW(CAST, cast, 1, 1, "rounds to another format"),
    ROW(GATHER, gather, 0, 1, "fetches this step's examples, or their targets"),
    ROW(LINEAR, linear, 3, 1, "out = x W^T + b; sums in fp32, rounded once"),
    ROW(LINEAR_DX, linear_dx, 2, 1, "gradient of the input: dout W; sums in fp32"),
    ROW(LINEAR_DW, linear_dw, 2, 1, "gradient of the weight: dout^T x; sums in fp32"),
    ROW(LINEAR_DB, linear_db, 1, 1, "gradient of the bias: the sum of dout over the batch"),
    ROW(CONV2D, conv2d, 3, 1, "a kernel slides over each picture; sums in fp32, rounded once"),
    ROW(CONV2D_DX, conv2d_dx, 2, 1, "gradient of the pictures: each place's share; sums in fp32"),
    ROW(CONV2D_DW, conv2d_dw, 2, 1, "gradient of the kernels, over all places; sums in fp32"),
    ROW(CONV2D_DB, conv2d_db, 1, 1, "gradient of the bias: the sum of dout over batch and places"),
    ROW(MAXPOOL, maxpool, 1, 1, "the largest number of each window"),
    ROW(MAXPOOL_BACKWARD, maxpool_backward, 2, 1, "dout where the largest stood, else 0"),
    ROW(AVGPOOL, avgpool, 1, 1, "the mean of each window; sums in fp32"),
    ROW(AVGPOOL_BACKWARD, avgpool_backward, 1, 1, "dout divided among its window"),
    ROW(LAYERNORM, layernorm, 3, 1, "each row to mean 0 and variance 1, times w, plus b; fp32"),
    ROW(LAYERNORM_DX, layernorm_dx, 3, 1, "gradient of what layernorm took; computed in fp32"),
    ROW(LAYERNORM_DW, layernorm_dw, 2, 1, "gradient of w: the sum of dout times the normalised"),
    ROW(DROPOUT, dropout, 1, 1, "zeros at random, 1 / (1 - rate) times the rest; also back"),
    ROW(RELU, relu, 1, 1, "max(x, 0)"),
    ROW(RELU_BACKWARD, relu_backward, 2, 1, "dout where x > 0, else 0"),
    ROW(GELU, gelu, 1, 1, "x times the normal distribution's share below x"),
    ROW(GELU_BACKWARD, gelu_backward, 2, 1, "dout times the slope of gelu at x"),
    ROW(TANH, tanh, 1, 1, "hyperbolic tangent"),
    ROW(TANH_BACKWARD, tanh_backward, 2, 1, "dout (1 - out^2)"),
    ROW(LOG_SOFTMAX, log_softmax, 1, 1, "x - log(sum exp x), computed in fp32"),
    ROW(LOG_SOFTMAX_BACKWARD, log_softmax_backward, 2, 1, "dout - exp(out) times the sum of dout"),
    ROW(NLL, nll, 2, 1, "mean over the batch of -x at the label; fp32"),
    ROW(NLL_BACKWARD, nll_backward, 2, 1, "-1 / batch at the label, times loss weight and scale"),
    ROW(MSE, mse, 2, 1, "mean of (x - target)^2; fp32"),
    ROW(MSE_BACKWARD, mse_backward, 2, 1, "2 (x - target) / count, times loss weight and scale"),
    ROW(CORRECT, correct, 2, 0, "counts the rows whose largest number stands at the label"),
    ROW(SCALE, scale, 1, 1, "the loss times its weight and the loss scale; fp32"),
    ROW(ACCUMULATE, accumulate, 1, 1, "adds up a gradient over a step's micro-batches; fp32"),
    ROW(UNSCALE, unscale, 1, 0, "looks for inf and nan; readers multiply by 1/scale from here on"),
    ROW(CLIP_NORM, clip_norm, 0, 0, "min(1, max / (norm + 1e-6)), which readers multiply by"),
    ROW(CLIP_VALUE, clip_value, 0, 0, "readers hold each number between -max and max"),
    ROW(SGD, sgd, 2, 0, "w -= lr g, unless found_inf"),
    ROW(MOMENTUM, momentum, 3, 0, "m = mu m + g; w -= lr m, unless found_inf"),
    ROW(ADAM, adam, 4, 0, "moments of g, then w -= lr m / (sqrt v + eps), unless found_inf"),
    ROW(ADAMW, adamw, 4, 0, "adam with decoupled weight decay, unless found_inf"),
    ROW(UPDATE, update, 0, 0, "the loss scale: backoff after inf or nan, growth after clean steps"),
};

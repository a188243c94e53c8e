/* Every instruction of src/program/op.h on the device and on the CPU, from the same values.
 *
 *   ops [cuda | cpu | wrong:FAULT]
 *
 * To the bit: casts, relu, tanh_backward, nll_backward, mse_backward, gather, correct, scale, accumulate,
 * clip_norm, clip_value, sgd, momentum, update, fp8_scale, cast_fp8, fp8_history, embedding, position and
 * their gradients, and all counts of the same values. The rest within a
 * bound that is worked out beside it for each number: the exact result, taken in double, give or take
 * the bound, rounded.
 */
#include "ops.h"

#include "check.h"

int main(int argc, char **argv)
{
    Pair pair;

    pair_open(&pair, argc, argv);
    ops_access(&pair);
    ops_elementwise(&pair);
    ops_rows(&pair);
    ops_products(&pair);
    ops_places(&pair);
    ops_norm(&pair);
    ops_attention(&pair);
    ops_sequences(&pair);
    ops_batch(&pair);
    ops_low(&pair);
    ops_fp8(&pair);
    ops_optimizers(&pair);
    ops_clip(&pair);
    pair_close(&pair);
    return check_end();
}

/* A convolution as products of matrices, whose rows are places: where kernels stand, example by example.
 *
 *   columns (n oh ow, taps)    what a kernel sees from each place
 *   turned (n oh ow, outputs)  a gradient of the result, whose rows are examples, with places for rows
 *
 * Both, and the sums, lie in room that all instructions of a plan have in common: kernels on one stream
 * come one after the other.
 */
#ifndef CUDA_SLIDING_CUH
#define CUDA_SLIDING_CUH

#include "places.cuh"

/* Of an instruction of a convolution. */
Array sliding_columns(const Plan *plan, int instr);
Array sliding_turned(const Plan *plan, int instr);
Array sliding_sums(const Plan *plan, int instr); /* fp32, of conv2d and conv2d_dx */

/* Fill them from a value of the plan, with zeros up to the stride. */
Status sliding_take(Plan *plan, int instr, ValueId pictures);
Status sliding_turn(Plan *plan, int instr, ValueId dout);

#endif

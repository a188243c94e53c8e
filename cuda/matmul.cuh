/* Products of matrices by cuBLASLt, with sums in fp32 and never a reduced-precision split of k.
 *
 * Descriptors and algorithm are found once, by cuBLASLt's heuristic and never by timing, so that the
 * same network on the same device has the same bits in every run.
 */
#ifndef CUDA_MATMUL_CUH
#define CUDA_MATMUL_CUH

#include "plan.h"

/* How a product is stored. */
typedef enum ProductEnd {
    PRODUCT_SUMS,   /* fp32, where plan->raws says; another kernel rounds */
    PRODUCT_STORED, /* rounded to the result's format by cuBLAS, a linear's bias before it */
} ProductEnd;

/* Fails: STATUS_DEVICE where cuBLASLt has no algorithm for it. `out`: where it is stored. Caller frees. */
Status product_new(Plan *plan, int instr, ProductEnd end, const Array *out, Product **product);
void product_free(Product *product);
Status product_launch(Plan *plan, const Product *product);

#endif

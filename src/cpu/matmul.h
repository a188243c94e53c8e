/* Products of matrices with sums in fp32: OpenBLAS on one thread for each block of the result, or
 * plain loops. Which block a number lies in depends on the sizes alone, so its bits do too.
 */
#ifndef CPU_MATMUL_H
#define CPU_MATMUL_H

#include "base/pool.h"

#include <stdbool.h>
#include <stdint.h>

/* out (m, n) = op(a) op(b), with sums of k products in fp32; `adds`: they go on from what is there. */
typedef struct Product {
    const float *a, *b;
    float *out;
    int64_t m, n, k;
    bool a_transposed, b_transposed; /* a is stored (k, m); b is stored (n, k) */
    bool adds;
} Product;

/* `reference`: plain loops, k ascending, the same bits on every machine. */
void matmul(Pool *pool, bool reference, const Product *product);

/* The same on the calling thread alone: for tasks of a pool. */
void matmul_alone(bool reference, const Product *product);

/* Once, before the first product: our threads do the splitting, not OpenBLAS's. */
void matmul_prepare(void);

/* "OpenBLAS 0.3.21 (Zen)", "reference loops". */
void matmul_describe(bool reference, char *text, int room);

#endif

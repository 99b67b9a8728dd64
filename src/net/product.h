/* product: small matrix products straight from where the matrices lie.
 *
 * A BLAS packs its matrices before it multiplies them, which small ones never earn back. Here the
 * sums stay in registers and the second matrix in the cache. Measured on one core (Xeon, AVX-512, 2
 * MiB of second level cache, OpenBLAS 0.3.21), GFLOP/s here and there: [32 x 784] [784 x 128] 191
 * and 108, [64 x 401] [401 x 256] 195 and 141, [128 x 784] [784 x 128] 200 and 144; the transposed
 * ones 180 and 130, 184 and 146, 177 and 160. Products too large for that go to OpenBLAS.
 *
 * Row-major, nothing overlaps, c is set. A result's bits depend on the kernels table and on the
 * shapes alone. Thread: any; no memory of its own. */
#ifndef TILLER_NET_PRODUCT_H
#define TILLER_NET_PRODUCT_H

#include "kernels.h"

/* c [m x n] = a [m x k] b [k x n] */
void product(const struct kernels *kernels, const float *a, const float *b, int m, int k, int n,
             float *c);
/* c [m x n] = the transpose of a [k x m], times b [k x n] */
void product_turned(const struct kernels *kernels, const float *a, const float *b, int m, int k,
                    int n, float *c);

#endif

/* product_kernels: the inner loops of product.c, once per instruction set, as kernels are. */
#ifndef TILLER_NET_PRODUCT_KERNELS_H
#define TILLER_NET_PRODUCT_KERNELS_H

#include <stddef.h>

struct factors {
    const float *a; /* [m x k], or [k x m] where it is turned */
    int m, k, n;    /* of the whole product */
};
/* One or two vectors of columns of the result, all rows: b and c point to their first column;
 * b_step: floats from row to row of b. */
typedef void product_columns(const struct factors *f, const float *b, ptrdiff_t b_step, float *c);

struct product_kernels {
    int lanes;                            /* floats of a vector */
    product_columns *columns[2][2];       /* [a as it is, turned][1, 2 vectors] */
    const struct product_kernels *narrow; /* for fewer columns than lanes; NULL: lanes is 1 */
};
extern const struct product_kernels product_kernels_scalar, product_kernels_generic;
#if defined(__x86_64__)
extern const struct product_kernels product_kernels_avx2, product_kernels_avx512;
#endif

#endif

/* product: which products are multiplied here, and their columns block by block. */
#include "product.h"

#include "product_kernels.h"

#include <cblas.h>
#include <stdbool.h>

/* Where OpenBLAS measures as fast or faster: a second matrix that leaves the second level cache no
 * room, and transposed products over many rows; but never for its "small" products, of which some
 * kinds allocate memory (0.3.21, sgemm_small_kernel_nn_skylakex.c). */
enum { MOST_FLOATS = 300000, MOST_ROWS = 128, SMALL = 1000000 };

static bool is_small(int m, int k, int n)
{
    return (double)m * k * n <= SMALL;
}

/* Two vectors of columns at a time, then one; the last one ends at the last column, which may mean
 * that some columns are computed twice, to the same bits. */
static void by_columns(const struct product_kernels *kernels, bool turned, const struct factors *f,
                       const float *b, float *c)
{
    while (kernels->lanes > f->n)
        kernels = kernels->narrow;
    int lanes = kernels->lanes;
    for (int first = 0, n_vectors; first < f->n; first += n_vectors * lanes) {
        n_vectors = f->n - first >= 2 * lanes ? 2 : 1;
        if (f->n - first < lanes)
            first = f->n - lanes;
        kernels->columns[turned][n_vectors - 1](f, b + first, f->n, c + first);
    }
}

void product(const struct kernels *kernels, const float *a, const float *b, int m, int k, int n,
             float *c)
{
    struct factors f = {a, m, k, n};
    if ((size_t)k * (size_t)n <= MOST_FLOATS || is_small(m, k, n))
        by_columns(kernels->product, false, &f, b, c);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, n, 0, c, n);
}

void product_turned(const struct kernels *kernels, const float *a, const float *b, int m, int k,
                    int n, float *c)
{
    struct factors f = {a, m, k, n};
    if (k <= MOST_ROWS || is_small(m, k, n))
        by_columns(kernels->product, true, &f, b, c);
    else
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1, a, m, b, n, 0, c, n);
}

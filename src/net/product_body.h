/* product_body: the tiles of product.c; included by it once per instruction set with VARIANT(name),
 * KERNEL and INLINE (attributes of functions and of the always inlined ones), LANES (floats of a
 * vector), ROWS (of the largest tile) and NARROW (the next table or NULL) set.
 *
 * A tile is `rows` x `n` vectors of the result; its sums stay in registers from the first product
 * to the last. Loops go to the largest size and ask inside whether an element exists, so that
 * unrolling dissolves them and the array of sums becomes registers, with gcc and clang alike. */

typedef float VARIANT(vector)
    __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
#define VECTOR VARIANT(vector)

/* c [rows x n vectors] = the sum over i < k of a[row * a_row + i * a_step] times the vectors at
 * b + i * b_step. */
INLINE void VARIANT(tile)(const float *restrict a, ptrdiff_t a_row, ptrdiff_t a_step,
                          const float *restrict b, ptrdiff_t b_step, int k, float *restrict c,
                          ptrdiff_t c_row, int rows, int n)
{
    VECTOR sum[ROWS][2] = {{{0}}};
    for (int i = 0; i < k; i++, a += a_step, b += b_step) {
        VECTOR line[2];
        EACH(v, 0, 2)
        if (v < n)
            line[v] = ((const VECTOR *)b)[v];
        EACH(r, 0, ROWS)
        EACH(v, 0, 2)
        if (r < rows && v < n)
            sum[r][v] = a[r * a_row] * line[v] + sum[r][v];
    }
    EACH(r, 0, ROWS)
    EACH(v, 0, 2)
    if (r < rows && v < n)
        ((VECTOR *)(c + r * c_row))[v] = sum[r][v];
}

/* All rows of n vectors' columns of the result: tiles of ROWS rows, then smaller ones. */
INLINE void VARIANT(columns)(const struct factors *f, const float *b, ptrdiff_t b_step, float *c,
                             ptrdiff_t a_row, ptrdiff_t a_step, int n)
{
    const float *a = f->a;
    int left = f->m;
    for (; left >= ROWS; left -= ROWS, a += ROWS * a_row, c += ROWS * f->n)
        VARIANT(tile)(a, a_row, a_step, b, b_step, f->k, c, f->n, ROWS, n);
    for (; left >= 4; left -= 4, a += 4 * a_row, c += 4 * f->n)
        VARIANT(tile)(a, a_row, a_step, b, b_step, f->k, c, f->n, 4, n);
    for (; left >= 1; left--, a += a_row, c += f->n)
        VARIANT(tile)(a, a_row, a_step, b, b_step, f->k, c, f->n, 1, n);
}

#define COLUMNS(name, a_row, a_step, n)                                                            \
    KERNEL void VARIANT(name)(const struct factors *f, const float *b, ptrdiff_t b_step, float *c) \
    {                                                                                              \
        VARIANT(columns)(f, b, b_step, c, a_row, a_step, n);                                       \
    }
COLUMNS(plain_1, f->k, 1, 1)
COLUMNS(plain_2, f->k, 1, 2)
COLUMNS(turned_1, 1, f->m, 1)
COLUMNS(turned_2, 1, f->m, 2)
#undef COLUMNS

const struct product_kernels VARIANT(product_kernels) = {
    .lanes = LANES,
    .narrow = NARROW,
    .columns = {{VARIANT(plain_1), VARIANT(plain_2)}, {VARIANT(turned_1), VARIANT(turned_2)}},
};
#undef VECTOR

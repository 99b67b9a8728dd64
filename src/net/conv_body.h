/* conv_body: the convolution's tiles; included by conv_kernels.c once per instruction set with
 * VARIANT(name), KERNEL and INLINE (attributes of functions and of the always inlined ones), LANES
 * (floats of a vector), VECTORS (the most per block: 1 or 2), RUNS (taken at once by the tiles of
 * one vector) and NARROW (another table or NULL) set.
 *
 * A tile keeps its sums in registers from the first product to the last. Its sizes are constants,
 * so that EACH dissolves the inner loops and the array of sums becomes registers: seven to sixteen
 * of them, because a product's result takes four cycles and two begin in each, and few enough to
 * leave room for weights and one value (16 registers in all; AVX-512 has 32). The inner loops go to
 * the largest size and ask inside whether an element exists: loops that run just once are unrolled
 * too late by clang 14 for the sums to become registers. */

typedef float VARIANT(vector)
    __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
#define VECTOR VARIANT(vector)

/* ---- forward: n_runs x width pixels x n vectors --------------------------------------------- */

/* Channels that fill no vector go through a spare run, where their padding stays. */
INLINE void VARIANT(store)(const struct conv_runs *r, VECTOR sum[2][2][7], int width, int n,
                           int n_runs)
{
    float spare[2][7 * VECTORS * LANES];
    bool whole = r->n_channels >= n * LANES;
    ptrdiff_t pixel = whole ? r->n_out : n * LANES;
    float *const z[2] = {whole ? r->z[0] : spare[0], whole ? r->z[1] : spare[1]};
    EACH(run, 0, 2)
    EACH(v, 0, 2)
    EACH(i, 0, 7)
    if (run < n_runs && v < n && i < width)
        ((VECTOR *)(z[run] + i * pixel))[v] = sum[run][v][i];
    if (!whole)
        for (int run = 0; run < n_runs; run++)
            for (int i = 0; i < width; i++)
                memcpy(r->z[run] + i * r->n_out, spare[run] + i * pixel,
                       (size_t)r->n_channels * sizeof(float));
}

/* An input pixel's value is loaded once for all the outputs of the run that see it: through tap j
 * of a line, output i sees pixel i + j - size / 2. Pixels outside of the map are passed over. */
INLINE void VARIANT(forward_tile)(const struct conv_runs *r, int size, int width, int n, int n_runs)
{
    VECTOR sum[2][2][7] = {{{{0}}}};
    const float *w = r->w;
    for (int line = 0; line < r->n_lines; line++)
        for (ptrdiff_t c = 0; c < r->n_in; c++, w += size * n * LANES) {
            VECTOR tap[5][2];
            EACH(j, 0, 5)
            EACH(v, 0, 2)
            if (j < size && v < n)
                tap[j][v] = ((const VECTOR *)w)[j * n + v];
            EACH(run, 0, 2)
            EACH(p, -2, 9)
            {
                if (run >= n_runs || p < -(size / 2) || p >= width + size / 2 ||
                    (p < 0 && p < -r->left[run]) || (p >= width && p >= width + r->right[run]))
                    continue;
                float value = r->x[run][line * r->x_line + c + p * r->n_in];
                EACH(j, 0, 5)
                EACH(v, 0, 2)
                {
                    int i = p - j + size / 2;
                    if (j < size && v < n && i >= 0 && i < width)
                        sum[run][v][i] = value * tap[j][v] + sum[run][v][i];
                }
            }
        }
    VARIANT(store)(r, sum, width, n, n_runs);
}

#define TILE(size, width, n, runs)                                                                 \
    KERNEL void VARIANT(forward_##size##x##width##x##n)(const struct conv_runs *r)                 \
    {                                                                                              \
        VARIANT(forward_tile)(r, size, width, n, runs);                                            \
    }
#define TILES(size, n, runs) TILE(size, 7, n, runs) TILE(size, 3, n, runs) TILE(size, 1, n, runs)
TILES(3, 1, RUNS)
TILES(5, 1, RUNS)
#if VECTORS == 2
TILES(3, 2, 1)
TILES(5, 2, 1)
#endif
#undef TILES
#undef TILE

/* ---- weight gradient: n_lines of a window x m values x n vectors ---------------------------- */

/* A pass's products are summed on their own before they join the others': two levels of sums err
 * less than one long one. */
INLINE void VARIANT(weight_tile)(const struct conv_pixels *p, const float *restrict x,
                                 const float *restrict g, float *restrict sums, int n_lines, int m,
                                 int n)
{
    VECTOR sum[5][2][8] = {{{{0}}}};
    size_t x_line = p->x_line, x_pixel = p->x_pixel, g_pixel = p->g_pixel;
    for (int map = 0; map < p->n; map++)
        for (int row = 0; row < p->rows; row++) {
            const float *a = x + (size_t)map * p->x_map + (size_t)row * x_line;
            const float *b = g + (size_t)map * p->g_map + (size_t)row * p->g_line;
            for (int column = p->columns; column > 0; column--, a += x_pixel, b += g_pixel) {
                EACH(line, 0, 5)
                EACH(i, 0, 8)
                EACH(v, 0, 2)
                if (line < n_lines && v < n && i < m)
                    sum[line][v][i] =
                        a[(size_t)line * x_line + (size_t)i] * ((const VECTOR *)b)[v] +
                        sum[line][v][i];
            }
        }
    VECTOR *const out = (VECTOR *)sums;
    size_t line_sums = p->line_sums * (size_t)n;
    EACH(line, 0, 5)
    EACH(v, 0, 2)
    EACH(i, 0, 8)
    if (line < n_lines && v < n && i < m)
        out[(size_t)line * line_sums + (size_t)(i * n + v)] += sum[line][v][i];
}

#define TILE(n_lines, m, n)                                                                        \
    KERNEL void VARIANT(weight_##n_lines##x##m##x##n)(const struct conv_pixels *p, const float *x, \
                                                      const float *g, float *sums)                 \
    {                                                                                              \
        VARIANT(weight_tile)(p, x, g, sums, n_lines, m, n);                                        \
    }
#define TILES(n) TILE(1, 8, n) TILE(1, 4, n) TILE(1, 1, n) TILE(3, 3, n) TILE(5, 1, n)
TILES(1)
#if VECTORS == 2
TILES(2)
#endif
#undef TILES
#undef TILE

/* ---- the table ------------------------------------------------------------------------------ */

#define FORWARD(size, n)                                                                           \
    {                                                                                              \
        VARIANT(forward_##size##x7x##n), VARIANT(forward_##size##x3x##n),                          \
            VARIANT(forward_##size##x1x##n)                                                        \
    }
#define WEIGHT(n)                                                                                  \
    {                                                                                              \
        VARIANT(weight_1x8x##n), VARIANT(weight_1x4x##n), VARIANT(weight_1x1x##n)                  \
    }
#define LINES(n)                                                                                   \
    {                                                                                              \
        VARIANT(weight_3x3x##n), VARIANT(weight_5x1x##n)                                           \
    }
const struct conv_kernels VARIANT(conv_kernels) = {
    .lanes = LANES,
    .n_vectors = VECTORS,
    .n_runs = RUNS,
#if VECTORS == 2
    .forward = {{FORWARD(3, 1), FORWARD(3, 2)}, {FORWARD(5, 1), FORWARD(5, 2)}},
    .weight = {WEIGHT(1), WEIGHT(2)},
    .weight_lines = {LINES(1), LINES(2)},
#else
    .forward = {{FORWARD(3, 1)}, {FORWARD(5, 1)}},
    .weight = {WEIGHT(1)},
    .weight_lines = {LINES(1)},
#endif
    .narrow = NARROW,
};
#undef FORWARD
#undef WEIGHT
#undef LINES
#undef VECTOR

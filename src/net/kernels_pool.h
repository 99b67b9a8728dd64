/* kernels_pool: 2x2 pooling of maps that lie row, column, channel, and its way back; part of
 * kernels_body.h. A window's places are numbered as they lie: upper left, upper right, lower left,
 * lower right. An odd last row or column belongs to no window. */

/* Where the window of row r and column c of the pooled map m begins. */
KERNEL inline size_t VARIANT(window)(int m, int r, int c, int rows, int columns, int channels)
{
    size_t row = (size_t)m * (size_t)rows + 2 * (size_t)r;
    return (row * (size_t)columns + 2 * (size_t)c) * (size_t)channels;
}

/* NaN is larger than everything: it comes out. */
KERNEL inline bool VARIANT(above)(float a, float best)
{
    return (a > best) | (a != a);
}

/* One window of w channels in rows `line` floats apart. */
KERNEL inline void VARIANT(window_max)(const float *restrict z, size_t line, size_t w,
                                       float *restrict out)
{
    for (size_t c = 0; c < w; c++) {
        float best = z[c], b = z[w + c], d = z[line + c], e = z[line + w + c];
        best = VARIANT(above)(b, best) ? b : best;
        best = VARIANT(above)(d, best) ? d : best;
        out[c] = VARIANT(above)(e, best) ? e : best;
    }
}

/* Which place of each of `some` channels is the largest. Places are integers of the floats' width
 * until the end: mixed widths would ask for four times as many channels. */
KERNEL inline void VARIANT(some_which)(const float *restrict z, size_t line, size_t w, size_t some,
                                       uint8_t *restrict which)
{
    int32_t place[KERNEL_LANES];
    for (size_t c = 0; c < some; c++) {
        float best = z[c], b = z[w + c], d = z[line + c], e = z[line + w + c];
        place[c] = VARIANT(above)(b, best) ? 1 : 0;
        best = VARIANT(above)(b, best) ? b : best;
        place[c] = VARIANT(above)(d, best) ? 2 : place[c];
        best = VARIANT(above)(d, best) ? d : best;
        place[c] = VARIANT(above)(e, best) ? 3 : place[c];
    }
    for (size_t c = 0; c < some; c++)
        which[c] = (uint8_t)place[c];
}

KERNEL inline void VARIANT(window_which)(const float *restrict z, size_t line, size_t w,
                                         uint8_t *restrict which)
{
    size_t c = 0;
    for (; c + KERNEL_LANES <= w; c += KERNEL_LANES)
        VARIANT(some_which)(z + c, line, w, KERNEL_LANES, which + c);
    VARIANT(some_which)(z + c, line, w, w - c, which + c);
}

KERNEL void VARIANT(pool_max)(const float *restrict z, int n, int rows, int columns, int channels,
                              float *restrict out, uint8_t *restrict which)
{
    const size_t w = (size_t)channels, line = (size_t)columns * w;
    for (int m = 0; m < n; m++)
        for (int r = 0; r < rows / 2; r++)
            for (int c = 0; c < columns / 2; c++, out += w) {
                const float *at = z + VARIANT(window)(m, r, c, rows, columns, channels);
                VARIANT(window_max)(at, line, w, out);
                if (which) {
                    VARIANT(window_which)(at, line, w, which);
                    which += w;
                }
            }
}

KERNEL void VARIANT(pool_average)(const float *restrict z, int n, int rows, int columns,
                                  int channels, float *restrict out)
{
    const size_t w = (size_t)channels, line = (size_t)columns * w;
    for (int m = 0; m < n; m++)
        for (int r = 0; r < rows / 2; r++)
            for (int c = 0; c < columns / 2; c++, out += w) {
                const float *at = z + VARIANT(window)(m, r, c, rows, columns, channels);
                for (size_t k = 0; k < w; k++)
                    out[k] = 0.25f * ((at[k] + at[w + k]) + (at[line + k] + at[line + w + k]));
            }
}

/* What no window reaches gets no gradient. */
KERNEL void VARIANT(clear_odd_edges)(float *restrict z, int n, int rows, int columns, int channels)
{
    const size_t w = (size_t)channels, line = (size_t)columns * w;
    for (int row = 0; row < n * rows; row++, z += line)
        if (rows % 2 && row % rows == rows - 1)
            memset(z, 0, line * sizeof *z);
        else if (columns % 2)
            memset(z + line - w, 0, w * sizeof *z);
}

KERNEL inline void VARIANT(some_back)(const float *restrict g, const uint8_t *restrict which,
                                      size_t line, size_t w, size_t some, float *restrict z)
{
    int32_t place[KERNEL_LANES];
    for (size_t c = 0; c < some; c++)
        place[c] = which[c];
    for (size_t c = 0; c < some; c++) {
        z[c] = place[c] == 0 ? g[c] : 0.0f;
        z[w + c] = place[c] == 1 ? g[c] : 0.0f;
        z[line + c] = place[c] == 2 ? g[c] : 0.0f;
        z[line + w + c] = place[c] == 3 ? g[c] : 0.0f;
    }
}

KERNEL void VARIANT(pool_max_back)(const float *restrict g, const uint8_t *restrict which, int n,
                                   int rows, int columns, int channels, float *restrict z)
{
    const size_t w = (size_t)channels, line = (size_t)columns * w;
    VARIANT(clear_odd_edges)(z, n, rows, columns, channels);
    for (int m = 0; m < n; m++)
        for (int r = 0; r < rows / 2; r++)
            for (int c = 0; c < columns / 2; c++, g += w, which += w) {
                float *at = z + VARIANT(window)(m, r, c, rows, columns, channels);
                size_t k = 0;
                for (; k + KERNEL_LANES <= w; k += KERNEL_LANES)
                    VARIANT(some_back)(g + k, which + k, line, w, KERNEL_LANES, at + k);
                VARIANT(some_back)(g + k, which + k, line, w, w - k, at + k);
            }
}

KERNEL void VARIANT(pool_average_back)(const float *restrict g, int n, int rows, int columns,
                                       int channels, float *restrict z)
{
    const size_t w = (size_t)channels, line = (size_t)columns * w;
    VARIANT(clear_odd_edges)(z, n, rows, columns, channels);
    for (int m = 0; m < n; m++)
        for (int r = 0; r < rows / 2; r++)
            for (int c = 0; c < columns / 2; c++, g += w) {
                float *at = z + VARIANT(window)(m, r, c, rows, columns, channels);
                for (size_t k = 0; k < w; k++)
                    at[k] = at[w + k] = at[line + k] = at[line + w + k] = 0.25f * g[k];
            }
}

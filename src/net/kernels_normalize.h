/* kernels_normalize: batch normalization (Ioffe & Szegedy 2015) by columns, layer normalization
 * (Ba, Kiros & Hinton 2016) by rows, and their way back; part of kernels_body.h.
 *
 * Both ways back are one formula: with z the normalized sums, h = gain * g the gradient there and
 * means over the column (the row), the gradient before is inverse * (h - mean(h) - z * mean(z h)).
 * In a column gain is one number, so mean(z h) = gain * gain_gradient / rows. */

/* sums = the columns' sums of (a - mean)^2. */
KERNEL void VARIANT(column_squares)(const float *restrict a, int rows, int n,
                                    const float *restrict mean, float *restrict sums)
{
    for (int j = 0; j < n; j++)
        sums[j] = 0;
    for (int r = 0; r < rows; r++, a += n)
        for (int j = 0; j < n; j++) {
            float d = a[j] - mean[j];
            sums[j] = FMA(d, d, sums[j]);
        }
}

/* Some of the columns of rows `stride` apart. */
KERNEL void VARIANT(normalize)(float *restrict z, int rows, int stride, int some,
                               const float *restrict mean, const float *restrict inverse)
{
    for (int r = 0; r < rows; r++, z += stride)
        for (int j = 0; j < some; j++)
            z[j] = (z[j] - mean[j]) * inverse[j];
}

KERNEL void VARIANT(normalize_batch)(float *restrict z, int rows, int n, float *restrict mean,
                                     float *restrict variance, float *restrict inverse)
{
    const float share = 1.0f / (float)rows;
    float *part = inverse; /* until it is filled */
    for (int j = 0; j < n; j++)
        mean[j] = variance[j] = 0;
    for (int r = 0; r < rows; r += PART_ROWS) {
        int some = rows - r < PART_ROWS ? rows - r : PART_ROWS;
        VARIANT(column_sums)(z + (size_t)r * (size_t)n, some, n, part);
        for (int j = 0; j < n; j++)
            mean[j] += part[j];
    }
    for (int j = 0; j < n; j++)
        mean[j] *= share;
    for (int r = 0; r < rows; r += PART_ROWS) {
        int some = rows - r < PART_ROWS ? rows - r : PART_ROWS;
        VARIANT(column_squares)(z + (size_t)r * (size_t)n, some, n, mean, part);
        for (int j = 0; j < n; j++)
            variance[j] = FMA(share, part[j], variance[j]);
    }
    for (int j = 0; j < n; j++)
        inverse[j] = 1.0f / sqrtf(variance[j] + KERNEL_NORM_EPSILON);
    VARIANT(normalize)(z, rows, n, n, mean, inverse);
}

KERNEL void VARIANT(normalize_fixed)(float *restrict z, int rows, int n, const float *restrict mean,
                                     const float *restrict variance)
{
    float inverse[BLOCK_COLUMNS];
    for (int first = 0; first < n; first += BLOCK_COLUMNS) {
        int some = n - first < BLOCK_COLUMNS ? n - first : BLOCK_COLUMNS;
        for (int j = 0; j < some; j++)
            inverse[j] = 1.0f / sqrtf(variance[first + j] + KERNEL_NORM_EPSILON);
        VARIANT(normalize)(z + first, rows, n, some, mean + first, inverse);
    }
}

KERNEL void VARIANT(normalize_rows)(float *restrict z, int rows, int n, float *restrict inverse)
{
    const float share = 1.0f / (float)n;
    for (int r = 0; r < rows; r++, z += n) {
        KERNEL_SUM(float, sum, n, z[i]);
        const float mean = sum * share;
        KERNEL_SUM(float, squares, n, (z[i] - mean) * (z[i] - mean));
        const float scale = 1.0f / sqrtf(FMA(squares, share, KERNEL_NORM_EPSILON));
        for (int j = 0; j < n; j++)
            z[j] = (z[j] - mean) * scale;
        inverse[r] = scale;
    }
}

KERNEL void VARIANT(scale_columns)(float *restrict out, const float *restrict a, int rows, int n,
                                   const float *restrict gain)
{
    for (int r = 0; r < rows; r++, out += n, a += n)
        for (int j = 0; j < n; j++)
            out[j] = a[j] * gain[j];
}

/* Some of the columns of rows `stride` apart. */
KERNEL void VARIANT(batch_back)(float *restrict g, const float *restrict z, int rows, int stride,
                                int some, const float *restrict gain, const float *restrict inverse,
                                float *restrict gain_gradient)
{
    const float share = 1.0f / (float)rows;
    float mean[BLOCK_COLUMNS], product[BLOCK_COLUMNS], scale[BLOCK_COLUMNS];
    for (int j = 0; j < some; j++)
        mean[j] = product[j] = 0;
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < some; j++) {
            size_t i = (size_t)r * (size_t)stride + (size_t)j;
            mean[j] += g[i];
            product[j] = FMA(g[i], z[i], product[j]);
        }
    for (int j = 0; j < some; j++) {
        gain_gradient[j] = product[j];
        mean[j] *= share;
        product[j] *= share;
        scale[j] = gain[j] * inverse[j];
    }
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < some; j++) {
            size_t i = (size_t)r * (size_t)stride + (size_t)j;
            g[i] = scale[j] * FMA(-z[i], product[j], g[i] - mean[j]);
        }
}

KERNEL void VARIANT(normalize_batch_back)(float *restrict g, const float *restrict z, int rows,
                                          int n, const float *restrict gain,
                                          const float *restrict inverse,
                                          float *restrict gain_gradient)
{
    for (int first = 0; first < n; first += BLOCK_COLUMNS) {
        int some = n - first < BLOCK_COLUMNS ? n - first : BLOCK_COLUMNS;
        VARIANT(batch_back)
        (g + first, z + first, rows, n, some, gain + first, inverse + first, gain_gradient + first);
    }
}

KERNEL void VARIANT(normalize_rows_back)(float *restrict g, const float *restrict z, int rows,
                                         int n, const float *restrict gain,
                                         const float *restrict inverse,
                                         float *restrict gain_gradient)
{
    const float share = 1.0f / (float)n;
    for (int j = 0; j < n; j++)
        gain_gradient[j] = 0;
    for (int r = 0; r < rows; r++, g += n, z += n) {
        for (int j = 0; j < n; j++) {
            gain_gradient[j] = FMA(g[j], z[j], gain_gradient[j]);
            g[j] *= gain[j];
        }
        KERNEL_SUM(float, sum, n, g[i]);
        KERNEL_SUM(float, product, n, g[i] * z[i]);
        const float mean = sum * share, along = product * share, scale = inverse[r];
        for (int j = 0; j < n; j++)
            g[j] = scale * FMA(-z[j], along, g[j] - mean);
    }
}

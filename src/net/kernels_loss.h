/* kernels_loss: losses and their gradients at the output layer; part of kernels_body.h. */

/* z = e^(z - the row's largest); returns the sum of the largest minus the own class's logit. */
KERNEL inline double VARIANT(exp_rows)(float *restrict z, int rows, int n,
                                       const int32_t *restrict y)
{
    double loss = 0;
    for (int r = 0; r < rows; r++) {
        float *row = z + (size_t)r * (size_t)n, top = row[0];
        for (int j = 1; j < n; j++)
            top = row[j] > top ? row[j] : top;
        for (int j = 0; j < n; j++)
            row[j] -= top;
        loss -= (double)row[y[r]];
    }
    size_t cells = (size_t)rows * (size_t)n;
    for (size_t i = 0; i < cells; i++)
        z[i] = VARIANT(exp)(z[i]);
    return loss;
}

KERNEL double VARIANT(softmax_loss)(float *restrict z, int rows, int n, const int32_t *restrict y,
                                    float scale)
{
    double loss = VARIANT(exp_rows)(z, rows, n, y);
    for (int r = 0; r < rows; r++) {
        float *row = z + (size_t)r * (size_t)n, sum = 0;
        for (int j = 0; j < n; j++)
            sum += row[j];
        /* cppcheck-suppress invalidFunctionArg ; the top logit's own term is 1 */
        loss += (double)logf(sum);
        float share = scale / sum;
        for (int j = 0; j < n; j++)
            row[j] *= share;
        row[y[r]] -= scale;
    }
    return loss;
}

KERNEL double VARIANT(softmax_loss_with)(float *restrict z, int rows, int n,
                                         const int32_t *restrict y,
                                         const struct loss_numbers *numbers)
{
    const float smoothing = numbers->smoothing, *class_weight = numbers->class_weight;
    double loss = VARIANT(exp_rows)(z, rows, n, y);
    for (int r = 0; r < rows; r++) {
        float *row = z + (size_t)r * (size_t)n, sum = 0;
        for (int j = 0; j < n; j++)
            sum += row[j];
        /* cppcheck-suppress invalidFunctionArg ; the top logit's own term is 1 */
        loss += (double)logf(sum);
        float whole = numbers->scale * (class_weight ? class_weight[y[r]] : 1.0f);
        float share = whole / sum, spread = whole * smoothing / (float)n;
        for (int j = 0; j < n; j++)
            row[j] = FMA(share, row[j], -spread);
        row[y[r]] -= whole * (1.0f - smoothing);
    }
    return loss;
}

KERNEL double VARIANT(squared_loss)(float *restrict z, int rows, const float *restrict target,
                                    float scale)
{
    double loss = 0;
    for (int r = 0; r < rows; r++) {
        float error = z[r] - target[r];
        loss += (double)error * (double)error;
        z[r] = 2.0f * error * scale;
    }
    return loss;
}

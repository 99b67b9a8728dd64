/* kernels_body: the loops themselves; included by kernels.c once per instruction set with KERNEL
 * (attributes), VARIANT(name) and FMA(a, b, c) set. Plain loops that compilers turn into vector
 * code: no calls, no branches inside, no float reductions along the vector (KERNEL_SUM's lanes
 * instead). Here stands what several parts use; each part is a file of its own. */

/* 32 random bits of element i: the 32-bit mixer "lowbias32" (C. Wellons, Hash Function Prospector,
 * 2018) with one key before and one between its rounds, so that no two keys give shifted copies. */
KERNEL inline uint32_t VARIANT(random_word)(uint32_t key0, uint32_t key1, uint32_t i)
{
    uint32_t h = i + key0;
    h ^= h >> 16;
    h = h * UINT32_C(0x7feb352d) + key1;
    h ^= h >> 15;
    h *= UINT32_C(0x846ca68b);
    h ^= h >> 16;
    return h;
}

KERNEL inline int32_t VARIANT(random_bits)(uint32_t key0, uint32_t key1, uint32_t i)
{
    return (int32_t)(VARIANT(random_word)(key0, key1, i) >> 8);
}

KERNEL inline void VARIANT(fill_mask)(float *restrict mask, uint32_t first, int n,
                                      const struct dropout *dropout)
{
    uint32_t key0 = dropout->key[0] + first, key1 = dropout->key[1];
    int32_t threshold = dropout->threshold;
    float scale = dropout->scale;
    if (threshold == 0)
        for (int j = 0; j < n; j++)
            mask[j] = 1.0f;
    else
        for (int j = 0; j < n; j++)
            mask[j] = VARIANT(random_bits)(key0, key1, (uint32_t)j) < threshold ? 0.0f : scale;
}

/* e^x for x <= 0: 2^k * e^r with |r| <= ln(2)/2, polynomial of Cephes' expf; NaN stays NaN. */
KERNEL inline float VARIANT(exp)(float x)
{
    const float magic =
        12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer in the low bits */
    x = x < -87.0f ? -87.0f : x;
    union {
        float f;
        int32_t i;
    } shifted = {FMA(x, 1.44269504f, magic)}, power;
    float k = shifted.f - magic;
    float r = FMA(k, -0.693359375f, x);
    r = FMA(k, 2.12194440e-4f, r);
    float p = FMA(r, 1.9875691500e-4f, 1.3981999507e-3f);
    p = FMA(r, p, 8.3334519073e-3f);
    p = FMA(r, p, 4.1665795894e-2f);
    p = FMA(r, p, 1.6666665459e-1f);
    p = FMA(r, p, 5.0000001201e-1f);
    power.i = (int32_t)((uint32_t)shifted.i << 23) + (127 << 23);
    return (FMA(r * r, p, r) + 1.0f) * power.f;
}

KERNEL void VARIANT(add_bias)(float *restrict z, int rows, int n, const float *restrict bias)
{
    for (int r = 0; r < rows; r++, z += n)
        for (int j = 0; j < n; j++)
            z[j] += bias[j];
}

KERNEL void VARIANT(slope_times)(float *restrict slope, const float *restrict delta, int rows,
                                 int n, float *restrict sums)
{
    for (int j = 0; j < n; j++)
        sums[j] = 0;
    for (int r = 0; r < rows; r++, slope += n, delta += n)
        for (int j = 0; j < n; j++) {
            float g = slope[j] * delta[j];
            slope[j] = g;
            sums[j] += g;
        }
}

KERNEL void VARIANT(column_sums)(const float *restrict a, int rows, int n, float *restrict sums)
{
    for (int j = 0; j < n; j++)
        sums[j] = 0;
    for (int r = 0; r < rows; r++, a += n)
        for (int j = 0; j < n; j++)
            sums[j] += a[j];
}

KERNEL void VARIANT(add)(float *restrict a, const float *restrict b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] += b[i];
}

KERNEL double VARIANT(sum_squares)(const float *restrict a, size_t n)
{
    KERNEL_SUM(double, sum, n, (double)a[i] * (double)a[i]);
    return sum;
}

/* The four uniform numbers are the bytes of one random word: mean 510 and variance
 * 4 (256^2 - 1) / 12 = 21845, never more than 3.45 standard deviations away. */
KERNEL void VARIANT(add_noise)(float *restrict x, size_t n, const uint32_t key[2], float deviation)
{
    const uint32_t key0 = key[0], key1 = key[1];
    const float scale = deviation * 6.7658751e-3f; /* 1 / sqrt(21845) */
    for (size_t i = 0; i < n; i++) {
        uint32_t word = VARIANT(random_word)(key0, key1, (uint32_t)i);
        uint32_t pairs = (word & 0x00ff00ff) + (word >> 8 & 0x00ff00ff);
        int32_t bell = (int32_t)((pairs & 0xffff) + (pairs >> 16)) - 510;
        x[i] = FMA(scale, (float)bell, x[i]);
    }
}

#include "kernels_activate.h"
#include "kernels_loss.h"
#include "kernels_normalize.h"
#include "kernels_optimize.h"
#include "kernels_pool.h"

static const struct kernels VARIANT(kernels) = {
    .name = KERNEL_NAME,
    .activate_train = {[NET_RELU] = VARIANT(relu_train),
                       [NET_TANH] = VARIANT(tanh_train),
                       [NET_LEAKY_RELU] = VARIANT(leaky_relu_train),
                       [NET_SIGMOID] = VARIANT(sigmoid_train),
                       [NET_GELU] = VARIANT(gelu_train),
                       [NET_SILU] = VARIANT(silu_train)},
    .activate = {[NET_RELU] = VARIANT(relu_judge),
                 [NET_TANH] = VARIANT(tanh_judge),
                 [NET_LEAKY_RELU] = VARIANT(leaky_relu_judge),
                 [NET_SIGMOID] = VARIANT(sigmoid_judge),
                 [NET_GELU] = VARIANT(gelu_judge),
                 [NET_SILU] = VARIANT(silu_judge)},
    .add_bias = VARIANT(add_bias),
    .add = VARIANT(add),
    .softmax_loss = VARIANT(softmax_loss),
    .softmax_loss_with = VARIANT(softmax_loss_with),
    .squared_loss = VARIANT(squared_loss),
    .slope_times = VARIANT(slope_times),
    .column_sums = VARIANT(column_sums),
    .normalize_batch = VARIANT(normalize_batch),
    .normalize_rows = VARIANT(normalize_rows),
    .normalize_fixed = VARIANT(normalize_fixed),
    .scale_columns = VARIANT(scale_columns),
    .normalize_batch_back = VARIANT(normalize_batch_back),
    .normalize_rows_back = VARIANT(normalize_rows_back),
    .pool_max = VARIANT(pool_max),
    .pool_max_back = VARIANT(pool_max_back),
    .pool_average = VARIANT(pool_average),
    .pool_average_back = VARIANT(pool_average_back),
    .sum_squares = VARIANT(sum_squares),
    .add_noise = VARIANT(add_noise),
    .optimize = {[NET_SGD] = VARIANT(sgd),
                 [NET_ADAM] = VARIANT(adam),
                 [NET_NESTEROV] = VARIANT(nesterov),
                 [NET_RMSPROP] = VARIANT(rmsprop),
                 [NET_ADAMW] = VARIANT(adam)}, /* its decay is in step->shrink */
    .product = &VARIANT(product_kernels),
    .conv = &VARIANT(conv_kernels),
};

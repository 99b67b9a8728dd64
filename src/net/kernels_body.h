/* kernels_body: the loops themselves; included by kernels.c once per instruction set with KERNEL
 * (attributes), VARIANT(name) and FMA(a, b, c) set. Plain loops that compilers turn into vector
 * code: no calls, no branches inside, no float reductions along the vector. */

/* 24 random bits of element i: the 32-bit mixer "lowbias32" (C. Wellons, Hash Function Prospector,
 * 2018) with one key before and one between its rounds, so that no two keys give shifted copies. */
KERNEL inline int32_t VARIANT(random_bits)(uint32_t key0, uint32_t key1, uint32_t i)
{
    uint32_t h = i + key0;
    h ^= h >> 16;
    h = h * UINT32_C(0x7feb352d) + key1;
    h ^= h >> 15;
    h *= UINT32_C(0x846ca68b);
    h ^= h >> 16;
    return (int32_t)(h >> 8);
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

/* NaN goes through: a network that has broken must be seen to be broken. */
KERNEL inline float VARIANT(relu)(float z)
{
    return 0.0f > z ? 0.0f : z;
}

KERNEL inline float VARIANT(relu_slope)(float z, float value)
{
    (void)value;
    return z > 0.0f ? 1.0f : 0.0f;
}

/* The rational approximation of Eigen (Eigen/src/Core/MathFunctionsImpl.h, ptanh): odd polynomial
 * of degree 13 over an even one of degree 6; a few units in the last place. */
KERNEL inline float VARIANT(tanh)(float z)
{
    float x = z > 7.9f ? 7.9f : z;
    x = x < -7.9f ? -7.9f : x;
    float s = x * x;
    float p = FMA(s, -2.76076847742355e-16f, 2.00018790482477e-13f);
    p = FMA(s, p, -8.60467152213735e-11f);
    p = FMA(s, p, 5.12229709037114e-08f);
    p = FMA(s, p, 1.48572235717979e-05f);
    p = FMA(s, p, 6.37261928875436e-04f);
    p = FMA(s, p, 4.89352455891786e-03f);
    float q = FMA(s, 1.19825839466702e-06f, 1.18534705686654e-04f);
    q = FMA(s, q, 2.26843463243900e-03f);
    q = FMA(s, q, 4.89352518554385e-03f);
    return x * p / q;
}

KERNEL inline float VARIANT(tanh_slope)(float z, float value)
{
    (void)z;
    return 1.0f - value * value;
}

/* One pair of functions per activation: f(z) and f'(z, f(z)). */
#define ACTIVATION(f)                                                                              \
    KERNEL void VARIANT(f##_train)(float *restrict a, float *restrict slope, int rows, int n,      \
                                   const float *restrict bias, const struct dropout *dropout)      \
    {                                                                                              \
        for (int r = 0; r < rows; r++, a += n, slope += n) {                                       \
            VARIANT(fill_mask)(slope, (uint32_t)r * (uint32_t)n, n, dropout);                      \
            for (int j = 0; j < n; j++) {                                                          \
                float z = a[j] + bias[j], value = VARIANT(f)(z), mask = slope[j];                  \
                a[j] = value * mask;                                                               \
                slope[j] = VARIANT(f##_slope)(z, value) * mask;                                    \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    KERNEL void VARIANT(f##_judge)(float *restrict a, int rows, int n, const float *restrict bias) \
    {                                                                                              \
        for (int r = 0; r < rows; r++, a += n)                                                     \
            for (int j = 0; j < n; j++)                                                            \
                a[j] = VARIANT(f)(a[j] + bias[j]);                                                 \
    }
ACTIVATION(relu)
ACTIVATION(tanh)
#undef ACTIVATION

KERNEL void VARIANT(add_bias)(float *restrict z, int rows, int n, const float *restrict bias)
{
    for (int r = 0; r < rows; r++, z += n)
        for (int j = 0; j < n; j++)
            z[j] += bias[j];
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

KERNEL double VARIANT(softmax_loss)(float *restrict z, int rows, int n, const int32_t *restrict y,
                                    float scale)
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

#include "kernels_optimize.h"

static const struct kernels VARIANT(kernels) = {
    .name = KERNEL_NAME,
    .activate_train = {[NET_RELU] = VARIANT(relu_train), [NET_TANH] = VARIANT(tanh_train)},
    .activate = {[NET_RELU] = VARIANT(relu_judge), [NET_TANH] = VARIANT(tanh_judge)},
    .add_bias = VARIANT(add_bias),
    .softmax_loss = VARIANT(softmax_loss),
    .slope_times = VARIANT(slope_times),
    .column_sums = VARIANT(column_sums),
    .optimize = {[NET_SGD] = VARIANT(sgd),
                 [NET_ADAM] = VARIANT(adam),
                 [NET_NESTEROV] = VARIANT(nesterov),
                 [NET_RMSPROP] = VARIANT(rmsprop),
                 [NET_ADAMW] = VARIANT(adam)}, /* its decay is in step->shrink */
};

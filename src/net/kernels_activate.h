/* kernels_activate: activations, for training with their slope and dropout mask, and for judging;
 * part of kernels_body.h. */

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

KERNEL inline float VARIANT(leaky_relu)(float z)
{
    return z > 0.0f ? z : 0.01f * z;
}

KERNEL inline float VARIANT(leaky_relu_slope)(float z, float value)
{
    (void)value;
    return z > 0.0f ? 1.0f : 0.01f;
}

/* Through e^-|z|, which keeps its relative precision far to the left and never overflows. */
KERNEL inline float VARIANT(sigmoid)(float z)
{
    float e = VARIANT(exp)(-fabsf(z)), share = 1.0f / (1.0f + e);
    return z < 0.0f ? e * share : share;
}

KERNEL inline float VARIANT(sigmoid_slope)(float z, float value)
{
    (void)z;
    return value * (1.0f - value);
}

/* z * sigmoid(z) (Hendrycks & Gimpel 2016; Elfwing, Uchibe & Doya 2018). */
KERNEL inline float VARIANT(silu)(float z)
{
    return z * VARIANT(sigmoid)(z);
}

KERNEL inline float VARIANT(silu_slope)(float z, float value)
{
    float share = VARIANT(sigmoid)(z);
    return FMA(value, 1.0f - share, share);
}

/* The normal distribution's share below z, (1 + erf(z / sqrt(2))) / 2, by Abramowitz & Stegun 1964,
 * 7.1.26 (Hastings): its erf errs by at most 1.5e-7. */
KERNEL inline float VARIANT(normal_share)(float z)
{
    float t = 1.0f / FMA(0.3275911f * 0.70710678f, fabsf(z), 1.0f);
    float p = FMA(t, 1.061405429f, -1.453152027f);
    p = FMA(t, p, 1.421413741f);
    p = FMA(t, p, -0.284496736f);
    p = FMA(t, p, 0.254829592f);
    float tail = 0.5f * t * p * VARIANT(exp)(-0.5f * z * z);
    return z < 0.0f ? tail : 1.0f - tail;
}

/* z * normal_share(z) (Hendrycks & Gimpel 2016, the exact form). */
KERNEL inline float VARIANT(gelu)(float z)
{
    return z * VARIANT(normal_share)(z);
}

KERNEL inline float VARIANT(gelu_slope)(float z, float value)
{
    (void)value;
    const float density = 0.39894228f * VARIANT(exp)(-0.5f * z * z); /* 1 / sqrt(2 pi) */
    return FMA(z, density, VARIANT(normal_share)(z));
}

/* One pair of functions per activation: f(z) and f'(z, f(z)); what both compute is
 * computed once, for all of it is inlined. */
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
ACTIVATION(leaky_relu)
ACTIVATION(sigmoid)
ACTIVATION(gelu)
ACTIVATION(silu)
#undef ACTIVATION

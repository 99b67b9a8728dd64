/* kernels_optimize: one step of each optimiser over a block of parameters; part of kernels_body.h.
 * All formulas are PyTorch's for the optimiser of that name. n is cut to whole lanes, so that no
 * loop has a scalar tail. */

/* Not-finite is noticed on the way: w - w is 0 for a number, NaN for infinity and NaN; its bits are
 * gathered as integers, which the compiler may reorder. */
KERNEL inline uint32_t VARIANT(bits_of_excess)(float w)
{
    union {
        float f;
        uint32_t u;
    } excess = {w - w};
    return excess.u;
}

/* buffer = momentum * buffer + g; w -= rate * buffer. */
KERNEL bool VARIANT(sgd)(float *restrict w, float *restrict first, float *restrict second,
                         const float *restrict gradient, size_t n,
                         const struct optimizer_step *step)
{
    (void)second;
    const float rate = step->rate, decay = step->weight_decay, momentum = step->momentum;
    const float scale = step->gradient_scale;
    uint32_t excess = 0;
    n &= ~(size_t)(KERNEL_LANES - 1);
    for (size_t i = 0; i < n; i++) {
        float g = FMA(decay, w[i], scale * gradient[i]);
        float velocity = FMA(momentum, first[i], g);
        float next = FMA(-rate, velocity, w[i]);
        first[i] = velocity;
        w[i] = next;
        excess |= VARIANT(bits_of_excess)(next);
    }
    return excess == 0;
}

/* Sutskever et al. 2013 as PyTorch has it: the same buffer, looked at one step ahead:
 * w -= rate * (g + momentum * buffer). */
KERNEL bool VARIANT(nesterov)(float *restrict w, float *restrict first, float *restrict second,
                              const float *restrict gradient, size_t n,
                              const struct optimizer_step *step)
{
    (void)second;
    const float rate = step->rate, decay = step->weight_decay, momentum = step->momentum;
    const float scale = step->gradient_scale;
    uint32_t excess = 0;
    n &= ~(size_t)(KERNEL_LANES - 1);
    for (size_t i = 0; i < n; i++) {
        float g = FMA(decay, w[i], scale * gradient[i]);
        float velocity = FMA(momentum, first[i], g);
        float next = FMA(-rate, FMA(momentum, velocity, g), w[i]);
        first[i] = velocity;
        w[i] = next;
        excess |= VARIANT(bits_of_excess)(next);
    }
    return excess == 0;
}

/* Tieleman & Hinton 2012: v = b2 v + (1 - b2) g^2; w -= rate * g / (sqrt(v) + epsilon); v stands
 * in `first`. */
KERNEL bool VARIANT(rmsprop)(float *restrict w, float *restrict first, float *restrict second,
                             const float *restrict gradient, size_t n,
                             const struct optimizer_step *step)
{
    (void)second;
    const float rate = step->rate, decay = step->weight_decay, epsilon = step->epsilon;
    const float keep = step->beta2, gain = 1.0f - step->beta2, scale = step->gradient_scale;
    uint32_t excess = 0;
    n &= ~(size_t)(KERNEL_LANES - 1);
    for (size_t i = 0; i < n; i++) {
        float g = FMA(decay, w[i], scale * gradient[i]);
        float v = FMA(gain * g, g, keep * first[i]);
        float next = w[i] - rate * g / (sqrtf(v) + epsilon);
        first[i] = v;
        w[i] = next;
        excess |= VARIANT(bits_of_excess)(next);
    }
    return excess == 0;
}

/* Adam (Kingma & Ba 2015, algorithm 1, with L2 decay in the gradient) and AdamW (Loshchilov &
 * Hutter 2019: no such decay, weights shrink instead):
 * m += (1 - b1)(g - m); v = b2 v + (1 - b2) g^2;
 * w = shrink * w - rate * m / (sqrt(v) * root_scale + epsilon). */
KERNEL bool VARIANT(adam)(float *restrict w, float *restrict first, float *restrict second,
                          const float *restrict gradient, size_t n,
                          const struct optimizer_step *step)
{
    const float rate = step->rate, decay = step->weight_decay, epsilon = step->epsilon;
    const float gain1 = 1.0f - step->beta1, keep2 = step->beta2, gain2 = 1.0f - step->beta2;
    const float root_scale = step->root_scale, scale = step->gradient_scale, shrink = step->shrink;
    uint32_t excess = 0;
    n &= ~(size_t)(KERNEL_LANES - 1);
    for (size_t i = 0; i < n; i++) {
        float g = FMA(decay, w[i], scale * gradient[i]);
        float m = FMA(gain1, g - first[i], first[i]);
        float v = FMA(gain2 * g, g, keep2 * second[i]);
        float next = shrink * w[i] - rate * m / FMA(sqrtf(v), root_scale, epsilon);
        first[i] = m;
        second[i] = v;
        w[i] = next;
        excess |= VARIANT(bits_of_excess)(next);
    }
    return excess == 0;
}

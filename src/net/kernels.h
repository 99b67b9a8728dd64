/* kernels: the elementwise loops of training, once per kind of processor.
 *
 * A `struct kernels` is a table of the same functions compiled for one instruction set; the best
 * one that this processor can run is chosen once, at start (net_init), so a processor type always
 * gives the same bits. Matrix products are not here: they are OpenBLAS's.
 *
 * Shapes: [rows x n] row-major everywhere; nothing may overlap unless a line says "in place". */
#ifndef TILLER_NET_KERNELS_H
#define TILLER_NET_KERNELS_H

#include "tiller/net.h"

/* Which elements of a layer's output are dropped: a function of (key, index) alone, so that a
 * batch's masks can be made again without storing them. threshold 0 drops nothing. */
struct dropout {
    uint32_t key[2];
    int32_t threshold; /* dropped if the element's 24 random bits are below */
    float scale;       /* of what is kept: 1 / (1 - rate) */
};

/* One optimiser step's numbers, in the precision it works with. */
struct optimizer_step {
    float rate;           /* learning rate; Adam, AdamW: divided by the first moment's correction */
    float gradient_scale; /* every gradient is first multiplied by this (clipping); 1 */
    float weight_decay;   /* of the weights at hand (0 for biases), added to the gradient */
    float shrink;   /* AdamW: weights are first multiplied by this, 1 - rate * decay; else 1 */
    float momentum; /* SGD, Nesterov */
    float beta1, beta2, epsilon, root_scale; /* Adam; root_scale: 1 / sqrt(bias correction 2).
                                                RMSprop: beta2 and epsilon */
};

/* What the classification loss is made of besides logits and labels. */
struct loss_numbers {
    float scale;               /* of the gradient: 1 / rows of the batch */
    float smoothing;           /* share of the target spread over all classes */
    const float *class_weight; /* [n]; NULL: all 1 */
};

#define KERNEL_LANES 16 /* parameter blocks are a multiple of this long, padded with zeros */
#define KERNEL_NORM_EPSILON 1e-5f /* added to every variance */

struct conv_kernels;
struct product_kernels;

struct kernels {
    const char *name;
    /* a = dropout(f(a + bias)) in place; slope [rows x n] = its derivative, mask and scale included
     */
    void (*activate_train[NET_N_ACTIVATIONS])(float *a, float *slope, int rows, int n,
                                              const float *bias, const struct dropout *dropout);
    /* a = f(a + bias) in place, for judging */
    void (*activate[NET_N_ACTIVATIONS])(float *a, int rows, int n, const float *bias);
    void (*add_bias)(float *z, int rows, int n, const float *bias);
    void (*add)(float *a, const float *b, size_t n); /* a += b */
    /* z = (softmax(z) - onehot(y)) * scale in place; returns the sum of the rows' cross-entropies
     */
    double (*softmax_loss)(float *z, int rows, int n, const int32_t *y, float scale);
    /* The same with smoothed targets t = (1 - smoothing) onehot(y) + smoothing / n and weighted
     * rows: z = (softmax(z) - t) * scale * class_weight[y]; returns the sum of the rows' plain
     * cross-entropies (unsmoothed, unweighted) */
    double (*softmax_loss_with)(float *z, int rows, int n, const int32_t *y,
                                const struct loss_numbers *numbers);
    /* z = 2 (z - target) * scale in place [rows]; returns the sum of squared errors */
    double (*squared_loss)(float *z, int rows, const float *target, float scale);
    /* slope = slope * delta in place: the gradient at a layer's input; sums[n] = its column sums */
    void (*slope_times)(float *slope, const float *delta, int rows, int n, float *sums);
    void (*column_sums)(const float *a, int rows, int n, float *sums);

    /* Normalization (Ioffe & Szegedy 2015; Ba, Kiros & Hinton 2016). normalize_batch: z = (z -
     * mean) / sqrt(variance + epsilon) in place by columns; fills mean, variance (divided by rows)
     * and inverse (1 / sqrt(variance + epsilon)), each [n]. normalize_rows: the same within each
     * row; inverse [rows]. normalize_fixed: by columns with given mean and variance. */
    void (*normalize_batch)(float *z, int rows, int n, float *mean, float *variance,
                            float *inverse);
    void (*normalize_rows)(float *z, int rows, int n, float *inverse);
    void (*normalize_fixed)(float *z, int rows, int n, const float *mean, const float *variance);
    /* out = a * gain by columns */
    void (*scale_columns)(float *out, const float *a, int rows, int n, const float *gain);
    /* Their way back: g [rows x n], the gradient at gain * z, becomes the gradient before
     * normalization; z is what normalize_ left; gain_gradient [n] is set. */
    void (*normalize_batch_back)(float *g, const float *z, int rows, int n, const float *gain,
                                 const float *inverse, float *gain_gradient);
    void (*normalize_rows_back)(float *g, const float *z, int rows, int n, const float *gain,
                                const float *inverse, float *gain_gradient);

    /* 2x2 pooling of n maps z [rows x columns x channels] to out [rows/2 x columns/2 x channels]
     * (an odd last row or column is left out). max: which (same size as out) = 0..3, the place of
     * the first largest, for the way back; NaN wins. _back: g, the gradient at out, to z's places
     * (set, 0 elsewhere). which NULL: not wanted. */
    void (*pool_max)(const float *z, int n, int rows, int columns, int channels, float *out,
                     uint8_t *which);
    void (*pool_max_back)(const float *g, const uint8_t *which, int n, int rows, int columns,
                          int channels, float *z);
    void (*pool_average)(const float *z, int n, int rows, int columns, int channels, float *out);
    void (*pool_average_back)(const float *g, int n, int rows, int columns, int channels, float *z);

    double (*sum_squares)(const float *a, size_t n);
    /* x [n] += bell-shaped noise of that standard deviation: the sum of four uniform numbers, a
     * function of (key, index) alone as dropout's masks are */
    void (*add_noise)(float *x, size_t n, const uint32_t key[2], float deviation);

    /* One step of w [n] from the gradient g, n a multiple of KERNEL_LANES; false if a weight is now
     * not finite. Only Adam and AdamW use the second moment (NULL otherwise). As PyTorch's
     * optimisers of these names; RMSprop without momentum and with alpha = beta2. */
    bool (*optimize[NET_N_OPTIMIZERS])(float *w, float *first, float *second, const float *g,
                                       size_t n, const struct optimizer_step *step);
    const struct product_kernels *product; /* product.h's inner loops (product_kernels.h) */
    const struct conv_kernels *conv;       /* conv.h's inner loops (conv_kernels.h) */
};

/* kernels_best: the fastest table for this processor. kernels_list: all that it can run. */
const struct kernels *kernels_best(void);
size_t kernels_list(const struct kernels *out[4]);

/* dropout_keeps: the one definition of the mask, for tests and as documentation. */
bool dropout_keeps(const struct dropout *dropout, uint32_t index);

#endif

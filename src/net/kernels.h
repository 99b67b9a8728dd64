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
    float rate;         /* learning rate; Adam: divided by the first moment's bias correction */
    float weight_decay; /* of the weights at hand (0 for biases) */
    float momentum;     /* SGD */
    float beta1, beta2, epsilon, root_scale; /* Adam; root_scale: 1 / sqrt(bias correction 2) */
};

#define KERNEL_LANES 16 /* parameter blocks are a multiple of this long, padded with zeros */

struct kernels {
    const char *name;
    /* a = dropout(f(a + bias)) in place; slope [rows x n] = its derivative, mask and scale included
     */
    void (*activate_train[2])(float *a, float *slope, int rows, int n, const float *bias,
                              const struct dropout *dropout);
    /* a = f(a + bias) in place, for judging */
    void (*activate[2])(float *a, int rows, int n, const float *bias);
    void (*add_bias)(float *z, int rows, int n, const float *bias);
    /* z = (softmax(z) - onehot(y)) * scale in place; returns the sum of the rows' cross-entropies
     */
    double (*softmax_loss)(float *z, int rows, int n, const int32_t *y, float scale);
    /* slope = slope * delta in place: the gradient at a layer's input; sums[n] = its column sums */
    void (*slope_times)(float *slope, const float *delta, int rows, int n, float *sums);
    void (*column_sums)(const float *a, int rows, int n, float *sums);
    /* One step of w [n] from the gradient g, n a multiple of KERNEL_LANES; false if a weight is now
     * not finite. SGD uses the first moment only (the other may be NULL). Order: enum net_optimizer
     */
    bool (*optimize[2])(float *w, float *first, float *second, const float *g, size_t n,
                        const struct optimizer_step *step);
};

/* kernels_best: the fastest table for this processor. kernels_list: all that it can run. */
const struct kernels *kernels_best(void);
size_t kernels_list(const struct kernels *out[4]);

/* dropout_keeps: the one definition of the mask, for tests and as documentation. */
bool dropout_keeps(const struct dropout *dropout, uint32_t index);

#endif

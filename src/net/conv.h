/* conv: 2-D convolution of square kernels, stride 1, zeros around, size kept; forward and both
 * gradients.
 *
 * Maps lie row, column, channel: x [n x rows x columns x n_in], z and g [n x rows x columns x
 * n_out]. Weights [size x size x n_in x n_out]: the rows of w are in the order in which a window's
 * values lie. All functions set (not add to) their result, allocate nothing, and give the same bits
 * for the same kernels table. Thread: any; scratch belongs to the caller. */
#ifndef TILLER_NET_CONV_H
#define TILLER_NET_CONV_H

#include "kernels.h"

struct conv_shape {
    int rows, columns; /* of the maps */
    int n_in, n_out;   /* channels */
    int size;          /* of the kernel: 3 or 5 */
};

/* Floats of scratch (64-byte aligned) that the functions need for batches of up to n maps. */
size_t conv_scratch(const struct conv_shape *s, int n);
void conv_forward(const struct kernels *kernels, const struct conv_shape *s, const float *x,
                  const float *w, int n, float *z, float *scratch);
void conv_weight_gradient(const struct kernels *kernels, const struct conv_shape *s, const float *x,
                          const float *g, int n, float *w_gradient, float *scratch);
void conv_input_gradient(const struct kernels *kernels, const struct conv_shape *s, const float *w,
                         const float *g, int n, float *x_gradient, float *scratch);

#endif

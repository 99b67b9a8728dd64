/* reference: the network in plain float64 loops, the oracle beside the BLAS path: forward, loss and
 * gradients written straight from the formulas, one element at a time, weights as [n_out][n_in]. */
#ifndef TILLER_TESTS_NET_REFERENCE_H
#define TILLER_TESTS_NET_REFERENCE_H

#include "net/internal.h"

#include <math.h>
#include <string.h>

enum { REF_WIDTH = 64, REF_ROWS = 32 }; /* the largest layer and batch it takes */

struct ref_layer {
    int n_in, n_out;
    double w[REF_WIDTH][REF_WIDTH], b[REF_WIDTH];
};
struct reference {
    int n_layers;
    enum net_activation activation;
    double dropout;
    struct dropout mask[NET_MAX_LAYERS]; /* of the batch at hand */
    struct ref_layer layer[NET_MAX_LAYERS];
};

static inline size_t ref_weight_at(const struct net_layer *l, int out, int in)
{
    return l->weight + (size_t)(l->by_input ? in * l->n_out + out : out * l->n_in + in);
}

/* The numbers of a parameter block (weights or gradients) as a reference network. */
static inline void ref_read(struct reference *r, const struct training *t, const float *block)
{
    memset(r, 0, sizeof *r);
    r->n_layers = t->n_layers;
    r->activation = t->config.activation;
    r->dropout = t->config.dropout;
    for (int l = 0; l < t->n_layers; l++) {
        const struct net_layer *from = &t->layer[l];
        struct ref_layer *to = &r->layer[l];
        to->n_in = from->n_in;
        to->n_out = from->n_out;
        r->mask[l] = training_dropout(t, l);
        for (int o = 0; o < to->n_out; o++) {
            to->b[o] = (double)block[from->bias + (size_t)o];
            for (int i = 0; i < to->n_in; i++)
                to->w[o][i] = (double)block[ref_weight_at(from, o, i)];
        }
    }
}

/* a[0] = inputs, a[l + 1] = outputs of layer l; f[l] = activation before dropout. Returns the sum
 * of the rows' cross-entropies; p = softmax. */
struct ref_pass {
    double a[NET_MAX_LAYERS + 1][REF_ROWS][REF_WIDTH];
    double slope[NET_MAX_LAYERS][REF_ROWS][REF_WIDTH];
    double p[REF_ROWS][REF_WIDTH];
};

static inline double ref_mask(const struct reference *r, int l, int row, int unit)
{
    if (r->dropout <= 0)
        return 1;
    uint32_t index = (uint32_t)(row * r->layer[l].n_out + unit);
    return dropout_keeps(&r->mask[l], index) ? 1 / (1 - r->dropout) : 0;
}

static inline double ref_softmax_row(const double *z, int n, int y, double *p)
{
    double top = z[0], sum = 0;
    for (int c = 1; c < n; c++)
        top = z[c] > top ? z[c] : top;
    for (int c = 0; c < n; c++)
        sum += exp(z[c] - top);
    for (int c = 0; c < n; c++)
        p[c] = exp(z[c] - top) / sum;
    return log(sum) + top - z[y];
}

static inline double ref_forward(const struct reference *r, const float *x, const int32_t *y, int n,
                                 struct ref_pass *pass)
{
    double loss = 0;
    for (int row = 0; row < n; row++) {
        for (int i = 0; i < r->layer[0].n_in; i++)
            pass->a[0][row][i] = (double)x[row * r->layer[0].n_in + i];
        for (int l = 0; l < r->n_layers; l++) {
            const struct ref_layer *layer = &r->layer[l];
            for (int o = 0; o < layer->n_out; o++) {
                double z = layer->b[o], f = z, slope = 1, mask = 1;
                for (int i = 0; i < layer->n_in; i++)
                    z += layer->w[o][i] * pass->a[l][row][i];
                f = z;
                if (l < r->n_layers - 1) {
                    f = r->activation == NET_RELU ? (z > 0 ? z : 0) : tanh(z);
                    slope = r->activation == NET_RELU ? (z > 0 ? 1 : 0) : 1 - f * f;
                    mask = ref_mask(r, l, row, o);
                }
                pass->a[l + 1][row][o] = f * mask;
                pass->slope[l][row][o] = slope * mask;
            }
        }
        loss += ref_softmax_row(pass->a[r->n_layers][row], r->layer[r->n_layers - 1].n_out, y[row],
                                pass->p[row]);
    }
    return loss;
}

/* The gradient of the mean loss over n rows, as a network of gradients. */
static inline void ref_gradient(const struct reference *r, const struct ref_pass *pass,
                                const int32_t *y, int n, struct reference *out)
{
    *out = *r;
    for (int l = 0; l < r->n_layers; l++) {
        memset(out->layer[l].w, 0, sizeof out->layer[l].w);
        memset(out->layer[l].b, 0, sizeof out->layer[l].b);
    }
    for (int row = 0; row < n; row++) {
        double g[REF_WIDTH], below[REF_WIDTH];
        int last = r->n_layers - 1;
        for (int c = 0; c < r->layer[last].n_out; c++)
            g[c] = (pass->p[row][c] - (c == y[row])) / n;
        for (int l = last; l >= 0; l--) {
            const struct ref_layer *layer = &r->layer[l];
            for (int i = 0; i < layer->n_in; i++) {
                below[i] = 0;
                for (int o = 0; o < layer->n_out; o++) {
                    out->layer[l].w[o][i] += g[o] * pass->a[l][row][i];
                    below[i] += g[o] * layer->w[o][i];
                }
            }
            for (int o = 0; o < layer->n_out; o++)
                out->layer[l].b[o] += g[o];
            for (int i = 0; l > 0 && i < layer->n_in; i++)
                g[i] = below[i] * pass->slope[l - 1][row][i];
        }
    }
}

#endif

/* reference: the whole network in plain float64 loops, the oracle beside the fast path: from a
 * block of parameters, laid out as a training's, to outputs and loss, one element at a time and
 * straight from the formulas. There is no way back in it: gradients are differences of its loss.
 *
 * Of the training it takes shapes, offsets, configuration, class weights and the masks' keys; all
 * numbers come from the block. Static buffers: one at a time. */
#ifndef TILLER_TESTS_NET_REFERENCE_H
#define TILLER_TESTS_NET_REFERENCE_H

#include "net/internal.h"

#include <math.h>
#include <string.h>

enum { REF_CELLS = 1 << 15, REF_CHANNELS = 128 }; /* the largest map or batch of rows it takes */

struct reference {
    const struct training *t;
    const double *block;
    int n;         /* rows at hand */
    bool training; /* dropout, and batch statistics in the layers that learn */
    double a[REF_CELLS], z[REF_CELLS], below[REF_CELLS];
    /* The learning layers' batch statistics as batch normalization found them. */
    double mean[NET_MAX_LAYERS][REF_CHANNELS], variance[NET_MAX_LAYERS][REF_CHANNELS];
    double plain; /* sum over rows of the loss without smoothing and class weights */
};

/* ---- the linear map ---------------------------------------------------------------------- */

static inline double ref_dense_sum(const struct reference *r, const struct net_layer *l, int row,
                                   int out)
{
    double sum = 0;
    for (int in = 0; in < l->n_in; in++) {
        size_t at = (size_t)(l->by_input ? in * l->n_out + out : out * l->n_in + in);
        sum += r->block[l->weight + at] * r->a[row * l->n_in + in];
    }
    return sum;
}

static inline double ref_conv_sum(const struct reference *r, const struct net_layer *l, int row,
                                  int y, int x, int out)
{
    const struct conv_shape *m = &l->map;
    double sum = 0;
    for (int i = 0; i < m->size; i++)
        for (int j = 0; j < m->size; j++)
            for (int in = 0; in < m->n_in; in++) {
                int sy = y + i - m->size / 2, sx = x + j - m->size / 2;
                if (sy < 0 || sy >= m->rows || sx < 0 || sx >= m->columns)
                    continue;
                size_t at = (size_t)(((i * m->size + j) * m->n_in + in) * m->n_out + out);
                sum += r->block[l->weight + at] *
                       r->a[((row * m->rows + sy) * m->columns + sx) * m->n_in + in];
            }
    return sum;
}

static inline void ref_map(struct reference *r, const struct net_layer *l)
{
    int columns = l->conv ? l->map.columns : 1, positions = l->n_sums / l->n_out;
    for (int row = 0; row < r->n; row++)
        for (int p = 0; p < positions; p++)
            for (int o = 0; o < l->n_out; o++)
                r->z[(row * positions + p) * l->n_out + o] =
                    l->conv ? ref_conv_sum(r, l, row, p / columns, p % columns, o)
                            : ref_dense_sum(r, l, row, o);
}

/* ---- normalization ----------------------------------------------------------------------- */

/* Mean and variance (divided by n) of n numbers so far apart. */
static inline void ref_moments(const double *z, int n, int stride, double *mean, double *variance)
{
    *mean = *variance = 0;
    for (int i = 0; i < n; i++)
        *mean += z[i * stride] / n;
    for (int i = 0; i < n; i++)
        *variance += (z[i * stride] - *mean) * (z[i * stride] - *mean) / n;
}

static inline void ref_normalize(struct reference *r, const struct net_layer *l, bool live)
{
    int rows = r->n * (l->n_sums / l->n_out), n = l->n_out, number = (int)(l - r->t->layer);
    double mean = 0, variance = 1;
    for (int j = 0; j < n && l->norm == NET_NORM_BATCH; j++) {
        double *kept_mean = &r->mean[number][j], *kept_variance = &r->variance[number][j];
        if (live) {
            ref_moments(r->z + j, rows, n, kept_mean, kept_variance);
        } else {
            *kept_mean = r->block[l->mean + (size_t)j];
            *kept_variance = r->block[l->variance + (size_t)j];
        }
    }
    for (int i = 0; i < rows; i++) {
        double *row = r->z + i * n;
        if (l->norm == NET_NORM_LAYER)
            ref_moments(row, n, 1, &mean, &variance);
        for (int j = 0; j < n; j++) {
            bool batch = l->norm == NET_NORM_BATCH;
            double m = batch ? r->mean[number][j] : mean;
            double v = batch ? r->variance[number][j] : variance;
            row[j] = r->block[l->gain + (size_t)j] * (row[j] - m) / sqrt(v + 1e-5);
        }
    }
}

/* ---- pooling, activation ----------------------------------------------------------------- */

static inline double ref_pooled(const struct reference *r, const struct net_layer *l, int row,
                                int y, int x, int channel)
{
    double most = -INFINITY, sum = 0;
    for (int i = 0; i < 4; i++) {
        int line = (row * l->map.rows + 2 * y + i / 2) * l->map.columns;
        double z = r->z[(line + 2 * x + i % 2) * l->n_out + channel];
        most = z > most ? z : most;
        sum += z;
    }
    return r->t->config.pooling == NET_POOL_MAX ? most : sum / 4;
}

static inline void ref_pool(struct reference *r, const struct net_layer *l)
{
    double *to = r->a; /* not read any more */
    for (int row = 0; row < r->n; row++)
        for (int y = 0; y < l->map.rows / 2; y++)
            for (int x = 0; x < l->map.columns / 2; x++)
                for (int o = 0; o < l->n_out; o++)
                    *to++ = ref_pooled(r, l, row, y, x, o);
    memcpy(r->z, r->a, (size_t)(to - r->a) * sizeof *to);
}

static inline double ref_activation(enum net_activation f, double z)
{
    switch (f) {
    case NET_RELU:
        return z > 0 ? z : 0;
    case NET_TANH:
        return tanh(z);
    case NET_LEAKY_RELU:
        return z > 0 ? z : 0.01 * z;
    case NET_SIGMOID:
        return 1 / (1 + exp(-z));
    case NET_GELU:
        return z * 0.5 * (1 + erf(z / sqrt(2)));
    case NET_SILU:
        return z / (1 + exp(-z));
    }
    return (double)NAN;
}

/* From z to a, with the mask of the training's batch at hand. */
static inline void ref_activate(struct reference *r, const struct net_layer *l)
{
    double rate = r->training ? r->t->config.dropout : 0;
    struct dropout mask = training_dropout(r->t, (int)(l - r->t->layer));
    int cells = r->n * l->n_results;
    for (int i = 0; i < cells; i++) {
        double z = r->z[i] + r->block[l->bias + (size_t)(i % l->n_out)];
        r->a[i] = l->last ? z : ref_activation(r->t->config.activation, z);
        if (!l->last && rate > 0)
            r->a[i] *= dropout_keeps(&mask, (uint32_t)i) ? 1 / (1 - rate) : 0;
    }
}

/* ---- all layers -------------------------------------------------------------------------- */

/* The outputs [n x n_outputs] of n rows, in r->a. */
static inline void ref_forward(struct reference *r, const struct training *t, const double *block,
                               const float *x, int n, bool training)
{
    r->t = t;
    r->block = block;
    r->n = n;
    r->training = training;
    for (int i = 0; i < n * t->rows.n_inputs; i++)
        r->a[i] = (double)x[i];
    for (int l = 0; l < t->n_layers; l++) {
        const struct net_layer *layer = &t->layer[l];
        int inputs = n * (layer->residual ? layer->n_in : 0);
        memcpy(r->below, r->a, (size_t)inputs * sizeof *r->a);
        ref_map(r, layer);
        if (layer->norm != NET_NORM_NONE)
            ref_normalize(r, layer, training && l >= training_first_learning(t));
        if (layer->pooled)
            ref_pool(r, layer);
        ref_activate(r, layer);
        for (int i = 0; i < inputs; i++)
            r->a[i] += r->below[i];
    }
}

/* ---- loss -------------------------------------------------------------------------------- */

/* -log of the share of class c. */
static inline double ref_surprise(const double *z, int n, int c)
{
    double top = z[0], sum = 0;
    for (int i = 1; i < n; i++)
        top = z[i] > top ? z[i] : top;
    for (int i = 0; i < n; i++)
        sum += exp(z[i] - top);
    return log(sum) + top - z[c];
}

/* What is minimised: the weighted cross-entropy to smoothed targets. */
static inline double ref_class_loss(const struct training *t, const double *z, int n, int y)
{
    double smoothing = t->config.label_smoothing, loss = 0;
    for (int c = 0; c < n; c++)
        loss += ((c == y ? 1 - smoothing : 0) + smoothing / n) * ref_surprise(z, n, c);
    return loss * (t->class_weight ? (double)t->class_weight[y] : 1);
}

/* The mean over n rows of what is minimised; r->plain is what is reported. */
static inline double ref_loss(struct reference *r, const struct training *t, const double *block,
                              const float *x, const int32_t *y, const float *target, int n,
                              bool training)
{
    double loss = 0;
    ref_forward(r, t, block, x, n, training);
    r->plain = 0;
    for (int row = 0; row < n; row++) {
        const double *z = r->a + row * t->n_outputs;
        if (target) {
            double error = z[0] - (double)target[row];
            r->plain += error * error;
            loss += error * error / n;
        } else {
            r->plain += ref_surprise(z, t->n_outputs, y[row]);
            loss += ref_class_loss(t, z, t->n_outputs, y[row]) / n;
        }
    }
    return loss;
}

#endif

/* layer: what lies between a layer's inputs and its activation: the linear map (dense or a
 * convolution), normalization, pooling; forward and back.
 *
 * A map's positions are rows to everything that works by columns: normalization and gains see
 * [n * positions x channels]. Pooling stands before bias and activation: for max pooling and rising
 * activations that is the same function as behind them, at a quarter of the work. */
#include "internal.h"
#include "product.h"

#include <cblas.h>

/* Of a batch in the running mean and variance, as PyTorch's momentum. */
#define RUNNING_SHARE 0.1f

static int rows_of(const struct net_layer *layer, int n)
{
    return n * (layer->n_sums / layer->n_out);
}

void layer_product(const struct training *t, const struct net_layer *layer, const float *block,
                   const float *x, int n, float *out)
{
    const float *w = block + layer->weight;
    int in = layer->n_in, o = layer->n_out;
    if (layer->conv)
        conv_forward(t->kernels, &layer->map, x, w, n, out, t->scratch);
    else if (layer->by_input)
        product(t->kernels, x, w, n, in, o, out);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, o, in, 1, x, in, w, in, 0, out, o);
}

/* The gradient of the weights, from x [n x inputs] and the gradient g [n x n_sums]. */
static void weight_gradient(const struct training *t, const struct net_layer *layer, const float *x,
                            const float *g, int n)
{
    float *w = t->gradient + layer->weight;
    int in = layer->n_in, o = layer->n_out;
    if (layer->conv)
        conv_weight_gradient(t->kernels, &layer->map, x, g, n, w, t->scratch);
    else if (layer->by_input)
        product_turned(t->kernels, x, g, in, n, o, w);
    else
        product_turned(t->kernels, g, x, o, n, in, w);
}

/* The gradient below [n x inputs] at the layer's inputs; never of the first layer. */
static void input_gradient(const struct training *t, const struct net_layer *layer, const float *g,
                           int n, float *below)
{
    const float *w = t->params + layer->weight;
    if (layer->conv)
        conv_input_gradient(t->kernels, &layer->map, w, g, n, below, t->scratch);
    else
        product(t->kernels, g, w, n, layer->n_out, layer->n_in, below);
}

/* ---- normalization ----------------------------------------------------------------------- */

/* Running figures for judging; the variance as an estimate of all rows', not of the batch's. */
static void keep_running(struct training *t, const struct net_layer *layer, int rows)
{
    float *mean = t->params + layer->mean, *variance = t->params + layer->variance;
    float unbiased = rows > 1 ? (float)rows / (float)(rows - 1) : 1;
    for (int j = 0; j < layer->n_out; j++) {
        mean[j] += RUNNING_SHARE * (layer->batch_mean[j] - mean[j]);
        variance[j] += RUNNING_SHARE * (unbiased * layer->batch_variance[j] - variance[j]);
    }
}

static void normalize(struct training *t, struct net_layer *layer, const float *block, int n,
                      bool live)
{
    int rows = rows_of(layer, n);
    if (layer->norm == NET_NORM_LAYER) {
        t->kernels->normalize_rows(layer->normed, rows, layer->n_out, layer->inverse);
    } else if (live) {
        t->kernels->normalize_batch(layer->normed, rows, layer->n_out, layer->batch_mean,
                                    layer->batch_variance, layer->inverse);
        keep_running(t, layer, rows);
    } else {
        t->kernels->normalize_fixed(layer->normed, rows, layer->n_out, block + layer->mean,
                                    block + layer->variance);
    }
}

static void normalize_back(const struct training *t, const struct net_layer *layer, float *g, int n)
{
    void (*back)(float *, const float *, int, int, const float *, const float *, float *) =
        layer->norm == NET_NORM_BATCH ? t->kernels->normalize_batch_back
                                      : t->kernels->normalize_rows_back;
    back(g, layer->normed, rows_of(layer, n), layer->n_out, t->params + layer->gain, layer->inverse,
         t->gradient + layer->gain);
}

/* ---- pooling ----------------------------------------------------------------------------- */

static void pool(const struct training *t, const struct net_layer *layer, int n, bool live)
{
    const struct conv_shape *m = &layer->map;
    if (t->config.pooling == NET_POOL_AVERAGE)
        t->kernels->pool_average(layer->sums, n, m->rows, m->columns, m->n_out, layer->out);
    else
        t->kernels->pool_max(layer->sums, n, m->rows, m->columns, m->n_out, layer->out,
                             live ? layer->which : NULL);
}

static void pool_back(const struct training *t, const struct net_layer *layer, const float *g,
                      int n)
{
    const struct conv_shape *m = &layer->map;
    if (t->config.pooling == NET_POOL_AVERAGE)
        t->kernels->pool_average_back(g, n, m->rows, m->columns, m->n_out, layer->sums);
    else
        t->kernels->pool_max_back(g, layer->which, n, m->rows, m->columns, m->n_out, layer->sums);
}

/* ---- all of it --------------------------------------------------------------------------- */

void layer_sums(struct training *t, struct net_layer *layer, const float *block, const float *x,
                int n, bool live)
{
    float *behind = layer->pooled ? layer->sums : layer->out;
    layer_product(t, layer, block, x, n, layer->normed ? layer->normed : behind);
    if (layer->normed) {
        normalize(t, layer, block, n, live);
        t->kernels->scale_columns(behind, layer->normed, rows_of(layer, n), layer->n_out,
                                  block + layer->gain);
    }
    if (layer->pooled)
        pool(t, layer, n, live);
}

void layer_sums_back(struct training *t, struct net_layer *layer, const float *x, float *g, int n,
                     float *below)
{
    if (layer->pooled) {
        pool_back(t, layer, g, n);
        g = layer->sums;
    }
    if (layer->normed)
        normalize_back(t, layer, g, n);
    weight_gradient(t, layer, x, g, n);
    if (below)
        input_gradient(t, layer, g, n, below);
}

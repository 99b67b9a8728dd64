/* layer: what lies between a layer's inputs and its activation: the linear map (dense or a
 * convolution), normalization, pooling; forward and back.
 *
 * A map's positions are rows to everything that works by columns: normalization and gains see
 * [n * positions x channels]. Pooling stands before bias and activation: for max pooling and rising
 * activations that is the same function as behind them, at a quarter of the work. */
#include "internal.h"

#include <cblas.h>

#define RUNNING_SHARE                                                                              \
    0.1f /* of a batch in the running mean and variance, as PyTorch's momentum                     \
          */

static int rows_of(const struct net_layer *layer, int n)
{
    return n * (layer->n_sums / layer->n_out);
}

/* out [n x columns] = a [n x inner] b [inner x columns]. OpenBLAS's products of up to a million
 * multiplications on AVX-512 (sgemm_small_kernel_nn_skylakex.c, 0.3.21) allocate memory where
 * columns % 16 is 1 to 8 and inner at least 32; there those last columns of b are turned and
 * multiplied by themselves. */
static void product(const struct training *t, int n, int columns, int inner, const float *a,
                    const float *b, float *out)
{
    int rest = columns % 16;
    bool allocates =
        rest > 0 && rest <= PRODUCT_REST && inner >= 32 && 1.0 * n * columns * inner <= 1e6;
    int whole = allocates ? columns - rest : columns;
    if (whole > 0)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, whole, inner, 1, a, inner, b,
                    columns, 0, out, columns);
    if (!allocates)
        return;
    for (int i = 0; i < inner; i++)
        for (int j = 0; j < rest; j++)
            t->scratch[j * inner + i] = b[i * columns + whole + j];
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, rest, inner, 1, a, inner, t->scratch,
                inner, 0, out + whole, columns);
}

void layer_product(const struct training *t, const struct net_layer *layer, const float *block,
                   const float *x, int n, float *out)
{
    const float *w = block + layer->weight;
    int in = layer->n_in, o = layer->n_out;
    if (layer->conv)
        conv_forward(t->kernels, &layer->map, x, w, n, out, t->scratch);
    else if (layer->by_input)
        product(t, n, o, in, x, w, out);
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
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, in, o, n, 1, x, in, g, o, 0, w, o);
    else
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, o, in, n, 1, g, o, x, in, 0, w, in);
}

/* The gradient below [n x inputs] at the layer's inputs. */
static void input_gradient(const struct training *t, const struct net_layer *layer, const float *g,
                           int n, float *below)
{
    const float *w = t->params + layer->weight;
    int in = layer->n_in, o = layer->n_out;
    if (layer->conv)
        conv_input_gradient(t->kernels, &layer->map, w, g, n, below, t->scratch);
    else if (layer->by_input)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, in, o, 1, g, o, w, o, 0, below, in);
    else
        product(t, n, in, o, g, w, below);
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

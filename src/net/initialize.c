/* initialize: the first weights. Biases are 0, gains 1, running variances 1. */
#include "internal.h"

#include <cblas.h>
#include <math.h>

/* How many numbers meet in one sum, and how many sums one number enters. */
static double fan_in(const struct net_layer *layer)
{
    return (double)layer->n_weights / layer->n_out;
}

static double fan_out(const struct net_layer *layer)
{
    return (double)layer->n_weights / layer->n_in;
}

/* Activations that pass about half of what they are given, as relu does. */
static bool halves(const struct training *t, const struct net_layer *layer)
{
    enum net_activation a = t->config.activation;
    return !layer->last && a != NET_TANH && a != NET_SIGMOID;
}

/* He et al. 2015, eq. 10. */
static double he(const struct net_layer *layer)
{
    return sqrt(2 / fan_in(layer));
}

/* Glorot & Bengio 2010, eq. 12 ("Xavier"). */
static double xavier(const struct net_layer *layer)
{
    return sqrt(2 / (fan_in(layer) + fan_out(layer)));
}

/* Takes what lies along the first `before` rows of a [.. x n] out of row, and gives it length 1.
 * false: nothing is left of it. Twice, since once leaves rounding errors behind. */
static bool orthonormalize(float *a, int before, int n, float *products)
{
    float *row = a + (size_t)before * (size_t)n;
    for (int pass = 0; pass < 2 && before > 0; pass++) {
        cblas_sgemv(CblasRowMajor, CblasNoTrans, before, n, 1, a, n, row, 1, 0, products, 1);
        cblas_sgemv(CblasRowMajor, CblasTrans, before, n, -1, a, n, products, 1, 1, row, 1);
    }
    float length = cblas_snrm2(n, row, 1);
    if (length < 1e-6f)
        return false;
    cblas_sscal(n, 1 / length, row, 1);
    return true;
}

/* Saxe et al. 2014: the rows of the [n_out x fan_in] matrix, or its columns if there are fewer of
 * them, are orthonormal, times the gain that keeps signals alike. */
static enum err orthogonal(struct training *t, const struct net_layer *layer, struct rng *rng,
                           struct err_info *info)
{
    int in = (int)fan_in(layer), out = layer->n_out;
    int vectors = in < out ? in : out, n = in < out ? out : in;
    float gain = halves(t, layer) ? 1.41421356f : 1;
    float *a = mem_alloc((size_t)vectors * (size_t)n + (size_t)vectors, sizeof *a);
    if (!a)
        return err_set_memory(info, "network");
    float *products = a + (size_t)vectors * (size_t)n;
    for (int v = 0; v < vectors; v++)
        do
            for (int i = 0; i < n; i++)
                a[(size_t)v * (size_t)n + (size_t)i] = (float)rng_normal(rng);
        while (!orthonormalize(a, v, n, products));
    float *w = t->params + layer->weight;
    for (int o = 0; o < out; o++)
        for (int i = 0; i < in; i++) {
            size_t from =
                in < out ? (size_t)i * (size_t)n + (size_t)o : (size_t)o * (size_t)n + (size_t)i;
            size_t to = layer->by_input ? (size_t)i * (size_t)out + (size_t)o
                                        : (size_t)o * (size_t)in + (size_t)i;
            w[to] = gain * a[from];
        }
    mem_free(a);
    return ERR_OK;
}

static void draw_normal(struct training *t, const struct net_layer *layer, struct rng *rng)
{
    enum net_initialization kind = t->config.initialization;
    if (kind == NET_INIT_AUTO)
        kind = halves(t, layer) ? NET_INIT_HE : NET_INIT_XAVIER;
    double deviation = kind == NET_INIT_HE ? he(layer) : xavier(layer);
    float *w = t->params + layer->weight;
    for (size_t i = 0; i < layer->n_weights; i++)
        w[i] = (float)(deviation * rng_normal(rng));
}

static void fill(float *at, int n, float value)
{
    for (int i = 0; i < n; i++)
        at[i] = value;
}

enum err training_initialize(struct training *t, struct err_info *info)
{
    enum err e = ERR_OK;
    for (int l = 0; l < t->n_layers && e == ERR_OK; l++) {
        const struct net_layer *layer = &t->layer[l];
        struct rng rng;
        training_rng(&rng, t, STREAM_WEIGHTS, (uint64_t)l);
        if (t->config.initialization == NET_INIT_ORTHOGONAL)
            e = orthogonal(t, layer, &rng, info);
        else
            draw_normal(t, layer, &rng);
        if (layer->norm != NET_NORM_NONE)
            fill(t->params + layer->gain, layer->n_out, 1);
        if (layer->norm == NET_NORM_BATCH)
            fill(t->params + layer->variance, layer->n_out, 1);
    }
    return e;
}

/* internal: what the files of this room (and its tests) share: a training laid open.
 *
 * All that is learned lies in one block of floats: first every layer's weights, then every layer's
 * biases and gains, then (not learned but counted) the running means and variances of batch
 * normalization; each piece starts at a multiple of KERNEL_LANES, gaps and end are zeros that stay
 * zero. Gradients and moments have the layout of the learned part, so an optimiser is one loop.
 *
 * Nothing random is a running state: the order of rows is a function of (rng_seed, epoch), a mask,
 * a shift or a row's noise one of (rng_seed, batch number). Where a training stands is therefore
 * (epoch, batch) alone. */
#ifndef TILLER_NET_INTERNAL_H
#define TILLER_NET_INTERNAL_H

#include "conv.h"
#include "kernels.h"

#define NET_MAX_LAYERS (NET_MAX_CONV + NET_MAX_HIDDEN + 1)
#define NET_JUDGE_ROWS 256 /* rows judged at once; fewer where a row takes much memory */

/* A layer: out = dropout(f(pool(normalize(x W) * gain) + bias)) [+ x]; the last one only x W +
 * bias. Dense weights: the first layer's are stored [n_in x n_out], the others' [n_out x n_in]: the
 * faster way for the products each of them needs (the first has no gradient to pass down), measured
 * with OpenBLAS 0.3.21. A convolution's stand as conv.h says. */
struct net_layer {
    bool conv, last, by_input, pooled, residual;
    enum net_normalization norm;
    struct conv_shape map; /* convolutions */
    int n_in, n_out;       /* widths; convolutions: channels */
    int n_sums;            /* sums of one row: positions of the map x n_out */
    int n_results;         /* of one row, after pooling */
    int rows, columns;     /* of the map behind pooling; dense: 1, 1 */
    size_t n_weights;
    size_t weight, bias, gain, mean, variance; /* offsets in a block; gain .. only if normalized */
    bool carried;                              /* its first weights came from another network */

    /* Each [rows x ...]; NULL where the layer has no use for it. The product goes to the first of
     * normed, sums, out that is there. */
    float *normed;  /* [n_sums] normalized sums */
    float *sums;    /* [n_sums] what is pooled; on the way back the gradient there */
    float *out;     /* [n_results] activations; the last layer: outputs, then their gradient */
    float *slope;   /* [n_results] derivative of out, then the gradient */
    float *inverse; /* 1 / deviation: batch [n_out], layer [rows of n_out] */
    float *batch_mean, *batch_variance; /* [n_out] of the batch at hand */
    uint8_t *which;                     /* [n_results] max pooling's choices */
};

enum divergence { DIVERGED_NOT, DIVERGED_LOSS, DIVERGED_WEIGHT, DIVERGED_FIGURE };

struct training {
    struct net_config config;
    struct net_rows rows;
    const struct kernels *kernels;
    int n_layers; /* hidden ones and the output */
    int n_outputs;
    struct net_layer layer[NET_MAX_LAYERS];
    size_t n_weights, n_learned,
        n_block; /* end of the weights, of what is learned, of all; floats */
    int n_moments;
    int judge_rows;
    float *params, *best;        /* [n_block] */
    float *gradient, *moment[2]; /* [n_learned] */
    const float *judged;         /* params or best */
    float *x;                    /* [batch x n_inputs] gathered rows */
    float *delta[2];             /* [batch x widest hidden layer] gradients at outputs */
    float *scratch;              /* of convolutions */
    float *class_weight;         /* [n_classes]; NULL: all 1 */
    float *target;               /* [batch] regression */
    float *arena;                /* owns all of the above and the layers' */
    uint8_t *choices;            /* owns the layers' which */
    int32_t *y;                  /* [batch] classification */
    int32_t *order;              /* [n_rows] of this epoch */
    int64_t *tally; /* [3 x n_classes] rows predicted right, predicted, true; while judging */
    int batch_size, batches_per_epoch;
    int epoch, batch; /* position: completed epochs, completed batches of the current one */
    int best_epoch;
    double loss_sum;   /* over the rows seen in the current epoch */
    double train_loss; /* mean of the last completed epoch; NaN before */
    enum divergence diverged;
};

/* training.c: the numbers for one purpose: every purpose and index has a stream of its own. */
enum net_stream { STREAM_WEIGHTS = 1, STREAM_ORDER, STREAM_DROPOUT, STREAM_NOISE, STREAM_SHIFT };
void training_rng(struct rng *rng, const struct training *t, enum net_stream purpose,
                  uint64_t index);
/* Batches done since the first epoch. */
uint64_t training_batches(const struct training *t);

/* config.c: ERR_RANGE naming the field that is out of range; the members as JSON in the object at
 * hand and back (false: one is missing or impossible). */
struct cJSON;
enum err net_config_check(const struct net_config *config, const struct net_rows *rows,
                          struct err_info *info);
void net_config_put(struct json_writer *w, const struct net_config *c);
bool net_config_get(const struct cJSON *object, struct net_config *out);

/* layout.c: layers, sizes and offsets of a network; then pointers into memory (base NULL: only
 * counts). training_lay_out returns the floats needed, and the bytes of choices. */
void training_shape(struct training *t, const struct net_config *config,
                    const struct net_rows *rows);
size_t training_lay_out(struct training *t, float *base, uint8_t *choices, size_t *n_choices);

/* training.c: a training of that shape with memory, but without weights. */
enum err training_allocate(const struct net_config *config, const struct net_rows *rows,
                           struct training **out, struct err_info *info);
/* The order of rows of epoch t->epoch. */
void training_shuffle(struct training *t);

/* initialize.c: the first weights, from config.rng_seed. ERR_MEMORY. */
enum err training_initialize(struct training *t, struct err_info *info);

/* step.c: forward and backward over n gathered rows (labels y or targets, as the task is); fills
 * t->gradient (mean over the n rows, without weight decay) and returns the sum of the rows'
 * losses. */
double training_gradient(struct training *t, const float *x, const int32_t *y, const float *target,
                         int n);
struct dropout training_dropout(const struct training *t, int layer);
bool training_optimize(struct training *t);
/* The first layer that learns now (the frozen ones lie below it). */
int training_first_learning(const struct training *t);
/* The batch at hand into t->x and t->y or t->target; its number of rows. */
int training_gather(struct training *t);

/* judge.c: outputs [n x n_outputs] of n <= judge_rows rows, in the last layer's out. */
float *training_judge(struct training *t, const float *x, int n);

/* layer.c: out = x W, n rows, by the weights in block. */
void layer_product(const struct training *t, const struct net_layer *layer, const float *block,
                   const float *x, int n, float *out);
/* What a layer's activation works on: product, normalized, pooled, in layer->out. live: as in
 * training: a batch's own statistics (kept, and added to the running ones in t->params) and
 * pooling's choices kept; else the running ones of block. */
void layer_sums(struct training *t, struct net_layer *layer, const float *block, const float *x,
                int n, bool live);
/* The way back through layer_sums: g, the gradient at layer->out before bias and activation, n
 * rows; fills the weights' and gains' gradients; below (NULL: not wanted): the gradient at x. */
void layer_sums_back(struct training *t, struct net_layer *layer, const float *x, float *g, int n,
                     float *below);

/* blas.c: OpenBLAS works in the calling thread alone from here on. */
void blas_single(void);
const struct kernels *kernels_chosen(void);

#endif

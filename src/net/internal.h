/* internal: what the files of this room (and its tests) share: a training laid open.
 *
 * All weights and biases lie in one block of floats: first every layer's weights, then every
 * layer's biases, each piece starting at a multiple of KERNEL_LANES, gaps and end filled with zeros
 * that stay zero. Gradients, moments and the best weights have the same layout, so an optimiser is
 * one loop.
 *
 * Nothing random is a running state: the order of rows is a function of (rng_seed, epoch), a mask
 * one of (rng_seed, batch number, layer). Where a training stands is therefore (epoch, batch)
 * alone. */
#ifndef TILLER_NET_INTERNAL_H
#define TILLER_NET_INTERNAL_H

#include "kernels.h"

#define NET_MAX_LAYERS (NET_MAX_HIDDEN + 1)
#define NET_JUDGE_ROWS 256 /* rows judged at once */

/* A dense layer: a = f(x W + b). The first layer's weights are stored [n_in x n_out], the others'
 * [n_out x n_in]: the faster way for the products each of them needs (the first has no gradient to
 * pass down), measured with OpenBLAS 0.3.21. */
struct net_layer {
    int n_in, n_out;
    bool by_input;       /* stored [n_in x n_out] */
    size_t weight, bias; /* offsets in a parameter block */
    float *out;   /* [rows x n_out] activations; the last layer: logits, then their gradient */
    float *slope; /* [batch x n_out] derivative of out, then the gradient; NULL in the last */
};

struct training {
    struct net_config config;
    struct net_rows rows;
    const struct kernels *kernels;
    int n_layers; /* hidden ones and the output */
    struct net_layer layer[NET_MAX_LAYERS];
    size_t n_weights, n_block; /* end of the weights, of the whole block; floats */
    int n_moments;
    float *params, *gradient, *moment[2], *best; /* [n_block] */
    const float *judged;                         /* params or best */
    float *x;                                    /* [batch x n_inputs] gathered rows */
    float *delta;   /* [batch x units] gradient at a hidden layer's output */
    float *arena;   /* owns all of the above */
    int32_t *y;     /* [batch] */
    int32_t *order; /* [n_rows] of this epoch */
    int64_t *tally; /* [3 x n_classes] rows predicted right, predicted, true; while judging */
    int batch_size, batches_per_epoch;
    int epoch, batch; /* position: completed epochs, completed batches of the current one */
    int best_epoch;
    double loss_sum;   /* over the rows seen in the current epoch */
    double train_loss; /* mean of the last completed epoch; NaN before */
    bool diverged;
};

/* training.c: the numbers for one purpose: every purpose and index has a stream of its own. */
enum net_stream { STREAM_WEIGHTS = 1, STREAM_ORDER, STREAM_DROPOUT };
void training_rng(struct rng *rng, const struct training *t, enum net_stream purpose,
                  uint64_t index);

/* config.c: ERR_RANGE naming the field that is out of range. */
enum err net_config_check(const struct net_config *config, struct err_info *info);

/* training.c: layer sizes, offsets and pointers into base (NULL: only counts). Returns the floats
 * needed; t->config, rows and batch_size are set by the caller or by training_shape. */
void training_shape(struct training *t, const struct net_config *config,
                    const struct net_rows *rows);
size_t training_lay_out(struct training *t, float *base);
/* A training of that shape with memory, but without weights: for net_new and net_load. */
enum err training_allocate(const struct net_config *config, const struct net_rows *rows,
                           struct training **out, struct err_info *info);
/* The order of rows of epoch t->epoch. */
void training_shuffle(struct training *t);

/* step.c: forward and backward over n gathered rows; fills t->gradient (mean over the n rows,
 * without weight decay) and returns the sum of the rows' cross-entropies. */
double training_gradient(struct training *t, const float *x, const int32_t *y, int n);
struct dropout training_dropout(const struct training *t, int layer);
bool training_optimize(struct training *t);

/* out [n x layer n_out] = x [n x layer n_in] times the layer's weights in block. */
void layer_product(const struct net_layer *layer, const float *block, const float *x, int n,
                   float *out);

/* config.c: words to enums, -1 if unknown. */
int net_activation_find(const char *name);
int net_optimizer_find(const char *name);
int net_schedule_find(const char *name);

/* blas.c: OpenBLAS works in the calling thread alone from here on. */
void blas_single(void);
const struct kernels *kernels_chosen(void);

#endif

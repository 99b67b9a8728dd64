/* net: networks and their training: layers, loss, optimisers, schedules, metrics, checkpoints.
 *
 * A `struct training` is one network being trained. It belongs to one thread at a time and is
 * advanced by slices of batches, so that whoever owns it can pause, stop or checkpoint at any batch
 * boundary; resumed from a checkpoint it has the bits of the uninterrupted run. The only room that
 * calls BLAS for training. Knows nothing of files of data, threads or search: rows come as plain
 * arrays. No allocation and no system call inside net_train_slice. */
#ifndef TILLER_NET_H
#define TILLER_NET_H

#include "tiller/base.h"

#define NET_MAX_HIDDEN 4 /* dense hidden layers */
#define NET_MAX_CONV 3
#define NET_MAX_UNITS 4096

/* Words of every enum: net_..._name below. Order is part of the tables that are indexed by them. */
enum net_kind { NET_PERCEPTRON, NET_CONV };
enum net_activation { NET_RELU, NET_TANH, NET_LEAKY_RELU, NET_SIGMOID, NET_GELU, NET_SILU };
enum net_normalization { NET_NORM_NONE, NET_NORM_BATCH, NET_NORM_LAYER };
enum net_pooling { NET_POOL_MAX, NET_POOL_AVERAGE };
enum net_initialization { NET_INIT_AUTO, NET_INIT_HE, NET_INIT_XAVIER, NET_INIT_ORTHOGONAL };
enum net_optimizer { NET_SGD, NET_ADAM, NET_NESTEROV, NET_RMSPROP, NET_ADAMW };
enum net_schedule { NET_CONSTANT, NET_COSINE, NET_STEP, NET_ONE_CYCLE };
enum {
    NET_N_ACTIVATIONS = NET_SILU + 1,
    NET_N_OPTIMIZERS = NET_ADAMW + 1,
    NET_N_SCHEDULES = NET_ONE_CYCLE + 1
};

/* Everything that decides a training besides the rows. A hidden layer is
 *   linear map -> [normalization] -> [2x2 pooling] -> bias, activation -> dropout -> [+ its input]
 * where the map is dense or, in the first layers of NET_CONV, a convolution of stride 1 that keeps
 * the size; the last layer is dense and nothing else. A zeroed struct is the plainest choice in
 * every field added after the first release; start from net_config_reference. */
struct net_config {
    int num_layers; /* dense hidden layers, 1..NET_MAX_HIDDEN */
    int units;      /* of each dense hidden layer, 1..NET_MAX_UNITS */
    enum net_activation activation;
    double dropout; /* of each hidden layer's output, [0, 0.9] */
    enum net_optimizer optimizer;
    double learning_rate;
    double momentum;     /* SGD and Nesterov, [0, 1) */
    double weight_decay; /* L2, added to the gradient (AdamW: decoupled); not on biases and gains */
    int batch_size;      /* larger than the rows: one batch an epoch */
    enum net_schedule schedule;
    int schedule_epochs;     /* length R of the schedule in epochs */
    double cycle_rate_scale; /* 1; a continuation's cycle starts at 0.3 (decisions 13) */
    int cycle_first_epoch;   /* epoch (0-based) at which the current cycle began */
    uint64_t rng_seed;

    enum net_kind kind; /* NET_CONV needs rows that are images */
    int conv_layers;    /* NET_CONV: 1..NET_MAX_CONV */
    int filters;        /* of the first convolution; every further one has twice as many; 1..256 */
    int kernel_size;    /* 3 or 5 */
    enum net_pooling pooling; /* 2x2 after each convolution, while the map is at least 2x2 */
    enum net_normalization normalization; /* of each hidden layer's sums */
    bool residual; /* dense hidden layers of equal width add their input to their output */
    enum net_initialization initialization; /* auto: He before relu and its kin, else Xavier */
    double warmup_epochs;   /* the rate rises from 0 in a line over so many epochs; 0: none */
    double gradient_clip;   /* largest norm of the whole gradient; 0: none */
    double label_smoothing; /* [0, 0.9], share of the target spread over all classes */
    bool class_weights;     /* rows weighted by n_rows / (n_classes * rows of their class) */
    double input_noise;     /* standard deviation of what is added to each input in training */
    int shift;              /* images: moved by up to so many pixels each way in training */
    bool from_weights;      /* start from carried weights where they fit (net_carry) */
    int freeze;             /* the first so many layers do not learn */
    int thaw_epoch;         /* from this epoch (0-based) they do; 0: never */
    double carried_rate; /* learning rate of carried layers, as a share of the others'; 0 means 1 */
};

/* Rows to train on or to judge by; lent, must outlive the training. Functions that only need the
 * shape look at the sizes alone. */
struct net_rows {
    int32_t n_rows, n_inputs, n_classes; /* n_classes 0: regression, one output */
    const float *x;                      /* [n_rows x n_inputs] row-major */
    const int32_t *y;                    /* [n_rows] classification; NULL: regression */
    const float *target;                 /* [n_rows] regression: the standardised label */
    double target_scale;                 /* one standard unit in the label's own units */
    int32_t image_rows, image_columns;   /* 0: not an image; else n_inputs is their product */
};

/* What does not apply to a task is NaN. */
struct net_metrics {
    double loss;     /* mean cross-entropy, nats; regression: mean squared error of the standardised
                        label */
    double accuracy; /* [0, 1]; error is 1 - accuracy */
    double precision; /* macro average over classes; a class never predicted counts 0 */
    double recall;    /* macro */
    double f1;        /* macro */
    double auc;       /* two classes: area under the ROC curve, class 1 positive; ties count half */
    double average_precision; /* two classes: sum of (recall steps x precision), class 1 positive */
    double mse, mae;          /* regression: in the label's own units, squared and plain */
    double r2;                /* regression: 1 - squared error / variance of these rows' labels */
};

/* The members of struct net_metrics by name ("loss", "accuracy" ... "r2"), in its order; NULL past
 * the end. larger_is_better may be NULL. */
const char *net_metric_name(int i, bool *larger_is_better);
double net_metric(const struct net_metrics *m, int i);

struct training;

/* net_init: call once in main before any thread: sets OpenBLAS's own threading to one whatever the
 * environment says, picks kernels for this CPU. */
void net_init(void);

/* The reference network of the mission: one hidden layer of 128 relu, dropout 0.2, Adam at 0.001,
 * batch 32, constant schedule, 10 epochs. */
struct net_config net_config_reference(void);

/* Number of weights, biases and gains; bytes a training will hold (stated before it starts). */
size_t net_count_parameters(const struct net_config *config, const struct net_rows *shape);
size_t net_memory_bytes(const struct net_config *config, const struct net_rows *shape);
/* "784-128-10", "28x28-16c-32c-128-10": the layers' widths for people. */
const char *net_shape_text(const struct net_config *config, const struct net_rows *shape, char *out,
                           size_t out_size);
/* The form of layer l (0-based, the output layer is the last), for whoever writes the network down
 * for others; false past the last. */
struct net_layer_form {
    bool conv, pooled, residual, last;
    enum net_normalization normalization;
    int n_in, n_out;   /* widths; convolutions: channels */
    int kernel_size;   /* convolutions */
    int rows, columns; /* of the maps that come out; dense: 1, 1 */
};
bool net_layer_form(const struct net_config *config, const struct net_rows *shape, int l,
                    struct net_layer_form *out);

/* net_new: weights initialised from config->rng_seed (biases 0, gains 1).
 * Errors: ERR_RANGE naming the field, ERR_MEMORY. Owner: caller, net_free. */
enum err net_new(const struct net_config *config, const struct net_rows *train,
                 struct training **out, struct err_info *info);
void net_free(struct training *t);

/* net_train_slice: train at most max_batches batches, stopping at the end of the epoch.
 * *epoch_done tells whether an epoch was completed by this call; net_train_loss is then that
 * epoch's mean training loss as seen during training (dropout on).
 * Returns ERR_OK, or ERR_RANGE when the loss or a weight became NaN or infinite (diverged; the
 * training can't go on; net_divergence says in words where). Thread: owner. */
enum err net_train_slice(struct training *t, int max_batches, bool *epoch_done);
/* Why net_train_slice, or net_evaluate on the validation rows, has said ERR_RANGE: "the loss became
 * infinite or not a number in batch 12 of epoch 3". */
const char *net_divergence(const struct training *t, char *out, size_t out_size);
double net_train_loss(const struct training *t); /* without smoothing and class weights */
/* Euclidean norms, at rest between two slices: of all weights (biases and gains left out), and of
 * the gradient of the batch trained last, before clipping and without weight decay; 0 before the
 * first batch. One pass over the parameters each. */
double net_weight_norm(const struct training *t);
double net_gradient_norm(const struct training *t);
int net_epochs_done(const struct training *t);  /* completed epochs */
int net_batches_done(const struct training *t); /* inside the current epoch */
int net_batches_per_epoch(const struct training *t);
int net_effective_batch(const struct training *t);
double net_current_rate(const struct training *t); /* learning rate of the next batch */

/* net_begin_cycle: a continuation beyond the schedule: from here a new cosine cycle of `epochs`
 * epochs starting at rate_scale * learning_rate; no change for a constant schedule. */
void net_begin_cycle(struct training *t, int epochs, double rate_scale);

/* net_evaluate: judge the network (dropout off) on rows.
 *   confusion    NULL or [n_classes x n_classes], row = truth, column = prediction, added up from 0
 *   outputs_out  NULL or [n_rows x outputs]: logits; regression: standardised predictions
 * Uses the training's own scratch memory: owner thread only. Two classes: allocates n_rows scores
 * (ERR_MEMORY). */
enum err net_evaluate(struct training *t, const struct net_rows *rows, struct net_metrics *out,
                      int64_t *confusion, float *outputs_out);
/* net_predict: the same without truths: probabilities [n_rows x n_classes] or standardised
 * predictions [n_rows]. */
enum err net_predict(struct training *t, const float *x, int32_t n_rows, float *out);

/* Best-epoch weights: net_keep_best copies the current weights aside; net_use_best puts them in
 * place for judging (net_use_last puts the last ones back). */
enum err net_keep_best(struct training *t, int epoch);
int net_best_epoch(const struct training *t); /* -1: none kept */
bool net_use_best(struct training *t);
void net_use_last(struct training *t);

/* Checkpoint: one safetensors file with weights, optimiser moments, random states, epoch, batch
 * position, running sums, best-epoch weights and config. Written atomically. metadata_json: NULL or
 * an object stored under "tiller" and given back by net_load (owner caller, mem_free; may be NULL).
 * net_load checks every size against the file and refuses (ERR_INPUT) what does not fit train. */
enum err net_save(const struct training *t, const char *path, const char *metadata_json,
                  struct err_info *info);
enum err net_load(const char *path, const struct net_rows *train, struct training **out,
                  char **metadata_json, struct err_info *info);

/* ---- weights to take home and to start from ------------------------------------------------ */

/* net_save_weights: the current weights (net_use_best: the best) under PyTorch's shapes:
 * "layer.0.weight" [n_out x n_in], convolutions [n_out x n_in x k x k] (a dense layer behind
 * convolutions counts its inputs row, column, channel), "layer.0.bias"; with normalization
 * "layer.0.gain", batch also "layer.0.mean" and "layer.0.variance". The text "network" holds the
 * configuration and the shapes; metadata_json is stored under "tiller". */
enum err net_save_weights(const struct training *t, const char *path, const char *metadata_json,
                          struct err_info *info);

/* A weights file in memory: immutable, may be shared by threads. Errors of net_weights_open:
 * ERR_INPUT (no weights file, damaged), ERR_IO, ERR_MEMORY. Owner: caller, net_weights_free. */
struct net_weights;
enum err net_weights_open(const char *path, struct net_weights **out, struct err_info *info);
void net_weights_free(struct net_weights *w);
const char *net_weights_metadata(const struct net_weights *w); /* NULL: none */
const struct net_config *net_weights_config(const struct net_weights *w);
const struct net_rows *net_weights_shape(const struct net_weights *w); /* sizes only */

/* net_carry: before the first batch: every layer of t that stands at the same place in w with the
 * same shapes takes its weights; the others keep their first weights. with_output: the output layer
 * too (false where its classes mean something else). config.freeze then ends below the first layer
 * that was not carried. Returns the number of layers carried. */
int net_carry(struct training *t, const struct net_weights *w, bool with_output);
int net_count_layers(const struct training *t); /* the output layer included */
/* A copy of layer l's weights [n_out x n_in] and bias [n_out], those that net_save_weights would
 * write, in its order; net_layer_form says the sizes. False past the last layer. */
bool net_layer_weights(const struct training *t, int l, float *weight, float *bias);

/* net_restore: the network of a weights file, for net_predict and net_evaluate only. Owner: caller,
 * net_free. */
enum err net_restore(const struct net_weights *w, struct training **out, struct err_info *info);

/* Names of the enums for words typed and stored ("relu", "adam", "cosine"); NULL past the end. */
const char *net_kind_name(enum net_kind k);
const char *net_activation_name(enum net_activation a);
const char *net_normalization_name(enum net_normalization n);
const char *net_pooling_name(enum net_pooling p);
const char *net_initialization_name(enum net_initialization i);
const char *net_optimizer_name(enum net_optimizer o);
const char *net_schedule_name(enum net_schedule s);

#endif

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

#define NET_MAX_HIDDEN 4
#define NET_MAX_UNITS 4096

enum net_activation { NET_RELU, NET_TANH };
enum net_optimizer { NET_SGD, NET_ADAM };
enum net_schedule { NET_CONSTANT, NET_COSINE };

/* Everything that decides a training besides the rows. */
struct net_config {
    int num_layers; /* hidden layers, 1..NET_MAX_HIDDEN */
    int units;      /* of each hidden layer, 1..NET_MAX_UNITS */
    enum net_activation activation;
    double dropout; /* of each hidden layer's output, [0, 0.9] */
    enum net_optimizer optimizer;
    double learning_rate;
    double momentum;     /* SGD only, [0, 1) */
    double weight_decay; /* L2, added to the gradient; not on biases */
    int batch_size;      /* larger than the rows: one batch an epoch */
    enum net_schedule schedule;
    int schedule_epochs;     /* length R of the schedule in epochs */
    double cycle_rate_scale; /* 1; a continuation's cosine cycle starts at 0.3 (decisions 13) */
    int cycle_first_epoch;   /* epoch (0-based) at which the current cycle began */
    uint64_t rng_seed;
};

/* Rows to train on or to judge by; lent, must outlive the training. */
struct net_rows {
    int32_t n_rows, n_inputs, n_classes;
    const float *x;   /* [n_rows x n_inputs] row-major */
    const int32_t *y; /* [n_rows] */
};

struct net_metrics {
    double loss;      /* mean cross-entropy, nats */
    double accuracy;  /* [0, 1]; error is 1 - accuracy */
    double precision; /* macro average over classes; a class never predicted counts 0 */
    double recall;    /* macro */
    double f1;        /* macro */
};

struct training;

/* net_init: call once in main before any thread: sets OpenBLAS's own threading to one whatever the
 * environment says, picks kernels for this CPU. */
void net_init(void);

/* The reference network of the mission: one hidden layer of 128 relu, dropout 0.2, Adam at 0.001,
 * batch 32, constant schedule, 10 epochs. */
struct net_config net_config_reference(void);

/* Number of weights and biases; bytes a training will hold (stated before it starts). */
size_t net_count_parameters(const struct net_config *config, int32_t n_inputs, int32_t n_classes);
size_t net_memory_bytes(const struct net_config *config, int32_t n_inputs, int32_t n_classes,
                        int32_t n_rows);

/* net_new: weights initialised from config->rng_seed (He for relu, Xavier for tanh; biases 0).
 * Errors: ERR_RANGE naming the field, ERR_MEMORY. Owner: caller, net_free. */
enum err net_new(const struct net_config *config, const struct net_rows *train,
                 struct training **out, struct err_info *info);
void net_free(struct training *t);

/* net_train_slice: train at most max_batches batches, stopping at the end of the epoch.
 * *epoch_done tells whether an epoch was completed by this call; net_train_loss is then that
 * epoch's mean training loss as seen during training (dropout on).
 * Returns ERR_OK, or ERR_RANGE when the loss or a weight became NaN or infinite (diverged; the
 * training can't go on). Thread: owner. */
enum err net_train_slice(struct training *t, int max_batches, bool *epoch_done);
double net_train_loss(const struct training *t);
int net_epochs_done(const struct training *t);  /* completed epochs */
int net_batches_done(const struct training *t); /* inside the current epoch */
int net_batches_per_epoch(const struct training *t);
int net_effective_batch(const struct training *t);
double net_current_rate(const struct training *t); /* learning rate of the next batch */

/* net_begin_cycle: a continuation beyond the schedule: from here a new cosine cycle of `epochs`
 * epochs starting at rate_scale * learning_rate; no change for a constant schedule. */
void net_begin_cycle(struct training *t, int epochs, double rate_scale);

/* net_evaluate: judge the network (dropout off) on rows.
 *   confusion  NULL or [n_classes x n_classes], row = truth, column = prediction, added up from 0
 *   logits_out NULL or [n_rows x n_classes]
 * Uses the training's own scratch memory: owner thread only. */
enum err net_evaluate(struct training *t, const struct net_rows *rows, struct net_metrics *out,
                      int64_t *confusion, float *logits_out);

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
/* Weights only (for taking home): the current weights, names "layer.0.weight" [n_out x n_in],
 * "layer.0.bias" ... */
enum err net_save_weights(const struct training *t, const char *path, const char *metadata_json,
                          struct err_info *info);

/* Names of the enums for words typed and stored ("relu", "adam", "cosine"); NULL past the end. */
const char *net_activation_name(enum net_activation a);
const char *net_optimizer_name(enum net_optimizer o);
const char *net_schedule_name(enum net_schedule s);

#endif

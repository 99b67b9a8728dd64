/* training: the life of one network in training: shape, memory, first weights, position.
 *
 * Everything a training will ever need is allocated here, in one arena of floats and two arrays of
 * indices; from then on it neither grows nor allocates. */
#include "internal.h"

#include <math.h>
#include <string.h>

void training_rng(struct rng *rng, const struct training *t, enum net_stream purpose,
                  uint64_t index)
{
    rng_seed(rng, t->config.rng_seed, (uint64_t)purpose << 56 | index);
}

static size_t padded(size_t n)
{
    return (n + KERNEL_LANES - 1) / KERNEL_LANES * KERNEL_LANES;
}

void training_shape(struct training *t, const struct net_config *config,
                    const struct net_rows *rows)
{
    t->config = *config;
    t->rows = *rows;
    t->batch_size = config->batch_size < rows->n_rows ? config->batch_size : rows->n_rows;
    t->batches_per_epoch = (rows->n_rows - 1) / t->batch_size + 1;
    t->n_layers = config->num_layers + 1;
    t->n_moments = config->optimizer == NET_ADAM ? 2 : 1;
    size_t at = 0;
    for (int l = 0; l < t->n_layers; l++) {
        struct net_layer *layer = &t->layer[l];
        layer->n_in = l == 0 ? rows->n_inputs : config->units;
        layer->n_out = l == t->n_layers - 1 ? rows->n_classes : config->units;
        layer->by_input = l == 0;
        layer->weight = at;
        at += padded((size_t)layer->n_in * (size_t)layer->n_out);
    }
    t->n_weights = at;
    for (int l = 0; l < t->n_layers; l++) {
        t->layer[l].bias = at;
        at += padded((size_t)t->layer[l].n_out);
    }
    t->n_block = at;
}

/* Hands out pieces of an arena; without one it only counts. */
struct arena {
    float *base;
    size_t used;
};

static float *take(struct arena *a, size_t rows, size_t n)
{
    float *piece = a->base ? a->base + a->used : NULL;
    a->used += padded(rows * n);
    return piece;
}

size_t training_lay_out(struct training *t, float *base)
{
    struct arena a = {.base = base};
    size_t batch = (size_t)t->batch_size, units = (size_t)t->config.units;
    size_t judged = batch > NET_JUDGE_ROWS ? batch : NET_JUDGE_ROWS;
    t->params = take(&a, 1, t->n_block);
    t->gradient = take(&a, 1, t->n_block);
    for (int i = 0; i < t->n_moments; i++)
        t->moment[i] = take(&a, 1, t->n_block);
    t->best = take(&a, 1, t->n_block);
    t->x = take(&a, batch, (size_t)t->rows.n_inputs);
    t->delta = take(&a, batch, units);
    for (int l = 0; l < t->n_layers; l++) {
        t->layer[l].out = take(&a, judged, (size_t)t->layer[l].n_out);
        if (l < t->n_layers - 1)
            t->layer[l].slope = take(&a, batch, units);
    }
    return a.used;
}

static enum err check_rows(const struct net_rows *rows, struct err_info *info)
{
    if (rows->n_rows < 1 || rows->n_inputs < 1 || rows->n_classes < 2)
        return err_set(info, ERR_RANGE, "rows", NULL, "%d rows, %d inputs, %d classes",
                       rows->n_rows, rows->n_inputs, rows->n_classes);
    for (int32_t i = 0; i < rows->n_rows; i++)
        if (rows->y[i] < 0 || rows->y[i] >= rows->n_classes)
            return err_set(info, ERR_RANGE, "rows", NULL, "row %d has class %d of %d", i,
                           rows->y[i], rows->n_classes);
    return ERR_OK;
}

enum err training_allocate(const struct net_config *config, const struct net_rows *rows,
                           struct training **out, struct err_info *info)
{
    *out = NULL;
    enum err e = net_config_check(config, info);
    if (e == ERR_OK)
        e = check_rows(rows, info);
    if (e != ERR_OK)
        return e;
    struct training *t = mem_zero_alloc(1, sizeof *t);
    if (!t)
        return err_set_memory(info, "network");
    training_shape(t, config, rows);
    size_t floats = training_lay_out(t, NULL);
    t->arena = mem_aligned_alloc(floats, sizeof(float));
    t->y = mem_alloc((size_t)t->batch_size, sizeof *t->y);
    t->order = mem_alloc((size_t)rows->n_rows, sizeof *t->order);
    t->tally = mem_alloc(3 * (size_t)rows->n_classes, sizeof *t->tally);
    if (!t->arena || !t->y || !t->order || !t->tally) {
        net_free(t);
        return err_set_memory(info, "network");
    }
    memset(t->arena, 0, floats * sizeof(float));
    training_lay_out(t, t->arena);
    t->judged = t->params;
    t->kernels = kernels_chosen();
    t->best_epoch = -1;
    t->train_loss = (double)NAN;
    *out = t;
    return ERR_OK;
}

/* Normal numbers of the standard deviation that keeps signals alike from layer to layer: He et al.
 * 2015 before relu, Glorot & Bengio 2010 ("Xavier") before tanh and softmax. */
static void draw_weights(struct training *t, int l, struct rng *rng)
{
    const struct net_layer *layer = &t->layer[l];
    bool relu = l < t->n_layers - 1 && t->config.activation == NET_RELU;
    double spread = relu ? sqrt(2.0 / layer->n_in) : sqrt(2.0 / (layer->n_in + layer->n_out));
    float *w = t->params + layer->weight;
    size_t n = (size_t)layer->n_in * (size_t)layer->n_out;
    for (size_t i = 0; i < n; i++)
        w[i] = (float)(spread * rng_normal(rng));
}

enum err net_new(const struct net_config *config, const struct net_rows *train,
                 struct training **out, struct err_info *info)
{
    struct training *t;
    enum err e = training_allocate(config, train, &t, info);
    *out = t;
    if (e != ERR_OK)
        return e;
    for (int l = 0; l < t->n_layers; l++) {
        struct rng rng;
        training_rng(&rng, t, STREAM_WEIGHTS, (uint64_t)l);
        draw_weights(t, l, &rng);
    }
    training_shuffle(t);
    return ERR_OK;
}

void net_free(struct training *t)
{
    if (!t)
        return;
    mem_free(t->arena);
    mem_free(t->y);
    mem_free(t->order);
    mem_free(t->tally);
    mem_free(t);
}

void training_shuffle(struct training *t)
{
    struct rng rng;
    training_rng(&rng, t, STREAM_ORDER, (uint64_t)t->epoch);
    for (int32_t i = 0; i < t->rows.n_rows; i++)
        t->order[i] = i;
    rng_shuffle(&rng, t->order, (size_t)t->rows.n_rows);
}

double net_train_loss(const struct training *t)
{
    return t->train_loss;
}

int net_epochs_done(const struct training *t)
{
    return t->epoch;
}

int net_batches_done(const struct training *t)
{
    return t->batch;
}

int net_batches_per_epoch(const struct training *t)
{
    return t->batches_per_epoch;
}

int net_effective_batch(const struct training *t)
{
    return t->batch_size;
}

/* Loshchilov & Hutter 2017, eq. 5 with the lower end 0, batch by batch: the rate falls from
 * learning_rate to 0 over schedule_epochs epochs and stays there. */
double net_current_rate(const struct training *t)
{
    const struct net_config *c = &t->config;
    double rate = c->learning_rate * c->cycle_rate_scale;
    if (c->schedule == NET_CONSTANT)
        return rate;
    double done = t->epoch - c->cycle_first_epoch + (double)t->batch / t->batches_per_epoch;
    double share = done / c->schedule_epochs;
    return share < 1 ? rate * 0.5 * (1 + cos(3.141592653589793 * share)) : 0;
}

void net_begin_cycle(struct training *t, int epochs, double rate_scale)
{
    if (t->config.schedule == NET_CONSTANT)
        return;
    t->config.schedule_epochs = epochs > 0 ? epochs : 1;
    t->config.cycle_rate_scale = rate_scale;
    t->config.cycle_first_epoch = t->epoch;
}

enum err net_keep_best(struct training *t, int epoch)
{
    memcpy(t->best, t->params, t->n_block * sizeof *t->best);
    t->best_epoch = epoch;
    return ERR_OK;
}

int net_best_epoch(const struct training *t)
{
    return t->best_epoch;
}

bool net_use_best(struct training *t)
{
    if (t->best_epoch < 0)
        return false;
    t->judged = t->best;
    return true;
}

void net_use_last(struct training *t)
{
    t->judged = t->params;
}

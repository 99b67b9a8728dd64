/* training: the life of one network in training: memory, position, the weights kept as best.
 *
 * Everything a training will ever need is allocated here, in one arena of floats and a few arrays
 * of indices; from then on it neither grows nor allocates. */
#include "internal.h"

#include <math.h>
#include <string.h>

void training_rng(struct rng *rng, const struct training *t, enum net_stream purpose,
                  uint64_t index)
{
    rng_seed(rng, t->config.rng_seed, (uint64_t)purpose << 56 | index);
}

uint64_t training_batches(const struct training *t)
{
    return (uint64_t)t->epoch * (uint64_t)t->batches_per_epoch + (uint64_t)t->batch;
}

static enum err check_labels(const struct net_rows *rows, struct err_info *info)
{
    for (int32_t i = 0; i < rows->n_rows; i++) {
        if (rows->target && !isfinite(rows->target[i]))
            return err_set(info, ERR_RANGE, "rows", NULL, "the label of row %d is not finite", i);
        if (rows->y && (rows->y[i] < 0 || rows->y[i] >= rows->n_classes))
            return err_set(info, ERR_RANGE, "rows", NULL, "row %d has class %d of %d", i,
                           rows->y[i], rows->n_classes);
    }
    return ERR_OK;
}

static enum err check_rows(const struct net_rows *rows, struct err_info *info)
{
    bool regression = rows->n_classes == 0 && rows->target && !rows->y;
    bool classes = rows->n_classes >= 2 && rows->y && !rows->target;
    if (rows->n_rows < 1 || rows->n_inputs < 1 || (!regression && !classes))
        return err_set(info, ERR_RANGE, "rows", NULL, "%d rows, %d inputs, %d classes",
                       rows->n_rows, rows->n_inputs, rows->n_classes);
    return check_labels(rows, info);
}

static enum err allocate_memory(struct training *t)
{
    size_t n_choices, floats = training_lay_out(t, NULL, NULL, &n_choices);
    t->arena = mem_aligned_alloc(floats, sizeof(float));
    t->choices = mem_alloc(n_choices + 1, sizeof *t->choices);
    t->y = mem_alloc((size_t)t->batch_size, sizeof *t->y);
    t->order = mem_alloc((size_t)t->rows.n_rows, sizeof *t->order);
    t->tally = mem_alloc(3 * (size_t)t->n_outputs, sizeof *t->tally);
    if (!t->arena || !t->choices || !t->y || !t->order || !t->tally)
        return ERR_MEMORY;
    memset(t->arena, 0, floats * sizeof(float));
    training_lay_out(t, t->arena, t->choices, &n_choices);
    return ERR_OK;
}

/* n_rows / (n_classes * rows of the class), as scikit-learn's "balanced"; a class without rows: 0.
 */
static void balance_classes(struct training *t)
{
    for (int32_t i = 0; i < t->rows.n_rows; i++)
        t->class_weight[t->rows.y[i]]++;
    for (int c = 0; c < t->rows.n_classes; c++)
        if (t->class_weight[c] > 0)
            t->class_weight[c] =
                (float)t->rows.n_rows / ((float)t->rows.n_classes * t->class_weight[c]);
}

enum err training_allocate(const struct net_config *config, const struct net_rows *rows,
                           struct training **out, struct err_info *info)
{
    *out = NULL;
    enum err e = check_rows(rows, info);
    if (e == ERR_OK)
        e = net_config_check(config, rows, info);
    if (e != ERR_OK)
        return e;
    struct training *t = mem_zero_alloc(1, sizeof *t);
    if (!t)
        return err_set_memory(info, "network");
    training_shape(t, config, rows);
    if (allocate_memory(t) != ERR_OK) {
        net_free(t);
        return err_set_memory(info, "network");
    }
    if (t->class_weight)
        balance_classes(t);
    t->judged = t->params;
    t->kernels = kernels_chosen();
    t->best_epoch = -1;
    t->train_loss = (double)NAN;
    *out = t;
    return ERR_OK;
}

enum err net_new(const struct net_config *config, const struct net_rows *train,
                 struct training **out, struct err_info *info)
{
    struct training *t;
    *out = NULL;
    enum err e = training_allocate(config, train, &t, info);
    if (e == ERR_OK)
        e = training_initialize(t, info);
    if (e != ERR_OK) {
        net_free(t);
        return e;
    }
    training_shuffle(t);
    *out = t;
    return ERR_OK;
}

void net_free(struct training *t)
{
    if (!t)
        return;
    mem_free(t->arena);
    mem_free(t->choices);
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

double net_weight_norm(const struct training *t)
{
    return sqrt(t->kernels->sum_squares(t->params, t->n_weights));
}

/* Optimisers leave the gradient as it was. */
double net_gradient_norm(const struct training *t)
{
    return sqrt(t->kernels->sum_squares(t->gradient, t->n_learned));
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

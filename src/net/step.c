/* step: one batch: forward, loss, backward, optimise; and the loop over batches.
 *
 * Between two batches a training is at rest: weights, moments and (epoch, batch) say everything, so
 * it can be paused, stored or dropped there. Nothing here allocates or calls the system. */
#include "internal.h"

#include <math.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* Numbers below 1e-38 are treated as 0 while training: weights of dead units and their moments
 * decay into them, and processors take a hundred times longer over each. Returns the mode to go
 * back to. */
static unsigned long denormals_off(void)
{
#if defined(__x86_64__)
    unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040); /* flush to zero, denormals are zero */
    return mode;
#elif defined(__aarch64__)
    unsigned long mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | 1UL << 24));
    return mode;
#else
    return 0;
#endif
}

static void denormals_back(unsigned long mode)
{
#if defined(__x86_64__)
    _mm_setcsr((unsigned)mode);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#else
    (void)mode;
#endif
}

struct dropout training_dropout(const struct training *t, int layer)
{
    struct dropout d = {.scale = 1};
    if (t->config.dropout <= 0)
        return d;
    struct rng rng;
    training_rng(&rng, t, STREAM_DROPOUT, training_batches(t) * NET_MAX_LAYERS + (uint64_t)layer);
    uint64_t key = rng_next(&rng);
    d.key[0] = (uint32_t)key;
    d.key[1] = (uint32_t)(key >> 32);
    d.threshold = (int32_t)lrint(t->config.dropout * 16777216.0);
    d.scale = (float)(1 / (1 - t->config.dropout));
    return d;
}

/* Layers that are frozen, perhaps for a time; the output always learns. */
static int frozen_layers(const struct training *t)
{
    return t->config.freeze < t->n_layers ? t->config.freeze : t->n_layers - 1;
}

int training_first_learning(const struct training *t)
{
    const struct net_config *c = &t->config;
    bool thawed = c->thaw_epoch > 0 && t->epoch >= c->thaw_epoch;
    return thawed ? 0 : frozen_layers(t);
}

/* Frozen layers keep their statistics too. */
static void forward(struct training *t, const float *x, int n)
{
    int first = training_first_learning(t);
    for (int l = 0; l < t->n_layers; l++) {
        struct net_layer *layer = &t->layer[l];
        const float *bias = t->params + layer->bias;
        int rows = n * layer->rows * layer->columns;
        layer_sums(t, layer, t->params, x, n, l >= first);
        if (layer->last) {
            t->kernels->add_bias(layer->out, n, layer->n_out, bias);
        } else {
            struct dropout dropout = training_dropout(t, l);
            t->kernels->activate_train[t->config.activation](layer->out, layer->slope, rows,
                                                             layer->n_out, bias, &dropout);
        }
        if (layer->residual)
            t->kernels->add(layer->out, x, (size_t)n * (size_t)layer->n_out);
        x = layer->out;
    }
}

/* From the gradient g at a layer's sums down to the first layer that learns. delta: the gradient at
 * the outputs of the layer at hand; above: at those of the layer above, which the outputs at hand
 * enter once more where that one is residual. */
static void backward(struct training *t, const float *x, int n)
{
    int first = training_first_learning(t), last = t->n_layers - 1;
    struct net_layer *top = &t->layer[last];
    float *delta = t->delta[0], *above = t->delta[1];
    t->kernels->column_sums(top->out, n, top->n_out, t->gradient + top->bias);
    for (int l = last; l >= first; l--) {
        struct net_layer *layer = &t->layer[l], *below = layer - 1;
        float *g = layer->last ? layer->out : layer->slope;
        layer_sums_back(t, layer, l > 0 ? below->out : x, g, n, l > first ? delta : NULL);
        if (l == first)
            break;
        if (layer->residual)
            t->kernels->add(delta, above, (size_t)n * (size_t)layer->n_in);
        t->kernels->slope_times(below->slope, delta, n * below->rows * below->columns, below->n_out,
                                t->gradient + below->bias);
        float *swap = above;
        above = delta;
        delta = swap;
    }
}

static double loss_and_gradient(struct training *t, const int32_t *y, const float *target, int n)
{
    struct net_layer *top = &t->layer[t->n_layers - 1];
    float scale = 1.0f / (float)n;
    if (target)
        return t->kernels->squared_loss(top->out, n, target, scale);
    if (t->config.label_smoothing <= 0 && !t->class_weight)
        return t->kernels->softmax_loss(top->out, n, top->n_out, y, scale);
    struct loss_numbers numbers = {scale, (float)t->config.label_smoothing, t->class_weight};
    return t->kernels->softmax_loss_with(top->out, n, top->n_out, y, &numbers);
}

double training_gradient(struct training *t, const float *x, const int32_t *y, const float *target,
                         int n)
{
    forward(t, x, n);
    double loss = loss_and_gradient(t, y, target, n);
    backward(t, x, n);
    return loss;
}

/* ---- optimising -------------------------------------------------------------------------- */

static const double beta1 = 0.9, beta2[NET_N_OPTIMIZERS] = {
                                     [NET_ADAM] = 0.999, [NET_ADAMW] = 0.999, [NET_RMSPROP] = 0.99};

/* Batches that a layer has learned from: a thawed one begins anew, as its moments do. */
static uint64_t batches_learned(const struct training *t, int layer)
{
    uint64_t asleep = (uint64_t)t->config.thaw_epoch * (uint64_t)t->batches_per_epoch;
    return training_batches(t) - (layer < frozen_layers(t) ? asleep : 0);
}

static struct optimizer_step step_numbers(const struct training *t, int layer, double rate,
                                          float gradient_scale)
{
    enum net_optimizer o = t->config.optimizer;
    double root_scale = 1;
    if (t->n_moments == 2) {
        double k = (double)batches_learned(t, layer) + 1;
        rate /= 1 - pow(beta1, k);
        root_scale = 1 / sqrt(1 - pow((double)(float)beta2[o], k)); /* of the loop's own beta2 */
    }
    return (struct optimizer_step){.rate = (float)rate,
                                   .gradient_scale = gradient_scale,
                                   .shrink = 1,
                                   .momentum = (float)t->config.momentum,
                                   .beta1 = (float)beta1,
                                   .beta2 = (float)beta2[o],
                                   .epsilon = 1e-8f,
                                   .root_scale = (float)root_scale};
}

/* Pascanu, Mikolov & Bengio 2013, algorithm 1. */
static float clipping(struct training *t)
{
    double most = t->config.gradient_clip;
    if (most <= 0)
        return 1;
    double norm = sqrt(t->kernels->sum_squares(t->gradient, t->n_learned));
    return norm > most ? (float)(most / (norm + 1e-6)) : 1;
}

static bool optimize(struct training *t, size_t from, size_t to, const struct optimizer_step *step)
{
    float *second = t->moment[1] ? t->moment[1] + from : NULL;
    return t->kernels->optimize[t->config.optimizer](t->params + from, t->moment[0] + from, second,
                                                     t->gradient + from, to - from, step);
}

/* The same numbers for weights, which decay. */
static struct optimizer_step decaying(const struct training *t, struct optimizer_step step,
                                      double rate)
{
    if (t->config.optimizer == NET_ADAMW)
        step.shrink = (float)(1 - rate * t->config.weight_decay);
    else
        step.weight_decay = (float)t->config.weight_decay;
    return step;
}

/* Learned pieces from..to of the block, without and with decay; rate: before any correction. */
static bool optimize_pieces(struct training *t, const size_t plain[2], const size_t decayed[2],
                            double rate, struct optimizer_step step)
{
    bool good = optimize(t, plain[0], plain[1], &step);
    step = decaying(t, step, rate);
    return optimize(t, decayed[0], decayed[1], &step) && good;
}

/* Layer by layer where they learn at different rates, not at all or not from the beginning. */
static bool optimize_layers(struct training *t, double rate, float gradient_scale)
{
    bool good = true;
    for (int l = training_first_learning(t); l < t->n_layers; l++) {
        bool last = l + 1 == t->n_layers;
        size_t plain[2] = {t->layer[l].bias, last ? t->n_learned : t->layer[l + 1].bias};
        size_t decayed[2] = {t->layer[l].weight, last ? t->n_weights : t->layer[l + 1].weight};
        double share =
            t->layer[l].carried && t->config.carried_rate > 0 ? t->config.carried_rate : 1;
        struct optimizer_step step = step_numbers(t, l, share * rate, gradient_scale);
        good = optimize_pieces(t, plain, decayed, share * rate, step) && good;
    }
    return good;
}

bool training_optimize(struct training *t)
{
    double rate = net_current_rate(t);
    float gradient_scale = clipping(t);
    if (t->config.from_weights || t->config.freeze > 0)
        return optimize_layers(t, rate, gradient_scale);
    size_t plain[2] = {t->n_weights, t->n_learned}, decayed[2] = {0, t->n_weights};
    return optimize_pieces(t, plain, decayed, rate, step_numbers(t, 0, rate, gradient_scale));
}

/* What is not optimised, but kept beside it. */
static bool running_figures_finite(const struct training *t)
{
    return isfinite(t->kernels->sum_squares(t->params + t->n_learned, t->n_block - t->n_learned));
}

/* ---- batches ----------------------------------------------------------------------------- */

static void end_epoch(struct training *t)
{
    t->train_loss = t->loss_sum / t->rows.n_rows;
    t->loss_sum = 0;
    t->batch = 0;
    t->epoch++;
    training_shuffle(t);
}

enum err net_train_slice(struct training *t, int max_batches, bool *epoch_done)
{
    *epoch_done = false;
    unsigned long mode = denormals_off();
    blas_single();
    t->judged = t->params;
    for (int i = 0; i < max_batches && !t->diverged && !*epoch_done; i++) {
        int n = training_gather(t);
        double loss = training_gradient(t, t->x, t->y, t->target, n);
        t->diverged = !isfinite(loss)              ? DIVERGED_LOSS
                      : !training_optimize(t)      ? DIVERGED_WEIGHT
                      : !running_figures_finite(t) ? DIVERGED_FIGURE
                                                   : DIVERGED_NOT;
        if (t->diverged)
            break;
        t->loss_sum += loss;
        if (++t->batch == t->batches_per_epoch) {
            end_epoch(t);
            *epoch_done = true;
        }
    }
    denormals_back(mode);
    return t->diverged ? ERR_RANGE : ERR_OK;
}

const char *net_divergence(const struct training *t, char *out, size_t out_size)
{
    static const char *const what[] = {[DIVERGED_LOSS] = "the loss",
                                       [DIVERGED_WEIGHT] = "a weight",
                                       [DIVERGED_FIGURE] = "a running mean or variance"};
    if (t->diverged == DIVERGED_NOT) /* it shows in judging only */
        return text_format(out, out_size,
                           "the validation loss became infinite or not a number in epoch %d",
                           t->epoch);
    return text_format(out, out_size, "%s became infinite or not a number in batch %d of epoch %d",
                       what[t->diverged], t->batch + 1, t->epoch + 1);
}

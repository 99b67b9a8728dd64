/* step: one batch: gather, forward, loss, backward, optimise; and the loop over batches.
 *
 * Between two batches a training is at rest: weights, moments and (epoch, batch) say everything, so
 * it can be paused, stored or dropped there. Nothing here allocates or calls the system. */
#include "internal.h"

#include <cblas.h>
#include <math.h>
#include <string.h>
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

void layer_product(const struct net_layer *layer, const float *block, const float *x, int n,
                   float *out)
{
    const float *w = block + layer->weight;
    int in = layer->n_in, o = layer->n_out;
    if (layer->by_input)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, o, in, 1, x, in, w, o, 0, out, o);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, o, in, 1, x, in, w, in, 0, out, o);
}

/* The gradient of the weights, from x [n x n_in] and the gradient g [n x n_out] at the layer's
 * sums. */
static void weight_gradient(const struct net_layer *layer, const float *x, const float *g, int n,
                            float *block)
{
    float *w = block + layer->weight;
    int in = layer->n_in, o = layer->n_out;
    if (layer->by_input)
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, in, o, n, 1, x, in, g, o, 0, w, o);
    else
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, o, in, n, 1, g, o, x, in, 0, w, in);
}

/* The gradient delta [n x n_in] at the layer's inputs. */
static void input_gradient(const struct net_layer *layer, const float *block, const float *g, int n,
                           float *delta)
{
    const float *w = block + layer->weight;
    int in = layer->n_in, o = layer->n_out;
    if (layer->by_input)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, in, o, 1, g, o, w, o, 0, delta, in);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, in, o, 1, g, o, w, in, 0, delta,
                    in);
}

struct dropout training_dropout(const struct training *t, int layer)
{
    struct dropout d = {.scale = 1};
    if (t->config.dropout <= 0)
        return d;
    uint64_t batch = (uint64_t)t->epoch * (uint64_t)t->batches_per_epoch + (uint64_t)t->batch;
    struct rng rng;
    training_rng(&rng, t, STREAM_DROPOUT, batch * NET_MAX_LAYERS + (uint64_t)layer);
    uint64_t key = rng_next(&rng);
    d.key[0] = (uint32_t)key;
    d.key[1] = (uint32_t)(key >> 32);
    d.threshold = (int32_t)lrint(t->config.dropout * 16777216.0);
    d.scale = (float)(1 / (1 - t->config.dropout));
    return d;
}

static void forward(struct training *t, const float *x, int n)
{
    int last = t->n_layers - 1;
    for (int l = 0; l <= last; l++) {
        struct net_layer *layer = &t->layer[l];
        const float *bias = t->params + layer->bias;
        layer_product(layer, t->params, x, n, layer->out);
        if (l == last) {
            t->kernels->add_bias(layer->out, n, layer->n_out, bias);
        } else {
            struct dropout dropout = training_dropout(t, l);
            t->kernels->activate_train[t->config.activation](layer->out, layer->slope, n,
                                                             layer->n_out, bias, &dropout);
        }
        x = layer->out;
    }
}

static void backward(struct training *t, const float *x, int n)
{
    int last = t->n_layers - 1;
    const float *g = t->layer[last].out;
    t->kernels->column_sums(g, n, t->layer[last].n_out, t->gradient + t->layer[last].bias);
    for (int l = last; l >= 0; l--) {
        struct net_layer *layer = &t->layer[l], *below = layer - 1;
        weight_gradient(layer, l > 0 ? below->out : x, g, n, t->gradient);
        if (l == 0)
            break;
        input_gradient(layer, t->params, g, n, t->delta);
        t->kernels->slope_times(below->slope, t->delta, n, below->n_out, t->gradient + below->bias);
        g = below->slope;
    }
}

double training_gradient(struct training *t, const float *x, const int32_t *y, int n)
{
    struct net_layer *top = &t->layer[t->n_layers - 1];
    forward(t, x, n);
    double loss = t->kernels->softmax_loss(top->out, n, top->n_out, y, 1.0f / (float)n);
    backward(t, x, n);
    return loss;
}

static struct optimizer_step step_numbers(const struct training *t)
{
    const double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
    double rate = net_current_rate(t), root_scale = 1;
    if (t->config.optimizer == NET_ADAM) {
        double k = (double)t->epoch * t->batches_per_epoch + t->batch + 1;
        rate /= 1 - pow(beta1, k);
        root_scale = 1 / sqrt(1 - pow(beta2, k));
    }
    return (struct optimizer_step){.rate = (float)rate,
                                   .gradient_scale = 1,
                                   .shrink = 1,
                                   .momentum = (float)t->config.momentum,
                                   .beta1 = (float)beta1,
                                   .beta2 = (float)beta2,
                                   .epsilon = (float)epsilon,
                                   .root_scale = (float)root_scale};
}

/* Weights with decay, then biases without. */
bool training_optimize(struct training *t)
{
    struct optimizer_step step = step_numbers(t);
    size_t nw = t->n_weights, nb = t->n_block - nw;
    float *second = t->moment[1];
    bool (*optimize)(float *, float *, float *, const float *, size_t,
                     const struct optimizer_step *) = t->kernels->optimize[t->config.optimizer];
    bool good = optimize(t->params + nw, t->moment[0] + nw, second ? second + nw : NULL,
                         t->gradient + nw, nb, &step);
    step.weight_decay = (float)t->config.weight_decay;
    return optimize(t->params, t->moment[0], second, t->gradient, nw, &step) && good;
}

static int gather(struct training *t)
{
    size_t width = (size_t)t->rows.n_inputs;
    int32_t first = t->batch * t->batch_size, left = t->rows.n_rows - first;
    int n = left < t->batch_size ? left : t->batch_size;
    for (int i = 0; i < n; i++) {
        size_t row = (size_t)t->order[first + i];
        memcpy(t->x + (size_t)i * width, t->rows.x + row * width, width * sizeof(float));
        t->y[i] = t->rows.y[row];
    }
    return n;
}

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
        int n = gather(t);
        double loss = training_gradient(t, t->x, t->y, n);
        t->diverged = !isfinite(loss) || !training_optimize(t);
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

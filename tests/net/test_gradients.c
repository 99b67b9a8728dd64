/* If this fails, networks learn the wrong thing: the fast path's loss, gradients, running figures
 * and judging against the plain float64 network of reference.h, for every kind of layer,
 * activation, mask and loss, on every table of kernels.
 *
 * The gradient is judged by central differences, element by element for small networks, along
 * random directions for larger ones. Their own error is O(step^2) and 1e-16 / step, below 1e-8;
 * float32 sums of some hundred terms err by some 1e-6 of the largest term, so that 3e-5 of a
 * tensor's largest gradient is allowed. relu and max pooling have kinks: a difference that changes
 * with the step is left out, and few may be; the steps are long beside float32's errors, so that
 * both paths stand on the same side of a kink that is not seen.
 */
#include "kinds.h"
#include "reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
/* cmocka needs the four above it */
#include <cmocka.h>

static const struct kernels *tables[4];
static size_t n_tables;
static struct reference reference;
static int checked, skipped; /* differences */

/* Biases, gains and running figures off their first values, so that their part in the sums is
 * seen. */
static void scatter(struct training *t)
{
    struct rng rng;
    rng_seed(&rng, t->config.rng_seed, 3);
    for (int l = 0; l < t->n_layers; l++)
        for (size_t o = 0; o < (size_t)t->layer[l].n_out; o++) {
            t->params[t->layer[l].bias + o] = (float)(0.3 * rng_normal(&rng));
            if (t->layer[l].norm == NET_NORM_NONE)
                continue;
            t->params[t->layer[l].gain + o] = (float)(1 + 0.3 * rng_normal(&rng));
            if (t->layer[l].norm == NET_NORM_BATCH) {
                t->params[t->layer[l].mean + o] = (float)(0.3 * rng_normal(&rng));
                t->params[t->layer[l].variance + o] = (float)(0.5 + rng_uniform(&rng));
            }
        }
}

static struct training *make(const struct net_config *config, const struct net_rows *rows,
                             const char *name)
{
    struct training *t;
    struct err_info info;
    if (net_new(config, rows, &t, &info) != ERR_OK)
        fail_msg("%s: %s: %s", name, info.where, info.detail);
    scatter(t);
    return t;
}

/* ---- differences ------------------------------------------------------------------------- */

enum { BLOCK_MAX = 1 << 17 };
static double block[BLOCK_MAX], kept[BLOCK_MAX], direction[BLOCK_MAX];
static float fast[4][BLOCK_MAX];

/* One batch: what the loss is a function of besides the block. */
struct batch {
    struct training *t;
    const struct toy *toy;
    int n;
    const char *name;
    double tolerance; /* relative, of the loss; gradients: three times of the tensor's largest, and
                         0.3 times of the network's, for a tensor's own may cancel out */
};

static double loss_of(const struct batch *b)
{
    const struct net_rows *rows = &b->toy->rows;
    return ref_loss(&reference, b->t, block, rows->x, rows->y, rows->target, b->n, true);
}

/* The loss's slope along the direction over n numbers from `at` on. */
static double difference(const struct batch *b, size_t at, size_t n, double step)
{
    double ends[2];
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++)
            block[at + i] = kept[at + i] + (side ? step : -step) * direction[i];
        ends[side] = loss_of(b);
    }
    for (size_t i = 0; i < n; i++)
        block[at + i] = kept[at + i];
    return (ends[1] - ends[0]) / (2 * step);
}

/* A piece of the block: one tensor. */
struct piece {
    const char *name;
    size_t at, n;
};

static int pieces_of(const struct net_layer *l, struct piece out[3])
{
    size_t n_out = (size_t)l->n_out;
    out[0] = (struct piece){"weight", l->weight, l->n_weights};
    out[1] = (struct piece){"bias", l->bias, n_out};
    out[2] = (struct piece){"gain", l->gain, n_out};
    return l->norm == NET_NORM_NONE ? 2 : 3;
}

/* The direction's n numbers, from `at` on, against every table's gradient, which may be off by so
 * much in each number. */
static void compare(const struct batch *b, const char *tensor, int layer, size_t at, size_t n,
                    double error)
{
    double wide = difference(b, at, n, 2e-5), d = difference(b, at, n, 1e-5);
    checked++;
    if (fabs(wide - d) > 1e-7 * (1 + fabs(d))) {
        skipped++;
        return;
    }
    for (size_t k = 0; k < n_tables; k++) {
        double along = 0, tolerance = error * sqrt((double)n);
        for (size_t i = 0; i < n; i++)
            along += (double)fast[k][at + i] * direction[i];
        if (!(fabs(along - d) <= tolerance))
            fail_msg("%s, %s: layer %d, %s, %zu numbers at %zu: %.9g, not %.9g: off by more than "
                     "%.2g",
                     b->name, tables[k]->name, layer, tensor, n, at, along, d, tolerance);
    }
}

static double largest(const float *g, size_t n)
{
    double top = 0;
    for (size_t i = 0; i < n; i++)
        top = fmax(top, fabs((double)g[i]));
    return top;
}

/* Every number of a tensor by itself, or `directions` random ones through all of it. */
static void compare_piece(const struct batch *b, const struct piece *p, int layer, int directions)
{
    double error = 3 * b->tolerance * largest(fast[0] + p->at, p->n) +
                   0.3 * b->tolerance * largest(fast[0], b->t->n_learned) + 1e-8;
    struct rng rng;
    rng_seed(&rng, p->at, 8);
    direction[0] = 1;
    for (size_t i = 0; directions == 0 && i < p->n; i++)
        compare(b, p->name, layer, p->at + i, 1, error);
    for (int k = 0; k < directions; k++) {
        for (size_t i = 0; i < p->n; i++)
            direction[i] = rng_below(&rng, 2) ? 1 : -1;
        compare(b, p->name, layer, p->at, p->n, error);
    }
}

static void assert_near(double a, double b, double tolerance, const struct batch *batch,
                        const char *what)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%s: %s: %.9g, not %.9g: off by more than %.2g", batch->name, what, a, b,
                 tolerance);
}

/* Batch normalization's running figures after this batch, from those before it. */
static void check_running(const struct batch *b)
{
    for (int l = 0; l < b->t->n_layers; l++) {
        const struct net_layer *layer = &b->t->layer[l];
        int rows = b->n * (layer->n_sums / layer->n_out);
        bool live = l >= training_first_learning(b->t);
        for (size_t j = 0; j < (size_t)layer->n_out && layer->norm == NET_NORM_BATCH; j++) {
            double mean = kept[layer->mean + j], variance = kept[layer->variance + j];
            double unbiased = rows > 1 ? rows / (rows - 1.0) : 1;
            if (live) {
                mean = 0.9 * mean + 0.1 * reference.mean[l][j];
                variance = 0.9 * variance + 0.1 * unbiased * reference.variance[l][j];
            }
            assert_near((double)b->t->params[layer->mean + j], mean, 1e-5 * (1 + fabs(mean)), b,
                        "running mean");
            assert_near((double)b->t->params[layer->variance + j], variance, 1e-5 * (1 + variance),
                        b, "running variance");
        }
    }
}

/* Every table's gradient of the batch; loss and running figures are compared on the way. */
static void run_tables(const struct batch *b)
{
    struct training *t = b->t;
    const struct net_rows *rows = &b->toy->rows;
    assert_true(t->n_block <= BLOCK_MAX);
    for (size_t i = 0; i < t->n_block; i++)
        block[i] = kept[i] = (double)t->params[i];
    loss_of(b);
    for (size_t k = 0; k < n_tables; k++) {
        t->kernels = tables[k];
        for (size_t i = 0; i < t->n_block; i++)
            t->params[i] = (float)kept[i];
        double loss = training_gradient(t, rows->x, rows->y, rows->target, b->n);
        assert_near(loss, reference.plain, b->tolerance * reference.plain, b, "loss");
        check_running(b);
        memcpy(fast[k], t->gradient, t->n_learned * sizeof *t->gradient);
    }
}

/* Frozen layers and the gaps between tensors have the gradient 0, so that they count in no norm. */
static void check_rest(const struct batch *b)
{
    static bool learns[BLOCK_MAX];
    struct piece pieces[3];
    memset(learns, 0, sizeof learns);
    for (int l = training_first_learning(b->t); l < b->t->n_layers; l++)
        for (int p = pieces_of(&b->t->layer[l], pieces) - 1; p >= 0; p--)
            for (size_t i = 0; i < pieces[p].n; i++)
                learns[pieces[p].at + i] = true;
    for (size_t i = 0; i < b->t->n_learned; i++)
        for (size_t k = 0; k < n_tables; k++)
            assert_true(learns[i] || fast[k][i] == 0);
}

static void check_gradient(const struct batch *b, int directions)
{
    struct piece pieces[3];
    run_tables(b);
    check_rest(b);
    for (int l = training_first_learning(b->t); l < b->t->n_layers; l++) {
        int n = pieces_of(&b->t->layer[l], pieces);
        for (int p = 0; p < n; p++)
            compare_piece(b, &pieces[p], l, directions);
    }
}

/* ---- tests ------------------------------------------------------------------------------- */

static void every_gradient_is_the_loss_s_slope(void **state)
{
    (void)state;
    checked = skipped = 0;
    for (int k = 0; k < N_KINDS; k++) {
        struct toy toy = toy_of(&kinds[k], 20, 1);
        struct net_config c = complete(&kinds[k].config);
        struct training *t = make(&c, &toy.rows, kinds[k].name);
        t->batch = 1; /* masks are another batch's than the first one's */
        check_gradient(&(struct batch){t, &toy, 8, kinds[k].name, 1e-5}, 0);
        net_free(t);
        toy_free(&toy);
    }
    print_message("%d differences, %d skipped\n", checked, skipped);
    assert_true(checked > 4000 && skipped * 100 < checked);
}

/* Anything that a search might try, all options together (two nearly equal channels normalized by
 * layer make much of float32's errors); widths that fill vectors exactly, leave
 * a rest, or are smaller than one. */
static struct kind any_kind(struct rng *rng)
{
    static const int widths[] = {1, 2, 7, 16, 17, 33, 47, 64};
    int u[20];
    for (int i = 0; i < 20; i++)
        u[i] = (int)rng_below(rng, 5040);
    struct net_config c = {
        .num_layers = 1 + u[0] % NET_MAX_HIDDEN,
        .units = widths[u[1] % 8],
        .activation = (enum net_activation)(u[2] % NET_N_ACTIVATIONS),
        .dropout = 0.2 * (u[3] % 4),
        .batch_size = 32,
        .conv_layers = 1 + u[4] % NET_MAX_CONV,
        .filters = 1 + u[5] % 9,
        .kernel_size = 3 + 2 * (u[6] % 2),
        .pooling = (enum net_pooling)(u[7] % 2),
        .normalization = (enum net_normalization)(u[8] % 3),
        .residual = u[9] % 2,
        .label_smoothing = 0.1 * (u[10] % 3),
        .class_weights = u[11] % 2,
        .freeze = u[12] % 4 == 0,
        .rng_seed = (uint64_t)u[13],
        .kind = u[14] % 3 == 0 ? NET_CONV : NET_PERCEPTRON,
    };
    return (struct kind){.name = "any kind",
                         .config = c,
                         .image = {3 + u[15] % 8, 3 + u[16] % 8},
                         .n_inputs = widths[u[17] % 8],
                         .n_classes = 2 + u[18] % 25,
                         .regression = u[19] % 4 == 0};
}

static void any_mixture_agrees_along_random_directions(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 2, 2);
    checked = skipped = 0;
    for (uint64_t i = 0; i < 150; i++) {
        struct kind k = any_kind(&rng);
        struct toy toy = toy_of(&k, 40, i);
        struct net_config c = complete(&k.config);
        struct training *t = make(&c, &toy.rows, k.name);
        int n = 1 + (int)rng_below(&rng, c.kind == NET_CONV ? 8 : 32);
        check_gradient(&(struct batch){t, &toy, n, k.name, 5e-5}, 2);
        net_free(t);
        toy_free(&toy);
    }
    print_message("%d differences, %d skipped\n", checked, skipped);
    assert_true(checked > 1000 && skipped * 10 < checked);
}

/* What judging computes is the same network without dropout and with running figures, piece by
 * piece or in one. */
static void judging_agrees_with_plain_loops(void **state)
{
    (void)state;
    static float outputs[30 * 3];
    bool done;
    for (int k = 0; k < N_KINDS; k++) {
        struct toy toy = toy_of(&kinds[k], 30, 1);
        struct net_config c = complete(&kinds[k].config);
        struct training *t = make(&c, &toy.rows, kinds[k].name);
        struct batch b = {t, &toy, 30, kinds[k].name, 1e-5};
        struct net_metrics m;
        t->judge_rows = k % 2 ? 7 : 30;
        assert_int_equal(net_train_slice(t, 3, &done), ERR_OK);
        for (size_t i = 0; i < t->n_block; i++)
            block[i] = (double)t->params[i];
        ref_loss(&reference, t, block, toy.x, toy.rows.y, toy.target, 30, false);
        assert_int_equal(net_evaluate(t, &toy.rows, &m, NULL, outputs), ERR_OK);
        assert_near(m.loss, reference.plain / 30, b.tolerance * reference.plain / 30, &b, "loss");
        for (int i = 0; i < 30 * t->n_outputs; i++)
            assert_near((double)outputs[i], reference.a[i], 1e-5 * (1 + fabs(reference.a[i])), &b,
                        "output");
        net_free(t);
        toy_free(&toy);
    }
}

int main(void)
{
    net_init();
    n_tables = kernels_list(tables);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_is_the_loss_s_slope),
        cmocka_unit_test(any_mixture_agrees_along_random_directions),
        cmocka_unit_test(judging_agrees_with_plain_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

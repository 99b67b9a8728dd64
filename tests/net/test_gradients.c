/* If this fails, networks learn the wrong thing: loss and gradients of the fast path against
 * float64 plain loops, and both against central finite differences, for every layer, activation and
 * mask.
 *
 * Tolerances: the plain loops' own gradients agree with differences (step 1e-5, error O(step^2) and
 * rounding 1e-16/1e-5) to 1e-8; float32 sums of up to 64 terms err by some 1e-6 of the largest
 * term, so the fast path must agree to 2e-5 of its tensor's largest gradient. */
#include "reference.h"
#include "toy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
/* cmocka needs the four above it */
#include <cmocka.h>

static struct reference weights, gradient, fast;
static struct ref_pass pass, scratch;

struct kind {
    int num_layers;
    enum net_activation activation;
    double dropout;
};

static const struct kind kinds[] = {
    {1, NET_RELU, 0},   {1, NET_TANH, 0},   {2, NET_RELU, 0},   {2, NET_TANH, 0},
    {3, NET_RELU, 0},   {4, NET_TANH, 0},   {4, NET_RELU, 0},   {1, NET_RELU, 0.2},
    {1, NET_TANH, 0.2}, {2, NET_RELU, 0.5}, {3, NET_TANH, 0.5}, {4, NET_RELU, 0.1},
    {4, NET_TANH, 0.6},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

static struct training *make(const struct kind *kind, const struct toy *toy)
{
    struct net_config c = toy_config();
    c.num_layers = kind->num_layers;
    c.activation = kind->activation;
    c.dropout = kind->dropout;
    struct training *t;
    assert_int_equal(net_new(&c, &toy->rows, &t, NULL), ERR_OK);
    /* Biases off 0, so that their part in the forward pass is seen. */
    struct rng rng;
    rng_seed(&rng, 3, 3);
    for (int l = 0; l < t->n_layers; l++)
        for (int o = 0; o < t->layer[l].n_out; o++)
            t->params[t->layer[l].bias + (size_t)o] = (float)(0.3 * rng_normal(&rng));
    return t;
}

static double largest(const struct ref_layer *g)
{
    double top = 0;
    for (int o = 0; o < g->n_out; o++) {
        top = fmax(top, fabs(g->b[o]));
        for (int i = 0; i < g->n_in; i++)
            top = fmax(top, fabs(g->w[o][i]));
    }
    return top;
}

static void assert_near(double a, double b, double tolerance, const char *what, int l, int o, int i)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%s: layer %d [%d][%d]: %.9g and %.9g differ by more than %.2g", what, l, o, i, a,
                 b, tolerance);
}

static void compare_layers(const struct reference *a, const struct reference *b, double relative,
                           const char *what)
{
    for (int l = 0; l < a->n_layers; l++) {
        const struct ref_layer *x = &a->layer[l], *y = &b->layer[l];
        double tolerance = relative * largest(x) + 1e-12;
        for (int o = 0; o < x->n_out; o++) {
            assert_near(x->b[o], y->b[o], tolerance, what, l, o, -1);
            for (int i = 0; i < x->n_in; i++)
                assert_near(x->w[o][i], y->w[o][i], tolerance, what, l, o, i);
        }
    }
}

static double mean_loss(const struct toy *toy, int n)
{
    return ref_forward(&weights, toy->x, toy->y, n, &scratch) / n;
}

static double difference(const struct toy *toy, int n, double *parameter)
{
    const double step = 1e-5;
    double kept = *parameter;
    *parameter = kept + step;
    double above = mean_loss(toy, n);
    *parameter = kept - step;
    double below = mean_loss(toy, n);
    *parameter = kept;
    return (above - below) / (2 * step);
}

static void check_differences(const struct toy *toy, int n)
{
    for (int l = 0; l < weights.n_layers; l++) {
        struct ref_layer *w = &weights.layer[l];
        for (int o = 0; o < w->n_out; o++) {
            double d = difference(toy, n, &w->b[o]), top = largest(&gradient.layer[l]);
            assert_near(d, gradient.layer[l].b[o], 1e-8, "difference", l, o, -1);
            assert_near(d, fast.layer[l].b[o], 2e-5 * top + 1e-8, "fast difference", l, o, -1);
            for (int i = 0; i < w->n_in; i++) {
                d = difference(toy, n, &w->w[o][i]);
                assert_near(d, gradient.layer[l].w[o][i], 1e-8, "difference", l, o, i);
                assert_near(d, fast.layer[l].w[o][i], 2e-5 * top + 1e-8, "fast difference", l, o,
                            i);
            }
        }
    }
}

static void every_gradient_is_the_loss_s_slope(void **state)
{
    (void)state;
    struct toy toy = toy_noise(20, 7, 3, 1);
    for (int k = 0; k < N_KINDS; k++) {
        struct training *t = make(&kinds[k], &toy);
        ref_read(&weights, t, t->params);
        double loss = training_gradient(t, toy.x, toy.y, NULL, 8);
        ref_read(&fast, t, t->gradient);
        double expected = ref_forward(&weights, toy.x, toy.y, 8, &pass);
        ref_gradient(&weights, &pass, toy.y, 8, &gradient);
        assert_near(loss, expected, 1e-5 * expected, "loss", -1, k, -1);
        check_differences(&toy, 8);
        net_free(t);
    }
    toy_free(&toy);
}

/* Widths that fill vectors exactly, leave a rest, and are smaller than one; every kernel table. */
static void the_fast_path_agrees_with_plain_loops(void **state)
{
    (void)state;
    static const struct {
        int n_inputs, units, n_classes, rows;
    } shapes[] = {{1, 1, 2, 1}, {3, 2, 2, 5}, {16, 16, 10, 32}, {33, 47, 26, 31}, {64, 64, 64, 17}};
    const struct kernels *tables[4];
    size_t n_tables = kernels_list(tables);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int k = 0; k < N_KINDS; k++) {
            struct toy toy = toy_noise(40, shapes[s].n_inputs, shapes[s].n_classes, s);
            struct net_config c = toy_config();
            c.num_layers = kinds[k].num_layers;
            c.activation = kinds[k].activation;
            c.dropout = kinds[k].dropout;
            c.units = shapes[s].units;
            c.batch_size = 32;
            struct training *t;
            assert_int_equal(net_new(&c, &toy.rows, &t, NULL), ERR_OK);
            int n = shapes[s].rows;
            ref_read(&weights, t, t->params);
            double expected = ref_forward(&weights, toy.x, toy.y, n, &pass);
            ref_gradient(&weights, &pass, toy.y, n, &gradient);
            for (size_t i = 0; i < n_tables; i++) {
                t->kernels = tables[i];
                double loss = training_gradient(t, toy.x, toy.y, NULL, n);
                ref_read(&fast, t, t->gradient);
                assert_near(loss, expected, 1e-5 * expected, tables[i]->name, -1, k, -1);
                compare_layers(&gradient, &fast, 2e-5, tables[i]->name);
            }
            net_free(t);
            toy_free(&toy);
        }
}

/* What judging computes is the same network without dropout. */
static void judging_agrees_with_plain_loops(void **state)
{
    (void)state;
    struct toy toy = toy_noise(30, 7, 3, 2);
    float logits[30 * 3];
    for (int k = 0; k < N_KINDS; k++) {
        struct training *t = make(&kinds[k], &toy);
        struct net_metrics m;
        ref_read(&weights, t, t->params);
        weights.dropout = 0;
        double expected = ref_forward(&weights, toy.x, toy.y, 30, &pass) / 30;
        int right = 0;
        assert_int_equal(net_evaluate(t, &toy.rows, &m, NULL, logits), ERR_OK);
        assert_near(m.loss, expected, 1e-5 * expected, "loss", -1, k, -1);
        for (int i = 0; i < 30; i++) {
            const double *z = pass.a[weights.n_layers][i];
            int best = z[1] > z[0] ? 1 : 0;
            best = z[2] > z[best] ? 2 : best;
            right += best == toy.y[i];
            for (int c = 0; c < 3; c++)
                assert_near((double)logits[i * 3 + c], z[c], 1e-5 * (1 + fabs(z[c])), "logit", k, i,
                            c);
        }
        assert_near(m.accuracy, right / 30.0, 1e-12, "accuracy", -1, k, -1);
        net_free(t);
    }
    toy_free(&toy);
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_is_the_loss_s_slope),
        cmocka_unit_test(the_fast_path_agrees_with_plain_loops),
        cmocka_unit_test(judging_agrees_with_plain_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

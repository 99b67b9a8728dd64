/* If this fails, one processor's vector code computes something else than another's, masks are not
 * what dropout says, or a broken network is not seen to be broken. */
#include "toy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs them above it */
#include <cmocka.h>

static const struct kernels *tables[4];
static size_t n_tables;

static void assert_close(double a, double b, double tolerance, const char *what, size_t i)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%s [%zu]: %.9g and %.9g differ by more than %.2g", what, i, a, b, tolerance);
}

/* 4097 arguments from -12 to 12: each value and slope within 3e-7 of libm's. */
static void tanh_is_tanh(void **state)
{
    (void)state;
    enum { N = 4097 };
    static float a[N], slope[N], bias[N], judged[N];
    struct dropout none = {.scale = 1};
    for (size_t k = 0; k < n_tables; k++) {
        for (int i = 0; i < N; i++)
            judged[i] = a[i] = (float)(i - 2048) * 12 / 2048;
        tables[k]->activate_train[NET_TANH](a, slope, 1, N, bias, &none);
        tables[k]->activate[NET_TANH](judged, 1, N, bias);
        for (int i = 0; i < N; i++) {
            double x = (double)((float)(i - 2048) * 12 / 2048), y = tanh(x);
            assert_close((double)a[i], y, 3e-7, tables[k]->name, (size_t)i);
            assert_close((double)slope[i], 1 - y * y, 6e-7, tables[k]->name, (size_t)i);
            assert_true(a[i] == judged[i]);
        }
    }
}

/* Softmax, its loss and gradient against float64, with logits so far apart that e^x would overflow.
 */
static void softmax_is_softmax(void **state)
{
    (void)state;
    enum { ROWS = 6, N = 11 };
    static const double spread[ROWS] = {0, 0.1, 1, 10, 60, 1000};
    struct rng rng;
    rng_seed(&rng, 4, 4);
    float z[ROWS * N], given[ROWS * N];
    int32_t y[ROWS];
    for (int r = 0; r < ROWS; r++) {
        y[r] = r;
        for (int c = 0; c < N; c++)
            given[r * N + c] = (float)(spread[r] * rng_normal(&rng));
    }
    for (size_t k = 0; k < n_tables; k++) {
        memcpy(z, given, sizeof z);
        double loss = tables[k]->softmax_loss(z, ROWS, N, y, 0.5f), expected = 0;
        for (int r = 0; r < ROWS; r++) {
            double top = -1e30, sum = 0;
            for (int c = 0; c < N; c++)
                top = fmax(top, (double)given[r * N + c]);
            for (int c = 0; c < N; c++)
                sum += exp((double)given[r * N + c] - top);
            expected += log(sum) + top - (double)given[r * N + y[r]];
            for (int c = 0; c < N; c++) {
                double p = exp((double)given[r * N + c] - top) / sum;
                assert_close((double)z[r * N + c], 0.5 * (p - (c == y[r])), 2e-7, tables[k]->name,
                             (size_t)(r * N + c));
            }
        }
        assert_close(loss, expected, 1e-6 * expected, tables[k]->name, 0);
    }
}

static void masks_are_what_their_definition_says(void **state)
{
    (void)state;
    enum { ROWS = 40, N = 25 };
    struct dropout d = {{0x12345678, 0x9abcdef0}, 5033165 /* 0.3 * 2^24 */, 1 / 0.7f};
    float a[ROWS * N], slope[ROWS * N], bias[N];
    for (size_t k = 0; k < n_tables; k++) {
        for (int i = 0; i < ROWS * N; i++)
            a[i] = 1;
        memset(bias, 0, sizeof bias);
        tables[k]->activate_train[NET_RELU](a, slope, ROWS, N, bias, &d);
        for (uint32_t i = 0; i < ROWS * N; i++) {
            float expected = dropout_keeps(&d, i) ? d.scale : 0;
            assert_true(a[i] == expected && slope[i] == expected);
        }
    }
}

/* 2^20 elements: the share kept, the mean of what comes out, and that neither neighbours nor the
 * masks of different batches go together; all within 5 standard deviations. */
static void dropout_keeps_its_rate_and_the_mean(void **state)
{
    (void)state;
    static const double rates[] = {0.05, 0.2, 0.5, 0.9};
    enum { N = 1 << 20 };
    struct toy toy = toy_noise(10, 2, 2, 1);
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        struct net_config c = toy_config();
        c.dropout = rates[r];
        struct training *t;
        assert_int_equal(net_new(&c, &toy.rows, &t, NULL), ERR_OK);
        struct dropout d = training_dropout(t, 0), next;
        t->batch = 1;
        next = training_dropout(t, 0);
        double keep = 1 - rates[r], kept = 0, pairs = 0, both = 0;
        bool before = false;
        for (uint32_t i = 0; i < N; i++) {
            bool now = dropout_keeps(&d, i);
            kept += now;
            pairs += now && before;
            both += now && dropout_keeps(&next, i);
            before = now;
        }
        double spread = 5 * sqrt(keep * rates[r] * N), joint = 5 * sqrt(keep * keep * N);
        assert_close(kept, keep * N, spread, "kept", r);
        assert_close(kept * (double)d.scale, N, spread / keep, "mean", r);
        assert_close(pairs, keep * keep * N, joint, "neighbours", r);
        assert_close(both, keep * keep * N, joint, "batches", r);
        net_free(t);
    }
    toy_free(&toy);
}

static void broken_numbers_stay_broken(void **state)
{
    (void)state;
    const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    for (size_t k = 0; k < n_tables; k++)
        for (size_t b = 0; b < 4; b++)
            for (size_t at = 0; at < 16; at++) {
                float a[16] = {0}, slope[16], bias[16] = {0}, z[16] = {0};
                int32_t y = (int32_t)((at + 1) % 16);
                struct dropout none = {.scale = 1};
                if (isnan(bad[b]))
                    for (int f = 0; f < 2; f++) {
                        a[at] = bad[b];
                        tables[k]->activate_train[f](a, slope, 1, 16, bias, &none);
                        assert_true(isnan(a[at]));
                        tables[k]->activate[f](a, 1, 16, bias);
                        assert_true(isnan(a[at]));
                    }
                z[at] = bad[b];
                double loss = tables[k]->softmax_loss(z, 1, 16, &y, 1);
                assert_true(!isfinite(loss) || bad[b] == -INFINITY);
                for (int o = 0; o < NET_N_OPTIMIZERS; o++) {
                    float w[16] = {0}, first[16] = {0}, second[16] = {0}, g[16] = {0};
                    struct optimizer_step s = {.rate = 1,
                                               .gradient_scale = 1,
                                               .shrink = 1,
                                               .epsilon = 1e-8f,
                                               .root_scale = 1};
                    assert_true(tables[k]->optimize[o](w, first, second, g, 16, &s));
                    w[at] = bad[b];
                    assert_false(tables[k]->optimize[o](w, first, second, g, 16, &s));
                }
            }
}

/* Twenty optimiser steps on 64 numbers in float64, straight from PyTorch's documentation. */
struct plain {
    double w[64], first[64], second[64];
};

static void plain_sgd(struct plain *p, const float *g, double rate, double momentum, double decay)
{
    for (int i = 0; i < 64; i++) {
        double gradient = (double)g[i] + decay * p->w[i];
        p->first[i] = momentum * p->first[i] + gradient;
        p->w[i] -= rate * p->first[i];
    }
}

static void plain_adam(struct plain *p, const float *g, double rate, double decay, int k)
{
    for (int i = 0; i < 64; i++) {
        double gradient = (double)g[i] + decay * p->w[i];
        p->first[i] = 0.9 * p->first[i] + 0.1 * gradient;
        p->second[i] = 0.999 * p->second[i] + 0.001 * gradient * gradient;
        double m = p->first[i] / (1 - pow(0.9, k)), v = p->second[i] / (1 - pow(0.999, k));
        p->w[i] -= rate * m / (sqrt(v) + 1e-8);
    }
}

/* A training's own optimiser call, step after step, against them: the weights (with decay) and the
 * biases (without). float32 errs by 1e-7 a step; 2e-5 of what has moved is allowed after 20. */
static void optimisers_follow_their_formulas(void **state)
{
    (void)state;
    static const struct {
        enum net_optimizer optimizer;
        double momentum, decay;
    } kinds[] = {{NET_SGD, 0, 0},  {NET_SGD, 0.9, 0},   {NET_SGD, 0.9, 0.01},
                 {NET_ADAM, 0, 0}, {NET_ADAM, 0, 0.01}, {NET_SGD, 0, 0.1}};
    struct toy toy = toy_noise(400, 64, 2, 1);
    for (size_t j = 0; j < n_tables * sizeof kinds / sizeof *kinds; j++) {
        size_t k = j / n_tables;
        struct net_config c = toy_config();
        c.optimizer = kinds[k].optimizer;
        c.momentum = kinds[k].momentum;
        c.weight_decay = kinds[k].decay;
        c.learning_rate = 0.01;
        c.units = 64;
        c.batch_size = 4;
        struct training *t;
        assert_int_equal(net_new(&c, &toy.rows, &t, NULL), ERR_OK);
        t->kernels = tables[j % n_tables];
        struct plain weights = {0}, biases = {0};
        size_t bias = t->layer[0].bias;
        for (int i = 0; i < 64; i++)
            weights.w[i] = (double)t->params[i];
        struct rng rng;
        rng_seed(&rng, j, 1);
        for (t->batch = 0; t->batch < 20; t->batch++) {
            for (size_t i = 0; i < 64; i++) {
                t->gradient[i] = (float)rng_normal(&rng);
                t->gradient[bias + i] = (float)rng_normal(&rng);
            }
            assert_true(training_optimize(t));
            double decay = kinds[k].decay, momentum = kinds[k].momentum;
            if (c.optimizer == NET_SGD) {
                plain_sgd(&weights, t->gradient, 0.01, momentum, decay);
                plain_sgd(&biases, t->gradient + bias, 0.01, momentum, 0);
            } else {
                plain_adam(&weights, t->gradient, 0.01, decay, t->batch + 1);
                plain_adam(&biases, t->gradient + bias, 0.01, 0, t->batch + 1);
            }
            for (size_t i = 0; i < 64; i++) {
                assert_close((double)t->params[i], weights.w[i], 2e-5, t->kernels->name, k);
                assert_close((double)t->params[bias + i], biases.w[i], 2e-5, t->kernels->name, k);
            }
        }
        net_free(t);
    }
    toy_free(&toy);
}

int main(void)
{
    net_init();
    n_tables = kernels_list(tables);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tanh_is_tanh),
        cmocka_unit_test(softmax_is_softmax),
        cmocka_unit_test(masks_are_what_their_definition_says),
        cmocka_unit_test(dropout_keeps_its_rate_and_the_mean),
        cmocka_unit_test(broken_numbers_stay_broken),
        cmocka_unit_test(optimisers_follow_their_formulas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

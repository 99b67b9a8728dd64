/* If this fails, one processor's vector code computes something else than another's, masks are not
 * what dropout says, or a broken network is not seen to be broken. */
#include "tables.h"
#include "toy.h"

#include <string.h>

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

/* Sums in float64: no overflow, no loss over many elements. */
static void squares_are_summed(void **state)
{
    (void)state;
    enum { N = 1000 };
    float a[N];
    struct rng rng;
    rng_seed(&rng, 15, 15);
    draw(&rng, a, N, 0, 1);
    a[0] = 1e25f;
    for (size_t k = 0; k < n_tables * (N_WIDTHS + 1); k++) {
        size_t which = k / n_tables, n = which < N_WIDTHS ? (size_t)odd_widths[which] : N;
        for (size_t first = 0; first < 2; first++) {
            double sum = 0;
            for (size_t i = first; i < n; i++)
                sum += (double)a[i] * (double)a[i];
            assert_close(tables[k % n_tables]->sum_squares(a + first, n - first), sum, 1e-13 * sum,
                         tables[k % n_tables]->name, n);
        }
    }
}

static void sums_are_added(void **state)
{
    (void)state;
    float a[MAX_WIDTH], b[MAX_WIDTH], sum[MAX_WIDTH];
    struct rng rng;
    rng_seed(&rng, 16, 16);
    draw(&rng, a, MAX_WIDTH, 0, 1);
    draw(&rng, b, MAX_WIDTH, 0, 1);
    for (size_t k = 0; k < n_tables * N_WIDTHS; k++) {
        int n = odd_widths[k / n_tables];
        memcpy(sum, a, sizeof sum);
        tables[k % n_tables]->add(sum, b, (size_t)n);
        for (int i = 0; i < MAX_WIDTH; i++)
            assert_true(sum[i] == (i < n ? a[i] + b[i] : a[i]));
    }
}

static void nan_is_neither_added_nor_squared_away(void **state)
{
    (void)state;
    for (size_t k = 0; k < n_tables; k++)
        for (size_t at = 0; at < MAX_WIDTH; at++) {
            float a[MAX_WIDTH] = {0}, sum[MAX_WIDTH] = {0};
            const uint32_t key[2] = {1, 2};
            a[at] = NAN;
            assert_true(isnan(tables[k]->sum_squares(a, MAX_WIDTH)));
            tables[k]->add(sum, a, MAX_WIDTH);
            tables[k]->add_noise(a, MAX_WIDTH, key, 1);
            for (size_t i = 0; i < MAX_WIDTH; i++)
                assert_true(isnan(sum[i]) == (i == at) && isnan(a[i]) == (i == at));
        }
}

/* 2^20 numbers: mean, variance and the share beyond one deviation (of the sum of four uniform
 * numbers: 0.3317), each within 5 standard deviations of its estimate; the largest is below 3.46;
 * neighbours and other keys' numbers do not go with them. */
static void noise_is_bell_shaped(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    float *x = mem_alloc(N, sizeof *x), *y = mem_alloc(N, sizeof *y);
    assert_non_null(x);
    assert_non_null(y);
    const uint32_t keys[][2] = {{0x1234567, 0x89abcdef}, {0x1234568, 0x89abcdef}, {7, 8}, {0, 0}};
    for (size_t k = 0; k < n_tables * 3; k++) {
        double mean = 0, variance = 0, beyond = 0, neighbours = 0, others = 0, top = 0;
        for (int i = 0; i < N; i++)
            x[i] = y[i] = 0;
        tables[k % n_tables]->add_noise(x, N, keys[k / n_tables], 1);
        tables[k % n_tables]->add_noise(y, N, keys[k / n_tables + 1], 1);
        for (int i = 0; i < N; i++) {
            double a = (double)x[i], spread = fabs(a);
            mean += a / N;
            variance += a * a / N;
            beyond += spread > 1;
            top = spread > top ? spread : top;
            neighbours += i > 0 ? a * (double)x[i - 1] / N : 0;
            others += a * (double)y[i] / N;
        }
        const double room = 5 / sqrt(N);
        assert_close(mean, 0, room, "mean", k);
        assert_close(variance, 1, 1.3 * room, "variance", k);
        assert_close(beyond / N, 0.3317, room / 2, "beyond", k);
        assert_close(neighbours, 0, room, "neighbours", k);
        assert_close(others, 0, room, "other key", k);
        assert_true(top > 3 && top < 3.46);
    }
    mem_free(x);
    mem_free(y);
}

/* The same numbers in every table and at every length, scaled by the deviation. */
static void noise_is_a_function_of_key_and_index(void **state)
{
    (void)state;
    float first[MAX_WIDTH] = {0};
    const uint32_t key[2] = {99, 100}, other[2] = {99, 101};
    tables[0]->add_noise(first, MAX_WIDTH, key, 1);
    for (size_t k = 0; k < n_tables * N_WIDTHS; k++) {
        const struct kernels *table = tables[k % n_tables];
        int n = odd_widths[k / n_tables], same = 0;
        float x[MAX_WIDTH] = {0}, z[MAX_WIDTH] = {0}, still[1] = {3};
        for (int i = 0; i < MAX_WIDTH; i++)
            x[i] = 1;
        table->add_noise(x, (size_t)n, key, 0.25f);
        table->add_noise(z, (size_t)n, other, 1);
        for (int i = 0; i < MAX_WIDTH; i++) {
            double noise = i < n ? 0.25 * (double)first[i] : 0;
            assert_close((double)x[i], 1 + noise, 2e-7, table->name, (size_t)i);
            same += i < n && z[i] == first[i];
        }
        assert_true(same <= 1);
        table->add_noise(still, 1, key, 0);
        assert_true(still[0] == 3);
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
    find_tables();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_are_what_their_definition_says),
        cmocka_unit_test(dropout_keeps_its_rate_and_the_mean),
        cmocka_unit_test(squares_are_summed),
        cmocka_unit_test(sums_are_added),
        cmocka_unit_test(nan_is_neither_added_nor_squared_away),
        cmocka_unit_test(noise_is_bell_shaped),
        cmocka_unit_test(noise_is_a_function_of_key_and_index),
        cmocka_unit_test(optimisers_follow_their_formulas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

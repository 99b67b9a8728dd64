/* If this fails, what a search believes of configurations it has not tried does not follow from
 * those it has. The expectations are worked out here in the slow, direct way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cblas.h>
#include <cmocka.h>
#include <math.h>

#include "../support/made_study.h"
#include "tiller/meta.h"

enum { N = 75, TARGETS = 2, DIMS = 3 }; /* more than two blocks of the factorisation */

struct example {
    struct gp_kernel kernel; /* two numbers and a choice of three */
    double x[N][DIMS], y[TARGETS][N];
};

static struct example example(void)
{
    struct example e = {.kernel = {.n_dims = DIMS,
                                   .levels = {0, 3, 0},
                                   .length = {0.3, 0.8, 1.7},
                                   .variance = 1.9,
                                   .noise = 0.01}};
    struct rng rng;
    rng_seed(&rng, 4, 1);
    for (int i = 0; i < N; i++) {
        double *x = e.x[i];
        x[0] = rng_uniform(&rng);
        x[1] = (double)rng_below(&rng, 3);
        x[2] = rng_uniform(&rng);
        e.y[0][i] = sin(7 * x[0]) + (x[1] == 2) + 0.1 * rng_normal(&rng);
        e.y[1][i] = x[2] + x[0] * x[0] - 1;
    }
    return e;
}

/* Rasmussen & Williams 2006, equation 4.17, for two rows. */
static double covariance(const struct gp_kernel *k, const double *a, const double *b)
{
    double square = 0;
    for (int d = 0; d < k->n_dims; d++) {
        double diff = k->levels[d] > 0 ? a[d] != b[d] : a[d] - b[d];
        square += diff * diff / (k->length[d] * k->length[d]);
    }
    double r = sqrt(square);
    return k->variance * (1 + sqrt(5) * r + 5.0 / 3 * r * r) * exp(-sqrt(5) * r);
}

static double covariance_in(const struct example *e, const double *noise, int i, int j)
{
    double added = noise ? noise[i] : e->kernel.noise;
    return covariance(&e->kernel, e->x[i], e->x[j]) + (i == j ? added : 0);
}

static struct gp *process(const struct example *e, const double *noise)
{
    struct gp *g;
    assert_int_equal(gp_new(&e->kernel, e->x[0], noise, N, &g), ERR_OK);
    return g;
}

/* ---- the algebra ------------------------------------------------------------------------- */

/* K w = y, whichever way the noise is given. */
static void weights_solve_the_system(void **state)
{
    (void)state;
    struct example e = example();
    double each[N], weights[TARGETS][N];
    for (int i = 0; i < N; i++)
        each[i] = 0.01 + 0.1 * (i % 4);
    const double *const noises[] = {NULL, each};
    for (int k = 0; k < 2; k++) {
        struct gp *g = process(&e, noises[k]);
        gp_weights(g, e.y[0], TARGETS, weights[0]);
        for (int t = 0; t < TARGETS; t++)
            for (int i = 0; i < N; i++) {
                double sum = 0;
                for (int j = 0; j < N; j++)
                    sum += covariance_in(&e, noises[k], i, j) * weights[t][j];
                assert_true(fabs(sum - e.y[t][i]) < 1e-5);
            }
        gp_free(g);
    }
}

/* Determinant by Gaussian elimination. */
static void the_likelihood(void **state)
{
    (void)state;
    struct example e = example();
    double weights[TARGETS][N], k[N][N], log_det = 0;
    struct gp *g = process(&e, NULL);
    gp_weights(g, e.y[0], TARGETS, weights[0]);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            k[i][j] = covariance_in(&e, NULL, i, j);
    for (int p = 0; p < N; p++) {
        log_det += log(k[p][p]);
        for (int i = p + 1; i < N; i++)
            for (int j = N - 1; j >= p; j--)
                k[i][j] -= k[i][p] / k[p][p] * k[p][j];
    }
    for (int t = 0; t < TARGETS; t++) {
        double product = 0;
        for (int i = 0; i < N; i++)
            product += e.y[t][i] * weights[t][i];
        double expected = -0.5 * (product + log_det + N * log(2 * acos(-1)));
        assert_true(fabs(gp_log_likelihood(g, e.y[t], weights[t]) - expected) < 1e-4);
    }
    gp_free(g);
}

/* Mean k' w of every target; variance k(x,x) - k' K^-1 k, where K^-1 k is the weights of k. */
static void predictions(void **state)
{
    (void)state;
    enum { M = 300 }; /* more than two blocks of candidates */
    struct example e = example();
    static double x[M][DIMS], mean[TARGETS][M], variance[M];
    double weights[TARGETS][N], cross[N], solved[N];
    struct rng rng;
    rng_seed(&rng, 5, 5);
    for (int i = 0; i < M; i++)
        for (int d = 0; d < DIMS; d++)
            x[i][d] = d == 1 ? (double)rng_below(&rng, 3) : 2 * rng_uniform(&rng);
    struct gp *g = process(&e, NULL);
    gp_weights(g, e.y[0], TARGETS, weights[0]);
    assert_int_equal(gp_predict(g, weights[0], TARGETS, x[0], M, mean[0], variance), ERR_OK);
    for (int i = 0; i < M; i++) {
        double expected = e.kernel.variance, sum[TARGETS] = {0};
        for (int j = 0; j < N; j++) {
            cross[j] = covariance(&e.kernel, x[i], e.x[j]);
            for (int t = 0; t < TARGETS; t++)
                sum[t] += cross[j] * weights[t][j];
        }
        gp_weights(g, cross, 1, solved);
        for (int j = 0; j < N; j++)
            expected -= cross[j] * solved[j];
        assert_true(fabs(variance[i] - expected) < 1e-5);
        for (int t = 0; t < TARGETS; t++)
            assert_true(fabs(mean[t][i] - sum[t]) < 1e-6);
    }
    double alone[M];
    assert_int_equal(gp_predict(g, weights[1], 1, x[0], M, alone, NULL), ERR_OK);
    for (int i = 0; i < M; i++)
        assert_true(fabs(alone[i] - mean[1][i]) < 1e-9);
    gp_free(g);
}

/* All digits of the kernel, near and as far as its values are numbers: a row of weight 1. */
static void covariances_near_and_far(void **state)
{
    (void)state;
    enum { M = 1003 };
    struct gp_kernel kernel = {.n_dims = 1, .length = {0.3}, .variance = 1.9, .noise = 0.01};
    static double x[M], got[M];
    const double origin = 0, weight = 1;
    struct gp *g;
    for (int i = 0; i < M; i++)
        x[i] = i < 3 ? 1e-9 * i : 0.09 * i;
    assert_int_equal(gp_new(&kernel, &origin, NULL, 1, &g), ERR_OK);
    assert_int_equal(gp_predict(g, &weight, 1, x, M, got, NULL), ERR_OK);
    for (int i = 0; i < M; i++) {
        double expected = covariance(&kernel, &origin, &x[i]);
        assert_true(fabs(got[i] - expected) <= 1e-12 * expected);
    }
    gp_free(g);
}

static void what_can_not_be_factorised(void **state)
{
    (void)state;
    struct example e = example();
    struct gp *g;
    e.kernel.noise = -2 * e.kernel.variance;
    assert_int_equal(gp_new(&e.kernel, e.x[0], NULL, N, &g), ERR_RANGE);
    assert_null(g);
    assert_int_equal(gp_new(&e.kernel, e.x[0], NULL, 0, &g), ERR_RANGE);
    assert_int_equal(gp_new(&e.kernel, e.x[0], NULL, GP_ROWS_MAX + 1, &g), ERR_RANGE);
    e.kernel.noise = 0; /* the same row twice, without noise: the jitter carries it */
    memcpy(e.x[1], e.x[0], sizeof e.x[0]);
    gp_free(process(&e, NULL));
    gp_free(NULL);
}

/* ---- length scales ----------------------------------------------------------------------- */

static double likelihood_with(const struct example *e, const struct gp_kernel *k)
{
    double weights[TARGETS][N], sum = 0;
    struct gp *g;
    assert_int_equal(gp_new(k, e->x[0], NULL, N, &g), ERR_OK);
    gp_weights(g, e->y[0], TARGETS, weights[0]);
    for (int t = 0; t < TARGETS; t++)
        sum += gp_log_likelihood(g, e->y[t], weights[t]);
    gp_free(g);
    return sum;
}

static struct gp_kernel tuned(const struct example *e, bool tune_noise, int n_random, int n_steps)
{
    struct gp_kernel k = e->kernel;
    struct rng rng;
    rng_seed(&rng, 6, 6);
    for (int d = 0; d < DIMS; d++)
        k.length[d] = 1;
    assert_int_equal(gp_tune(&k, e->x[0], N, e->y[0], TARGETS, tune_noise, n_random, n_steps, &rng),
                     ERR_OK);
    return k;
}

/* At the top of the posterior no scale can be changed with gain; the prior may hold back a little:
 * its slope is at most 1 where lengths are within e^3 of its middle and the noise within e. */
static void tuning_goes_to_the_top(void **state)
{
    (void)state;
    struct example e = example();
    struct gp_kernel top = tuned(&e, true, 5, 80);
    const double step = 0.2, allowed = step * 1;
    double best = likelihood_with(&e, &top);
    for (int d = 0; d < DIMS + 1; d++)
        for (int up = 0; up < 2; up++) {
            struct gp_kernel other = top;
            double *changed = d < DIMS ? &other.length[d] : &other.noise;
            *changed *= exp(up ? step : -step);
            if (likelihood_with(&e, &other) > best + allowed)
                fail_msg("parameter %d can still gain", d);
        }
    struct gp_kernel rough = tuned(&e, true, 5, 0);
    assert_true(likelihood_with(&e, &rough) < best - 5);
    assert_true(top.variance == e.kernel.variance);
}

/* Targets that come from a known process: its scales are found again, dimensions without influence
 * get long ones, and one in which no rows differ is left alone. */
static void tuning_finds_what_matters(void **state)
{
    (void)state;
    enum { ROWS = 200, D = 5 };
    struct gp_kernel k = {.n_dims = D, .variance = 1, .noise = 0.3};
    static double x[ROWS][D], y[ROWS];
    struct rng rng;
    rng_seed(&rng, 8, 8);
    for (int d = 0; d < D; d++)
        k.length[d] = 0.123;
    for (int i = 0; i < ROWS; i++) {
        for (int d = 0; d < D; d++)
            x[i][d] = d == 3 ? 0.5 : rng_uniform(&rng);
        y[i] = sin(9 * x[i][0]) + cos(3 * x[i][1]) - 0.1 + 0.1 * rng_normal(&rng);
    }
    assert_int_equal(gp_tune(&k, x[0], ROWS, y, 1, true, 10, 30, &rng), ERR_OK);
    assert_true(k.length[0] < k.length[1]);
    assert_true(k.length[2] > 5 * k.length[1] && k.length[4] > 5 * k.length[1]);
    assert_true(k.length[3] == 0.123);
    assert_true(k.noise > 0.005 && k.noise < 0.02); /* 0.1 squared */
}

static void noise_can_be_held(void **state)
{
    (void)state;
    struct example e = example();
    e.kernel.noise = 0.05 * e.kernel.variance;
    struct gp_kernel k = tuned(&e, false, 5, 20);
    assert_true(fabs(k.noise / k.variance - 0.05) < 1e-12);
    assert_true(likelihood_with(&e, &k) > likelihood_with(&e, &e.kernel));
}

static void tuning_repeats_itself(void **state)
{
    (void)state;
    struct example e = example();
    struct gp_kernel a = tuned(&e, true, 10, 20), b = tuned(&e, true, 10, 20);
    assert_memory_equal(&a, &b, sizeof a);
}

/* ---- expected improvement ---------------------------------------------------------------- */

/* Against the integral of max(best - f, 0) over the normal density. */
static void improvement(void **state)
{
    (void)state;
    static const double cases[][3] = {/* mean, sd, best */
                                      {0, 1, 0},
                                      {1, 0.5, 0.3},
                                      {-2, 3, 1},
                                      {0.5, 0.1, 0}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        double mean = cases[k][0], sd = cases[k][1], best = cases[k][2], sum = 0;
        const double step = 1e-4;
        for (double z = -8; z < 8; z += step)
            sum += step * exp(-0.5 * z * z) / sqrt(2 * acos(-1)) * fmax(best - mean - sd * z, 0);
        assert_true(fabs(gp_expected_improvement(mean, sd, best) - sum) < 1e-4 * sd);
    }
    assert_true(gp_expected_improvement(1, 0, 3) == 2);
    assert_true(gp_expected_improvement(4, 0, 3) == 0);
    double far = gp_expected_improvement(20, 1, 0);
    assert_true(far > 0 && far < 1e-80); /* still an order between hopeless ones */
}

/* ---- configurations ---------------------------------------------------------------------- */

static void configurations_on_the_axes(void **state)
{
    (void)state;
    const struct space *space = made_space();
    struct gp_kernel k;
    struct configuration c;
    double x[SPACE_MAX];
    int optimizer = space_find(space, "optimizer"), momentum = space_find(space, "momentum");
    gp_axes(space, &k);
    assert_int_equal(k.n_dims, space->n);
    assert_int_equal(k.levels[optimizer], space->h[optimizer].n_choices);
    assert_int_equal(k.levels[momentum], 0);
    space_default(space, &c);
    c.value[optimizer] = 3;
    c.value[momentum] = 0.1; /* not under rmsprop: as if at its fallback */
    gp_place(space, &c, x);
    assert_true(x[optimizer] == 3);
    assert_true(fabs(x[momentum] - 0.9 / 0.99) < 1e-12);
}

/* ---- memory ------------------------------------------------------------------------------ */

static void memory_may_run_out(void **state)
{
    (void)state;
    struct example e = example();
    struct rng rng = {{1, 2, 3, 4}};
    double weights[N], mean[N], variance[N];
    int failed = 0;
    for (int after = 0; after < 12; after++) {
        struct gp_kernel k = e.kernel;
        struct gp *g = NULL;
        mem_fail_after(after);
        enum err err = gp_tune(&k, e.x[0], N, e.y[0], 1, true, 1, 1, &rng);
        if (err == ERR_OK)
            err = gp_new(&k, e.x[0], NULL, N, &g);
        if (err == ERR_OK) {
            gp_weights(g, e.y[0], 1, weights);
            err = gp_predict(g, weights, 1, e.x[0], N, mean, variance);
        }
        mem_fail_after(-1);
        gp_free(g);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        failed += err == ERR_MEMORY;
    }
    assert_in_range(failed, 10, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_solve_the_system),
        cmocka_unit_test(the_likelihood),
        cmocka_unit_test(predictions),
        cmocka_unit_test(covariances_near_and_far),
        cmocka_unit_test(what_can_not_be_factorised),
        cmocka_unit_test(tuning_goes_to_the_top),
        cmocka_unit_test(tuning_finds_what_matters),
        cmocka_unit_test(noise_can_be_held),
        cmocka_unit_test(tuning_repeats_itself),
        cmocka_unit_test(improvement),
        cmocka_unit_test(configurations_on_the_axes),
        cmocka_unit_test(memory_may_run_out),
    };
    openblas_set_num_threads(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

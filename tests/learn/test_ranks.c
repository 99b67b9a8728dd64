/* If this fails, ranks, their tests or the resamples behind the intervals are wrong. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "learn/bootstrap.h"
#include "learn/numbers.h"
#include "learn/ranks.h"

static void near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.9g, not %.9g", value, expected);
}

static void ties_share_their_ranks(void **state)
{
    (void)state;
    const double value[] = {3, 1, 3, 2, 3};
    double rank[5];
    ranks_of(value, 5, rank);
    const double expected[] = {4, 1, 4, 2, 4};
    for (int i = 0; i < 5; i++)
        near(rank[i], expected[i], 0);
}

/* Tail probabilities as in any table. */
static void chi_squared(void **state)
{
    (void)state;
    near(ranks_chi_squared(3.841459, 1), 0.05, 1e-7);
    near(ranks_chi_squared(5.991465, 2), 0.05, 1e-7);
    near(ranks_chi_squared(18.307038, 10), 0.05, 1e-7);
    near(ranks_chi_squared(6.634897, 1), 0.01, 1e-7);
    near(ranks_chi_squared(2, 2), exp(-1), 1e-13);
    near(ranks_chi_squared(60, 2), exp(-30), 1e-25);
    near(ranks_chi_squared(0, 3), 1, 0);
}

/* Demsar 2006, table 5: q at 5 % for 2..10 methods. */
static void nemenyi(void **state)
{
    (void)state;
    const double q[] = {1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164};
    for (int k = 2; k <= 10; k++)
        near(ranks_critical_difference(k, 14), q[k - 2] * sqrt(k * (k + 1) / (6.0 * 14)), 2e-3);
    assert_true(isnan(ranks_critical_difference(1, 14)));
}

/* Three judges, four wines, by hand: rank sums 4 7 7 12, chi-squared 12/(3*4*5) * 258 - 45 = 6.6.
 */
static void friedman(void **state)
{
    (void)state;
    const double value[] = {1, 2, 3, 4, 2, 1, 3, 4, 1, 4, 1.5, 9};
    double rank[4];
    /* Rows rank 1 2 3 4, 2 1 3 4, 1 3 2 4: sums 4 6 8 12 */
    double p = ranks_friedman(value, 3, 4, rank);
    const double sums[] = {4, 6, 8, 12};
    for (int i = 0; i < 4; i++)
        near(rank[i], sums[i] / 3, 1e-12);
    double chi = 12.0 / (3 * 4 * 5) * (16 + 36 + 64 + 144) - 3 * 3 * 5;
    near(p, ranks_chi_squared(chi, 3), 1e-12);
    const double same[] = {1, 1, 1, 2, 2, 2};
    near(ranks_friedman(same, 2, 3, rank), 1, 0);
    near(rank[1], 2, 0);
    /* With ties, by the textbook's formula: ranks 1.5 1.5 3 and 1 2 3. */
    const double tied[] = {1, 1, 2, 1, 2, 3};
    double mean[] = {1.25, 1.75, 3}, squares = 0;
    for (int i = 0; i < 3; i++)
        squares += (mean[i] - 2) * (mean[i] - 2);
    double correction = 1 - 6.0 / (2 * (27 - 3));
    near(ranks_friedman(tied, 2, 3, rank),
         ranks_chi_squared(12 * 2 / (3.0 * 4) * squares / correction, 2), 1e-12);
}

/* All signs of all ranks counted, for up to 9 differences with ties. */
static double wilcoxon_by_counting(const double *d, int n)
{
    double size[16], rank[16], sum = 0, mean = 0, hits = 0;
    for (int i = 0; i < n; i++)
        size[i] = fabs(d[i]);
    ranks_of(size, n, rank);
    for (int i = 0; i < n; i++) {
        sum += d[i] > 0 ? rank[i] : 0;
        mean += rank[i] / 2;
    }
    for (int signs = 0; signs < 1 << n; signs++) {
        double other = 0;
        for (int i = 0; i < n; i++)
            other += signs >> i & 1 ? rank[i] : 0;
        hits += fabs(other - mean) >= fabs(sum - mean) - 1e-9;
    }
    return hits / (1 << n);
}

static void wilcoxon(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 3, 0);
    for (int k = 0; k < 60; k++) {
        double d[9];
        int n = 1 + (int)rng_below(&rng, 9);
        for (int i = 0; i < n; i++)
            d[i] = (k % 2 ? 1 + floor(4 * rng_uniform(&rng)) : 0.1 + rng_uniform(&rng)) *
                   (rng_uniform(&rng) < 0.3 ? -1 : 1);
        near(ranks_wilcoxon(d, n), wilcoxon_by_counting(d, n), 1e-12);
    }
    const double zeros[] = {0, 0}, some[] = {0, 1, 2, 0, 3, 4, 5};
    near(ranks_wilcoxon(zeros, 2), 1, 0);
    near(ranks_wilcoxon(some, 7), 2.0 / 32, 1e-12); /* five of one sign */
}

static void holm(void **state)
{
    (void)state;
    double p[] = {0.04, 0.01, NAN, 0.03, 0}, expected[] = {0.06, 0.03, NAN, 0.06, 0};
    ranks_holm(p, 5);
    for (int i = 0; i < 5; i++)
        assert_true(isnan(expected[i]) ? isnan(p[i]) : fabs(p[i] - expected[i]) < 1e-12);
    double large[] = {0.7, 0.9};
    ranks_holm(large, 2);
    assert_true(large[0] == 1 && large[1] == 1);
}

/* ---- resamples --------------------------------------------------------------------------- */

/* Families of 1, 3 and 2 tasks. Every resample weighs 1 in all; a task's weight comes out at what
 * equal families give; families come and go as wholes. */
static void resamples_weigh_families_equally(void **state)
{
    (void)state;
    enum { TASKS = 6, SEEDS = 4, N = 4000 };
    const int family[TASKS] = {0, 1, 1, 2, 1, 2};
    const double expected[TASKS] = {1 / 3.0, 1 / 9.0, 1 / 9.0, 1 / 6.0, 1 / 9.0, 1 / 6.0};
    struct bootstrap b, again;
    struct err_info info = {0};
    double weight[TASKS * SEEDS], mean[TASKS] = {0}, plain[TASKS], absent = 0;
    assert_int_equal(bootstrap_draw(family, TASKS, 3, SEEDS, N, &b, &info), ERR_OK);
    for (int r = 0; r < N; r++) {
        double sum = 0, family_weight[3] = {0};
        bootstrap_weights(&b, r, weight);
        for (int i = 0; i < TASKS * SEEDS; i++) {
            sum += weight[i];
            mean[i / SEEDS] += weight[i] / N;
            family_weight[family[i / SEEDS]] += weight[i];
        }
        near(sum, 1, 1e-12);
        for (int f = 0; f < 3; f++)
            near(remainder(family_weight[f] * 3, 1), 0, 1e-9);
        absent += (family_weight[0] == 0) / (double)N;
    }
    bootstrap_plain_weights(family, TASKS, 3, plain);
    for (int t = 0; t < TASKS; t++) {
        near(mean[t], expected[t], 0.015);
        near(plain[t], expected[t], 1e-12);
    }
    near(absent, 8 / 27.0, 0.03); /* (2/3)^3 */
    assert_int_equal(bootstrap_draw(family, TASKS, 3, SEEDS, N, &again, &info), ERR_OK);
    assert_memory_equal(b.seed, again.seed, (size_t)b.n_drawn[0] * SEEDS * sizeof *b.seed);
    bootstrap_free(&b);
    bootstrap_free(&again);
}

static void percentiles(void **state)
{
    (void)state;
    double values[401];
    struct bench_interval out;
    for (int i = 0; i < 401; i++)
        values[i] = (i * 173) % 401; /* 0..400 in disorder */
    bootstrap_interval(values, 401, &out);
    near(out.low, 10, 1e-12);
    near(out.high, 390, 1e-12);
    double odd[] = {NAN, 5, 1, 3, NAN, 9}, none[] = {NAN};
    near(numbers_median(odd, 6), 3, 0); /* the lower one of 1 3 5 9 */
    assert_true(isnan(numbers_median(none, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ties_share_their_ranks),
        cmocka_unit_test(chi_squared),
        cmocka_unit_test(nemenyi),
        cmocka_unit_test(friedman),
        cmocka_unit_test(wilcoxon),
        cmocka_unit_test(holm),
        cmocka_unit_test(resamples_weigh_families_equally),
        cmocka_unit_test(percentiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

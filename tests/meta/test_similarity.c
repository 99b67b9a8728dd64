/* If this fails, a new task is said to resemble the wrong ones, or a left-out family has a say. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tiller/knowledge.h"

/* Made worlds: every task has a place in the plane, families are clusters there. The best of the
 * configurations, points on a line of their own, moves with the first coordinate; the second one
 * bends the results. Features 0 and 1 show the place, the others are chance. */
enum { FAMILIES = 10, OF_FAMILY = 4, TASKS = FAMILIES * OF_FAMILY, FEATURES = 6, CONFIGS = 48 };

struct world {
    int family[TASKS];
    double place[TASKS][2];
    double feature[TASKS * FEATURES];
    double z[TASKS * CONFIGS];
    struct known_ranks known;
};

static void rank(double *value, double *z)
{
    for (int i = 0; i < CONFIGS; i++) {
        int below = 0;
        for (int j = 0; j < CONFIGS; j++)
            below += value[j] < value[i];
        /* Close to the normal quantile of (below + .5) / n (Tukey's lambda 0.14). */
        double p = (below + .5) / CONFIGS;
        z[i] = 4.91 * (pow(p, .14) - pow(1 - p, .14));
    }
}

/* telling: do features 0 and 1 show the place, or another task's? */
static void make_world(struct world *w, bool telling, double noise, uint64_t seed)
{
    struct rng rng;
    double centre[FAMILIES][2];
    rng_seed(&rng, seed, 7);
    for (int f = 0; f < FAMILIES; f++)
        for (int k = 0; k < 2; k++)
            centre[f][k] = rng_uniform(&rng);
    for (int t = 0; t < TASKS; t++) {
        double value[CONFIGS];
        w->family[t] = t % FAMILIES;
        for (int k = 0; k < 2; k++)
            w->place[t][k] = centre[t % FAMILIES][k] + .05 * rng_normal(&rng);
        for (int j = 0; j < FEATURES; j++)
            w->feature[t * FEATURES + j] = rng_normal(&rng);
        for (int j = 0; j < 2 && telling; j++)
            w->feature[t * FEATURES + j] = 30 * w->place[t][j] + rng_normal(&rng);
        for (int c = 0; c < CONFIGS; c++) {
            double at = (c + .5) / CONFIGS;
            value[c] =
                fabs(at - w->place[t][0]) + .3 * at * w->place[t][1] + noise * rng_normal(&rng);
        }
        rank(value, w->z + t * CONFIGS);
    }
    w->known =
        (struct known_ranks){TASKS, FAMILIES, FEATURES, CONFIGS, w->family, w->feature, w->z};
}

static struct similarity fitted(const struct world *w, const bool *left_out)
{
    struct similarity s;
    assert_int_equal(similarity_fit(&w->known, left_out, &s), ERR_OK);
    return s;
}

/* Mean truth, at the left-out families, of the configuration with the best score. */
static double first_pick(const struct world *w, const struct similarity *s)
{
    double sum = 0, weight[TASKS], score[CONFIGS];
    for (int t = 0; t < TASKS; t++) {
        bool out[FAMILIES] = {false};
        int best = 0;
        out[w->family[t]] = true;
        similarity_prior(s, &w->known, out, w->feature + t * FEATURES, weight);
        similarity_scores(weight, w->z, TASKS, CONFIGS, score);
        for (int c = 1; c < CONFIGS; c++)
            if (score[c] < score[best])
                best = c;
        sum += w->z[t * CONFIGS + best] / TASKS;
    }
    return sum;
}

static void telling_features_are_found(void **state)
{
    (void)state;
    static struct world w;
    int chance = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        make_world(&w, true, .05, seed);
        struct similarity s = fitted(&w, NULL), even = s;
        memset(even.emphasis, 0, sizeof even.emphasis);
        assert_true(s.emphasis[0] > 0); /* the one that moves the best */
        for (int j = 2; j < FEATURES; j++)
            chance += s.emphasis[j] > 0;
        assert_true(s.quality_features > s.quality_even + s.error);
        assert_true(first_pick(&w, &s) < first_pick(&w, &even) - .3);
        print_message(
            "world %d: correlation %.3f even, %.3f by features; z of the first pick %.2f, "
            "%.2f; tau %.2f, k %.1f\n",
            (int)seed, s.quality_even, s.quality_features, first_pick(&w, &even),
            first_pick(&w, &s), s.spread, s.evidence);
    }
    assert_true(chance <= 2); /* of 20 */
}

/* All tasks agree that every other configuration is hopeless. That must not hide that they differ
 * in which of the good ones is best. */
static void agreement_on_the_bad_hides_nothing(void **state)
{
    (void)state;
    static struct world w;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        make_world(&w, true, .05, seed);
        for (int t = 0; t < TASKS; t++) {
            double value[CONFIGS];
            for (int c = 0; c < CONFIGS; c++)
                value[c] = w.z[t * CONFIGS + c] + (c % 2 ? 100 : 0);
            rank(value, w.z + t * CONFIGS);
        }
        struct similarity s = fitted(&w, NULL);
        assert_true(s.emphasis[0] > 0);
        assert_true(s.quality_features > s.quality_even + .2);
    }
}

/* Features that mean nothing are dropped, or at least do no harm. */
static void chance_is_dropped(void **state)
{
    (void)state;
    static struct world w;
    int kept = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        make_world(&w, false, .05, seed);
        struct similarity s = fitted(&w, NULL);
        bool any = false;
        for (int j = 0; j < FEATURES; j++)
            any = any || s.emphasis[j] > 0;
        assert_true(!any || s.quality_features > s.quality_even);
        kept += any;
    }
    assert_true(kept <= 3);
}

static void weights_find_the_neighbours(void **state)
{
    (void)state;
    static struct world w;
    make_world(&w, true, .05, 3);
    struct similarity s = fitted(&w, NULL);
    for (int t = 0; t < TASKS; t++) {
        bool out[FAMILIES] = {false};
        double prior[TASKS], weight[TASKS], d[TASKS], seen[TASKS * 10], y[10], sum = 0;
        double far_before = 0, far_after = 0;
        out[w.family[t]] = true;
        similarity_prior(&s, &w.known, out, w.feature + t * FEATURES, prior);
        for (int i = 0; i < 10; i++) {
            y[i] = w.z[t * CONFIGS + i * 4 + 3];
            for (int k = 0; k < TASKS; k++)
                seen[k * 10 + i] = w.z[k * CONFIGS + i * 4 + 3];
        }
        assert_int_equal(similarity_discordance(y, 10, 0, seen, TASKS, d), 45);
        assert_true(d[t] == 0); /* it agrees with itself, but has no say */
        similarity_posterior(&s, prior, d, TASKS, 10, weight);
        for (int k = 0; k < TASKS; k++) {
            bool far = fabs(w.place[k][0] - w.place[t][0]) > .4;
            assert_true(weight[k] >= 0 && (weight[k] > 0) == (w.family[k] != w.family[t]));
            sum += weight[k];
            far_before += far ? prior[k] : 0;
            far_after += far ? weight[k] : 0;
        }
        assert_true(fabs(sum - 1) < 1e-12);
        assert_true(far_after <= far_before + 1e-12);
    }
}

/* Evidence outweighs looks: a task that looks like one family and behaves like another one. */
static void evidence_overrules_looks(void **state)
{
    (void)state;
    static struct world w;
    make_world(&w, true, .02, 4);
    struct similarity s = fitted(&w, NULL);
    int low = 0, high = 0;
    for (int t = 0; t < TASKS; t++) {
        low = w.place[t][0] < w.place[low][0] ? t : low;
        high = w.place[t][0] > w.place[high][0] ? t : high;
    }
    double prior[TASKS], weight[TASKS], d[TASKS], y[25], seen[TASKS * 25], before = 0, after = 0;
    similarity_prior(&s, &w.known, NULL, w.feature + low * FEATURES, prior);
    for (int i = 0; i < 25; i++) {
        y[i] = w.z[high * CONFIGS + i];
        for (int k = 0; k < TASKS; k++)
            seen[k * 25 + i] = w.z[k * CONFIGS + i];
    }
    similarity_discordance(y, 25, 0, seen, TASKS, d);
    similarity_posterior(&s, prior, d, TASKS, 25, weight);
    for (int k = 0; k < TASKS; k++)
        if (fabs(w.place[k][0] - w.place[high][0]) < .3) {
            before += prior[k];
            after += weight[k];
        }
    assert_true(before < .2 && after > 5 * before);
}

static void left_out_families_have_no_say(void **state)
{
    (void)state;
    static struct world w, other;
    make_world(&w, true, .05, 5);
    other = w;
    other.known.feature = other.feature;
    other.known.z = other.z;
    bool out[FAMILIES] = {false};
    out[2] = out[7] = true;
    for (int t = 0; t < TASKS; t++)
        if (out[w.family[t]]) {
            for (int j = 0; j < FEATURES; j++)
                other.feature[t * FEATURES + j] = (double)NAN;
            for (int c = 0; c < CONFIGS; c++)
                other.z[t * CONFIGS + c] = (double)NAN;
        }
    struct similarity a = fitted(&w, out), b = fitted(&other, out), c = fitted(&w, NULL);
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &c, sizeof a);
    double prior_a[TASKS], prior_b[TASKS], score_a[CONFIGS], score_b[CONFIGS];
    similarity_prior(&a, &w.known, out, w.feature, prior_a);
    similarity_prior(&b, &other.known, out, w.feature, prior_b);
    similarity_scores(prior_a, w.z, TASKS, CONFIGS, score_a);
    similarity_scores(prior_b, other.z, TASKS, CONFIGS, score_b);
    assert_memory_equal(prior_a, prior_b, sizeof prior_a);
    assert_memory_equal(score_a, score_b, sizeof score_a);
    struct reliability r, q;
    assert_int_equal(similarity_reliability(&a, &w.known, out, &r), ERR_OK);
    assert_int_equal(similarity_reliability(&b, &other.known, out, &q), ERR_OK);
    assert_memory_equal(&r, &q, sizeof r);
}

/* Said with 80 %, right in 80 %: on worlds that had no part in the fit. */
static void confidence_is_calibrated(void **state)
{
    (void)state;
    static struct world w, fresh;
    double said[RELIABILITY_BINS] = {0}, came[RELIABILITY_BINS] = {0},
           pairs[RELIABILITY_BINS] = {0};
    for (uint64_t seed = 11; seed <= 16; seed++) {
        struct reliability r;
        make_world(&w, true, .15, seed);
        make_world(&fresh, true, .15, seed + 100);
        struct similarity s = fitted(&w, NULL);
        assert_int_equal(similarity_reliability(&s, &fresh.known, NULL, &r), ERR_OK);
        assert_true(r.brier < r.brier_even - .02);
        for (int b = 0; b < RELIABILITY_BINS; b++) {
            pairs[b] += r.pairs[b];
            said[b] += r.pairs[b] * r.said[b];
            came[b] += r.pairs[b] * r.came[b];
        }
    }
    for (int b = 0; b < RELIABILITY_BINS; b++) {
        print_message("said %.2f, came %.2f, %.0f pairs\n", said[b] / pairs[b], came[b] / pairs[b],
                      pairs[b]);
        assert_true(pairs[b] > 100);
        assert_true(fabs(said[b] - came[b]) / pairs[b] < .08);
    }
}

static void discordance_by_hand(void **state)
{
    (void)state;
    static const struct {
        double y[4];
        int n;
        double noise, z[4], expected;
        int pairs;
    } row[] = {
        {{1, 2, 3}, 3, 0, {-1, 0, 1}, 0, 3},
        {{1, 2, 3}, 3, 0, {1, 0, -1}, 1, 3},
        {{1, 2, 3}, 3, 0, {0, -1, 1}, 1. / 3, 3},
        {{1, 2, 3}, 3, 1.5, {0, -1, 1}, 0, 1}, /* only the first and the last are told apart */
        {{1, 1, 1}, 3, 0, {0, -1, 1}, .5, 0},  /* nothing to compare */
        {{1}, 1, 0, {0}, .5, 0},
        {{1, 2}, 2, 0, {0, 0}, .5, 1},           /* the known task has no opinion */
        {{1, (double)NAN}, 2, 0, {-1, 1}, 0, 1}, /* diverged is worst */
        {{1, (double)NAN}, 2, 9, {1, -1}, 1, 1},
        {{(double)NAN, (double)NAN}, 2, 0, {1, -1}, .5, 0},
        {{1, (double)INFINITY, 2, 3}, 4, 0, {1, 4, 2, 3}, 0, 6},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        double d;
        int pairs = similarity_discordance(row[i].y, row[i].n, row[i].noise, row[i].z, 1, &d);
        assert_int_equal(pairs, row[i].pairs);
        assert_true(fabs(d - row[i].expected) < 1e-12);
    }
}

static void trust_by_hand(void **state)
{
    (void)state;
    static const struct {
        double weight[2], d[2];
        int results;
        enum trust expected;
    } row[] = {
        {{1, 0}, {0, 1}, 2, TRUST_HIGH},       {{1, 0}, {0, 1}, 1, TRUST_MIDDLE},
        {{.5, .5}, {.1, .5}, 9, TRUST_MIDDLE}, {{.5, .5}, {.3, .5}, 9, TRUST_LOW},
        {{.5, .5}, {.1, .2}, 9, TRUST_HIGH},   {{1, 0}, {.2, (double)NAN}, 5, TRUST_MIDDLE},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        double mean;
        assert_int_equal(similarity_trust(row[i].weight, row[i].d, 2, row[i].results, &mean),
                         row[i].expected);
        assert_true(isnan(mean) == (row[i].results < 2));
    }
}

/* Weights by hand: two families, one of two tasks; one feature with variance 2/3 and emphasis 1. */
static void prior_by_hand(void **state)
{
    (void)state;
    static const int family[] = {0, 1, 1};
    static const double feature[] = {-1, 0, 1}, z[] = {0, 0, 0};
    const struct known_ranks known = {3, 2, 1, 1, family, feature, z};
    struct similarity s = {.n_features = 1, .emphasis = {1}, .evidence = 2, .spread = .5};
    double prior[3], at = .5, a = exp(-2.25 * .75), b = exp(-.25 * .75) / 2, c = b;
    similarity_prior(&s, &known, NULL, &at, prior);
    assert_true(fabs(prior[0] - a / (a + b + c)) < 1e-12);
    assert_true(fabs(prior[1] - b / (a + b + c)) < 1e-12);
    at = 1e6; /* far from all: the nearest one, not nothing */
    similarity_prior(&s, &known, NULL, &at, prior);
    assert_true(prior[2] == 1);
    similarity_prior(&s, &known, NULL, NULL, prior); /* looks unknown: families alike */
    assert_true(prior[0] == .5 && prior[1] == .25);
    double d[] = {.5, 0, .25}, weight[3];
    similarity_posterior(&s, prior, d, 3, 100, weight); /* 25 at most: exp(-50 d) */
    assert_true(fabs(weight[2] / weight[1] - exp(-12.5)) < 1e-12);
    bool out[] = {true, true};
    similarity_prior(&s, &known, out, &at, prior);
    assert_true(prior[0] == 0 && prior[1] == 0 && prior[2] == 0);
    similarity_posterior(&s, prior, d, 3, 4, weight);
    assert_true(weight[0] == 0 && weight[1] == 0 && weight[2] == 0);
    assert_true(fabs(similarity_confidence(&s, 0, .5) - .8413447) < 1e-6);
    assert_true(similarity_confidence(&s, 1, 1) == .5);
}

static void few_families(void **state)
{
    (void)state;
    static struct world w;
    bool out[FAMILIES];
    make_world(&w, true, .05, 6);
    for (int keep = 0; keep <= 3; keep++) {
        for (int f = 0; f < FAMILIES; f++)
            out[f] = f >= keep;
        struct similarity s = fitted(&w, out);
        assert_true(isfinite(s.spread) && s.spread > 0 && isfinite(s.error));
        if (keep < 3)
            assert_true(s.evidence == 1 && s.spread == 1 && s.emphasis[0] == 0);
    }
}

static void memory_runs_out(void **state)
{
    (void)state;
    static struct world w;
    struct similarity s;
    struct reliability r;
    make_world(&w, true, .05, 6);
    w.known.n = 12;
    unsigned long before = mem_alloc_count();
    assert_int_equal(similarity_reliability(&(struct similarity){.spread = 1}, &w.known, NULL, &r),
                     ERR_OK);
    long allocations = (long)(mem_alloc_count() - before);
    for (long after = 0; after < allocations; after++) {
        mem_fail_after(after);
        assert_int_equal(similarity_fit(&w.known, NULL, &s), ERR_MEMORY);
    }
    mem_fail_after(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(telling_features_are_found),
        cmocka_unit_test(agreement_on_the_bad_hides_nothing),
        cmocka_unit_test(chance_is_dropped),
        cmocka_unit_test(weights_find_the_neighbours),
        cmocka_unit_test(evidence_overrules_looks),
        cmocka_unit_test(left_out_families_have_no_say),
        cmocka_unit_test(confidence_is_calibrated),
        cmocka_unit_test(discordance_by_hand),
        cmocka_unit_test(trust_by_hand),
        cmocka_unit_test(prior_by_hand),
        cmocka_unit_test(few_families),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* If this fails, what known tasks say of a configuration, or what a new task's own runs say against
 * it, is lost on the way to the next proposal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cblas.h>
#include <cmocka.h>

#include "made_tasks.h"

static struct made_tasks made;
static const bool left_out[MADE_FAMILIES] = {false, true};

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.9g is not within %g of %.9g", a, tolerance, b);
}

static struct gp_kernel made_kernel(void)
{
    return (struct gp_kernel){
        .n_dims = MADE_DIMS, .length = {0.5, 0.7}, .variance = 1, .noise = 0.05};
}

/* ---- scores ------------------------------------------------------------------------------ */

static void scores_rank_the_ends(void **state)
{
    (void)state;
    static double score[MADE_TASKS][MADE_RUNS], spread[MADE_TASKS];
    assert_int_equal(known_scores(&made.known, left_out, score[0], spread), ERR_OK);
    for (int t = 0; t < MADE_TASKS; t++) {
        double sum = 0, squares = 0;
        bool out = left_out[made.task[t].family];
        for (int i = 0; i < MADE_RUNS; i++) {
            double end = known_log_error(&made.task[t], i, MADE_EPOCHS);
            double below = 0; /* half of the equal ones, itself among them, count, too */
            for (int j = 0; j < MADE_RUNS; j++) {
                double other = known_log_error(&made.task[t], j, MADE_EPOCHS);
                below += other < end ? 1 : other == end ? 0.5 : 0;
            }
            assert_near(score[t][i], out ? 0 : normal_quantile(below / MADE_RUNS), 1e-12);
            sum += end;
            squares += end * end;
        }
        double mean = sum / MADE_RUNS;
        assert_near(spread[t], out ? 0 : sqrt(squares / MADE_RUNS - mean * mean), 1e-9);
    }
}

/* ---- known tasks ------------------------------------------------------------------------- */

/* Against a process of its own for each task. */
static void one_factorisation_serves_all_tasks(void **state)
{
    (void)state;
    enum { M = 40 };
    struct gp_kernel kernel = made_kernel();
    static double score[MADE_TASKS][MADE_RUNS], spread[MADE_TASKS], got[MADE_TASKS][M];
    double x[M * MADE_DIMS], weights[MADE_RUNS], expected[M];
    struct transfer *t;
    struct gp *alone;
    struct rng rng;
    rng_seed(&rng, 3, 3);
    for (int i = 0; i < M * MADE_DIMS; i++)
        x[i] = rng_uniform(&rng);
    assert_int_equal(known_scores(&made.known, left_out, score[0], spread), ERR_OK);
    assert_int_equal(transfer_new(&made.known, left_out, &kernel, &t), ERR_OK);
    assert_int_equal(transfer_predict(t, x, M, got[0]), ERR_OK);
    assert_int_equal(gp_new(&kernel, made.unit, NULL, MADE_RUNS, &alone), ERR_OK);
    for (int s = 0; s < MADE_TASKS; s++) {
        gp_weights(alone, score[s], 1, weights);
        assert_int_equal(gp_predict(alone, weights, 1, x, M, expected, NULL), ERR_OK);
        for (int i = 0; i < M; i++)
            assert_near(got[s][i], expected[i], 1e-9);
    }
    double weight[MADE_TASKS] = {0.25, [2] = 0.75};
    assert_near(transfer_scale(t, weight), 0.25 * spread[0] + 0.75 * spread[2], 1e-12);
    gp_free(alone);
    transfer_free(t);
    transfer_free(NULL);
}

/* Against a process of its own for each task: the first two begin with the same rows. */
static void shared_rows_count_once(void **state)
{
    (void)state;
    enum { TASKS = 4, M = 30 };
    const struct gp_kernel kernel = made_kernel();
    static double rows[2][20 * MADE_DIMS], end[TASKS][20];
    const double *other = made.unit + 40 * MADE_DIMS;
    const double weight[TASKS] = {0.6, 0.3, 0.095, 0.005}; /* the last one is passed over */
    double expected[TASKS][M] = {{0}}, got[TASKS][M], prior[M], weights[20];
    memcpy(rows[0], made.unit, sizeof rows[0]);
    memcpy(rows[1], made.unit, sizeof rows[1]);
    memcpy(rows[1] + 12 * MADE_DIMS, other, 8 * MADE_DIMS * sizeof **rows);
    struct known_runs runs[TASKS] = {
        {20, rows[0], end[0]}, {20, rows[1], end[1]}, {.n = 0}, {15, other, end[3]}};
    const double *x = made.unit + 60 * MADE_DIMS;
    struct rng rng = {{1, 2, 3, 4}};
    struct transfer *t;
    for (int s = 0; s < TASKS; s++)
        for (int i = 0; i < 20; i++)
            end[s][i] = rng_normal(&rng);
    assert_int_equal(transfer_of_runs(&kernel, runs, TASKS, &t), ERR_OK);
    assert_int_equal(transfer_predict(t, x, M, got[0]), ERR_OK);
    assert_int_equal(transfer_prior(t, weight, x, M, prior), ERR_OK);
    for (int s = 0; s < TASKS; s++) {
        struct gp *alone = NULL;
        if (runs[s].n > 0) {
            assert_int_equal(gp_new(&kernel, runs[s].x, NULL, runs[s].n, &alone), ERR_OK);
            rank_normal(end[s], runs[s].n, weights);
            gp_weights(alone, weights, 1, weights);
            assert_int_equal(gp_predict(alone, weights, 1, x, M, expected[s], NULL), ERR_OK);
        }
        for (int i = 0; i < M; i++)
            assert_near(got[s][i], expected[s][i], 1e-9);
        gp_free(alone);
    }
    for (int i = 0; i < M; i++)
        assert_near(prior[i], 0.6 * expected[0][i] + 0.3 * expected[1][i], 1e-9);
    const double none[TASKS] = {0, 0, 1, 0.005};
    assert_int_equal(transfer_prior(t, none, x, M, prior), ERR_OK);
    for (int i = 0; i < M; i++)
        assert_near(prior[i], 0, 0);
    transfer_free(t);
}

/* What a task's runs say of places between them is close to the truth there: near the best place
 * scores are low, far away they are high. */
static void scores_between_runs(void **state)
{
    (void)state;
    struct gp_kernel kernel = made_kernel();
    struct transfer *t;
    double score[MADE_TASKS][2];
    const double x[] = {0.3, 0.65, 1, 0}; /* family 0's best place, and a corner */
    assert_int_equal(transfer_new(&made.known, NULL, &kernel, &t), ERR_OK);
    assert_int_equal(transfer_predict(t, x, 2, score[0]), ERR_OK);
    for (int s = 0; s < MADE_TASKS; s++)
        if (made.task[s].family == 0)
            assert_true(score[s][0] < -0.5 && score[s][1] > 0.3);
    transfer_free(t);
}

/* A left-out family's curves, however changed, change nothing; the others' do. */
static void left_out_families_are_not_seen(void **state)
{
    (void)state;
    static struct made_tasks other;
    struct gp_kernel before = made_kernel(), after;
    struct rng rng;
    rng_seed(&rng, 1, 1);
    assert_int_equal(transfer_tune(&made.known, left_out, &before, &rng), ERR_OK);
    assert_true(before.noise > 0 && fabs(before.noise / before.variance - 0.05) < 1e-12);
    for (int seen = 0; seen < 2; seen++) {
        made_tasks(&other);
        for (int t = 0; t < MADE_TASKS; t++)
            for (int i = 0; i < MADE_RUNS * MADE_EPOCHS; i++)
                if (left_out[made.task[t].family] != (bool)seen)
                    other.error[t][i] = fabs(0.3 - other.error[t][i]);
        after = made_kernel();
        rng_seed(&rng, 1, 1);
        assert_int_equal(transfer_tune(&other.known, left_out, &after, &rng), ERR_OK);
        assert_int_equal(after.length[0] == before.length[0] && after.variance == before.variance,
                         seen == 0);
    }
}

/* A choice's axis holds its index: runs with another choice are all equally far. */
static void choices_lie_by_their_index(void **state)
{
    (void)state;
    enum { RUNS = 30 };
    double unit[RUNS], error[RUNS], score[3];
    const double x[] = {0, 1, 2};
    for (int i = 0; i < RUNS; i++) {
        unit[i] = (i % 3) / 2.0;
        error[i] = (i % 3 == 1 ? 0.1 : 0.5) + 0.001 * i;
    }
    const struct known_task task = {
        .n_runs = RUNS, .n_epochs = 1, .unit = unit, .error = error, .majority_error = 0.9};
    const struct known_tasks known = {
        .n = 1, .n_families = 1, .n_dims = 1, .n_shared = RUNS, .task = &task};
    const struct gp_kernel kernel = {
        .n_dims = 1, .levels = {3}, .length = {0.5}, .variance = 1, .noise = 0.05};
    struct transfer *t;
    assert_int_equal(transfer_new(&known, NULL, &kernel, &t), ERR_OK);
    assert_int_equal(transfer_predict(t, x, 3, score), ERR_OK);
    assert_true(score[1] < -0.8 && score[0] > 0.2 && score[2] > 0.2);
    transfer_free(t);
}

/* ---- the new task's runs ----------------------------------------------------------------- */

enum { RUNS_MAX = 12 };

struct runs {
    double x[RUNS_MAX * MADE_DIMS], log_error[RUNS_MAX], sd[RUNS_MAX], prior[RUNS_MAX];
};

static struct evidence some_runs(struct runs *r, int n)
{
    struct rng rng;
    rng_seed(&rng, 12, 5);
    for (int i = 0; i < n; i++) {
        for (int d = 0; d < MADE_DIMS; d++)
            r->x[i * MADE_DIMS + d] = rng_uniform(&rng);
        r->prior[i] = rng_normal(&rng);
        r->log_error[i] = 0.4 * r->prior[i] - 2 + 0.2 * rng_normal(&rng);
        r->sd[i] = i % 3 == 2 ? 0.3 : 0;
    }
    return (struct evidence){n, r->x, r->log_error, r->sd, r->prior};
}

static double mean(const double *v, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += v[i] / n;
    return sum;
}

static double variance(const double *v, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += pow(v[i] - mean(v, n), 2) / n;
    return sum;
}

/* Slope by the ridge's formula; then a process on the misses, at one place. */
static void expectations_worked_out(int n, double scale)
{
    struct runs r;
    struct evidence e = some_runs(&r, n);
    struct gp_kernel kernel = made_kernel();
    double y[RUNS_MAX], noise[RUNS_MAX], weights[RUNS_MAX], top = 0, bottom = 1;
    const double at[] = {0.4, 0.6}, prior = -0.7;
    for (int i = 0; i < n; i++)
        y[i] = r.log_error[i];
    if (n >= 8) {
        rank_normal(r.log_error, n, y);
        scale = 1;
    }
    double least = (double)INFINITY, units = variance(y, n) / variance(r.log_error, n);
    for (int i = 0; i < n; i++) {
        top += (r.prior[i] - mean(r.prior, n)) * y[i];
        bottom += pow(r.prior[i] - mean(r.prior, n), 2);
        if (r.sd[i] == 0)
            least = fmin(least, y[i]);
    }
    double slope = (top + scale) / bottom, level = mean(y, n) - slope * mean(r.prior, n);
    for (int i = 0; i < n; i++)
        y[i] -= level + slope * r.prior[i];
    kernel.variance = fmax(variance(y, n), pow(.15 * slope, 2));
    for (int i = 0; i < n; i++)
        noise[i] = 0.15 * kernel.variance + r.sd[i] * r.sd[i] * units;
    struct gp *g;
    double rest, spread, got, got_spread, gain;
    assert_int_equal(gp_new(&kernel, r.x, noise, n, &g), ERR_OK);
    gp_weights(g, y, 1, weights);
    assert_int_equal(gp_predict(g, weights, 1, at, 1, &rest, &spread), ERR_OK);
    gp_free(g);
    struct surrogate *s;
    struct gp_kernel axes = made_kernel();
    assert_int_equal(surrogate_new(&axes, &e, scale, &s), ERR_OK);
    assert_int_equal(surrogate_predict(s, at, &prior, 1, &got, &got_spread), ERR_OK);
    assert_near(got, level + slope * prior + rest, 1e-9);
    assert_near(got_spread, spread + 0.15 * kernel.variance, 1e-9);
    assert_int_equal(surrogate_improvement(s, at, &prior, 1, &gain), ERR_OK);
    assert_near(gain, gp_expected_improvement(got, sqrt(got_spread), least), 1e-9);
    surrogate_free(s);
}

static void expectations(void **state)
{
    (void)state;
    static const int n[] = {2, 3, 7, 8, RUNS_MAX};
    for (size_t k = 0; k < sizeof n / sizeof *n; k++)
        expectations_worked_out(n[k], 0.6);
}

/* One run says nothing of slopes: the known tasks' scale is the slope. Runs that go against the
 * known tasks bring it down to a tenth, not below. */
static void the_slope(void **state)
{
    (void)state;
    const double x[] = {0.5, 0.5, 0.1, 0.1, 0.9, 0.9}, error[] = {-1, -5, 3}, prior[] = {0, 1, -1};
    const double far[] = {90, 90, 90, 90}, at[] = {0, 1};
    struct gp_kernel kernel = made_kernel();
    for (int n = 1; n <= 3; n += 2) {
        struct evidence e = {n, x, error, NULL, prior};
        struct surrogate *s;
        double got[2], spread[2];
        assert_int_equal(surrogate_new(&kernel, &e, 0.8, &s), ERR_OK);
        assert_int_equal(surrogate_predict(s, far, at, 2, got, spread), ERR_OK);
        assert_near(got[1] - got[0], n == 1 ? 0.8 : 0.08, 1e-9);
        surrogate_free(s);
    }
}

/* A predicted result pulls less than a known one. */
static void predicted_results_count_less(void **state)
{
    (void)state;
    const double x[] = {0.2, 0.2, 0.5, 0.5, 0.8, 0.8}, error[] = {-1, -3, -1};
    struct gp_kernel kernel = made_kernel();
    double got[3], spread;
    for (int k = 0; k < 3; k++) {
        const double sd[] = {0, 0.7 * k, 0};
        struct evidence e = {3, x, error, sd, NULL};
        struct surrogate *s;
        assert_int_equal(surrogate_new(&kernel, &e, 1, &s), ERR_OK);
        assert_int_equal(surrogate_predict(s, x + 2, NULL, 1, &got[k], &spread), ERR_OK);
        surrogate_free(s);
    }
    assert_true(got[0] < got[1] && got[1] < got[2]);
}

/* On a task like the known ones, the runs proposed first are better than without them. */
static void known_tasks_lead_to_the_best_place(void **state)
{
    (void)state;
    static double score[MADE_TASKS * MADE_RUNS], prior[MADE_RUNS], gain[MADE_RUNS];
    double regret[MADE_TASKS * MADE_RUNS], reached[2] = {0};
    struct gp_kernel kernel = made_kernel();
    assert_int_equal(known_regret(&made.known, false, regret), ERR_OK);
    for (int t = 0; t < MADE_TASKS; t++) {
        bool out[MADE_FAMILIES] = {false};
        double weight[MADE_TASKS];
        struct transfer *transfer;
        out[made.task[t].family] = true;
        known_weights(&made.known, out, weight);
        assert_int_equal(transfer_new(&made.known, out, &kernel, &transfer), ERR_OK);
        assert_int_equal(transfer_predict(transfer, made.unit, MADE_RUNS, score), ERR_OK);
        similarity_scores(weight, score, MADE_TASKS, MADE_RUNS, prior);
        for (int with = 0; with < 2; with++) { /* after the first run, the three best */
            double error = known_log_error(&made.task[t], 0, MADE_EPOCHS), best = REGRET_MAX;
            struct evidence e = {1, made.unit, &error, NULL, with ? prior : NULL};
            struct surrogate *s;
            double scale = transfer_scale(transfer, weight);
            assert_int_equal(surrogate_new(&kernel, &e, scale, &s), ERR_OK);
            assert_int_equal(
                surrogate_improvement(s, made.unit, with ? prior : NULL, MADE_RUNS, gain), ERR_OK);
            for (int k = 0; k < 3; k++) {
                int most = 0;
                for (int i = 1; i < MADE_RUNS; i++)
                    most = gain[i] > gain[most] ? i : most;
                gain[most] = -1;
                best = fmin(best, regret[t * MADE_RUNS + most]);
            }
            reached[with] += best / MADE_TASKS;
            surrogate_free(s);
        }
        transfer_free(transfer);
    }
    assert_true(reached[1] < 0.5 * reached[0]);
}

/* ---- what is refused --------------------------------------------------------------------- */

static void nothing_to_go_by(void **state)
{
    (void)state;
    const bool all[MADE_FAMILIES] = {true, true, true, true, true};
    struct gp_kernel kernel = made_kernel();
    struct known_tasks none = made.known;
    struct runs r;
    struct transfer *t;
    struct surrogate *s;
    struct rng rng = {{1, 2, 3, 4}};
    assert_int_equal(transfer_new(&made.known, all, &kernel, &t), ERR_RANGE);
    assert_null(t);
    assert_int_equal(transfer_tune(&made.known, all, &kernel, &rng), ERR_RANGE);
    none.n_shared = 0;
    assert_int_equal(transfer_new(&none, NULL, &kernel, &t), ERR_RANGE);
    struct evidence e = some_runs(&r, 2);
    e.n = 0;
    assert_int_equal(surrogate_new(&kernel, &e, 1, &s), ERR_RANGE);
    e.n = GP_ROWS_MAX + 1;
    assert_int_equal(surrogate_new(&kernel, &e, 1, &s), ERR_RANGE);
    assert_null(s);
    surrogate_free(NULL);
}

/* On this rests that candidates can be passed over whose variance is not known yet. */
static void worth_rises_with_the_variance(void **state)
{
    (void)state;
    struct runs r;
    struct evidence e = some_runs(&r, RUNS_MAX);
    struct gp_kernel kernel = made_kernel();
    struct surrogate *s;
    static double mean[MADE_RUNS], at_once[MADE_RUNS], spread[MADE_RUNS], most[MADE_RUNS];
    assert_int_equal(surrogate_new(&kernel, &e, 1, &s), ERR_OK);
    assert_int_equal(surrogate_predict(s, made.unit, NULL, MADE_RUNS, mean, spread), ERR_OK);
    assert_int_equal(surrogate_glance(s, made.unit, NULL, MADE_RUNS, at_once, most), ERR_OK);
    for (int i = 0; i < MADE_RUNS; i++) {
        assert_near(at_once[i], mean[i], 1e-9);
        assert_true(spread[i] > 0 && spread[i] <= most[i] + 1e-12);
    }
    surrogate_free(s);
    for (int apart = -12; apart <= 12; apart++)
        for (int losers = 1; losers <= 10; losers++) {
            double last = 0, win;
            for (int k = 0; k < 40; k++) {
                double square = 4e-4 * pow(1.3, k);
                double worth = surrogate_worth(0.25 * apart, square, 0, 0.7, 0.1 * losers, &win);
                assert_true(worth >= last * (1 - 1e-9));
                last = worth;
            }
        }
}

static void memory_may_run_out(void **state)
{
    (void)state;
    static double score[MADE_TASKS * MADE_RUNS], gain[MADE_RUNS];
    enum err err = ERR_MEMORY;
    int failed = 0;
    struct runs r;
    struct evidence e = some_runs(&r, RUNS_MAX);
    for (; err != ERR_OK; failed++) {
        struct gp_kernel kernel = made_kernel();
        struct rng rng = {{1, 2, 3, 4}};
        struct transfer *t = NULL;
        struct surrogate *s = NULL;
        mem_fail_after(failed);
        err = transfer_tune(&made.known, NULL, &kernel, &rng);
        if (err == ERR_OK)
            err = transfer_new(&made.known, NULL, &kernel, &t);
        if (err == ERR_OK)
            err = transfer_predict(t, made.unit, MADE_RUNS, score);
        if (err == ERR_OK)
            err = surrogate_new(&kernel, &e, 1, &s);
        if (err == ERR_OK)
            err = surrogate_improvement(s, made.unit, NULL, MADE_RUNS, gain);
        mem_fail_after(-1);
        transfer_free(t);
        surrogate_free(s);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
    }
    assert_in_range(failed, 20, 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_rank_the_ends),
        cmocka_unit_test(one_factorisation_serves_all_tasks),
        cmocka_unit_test(shared_rows_count_once),
        cmocka_unit_test(scores_between_runs),
        cmocka_unit_test(left_out_families_are_not_seen),
        cmocka_unit_test(choices_lie_by_their_index),
        cmocka_unit_test(expectations),
        cmocka_unit_test(the_slope),
        cmocka_unit_test(predicted_results_count_less),
        cmocka_unit_test(known_tasks_lead_to_the_best_place),
        cmocka_unit_test(worth_rises_with_the_variance),
        cmocka_unit_test(nothing_to_go_by),
        cmocka_unit_test(memory_may_run_out),
    };
    openblas_set_num_threads(1);
    made_tasks(&made);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

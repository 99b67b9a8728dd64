/* If this fails, searches stop runs that would have won, or state probabilities that do not come
 * true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "made_tasks.h"

static struct made_tasks made;

static void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.9g is not within %g of %.9g", a, tolerance, b);
}

/* ---- calibration ------------------------------------------------------------------------- */

enum { N = 60 };

struct stated {
    double p[N], weight[N];
    bool came_true[N];
};

/* Sorted, some equal; they come true more often the higher they are, but not always. */
static struct stated some_stated(uint64_t seed)
{
    struct stated s;
    struct rng rng;
    rng_seed(&rng, seed, 9);
    for (int i = 0; i < N; i++) {
        s.p[i] = i / 3 * 3.0 / N + (i % 3 == 2 ? 0.01 : 0);
        s.came_true[i] = rng_uniform(&rng) < s.p[i];
        s.weight[i] = 0.5 + rng_uniform(&rng);
    }
    return s;
}

static double mean_of(const struct stated *s, int from, int to)
{
    double sum = 0, weights = 0;
    for (int i = from; i <= to; i++) {
        sum += s->weight[i] * s->came_true[i];
        weights += s->weight[i];
    }
    return sum / weights;
}

/* Isotonic regression by its min-max formula: the highest, over beginnings up to here, of the
 * lowest mean over ends from here on; equal places belong together (Barlow et al. 1972). */
static double min_max(const struct stated *s, int i)
{
    double highest = 0;
    for (int a = 0; a <= i || s->p[a] == s->p[i]; a++) {
        double lowest = 1;
        if (a > 0 && s->p[a - 1] == s->p[a])
            continue;
        for (int b = N - 1; b >= i; b--)
            if (b == N - 1 || s->p[b + 1] != s->p[b])
                lowest = fmin(lowest, mean_of(s, a, b));
        highest = fmax(highest, lowest);
        if (a + 1 == N)
            break;
    }
    return highest;
}

static void calibration_is_isotonic_regression(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct stated s = some_stated(seed);
        struct calibration c;
        assert_int_equal(calibration_fit(s.p, s.came_true, s.weight, N, &c), ERR_OK);
        assert_in_range(c.n, 2, CALIBRATION_MAX);
        for (int i = 0; i < N; i++)
            assert_near(calibration_apply(&c, s.p[i]), min_max(&s, i), 1e-12);
    }
}

static void calibration_takes_any_order(void **state)
{
    (void)state;
    struct stated s = some_stated(5), turned;
    struct calibration a, b;
    for (int i = 0; i < N; i++) {
        turned.p[i] = s.p[N - 1 - i];
        turned.came_true[i] = s.came_true[N - 1 - i];
        turned.weight[i] = s.weight[N - 1 - i];
    }
    assert_int_equal(calibration_fit(s.p, s.came_true, s.weight, N, &a), ERR_OK);
    assert_int_equal(calibration_fit(turned.p, turned.came_true, turned.weight, N, &b), ERR_OK);
    for (double p = 0; p <= 1; p += 0.001)
        assert_near(calibration_apply(&a, p), calibration_apply(&b, p), 1e-12);
}

static void between_and_outside_blocks(void **state)
{
    (void)state;
    static const struct calibration c = {
        .n = 2, .low = {0.1, 0.4}, .high = {0.2, 0.5}, .share = {0.05, 0.45}};
    static const double expected[][2] = {{0, 0.05},    {0.1, 0.05}, {0.2, 0.05}, {0.25, 0.15},
                                         {0.35, 0.35}, {0.4, 0.45}, {0.5, 0.45}, {1, 0.45}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_near(calibration_apply(&c, expected[i][0]), expected[i][1], 1e-12);
    static const struct calibration none;
    assert_true(calibration_apply(&none, 0.3) == 0.3);
}

/* More steps than there is room for: still rising, and nowhere far from all the steps. */
static void too_many_blocks_are_joined(void **state)
{
    (void)state;
    enum { STEPS = 100 };
    double p[2 * STEPS], weight[2 * STEPS];
    bool came_true[2 * STEPS];
    for (int i = 0; i < 2 * STEPS; i++) { /* step k comes true in a share of k / STEPS */
        p[i] = (double)(i / 2) / STEPS;
        came_true[i] = i % 2;
        weight[i] = i % 2 ? p[i] + 1e-6 : 1 - p[i];
    }
    struct calibration c;
    assert_int_equal(calibration_fit(p, came_true, weight, 2 * STEPS, &c), ERR_OK);
    assert_int_equal(c.n, CALIBRATION_MAX);
    for (int i = 0; i < c.n; i++) {
        assert_true(c.low[i] <= c.high[i]);
        assert_true(i == 0 || (c.high[i - 1] < c.low[i] && c.share[i - 1] < c.share[i]));
    }
    for (int i = 0; i < STEPS; i++)
        assert_near(calibration_apply(&c, p[2 * i]), p[2 * i], 0.06);
}

/* ---- rungs and judging ------------------------------------------------------------------- */

static void epochs_of_rungs(void **state)
{
    (void)state;
    static const int of_52[] = {2, 4, 8, 16, 28, 40}, of_300[] = {12, 23, 46, 92, 162, 231};
    for (int k = 0; k < PREDICTOR_RUNGS; k++) {
        assert_int_equal(predictor_epoch(k, 52), of_52[k]);
        assert_int_equal(predictor_epoch(k, 300), of_300[k]);
        assert_int_equal(predictor_rung_at(of_52[k], 52), k);
    }
    assert_int_equal(predictor_rung_at(3, 52), -1);
    assert_int_equal(predictor_rung_at(52, 52), -1);
    assert_int_equal(predictor_rung_at(2, 10), 2); /* epoch 2 of 10 is as late as 8 of 52 */
    assert_int_equal(predictor_rung_at(2, 2), -1); /* it is over */
}

/* Ahead at epoch 2 of 4 by known differences of logs. */
static void a_judgement_worked_out_by_hand(void **state)
{
    (void)state;
    const double run[] = {0.798, 0.398}, incumbent[] = {0.598, 0.198, 0.5, 0.098};
    const double run_train[] = {1, 0.5}, run_val[] = {1, 0.75};
    const double train[] = {1, 0.5, 0.4, 0.1}, val[] = {1, 0.65, 0.4, 0.1};
    const struct known_curve x = {2, run, run_train, run_val}, i = {4, incumbent, train, val};
    struct predictor p = {0};
    struct prediction got;
    int k = predictor_rung_at(2, 4);
    p.rung[k] = (struct predictor_rung){
        .n_pairs = 1, .weight = {0.5, 0.25, 2, -0.1}, .edge = {0.1, 1}, .sd = {7, 0.4, 7}};
    /* Behind: ln 2. Since epoch 1 it fell by ln 2, the incumbent by ln 3. The gap is .1 wider. */
    double sum = 0.5 * log(2) + 0.25 * (log(3) - log(2)) + 2 * 0.1 - 0.1;
    assert_true(predictor_judge(&p, &x, &i, 4, &got));
    assert_int_equal(got.rung, k);
    assert_near(got.log_error, log(0.1) + sum, 1e-12);
    assert_true(got.sd == 0.4);
    assert_near(got.raw, 0.5 * erfc(sum / 7 / sqrt(2)), 1e-12); /* one scale for all */
    assert_true(got.win == got.raw && !got.stop);
    p.rung[k].calibration = (struct calibration){1, {0}, {1}, {0.079}};
    assert_true(predictor_judge(&p, &x, &i, 4, &got));
    assert_true(got.win == 0.079 && got.stop && got.raw != got.win);
}

static void what_can_not_be_judged(void **state)
{
    (void)state;
    const double gone[] = {(double)NAN, (double)NAN, (double)NAN}, error[] = {0.5, 0.4, 0.3};
    const struct known_curve x = {2, error, NULL, NULL}, between = {3, error, NULL, NULL},
                             lost = {2, gone, NULL, NULL};
    struct predictor p = {0};
    struct prediction got;
    for (int k = 1; k < PREDICTOR_RUNGS; k++)
        p.rung[k] = (struct predictor_rung){.n_pairs = 1, .sd = {1, 1, 1}};
    assert_false(predictor_judge(&p, &between, &x, 52, &got)); /* no rung */
    assert_false(predictor_judge(&p, &x, &between, 52, &got)); /* one that knows nothing */
    assert_false(predictor_judge(&p, &lost, &x, 10, &got));
    assert_false(predictor_judge(&p, &x, &lost, 10, &got));
    assert_true(predictor_judge(&p, &x, &x, 10, &got));
    assert_near(got.win, 0.5, 1e-12);
}

static void lost_runs(void **state)
{
    (void)state;
    double error[52];
    for (int e = 0; e < 52; e++)
        error[e] = 0.95;
    assert_false(predictor_is_lost(error, 7, 52, 0.9)); /* two rungs: 2 and 4 */
    assert_true(predictor_is_lost(error, 8, 52, 0.9));
    assert_false(predictor_is_lost(error, 8, 52, 0.95)); /* no worse than it */
    error[3] = 0.5;
    assert_false(predictor_is_lost(error, 16, 52, 0.9));
    assert_true(predictor_is_lost(error, 28, 52, 0.9));
    error[4] = (double)NAN;
    assert_true(predictor_is_lost(error, 5, 52, 0.9));
    assert_false(predictor_is_lost(error, 0, 52, 0.9));
}

/* ---- learning ---------------------------------------------------------------------------- */

enum { RULE_TASKS = 6, RULE_RUNS = 150, RULE_EPOCHS = 8, RULE_RUNG = 3 };

/* Ends follow from epochs 1 and 2 by a known rule, plus noise; each task is on a scale of its own.
 * Epoch 2 of 8 is the rung in question. */
struct rule {
    struct known_task task[RULE_TASKS];
    double error[RULE_TASKS][RULE_RUNS * RULE_EPOCHS];
    double train[RULE_TASKS][RULE_RUNS * RULE_EPOCHS], val[RULE_TASKS][RULE_RUNS * RULE_EPOCHS];
    struct known_tasks known;
};

static void rule_make(struct rule *r, double noise)
{
    struct rng rng;
    rng_seed(&rng, 77, 1);
    memset(r, 0, sizeof *r);
    for (int t = 0; t < RULE_TASKS; t++) {
        r->task[t] = (struct known_task){.name = "rule",
                                         .family = t,
                                         .n_runs = RULE_RUNS,
                                         .n_epochs = RULE_EPOCHS,
                                         .error = r->error[t],
                                         .train_loss = r->train[t],
                                         .val_loss = r->val[t],
                                         .majority_error = 0.9};
        for (int i = 0; i < RULE_RUNS; i++) {
            double *error = &r->error[t][i * RULE_EPOCHS];
            double first = log(0.5 + 0.4 * rng_uniform(&rng));
            double second = first - 0.05 - 0.5 * rng_uniform(&rng), gap = 0.5 * rng_uniform(&rng);
            double end = 0.8 * second + 0.4 * (second - first) + 0.3 * gap - 1.5 - 0.2 * t;
            for (int e = 0; e < RULE_EPOCHS; e++)
                error[e] = exp(e == 0 ? first : second) - 0.002;
            error[RULE_EPOCHS - 1] = exp(end + noise * rng_normal(&rng)) - 0.002;
            r->val[t][i * RULE_EPOCHS + 1] = 0.7;
            r->train[t][i * RULE_EPOCHS + 1] = 0.7 - gap;
        }
    }
    r->known = (struct known_tasks){
        .n = RULE_TASKS, .n_families = RULE_TASKS, .n_shared = RULE_RUNS, .task = r->task};
}

static void a_rule_is_found_again(void **state)
{
    (void)state;
    static struct rule r;
    struct predictor p;
    static const double rule[PREDICTOR_FEATURES] = {0.8, 0.4, 0.3, 0};
    rule_make(&r, 0);
    assert_int_equal(predictor_learn(&r.known, NULL, 1, &p), ERR_OK);
    for (int j = 0; j < PREDICTOR_FEATURES; j++)
        assert_near(p.rung[RULE_RUNG].weight[j], rule[j], 1e-3);
    assert_int_equal(p.rung[0].n_pairs, 0); /* epoch 2 is the latest rung there */
    rule_make(&r, 0.05);
    assert_int_equal(predictor_learn(&r.known, NULL, 1, &p), ERR_OK);
    for (int j = 0; j < PREDICTOR_FEATURES; j++)
        assert_near(p.rung[RULE_RUNG].weight[j], rule[j], 0.1);
    for (int j = 0; j < PREDICTOR_SDS; j++) /* of a difference of two runs */
        assert_near(p.rung[RULE_RUNG].sd[j], sqrt(2) * 0.05, 0.02);
    assert_in_range(p.rung[RULE_RUNG].n_pairs, 90 * RULE_TASKS, 100 * RULE_TASKS);
}

static void without_losses_the_gap_has_no_weight(void **state)
{
    (void)state;
    static struct rule r;
    struct predictor p;
    rule_make(&r, 0.05);
    for (int t = 0; t < RULE_TASKS; t++)
        r.task[t].train_loss = NULL;
    assert_int_equal(predictor_learn(&r.known, NULL, 1, &p), ERR_OK);
    assert_true(p.rung[RULE_RUNG].weight[2] == 0);
    assert_near(p.rung[RULE_RUNG].weight[0], 0.8, 0.2);
}

static bool same_rungs(const struct predictor *a, const struct predictor *b)
{
    for (int k = 0; k < PREDICTOR_RUNGS; k++) {
        const struct predictor_rung *x = &a->rung[k], *y = &b->rung[k];
        if (x->n_pairs != y->n_pairs || memcmp(x->weight, y->weight, sizeof x->weight) != 0 ||
            memcmp(x->sd, y->sd, sizeof x->sd) != 0 || x->calibration.n != y->calibration.n ||
            memcmp(x->calibration.share, y->calibration.share, sizeof x->calibration.share) != 0)
            return false;
    }
    return true;
}

/* A left-out family's curves, however changed, change nothing; the others' do. */
static void left_out_families_are_not_seen(void **state)
{
    (void)state;
    static struct made_tasks other;
    const bool left_out[MADE_FAMILIES] = {false, true};
    struct predictor before, after;
    assert_int_equal(predictor_learn(&made.known, left_out, 1, &before), ERR_OK);
    for (int seen = 0; seen < 2; seen++) {
        made_tasks(&other);
        for (int t = 0; t < MADE_TASKS; t++)
            for (int i = 0; i < MADE_RUNS * MADE_EPOCHS; i++)
                if (left_out[made.task[t].family] != (bool)seen) {
                    other.error[t][i] = 0.7 - other.error[t][i];
                    other.train_loss[t][i] *= 3;
                }
        assert_int_equal(predictor_learn(&other.known, left_out, 1, &after), ERR_OK);
        assert_int_equal(same_rungs(&before, &after), seen == 0);
    }
}

static void learning_repeats_itself(void **state)
{
    (void)state;
    struct predictor a, b;
    assert_int_equal(predictor_learn(&made.known, NULL, 4, &a), ERR_OK);
    assert_int_equal(predictor_learn(&made.known, NULL, 4, &b), ERR_OK);
    assert_true(same_rungs(&a, &b));
    assert_int_equal(predictor_learn(&made.known, NULL, 5, &b), ERR_OK);
    assert_false(same_rungs(&a, &b));
}

static void one_family_alone_is_not_calibrated(void **state)
{
    (void)state;
    const bool others[MADE_FAMILIES] = {false, true, true, true, true};
    const bool all[MADE_FAMILIES] = {true, true, true, true, true};
    struct predictor p;
    assert_int_equal(predictor_learn(&made.known, others, 1, &p), ERR_OK);
    for (int k = 1; k < PREDICTOR_RUNGS; k++) {
        assert_true(p.rung[k].n_pairs > 0);
        assert_int_equal(p.rung[k].calibration.n, 0);
    }
    assert_int_equal(predictor_learn(&made.known, all, 1, &p), ERR_RANGE);
}

static void runs_that_all_diverge_teach_nothing(void **state)
{
    (void)state;
    static struct made_tasks bad;
    struct predictor p;
    struct predictor_reliability r[PREDICTOR_RUNGS];
    made_tasks(&bad);
    for (int t = 0; t < MADE_TASKS; t++)
        for (int i = 0; i < MADE_RUNS * MADE_EPOCHS; i++)
            if (i % MADE_EPOCHS > 0)
                bad.error[t][i] = (double)NAN;
    assert_int_equal(predictor_learn(&bad.known, NULL, 1, &p), ERR_RANGE);
    assert_int_equal(predictor_check(&bad.known, NULL, 1, r), ERR_RANGE);
}

/* ---- how it comes true ------------------------------------------------------------------- */

/* The end of a made run in its task. */
static double end_of(int t, int run)
{
    return known_log_error(&made.task[t], run, MADE_EPOCHS);
}

static bool is_good(int t, int run)
{
    int better = 0, complete = 0;
    for (int i = 0; i < MADE_RUNS; i++)
        if (!isnan(made.error[t][i * MADE_EPOCHS + MADE_EPOCHS - 1])) {
            complete++;
            better += end_of(t, i) < end_of(t, run);
        }
    return !isnan(made.error[t][run * MADE_EPOCHS + MADE_EPOCHS - 1]) &&
           better < (complete + 5) / 6;
}

static struct known_curve made_part(int t, int run, int n)
{
    size_t at = (size_t)run * MADE_EPOCHS;
    return (struct known_curve){n, made.error[t] + at, made.train_loss[t] + at,
                                made.val_loss[t] + at};
}

/* The table of what was stated and what came, over all pairs of a random and a good run. */
struct truth {
    double brier, raw, won;
    double weight[PREDICTOR_BINS], said[PREDICTOR_BINS], came[PREDICTOR_BINS];
};

static int count_pairs(int t, int epoch)
{
    int n = 0;
    for (int i = 0; i < MADE_RUNS; i++)
        for (int j = 0; j < MADE_RUNS; j++)
            n += i != j && is_good(t, j) && !isnan(made_part(t, i, epoch).error[epoch - 1]);
    return n;
}

/* Adds a task's pairs, which together weigh so much. */
static void add_truth(int t, int rung, const struct predictor *p, double weight, struct truth *out)
{
    int epoch = predictor_epoch(rung, MADE_EPOCHS);
    weight /= count_pairs(t, epoch);
    for (int i = 0; i < MADE_RUNS; i++)
        for (int j = 0; j < MADE_RUNS; j++) {
            struct known_curve x = made_part(t, i, epoch), best = made_part(t, j, MADE_EPOCHS);
            struct prediction got;
            if (i == j || !is_good(t, j) || isnan(x.error[epoch - 1]))
                continue;
            assert_true(predictor_judge(p, &x, &best, MADE_EPOCHS, &got));
            double won = end_of(t, i) < end_of(t, j);
            int bin = PREDICTOR_BINS - 1;
            while (got.win < predictor_edge[bin])
                bin--;
            out->brier += weight * (got.win - won) * (got.win - won);
            out->raw += weight * (got.raw - won) * (got.raw - won);
            out->won += weight * won;
            out->weight[bin] += weight;
            out->said[bin] += weight * got.win;
            out->came[bin] += weight * won;
        }
}

/* The check's figures against: leave a family out, learn, judge all its pairs; and against trying
 * what was learnt. Both take a sample of the pairs, the latter a larger one. */
static void the_check_is_leave_one_family_out(void **state)
{
    (void)state;
    enum { RUNG = 3 };
    struct predictor_reliability r[PREDICTOR_RUNGS];
    static struct predictor p[MADE_TASKS];
    const struct predictor *each[MADE_TASKS];
    struct truth truth = {0};
    double weight[MADE_TASKS];
    known_weights(&made.known, NULL, weight);
    for (int t = 0; t < MADE_TASKS; t++) {
        bool left_out[MADE_FAMILIES] = {false};
        left_out[made.task[t].family] = true;
        assert_int_equal(predictor_learn(&made.known, left_out, 1, &p[t]), ERR_OK);
        add_truth(t, RUNG, &p[t], weight[t], &truth);
        each[t] = &p[t];
    }
    assert_int_equal(predictor_check(&made.known, NULL, 1, r), ERR_OK);
    assert_near(r[RUNG].brier, truth.brier, 0.1 * truth.brier + 0.004);
    assert_int_equal(predictor_try(&made.known, each, 2, r), ERR_OK);
    const struct predictor_reliability *tried = &r[RUNG];
    assert_near(tried->brier, truth.brier, 0.05 * truth.brier + 0.001);
    assert_near(tried->raw_brier, truth.raw, 0.05 * truth.raw + 0.001);
    assert_near(tried->base_brier, truth.won * (1 - truth.won), 0.004);
    for (int b = 0; b < PREDICTOR_BINS; b++)
        if (tried->count[b] >= 200) {
            assert_near(tried->said[b], truth.said[b] / truth.weight[b], 0.02);
            assert_near(tried->came[b], truth.came[b] / truth.weight[b], 0.06);
        }
}

/* On families of the same kind what is stated comes true, and says more than the share of winners
 * does. */
static void stated_probabilities_come_true(void **state)
{
    (void)state;
    struct predictor_reliability r[PREDICTOR_RUNGS];
    assert_int_equal(predictor_check(&made.known, NULL, 1, r), ERR_OK);
    assert_int_equal(r[0].n, 0); /* not in 26 epochs */
    for (int k = 1; k < PREDICTOR_RUNGS; k++) {
        int n = 0;
        for (int i = 0; i < PREDICTOR_BINS; i++) {
            n += r[k].count[i];
            if (r[k].count[i] >= 100) {
                assert_true(r[k].said[i] >= predictor_edge[i]);
                assert_true(r[k].said[i] <= predictor_edge[i + 1]);
                assert_near(r[k].came[i], r[k].said[i], 0.1);
            }
        }
        assert_int_equal(n, r[k].n);
        assert_true(r[k].brier < r[k].base_brier);
        assert_true(r[k].stopped > 0.5);
    }
    assert_true(r[5].brier < 0.3 * r[1].brier); /* later is easier */
    assert_true(r[1].winners_lost < 0.4 && r[5].winners_lost < 0.05);
}

/* A family that goes against the rule is judged by what the others teach: badly. */
static void a_family_of_another_kind_is_seen_to_be_one(void **state)
{
    (void)state;
    static struct rule r;
    struct predictor_reliability same[PREDICTOR_RUNGS], odd[PREDICTOR_RUNGS];
    rule_make(&r, 0.05);
    assert_int_equal(predictor_check(&r.known, NULL, 1, same), ERR_OK);
    for (int i = 0; i < RULE_RUNS; i++) { /* who was ahead ends behind */
        double *end = &r.error[0][i * RULE_EPOCHS + RULE_EPOCHS - 1];
        *end = 0.02 / (*end + 0.1);
    }
    assert_int_equal(predictor_check(&r.known, NULL, 1, odd), ERR_OK);
    assert_true(same[RULE_RUNG].brier < 0.7 * same[RULE_RUNG].base_brier);
    assert_true(odd[RULE_RUNG].brier > 1.5 * same[RULE_RUNG].brier);
}

/* ---- memory ------------------------------------------------------------------------------ */

static void memory_may_run_out(void **state)
{
    (void)state;
    struct predictor p;
    struct predictor_reliability r[PREDICTOR_RUNGS];
    enum err err = ERR_MEMORY;
    int failed = 0;
    for (; err != ERR_OK; failed++) {
        mem_fail_after(failed);
        err = predictor_learn(&made.known, NULL, 1, &p);
        mem_fail_after(-1);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
    }
    assert_true(failed > 20);
    const struct predictor *each[MADE_TASKS];
    for (int t = 0; t < MADE_TASKS; t++)
        each[t] = &p;
    for (int after = 0; after < 3; after++) {
        mem_fail_after(after);
        assert_int_equal(predictor_try(&made.known, each, 1, r), ERR_MEMORY);
        mem_fail_after(-1);
    }
    for (int after = 0; after < 30; after++) {
        mem_fail_after(after);
        assert_int_equal(predictor_check(&made.known, NULL, 1, r), ERR_MEMORY);
        mem_fail_after(-1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calibration_is_isotonic_regression),
        cmocka_unit_test(calibration_takes_any_order),
        cmocka_unit_test(between_and_outside_blocks),
        cmocka_unit_test(too_many_blocks_are_joined),
        cmocka_unit_test(epochs_of_rungs),
        cmocka_unit_test(a_judgement_worked_out_by_hand),
        cmocka_unit_test(what_can_not_be_judged),
        cmocka_unit_test(lost_runs),
        cmocka_unit_test(a_rule_is_found_again),
        cmocka_unit_test(without_losses_the_gap_has_no_weight),
        cmocka_unit_test(left_out_families_are_not_seen),
        cmocka_unit_test(learning_repeats_itself),
        cmocka_unit_test(one_family_alone_is_not_calibrated),
        cmocka_unit_test(runs_that_all_diverge_teach_nothing),
        cmocka_unit_test(the_check_is_leave_one_family_out),
        cmocka_unit_test(stated_probabilities_come_true),
        cmocka_unit_test(a_family_of_another_kind_is_seen_to_be_one),
        cmocka_unit_test(memory_may_run_out),
    };
    made_tasks(&made);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* If this fails, the portfolio is tried in a worse order than it could be, or a family that was
 * left out has a say in it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tiller/learn.h"
#include "tiller/net.h"

/* A made world: tasks have a place on a line, near their family's; configurations are points of the
 * same line, and the nearer the better. The first feature and some of the sketch tell the place;
 * early errors tell how far the configuration is. */
enum {
    FAMILIES = 8,
    TASKS = 2 * FAMILIES,
    CONFIGS = 40,
    FEATURES = 4,
    SKETCH = 10,
    LAST = FAMILIES - 1
};

struct world {
    int family[TASKS];
    double feature[TASKS * FEATURES], sketch[TASKS * SKETCH], z[TASKS * CONFIGS];
    double early[TASKS * CONFIGS * EARLY_N], regret[TASKS * CONFIGS];
    struct known_ranks ranks;
    struct learn_looks known;
};

static void make_task(struct world *w, int t, struct rng *rng)
{
    double place = (t % FAMILIES + 0.2 * rng_uniform(rng)) / FAMILIES, away[CONFIGS];
    w->family[t] = t % FAMILIES;
    for (int j = 0; j < FEATURES; j++)
        w->feature[t * FEATURES + j] = j == 0 ? 100 * place : rng_normal(rng);
    for (int j = 0; j < SKETCH; j++)
        w->sketch[t * SKETCH + j] = j < 3 ? place * (j + 1) : rng_normal(rng);
    for (int c = 0; c < CONFIGS; c++) {
        away[c] = fabs((c + 0.5) / CONFIGS - place);
        w->regret[t * CONFIGS + c] = fmin(REGRET_MAX, 2 * away[c]);
        for (int e = 0; e < EARLY_N; e++)
            w->early[(t * CONFIGS + c) * EARLY_N + e] = 0.5 + away[c] / (e + 1);
    }
    rank_normal(away, CONFIGS, w->z + (size_t)t * CONFIGS);
}

static void make_world(struct world *w)
{
    struct rng rng;
    rng_seed(&rng, 11, 3);
    memset(w, 0, sizeof *w);
    for (int t = 0; t < TASKS; t++)
        make_task(w, t, &rng);
    w->ranks = (struct known_ranks){.n = TASKS,
                                    .n_families = FAMILIES,
                                    .n_features = FEATURES,
                                    .n_configs = CONFIGS,
                                    .family = w->family,
                                    .feature = w->feature,
                                    .z = w->z};
    w->known = (struct learn_looks){.ranks = &w->ranks,
                                    .n_sketch = SKETCH,
                                    .sketch = w->sketch,
                                    .early = w->early,
                                    .cost = w->regret,
                                    .regret = w->regret};
}

static const struct learn_model_options quick = {.epochs = 40, .rng_seed = 1};

static struct ranker learnt(const struct world *w, const bool *left_out)
{
    struct ranker r;
    struct err_info info = {0};
    if (learn_ranker(&w->known, left_out, &quick, &r, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    return r;
}

/* ---- the meta-model ----------------------------------------------------------------------- */

static void it_says_what_the_trained_network_says(void **state)
{
    (void)state;
    enum { ROWS = 64, CLASSES = 5 };
    static float x[ROWS * MODEL_INPUTS], said[ROWS * CLASSES];
    static struct meta_model m;
    int32_t y[ROWS];
    struct rng rng;
    struct training *t;
    rng_seed(&rng, 2, 2);
    for (int i = 0; i < ROWS; i++) {
        y[i] = (int32_t)rng_below(&rng, CLASSES);
        for (int j = 0; j < MODEL_INPUTS; j++)
            x[i * MODEL_INPUTS + j] = (float)rng_normal(&rng) + (float)(j % CLASSES == y[i]);
    }
    struct net_rows rows = {
        .n_rows = ROWS, .n_inputs = MODEL_INPUTS, .n_classes = CLASSES, .x = x, .y = y};
    struct net_config config = net_config_reference();
    assert_int_equal(net_new(&config, &rows, &t, NULL), ERR_OK);
    for (bool done = false; net_epochs_done(t) < 5;)
        assert_int_equal(net_train_slice(t, 100, &done), ERR_OK);
    assert_true(net_layer_weights(t, 0, m.hidden, m.hidden_bias));
    assert_true(net_layer_weights(t, 1, m.output, m.output_bias));
    m.n_entries = CLASSES;
    assert_int_equal(net_predict(t, x, ROWS, said), ERR_OK);
    for (int i = 0; i < ROWS; i++) {
        double share[PORTFOLIO_MAX], sum = 0;
        meta_model_forward(&m, x + (size_t)i * MODEL_INPUTS, share);
        for (int k = 0; k < CLASSES; k++) {
            assert_true(fabs(share[k] - (double)said[i * CLASSES + k]) < 1e-5);
            sum += share[k];
        }
        assert_true(fabs(sum - 1) < 1e-12);
    }
    net_free(t);
}

static void unknown_inputs_are_zero_and_others_are_clipped(void **state)
{
    (void)state;
    static struct meta_model m = {.n_inputs = 4, .mean = {1, 1, 1, 1}, .deviation = {2, 2, 2, 2}};
    const double raw[] = {3, (double)NAN, 1e9, -1e9};
    float input[MODEL_INPUTS];
    meta_model_input(&m, raw, input);
    const float expected[] = {1, 0, 3, -3, 0};
    assert_memory_equal(input, expected, sizeof expected);
}

/* ---- ranking ------------------------------------------------------------------------------ */

static void judge(const struct world *w, const struct learn_looks *known,
                  struct ranking_report *out)
{
    struct ranking_family family[FAMILIES];
    for (int f = 0; f < FAMILIES; f++) {
        bool left_out[FAMILIES] = {false};
        left_out[f] = true;
        struct ranker r = learnt(w, left_out);
        assert_int_equal(learn_judge_rankings(known, &r, left_out, f, &family[f]), ERR_OK);
        assert_int_equal(family[f].n_tasks, 2);
    }
    learn_sum_rankings(family, FAMILIES, out);
}

static void looks_that_tell_the_place_pay(void **state)
{
    (void)state;
    static struct world w;
    struct ranking_report report;
    make_world(&w);
    judge(&w, &w.known, &report);
    assert_int_equal(report.n_families, FAMILIES);
    const enum ranking ways[] = {RANKING_NEAREST, RANKING_RIDGE, RANKING_SIMILARITY, RANKING_MODEL,
                                 RANKING_MODEL_EARLY};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        assert_true(report.by[ways[i]].first < report.by[RANKING_EVEN].first - 0.1);
    for (int by = 0; by < RANKING_N; by++) {
        assert_true(report.all <= report.by[by].three &&
                    report.by[by].three <= report.by[by].first);
        assert_true(report.by[report.best].first + report.by[report.best].three <=
                    report.by[by].first + report.by[by].three);
    }
}

static void without_looks_all_families_are_asked_evenly(void **state)
{
    (void)state;
    static struct world w;
    make_world(&w);
    struct ranker r = learnt(&w, NULL);
    struct task_looks nothing = {0};
    double even[PORTFOLIO_MAX], score[PORTFOLIO_MAX], weight[TASKS];
    ranker_scores(&r, RANKING_EVEN, &w.ranks, NULL, &nothing, even, weight);
    for (int by = RANKING_NEAREST; by < RANKING_N; by++) {
        ranker_scores(&r, (enum ranking)by, &w.ranks, NULL, &nothing, score, weight);
        assert_memory_equal(score, even, (size_t)r.portfolio.n * sizeof *score);
    }
}

static void poison(double *value, const int *family, int width)
{
    for (int t = 0; t < TASKS; t++)
        for (int i = 0; i < width && family[t] == LAST; i++)
            value[t * width + i] = 1 + 7 * value[t * width + (i + 3) % width];
}

static void a_left_out_family_changes_nothing(void **state)
{
    (void)state;
    static struct world w;
    static struct ranker before, after;
    bool left_out[FAMILIES] = {false};
    left_out[LAST] = true;
    make_world(&w);
    before = learnt(&w, left_out);
    poison(w.feature, w.family, FEATURES);
    poison(w.sketch, w.family, SKETCH);
    poison(w.z, w.family, CONFIGS);
    poison(w.early, w.family, CONFIGS * EARLY_N);
    poison(w.regret, w.family, CONFIGS);
    after = learnt(&w, left_out);
    assert_memory_equal(&before, &after, sizeof before);
    after = learnt(&w, NULL); /* the poison works */
    assert_memory_not_equal(&before.ridge, &after.ridge, sizeof before.ridge);
    assert_memory_not_equal(before.model.hidden, after.model.hidden, sizeof before.model.hidden);
}

static void features_alone_see_nothing_else(void **state)
{
    (void)state;
    static struct world w;
    static struct meta_model a, b;
    struct learn_model_options alone = quick;
    alone.features_alone = true;
    make_world(&w);
    struct ranker r = learnt(&w, NULL);
    assert_int_equal(learn_ranker_model(&w.known, NULL, &r.portfolio, &alone, &a, NULL), ERR_OK);
    assert_int_equal(a.n_inputs, FEATURES);
    memset(w.sketch, 0, sizeof w.sketch);
    memset(w.early, 0, sizeof w.early);
    assert_int_equal(learn_ranker_model(&w.known, NULL, &r.portfolio, &alone, &b, NULL), ERR_OK);
    assert_memory_equal(&a, &b, sizeof a);
}

static void families_count_alike_in_the_report(void **state)
{
    (void)state;
    struct ranking_family family[4] = {{.n_tasks = 1, .all = 0.1},
                                       {.n_tasks = 0},
                                       {.n_tasks = 7, .all = 0.2},
                                       {.n_tasks = 2, .all = 0.3}};
    struct ranking_report r;
    for (int f = 0; f < 4; f++)
        for (int by = 0; by < RANKING_N; by++)
            family[f].by[by] = (struct ranking_picks){1, 0.5};
    for (int f = 0; f < 4; f++)
        family[f].by[RANKING_RIDGE].first = 1 - 0.3 * f; /* 1, -, .4, .1 */
    learn_sum_rankings(family, 4, &r);
    assert_int_equal(r.n_families, 3);
    assert_int_equal(r.n_tasks, 10);
    assert_int_equal(r.best, RANKING_RIDGE);
    assert_true(fabs(r.all - 0.2) < 1e-12);
    assert_true(fabs(r.by[RANKING_RIDGE].first - 0.5) < 1e-12);
    /* differences 0, -.6, -.9: mean -.5, variance .14, n - 1 = 2 */
    assert_true(fabs(r.error[RANKING_RIDGE].first - sqrt(0.14 / 2)) < 1e-12);
    learn_sum_rankings(family, 3, &r);
    assert_int_equal(r.best, RANKING_EVEN); /* two families are none to judge by */
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_the_trained_network_says),
        cmocka_unit_test(unknown_inputs_are_zero_and_others_are_clipped),
        cmocka_unit_test(looks_that_tell_the_place_pay),
        cmocka_unit_test(without_looks_all_families_are_asked_evenly),
        cmocka_unit_test(a_left_out_family_changes_nothing),
        cmocka_unit_test(features_alone_see_nothing_else),
        cmocka_unit_test(families_count_alike_in_the_report),
    };
    return cmocka_run_group_tests_name("ranker", tests, NULL, NULL);
}

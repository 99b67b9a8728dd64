/* If this fails, the peers that the agent is raced against are not what their names say, or propose
 * something else when a study is resumed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cblas.h>
#include <cmocka.h>
#include <math.h>

#include "../support/made_study.h"
#include "tiller/search.h"

enum { FULL_EPOCHS = 20 };

static struct search_context context_of(const struct study *study, uint64_t seed)
{
    return (struct search_context){.study = study,
                                   .majority_error = 0.9,
                                   .share_left = 0.5,
                                   .full_epochs = FULL_EPOCHS,
                                   .rng_seed = seed};
}

/* As the engine asks, with a sampler opened for it alone. */
static struct proposal ask(const char *sampler, const struct study *study, uint64_t seed)
{
    const struct sampler_ops *ops = sampler_find(sampler);
    struct search_context context = context_of(study, seed);
    struct proposal p;
    struct rng rng;
    void *self;
    rng_seed(&rng, seed, study->n_trials);
    assert_int_equal(ops->open(&context, &self, NULL), ERR_OK);
    assert_int_equal(ops->propose(self, &context, &rng, &p), ERR_OK);
    ops->close(self);
    return p;
}

/* ---- landscapes -------------------------------------------------------------------------- */

static const struct space *plane(void)
{
    static struct space space = {.n = 2};
    for (int i = 0; i < space.n; i++) {
        space.h[i] = (struct hyperparameter){.high = 1, .active_if = -1};
        text_copy(space.h[i].name, sizeof space.h[i].name, i ? "b" : "a");
    }
    return &space;
}

/* Branin's function (Dixon & Szego 1978) as an error: three equal valleys, 0.01 at their bottom. */
static double branin(const struct space *space, const struct configuration *c)
{
    double unit[SPACE_MAX], pi = acos(-1);
    space_encode(space, c, unit);
    double x = 15 * unit[0] - 5, y = 15 * unit[1];
    double bent = y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6;
    double value = bent * bent + 10 * (1 - 1 / (8 * pi)) * cos(x) + 10;
    return 0.01 + (value - 0.397887) / 300;
}

/* The ten that are searched, some of which matter: an error between 0.05 and about 0.5. */
static double network(const struct space *space, const struct configuration *c)
{
    double u[SPACE_MAX];
    space_encode(space, c, u);
    double rate = u[space_find(space, "learning_rate")], units = u[space_find(space, "units")];
    double dropout = u[space_find(space, "dropout")];
    bool sgd = c->value[space_find(space, "optimizer")] == 1;
    double best_rate = sgd ? 0.8 : 0.4;
    return 0.05 + (rate - best_rate) * (rate - best_rate) + 0.2 * (units - 0.7) * (units - 0.7) +
           0.1 * (dropout - 0.3) * (dropout - 0.3) + 0.03 * sgd;
}

typedef double landscape(const struct space *space, const struct configuration *c);

/* The best value after n trials. */
static double search(const char *sampler, const struct space *space, landscape *f, int n,
                     uint64_t seed)
{
    struct made_study *made = made_new(space);
    double best = (double)INFINITY;
    for (int k = 0; k < n; k++) {
        struct proposal p = ask(sampler, &made->study, seed);
        double value = f(space, &p.config);
        made_point(made, TRIAL_COMPLETE, value, &p.config);
        best = fmin(best, value);
    }
    made_free(made);
    return best;
}

/* Mean over seeds of the logarithm of what is missing to the bottom. */
static double mean_log_regret(const char *sampler, const struct space *space, landscape *f,
                              double bottom, int n)
{
    enum { SEEDS = 10 };
    double sum = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        sum += log(search(sampler, space, f, n, seed) - bottom + 1e-6) / SEEDS;
    return sum;
}

/* The seeds are fixed, so this says the same each time; margins in natural logarithms. */
static void learning_from_results_pays(void **state)
{
    (void)state;
    static const struct {
        const char *sampler;
        double plane, network;
    } margins[] = {{"tpe", 0.5, 0.4}, {"gp", 2, 1}};
    double plane_random = mean_log_regret("random", plane(), branin, 0.01, 40);
    double network_random = mean_log_regret("random", made_space(), network, 0.05, 40);
    for (size_t i = 0; i < sizeof margins / sizeof *margins; i++) {
        const char *sampler = margins[i].sampler;
        double p = mean_log_regret(sampler, plane(), branin, 0.01, 40);
        double w = mean_log_regret(sampler, made_space(), network, 0.05, 40);
        print_message("%s: plane %.2f against %.2f, network %.2f against %.2f\n", sampler, p,
                      plane_random, w, network_random);
        assert_true(p < plane_random - margins[i].plane);
        assert_true(w < network_random - margins[i].network);
    }
}

/* ---- what all of them keep to ------------------------------------------------------------ */

static const char *const peers[] = {"sobol", "tpe", "gp", "filter"};
enum { PEERS = sizeof peers / sizeof *peers };

/* A study as searches leave it: everything that can happen to a trial, some by hand. */
static struct made_study *mixed_study(int n)
{
    struct made_study *made = made_new(made_space());
    struct rng rng;
    rng_seed(&rng, 3, 3);
    for (int k = 0; k < n; k++) {
        struct configuration c;
        space_sample(made_space(), &rng, &c);
        double value = network(made_space(), &c);
        double curve[3] = {value + 0.2, k % 7 == 3 ? NAN : value + 0.1, value};
        enum trial_state end = k % 7 == 3   ? TRIAL_FAIL
                               : k % 5 == 2 ? TRIAL_PRUNED
                               : k % 9 == 4 ? TRIAL_RUNNING
                                            : TRIAL_COMPLETE;
        if (k % 8 == 1) {
            assert_int_equal(space_set_pair(made_space(), &c, "optimizer=adamw", NULL, NULL),
                             ERR_OK);
            assert_int_equal(space_set_pair(made_space(), &c, "gradient_clip=1", NULL, NULL),
                             ERR_OK);
            space_tidy(made_space(), &c);
        }
        made_trial(made, end, curve, k % 7 == 3 ? 2 : 1 + (size_t)k % 3)->config = c;
    }
    return made;
}

static void a_resumed_study_proposes_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < PEERS; i++)
        for (int n = 0; n < 60; n += 12) {
            struct made_study *made = mixed_study(n);
            struct proposal p = ask(peers[i], &made->study, 5), q = ask(peers[i], &made->study, 5);
            struct proposal other = ask(peers[i], &made->study, 6);
            assert_memory_equal(&p, &q, sizeof p);
            assert_true(p.goes_on || !space_same(made_space(), &p.config, &other.config));
            assert_string_equal(p.who, peers[i]);
            assert_true(strlen(p.reason) > 10);
            made_free(made);
        }
}

static bool inside(const struct hyperparameter *h, double value)
{
    return h->kind == HYPER_CATEGORICAL
               ? value >= 0 && value < space_sampled_choices(h) && value == floor(value)
               : value >= h->low && value <= h->high &&
                     (h->kind != HYPER_INT || value == floor(value));
}

static void only_what_is_searched_differs(void **state)
{
    (void)state;
    for (int i = 0; i < PEERS; i++)
        for (int n = 1; n < 90; n += 4) {
            struct made_study *made = mixed_study(n);
            struct proposal p = ask(peers[i], &made->study, (uint64_t)n);
            struct configuration tidy = p.config;
            space_tidy(made_space(), &tidy);
            assert_memory_equal(&tidy, &p.config, sizeof tidy); /* inactive at the fallback */
            for (int h = 0; h < made_space()->n && !p.goes_on; h++)
                if (made_space()->h[h].held)
                    assert_true(p.config.value[h] == made_space()->h[h].fallback);
                else
                    assert_true(inside(&made_space()->h[h], p.config.value[h]));
            made_free(made);
        }
}

/* Nothing but failures, and no room for anything new. */
static void hopeless_studies(void **state)
{
    (void)state;
    struct space tiny = {.n = 1};
    tiny.h[0] = (struct hyperparameter){.kind = HYPER_INT, .high = 1, .step = 1, .active_if = -1};
    for (int i = 0; i < PEERS; i++) {
        struct made_study *failed = made_new(made_space()), *full = made_new(&tiny);
        for (int k = 0; k < 30; k++) {
            double nan = NAN;
            struct configuration c = {.value = {k % 2}, .set = 1};
            made_trial(failed, TRIAL_FAIL, &nan, (size_t)k % 2);
            made_point(full, k % 3 ? TRIAL_COMPLETE : TRIAL_PRUNED, 0.5, &c);
        }
        ask(peers[i], &failed->study, 1);
        struct proposal p = ask(peers[i], &full->study, 1);
        assert_true(p.config.value[0] == 0 || p.config.value[0] == 1);
        made_free(failed);
        made_free(full);
    }
}

static void memory_may_run_out(void **state)
{
    (void)state;
    struct made_study *made = mixed_study(60);
    struct search_context context = context_of(&made->study, 1);
    for (int i = 0; i < PEERS; i++) {
        enum err err = ERR_MEMORY;
        for (int after = 0; err != ERR_OK; after++) {
            struct proposal p;
            struct rng rng;
            rng_seed(&rng, 1, 1);
            assert_true(after < 100);
            mem_fail_after(after);
            err = sampler_find(peers[i])->propose(NULL, &context, &rng, &p);
            mem_fail_after(-1);
            assert_true(err == ERR_OK || err == ERR_MEMORY);
        }
    }
    made_free(made);
}

/* ---- sobol ------------------------------------------------------------------------------- */

/* Every 16 trials have one in each sixteenth of every axis of numbers. */
static void sobol_leaves_no_holes(void **state)
{
    (void)state;
    enum { BLOCK = 16 };
    const struct space *space = made_space();
    struct made_study *made = made_new(space);
    for (int block = 0; block < 4; block++) {
        bool seen[SPACE_MAX][BLOCK] = {{false}};
        for (int k = 0; k < BLOCK; k++) {
            struct proposal p = ask("sobol", &made->study, 11);
            double unit[SPACE_MAX];
            space_encode(space, &p.config, unit);
            for (int h = 0; h < space->n; h++)
                seen[h][(int)fmin(unit[h] * BLOCK, BLOCK - 1)] = true;
            made_point(made, TRIAL_COMPLETE, 0.5, &p.config);
        }
        for (int h = 0; h < space->n; h++)
            for (int k = 0; k < BLOCK; k++)
                if (space->h[h].kind == HYPER_FLOAT && !space->h[h].held &&
                    space->h[h].active_if < 0)
                    assert_true(seen[h][k]);
    }
    made_free(made);
}

/* ---- filter ------------------------------------------------------------------------------ */

/* 26 short trials, then the best of them, then 26 short ones again; the second best may go on after
 * the next round if nothing better comes. */
static void the_filter_lets_the_best_go_on(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    int64_t parents[2];
    for (int round = 0; round < 2; round++) {
        for (int k = 0; k < 26; k++) {
            struct proposal p = ask("filter", &made->study, 2);
            double curve[2] = {0.7, round == 0 && k == 20 ? 0.2 : round == 0 && k == 5 ? 0.3 : 0.6};
            assert_false(p.goes_on);
            assert_int_equal(p.epochs, 2);
            made_trial(made, TRIAL_COMPLETE, curve, 2)->config = p.config;
        }
        struct proposal p = ask("filter", &made->study, 2);
        double curve[FULL_EPOCHS] = {0.7, 0.2, 0.15, 0.1};
        assert_true(p.goes_on);
        assert_int_equal(p.epochs, 0);
        parents[round] = p.parent;
        struct trial *parent = &made->trials[p.parent];
        assert_true(space_same(made_space(), &p.config, &parent->config));
        struct trial *t = made_trial(made, TRIAL_COMPLETE, curve, FULL_EPOCHS);
        t->config = p.config;
        t->continues = p.parent;
        text_copy(t->who, sizeof t->who, p.who);
        parent->continued_by = t->number;
    }
    assert_int_equal(parents[0], 20);
    assert_int_equal(parents[1], 5);
    made_free(made);
}

static void what_may_go_on(void **state)
{
    (void)state;
    static const struct {
        enum trial_state state;
        int n;
        double last;
        int64_t continued_by;
        bool may;
    } rows[] = {{TRIAL_PRUNED, 3, 0.5, -1, true},
                {TRIAL_COMPLETE, 3, 0.5, -1, true},
                {TRIAL_COMPLETE, FULL_EPOCHS, 0.5, -1, false},
                {TRIAL_PRUNED, 3, 0.5, 7, false},
                {TRIAL_FAIL, 3, 0.5, -1, false},
                {TRIAL_RUNNING, 3, 0.5, -1, false},
                {TRIAL_PRUNED, 3, NAN, -1, false},
                {TRIAL_PRUNED, 0, 0.5, -1, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made_study *made = made_new(made_space());
        double curve[FULL_EPOCHS] = {0};
        if (rows[i].n > 0)
            curve[rows[i].n - 1] = rows[i].last;
        struct trial *t = made_trial(made, rows[i].state, curve, (size_t)rows[i].n);
        t->continued_by = rows[i].continued_by;
        assert_int_equal(search_may_go_on(t, FULL_EPOCHS), rows[i].may);
        made_free(made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learning_from_results_pays),
        cmocka_unit_test(a_resumed_study_proposes_the_same),
        cmocka_unit_test(only_what_is_searched_differs),
        cmocka_unit_test(hopeless_studies),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(sobol_leaves_no_holes),
        cmocka_unit_test(the_filter_lets_the_best_go_on),
        cmocka_unit_test(what_may_go_on),
    };
    openblas_set_num_threads(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

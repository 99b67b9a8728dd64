/* If this fails, a search on a new task begins with the wrong configurations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "made_tasks.h"

/* ---- choosing among given costs ---------------------------------------------------------- */

enum { TASKS = 5, CONFIGS = 9 };

struct costs {
    double cost[TASKS][CONFIGS], weight[TASKS];
};

static struct costs random_costs(uint64_t seed)
{
    struct costs c;
    struct rng rng;
    double sum = 0;
    rng_seed(&rng, seed, 2);
    for (int t = 0; t < TASKS; t++) {
        sum += c.weight[t] = 0.1 + rng_uniform(&rng);
        for (int i = 0; i < CONFIGS; i++)
            c.cost[t][i] = 1.8 * rng_uniform(&rng); /* some above REGRET_MAX */
    }
    for (int t = 0; t < TASKS; t++)
        c.weight[t] /= sum;
    return c;
}

/* What the set (one bit per configuration) saves against no entry at all. */
static double saved(const struct costs *c, unsigned set)
{
    double sum = 0;
    for (int t = 0; t < TASKS; t++) {
        double least = REGRET_MAX;
        for (int i = 0; i < CONFIGS; i++)
            if (set >> i & 1)
                least = fmin(least, c->cost[t][i]);
        sum += c->weight[t] * (REGRET_MAX - least);
    }
    return sum;
}

static struct portfolio chosen(const struct costs *c, int n)
{
    struct portfolio p;
    portfolio_choose(c->cost[0], c->weight, TASKS, CONFIGS, n, &p);
    return p;
}

/* Each entry is the one that saves most, its cost is what remains, and no gain exceeds the one
 * before it. */
static void every_step_is_the_best_one(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct costs c = random_costs(seed);
        struct portfolio p = chosen(&c, CONFIGS);
        unsigned set = 0;
        double gain_before = (double)INFINITY;
        assert_int_equal(p.n, CONFIGS);
        for (int k = 0; k < p.n; k++) {
            unsigned with = set | 1U << p.entry[k];
            assert_true(with != set);
            for (int i = 0; i < CONFIGS; i++)
                assert_true(saved(&c, set | 1U << i) <= saved(&c, with) + 1e-12);
            assert_true(fabs(p.cost[k] - (REGRET_MAX - saved(&c, with))) < 1e-12);
            double gain = saved(&c, with) - saved(&c, set);
            assert_true(gain >= 0 && gain <= gain_before + 1e-12);
            gain_before = gain;
            set = with;
        }
    }
}

/* On every pair of sets A within B: more entries never save less, and the same further entry adds
 * no more to B than to A. */
static void savings_are_monotone_and_submodular(void **state)
{
    (void)state;
    struct costs c = random_costs(3);
    for (unsigned b = 0; b < 1U << CONFIGS; b++)
        for (unsigned a = b;; a = (a - 1) & b) {
            assert_true(saved(&c, a) <= saved(&c, b) + 1e-12);
            for (int i = 0; i < CONFIGS; i++) {
                unsigned one = 1U << i;
                assert_true(saved(&c, b | one) - saved(&c, b) <=
                            saved(&c, a | one) - saved(&c, a) + 1e-12);
            }
            if (a == 0)
                break;
        }
}

/* Against the best set of every size, by trying all of them. */
static void greedy_is_near_the_best_set(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct costs c = random_costs(seed);
        struct portfolio p = chosen(&c, 5);
        for (int n = 1; n <= 5; n++) {
            double best = 0, got = REGRET_MAX - p.cost[n - 1];
            for (unsigned set = 0; set < 1U << CONFIGS; set++)
                if (__builtin_popcount(set) == n)
                    best = fmax(best, saved(&c, set));
            assert_true(got <= best + 1e-12);
            assert_true(got >= (1 - exp(-1)) * best);
            if (n == 1)
                assert_true(got > best - 1e-12);
        }
    }
}

static void ties_and_limits(void **state)
{
    (void)state;
    /* After entry 1 nothing can be saved: then the better ones on average, then the lower index. */
    static const double cost[2][4] = {{0.5, 0, 0.2, 0.5}, {0.5, 0, 0.2, 0.5}};
    static const double weight[2] = {0.5, 0.5};
    static const int expected[] = {1, 2, 0, 3};
    struct portfolio p;
    portfolio_choose(cost[0], weight, 2, 4, PORTFOLIO_MAX, &p);
    assert_int_equal(p.n, 4);
    assert_memory_equal(p.entry, expected, sizeof expected);
    portfolio_choose(cost[0], weight, 2, 4, 2, &p);
    assert_int_equal(p.n, 2);
}

/* ---- regrets and weights of recorded tasks ----------------------------------------------- */

static struct made_tasks made;

static void families_count_equally(void **state)
{
    (void)state;
    double weight[MADE_TASKS], family[MADE_FAMILIES] = {0}, sum = 0;
    bool left_out[MADE_FAMILIES] = {false, true};
    known_weights(&made.known, left_out, weight);
    for (int t = 0; t < MADE_TASKS; t++) {
        family[made.task[t].family] += weight[t];
        sum += weight[t];
    }
    assert_true(fabs(sum - 1) < 1e-12);
    assert_true(family[1] == 0 && family[0] > 0);
    assert_true(fabs(family[0] - family[4]) < 1e-12);
    memset(left_out, true, sizeof left_out);
    known_weights(&made.known, left_out, weight);
    for (int t = 0; t < MADE_TASKS; t++)
        assert_true(weight[t] == 0);
}

/* One task of five runs, the last of its own, four epochs; errors are chosen so that logs are
 * simple: y + 0.002 = 0.1, 0.2, 0.4, 0.8. */
static void regret_of_known_curves(void **state)
{
    (void)state;
    const double a = 0.098, b = 0.198, c = 0.398, d = 0.798, gone = (double)NAN;
    const double error[5][4] = {{d, c, b, b},          /* logs 1 above the best */
                                {d, b, c, c},          /* its least counts: the same */
                                {c, c, c, c},          /* 2 */
                                {gone, gone, gone, d}, /* 3, clipped */
                                {d, d, d, a}};         /* best; not shared */
    const struct known_task task = {
        .n_runs = 5, .n_epochs = 4, .error = error[0], .majority_error = d};
    struct known_tasks known = {.n = 1, .n_families = 1, .n_shared = 4, .task = &task};
    double regret[4];
    const double final[] = {1, 1, REGRET_MAX, REGRET_MAX};
    assert_int_equal(known_regret(&known, false, regret), ERR_OK);
    for (int i = 0; i < 4; i++)
        assert_true(fabs(regret[i] - final[i]) < 1e-12);
    assert_int_equal(known_regret(&known, true, regret), ERR_OK);
    /* Epochs 1 (for R/16, R/8 and R/4), 2 and 4. */
    const double in_time[] = {(4 * 1.5 + 1) / 5, (3 * 1.5 + 1 + 1) / 5, 1.5, 1.5};
    for (int i = 0; i < 4; i++)
        assert_true(fabs(regret[i] - in_time[i]) < 1e-12);
}

static void runs_without_any_error_have_learnt_nothing(void **state)
{
    (void)state;
    const double error[] = {(double)NAN, 0.3, (double)NAN, (double)NAN};
    const struct known_task task = {
        .n_runs = 2, .n_epochs = 2, .error = error, .majority_error = 0.5};
    assert_true(known_log_error(&task, 1, 2) == log(0.502));
    assert_true(known_log_error(&task, 0, 1) == log(0.502));
    assert_true(known_log_error(&task, 0, 2) == log(0.302));
}

static void equal_runs_have_no_regret(void **state)
{
    (void)state;
    const double error[] = {0.3, 0.3, 0.3, 0.3};
    const struct known_task task = {
        .n_runs = 4, .n_epochs = 1, .error = error, .majority_error = 0.5};
    struct known_tasks known = {.n = 1, .n_families = 1, .n_shared = 4, .task = &task};
    double regret[4];
    assert_int_equal(known_regret(&known, true, regret), ERR_OK);
    for (int i = 0; i < 4; i++)
        assert_true(regret[i] == 0);
}

/* ---- from tasks to entries --------------------------------------------------------------- */

/* A left-out family's curves, however changed, change nothing; the others' do. */
static void left_out_families_are_not_seen(void **state)
{
    (void)state;
    static struct made_tasks other;
    bool left_out[MADE_FAMILIES] = {false, true};
    struct portfolio before, after;
    assert_int_equal(portfolio_learn(&made.known, left_out, true, &before), ERR_OK);
    assert_int_equal(before.n, PORTFOLIO_MAX);
    for (int seen = 0; seen < 2; seen++) {
        made_tasks(&other);
        for (int t = 0; t < MADE_TASKS; t++)
            for (int i = 0; i < MADE_RUNS * MADE_EPOCHS; i++)
                if (left_out[made.task[t].family] != (bool)seen)
                    other.error[t][i] = 0.6 - other.error[t][i];
        assert_int_equal(portfolio_learn(&other.known, left_out, true, &after), ERR_OK);
        assert_int_equal(memcmp(&before, &after, sizeof before) == 0, seen == 0);
    }
}

/* The first entries already suit most tasks: far better than what random ones reach. */
static void entries_suit_a_new_family(void **state)
{
    (void)state;
    double regret[MADE_TASKS * MADE_RUNS], reached = 0, random = 0;
    assert_int_equal(known_regret(&made.known, false, regret), ERR_OK);
    for (int t = 0; t < MADE_TASKS; t++) {
        bool left_out[MADE_FAMILIES] = {false};
        struct portfolio p;
        left_out[made.task[t].family] = true;
        assert_int_equal(portfolio_learn(&made.known, left_out, false, &p), ERR_OK);
        double least = REGRET_MAX, least_random = REGRET_MAX; /* runs are in random order */
        for (int k = 0; k < 5; k++) {
            least = fmin(least, regret[t * MADE_RUNS + p.entry[k]]);
            least_random = fmin(least_random, regret[t * MADE_RUNS + k]);
        }
        reached += least / MADE_TASKS;
        random += least_random / MADE_TASKS;
    }
    assert_true(reached < 0.6 * random);
}

static void nothing_left_is_an_error(void **state)
{
    (void)state;
    const bool all[MADE_FAMILIES] = {true, true, true, true, true};
    struct known_tasks none = made.known;
    struct portfolio p;
    assert_int_equal(portfolio_learn(&made.known, all, false, &p), ERR_RANGE);
    none.n_shared = 0;
    assert_int_equal(portfolio_learn(&none, NULL, false, &p), ERR_RANGE);
    assert_int_equal(p.n, 0);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    struct portfolio p;
    for (int after = 0; after <= 3; after++) {
        mem_fail_after(after);
        enum err err = portfolio_learn(&made.known, NULL, true, &p);
        mem_fail_after(-1);
        assert_int_equal(err, after < 3 ? ERR_MEMORY : ERR_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_the_best_one),
        cmocka_unit_test(savings_are_monotone_and_submodular),
        cmocka_unit_test(greedy_is_near_the_best_set),
        cmocka_unit_test(ties_and_limits),
        cmocka_unit_test(families_count_equally),
        cmocka_unit_test(regret_of_known_curves),
        cmocka_unit_test(runs_without_any_error_have_learnt_nothing),
        cmocka_unit_test(equal_runs_have_no_regret),
        cmocka_unit_test(left_out_families_are_not_seen),
        cmocka_unit_test(entries_suit_a_new_family),
        cmocka_unit_test(nothing_left_is_an_error),
        cmocka_unit_test(memory_may_run_out),
    };
    made_tasks(&made);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

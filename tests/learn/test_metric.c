/* If this fails, the configuration that stands in for a proposal is not the one most like it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tiller/bench.h"
#include "tiller/net.h"

enum { N = 80, D = 3 };

/* Two numbers of which only the first matters, and a choice that matters as much. */
static void make(struct curve_table *table, struct curve_pool *pool, struct curve_task *task)
{
    static struct configuration config[N];
    static double unit[N * D], error[N];
    struct rng rng;
    rng_seed(&rng, 7, 0);
    *pool = (struct curve_pool){.n = N, .config = config, .unit = unit};
    pool->space.n = D;
    for (int i = 0; i < 2; i++)
        pool->space.h[i] = (struct hyperparameter){
            .name = {(char)('a' + i)}, .kind = HYPER_FLOAT, .low = 0, .high = 1, .active_if = -1};
    pool->space.h[2] =
        (struct hyperparameter){.name = "c",
                                .kind = HYPER_CATEGORICAL,
                                .n_choices = 3,
                                .choice = {{"x", "\"x\""}, {"y", "\"y\""}, {"z", "\"z\""}},
                                .active_if = -1};
    for (int i = 0; i < N; i++) {
        space_sample(&pool->space, &rng, &config[i]);
        space_encode(&pool->space, &config[i], unit + (size_t)i * D);
        error[i] = 0.3 + 0.2 * sin(5 * config[i].value[0]) + 0.1 * (config[i].value[2] > 0);
    }
    *task = (struct curve_task){.pool = pool, .n_epochs = 1, .error = error, .majority = 1};
    *table = (struct curve_table){
        .n_pools = 1, .n_tasks = 1, .n_families = 1, .pools = pool, .tasks = task};
}

static void an_axis_counts_as_much_as_results_change_along_it(void **state)
{
    struct curve_table table;
    struct curve_pool pool;
    struct curve_task task;
    const double here[D] = {.5, .5, 0}, along_a[D] = {.6, .5, 0}, along_b[D] = {.5, .9, 0};
    const double other[D] = {.5, .5, .5}, another[D] = {.5, .5, 1};
    (void)state;
    make(&table, &pool, &task);
    assert_true(curve_pool_distance(&pool, here, along_a) <
                curve_pool_distance(&pool, here, along_b));
    assert_true(curve_pool_distance(&pool, here, other) <
                curve_pool_distance(&pool, here, another));
    assert_int_equal(curve_table_measure(&table, NULL), ERR_OK);
    assert_true(curve_pool_distance(&pool, here, along_a) >
                curve_pool_distance(&pool, here, along_b));
    assert_true(curve_pool_distance(&pool, here, other) ==
                curve_pool_distance(&pool, here, another));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_axis_counts_as_much_as_results_change_along_it),
    };
    net_init(); /* as the program: the products of one thread are its own */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

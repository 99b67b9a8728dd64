/* metric: which configuration of a pool is nearest to a proposal.
 *
 * A pool of some hundred configurations fills a space of ten axes thinly. By plain distance the
 * nearest one often has another optimizer or a ten times larger learning rate, only because it
 * happens to have the same weight decay; then every method is judged by configurations that it did
 * not propose. So distances along an axis count as much as results change along it: by the length
 * scales of a Gaussian process on the pool's own results. That is a property of the judge: all
 * methods, ours and others', are mapped by it and none of them knows it. */
#include "tiller/bench.h"

#include <math.h>
#include <string.h>

enum { ROWS_MAX = 300, DRAWS = 24, STEPS = 10 };

/* The results of a task's first n configurations as normal scores. */
static void scores_of(const struct curve_task *t, int n, double *work, double *score)
{
    for (int i = 0; i < n; i++) {
        double least = t->majority;
        for (int e = 0; e < t->n_epochs; e++)
            least = fmin(least, t->error[(size_t)i * (size_t)t->n_epochs + (size_t)e]);
        work[i] = least;
    }
    rank_normal(work, n, score);
}

static int tasks_of(const struct curve_table *table, const struct curve_pool *pool)
{
    int n = 0;
    for (int t = 0; t < table->n_tasks; t++)
        n += table->tasks[t].pool == pool;
    return n;
}

static enum err tune(const struct curve_table *table, struct curve_pool *pool, int n, double *x,
                     double *work, double *score)
{
    struct gp_kernel kernel;
    struct rng rng;
    int d = pool->space.n, n_tasks = 0;
    gp_axes(&pool->space, &kernel);
    kernel.variance = 1;
    kernel.noise = 0.1;
    for (int i = 0; i < n; i++)
        gp_place(&pool->space, &pool->config[i], x + (size_t)i * (size_t)d);
    for (int t = 0; t < table->n_tasks; t++)
        if (table->tasks[t].pool == pool)
            scores_of(&table->tasks[t], n, work, score + (size_t)n_tasks++ * (size_t)n);
    rng_seed(&rng, 1, 0);
    enum err err = gp_tune(&kernel, x, n, score, n_tasks, true, DRAWS, STEPS, &rng);
    for (int i = 0; err == ERR_OK && i < d; i++)
        pool->scale[i] = 1 / kernel.length[i];
    return err;
}

enum err curve_table_measure(struct curve_table *table, struct err_info *info)
{
    enum err err = ERR_OK;
    for (int p = 0; p < table->n_pools && err == ERR_OK; p++) {
        struct curve_pool *pool = &table->pools[p];
        int n = pool->n < ROWS_MAX ? pool->n : ROWS_MAX, n_tasks = tasks_of(table, pool);
        if (n_tasks == 0 || n < 2)
            continue;
        double *x = mem_alloc((size_t)n, (size_t)pool->space.n * sizeof *x);
        double *work = mem_alloc((size_t)n, sizeof *work);
        double *score = mem_alloc((size_t)n, (size_t)n_tasks * sizeof *score);
        err = x && work && score ? tune(table, pool, n, x, work, score) : ERR_MEMORY;
        mem_free(x);
        mem_free(work);
        mem_free(score);
        pool->by_choice = err == ERR_OK;
    }
    return err == ERR_OK
               ? ERR_OK
               : err_set(info, err, table->name, "use --nearest unit",
                         "the axes' length scales can't be worked out: %s", err_sentence(err));
}

double curve_pool_distance(const struct curve_pool *pool, const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < pool->space.n; i++) {
        double apart = a[i] - b[i];
        if (pool->by_choice && pool->space.h[i].kind == HYPER_CATEGORICAL)
            apart = a[i] != b[i];
        if (pool->by_choice)
            apart *= pool->scale[i];
        sum += apart * apart;
    }
    return sum;
}

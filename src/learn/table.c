/* table: what every table of curves is once it is read, whatever it was read from: figures, units,
 * families, and what is said about it. */
#include "table.h"
#include "guess.h"
#include "numbers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct curve_task *table_add_task(struct curve_table *table, const char *name, const char *family,
                                  const struct curve_pool *pool, int n_epochs)
{
    size_t n = (size_t)pool->n * (size_t)n_epochs;
    struct curve_task *grown =
        mem_resize(table->tasks, (size_t)table->n_tasks + 1, sizeof *table->tasks);
    if (!grown)
        return NULL;
    table->tasks = grown;
    struct curve_task *t = &table->tasks[table->n_tasks];
    memset(t, 0, sizeof *t);
    text_sanitize(t->name, sizeof t->name, name);
    text_sanitize(t->family, sizeof t->family, family ? family : name);
    t->pool = pool;
    t->n_epochs = n_epochs;
    t->error = mem_alloc(n, sizeof *t->error);
    if (!t->error)
        return NULL;
    for (size_t i = 0; i < n; i++)
        t->error[i] = (double)NAN;
    table->n_tasks++;
    return t;
}

static void free_task(struct curve_task *t)
{
    mem_free(t->error);
    mem_free(t->cost);
    mem_free(t->features);
    for (int m = 0; m < METRIC_N; m++)
        mem_free(t->metric[m]);
}

void curve_table_free(struct curve_table *table)
{
    if (!table)
        return;
    for (int i = 0; i < table->n_tasks; i++)
        free_task(&table->tasks[i]);
    for (int i = 0; i < table->n_pools; i++) {
        mem_free(table->pools[i].config);
        mem_free(table->pools[i].unit);
    }
    mem_free(table->tasks);
    mem_free(table->pools);
    mem_free(table->family);
    mem_free(table);
}

/* ---- figures ----------------------------------------------------------------------------- */

/* Median over the configurations at that epoch (0-based); diverged ones count as the worst. */
static double median_at(const struct curve_task *t, int epoch, double *work)
{
    for (int i = 0; i < t->pool->n; i++) {
        double value = t->error[(size_t)i * (size_t)t->n_epochs + (size_t)epoch];
        work[i] = isnan(value) ? (double)INFINITY : value;
    }
    return numbers_median(work, (size_t)t->pool->n);
}

static void divide_cost(struct curve_task *t, double *work)
{
    memcpy(work, t->cost, (size_t)t->pool->n * sizeof *work);
    double median = numbers_median(work, (size_t)t->pool->n);
    for (int i = 0; i < t->pool->n; i++)
        t->cost[i] /= median;
}

static enum err figures(struct curve_table *table, struct curve_task *t, double untrained,
                        struct err_info *info)
{
    size_t n = (size_t)t->pool->n * (size_t)t->n_epochs;
    double *work = mem_alloc((size_t)t->pool->n, sizeof *work);
    if (!work)
        return err_set_memory(info, table->name);
    t->best = (double)INFINITY;
    for (size_t i = 0; i < n; i++)
        t->best = fmin(t->best, t->error[i]);
    t->median = median_at(t, t->n_epochs - 1, work);
    t->majority = isfinite(untrained) ? untrained : median_at(t, 0, work);
    if (!isfinite(t->majority))
        t->majority = fmax(t->median, t->best);
    if (t->cost)
        divide_cost(t, work);
    mem_free(work);
    if (!isfinite(t->median))
        return err_set(info, ERR_INPUT, t->name, "leave this task out",
                       "more than half of its configurations diverge");
    if (!(t->median > t->best))
        return err_set(info, ERR_INPUT, t->name, "leave this task out",
                       "its best and its median configuration are equally good");
    return ERR_OK;
}

/* ---- units, tails, families -------------------------------------------------------------- */

/* Percentages reach beyond 10 and never beyond 100. */
static enum curve_unit guess_unit(const struct curve_table *table)
{
    double least = (double)INFINITY, largest = 0;
    for (int k = 0; k < table->n_tasks; k++) {
        const struct curve_task *t = &table->tasks[k];
        for (size_t i = 0; i < (size_t)t->pool->n * (size_t)t->n_epochs; i++) {
            least = fmin(least, t->error[i]);
            largest = fmax(largest, t->error[i]);
        }
    }
    if (least >= 0 && largest <= 1)
        return CURVE_ERROR;
    return least >= 0 && largest > 10 && largest <= 100 ? CURVE_PERCENT : CURVE_LOSS;
}

static void tidy_curves(const struct curve_task *t, double scale)
{
    for (int i = 0; i < t->pool->n; i++) {
        double *curve = &t->error[(size_t)i * (size_t)t->n_epochs];
        bool lost = false;
        for (int e = 0; e < t->n_epochs; e++) {
            lost = lost || !isfinite(curve[e]);
            curve[e] = lost ? (double)NAN : curve[e] * scale;
        }
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct curve_task *)a)->name, ((const struct curve_task *)b)->name);
}

static enum err number_families(struct curve_table *table, struct err_info *info)
{
    mem_free(table->family);
    table->n_families = 0;
    table->family = mem_zero_alloc((size_t)table->n_tasks, sizeof *table->family);
    if (!table->family)
        return err_set_memory(info, table->name);
    for (int i = 0; i < table->n_tasks; i++) {
        int k = 0;
        while (k < i && strcmp(table->tasks[k].family, table->tasks[i].family) != 0)
            k++;
        table->family[i] = k < i ? table->family[k] : table->n_families++;
    }
    return ERR_OK;
}

enum err table_finish(struct curve_table *table, const double *untrained, struct err_info *info)
{
    enum err err = ERR_OK;
    if (table->n_tasks == 0)
        return err_set(info, ERR_INPUT, table->name, "give it at least one", "it has no task");
    if (table->unit == CURVE_UNIT_GUESS)
        table->unit = guess_unit(table);
    double scale = table->unit == CURVE_PERCENT ? 0.01 : 1;
    for (int i = 0; i < table->n_tasks && err == ERR_OK; i++) {
        tidy_curves(&table->tasks[i], scale);
        err = figures(table, &table->tasks[i], untrained[i] * scale, info);
    }
    if (err != ERR_OK)
        return err;
    qsort(table->tasks, (size_t)table->n_tasks, sizeof *table->tasks, by_name);
    return number_families(table, info);
}

/* ---- choosing tasks ---------------------------------------------------------------------- */

static int find_task(const struct curve_table *table, const char *name)
{
    for (int i = 0; i < table->n_tasks; i++)
        if (strcmp(table->tasks[i].name, name) == 0)
            return i;
    return -1;
}

static enum err no_such_task(const struct curve_table *table, const char *name,
                             struct err_info *info)
{
    const char **names = mem_alloc((size_t)table->n_tasks, sizeof *names);
    const char *near = NULL;
    char hint[160];
    for (int i = 0; names && i < table->n_tasks; i++)
        names[i] = table->tasks[i].name;
    if (names)
        near = text_nearest(name, names, (size_t)table->n_tasks);
    if (near)
        text_format(hint, sizeof hint, "did you mean %s?", near);
    else
        text_format(hint, sizeof hint, "--describe lists the tasks");
    mem_free(names);
    return err_set(info, ERR_RANGE, table->name, hint, "there is no task '%s'", name);
}

enum err curve_table_keep(struct curve_table *table, const char *const *tasks, size_t n,
                          struct err_info *info)
{
    int kept = 0;
    for (size_t i = 0; i < n; i++)
        if (find_task(table, tasks[i]) < 0)
            return no_such_task(table, tasks[i], info);
    for (int i = 0; i < table->n_tasks; i++) {
        bool wanted = false;
        for (size_t k = 0; k < n; k++)
            wanted = wanted || strcmp(tasks[k], table->tasks[i].name) == 0;
        if (wanted)
            table->tasks[kept++] = table->tasks[i];
        else
            free_task(&table->tasks[i]);
    }
    table->n_tasks = kept;
    return number_families(table, info);
}

/* ---- taking points out of a pool --------------------------------------------------------- */

/* The rows that stay move up: rows of `width` numbers. */
static void drop_rows(double *rows, int n, int width, const bool *drop)
{
    size_t kept = 0, w = (size_t)width;
    for (size_t i = 0; i < (size_t)n && rows; i++)
        if (!drop[i])
            memmove(&rows[w * kept++], &rows[w * i], w * sizeof *rows);
}

static void drop_of_task(struct curve_task *t, const bool *drop)
{
    drop_rows(t->error, t->pool->n, t->n_epochs, drop);
    drop_rows(t->cost, t->pool->n, 1, drop);
    for (int m = 0; m < METRIC_N; m++)
        drop_rows(t->metric[m], t->pool->n, t->n_epochs, drop);
}

enum err curve_table_drop(struct curve_table *table, struct curve_pool *pool, const bool *drop,
                          struct err_info *info)
{
    enum err err = ERR_OK;
    int kept = 0;
    for (int i = 0; i < table->n_tasks; i++)
        if (table->tasks[i].pool == pool)
            drop_of_task(&table->tasks[i], drop);
    drop_rows(pool->unit, pool->n, pool->space.n, drop);
    for (int i = 0; i < pool->n; i++)
        if (!drop[i])
            pool->config[kept++] = pool->config[i];
    pool->n = kept;
    if (kept < 2)
        return err_set(info, ERR_INPUT, table->name, "judge by a larger pool",
                       "fewer than two of its configurations are left");
    for (int i = 0; i < table->n_tasks && err == ERR_OK; i++)
        if (table->tasks[i].pool == pool)
            err = figures(table, &table->tasks[i], table->tasks[i].majority, info);
    return err;
}

static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* Floyd's draw of n different ones. */
int curve_table_known(int n_configs, int n, int *point)
{
    static const uint64_t seed = 20260102;
    struct rng rng;
    int wanted = n < n_configs / 2 ? n : n_configs / 2, drawn = 0;
    rng_seed(&rng, seed, (uint64_t)n_configs);
    for (int top = n_configs - wanted; top < n_configs; top++) {
        int x = (int)rng_below(&rng, (uint64_t)top + 1);
        for (int i = 0; i < drawn; i++)
            if (point[i] == x) {
                x = top;
                break;
            }
        point[drawn++] = x;
    }
    qsort(point, (size_t)drawn, sizeof *point, by_number);
    return drawn;
}

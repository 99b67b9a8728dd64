/* statistics: what section 12 of the search design asks of a comparison.
 *
 * All intervals come from one set of resamples (bootstrap.c), so that the figures of all methods
 * move together and differences are paired. Means weight families equally. */
#include "bootstrap.h"
#include "ranks.h"
#include "targets.h"
#include "whole_ranks.h"

#include <math.h>
#include <string.h>

const double bench_budgets[BENCH_BUDGETS] = {0.5, 1, 2, 3, 5, 10, 20, 30};
const double bench_targets[BENCH_TARGETS] = {10, 30};

/* What one computation needs; M methods, T tasks, S seeds. */
struct work {
    const struct bench_result *result;
    enum bench_axis axis;
    struct bootstrap draws;
    double *plain;   /* [T] weights of the tasks */
    double *regret;  /* [M x n x T x S], n the number of budgets asked for */
    double *weights; /* [n_resamples x T x S] */
    double *values;  /* [n_resamples], for one interval at a time */
};

static size_t n_runs(const struct bench_result *r)
{
    return (size_t)r->table->n_tasks * (size_t)r->n_seeds;
}

double bench_regret(const struct bench_result *result, int method, int task, int seed,
                    enum bench_axis axis, double trainings)
{
    const struct curve_task *t = &result->table->tasks[task];
    double error = bench_run_error(bench_run_of(result, method, task, seed), axis,
                                   trainings * t->n_epochs + 1e-9, t->majority);
    return (error - t->best) / (t->median - t->best);
}

/* ---- preparing --------------------------------------------------------------------------- */

static void close_work(struct work *w)
{
    bootstrap_free(&w->draws);
    mem_free(w->plain);
    mem_free(w->regret);
    mem_free(w->weights);
    mem_free(w->values);
}

static enum err check_costs(const struct bench_result *r, enum bench_axis axis,
                            struct err_info *info)
{
    for (int m = 0; m < r->n_methods && axis == BENCH_COST; m++)
        for (int t = 0; t < r->table->n_tasks; t++) {
            const struct bench_run *run = bench_run_of(r, m, t, 0);
            if (!r->table->tasks[t].cost || (run->n_steps > 0 && isnan(run->step[0].cost)))
                return err_set(info, ERR_RANGE, "--axis", "compare by epochs",
                               "the costs of %s are not known on %s", r->method[m],
                               r->table->tasks[t].name);
        }
    return ERR_OK;
}

static void fill_regrets(struct work *w, const double *trainings, int n)
{
    const struct bench_result *r = w->result;
    double *out = w->regret;
    for (int m = 0; m < r->n_methods; m++)
        for (int b = 0; b < n; b++)
            for (int t = 0; t < r->table->n_tasks; t++)
                for (int s = 0; s < r->n_seeds; s++)
                    *out++ = bench_regret(r, m, t, s, w->axis, trainings[b]);
}

static enum err open_work(struct work *w, const struct bench_result *r, enum bench_axis axis,
                          const double *trainings, int n, struct err_info *info)
{
    const struct curve_table *table = r->table;
    memset(w, 0, sizeof *w);
    w->result = r;
    w->axis = axis;
    enum err err = check_costs(r, axis, info);
    if (err == ERR_OK)
        err = bootstrap_draw(table->family, table->n_tasks, table->n_families, r->n_seeds,
                             BENCH_RESAMPLES, &w->draws, info);
    if (err != ERR_OK)
        return err;
    size_t runs = n_runs(r), methods = (size_t)r->n_methods;
    w->plain = mem_alloc((size_t)table->n_tasks, sizeof *w->plain);
    w->regret = mem_alloc(methods * (size_t)n, runs * sizeof *w->regret);
    w->weights = mem_alloc(BENCH_RESAMPLES, runs * sizeof *w->weights);
    w->values = mem_alloc(BENCH_RESAMPLES, sizeof *w->values);
    if (!w->plain || !w->regret || !w->weights || !w->values)
        return err_set_memory(info, "statistics");
    bootstrap_plain_weights(table->family, table->n_tasks, table->n_families, w->plain);
    fill_regrets(w, trainings, n);
    for (int i = 0; i < BENCH_RESAMPLES; i++)
        bootstrap_weights(&w->draws, i, &w->weights[(size_t)i * runs]);
    return ERR_OK;
}

/* ---- means ------------------------------------------------------------------------------- */

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Mean of x[T x S] and its interval. */
static struct bench_interval mean_of(struct work *w, const double *x)
{
    const struct bench_result *r = w->result;
    struct bench_interval out = {0};
    size_t runs = n_runs(r);
    for (size_t i = 0; i < runs; i++)
        out.value += w->plain[i / (size_t)r->n_seeds] / r->n_seeds * x[i];
    for (int i = 0; i < BENCH_RESAMPLES; i++)
        w->values[i] = dot(x, &w->weights[(size_t)i * runs], runs);
    bootstrap_interval(w->values, BENCH_RESAMPLES, &out);
    return out;
}

enum err bench_regret_curves(const struct bench_result *r, enum bench_axis axis,
                             const double *trainings, int n, struct bench_interval *out,
                             struct err_info *info)
{
    struct work w;
    enum err err = open_work(&w, r, axis, trainings, n, info);
    for (int i = 0; i < r->n_methods * n && err == ERR_OK; i++)
        out[i] = mean_of(&w, &w.regret[(size_t)i * n_runs(r)]);
    close_work(&w);
    return err;
}

/* x[T x S] of a method at a budget. */
static const double *regrets_of(const struct work *w, int n_budgets, int method, int budget)
{
    return &w->regret[((size_t)method * (size_t)n_budgets + (size_t)budget) * n_runs(w->result)];
}

static void fill_means(struct work *w, struct bench_statistics *s)
{
    const struct bench_result *r = w->result;
    int tasks = r->table->n_tasks;
    for (int m = 0; m < r->n_methods; m++)
        for (int b = 0; b < s->n_budgets; b++) {
            const double *x = regrets_of(w, s->n_budgets, m, b);
            s->mean[m * BENCH_BUDGETS + b] = mean_of(w, x);
            for (int t = 0; t < tasks; t++) {
                double sum = 0;
                for (int k = 0; k < r->n_seeds; k++)
                    sum += x[(size_t)t * (size_t)r->n_seeds + (size_t)k];
                s->task_mean[((size_t)m * (size_t)tasks + (size_t)t) * BENCH_BUDGETS + (size_t)b] =
                    sum / r->n_seeds;
            }
        }
}

static double task_mean(const struct bench_statistics *s, int method, int task, int budget)
{
    size_t row = (size_t)method * (size_t)s->result->table->n_tasks + (size_t)task;
    return s->task_mean[row * BENCH_BUDGETS + (size_t)budget];
}

/* ---- ranks ------------------------------------------------------------------------------- */

/* Mean regret of each family (rows) and method (columns): the blocks of the rank tests. */
static void fill_blocks(const struct bench_statistics *s, int budget, double *block)
{
    const struct bench_result *r = s->result;
    for (int f = 0; f < r->table->n_families; f++)
        for (int m = 0; m < r->n_methods; m++) {
            double sum = 0;
            int n = 0;
            for (int t = 0; t < r->table->n_tasks; t++)
                if (r->table->family[t] == f) {
                    sum += task_mean(s, m, t, budget);
                    n++;
                }
            block[f * r->n_methods + m] = sum / n;
        }
}

static enum err fill_ranks(struct bench_statistics *s, struct err_info *info)
{
    const struct bench_result *r = s->result;
    int families = r->table->n_families, methods = r->n_methods;
    double *block = mem_alloc((size_t)families * (size_t)methods, sizeof *block);
    double *rank = mem_alloc((size_t)methods, sizeof *rank);
    for (int b = 0; b < s->n_budgets && block && rank; b++) {
        fill_blocks(s, b, block);
        s->friedman_p[b] = ranks_friedman(block, families, methods, rank);
        for (int m = 0; m < methods; m++)
            s->rank[m * BENCH_BUDGETS + b] = rank[m];
    }
    bool made = block && rank;
    s->critical_difference = ranks_critical_difference(methods, families);
    mem_free(block);
    mem_free(rank);
    return made ? ERR_OK : err_set_memory(info, "statistics");
}

/* ---- differences ------------------------------------------------------------------------- */

static enum err compare_at(struct work *w, struct bench_statistics *s, int method, int peer, int b,
                           double *difference, struct err_info *info)
{
    const struct bench_result *r = w->result;
    struct bench_pair *pair = &s->pair[method * r->n_methods + peer];
    const double *mine = regrets_of(w, s->n_budgets, method, b);
    const double *its = regrets_of(w, s->n_budgets, peer, b);
    size_t runs = n_runs(r);
    for (size_t i = 0; i < runs; i++)
        difference[i] = mine[i] - its[i];
    pair->difference[b] = mean_of(w, difference);
    for (int t = 0; t < r->table->n_tasks; t++)
        pair->won[b] += task_mean(s, method, t, b) < task_mean(s, peer, t, b) - 1e-12;
    double *block = mem_alloc((size_t)r->table->n_families * (size_t)r->n_methods, sizeof *block);
    if (!block)
        return err_set_memory(info, "statistics");
    fill_blocks(s, b, block);
    for (int f = 0; f < r->table->n_families; f++)
        difference[f] = block[f * r->n_methods + method] - block[f * r->n_methods + peer];
    pair->p[b] = ranks_wilcoxon(difference, r->table->n_families);
    mem_free(block);
    return ERR_OK;
}

static void correct(struct bench_statistics *s, int method, int b)
{
    int n = s->result->n_methods;
    double p[BENCH_METHODS_MAX];
    for (int k = 0; k < n; k++)
        p[k] = k == method ? (double)NAN : s->pair[method * n + k].p[b];
    ranks_holm(p, n);
    for (int k = 0; k < n; k++)
        s->pair[method * n + k].p_holm[b] = p[k];
}

static enum err fill_differences(struct work *w, struct bench_statistics *s, struct err_info *info)
{
    int n = s->result->n_methods;
    enum err err = ERR_OK;
    double *difference = mem_alloc(n_runs(s->result), sizeof *difference);
    if (!difference)
        return err_set_memory(info, "statistics");
    for (int m = 0; m < n; m++)
        for (int b = 0; b < s->n_budgets; b++) {
            for (int peer = 0; peer < n && err == ERR_OK; peer++)
                if (peer != m)
                    err = compare_at(w, s, m, peer, b, difference, info);
            correct(s, m, b);
        }
    mem_free(difference);
    return err;
}

/* ---- all of it --------------------------------------------------------------------------- */

static int count_within(const double *trainings, int n, const struct bench_result *r)
{
    int within = 0;
    while (within < n && trainings[within] <= r->budget + 1e-9)
        within++;
    return within;
}

static enum err allocate(struct bench_statistics *s, struct err_info *info)
{
    size_t methods = (size_t)s->result->n_methods, tasks = (size_t)s->result->table->n_tasks;
    s->mean = mem_zero_alloc(methods, BENCH_BUDGETS * sizeof *s->mean);
    s->task_mean = mem_zero_alloc(methods * tasks, BENCH_BUDGETS * sizeof *s->task_mean);
    s->rank = mem_zero_alloc(methods, BENCH_BUDGETS * sizeof *s->rank);
    s->pair = mem_zero_alloc(methods * methods, sizeof *s->pair);
    bool made = s->mean && s->task_mean && s->rank && s->pair;
    return made ? ERR_OK : err_set_memory(info, "statistics");
}

enum err bench_statistics_new(const struct bench_result *result, enum bench_axis axis,
                              struct bench_statistics **out, struct err_info *info)
{
    struct work w;
    struct bench_statistics *s = mem_zero_alloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return err_set_memory(info, "statistics");
    s->result = result;
    s->axis = axis;
    s->n_budgets = count_within(bench_budgets, BENCH_BUDGETS, result);
    s->n_targets = count_within(bench_targets, BENCH_TARGETS, result);
    enum err err = open_work(&w, result, axis, bench_budgets, s->n_budgets, info);
    if (err == ERR_OK)
        err = allocate(s, info);
    if (err == ERR_OK) {
        fill_means(&w, s);
        err = fill_ranks(s, info);
    }
    if (err == ERR_OK)
        err = whole_ranks_fill(s, info);
    if (err == ERR_OK)
        err = fill_differences(&w, s, info);
    if (err == ERR_OK)
        err = targets_compare(result, axis, &w.draws, w.plain, s->n_targets, s->pair, info);
    close_work(&w);
    if (err != ERR_OK)
        bench_statistics_free(s);
    else
        *out = s;
    return err;
}

void bench_statistics_free(struct bench_statistics *s)
{
    if (!s)
        return;
    mem_free(s->mean);
    mem_free(s->task_mean);
    mem_free(s->rank);
    mem_free(s->whole_rank);
    mem_free(s->pair);
    mem_free(s);
}

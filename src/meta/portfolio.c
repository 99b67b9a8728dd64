/* portfolio: regrets of recorded runs, and the few configurations that keep them low on all tasks.
 *
 * What always holds: costs lie in [0, REGRET_MAX], so that what a set of entries saves is monotone
 * and submodular and greedy choice is within 1 - 1/e of the best set. */
#include "tiller/knowledge.h"

#include <math.h>
#include <stdlib.h>

/* ---- weights ----------------------------------------------------------------------------- */

static int family_size(const struct known_tasks *known, int family)
{
    int n = 0;
    for (int t = 0; t < known->n; t++)
        n += known->task[t].family == family;
    return n;
}

void known_weights(const struct known_tasks *known, const bool *left_out, double *weight)
{
    double sum = 0;
    for (int t = 0; t < known->n; t++) {
        int family = known->task[t].family;
        bool out = left_out && left_out[family];
        weight[t] = out ? 0 : 1.0 / family_size(known, family);
        sum += weight[t];
    }
    for (int t = 0; t < known->n && sum > 0; t++)
        weight[t] /= sum;
}

/* ---- regrets ----------------------------------------------------------------------------- */

double known_log_error(const struct known_task *task, int run, int n_epochs)
{
    const double *curve = task->error + (size_t)run * (size_t)task->n_epochs;
    double least = (double)INFINITY;
    for (int e = 0; e < n_epochs && e < task->n_epochs; e++)
        least = fmin(least, curve[e]); /* NaN gives way */
    return log((isfinite(least) ? least : task->majority_error) + 0.002);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The ends of the task's scale: its best run of all, and the lower median of the shared ones.
 * values: room for n_shared. */
static void scale(const struct known_task *task, int n_shared, double *values, double *best,
                  double *median)
{
    *best = (double)INFINITY;
    for (int i = 0; i < task->n_runs; i++) {
        double value = known_log_error(task, i, task->n_epochs);
        *best = fmin(*best, value);
        if (i < n_shared)
            values[i] = value;
    }
    qsort(values, (size_t)n_shared, sizeof *values, compare);
    *median = values[(n_shared - 1) / 2];
}

static double regret_at(const struct known_task *task, int run, int n_epochs, double best,
                        double median)
{
    double behind = known_log_error(task, run, n_epochs) - best;
    if (!(behind > 0))
        return 0;
    return median > best ? fmin(behind / (median - best), REGRET_MAX) : REGRET_MAX;
}

static double mean_regret(const struct known_task *task, int run, bool in_time, double best,
                          double median)
{
    double sum = 0;
    int n = 0;
    for (int parts = in_time ? 16 : 1; parts >= 1; parts /= 2, n++) {
        int n_epochs = (int)lround((double)task->n_epochs / parts);
        sum += regret_at(task, run, n_epochs > 1 ? n_epochs : 1, best, median);
    }
    return sum / n;
}

enum err known_regret(const struct known_tasks *known, bool in_time, double *regret)
{
    double *values = mem_alloc((size_t)known->n_shared, sizeof *values);
    if (!values)
        return ERR_MEMORY;
    for (int t = 0; t < known->n && known->n_shared > 0; t++) {
        double best, median;
        scale(&known->task[t], known->n_shared, values, &best, &median);
        for (int i = 0; i < known->n_shared; i++)
            *regret++ = mean_regret(&known->task[t], i, in_time, best, median);
    }
    mem_free(values);
    return ERR_OK;
}

/* ---- greedy choice ----------------------------------------------------------------------- */

/* Mean cost once configuration i has joined the chosen ones. */
static double cost_with(const double *cost, const double *weight, int n_tasks, int n_configs,
                        const struct portfolio *chosen, int i)
{
    double sum = 0;
    for (int t = 0; t < n_tasks; t++, cost += n_configs) {
        double least = fmin(cost[i], REGRET_MAX);
        for (int k = 0; k < chosen->n; k++)
            least = fmin(least, cost[chosen->entry[k]]);
        sum += weight[t] * least;
    }
    return sum;
}

static bool is_chosen(const struct portfolio *p, int i)
{
    for (int k = 0; k < p->n; k++)
        if (p->entry[k] == i)
            return true;
    return false;
}

void portfolio_choose(const double *cost, const double *weight, int n_tasks, int n_configs, int n,
                      struct portfolio *out)
{
    static const struct portfolio none;
    *out = none;
    while (out->n < n && out->n < PORTFOLIO_MAX && out->n < n_configs) {
        int best = -1;
        double best_cost = 0, best_own = 0;
        for (int i = 0; i < n_configs; i++) {
            if (is_chosen(out, i))
                continue;
            double with = cost_with(cost, weight, n_tasks, n_configs, out, i);
            double own = cost_with(cost, weight, n_tasks, n_configs, &none, i);
            if (best < 0 || with < best_cost || (with == best_cost && own < best_own)) {
                best = i;
                best_cost = with;
                best_own = own;
            }
        }
        out->cost[out->n] = best_cost;
        out->entry[out->n++] = best;
    }
}

enum err portfolio_learn(const struct known_tasks *known, const bool *left_out, bool in_time,
                         struct portfolio *out)
{
    *out = (struct portfolio){0};
    size_t n = (size_t)known->n, n_shared = (size_t)known->n_shared;
    double *weight = mem_alloc(n, sizeof *weight), sum = 0;
    double *regret = mem_alloc(n, (n_shared + 1) * sizeof *regret);
    enum err err = weight && regret ? known_regret(known, in_time, regret) : ERR_MEMORY;
    if (err == ERR_OK) {
        known_weights(known, left_out, weight);
        for (int t = 0; t < known->n; t++)
            sum += weight[t];
        if (sum > 0)
            portfolio_choose(regret, weight, known->n, known->n_shared, PORTFOLIO_MAX, out);
        err = out->n > 0 ? ERR_OK : ERR_RANGE;
    }
    mem_free(weight);
    mem_free(regret);
    return err;
}

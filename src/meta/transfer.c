/* transfer: what the results on known tasks say of configurations that were not tried there.
 *
 * What always holds: tasks with the same rows share one factorisation; a left-out task has no rows,
 * its results are never read. Scores in place of errors make tasks comparable and plateaus harmless
 * (Salinas et al. 2020). Source: search design, 7. */
#include "tiller/knowledge.h"

#include <math.h>
#include <string.h>

struct transfer_task {
    struct gp *process; /* NULL: passed over */
    bool is_lent;       /* the process is another task's */
    double *weights;    /* [rows] of the process, for the task's scores */
    double spread;
};
struct transfer {
    int n_tasks;
    struct transfer_task *task; /* [n_tasks] */
};

static bool is_left_out(const struct known_tasks *known, const bool *left_out, int t)
{
    return left_out && left_out[known->task[t].family];
}

static double deviation(const double *value, int n)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++)
        sum += value[i];
    for (int i = 0; i < n; i++)
        squares += (value[i] - sum / n) * (value[i] - sum / n);
    return n > 0 ? sqrt(squares / n) : 0;
}

enum err known_scores(const struct known_tasks *known, const bool *left_out, double *score,
                      double *spread)
{
    int n = known->n_shared;
    double *end = mem_alloc((size_t)n, sizeof *end);
    if (!end)
        return ERR_MEMORY;
    memset(score, 0, (size_t)known->n * (size_t)n * sizeof *score);
    for (int t = 0; t < known->n; t++, score += n) {
        spread[t] = 0;
        if (is_left_out(known, left_out, t))
            continue;
        for (int i = 0; i < n; i++)
            end[i] = known_log_error(&known->task[t], i, known->task[t].n_epochs);
        rank_normal(end, n, score);
        spread[t] = deviation(end, n);
    }
    mem_free(end);
    return ERR_OK;
}

/* Shared runs that a process takes. */
static int rows_of(const struct known_tasks *known)
{
    return known->n_shared < GP_ROWS_MAX ? known->n_shared : GP_ROWS_MAX;
}

/* From the axes of space_encode to those of gp_place: choices by their index. */
static void place(const struct known_tasks *known, const struct gp_kernel *kernel, double *x)
{
    const double *unit = known->task[0].unit;
    for (int i = 0; i < rows_of(known); i++)
        for (int d = 0; d < known->n_dims; d++, x++, unit++)
            *x = kernel->levels[d] > 0 ? (double)lround(*unit * (kernel->levels[d] - 1)) : *unit;
}

/* Rows x and the scores of tasks that are not left out, one after the other. Owner: caller,
 * mem_free of *x and *score, also after an error. */
static enum err prepare(const struct known_tasks *known, const bool *left_out,
                        const struct gp_kernel *kernel, double **x, double **score, double *spread,
                        int *n_kept)
{
    size_t n = (size_t)rows_of(known), n_shared = (size_t)known->n_shared;
    *x = mem_alloc(n, (size_t)known->n_dims * sizeof **x);
    *score = mem_alloc((size_t)known->n, n_shared * sizeof **score);
    *n_kept = 0;
    if (known->n == 0 || n == 0)
        return ERR_RANGE;
    if (!*x || !*score || known_scores(known, left_out, *score, spread) != ERR_OK)
        return ERR_MEMORY;
    place(known, kernel, *x);
    for (int t = 0; t < known->n; t++)
        if (!is_left_out(known, left_out, t))
            memmove(*score + (size_t)(*n_kept)++ * n, *score + (size_t)t * n_shared,
                    n * sizeof **score);
    return *n_kept > 0 ? ERR_OK : ERR_RANGE;
}

enum err transfer_tune(const struct known_tasks *known, const bool *left_out,
                       struct gp_kernel *axes, struct rng *rng)
{
    enum { DRAWS = 60, STEPS = 10 };
    double *x = NULL, *score = NULL, *spread = mem_alloc((size_t)known->n, sizeof *spread);
    int n_kept = 0;
    enum err err =
        spread ? prepare(known, left_out, axes, &x, &score, spread, &n_kept) : ERR_MEMORY;
    axes->variance = 1;
    axes->noise = 0.05;
    if (err == ERR_OK)
        err = gp_tune(axes, x, rows_of(known), score, n_kept, false, DRAWS, STEPS, rng);
    mem_free(x);
    mem_free(score);
    mem_free(spread);
    return err;
}

/* ---- processes --------------------------------------------------------------------------- */

static bool same_rows(const struct known_runs *a, const struct known_runs *b)
{
    return a->n == b->n && a->x == b->x;
}

/* Scores of all runs of one task, so that they are on one scale; then the process's weights. */
static enum err learn_task(const struct known_runs *runs, struct transfer_task *out)
{
    size_t n = (size_t)runs->n;
    double *score = mem_alloc(n, sizeof *score);
    out->weights = mem_alloc(n, sizeof *out->weights);
    if (score && out->weights) {
        rank_normal(runs->log_error, runs->n, score);
        gp_weights(out->process, score, 1, out->weights);
        out->spread = deviation(runs->log_error, runs->n);
    }
    enum err err = score && out->weights ? ERR_OK : ERR_MEMORY;
    mem_free(score);
    return err;
}

enum err transfer_of_runs(const struct gp_kernel *kernel, const struct known_runs *runs,
                          int n_tasks, struct transfer **out)
{
    struct transfer *t = mem_zero_alloc(1, sizeof *t);
    *out = NULL;
    if (!t)
        return ERR_MEMORY;
    t->task = mem_zero_alloc((size_t)n_tasks, sizeof *t->task);
    t->n_tasks = t->task ? n_tasks : 0;
    enum err err = t->task ? ERR_OK : ERR_MEMORY;
    for (int i = 0, last = -1; i < n_tasks && err == ERR_OK; i++) {
        if (runs[i].n == 0)
            continue;
        t->task[i].is_lent = last >= 0 && same_rows(&runs[i], &runs[last]);
        if (t->task[i].is_lent)
            t->task[i].process = t->task[last].process;
        else
            err = gp_new(kernel, runs[i].x, NULL, runs[i].n, &t->task[i].process);
        if (err == ERR_OK)
            err = learn_task(&runs[i], &t->task[i]);
        last = i;
    }
    if (err == ERR_OK)
        *out = t;
    else
        transfer_free(t);
    return err;
}

/* All tasks have the same rows here: the shared runs. */
enum err transfer_new(const struct known_tasks *known, const bool *left_out,
                      const struct gp_kernel *kernel, struct transfer **out)
{
    int rows = rows_of(known), n_kept = 0;
    *out = NULL;
    if (known->n == 0 || rows == 0)
        return ERR_RANGE;
    double *x = mem_alloc((size_t)rows, (size_t)known->n_dims * sizeof *x);
    double *log_error = mem_alloc((size_t)known->n, (size_t)rows * sizeof *log_error);
    struct known_runs *runs = mem_zero_alloc((size_t)known->n, sizeof *runs);
    enum err err = x && log_error && runs ? ERR_OK : ERR_MEMORY;
    if (err == ERR_OK)
        place(known, kernel, x);
    for (int t = 0; t < known->n && err == ERR_OK; t++) {
        double *end = log_error + (size_t)t * (size_t)rows;
        if (is_left_out(known, left_out, t))
            continue;
        for (int i = 0; i < rows; i++)
            end[i] = known_log_error(&known->task[t], i, known->task[t].n_epochs);
        runs[t] = (struct known_runs){rows, x, end};
        n_kept++;
    }
    if (err == ERR_OK)
        err = n_kept > 0 ? transfer_of_runs(kernel, runs, known->n, out) : ERR_RANGE;
    mem_free(x);
    mem_free(log_error);
    mem_free(runs);
    return err;
}

void transfer_free(struct transfer *t)
{
    if (!t)
        return;
    for (int i = 0; i < t->n_tasks; i++) {
        mem_free(t->task[i].weights);
        if (!t->task[i].is_lent)
            gp_free(t->task[i].process);
    }
    mem_free(t->task);
    mem_free(t);
}

enum err transfer_predict(const struct transfer *t, const double *x, int m, double *score)
{
    enum err err = ERR_OK;
    memset(score, 0, (size_t)t->n_tasks * (size_t)m * sizeof *score);
    for (int s = 0; s < t->n_tasks && err == ERR_OK; s++, score += m)
        if (t->task[s].process)
            err = gp_predict(t->task[s].process, t->task[s].weights, 1, x, m, score, NULL);
    return err;
}

enum err transfer_prior(const struct transfer *t, const double *weight, const double *x, int m,
                        double *prior)
{
    const double least = 0.01; /* of the weight: what is below changes nothing and takes time */
    double *score = mem_alloc((size_t)m, sizeof *score);
    enum err err = score ? ERR_OK : ERR_MEMORY;
    for (int i = 0; i < m; i++)
        prior[i] = 0;
    for (int s = 0; s < t->n_tasks && err == ERR_OK; s++) {
        if (!t->task[s].process || weight[s] < least)
            continue;
        err = gp_predict(t->task[s].process, t->task[s].weights, 1, x, m, score, NULL);
        for (int i = 0; i < m && err == ERR_OK; i++)
            prior[i] += weight[s] * score[i];
    }
    mem_free(score);
    return err;
}

double transfer_scale(const struct transfer *t, const double *weight)
{
    double sum = 0;
    for (int s = 0; s < t->n_tasks; s++)
        sum += weight[s] * t->task[s].spread;
    return sum;
}

/* transfer: what the results on known tasks say of configurations that were not tried there.
 *
 * What always holds: all tasks share rows and kernel, so one factorisation serves any number of
 * them; a left-out task's weights are 0 and its results are never read. Scores in place of errors
 * make tasks comparable and plateaus harmless (Salinas et al. 2020). Source: search design, 7. */
#include "tiller/knowledge.h"

#include <math.h>
#include <string.h>

struct transfer {
    struct gp *process;
    int n_tasks, n_rows;
    double *weights; /* [n_tasks x n_rows] of the process, for each task's scores */
    double *spread;  /* [n_tasks] */
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

/* Rows x and the scores of tasks that are not left out, one after the other (packed) or each in its
 * place. Owner: caller, mem_free of *x and *score, also after an error. */
static enum err prepare(const struct known_tasks *known, const bool *left_out,
                        const struct gp_kernel *kernel, bool packed, double **x, double **score,
                        double *spread, int *n_kept)
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
    for (int t = 0, at = 0; t < known->n; t++) {
        bool kept = !is_left_out(known, left_out, t);
        *n_kept += kept;
        if (packed && !kept)
            continue;
        memmove(*score + (size_t)at++ * n, *score + (size_t)t * n_shared, n * sizeof **score);
    }
    return *n_kept > 0 ? ERR_OK : ERR_RANGE;
}

enum err transfer_tune(const struct known_tasks *known, const bool *left_out,
                       struct gp_kernel *axes, struct rng *rng)
{
    enum { DRAWS = 60, STEPS = 10 };
    double *x = NULL, *score = NULL, *spread = mem_alloc((size_t)known->n, sizeof *spread);
    int n_kept = 0;
    enum err err =
        spread ? prepare(known, left_out, axes, true, &x, &score, spread, &n_kept) : ERR_MEMORY;
    axes->variance = 1;
    axes->noise = 0.05;
    if (err == ERR_OK)
        err = gp_tune(axes, x, rows_of(known), score, n_kept, false, DRAWS, STEPS, rng);
    mem_free(x);
    mem_free(score);
    mem_free(spread);
    return err;
}

enum err transfer_new(const struct known_tasks *known, const bool *left_out,
                      const struct gp_kernel *kernel, struct transfer **out)
{
    double *x = NULL;
    int n_kept = 0;
    struct transfer *t = mem_zero_alloc(1, sizeof *t);
    *out = NULL;
    if (!t)
        return ERR_MEMORY;
    t->n_tasks = known->n;
    t->n_rows = rows_of(known);
    t->spread = mem_alloc((size_t)known->n, sizeof *t->spread);
    enum err err =
        t->spread ? prepare(known, left_out, kernel, false, &x, &t->weights, t->spread, &n_kept)
                  : ERR_MEMORY;
    if (err == ERR_OK)
        err = gp_new(kernel, x, NULL, t->n_rows, &t->process);
    if (err == ERR_OK) {
        gp_weights(t->process, t->weights, t->n_tasks, t->weights);
        *out = t;
    } else {
        transfer_free(t);
    }
    mem_free(x);
    return err;
}

void transfer_free(struct transfer *t)
{
    if (!t)
        return;
    gp_free(t->process);
    mem_free(t->weights);
    mem_free(t->spread);
    mem_free(t);
}

enum err transfer_predict(const struct transfer *t, const double *x, int m, double *score)
{
    return gp_predict(t->process, t->weights, t->n_tasks, x, m, score, NULL);
}

double transfer_scale(const struct transfer *t, const double *weight)
{
    double sum = 0;
    for (int s = 0; s < t->n_tasks; s++)
        sum += weight[s] * t->spread[s];
    return sum;
}

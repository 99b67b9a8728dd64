/* transfer: what the results on known tasks say of configurations that were not tried there.
 *
 * What always holds: tasks with the same rows share one factorisation; a left-out task has no rows,
 * its results are never read. Scores in place of errors make tasks comparable and plateaus harmless
 * (Salinas et al. 2020). Source: search design, 7. */
#include "gp.h"
#include "tiller/knowledge.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum { POINTS_AT_ONCE = 256 };

struct transfer {
    struct gp_kernel kernel;
    int n_tasks, n_rows, width;
    double *scaled; /* [n_rows x width] rows of all tasks, those that are shared once */
    double *square; /* [n_rows] their squared lengths */
    double *weight; /* [n_rows x n_tasks] of a row in a task's process; 0: it has no such row */
    double *spread; /* [n_tasks] */
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

/* Weights of one task's rows: of its process, for the scores of all its runs, so that they are on
 * one scale. Tasks with the rows of the one before take its process. Owner of *process: caller. */
static enum err learn_task(const struct gp_kernel *kernel, const struct known_runs *runs,
                           bool is_like_last, struct gp **process, double *weight)
{
    enum err err = ERR_OK;
    if (!is_like_last) {
        gp_free(*process);
        err = gp_new(kernel, runs->x, NULL, runs->n, process);
    }
    if (err == ERR_OK) {
        rank_normal(runs->log_error, runs->n, weight);
        gp_weights(*process, weight, 1, weight);
    }
    return err;
}

static double *scaled_row(const struct transfer *t, int row)
{
    return t->scaled + (size_t)row * (size_t)t->width;
}

/* Puts a task's rows to those of all; row[i]: where its i-th is. The shared runs stand first in
 * every task: a row that the last task has at the same place is the same one. */
static void pool_rows(struct transfer *t, const struct known_runs *runs,
                      const struct known_runs *last, int *row)
{
    size_t dims = (size_t)t->kernel.n_dims;
    for (int i = 0; i < runs->n; i++) {
        const double *x = runs->x + (size_t)i * dims;
        if (last && i < last->n && memcmp(x, last->x + (size_t)i * dims, dims * sizeof *x) == 0)
            continue;
        row[i] = t->n_rows++;
        gp_scale(&t->kernel, x, 1, scaled_row(t, row[i]), t->square + row[i]);
    }
}

static enum err learn_tasks(struct transfer *t, const struct known_runs *runs, int *row,
                            double *weight)
{
    const struct known_runs *last = NULL;
    struct gp *process = NULL;
    enum err err = ERR_OK;
    for (int s = 0; s < t->n_tasks && err == ERR_OK; s++) {
        if (runs[s].n == 0)
            continue;
        int rows_before = t->n_rows;
        pool_rows(t, &runs[s], last, row);
        bool is_like_last = last && last->n == runs[s].n && t->n_rows == rows_before;
        err = learn_task(&t->kernel, &runs[s], is_like_last, &process, weight);
        for (int i = 0; i < runs[s].n && err == ERR_OK; i++)
            t->weight[(size_t)row[i] * (size_t)t->n_tasks + (size_t)s] = weight[i];
        t->spread[s] = deviation(runs[s].log_error, runs[s].n);
        last = &runs[s];
    }
    gp_free(process);
    return err;
}

static bool make_room(struct transfer *t, size_t rows)
{
    size_t tasks = (size_t)t->n_tasks;
    t->width = gp_width(&t->kernel);
    t->scaled = mem_alloc(rows, (size_t)t->width * sizeof *t->scaled);
    t->square = mem_alloc(rows, sizeof *t->square);
    t->weight = mem_zero_alloc(rows, tasks * sizeof *t->weight);
    t->spread = mem_zero_alloc(tasks, sizeof *t->spread);
    return t->scaled && t->square && t->weight && t->spread;
}

enum err transfer_of_runs(const struct gp_kernel *kernel, const struct known_runs *runs,
                          int n_tasks, struct transfer **out)
{
    size_t rows = 0;
    struct transfer *t = mem_zero_alloc(1, sizeof *t);
    *out = NULL;
    for (int s = 0; s < n_tasks; s++)
        rows += (size_t)runs[s].n;
    int *row = mem_alloc(rows, sizeof *row);
    double *weight = mem_alloc(rows, sizeof *weight);
    enum err err = t && row && weight ? ERR_OK : ERR_MEMORY;
    if (err == ERR_OK) {
        t->kernel = *kernel;
        t->n_tasks = n_tasks;
        err = make_room(t, rows) ? learn_tasks(t, runs, row, weight) : ERR_MEMORY;
    }
    mem_free(row);
    mem_free(weight);
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
    mem_free(t->scaled);
    mem_free(t->square);
    mem_free(t->weight);
    mem_free(t->spread);
    mem_free(t);
}

enum err transfer_predict(const struct transfer *t, const double *x, int m, double *score)
{
    int most = m < POINTS_AT_ONCE ? m : POINTS_AT_ONCE;
    size_t width = (size_t)t->width, rows = (size_t)t->n_rows;
    double *room = mem_alloc((size_t)most, (width + 1 + rows) * sizeof *room);
    if (!room)
        return ERR_MEMORY;
    double *square = room + (size_t)most * width, *cross = square + most;
    for (int i = 0; i < m; i += most) {
        int n = m - i < most ? m - i : most;
        gp_scale(&t->kernel, x + (size_t)i * (size_t)t->kernel.n_dims, n, room, square);
        gp_covariances(&t->kernel, room, square, n, t->scaled, t->square, t->n_rows, cross);
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasTrans, t->n_tasks, n, t->n_rows, 1, t->weight,
                    t->n_tasks, cross, t->n_rows, 0, score + i, m);
    }
    mem_free(room);
    return ERR_OK;
}

/* The weighted tasks as one process: the rows that count in it, and their weights. */
struct mixture {
    int n;
    double *scaled, *square, *weight; /* [n ...] */
};

static void mix(const struct transfer *t, const double *task_weight, struct mixture *out)
{
    const double least = 0.01; /* of a task's weight: what is below changes nothing */
    for (int row = 0; row < t->n_rows; row++) {
        double sum = 0;
        for (int s = 0; s < t->n_tasks; s++)
            if (task_weight[s] >= least)
                sum += task_weight[s] * t->weight[row * t->n_tasks + s];
        if (sum == 0)
            continue;
        memcpy(out->scaled + (size_t)out->n * (size_t)t->width, scaled_row(t, row),
               (size_t)t->width * sizeof *out->scaled);
        out->square[out->n] = t->square[row];
        out->weight[out->n++] = sum;
    }
}

enum err transfer_prior(const struct transfer *t, const double *weight, const double *x, int m,
                        double *prior)
{
    size_t rows = (size_t)t->n_rows, points = (size_t)m, width = (size_t)t->width;
    double *room = mem_alloc(rows * (width + 2) + points * (width + 1 + rows), sizeof *room);
    if (!room)
        return ERR_MEMORY;
    struct mixture mixture = {.scaled = room, .square = room + rows * width};
    mixture.weight = mixture.square + rows;
    double *scaled = mixture.weight + rows, *square = scaled + points * width;
    double *cross = square + points;
    mix(t, weight, &mixture);
    memset(prior, 0, points * sizeof *prior);
    if (mixture.n > 0) {
        gp_scale(&t->kernel, x, m, scaled, square);
        gp_covariances(&t->kernel, scaled, square, m, mixture.scaled, mixture.square, mixture.n,
                       cross);
        cblas_dgemv(CblasRowMajor, CblasNoTrans, m, mixture.n, 1, cross, mixture.n, mixture.weight,
                    1, 0, prior, 1);
    }
    mem_free(room);
    return ERR_OK;
}

double transfer_scale(const struct transfer *t, const double *weight)
{
    double sum = 0;
    for (int s = 0; s < t->n_tasks; s++)
        sum += weight[s] * t->spread[s];
    return sum;
}

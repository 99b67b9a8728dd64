/* twin: see twin.h.
 *
 * Inputs: the configuration on the unit axes, one input per task, ln e / ln R. Output: ln(y +
 * 0.002), standardised task by task, so that all tasks count alike. Epochs are taken where the
 * logarithm has gone on by a third of an octave and more; between them curves are straight in ln e.
 * A run that diverged has the error of a network that has learnt nothing from there on.
 * Source: search design, 3. */
#include "twin.h"

#include "tiller/net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRID_MAX = 24 };

struct twin {
    struct training *net[TWIN_MEMBERS];
    struct net_rows rows; /* those it was trained on, kept because the training lends them */
    float *x, *target;    /* of rows */
    int n_inputs, skip;
    double *mean, *sd; /* [n tasks] of log errors; sd 0: left out */
};

/* The epochs that are learnt from, from 1 to R. */
static int grid_of(int n_epochs, int grid[static GRID_MAX])
{
    int n = 0;
    for (double e = 1; e < n_epochs && n < GRID_MAX - 1; e = fmax(e + 1, e * 1.35))
        grid[n++] = (int)e;
    grid[n++] = n_epochs;
    return n;
}

static double log_error_at(const struct known_task *task, int run, int epoch)
{
    double y = task->error[(size_t)run * (size_t)task->n_epochs + (size_t)epoch - 1];
    return log((isfinite(y) ? y : task->majority_error) + 0.002);
}

static bool is_skipped(int run, int skip)
{
    return skip > 0 && run % skip == skip - 1;
}

static void put_input(const struct twin *twin, const struct known_set *set, int task,
                      const double *unit, int epoch, float *x)
{
    int d = set->space.n;
    memset(x, 0, (size_t)twin->n_inputs * sizeof *x);
    for (int i = 0; i < d; i++)
        x[i] = (float)(2 * unit[i] - 1);
    x[d + task] = 1;
    x[twin->n_inputs - 1] = (float)(2 * log(epoch) / log(set->task[task].n_epochs) - 1);
}

/* ---- learning ---------------------------------------------------------------------------- */

static void standardise(struct twin *twin, const struct known_set *set, int t)
{
    int grid[GRID_MAX], n_grid = grid_of(set->task[t].n_epochs, grid), n = 0;
    double sum = 0, squares = 0;
    for (int run = 0; run < set->task[t].n_runs; run++)
        for (int g = 0; g < n_grid && !is_skipped(run, twin->skip); g++, n++) {
            double v = log_error_at(&set->task[t], run, grid[g]);
            sum += v;
            squares += v * v;
        }
    twin->mean[t] = sum / n;
    twin->sd[t] = fmax(sqrt(fmax(squares / n - twin->mean[t] * twin->mean[t], 0)), 1e-3);
}

static int add_task(struct twin *twin, const struct known_set *set, int t, int n)
{
    const struct known_task *task = &set->task[t];
    int grid[GRID_MAX], n_grid = grid_of(task->n_epochs, grid);
    for (int run = 0; run < task->n_runs; run++)
        for (int g = 0; g < n_grid && !is_skipped(run, twin->skip); g++, n++) {
            const double *unit = task->unit + (size_t)run * (size_t)set->space.n;
            put_input(twin, set, t, unit, grid[g], twin->x + (size_t)n * (size_t)twin->n_inputs);
            twin->target[n] =
                (float)((log_error_at(task, run, grid[g]) - twin->mean[t]) / twin->sd[t]);
        }
    return n;
}

static enum err train(struct twin *twin, struct training **net, uint64_t rng_seed)
{
    struct net_config c = net_config_reference();
    c.num_layers = 2;
    c.units = 64;
    c.activation = NET_SILU;
    c.dropout = 0;
    c.optimizer = NET_ADAMW;
    c.learning_rate = 0.004;
    c.weight_decay = 0.1;
    c.batch_size = 32;
    c.schedule = NET_COSINE;
    c.schedule_epochs = TWIN_EPOCHS;
    c.rng_seed = rng_seed;
    enum err err = net_new(&c, &twin->rows, net, NULL);
    while (err == ERR_OK && net_epochs_done(*net) < TWIN_EPOCHS) {
        bool done;
        err = net_train_slice(*net, 1 << 20, &done);
    }
    return err;
}

enum err twin_new(const struct known_set *set, const bool *left_out, int skip, uint64_t rng_seed,
                  struct twin **out)
{
    struct twin *twin = mem_zero_alloc(1, sizeof *twin);
    *out = NULL;
    if (!twin)
        return ERR_MEMORY;
    size_t room = 0;
    for (int t = 0; t < set->known.n; t++)
        room += (size_t)set->task[t].n_runs * GRID_MAX;
    twin->skip = skip;
    twin->n_inputs = set->space.n + set->known.n + 1;
    twin->x = mem_alloc(room, (size_t)twin->n_inputs * sizeof *twin->x);
    twin->target = mem_alloc(room, sizeof *twin->target);
    twin->mean = mem_zero_alloc((size_t)set->known.n, sizeof *twin->mean);
    twin->sd = mem_zero_alloc((size_t)set->known.n, sizeof *twin->sd);
    enum err err = twin->x && twin->target && twin->mean && twin->sd ? ERR_OK : ERR_MEMORY;
    int n = 0;
    for (int t = 0; t < set->known.n && err == ERR_OK; t++)
        if (!left_out || !left_out[set->task[t].family]) {
            standardise(twin, set, t);
            n = add_task(twin, set, t, n);
        }
    twin->rows = (struct net_rows){.n_rows = n,
                                   .n_inputs = twin->n_inputs,
                                   .x = twin->x,
                                   .target = twin->target,
                                   .target_scale = 1};
    if (err == ERR_OK && n == 0)
        err = ERR_RANGE;
    for (int k = 0; k < TWIN_MEMBERS && err == ERR_OK; k++)
        err = train(twin, &twin->net[k], rng_seed + (uint64_t)k);
    if (err == ERR_OK)
        *out = twin;
    else
        twin_free(twin);
    return err;
}

void twin_free(struct twin *twin)
{
    if (!twin)
        return;
    for (int k = 0; k < TWIN_MEMBERS; k++)
        net_free(twin->net[k]);
    mem_free(twin->x);
    mem_free(twin->target);
    mem_free(twin->mean);
    mem_free(twin->sd);
    mem_free(twin);
}

/* ---- asking ------------------------------------------------------------------------------ */

/* Log errors at m inputs: the members' mean. */
static enum err ask(struct twin *twin, int task, const float *x, int m, float *out)
{
    float one[GRID_MAX];
    enum err err = ERR_OK;
    for (int i = 0; i < m; i++)
        out[i] = (float)twin->mean[task];
    for (int k = 0; k < TWIN_MEMBERS && err == ERR_OK; k++) {
        err = net_predict(twin->net[k], x, m, one);
        for (int i = 0; i < m; i++)
            out[i] += (float)(twin->sd[task] / TWIN_MEMBERS) * one[i];
    }
    return err;
}

/* From the grid's epochs to all. */
static void interpolate(const float *at, const int *grid, int n_grid, int n_epochs, float *curve)
{
    for (int e = 1, g = 0; e <= n_epochs; e++) {
        while (g + 2 < n_grid && grid[g + 1] < e)
            g++;
        double share =
            n_grid > 1 ? log((double)e / grid[g]) / log((double)grid[g + 1] / grid[g]) : 0;
        curve[e - 1] = n_grid > 1 ? (float)(at[g] + share * (at[g + 1] - at[g])) : at[0];
    }
}

enum err twin_curves(struct twin *twin, const struct known_set *set, int task, const double *unit,
                     int m, float *curve)
{
    int grid[GRID_MAX], r = set->task[task].n_epochs, n_grid = grid_of(r, grid);
    float at[GRID_MAX], *x = mem_alloc((size_t)n_grid * (size_t)twin->n_inputs, sizeof *x);
    enum err err = x ? ERR_OK : ERR_MEMORY;
    for (int i = 0; i < m && err == ERR_OK; i++) {
        for (int g = 0; g < n_grid; g++)
            put_input(twin, set, task, unit + (size_t)i * (size_t)set->space.n, grid[g],
                      x + (size_t)g * (size_t)twin->n_inputs);
        err = ask(twin, task, x, n_grid, at);
        interpolate(at, grid, n_grid, r, curve + (size_t)i * (size_t)r);
    }
    mem_free(x);
    return err;
}

/* ---- judging ----------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double rank_correlation(const double *a, const double *b, int n, double *room)
{
    double product = 0, square_a = 0, square_b = 0;
    rank_normal(a, n, room);
    rank_normal(b, n, room + n);
    for (int i = 0; i < n; i++) {
        product += room[i] * room[n + i];
        square_a += room[i] * room[i];
        square_b += room[n + i] * room[n + i];
    }
    return product / fmax(sqrt(square_a * square_b), 1e-12);
}

/* How well anything can correlate with values of such noise. */
static double most_possible(const double *value, int n, double noise)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++)
        sum += value[i];
    for (int i = 0; i < n; i++)
        squares += (value[i] - sum / n) * (value[i] - sum / n);
    return sqrt(fmax(1 - noise * noise * n / fmax(squares, 1e-12), 0.25));
}

enum err twin_check(struct twin *twin, const struct known_set *set, int task,
                    struct twin_quality *out)
{
    const struct known_task *known = &set->task[task];
    int n = 0, r = known->n_epochs;
    size_t runs = (size_t)known->n_runs;
    double *said = mem_alloc(runs, 5 * sizeof *said);
    float *curve = mem_alloc((size_t)r, sizeof *curve);
    enum err err = said && curve ? ERR_OK : ERR_MEMORY;
    double *came = said + runs, *off = came + runs;
    for (int run = 0; run < known->n_runs && err == ERR_OK; run++) {
        if (!is_skipped(run, twin->skip))
            continue;
        err = twin_curves(twin, set, task, known->unit + (size_t)run * (size_t)set->space.n, 1,
                          curve);
        double least = (double)INFINITY;
        for (int e = 0; e < r; e++)
            least = fmin(least, (double)curve[e]);
        said[n] = least;
        came[n] = known_log_error(known, run, r);
        off[n] = fabs(said[n] - came[n]);
        n++;
    }
    *out = (struct twin_quality){0};
    if (err == ERR_OK && n > 2) {
        qsort(off, (size_t)n, sizeof *off, compare);
        out->residual = off[n / 2];
        out->spearman = rank_correlation(said, came, n, off + runs);
        double best = most_possible(came, n, set->noise[task]);
        out->accepted = out->spearman >= 0.85 * best &&
                        (set->noise[task] <= 0 || out->residual <= 2 * set->noise[task]);
    }
    mem_free(said);
    mem_free(curve);
    return err;
}

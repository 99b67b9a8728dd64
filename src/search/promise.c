/* promise: what may be expected of configurations on the new task, from the known tasks' scores and
 * its own results (search design, 7), and which one is worth its epochs most.
 *
 * Expected improvement is divided by expected epochs. A stopped run is a configuration like any
 * other, of which part of the epochs are spent already (freeze-thaw, Swersky et al. 2014). */
#include "insight.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEAR_POINTS = 60, NEAR_BEST = 3, BY_PRIOR = 200, FROM_ALL_OVER = 120, CHECKED = 40 };
static const double near_spread = 0.1;

/* A fixed point with its prior. */
struct ranked {
    int point;
    double prior;
};

struct work {
    struct insight *in;
    const struct search_context *context;
    struct surrogate *surrogate;
    int n_rows, n_points;                                   /* results and what runs; points */
    double *x, *log_error, *sd, *prior;                     /* [n_rows ...] */
    struct configuration *near;                             /* [NEAR_POINTS] */
    const struct configuration **config;                    /* [n_points] */
    struct ranked *ranked;                                  /* [in->n_points] */
    const struct trial **stopped;                           /* [n_rows] */
    double *point_x, *point_prior, *mean, *variance, *rate; /* [n_points ...] */
    double best, *room;
};

/* ---- evidence ------------------------------------------------------------------------------ */

static void put_row(struct work *w, const struct trial *t, double log_error, double sd)
{
    const struct insight *in = w->in;
    const double *z = in->run_z + (size_t)t->number * (size_t)in->n_tasks;
    int i = w->n_rows++;
    memcpy(w->x + i * in->n_dims, in->run_x + (size_t)t->number * (size_t)in->n_dims,
           (size_t)in->n_dims * sizeof *w->x);
    w->log_error[i] = log_error;
    w->sd[i] = sd;
    w->prior[i] = 0;
    for (int s = 0; s < in->n_tasks; s++)
        w->prior[i] += in->weight[s] * z[s];
}

/* Results; and what still runs as an average result, so that it is not tried twice. */
static void gather_rows(struct work *w)
{
    const struct insight *in = w->in;
    const struct study *study = w->context->study;
    double mean = 0;
    for (int i = 0; i < in->n; i++) {
        put_row(w, in->result[i].trial, in->log_error[i], in->sd[i]);
        mean += in->log_error[i] / in->n;
    }
    for (size_t i = 0; i < in->runs_known; i++)
        if (study->trials[i].state == TRIAL_RUNNING)
            put_row(w, &study->trials[i], mean, 0);
}

/* ---- points -------------------------------------------------------------------------------- */

/* The best known results, in order. */
static int best_results(const struct work *w, const struct trial **best)
{
    const struct insight *in = w->in;
    int n = 0;
    double error[NEAR_BEST + 1];
    for (int i = 0; i < in->n; i++) {
        int k = n < NEAR_BEST ? n++ : NEAR_BEST;
        for (; k > 0 && in->log_error[i] < error[k - 1]; k--) {
            error[k] = error[k - 1];
            if (k < NEAR_BEST)
                best[k] = best[k - 1];
        }
        error[k] = in->log_error[i];
        if (k < NEAR_BEST)
            best[k] = in->result[i].trial;
    }
    return n;
}

static enum err draw_near(struct work *w, int first, struct rng *rng)
{
    struct insight *in = w->in;
    const struct space *space = &w->context->study->space;
    const struct trial *best[NEAR_BEST];
    int n = best_results(w, best);
    for (int i = 0; i < NEAR_POINTS && n > 0; i++) {
        const struct configuration *from = &best[i % n]->config;
        if (!move_local(space, from, near_spread, rng, &w->near[i]))
            space_sample(space, rng, &w->near[i]);
        insight_place(in, &w->near[i], w->point_x + (first + i) * in->n_dims);
    }
    return transfer_prior(in->transfer, in->weight, w->point_x + first * in->n_dims, NEAR_POINTS,
                          w->point_prior + first);
}

/* Prior of all fixed points, and those that are worth a closer look: the best by the prior, and
 * some from all over the space. */
static int by_prior(const void *a, const void *b)
{
    const struct ranked *first = a, *second = b;
    return first->prior < second->prior ? -1 : first->prior > second->prior;
}

static void shortlist(struct work *w)
{
    const struct insight *in = w->in;
    const int every = in->n_points / FROM_ALL_OVER + 1;
    struct ranked *all = w->ranked;
    for (int i = 0; i < in->n_points; i++)
        all[i] = (struct ranked){i, 0};
    for (int s = 0; s < in->n_tasks; s++) {
        const double *z = in->point_z + (size_t)s * (size_t)in->n_points;
        for (int i = 0; in->weight[s] > 0.001 && i < in->n_points; i++)
            all[i].prior += in->weight[s] * z[i];
    }
    qsort(all, (size_t)in->n_points, sizeof *all, by_prior);
    for (int i = 0; i < in->n_points; i++) {
        if (i >= BY_PRIOR && i % every != 0)
            continue;
        memcpy(w->point_x + w->n_points * in->n_dims, in->point_x + all[i].point * in->n_dims,
               (size_t)in->n_dims * sizeof *w->point_x);
        w->point_prior[w->n_points] = all[i].prior;
        w->config[w->n_points++] = &in->point[all[i].point];
    }
}

static enum err gather_points(struct work *w, struct rng *rng)
{
    shortlist(w);
    int first = w->n_points;
    w->n_points += NEAR_POINTS;
    for (int i = 0; i < NEAR_POINTS; i++)
        w->config[first + i] = &w->near[i];
    return draw_near(w, first, rng);
}

/* ---- worth --------------------------------------------------------------------------------- */

/* Share of a full training that a run takes which does not get better than the best. */
static double share_of_losers(const struct work *w)
{
    double sum = 0.5, n = 1; /* as if one had taken half of it */
    for (int i = 0; i < w->in->n; i++)
        if (w->in->sd[i] > 0) {
            sum += (double)w->in->result[i].trial->n_epochs / w->context->full_epochs;
            n++;
        }
    return sum / n;
}

static enum err judge(struct work *w)
{
    double losers = share_of_losers(w);
    enum err err = surrogate_predict(w->surrogate, w->point_x, w->point_prior, w->n_points, w->mean,
                                     w->variance);
    w->best = surrogate_best(w->surrogate);
    for (int i = 0; i < w->n_points && err == ERR_OK; i++) {
        double win;
        w->rate[i] = surrogate_worth(w->mean[i], w->variance[i], w->best, 1, losers, &win);
    }
    return err;
}

/* The one from first on with the highest rate that was not tried; a run that stands there already
 * is no new one. */
static void choose(struct work *w, int first, struct promise *out)
{
    int best = first;
    double win;
    for (int tries = 0; tries < CHECKED; tries++) {
        best = first;
        for (int i = first + 1; i < w->n_points; i++)
            if (w->rate[i] > w->rate[best])
                best = i;
        if (!search_tried(w->context->study, w->config[best]))
            break;
        w->rate[best] = -1;
    }
    surrogate_worth(w->mean[best], w->variance[best], w->best, 1, 1, &win);
    *out = (struct promise){.config = *w->config[best], .win = win, .rate = w->rate[best]};
}

static bool may_thaw(const struct work *w, const struct trial *t)
{
    return t->state == TRIAL_PRUNED && search_may_go_on(t, w->context->full_epochs) &&
           search_is_kept(w->context, t->number);
}

/* Stopped runs are points, too, in place of the new ones; of their epochs part is spent already. */
static enum err choose_thaw(struct work *w, struct promise *out)
{
    const struct insight *in = w->in;
    const struct trial **stopped = w->stopped;
    int full = w->context->full_epochs, n = 0;
    *out = (struct promise){.rate = -1};
    for (int i = 0; i < in->n; i++) {
        if (!may_thaw(w, in->result[i].trial))
            continue;
        memcpy(w->point_x + n * in->n_dims, w->x + i * in->n_dims,
               (size_t)in->n_dims * sizeof *w->x);
        w->point_prior[n] = w->prior[i];
        stopped[n++] = in->result[i].trial;
    }
    enum err err =
        surrogate_predict(w->surrogate, w->point_x, w->point_prior, n, w->mean, w->variance);
    for (int i = 0; i < n && err == ERR_OK; i++) {
        const struct trial *t = stopped[i];
        double left = 1 - (double)t->curve[t->n_epochs - 1].step / full;
        double win, rate = surrogate_worth(w->mean[i], w->variance[i], w->best, left, 0.5, &win);
        if (rate > out->rate)
            *out = (struct promise){.config = t->config, .thaw = t, .win = win, .rate = rate};
    }
    return err;
}

/* ---- all together -------------------------------------------------------------------------- */

static double *take(double **room, size_t n)
{
    double *taken = *room;
    *room += n;
    return taken;
}

static bool make_room(struct work *w)
{
    size_t rows = w->in->runs_known + 1, dims = (size_t)w->in->n_dims;
    size_t points = (size_t)w->in->n_points + NEAR_POINTS + rows;
    w->near = mem_alloc(NEAR_POINTS, sizeof *w->near);
    w->config = mem_alloc(points, sizeof(struct configuration *));
    w->stopped = mem_alloc(rows, sizeof(struct trial *));
    w->ranked = mem_alloc(points, sizeof *w->ranked);
    w->room = mem_alloc(rows * (dims + 3) + points * (dims + 4), sizeof *w->room);
    if (!w->near || !w->room || !w->config || !w->ranked || !w->stopped)
        return false;
    double *room = w->room;
    w->x = take(&room, rows * dims);
    w->log_error = take(&room, rows);
    w->sd = take(&room, rows);
    w->prior = take(&room, rows);
    w->point_x = take(&room, points * dims);
    w->point_prior = take(&room, points);
    w->mean = take(&room, points);
    w->variance = take(&room, points);
    w->rate = take(&room, points);
    return true;
}

enum err insight_promise(struct insight *in, const struct search_context *context, struct rng *rng,
                         struct promise *fresh, struct promise *near, struct promise *thaw)
{
    struct work w = {.in = in, .context = context};
    struct gp_kernel kernel = insight_own_kernel(in);
    enum err err = make_room(&w) ? ERR_OK : ERR_MEMORY;
    if (err == ERR_OK) {
        gather_rows(&w);
        struct evidence e = {w.n_rows, w.x, w.log_error, w.sd, w.prior};
        err = surrogate_new(&kernel, &e, transfer_scale(in->transfer, in->weight), &w.surrogate);
    }
    if (err == ERR_OK)
        err = gather_points(&w, rng);
    if (err == ERR_OK)
        err = judge(&w);
    if (err == ERR_OK) {
        choose(&w, 0, fresh);
        choose(&w, w.n_points - NEAR_POINTS, near);
        err = choose_thaw(&w, thaw);
    }
    surrogate_free(w.surrogate);
    mem_free(w.near);
    mem_free(w.config);
    mem_free(w.ranked);
    mem_free(w.stopped);
    mem_free(w.room);
    return err;
}

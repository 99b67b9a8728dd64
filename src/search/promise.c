/* promise: what may be expected of configurations on the new task, from the known tasks' scores and
 * its own results (search design, 7), and which one is worth its epochs most.
 *
 * Expected improvement is divided by expected epochs. A stopped run is a configuration like any
 * other, of which part of the epochs are spent already (freeze-thaw, Swersky et al. 2014).
 *
 * Variances take most of the time, and what is expected rises with them: only those candidates get
 * theirs that could be the best with the largest one that they may have. */
#include "insight.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    NEAR_POINTS = 60,
    NEAR_BEST = 3,
    BY_PRIOR = 200,
    FROM_ALL_OVER = 120,
    CHECKED = 40,
    AT_ONCE = 16
};
static const double near_spread = 0.1;

/* A fixed point with its prior. */
struct ranked {
    int point;
    double prior;
};

struct candidate {
    const struct configuration *config;
    const struct trial *stopped; /* NULL: a new run */
    double left, losers;         /* as surrogate_worth takes them */
    double win, rate;            /* what they are at most until it is judged */
    bool is_judged;
};

struct work {
    struct insight *in;
    const struct search_context *context;
    struct surrogate *surrogate;
    int n_rows;                                  /* results and what runs */
    int n_new, n;                                /* candidates: new ones, with the stopped runs */
    double *x, *log_error, *sd, *prior;          /* [n_rows ...] */
    struct configuration *near;                  /* [NEAR_POINTS] */
    struct ranked *ranked;                       /* [in->n_points] */
    struct candidate *candidate;                 /* [n] */
    double *point_x, *point_prior, *mean, *most; /* [n ...] */
    double *room;
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

/* ---- candidates --------------------------------------------------------------------------------
 */

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

/* Returns where its place is to be written. */
static double *add(struct work *w, struct candidate c, double prior)
{
    w->candidate[w->n] = c;
    w->point_prior[w->n] = prior;
    return w->point_x + w->n++ * w->in->n_dims;
}

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

static struct candidate new_run(const struct configuration *c, double losers)
{
    return (struct candidate){.config = c, .left = 1, .losers = losers};
}

static enum err add_near(struct work *w, double losers, struct rng *rng)
{
    struct insight *in = w->in;
    const struct space *space = &w->context->study->space;
    const struct trial *best[NEAR_BEST];
    int n = best_results(w, best), first = w->n;
    for (int i = 0; i < NEAR_POINTS && n > 0; i++) {
        const struct configuration *from = &best[i % n]->config;
        if (!move_local(space, from, near_spread, rng, &w->near[i]))
            space_sample(space, rng, &w->near[i]);
        insight_place(in, &w->near[i], add(w, new_run(&w->near[i], losers), 0));
    }
    return transfer_prior(in->transfer, in->weight, w->point_x + first * in->n_dims, w->n - first,
                          w->point_prior + first);
}

/* Prior of all fixed points, and those that are worth a closer look: the best by the prior, and
 * some from all over the space. */
static int by_prior(const void *a, const void *b)
{
    const struct ranked *first = a, *second = b;
    return first->prior < second->prior ? -1 : first->prior > second->prior;
}

static void add_fixed(struct work *w, double losers)
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
        const struct configuration *config = &in->point[all[i].point];
        memcpy(add(w, new_run(config, losers), all[i].prior),
               in->point_x + all[i].point * in->n_dims, (size_t)in->n_dims * sizeof *w->point_x);
    }
}

static bool may_thaw(const struct work *w, const struct trial *t)
{
    return t->state == TRIAL_PRUNED && search_may_go_on(t, w->context->full_epochs) &&
           search_is_kept(w->context, t->number);
}

/* Stopped runs: of their epochs part is spent already. */
static void add_stopped(struct work *w)
{
    const struct insight *in = w->in;
    int full = w->context->full_epochs;
    for (int i = 0; i < in->n; i++) {
        const struct trial *t = in->result[i].trial;
        if (!may_thaw(w, t))
            continue;
        double left = 1 - (double)t->curve[t->n_epochs - 1].step / full;
        struct candidate c = {.config = &t->config, .stopped = t, .left = left, .losers = 0.5};
        memcpy(add(w, c, w->prior[i]), w->x + i * in->n_dims, (size_t)in->n_dims * sizeof *w->x);
    }
}

static enum err gather_candidates(struct work *w, struct rng *rng)
{
    double losers = share_of_losers(w);
    add_fixed(w, losers);
    enum err err = add_near(w, losers, rng);
    w->n_new = w->n;
    add_stopped(w);
    return err;
}

/* ---- worth --------------------------------------------------------------------------------- */

static void rate(const struct work *w, int i, double mean, double variance)
{
    struct candidate *c = &w->candidate[i];
    c->rate =
        surrogate_worth(mean, variance, surrogate_best(w->surrogate), c->left, c->losers, &c->win);
}

/* What can be expected of each at most. */
static enum err rate_all(struct work *w)
{
    enum err err =
        surrogate_glance(w->surrogate, w->point_x, w->point_prior, w->n, w->mean, w->most);
    for (int i = 0; i < w->n && err == ERR_OK; i++)
        rate(w, i, w->mean[i], w->most[i]);
    return err;
}

/* The one of from .. to-1 with the highest rate; -1: there is none. */
static int highest(const struct work *w, int from, int to, bool judged_too)
{
    int best = -1;
    for (int i = from; i < to; i++)
        if ((judged_too || !w->candidate[i].is_judged) &&
            (best < 0 || w->candidate[i].rate > w->candidate[best].rate))
            best = i;
    return best;
}

/* Judges the next few of them of which most may be expected. */
static enum err judge_some(struct work *w, int from, int to)
{
    double prior[AT_ONCE], mean[AT_ONCE], variance[AT_ONCE], x[AT_ONCE * SPACE_MAX];
    int at[AT_ONCE], n = 0, dims = w->in->n_dims;
    for (int i; n < AT_ONCE && (i = highest(w, from, to, false)) >= 0; n++) {
        memcpy(x + n * dims, w->point_x + i * dims, (size_t)dims * sizeof *x);
        prior[n] = w->point_prior[i];
        w->candidate[i].is_judged = true;
        at[n] = i;
    }
    enum err err = surrogate_predict(w->surrogate, x, prior, n, mean, variance);
    for (int k = 0; k < n && err == ERR_OK; k++)
        rate(w, at[k], mean[k], variance[k]);
    return err;
}

/* The one with the highest rate. A new run that stands in the study already is none. */
static enum err choose(struct work *w, int from, int to, struct promise *out)
{
    enum err err = ERR_OK;
    *out = (struct promise){.rate = -1};
    for (int i, tries = 0; tries < CHECKED && (i = highest(w, from, to, true)) >= 0;) {
        struct candidate *c = &w->candidate[i];
        if (!c->is_judged) {
            err = judge_some(w, from, to);
            if (err != ERR_OK)
                break;
            continue;
        }
        *out = (struct promise){*c->config, c->stopped, c->win, c->rate};
        if (c->stopped || !search_tried(w->context->study, c->config))
            break;
        out->rate = c->rate = -1;
        tries++;
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
    w->candidate = mem_alloc(points, sizeof *w->candidate);
    w->ranked = mem_alloc(points, sizeof *w->ranked);
    w->room = mem_alloc(rows * (dims + 3) + points * (dims + 3), sizeof *w->room);
    if (!w->near || !w->room || !w->candidate || !w->ranked)
        return false;
    double *room = w->room;
    w->x = take(&room, rows * dims);
    w->log_error = take(&room, rows);
    w->sd = take(&room, rows);
    w->prior = take(&room, rows);
    w->point_x = take(&room, points * dims);
    w->point_prior = take(&room, points);
    w->mean = take(&room, points);
    w->most = take(&room, points);
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
        err = gather_candidates(&w, rng);
    if (err == ERR_OK)
        err = rate_all(&w);
    if (err == ERR_OK)
        err = choose(&w, 0, w.n_new, fresh);
    if (err == ERR_OK)
        err = choose(&w, w.n_new - NEAR_POINTS, w.n_new, near);
    if (err == ERR_OK)
        err = choose(&w, w.n_new, w.n, thaw);
    surrogate_free(w.surrogate);
    mem_free(w.near);
    mem_free(w.candidate);
    mem_free(w.ranked);
    mem_free(w.room);
    return err;
}

/* gp: Bayesian optimisation with a Gaussian process and expected improvement (Jones, Schonlau &
 * Welch 1998; Snoek, Larochelle & Adams 2012), without knowledge of other tasks.
 *
 * Targets are ranks as normal scores, because errors of networks have plateaus and long tails; with
 * very few results they are standardised logarithms. A trial that still runs counts as an average
 * result, so that two workers do not try the same place (a "constant liar", Ginsbourger et al.
 * 2010).
 */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_RUNS = 10,  /* random ones */
    RANKS_FROM = 8,   /* results */
    ROWS_MAX = 200,   /* of more results the best half of these and the newest ones count */
    TUNED_ROWS = 100, /* length scales follow from so many of them, evenly over the ranks */
    TUNE_RANDOM = 10, /* draws, then steps uphill */
    TUNE_STEPS = 20,
    RANDOM_POINTS = 1000,
    NEAR_POINTS = 60, /* around the best NEAR_BEST results */
    NEAR_BEST = 3,
    CANDIDATES = RANDOM_POINTS + NEAR_POINTS
};
static const double near_spread = 0.1;

struct work {
    const struct study *study;
    struct search_result *result;    /* the best first */
    struct configuration *candidate; /* [CANDIDATES] */
    double *room;                    /* what follows points into it */
    int n, n_rows, n_dims;           /* results; these and what runs */
    double *x, *y, *weights;         /* [n_rows x n_dims], [n_rows], [n_rows] */
    double *tuned_x, *tuned_y;       /* [TUNED_ROWS x n_dims], [TUNED_ROWS] */
    double *place;                   /* [CANDIDATES x n_dims] */
    double *mean, *variance;         /* [CANDIDATES] */
};

/* ---- rows and targets -------------------------------------------------------------------- */

static int newest_first(const void *first, const void *second)
{
    const struct search_result *a = first, *b = second;
    return a->trial->number > b->trial->number ? -1 : a->trial->number < b->trial->number;
}

/* Results in order, at most ROWS_MAX of them. */
static void thin(struct work *w)
{
    const int half = ROWS_MAX / 2;
    qsort(w->result, (size_t)w->n, sizeof *w->result, search_compare_results);
    if (w->n <= ROWS_MAX)
        return;
    qsort(w->result + half, (size_t)(w->n - half), sizeof *w->result, newest_first);
    w->n = ROWS_MAX;
    qsort(w->result, (size_t)w->n, sizeof *w->result, search_compare_results);
}

/* (ln error - mean) / sd; what diverged is as bad as the worst. */
static void standardise(const struct work *w, double *y)
{
    double worst = -(double)INFINITY, mean = 0, square = 0;
    for (int i = 0; i < w->n; i++)
        if (isfinite(w->result[i].value))
            worst = fmax(worst, w->result[i].value);
    for (int i = 0; i < w->n; i++) {
        double value = fmin(w->result[i].value, isfinite(worst) ? worst : 1);
        y[i] = log(fmax(value, 0) + 0.002);
        mean += y[i] / w->n;
    }
    for (int i = 0; i < w->n; i++)
        square += (y[i] - mean) * (y[i] - mean) / w->n;
    for (int i = 0; i < w->n; i++)
        y[i] = (y[i] - mean) / sqrt(square + 1e-12);
}

static void find_targets(struct work *w)
{
    if (w->n < RANKS_FROM) {
        standardise(w, w->y);
    } else {
        for (int i = 0; i < w->n; i++)
            w->weights[i] = w->result[i].value;
        rank_normal(w->weights, w->n, w->y);
    }
    for (int i = w->n; i < w->n_rows; i++)
        w->y[i] = 0;
}

static void find_rows(struct work *w)
{
    const struct space *space = &w->study->space;
    double *x = w->x;
    for (int i = 0; i < w->n; i++, x += w->n_dims)
        gp_place(space, &w->result[i].trial->config, x);
    w->n_rows = w->n;
    for (size_t i = 0; i < w->study->n_trials && w->n_rows < GP_ROWS_MAX; i++)
        if (w->study->trials[i].state == TRIAL_RUNNING) {
            gp_place(space, &w->study->trials[i].config, x);
            x += w->n_dims;
            w->n_rows++;
        }
}

static enum err tune(struct work *w, struct rng *rng, struct gp_kernel *kernel)
{
    int n = w->n < TUNED_ROWS ? w->n : TUNED_ROWS;
    size_t row = (size_t)w->n_dims;
    for (int i = 0; i < n; i++) {
        size_t from = (size_t)(i * w->n / n);
        memcpy(w->tuned_x + (size_t)i * row, w->x + from * row, row * sizeof *w->x);
        w->tuned_y[i] = w->y[from];
    }
    gp_axes(&w->study->space, kernel);
    return gp_tune(kernel, w->tuned_x, n, w->tuned_y, 1, true, TUNE_RANDOM, TUNE_STEPS, rng);
}

/* ---- candidates -------------------------------------------------------------------------- */

/* Held ones as samplers leave them, also around a person's trial. */
static void hold(const struct space *space, struct configuration *c)
{
    for (int i = 0; i < space->n; i++)
        if (space->h[i].held)
            c->value[i] = space->h[i].fallback;
    space_tidy(space, c);
}

static void draw_candidates(struct work *w, struct rng *rng)
{
    const struct space *space = &w->study->space;
    for (int k = 0; k < CANDIDATES; k++) {
        struct configuration *c = &w->candidate[k];
        const struct search_result *near = &w->result[k % NEAR_BEST];
        if (k < RANDOM_POINTS || !move_local(space, &near->trial->config, near_spread, rng, c))
            space_sample(space, rng, c);
        hold(space, c);
        gp_place(space, c, w->place + (size_t)k * (size_t)w->n_dims);
    }
}

struct choice {
    int candidate;
    double gain, mean, sd; /* expected improvement, in standard deviations of the targets */
};

/* The largest expected improvement among those that were not tried. */
static struct choice choose(struct work *w, double best)
{
    struct choice c = {0};
    for (int tries = 0; tries < 20; tries++) {
        c.gain = -1;
        for (int k = 0; k < CANDIDATES; k++) {
            double sd = sqrt(w->variance[k]);
            double gain = w->variance[k] < 0 ? -1 : gp_expected_improvement(w->mean[k], sd, best);
            if (gain > c.gain)
                c = (struct choice){k, gain, w->mean[k], sd};
        }
        if (!search_tried(w->study, &w->candidate[c.candidate]))
            break;
        w->variance[c.candidate] = -1; /* out of the race */
    }
    return c;
}

/* ---- the proposal ------------------------------------------------------------------------ */

static double *take(double **room, size_t n)
{
    double *taken = *room;
    *room += n;
    return taken;
}

static bool make_room(struct work *w)
{
    size_t dims = (size_t)w->n_dims, rows = (size_t)w->n;
    for (size_t i = 0; i < w->study->n_trials; i++)
        rows += w->study->trials[i].state == TRIAL_RUNNING;
    size_t n = rows * (dims + 2) + TUNED_ROWS * (dims + 1) + CANDIDATES * (dims + 2);
    w->candidate = mem_alloc(CANDIDATES, sizeof *w->candidate);
    w->room = mem_alloc(n, sizeof *w->room);
    if (!w->room || !w->candidate)
        return false;
    double *room = w->room;
    w->x = take(&room, rows * dims);
    w->y = take(&room, rows);
    w->weights = take(&room, rows);
    w->tuned_x = take(&room, TUNED_ROWS * dims);
    w->tuned_y = take(&room, TUNED_ROWS);
    w->place = take(&room, CANDIDATES * dims);
    w->mean = take(&room, CANDIDATES);
    w->variance = take(&room, CANDIDATES);
    return true;
}

/* The lowest mean where something was tried: noise has no part in it. */
static enum err find_best(struct work *w, const struct gp *gp, double *best)
{
    enum err err = gp_predict(gp, w->weights, 1, w->x, w->n, w->mean, NULL);
    *best = (double)INFINITY;
    for (int i = 0; i < w->n && err == ERR_OK; i++)
        *best = fmin(*best, w->mean[i]);
    return err;
}

static enum err consider(struct work *w, struct rng *rng, struct choice *out)
{
    struct gp_kernel kernel;
    struct gp *gp = NULL;
    double best;
    thin(w);
    find_rows(w);
    find_targets(w);
    enum err err = tune(w, rng, &kernel);
    if (err == ERR_OK)
        err = gp_new(&kernel, w->x, NULL, w->n_rows, &gp);
    if (err == ERR_OK) {
        gp_weights(gp, w->y, 1, w->weights);
        err = find_best(w, gp, &best);
    }
    if (err == ERR_OK) {
        draw_candidates(w, rng);
        err = gp_predict(gp, w->weights, 1, w->place, CANDIDATES, w->mean, w->variance);
    }
    if (err == ERR_OK)
        *out = choose(w, best);
    gp_free(gp);
    return err;
}

static enum err propose_from(struct work *w, struct rng *rng, struct proposal *out)
{
    struct choice c;
    enum err err = make_room(w) ? consider(w, rng, &c) : ERR_MEMORY;
    if (err != ERR_OK)
        return err;
    out->config = w->candidate[c.candidate];
    text_format(out->reason, sizeof out->reason,
                "gp: expects %.2f standard deviations below the average result, give or take %.2f; "
                "gains %.3f over the best on average",
                -c.mean, c.sd, c.gain);
    return ERR_OK;
}

static enum err gp_propose(void *self, const struct search_context *context, struct rng *rng,
                           struct proposal *out)
{
    (void)self;
    struct work w = {.study = context->study, .n_dims = context->study->space.n};
    memset(out, 0, sizeof *out);
    text_copy(out->who, sizeof out->who, "gp");
    enum err err = search_results(context->study, &w.result, &w.n);
    if (err == ERR_OK && w.n >= FIRST_RUNS) {
        err = propose_from(&w, rng, out);
    } else if (err == ERR_OK) {
        search_fresh(context->study, rng, &out->config);
        text_copy(out->action, sizeof out->action, move_name(MOVE_RANDOM));
        text_format(out->reason, sizeof out->reason,
                    "gp: random, %d of the first %d results are there", w.n, FIRST_RUNS);
    }
    mem_free(w.result);
    mem_free(w.candidate);
    mem_free(w.room);
    return err;
}

const struct sampler_ops sampler_gp = {
    .name = "gp",
    .about = "expected improvement on a Gaussian process (Jones et al. 1998; Snoek et al. 2012)",
    .open = search_open_nothing,
    .close = search_close_nothing,
    .propose = gp_propose,
    .observe = search_learn_nothing,
};

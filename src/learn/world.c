/* world: recorded tasks made ready for replay in microseconds (search design, 9).
 *
 * What always holds: the models in a world were learnt without the task's family; points beside the
 * recorded ones have the twin's curve plus what it missed on one of the nearest recorded runs, and
 * that run's losses, length and diagnosis. */
#include "world.h"
#include "tiller/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DONORS = 5, GOOD = 12, ENTRIES = PORTFOLIO_MAX };

/* ---- models ------------------------------------------------------------------------------ */

enum err world_models_new(const struct known_set *set, const bool *left_out, uint64_t seed,
                          struct world_models **out)
{
    struct rng rng;
    struct world_models *m = mem_zero_alloc(1, sizeof *m);
    *out = NULL;
    if (!m)
        return ERR_MEMORY;
    m->n_sources = set->known.n;
    m->prior = mem_alloc((size_t)set->known.n, sizeof *m->prior);
    for (int i = 0; i <= WORLD_QUANTILES; i++)
        m->quantile[i] = (float)normal_quantile((i + 0.5) / (WORLD_QUANTILES + 1));
    rng_seed(&rng, seed, 0);
    gp_axes(&set->space, &m->kernel);
    enum err err =
        m->prior ? portfolio_learn(&set->known, left_out, true, &m->portfolio) : ERR_MEMORY;
    if (err == ERR_OK)
        err = predictor_learn(&set->known, left_out, seed, &m->predictor);
    if (err == ERR_OK)
        err = transfer_tune(&set->known, left_out, &m->kernel, &rng);
    if (err == ERR_OK)
        err = transfer_new(&set->known, left_out, &m->kernel, &m->transfer);
    if (err == ERR_OK) {
        known_weights(&set->known, left_out, m->prior);
        *out = m;
    } else {
        world_models_free(m);
    }
    return err;
}

void world_models_free(struct world_models *m)
{
    if (!m)
        return;
    transfer_free(m->transfer);
    mem_free(m->prior);
    mem_free(m);
}

/* ---- points ------------------------------------------------------------------------------ */

struct builder {
    struct world *w;
    const struct known_set *set;
    int task, n_recorded;
    struct twin *twin;
    float *said; /* [n_recorded x R] of the twin for the recorded runs */
    struct rng rng;
};

static bool allocate(struct world *w, int n_sources)
{
    size_t n = (size_t)w->n, d = (size_t)w->n_dims, r = (size_t)w->n_epochs;
    w->config = mem_alloc(n, sizeof *w->config);
    w->unit = mem_alloc(n, d * sizeof *w->unit);
    w->place = mem_alloc(n, d * sizeof *w->place);
    w->error = mem_alloc(n, r * sizeof *w->error);
    w->least = mem_alloc(n, r * sizeof *w->least);
    w->train_loss = mem_zero_alloc(n, sizeof *w->train_loss);
    w->val_loss = mem_zero_alloc(n, sizeof *w->val_loss);
    w->length = mem_alloc(n, sizeof *w->length);
    w->diagnosis = mem_zero_alloc(n, 1);
    w->score = mem_alloc(n, (size_t)n_sources * sizeof *w->score);
    w->entry_score = mem_alloc(ENTRIES, (size_t)n_sources * sizeof *w->entry_score);
    return w->config && w->unit && w->place && w->error && w->least && w->train_loss &&
           w->val_loss && w->length && w->diagnosis && w->score && w->entry_score;
}

static const double *recorded_error(const struct builder *b, int run)
{
    return b->set->task[b->task].error + (size_t)run * (size_t)b->w->n_epochs;
}

/* The donors' losses, length and word for the curve. */
static enum err take_over(struct builder *b, int point, int donor)
{
    struct world *w = b->w;
    const struct known_task *task = &b->set->task[b->task];
    size_t row = (size_t)donor * (size_t)w->n_epochs;
    const double *error = recorded_error(b, donor);
    struct trial t = {.value = (double)INFINITY};
    int n = 0;
    w->train_loss[point] = task->train_loss + row;
    w->val_loss[point] = task->val_loss + row;
    while (n < w->n_epochs && !isnan(error[n]))
        n++;
    w->length[point] = n;
    t.n_epochs = (size_t)(n < w->n_epochs ? n + 1 : n);
    t.curve = mem_zero_alloc(t.n_epochs, sizeof *t.curve);
    if (!t.curve)
        return ERR_MEMORY;
    for (size_t e = 0; e < t.n_epochs; e++) {
        t.curve[e].value = error[e];
        t.curve[e].metric[METRIC_TRAIN_LOSS] = w->train_loss[point][e];
        t.curve[e].metric[METRIC_VAL_LOSS] = w->val_loss[point][e];
        t.value = fmin(t.value, error[e]);
    }
    w->diagnosis[point] = (uint8_t)meta_diagnose(&t, w->majority);
    mem_free(t.curve);
    return ERR_OK;
}

static void place_point(struct world *w, int point)
{
    double unit[SPACE_MAX], x[SPACE_MAX];
    size_t n = (size_t)w->n;
    space_encode(w->space, &w->config[point], unit);
    gp_place(w->space, &w->config[point], x);
    for (int d = 0; d < w->n_dims; d++) {
        const struct gp_kernel *k = &w->models->kernel;
        size_t at = (size_t)d * n + (size_t)point;
        w->unit[at] = (float)unit[d];
        /* choices differ or not: a length's step, whichever ones they are */
        w->place[at] = (float)((k->levels[d] > 2 ? fmin(x[d], 1) : x[d]) / k->length[d]);
    }
}

static enum err add_recorded(struct builder *b, int run)
{
    struct world *w = b->w;
    w->config[run] = b->set->config[b->task][run];
    memcpy(w->error + (size_t)run * (size_t)w->n_epochs, recorded_error(b, run),
           (size_t)w->n_epochs * sizeof *w->error);
    place_point(w, run);
    return take_over(b, run, run);
}

/* One of the recorded runs that are nearest in length scales. */
static int draw_donor(struct builder *b, int point)
{
    const struct world *w = b->w;
    double far[DONORS];
    int nearest[DONORS] = {0}, n = 0;
    for (int run = 0; run < b->n_recorded; run++) {
        double sum = 0;
        for (int d = 0; d < w->n_dims; d++) {
            double step = (double)(w->place[d * w->n + run] - w->place[d * w->n + point]);
            sum += step * step;
        }
        int k = n < DONORS ? n++ : sum < far[DONORS - 1] ? DONORS - 1 : -1;
        if (k < 0)
            continue;
        for (; k > 0 && sum < far[k - 1]; k--) {
            far[k] = far[k - 1];
            nearest[k] = nearest[k - 1];
        }
        far[k] = sum;
        nearest[k] = run;
    }
    return nearest[rng_below(&b->rng, (uint64_t)n)];
}

static enum err add_made(struct builder *b, int point, const struct configuration *config)
{
    struct world *w = b->w;
    int r = w->n_epochs, t = b->task;
    double unit[SPACE_MAX];
    float *curve = w->least + (size_t)point * (size_t)r;
    w->config[point] = *config;
    place_point(w, point);
    int donor = draw_donor(b, point);
    space_encode(w->space, config, unit);
    enum err err = twin_curves(b->twin, b->set, t, unit, 1, curve);
    const double *came = recorded_error(b, donor);
    const float *said = b->said + (size_t)donor * (size_t)r;
    for (int e = 0; e < r; e++) {
        double off = log(came[e] + 0.002) - (double)said[e]; /* NaN: diverged */
        w->error[(size_t)point * (size_t)r + (size_t)e] =
            fmax(exp((double)curve[e] + off) - 0.002, isnan(off) ? (double)NAN : 0);
    }
    return err == ERR_OK ? take_over(b, point, donor) : err;
}

static double final_of(const struct world *w, int point)
{
    double least = w->majority;
    for (int e = 0; e < w->length[point]; e++)
        least = fmin(least, w->error[(size_t)point * (size_t)w->n_epochs + (size_t)e]);
    return least;
}

/* The best of the first n points. */
static void find_good(const struct world *w, int n, int good[static GOOD])
{
    double value[GOOD] = {0};
    int k = 0;
    for (int p = 0; p < n; p++) {
        double v = final_of(w, p);
        int at = k < GOOD ? k++ : v < value[GOOD - 1] ? GOOD - 1 : -1;
        if (at < 0)
            continue;
        for (; at > 0 && v < value[at - 1]; at--) {
            value[at] = value[at - 1];
            good[at] = good[at - 1];
        }
        value[at] = v;
        good[at] = p;
    }
}

/* Half of the further points are spread evenly, half lie about the best so far: where a search
 * looks. */
static enum err add_points(struct builder *b, uint64_t seed)
{
    struct world *w = b->w;
    int even = b->n_recorded + (w->n - b->n_recorded) / 2, good[GOOD] = {0};
    enum err err = ERR_OK;
    struct configuration c;
    for (int p = b->n_recorded; p < w->n && err == ERR_OK; p++) {
        if (p == even)
            find_good(w, even, good);
        if (p < even)
            sobol_configuration(w->space, (uint32_t)(p - b->n_recorded), seed | 1, &c);
        else if (!move_local(w->space, &w->config[good[p % GOOD]], p % 3 ? 0.1 : 0.2, &b->rng, &c))
            c = w->config[good[p % GOOD]];
        err = add_made(b, p, &c);
    }
    return err;
}

/* ---- what is known of the points ----------------------------------------------------------- */

static void run_down(struct world *w)
{
    for (int p = 0; p < w->n; p++) {
        double least = (double)INFINITY;
        for (int e = 0; e < w->n_epochs; e++) {
            size_t at = (size_t)p * (size_t)w->n_epochs + (size_t)e;
            if (e >= w->length[p])
                w->error[at] = (double)NAN;
            else
                least = fmin(least, w->error[at]);
            w->least[at] = (float)log((isfinite(least) ? least : w->majority) + 0.002);
        }
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Regret 0 and 1: the best of all points, and the median of those that were not found by a search.
 */
static enum err find_range(struct world *w, int n_even)
{
    double *value = mem_alloc((size_t)w->n, sizeof *value);
    if (!value)
        return ERR_MEMORY;
    for (int p = 0; p < w->n; p++)
        value[p] = final_of(w, p);
    qsort(value, (size_t)n_even, sizeof *value, compare);
    w->median = value[n_even / 2];
    w->best = value[0];
    for (int p = n_even; p < w->n; p++)
        w->best = fmin(w->best, value[p]);
    w->median = fmax(w->median, w->best + 1e-6);
    mem_free(value);
    return ERR_OK;
}

static enum err ask_sources(const struct world_models *m, const struct configuration *config,
                            const struct space *space, int n, double *score)
{
    double *x = mem_alloc((size_t)n, (size_t)space->n * sizeof *x);
    if (!x)
        return ERR_MEMORY;
    for (int p = 0; p < n; p++)
        gp_place(space, &config[p], x + (size_t)p * (size_t)space->n);
    enum err err = transfer_predict(m->transfer, x, n, score);
    mem_free(x);
    return err;
}

static enum err score_points(struct world *w, const struct known_set *known)
{
    const struct world_models *m = w->models;
    size_t cells = (size_t)m->n_sources * (size_t)w->n;
    double *score = mem_alloc(cells, sizeof *score);
    double entry[ENTRIES * WORLD_SOURCES_MAX];
    int n = m->portfolio.n;
    if (!score)
        return ERR_MEMORY;
    enum err err = ask_sources(m, w->config, w->space, w->n, score);
    for (size_t i = 0; i < cells; i++)
        w->score[i] = (float)score[i];
    mem_free(score);
    int lender = 0; /* shared runs are the same on every task */
    for (int k = 0; k < n; k++)
        w->entry[k] = known->config[lender][m->portfolio.entry[k]];
    if (err == ERR_OK)
        err = ask_sources(m, w->entry, w->space, n, entry);
    for (int k = 0; k < n && err == ERR_OK; k++)
        for (int s = 0; s < m->n_sources; s++)
            w->entry_score[k * m->n_sources + s] = entry[s * n + k];
    w->n_kept = sampler_find("agent")->n_kept;
    w->scale = transfer_scale(m->transfer, m->prior);
    return err;
}

/* ---- worlds ------------------------------------------------------------------------------ */

static enum err build(struct builder *b, const struct known_set *known, uint64_t seed)
{
    struct world *w = b->w;
    enum err err = ERR_OK;
    for (int run = 0; run < b->n_recorded && err == ERR_OK; run++)
        err = add_recorded(b, run);
    if (err == ERR_OK && b->twin) {
        size_t cells = (size_t)b->n_recorded * (size_t)w->n_epochs;
        b->said = mem_alloc(cells, sizeof *b->said);
        err = !b->said ? ERR_MEMORY
                       : twin_curves(b->twin, b->set, b->task, b->set->task[b->task].unit,
                                     b->n_recorded, b->said);
        if (err == ERR_OK)
            err = add_points(b, seed);
        mem_free(b->said);
    }
    if (err == ERR_OK) {
        run_down(w);
        err = find_range(w, b->set->known.n_shared > 0 ? b->set->known.n_shared : w->n);
    }
    return err == ERR_OK ? score_points(w, known) : err;
}

enum err world_new(const struct known_set *tasks, int t, const struct known_set *known,
                   const struct world_models *models, struct twin *twin, int n_points,
                   uint64_t seed, struct world **out)
{
    const struct known_task *task = &tasks->task[t];
    struct world *w = mem_zero_alloc(1, sizeof *w);
    struct builder b = {.w = w, .set = tasks, .task = t, .n_recorded = task->n_runs, .twin = twin};
    *out = NULL;
    if (!w)
        return ERR_MEMORY;
    *w = (struct world){.name = task->name,
                        .family = task->family,
                        .n = twin && n_points > task->n_runs ? n_points : task->n_runs,
                        .n_dims = tasks->space.n,
                        .n_epochs = task->n_epochs,
                        .space = &tasks->space,
                        .models = models,
                        .majority = task->majority_error,
                        .from_twin = twin != NULL};
    rng_seed(&b.rng, seed, (uint64_t)t + 1);
    enum err err = w->n > WORLD_POINTS_MAX || models->n_sources > WORLD_SOURCES_MAX ? ERR_RANGE
                   : !allocate(w, models->n_sources)                                ? ERR_MEMORY
                                                     : build(&b, known, seed);
    if (err == ERR_OK)
        *out = w;
    else
        world_free(w);
    return err;
}

void world_free(struct world *w)
{
    if (!w)
        return;
    mem_free(w->config);
    mem_free(w->unit);
    mem_free(w->place);
    mem_free(w->error);
    mem_free(w->least);
    mem_free(w->train_loss);
    mem_free(w->val_loss);
    mem_free(w->length);
    mem_free(w->diagnosis);
    mem_free(w->score);
    mem_free(w->entry_score);
    mem_free(w);
}

/* predictor_learn: the curve predictor from recorded runs, and how far it can be trusted.
 *
 * What always holds: pairs are drawn task by task from streams of their own, so that leaving out a
 * family changes nothing but its absence; a pair is never judged by what was learnt from its
 * family. */
#include "predictor.h"

#include <math.h>
#include <stdlib.h>

enum { PAIRS = 100, TRIED = 1000, FOLDS = 10 }; /* pairs of a task */

const double predictor_edge[PREDICTOR_BINS + 1] = {0, 0.02, 0.05, 0.1, 0.2, 0.5, 1};

/* ---- pairs ------------------------------------------------------------------------------- */

struct pair {
    const struct known_task *task;
    int family;
    double weight; /* of its task / the task's pairs */
    double feature[PREDICTOR_FEATURES];
    double behind; /* at the end, log errors */
};
struct pairs {
    struct pair *pair;
    int n, each; /* each: drawn from a task */
};

static struct known_curve curve_of(const struct known_task *task, int run)
{
    size_t at = (size_t)run * (size_t)task->n_epochs;
    return (struct known_curve){.n = task->n_epochs,
                                .error = task->error + at,
                                .train_loss = task->train_loss ? task->train_loss + at : NULL,
                                .val_loss = task->val_loss ? task->val_loss + at : NULL};
}

struct ranked {
    int run;
    double end;
};

static int by_end(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    int order = (x->end > y->end) - (x->end < y->end);
    return order ? order : (x->run > y->run) - (x->run < y->run);
}

/* The task's best sixth of complete runs, at least one, to the front of out[n_runs]; 0: none is
 * complete. */
static int good_runs(const struct known_task *task, struct ranked *out)
{
    int n = 0;
    for (int i = 0; i < task->n_runs; i++) {
        struct known_curve c = curve_of(task, i);
        if (isfinite(c.error[c.n - 1]))
            out[n++] = (struct ranked){i, predictor_log_least(&c, c.n)};
    }
    qsort(out, (size_t)n, sizeof *out, by_end);
    return (n + 5) / 6;
}

static bool make_pair(const struct known_task *task, int epoch, int run, int good, struct pair *out)
{
    struct known_curve x = curve_of(task, run), incumbent = curve_of(task, good);
    if (run == good || !isfinite(x.error[epoch - 1]) ||
        !predictor_describe(&x, &incumbent, epoch, out->feature))
        return false;
    out->behind = predictor_log_least(&x, x.n) - predictor_log_least(&incumbent, incumbent.n);
    out->task = task;
    out->family = task->family;
    return true;
}

/* Adds the task's pairs of a rung; ranked: room for its runs. */
static void add_pairs(const struct known_task *task, int n_shared, int rung, double weight,
                      struct rng *rng, struct ranked *ranked, struct pairs *out)
{
    int epoch = predictor_epoch(rung, task->n_epochs), before = out->n;
    int n_good = good_runs(task, ranked);
    if (predictor_rung_at(epoch, task->n_epochs) != rung || n_good == 0 || n_shared == 0)
        return;
    for (int k = 0; k < out->each; k++) {
        int run = (int)rng_below(rng, (uint64_t)n_shared);
        int good = ranked[rng_below(rng, (uint64_t)n_good)].run;
        if (make_pair(task, epoch, run, good, &out->pair[out->n]))
            out->n++;
    }
    for (int i = before; i < out->n; i++)
        out->pair[i].weight = weight / (out->n - before);
}

/* All pairs of a rung; room for them in out. */
static enum err collect(const struct known_tasks *known, const bool *left_out, uint64_t seed,
                        int rung, struct pairs *out)
{
    size_t most = 0;
    for (int t = 0; t < known->n; t++)
        if ((size_t)known->task[t].n_runs > most)
            most = (size_t)known->task[t].n_runs;
    double *weight = mem_alloc((size_t)known->n, sizeof *weight);
    struct ranked *ranked = mem_alloc(most, sizeof *ranked);
    bool ok = weight && ranked;
    out->n = 0;
    if (ok)
        known_weights(known, left_out, weight);
    for (int t = 0; ok && t < known->n; t++) {
        struct rng rng;
        rng_seed(&rng, seed, (uint64_t)t * PREDICTOR_RUNGS + (uint64_t)rung);
        if (weight[t] > 0)
            add_pairs(&known->task[t], known->n_shared, rung, weight[t], &rng, ranked, out);
    }
    mem_free(weight);
    mem_free(ranked);
    return ok ? ERR_OK : ERR_MEMORY;
}

/* ---- least squares ----------------------------------------------------------------------- */

/* Solves a w = b, a symmetric and positive, by elimination in place. */
static void solve(double a[PREDICTOR_FEATURES][PREDICTOR_FEATURES], double *b)
{
    enum { N = PREDICTOR_FEATURES };
    for (int p = 0; p < N; p++)
        for (int i = p + 1; i < N; i++) {
            double factor = a[i][p] / a[p][p];
            for (int j = p; j < N; j++)
                a[i][j] -= factor * a[p][j];
            b[i] -= factor * b[p];
        }
    for (int i = N - 1; i >= 0; i--) {
        for (int j = i + 1; j < N; j++)
            b[i] -= a[i][j] * b[j];
        b[i] /= a[i][i];
    }
}

/* A little ridge, so that a feature which never differs (no losses recorded) has no weight. */
static void fit_weights(const struct pairs *pairs, const bool *skip, double *weight)
{
    double a[PREDICTOR_FEATURES][PREDICTOR_FEATURES] = {{0}};
    for (int i = 0; i < PREDICTOR_FEATURES; i++) {
        a[i][i] = 1e-6;
        weight[i] = 0;
    }
    for (int k = 0; k < pairs->n; k++) {
        const struct pair *p = &pairs->pair[k];
        if (skip[p->family])
            continue;
        for (int i = 0; i < PREDICTOR_FEATURES; i++) {
            weight[i] += p->weight * p->feature[i] * p->behind;
            for (int j = 0; j < PREDICTOR_FEATURES; j++)
                a[i][j] += p->weight * p->feature[i] * p->feature[j];
        }
    }
    solve(a, weight);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Bins of equally many pairs; room for pairs->n numbers. Returns how many pairs there are. */
static int fit_edges(const struct pairs *pairs, const bool *skip, double *edge, double *room)
{
    int n = 0;
    for (int k = 0; k < pairs->n; k++)
        if (!skip[pairs->pair[k].family])
            room[n++] = fabs(pairs->pair[k].feature[0]);
    qsort(room, (size_t)n, sizeof *room, compare);
    for (int i = 0; i < PREDICTOR_SDS - 1; i++)
        edge[i] = n > 0 ? room[n * (i + 1) / PREDICTOR_SDS] : 0;
    return n;
}

static void fit_sds(const struct pairs *pairs, const bool *skip, struct predictor_rung *out)
{
    const double least = 1e-3;
    double squares[PREDICTOR_SDS] = {0}, weights[PREDICTOR_SDS] = {0}, all = 0, all_weights = 0;
    for (int k = 0; k < pairs->n; k++) {
        const struct pair *p = &pairs->pair[k];
        if (skip[p->family])
            continue;
        int bin = 0;
        while (bin < PREDICTOR_SDS - 1 && fabs(p->feature[0]) > out->edge[bin])
            bin++;
        double missed = p->behind - predictor_sum(out, p->feature);
        squares[bin] += p->weight * missed * missed;
        weights[bin] += p->weight;
        all += p->weight * missed * missed;
        all_weights += p->weight;
    }
    for (int i = 0; i < PREDICTOR_SDS; i++) {
        double square = weights[i] > 0 ? squares[i] / weights[i] : all / fmax(all_weights, least);
        out->sd[i] = fmax(sqrt(square), least);
    }
}

/* Everything but the calibration, from the families that are not to be skipped. */
static void fit(const struct pairs *pairs, const bool *skip, double *room,
                struct predictor_rung *out)
{
    *out = (struct predictor_rung){0};
    fit_weights(pairs, skip, out->weight);
    out->n_pairs = fit_edges(pairs, skip, out->edge, room);
    fit_sds(pairs, skip, out);
}

/* ---- calibration on families left out ---------------------------------------------------- */

/* Room for what is computed on the way. */
struct desk {
    struct pairs pairs;
    bool *skip, *skip_too; /* [n_families] */
    double *win, *weight, *room;
    bool *won;
};

static void desk_free(struct desk *d)
{
    mem_free(d->pairs.pair);
    mem_free(d->skip);
    mem_free(d->skip_too);
    mem_free(d->win);
    mem_free(d->weight);
    mem_free(d->room);
    mem_free(d->won);
}

static enum err desk_make(const struct known_tasks *known, struct desk *d)
{
    size_t n = (size_t)known->n * PAIRS, n_families = (size_t)known->n_families;
    *d = (struct desk){.pairs.pair = mem_alloc(n, sizeof *d->pairs.pair),
                       .pairs.each = PAIRS,
                       .skip = mem_zero_alloc(n_families, sizeof *d->skip),
                       .skip_too = mem_zero_alloc(n_families, sizeof *d->skip_too),
                       .win = mem_alloc(n, sizeof *d->win),
                       .weight = mem_alloc(n, sizeof *d->weight),
                       .room = mem_alloc(n, sizeof *d->room),
                       .won = mem_alloc(n, sizeof *d->won)};
    bool ok = d->pairs.pair && d->skip && d->skip_too && d->win && d->weight && d->room && d->won;
    return ok ? ERR_OK : ERR_MEMORY;
}

/* Families of fold f among those not skipped: every FOLDS-th one. Returns how many there are. */
static int leave_fold_out(const struct desk *d, int n_families, int f)
{
    int n = 0;
    for (int k = 0; k < n_families; k++) {
        d->skip_too[k] = d->skip[k] || n % FOLDS == f;
        n += !d->skip[k];
    }
    return n;
}

/* Learns the rung from families not in d->skip. */
static enum err learn_rung(const struct desk *d, int n_families, struct predictor_rung *out)
{
    int n = 0;
    for (int f = 0; f < FOLDS; f++) {
        struct predictor_rung without;
        if (leave_fold_out(d, n_families, f) < 2)
            continue;
        fit(&d->pairs, d->skip_too, d->room, &without);
        for (int k = 0; k < d->pairs.n && without.n_pairs > 0; k++) {
            const struct pair *p = &d->pairs.pair[k];
            if (d->skip[p->family] || !d->skip_too[p->family])
                continue;
            d->win[n] = predictor_raw_win(&without, p->feature);
            d->won[n] = p->behind < 0;
            d->weight[n++] = p->weight;
        }
    }
    fit(&d->pairs, d->skip, d->room, out);
    return n > 0 ? calibration_fit(d->win, d->won, d->weight, n, &out->calibration) : ERR_OK;
}

enum err predictor_learn(const struct known_tasks *known, const bool *left_out, uint64_t seed,
                         struct predictor *out)
{
    struct desk d;
    int n_pairs = 0;
    *out = (struct predictor){0};
    enum err err = desk_make(known, &d);
    for (int rung = 0; rung < PREDICTOR_RUNGS && err == ERR_OK; rung++) {
        err = collect(known, left_out, seed, rung, &d.pairs);
        if (err == ERR_OK && d.pairs.n > 0)
            err = learn_rung(&d, known->n_families, &out->rung[rung]);
        n_pairs += out->rung[rung].n_pairs;
    }
    desk_free(&d);
    return err == ERR_OK && n_pairs == 0 ? ERR_RANGE : err;
}

/* ---- how it comes true ------------------------------------------------------------------- */

/* Weighted sums first; finish divides them. */
struct tally {
    double weight, won, lost, stopped;
    double bin_weight[PREDICTOR_BINS];
};

static void count_pair(const struct predictor_rung *learnt, double bound, const struct pair *p,
                       struct tally *tally, struct predictor_reliability *out)
{
    double raw = predictor_raw_win(learnt, p->feature);
    double win = calibration_apply(&learnt->calibration, raw), won = p->behind < 0;
    int bin = 0;
    while (bin < PREDICTOR_BINS - 1 && win >= predictor_edge[bin + 1])
        bin++;
    out->n++;
    out->count[bin]++;
    out->said[bin] += p->weight * win;
    out->came[bin] += p->weight * won;
    out->brier += p->weight * (win - won) * (win - won);
    out->raw_brier += p->weight * (raw - won) * (raw - won);
    tally->bin_weight[bin] += p->weight;
    tally->weight += p->weight;
    tally->won += p->weight * won;
    if (win < bound) {
        tally->stopped += p->weight;
        tally->lost += p->weight * won;
    }
}

static void finish(const struct tally *tally, struct predictor_reliability *out)
{
    if (out->n == 0)
        return;
    double base = tally->won / tally->weight;
    for (int i = 0; i < PREDICTOR_BINS; i++) {
        out->said[i] /= out->count[i] ? tally->bin_weight[i] : 1;
        out->came[i] /= out->count[i] ? tally->bin_weight[i] : 1;
    }
    out->brier /= tally->weight;
    out->raw_brier /= tally->weight;
    out->base_brier = base * (1 - base);
    out->stopped = tally->stopped / tally->weight;
    out->winners_lost = tally->won > 0 ? tally->lost / tally->won : 0;
}

static enum err check_rung(const struct desk *d, int n_families, double bound,
                           struct predictor_reliability *out)
{
    struct tally tally = {0};
    for (int family = 0; family < n_families; family++) {
        struct predictor_rung learnt;
        d->skip[family] = true;
        enum err err = learn_rung(d, n_families, &learnt);
        d->skip[family] = false;
        if (err != ERR_OK)
            return err;
        for (int k = 0; k < d->pairs.n && learnt.n_pairs > 0; k++)
            if (d->pairs.pair[k].family == family)
                count_pair(&learnt, bound, &d->pairs.pair[k], &tally, out);
    }
    finish(&tally, out);
    return ERR_OK;
}

enum err predictor_check(const struct known_tasks *known, const bool *left_out, uint64_t seed,
                         struct predictor_reliability out[static PREDICTOR_RUNGS])
{
    struct desk d;
    int n = 0;
    enum err err = desk_make(known, &d);
    for (int rung = 0; rung < PREDICTOR_RUNGS; rung++) {
        out[rung] = (struct predictor_reliability){0};
        if (err == ERR_OK)
            err = collect(known, left_out, seed, rung, &d.pairs);
        if (err == ERR_OK)
            err = check_rung(&d, known->n_families, predictor_bound[rung], &out[rung]);
        n += out[rung].n;
    }
    desk_free(&d);
    return err == ERR_OK && n == 0 ? ERR_RANGE : err;
}

enum err predictor_try(const struct known_tasks *tasks, const struct predictor *const *predictor,
                       uint64_t seed, struct predictor_reliability out[static PREDICTOR_RUNGS])
{
    struct pairs pairs = {.pair = mem_alloc((size_t)tasks->n, TRIED * sizeof *pairs.pair),
                          .each = TRIED};
    enum err err = pairs.pair ? ERR_OK : ERR_MEMORY;
    for (int rung = 0; rung < PREDICTOR_RUNGS; rung++) {
        struct tally tally = {0};
        out[rung] = (struct predictor_reliability){0};
        if (err == ERR_OK)
            err = collect(tasks, NULL, seed, rung, &pairs);
        for (int k = 0; err == ERR_OK && k < pairs.n; k++) {
            const struct pair *p = &pairs.pair[k];
            const struct predictor_rung *learnt = &predictor[p->task - tasks->task]->rung[rung];
            if (learnt->n_pairs > 0)
                count_pair(learnt, predictor_bound[rung], p, &tally, &out[rung]);
        }
        finish(&tally, &out[rung]);
    }
    mem_free(pairs.pair);
    return err;
}

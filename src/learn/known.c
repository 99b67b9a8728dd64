/* known: recordings as plain arrays, in a space of what is searched on every task.
 *
 * What always holds: the first n_shared runs of a task are the shared points in their order; what a
 * repeat measured with another seed is only in the noise. */
#include "known.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the space --------------------------------------------------------------------------- */

static bool is_searched(const struct space *space, const char *name)
{
    int i = space_find(space, name);
    return i >= 0 && !space->h[i].held;
}

static void common_space(const struct learn_records *records, struct space *out)
{
    const struct space *first = &records->task[0].space;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < first->n; i++) {
        bool all = true;
        for (size_t t = 0; t < records->n_tasks; t++)
            all = all && is_searched(&records->task[t].space, first->h[i].name);
        if (!all)
            continue;
        struct hyperparameter *h = &out->h[out->n++];
        *h = first->h[i];
        if (h->active_if >= 0)
            h->active_if = space_find(out, first->h[h->active_if].name);
    }
}

static void translate(const struct space *from, const struct configuration *c,
                      const struct space *to, struct configuration *out)
{
    space_default(to, out);
    for (int i = 0; i < to->n; i++) {
        int at = space_find(from, to->h[i].name);
        if (at >= 0)
            out->value[i] = c->value[at];
    }
    space_tidy(to, out);
}

/* ---- tasks ------------------------------------------------------------------------------- */

static int family_of(struct known_set *set, const char *name)
{
    for (int f = 0; f < set->known.n_families; f++)
        if (strcmp(set->family[f], name) == 0)
            return f;
    text_copy(set->family[set->known.n_families], sizeof *set->family, name);
    return set->known.n_families++;
}

/* The run's number in the arrays: shared ones by their point, the others behind them. -1: it is
 * not one of them. */
static int place_of(const struct recorded_training *t, bool pool, int n_shared, int *n_others)
{
    if (t->repeats >= 0 || (!pool && t->point >= n_shared))
        return -1;
    return !pool && t->point >= 0 ? t->point : n_shared + (*n_others)++;
}

static bool is_complete(const struct recorded_task *task, bool pool)
{
    int n_shared = pool ? 0 : task->plan.n_shared, found = 0;
    for (size_t i = 0; i < task->n_trainings && !pool; i++) {
        const struct recorded_training *t = &task->training[i];
        found += t->repeats < 0 && t->point >= 0 && t->point < n_shared;
    }
    return pool ? task->n_trainings > 0 : found == n_shared && n_shared > 0;
}

static void copy_curve(const struct recorded_training *t, enum recorded_curve c, int n_epochs,
                       double *out)
{
    for (int e = 0; e < n_epochs; e++)
        out[e] = e < t->n_epochs ? (double)t->curve[c][e] : (double)NAN;
}

/* Standard deviation of a final log error, from runs and their repeats. */
static double noise_of(const struct recorded_task *task)
{
    double squares = 0;
    int n = 0;
    for (size_t i = 0; i < task->n_trainings; i++) {
        const struct recorded_training *t = &task->training[i];
        double end[2] = {(double)INFINITY, (double)INFINITY};
        if (t->repeats < 0)
            continue;
        const struct recorded_training *pair[2] = {t, &task->training[t->repeats]};
        for (int k = 0; k < 2; k++)
            for (int e = 0; e < pair[k]->n_epochs; e++)
                end[k] = fmin(end[k], (double)pair[k]->curve[RECORDED_VALUE][e]);
        if (!isfinite(end[0]) || !isfinite(end[1]))
            continue;
        double difference = log((end[0] + 0.002) / (end[1] + 0.002));
        squares += difference * difference / 2;
        n++;
    }
    return n > 0 ? sqrt(squares / n) : 0;
}

static bool fill_task(struct known_set *set, int t, const struct recorded_task *from, bool pool)
{
    struct known_task *task = &set->task[t];
    int n_shared = set->known.n_shared, n_others = 0, d = set->space.n, r = from->full_epochs;
    size_t n = from->n_trainings + 1, cells = n * (size_t)r;
    double *block = mem_zero_alloc(n, (size_t)(d + 3 * r) * sizeof *block);
    set->curves[t] = block;
    set->config[t] = mem_alloc(n, sizeof **set->config);
    *task = (struct known_task){.name = from->name,
                                .family = family_of(set, from->family),
                                .n_epochs = r,
                                .majority_error = from->facts.majority_error,
                                .unit = block};
    if (!block || !set->config[t])
        return false;
    double *error = block + n * (size_t)d, *train = error + cells, *val = train + cells;
    task->error = error;
    task->train_loss = train;
    task->val_loss = val;
    for (size_t i = 0; i < from->n_trainings; i++) {
        const struct recorded_training *run = &from->training[i];
        int at = place_of(run, pool, n_shared, &n_others);
        if (at < 0)
            continue;
        size_t row = (size_t)at * (size_t)r;
        translate(&from->space, &run->config, &set->space, &set->config[t][at]);
        space_encode(&set->space, &set->config[t][at], block + (size_t)at * (size_t)d);
        copy_curve(run, RECORDED_VALUE, r, error + row);
        copy_curve(run, RECORDED_TRAIN_LOSS, r, train + row);
        copy_curve(run, RECORDED_VAL_LOSS, r, val + row);
    }
    task->n_runs = n_shared + n_others;
    set->noise[t] = noise_of(from);
    return true;
}

static bool make_room(struct known_set *set, size_t n_tasks, int n_families)
{
    set->task = mem_zero_alloc(n_tasks, sizeof *set->task);
    set->config = mem_zero_alloc(n_tasks, sizeof(struct configuration *));
    set->curves = mem_zero_alloc(n_tasks, sizeof(double *));
    set->noise = mem_zero_alloc(n_tasks, sizeof *set->noise);
    set->family = mem_zero_alloc(n_tasks + (size_t)n_families, sizeof *set->family);
    return set->task && set->config && set->curves && set->noise && set->family;
}

enum err known_set_new(const struct learn_records *records, const struct known_set *like,
                       const char *left_out, struct known_set **out, struct err_info *info)
{
    *out = NULL;
    if (records->n_tasks == 0)
        return err_set(info, ERR_RANGE, "recordings", NULL, "there are none");
    struct known_set *set = mem_zero_alloc(1, sizeof *set);
    bool ok = set && make_room(set, records->n_tasks, like ? like->known.n_families : 0);
    for (int f = 0; ok && like && f < like->known.n_families; f++)
        family_of(set, like->family[f]);
    if (ok) {
        common_space(records, &set->space);
        if (like)
            set->space = like->space;
        set->known.n_shared = records->pool ? 0 : records->task[0].plan.n_shared;
        set->known.n_dims = set->space.n;
        set->known.task = set->task;
    }
    for (size_t t = 0; ok && t < records->n_tasks; t++)
        if (is_complete(&records->task[t], records->pool) &&
            (!left_out || strcmp(records->task[t].family, left_out) != 0))
            ok = fill_task(set, set->known.n++, &records->task[t], records->pool);
    enum err err = !ok ? err_set_memory(info, "recordings") : ERR_OK;
    if (ok && set->known.n == 0)
        err = err_set(info, ERR_RANGE, "recordings", NULL, "none of them is complete");
    if (err == ERR_OK)
        *out = set;
    else
        known_set_free(set);
    return err;
}

void known_set_free(struct known_set *set)
{
    if (!set)
        return;
    for (int t = 0; set->curves && set->config && t < set->known.n; t++) {
        mem_free(set->curves[t]);
        mem_free(set->config[t]);
    }
    mem_free(set->task);
    mem_free(set->config);
    mem_free(set->curves);
    mem_free(set->noise);
    mem_free(set->family);
    mem_free(set);
}

/* table_records: tables of curves from what tiller recorded: pools, recordings, any study logs.
 *
 * Every task has a pool of its own: its trainings that were run in full, or until they diverged.
 * Further seeds of the same configuration are left out. */
#include "internal.h"
#include "table.h"

#include <math.h>
#include <string.h>

static const enum study_metric metric_of[RECORDED_CURVES] = {
    [RECORDED_VAL_LOSS] = METRIC_VAL_LOSS,
    [RECORDED_TRAIN_LOSS] = METRIC_TRAIN_LOSS,
    [RECORDED_GRADIENT_NORM] = METRIC_GRADIENT_NORM,
    [RECORDED_WEIGHT_NORM] = METRIC_WEIGHT_NORM,
};

static bool counts(const struct recorded_task *task, const struct recorded_training *t)
{
    return t->repeats < 0 && t->n_epochs > 0 && (t->failed || t->n_epochs == task->full_epochs);
}

/* ---- one task ---------------------------------------------------------------------------- */

static enum err fill_pool(const struct recorded_task *task, struct curve_pool *pool,
                          struct err_info *info)
{
    size_t n = 0, d = (size_t)task->space.n;
    for (size_t i = 0; i < task->n_trainings; i++)
        n += counts(task, &task->training[i]);
    if (n < 2)
        return err_set(info, ERR_INPUT, task->name, "record more, or leave this task out",
                       "it has %zu full trainings", n);
    pool->space = task->space;
    pool->config = mem_alloc(n, sizeof *pool->config);
    pool->unit = mem_alloc(n, d * sizeof *pool->unit);
    if (!pool->config || !pool->unit)
        return err_set_memory(info, task->name);
    for (size_t i = 0; i < task->n_trainings; i++) {
        if (!counts(task, &task->training[i]))
            continue;
        size_t at = (size_t)pool->n++;
        pool->config[at] = task->training[i].config;
        space_encode(&pool->space, &pool->config[at], &pool->unit[at * d]);
    }
    return ERR_OK;
}

/* A row of one of the task's arrays; what was not run or recorded is NaN. */
static void copy_curve(const float *curve, int n, double *out, int n_epochs)
{
    for (int e = 0; e < n_epochs; e++)
        out[e] = e < n ? (double)curve[e] : (double)NAN;
}

static bool make_arrays(const struct recorded_task *task, struct curve_task *t)
{
    bool sized = true, made = true;
    for (size_t i = 0; i < task->n_trainings; i++)
        sized = sized && (!counts(task, &task->training[i]) || task->training[i].n_parameters > 0);
    if (sized)
        made = (t->cost = mem_alloc((size_t)t->pool->n, sizeof *t->cost)) != NULL;
    for (int c = 0; c < RECORDED_CURVES; c++)
        if (c != RECORDED_VALUE)
            made = (t->metric[metric_of[c]] =
                        mem_alloc((size_t)t->pool->n * (size_t)t->n_epochs, sizeof(double))) &&
                   made;
    return made;
}

/* Parameters x rows is what an epoch takes; the rows are the same for all. */
static void fill_task(const struct recorded_task *task, struct curve_task *t)
{
    size_t at = 0;
    for (size_t i = 0; i < task->n_trainings; i++) {
        const struct recorded_training *r = &task->training[i];
        if (!counts(task, r))
            continue;
        for (int c = 0; c < RECORDED_CURVES; c++) {
            double *rows = c == RECORDED_VALUE ? t->error : t->metric[metric_of[c]];
            copy_curve(r->curve[c], r->n_epochs, &rows[at * (size_t)t->n_epochs], t->n_epochs);
        }
        if (t->cost)
            t->cost[at] = (double)r->n_parameters;
        at++;
    }
}

static enum err add_task(struct curve_table *table, const struct recorded_task *task,
                         double *untrained, struct err_info *info)
{
    struct curve_pool *pool = &table->pools[table->n_pools++];
    enum err err = fill_pool(task, pool, info);
    if (err != ERR_OK)
        return err;
    const char *family = task->family[0] ? task->family : NULL;
    struct curve_task *t = table_add_task(table, task->name, family, pool, task->full_epochs);
    if (!t || !make_arrays(task, t))
        return err_set_memory(info, task->name);
    text_copy(t->fingerprint, sizeof t->fingerprint, task->fingerprint);
    if (task->has_features) {
        t->features = mem_alloc(1, sizeof *t->features);
        if (!t->features)
            return err_set_memory(info, task->name);
        *t->features = task->features;
    }
    fill_task(task, t);
    *untrained = task->facts.majority_error;
    return ERR_OK;
}

/* ---- are the spaces the same? ------------------------------------------------------------ */

/* The next hyperparameter that is searched, from i on. */
static const struct hyperparameter *searched(const struct space *s, int *i)
{
    while (*i < s->n && s->h[*i].held)
        ++*i;
    return *i < s->n ? &s->h[(*i)++] : NULL;
}

static bool same_axis(const struct hyperparameter *a, const struct hyperparameter *b)
{
    return strcmp(a->name, b->name) == 0 && a->kind == b->kind && a->log == b->log &&
           a->low == b->low && a->high == b->high && a->n_choices == b->n_choices &&
           space_sampled_choices(a) == space_sampled_choices(b);
}

static enum err check_spaces(const struct curve_table *table, struct err_info *info)
{
    for (int k = 1; k < table->n_pools; k++) {
        int i = 0, j = 0;
        const struct hyperparameter *a, *b;
        do {
            a = searched(&table->pools[0].space, &i);
            b = searched(&table->pools[k].space, &j);
        } while (a && b && same_axis(a, b));
        if (a || b)
            return err_set(info, ERR_INPUT, table->tasks[k].name, "compare them apart",
                           "its space is not that of %s: %s", table->tasks[0].name,
                           a ? a->name : b->name);
    }
    return ERR_OK;
}

/* ---- all tasks --------------------------------------------------------------------------- */

enum err table_from_records(const struct learn_records *records, const char *name,
                            struct curve_table **out, struct err_info *info)
{
    size_t n = records->n_tasks;
    struct curve_table *table = mem_zero_alloc(1, sizeof *table);
    *out = NULL;
    if (!table)
        return err_set_memory(info, name);
    double *untrained = mem_alloc(n, sizeof *untrained);
    table->pools = mem_zero_alloc(n, sizeof *table->pools);
    text_sanitize(table->name, sizeof table->name, name);
    enum err err = untrained && table->pools ? ERR_OK : err_set_memory(info, name);
    for (size_t i = 0; untrained && table->pools && i < n && err == ERR_OK; i++)
        err = add_task(table, &records->task[i], &untrained[i], info);
    if (err == ERR_OK)
        err = check_spaces(table, info);
    if (err == ERR_OK)
        err = table_finish(table, untrained, info);
    mem_free(untrained);
    if (err != ERR_OK)
        curve_table_free(table);
    else
        *out = table;
    return err;
}

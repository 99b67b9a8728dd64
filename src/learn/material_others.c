/* material_others: curve tables as known tasks, and past searches as the user's own tasks. */
#include "material.h"
#include "tiller/bench.h"

#include <math.h>
#include <string.h>

/* ---- tables -------------------------------------------------------------------------------- */

/* The table's rows of the chosen configurations; metric NULL: not recorded. */
static void put_curves(const double *metric, const struct knowledge *k, int n_epochs, double *out)
{
    size_t width = (size_t)n_epochs;
    for (int i = 0; metric && i < k->n_used; i++)
        memcpy(out + (size_t)i * width, metric + (size_t)k->used[i] * width, width * sizeof *out);
}

static enum err add_curve_task(struct material *m, const struct curve_table *table, int task)
{
    const struct curve_task *from = &table->tasks[task];
    const struct knowledge *k = m->k;
    struct material_view view = {.k = k, .space = &from->pool->space};
    struct knowledge_task *t = material_add_task(m, from->family);
    if (!t)
        return ERR_MEMORY;
    text_copy(t->name, sizeof t->name, from->name);
    text_copy(t->origin, sizeof t->origin, k->table);
    t->majority_error = from->majority > 0 ? from->majority : 1;
    t->full_epochs = from->n_epochs;
    const double *train = from->metric[METRIC_TRAIN_LOSS], *val = from->metric[METRIC_VAL_LOSS];
    if (!material_make_runs(m, t, k->n_used, true, train && val))
        return ERR_MEMORY;
    const struct material_curves *to = &m->curves[m->tasks.n - 1];
    put_curves(from->error, k, from->n_epochs, to->error);
    put_curves(train, k, from->n_epochs, to->train_loss);
    put_curves(val, k, from->n_epochs, to->val_loss);
    knowledge_map(k, view.space, &view.map);
    for (int i = 0; i < k->n_used; i++) {
        material_put_place(&view, &from->pool->config[k->used[i]],
                           t->unit + (size_t)i * (size_t)k->n_dims);
        t->log_error[i] = known_log_error(&m->known[m->tasks.n - 1], i, t->full_epochs);
    }
    return ERR_OK;
}

enum err material_add_table(struct material *m, const struct curve_table *table, int n_configs,
                            struct err_info *info)
{
    struct knowledge *k = m->k;
    enum err err = ERR_OK;
    if (table->n_pools != 1)
        return err_set(info, ERR_INPUT, table->name, "use recordings of shared configurations",
                       "its tasks do not have the same configurations");
    text_copy(k->table, sizeof k->table, table->name);
    k->used = mem_alloc((size_t)n_configs, sizeof *k->used);
    if (!k->used)
        return err_set_memory(info, table->name);
    k->n_shared = k->n_used = curve_table_known(table->pools[0].n, n_configs, k->used);
    for (int i = 0; i < table->n_tasks && err == ERR_OK; i++)
        err = add_curve_task(m, table, i);
    return err == ERR_OK ? ERR_OK : err_set_memory(info, table->name);
}

/* ---- past searches --------------------------------------------------------------------------- */

static bool counts(const struct trial *t)
{
    return t->state == TRIAL_COMPLETE && t->continues < 0 && isfinite(t->value);
}

/* An objective as an error: what is to be large must be a share. NaN: it is no error. */
static double error_of(const struct study *study, const struct trial *t)
{
    double error = study->direction == 2 ? 1 - t->value : t->value;
    return error >= 0 ? error : (double)NAN;
}

static void put_facts(const struct study *study, const char *path, struct knowledge_task *t)
{
    struct engine_task facts = {.majority_error = 0};
    struct engine_settings settings;
    const char *name = study->data_name[0] ? study->data_name : study->name;
    text_sanitize(t->name, sizeof t->name, name);
    text_copy(t->variant, sizeof t->variant, study->variant);
    text_copy(t->fingerprint, sizeof t->fingerprint, study->fingerprint);
    text_sanitize(t->origin, sizeof t->origin, file_base_name(path));
    t->by_user = true;
    t->full_epochs = 1;
    if (engine_read_task(study, &facts)) {
        t->majority_error = facts.majority_error;
        t->n_rows = facts.n_rows;
        t->n_inputs = facts.n_inputs;
        t->n_classes = facts.n_classes;
    }
    if (engine_read_settings(study, &settings))
        t->full_epochs = settings.full_epochs;
    for (size_t i = 0; i < study->n_trials && !(facts.majority_error > 0); i++)
        if (counts(&study->trials[i]))
            t->majority_error = fmax(t->majority_error, error_of(study, &study->trials[i]));
    if (!(t->majority_error > 0))
        t->majority_error = 1;
}

static void put_runs(const struct study *study, const struct knowledge *k, struct knowledge_task *t)
{
    struct material_view view = {.k = k, .space = &study->space};
    int at = 0;
    knowledge_map(k, view.space, &view.map);
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct trial *trial = &study->trials[i];
        if (!counts(trial))
            continue;
        material_put_place(&view, &trial->config, t->unit + (size_t)at * (size_t)k->n_dims);
        t->log_error[at++] = log(error_of(study, trial) + 0.002);
    }
}

enum err material_add_study(struct material *m, const struct study *study, const char *path,
                            struct err_info *info)
{
    int n = 0;
    for (size_t i = 0; i < study->n_trials; i++) {
        if (!counts(&study->trials[i]))
            continue;
        if (isnan(error_of(study, &study->trials[i])))
            return err_set(info, ERR_INPUT, path, "leave it out",
                           study->direction == 2
                               ? "maximises what is no share from 0 to 1, so it is no error"
                               : "minimises what is below 0, so it is no error");
        n++;
    }
    if (n == 0)
        return err_set(info, ERR_INPUT, path, "leave it out", "has no finished training");
    const char *family = study->family[0] ? study->family : study->name;
    struct knowledge_task *t = material_add_task(m, family);
    if (t)
        put_facts(study, path, t);
    if (!t || !material_make_runs(m, t, n, false, false))
        return err_set_memory(info, path);
    put_runs(study, m->k, t);
    return ERR_OK;
}

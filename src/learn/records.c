/* records: recordings in memory: from study logs, one task each. Reading and writing the packed
 * form stand in records_read.c and records_write.c. */
#include "internal.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum study_metric metric_of[RECORDED_CURVES] = {
    [RECORDED_VAL_LOSS] = METRIC_VAL_LOSS,
    [RECORDED_TRAIN_LOSS] = METRIC_TRAIN_LOSS,
    [RECORDED_GRADIENT_NORM] = METRIC_GRADIENT_NORM,
    [RECORDED_WEIGHT_NORM] = METRIC_WEIGHT_NORM,
};

const char *recorded_curve_name(enum recorded_curve c)
{
    return c == RECORDED_VALUE ? "value" : study_metric_name(metric_of[c]);
}

/* ---- memory ------------------------------------------------------------------------------ */

struct recorded_task *records_add_task(struct learn_records *r)
{
    if (!mem_grow((void **)&r->task, &r->capacity, r->n_tasks, sizeof *r->task))
        return NULL;
    struct recorded_task *task = &r->task[r->n_tasks++];
    memset(task, 0, sizeof *task);
    return task;
}

struct recorded_training *records_add_training(struct recorded_task *task)
{
    if (!mem_grow((void **)&task->training, &task->capacity, task->n_trainings,
                  sizeof *task->training))
        return NULL;
    struct recorded_training *t = &task->training[task->n_trainings++];
    *t = (struct recorded_training){.point = -1, .repeats = -1, .n_parameters = -1};
    return t;
}

/* One block for all curves; the first one owns it. */
bool records_make_curves(struct recorded_training *t, int n_epochs)
{
    size_t n = (size_t)n_epochs * RECORDED_CURVES;
    float *block = mem_alloc(n, sizeof *block);
    if (!block)
        return false;
    for (size_t i = 0; i < n; i++)
        block[i] = NAN;
    for (int c = 0; c < RECORDED_CURVES; c++)
        t->curve[c] = block + (size_t)c * (size_t)n_epochs;
    t->n_epochs = n_epochs;
    return true;
}

bool records_has(const struct learn_records *r, const char *fingerprint)
{
    for (size_t i = 0; i < r->n_tasks; i++)
        if (strcmp(r->task[i].fingerprint, fingerprint) == 0)
            return true;
    return false;
}

static void release(struct recorded_task *task)
{
    for (size_t i = 0; i < task->n_trainings; i++)
        mem_free(task->training[i].curve[0]);
    mem_free(task->training);
}

void learn_records_free(struct learn_records *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n_tasks; i++)
        release(&r->task[i]);
    mem_free(r->task);
    mem_free(r);
}

/* ---- from a log -------------------------------------------------------------------------- */

static float number(double x)
{
    return fabs(x) <= RECORDED_MAX ? (float)x : NAN;
}

/* By their step; what stands beyond a full training (extended by hand) is left out. */
static bool take_curves(const struct trial *t, int full_epochs, struct recorded_training *out)
{
    int n = t->curve[t->n_epochs - 1].step;
    n = n > full_epochs ? full_epochs : n;
    if (!records_make_curves(out, n))
        return false;
    for (size_t i = 0; i < t->n_epochs; i++) {
        const struct epoch_result *e = &t->curve[i];
        if (e->step < 1 || e->step > n)
            continue;
        for (int c = 0; c < RECORDED_CURVES; c++)
            out->curve[c][e->step - 1] =
                number(c == RECORDED_VALUE ? e->value : e->metric[metric_of[c]]);
    }
    return true;
}

/* "point 12", "trial 17"; -1: something else. */
static int read_action(const struct trial *t, const char *word)
{
    int64_t n;
    size_t length = strlen(word);
    if (strncmp(t->action, word, length) != 0 || !text_parse_int(t->action + length, &n))
        return -1;
    return n >= 0 && n <= INT32_MAX ? (int)n : -1;
}

/* Trained to its end, or until it diverged; what went on from another's weights is none. */
static bool has_ended(const struct trial *t)
{
    return t->n_epochs > 0 && t->curve[t->n_epochs - 1].step > 0 && t->continues < 0 &&
           (t->state == TRIAL_COMPLETE || t->state == TRIAL_FAIL);
}

/* Where trial `number` stands among those that have ended; -1: it has not. */
static int place_of(const struct study *study, int number)
{
    int place = 0;
    const struct trial *t = study_trial(study, number);
    if (!t || !has_ended(t))
        return -1;
    for (int i = 0; i < number; i++)
        place += has_ended(&study->trials[i]);
    return place;
}

static enum err take_trainings(struct recorded_task *task, const struct study *study)
{
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        if (!has_ended(t))
            continue;
        struct recorded_training *out = records_add_training(task);
        if (!out || !take_curves(t, task->full_epochs, out))
            return ERR_MEMORY;
        out->config = t->config;
        space_tidy(&task->space, &out->config);
        text_copy(out->who, sizeof out->who, t->who);
        out->point = read_action(t, "point ");
        out->repeats = place_of(study, read_action(t, "trial "));
        out->failed = t->state == TRIAL_FAIL;
        out->n_parameters = t->n_parameters;
        out->seconds = t->seconds;
        out->rng_seed = t->rng_seed;
    }
    return ERR_OK;
}

enum err learn_records_add(struct learn_records *r, const struct study *study, const char *path,
                           struct err_info *info)
{
    struct learn_plan plan;
    struct engine_settings settings;
    struct engine_task facts;
    if (!learn_plan_of(study, &plan) || !engine_read_settings(study, &settings) ||
        !engine_read_task(study, &facts) || !study->space_declared)
        return err_set(info, ERR_INPUT, path, "record it by 'tiller learn'", "is no recording");
    if (plan.pool != r->pool)
        return err_set(info, ERR_INPUT, path,
                       plan.pool ? "pools are for judging only; leave it out" : "leave it out",
                       plan.pool ? "is a pool: no knowledge may be made of it" : "is no pool");
    return records_add_study(r, study, path, info);
}

static int longest(const struct study *study)
{
    int most = 0;
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        int last = t->n_epochs > 0 ? t->curve[t->n_epochs - 1].step : 0;
        most = last > most ? last : most;
    }
    return most;
}

enum err records_add_study(struct learn_records *r, const struct study *study, const char *path,
                           struct err_info *info)
{
    struct engine_settings settings;
    struct learn_plan plan;
    bool has_curves = longest(study) >= 2 || learn_plan_of(study, &plan); /* or will have */
    if (study->fingerprint[0] && records_has(r, study->fingerprint))
        return err_set(info, ERR_INPUT, path, "leave one of them out",
                       "is of a task that is there already");
    if (study->direction == 2 || study->space.n == 0 || !has_curves)
        return err_set(info, ERR_INPUT, path, "leave it out",
                       study->direction == 2 ? "is a study whose values are maximised"
                                             : "holds no learning curves");
    struct recorded_task *task = records_add_task(r);
    if (!task)
        return err_set_memory(info, path);
    text_copy(task->name, sizeof task->name, study->data_name[0] ? study->data_name : study->name);
    text_copy(task->family, sizeof task->family, study->family);
    text_copy(task->variant, sizeof task->variant, study->variant);
    text_copy(task->fingerprint, sizeof task->fingerprint, study->fingerprint);
    text_copy(task->objective, sizeof task->objective, study->metric);
    if (!engine_read_task(study, &task->facts))
        task->facts.majority_error = (double)NAN;
    learn_plan_of(study, &task->plan);
    task->full_epochs =
        engine_read_settings(study, &settings) ? settings.full_epochs : longest(study);
    task->space = study->space;
    text_copy(task->log, sizeof task->log, file_base_name(path));
    enum err err = take_trainings(task, study);
    return err == ERR_OK ? ERR_OK : err_set_memory(info, path);
}

/* ---- a folder ---------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

/* The logs' file names, sorted. Owner: caller, each and the array. */
static enum err list_logs(const char *folder, bool pool, char ***out, size_t *n,
                          struct err_info *info)
{
    size_t capacity = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return err_set_errno(info, ERR_IO, folder, "check the name", "can't be opened");
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (!ends_with(entry->d_name, pool ? ".pool.jsonl" : ".study.jsonl"))
            continue;
        char *name = mem_dup_text(entry->d_name);
        if (!name || !mem_grow((void **)out, &capacity, *n, sizeof **out)) {
            mem_free(name);
            closedir(dir);
            return err_set_memory(info, folder);
        }
        (*out)[(*n)++] = name;
    }
    closedir(dir);
    if (*n == 0)
        return err_set(info, ERR_INPUT, folder, "record some by 'tiller learn'", "holds no %s",
                       pool ? "pools" : "recordings");
    qsort(*out, *n, sizeof **out, by_name);
    return ERR_OK;
}

static enum err add_log(struct learn_records *r, const char *folder, const char *name,
                        struct err_info *info)
{
    char path[1024];
    struct study *study = NULL;
    if (!file_join(path, sizeof path, folder, name))
        return err_set(info, ERR_USAGE, folder, "use a shorter path", "the path is too long");
    enum err err = study_read(path, NULL, &study, info);
    if (err == ERR_OK)
        err = learn_records_add(r, study, path, info);
    study_free(study);
    return err;
}

enum err learn_records_folder(const char *folder, bool pool, struct learn_records **out,
                              struct err_info *info)
{
    char **name = NULL;
    size_t n = 0;
    struct learn_records *r = mem_zero_alloc(1, sizeof *r);
    *out = NULL;
    if (!r)
        return err_set_memory(info, folder);
    r->pool = pool;
    enum err err = list_logs(folder, pool, &name, &n, info);
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        err = add_log(r, folder, name[i], info);
    for (size_t i = 0; i < n; i++)
        mem_free(name[i]);
    mem_free(name);
    if (err == ERR_OK)
        *out = r;
    else
        learn_records_free(r);
    return err;
}

/* ---- several of them ---------------------------------------------------------------------- */

enum err learn_records_join(struct learn_records *r, struct learn_records *more, const char *path,
                            struct err_info *info)
{
    for (size_t i = 0; i < more->n_tasks; i++)
        if (records_has(r, more->task[i].fingerprint))
            return err_set(info, ERR_INPUT, path, "leave one of them out", "'%s' is there already",
                           more->task[i].name);
    if (more->n_tasks == 0)
        return ERR_OK;
    size_t n = r->n_tasks + more->n_tasks;
    struct recorded_task *task = mem_resize(r->task, n, sizeof *task);
    if (!task)
        return err_set_memory(info, path);
    memcpy(task + r->n_tasks, more->task, more->n_tasks * sizeof *task);
    r->task = task;
    r->capacity = r->n_tasks = n;
    more->n_tasks = 0;
    return ERR_OK;
}

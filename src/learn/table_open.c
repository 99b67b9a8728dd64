/* table_open: what was named on a command line, as one table of curves: the two-file form, or
 * folders, packed files and study logs of trainings in any mixture. */
#include "internal.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

static bool is_recorded(const char *path)
{
    return file_is_folder(path) || ends_with(path, ".jsonl") ||
           (ends_with(path, ".gz") && !ends_with(path, ".csv.gz"));
}

/* ---- one source -------------------------------------------------------------------------- */

/* A study log of whatever kind. */
static enum err open_log(const char *path, struct learn_records **out, struct err_info *info)
{
    struct study *study = NULL;
    struct learn_plan plan;
    struct learn_records *r = mem_zero_alloc(1, sizeof *r);
    if (!r)
        return err_set_memory(info, path);
    enum err err = study_read(path, NULL, &study, info);
    bool planned = err == ERR_OK && learn_plan_of(study, &plan);
    r->pool = planned && plan.pool;
    if (err == ERR_OK)
        err = planned ? learn_records_add(r, study, path, info)
                      : records_add_study(r, study, path, info);
    study_free(study);
    if (err != ERR_OK)
        learn_records_free(r);
    else
        *out = r;
    return err;
}

/* Pools where there are any; what they or the recordings are is told by their content. */
static enum err open_source(const char *path, struct learn_records **out, struct err_info *info)
{
    struct err_info second = {0};
    enum err err;
    *out = NULL;
    if (ends_with(path, ".jsonl"))
        return open_log(path, out, info);
    if (file_is_folder(path))
        err = learn_records_folder(path, true, out, info);
    else
        err = learn_records_open(path, true, out, info);
    if (err != ERR_INPUT)
        return err;
    if (file_is_folder(path))
        err = learn_records_folder(path, false, out, &second);
    else
        err = learn_records_open(path, false, out, &second);
    return err == ERR_OK ? ERR_OK : ERR_INPUT;
}

/* Of the tasks whose features were not packed. */
static enum err look(struct learn_records *r, const char *path, const struct learn_looking *looking,
                     struct err_info *info)
{
    char folder[1024];
    if (!looking || !text_copy(folder, sizeof folder, path))
        return ERR_OK;
    if (!file_is_folder(path)) {
        char *slash = strrchr(folder, '/');
        if (slash)
            *slash = 0;
        else
            text_copy(folder, sizeof folder, ".");
    }
    struct learn_looking here = *looking;
    here.folder = folder;
    return learn_records_look(r, &here, info);
}

/* ---- all of them ------------------------------------------------------------------------- */

static bool is_finished(const struct recorded_task *task)
{
    return task->n_trainings >= (size_t)learn_plan_trainings(&task->plan);
}

/* Its tasks, from now on those of `all`; unfinished ones only where they were named one by one. */
static enum err move_tasks(struct learn_records *from, bool unfinished, struct learn_records *all,
                           int *n_unfinished, struct err_info *info)
{
    for (size_t i = 0; i < from->n_tasks; i++) {
        struct recorded_task *task = &from->task[i];
        if (!unfinished && !is_finished(task)) {
            ++*n_unfinished;
            continue;
        }
        for (size_t k = 0; k < all->n_tasks; k++)
            if (strcmp(all->task[k].name, task->name) == 0)
                return err_set(info, ERR_INPUT, task->name, "leave one of them out",
                               "this task is there twice");
        struct recorded_task *place = records_add_task(all);
        if (!place)
            return err_set_memory(info, task->name);
        *place = *task;
        task->training = NULL;
        task->n_trainings = 0;
    }
    return ERR_OK;
}

static enum err open_recorded(const char *const *paths, size_t n,
                              const struct learn_looking *looking, struct curve_table **out,
                              struct err_info *info)
{
    struct learn_records *all = mem_zero_alloc(1, sizeof *all);
    int n_unfinished = 0;
    enum err err = ERR_OK;
    if (!all)
        return err_set_memory(info, paths[0]);
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        struct learn_records *r = NULL;
        err = open_source(paths[i], &r, info);
        if (err == ERR_OK)
            err = look(r, paths[i], looking, info);
        if (err == ERR_OK)
            err = move_tasks(r, !file_is_folder(paths[i]), all, &n_unfinished, info);
        learn_records_free(r);
    }
    if (err == ERR_OK && all->n_tasks == 0)
        err = err_set(info, ERR_INPUT, paths[0], "wait until one of them is",
                      "none of its %d tasks is recorded to the end", n_unfinished);
    if (err == ERR_OK)
        err = table_from_records(all, file_base_name(paths[0]), out, info);
    if (err == ERR_OK)
        (*out)->n_unfinished = n_unfinished;
    learn_records_free(all);
    return err;
}

enum err curve_table_open(const char *const *paths, size_t n, enum curve_unit unit,
                          const struct learn_looking *looking, struct curve_table **out,
                          struct err_info *info)
{
    *out = NULL;
    for (size_t i = 0; i < n; i++)
        if (!is_recorded(paths[i]))
            return n == 1 ? curve_table_load(paths[0], unit, out, info)
                          : err_set(info, ERR_USAGE, paths[i], "compare on it alone",
                                    "is no folder, log or packed file that others go with");
    return open_recorded(paths, n, looking, out, info);
}

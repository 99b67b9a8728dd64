/* records_look: what recorded tasks look like, measured on their data, so that a packed file is all
 * that learning needs. */
#include "tiller/learn.h"

#include <string.h>

static void tell(const struct learn_looking *l, const struct recorded_task *task, const char *why)
{
    char line[900];
    text_format(line, sizeof line, "%s: its features are not known: %s", task->name, why);
    if (l->say)
        l->say(l->arg, line);
}

/* The data must be what was recorded: other rows would look otherwise. */
static enum err measure(const struct learn_looking *l, const struct study *study, const char *path,
                        struct recorded_task *task, struct err_info *info)
{
    struct data_set *set;
    enum err err = l->open(l->arg, study, path, &set, info);
    if (err != ERR_OK)
        return err;
    if (strcmp(set->fingerprint, task->fingerprint) != 0)
        err = err_set(info, ERR_INPUT, path, "fetch the data as it was",
                      "the data has changed since it was recorded");
    else
        err = meta_features(set, &task->features, info);
    task->has_features = err == ERR_OK;
    data_free(set);
    return err;
}

static enum err look(const struct learn_looking *l, struct recorded_task *task,
                     struct err_info *info)
{
    char path[1024];
    struct study *study = NULL;
    if (!file_join(path, sizeof path, l->folder, task->log))
        return err_set(info, ERR_USAGE, l->folder, "use a shorter path", "the path is too long");
    enum err err = study_read(path, NULL, &study, info);
    if (err == ERR_OK)
        err = measure(l, study, path, task, info);
    study_free(study);
    return err;
}

enum err learn_records_look(struct learn_records *r, const struct learn_looking *l,
                            struct err_info *info)
{
    for (size_t i = 0; i < r->n_tasks; i++) {
        struct recorded_task *task = &r->task[i];
        struct err_info why = {0};
        char line[900];
        if (task->has_features || !task->log[0])
            continue;
        enum err err = look(l, task, &why);
        if (err == ERR_MEMORY)
            return err_set_memory(info, task->name);
        if (err != ERR_OK)
            tell(l, task, err_format(&why, line, sizeof line));
    }
    return ERR_OK;
}

/* read: a whole journal into a fold, without touching the file. */
#include "study/internal.h"

#include <string.h>

enum { FILE_BYTES_MAX_LOG2 = 34 };

static enum err no_study(const struct study *study, const char *path, const char *name,
                         struct err_info *info)
{
    char where[256];
    text_format(where, sizeof where, "%s:%lld", path, (long long)study->first_bad_line);
    if (study->n_bad > 0)
        return err_set(info, ERR_INPUT, where, "name a study log (NAME.study.jsonl)",
                       "not a journal: %s", study->bad_reason);
    if (name)
        return err_set(info, ERR_INPUT, path, NULL, "holds no study named '%s'", name);
    return err_set(info, ERR_INPUT, path, "name a study log (NAME.study.jsonl)", "holds no study");
}

/* The first study that was not deleted later, where the fold has none. */
static const char *living_study(const struct fold *fold)
{
    for (size_t i = 0; i < fold->n_rows; i++)
        if (!fold->rows[i].deleted)
            return fold->rows[i].name;
    return NULL;
}

static enum err fold_named(const char *bytes, size_t n, const char *name, struct study **out)
{
    size_t used;
    *out = study_new(name);
    if (!*out)
        return ERR_MEMORY;
    enum err err = fold_bytes(*out, bytes, n, &used);
    if (err != ERR_OK) {
        study_free(*out);
        *out = NULL;
    }
    return err;
}

static enum err fold_file(const char *bytes, size_t n, const char *name, struct study **out)
{
    enum err err = fold_named(bytes, n, name, out);
    const char *other = err == ERR_OK && !name ? living_study(fold_of(*out)) : NULL;
    if (!other || (*out)->study_id >= 0)
        return err;
    struct study *first = *out;
    err = fold_named(bytes, n, other, out);
    study_free(first);
    return err;
}

enum err study_read(const char *path, const char *name, struct study **out, struct err_info *info)
{
    char *bytes;
    size_t n;
    *out = NULL;
    enum err err = file_read(path, (size_t)1 << FILE_BYTES_MAX_LOG2, &bytes, &n, info);
    if (err != ERR_OK)
        return err;
    err = fold_file(bytes, n, name, out);
    mem_free(bytes);
    if (err != ERR_OK)
        return err_set_memory(info, path);
    if ((*out)->study_id >= 0)
        return ERR_OK;
    err = no_study(*out, path, name, info);
    study_free(*out);
    *out = NULL;
    return err;
}

/* records_read: packed recordings, line by line. Nothing in the file is believed: every count is
 * held against what is there, every number against its range, before it is stored. */
#include "internal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 29) /* unpacked */
enum { TASKS_MAX = 10000, TRAININGS_MAX = 100000, EPOCHS_MAX = 100000, FILE_CURVES_MAX = 32 };

struct reader {
    const char *path;
    char *at; /* the next line */
    int64_t line;
    int n_curves;
    int curve[FILE_CURVES_MAX]; /* which of ours each of the file's is; -1: none */
    struct learn_records *out;
    struct err_info *info;
};

static enum err refuse(const struct reader *r, const char *what)
{
    char where[200];
    text_format(where, sizeof where, "%s:%lld", r->path, (long long)r->line);
    return err_set(r->info, ERR_INPUT, where, "fetch the file again, or pack it again", "%s", what);
}

/* The next line's object. Owner: caller, json_free. */
static enum err next_line(struct reader *r, struct cJSON **out)
{
    char where[200], *line = r->at, *end = strchr(line, '\n');
    r->line++;
    *out = NULL;
    if (!end)
        return refuse(r, *line ? "the line has no end" : "the file ends too early");
    r->at = end + 1;
    text_format(where, sizeof where, "%s:%lld", r->path, (long long)r->line);
    enum err err = json_parse(line, (size_t)(end - line), where, out, r->info);
    if (err != ERR_OK)
        err_hint(r->info, "fetch the file again, or pack it again");
    if (err != ERR_OK || cJSON_IsObject(*out))
        return err;
    json_free(*out);
    *out = NULL;
    return refuse(r, "is no object");
}

static bool read_count(const struct cJSON *doc, const char *name, int64_t low, int64_t high,
                       int64_t *out)
{
    return json_get_int(doc, name, out) && *out >= low && *out <= high;
}

static bool read_text(const struct cJSON *doc, const char *name, char *out, size_t out_size)
{
    const char *text = json_get_string(doc, name);
    if (!text || strlen(text) >= out_size)
        return false;
    text_sanitize(out, out_size, text);
    return true;
}

/* ---- the head ---------------------------------------------------------------------------- */

static int find_curve(const char *name)
{
    for (int c = 0; c < RECORDED_CURVES; c++)
        if (strcmp(name, recorded_curve_name((enum recorded_curve)c)) == 0)
            return c;
    return -1;
}

/* Which curves each training has, in which order; a name that is not ours is passed over. */
static bool read_curve_names(struct reader *r, const struct cJSON *names)
{
    const struct cJSON *item;
    bool seen[RECORDED_CURVES] = {false};
    if (!cJSON_IsArray(names))
        return false;
    cJSON_ArrayForEach(item, names)
    {
        int c = cJSON_IsString(item) ? find_curve(item->valuestring) : -1;
        if (r->n_curves == FILE_CURVES_MAX || !cJSON_IsString(item) || (c >= 0 && seen[c]))
            return false;
        if (c >= 0)
            seen[c] = true;
        r->curve[r->n_curves++] = c;
    }
    return seen[RECORDED_VALUE];
}

static enum err read_head(struct reader *r, bool pool, int64_t *n_tasks)
{
    struct cJSON *doc;
    int64_t version = 0;
    enum err err = next_line(r, &doc);
    if (err != ERR_OK)
        return err;
    const char *format = json_get_string(doc, "format");
    if (!format || strcmp(format, RECORDS_FORMAT) != 0 || !json_get_int(doc, "version", &version))
        err = refuse(r, "is no file of packed recordings");
    else if (version != RECORDS_VERSION)
        err = refuse(r, "is of another version of tiller");
    else if (!json_get_bool(doc, "pool", &r->out->pool) ||
             !read_count(doc, "tasks", 0, TASKS_MAX, n_tasks) ||
             !read_curve_names(r, json_get(doc, "curves")))
        err = refuse(r, "lacks pool, tasks or curves");
    else if (r->out->pool != pool)
        err = err_set(r->info, ERR_INPUT, r->path,
                      pool ? "name a file of pools" : "pools are for judging only",
                      pool ? "holds recordings, not pools"
                           : "holds pools: no knowledge may be made of them");
    json_free(doc);
    return err;
}

/* ---- a training -------------------------------------------------------------------------- */

static bool allows(const struct hyperparameter *h, double value)
{
    if (h->kind == HYPER_CATEGORICAL)
        return value >= 0 && value < h->n_choices && value == floor(value);
    return value >= h->low && value <= h->high && (h->kind == HYPER_FLOAT || value == floor(value));
}

/* Values where the configuration has any, of the space's ranges; which ones it has follows from
 * them, and must be the same. */
static bool read_values(const struct space *space, const struct cJSON *x, struct configuration *out)
{
    uint32_t set = 0;
    int i = 0;
    const struct cJSON *item;
    space_default(space, out);
    if (!cJSON_IsArray(x))
        return false;
    cJSON_ArrayForEach(item, x)
    {
        double value;
        if (i < space->n && !cJSON_IsNull(item)) {
            if (!json_number(item, &value) || !allows(&space->h[i], value))
                return false;
            out->value[i] = value;
            set |= UINT32_C(1) << i;
        }
        i++;
    }
    space_tidy(space, out);
    return i == space->n && out->set == set;
}

/* n numbers, null for none. */
static bool read_curve(const struct cJSON *array, int n, float *out)
{
    const struct cJSON *item;
    int i = 0;
    if (!cJSON_IsArray(array))
        return false;
    cJSON_ArrayForEach(item, array)
    {
        bool none = cJSON_IsNull(item);
        if (i == n || !(none || (cJSON_IsNumber(item) && fabs(item->valuedouble) <= RECORDED_MAX)))
            return false;
        if (out)
            out[i] = none ? NAN : (float)item->valuedouble;
        i++;
    }
    return i == n;
}

static enum err read_curves(struct reader *r, const struct recorded_task *task,
                            const struct cJSON *curves, struct recorded_training *t)
{
    const struct cJSON *first = cJSON_IsArray(curves) ? curves->child : NULL;
    int n = first ? cJSON_GetArraySize(first) : 0, k = 0;
    if (n < 1 || n > task->full_epochs)
        return refuse(r, "curves that are empty or longer than a full training");
    if (!records_make_curves(t, n))
        return err_set_memory(r->info, r->path);
    for (const struct cJSON *curve = first; curve; curve = curve->next, k++) {
        int c = k < r->n_curves ? r->curve[k] : -1;
        if (k == r->n_curves || !read_curve(curve, n, c >= 0 ? t->curve[c] : NULL))
            return refuse(r, "curves of different lengths, or of something else than numbers");
    }
    return k == r->n_curves ? ERR_OK : refuse(r, "fewer curves than the first line names");
}

/* Optional: -1 stays where it is absent. */
static bool read_index(const struct cJSON *doc, const char *name, int64_t high, int *out)
{
    int64_t n;
    if (!json_get(doc, name))
        return true;
    if (!read_count(doc, name, 0, high, &n))
        return false;
    *out = (int)n;
    return true;
}

static bool read_facts(const struct cJSON *doc, const struct recorded_task *task,
                       struct recorded_training *t)
{
    int64_t seed, before = (int64_t)task->n_trainings - 2;
    if (!read_text(doc, "who", t->who, sizeof t->who) ||
        !read_index(doc, "point", task->plan.n_shared - 1, &t->point) ||
        !read_index(doc, "repeats", before, &t->repeats) ||
        !read_count(doc, "seed", 0, INT64_MAX, &seed) ||
        !read_count(doc, "parameters", -1, INT64_MAX, &t->n_parameters) ||
        !json_get_number(doc, "seconds", &t->seconds))
        return false;
    t->rng_seed = (uint64_t)seed;
    json_get_bool(doc, "failed", &t->failed);
    return isfinite(t->seconds) && t->seconds >= 0;
}

static enum err read_training(struct reader *r, struct recorded_task *task)
{
    struct cJSON *doc;
    struct recorded_training *t = records_add_training(task);
    if (!t)
        return err_set_memory(r->info, r->path);
    enum err err = next_line(r, &doc);
    if (err != ERR_OK)
        return err;
    if (!read_values(&task->space, json_get(doc, "x"), &t->config))
        err = refuse(r, "x is no configuration of the task's space");
    else if (!read_facts(doc, task, t))
        err = refuse(r, "who, point, repeats, seed, parameters or seconds are not possible");
    else
        err = read_curves(r, task, json_get(doc, "curves"), t);
    json_free(doc);
    return err;
}

/* ---- a task ------------------------------------------------------------------------------ */

static bool read_names(const struct cJSON *doc, struct recorded_task *task)
{
    return read_text(doc, "task", task->name, sizeof task->name) &&
           read_text(doc, "family", task->family, sizeof task->family) &&
           read_text(doc, "variant", task->variant, sizeof task->variant) &&
           read_text(doc, "fingerprint", task->fingerprint, sizeof task->fingerprint) &&
           read_text(doc, "objective", task->objective, sizeof task->objective) && task->name[0] &&
           task->family[0];
}

static bool read_numbers(const struct cJSON *doc, struct recorded_task *task, int64_t *n_trainings)
{
    int64_t seed, inputs, classes, epochs;
    if (!read_count(doc, "split_seed", 0, INT64_MAX, &seed) ||
        !read_count(doc, "rows", 1, INT32_MAX, &task->facts.n_rows) ||
        !read_count(doc, "inputs", 1, INT32_MAX, &inputs) ||
        !read_count(doc, "classes", 0, INT32_MAX, &classes) ||
        !read_count(doc, "epochs", 1, EPOCHS_MAX, &epochs) ||
        !read_count(doc, "trainings", 0, TRAININGS_MAX, n_trainings) ||
        !json_get_number(doc, "majority_error", &task->facts.majority_error) ||
        !isfinite(task->facts.majority_error))
        return false;
    task->facts.split_seed = (uint64_t)seed;
    task->facts.n_inputs = (int32_t)inputs;
    task->facts.n_classes = (int32_t)classes;
    task->full_epochs = (int)epochs;
    return true;
}

/* Exactly n finite numbers. */
static bool read_numbers_of(const struct cJSON *array, int n, double *out)
{
    const struct cJSON *item;
    int i = 0;
    if (!cJSON_IsArray(array))
        return false;
    cJSON_ArrayForEach(item, array)
    {
        if (i == n || !json_number(item, &out[i]) || !(fabs(out[i]) <= RECORDED_MAX))
            return false;
        i++;
    }
    return i == n;
}

static bool read_features(const struct cJSON *doc, struct recorded_task *task)
{
    struct task_features *f = &task->features;
    int64_t rows;
    task->has_features = doc != NULL;
    if (!doc)
        return true;
    if (!read_numbers_of(json_get(doc, "value"), FEATURE_N, f->value) ||
        !read_numbers_of(json_get(doc, "sketch"), SKETCH_N, f->sketch) ||
        !read_count(doc, "rows", 0, INT32_MAX, &rows) ||
        !json_get_number(doc, "cost", &f->cost_epochs))
        return false;
    f->rows_used = (int)rows;
    return f->cost_epochs >= 0 && f->cost_epochs <= RECORDED_MAX;
}

static enum err read_space(struct reader *r, const struct cJSON *object, struct space *out)
{
    enum err err = space_read_json(object, out, r->info);
    return err == ERR_OK || err == ERR_MEMORY ? err : refuse(r, "space is not possible");
}

static enum err read_task_line(struct reader *r, struct recorded_task *task, int64_t *n_trainings)
{
    struct cJSON *doc;
    enum err err = next_line(r, &doc);
    if (err != ERR_OK)
        return err;
    if (!read_names(doc, task))
        err = refuse(r, "task, family, variant, fingerprint or objective are not possible");
    else if (!read_numbers(doc, task, n_trainings))
        err = refuse(r, "a number of the task is missing or not possible");
    else if (!plan_read(json_get(doc, "plan"), &task->plan) || task->plan.pool != r->out->pool)
        err = refuse(r, "plan is not possible");
    else if (!read_features(json_get(doc, "features"), task))
        err = refuse(r, "features are not possible");
    else
        err = read_space(r, json_get(doc, "space"), &task->space);
    json_free(doc);
    return err;
}

static enum err read_task(struct reader *r)
{
    struct recorded_task *task = records_add_task(r->out);
    int64_t n_trainings = 0;
    if (!task)
        return err_set_memory(r->info, r->path);
    enum err err = read_task_line(r, task, &n_trainings);
    for (size_t i = 0; i + 1 < r->out->n_tasks && err == ERR_OK; i++)
        if (strcmp(r->out->task[i].fingerprint, task->fingerprint) == 0)
            err = refuse(r, "a task that is there already");
    for (int64_t i = 0; i < n_trainings && err == ERR_OK; i++)
        err = read_training(r, task);
    return err;
}

static enum err read_all(struct reader *r, bool pool)
{
    int64_t n_tasks = 0;
    enum err err = read_head(r, pool, &n_tasks);
    for (int64_t i = 0; i < n_tasks && err == ERR_OK; i++)
        err = read_task(r);
    r->line++;
    return err == ERR_OK && *r->at ? refuse(r, "more than the first line says") : err;
}

enum err learn_records_open(const char *path, bool pool, struct learn_records **out,
                            struct err_info *info)
{
    char *bytes;
    size_t n;
    *out = NULL;
    enum err err = file_read(path, FILE_BYTES_MAX, &bytes, &n, info);
    if (err != ERR_OK)
        return err;
    struct reader r = {.path = path, .at = bytes, .info = info};
    r.out = mem_zero_alloc(1, sizeof *r.out);
    if (!r.out)
        err = err_set_memory(info, path);
    else if (strlen(bytes) != n) /* a zero byte ends what the lines' loop sees */
        err = err_set(info, ERR_INPUT, path, "fetch the file again", "holds zero bytes");
    else
        err = read_all(&r, pool);
    mem_free(bytes);
    if (err == ERR_OK)
        *out = r.out;
    else
        learn_records_free(r.out);
    return err;
}

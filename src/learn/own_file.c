/* own_file: the file of what own studies have taught: written, read without trust, and changed
 * under a lock, so that two programs that finish at once both get in. */
#include "tiller/own.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OWN_FORMAT "tiller own knowledge"
#define OWN_BYTES_MAX ((size_t)1 << 28)
enum { OWN_VERSION = 1, LOCK_TRIES = 100, LOCK_WAIT_MS = 50, EPOCHS_MAX = 1000000 };

/* ---- writing ----------------------------------------------------------------------------- */

static void put_numbers(struct json_writer *w, const char *name, const double *x, int n)
{
    json_open(w, name, '[');
    for (int i = 0; i < n; i++)
        json_put_number(w, NULL, x[i]);
    json_close(w, ']');
}

static void put_facts(struct json_writer *w, const struct own_study *s)
{
    const struct knowledge_task *f = &s->facts;
    json_put_string(w, "id", s->id);
    json_put_string(w, "log", f->origin);
    json_put_number(w, "began", s->began);
    json_put_string(w, "name", f->name);
    json_put_string(w, "family", s->family);
    json_put_string(w, "variant", f->variant);
    json_put_string(w, "fingerprint", f->fingerprint);
    json_put_int(w, "epochs", f->full_epochs);
    json_put_int(w, "rows", f->n_rows);
    json_put_int(w, "inputs", f->n_inputs);
    json_put_int(w, "classes", f->n_classes);
    json_put_number(w, "majority_error", f->majority_error);
    json_put_number(w, "noise", f->noise);
    if (f->has_looks) {
        put_numbers(w, "features", f->feature, FEATURE_N);
        put_numbers(w, "sketch", f->sketch, SKETCH_N);
    }
}

static void put_study(struct json_writer *w, const struct own_study *s)
{
    json_open(w, NULL, '{');
    put_facts(w, s);
    json_open(w, "runs", '[');
    for (size_t i = 0; i < s->n_runs; i++) {
        json_open(w, NULL, '{');
        json_put_raw(w, "params", s->run[i].params_json);
        json_put_number(w, "log_error", s->run[i].log_error);
        json_close(w, '}');
    }
    json_close(w, ']');
    json_open(w, "steps", '[');
    for (size_t i = 0; i < s->n_steps; i++) {
        json_open(w, NULL, '[');
        json_put_string(w, NULL, s->step[i].situation);
        json_put_string(w, NULL, s->step[i].action);
        json_put_number(w, NULL, s->step[i].reward);
        json_put_string(w, NULL, s->step[i].next);
        json_close(w, ']');
    }
    json_close(w, ']');
    json_close(w, '}');
}

enum err own_write(const struct own_knowledge *own, struct text *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    json_put_string(&w, "format", OWN_FORMAT);
    json_put_int(&w, "version", OWN_VERSION);
    json_open(&w, "studies", '[');
    for (size_t i = 0; i < own->n; i++)
        put_study(&w, &own->study[i]);
    json_close(&w, ']');
    json_close(&w, '}');
    text_append_char(out, '\n');
    return out->failed ? ERR_MEMORY : ERR_OK;
}

/* ---- reading ----------------------------------------------------------------------------- */

static bool get_text(const struct cJSON *doc, const char *name, char *out, size_t out_size)
{
    const char *text = json_get_string(doc, name);
    text_sanitize(out, out_size, text ? text : "");
    return text && strlen(text) < out_size;
}

static bool get_count(const struct cJSON *doc, const char *name, int64_t low, int64_t *out)
{
    return json_get_int(doc, name, out) && *out >= low && *out <= INT32_MAX;
}

static bool get_numbers(const struct cJSON *doc, const char *name, int n, double *out)
{
    const struct cJSON *list = json_get(doc, name);
    const struct cJSON *item = cJSON_IsArray(list) ? list->child : NULL;
    for (int i = 0; i < n; i++, item = item->next)
        if (!item || !json_number(item, &out[i]) || !isfinite(out[i]))
            return false;
    return !item;
}

static bool get_finite(const struct cJSON *doc, const char *name, double low, double *out)
{
    return json_get_number(doc, name, out) && isfinite(*out) && *out >= low;
}

static bool read_facts(const struct cJSON *doc, struct own_study *s)
{
    struct knowledge_task *f = &s->facts;
    int64_t epochs = 0, inputs = 0, classes = 0;
    bool whole = get_text(doc, "id", s->id, sizeof s->id) &&
                 get_text(doc, "log", f->origin, sizeof f->origin) &&
                 get_text(doc, "name", f->name, sizeof f->name) &&
                 get_text(doc, "family", s->family, sizeof s->family) &&
                 get_text(doc, "variant", f->variant, sizeof f->variant) &&
                 get_text(doc, "fingerprint", f->fingerprint, sizeof f->fingerprint) &&
                 get_finite(doc, "began", 0, &s->began) && get_count(doc, "epochs", 1, &epochs) &&
                 get_count(doc, "rows", 0, &f->n_rows) && get_count(doc, "inputs", 0, &inputs) &&
                 get_count(doc, "classes", 0, &classes) &&
                 get_finite(doc, "majority_error", 1e-12, &f->majority_error) &&
                 get_finite(doc, "noise", 0, &f->noise) && epochs <= EPOCHS_MAX;
    f->full_epochs = (int)epochs;
    f->n_inputs = (int)inputs;
    f->n_classes = (int)classes;
    f->by_user = true;
    f->family = -1;
    f->has_looks = json_get(doc, "features") != NULL;
    return whole && (!f->has_looks || (get_numbers(doc, "features", FEATURE_N, f->feature) &&
                                       get_numbers(doc, "sketch", SKETCH_N, f->sketch)));
}

/* Returns false if something is wrong; *memory: it is for want of that. */
static bool read_run(const struct cJSON *doc, struct own_study *s, bool *memory)
{
    struct own_run run = {0};
    struct text params = {0};
    struct json_writer w;
    if (!cJSON_IsObject(json_get(doc, "params")) ||
        !get_finite(doc, "log_error", -1e30, &run.log_error))
        return false;
    json_begin(&w, &params);
    json_put_item(&w, NULL, json_get(doc, "params"));
    run.params_json = params.data;
    *memory =
        params.failed || !mem_grow((void **)&s->run, &s->runs_capacity, s->n_runs, sizeof run);
    if (*memory)
        text_free(&params);
    else
        s->run[s->n_runs++] = run;
    return !*memory;
}

static bool take_word(const struct cJSON *item, char *out, size_t out_size)
{
    bool fits = item && cJSON_IsString(item) && strlen(item->valuestring) < out_size;
    text_sanitize(out, out_size, fits ? item->valuestring : "");
    return fits;
}

static bool read_step(const struct cJSON *doc, struct own_study *s, bool *memory)
{
    struct own_step step = {0};
    const struct cJSON *item[4];
    if (!cJSON_IsArray(doc) || cJSON_GetArraySize(doc) != 4)
        return false;
    item[0] = doc->child;
    for (int i = 1; i < 4; i++)
        item[i] = item[i - 1]->next;
    if (!take_word(item[0], step.situation, sizeof step.situation) ||
        !take_word(item[1], step.action, sizeof step.action) ||
        !json_number(item[2], &step.reward) || !isfinite(step.reward) ||
        !take_word(item[3], step.next, sizeof step.next))
        return false;
    *memory = !mem_grow((void **)&s->step, &s->steps_capacity, s->n_steps, sizeof step);
    if (!*memory)
        s->step[s->n_steps++] = step;
    return !*memory;
}

static bool read_list(const struct cJSON *doc, const char *name, struct own_study *s, bool *memory,
                      bool (*read)(const struct cJSON *doc, struct own_study *s, bool *memory))
{
    const struct cJSON *item, *list = json_get(doc, name);
    bool whole = cJSON_IsArray(list);
    cJSON_ArrayForEach(item, list)
    {
        whole = whole && read(item, s, memory);
    }
    return whole;
}

/* The study is in the list even if it is not whole: own_free frees what it has. */
static enum err read_study(const struct cJSON *doc, struct own_knowledge *own, const char *path,
                           struct err_info *info)
{
    bool memory = false;
    if (!mem_grow((void **)&own->study, &own->capacity, own->n, sizeof *own->study))
        return err_set_memory(info, path);
    struct own_study *s = &own->study[own->n++];
    *s = (struct own_study){0};
    if (read_facts(doc, s) && read_list(doc, "runs", s, &memory, read_run) &&
        read_list(doc, "steps", s, &memory, read_step))
        return ERR_OK;
    return memory ? err_set_memory(info, path)
                  : err_set(info, ERR_INPUT, path, "rename it away, and fold the studies again",
                            "study %zu is not as it should be", own->n);
}

static enum err read_all(const struct cJSON *doc, const char *path, struct own_knowledge *own,
                         struct err_info *info)
{
    int64_t version;
    enum err err = ERR_OK;
    const char *format = json_get_string(doc, "format");
    const struct cJSON *item, *list = json_get(doc, "studies");
    if (!format || strcmp(format, OWN_FORMAT) != 0 || !json_get_int(doc, "version", &version) ||
        version != OWN_VERSION || !cJSON_IsArray(list))
        return err_set(info, ERR_INPUT, path, "is it of another version?",
                       "is no file of what own studies have taught");
    cJSON_ArrayForEach(item, list)
    {
        if (err == ERR_OK)
            err = read_study(item, own, path, info);
    }
    return err;
}

enum err own_read(const char *bytes, size_t n, const char *path, struct own_knowledge **out,
                  struct err_info *info)
{
    struct cJSON *doc = NULL;
    *out = mem_zero_alloc(1, sizeof **out);
    if (!*out)
        return err_set_memory(info, path);
    enum err err = json_parse(bytes, n, path, &doc, info);
    if (err == ERR_OK)
        err = read_all(doc, path, *out, info);
    json_free(doc);
    if (err != ERR_OK) {
        own_free(*out);
        *out = NULL;
    }
    return err;
}

enum err own_open(const char *path, struct own_knowledge **out, struct err_info *info)
{
    char *bytes;
    size_t n;
    *out = NULL;
    if (!file_exists(path)) {
        *out = mem_zero_alloc(1, sizeof **out);
        return *out ? ERR_OK : err_set_memory(info, path);
    }
    enum err err = file_read(path, OWN_BYTES_MAX, &bytes, &n, info);
    if (err != ERR_OK)
        return err;
    err = own_read(bytes, n, path, out, info);
    mem_free(bytes);
    return err;
}

/* ---- changing the file -------------------------------------------------------------------- */

static bool is_cancelled(const atomic_bool *cancel)
{
    return cancel && atomic_load(cancel);
}

/* The lock is on a file beside it, since the file itself is replaced. fd: -1 after an error. */
static enum err lock_beside(const char *path, const atomic_bool *cancel, int *fd,
                            struct err_info *info)
{
    const struct timespec wait = {0, LOCK_WAIT_MS * 1000000L};
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct text beside = {0};
    text_appendf(&beside, "%s.lock", path);
    *fd = beside.failed ? -1 : open(text_get(&beside), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    text_free(&beside);
    if (*fd < 0)
        return err_set_errno(info, ERR_IO, path, NULL, "locking failed");
    for (int i = 0; i < LOCK_TRIES && !is_cancelled(cancel); i++) {
        if (fcntl(*fd, F_OFD_SETLK, &whole) == 0)
            return ERR_OK;
        if (errno != EAGAIN && errno != EACCES)
            break;
        nanosleep(&wait, NULL);
    }
    close(*fd);
    *fd = -1;
    return is_cancelled(cancel)
               ? err_set(info, ERR_INTERRUPTED, path, NULL, "cancelled")
               : err_set(info, ERR_BUSY, path, "try again later", "another program changes it");
}

static enum err make_folder_of(const char *path, struct err_info *info)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return ERR_OK;
    char *folder = mem_dup_text_n(path, (size_t)(slash - path));
    if (!folder)
        return err_set_memory(info, path);
    enum err err = file_make_folder(folder, info);
    mem_free(folder);
    return err;
}

static enum err save(const struct own_knowledge *own, const char *path, struct err_info *info)
{
    struct text out = {0};
    enum err err = own_write(own, &out) == ERR_OK
                       ? file_write_atomic(path, text_get(&out), out.length, info)
                       : err_set_memory(info, path);
    text_free(&out);
    return err;
}

static enum err fold_into(const char *own_path, const struct study *study, const char *study_path,
                          const struct task_features *features, const atomic_bool *cancel,
                          char *say, size_t say_size, struct err_info *info)
{
    struct own_knowledge *own = NULL;
    char id[20];
    int n;
    enum err err = own_open(own_path, &own, info);
    if (err == ERR_OK)
        err = learn_fold_study(own, study, study_path, features, info);
    if (err == ERR_OK && is_cancelled(cancel))
        err = err_set(info, ERR_INTERRUPTED, own_path, NULL, "cancelled");
    if (err == ERR_OK)
        err = save(own, own_path, info);
    int at = err == ERR_OK ? own_find(own, own_id(study, id, sizeof id), &n) : -1;
    if (at >= 0)
        text_format(say, say_size,
                    "folded into your own knowledge: %zu configurations, %zu steps of the Q-table",
                    own->study[at].n_runs, own->study[at].n_steps);
    own_free(own);
    return err;
}

enum err own_fold_file(const char *own_path, const char *study_path,
                       const struct task_features *features, const atomic_bool *cancel, char *say,
                       size_t say_size, struct err_info *info)
{
    struct study *study = NULL;
    char whole[PATH_MAX];
    int fd = -1;
    enum err err = study_read(study_path, NULL, &study, info);
    if (realpath(study_path, whole))
        study_path = whole;
    if (err == ERR_OK)
        err = make_folder_of(own_path, info);
    if (err == ERR_OK)
        err = lock_beside(own_path, cancel, &fd, info);
    if (err == ERR_OK)
        err = fold_into(own_path, study, study_path, features, cancel, say, say_size, info);
    if (fd >= 0)
        close(fd);
    study_free(study);
    return err;
}

static enum err forget(struct own_knowledge *own, const char *own_path, const char *word, char *say,
                       size_t say_size, struct err_info *info)
{
    int n, at = own_find(own, word, &n);
    if (at < 0)
        return err_set(info, ERR_USAGE, word, "'tiller learn --list' shows what there is",
                       n == 0 ? "no study of that name was folded into %s"
                              : "several studies of that name were folded into %s: say the id",
                       own_path);
    text_format(say, say_size, "forgot %s (%s): %zu configurations, %zu steps of the Q-table",
                own->study[at].facts.name, own->study[at].id, own->study[at].n_runs,
                own->study[at].n_steps);
    own_forget(own, at);
    return save(own, own_path, info);
}

enum err own_forget_file(const char *own_path, const char *word, char *say, size_t say_size,
                         struct err_info *info)
{
    struct own_knowledge *own = NULL;
    int fd = -1;
    enum err err = make_folder_of(own_path, info);
    if (err == ERR_OK)
        err = lock_beside(own_path, NULL, &fd, info);
    if (err == ERR_OK)
        err = own_open(own_path, &own, info);
    if (err == ERR_OK)
        err = forget(own, own_path, word, say, say_size, info);
    own_free(own);
    if (fd >= 0)
        close(fd);
    return err;
}

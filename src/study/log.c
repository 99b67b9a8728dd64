/* log: opening and closing a study log, and claims, which have to be decided under the journal's
 * lock (log.h). */
#include "study/log.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const double OPEN_PATIENCE_S = 35; /* more than a dead lock needs to become stale */
static const double CLAIM_PATIENCE_S = 5;

/* ---- names ------------------------------------------------------------------------------- */

static bool strip(char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);
    if (n <= m || strcmp(path + n - m, end) != 0 || path[n - m - 1] == '/')
        return false;
    path[n - m] = 0;
    return true;
}

bool study_folder(const char *path, char *out, size_t size)
{
    char stem[PATH_MAX];
    if (!text_copy(stem, sizeof stem, path))
        return false;
    strip(stem, ".jsonl");
    strip(stem, ".study");
    int n = snprintf(out, size, "%s.study.d", stem);
    return n >= 0 && (size_t)n < size;
}

/* ---- is it a journal? -------------------------------------------------------------------- */

/* A file without a single whole line may still be a journal whose first line was torn. */
static bool may_be_torn(const char *bytes, size_t n)
{
    static const char start[] = "{\"op_code\"";
    size_t m = n < sizeof start - 1 ? n : sizeof start - 1;
    return memcmp(bytes, start, m) == 0;
}

static enum err not_a_journal(const char *path, int64_t line, const char *why,
                              struct err_info *info)
{
    char where[256];
    text_format(where, sizeof where, "%s:%lld", path, (long long)line);
    return err_set(info, ERR_INPUT, where, "name another file: nothing was changed in this one",
                   "not a study log: %s", why);
}

/* Folds the file without touching anything. The first study of the file, where no name is given. */
static enum err examine(struct study_log *log, const char *bytes, size_t n, struct err_info *info)
{
    size_t used;
    struct study *study = study_new(log->name);
    enum err err = study ? fold_bytes(study, bytes, n, &used) : ERR_MEMORY;
    if (err != ERR_OK)
        err = err_set_memory(info, log->path);
    else if (study->n_bad > 0)
        err = not_a_journal(log->path, study->first_bad_line, study->bad_reason, info);
    else if (used == 0 && n > 0 && !may_be_torn(bytes, n))
        err = not_a_journal(log->path, 1, "no record stands in it", info);
    else if (!log->name && study->study_id < 0)
        err = err_set(info, ERR_INPUT, log->path, "start a new study with another name",
                      "holds no study");
    study_free(study);
    return err;
}

static bool is_packed(const char *path)
{
    unsigned char magic[2] = {0, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool packed = fd >= 0 && pread(fd, magic, 2, 0) == 2 && magic[0] == 0x1F && magic[1] == 0x8B;
    if (fd >= 0)
        close(fd);
    return packed;
}

/* Before anything is made beside it: a file that is no journal leaves no trace of us. */
static enum err examine_file(struct study_log *log, bool may_create, struct err_info *info)
{
    char *bytes;
    size_t n;
    struct stat status;
    if (stat(log->path, &status) != 0) {
        if (errno == ENOENT && may_create)
            return ERR_OK;
        return err_set_errno(info, ERR_IO, log->path, "check the name", "can't be opened");
    }
    if (!S_ISREG(status.st_mode))
        return err_set(info, ERR_INPUT, log->path, "name a study log (NAME.study.jsonl)",
                       "is not a file");
    if (is_packed(log->path))
        return not_a_journal(log->path, 1, "it is compressed", info);
    enum err err = file_read(log->path, SIZE_MAX / 4, &bytes, &n, info);
    if (err != ERR_OK)
        return err;
    err = examine(log, bytes, n, info);
    mem_free(bytes);
    return err;
}

/* ---- a new study ------------------------------------------------------------------------- */

static void put_task(struct text *out, const struct study_settings *s)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    json_put_string(&w, "path", s->task_path ? s->task_path : "");
    json_put_string(&w, "name", s->data_name ? s->data_name : "");
    if (s->family)
        json_put_string(&w, "family", s->family);
    if (s->variant && s->variant[0])
        json_put_string(&w, "variant", s->variant);
    json_put_string(&w, "fingerprint", s->fingerprint ? s->fingerprint : "");
    json_close(&w, '}');
}

static void put_metric_names(struct text *out, const struct study_settings *s)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, NULL, '[');
    json_put_string(&w, NULL, s->metric ? s->metric : "value");
    json_close(&w, ']');
}

static void put_searcher(struct text *out, const struct study_settings *s)
{
    struct cJSON *doc = NULL;
    struct json_writer w;
    const char *json = s->searcher_json ? s->searcher_json : "{}";
    json_begin(&w, out);
    if (json_parse(json, strlen(json), "searcher", &doc, NULL) == ERR_OK)
        json_put_item(&w, NULL, doc);
    else
        out->failed = true;
    json_free(doc);
}

static void put_space(struct text *out, const struct study_settings *s)
{
    if (s->space)
        space_put_json(s->space, out);
    else
        text_append(out, "{}");
}

static bool has_space(const struct study *study)
{
    return study->space_declared;
}

static bool has_searcher(const struct study *study)
{
    return study->searcher_json != NULL;
}

static bool has_task(const struct study *study)
{
    return study->task_path[0] != 0;
}

static bool has_metric(const struct study *study)
{
    return strcmp(study->metric, "value") != 0;
}

/* The attributes that are missing, one record each. */
static enum err append_settings(struct study_log *log, const struct study_settings *s)
{
    static const struct {
        const char *key;
        bool system;
        bool (*stands)(const struct study *study);
        void (*put)(struct text *out, const struct study_settings *s);
    } rows[] = {{"study:metric_names", true, has_metric, put_metric_names},
                {"space", false, has_space, put_space},
                {"searcher", false, has_searcher, put_searcher},
                {"task", false, has_task, put_task}};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && err == ERR_OK; i++) {
        struct text value = {0}, text = {0};
        if (rows[i].stands(log->study))
            continue;
        rows[i].put(&value, s);
        record_study_attribute(&text, log->worker, log->study->study_id, rows[i].system,
                               rows[i].key, text_get(&value));
        text.failed |= value.failed;
        err = log_append(log, (struct log_record){.handle = -1, .number_handle = -1}, &text);
        text_free(&value);
    }
    return err;
}

/* op 0 and the settings. A study without trials may be one whose creation was cut short: what it
 * lacks is added. */
static enum err append_study(struct study_log *log, const struct study_settings *s)
{
    enum err err = ERR_OK;
    if (log->study->study_id < 0) {
        struct text line = {0};
        record_create_study(&line, log->worker, s->name, s->direction == 2 ? 2 : 1);
        err = log_append(log, (struct log_record){.handle = -1, .number_handle = -1}, &line);
    }
    return err == ERR_OK && log->study->n_trials == 0 ? append_settings(log, s) : err;
}

/* From now on the study is known by its name, whatever comes before it in another file. */
static enum err keep_name(struct study_log *log, struct err_info *info)
{
    const struct fold *fold = fold_of_const(log->study);
    if (!log->name)
        log->name = mem_dup_text(fold->rows[log->study->study_id].name);
    return log->name ? ERR_OK : err_set_memory(info, log->path);
}

/* Under the journal's lock, so that the name is free when it is written. */
static enum err first_batch(struct study_log *log, const struct study_settings *create,
                            struct err_info *info)
{
    bool grew;
    enum err err = log_catch_up(log, true, &grew, info);
    if (err != ERR_OK)
        return err;
    if (create) {
        log_enter(log);
        err = append_study(log, create);
        log_leave(log);
        if (err != ERR_OK)
            return err_set(info, err, log->path, NULL, "the study's settings can't be written");
        err = log_write_pending(log, info);
    } else if (log->study->study_id < 0) {
        return err_set(info, ERR_INPUT, log->path, "start a new study with another name",
                       "holds no study");
    }
    /* Later records count from 1. */
    log->sequence = log->written = log->durable = 0;
    return err == ERR_OK ? keep_name(log, info) : err;
}

/* ---- opening ----------------------------------------------------------------------------- */

static void init_threads(struct study_log *log)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&log->io, NULL);
    pthread_mutex_init(&log->state, NULL);
    pthread_cond_init(&log->wake, &monotonic);
    pthread_cond_init(&log->done, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void release(struct study_log *log)
{
    owner_release(&log->owner);
    if (log->fd >= 0)
        close(log->fd);
    log_drop_pending(log, 0, log->n_pending);
    mem_free(log->pending);
    mem_free(log->handles);
    mem_free(log->name);
    study_free(log->study);
    pthread_cond_destroy(&log->done);
    pthread_cond_destroy(&log->wake);
    pthread_mutex_destroy(&log->state);
    pthread_mutex_destroy(&log->io);
    mem_free(log);
}

static struct study_log *new_log(const char *path, const char *name,
                                 const struct study_guard *guard, struct err_info *info)
{
    struct study_log *log = mem_zero_alloc(1, sizeof *log);
    if (!log) {
        err_set_memory(info, path);
        return NULL;
    }
    init_threads(log);
    log->fd = log->owner.fd = -1;
    log->guard = guard ? *guard : (struct study_guard){0};
    log->name = name ? mem_dup_text(name) : NULL;
    log->study = study_new(name);
    if ((name && !log->name) || !log->study)
        err_set_memory(info, path);
    else if (!text_copy(log->path, sizeof log->path, path) ||
             !study_folder(path, log->folder, sizeof log->folder))
        err_set(info, ERR_IO, path, "use a shorter path", "the path is too long");
    else
        return log;
    release(log);
    return NULL;
}

/* Everything up to the first batch. With OWNER_VISITS no folder is made. */
static enum err open_log(struct study_log *log, const struct study_settings *create,
                         enum owner_role role, struct err_info *info)
{
    char uuid[40];
    enum err err = examine_file(log, create != NULL, info);
    if (err == ERR_OK && role == OWNER_RUNS)
        err = file_make_folder(log->folder, info);
    bool folder = err == ERR_OK && file_is_folder(log->folder);
    if (err == ERR_OK && folder)
        err = owner_take(&log->owner, log->folder, log->path, role, info);
    if (err == ERR_OK)
        err = owner_new_uuid(uuid, info);
    if (err == ERR_OK)
        err = lock_init(&log->lock, log->path, folder ? &log->owner : NULL, info);
    if (err == ERR_OK)
        err = log_open_file(log, create != NULL, info);
    if (err != ERR_OK)
        return err;
    text_format(log->worker, sizeof log->worker, "%s-0", folder ? log->owner.uuid : uuid);
    err = lock_take(&log->lock, OPEN_PATIENCE_S, info);
    if (err != ERR_OK)
        return err;
    err = first_batch(log, create, info);
    lock_release(&log->lock);
    return err;
}

enum err study_log_open(const char *path, const struct study_settings *create,
                        const struct study_guard *guard, struct study_log **out,
                        struct err_info *info)
{
    *out = NULL;
    struct err_info here = {0};
    struct study_log *log = new_log(path, create ? create->name : NULL, guard, &here);
    enum err err = log ? open_log(log, create, OWNER_RUNS, &here) : here.code;
    if (err == ERR_OK)
        err = log_start_writer(log, &here);
    if (err == ERR_OK) {
        *out = log;
        return ERR_OK;
    }
    if (log)
        release(log);
    if (info)
        *info = here;
    return err;
}

enum err study_log_close(struct study_log *log, struct err_info *info)
{
    if (!log)
        return ERR_OK;
    if (log->writer_runs) {
        pthread_mutex_lock(&log->state);
        log->closing = true;
        pthread_cond_broadcast(&log->wake);
        pthread_mutex_unlock(&log->state);
        pthread_join(log->writer, NULL);
    }
    enum err err = log->durable >= log->sequence ? ERR_OK : log->err;
    if (err != ERR_OK && info)
        *info = log->info;
    release(log);
    return err;
}

const struct study *study_log_study(const struct study_log *log)
{
    return log->study;
}

const char *study_log_folder(const struct study_log *log)
{
    return log->folder;
}

/* ---- counters ---------------------------------------------------------------------------- */

static uint64_t read_counter(const struct study_log *log, const uint64_t *counter)
{
    pthread_mutex_t *state = (pthread_mutex_t *)&log->state;
    pthread_mutex_lock(state);
    uint64_t value = *counter;
    pthread_mutex_unlock(state);
    return value;
}

uint64_t study_log_sequence(const struct study_log *log)
{
    return read_counter(log, &log->sequence);
}

uint64_t study_log_durable(const struct study_log *log)
{
    return read_counter(log, &log->durable);
}

size_t study_log_pending_bytes(const struct study_log *log)
{
    pthread_mutex_t *state = (pthread_mutex_t *)&log->state;
    pthread_mutex_lock(state);
    size_t value = log->pending_bytes;
    pthread_mutex_unlock(state);
    return value;
}

/* ---- claims ------------------------------------------------------------------------------ */

/* The seed's values where it has some, the rest from fill. */
static void merge(const struct space *space, const struct configuration *seed,
                  const struct configuration *fill, struct configuration *out)
{
    *out = *fill;
    for (int i = 0; i < space->n; i++)
        if ((seed->set >> i & 1) != 0)
            out->value[i] = seed->value[i];
    space_tidy(space, out);
}

/* Puts the claim's records behind the written ones. Nothing is pending when it is called. */
static enum err append_claim(struct study_log *log, int64_t number, const struct trial_start *fill,
                             int *handle, struct err_info *info)
{
    const struct study *study = log->study;
    const struct trial *t = study_trial(study, number);
    if (!t || t->state != TRIAL_WAITING)
        return err_set(info, t ? ERR_BUSY : ERR_RANGE, log->path, NULL,
                       t ? "trial %lld is no longer waiting" : "there is no trial %lld",
                       (long long)number);
    const char *problem = fold_of_const(study)->notes[number].seed_problem;
    struct configuration config;
    char why[200];
    merge(&study->space, &t->config, &fill->config, &config);
    if (problem)
        text_sanitize(why, sizeof why, problem);
    *handle = log_new_handle(log);
    if (*handle < 0)
        return err_set_memory(info, log->path);
    log->handles[*handle] = (struct log_handle){t->id, number, true};
    enum err err = problem ? log_append_misfit(log, *handle, why)
                           : log_append_claim(log, *handle, &config, fill);
    if (err != ERR_OK)
        return err_set(info, err, log->path, NULL, "trial %lld can't be claimed",
                       (long long)number);
    if (!problem)
        return ERR_OK;
    return err_set(info, ERR_RANGE, log->path, "seed it again with values of the space",
                   "trial %lld: %s", (long long)number, why);
}

/* A claim that did not reach the file is none: its records go, and the fold is built anew. */
static void forget_claim(struct study_log *log, int handle)
{
    bool grew;
    pthread_mutex_lock(&log->state);
    log_drop_pending(log, 0, log->n_pending);
    log->written = log->sequence;
    if (handle >= 0)
        log->n_handles--;
    pthread_mutex_unlock(&log->state);
    log->reload = true;
    (void)log_catch_up(log, false, &grew, NULL);
}

/* Under io and the journal's lock. */
static enum err claim(struct study_log *log, int64_t number, const struct trial_start *fill,
                      int *handle, struct err_info *info)
{
    bool grew;
    struct err_info write_info = {0};
    enum err err = log_catch_up(log, true, &grew, info);
    if (err == ERR_OK)
        err = log_write_pending(log, info);
    if (err != ERR_OK)
        return err;
    int64_t before = log->offset;
    log_enter(log);
    enum err result = append_claim(log, number, fill, handle, info);
    log_leave(log);
    if (result == ERR_OK || result == ERR_RANGE)
        err = log_write_pending(log, &write_info);
    /* Once its first record stands, the claim is ours; the rest is written with the next batch. */
    bool failed = *handle >= 0 && ((err != ERR_OK && log->offset == before) ||
                                   (result != ERR_OK && result != ERR_RANGE));
    if (failed)
        forget_claim(log, *handle);
    if (failed || result != ERR_OK)
        *handle = -1;
    if (err == ERR_OK || !failed)
        return result;
    if (info)
        *info = write_info;
    return err;
}

enum err study_log_claim(struct study_log *log, int64_t number, const struct trial_start *fill,
                         int *handle, struct err_info *info)
{
    *handle = -1;
    pthread_mutex_lock(&log->io);
    enum err err = lock_take(&log->lock, CLAIM_PATIENCE_S, info);
    if (err == ERR_OK) {
        err = claim(log, number, fill, handle, info);
        lock_release(&log->lock);
    }
    pthread_mutex_unlock(&log->io);
    log_changed(log);
    return err;
}

/* ---- a seed from outside ----------------------------------------------------------------- */

static enum err append_seed(struct study_log *log, const struct space *space,
                            const struct configuration *config)
{
    const struct trial_start start = {
        .config = *config, .who = "you", .n_parameters = -1, .continues = -1, .waiting = true};
    struct text text = {0};
    int handle = log_new_handle(log);
    if (handle < 0)
        return ERR_MEMORY;
    record_create_trial(&text, log->worker, log->study, space, &start, NULL);
    return log_append(
        log, (struct log_record){.handle = handle, .number_handle = -1, .creates = true}, &text);
}

enum err study_seed_file(const char *path, const struct space *space,
                         const struct configuration *config, struct err_info *info)
{
    struct err_info here = {0};
    struct study_log *log = new_log(path, NULL, NULL, &here);
    enum err err = log ? open_log(log, NULL, OWNER_VISITS, &here) : here.code;
    if (err == ERR_OK) {
        log_enter(log);
        err = append_seed(log, space, config);
        log_leave(log);
        if (err != ERR_OK)
            err_set(&here, err, path, NULL, "the seed can't be written");
    }
    if (err == ERR_OK)
        err = log_round(log, OPEN_PATIENCE_S, &here);
    if (log)
        release(log);
    if (err != ERR_OK && info)
        *info = here;
    return err;
}

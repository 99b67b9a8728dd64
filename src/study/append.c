/* append: our own records: folded at once, queued for the writer (log.h). */
#include "study/log.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

enum {
    JSON_DEPTH_MAX = 56
}; /* of a value that a record carries, so that the record stays below 64 */

/* ---- the queue --------------------------------------------------------------------------- */

void log_enter(struct study_log *log)
{
    if (log->guard.enter)
        log->guard.enter(log->guard.arg);
    pthread_mutex_lock(&log->state);
}

void log_leave(struct study_log *log)
{
    pthread_mutex_unlock(&log->state);
    if (log->guard.leave)
        log->guard.leave(log->guard.arg);
}

void log_changed(struct study_log *log)
{
    if (log->guard.changed)
        log->guard.changed(log->guard.arg);
}

void log_drop_pending(struct study_log *log, size_t first, size_t n)
{
    if (n == 0)
        return;
    for (size_t i = first; i < first + n; i++) {
        log->pending_bytes -= log->pending[i].n;
        mem_free(log->pending[i].text);
    }
    memmove(&log->pending[first], &log->pending[first + n],
            (log->n_pending - first - n) * sizeof *log->pending);
    log->n_pending -= n;
}

/* The fold counts a refused or bad record of its own file; one that is not written is no record. */
static void uncount(struct study *study, enum fold_result result)
{
    study->n_lines--;
    study->n_refused -= result == FOLD_REFUSED;
    if (result == FOLD_BAD && --study->n_bad == 0) {
        study->first_bad_line = 0;
        study->bad_reason[0] = 0;
    }
}

enum err log_fold_record(struct study_log *log, struct study *study, const struct log_record *r)
{
    struct text line = {0};
    struct log_handle *h = r->handle >= 0 ? &log->handles[r->handle] : NULL;
    enum fold_result result = FOLD_MEMORY;
    if (r->creates)
        *h = (struct log_handle){study->next_trial_id, (int64_t)study->n_trials, false};
    int64_t number = r->number_handle >= 0 ? log->handles[r->number_handle].number : -1;
    record_render(&line, r->text, h ? h->id : -1, number);
    enum err err =
        line.failed ? ERR_MEMORY : fold_one(study, line.data, line.length, r->sequence, &result);
    text_free(&line);
    if (err != ERR_OK || result == FOLD_DONE)
        return err;
    uncount(study, result);
    return result == FOLD_BAD ? ERR_INPUT : ERR_STATE;
}

enum err log_append(struct study_log *log, struct log_record record, struct text *text)
{
    record.text = text->data;
    record.n = text->length;
    record.sequence = log->sequence + 1;
    if (text->failed || !mem_grow((void **)&log->pending, &log->pending_capacity, log->n_pending,
                                  sizeof *log->pending)) {
        text_free(text);
        return ERR_MEMORY;
    }
    enum err err = log_fold_record(log, log->study, &record);
    if (err != ERR_OK) {
        text_free(text);
        return err;
    }
    log->pending[log->n_pending++] = record;
    log->pending_bytes += record.n;
    log->sequence++;
    pthread_cond_broadcast(&log->wake);
    return ERR_OK;
}

/* ---- handles ----------------------------------------------------------------------------- */

int log_new_handle(struct study_log *log)
{
    if (!mem_grow((void **)&log->handles, &log->handles_capacity, log->n_handles,
                  sizeof *log->handles))
        return -1;
    log->handles[log->n_handles] = (struct log_handle){-1, -1, false};
    return (int)log->n_handles++;
}

int log_unwritten_handle(const struct study_log *log, int64_t number)
{
    for (size_t i = log->n_handles; i-- > 0;)
        if (!log->handles[i].written && log->handles[i].number == number && number >= 0)
            return (int)i;
    return -1;
}

/* The trial of a handle; NULL: no such handle. Under state. */
static const struct trial *trial_of(const struct study_log *log, int handle)
{
    if (handle < 0 || (size_t)handle >= log->n_handles)
        return NULL;
    return study_trial(log->study, log->handles[handle].number);
}

int64_t study_log_number(const struct study_log *log, int handle)
{
    pthread_mutex_t *state = (pthread_mutex_t *)&log->state;
    pthread_mutex_lock(state);
    bool known = handle >= 0 && (size_t)handle < log->n_handles;
    int64_t number = known ? log->handles[handle].number : -1;
    pthread_mutex_unlock(state);
    return number;
}

const struct trial *study_log_trial(const struct study_log *log, int handle)
{
    return study_trial(log->study, study_log_number(log, handle));
}

/* ---- trials ------------------------------------------------------------------------------ */

static bool fits(const struct space *space, const struct configuration *c)
{
    for (int i = 0; i < space->n; i++) {
        const struct hyperparameter *h = &space->h[i];
        double value = c->value[i];
        bool ok = h->kind == HYPER_CATEGORICAL ? value >= 0 && value < h->n_choices
                                               : value >= h->low && value <= h->high;
        if ((c->set >> i & 1) != 0 && (!ok || (h->kind != HYPER_FLOAT && value != floor(value))))
            return false;
    }
    return true;
}

static enum err create(struct study_log *log, const struct trial_start *start, int *handle)
{
    const struct study *study = log->study;
    const struct trial *parent = study_trial(study, start->continues);
    if (study->study_id < 0)
        return ERR_STATE;
    if (!fits(&study->space, &start->config) || (start->continues >= 0 && !parent))
        return ERR_RANGE;
    *handle = log_new_handle(log);
    if (*handle < 0)
        return ERR_MEMORY;
    /* A parent that is not written yet may move on: then its number in our record moves too. */
    struct log_record record = {.handle = *handle, .number_handle = -1, .creates = true};
    struct text text = {0}, final = {0};
    record_create_trial(&text, log->worker, study, &study->space, start, parent);
    record.number_handle = log_unwritten_handle(log, start->continues);
    if (record.number_handle < 0) {
        record_render(&final, text_get(&text), -1, start->continues);
        final.failed |= text.failed;
        text_free(&text);
        text = final;
    }
    enum err err = log_append(log, record, &text);
    if (err != ERR_OK) {
        log->n_handles--;
        *handle = -1;
    }
    return err;
}

enum err study_log_create(struct study_log *log, const struct trial_start *start, int *handle)
{
    log_enter(log);
    enum err err = create(log, start, handle);
    log_leave(log);
    return err;
}

enum err study_log_adopt(struct study_log *log, int64_t number, int *handle)
{
    enum err err = ERR_OK;
    *handle = -1;
    log_enter(log);
    for (size_t i = 0; i < log->n_handles; i++)
        if (log->handles[i].number == number)
            *handle = (int)i;
    const struct trial *t = study_trial(log->study, number);
    if (!t || t->state != TRIAL_RUNNING)
        err = ERR_STATE;
    else if (*handle < 0 && (*handle = log_new_handle(log)) < 0)
        err = ERR_MEMORY;
    else if (log->handles[*handle].number < 0)
        log->handles[*handle] = (struct log_handle){t->id, number, true};
    log_leave(log);
    return err;
}

static enum err append_to(struct study_log *log, int handle, struct text *text)
{
    return log_append(log, (struct log_record){.handle = handle, .number_handle = -1}, text);
}

enum err study_log_report(struct study_log *log, int handle, const struct epoch_result *result)
{
    enum err err = ERR_STATE;
    struct text text = {0};
    if (result->step < 0)
        return ERR_RANGE;
    record_epoch(&text, log->worker, result);
    log_enter(log);
    const struct trial *t = trial_of(log, handle);
    if (t && t->state == TRIAL_RUNNING)
        err = append_to(log, handle, &text);
    else
        text_free(&text);
    log_leave(log);
    return err;
}

static int depth_of(const struct cJSON *item)
{
    int deepest = 0;
    for (const struct cJSON *child = item->child; child; child = child->next) {
        int depth = depth_of(child);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

/* A caller's JSON, checked and in our spelling (ASCII, one line). null is not allowed: readers of
 * the journal stumble over it. */
static enum err clean_json(const char *json, struct text *out)
{
    struct cJSON *doc = NULL;
    enum err err = json_parse(json, strlen(json), "value", &doc, NULL);
    if (err != ERR_OK)
        return err == ERR_MEMORY ? err : ERR_USAGE;
    if (cJSON_IsNull(doc) || depth_of(doc) > JSON_DEPTH_MAX) {
        json_free(doc);
        return ERR_USAGE;
    }
    struct json_writer w;
    json_begin(&w, out);
    json_put_item(&w, NULL, doc);
    json_free(doc);
    return out->failed ? ERR_MEMORY : ERR_OK;
}

/* A trial attribute whose value is clean already. Between log_enter and log_leave. */
static enum err append_attribute(struct study_log *log, int handle, const char *key,
                                 const char *json)
{
    struct text text = {0};
    record_trial_attribute(&text, log->worker, key, json);
    return append_to(log, handle, &text);
}

static enum err append_word(struct study_log *log, int handle, const char *key, const char *value)
{
    struct text json = {0};
    struct json_writer w;
    json_begin(&w, &json);
    json_put_string(&w, NULL, value);
    enum err err = json.failed ? ERR_MEMORY : append_attribute(log, handle, key, json.data);
    text_free(&json);
    return err;
}

enum err study_log_attribute(struct study_log *log, int handle, const char *key, const char *json)
{
    struct text clean = {0};
    enum err err = clean_json(json, &clean);
    if (err == ERR_OK) {
        log_enter(log);
        const struct trial *t = trial_of(log, handle);
        err = t && !trial_is_finished(t->state) ? append_attribute(log, handle, key, clean.data)
                                                : ERR_STATE;
        log_leave(log);
    }
    text_free(&clean);
    return err;
}

/* ---- the end of a trial ------------------------------------------------------------------ */

static enum err append_curves(struct study_log *log, int handle)
{
    enum err err = ERR_OK;
    for (int m = 0; m < METRIC_N && err == ERR_OK; m++) {
        struct text curve = {0};
        char key[32];
        text_format(key, sizeof key, "curve:%s", study_metric_name((enum study_metric)m));
        bool any = record_curve(&curve, trial_of(log, handle), (enum study_metric)m);
        if (curve.failed)
            err = ERR_MEMORY;
        else if (any)
            err = append_attribute(log, handle, key, curve.data);
        text_free(&curve);
    }
    return err;
}

/* What op 6 carries: the best of a COMPLETE trial, the last of a PRUNED one (Optuna's rule). */
static double final_value(const struct trial *t, enum trial_state state)
{
    if (state == TRIAL_COMPLETE)
        return t->value;
    return state == TRIAL_PRUNED && t->n_epochs > 0 ? t->curve[t->n_epochs - 1].value : (double)NAN;
}

static enum err finish(struct study_log *log, int handle, enum trial_state state, const char *error)
{
    const struct trial *t = trial_of(log, handle);
    enum err err = ERR_OK;
    if (!t || t->state != TRIAL_RUNNING || !trial_is_finished(state))
        return ERR_STATE;
    double value = final_value(t, state);
    bool utc = fold_of_const(log->study)->notes[t->number].start_utc;
    if (state == TRIAL_COMPLETE && isnan(value)) {
        state = TRIAL_FAIL;
        error = error ? error : "ended without a value";
    }
    if (error && error[0])
        err = append_word(log, handle, "run:error", error);
    if (err == ERR_OK)
        err = append_curves(log, handle);
    if (err != ERR_OK)
        return err;
    struct text text = {0};
    record_state(&text, log->worker, state, value, utc);
    return append_to(log, handle, &text);
}

enum err study_log_finish(struct study_log *log, int handle, enum trial_state state,
                          const char *error)
{
    log_enter(log);
    enum err err = finish(log, handle, state, error);
    log_leave(log);
    return err;
}

/* ---- claims ------------------------------------------------------------------------------ */

static enum err append_running(struct study_log *log, int handle)
{
    struct text text = {0};
    record_state(&text, log->worker, TRIAL_RUNNING, (double)NAN, log->study->utc_times);
    return append_to(log, handle, &text);
}

static enum err append_parameters(struct study_log *log, int handle,
                                  const struct configuration *config)
{
    const struct space *space = &log->study->space;
    enum err err = ERR_OK;
    for (int i = 0; i < space->n && err == ERR_OK; i++) {
        struct text text = {0};
        if ((config->set >> i & 1) == 0)
            continue;
        record_parameter(&text, log->worker, space, i, config->value[i]);
        err = append_to(log, handle, &text);
    }
    return err;
}

static enum err append_count(struct study_log *log, int handle, const char *key, int64_t value)
{
    char json[32];
    return append_attribute(log, handle, key,
                            text_format(json, sizeof json, "%lld", (long long)value));
}

enum err log_append_claim(struct study_log *log, int handle, const struct configuration *config,
                          const struct trial_start *fill)
{
    char seed[32];
    const struct {
        const char *key, *value;
    } words[] = {{"who", fill->who},
                 {"state", fill->situation},
                 {"action", fill->action},
                 {"reason", fill->reason}};
    enum err err = append_running(log, handle);
    if (err == ERR_OK)
        err = append_parameters(log, handle, config);
    for (size_t i = 0; i < sizeof words / sizeof *words && err == ERR_OK; i++)
        if (words[i].value && words[i].value[0])
            err = append_word(log, handle, words[i].key, words[i].value);
    if (err == ERR_OK && fill->target_epochs > 0)
        err = append_count(log, handle, "run:epochs", fill->target_epochs);
    if (err == ERR_OK && fill->n_parameters >= 0)
        err = append_count(log, handle, "run:parameters", fill->n_parameters);
    text_format(seed, sizeof seed, "%llu", (unsigned long long)fill->rng_seed);
    return err == ERR_OK ? append_word(log, handle, "run:seed", seed) : err;
}

enum err log_append_misfit(struct study_log *log, int handle, const char *problem)
{
    enum err err = append_running(log, handle);
    return err == ERR_OK ? finish(log, handle, TRIAL_FAIL, problem) : err;
}

/* ---- events ------------------------------------------------------------------------------ */

static enum err append_event(struct study_log *log, struct text *value, int number_handle)
{
    struct text text = {0};
    if (!value->failed)
        record_study_attribute(&text, log->worker, log->study->study_id, false, "event",
                               value->data);
    text.failed |= value->failed;
    return log_append(log, (struct log_record){.handle = -1, .number_handle = number_handle},
                      &text);
}

static int64_t next_seq(const struct study *study)
{
    return study->n_events ? study->events[study->n_events - 1].seq + 1 : 1;
}

static const char *const own_members[] = {"seq", "time", "who", "what", "trial", "say"};

/* The caller's members as an object; ERR_USAGE if they are none, or named as one of ours. */
static enum err parse_fields(const char *fields_json, struct cJSON **out)
{
    struct text object = {0};
    text_appendf(&object, "{%s}", fields_json ? fields_json : "");
    enum err err =
        object.failed ? ERR_MEMORY : json_parse(object.data, object.length, "event", out, NULL);
    text_free(&object);
    if (err != ERR_OK)
        return err == ERR_MEMORY ? err : ERR_USAGE;
    bool taken = depth_of(*out) > JSON_DEPTH_MAX;
    for (size_t i = 0; i < sizeof own_members / sizeof *own_members; i++)
        taken |= json_get(*out, own_members[i]) != NULL;
    if (taken)
        json_free(*out);
    return taken ? ERR_USAGE : ERR_OK;
}

enum err study_log_event(struct study_log *log, const char *who, const char *what, int64_t trial,
                         const char *say, const char *fields_json)
{
    struct cJSON *fields = NULL;
    struct text value = {0};
    struct json_writer w;
    enum err err = parse_fields(fields_json, &fields);
    if (err != ERR_OK)
        return err;
    log_enter(log);
    int handle = log_unwritten_handle(log, trial);
    record_open_event(&w, &value, next_seq(log->study), who, what, trial, handle >= 0, say);
    for (const struct cJSON *item = fields->child; item; item = item->next)
        json_put_item(&w, item->string, item);
    json_close(&w, '}');
    err = append_event(log, &value, handle);
    log_leave(log);
    text_free(&value);
    json_free(fields);
    return err;
}

enum err study_log_q_update(struct study_log *log, const struct q_update *update)
{
    struct text value = {0};
    struct json_writer w;
    log_enter(log);
    int handle = log_unwritten_handle(log, update->trial);
    record_open_event(&w, &value, next_seq(log->study), "agent", "q_update", update->trial,
                      handle >= 0, NULL);
    record_q_update(&w, update);
    json_close(&w, '}');
    enum err err = append_event(log, &value, handle);
    log_leave(log);
    text_free(&value);
    return err;
}

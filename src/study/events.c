/* events: study attributes, among them the stream of events (decisions 2): a table from what
 * happened to what that changes in the fold. An event we do not know is kept and shown all the
 * same.
 */
#include "study/internal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static void sanitised(const struct cJSON *object, const char *name, char *out, size_t size)
{
    const char *text = json_get_string(object, name);
    text_sanitize(out, size, text ? text : "");
}

static double number_or(const struct cJSON *object, const char *name, double otherwise)
{
    double value;
    return json_get_number(object, name, &value) ? value : otherwise;
}

/* ---- what events change ------------------------------------------------------------------ */

static struct trial *trial_of(struct study *study, const struct study_event *e)
{
    return study_trial(study, e->trial) ? &study->trials[e->trial] : NULL;
}

static bool on_pause(struct study *study, const struct study_event *e, const struct cJSON *value)
{
    struct trial *t = trial_of(study, e);
    (void)value;
    if (t)
        t->paused = t->state == TRIAL_RUNNING;
    return true;
}

static bool on_resume(struct study *study, const struct study_event *e, const struct cJSON *value)
{
    struct trial *t = trial_of(study, e);
    (void)value;
    if (t)
        t->paused = false;
    return true;
}

static bool on_priority(struct study *study, const struct study_event *e, const struct cJSON *value)
{
    struct trial *t = trial_of(study, e);
    double priority = number_or(value, "priority", (double)NAN);
    if (t && fabs(priority) <= 1e6)
        t->priority = (int)priority;
    return true;
}

static bool on_charge(struct study *study, const struct study_event *e, const struct cJSON *value)
{
    double epochs = number_or(value, "epochs", 0);
    (void)e;
    if (epochs > 0 && epochs < 1e12) {
        study->epochs_charged += (int64_t)epochs;
        study->epochs_spent += (int64_t)epochs;
    }
    return true;
}

static bool on_test(struct study *study, const struct study_event *e, const struct cJSON *value)
{
    (void)value;
    char *copy = mem_dup_text(e->json);
    if (!copy)
        return false;
    mem_free(study->test_json);
    study->test_json = copy;
    study->tests_read++;
    study->tested = e->trial;
    study->tested_after = study->epochs_spent;
    return true;
}

static bool on_q_update(struct study *study, const struct study_event *e, const struct cJSON *value)
{
    struct q_update u = {.trial = e->trial};
    const struct {
        const char *name;
        double *out;
    } numbers[] = {{"old_q", &u.old_q}, {"alpha", &u.alpha},         {"reward", &u.reward},
                   {"gamma", &u.gamma}, {"next_best", &u.next_best}, {"new_q", &u.new_q}};
    sanitised(value, "situation", u.situation, sizeof u.situation);
    sanitised(value, "action", u.action, sizeof u.action);
    sanitised(value, "next_situation", u.next_situation, sizeof u.next_situation);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i].out = number_or(value, numbers[i].name, (double)NAN);
    if (!mem_grow((void **)&study->updates, &study->updates_capacity, study->n_updates,
                  sizeof *study->updates))
        return false;
    study->updates[study->n_updates++] = u;
    return true;
}

/* A person's word about a cell: an update that is not learnt. */
static bool on_q_edit(struct study *study, const struct study_event *e, const struct cJSON *value)
{
    struct q_update u = {.trial = -1, .old_q = (double)NAN, .alpha = 1};
    (void)e;
    sanitised(value, "situation", u.situation, sizeof u.situation);
    sanitised(value, "action", u.action, sizeof u.action);
    u.new_q = number_or(value, "new_q", (double)NAN);
    u.visits = number_or(value, "visits", 0);
    if (!isfinite(u.new_q) || !(u.visits >= 1 && u.visits <= 1e6))
        return true; /* none that we wrote */
    if (!mem_grow((void **)&study->updates, &study->updates_capacity, study->n_updates,
                  sizeof *study->updates))
        return false;
    study->updates[study->n_updates++] = u;
    return true;
}

static const struct {
    const char *what;
    /* false: out of memory, nothing changed */
    bool (*change)(struct study *study, const struct study_event *e, const struct cJSON *value);
} events[] = {
    {"pause", on_pause},   {"resume", on_resume}, {"priority", on_priority},
    {"charge", on_charge}, {"test", on_test},     {"q_update", on_q_update},
    {"q_edit", on_q_edit},
};

static bool change_by_event(struct study *study, const struct study_event *e,
                            const struct cJSON *value)
{
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (strcmp(events[i].what, e->what) == 0)
            return events[i].change(study, e, value);
    return true;
}

/* ---- study attributes -------------------------------------------------------------------- */

static enum fold_result set_event(struct fold *fold, const struct cJSON *value)
{
    struct study *study = &fold->study;
    struct study_event e = {.trial = (int64_t)fmax(-1, number_or(value, "trial", -1)),
                            .seq = (int64_t)fmax(0, number_or(value, "seq", 0))};
    bool zone;
    const char *time = json_get_string(value, "time");
    if (!time || !time_read_iso(time, &e.time_s, &zone))
        e.time_s = number_or(value, "time", 0);
    sanitised(value, "who", e.who, sizeof e.who);
    sanitised(value, "what", e.what, sizeof e.what);
    sanitised(value, "say", e.say, sizeof e.say);
    if (!mem_grow((void **)&study->events, &study->events_capacity, study->n_events,
                  sizeof *study->events))
        return FOLD_MEMORY;
    e.json = fold_item_text(value);
    if (!e.json || !change_by_event(study, &e, value)) {
        mem_free(e.json);
        return FOLD_MEMORY;
    }
    study->events[study->n_events++] = e;
    return FOLD_DONE;
}

static enum fold_result set_searcher(struct fold *fold, const struct cJSON *value)
{
    char *copy = fold_item_text(value);
    if (!copy)
        return FOLD_MEMORY;
    mem_free(fold->study.searcher_json);
    fold->study.searcher_json = copy;
    return FOLD_DONE;
}

static enum fold_result set_task(struct fold *fold, const struct cJSON *value)
{
    struct study *study = &fold->study;
    sanitised(value, "path", study->task_path, sizeof study->task_path);
    sanitised(value, "name", study->data_name, sizeof study->data_name);
    bool has_family = json_get(value, "family") != NULL;
    sanitised(value, has_family ? "family" : "name", study->family, sizeof study->family);
    if (!has_family) /* older logs: "letter", "letter:rows=0.25" */
        study->family[strcspn(study->family, ":")] = 0;
    sanitised(value, "variant", study->variant, sizeof study->variant);
    sanitised(value, "fingerprint", study->fingerprint, sizeof study->fingerprint);
    return FOLD_DONE;
}

static enum fold_result set_metric_names(struct fold *fold, const struct cJSON *value)
{
    if (cJSON_IsArray(value) && cJSON_IsString(value->child))
        text_sanitize(fold->study.metric, sizeof fold->study.metric, value->child->valuestring);
    return FOLD_DONE;
}

struct study_setter {
    const char *key;
    enum fold_result (*set)(struct fold *fold, const struct cJSON *value);
};
static const struct study_setter user[] = {
    {"event", set_event},
    {"space", parameters_declare},
    {"searcher", set_searcher},
    {"task", set_task},
};
static const struct study_setter system_keys[] = {{"study:metric_names", set_metric_names}};

static enum fold_result set_by(const struct study_setter *rows, size_t n, struct fold *fold,
                               const struct cJSON *item)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].key, item->string) == 0)
            return rows[i].set(fold, item);
    return FOLD_DONE;
}

enum fold_result attribute_of_study(struct fold *fold, const struct cJSON *item)
{
    return set_by(user, sizeof user / sizeof *user, fold, item);
}

enum fold_result system_attribute_of_study(struct fold *fold, const struct cJSON *item)
{
    return set_by(system_keys, sizeof system_keys / sizeof *system_keys, fold, item);
}

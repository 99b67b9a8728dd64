/* fold: lines of a journal, one after the other, become a struct study (optuna-journal.md, 5).
 *
 * Ids are written nowhere: they are counted here exactly as Optuna counts them, over all studies of
 * the file. A record is checked wholly before it changes anything: a refused or bad one, and one
 * for which memory ran out, leaves the fold as it was but for the counters. */
#include "study/internal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum fold_result fold_bad(struct fold_line *line, const char *reason)
{
    line->reason = reason;
    return FOLD_BAD;
}

bool trial_is_finished(enum trial_state s)
{
    return s == TRIAL_COMPLETE || s == TRIAL_PRUNED || s == TRIAL_FAIL;
}

/* A member that holds a time. Returns false if it is not one. */
bool fold_read_time(const struct cJSON *record, const char *name, double *wall_s, bool *utc)
{
    const char *text = json_get_string(record, name);
    return text && time_read_iso(text, wall_s, utc);
}

/* The only object of an attribute record; NULL with a reason if it is not as it must be. */
const struct cJSON *fold_attribute(struct fold_line *line, const char *member)
{
    const struct cJSON *object = json_get(line->record, member);
    if (cJSON_IsObject(object) && object->child)
        return object->child;
    line->reason = "an attribute record without its attribute";
    return NULL;
}

/* ---- studies: op 0 to 3 ------------------------------------------------------------------ */

static void clear_trials(struct fold *fold)
{
    struct study *study = &fold->study;
    for (size_t i = 0; i < study->n_trials; i++) {
        mem_free(study->trials[i].curve);
        mem_free(fold->notes[i].seed_problem);
    }
    for (size_t i = 0; i < fold->n_uses; i++) {
        mem_free(fold->uses[i].name);
        mem_free(fold->uses[i].kind);
    }
    for (size_t i = 0; i < study->n_events; i++)
        mem_free(study->events[i].json);
    mem_free(study->searcher_json);
    mem_free(study->test_json);
    study->searcher_json = study->test_json = NULL;
    study->n_trials = study->n_events = study->n_updates = fold->n_uses = 0;
}

/* Everything about the study itself, as before its op 0; what is counted per file stays. */
static void forget_study(struct fold *fold)
{
    struct study *s = &fold->study;
    clear_trials(fold);
    struct study fresh = {.study_id = -1,
                          .best = -1,
                          .direction = 1,
                          .trials = s->trials,
                          .trials_capacity = s->trials_capacity,
                          .events = s->events,
                          .events_capacity = s->events_capacity,
                          .updates = s->updates,
                          .updates_capacity = s->updates_capacity,
                          .next_trial_id = s->next_trial_id,
                          .version = s->version,
                          .n_lines = s->n_lines,
                          .n_refused = s->n_refused,
                          .n_bad = s->n_bad,
                          .first_bad_line = s->first_bad_line,
                          .utc_times = s->utc_times};
    memcpy(fresh.bad_reason, s->bad_reason, sizeof fresh.bad_reason);
    text_copy(fresh.metric, sizeof fresh.metric, "value");
    *s = fresh;
}

static enum fold_result create_study(struct fold_line *line)
{
    struct fold *fold = line->fold;
    const char *name = json_get_string(line->record, "study_name");
    const struct cJSON *directions = json_get(line->record, "directions");
    if (!name || !cJSON_IsArray(directions))
        return fold_bad(line, "a new study without name or directions");
    for (size_t i = 0; i < fold->n_rows; i++)
        if (!fold->rows[i].deleted && strcmp(fold->rows[i].name, name) == 0)
            return FOLD_REFUSED;
    char *copy = mem_dup_text(name);
    if (!copy ||
        !mem_grow((void **)&fold->rows, &fold->rows_capacity, fold->n_rows, sizeof *fold->rows)) {
        mem_free(copy);
        return FOLD_MEMORY;
    }
    int64_t id = (int64_t)fold->n_rows;
    fold->rows[fold->n_rows++] = (struct study_row){copy, false};
    bool ours = fold->study.study_id < 0 && (!fold->wanted || strcmp(fold->wanted, name) == 0);
    if (!ours)
        return FOLD_OTHER;
    double direction = 1;
    json_number(directions->child, &direction);
    fold->study.study_id = id;
    fold->study.direction = direction == 2 ? 2 : 1;
    text_sanitize(fold->study.name, sizeof fold->study.name, name);
    return FOLD_DONE;
}

/* FOLD_DONE: our study; FOLD_OTHER: another one; or what is wrong. */
static enum fold_result find_study(struct fold_line *line)
{
    int64_t id;
    const struct fold *fold = line->fold;
    if (!json_get_int(line->record, "study_id", &id))
        return fold_bad(line, "no study_id");
    if (id < 0 || (uint64_t)id >= fold->n_rows || fold->rows[id].deleted)
        return FOLD_REFUSED;
    return id == fold->study.study_id ? FOLD_DONE : FOLD_OTHER;
}

static enum fold_result delete_study(struct fold_line *line)
{
    enum fold_result found = find_study(line);
    int64_t id;
    if (found > FOLD_OTHER || !json_get_int(line->record, "study_id", &id))
        return found;
    line->fold->rows[id].deleted = true;
    if (found == FOLD_DONE)
        forget_study(line->fold);
    return found;
}

static enum fold_result study_attribute(struct fold_line *line, const char *member,
                                        enum fold_result (*set)(struct fold *,
                                                                const struct cJSON *))
{
    enum fold_result found = find_study(line);
    const struct cJSON *item = found <= FOLD_OTHER ? fold_attribute(line, member) : NULL;
    if (line->reason)
        return FOLD_BAD;
    for (; item && found == FOLD_DONE; item = item->next)
        found = set(line->fold, item);
    return found;
}

static enum fold_result study_user_attribute(struct fold_line *line)
{
    return study_attribute(line, "user_attr", attribute_of_study);
}

static enum fold_result study_system_attribute(struct fold_line *line)
{
    return study_attribute(line, "system_attr", system_attribute_of_study);
}

/* ---- op 4 -------------------------------------------------------------------------------- */

/* A trial under construction: nothing of it is in the study yet. */
struct birth {
    struct trial t;
    struct trial_note note;
};

static enum fold_result check_parameters(struct fold_line *line)
{
    const struct cJSON *item, *params = json_get(line->record, "params");
    const struct cJSON *distributions = json_get(line->record, "distributions");
    enum fold_result result = FOLD_DONE;
    cJSON_ArrayForEach(item, params)
    {
        if (!json_get_string(distributions, item->string))
            return fold_bad(line, "a parameter without distribution");
    }
    cJSON_ArrayForEach(item, distributions)
    {
        double value = 0;
        const struct cJSON *param = json_get(params, item->string);
        if (!cJSON_IsString(item) || (param && !json_number(param, &value)))
            return fold_bad(line, "a parameter that can't be read");
        result = parameters_check(line, item->string, item->valuestring, value);
        if (result != FOLD_DONE)
            return result;
    }
    return result;
}

static enum fold_result read_times(struct fold_line *line, struct birth *b)
{
    bool utc = false;
    const struct cJSON *start = json_get(line->record, "datetime_start");
    if (!start)
        return fold_bad(line, "a new trial without datetime_start");
    if (!cJSON_IsNull(start) &&
        !fold_read_time(line->record, "datetime_start", &b->t.start_s, &b->note.start_utc))
        return fold_bad(line, "a time that is not ISO 8601");
    const struct cJSON *end = json_get(line->record, "datetime_complete");
    if (end && !fold_read_time(line->record, "datetime_complete", &b->t.end_s, &utc))
        return fold_bad(line, "a time that is not ISO 8601");
    return FOLD_DONE;
}

static enum fold_result read_intermediate(struct fold_line *line, struct birth *b)
{
    const struct cJSON *item;
    cJSON_ArrayForEach(item, json_get(line->record, "intermediate_values"))
    {
        int64_t step;
        double value = (double)NAN;
        bool is_new;
        if (!text_parse_int(item->string, &step) || step < 0 || step > FOLD_STEP_MAX)
            return fold_bad(line, "a step that is not a number");
        json_number(item, &value);
        struct epoch_result *epoch = curve_at(&b->t, (int)step, &is_new);
        if (!epoch)
            return FOLD_MEMORY;
        epoch->value = value;
        curve_note_best(&line->fold->study, &b->t, epoch, is_new);
    }
    return FOLD_DONE;
}

static enum fold_result read_state(struct fold_line *line, struct birth *b)
{
    int64_t state = TRIAL_RUNNING;
    if (json_get(line->record, "state") && (!json_get_int(line->record, "state", &state) ||
                                            state < TRIAL_RUNNING || state > TRIAL_WAITING))
        return fold_bad(line, "an unknown state");
    b->t.state = (enum trial_state)state;
    return FOLD_DONE;
}

/* They go into the space now; the trial itself is not in the study yet. */
static enum fold_result read_parameters(struct fold *fold, const struct cJSON *record,
                                        struct birth *b)
{
    const struct cJSON *item, *distributions = json_get(record, "distributions");
    enum fold_result result = FOLD_DONE;
    cJSON_ArrayForEach(item, json_get(record, "params"))
    {
        double value = (double)NAN;
        const char *distribution = json_get_string(distributions, item->string);
        json_number(item, &value);
        result = parameters_use(fold, item->string, distribution, b->t.number, false);
        if (result == FOLD_DONE)
            result = parameters_put(fold, &b->t, item->string, distribution, value);
        if (result != FOLD_DONE)
            break;
    }
    return result;
}

/* What is checked and made before anything of the fold changes. */
static enum fold_result prepare_trial(struct fold_line *line, struct birth *b)
{
    static enum fold_result (*const parts[])(struct fold_line *, struct birth *) = {
        read_state, read_times, read_intermediate};
    enum fold_result result = check_parameters(line);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && result == FOLD_DONE; i++)
        result = parts[i](line, b);
    if (result == FOLD_DONE)
        result = read_parameters(line->fold, line->record, b);
    const struct cJSON *fixed = json_get(json_get(line->record, "system_attrs"), "fixed_params");
    bool out_of_memory = false;
    if (result == FOLD_DONE && fixed)
        b->note.seed_problem = parameters_read_seed(line->fold, &b->t, fixed, &out_of_memory);
    return out_of_memory ? FOLD_MEMORY : result;
}

static bool make_room(struct fold *fold)
{
    struct study *s = &fold->study;
    return mem_grow((void **)&s->trials, &s->trials_capacity, s->n_trials, sizeof *s->trials) &&
           mem_grow((void **)&fold->notes, &fold->notes_capacity, s->n_trials, sizeof *fold->notes);
}

static void begin_birth(const struct study *study, struct birth *b)
{
    memset(b, 0, sizeof *b);
    struct trial *t = &b->t;
    t->id = study->next_trial_id;
    t->number = (int64_t)study->n_trials;
    t->value = t->best_loss = t->reward = (double)NAN;
    t->best_epoch = -1;
    t->n_parameters = t->continues = t->continued_by = -1;
    text_copy(t->who, sizeof t->who, "optuna");
    for (int i = 0; i < study->space.n; i++)
        t->config.value[i] = study->space.h[i].fallback;
}

/* The logged value of a trial that has one: number or first of an array. */
bool fold_logged_value(const struct cJSON *record, double *out)
{
    const struct cJSON *values = json_get(record, "values");
    return (cJSON_IsArray(values) && json_number(values->child, out)) ||
           json_get_number(record, "value", out);
}

static void add_trial(struct fold *fold, const struct cJSON *record, struct birth *b)
{
    struct study *study = &fold->study;
    const struct cJSON *item;
    struct trial *t = &study->trials[study->n_trials];
    fold->notes[study->n_trials] = b->note;
    *t = b->t;
    cJSON_ArrayForEach(item, json_get(record, "user_attrs"))
    {
        attribute_of_trial(fold, t, item);
    }
    if (trial_is_finished(t->state))
        t->value = (double)NAN;
    fold_logged_value(record, &t->value);
    study->n_trials++;
    study->n_state[t->state]++;
    if (t->start_s > 0)
        study->utc_times = b->note.start_utc;
    fold_refresh_best(study, t);
}

static enum fold_result create_trial(struct fold_line *line)
{
    struct fold *fold = line->fold;
    enum fold_result found = find_study(line);
    if (found > FOLD_OTHER)
        return found;
    struct birth b;
    begin_birth(&fold->study, &b);
    if (found == FOLD_OTHER) {
        found = check_parameters(line);
        if (found == FOLD_DONE)
            found = read_times(line, &b);
        fold->study.next_trial_id += found == FOLD_DONE;
        return found == FOLD_DONE ? FOLD_OTHER : found;
    }
    found = make_room(fold) ? prepare_trial(line, &b) : FOLD_MEMORY;
    if (found != FOLD_DONE) {
        mem_free(b.t.curve);
        mem_free(b.note.seed_problem);
        return found;
    }
    fold->study.next_trial_id++;
    add_trial(fold, line->record, &b);
    return FOLD_DONE;
}

/* ---- a line ------------------------------------------------------------------------------ */

static enum fold_result apply(struct fold_line *line)
{
    static enum fold_result (*const operations[])(struct fold_line *) = {
        create_study,         delete_study,
        study_user_attribute, study_system_attribute,
        create_trial,         fold_parameter,
        fold_state,           fold_epoch,
        fold_trial_attribute, fold_trial_system_attribute,
    };
    int64_t op;
    if (!cJSON_IsObject(line->record) || !json_get_int(line->record, "op_code", &op))
        return fold_bad(line, "not a record of a journal");
    if (op < 0 || op >= (int64_t)(sizeof operations / sizeof *operations))
        return FOLD_OTHER;
    if (!json_get_string(line->record, "worker_id"))
        return fold_bad(line, "a record without worker_id");
    return operations[op](line);
}

static void note_bad(struct study *study, const char *reason)
{
    study->n_bad++;
    if (study->first_bad_line == 0) {
        study->first_bad_line = study->n_lines;
        text_sanitize(study->bad_reason, sizeof study->bad_reason, reason);
    }
}

enum err fold_one(struct study *study, const char *line, size_t n, uint64_t sequence,
                  enum fold_result *result)
{
    struct err_info info = {0};
    struct cJSON *doc = NULL;
    enum err err = json_parse(line, n, "line", &doc, &info);
    if (err == ERR_MEMORY)
        return err;
    struct fold_line one = {.fold = fold_of(study), .record = doc};
    one.fold->sequence = sequence;
    enum fold_result got = err == ERR_OK ? apply(&one) : fold_bad(&one, info.detail);
    if (got != FOLD_MEMORY) {
        study->n_lines++;
        study->n_refused += got == FOLD_REFUSED;
        study->version += got == FOLD_DONE || got == FOLD_BAD;
        if (got == FOLD_BAD)
            note_bad(study, one.reason);
    }
    json_free(doc);
    if (result)
        *result = got;
    return got == FOLD_MEMORY ? ERR_MEMORY : ERR_OK;
}

enum err study_fold(struct study *study, const char *line, size_t n)
{
    return fold_one(study, line, n, 0, NULL);
}

enum err fold_bytes(struct study *study, const char *bytes, size_t n, size_t *used)
{
    enum err err = ERR_OK;
    const char *end;
    *used = 0;
    while (err == ERR_OK && *used < n && (end = memchr(bytes + *used, '\n', n - *used)) != NULL) {
        size_t length = (size_t)(end - bytes) - *used;
        err = study_fold(study, bytes + *used, length);
        *used += err == ERR_OK ? length + 1 : 0;
    }
    return err;
}

/* ---- life -------------------------------------------------------------------------------- */

struct study *study_new(const char *name)
{
    struct fold *fold = mem_zero_alloc(1, sizeof *fold);
    if (!fold)
        return NULL;
    if (name && !(fold->wanted = mem_dup_text(name))) {
        mem_free(fold);
        return NULL;
    }
    forget_study(fold);
    return &fold->study;
}

void study_free(struct study *study)
{
    if (!study)
        return;
    struct fold *fold = fold_of(study);
    clear_trials(fold);
    for (size_t i = 0; i < fold->n_rows; i++)
        mem_free(fold->rows[i].name);
    mem_free(fold->rows);
    mem_free(fold->uses);
    mem_free(fold->notes);
    mem_free(fold->wanted);
    mem_free(study->trials);
    mem_free(study->events);
    mem_free(study->updates);
    mem_free(fold);
}

void fold_swap(struct study *a, struct study *b)
{
    struct fold *x = fold_of(a), *y = fold_of(b), kept = *x;
    *x = *y;
    *y = kept;
}

/* trials: records of a trial that exists (op 5 to 9). A finished trial is frozen: all of them are
 * refused then. */
#include "study/internal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static void set_state(struct study *study, struct trial *t, enum trial_state state)
{
    study->n_state[t->state]--;
    study->n_state[state]++;
    t->state = state;
    t->paused = t->paused && state == TRIAL_RUNNING;
}

/* Our trial that the record may change; FOLD_OTHER: a trial of another study. */
static enum fold_result find_trial(struct fold_line *line, struct trial **out)
{
    int64_t id;
    struct study *study = &line->fold->study;
    if (!json_get_int(line->record, "trial_id", &id))
        return fold_bad(line, "no trial_id");
    if (id < 0 || id >= study->next_trial_id)
        return FOLD_REFUSED;
    *out = fold_find_id(study, id);
    if (!*out)
        return FOLD_OTHER;
    return trial_is_finished((*out)->state) ? FOLD_REFUSED : FOLD_DONE;
}

enum fold_result fold_parameter(struct fold_line *line)
{
    struct trial *t = NULL;
    double value;
    enum fold_result found = find_trial(line, &t);
    if (found > FOLD_OTHER)
        return found;
    const char *name = json_get_string(line->record, "param_name");
    const char *distribution = json_get_string(line->record, "distribution");
    if (!name || !distribution || !json_get_number(line->record, "param_value_internal", &value))
        return fold_bad(line, "a parameter without name, value or distribution");
    enum fold_result result = parameters_check(line, name, distribution, value);
    if (result != FOLD_DONE || !t)
        return result == FOLD_DONE ? found : result;
    result = parameters_use(line->fold, name, distribution, t->number, true);
    if (result == FOLD_DONE)
        result = parameters_put(line->fold, t, name, distribution, value);
    return result;
}

static void finish(struct study *study, struct trial *t, enum trial_state state, double end_s)
{
    /* What was logged is the value; a RUNNING trial's own best is not, once it has ended. */
    double logged = (double)NAN;
    t->end_s = end_s;
    t->value = logged;
    set_state(study, t, state);
}

enum fold_result fold_state(struct fold_line *line)
{
    struct trial *t = NULL;
    int64_t state;
    double time_s = 0;
    bool utc = false;
    struct study *study = &line->fold->study;
    enum fold_result found = find_trial(line, &t);
    if (found > FOLD_OTHER)
        return found;
    if (!json_get_int(line->record, "state", &state) || state < TRIAL_RUNNING ||
        state > TRIAL_WAITING)
        return fold_bad(line, "an unknown state");
    bool start = state == TRIAL_RUNNING, end = trial_is_finished((enum trial_state)state);
    if (t && start && t->state == TRIAL_RUNNING)
        return FOLD_REFUSED; /* so a race for a seed is decided */
    if ((start || end) &&
        !fold_read_time(line->record, start ? "datetime_start" : "datetime_complete", &time_s,
                        &utc))
        return fold_bad(line, "a change of state without a time in ISO 8601");
    if (!json_get(line->record, "values"))
        return fold_bad(line, "a change of state without values");
    if (!t)
        return found;
    if (end) {
        finish(study, t, (enum trial_state)state, time_s);
    } else {
        set_state(study, t, (enum trial_state)state);
        t->start_s = start ? time_s : t->start_s;
        line->fold->notes[t->number].start_utc = utc;
    }
    fold_logged_value(line->record, &t->value);
    study->utc_times = start || end ? utc : study->utc_times;
    fold_refresh_best(study, t);
    return FOLD_DONE;
}

static void read_metrics(const struct cJSON *metrics, struct epoch_result *epoch)
{
    for (int m = 0; m < METRIC_N; m++) {
        epoch->metric[m] = (double)NAN;
        json_get_number(metrics, study_metric_name((enum study_metric)m), &epoch->metric[m]);
    }
}

enum fold_result fold_epoch(struct fold_line *line)
{
    struct trial *t = NULL;
    int64_t step;
    double value = (double)NAN;
    bool is_new;
    struct study *study = &line->fold->study;
    enum fold_result found = find_trial(line, &t);
    if (found > FOLD_OTHER)
        return found;
    const struct cJSON *item = json_get(line->record, "intermediate_value");
    if (!json_get_int(line->record, "step", &step) || step < 0 || step > FOLD_STEP_MAX || !item)
        return fold_bad(line, "an intermediate value without step or value");
    json_number(item, &value);
    if (!t)
        return found;
    struct epoch_result *epoch = curve_at(t, (int)step, &is_new);
    if (!epoch)
        return FOLD_MEMORY;
    epoch->value = value;
    epoch->sequence = line->fold->sequence;
    read_metrics(json_get(line->record, "metrics"), epoch);
    double seconds = epoch->metric[METRIC_SECONDS];
    t->n_recorded++;
    study->epochs_spent++;
    if (seconds > 0 && isfinite(seconds)) {
        t->seconds += seconds;
        study->seconds_trained += seconds;
    }
    curve_note_best(study, t, epoch, is_new);
    fold_refresh_best(study, t);
    return FOLD_DONE;
}

static enum fold_result each_attribute(struct fold_line *line, const char *member,
                                       void (*set)(struct fold *, struct trial *,
                                                   const struct cJSON *))
{
    struct trial *t = NULL;
    enum fold_result found = find_trial(line, &t);
    if (found > FOLD_OTHER)
        return found;
    const struct cJSON *item = fold_attribute(line, member);
    if (!item)
        return FOLD_BAD;
    for (; t && item; item = item->next)
        set(line->fold, t, item);
    if (t)
        fold_refresh_best(&line->fold->study, t);
    return found;
}

enum fold_result fold_trial_attribute(struct fold_line *line)
{
    return each_attribute(line, "user_attr", attribute_of_trial);
}

static void pass_over(struct fold *fold, struct trial *t, const struct cJSON *item)
{
    (void)fold;
    (void)t;
    (void)item;
}

enum fold_result fold_trial_system_attribute(struct fold_line *line)
{
    return each_attribute(line, "system_attr", pass_over);
}

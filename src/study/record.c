/* record: the lines we write, in the spelling of Optuna 3.1 (optuna-journal.md, 3 and 11). */
#include "study/record.h"

#include <cjson/cJSON.h>
#include <math.h>

static void open_record(struct json_writer *w, struct text *out, int op, const char *worker)
{
    json_begin(w, out);
    json_open(w, NULL, '{');
    json_put_int(w, "op_code", op);
    json_put_string(w, "worker_id", worker);
}

static void put_time(struct json_writer *w, const char *name, bool utc)
{
    char iso[40];
    json_put_string(w, name, clock_iso(iso, clock_wall_s(), utc));
}

void record_create_study(struct text *out, const char *worker, const char *name, int direction)
{
    struct json_writer w;
    open_record(&w, out, 0, worker);
    json_put_string(&w, "study_name", name);
    json_open(&w, "directions", '[');
    json_put_int(&w, NULL, direction);
    json_close(&w, ']');
    json_close(&w, '}');
}

static void put_attribute(struct json_writer *w, const char *member, const char *key,
                          const char *json)
{
    json_open(w, member, '{');
    json_put_raw(w, key, json);
    json_close(w, '}');
    json_close(w, '}');
}

void record_study_attribute(struct text *out, const char *worker, int64_t study_id, bool system,
                            const char *key, const char *json)
{
    struct json_writer w;
    open_record(&w, out, system ? 3 : 2, worker);
    json_put_int(&w, "study_id", study_id);
    put_attribute(&w, system ? "system_attr" : "user_attr", key, json);
}

void record_trial_attribute(struct text *out, const char *worker, const char *key, const char *json)
{
    struct json_writer w;
    open_record(&w, out, 8, worker);
    json_put_raw(&w, "trial_id", RECORD_ID);
    put_attribute(&w, "user_attr", key, json);
}

/* ---- op 4 -------------------------------------------------------------------------------- */

static bool is_set(const struct trial_start *start, const struct space *space, int i)
{
    return i < space->n && (start->config.set >> i & 1) != 0;
}

/* The distribution as JSON inside a JSON string. */
static void put_distribution(struct json_writer *w, const char *name, const struct space *space,
                             int i)
{
    struct text distribution = {0};
    space_put_distribution(space, i, &distribution);
    json_put_string(w, name, text_get(&distribution));
    w->out->failed |= distribution.failed;
    text_free(&distribution);
}

static void put_parameters(struct json_writer *w, const struct space *space,
                           const struct trial_start *start)
{
    json_open(w, "distributions", '{');
    for (int i = 0; i < space->n && !start->waiting; i++)
        if (is_set(start, space, i))
            put_distribution(w, space->h[i].name, space, i);
    json_close(w, '}');
    json_open(w, "params", '{');
    for (int i = 0; i < space->n && !start->waiting; i++)
        if (is_set(start, space, i))
            json_put_number(w, space->h[i].name, start->config.value[i]);
    json_close(w, '}');
}

static void put_words(struct json_writer *w, const struct trial_start *start)
{
    const struct {
        const char *key, *value;
    } words[] = {{"who", start->who},
                 {"state", start->situation},
                 {"action", start->action},
                 {"reason", start->reason}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].value && words[i].value[0])
            json_put_string(w, words[i].key, words[i].value);
}

static void put_facts(struct json_writer *w, const struct trial_start *start)
{
    char seed[32];
    put_words(w, start);
    if (start->target_epochs > 0)
        json_put_int(w, "run:epochs", start->target_epochs);
    if (start->n_parameters >= 0)
        json_put_int(w, "run:parameters", start->n_parameters);
    if (!start->waiting)
        json_put_string(
            w, "run:seed",
            text_format(seed, sizeof seed, "%llu", (unsigned long long)start->rng_seed));
}

static void put_fixed(struct json_writer *w, const struct space *space,
                      const struct trial_start *start)
{
    json_open(w, "fixed_params", '{');
    for (int i = 0; i < space->n; i++) {
        struct text value = {0};
        if (!is_set(start, space, i))
            continue;
        space_put_external(space, i, start->config.value[i], &value);
        json_put_raw(w, space->h[i].name, text_get(&value));
        w->out->failed |= value.failed;
        text_free(&value);
    }
    json_close(w, '}');
}

static void put_inherited(struct json_writer *w, const struct trial *parent)
{
    char step[16];
    json_open(w, "intermediate_values", '{');
    for (size_t i = 0; parent && i < parent->n_epochs; i++)
        json_put_number(w, text_format(step, sizeof step, "%d", parent->curve[i].step),
                        parent->curve[i].value);
    json_close(w, '}');
}

void record_create_trial(struct text *out, const char *worker, const struct study *study,
                         const struct space *space, const struct trial_start *start,
                         const struct trial *parent)
{
    struct json_writer w;
    open_record(&w, out, 4, worker);
    json_put_int(&w, "study_id", study->study_id);
    if (start->waiting)
        json_put_null(&w, "datetime_start");
    else
        put_time(&w, "datetime_start", study->utc_times);
    json_put_int(&w, "state", start->waiting ? TRIAL_WAITING : TRIAL_RUNNING);
    json_put_null(&w, "value");
    json_put_null(&w, "values");
    put_parameters(&w, space, start);
    json_open(&w, "user_attrs", '{');
    put_facts(&w, start);
    if (parent)
        json_put_raw(&w, "continues", RECORD_NUMBER);
    json_close(&w, '}');
    json_open(&w, "system_attrs", '{');
    if (start->waiting)
        put_fixed(&w, space, start);
    json_close(&w, '}');
    put_inherited(&w, parent);
    json_close(&w, '}');
}

/* ---- op 5 to 7 --------------------------------------------------------------------------- */

void record_parameter(struct text *out, const char *worker, const struct space *space, int i,
                      double value)
{
    struct json_writer w;
    open_record(&w, out, 5, worker);
    json_put_raw(&w, "trial_id", RECORD_ID);
    json_put_string(&w, "param_name", space->h[i].name);
    json_put_number(&w, "param_value_internal", value);
    put_distribution(&w, "distribution", space, i);
    json_close(&w, '}');
}

void record_state(struct text *out, const char *worker, enum trial_state state, double value,
                  bool utc)
{
    struct json_writer w;
    open_record(&w, out, 6, worker);
    json_put_raw(&w, "trial_id", RECORD_ID);
    json_put_int(&w, "state", state);
    if (isnan(value)) {
        json_put_null(&w, "values");
    } else {
        json_open(&w, "values", '[');
        json_put_number(&w, NULL, value);
        json_close(&w, ']');
    }
    put_time(&w, state == TRIAL_RUNNING ? "datetime_start" : "datetime_complete", utc);
    json_close(&w, '}');
}

void record_epoch(struct text *out, const char *worker, const struct epoch_result *epoch)
{
    struct json_writer w;
    open_record(&w, out, 7, worker);
    json_put_raw(&w, "trial_id", RECORD_ID);
    json_put_int(&w, "step", epoch->step);
    json_put_number(&w, "intermediate_value", epoch->value);
    json_open(&w, "metrics", '{');
    for (int m = 0; m < METRIC_N; m++)
        if (!isnan(epoch->metric[m]))
            json_put_number(&w, study_metric_name((enum study_metric)m), epoch->metric[m]);
    json_close(&w, '}');
    json_close(&w, '}');
}

bool record_curve(struct text *out, const struct trial *t, enum study_metric m)
{
    bool any = false;
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, NULL, '[');
    for (size_t i = 0; i < t->n_epochs; i++) {
        if (isnan(t->curve[i].metric[m]))
            continue;
        json_open(&w, NULL, '[');
        json_put_int(&w, NULL, t->curve[i].step);
        json_put_number(&w, NULL, t->curve[i].metric[m]);
        json_close(&w, ']');
        any = true;
    }
    json_close(&w, ']');
    return any;
}

/* ---- events ------------------------------------------------------------------------------ */

void record_open_event(struct json_writer *w, struct text *out, int64_t seq, const char *who,
                       const char *what, int64_t number, bool by_handle, const char *say)
{
    json_begin(w, out);
    json_open(w, NULL, '{');
    json_put_int(w, "seq", seq);
    json_put_number(w, "time", floor(clock_wall_s() * 1e6) / 1e6);
    json_put_string(w, "who", who ? who : "");
    json_put_string(w, "what", what);
    if (by_handle)
        json_put_raw(w, "trial", RECORD_NUMBER);
    else
        json_put_int(w, "trial", number);
    if (say && say[0])
        json_put_string(w, "say", say);
}

void record_q_update(struct json_writer *w, const struct q_update *u)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"old_q", u->old_q}, {"alpha", u->alpha},         {"reward", u->reward},
                   {"gamma", u->gamma}, {"next_best", u->next_best}, {"new_q", u->new_q}};
    json_put_string(w, "situation", u->situation);
    json_put_string(w, "action", u->action);
    json_put_string(w, "next_situation", u->next_situation);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_put_number(w, numbers[i].name, numbers[i].value);
}

void record_render(struct text *out, const char *record, int64_t id, int64_t number)
{
    const char *p = record;
    for (const char *q = p;; q++) {
        if (*q != 0 && *q != RECORD_ID[0] && *q != RECORD_NUMBER[0])
            continue;
        text_append_n(out, p, (size_t)(q - p));
        if (*q == 0)
            return;
        text_appendf(out, "%lld", (long long)(*q == RECORD_ID[0] ? id : number));
        p = q + 1;
    }
}

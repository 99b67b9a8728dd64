/* settings: what a resume must know stands in the log: the `searcher` attribute of the study, and
 * later changes of the budget as events. */
#include "internal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static void put_task(struct json_writer *w, const struct engine *e)
{
    const struct data_set *set = e->options.set;
    json_open(w, "task", '{');
    json_put_int(w, "split_seed", (int64_t)set->split_seed);
    json_put_int(w, "rows", set->part[DATA_TRAIN].n_rows);
    json_put_int(w, "inputs", set->n_inputs);
    json_put_int(w, "classes", set->n_classes);
    json_put_number(w, "majority_error", e->majority_error);
    json_close(w, '}');
}

static void put_knowledge(struct json_writer *w, const struct engine_knowledge *k)
{
    if (!k->file[0] && !k->own[0])
        return;
    json_open(w, "knowledge", '{');
    json_put_string(w, "file", k->file);
    json_put_string(w, "hash", k->hash);
    json_put_string(w, "own", k->own);
    json_put_string(w, "own_hash", k->own_hash);
    json_put_bool(w, "include_own", k->include_own);
    json_close(w, '}');
}

void settings_write(const struct engine *e, struct text *out)
{
    struct json_writer w;
    const struct engine_settings *s = &e->settings;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    json_put_string(&w, "program", "tiller " TILLER_VERSION);
    json_put_string(&w, "sampler", s->sampler);
    json_put_string(&w, "pruner", s->pruner);
    json_put_string(&w, "objective", s->objective);
    if (s->from[0]) {
        json_put_string(&w, "from", s->from);
        json_put_string(&w, "from_hash", s->from_hash);
    }
    json_put_int(&w, "full_epochs", s->full_epochs);
    json_put_int(&w, "rng_seed", (int64_t)s->rng_seed);
    json_put_int(&w, "budget_epochs", s->budget_epochs);
    json_put_int(&w, "budget_trials", s->budget_trials);
    json_put_number(&w, "budget_seconds", s->budget_seconds);
    json_put_bool(&w, "no_test", s->no_test);
    if (s->confirm > 0)
        json_put_int(&w, "confirm", s->confirm);
    put_knowledge(&w, &s->knowledge);
    put_task(&w, e);
    if (e->options.sampler_json)
        json_put_raw(&w, "sampler_settings", e->options.sampler_json);
    if (e->options.data_json)
        json_put_raw(&w, "data", e->options.data_json);
    json_close(&w, '}');
}

static bool copy_text(const struct cJSON *doc, const char *name, const char *otherwise, char *out,
                      size_t out_size)
{
    const char *text = json_get_string(doc, name);
    return text_copy(out, out_size, text ? text : otherwise);
}

/* false: a member is there, but can't be. */
static bool read_knowledge(const struct cJSON *doc, struct engine_knowledge *out)
{
    json_get_bool(doc, "include_own", &out->include_own);
    return copy_text(doc, "file", "", out->file, sizeof out->file) &&
           copy_text(doc, "hash", "", out->hash, sizeof out->hash) &&
           copy_text(doc, "own", "", out->own, sizeof out->own) &&
           copy_text(doc, "own_hash", "", out->own_hash, sizeof out->own_hash);
}

/* The members of one object, where it has them. */
static void read_budget(const struct cJSON *doc, struct engine_settings *out)
{
    int64_t n;
    double x;
    if (json_get_int(doc, "budget_epochs", &n) && n >= 0)
        out->budget_epochs = n;
    if (json_get_int(doc, "budget_trials", &n) && n >= 0)
        out->budget_trials = n;
    if (json_get_number(doc, "budget_seconds", &x) && x >= 0)
        out->budget_seconds = x;
    if (json_get_int(doc, "confirm", &n) && n >= 0 && n <= CONFIRM_MAX)
        out->confirm = (int)n;
}

static void read_event(const struct study_event *event, struct engine_settings *out)
{
    struct cJSON *doc = NULL;
    if (event->json && json_parse(event->json, strlen(event->json), "event", &doc, NULL) == ERR_OK)
        read_budget(doc, out);
    json_free(doc);
}

bool engine_read_settings(const struct study *study, struct engine_settings *out)
{
    struct cJSON *doc = NULL;
    int64_t n;
    *out = (struct engine_settings){0};
    if (!study->searcher_json || json_parse(study->searcher_json, strlen(study->searcher_json),
                                            "searcher", &doc, NULL) != ERR_OK)
        return false;
    bool whole =
        json_get_string(doc, "sampler") && json_get_string(doc, "pruner") &&
        copy_text(doc, "sampler", "", out->sampler, sizeof out->sampler) &&
        copy_text(doc, "pruner", "", out->pruner, sizeof out->pruner) &&
        copy_text(doc, "objective", objective_name(0), out->objective, sizeof out->objective) &&
        copy_text(doc, "from", "", out->from, sizeof out->from) &&
        copy_text(doc, "from_hash", "", out->from_hash, sizeof out->from_hash) &&
        read_knowledge(json_get(doc, "knowledge"), &out->knowledge) &&
        json_get_int(doc, "full_epochs", &n) && n > 0 && n <= 1000000;
    if (whole)
        out->full_epochs = (int)n;
    if (json_get_int(doc, "rng_seed", &n))
        out->rng_seed = (uint64_t)n;
    json_get_bool(doc, "no_test", &out->no_test);
    read_budget(doc, out);
    json_free(doc);
    for (size_t i = 0; i < study->n_events; i++)
        if (strcmp(study->events[i].what, "budget") == 0)
            read_event(&study->events[i], out);
    return whole;
}

/* A number of things, at most what an int32 holds. */
static bool read_count(const struct cJSON *doc, const char *name, int64_t *out)
{
    return json_get_int(doc, name, out) && *out >= 0 && *out <= INT32_MAX;
}

static bool read_task(const struct cJSON *doc, struct engine_task *out)
{
    int64_t inputs = 0, classes = 0, seed = 0;
    bool whole = doc && read_count(doc, "rows", &out->n_rows) &&
                 read_count(doc, "inputs", &inputs) && read_count(doc, "classes", &classes) &&
                 json_get_int(doc, "split_seed", &seed) &&
                 json_get_number(doc, "majority_error", &out->majority_error);
    out->n_inputs = (int32_t)inputs;
    out->n_classes = (int32_t)classes;
    out->split_seed = (uint64_t)seed;
    return whole;
}

bool engine_read_task(const struct study *study, struct engine_task *out)
{
    struct cJSON *doc = NULL;
    const char *json = study->searcher_json;
    *out = (struct engine_task){0};
    if (!json || json_parse(json, strlen(json), "searcher", &doc, NULL) != ERR_OK)
        return false;
    bool whole = read_task(json_get(doc, "task"), out);
    json_free(doc);
    return whole;
}

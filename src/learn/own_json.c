/* own_json: what own studies have taught, as text: written, and read without trust. */
#include "tiller/own.h"

#include <cjson/cJSON.h>
#include <string.h>

#define OWN_FORMAT "tiller own knowledge"
enum { OWN_VERSION = 1, EPOCHS_MAX = 1000000 };

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

/* As in knowledge files: what is greater would be infinite once it is squared. */
static bool is_number(const struct cJSON *item, double *out)
{
    const double most = 1e30;
    return item && json_number(item, out) && *out >= -most && *out <= most;
}

static bool get_numbers(const struct cJSON *doc, const char *name, int n, double *out)
{
    const struct cJSON *list = json_get(doc, name);
    const struct cJSON *item = cJSON_IsArray(list) ? list->child : NULL;
    for (int i = 0; i < n; i++, item = item->next)
        if (!is_number(item, &out[i]))
            return false;
    return !item;
}

static bool get_finite(const struct cJSON *doc, const char *name, double low, double *out)
{
    return is_number(json_get(doc, name), out) && *out >= low;
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
        !take_word(item[1], step.action, sizeof step.action) || !is_number(item[2], &step.reward) ||
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
    else
        err_hint(info, "move it away; 'tiller resume STUDY --learn auto' takes a study in again");
    json_free(doc);
    if (err != ERR_OK) {
        own_free(*out);
        *out = NULL;
    }
    return err;
}

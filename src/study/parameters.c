/* parameters: distributions and values of records, brought into the study's space.
 *
 * Optuna has no declared space: there it is gathered from the trials, with ranges widened to hold
 * all that was used. Our own studies declare theirs, and values of others are translated into it. A
 * parameter that does not fit struct space (more than SPACE_MAX, choices too long) is left out of
 * the configuration; the record counts all the same. */
#include "study/internal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

/* ---- is the record sound? ---------------------------------------------------------------- */

static bool known_kind(const char *kind)
{
    static const char *const kinds[] = {
        "FloatDistribution",      "IntDistribution",           "CategoricalDistribution",
        "UniformDistribution",    "LogUniformDistribution",    "DiscreteUniformDistribution",
        "IntUniformDistribution", "IntLogUniformDistribution",
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i], kind) == 0)
            return true;
    return false;
}

/* What makes Optuna raise; NULL: nothing does. */
static const char *distribution_problem(const struct cJSON *doc, double value)
{
    const char *kind = json_get_string(doc, "name");
    const struct cJSON *attributes = json_get(doc, "attributes");
    if (!kind || !known_kind(kind) || !cJSON_IsObject(attributes))
        return "unknown kind of distribution";
    if (strcmp(kind, "CategoricalDistribution") == 0) {
        const struct cJSON *choices = json_get(attributes, "choices");
        int n = cJSON_IsArray(choices) ? cJSON_GetArraySize(choices) : 0;
        if (n == 0)
            return "a categorical distribution without choices";
        return value >= -n && value < n ? NULL : "a categorical index outside its choices";
    }
    double low, high;
    if (!json_get_number(attributes, "low", &low) || !json_get_number(attributes, "high", &high))
        return "a distribution without low or high";
    bool log = strstr(kind, "Log") != NULL;
    json_get_bool(attributes, "log", &log);
    if (log && low <= 0)
        return "a logarithmic distribution that does not begin above 0";
    return low <= high ? NULL : "a distribution with low above high";
}

enum fold_result parameters_check(struct fold_line *line, const char *name,
                                  const char *distribution, double value)
{
    struct cJSON *doc = NULL;
    enum err err = json_parse(distribution, strlen(distribution), name, &doc, NULL);
    if (err == ERR_MEMORY)
        return FOLD_MEMORY;
    line->reason = err == ERR_OK ? distribution_problem(doc, value) : "a distribution is not JSON";
    json_free(doc);
    return line->reason ? FOLD_BAD : FOLD_DONE;
}

/* ---- compatible? ------------------------------------------------------------------------- */

/* Two distributions are compatible if these texts are equal: kind, log, choices (Python's True is
 * its 1, and so it is here). Owner: caller; NULL: out of memory. */
static char *kind_text(const struct cJSON *doc)
{
    struct text out = {0};
    struct json_writer w;
    const struct cJSON *attributes = json_get(doc, "attributes"), *item;
    bool log = false;
    json_get_bool(attributes, "log", &log);
    text_appendf(&out, "%s%s", json_get_string(doc, "name"), log ? " log" : "");
    json_begin(&w, &out);
    cJSON_ArrayForEach(item, json_get(attributes, "choices"))
    {
        if (cJSON_IsBool(item))
            json_put_int(&w, NULL, cJSON_IsTrue(item));
        else
            json_put_item(&w, NULL, item);
    }
    if (out.failed) {
        text_free(&out);
        return NULL;
    }
    return out.data;
}

static struct first_use *find_use(struct fold *fold, const char *name)
{
    for (size_t i = 0; i < fold->n_uses; i++)
        if (strcmp(fold->uses[i].name, name) == 0)
            return &fold->uses[i];
    return NULL;
}

static enum fold_result note_use(struct fold *fold, const char *name, char *kind, int64_t number)
{
    struct first_use *use = find_use(fold, name);
    if (use) {
        mem_free(use->kind);
        *use = (struct first_use){use->name, kind, number};
        return FOLD_DONE;
    }
    char *copy = mem_dup_text(name);
    if (!copy ||
        !mem_grow((void **)&fold->uses, &fold->uses_capacity, fold->n_uses, sizeof *fold->uses)) {
        mem_free(copy);
        mem_free(kind);
        return FOLD_MEMORY;
    }
    fold->uses[fold->n_uses++] = (struct first_use){copy, kind, number};
    return FOLD_DONE;
}

enum fold_result parameters_use(struct fold *fold, const char *name, const char *distribution,
                                int64_t number, bool may_refuse)
{
    struct cJSON *doc = NULL;
    struct first_use *use = find_use(fold, name);
    if (!may_refuse && use && use->trial <= number)
        return FOLD_DONE; /* the long form is not checked, and a later trial decides nothing */
    if (json_parse(distribution, strlen(distribution), name, &doc, NULL) != ERR_OK)
        return FOLD_MEMORY; /* it was parsed before */
    char *kind = kind_text(doc);
    json_free(doc);
    if (!kind)
        return FOLD_MEMORY;
    if (may_refuse && use && strcmp(use->kind, kind) != 0) {
        mem_free(kind);
        return FOLD_REFUSED;
    }
    if (use && use->trial <= number) {
        mem_free(kind);
        return FOLD_DONE;
    }
    return note_use(fold, name, kind, number);
}

/* ---- too large for struct space, or out of memory? --------------------------------------- */

/* The space room leaves out what it can't read, for whatever reason. Here the reasons are told
 * apart: FOLD_DONE: it does not fit; FOLD_MEMORY: it fits, so memory ran out (now or then). */
static enum fold_result why_unread(const struct cJSON *doc)
{
    const struct cJSON *item, *choices = json_get(json_get(doc, "attributes"), "choices");
    struct hyperparameter *h = NULL;
    if (distribution_problem(doc, 0) || cJSON_GetArraySize(choices) > SPACE_CHOICES_MAX || !choices)
        return FOLD_DONE;
    cJSON_ArrayForEach(item, choices)
    {
        char *json = fold_item_text(item);
        bool fits = json && strlen(json) < sizeof h->choice[0].json;
        const char *plain = cJSON_IsString(item) ? item->valuestring : json;
        fits = fits && strlen(plain) < sizeof h->choice[0].text;
        bool failed = !json;
        mem_free(json);
        if (failed || !fits)
            return failed ? FOLD_MEMORY : FOLD_DONE;
    }
    return FOLD_MEMORY;
}

/* Is a seed's value one of the choices after all? */
static bool is_a_choice(const struct hyperparameter *h, const struct cJSON *item)
{
    char *json = h->kind == HYPER_CATEGORICAL ? fold_item_text(item) : NULL;
    bool found = h->kind == HYPER_CATEGORICAL && !json;
    for (int k = 0; json && k < h->n_choices; k++)
        found |= strcmp(h->choice[k].json, json) == 0;
    mem_free(json);
    return found;
}

/* ---- into the space ---------------------------------------------------------------------- */

/* Index of choice k of `from` among those of `to`; -1: none. */
static int same_choice(const struct hyperparameter *to, const struct hyperparameter *from, double k)
{
    int index = (int)k < 0 ? (int)k + from->n_choices : (int)k; /* as Python counts */
    for (int i = 0; index >= 0 && index < from->n_choices && i < to->n_choices; i++)
        if (strcmp(to->choice[i].json, from->choice[index].json) == 0)
            return i;
    return -1;
}

static void put_value(const struct space *space, struct configuration *c, int i,
                      const struct hyperparameter *from, double value)
{
    const struct hyperparameter *to = &space->h[i];
    bool choice = to->kind == HYPER_CATEGORICAL;
    if (choice != (from->kind == HYPER_CATEGORICAL) || isnan(value))
        return;
    if (choice)
        value = same_choice(to, from, value);
    else if (from->kind == HYPER_INT)
        value = trunc(value);
    if (choice && value < 0)
        return;
    c->value[i] = value;
    c->set |= UINT32_C(1) << i;
}

static int add_hyperparameter(struct fold *fold, struct trial *t, const struct hyperparameter *h)
{
    struct study *study = &fold->study;
    int i = study->space.n;
    if (study->space_declared || i == SPACE_MAX)
        return -1;
    study->space.h[study->space.n++] = *h;
    for (size_t k = 0; k < study->n_trials; k++)
        study->trials[k].config.value[i] = h->fallback;
    t->config.value[i] = h->fallback;
    return i;
}

static void widen(struct hyperparameter *h, const struct hyperparameter *other)
{
    if (h->kind == HYPER_CATEGORICAL || other->kind == HYPER_CATEGORICAL)
        return;
    h->low = fmin(h->low, other->low);
    h->high = fmax(h->high, other->high);
}

enum fold_result parameters_put(struct fold *fold, struct trial *t, const char *name,
                                const char *distribution, double value)
{
    struct cJSON *doc = NULL;
    struct hyperparameter h;
    if (json_parse(distribution, strlen(distribution), name, &doc, NULL) != ERR_OK)
        return FOLD_MEMORY; /* it was parsed before */
    enum fold_result result = FOLD_DONE;
    if (space_read_distribution(name, doc, &h, NULL) != ERR_OK) {
        result = strlen(name) < sizeof h.name ? why_unread(doc) : FOLD_DONE;
    } else {
        struct space *space = &fold->study.space;
        int i = space_find(space, h.name);
        if (i < 0)
            i = add_hyperparameter(fold, t, &h);
        else if (!fold->study.space_declared)
            widen(&space->h[i], &h);
        if (i >= 0)
            put_value(space, &t->config, i, &h, value);
    }
    json_free(doc);
    return result;
}

char *parameters_read_seed(struct fold *fold, struct trial *t, const struct cJSON *fixed,
                           bool *out_of_memory)
{
    const struct space *space = &fold->study.space;
    const struct cJSON *item;
    struct text problem = {0};
    char clean[64];
    cJSON_ArrayForEach(item, fixed)
    {
        double value;
        text_sanitize(clean, sizeof clean, item->string);
        int i = space_find(space, clean);
        if (i >= 0 && space_read_external(space, i, item, &value)) {
            t->config.value[i] = value;
            t->config.set |= UINT32_C(1) << i;
        } else if (i >= 0 && is_a_choice(&space->h[i], item)) {
            problem.failed = true;
        } else if (!problem.length && i >= 0) {
            text_appendf(&problem, "%s: the seed's value does not fit its range", clean);
        } else if (!problem.length && space->n > 0) {
            const char *near = space_nearest(space, clean);
            text_appendf(&problem, "unknown hyperparameter %s%s%s", clean,
                         near ? "; did you mean " : "", near ? near : "");
        }
    }
    *out_of_memory = problem.failed;
    if (problem.failed)
        text_free(&problem);
    return problem.data;
}

/* Trials that stand before the declaration are translated into it. */
static void translate(struct configuration *c, const struct space *from, const struct space *to)
{
    struct configuration old = *c;
    memset(c, 0, sizeof *c);
    for (int i = 0; i < to->n; i++) {
        int k = space_find(from, to->h[i].name);
        c->value[i] = to->h[i].fallback;
        if (k >= 0 && (old.set >> k & 1) != 0)
            put_value(to, c, i, &from->h[k], old.value[k]);
    }
}

/* Somebody else's attribute of that name is no declaration, and no fault of the file. */
static enum fold_result why_undeclared(const struct cJSON *object)
{
    const struct cJSON *item = cJSON_IsObject(object) ? object->child : NULL;
    if (!item || cJSON_GetArraySize(object) > SPACE_MAX)
        return FOLD_DONE;
    for (; item; item = item->next) {
        bool choices = json_get(json_get(item, "attributes"), "choices") != NULL;
        if (strlen(item->string) >= SPACE_NAME_MAX || distribution_problem(item, 0) ||
            (choices && why_unread(item) == FOLD_DONE))
            return FOLD_DONE;
    }
    return FOLD_MEMORY;
}

enum fold_result parameters_declare(struct fold *fold, const struct cJSON *object)
{
    struct study *study = &fold->study;
    struct space *space = mem_alloc(1, sizeof *space);
    if (!space)
        return FOLD_MEMORY;
    enum err err = space_read_json(object, space, NULL);
    if (err == ERR_OK && space->n > 0) {
        for (size_t i = 0; i < study->n_trials; i++)
            translate(&study->trials[i].config, &study->space, space);
        study->space = *space;
        study->space_declared = true;
    }
    mem_free(space);
    return err == ERR_OK || err == ERR_RANGE ? FOLD_DONE : why_undeclared(object);
}

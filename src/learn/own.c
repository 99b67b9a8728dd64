/* own: taking studies in and out, and adding what they have taught to knowledge in memory.
 *
 * What always holds: studies stand by their beginning, so that the order of folding does not
 * matter; folding one again gives the same; nothing of a family that is to be left out is joined.
 */
#include "tiller/own.h"
#include "tiller/engine.h"
#include "tiller/learn.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static void free_study(struct own_study *s)
{
    for (size_t i = 0; i < s->n_runs; i++)
        mem_free(s->run[i].params_json);
    mem_free(s->run);
    mem_free(s->step);
}

void own_free(struct own_knowledge *own)
{
    for (size_t i = 0; own && i < own->n; i++)
        free_study(&own->study[i]);
    if (own)
        mem_free(own->study);
    mem_free(own);
}

/* ---- folding ----------------------------------------------------------------------------- */

/* What never changes in a log: its task and settings, and when its first trial began. */
const char *own_id(const struct study *study, char *out, size_t out_size)
{
    uint64_t hash = HASH_START;
    const char *settings = study->searcher_json ? study->searcher_json : "";
    double began = study->n_trials > 0 ? study->trials[0].start_s : 0;
    hash = hash_bytes(hash, study->fingerprint, strlen(study->fingerprint));
    hash = hash_bytes(hash, settings, strlen(settings));
    hash = hash_bytes(hash, &began, sizeof began);
    return text_format(out, out_size, "%012llx", (unsigned long long)(hash >> 16));
}

/* Does it say how a configuration ends? */
static bool has_ended(const struct trial *t)
{
    if (t->continued_by >= 0 || t->n_epochs == 0)
        return false;
    return t->state == TRIAL_COMPLETE ||
           (t->state == TRIAL_FAIL && !isfinite(t->curve[t->n_epochs - 1].value));
}

static double log_error(const struct trial *t, double majority_error)
{
    const double floor = 0.002;
    bool learnt = t->state == TRIAL_COMPLETE && isfinite(t->value) && t->value >= 0;
    return log((learnt ? t->value : majority_error) + floor);
}

static char *params_of(const struct space *space, const struct configuration *c)
{
    struct text out = {0};
    struct json_writer w;
    json_begin(&w, &out);
    json_open(&w, NULL, '{');
    for (int i = 0; i < space->n; i++) {
        struct text value = {0};
        if (!(c->set >> i & 1))
            continue;
        space_put_external(space, i, c->value[i], &value);
        json_put_raw(&w, space->h[i].name, text_get(&value));
        out.failed |= value.failed;
        text_free(&value);
    }
    json_close(&w, '}');
    if (!out.failed)
        return out.data;
    text_free(&out);
    return NULL;
}

/* Sums over all configurations that were trained more than once. */
struct spread {
    double squares;
    int freedom;
};

static bool is_first_of_its_kind(const struct study *study, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (has_ended(&study->trials[j]) &&
            space_same(&study->space, &study->trials[j].config, &study->trials[i].config))
            return false;
    return true;
}

static enum err add_run(struct own_study *s, const struct study *study, size_t first,
                        struct spread *spread)
{
    double sum = 0, squares = 0;
    int n = 0;
    for (size_t i = first; i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        if (!has_ended(t) || !space_same(&study->space, &t->config, &study->trials[first].config))
            continue;
        double value = log_error(t, s->facts.majority_error);
        sum += value;
        squares += value * value;
        n++;
    }
    spread->squares += fmax(0, squares - sum * sum / n);
    spread->freedom += n - 1;
    struct own_run run = {params_of(&study->space, &study->trials[first].config), sum / n};
    if (!run.params_json || !mem_grow((void **)&s->run, &s->runs_capacity, s->n_runs, sizeof run)) {
        mem_free(run.params_json);
        return ERR_MEMORY;
    }
    s->run[s->n_runs++] = run;
    return ERR_OK;
}

static enum err add_runs(struct own_study *s, const struct study *study)
{
    struct spread spread = {0};
    enum err err = ERR_OK;
    for (size_t i = 0; i < study->n_trials && err == ERR_OK; i++)
        if (has_ended(&study->trials[i]) && is_first_of_its_kind(study, i))
            err = add_run(s, study, i, &spread);
    s->facts.noise = spread.freedom > 0 ? sqrt(spread.squares / spread.freedom) : 0;
    return err;
}

static enum err add_steps(struct own_study *s, const struct study *study)
{
    for (size_t i = 0; i < study->n_updates; i++) {
        const struct q_update *u = &study->updates[i];
        struct own_step step = {.reward = u->reward};
        if (!isfinite(u->reward))
            continue;
        if (!mem_grow((void **)&s->step, &s->steps_capacity, s->n_steps, sizeof step))
            return ERR_MEMORY;
        text_copy(step.situation, sizeof step.situation, u->situation);
        text_copy(step.action, sizeof step.action, u->action);
        text_copy(step.next, sizeof step.next, u->next_situation);
        s->step[s->n_steps++] = step;
    }
    return ERR_OK;
}

static enum err check_study(const struct study *study, const char *path,
                            struct engine_settings *settings, struct engine_task *task,
                            struct err_info *info)
{
    struct learn_plan plan;
    size_t ended = 0;
    if (!engine_read_settings(study, settings) || !engine_read_task(study, task) ||
        !(task->majority_error > 0))
        return err_set(info, ERR_INPUT, path, NULL, "is no study of this program");
    if (learn_plan_of(study, &plan))
        return err_set(info, ERR_INPUT, path,
                       plan.pool ? "pools judge methods: nothing is learnt from them"
                                 : "'tiller learn' makes knowledge of recordings",
                       "is a %s, no search", plan.pool ? "pool" : "recording");
    for (size_t i = 0; i < study->n_trials; i++)
        ended += has_ended(&study->trials[i]);
    if (ended < OWN_RUNS_MIN)
        return err_set(info, ERR_STATE, path, "search on",
                       "only %zu trainings have ended, too few to learn from", ended);
    return ERR_OK;
}

static void fill_facts(struct own_study *s, const struct study *study, const char *path,
                       const struct engine_task *task, const struct task_features *features)
{
    struct knowledge_task *f = &s->facts;
    own_id(study, s->id, sizeof s->id);
    s->began = study->trials[0].start_s;
    text_sanitize(s->family, sizeof s->family, study->family);
    text_sanitize(f->name, sizeof f->name, study->data_name);
    text_sanitize(f->variant, sizeof f->variant, study->variant);
    text_sanitize(f->fingerprint, sizeof f->fingerprint, study->fingerprint);
    size_t length = strlen(path), most = sizeof f->origin - 1;
    text_sanitize(f->origin, sizeof f->origin, length > most ? path + (length - most) : path);
    f->by_user = true;
    f->family = -1;
    f->majority_error = task->majority_error;
    f->n_rows = task->n_rows;
    f->n_inputs = task->n_inputs;
    f->n_classes = task->n_classes;
    f->has_looks = features != NULL;
    if (features) {
        memcpy(f->feature, features->value, sizeof f->feature);
        memcpy(f->sketch, features->sketch, sizeof f->sketch);
    }
}

static bool stands_before(const struct own_study *a, const struct own_study *b)
{
    return a->began != b->began ? a->began < b->began : strcmp(a->id, b->id) < 0;
}

/* In the place of the one with the same id, else where its beginning puts it. */
static enum err put_in(struct own_knowledge *own, const struct own_study *s)
{
    for (size_t i = 0; i < own->n; i++)
        if (strcmp(own->study[i].id, s->id) == 0) {
            free_study(&own->study[i]);
            own->study[i] = *s;
            return ERR_OK;
        }
    if (!mem_grow((void **)&own->study, &own->capacity, own->n, sizeof *s))
        return ERR_MEMORY;
    size_t at = own->n++;
    for (; at > 0 && stands_before(s, &own->study[at - 1]); at--)
        own->study[at] = own->study[at - 1];
    own->study[at] = *s;
    return ERR_OK;
}

enum err learn_fold_study(struct own_knowledge *own, const struct study *study, const char *path,
                          const struct task_features *features, struct err_info *info)
{
    struct engine_settings settings = {0};
    struct engine_task task = {0};
    struct own_study s = {0};
    enum err err = check_study(study, path, &settings, &task, info);
    if (err != ERR_OK)
        return err;
    fill_facts(&s, study, path, &task, features);
    s.facts.full_epochs = settings.full_epochs;
    err = add_runs(&s, study);
    if (err == ERR_OK)
        err = add_steps(&s, study);
    if (err == ERR_OK)
        err = put_in(own, &s);
    if (err == ERR_OK)
        return err;
    free_study(&s);
    return err_set_memory(info, path);
}

/* ---- taking out -------------------------------------------------------------------------- */

/* "vowel.study.jsonl" is the end of "/home/me/vowel.study.jsonl". */
static bool is_end_of_path(const char *end, const char *path)
{
    size_t n = strlen(end), all = strlen(path);
    return n > 0 && n <= all && strcmp(path + all - n, end) == 0 &&
           (n == all || path[all - n - 1] == '/');
}

int own_find(const struct own_knowledge *own, const char *word, int *n)
{
    int found = -1;
    *n = 0;
    for (size_t i = 0; i < own->n; i++) {
        const struct own_study *s = &own->study[i];
        if (strcmp(s->id, word) == 0 || is_end_of_path(word, s->facts.origin)) {
            found = (int)i;
            ++*n;
        }
    }
    return *n == 1 ? found : -1;
}

void own_forget(struct own_knowledge *own, int i)
{
    size_t at = (size_t)i;
    free_study(&own->study[at]);
    memmove(&own->study[at], &own->study[at + 1], (--own->n - at) * sizeof *own->study);
}

/* ---- joining ----------------------------------------------------------------------------- */

static int find_family(struct knowledge *k, const char *name)
{
    int family = knowledge_family(k, name, NULL);
    if (family >= 0)
        return family;
    char(*families)[64] = mem_resize(k->family, (size_t)k->n_families + 1, sizeof *families);
    if (!families)
        return -1;
    k->family = families;
    text_copy(families[k->n_families], sizeof *families, name);
    return k->n_families++;
}

/* A run on the knowledge's axes; what its space lacks is not there, what the run lacks is at its
 * fallback. false: it cannot be read. */
static bool place_run(const struct space *space, const struct own_run *run, double *unit)
{
    struct cJSON *doc = NULL;
    struct configuration c;
    if (json_parse(run->params_json, strlen(run->params_json), "run", &doc, NULL) != ERR_OK)
        return false;
    space_default(space, &c);
    for (int i = 0; i < space->n; i++) {
        const struct cJSON *item = json_get(doc, space->h[i].name);
        if (item)
            space_read_external(space, i, item, &c.value[i]);
    }
    json_free(doc);
    space_tidy(space, &c);
    space_encode(space, &c, unit);
    return true;
}

static enum err add_task(struct knowledge *k, const struct own_study *s, int family)
{
    size_t dims = (size_t)k->n_dims;
    struct knowledge_task t = s->facts;
    struct knowledge_task *tasks = mem_resize(k->task, (size_t)k->n_tasks + 1, sizeof *k->task);
    if (!tasks)
        return ERR_MEMORY;
    k->task = tasks;
    t.family = family;
    t.n_runs = 0;
    t.unit = mem_zero_alloc(s->n_runs, dims * sizeof *t.unit);
    t.log_error = mem_zero_alloc(s->n_runs, sizeof *t.log_error);
    if (!t.unit || !t.log_error) {
        mem_free(t.unit);
        mem_free(t.log_error);
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < s->n_runs; i++)
        if (place_run(&k->space, &s->run[i], t.unit + (size_t)t.n_runs * dims))
            t.log_error[t.n_runs++] = s->run[i].log_error;
    k->task[k->n_tasks++] = t;
    return ERR_OK;
}

/* Steps whose names are not known any more are left out. */
static void add_to_table(struct qtable *q, const struct own_study *s)
{
    for (size_t i = 0; i < s->n_steps; i++) {
        const struct own_step *step = &s->step[i];
        int from = situation_find(step->situation), move = move_find(step->action);
        int to = step->next[0] ? situation_find(step->next) : QTABLE_TERMINAL;
        if (from >= 0 && move >= 0)
            qtable_update(q, from, move, step->reward, to, 1, 0, NULL);
    }
}

enum err own_join(const struct own_knowledge *own, const char *but_family,
                  const char *but_fingerprint, struct knowledge *k, int *joined, int *skipped)
{
    int n_joined = 0, n_skipped = 0;
    enum err err = ERR_OK;
    for (size_t i = 0; i < own->n && err == ERR_OK; i++) {
        const struct own_study *s = &own->study[i];
        if ((but_family && strcmp(s->family, but_family) == 0) ||
            (but_fingerprint && strcmp(s->facts.fingerprint, but_fingerprint) == 0)) {
            n_skipped++;
            continue;
        }
        int family = find_family(k, s->family);
        err = family >= 0 ? add_task(k, s, family) : ERR_MEMORY;
        for (int a = 0; a < k->n_advice && err == ERR_OK; a++)
            if (k->advice[a].left_out != family)
                add_to_table(&k->advice[a].q, s);
        n_joined += err == ERR_OK;
    }
    if (joined)
        *joined = n_joined;
    if (skipped)
        *skipped = n_skipped;
    return err;
}

/* guidance: the knowledge that a search was given. How its task looks is measured once, before the
 * first proposal, and charged to the budget once; what was used stands in the log.
 *
 * Lent to samplers and pruners at every decision; nothing here changes it afterwards. */
#include "internal.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

enum { NEAREST = 3 };

const struct guidance *engine_guidance(const struct engine *e)
{
    return e->guidance.knowledge ? &e->guidance : NULL;
}

enum err guidance_open(struct engine *e, struct err_info *info)
{
    if (!e->options.guidance || !e->options.guidance->knowledge)
        return ERR_OK;
    e->guidance = *e->options.guidance;
    if (e->guidance.features)
        e->features = *e->guidance.features;
    enum err err =
        e->guidance.features ? ERR_OK : meta_features(e->options.set, &e->features, info);
    e->guidance.features = &e->features;
    return err;
}

/* ---- which known tasks it resembles ------------------------------------------------------ */

struct likeness {
    const struct knowledge_task *task;
    double weight;
};

/* Do looks count at all? Where they ranked left-out families no better, all tasks are alike. */
static bool looks_count(const struct similarity *s)
{
    double sum = 0;
    for (int j = 0; j < s->n_features && j < FEATURE_N; j++)
        sum += s->emphasis[j];
    return sum > 0;
}

/* Tasks whose looks are known, as similarity_prior wants them: arrays of n_tasks. */
static int list_looks(const struct guidance *g, struct likeness *out, int *family, double *feature)
{
    int n = 0, width = g->advice->ranker.similarity.n_features;
    for (int i = 0; i < g->knowledge->n_tasks; i++) {
        const struct knowledge_task *t = &g->knowledge->task[i];
        if (!t->has_looks)
            continue;
        out[n].task = t;
        family[n] = t->family;
        for (int j = 0; j < width; j++)
            feature[n * width + j] = j < FEATURE_N ? t->feature[j] : 0;
        n++;
    }
    return n;
}

/* out[n_tasks], the most alike first. Returns how many there are; 0 too if memory ran out: this is
 * to be read, nothing depends on it. */
static int find_nearest(const struct guidance *g, struct likeness *out)
{
    const struct knowledge *k = g->knowledge;
    const struct similarity *s = &g->advice->ranker.similarity;
    size_t n_tasks = (size_t)k->n_tasks;
    int n = 0, *family = mem_alloc(n_tasks, sizeof *family);
    double *feature = mem_alloc(n_tasks, SIMILARITY_FEATURES_MAX * sizeof *feature);
    double *weight = mem_alloc(n_tasks, sizeof *weight);
    bool *left_out = mem_zero_alloc((size_t)k->n_families, sizeof *left_out);
    if (family && feature && weight && left_out && looks_count(s)) {
        n = list_looks(g, out, family, feature);
        struct known_ranks looks = {.n = n,
                                    .n_families = k->n_families,
                                    .n_features = s->n_features,
                                    .family = family,
                                    .feature = feature};
        if (g->left_out >= 0)
            left_out[g->left_out] = true;
        similarity_prior(s, &looks, left_out, g->features->value, weight);
    }
    for (int i = 0; i < n; i++) {
        struct likeness next = {out[i].task, weight[i]};
        int at = i;
        for (; at > 0 && out[at - 1].weight < next.weight; at--)
            out[at] = out[at - 1];
        out[at] = next;
    }
    mem_free(family);
    mem_free(feature);
    mem_free(weight);
    mem_free(left_out);
    return n;
}

/* "; resembles satellite 41 %, letter 22 %" and the same as members. */
static void put_nearest(const struct guidance *g, struct text *say, struct json_writer *w)
{
    struct likeness *all = mem_alloc((size_t)g->knowledge->n_tasks, sizeof *all);
    int n = all ? find_nearest(g, all) : 0;
    json_open(w, "nearest", '[');
    for (int i = 0; i < n && i < NEAREST && all[i].weight >= 0.005; i++) {
        text_appendf(say, "%s%s %.0f %%", i ? ", " : "; resembles ", all[i].task->name,
                     100 * all[i].weight);
        json_open(w, NULL, '{');
        json_put_string(w, "task", all[i].task->name);
        json_put_number(w, "weight", all[i].weight);
        json_close(w, '}');
    }
    json_close(w, ']');
    mem_free(all);
}

/* ---- the log ----------------------------------------------------------------------------- */

/* Looking at the data is charged once in a study's life. */
static bool was_charged(const struct study *study)
{
    bool charged = false;
    for (size_t i = 0; i < study->n_events && !charged; i++) {
        const struct study_event *event = &study->events[i];
        struct cJSON *doc = NULL;
        if (strcmp(event->what, "charge") == 0 && event->json &&
            json_parse(event->json, strlen(event->json), "event", &doc, NULL) == ERR_OK)
            json_get_bool(doc, "features", &charged);
        json_free(doc);
    }
    return charged;
}

/* Whole epochs are counted: a part of one is one. */
static void charge_features(struct engine *e)
{
    char fields[64], say[96], count[32];
    int epochs = (int)ceil(fmin(e->features.cost_epochs, 1e6));
    engine_fold_enter(e);
    bool charged = was_charged(study_log_study(e->log));
    engine_fold_leave(e);
    if (charged || epochs < 1)
        return;
    text_format(fields, sizeof fields, "\"epochs\": %d, \"features\": true", epochs);
    text_format(say, sizeof say, "looking at the data is charged: %s",
                text_counted(count, sizeof count, epochs, "epoch"));
    study_log_event(e->log, "tiller", "charge", -1, say, fields);
    engine_note_add(e, "%s", say);
}

/* Of the family that is left out nothing is read. */
static int count_used(const struct guidance *g)
{
    int n = 0;
    for (int i = 0; i < g->knowledge->n_tasks; i++)
        n += g->left_out < 0 || g->knowledge->task[i].family != g->left_out;
    return n;
}

static void put_used(const struct engine *e, const struct guidance *g, struct text *say,
                     struct json_writer *w)
{
    const struct engine_knowledge *from = &e->options.knowledge;
    const char *family = g->left_out >= 0 ? g->knowledge->family[g->left_out] : NULL;
    int n_used = count_used(g);
    text_appendf(say, "knowledge of %d task%s", n_used, n_used == 1 ? "" : "s");
    if (family)
        text_appendf(say, ", the family %s left out", family);
    json_put_string(w, "file", from->file);
    json_put_string(w, "hash", from->hash);
    json_put_string(w, "own", from->own);
    json_put_string(w, "own_hash", from->own_hash);
    if (family)
        json_put_string(w, "left_out", family);
    json_put_int(w, "tasks", n_used);
    put_nearest(g, say, w);
}

void guidance_log(struct engine *e)
{
    const struct guidance *g = engine_guidance(e);
    const char *note = e->options.knowledge_note;
    struct text say = {0}, fields = {0};
    struct json_writer w;
    if (!g && !note)
        return;
    json_begin(&w, &fields);
    if (g) {
        charge_features(e);
        put_used(e, g, &say, &w);
    }
    if (note)
        text_appendf(&say, "%s%s", g ? "; " : "", note);
    if (!fields.failed && !say.failed)
        study_log_event(e->log, "tiller", "knowledge", -1, text_get(&say), text_get(&fields));
    engine_note_add(e, "%s", text_get(&say));
    text_free(&say);
    text_free(&fields);
}

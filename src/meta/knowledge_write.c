/* knowledge_write: knowledge as a file, one JSON object:
 *
 *   format, version    "tiller knowledge", 1
 *   made               from what, one line
 *   table, used        of curve tables: their name and the configurations taken from them
 *   space              as a study's attribute
 *   families           [NAME ...]
 *   shared             [n_shared x [PLACE ...]] on the axes of space_encode
 *   tasks              [{...}] their runs: own ones with their places, all with log errors
 *   advice             [{...}] of all families; then without the first, the second ...
 *   report             an object: what was measured when it was made
 *
 * Numbers have 6 significant digits, the meta-model's weights are packed (packed.h); nothing is
 * written that reading and writing again would change. Tables of zeros are left out. */
#include "knowledge_file.h"
#include "packed.h"

#include <string.h>

/* Numbers like these are most of the file: shorter than a double's own digits. */
static void put_number(struct json_writer *w, const char *name, double value)
{
    char number[32];
    json_put_raw(w, name, text_format(number, sizeof number, "%.6g", value));
}

static void put_numbers(struct json_writer *w, const char *name, const double *value, int n)
{
    json_open(w, name, '[');
    for (int i = 0; i < n; i++)
        put_number(w, NULL, value[i]);
    json_close(w, ']');
}

static void put_rows(struct json_writer *w, const char *name, const double *value, int n, int width)
{
    json_open(w, name, '[');
    for (int i = 0; i < n; i++)
        put_numbers(w, NULL, value + (size_t)i * (size_t)width, width);
    json_close(w, ']');
}

static void put_packed(struct json_writer *w, const char *name, const float *value, size_t n)
{
    struct text packed = {0};
    packed_put(value, n, &packed);
    json_put_string(w, name, text_get(&packed));
    w->out->failed |= packed.failed;
    text_free(&packed);
}

/* ---- tasks ------------------------------------------------------------------------------- */

static void put_task(struct json_writer *w, const struct knowledge *k,
                     const struct knowledge_task *t)
{
    int n_shared = t->is_shared ? k->n_shared : 0;
    json_open(w, NULL, '{');
    json_put_string(w, "name", t->name);
    json_put_string(w, "variant", t->variant);
    json_put_string(w, "fingerprint", t->fingerprint);
    json_put_string(w, "origin", t->origin);
    json_put_int(w, "family", t->family);
    json_put_bool(w, "by_user", t->by_user);
    put_number(w, "majority_error", t->majority_error);
    put_number(w, "noise", t->noise);
    json_put_int(w, "rows", t->n_rows);
    json_put_int(w, "inputs", t->n_inputs);
    json_put_int(w, "classes", t->n_classes);
    json_put_int(w, "epochs", t->full_epochs);
    if (t->has_looks) {
        put_numbers(w, "features", t->feature, FEATURE_N);
        put_numbers(w, "sketch", t->sketch, SKETCH_N);
    }
    json_put_bool(w, "shared", t->is_shared);
    put_rows(w, "own", t->unit + (size_t)n_shared * (size_t)k->n_dims, t->n_runs - n_shared,
             k->n_dims);
    put_numbers(w, "log_error", t->log_error, t->n_runs);
    json_close(w, '}');
    text_append_char(w->out, '\n');
}

static void put_shared(struct json_writer *w, const struct knowledge *k)
{
    const double *unit = NULL;
    for (int i = 0; i < k->n_tasks && !unit; i++)
        if (k->task[i].is_shared)
            unit = k->task[i].unit;
    put_rows(w, "shared", unit, unit ? k->n_shared : 0, k->n_dims);
    text_append_char(w->out, '\n');
}

/* ---- advice ------------------------------------------------------------------------------ */

static void put_portfolio(struct json_writer *w, const struct portfolio *p)
{
    json_open(w, "portfolio", '{');
    json_open(w, "entry", '[');
    for (int i = 0; i < p->n; i++)
        json_put_int(w, NULL, p->entry[i]);
    json_close(w, ']');
    put_numbers(w, "cost", p->cost, p->n);
    json_close(w, '}');
}

static void put_similarity(struct json_writer *w, const struct similarity *s)
{
    json_open(w, "similarity", '{');
    put_numbers(w, "emphasis", s->emphasis, s->n_features);
    put_number(w, "evidence", s->evidence);
    put_number(w, "spread", s->spread);
    put_number(w, "quality_even", s->quality_even);
    put_number(w, "quality_features", s->quality_features);
    put_number(w, "error", s->error);
    json_close(w, '}');
}

static void put_ridge(struct json_writer *w, const struct ridge *r, int n_entries)
{
    json_open(w, "ridge", '{');
    put_numbers(w, "mean", r->mean, r->n_features);
    put_numbers(w, "deviation", r->deviation, r->n_features);
    json_open(w, "weight", '[');
    for (int i = 0; i < n_entries; i++)
        put_numbers(w, NULL, r->weight[i], r->n_features + 1);
    json_close(w, ']');
    json_close(w, '}');
}

/* The columns of inputs that there are none of are not written. */
static void put_model(struct json_writer *w, const struct meta_model *m)
{
    float hidden[MODEL_HIDDEN * MODEL_INPUTS];
    for (int h = 0; h < MODEL_HIDDEN; h++)
        for (int i = 0; i < m->n_inputs; i++)
            hidden[h * m->n_inputs + i] = m->hidden[h * MODEL_INPUTS + i];
    json_open(w, "model", '{');
    json_put_int(w, "entries", m->n_entries);
    put_numbers(w, "mean", m->mean, m->n_inputs);
    put_numbers(w, "deviation", m->deviation, m->n_inputs);
    put_packed(w, "hidden", hidden, (size_t)m->n_inputs * MODEL_HIDDEN);
    put_packed(w, "hidden_bias", m->hidden_bias, MODEL_HIDDEN);
    put_packed(w, "output", m->output, (size_t)m->n_entries * MODEL_HIDDEN);
    put_packed(w, "output_bias", m->output_bias, (size_t)m->n_entries);
    json_close(w, '}');
}

static void put_rung(struct json_writer *w, const struct predictor_rung *r)
{
    const struct calibration *c = &r->calibration;
    json_open(w, NULL, '{');
    json_put_int(w, "pairs", r->n_pairs);
    put_numbers(w, "weight", r->weight, PREDICTOR_FEATURES);
    put_numbers(w, "edge", r->edge, PREDICTOR_SDS - 1);
    put_numbers(w, "sd", r->sd, PREDICTOR_SDS);
    put_numbers(w, "low", c->low, c->n);
    put_numbers(w, "high", c->high, c->n);
    put_numbers(w, "share", c->share, c->n);
    json_close(w, '}');
}

static bool any(const double *value, int n)
{
    for (int i = 0; i < n; i++)
        if (value[i] != 0)
            return true;
    return false;
}

static void put_advice(struct json_writer *w, const struct advice *a)
{
    json_open(w, NULL, '{');
    json_put_int(w, "left_out", a->left_out);
    json_put_string(w, "ranking", ranking_name(a->ranker.used));
    put_portfolio(w, &a->ranker.portfolio);
    put_similarity(w, &a->ranker.similarity);
    put_ridge(w, &a->ranker.ridge, a->ranker.portfolio.n);
    put_model(w, &a->ranker.model);
    json_open(w, "predictor", '[');
    for (int i = 0; i < PREDICTOR_RUNGS; i++)
        put_rung(w, &a->predictor.rung[i]);
    json_close(w, ']');
    put_numbers(w, "length", a->kernel.length, a->kernel.n_dims);
    put_number(w, "variance", a->kernel.variance);
    put_number(w, "noise", a->kernel.noise);
    json_put_bool(w, "q_pays", a->q_pays);
    json_put_bool(w, "pilot_pays", a->pilot_pays);
    for (int i = 0; i < KNOWLEDGE_TABLES; i++) {
        const struct knowledge_table *t = &knowledge_table[i];
        const double *cell = (const double *)(const void *)((const char *)a + t->at);
        if (any(cell, t->n * t->width))
            put_rows(w, t->name, cell, t->n, t->width);
    }
    json_close(w, '}');
    text_append_char(w->out, '\n');
}

/* ---- all of it --------------------------------------------------------------------------- */

static void put_lists(struct json_writer *w, const struct knowledge *k)
{
    json_open(w, "used", '[');
    for (int i = 0; i < k->n_used; i++)
        json_put_int(w, NULL, k->used[i]);
    json_close(w, ']');
    json_open(w, "families", '[');
    for (int i = 0; i < k->n_families; i++)
        json_put_string(w, NULL, k->family[i]);
    json_close(w, ']');
    put_shared(w, k);
    json_open(w, "tasks", '[');
    for (int i = 0; i < k->n_tasks; i++)
        put_task(w, k, &k->task[i]);
    json_close(w, ']');
    json_open(w, "advice", '[');
    for (int i = 0; i < k->n_advice; i++)
        put_advice(w, &k->advice[i]);
    json_close(w, ']');
}

/* Its numbers as they will be when it was read. */
static enum err put_report(struct json_writer *w, const char *json)
{
    struct cJSON *doc;
    enum err err = json_parse(json, strlen(json), "report", &doc, NULL);
    if (err == ERR_OK)
        json_put_item(w, "report", doc);
    json_free(doc);
    return err;
}

enum err knowledge_write(const struct knowledge *k, struct text *out)
{
    struct json_writer w;
    struct text space = {0};
    enum err err = ERR_OK;
    space_put_json(&k->space, &space);
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    json_put_string(&w, "format", KNOWLEDGE_FORMAT);
    json_put_int(&w, "version", KNOWLEDGE_VERSION);
    json_put_string(&w, "made", k->made);
    json_put_string(&w, "table", k->table);
    json_put_raw(&w, "space", text_get(&space));
    put_lists(&w, k);
    if (k->report_json)
        err = put_report(&w, k->report_json);
    json_close(&w, '}');
    text_append_char(out, '\n');
    out->failed |= space.failed;
    text_free(&space);
    return err == ERR_OK && out->failed ? ERR_MEMORY : err;
}

/* knowledge_read: nothing in the file is believed: every list has the length that it must have,
 * every number lies in its range, every index points at something (members.h). What is read after
 * the first thing that is wrong is zeros that nobody sees. */
#include "knowledge_file.h"
#include "members.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 27)
#define ANY 1e30 /* a number that is only to be finite */
enum { TASKS_MAX = 10000, RUNS_MAX = 100000, SHARED_MAX = 10000, EPOCHS_MAX = 100000 };

#define TABLE(name, member, n, width, low, high)                                                   \
    {                                                                                              \
        name, offsetof(struct advice, member), n, width, low, high                                 \
    }
const struct knowledge_table knowledge_table[KNOWLEDGE_TABLES] = {
    TABLE("q", q.q, META_STATES, MOVE_N, -ANY, ANY),
    TABLE("q_visits", q.visits, META_STATES, MOVE_N, 0, ANY),
    TABLE("q_td_square", q.td_square, META_STATES, MOVE_N, 0, ANY),
    TABLE("pilot", pilot.q, PILOT_STATES, PILOT_ACTIONS, -ANY, ANY),
    TABLE("pilot_visits", pilot.visits, PILOT_STATES, PILOT_ACTIONS, 0, ANY),
    TABLE("pilot_td_square", pilot.td_square, PILOT_STATES, PILOT_ACTIONS, 0, ANY),
};

/* ---- tasks ------------------------------------------------------------------------------- */

static void read_facts(struct reader *r, const struct cJSON *doc, const struct knowledge *k,
                       struct knowledge_task *t)
{
    member_text(r, doc, "name", t->name, sizeof t->name);
    member_text(r, doc, "variant", t->variant, sizeof t->variant);
    member_text(r, doc, "fingerprint", t->fingerprint, sizeof t->fingerprint);
    member_text(r, doc, "origin", t->origin, sizeof t->origin);
    t->family = (int)member_int(r, doc, "family", 0, k->n_families - 1);
    t->by_user = member_bool(r, doc, "by_user");
    t->majority_error = member_number(r, doc, "majority_error", 1e-12, ANY);
    t->noise = member_number(r, doc, "noise", 0, ANY);
    t->n_rows = member_int(r, doc, "rows", 0, INT32_MAX);
    t->n_inputs = (int)member_int(r, doc, "inputs", 0, INT32_MAX);
    t->n_classes = (int)member_int(r, doc, "classes", 0, INT32_MAX);
    t->full_epochs = (int)member_int(r, doc, "epochs", 1, EPOCHS_MAX);
    t->is_shared = member_bool(r, doc, "shared");
    t->has_looks = json_get(doc, "features") != NULL;
    if (t->has_looks) {
        member_numbers(r, doc, "features", FEATURE_N, -ANY, ANY, t->feature);
        member_numbers(r, doc, "sketch", SKETCH_N, -ANY, ANY, t->sketch);
    }
}

/* The first runs of a shared task are at the places that all such tasks share. */
static void read_runs(struct reader *r, const struct cJSON *doc, const struct knowledge *k,
                      const double *shared, struct knowledge_task *t)
{
    size_t dims = (size_t)k->n_dims, before = t->is_shared ? (size_t)k->n_shared * dims : 0;
    int n_own = member_length(r, doc, "own", RUNS_MAX);
    t->n_runs = n_own + (t->is_shared ? k->n_shared : 0);
    t->unit = reader_make(r, (size_t)t->n_runs, dims * sizeof *t->unit);
    t->log_error = reader_make(r, (size_t)t->n_runs, sizeof *t->log_error);
    if (!t->unit || !t->log_error)
        return;
    if (shared && before > 0)
        memcpy(t->unit, shared, before * sizeof *shared);
    member_rows(r, doc, "own", n_own, k->n_dims, 0, 1, t->unit + before);
    member_numbers(r, doc, "log_error", t->n_runs, -ANY, ANY, t->log_error);
}

static void read_tasks(struct reader *r, const struct cJSON *doc, struct knowledge *k)
{
    k->n_shared = member_length(r, doc, "shared", SHARED_MAX);
    double *shared = reader_make(r, (size_t)k->n_shared, (size_t)k->n_dims * sizeof *shared);
    if (shared)
        member_rows(r, doc, "shared", k->n_shared, k->n_dims, 0, 1, shared);
    int n = member_length(r, doc, "tasks", TASKS_MAX), i = 0;
    k->task = reader_make(r, (size_t)n, sizeof *k->task);
    k->n_tasks = k->task ? n : 0;
    const struct cJSON *item = r->err == ERR_OK ? json_get(doc, "tasks")->child : NULL;
    for (; item && i < k->n_tasks && r->err == ERR_OK; item = item->next, i++) {
        text_format(r->place, sizeof r->place, "task %d", i + 1);
        read_facts(r, item, k, &k->task[i]);
        if (r->err == ERR_OK)
            read_runs(r, item, k, shared, &k->task[i]);
    }
    r->place[0] = '\0';
    mem_free(shared);
}

/* ---- advice ------------------------------------------------------------------------------ */

static void read_portfolio(struct reader *r, const struct cJSON *doc, const struct knowledge *k,
                           struct portfolio *p)
{
    p->n = member_length(r, doc, "entry", PORTFOLIO_MAX);
    member_indices(r, doc, "entry", p->n, k->n_shared, false, p->entry);
    for (int i = 0; i < p->n; i++)
        for (int j = 0; j < i; j++)
            if (p->entry[i] == p->entry[j])
                reader_refuse(r, "entry", "holds one twice");
    member_numbers(r, doc, "cost", p->n, 0, REGRET_MAX, p->cost);
}

static void read_similarity(struct reader *r, const struct cJSON *doc, struct similarity *s)
{
    s->n_features = member_length(r, doc, "emphasis", SIMILARITY_FEATURES_MAX);
    if (s->n_features != 0 && s->n_features != FEATURE_N)
        reader_refuse(r, "emphasis", "is of another number of features");
    member_numbers(r, doc, "emphasis", s->n_features, 0, ANY, s->emphasis);
    s->evidence = member_number(r, doc, "evidence", 0, ANY);
    s->spread = member_number(r, doc, "spread", 1e-12, ANY);
    s->quality_even = member_number(r, doc, "quality_even", -1, 1);
    s->quality_features = member_number(r, doc, "quality_features", -1, 1);
    s->error = member_number(r, doc, "error", 0, ANY);
}

static void read_ridge(struct reader *r, const struct cJSON *doc, const struct ranker *ranker,
                       struct ridge *ridge)
{
    ridge->n_features = ranker->similarity.n_features;
    const struct cJSON *row = member_list(r, doc, "weight");
    member_numbers(r, doc, "mean", ridge->n_features, -ANY, ANY, ridge->mean);
    member_numbers(r, doc, "deviation", ridge->n_features, 1e-12, ANY, ridge->deviation);
    row = row ? row->child : NULL;
    for (int i = 0; i < ranker->portfolio.n && r->err == ERR_OK; i++, row = row ? row->next : NULL)
        reader_numbers(r, row, "weight", ridge->n_features + 1, -ANY, ANY, ridge->weight[i]);
    if (row)
        reader_refuse(r, "weight", "has too many rows");
}

static void read_model(struct reader *r, const struct cJSON *doc, const struct ranker *ranker,
                       struct meta_model *m)
{
    m->n_inputs = member_length(r, doc, "mean", MODEL_INPUTS);
    m->n_entries = (int)member_int(r, doc, "entries", 0, PORTFOLIO_MAX);
    if (m->n_entries != 0 && m->n_entries != ranker->portfolio.n)
        reader_refuse(r, "entries", "is not the portfolio's");
    member_numbers(r, doc, "mean", m->n_inputs, -ANY, ANY, m->mean);
    member_numbers(r, doc, "deviation", m->n_inputs, 1e-12, ANY, m->deviation);
    member_packed(r, doc, "hidden", m->hidden, (size_t)m->n_inputs * MODEL_HIDDEN);
    member_packed(r, doc, "hidden_bias", m->hidden_bias, MODEL_HIDDEN);
    member_packed(r, doc, "output", m->output, (size_t)m->n_entries * MODEL_HIDDEN);
    member_packed(r, doc, "output_bias", m->output_bias, (size_t)m->n_entries);
    /* A row of the file has only the inputs that there are; from the last row on, apart. */
    for (int h = MODEL_HIDDEN - 1; h >= 0; h--)
        for (int i = MODEL_INPUTS - 1; i >= 0; i--)
            m->hidden[h * MODEL_INPUTS + i] = i < m->n_inputs ? m->hidden[h * m->n_inputs + i] : 0;
}

static enum ranking find_ranking(struct reader *r, const struct cJSON *doc)
{
    const char *name = json_get_string(doc, "ranking");
    for (int i = 0; name && i < RANKING_N; i++)
        if (strcmp(name, ranking_name((enum ranking)i)) == 0)
            return (enum ranking)i;
    reader_refuse(r, "ranking", "is unknown");
    return RANKING_GREEDY;
}

static void read_calibration(struct reader *r, const struct cJSON *doc, struct calibration *c)
{
    c->n = member_length(r, doc, "low", CALIBRATION_MAX);
    member_numbers(r, doc, "low", c->n, 0, 1, c->low);
    member_numbers(r, doc, "high", c->n, 0, 1, c->high);
    member_numbers(r, doc, "share", c->n, 0, 1, c->share);
    for (int i = 0; i < c->n; i++)
        if (c->low[i] > c->high[i] ||
            (i > 0 && (c->low[i] < c->high[i - 1] || c->share[i] < c->share[i - 1])))
            reader_refuse(r, "share", "is not rising");
}

static void read_predictor(struct reader *r, const struct cJSON *doc, struct predictor *p)
{
    if (member_length(r, doc, "predictor", PREDICTOR_RUNGS) != PREDICTOR_RUNGS)
        reader_refuse(r, "predictor", "lacks a rung");
    const struct cJSON *item = r->err == ERR_OK ? json_get(doc, "predictor")->child : NULL;
    for (int i = 0; item && r->err == ERR_OK; item = item->next, i++) {
        struct predictor_rung *rung = &p->rung[i];
        rung->n_pairs = (int)member_int(r, item, "pairs", 0, INT32_MAX);
        member_numbers(r, item, "weight", PREDICTOR_FEATURES, -ANY, ANY, rung->weight);
        member_numbers(r, item, "edge", PREDICTOR_SDS - 1, 0, ANY, rung->edge);
        member_numbers(r, item, "sd", PREDICTOR_SDS, 0, ANY, rung->sd);
        read_calibration(r, item, &rung->calibration);
    }
}

static void read_tables(struct reader *r, const struct cJSON *doc, struct advice *a)
{
    for (int i = 0; i < KNOWLEDGE_TABLES; i++) {
        const struct knowledge_table *t = &knowledge_table[i];
        double *cell = (double *)(void *)((char *)a + t->at);
        if (json_get(doc, t->name))
            member_rows(r, doc, t->name, t->n, t->width, t->low, t->high, cell);
    }
}

static void read_one_advice(struct reader *r, const struct cJSON *doc, const struct knowledge *k,
                            struct advice *a)
{
    struct ranker *ranker = &a->ranker;
    ranker->used = find_ranking(r, doc);
    read_portfolio(r, json_get(doc, "portfolio"), k, &ranker->portfolio);
    read_similarity(r, json_get(doc, "similarity"), &ranker->similarity);
    read_ridge(r, json_get(doc, "ridge"), ranker, &ranker->ridge);
    read_model(r, json_get(doc, "model"), ranker, &ranker->model);
    read_predictor(r, doc, &a->predictor);
    gp_axes(&k->space, &a->kernel);
    member_numbers(r, doc, "length", k->n_dims, 1e-6, ANY, a->kernel.length);
    a->kernel.variance = member_number(r, doc, "variance", 1e-12, ANY);
    a->kernel.noise = member_number(r, doc, "noise", 1e-12, ANY);
    a->q_pays = member_bool(r, doc, "q_pays");
    a->pilot_pays = member_bool(r, doc, "pilot_pays");
    read_tables(r, doc, a);
}

/* Of all families, then without each one in their order. */
static void read_advice(struct reader *r, const struct cJSON *doc, struct knowledge *k)
{
    int n = member_length(r, doc, "advice", 1 + k->n_families), i = 0;
    if (n != 1 && n != 1 + k->n_families)
        reader_refuse(r, "advice", "is neither for all families alone nor also without each");
    k->advice = reader_make(r, (size_t)n, sizeof *k->advice);
    k->n_advice = k->advice ? n : 0;
    const struct cJSON *item = r->err == ERR_OK ? json_get(doc, "advice")->child : NULL;
    for (; item && i < k->n_advice && r->err == ERR_OK; item = item->next, i++) {
        text_format(r->place, sizeof r->place, "advice %d", i + 1);
        k->advice[i].left_out = (int)member_int(r, item, "left_out", i - 1, i - 1);
        read_one_advice(r, item, k, &k->advice[i]);
    }
    r->place[0] = '\0';
}

/* ---- all of it --------------------------------------------------------------------------- */

static void read_families(struct reader *r, const struct cJSON *doc, struct knowledge *k)
{
    int n = member_length(r, doc, "families", TASKS_MAX), i = 0;
    k->family = reader_make(r, (size_t)n, sizeof *k->family);
    const struct cJSON *item = r->err == ERR_OK ? json_get(doc, "families")->child : NULL;
    for (; item && r->err == ERR_OK; item = item->next, i++) {
        if (!cJSON_IsString(item) || strlen(item->valuestring) >= sizeof *k->family)
            reader_refuse(r, "families", "holds something else than names");
        else
            text_sanitize(k->family[i], sizeof *k->family, item->valuestring);
        for (int j = 0; j < i && r->err == ERR_OK; j++)
            if (strcmp(k->family[i], k->family[j]) == 0)
                reader_refuse(r, "families", "holds a name twice");
    }
    k->n_families = r->err == ERR_OK ? n : 0;
}

static void read_space(struct reader *r, const struct cJSON *doc, struct knowledge *k)
{
    struct err_info why = {0};
    if (r->err != ERR_OK)
        return;
    enum err err = space_read_json(json_get(doc, "space"), &k->space, &why);
    if (err == ERR_MEMORY)
        reader_no_memory(r);
    else if (err != ERR_OK || k->space.n == 0)
        reader_refuse(r, "space", "is not possible");
    k->n_dims = k->space.n;
}

static void read_head(struct reader *r, const struct cJSON *doc, struct knowledge *k)
{
    const char *format = json_get_string(doc, "format");
    int64_t version = 0;
    if (!format || strcmp(format, KNOWLEDGE_FORMAT) != 0)
        r->err = err_set(r->info, ERR_INPUT, r->path, "name a file made by 'tiller learn -o FILE'",
                         "is no knowledge file");
    else if (!json_get_int(doc, "version", &version) || version != KNOWLEDGE_VERSION)
        r->err = err_set(r->info, ERR_INPUT, r->path, "learn it again by 'tiller learn'",
                         "is knowledge of another version of tiller");
    member_text(r, doc, "made", k->made, sizeof k->made);
    member_text(r, doc, "table", k->table, sizeof k->table);
    k->n_used = member_length(r, doc, "used", SHARED_MAX);
    k->used = reader_make(r, (size_t)k->n_used, sizeof *k->used);
    if (k->used)
        member_indices(r, doc, "used", k->n_used, INT32_MAX, true, k->used);
}

static void read_report(struct reader *r, const struct cJSON *doc, struct knowledge *k)
{
    const struct cJSON *report = json_get(doc, "report");
    struct text text = {0};
    struct json_writer w;
    if (!report || r->err != ERR_OK)
        return;
    json_begin(&w, &text);
    json_put_item(&w, NULL, report);
    if (!cJSON_IsObject(report))
        reader_refuse(r, "report", "is no object");
    else if (text.failed || !(k->report_json = mem_dup_text(text_get(&text))))
        reader_no_memory(r);
    text_free(&text);
}

static void read_all(struct reader *r, const struct cJSON *doc, struct knowledge *k)
{
    read_head(r, doc, k);
    read_space(r, doc, k);
    read_families(r, doc, k);
    read_tasks(r, doc, k);
    read_advice(r, doc, k);
    read_report(r, doc, k);
}

enum err knowledge_read(const char *bytes, size_t n, const char *path, struct knowledge **out,
                        struct err_info *info)
{
    struct reader r = {.path = path, .info = info};
    struct cJSON *doc = NULL;
    *out = NULL;
    struct knowledge *k = mem_zero_alloc(1, sizeof *k);
    if (!k)
        return err_set_memory(info, path);
    r.err = json_parse(bytes, n, path, &doc, info);
    if (r.err == ERR_OK)
        read_all(&r, doc, k);
    else
        err_hint(info, "is it cut off? learn it again by 'tiller learn'");
    json_free(doc);
    if (r.err == ERR_OK)
        *out = k;
    else
        knowledge_free(k);
    return r.err;
}

enum err knowledge_open(const char *path, struct knowledge **out, struct err_info *info)
{
    char *bytes;
    size_t n;
    *out = NULL;
    enum err err = file_read(path, FILE_BYTES_MAX, &bytes, &n, info);
    if (err != ERR_OK)
        return err;
    err = knowledge_read(bytes, n, path, out, info);
    mem_free(bytes);
    return err;
}

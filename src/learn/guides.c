/* guides: what each task of a bench may know. A task's own family is left out of its knowledge but
 * where a method asks to see what that is worth; and no method may propose what knowledge was made
 * of. */
#include "guides.h"

#include <limits.h>
#include <math.h>
#include <string.h>

struct bench_guides {
    const struct curve_table *table;
    struct guidance *guidance; /* [n_tasks x BENCH_KNOWN_N] */
};

static enum err guide_task(const struct knowledge *k, const struct curve_task *t, bool permuted,
                           struct guidance *out, struct err_info *info)
{
    int family = knowledge_family(k, t->family, t->fingerprint);
    struct guidance plain = {.knowledge = k,
                             .left_out = family,
                             .advice = knowledge_advice(k, family),
                             .features = t->features,
                             .permuted = permuted};
    if (!plain.advice)
        return err_set(info, ERR_INPUT, t->name, "learn with every family left out in turn",
                       "the knowledge was never made without family %s", t->family);
    for (int i = 0; i < BENCH_KNOWN_N; i++)
        out[i] = plain;
    out[BENCH_PERMUTED].permuted = true;
    out[BENCH_BLIND].features = NULL;
    out[BENCH_OWN].left_out = -1;
    out[BENCH_OWN].advice = knowledge_advice(k, -1);
    return ERR_OK;
}

enum err bench_guides_new(const struct knowledge *knowledge, const struct curve_table *table,
                          bool permuted, struct bench_guides **out, struct err_info *info)
{
    struct bench_guides *g = mem_zero_alloc(1, sizeof *g);
    size_t n = (size_t)table->n_tasks;
    *out = NULL;
    if (!g)
        return err_set_memory(info, "knowledge");
    g->guidance = mem_zero_alloc(n, BENCH_KNOWN_N * sizeof *g->guidance);
    enum err err = g->guidance ? ERR_OK : err_set_memory(info, "knowledge");
    for (size_t i = 0; g->guidance && i < n && err == ERR_OK; i++)
        err = guide_task(knowledge, &table->tasks[i], permuted, &g->guidance[i * BENCH_KNOWN_N],
                         info);
    if (err != ERR_OK) {
        bench_guides_free(g);
        return err;
    }
    g->table = table;
    *out = g;
    return ERR_OK;
}

void bench_guides_free(struct bench_guides *g)
{
    if (!g)
        return;
    mem_free(g->guidance);
    mem_free(g);
}

const struct guidance *bench_guidance(const struct bench_guides *g, int task,
                                      enum bench_known known)
{
    if (!g || known == BENCH_NOTHING)
        return NULL;
    return &g->guidance[(size_t)task * BENCH_KNOWN_N + (size_t)known];
}

/* ---- the portfolio, for peers elsewhere -------------------------------------------------- */

static const struct knowledge_task *shared_task(const struct knowledge *k)
{
    for (int i = 0; i < k->n_tasks; i++)
        if (k->task[i].is_shared)
            return &k->task[i];
    return NULL;
}

static void put_entry(const struct space *space, const struct configuration *c,
                      struct json_writer *w)
{
    struct text json = {0};
    json_open(w, NULL, '{');
    for (int i = 0; i < space->n; i++) {
        if (space->h[i].held || !space_is_active(space, c, i))
            continue;
        text_clear(&json);
        space_put_external(space, i, c->value[i], &json);
        json_put_raw(w, space->h[i].name, text_get(&json));
    }
    json_close(w, '}');
    w->out->failed |= json.failed;
    text_free(&json);
}

void guides_put_portfolio(const struct bench_guides *g, int task, struct json_writer *w)
{
    const struct guidance *guidance = bench_guidance(g, task, BENCH_OTHERS);
    if (!guidance)
        return;
    const struct knowledge *k = guidance->knowledge;
    const struct knowledge_task *shared = shared_task(k);
    const struct space *space = &g->table->tasks[task].pool->space;
    const struct portfolio *p = &guidance->advice->ranker.portfolio;
    struct knowledge_map map;
    knowledge_map(k, space, &map);
    json_open(w, "portfolio", '[');
    for (int i = 0; i < p->n && shared; i++) {
        struct configuration c;
        const double *unit = &shared->unit[(size_t)p->entry[i] * (size_t)k->n_dims];
        knowledge_configuration(k, &map, space, unit, &c);
        put_entry(space, &c, w);
    }
    json_close(w, ']');
}

/* ---- how predictions come true ----------------------------------------------------------- */

/* A task's pool as recorded runs. */
static struct known_task known_of(const struct curve_table *table, int task)
{
    const struct curve_task *t = &table->tasks[task];
    return (struct known_task){.name = t->name,
                               .family = table->family[task],
                               .n_runs = t->pool->n,
                               .n_epochs = t->n_epochs,
                               .unit = t->pool->unit,
                               .error = t->error,
                               .train_loss = t->metric[METRIC_TRAIN_LOSS],
                               .val_loss = t->metric[METRIC_VAL_LOSS],
                               .majority_error = t->majority};
}

enum err bench_predictions(const struct bench_guides *g,
                           struct predictor_reliability out[static PREDICTOR_RUNGS],
                           struct err_info *info)
{
    const uint64_t seed = 1;
    const struct curve_table *table = g->table;
    size_t n = (size_t)table->n_tasks;
    struct known_task *task = mem_alloc(n, sizeof *task);
    const struct predictor **predictor = mem_alloc(n, sizeof(const struct predictor *));
    struct known_tasks all = {table->n_tasks, table->n_families, table->pools[0].space.n, INT_MAX,
                              task};
    enum err err = task && predictor ? ERR_OK : ERR_MEMORY;
    for (int i = 0; task && predictor && i < all.n; i++) {
        task[i] = known_of(table, i);
        predictor[i] = &bench_guidance(g, i, BENCH_OTHERS)->advice->predictor;
        if (task[i].n_runs < all.n_shared) /* pairs are drawn from so many of each */
            all.n_shared = task[i].n_runs;
    }
    if (err == ERR_OK)
        err = predictor_try(&all, predictor, seed, out);
    mem_free(task);
    mem_free(predictor);
    return err == ERR_OK ? ERR_OK : err_set_memory(info, "predictions");
}

/* ---- what knowledge was made of ---------------------------------------------------------- */

static bool near(const double *a, const double *b, int n)
{
    const double rounding = 1e-6;
    for (int i = 0; i < n; i++)
        if (!(fabs(a[i] - b[i]) <= rounding))
            return false;
    return true;
}

static int mark_run(const struct curve_pool *pool, const struct configuration *c, bool *drop)
{
    double unit[SPACE_MAX];
    int n = 0, d = pool->space.n;
    space_encode(&pool->space, c, unit);
    for (int i = 0; i < pool->n; i++)
        if (!drop[i] && near(&pool->unit[(size_t)i * (size_t)d], unit, d)) {
            drop[i] = true;
            n++;
        }
    return n;
}

/* Only where the knowledge's space has all that is searched can a point be a known one. */
static int mark_known(const struct curve_pool *pool, const struct knowledge *k, bool *drop)
{
    struct knowledge_map map;
    int n = 0;
    bool shared = false;
    knowledge_map(k, &pool->space, &map);
    if (map.n_known < map.n_searched)
        return 0;
    for (int t = 0; t < k->n_tasks; t++) {
        const struct knowledge_task *task = &k->task[t];
        int first = task->is_shared && shared ? k->n_shared : 0;
        shared = shared || task->is_shared;
        for (int i = first; i < task->n_runs; i++) {
            struct configuration c;
            knowledge_configuration(k, &map, &pool->space,
                                    &task->unit[(size_t)i * (size_t)k->n_dims], &c);
            n += mark_run(pool, &c, drop);
        }
    }
    return n;
}

enum err bench_drop_known(struct curve_table *table, const struct knowledge *knowledge, int *n,
                          struct err_info *info)
{
    *n = 0;
    for (int p = 0; p < table->n_pools; p++) {
        struct curve_pool *pool = &table->pools[p];
        bool *drop = mem_zero_alloc((size_t)pool->n, sizeof *drop);
        if (!drop)
            return err_set_memory(info, table->name);
        int found = mark_known(pool, knowledge, drop);
        enum err err = found > 0 ? curve_table_drop(table, pool, drop, info) : ERR_OK;
        mem_free(drop);
        *n += found;
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

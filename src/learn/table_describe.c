/* table_describe: what was understood of a table of curves: for people, and for programs that
 * search on it. */
#include "guess.h"
#include "guides.h"
#include "tiller/bench.h"

#include <math.h>
#include <string.h>

/* ---- for people -------------------------------------------------------------------------- */

static const char *unit_name(enum curve_unit unit)
{
    return unit == CURVE_PERCENT ? "errors in %" : unit == CURVE_ERROR ? "errors" : "losses";
}

static void describe_hyperparameter(const struct hyperparameter *h, struct text *out)
{
    char low[32], high[32], range[80];
    if (h->kind == HYPER_CATEGORICAL)
        text_format(range, sizeof range, "%d choices", space_sampled_choices(h));
    else
        text_format(range, sizeof range, "%s..%s", text_human(low, sizeof low, h->low, 3),
                    text_human(high, sizeof high, h->high, 3));
    text_appendf(out, "  %-22s %-22s %-7s%-7s %s\n", h->name, range, h->log ? "log" : "",
                 h->kind == HYPER_INT ? "whole" : "", role_name(h->role));
}

const char *curve_table_epochs(const struct curve_table *table, char *out, size_t out_size)
{
    int least = table->tasks[0].n_epochs, most = least;
    for (int i = 1; i < table->n_tasks; i++) {
        int n = table->tasks[i].n_epochs;
        least = n < least ? n : least;
        most = n > most ? n : most;
    }
    return least == most ? text_format(out, out_size, "%d", most)
                         : text_format(out, out_size, "%d-%d", least, most);
}

void curve_table_describe(const struct curve_table *table, struct text *out)
{
    char best[32], median[32], majority[32], epochs[64];
    const struct space *space = &table->pools[0].space;
    text_appendf(out, "%s: %d task%s in %d famil%s, %s epochs, %s\n", table->name, table->n_tasks,
                 table->n_tasks == 1 ? "" : "s", table->n_families,
                 table->n_families == 1 ? "y" : "ies",
                 curve_table_epochs(table, epochs, sizeof epochs), unit_name(table->unit));
    if (table->n_unfinished > 0)
        text_appendf(out, "%d unfinished task%s left out\n", table->n_unfinished,
                     table->n_unfinished == 1 ? "" : "s");
    text_appendf(out, "\nhyperparameters%s:\n",
                 table->guessed ? " (axes guessed from how the values are spread, roles from names)"
                                : "");
    for (int i = 0; i < space->n; i++)
        if (!space->h[i].held)
            describe_hyperparameter(&space->h[i], out);
    text_appendf(out, "\n  %-38s %-16s %9s %9s %9s %9s\n", "task", "family", "pool", "best",
                 "median", "untrained");
    for (int i = 0; i < table->n_tasks; i++) {
        const struct curve_task *t = &table->tasks[i];
        text_appendf(out, "  %-38s %-16.16s %9d %9s %9s %9s\n", t->name,
                     strcmp(t->name, t->family) == 0 ? "" : t->family, t->pool->n,
                     text_human(best, sizeof best, t->best, 3),
                     text_human(median, sizeof median, t->median, 3),
                     text_human(majority, sizeof majority, t->majority, 3));
    }
}

/* ---- for programs ------------------------------------------------------------------------ */

static void put_axis(const struct space *space, int i, struct json_writer *w)
{
    const struct hyperparameter *h = &space->h[i];
    struct text json = {0};
    json_open(w, NULL, '{');
    json_put_string(w, "name", h->name);
    space_put_distribution(space, i, &json);
    json_put_raw(w, "distribution", text_get(&json));
    text_clear(&json);
    space_put_external(space, i, h->fallback, &json);
    json_put_raw(w, "fallback", text_get(&json));
    json_put_bool(w, "held", h->held);
    if (h->kind == HYPER_CATEGORICAL)
        json_put_int(w, "sampled", space_sampled_choices(h));
    if (h->active_if >= 0) {
        const struct hyperparameter *by = &space->h[h->active_if];
        json_put_string(w, "active_if", by->name);
        json_open(w, "active_choices", '[');
        for (int k = 0; k < by->n_choices; k++)
            if (h->active_choices >> k & 1)
                json_put_raw(w, NULL, by->choice[k].json);
        json_close(w, ']');
    }
    json_close(w, '}');
    w->out->failed |= json.failed;
    text_free(&json);
}

static void put_numbers(const double *x, int n, struct json_writer *w)
{
    json_open(w, NULL, '[');
    for (int i = 0; i < n; i++) {
        if (isnan(x[i]))
            json_put_null(w, NULL);
        else
            json_put_number(w, NULL, x[i]);
    }
    json_close(w, ']');
}

static void put_configuration(const struct space *space, const struct configuration *c,
                              struct json_writer *w)
{
    struct text json = {0};
    json_open(w, NULL, '[');
    for (int i = 0; i < space->n; i++) {
        text_clear(&json);
        space_put_external(space, i, c->value[i], &json);
        if (space_is_active(space, c, i))
            json_put_raw(w, NULL, text_get(&json));
        else
            json_put_null(w, NULL);
    }
    json_close(w, ']');
    w->out->failed |= json.failed;
    text_free(&json);
}

static void put_pool(const struct curve_pool *pool, bool curves, struct json_writer *w)
{
    int d = pool->space.n;
    json_open(w, NULL, '{');
    json_open(w, "axes", '[');
    for (int i = 0; i < d; i++)
        put_axis(&pool->space, i, w);
    json_close(w, ']');
    json_put_int(w, "configurations", pool->n);
    if (pool->by_choice) {
        json_open(w, "scale", '[');
        put_numbers(pool->scale, d, w);
        json_close(w, ']');
    }
    if (curves) {
        json_open(w, "values", '[');
        for (int i = 0; i < pool->n; i++)
            put_configuration(&pool->space, &pool->config[i], w);
        json_close(w, ']');
        json_open(w, "unit", '[');
        for (int i = 0; i < pool->n; i++)
            put_numbers(&pool->unit[(size_t)i * (size_t)d], d, w);
        json_close(w, ']');
    }
    json_close(w, '}');
}

static enum err put_common(const struct curve_table *table, int task, int n_seeds,
                           struct json_writer *w, struct err_info *info)
{
    enum err err = ERR_OK;
    json_open(w, "common", '[');
    for (int s = 0; s < n_seeds && err == ERR_OK; s++) {
        int point[BENCH_COMMON], n = 0;
        err = bench_common(table, task, (uint64_t)s, point, &n, info);
        json_open(w, NULL, '[');
        for (int i = 0; i < n; i++)
            json_put_int(w, NULL, point[i]);
        json_close(w, ']');
    }
    json_close(w, ']');
    return err;
}

static void put_curves(const struct curve_task *t, struct json_writer *w)
{
    json_open(w, "error", '[');
    for (int i = 0; i < t->pool->n; i++)
        put_numbers(&t->error[(size_t)i * (size_t)t->n_epochs], t->n_epochs, w);
    json_close(w, ']');
    json_open(w, "cost", '[');
    for (int i = 0; i < t->pool->n; i++)
        json_put_number(w, NULL, t->cost ? t->cost[i] : 1);
    json_close(w, ']');
}

static enum err put_task(const struct curve_table *table, int task, int n_seeds, bool curves,
                         const struct bench_guides *guides, struct json_writer *w,
                         struct err_info *info)
{
    const struct curve_task *t = &table->tasks[task];
    json_open(w, NULL, '{');
    json_put_string(w, "name", t->name);
    json_put_string(w, "family", t->family);
    json_put_int(w, "epochs", t->n_epochs);
    json_put_int(w, "pool", t->pool - table->pools);
    json_put_int(w, "configurations", t->pool->n);
    json_put_number(w, "best", t->best);
    json_put_number(w, "median", t->median);
    json_put_number(w, "untrained", t->majority);
    enum err err = put_common(table, task, n_seeds, w, info);
    guides_put_portfolio(guides, task, w);
    if (curves)
        put_curves(t, w);
    json_close(w, '}');
    return err;
}

enum err curve_table_put_json(const struct curve_table *table, int n_seeds, bool curves,
                              const struct bench_guides *guides, struct text *out,
                              struct err_info *info)
{
    struct json_writer w;
    enum err err = ERR_OK;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    json_put_string(&w, "table", table->name);
    json_put_string(&w, "unit", unit_name(table->unit));
    json_open(&w, "pools", '[');
    for (int i = 0; i < table->n_pools; i++)
        put_pool(&table->pools[i], curves, &w);
    json_close(&w, ']');
    json_open(&w, "tasks", '[');
    for (int i = 0; i < table->n_tasks && err == ERR_OK; i++)
        err = put_task(table, i, n_seeds, curves, guides, &w, info);
    json_close(&w, ']');
    json_close(&w, '}');
    return err;
}

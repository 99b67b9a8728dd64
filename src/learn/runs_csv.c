/* runs_csv: searches as a table: how peers that run elsewhere come into a comparison, and how ours
 * are kept. One row per gain of the incumbent, and one at the end of each search. */
#include "cells.h"
#include "tiller/bench.h"

#include <math.h>
#include <string.h>

void bench_put_runs(const struct bench_result *r, struct text *out)
{
    char cost[32], error[32];
    text_append(out, "method,task,seed,epoch,cost,error\n");
    for (int m = 0; m < r->n_methods; m++)
        for (int t = 0; t < r->table->n_tasks; t++)
            for (int s = 0; s < r->n_seeds; s++) {
                const struct bench_run *run = bench_run_of(r, m, t, s);
                struct bench_step last = {run->n_epochs, run->cost, (double)NAN};
                if (run->n_steps > 0)
                    last.error = run->step[run->n_steps - 1].error;
                for (int i = 0; i <= run->n_steps; i++) {
                    const struct bench_step *at = i < run->n_steps ? &run->step[i] : &last;
                    text_double(cost, sizeof cost, at->cost, false);
                    text_double(error, sizeof error, at->error, false);
                    text_appendf(out, "%s,%s,%d,%d,%s,%s\n", r->method[m], r->table->tasks[t].name,
                                 s, at->epoch, cost, error);
                }
            }
}

/* ---- reading ----------------------------------------------------------------------------- */

/* The runs of a file: more methods, behind those that are there. */
struct reading {
    struct bench_result *result;
    int n_before;
    int method, task, seed, epoch, cost, error; /* columns; cost -1: none */
    struct err_info *info;
};

static enum err find_columns(struct reading *r, const struct cells *c)
{
    static const char *const names[] = {"method", "task", "seed", "epoch", "error"};
    int *const columns[] = {&r->method, &r->task, &r->seed, &r->epoch, &r->error};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *columns[i] = cells_find(c, names[i]);
        if (*columns[i] < 0)
            return cells_refuse(c, -1, r->info, "the columns are method,task,seed,epoch,cost,error",
                                "there is no column %s", names[i]);
    }
    r->cost = cells_find(c, "cost");
    return ERR_OK;
}

static enum err add_method(struct reading *r, const struct cells *c, const char *name)
{
    struct bench_result *result = r->result;
    size_t n = (size_t)result->n_methods;
    size_t runs = (size_t)result->table->n_tasks * (size_t)result->n_seeds;
    if (result->n_methods == BENCH_METHODS_MAX)
        return cells_refuse(c, r->method, r->info, "compare fewer", "more than %d methods",
                            BENCH_METHODS_MAX);
    void *names = mem_resize(result->method, n + 1, sizeof *result->method);
    if (!names)
        return err_set_memory(r->info, c->path);
    result->method = names;
    struct bench_run *grown = mem_resize(result->run, (n + 1) * runs, sizeof *grown);
    if (!grown)
        return err_set_memory(r->info, c->path);
    result->run = grown;
    memset(&grown[n * runs], 0, runs * sizeof *grown);
    text_copy(result->method[n], sizeof result->method[n], name);
    result->n_methods++;
    return ERR_OK;
}

static enum err row_method(struct reading *r, const struct cells *c, int *out)
{
    char name[BENCH_NAME_MAX];
    text_sanitize(name, sizeof name, c->field[r->method]);
    for (*out = 0; *out < r->result->n_methods; ++*out)
        if (strcmp(r->result->method[*out], name) == 0)
            break;
    if (!name[0] || *out < r->n_before)
        return cells_refuse(c, r->method, r->info, "give it a name of its own",
                            "the method '%s' is there already", name);
    return *out == r->result->n_methods ? add_method(r, c, name) : ERR_OK;
}

/* -1: not one of the tasks compared. */
static int row_task(const struct reading *r, const struct cells *c)
{
    char name[CURVE_NAME_MAX];
    text_sanitize(name, sizeof name, c->field[r->task]);
    for (int t = 0; t < r->result->table->n_tasks; t++)
        if (strcmp(r->result->table->tasks[t].name, name) == 0)
            return t;
    return -1;
}

static enum err whole(const struct reading *r, const struct cells *c, int column, int64_t *out)
{
    if (!text_parse_int(c->field[column], out) || *out < 0 || *out > 1000000000)
        return cells_refuse(c, column, r->info, "write a whole number from 0", "'%s' is not one",
                            c->field[column]);
    return ERR_OK;
}

/* A step of the incumbent; one that is no gain only says that the search came so far. */
static enum err add_step(const struct reading *r, const struct cells *c, struct bench_run *run,
                         const struct bench_step *step)
{
    if (step->epoch < run->n_epochs)
        return cells_refuse(c, r->epoch, r->info, "write a search's rows in order",
                            "epoch %d comes after %d", step->epoch, run->n_epochs);
    run->n_epochs = step->epoch;
    run->cost = step->cost;
    double best = run->n_steps > 0 ? run->step[run->n_steps - 1].error : (double)INFINITY;
    if (!(step->error < best))
        return ERR_OK;
    size_t capacity = (size_t)run->capacity;
    if (!mem_grow((void **)&run->step, &capacity, (size_t)run->n_steps, sizeof *run->step))
        return err_set_memory(r->info, c->path);
    run->capacity = (int)capacity;
    run->step[run->n_steps++] = *step;
    return ERR_OK;
}

static enum err read_row(struct reading *r, const struct cells *c)
{
    struct bench_step step = {.cost = (double)NAN};
    int method = 0, task = row_task(r, c);
    int64_t seed = 0, epoch = 0;
    enum err err = row_method(r, c, &method);
    if (err == ERR_OK)
        err = whole(r, c, r->seed, &seed);
    if (err == ERR_OK)
        err = whole(r, c, r->epoch, &epoch);
    if (err == ERR_OK)
        err = cells_number(c, r->error, true, &step.error, r->info);
    if (err == ERR_OK && r->cost >= 0)
        err = cells_number(c, r->cost, true, &step.cost, r->info);
    if (err != ERR_OK || task < 0 || seed >= r->result->n_seeds)
        return err;
    step.epoch = (int)epoch;
    struct bench_result *result = r->result;
    size_t row = (size_t)method * (size_t)result->table->n_tasks + (size_t)task;
    return add_step(r, c, &result->run[row * (size_t)result->n_seeds + (size_t)seed], &step);
}

static enum err check_complete(const struct reading *r, const char *path)
{
    const struct bench_result *result = r->result;
    for (int m = r->n_before; m < result->n_methods; m++)
        for (int t = 0; t < result->table->n_tasks; t++)
            for (int s = 0; s < result->n_seeds; s++)
                if (bench_run_of(result, m, t, s)->n_epochs < bench_epochs(result, t) / 2)
                    return err_set(r->info, ERR_INPUT, path,
                                   "run that method with all seeds and the whole budget",
                                   "%s has no search of task %s with seed %d, or less than half",
                                   result->method[m], result->table->tasks[t].name, s);
    return ERR_OK;
}

enum err bench_add_runs(struct bench_result *result, const char *path, struct err_info *info)
{
    struct reading r = {.result = result, .n_before = result->n_methods, .info = info};
    struct cells c;
    bool more = true;
    enum err err = cells_open(&c, path, info);
    if (err != ERR_OK)
        return err;
    err = find_columns(&r, &c);
    while (err == ERR_OK && (err = cells_next(&c, &more, info)) == ERR_OK && more)
        err = read_row(&r, &c);
    if (err == ERR_OK && result->n_methods == r.n_before)
        err = cells_refuse(&c, -1, info, "write one row per gain", "there is no search in it");
    cells_close(&c);
    return err == ERR_OK ? check_complete(&r, path) : err;
}

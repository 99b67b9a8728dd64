/* bench: many replayed searches in threads.
 *
 * A search is a pure function of (task, method, seed), and its run has a place of its own in the
 * result: so nothing depends on the number of threads or on who is faster. */
#include "tiller/bench.h"
#include "crew.h"

#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

struct searches {
    const struct bench_options *options;
    struct bench_result *result;
    pthread_mutex_t lock; /* of result->seconds */
};

static size_t run_index(const struct bench_result *r, int method, int task, int seed)
{
    return ((size_t)method * (size_t)r->table->n_tasks + (size_t)task) * (size_t)r->n_seeds +
           (size_t)seed;
}

const struct bench_run *bench_run_of(const struct bench_result *result, int method, int task,
                                     int seed)
{
    return &result->run[run_index(result, method, task, seed)];
}

int bench_epochs(const struct bench_result *result, int task)
{
    return (int)lround(result->budget * result->table->tasks[task].n_epochs);
}

void bench_result_free(struct bench_result *result)
{
    if (!result)
        return;
    size_t n = run_index(result, result->n_methods, 0, 0);
    for (size_t i = 0; i < n && result->run; i++)
        bench_run_free(&result->run[i]);
    mem_free(result->run);
    mem_free(result->method);
    mem_free(result);
}

/* ---- workers ----------------------------------------------------------------------------- */

static double thread_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Search i of the order seed, task, method: so that the rate so far tells the time left. */
static enum err search(void *arg, int i, struct err_info *info)
{
    struct searches *s = arg;
    const struct bench_options *o = s->options;
    double began = thread_seconds();
    int method = i % o->n_methods, task = i / o->n_methods % o->table->n_tasks;
    int seed = i / o->n_methods / o->table->n_tasks;
    struct bench_run *run = &s->result->run[run_index(s->result, method, task, seed)];
    const struct guidance *guidance = bench_guidance(o->guides, task, o->method[method].known);
    enum err err = bench_replay(o->table, task, &o->method[method], guidance, (uint64_t)seed,
                                bench_epochs(s->result, task), run, info);
    pthread_mutex_lock(&s->lock);
    s->result->seconds += thread_seconds() - began;
    pthread_mutex_unlock(&s->lock);
    return err;
}

static enum err run_searches(const struct bench_options *o, struct bench_result *result,
                             struct err_info *info)
{
    struct searches s = {.options = o, .result = result};
    struct crew_options crew = {.n_workers = o->n_workers,
                                .where = "bench",
                                .steps = "searches",
                                .progress = o->progress,
                                .arg = o->arg};
    int n = o->n_methods * o->table->n_tasks * o->n_seeds;
    pthread_mutex_init(&s.lock, NULL);
    enum err err = crew_run(&crew, n, search, &s, info);
    pthread_mutex_destroy(&s.lock);
    for (int i = 0; i < n; i++)
        result->n_decisions += result->run[i].n_decisions;
    return err;
}

enum err bench_run_all(const struct bench_options *o, struct bench_result **out,
                       struct err_info *info)
{
    struct bench_result *r = mem_zero_alloc(1, sizeof *r);
    *out = NULL;
    if (!r)
        return err_set_memory(info, "bench");
    r->table = o->table;
    r->n_methods = o->n_methods;
    r->n_seeds = o->n_seeds;
    r->budget = o->budget;
    r->method = mem_zero_alloc((size_t)o->n_methods, sizeof *r->method);
    r->run = mem_zero_alloc(run_index(r, o->n_methods, 0, 0), sizeof *r->run);
    enum err err = ERR_OK;
    if (!r->method || !r->run)
        err = err_set_memory(info, "bench");
    for (int i = 0; r->method && i < o->n_methods; i++)
        memcpy(r->method[i], o->method[i].name, sizeof r->method[i]);
    if (err == ERR_OK && o->guides)
        err = bench_predictions(o->guides, r->rung, info);
    if (err == ERR_OK)
        err = run_searches(o, r, info);
    if (err != ERR_OK)
        bench_result_free(r);
    else
        *out = r;
    return err;
}

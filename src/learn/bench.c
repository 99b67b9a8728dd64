/* bench: many replayed searches in threads.
 *
 * A search is a pure function of (task, method, seed), and its run has a place of its own in the
 * result: so nothing depends on the number of threads or on who is faster. The threads take the
 * searches in order; the calling thread waits, reports progress and may call them off. */
#include "tiller/bench.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS_MAX = 256 };

struct crew {
    const struct bench_options *options;
    struct bench_result *result;
    int n_searches;
    atomic_int next;
    atomic_bool leave;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done, working; /* under lock; workers that have not left */
    double seconds;
    int64_t decisions;
    enum err err;
    struct err_info info;
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
static void search(struct crew *c, int i)
{
    const struct bench_options *o = c->options;
    struct err_info info = {0};
    double began = thread_seconds();
    int method = i % o->n_methods, task = i / o->n_methods % o->table->n_tasks;
    int seed = i / o->n_methods / o->table->n_tasks;
    struct bench_run *run = &c->result->run[run_index(c->result, method, task, seed)];
    const struct guidance *guidance = bench_guidance(o->guides, task, o->method[method].known);
    enum err err = bench_replay(o->table, task, &o->method[method], guidance, (uint64_t)seed,
                                bench_epochs(c->result, task), run, &info);
    pthread_mutex_lock(&c->lock);
    c->done++;
    c->seconds += thread_seconds() - began;
    c->decisions += run->n_decisions;
    if (err != ERR_OK && c->err == ERR_OK) {
        c->err = err;
        c->info = info;
        atomic_store(&c->leave, true);
    }
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static void *worker(void *arg)
{
    struct crew *c = arg;
    int i;
    while (!atomic_load(&c->leave) && (i = atomic_fetch_add(&c->next, 1)) < c->n_searches)
        search(c, i);
    pthread_mutex_lock(&c->lock);
    c->working--;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* ---- the caller's thread ----------------------------------------------------------------- */

static void wait_half_a_second(struct crew *c)
{
    const long half = 500000000, whole = 1000000000;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (until.tv_nsec + half) / whole;
    until.tv_nsec = (until.tv_nsec + half) % whole;
    while (c->working > 0 && pthread_cond_timedwait(&c->changed, &c->lock, &until) != ETIMEDOUT)
        ;
}

static void report(struct crew *c, int done, double began)
{
    double seconds = clock_now_s() - began;
    struct bench_progress p = {.done = done,
                               .all = c->n_searches,
                               .seconds = seconds,
                               .left = done > 0 ? seconds / done * (c->n_searches - done)
                                                : (double)NAN};
    if (c->options->progress && !c->options->progress(c->options->arg, &p))
        atomic_store(&c->leave, true);
}

static void watch(struct crew *c, double began)
{
    bool working = true;
    while (working) {
        pthread_mutex_lock(&c->lock);
        wait_half_a_second(c);
        int done = c->done;
        working = c->working > 0;
        pthread_mutex_unlock(&c->lock);
        report(c, done, began);
    }
}

static enum err start_and_wait(struct crew *c, int n_workers, struct err_info *info)
{
    pthread_t thread[WORKERS_MAX];
    int started = 0;
    double began = clock_now_s();
    c->working = n_workers;
    while (started < n_workers && pthread_create(&thread[started], NULL, worker, c) == 0)
        started++;
    pthread_mutex_lock(&c->lock);
    c->working -= n_workers - started;
    pthread_mutex_unlock(&c->lock);
    if (started > 0)
        watch(c, began);
    for (int i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    return started > 0 ? ERR_OK : err_set_memory(info, "threads");
}

static int workers_for(const struct bench_options *o, int n_searches)
{
    long n = o->n_workers > 0 ? o->n_workers : sysconf(_SC_NPROCESSORS_ONLN);
    n = n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : n;
    return n < n_searches ? (int)n : n_searches;
}

static enum err run_crew(const struct bench_options *o, struct bench_result *result,
                         struct err_info *info)
{
    struct crew c = {.options = o,
                     .result = result,
                     .n_searches = o->n_methods * o->table->n_tasks * o->n_seeds};
    atomic_init(&c.next, 0);
    atomic_init(&c.leave, false);
    pthread_mutex_init(&c.lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&c.changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    enum err err = ERR_OK;
    if (c.n_searches > 0)
        err = start_and_wait(&c, workers_for(o, c.n_searches), info);
    pthread_cond_destroy(&c.changed);
    pthread_mutex_destroy(&c.lock);
    result->seconds = c.seconds;
    result->n_decisions = c.decisions;
    if (c.err != ERR_OK && info)
        *info = c.info;
    if (err == ERR_OK)
        err = c.err;
    if (err == ERR_OK && c.done < c.n_searches)
        err = err_set(info, ERR_INTERRUPTED, "bench", NULL, "interrupted after %d of %d searches",
                      c.done, c.n_searches);
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
        err = run_crew(o, r, info);
    if (err != ERR_OK)
        bench_result_free(r);
    else
        *out = r;
    return err;
}

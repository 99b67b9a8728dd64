/* crew: see crew.h. */
#include "crew.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS_MAX = 256 };

struct crew {
    enum err (*step)(void *arg, int i, struct err_info *info);
    void *arg;
    const struct crew_options *options;
    int n;
    atomic_int next;
    atomic_bool leave;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done, working; /* under lock, as are those below */
    enum err err;
    struct err_info info;
};

static void take_step(struct crew *c, int i)
{
    struct err_info info = {0};
    enum err err = c->step(c->arg, i, &info);
    if (err != ERR_OK && !info.detail[0])
        err_set(&info, err, c->options->where, NULL, "%s", err_sentence(err));
    pthread_mutex_lock(&c->lock);
    c->done++;
    if (err != ERR_OK && c->err == ERR_OK) {
        c->err = err;
        c->info = info;
        atomic_store(&c->leave, true);
    }
    pthread_mutex_unlock(&c->lock);
}

static void *worker(void *arg)
{
    struct crew *c = arg;
    int i;
    while (!atomic_load(&c->leave) && (i = atomic_fetch_add(&c->next, 1)) < c->n)
        take_step(c, i);
    pthread_mutex_lock(&c->lock);
    c->working--;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* ---- the caller's thread ------------------------------------------------------------------- */

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

static void watch(struct crew *c)
{
    const struct crew_options *o = c->options;
    double began = clock_now_s();
    for (bool working = true; working;) {
        pthread_mutex_lock(&c->lock);
        wait_half_a_second(c);
        working = c->working > 0;
        struct learn_progress p = {.done = c->done, .all = c->n};
        pthread_mutex_unlock(&c->lock);
        p.seconds = clock_now_s() - began;
        p.left = p.done > 0 ? p.seconds / p.done * (p.all - p.done) : (double)NAN;
        if (o->progress && !o->progress(o->arg, &p))
            atomic_store(&c->leave, true);
    }
}

static int workers_for(const struct crew_options *o, int n)
{
    long workers = o->n_workers > 0 ? o->n_workers : sysconf(_SC_NPROCESSORS_ONLN);
    workers = workers < 1 ? 1 : workers > WORKERS_MAX ? WORKERS_MAX : workers;
    return workers < n ? (int)workers : n;
}

static enum err start_and_wait(struct crew *c, struct err_info *info)
{
    pthread_t thread[WORKERS_MAX];
    int started = 0, wanted = workers_for(c->options, c->n);
    c->working = wanted;
    while (started < wanted && pthread_create(&thread[started], NULL, worker, c) == 0)
        started++;
    pthread_mutex_lock(&c->lock);
    c->working -= wanted - started;
    pthread_mutex_unlock(&c->lock);
    if (started > 0)
        watch(c);
    for (int i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    return started > 0 ? ERR_OK : err_set_memory(info, "threads");
}

enum err crew_run(const struct crew_options *o, int n,
                  enum err (*step)(void *arg, int i, struct err_info *info), void *arg,
                  struct err_info *info)
{
    struct crew c = {.step = step, .arg = arg, .options = o, .n = n};
    pthread_condattr_t monotonic;
    atomic_init(&c.next, 0);
    atomic_init(&c.leave, false);
    pthread_mutex_init(&c.lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&c.changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    enum err err = n > 0 ? start_and_wait(&c, info) : ERR_OK;
    pthread_cond_destroy(&c.changed);
    pthread_mutex_destroy(&c.lock);
    if (err == ERR_OK && c.err != ERR_OK) {
        err = c.err;
        if (info)
            *info = c.info;
    }
    if (err == ERR_OK && c.done < n)
        err = err_set(info, ERR_INTERRUPTED, o->where, o->remedy, "interrupted after %d of %d %s",
                      c.done, n, o->steps);
    return err;
}

/* worker: a thread that takes ready jobs and advances them by slices until they end an epoch at a
 * rung, are asked back, or fail. It never touches the log or the fold: it publishes one small
 * result per epoch into a bounded queue and goes on. */
#include "internal.h"

#include <math.h>
#include <string.h>

/* Highest priority first, then the oldest. Under work. */
static struct job *take_ready(struct worker *w)
{
    struct engine *e = w->engine;
    struct job *best = NULL;
    if (e->paused || e->quit || w->index >= e->n_workers)
        return NULL;
    for (struct job *j = e->jobs; j; j = j->next)
        if (j->place == JOB_READY && (!best || j->priority > best->priority))
            best = j;
    if (best)
        best->place = JOB_ON_WORKER;
    return best;
}

/* Waits while the queue is full: results are never dropped. Under work. */
static void publish(struct engine *e, const struct message *m)
{
    while (e->queue_n == QUEUE_MAX)
        pthread_cond_wait(&e->to_workers, &e->work);
    e->queue[(e->queue_first + e->queue_n) % QUEUE_MAX] = *m;
    e->queue_n++;
    pthread_cond_signal(&e->to_engine);
}

static void give_back(struct engine *e, struct job *job, enum message_kind kind,
                      const struct err_info *error)
{
    struct message m = {.kind = kind, .job = job};
    if (error)
        m.error = *error;
    pthread_mutex_lock(&e->work);
    job->place = kind == MESSAGE_FAILED ? JOB_AT_RUNG : JOB_READY;
    if (kind == MESSAGE_YIELDED && job->verdict != VERDICT_NONE)
        job->place = JOB_AT_RUNG; /* not to be taken before the engine has seen it */
    publish(e, &m);
    pthread_mutex_unlock(&e->work);
}

static bool improves(const struct job *job, const struct epoch_result *r)
{
    if (isnan(job->best_value) || r->value < job->best_value)
        return true;
    return r->value == job->best_value && r->metric[METRIC_VAL_LOSS] < job->best_loss;
}

/* An epoch's end. Returns true if the job waits for the engine's word now. */
static bool epoch_done(struct engine *e, struct job *job, const struct epoch_result *result)
{
    struct message m = {.kind = MESSAGE_EPOCH, .job = job, .result = *result};
    if (improves(job, result)) {
        e->ops->keep_best(job->run);
        job->best_value = result->value;
        job->best_loss = result->metric[METRIC_VAL_LOSS];
    }
    pthread_mutex_lock(&e->work);
    job->epochs_done = result->step;
    bool rung = result->step > job->undecided_from &&
                e->pruner->is_rung(result->step, e->settings.full_epochs);
    m.waits = rung || result->step >= job->target_epochs;
    if (m.waits)
        job->place = JOB_AT_RUNG;
    else
        e->ops->extend(job->run, job->target_epochs);
    publish(e, &m);
    pthread_mutex_unlock(&e->work);
    return m.waits;
}

static enum err start_run(struct engine *e, struct job *job, struct err_info *info)
{
    const char *from = job->checkpoint[0] ? job->checkpoint : NULL;
    struct runner_position at = {0};
    enum err err = e->ops->start(e->runner, &e->space, &job->start, e->settings.full_epochs, from,
                                 &job->run, &at, info);
    if (err != ERR_OK && err != ERR_MEMORY && from) /* unreadable: from the trial's line then */
        err = e->ops->start(e->runner, &e->space, &job->start, e->settings.full_epochs, NULL,
                            &job->run, &at, info);
    job->checkpoint[0] = 0;
    if (err != ERR_OK)
        return err;
    job->best_value = at.best_value;
    job->best_loss = at.best_loss;
    pthread_mutex_lock(&e->work);
    job->epochs_done = job->epochs_logged = at.epochs_done;
    pthread_mutex_unlock(&e->work);
    return ERR_OK;
}

/* Until it must be given back. */
static void advance(struct engine *e, struct job *job)
{
    struct err_info info = {0};
    if (!job->run && start_run(e, job, &info) != ERR_OK) {
        give_back(e, job, MESSAGE_FAILED, &info);
        return;
    }
    pthread_mutex_lock(&e->work); /* a person may have extended it while it waited */
    e->ops->extend(job->run, job->target_epochs);
    pthread_mutex_unlock(&e->work);
    for (;;) {
        struct runner_step step;
        if (atomic_load(&job->yield)) {
            give_back(e, job, MESSAGE_YIELDED, NULL);
            return;
        }
        if (e->ops->step(job->run, &step, &info) != ERR_OK) {
            give_back(e, job, MESSAGE_FAILED, &info);
            return;
        }
        if (step.epoch_done && epoch_done(e, job, &step.result))
            return;
    }
}

void *worker_main(void *self)
{
    struct worker *w = self;
    struct engine *e = w->engine;
    pthread_mutex_lock(&e->work);
    while (!e->workers_leave) {
        struct job *job = take_ready(w);
        if (!job) {
            double began = clock_now_s();
            bool counts = !e->paused && !e->finished && w->index < e->n_workers;
            pthread_cond_wait(&e->to_workers, &e->work);
            if (counts)
                w->idle_s += clock_now_s() - began;
            continue;
        }
        w->busy = true;
        pthread_mutex_unlock(&e->work);
        advance(e, job);
        pthread_mutex_lock(&e->work);
        w->busy = false;
    }
    pthread_mutex_unlock(&e->work);
    return NULL;
}

/* Under work. A thread that can't be had leaves fewer workers, and a notice. */
void worker_start_missing(struct engine *e)
{
    for (int i = 0; i < e->n_workers; i++) {
        struct worker *w = &e->worker[i];
        if (w->started)
            continue;
        *w = (struct worker){.engine = e, .index = i, .since_s = clock_now_s()};
        int failed = pthread_create(&w->thread, NULL, worker_main, w);
        if (failed) {
            e->n_workers = i;
            text_format(e->notice, sizeof e->notice, "only %d workers: %s", i, strerror(failed));
            return;
        }
        w->started = true;
    }
}

/* loop: the engine thread: takes in results and requests, fills the workers, ends the study. */
#include "internal.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

enum { TICK_MS = 100, FAILURES_MAX = 20 };

static void add_ms(struct timespec *t, long ms)
{
    t->tv_nsec += ms * 1000000;
    t->tv_sec += t->tv_nsec / 1000000000;
    t->tv_nsec %= 1000000000;
}

/* Until something came, or a tick has passed. */
static void wait_for_work(struct engine *e)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    add_ms(&until, TICK_MS);
    pthread_mutex_lock(&e->work);
    while (e->queue_n == 0 && e->n_requests == 0 && !e->quit && !atomic_load(&e->log_changed))
        if (pthread_cond_timedwait(&e->to_engine, &e->work, &until) == ETIMEDOUT)
            break;
    pthread_mutex_unlock(&e->work);
    atomic_store(&e->log_changed, false);
}

static bool pop_message(struct engine *e, struct message *out)
{
    pthread_mutex_lock(&e->work);
    bool any = e->queue_n > 0;
    if (any) {
        *out = e->queue[e->queue_first];
        e->queue_first = (e->queue_first + 1) % QUEUE_MAX;
        if (e->queue_n-- == QUEUE_MAX)
            pthread_cond_broadcast(&e->to_workers);
    }
    pthread_mutex_unlock(&e->work);
    return any;
}

static bool pop_request(struct engine *e, struct request *out)
{
    pthread_mutex_lock(&e->work);
    bool any = e->n_requests > 0;
    if (any) {
        *out = e->requests[0];
        memmove(e->requests, e->requests + 1, --e->n_requests * sizeof *e->requests);
    }
    pthread_mutex_unlock(&e->work);
    return any;
}

static void handle(struct engine *e, const struct message *m)
{
    switch (m->kind) {
    case MESSAGE_EPOCH:
        trials_epoch(e, m);
        break;
    case MESSAGE_YIELDED:
        trials_yielded(e, m->job);
        break;
    case MESSAGE_FAILED:
        trials_failed(e, m->job, &m->error);
        break;
    }
}

/* Too much waits for the disk: results stay in the queue, and a full queue holds the workers. */
static bool disk_keeps_up(struct engine *e)
{
    struct err_info info = {0};
    char text[240] = "", bytes[32], error[700];
    size_t pending = study_log_pending_bytes(e->log);
    bool full = pending > PENDING_BYTES_MAX;
    if (study_log_error(e->log, &info) != ERR_OK)
        text_format(text, sizeof text, "%s waits to be saved: %s",
                    text_bytes(bytes, sizeof bytes, (double)pending),
                    err_format(&info, error, sizeof error));
    else if (full)
        text_format(text, sizeof text, "the disk is slow: %s wait to be saved",
                    text_bytes(bytes, sizeof bytes, (double)pending));
    if (text[0] || full)
        engine_set_notice(e, text);
    else if (strstr(e->notice, "wait") &&
             strstr(e->notice, "saved")) /* only this thread writes it */
        engine_set_notice(e, "");
    return !full;
}

/* ---- leaving ----------------------------------------------------------------------------- */

static bool quit_asked(struct engine *e)
{
    pthread_mutex_lock(&e->work);
    bool quit = e->quit;
    pthread_mutex_unlock(&e->work);
    return quit;
}

static struct job *first_job(struct engine *e)
{
    pthread_mutex_lock(&e->work);
    struct job *job = e->jobs;
    pthread_mutex_unlock(&e->work);
    return job;
}

static bool is_finished(struct engine *e)
{
    pthread_mutex_lock(&e->work);
    bool finished = e->finished;
    pthread_mutex_unlock(&e->work);
    return finished;
}

/* Everybody is asked back; workers answer at the next batch boundary. Then checkpoints. */
static void leave(struct engine *e)
{
    struct message m;
    pthread_mutex_lock(&e->work);
    for (struct job *j = e->jobs; j; j = j->next) {
        j->verdict = VERDICT_QUIT;
        atomic_store(&j->yield, true);
    }
    pthread_mutex_unlock(&e->work);
    for (bool busy = true; busy;) {
        while (pop_message(e, &m))
            handle(e, &m);
        busy = false;
        pthread_mutex_lock(&e->work);
        for (const struct job *j = e->jobs; j; j = j->next)
            busy |= j->place == JOB_ON_WORKER;
        if (busy && e->queue_n == 0)
            pthread_cond_wait(&e->to_engine, &e->work);
        busy |= e->queue_n > 0;
        pthread_mutex_unlock(&e->work);
    }
    for (struct job *j; (j = first_job(e)) != NULL;) {
        j->place = JOB_AT_RUNG; /* no worker takes anything any more */
        trials_yielded(e, j);
    }
    trials_withdrawals_due(e, true);
    learning_end(e, !is_finished(e));
    struct text fields = {0};
    char seconds[32];
    pthread_mutex_lock(&e->work);
    text_appendf(&fields, "\"seconds\": %s",
                 text_double(seconds, sizeof seconds, budget_active_seconds(e), false));
    pthread_mutex_unlock(&e->work);
    study_log_event(e->log, "tiller", "leave", -1, "left; running trials are kept as checkpoints",
                    text_get(&fields));
    text_free(&fields);
    study_log_flush(e->log, NULL);
}

/* ---- the end of the study ---------------------------------------------------------------- */

static bool time_is_up(struct engine *e)
{
    pthread_mutex_lock(&e->work);
    bool up = e->budget_seconds > 0 && budget_active_seconds(e) >= e->budget_seconds;
    pthread_mutex_unlock(&e->work);
    return up;
}

static void count_jobs(struct engine *e, int *active, int *paused)
{
    *active = *paused = 0;
    pthread_mutex_lock(&e->work);
    for (const struct job *j = e->jobs; j; j = j->next)
        if (j->place == JOB_PAUSED)
            ++*paused;
        else
            ++*active;
    pthread_mutex_unlock(&e->work);
}

static void set_finished(struct engine *e, bool finished)
{
    pthread_mutex_lock(&e->work);
    if (finished && !e->finished) {
        e->active_s = budget_active_seconds(e);
        e->resumed_s = -1;
    } else if (!finished && e->finished && !e->paused) {
        e->resumed_s = clock_now_s();
    }
    e->finished = finished;
    pthread_cond_broadcast(&e->to_front);
    pthread_mutex_unlock(&e->work);
}

static void finish_if_done(struct engine *e)
{
    int active, paused;
    count_jobs(e, &active, &paused);
    pthread_mutex_lock(&e->work);
    bool stopping = e->stopping, held = e->paused, finished = e->finished;
    pthread_mutex_unlock(&e->work);
    bool spent = stopping || budget_for_trial(e) == 0;
    if (active > 0 || !spent || (held && !stopping)) {
        if (finished && (active > 0 || !spent))
            set_finished(e, false);
        return;
    }
    if (paused > 0) {
        char text[96];
        text_format(text, sizeof text, "the budget is spent but for %d paused trial%s", paused,
                    paused == 1 ? "" : "s");
        engine_set_notice(e, text);
        return;
    }
    if (finished || confirm_pending(e))
        return;
    confirm_say(e);
    if (!e->settings.no_test && !e->options.no_test)
        chosen_test(e);
    study_log_event(e->log, "tiller", "finished", -1, "the budget is spent", NULL);
    study_log_flush(e->log, NULL);
    set_finished(e, true);
}

/* A runner that cannot start anything would otherwise fill the log with failures. */
static bool keeps_failing(struct engine *e)
{
    if (e->failures < FAILURES_MAX)
        return false;
    pthread_mutex_lock(&e->work);
    e->quit = true;
    err_set(&e->error, ERR_STATE, e->options.study_path, "see run:error in the log",
            "%d trials in a row could not start", FAILURES_MAX);
    pthread_mutex_unlock(&e->work);
    return true;
}

static void turn(struct engine *e)
{
    struct message m;
    struct request r;
    while (disk_keeps_up(e) && !quit_asked(e) && pop_message(e, &m)) {
        handle(e, &m);
        if (m.kind != MESSAGE_EPOCH || m.waits)
            while (!keeps_failing(e) && trials_fill(e))
                ;
    }
    while (pop_request(e, &r))
        request_apply(e, &r);
    trials_withdrawals_due(e, false);
    if (time_is_up(e))
        request_finish_all(e, false);
    e->claims_blocked = false;
    while (!quit_asked(e) && !keeps_failing(e) && (trials_fill(e) || confirm_start(e)))
        ;
    if (!quit_asked(e)) {
        finish_if_done(e);
        learning_turn(e);
    }
    trials_outlook(e);
    engine_wake(e);
}

void *engine_main(void *engine)
{
    struct engine *e = engine;
    e->outlook_due = true;
    trials_read_bans(e);
    trials_adopt(e);
    for (;;) {
        turn(e);
        if (quit_asked(e))
            break;
        wait_for_work(e);
    }
    leave(e);
    pthread_mutex_lock(&e->work);
    e->left = true;
    e->workers_leave = true;
    pthread_cond_broadcast(&e->to_workers);
    pthread_cond_broadcast(&e->to_front);
    pthread_mutex_unlock(&e->work);
    engine_wake(e);
    return NULL;
}

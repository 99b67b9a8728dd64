/* writer: the thread that puts records on the disk, at most one lock per 50 ms, and looks for
 * foreign lines twice a second. An error is kept and shown; what is pending stays, and it is tried
 * again until it works. */
#include "study/log.h"

#include <math.h>
#include <string.h>
#include <time.h>

static const double BATCH_EVERY_S = 0.05, LOOK_EVERY_S = 0.5;
static const double PATIENCE_S = 2, PATIENCE_AT_CLOSE_S = 35;

/* ---- one round --------------------------------------------------------------------------- */

static void tell_broken_lock(struct study_log *log)
{
    if (!log->lock.broke_stale)
        return;
    log->lock.broke_stale = false;
    /* Not worth failing for: the lock is free either way. */
    (void)study_log_event(log, "log", "lock", -1, "took over the journal's lock of a dead process",
                          NULL);
}

static enum err write_batch(struct study_log *log, double patience_s, bool *grew,
                            struct err_info *info)
{
    enum err err = lock_take(&log->lock, patience_s, info);
    if (err != ERR_OK)
        return err;
    tell_broken_lock(log);
    err = log_catch_up(log, true, grew, info);
    if (err == ERR_OK)
        err = log_write_pending(log, info);
    lock_release(&log->lock);
    return err;
}

/* Records that were dropped because nobody would take them count as done. */
static bool settle(struct study_log *log, enum err err, const struct err_info *info)
{
    pthread_mutex_lock(&log->state);
    if (err == ERR_OK && log->n_pending == 0 && !log->unsynced)
        log->durable = log->written = log->sequence;
    bool news = log->err != err;
    log->err = err;
    log->info = *info;
    pthread_mutex_unlock(&log->state);
    return news;
}

enum err log_round(struct study_log *log, double patience_s, struct err_info *info)
{
    bool grew = false;
    struct err_info found = {0};
    pthread_mutex_lock(&log->io);
    pthread_mutex_lock(&log->state);
    bool write = log->n_pending > 0 || log->unsynced;
    uint64_t durable = log->durable;
    pthread_mutex_unlock(&log->state);
    enum err err = write ? write_batch(log, patience_s, &grew, &found)
                         : log_catch_up(log, false, &grew, &found);
    bool news = settle(log, err, &found);
    pthread_mutex_lock(&log->state);
    news |= grew || log->durable != durable;
    pthread_mutex_unlock(&log->state);
    pthread_mutex_unlock(&log->io);
    if (news)
        log_changed(log);
    if (info && err != ERR_OK)
        *info = found;
    return err;
}

/* ---- the thread -------------------------------------------------------------------------- */

static struct timespec at(double seconds)
{
    double whole = floor(seconds);
    return (struct timespec){.tv_sec = (time_t)whole, .tv_nsec = (long)((seconds - whole) * 1e9)};
}

/* When the next round is due. Under state. */
static double due(const struct study_log *log, double last)
{
    bool work = log->n_pending > 0 || log->unsynced;
    if (log->closing && !work)
        return last;
    bool soon = log->hurry || log->closing || (work && log->err == ERR_OK);
    return last + (soon ? BATCH_EVERY_S : LOOK_EVERY_S);
}

static void *run(void *arg)
{
    struct study_log *log = arg;
    double last = lock_steady_s() - BATCH_EVERY_S;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL); /* signals are for the program's own threads */
    pthread_mutex_lock(&log->state);
    for (bool end = false; !end;) {
        while (lock_steady_s() < due(log, last)) {
            struct timespec until = at(due(log, last));
            pthread_cond_timedwait(&log->wake, &log->state, &until);
        }
        end = log->closing;
        log->hurry = false;
        log->rounds_begun++;
        pthread_mutex_unlock(&log->state);
        (void)log_round(log, end ? PATIENCE_AT_CLOSE_S : PATIENCE_S, NULL);
        last = lock_steady_s();
        pthread_mutex_lock(&log->state);
        log->rounds_done++;
        pthread_cond_broadcast(&log->done);
    }
    pthread_mutex_unlock(&log->state);
    return NULL;
}

enum err log_start_writer(struct study_log *log, struct err_info *info)
{
    if (pthread_create(&log->writer, NULL, run, log) != 0)
        return err_set(info, ERR_MEMORY, log->path, NULL, "no thread can be started");
    log->writer_runs = true;
    return ERR_OK;
}

/* ---- waiting for it ---------------------------------------------------------------------- */

enum err study_log_flush(struct study_log *log, struct err_info *info)
{
    pthread_mutex_lock(&log->state);
    uint64_t wanted = log->sequence, round = log->rounds_begun + 1;
    /* A round that begins after this call, or one that has done all: then its error is the answer.
     */
    while (log->durable < wanted && log->rounds_done < round) {
        log->hurry = true;
        pthread_cond_broadcast(&log->wake);
        pthread_cond_wait(&log->done, &log->state);
    }
    enum err err = log->durable >= wanted ? ERR_OK : log->err;
    if (err != ERR_OK && info)
        *info = log->info;
    pthread_mutex_unlock(&log->state);
    return err;
}

enum err study_log_error(const struct study_log *log, struct err_info *info)
{
    pthread_mutex_t *state = (pthread_mutex_t *)&log->state;
    pthread_mutex_lock(state);
    enum err err = log->err;
    if (err != ERR_OK && info)
        *info = log->info;
    pthread_mutex_unlock(state);
    return err;
}

enum err study_log_follow(struct study_log *log)
{
    bool grew = false;
    pthread_mutex_lock(&log->io);
    enum err err = log_catch_up(log, false, &grew, NULL);
    pthread_mutex_unlock(&log->io);
    if (grew)
        log_changed(log);
    return err;
}

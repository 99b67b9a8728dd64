/* budget: how much of it is spent, promised and left; how fast it goes.
 *
 * Spent epochs are what the log says: every op 7 record, repeats included, and charged events.
 * Promised are the epochs that running trials still have before them; a new trial gets at most what
 * is neither spent nor promised, so that a budget is never overdrawn. Confirmations stand beside
 * it. */
#include "internal.h"

#include <math.h>

double budget_active_seconds(const struct engine *e)
{
    bool stands = e->paused || e->finished || e->resumed_s < 0;
    return e->active_s + (stands ? 0 : clock_now_s() - e->resumed_s);
}

int64_t budget_spent(struct engine *e)
{
    engine_fold_enter(e);
    const struct study *study = study_log_study(e->log);
    int64_t spent = study->epochs_spent - engine_beside(study).epochs;
    engine_fold_leave(e);
    return spent;
}

int64_t budget_with(struct engine *e, int64_t budget, int64_t more)
{
    int64_t spent = budget_spent(e);
    return (budget > spent ? budget : spent) + more;
}

int64_t budget_committed(struct engine *e)
{
    int64_t sum = 0;
    for (const struct job *j = e->jobs; j; j = j->next)
        if (!j->confirms && j->place != JOB_ENDED && j->target_epochs > j->epochs_logged)
            sum += j->target_epochs - j->epochs_logged;
    return sum;
}

int64_t budget_trials_done(const struct study *study)
{
    return study->n_state[TRIAL_COMPLETE] + study->n_state[TRIAL_PRUNED] +
           study->n_state[TRIAL_FAIL] - engine_beside(study).ended;
}

int64_t budget_trials_begun(const struct study *study)
{
    return budget_trials_done(study) + study->n_state[TRIAL_RUNNING] - engine_beside(study).running;
}

int budget_for_trial(struct engine *e)
{
    engine_fold_enter(e);
    const struct study *study = study_log_study(e->log);
    int64_t spent = budget_spent(e);
    int64_t trials = budget_trials_begun(study);
    engine_fold_leave(e);
    pthread_mutex_lock(&e->work);
    int64_t left = e->settings.full_epochs;
    if (e->budget_epochs > 0) {
        int64_t free_epochs = e->budget_epochs - spent - budget_committed(e);
        left = free_epochs < left ? free_epochs : left;
    }
    if (e->budget_trials > 0 && trials >= e->budget_trials)
        left = 0;
    if (e->budget_seconds > 0 && budget_active_seconds(e) >= e->budget_seconds)
        left = 0;
    pthread_mutex_unlock(&e->work);
    return left > 0 ? (int)left : 0;
}

static double share(double spent, double budget)
{
    return budget <= 0 ? 1 : spent >= budget ? 0 : 1 - spent / budget;
}

/* Without any limit a budget never runs out: 1. */
double budget_share_left(struct engine *e)
{
    engine_fold_enter(e);
    const struct study *study = study_log_study(e->log);
    double spent = (double)budget_spent(e);
    double trials = (double)budget_trials_done(study);
    engine_fold_leave(e);
    pthread_mutex_lock(&e->work);
    double left = share(spent, (double)e->budget_epochs);
    left = fmin(left, share(trials, (double)e->budget_trials));
    left = fmin(left, share(budget_active_seconds(e), e->budget_seconds));
    pthread_mutex_unlock(&e->work);
    return left;
}

void budget_count_epoch(struct engine *e)
{
    int64_t second = (int64_t)clock_now_s();
    size_t slot = (size_t)second % RATE_SECONDS;
    if (e->rate_second[slot] != second) {
        e->rate_second[slot] = second;
        e->rate_epochs[slot] = 0;
    }
    e->rate_epochs[slot]++;
}

/* Over the last half minute, or since the start if that is shorter. */
double budget_rate(const struct engine *e)
{
    double now = clock_now_s(), span = fmin(RATE_SECONDS, now - e->started_s);
    int64_t sum = 0;
    for (size_t i = 0; i < RATE_SECONDS; i++)
        if ((double)e->rate_second[i] > now - RATE_SECONDS)
            sum += e->rate_epochs[i];
    return span > 0.2 ? (double)sum / span : 0;
}

double budget_seconds_left(struct engine *e, int64_t spent, int64_t trials)
{
    double left = (double)NAN, rate = budget_rate(e);
    if (e->budget_seconds > 0)
        left = fmax(0, e->budget_seconds - budget_active_seconds(e));
    if (e->budget_epochs > 0 && rate > 0)
        left = fmin(left, fmax(0, (double)(e->budget_epochs - spent)) / rate);
    double active = budget_active_seconds(e);
    if (e->budget_trials > 0 && trials > 0 && active > 0)
        left = fmin(left, (double)(e->budget_trials - trials) * active / (double)trials);
    return left;
}

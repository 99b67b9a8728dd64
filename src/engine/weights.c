/* weights: which ended trials keep theirs, as files beside the log. Engine thread only.
 *
 * The best so far keeps its own, to be tested and used. Those that stopped short and may be gone on
 * with keep theirs while they are among the likeliest of what the sampler has room for. */
#include "internal.h"

#include <string.h>
#include <unistd.h>

void weights_save(struct engine *e, struct job *job)
{
    char path[640];
    struct err_info info = {0};
    if (!job->run)
        return;
    study_log_flush(e->log, NULL); /* from here on its number is certain */
    int64_t number = study_log_number(e->log, job->handle);
    pthread_mutex_lock(&e->work);
    job->number = number;
    pthread_mutex_unlock(&e->work);
    engine_checkpoint_path(e, job->number, path, sizeof path);
    if (e->ops->checkpoint(job->run, path, &info) != ERR_OK) {
        char text[400];
        engine_set_notice(e, err_format(&info, text, sizeof text));
    }
}

static void drop(const struct engine *e, int64_t number)
{
    char path[640];
    engine_checkpoint_path(e, number, path, sizeof path);
    if (number >= 0)
        unlink(path);
}

/* The likeliest of the candidates, n <= SEARCH_KEPT_MAX + 1, are kept; the rest goes to dropped, as
 * many as are returned. Under fold. */
static int order(struct engine *e, const struct search_context *context,
                 struct search_candidate *candidate, int n, int64_t *dropped)
{
    search_order_kept(e->sampler, context, candidate, n);
    e->n_kept = n < e->sampler->n_kept ? n : e->sampler->n_kept;
    for (int i = 0; i < n; i++)
        *(i < e->n_kept ? &e->kept[i] : &dropped[i - e->n_kept]) = candidate[i].trial->number;
    return n - e->n_kept;
}

/* The best so far may have weights without being among the kept. */
void weights_find(struct engine *e)
{
    char path[640];
    struct search_candidate candidate[SEARCH_KEPT_MAX + 1];
    int64_t dropped[SEARCH_KEPT_MAX + 1];
    int n = 0;
    double left = budget_share_left(e);
    engine_fold_enter(e);
    struct search_context context = trials_context(e, left);
    for (size_t i = 0; i < context.study->n_trials && n <= SEARCH_KEPT_MAX; i++) {
        const struct trial *t = &context.study->trials[i];
        if (e->sampler->n_kept == 0 || !search_may_go_on(t, e->settings.full_epochs))
            continue;
        engine_checkpoint_path(e, t->number, path, sizeof path);
        if (file_exists(path))
            candidate[n++].trial = t;
    }
    order(e, &context, candidate, n, dropped);
    engine_fold_leave(e);
}

/* The trial as it will stand in the fold. Under fold. */
static struct trial as_ended(const struct trial *t, enum trial_state state)
{
    struct trial ended = *t;
    ended.state = state;
    if (state == TRIAL_PRUNED && t->n_epochs > 0)
        ended.value = t->curve[t->n_epochs - 1].value;
    return ended;
}

static bool may_go_on(struct engine *e, const struct job *job, enum trial_state state)
{
    engine_fold_enter(e);
    struct trial ended = as_ended(study_log_trial(e->log, job->handle), state);
    bool may = e->sampler->n_kept > 0 && search_may_go_on(&ended, e->settings.full_epochs);
    engine_fold_leave(e);
    return may;
}

/* Chooses anew who keeps weights to be gone on with, the ending trial among them; who loses them
 * goes to dropped[SEARCH_KEPT_MAX + 1]. Returns how many. */
static int choose(struct engine *e, const struct job *job, enum trial_state state, bool joins,
                  int64_t *dropped)
{
    struct search_candidate candidate[SEARCH_KEPT_MAX + 1];
    int n = 0;
    double left = budget_share_left(e);
    engine_fold_enter(e);
    struct search_context context = trials_context(e, left);
    struct trial ended = as_ended(study_log_trial(e->log, job->handle), state);
    for (int i = 0; i < e->n_kept; i++) {
        const struct trial *t = study_trial(context.study, e->kept[i]);
        if (t && search_may_go_on(t, e->settings.full_epochs))
            candidate[n++].trial = t;
    }
    if (joins)
        candidate[n++].trial = &ended;
    int n_dropped = order(e, &context, candidate, n, dropped);
    engine_fold_leave(e);
    return n_dropped;
}

static bool is_kept(const struct engine *e, int64_t number)
{
    for (int i = 0; i < e->n_kept; i++)
        if (e->kept[i] == number)
            return true;
    return false;
}

void weights_keep(struct engine *e, struct job *job, enum trial_state state, int64_t old_best,
                  bool is_best)
{
    int64_t dropped[SEARCH_KEPT_MAX + 1] = {0};
    bool joins = may_go_on(e, job, state);
    if (is_best || joins)
        study_log_flush(e->log, NULL); /* from here on its number is certain */
    int64_t number = study_log_number(e->log, job->handle), best = is_best ? number : old_best;
    int n_dropped = choose(e, job, state, joins, dropped);
    if (is_best || is_kept(e, number))
        weights_save(e, job);
    else
        drop(e, number); /* a checkpoint of an earlier session */
    for (int i = 0; i < n_dropped; i++)
        if (dropped[i] != best)
            drop(e, dropped[i]);
    if (old_best != best && !is_kept(e, old_best))
        drop(e, old_best);
    if (job->start.continues != best)
        drop(e, job->start.continues);
}

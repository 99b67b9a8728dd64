/* confirm: a guard against the winner's curse. The best of many trials is also the luckiest: before
 * the test part is read, the K best configurations are trained again with further seeds, and the
 * choice is by the mean of those alone.
 *
 * They are trials of their own by "confirm", their action says whose configuration it is ("trial
 * 17"), their epochs stand beside the budget. What is still to do follows from the fold, so that a
 * study which was left goes on with it. */
#include "internal.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static const char action_prefix[] = "trial ";

bool confirm_is(const struct trial *t)
{
    return strcmp(t->who, "confirm") == 0;
}

/* Whose configuration it has; -1: none that can be read. */
static int64_t confirmed_by(const struct trial *t)
{
    int64_t number = -1;
    size_t n = sizeof action_prefix - 1;
    if (!confirm_is(t) || strncmp(t->action, action_prefix, n) != 0 ||
        !text_parse_int(t->action + n, &number))
        return -1;
    return number;
}

/* ---- what stands in the fold ------------------------------------------------------------- */

/* An end of the search: done, of no seed of another, and nobody went on with it. */
static bool is_candidate(const struct trial *t)
{
    return t->state == TRIAL_COMPLETE && isfinite(t->value) && t->continued_by < 0 &&
           !confirm_is(t);
}

/* The k best different configurations, the best first. Returns how many there are. */
static int find_best(const struct study *study, int k, const struct trial **best)
{
    int n = 0;
    for (size_t i = 0; k > 0 && i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        bool worse_twin = !is_candidate(t);
        for (int j = 0; j < n && !worse_twin; j++)
            if (space_same(&study->space, &best[j]->config, &t->config)) {
                worse_twin = !study_better(study, t, best[j]);
                if (!worse_twin) /* its place is found anew */
                    memmove(best + j, best + j + 1, (size_t)(--n - j) * sizeof(struct trial *));
            }
        if (worse_twin || (n == k && !study_better(study, t, best[n - 1])))
            continue;
        int at = n < k ? n++ : n - 1;
        for (; at > 0 && study_better(study, t, best[at - 1]); at--)
            best[at] = best[at - 1];
        best[at] = t;
    }
    return n;
}

static bool has_ended(const struct trial *t)
{
    return t->state == TRIAL_COMPLETE || t->state == TRIAL_FAIL || t->state == TRIAL_PRUNED;
}

/* A seed with which training failed is as good as a network that has learnt nothing; one that was
 * stopped by hand says nothing. */
static void add_result(const struct trial *t, double majority_error, struct engine_confirmed *c)
{
    if (c->n_begun++ >= CONFIRM_SEEDS || !has_ended(t))
        return;
    bool failed = t->state == TRIAL_FAIL;
    if (t->state == TRIAL_PRUNED || (!failed && t->curve[t->n_epochs - 1].step < t->target_epochs))
        return;
    c->by[c->n] = t->number;
    c->result[c->n++] = failed || !isfinite(t->value) ? majority_error : t->value;
}

static void sum_up(struct engine_confirmed *c)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < c->n; i++)
        sum += c->result[i];
    c->mean = c->n > 0 ? sum / c->n : (double)NAN;
    for (int i = 0; i < c->n; i++)
        squares += (c->result[i] - c->mean) * (c->result[i] - c->mean);
    c->sd = c->n > 1 ? sqrt(squares / (c->n - 1)) : (double)NAN;
}

int engine_confirmations(const struct study *study, int k, double majority_error,
                         struct engine_confirmed out[static CONFIRM_MAX])
{
    const struct trial *best[CONFIRM_MAX];
    int n = find_best(study, k < CONFIRM_MAX ? k : CONFIRM_MAX, best);
    for (int j = 0; j < n; j++)
        out[j] = (struct engine_confirmed){.trial = best[j]->number, .value = best[j]->value};
    for (size_t i = 0; i < study->n_trials; i++) {
        int64_t whose = confirmed_by(&study->trials[i]);
        for (int j = 0; j < n && whose >= 0; j++)
            if (out[j].trial == whose)
                add_result(&study->trials[i], majority_error, &out[j]);
    }
    for (int j = 0; j < n; j++)
        sum_up(&out[j]);
    return n;
}

int engine_confirmed_best(const struct engine_confirmed *c, int n)
{
    int best = -1;
    for (int j = 0; j < n; j++)
        if (c[j].n > 0 && (best < 0 || c[j].mean < c[best].mean))
            best = j;
    return best;
}

const struct trial *engine_chosen(const struct study *study)
{
    struct engine_settings settings;
    struct engine_task task;
    struct engine_confirmed c[CONFIRM_MAX];
    if (!engine_read_settings(study, &settings) || settings.confirm == 0)
        return study_best(study);
    engine_read_task(study, &task);
    int n = engine_confirmations(study, settings.confirm, task.majority_error, c);
    int best = engine_confirmed_best(c, n);
    const struct trial *chosen = NULL;
    for (int i = 0; best >= 0 && i < c[best].n; i++)
        if (study_better(study, study_trial(study, c[best].by[i]), chosen))
            chosen = study_trial(study, c[best].by[i]);
    return chosen ? chosen : study_best(study);
}

struct engine_beside engine_beside(const struct study *study)
{
    struct engine_beside b = {0};
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        if (!confirm_is(t))
            continue;
        b.epochs += t->n_recorded;
        b.ended += has_ended(t);
        b.running += t->state == TRIAL_RUNNING;
    }
    return b;
}

/* ---- doing it: engine thread ------------------------------------------------------------- */

/* The next seed to train; false: all have begun. */
static bool find_due(struct engine *e, struct engine_confirmed *out)
{
    struct engine_confirmed c[CONFIRM_MAX];
    bool due = false;
    engine_fold_enter(e);
    int n =
        engine_confirmations(study_log_study(e->log), e->settings.confirm, e->majority_error, c);
    engine_fold_leave(e);
    for (int j = 0; j < n && !due; j++) {
        due = c[j].n_begun < CONFIRM_SEEDS;
        *out = c[j];
    }
    return due;
}

static bool is_skipped(struct engine *e)
{
    pthread_mutex_lock(&e->work);
    bool skipped = e->skip_confirm || e->settings.confirm == 0;
    pthread_mutex_unlock(&e->work);
    return skipped;
}

bool confirm_pending(struct engine *e)
{
    struct engine_confirmed next;
    return !is_skipped(e) && find_due(e, &next);
}

/* May a worker begin with it? Not before the last trial of the search has ended. */
static bool is_time(struct engine *e)
{
    bool over = budget_for_trial(e) == 0;
    int running = 0;
    pthread_mutex_lock(&e->work);
    over = (over || e->stopping) && !e->paused && !e->quit;
    for (const struct job *j = e->jobs; j; j = j->next) {
        over &= j->confirms;
        running += j->place != JOB_PAUSED && j->place != JOB_ENDED;
    }
    over &= running < e->n_workers;
    pthread_mutex_unlock(&e->work);
    return over;
}

bool confirm_start(struct engine *e)
{
    struct engine_confirmed c;
    char reason[120], action[24], value[32];
    if (is_skipped(e) || !is_time(e) || !find_due(e, &c))
        return false;
    text_format(action, sizeof action, "%s%lld", action_prefix, (long long)c.trial);
    text_format(reason, sizeof reason,
                "confirms #%lld, which had %s, with further seed %d of %d, beside the budget",
                (long long)c.trial, text_human(value, sizeof value, c.value, 4), c.n_begun + 1,
                CONFIRM_SEEDS);
    return trials_repeat(e, c.trial, c.n_begun, action, reason);
}

/* "#17 0.0912 +- 0.0030, #4 0.0950 +- 0.0011" and the same as members. */
static void put_results(const struct engine_confirmed *c, int n, struct text *say,
                        struct json_writer *w)
{
    char mean[32], sd[32];
    json_open(w, "configurations", '[');
    for (int j = 0; j < n; j++) {
        text_appendf(say, "%s#%lld %s +- %s", j ? ", " : "", (long long)c[j].trial,
                     text_human(mean, sizeof mean, c[j].mean, 4),
                     text_human(sd, sizeof sd, c[j].sd, 2));
        json_open(w, NULL, '{');
        json_put_int(w, "of", c[j].trial);
        json_put_number(w, "mean", c[j].mean);
        json_put_number(w, "sd", c[j].sd);
        json_close(w, '}');
    }
    json_close(w, ']');
}

/* Weights of the seeds that were not chosen are of no more use. */
static void drop_others(struct engine *e, const struct engine_confirmed *c, int n, int64_t chosen)
{
    char path[640];
    for (int j = 0; j < n; j++)
        for (int i = 0; i < c[j].n; i++) {
            engine_checkpoint_path(e, c[j].by[i], path, sizeof path);
            if (c[j].by[i] != chosen)
                unlink(path);
        }
}

void confirm_say(struct engine *e)
{
    struct engine_confirmed c[CONFIRM_MAX];
    struct text say = {0}, fields = {0};
    struct json_writer w;
    if (e->settings.confirm == 0)
        return;
    engine_fold_enter(e);
    const struct study *study = study_log_study(e->log);
    int n = engine_confirmations(study, e->settings.confirm, e->majority_error, c);
    const struct trial *chosen = engine_chosen(study);
    int64_t number = chosen ? chosen->number : -1;
    engine_fold_leave(e);
    int best = engine_confirmed_best(c, n);
    if (best < 0)
        return;
    json_begin(&w, &fields);
    text_appendf(&say, "confirmed with %d further seeds: ", CONFIRM_SEEDS);
    put_results(c, n, &say, &w);
    text_appendf(&say, "; chosen by the mean: #%lld", (long long)c[best].trial);
    json_put_int(&w, "chosen", c[best].trial);
    if (!fields.failed && !say.failed)
        study_log_event(e->log, "tiller", "confirm", number, text_get(&say), text_get(&fields));
    engine_note_add(e, "%s", text_get(&say));
    drop_others(e, c, n, number);
    text_free(&say);
    text_free(&fields);
}

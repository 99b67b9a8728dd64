/* trials: how trials come to be, and how they end. Engine thread only.
 *
 * Everything that happens to a trial is appended to the log here, in the order in which Optuna
 * wants it: its line, epochs, attributes, state. Decisions are made from the fold in memory. */
#include "internal.h"

#include <math.h>
#include <string.h>

enum rng_stream {
    STREAM_PROPOSAL = 1 << 20,
    STREAM_FILL = 2 << 20,
    STREAM_TRIAL = 3 << 20,
    STREAM_CONFIRM = 4 << 20
};

/* One independent stream per purpose and trial. */
static uint64_t stream(enum rng_stream purpose, int64_t number)
{
    return (uint64_t)purpose << 32 | (uint64_t)number;
}

/* Below 2^53, so that it survives JSON numbers everywhere. */
static uint64_t seed_of(const struct engine *e, enum rng_stream purpose, int64_t number)
{
    struct rng rng;
    rng_seed(&rng, e->settings.rng_seed, stream(purpose, number));
    return rng_next(&rng) >> 11;
}

static uint64_t trial_seed(const struct engine *e, int64_t number)
{
    return seed_of(e, STREAM_TRIAL, number);
}

struct search_context trials_context(struct engine *e, double share_left)
{
    return (struct search_context){.study = study_log_study(e->log),
                                   .majority_error = e->majority_error,
                                   .share_left = share_left,
                                   .full_epochs = e->settings.full_epochs,
                                   .rng_seed = e->settings.rng_seed,
                                   .guidance = engine_guidance(e),
                                   .kept = e->kept,
                                   .n_kept = e->n_kept};
}

/* ---- starting ---------------------------------------------------------------------------- */

static struct job *new_job(struct engine *e, int handle, const struct trial_start *start)
{
    struct job *job = mem_zero_alloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->handle = handle;
    job->number = study_log_number(e->log, handle);
    job->start = *start;
    job->confirms = start->who && strcmp(start->who, "confirm") == 0;
    job->start.who = job->start.situation = job->start.action = job->start.reason = NULL;
    job->target_epochs = start->target_epochs;
    job->best_value = job->best_loss = (double)NAN;
    atomic_init(&job->yield, false);
    return job;
}

static void add_job(struct engine *e, struct job *job)
{
    pthread_mutex_lock(&e->work);
    struct job **at = &e->jobs;
    while (*at)
        at = &(*at)->next;
    *at = job;
    pthread_cond_broadcast(&e->to_workers);
    pthread_mutex_unlock(&e->work);
}

static void free_job(struct engine *e, struct job *job)
{
    pthread_mutex_lock(&e->work);
    struct job **at = &e->jobs;
    while (*at && *at != job)
        at = &(*at)->next;
    if (*at)
        *at = job->next;
    pthread_mutex_unlock(&e->work);
    if (job->run)
        e->ops->stop(job->run);
    mem_free(job);
}

static void note_start(struct engine *e, int64_t number, const struct trial_start *s)
{
    struct text values = {0};
    space_format(&e->space, &s->config, &values);
    engine_note_add(e, "#%lld starts, by %s%s%s: %s", (long long)number, s->who ? s->who : "?",
                    s->action && s->action[0] ? " " : "", s->action ? s->action : "",
                    text_get(&values));
    text_free(&values);
    if (s->reason && s->reason[0])
        engine_note_add(e, "#%lld why: %s", (long long)number, s->reason);
}

static void attribute_number(struct engine *e, int handle, const char *key, double value)
{
    char json[32];
    study_log_attribute(e->log, handle, key, text_double(json, sizeof json, value, false));
}

static void attribute_text(struct engine *e, int handle, const char *key, const char *value)
{
    struct text json = {0};
    struct json_writer w;
    json_begin(&w, &json);
    json_put_string(&w, NULL, value);
    if (!json.failed)
        study_log_attribute(e->log, handle, key, text_get(&json));
    text_free(&json);
}

static void launch(struct engine *e, int handle, const struct trial_start *start,
                   const char *checkpoint)
{
    struct job *job = new_job(e, handle, start);
    struct runner_facts facts = {0};
    if (!job) {
        study_log_finish(e->log, handle, TRIAL_FAIL, "out of memory");
        return;
    }
    e->ops->facts(e->runner, &e->space, &start->config, &facts);
    if (facts.effective_batch > 0)
        attribute_number(e, handle, "run:effective_batch", facts.effective_batch);
    text_copy(job->checkpoint, sizeof job->checkpoint, checkpoint ? checkpoint : "");
    note_start(e, job->number, start);
    add_job(e, job);
}

static void complete_start(struct engine *e, struct trial_start *s, int64_t number, int epochs)
{
    struct runner_facts facts = {0};
    e->ops->facts(e->runner, &e->space, &s->config, &facts);
    s->n_parameters = facts.n_parameters;
    s->rng_seed = trial_seed(e, number);
    s->target_epochs = epochs;
    s->continues = -1;
}

/* words: who does it, and why. */
static enum err continue_trial(struct engine *e, int64_t parent, int target,
                               const struct proposal *words)
{
    char path[640];
    struct trial_start start = {.who = words->who,
                                .situation = words->situation,
                                .action = words->action,
                                .reason = words->reason,
                                .target_epochs = target,
                                .continues = parent};
    engine_fold_enter(e);
    const struct study *study = study_log_study(e->log);
    const struct trial *t = study_trial(study, parent);
    start.config = t->config;
    start.rng_seed = t->rng_seed;
    start.n_parameters = t->n_parameters;
    start.n_behind = study_chain(study, parent, start.behind);
    engine_fold_leave(e);
    int handle;
    enum err err = study_log_create(e->log, &start, &handle);
    if (err != ERR_OK)
        return err;
    engine_checkpoint_path(e, parent, path, sizeof path);
    launch(e, handle, &start, file_exists(path) ? path : NULL);
    return ERR_OK;
}

/* Goes on with an ended trial as far as a full training and `epochs` more allow. false: it can't be
 * one, or nothing would be gained: without its weights it begins at epoch 1. */
static bool go_on(struct engine *e, const struct proposal *p, int epochs)
{
    char path[640];
    engine_fold_enter(e);
    const struct trial *t = study_trial(study_log_study(e->log), p->parent);
    bool may = t && search_may_go_on(t, e->settings.full_epochs) &&
               !bans_hit(&e->bans, &e->space, &t->config);
    int done = may ? t->curve[t->n_epochs - 1].step : 0;
    engine_fold_leave(e);
    engine_checkpoint_path(e, p->parent, path, sizeof path);
    int reach = file_exists(path) ? done + epochs : epochs;
    int target = p->epochs > 0 ? p->epochs : e->settings.full_epochs;
    target = reach < target ? reach : target;
    return may && target > done && continue_trial(e, p->parent, target, p) == ERR_OK;
}

static enum err ask_sampler(struct engine *e, const struct sampler_ops *ops, void *self,
                            int64_t *number, struct proposal *out)
{
    struct rng rng;
    double left = budget_share_left(e);
    engine_fold_enter(e);
    struct search_context context = trials_context(e, left);
    *number = (int64_t)context.study->n_trials;
    rng_seed(&rng, e->settings.rng_seed, stream(STREAM_PROPOSAL, *number));
    enum err err = ops->propose(self, &context, &rng, out);
    bans_fold(&e->bans, &e->space, context.study);
    if (err == ERR_OK && !out->goes_on &&
        bans_obey(&e->bans, &e->space, context.study, &rng, &out->config)) {
        size_t n = strlen(out->reason);
        text_format(out->reason + n, sizeof out->reason - n, "; moved out of what you banned");
    }
    engine_fold_leave(e);
    return err;
}

void trials_read_bans(struct engine *e)
{
    struct text say = {0};
    engine_fold_enter(e);
    bans_fold(&e->bans, &e->space, study_log_study(e->log));
    engine_fold_leave(e);
    bans_say(&e->bans, &e->space, &say);
    pthread_mutex_lock(&e->work);
    text_copy(e->banned, sizeof e->banned, text_get(&say));
    pthread_mutex_unlock(&e->work);
    text_free(&say);
}

static enum err start_proposal(struct engine *e, int64_t number, const struct proposal *p,
                               int epochs)
{
    int handle;
    struct trial_start start = {.config = p->config,
                                .who = p->who,
                                .situation = p->situation,
                                .action = p->action,
                                .reason = p->reason};
    complete_start(e, &start, number, p->epochs > 0 && p->epochs < epochs ? p->epochs : epochs);
    enum err err = study_log_create(e->log, &start, &handle);
    if (err == ERR_OK)
        launch(e, handle, &start, NULL);
    e->outlook_due = true;
    return err;
}

static bool propose(struct engine *e, int epochs)
{
    struct proposal p = {0};
    int64_t number;
    enum err err = ask_sampler(e, e->sampler, e->sampler_self, &number, &p);
    if (err == ERR_OK && p.goes_on) {
        if (go_on(e, &p, epochs))
            return true;
        err = ask_sampler(e, sampler_find("random"), NULL, &number, &p); /* to spend what is left */
    }
    if (err == ERR_OK)
        err = start_proposal(e, number, &p, epochs);
    if (err != ERR_OK)
        engine_set_notice(e, err_sentence(err));
    return err == ERR_OK;
}

bool trials_repeat(struct engine *e, int64_t of, int k, const char *action, const char *reason)
{
    int handle;
    struct trial_start start = {.who = "confirm", .action = action, .reason = reason};
    engine_fold_enter(e);
    const struct trial *t = study_trial(study_log_study(e->log), of);
    int reached = t->curve[t->n_epochs - 1].step, full = e->settings.full_epochs;
    start.config = t->config;
    start.n_parameters = t->n_parameters;
    engine_fold_leave(e);
    start.target_epochs = reached < full ? reached : full;
    start.rng_seed = seed_of(e, STREAM_CONFIRM, of * CONFIRM_SEEDS + k);
    start.continues = -1;
    if (study_log_create(e->log, &start, &handle) != ERR_OK)
        return false;
    launch(e, handle, &start, NULL);
    return true;
}

/* The seed that waits longest among those of the highest priority; -1: none. Under fold. */
static int64_t first_waiting(const struct study *study)
{
    const struct trial *best = NULL;
    if (study->n_state[TRIAL_WAITING] == 0)
        return -1;
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        if (t->state == TRIAL_WAITING && (!best || t->priority > best->priority))
            best = t;
    }
    return best ? best->number : -1;
}

/* What a seed leaves open is sampled as usual (journal, section 9). Under fold. */
static void fill_seed(struct engine *e, const struct trial *t, struct trial_start *out,
                      char *situation, size_t situation_size, char *who, size_t who_size)
{
    struct rng rng;
    const struct study *study = study_log_study(e->log);
    rng_seed(&rng, e->settings.rng_seed, stream(STREAM_FILL, t->number));
    space_sample(&e->space, &rng, &out->config);
    for (int i = 0; i < e->space.n; i++)
        if (t->config.set >> i & 1)
            out->config.value[i] = t->config.value[i];
    space_tidy(&e->space, &out->config);
    bans_fold(&e->bans, &e->space, study);
    bans_obey_but(&e->bans, &e->space, t->config.set, &out->config);
    text_copy(who, who_size, t->who[0] ? t->who : "optuna");
    int s = engine_situation(e, study);
    text_copy(situation, situation_size, situation_name(s));
    const struct trial *incumbent = meta_incumbent(study, (double)INFINITY);
    out->who = who;
    out->situation = situation;
    out->action =
        incumbent ? move_name(move_nearest(&e->space, &incumbent->config, &out->config)) : "human";
    out->reason = "seeded by hand";
}

/* true: the queue of seeds has changed. */
static bool claim_seed(struct engine *e, int epochs)
{
    char situation[64], who[16];
    struct trial_start start = {0};
    engine_fold_enter(e);
    int64_t number = first_waiting(study_log_study(e->log));
    const struct trial *t = number >= 0 ? study_trial(study_log_study(e->log), number) : NULL;
    if (t)
        fill_seed(e, t, &start, situation, sizeof situation, who, sizeof who);
    engine_fold_leave(e);
    if (!t)
        return false;
    complete_start(e, &start, number, epochs);
    struct err_info info = {0};
    int handle;
    enum err err = study_log_claim(e->log, number, &start, &handle, &info);
    if (err == ERR_OK) {
        engine_fold_enter(e);
        start.config = study_log_trial(e->log, handle)->config;
        engine_fold_leave(e);
        launch(e, handle, &start, NULL);
        return true;
    }
    char text[400];
    engine_note_add(e, "#%lld was not started: %s", (long long)number,
                    err_format(&info, text, sizeof text));
    /* Lost to another process, or now FAIL: the queue is shorter. Else try again later. */
    e->claims_blocked = err != ERR_RANGE && err != ERR_BUSY;
    return !e->claims_blocked;
}

static bool wants_trial(struct engine *e)
{
    int running = 0;
    pthread_mutex_lock(&e->work);
    for (const struct job *j = e->jobs; j; j = j->next)
        running += j->place != JOB_PAUSED && j->place != JOB_ENDED;
    bool wants = running < e->n_workers && !e->paused && !e->quit && !e->stopping;
    pthread_mutex_unlock(&e->work);
    return wants;
}

bool trials_fill(struct engine *e)
{
    if (!wants_trial(e))
        return false;
    int epochs = budget_for_trial(e);
    if (epochs == 0)
        return false;
    if (!e->claims_blocked && claim_seed(e, epochs))
        return true;
    return propose(e, epochs);
}

/* ---- dead processes' trials, continuations ----------------------------------------------- */

/* The checkpoint to go on from: its own, else a continuation's parent's weights; "" none. */
static void find_checkpoint(struct engine *e, int64_t number, int64_t parent, char *out,
                            size_t size)
{
    engine_checkpoint_path(e, number, out, size);
    if (file_exists(out))
        return;
    out[0] = 0;
    if (parent < 0)
        return;
    engine_checkpoint_path(e, parent, out, size);
    if (!file_exists(out))
        out[0] = 0;
}

static bool is_orphan(const struct trial *t)
{
    return t->state == TRIAL_RUNNING && t->target_epochs > 0; /* ours: others write no run:epochs */
}

static void adopt(struct engine *e, const struct trial *t)
{
    struct trial_start start;
    int handle;
    engine_fold_enter(e);
    study_start_again(study_log_study(e->log), t, &start);
    engine_fold_leave(e);
    if (study_log_adopt(e->log, t->number, &handle) != ERR_OK)
        return;
    struct job *job = new_job(e, handle, &start);
    if (!job)
        return;
    find_checkpoint(e, t->number, t->continues, job->checkpoint, sizeof job->checkpoint);
    job->undecided_from = t->n_epochs > 0 ? t->curve[t->n_epochs - 1].step - 1 : 0;
    job->priority = t->priority;
    job->confirms = confirm_is(t);
    job->place = t->paused ? JOB_PAUSED : JOB_READY;
    engine_note_add(e, "#%lld goes on %s", (long long)t->number,
                    job->checkpoint[0] ? "from its checkpoint" : "from epoch 1");
    add_job(e, job);
}

void trials_adopt(struct engine *e)
{
    weights_find(e);
    for (size_t i = 0;; i++) {
        struct trial copy;
        engine_fold_enter(e);
        const struct study *study = study_log_study(e->log);
        bool more = i < study->n_trials;
        if (more)
            copy = study->trials[i];
        engine_fold_leave(e);
        if (!more)
            return;
        if (is_orphan(&copy)) /* only this thread writes its line: the copy stays true */
            adopt(e, &copy);
    }
}

enum err trials_continue(struct engine *e, int64_t parent, int epochs, struct err_info *info)
{
    struct proposal words = {.who = "you", .action = "human", .reason = "extended by hand"};
    engine_fold_enter(e);
    const struct study *study = study_log_study(e->log);
    const struct trial *t = study_trial(study, parent);
    int target = (t->n_epochs ? t->curve[t->n_epochs - 1].step : 0) + epochs;
    text_copy(words.situation, sizeof words.situation, situation_name(engine_situation(e, study)));
    engine_fold_leave(e);
    enum err err = continue_trial(e, parent, target, &words);
    return err == ERR_OK ? ERR_OK
                         : err_set(info, err, "extend", NULL, "trial %lld can't be continued",
                                   (long long)parent);
}

/* ---- running ----------------------------------------------------------------------------- */

static void note_epoch(struct engine *e, const struct job *job, const struct epoch_result *r)
{
    char value[32], best_text[48] = "", left_text[48] = "", of[32] = "";
    engine_fold_enter(e);
    const struct study *study = study_log_study(e->log);
    int64_t spent = budget_spent(e), trials = budget_trials_done(study);
    const struct trial *best = study_best(study);
    if (best)
        text_format(best_text, sizeof best_text, "  best %s #%lld",
                    text_human(value, sizeof value, best->value, 4), (long long)best->number);
    engine_fold_leave(e);
    pthread_mutex_lock(&e->work);
    double rate = budget_rate(e), left = budget_seconds_left(e, spent, trials);
    if (e->budget_epochs > 0)
        text_format(of, sizeof of, "/%lld", (long long)e->budget_epochs);
    int target = job->target_epochs;
    pthread_mutex_unlock(&e->work);
    if (isfinite(left)) {
        char duration[32];
        text_format(left_text, sizeof left_text, "  %s left",
                    text_duration(duration, sizeof duration, left));
    }
    engine_note_add(e, "#%lld epoch %d/%d  %s %s%s  spent %lld%s epochs, %.1f/s%s",
                    (long long)job->number, r->step, target, e->metric,
                    text_human(value, sizeof value, r->value, 4), best_text, (long long)spent, of,
                    rate, left_text);
}

void trials_epoch(struct engine *e, const struct message *m)
{
    study_log_report(e->log, m->job->handle, &m->result);
    int64_t number = study_log_number(e->log, m->job->handle);
    pthread_mutex_lock(&e->work); /* others read the job's number for the status */
    m->job->number = number;
    m->job->epochs_logged = m->result.step;
    budget_count_epoch(e);
    pthread_mutex_unlock(&e->work);
    e->failures = 0;
    if (e->options.notes)
        note_epoch(e, m->job, &m->result);
    if (m->waits)
        trials_rung(e, m->job);
}

static void give_to_workers(struct engine *e, struct job *job)
{
    pthread_mutex_lock(&e->work);
    job->place = JOB_READY;
    pthread_cond_broadcast(&e->to_workers);
    pthread_mutex_unlock(&e->work);
}

/* Under fold. */
static void judge_for_people(struct engine *e, struct job *job,
                             const struct search_context *context)
{
    struct search_chance chance = {0};
    if (!e->pruner->chance ||
        !e->pruner->chance(context, study_log_trial(e->log, job->handle), &chance))
        return;
    pthread_mutex_lock(&e->work);
    job->chance = chance;
    pthread_mutex_unlock(&e->work);
}

/* The job stands at a rung or at its end; the engine owns it. */
void trials_rung(struct engine *e, struct job *job)
{
    char reason[256] = "";
    pthread_mutex_lock(&e->work);
    enum verdict asked = job->verdict;
    bool over = job->epochs_done >= job->target_epochs;
    pthread_mutex_unlock(&e->work);
    if (over) {
        trials_end(e, job, TRIAL_COMPLETE, NULL);
        return;
    }
    if (asked == VERDICT_PRUNE || asked == VERDICT_FINISH) {
        trials_yielded(e, job);
        return;
    }
    /* Before a pause or leaving too: the rung does not come again when the trial goes on. */
    double left = budget_share_left(e);
    engine_fold_enter(e);
    struct search_context context = trials_context(e, left);
    bool stop = !job->confirms && e->pruner->stop(&context, study_log_trial(e->log, job->handle),
                                                  reason, sizeof reason);
    if (!stop)
        judge_for_people(e, job, &context);
    engine_fold_leave(e);
    if (stop)
        trials_end(e, job, TRIAL_PRUNED, reason);
    else if (asked != VERDICT_NONE)
        trials_yielded(e, job);
    else
        give_to_workers(e, job);
}

static size_t paused_bytes(struct engine *e)
{
    size_t sum = 0;
    pthread_mutex_lock(&e->work);
    for (const struct job *j = e->jobs; j; j = j->next)
        if (j->place == JOB_PAUSED && j->run)
            sum += e->ops->memory_bytes(j->run);
    pthread_mutex_unlock(&e->work);
    return sum;
}

/* In memory up to a limit, beyond it as a checkpoint. */
static void park(struct engine *e, struct job *job)
{
    if (job->run && paused_bytes(e) + e->ops->memory_bytes(job->run) > PAUSED_BYTES_MAX) {
        weights_save(e, job);
        engine_checkpoint_path(e, job->number, job->checkpoint, sizeof job->checkpoint);
        e->ops->stop(job->run);
        job->run = NULL;
    }
    pthread_mutex_lock(&e->work);
    job->place = JOB_PAUSED;
    job->verdict = VERDICT_NONE;
    atomic_store(&job->yield, false);
    pthread_mutex_unlock(&e->work);
}

/* A person's word on a job that the engine owns now. */
void trials_yielded(struct engine *e, struct job *job)
{
    pthread_mutex_lock(&e->work);
    enum verdict verdict = job->place == JOB_AT_RUNG ? job->verdict : VERDICT_NONE;
    bool has_epochs = job->epochs_done > 0;
    pthread_mutex_unlock(&e->work);
    switch (verdict) {
    case VERDICT_NONE:
        break;
    case VERDICT_PAUSE:
        park(e, job);
        break;
    case VERDICT_PRUNE:
        trials_end(e, job, TRIAL_PRUNED, "by hand");
        break;
    case VERDICT_FINISH:
        if (has_epochs)
            trials_end(e, job, TRIAL_COMPLETE, "finished early");
        else
            trials_end(e, job, TRIAL_FAIL, "ended before its first epoch");
        break;
    case VERDICT_QUIT:
        weights_save(e, job);
        free_job(e, job);
        break;
    }
}

void trials_failed(struct engine *e, struct job *job, const struct err_info *error)
{
    if (error->code == ERR_RANGE) {
        struct epoch_result nan_epoch = {.step = job->epochs_done + 1, .value = (double)NAN};
        for (int m = 0; m < METRIC_N; m++)
            nan_epoch.metric[m] = (double)NAN;
        study_log_report(e->log, job->handle, &nan_epoch);
    } else {
        e->failures++;
    }
    trials_end(e, job, TRIAL_FAIL, error->detail);
}

/* ---- ending ------------------------------------------------------------------------------ */

struct outcome {
    double before, after; /* the incumbent's value just before and after */
    bool best;            /* the trial is the incumbent now */
    int64_t old_best;     /* number, -1 none */
};

/* What the end of job in this state will mean. */
static struct outcome foresee(struct engine *e, const struct job *job, enum trial_state state)
{
    engine_fold_enter(e);
    const struct study *study = study_log_study(e->log);
    const struct trial *t = study_log_trial(e->log, job->handle);
    const struct trial *incumbent = meta_incumbent(study, (double)INFINITY);
    struct outcome o = {.before = incumbent ? incumbent->value : e->majority_error,
                        .old_best = incumbent ? incumbent->number : -1};
    o.best = state == TRIAL_COMPLETE && (!incumbent || study_better(study, t, incumbent));
    o.after = o.best && t->value < o.before ? t->value : o.before;
    engine_fold_leave(e);
    return o;
}

static void learn_from(struct engine *e, const struct job *job, double before)
{
    struct q_update update = {0};
    double left = budget_share_left(e);
    engine_fold_enter(e);
    struct search_context context = trials_context(e, left);
    bool learned = e->sampler->observe(e->sampler_self, &context,
                                       study_log_trial(e->log, job->handle), before, &update);
    engine_fold_leave(e);
    if (learned)
        study_log_q_update(e->log, &update);
    e->outlook_due = true;
}

void trials_outlook(struct engine *e)
{
    struct search_outlook outlook = {.state = -1};
    double left = budget_share_left(e);
    if (!e->outlook_due || !e->sampler->outlook)
        return;
    e->outlook_due = false;
    engine_fold_enter(e);
    struct search_context context = trials_context(e, left);
    e->sampler->outlook(e->sampler_self, &context, &outlook);
    engine_fold_leave(e);
    pthread_mutex_lock(&e->work);
    e->outlook = outlook;
    pthread_mutex_unlock(&e->work);
}

static void note_end(struct engine *e, const struct job *job, enum trial_state state,
                     const struct outcome *o, const char *why)
{
    char value[32], count[32];
    engine_fold_enter(e);
    double best = study_log_trial(e->log, job->handle)->value;
    engine_fold_leave(e);
    engine_note_add(e, "#%lld %s after %s, %s %s%s%s%s",
                    (long long)study_log_number(e->log, job->handle), trial_state_name(state),
                    text_counted(count, sizeof count, job->epochs_done, "epoch"), e->metric,
                    text_human(value, sizeof value, best, 4), o->best ? ", the best so far" : "",
                    why ? ": " : "", why ? why : "");
}

void trials_end(struct engine *e, struct job *job, enum trial_state state, const char *why)
{
    struct outcome o = foresee(e, job, state);
    o.best &= !job->confirms; /* a lucky seed is no better network */
    if (!job->confirms)
        attribute_number(e, job->handle, "reward",
                         meta_reward(o.before, o.after, budget_share_left(e)));
    if (why && state != TRIAL_FAIL)
        attribute_text(e, job->handle, state == TRIAL_PRUNED ? "run:pruned" : "run:ended", why);
    if (!job->confirms)
        weights_keep(e, job, state, o.old_best, o.best);
    else if (state == TRIAL_COMPLETE) /* until one of them is chosen */
        weights_save(e, job);
    study_log_finish(e->log, job->handle, state, state == TRIAL_FAIL ? why : NULL);
    note_end(e, job, state, &o, why);
    if (!job->confirms)
        learn_from(e, job, o.before);
    free_job(e, job);
}

/* ---- taking seeds back ------------------------------------------------------------------- */

/* Claimed first, failed two seconds later: a racing Optuna worker just loses the claim (journal,
 * 9). */
void trials_withdraw(struct engine *e, int64_t number)
{
    char situation[64], who[16];
    struct trial_start start = {0};
    size_t room = sizeof e->withdrawals / sizeof *e->withdrawals;
    engine_fold_enter(e);
    const struct trial *t = study_trial(study_log_study(e->log), number);
    if (t)
        fill_seed(e, t, &start, situation, sizeof situation, who, sizeof who);
    engine_fold_leave(e);
    int handle;
    if (!t || e->n_withdrawals == room)
        return;
    start.continues = -1;
    if (study_log_claim(e->log, number, &start, &handle, NULL) != ERR_OK)
        return;
    study_log_attribute(e->log, handle, "steer:withdrawn", "true");
    e->withdrawals[e->n_withdrawals++] =
        (struct withdrawal){handle, clock_now_s() + WITHDRAW_SECONDS};
}

void trials_withdrawals_due(struct engine *e, bool leaving)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->n_withdrawals; i++)
        if (leaving || clock_now_s() >= e->withdrawals[i].due_s)
            study_log_finish(e->log, e->withdrawals[i].handle, TRIAL_FAIL, "withdrawn by hand");
        else
            e->withdrawals[kept++] = e->withdrawals[i];
    e->n_withdrawals = kept;
}

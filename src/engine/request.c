/* request: what a person asks: checked at once by the asker's thread, done by the engine thread.
 *
 * One table row per kind: its name in the log, what a trial must be for it, and what it does. */
#include "internal.h"

#include <math.h>
#include <string.h>

struct job *engine_job(struct engine *e, int64_t number)
{
    for (struct job *j = e->jobs; j; j = j->next)
        if (j->number == number)
            return j;
    return NULL;
}

/* ---- what is needed for which request ---------------------------------------------------- */

enum target { TARGET_NONE, TARGET_RUNNING, TARGET_PAUSED, TARGET_WAITING, TARGET_TRIAL };

struct kind {
    const char *name;
    enum target target;
    void (*apply)(struct engine *e, const struct request *r);
};
static const struct kind kinds[REQUEST_QUIT + 1];

/* What is known of a trial when something is asked of it. */
struct known {
    bool exists, runs, paused;
    enum trial_state state;
    int epochs, target;
    double value, seconds;
    bool best;
    int64_t last; /* last link of its chain of continuations */
    bool has_weights;
};

static struct known know(struct engine *e, int64_t number)
{
    struct known k = {.last = number};
    char path[640];
    engine_fold_enter(e);
    const struct study *study = study_log_study(e->log);
    const struct trial *t = study_trial(study, number);
    if (t) {
        const struct trial *best = study_best(study);
        k.exists = true;
        k.state = t->state;
        k.epochs = t->n_epochs ? t->curve[t->n_epochs - 1].step : 0;
        k.target = t->target_epochs;
        k.value = t->value;
        k.seconds = t->seconds;
        k.best = best && best->number == number;
        k.last = study_chain_last(study, number);
    }
    engine_fold_leave(e);
    pthread_mutex_lock(&e->work);
    const struct job *job = engine_job(e, number);
    k.runs = job && job->place != JOB_ENDED;
    k.paused = job && (job->place == JOB_PAUSED || job->verdict == VERDICT_PAUSE);
    pthread_mutex_unlock(&e->work);
    engine_checkpoint_path(e, number, path, sizeof path);
    k.has_weights = file_exists(path);
    return k;
}

static enum err refuse(struct err_info *info, const struct request *r, const char *hint,
                       const char *why)
{
    char where[48];
    text_format(where, sizeof where, "#%lld", (long long)r->trial);
    return err_set(info, ERR_STATE, where, hint, "%s", why);
}

static enum err check_target(struct engine *e, const struct request *r, struct err_info *info)
{
    enum target target = kinds[r->kind].target;
    if (target == TARGET_NONE)
        return ERR_OK;
    struct known k = know(e, r->trial);
    char why[96];
    if (!k.exists)
        return refuse(info, r, NULL, "there is no such trial");
    if (target == TARGET_WAITING)
        return k.state == TRIAL_WAITING ? ERR_OK : refuse(info, r, NULL, "is not waiting any more");
    if (target == TARGET_RUNNING || target == TARGET_PAUSED) {
        text_format(why, sizeof why, "is %s, not running here", trial_state_name(k.state));
        if (!k.runs)
            return refuse(info, r, k.state == TRIAL_COMPLETE ? "extend it instead" : NULL, why);
        if (target == TARGET_PAUSED && !k.paused)
            return refuse(info, r, NULL, "is not paused");
        if (r->kind == REQUEST_PAUSE && k.paused)
            return refuse(info, r, NULL, "is paused already");
        if (r->kind == REQUEST_FINISH && k.epochs == 0)
            return refuse(info, r, "prune it instead", "has no complete epoch yet");
    }
    return ERR_OK;
}

static enum err check_config(const struct space *space, const struct configuration *c,
                             struct err_info *info)
{
    for (int i = 0; i < space->n; i++) {
        const struct hyperparameter *h = &space->h[i];
        char text[48];
        if (!(c->set >> i & 1))
            continue;
        double low = h->kind == HYPER_CATEGORICAL ? 0 : h->low;
        double high = h->kind == HYPER_CATEGORICAL ? h->n_choices - 1 : h->high;
        if (!(c->value[i] >= low && c->value[i] <= high))
            return err_set(info, ERR_RANGE, h->name, NULL, "%s is outside its range",
                           text_double(text, sizeof text, c->value[i], false));
    }
    return ERR_OK;
}

static enum err check_extend(struct engine *e, const struct request *r, struct err_info *info)
{
    struct known k = know(e, r->trial);
    if (r->amount < 1 || r->amount > 100000)
        return err_set(info, ERR_RANGE, "extend", NULL, "between 1 and 100,000 epochs");
    if (k.state == TRIAL_WAITING || k.state == TRIAL_FAIL)
        return refuse(info, r, "seed its values again by c",
                      k.state == TRIAL_FAIL ? "has failed" : "has not started");
    if (k.state == TRIAL_RUNNING && !k.runs)
        return refuse(info, r, NULL, "is run by somebody else");
    if (k.last != r->trial) {
        char hint[48];
        text_format(hint, sizeof hint, "extend #%lld", (long long)k.last);
        return refuse(info, r, hint, "has been continued already");
    }
    return ERR_OK;
}

static enum err check_table(struct engine *e, const struct request *r, struct err_info *info)
{
    bool cell = r->kind == REQUEST_Q_PIN || r->kind == REQUEST_Q_EDIT;
    bool wish = r->kind == REQUEST_NEXT_ACTION;
    if (!cell && !wish && r->kind != REQUEST_Q_FREEZE)
        return ERR_OK;
    if (strncmp(e->sampler->name, "agent", 5) != 0)
        return err_set(info, ERR_STATE, "Q-table", "only --sampler agent learns one",
                       "the sampler %s has no Q-table", e->sampler->name);
    if (cell && (r->situation < 0 || r->situation >= META_STATES))
        return err_set(info, ERR_RANGE, "Q-table", NULL, "there is no such situation");
    if ((cell || wish) && (r->move < (wish ? -1 : 0) || r->move >= MOVE_N))
        return err_set(info, ERR_RANGE, "Q-table", NULL, "there is no such move");
    if (r->kind == REQUEST_Q_EDIT &&
        (!(fabs(r->value) <= REQUEST_Q_MAX) || r->amount < 0 || r->amount > 1000000))
        return err_set(info, ERR_RANGE, "Q-table", NULL, "a value lies between -%g and %g",
                       REQUEST_Q_MAX, REQUEST_Q_MAX);
    return ERR_OK;
}

static enum err check_amount(struct engine *e, const struct request *r, struct err_info *info)
{
    if (r->kind == REQUEST_WORKERS && (r->amount < 1 || r->amount > ENGINE_WORKERS_MAX))
        return err_set(info, ERR_RANGE, "workers", NULL, "between 1 and %d", ENGINE_WORKERS_MAX);
    if (r->kind == REQUEST_LEARN || r->kind == REQUEST_LEARN_MODE) {
        if (!e->options.learner.fold)
            return err_set(info, ERR_STATE, "learn", NULL, "there is nowhere to keep it");
        if (r->amount < 0 || r->amount > LEARN_AUTO)
            return err_set(info, ERR_RANGE, "learn", "auto, ask or off", "unknown");
    }
    if (r->kind == REQUEST_BUDGET) {
        char count[32];
        int64_t spent = budget_spent(e);
        if (r->amount < 1 || r->amount > 1000000000)
            return err_set(info, ERR_RANGE, "budget", NULL, "between 1 and 1,000,000,000 epochs");
        if (!r->add && r->amount < spent)
            return err_set(info, ERR_RANGE, "budget", "stop ends the study now",
                           "%s %s spent already", text_counted(count, sizeof count, spent, "epoch"),
                           spent == 1 ? "is" : "are");
    }
    return ERR_OK;
}

enum err engine_request(struct engine *e, const struct request *request, struct err_info *info)
{
    if (request->kind > REQUEST_QUIT)
        return err_set(info, ERR_USAGE, "request", NULL, "unknown");
    enum err err = check_target(e, request, info);
    if (err == ERR_OK)
        err = check_amount(e, request, info);
    if (err == ERR_OK)
        err = check_table(e, request, info);
    if (err == ERR_OK && request->kind == REQUEST_BAN)
        err = bans_check(&e->space, &request->ban, info);
    if (err == ERR_OK && request->kind == REQUEST_SEED)
        err = check_config(&e->space, &request->config, info);
    if (err == ERR_OK && request->kind == REQUEST_EXTEND)
        err = check_extend(e, request, info);
    if (err != ERR_OK)
        return err;
    pthread_mutex_lock(&e->work);
    if (e->left || e->quit) {
        err = err_set(info, ERR_STATE, "request", NULL, "the search has been left");
    } else if (request->kind == REQUEST_QUIT) {
        e->quit = true;
    } else if (mem_grow((void **)&e->requests, &e->requests_capacity, e->n_requests,
                        sizeof *e->requests)) {
        e->requests[e->n_requests++] = *request;
    } else {
        err = err_set_memory(info, "request");
    }
    pthread_cond_signal(&e->to_engine);
    pthread_mutex_unlock(&e->work);
    return err;
}

/* ---- doing them: engine thread ----------------------------------------------------------- */

void request_verdict(struct engine *e, struct job *job, enum verdict verdict)
{
    pthread_mutex_lock(&e->work);
    enum job_place place = job->place;
    job->verdict = verdict;
    if (place == JOB_ON_WORKER)
        atomic_store(&job->yield, true);
    else if (place == JOB_READY || place == JOB_PAUSED)
        job->place = JOB_AT_RUNG; /* taken back: no worker has it */
    pthread_mutex_unlock(&e->work);
    if (place == JOB_READY || place == JOB_PAUSED)
        trials_yielded(e, job); /* at a rung or on a worker: when its message comes */
}

void request_finish_all(struct engine *e, bool confirmations)
{
    for (;;) {
        struct job *job = NULL;
        pthread_mutex_lock(&e->work);
        for (struct job *j = e->jobs; j && !job; j = j->next)
            if (j->verdict != VERDICT_FINISH && (confirmations || !j->confirms))
                job = j;
        pthread_mutex_unlock(&e->work);
        if (!job)
            return;
        request_verdict(e, job, VERDICT_FINISH);
    }
}

static struct job *find_job(struct engine *e, int64_t number)
{
    pthread_mutex_lock(&e->work);
    struct job *job = engine_job(e, number);
    pthread_mutex_unlock(&e->work);
    return job;
}

static void log_you(struct engine *e, const struct request *r, const char *say, const char *fields)
{
    study_log_event(e->log, "you", kinds[r->kind].name, r->trial, say, fields);
    engine_note_add(e, "you: %s", say);
}

static void log_trial(struct engine *e, const struct request *r, const char *did)
{
    char say[96];
    text_format(say, sizeof say, "%s #%lld", did, (long long)r->trial);
    log_you(e, r, say, NULL);
}

static void pause_all(struct engine *e, const struct request *r)
{
    pthread_mutex_lock(&e->work);
    bool was = e->paused;
    if (!was) {
        e->active_s = budget_active_seconds(e);
        e->resumed_s = -1;
        e->paused = true;
    }
    for (struct job *j = e->jobs; j; j = j->next)
        if (j->place == JOB_ON_WORKER)
            atomic_store(&j->yield, true);
    pthread_mutex_unlock(&e->work);
    if (!was)
        log_you(e, &(struct request){.kind = r->kind, .trial = -1}, "paused everything", NULL);
}

static void resume_all(struct engine *e, const struct request *r)
{
    pthread_mutex_lock(&e->work);
    bool was = e->paused;
    e->paused = false;
    if (was && !e->finished)
        e->resumed_s = clock_now_s();
    for (struct job *j = e->jobs; j; j = j->next)
        if (j->verdict == VERDICT_NONE)
            atomic_store(&j->yield, false);
    pthread_cond_broadcast(&e->to_workers);
    pthread_mutex_unlock(&e->work);
    if (was)
        log_you(e, &(struct request){.kind = r->kind, .trial = -1}, "resumed everything", NULL);
}

static void apply_verdict(struct engine *e, const struct request *r, enum verdict verdict,
                          const char *did)
{
    struct job *job = find_job(e, r->trial);
    if (!job) {
        engine_note_add(e, "#%lld had ended before it could be %s", (long long)r->trial, did);
        return;
    }
    log_trial(e, r, did);
    request_verdict(e, job, verdict);
}

static void pause_one(struct engine *e, const struct request *r)
{
    apply_verdict(e, r, VERDICT_PAUSE, "paused");
}

static void prune_one(struct engine *e, const struct request *r)
{
    apply_verdict(e, r, VERDICT_PRUNE, "pruned");
}

static void finish_one(struct engine *e, const struct request *r)
{
    apply_verdict(e, r, VERDICT_FINISH, "finished");
}

static void resume_one(struct engine *e, const struct request *r)
{
    struct job *job = find_job(e, r->trial);
    if (!job)
        return;
    log_trial(e, r, "resumed");
    pthread_mutex_lock(&e->work);
    if (job->verdict == VERDICT_PAUSE)
        job->verdict = VERDICT_NONE;
    atomic_store(&job->yield, false);
    if (job->place == JOB_PAUSED)
        job->place = JOB_READY;
    pthread_cond_broadcast(&e->to_workers);
    pthread_mutex_unlock(&e->work);
}

static void set_budget(struct engine *e, const char *who, int64_t epochs, int64_t trials)
{
    char say[96], fields[96], count[32];
    pthread_mutex_lock(&e->work);
    e->budget_epochs = epochs;
    e->budget_trials = trials;
    e->stopping = e->skip_confirm = false;
    pthread_mutex_unlock(&e->work);
    text_format(say, sizeof say, "the budget is %s now",
                epochs > 0 || trials <= 0 ? text_counted(count, sizeof count, epochs, "epoch")
                                          : text_counted(count, sizeof count, trials, "trial"));
    text_format(fields, sizeof fields, "\"budget_epochs\": %lld, \"budget_trials\": %lld",
                (long long)epochs, (long long)trials);
    study_log_event(e->log, who, "budget", -1, say, fields);
    engine_note_add(e, "%s", say);
}

/* A person's own trial is never refused for want of budget: it is raised by what is missing. */
static void make_room(struct engine *e, int epochs)
{
    int64_t spent = budget_spent(e);
    engine_fold_enter(e);
    const struct study *study = study_log_study(e->log);
    int64_t trials_used = budget_trials_begun(study);
    engine_fold_leave(e);
    pthread_mutex_lock(&e->work);
    int64_t needed = spent + budget_committed(e) + epochs;
    int64_t budget = e->budget_epochs, trials = e->budget_trials;
    e->stopping = e->skip_confirm = false;
    pthread_mutex_unlock(&e->work);
    int64_t new_budget = budget > 0 && needed > budget ? needed : budget;
    int64_t new_trials = trials > 0 && trials_used >= trials ? trials_used + 1 : trials;
    if (new_budget != budget || new_trials != trials)
        set_budget(e, "you", new_budget, new_trials);
}

static void seed(struct engine *e, const struct request *r)
{
    struct trial_start start = {.config = r->config,
                                .who = "you",
                                .continues = -1,
                                .reason = r->note[0] ? r->note : "seeded by hand",
                                .waiting = true};
    int handle;
    make_room(e, e->settings.full_epochs);
    if (study_log_create(e->log, &start, &handle) != ERR_OK) {
        engine_set_notice(e, "the seed could not be written: out of memory");
        return;
    }
    struct request done = *r;
    done.trial = study_log_number(e->log, handle);
    log_trial(e, &done, "seeded");
}

static void withdraw(struct engine *e, const struct request *r)
{
    log_trial(e, r, "withdrew");
    trials_withdraw(e, r->trial);
}

static void extend_running(struct engine *e, struct job *job, const struct request *r)
{
    char json[32];
    pthread_mutex_lock(&e->work);
    job->target_epochs += (int)r->amount;
    int target = job->target_epochs;
    pthread_mutex_unlock(&e->work);
    text_format(json, sizeof json, "%d", target);
    study_log_attribute(e->log, job->handle, "run:epochs", json);
}

/* Without kept weights an ended trial is trained again from epoch 1. */
static bool starts_over(const struct known *k)
{
    return k->state != TRIAL_RUNNING && !k->has_weights;
}

static void extend(struct engine *e, const struct request *r)
{
    char say[96], fields[48], count[32];
    struct err_info info = {0};
    struct known k = know(e, r->trial);
    text_format(say, sizeof say, "extended #%lld by %s", (long long)r->trial,
                text_counted(count, sizeof count, r->amount, "epoch"));
    text_format(fields, sizeof fields, "\"epochs\": %lld", (long long)r->amount);
    log_you(e, r, say, fields);
    make_room(e, (int)r->amount + (starts_over(&k) ? k.epochs : 0));
    struct job *job = find_job(e, r->trial);
    if (job)
        extend_running(e, job, r);
    else if (trials_continue(e, r->trial, (int)r->amount, &info) != ERR_OK)
        engine_set_notice(e, info.detail);
}

static void budget(struct engine *e, const struct request *r)
{
    pthread_mutex_lock(&e->work);
    int64_t epochs = e->budget_epochs, trials = e->budget_trials;
    pthread_mutex_unlock(&e->work);
    set_budget(e, "you", r->add ? budget_with(e, epochs, r->amount) : r->amount, trials);
}

static void workers(struct engine *e, const struct request *r)
{
    char say[64], fields[48];
    pthread_mutex_lock(&e->work);
    e->n_workers = (int)r->amount;
    worker_start_missing(e);
    int n = e->n_workers;
    pthread_cond_broadcast(&e->to_workers);
    pthread_mutex_unlock(&e->work);
    text_format(say, sizeof say, "%d worker%s", n, n == 1 ? "" : "s");
    text_format(fields, sizeof fields, "\"workers\": %d", n);
    log_you(e, &(struct request){.kind = r->kind, .trial = -1}, say, fields);
}

static void learn(struct engine *e, const struct request *r)
{
    learning_request(e, r->amount != 0);
}

static void learn_how(struct engine *e, const struct request *r)
{
    learning_mode(e, (enum learn_mode)r->amount);
}

static void stop(struct engine *e, const struct request *r)
{
    log_you(e, &(struct request){.kind = r->kind, .trial = -1}, "stopped the study", NULL);
    pthread_mutex_lock(&e->work);
    bool again = e->stopping;
    for (const struct job *j = e->jobs; j; j = j->next)
        again |= j->confirms;
    e->stopping = true;
    e->skip_confirm = again;
    bool paused = e->paused;
    pthread_mutex_unlock(&e->work);
    if (paused)
        resume_all(e, &(struct request){.kind = REQUEST_RESUME_ALL});
    request_finish_all(e, again);
}

/* ---- the Q-table: noted here, obeyed by the agent when it reads the fold ------------------- */

static void log_table(struct engine *e, const struct request *r, const char *say,
                      const char *fields)
{
    struct request none = *r;
    none.trial = -1;
    log_you(e, &none, say, fields);
}

static void pin_cell(struct engine *e, const struct request *r)
{
    char say[160], fields[200];
    const char *place = situation_name(r->situation), *move = move_name((enum move)r->move);
    text_format(say, sizeof say, "%s Q(%s, %s)", r->amount ? "pinned" : "unpinned", place, move);
    text_format(fields, sizeof fields, "\"situation\": \"%s\", \"action\": \"%s\", \"on\": %s",
                place, move, r->amount ? "true" : "false");
    log_table(e, r, say, fields);
}

static void edit_cell(struct engine *e, const struct request *r)
{
    char say[160], fields[320], value[32];
    const char *place = situation_name(r->situation), *move = move_name((enum move)r->move);
    long long visits = r->amount > 0 ? (long long)r->amount : QTABLE_EDIT_VISITS;
    text_double(value, sizeof value, r->value, false);
    text_format(say, sizeof say, "set Q(%s, %s) to %s, as after %lld visits", place, move, value,
                visits);
    text_format(fields, sizeof fields,
                "\"situation\": \"%s\", \"action\": \"%s\", \"new_q\": %s, \"visits\": %lld", place,
                move, value, visits);
    log_table(e, r, say, fields);
}

static void freeze_learning(struct engine *e, const struct request *r)
{
    log_table(e, r, r->amount ? "froze learning" : "let the agent learn again",
              r->amount ? "\"on\": true" : "\"on\": false");
}

static void wish_next(struct engine *e, const struct request *r)
{
    char say[160], fields[96];
    engine_fold_enter(e);
    long long from = (long long)study_log_study(e->log)->n_trials;
    engine_fold_leave(e);
    if (r->move < 0)
        text_copy(say, sizeof say, "left the next move to the agent");
    else
        text_format(say, sizeof say, "asked for the next move: %s", move_about((enum move)r->move));
    text_format(fields, sizeof fields, "\"action\": \"%s\", \"from\": %lld",
                r->move < 0 ? "" : move_name((enum move)r->move), from);
    log_table(e, r, say, fields);
}

static void ban(struct engine *e, const struct request *r)
{
    struct text say = {0}, fields = {0};
    bans_say_request(&e->space, &r->ban, &say, &fields);
    if (say.failed || fields.failed)
        engine_set_notice(e, "the ban could not be written: out of memory");
    else
        log_table(e, r, text_get(&say), text_get(&fields));
    text_free(&say);
    text_free(&fields);
    trials_read_bans(e);
}

static const struct kind kinds[REQUEST_QUIT + 1] = {
    [REQUEST_PAUSE_ALL] = {"pause", TARGET_NONE, pause_all},
    [REQUEST_RESUME_ALL] = {"resume", TARGET_NONE, resume_all},
    [REQUEST_PAUSE] = {"pause", TARGET_RUNNING, pause_one},
    [REQUEST_RESUME] = {"resume", TARGET_PAUSED, resume_one},
    [REQUEST_PRUNE] = {"prune", TARGET_RUNNING, prune_one},
    [REQUEST_FINISH] = {"finish", TARGET_RUNNING, finish_one},
    [REQUEST_SEED] = {"seed", TARGET_NONE, seed},
    [REQUEST_WITHDRAW] = {"withdraw", TARGET_WAITING, withdraw},
    [REQUEST_EXTEND] = {"extend", TARGET_TRIAL, extend},
    [REQUEST_BUDGET] = {"budget", TARGET_NONE, budget},
    [REQUEST_WORKERS] = {"workers", TARGET_NONE, workers},
    [REQUEST_Q_PIN] = {"q_pin", TARGET_NONE, pin_cell},
    [REQUEST_Q_EDIT] = {"q_edit", TARGET_NONE, edit_cell},
    [REQUEST_Q_FREEZE] = {"q_freeze", TARGET_NONE, freeze_learning},
    [REQUEST_NEXT_ACTION] = {"next_action", TARGET_NONE, wish_next},
    [REQUEST_BAN] = {"ban", TARGET_NONE, ban},
    [REQUEST_LEARN] = {"learn", TARGET_NONE, learn},
    [REQUEST_LEARN_MODE] = {"learn", TARGET_NONE, learn_how},
    [REQUEST_STOP] = {"stop", TARGET_NONE, stop},
    [REQUEST_QUIT] = {"quit", TARGET_NONE, NULL},
};

void request_apply(struct engine *e, const struct request *r)
{
    if (kinds[r->kind].apply)
        kinds[r->kind].apply(e, r);
}

/* ---- what it would cost ------------------------------------------------------------------ */

static void preview_prune(const struct known *k, char *out, size_t size)
{
    char seconds[32], count[32];
    text_format(out, size, "%d of %s, %s of training, would be lost%s", k->epochs,
                text_counted(count, sizeof count, k->target, "epoch"),
                text_duration(seconds, sizeof seconds, k->seconds),
                k->best ? "; it is the best so far: F keeps its value" : "");
}

static void preview_extend(struct engine *e, const struct known *k, const struct request *r,
                           char *out, size_t size)
{
    char count[32];
    bool again = starts_over(k);
    int64_t cost = r->amount + (again ? k->epochs : 0);
    text_format(out, size, "%s%s%s%s", again ? "trains again from epoch 1: " : "",
                text_counted(count, sizeof count, cost, "epoch"), again ? "" : " more",
                k->epochs + r->amount > e->settings.full_epochs
                    ? "; beyond the full length a schedule that is not constant starts a new cycle "
                      "at 0.3 x its rate"
                    : "");
}

static void preview_leave(struct engine *e, const struct request *r, char *out, size_t size)
{
    int running = 0;
    pthread_mutex_lock(&e->work);
    for (const struct job *j = e->jobs; j; j = j->next)
        running++;
    pthread_mutex_unlock(&e->work);
    if (r->kind == REQUEST_QUIT)
        text_format(out, size,
                    "Nothing is lost: %d running trial%s kept as checkpoints, and 'tiller resume "
                    "%s' goes on",
                    running, running == 1 ? "" : "s", e->options.study_path);
    else
        text_format(out, size,
                    "%d running trial%s ended with the value so far; then the test part "
                    "is read",
                    running, running == 1 ? "" : "s");
}

void engine_preview(struct engine *e, const struct request *request, char *out, size_t out_size)
{
    struct known k = {0};
    out[0] = 0;
    if (request->kind <= REQUEST_QUIT && kinds[request->kind].target != TARGET_NONE)
        k = know(e, request->trial);
    if (request->kind == REQUEST_PRUNE)
        preview_prune(&k, out, out_size);
    else if (request->kind == REQUEST_FINISH)
        text_format(out, out_size, "ends after %d of %d epochs and keeps its value", k.epochs,
                    k.target);
    else if (request->kind == REQUEST_EXTEND)
        preview_extend(e, &k, request, out, out_size);
    else if (request->kind == REQUEST_QUIT || request->kind == REQUEST_STOP)
        preview_leave(e, request, out, out_size);
}

/* engine: opening and closing a search, and what its front may see of it. */
#include "internal.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- small things shared ----------------------------------------------------------------- */

void engine_fold_enter(struct engine *e)
{
    pthread_mutex_lock(&e->fold);
}

void engine_fold_leave(struct engine *e)
{
    pthread_mutex_unlock(&e->fold);
}

static void guard_enter(void *e)
{
    engine_fold_enter(e);
}

static void guard_leave(void *e)
{
    engine_fold_leave(e);
}

static void guard_changed(void *self)
{
    struct engine *e = self;
    atomic_store(&e->log_changed, true);
    pthread_cond_signal(&e->to_engine);
    engine_wake(e);
}

void engine_wake(struct engine *e)
{
    if (atomic_exchange(&e->wake_pending, true))
        return;
    ssize_t n = write(e->wake[1], "", 1);
    (void)n; /* a full pipe is readable, which is all that is wanted */
}

int engine_wake_fd(struct engine *e)
{
    return e->wake[0];
}

void engine_drain(struct engine *e)
{
    char bytes[64];
    while (read(e->wake[0], bytes, sizeof bytes) > 0)
        ;
    atomic_store(&e->wake_pending, false);
}

void engine_note_add(struct engine *e, const char *fmt, ...)
{
    struct note note = {.sequence = study_log_sequence(e->log)};
    va_list args;
    if (!e->options.notes)
        return;
    note.note.time_s = clock_wall_s();
    va_start(args, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist*): va_start stands above */
    vsnprintf(note.note.text, sizeof note.note.text, fmt, args);
    va_end(args);
    pthread_mutex_lock(&e->work);
    if (e->n_notes < NOTES_MAX &&
        mem_grow((void **)&e->notes, &e->notes_capacity, e->n_notes, sizeof note))
        e->notes[e->n_notes++] = note;
    pthread_mutex_unlock(&e->work);
}

size_t engine_take_notes(struct engine *e, struct engine_note *out, size_t max)
{
    uint64_t durable = study_log_durable(e->log);
    size_t n = 0;
    pthread_mutex_lock(&e->work);
    while (n < max && n < e->n_notes && e->notes[n].sequence <= durable) {
        out[n] = e->notes[n].note;
        n++;
    }
    e->n_notes -= n;
    if (n > 0)
        memmove(e->notes, e->notes + n, e->n_notes * sizeof *e->notes);
    pthread_mutex_unlock(&e->work);
    return n;
}

void engine_set_notice(struct engine *e, const char *text)
{
    pthread_mutex_lock(&e->work);
    text_copy(e->notice, sizeof e->notice, text);
    pthread_mutex_unlock(&e->work);
}

void engine_checkpoint_path(const struct engine *e, int64_t number, char *out, size_t out_size)
{
    char name[48];
    text_format(name, sizeof name, "trial-%lld.safetensors", (long long)number);
    if (!file_join(out, out_size, study_log_folder(e->log), name))
        out[0] = 0;
}

/* ---- opening ----------------------------------------------------------------------------- */

static enum err unknown_method(const char *option, const char *(*names)(char *out, size_t size),
                               const char *said, struct err_info *info)
{
    char list[160], hint[176];
    text_format(hint, sizeof hint, "choose %s", names(list, sizeof list));
    return err_set(info, ERR_USAGE, option, hint, "'%s' is unknown", said);
}

static enum err choose_methods(struct engine *e, struct err_info *info)
{
    const struct sampler_ops *given = e->options.sampler_ops;
    e->sampler = given ? given : sampler_find(e->settings.sampler);
    e->pruner = pruner_find(e->settings.pruner);
    if (!e->sampler)
        return unknown_method("--sampler", sampler_names, e->settings.sampler, info);
    if (!e->pruner)
        return unknown_method("--pruner", pruner_names, e->settings.pruner, info);
    return ERR_OK;
}

/* What the study's name for its values is, and what a network that has learnt nothing has. */
static enum err choose_objective(struct engine *e, struct err_info *info)
{
    const struct data_set *set = e->options.set;
    enum err err = objective_find(e->settings.objective, set, &e->objective, info);
    if (err != ERR_OK)
        return err;
    objective_metric(e->objective, e->metric, sizeof e->metric);
    e->majority_error = objective_of_majority(e->objective, set);
    return ERR_OK;
}

/* Knowledge brings a better judge along. */
static const char *default_pruner(const struct engine_options *o)
{
    return o->guidance && pruner_find("learned") ? "learned" : "median";
}

static enum err settings_new(const struct engine_options *o, struct engine_settings *s,
                             struct err_info *info)
{
    text_copy(s->sampler, sizeof s->sampler, o->sampler ? o->sampler : "agent");
    text_copy(s->pruner, sizeof s->pruner, o->pruner ? o->pruner : default_pruner(o));
    text_copy(s->objective, sizeof s->objective, o->objective ? o->objective : objective_name(0));
    s->budget_epochs = o->budget_epochs;
    s->budget_trials = o->budget_trials;
    s->budget_seconds = o->budget_seconds;
    s->full_epochs = o->full_epochs > 0
                         ? o->full_epochs
                         : search_default_full_epochs(o->set->part[DATA_TRAIN].n_rows);
    s->rng_seed = o->rng_seed;
    s->no_test = o->no_test;
    s->confirm = o->confirm;
    s->knowledge = o->knowledge;
    if (!o->from)
        return ERR_OK;
    if (!text_copy(s->from, sizeof s->from, o->from))
        return err_set(info, ERR_USAGE, "--from", "use a shorter path", "the path is too long");
    return source_hash(s->from, s->from_hash, sizeof s->from_hash, info);
}

/* What the settings name, looked up; nothing is written before all of it is there. */
static enum err open_settings(struct engine *e, struct err_info *info)
{
    enum err err = choose_methods(e, info);
    if (err == ERR_OK)
        err = choose_objective(e, info);
    if (err == ERR_OK)
        err = net_source_reopen(&e->settings, e->options.set, &e->source, info);
    if (err == ERR_OK && e->own_runner)
        net_runner_set(e->own_runner, e->objective, e->source);
    return err;
}

static enum err open_new(struct engine *e, const struct study_guard *guard, struct err_info *info)
{
    const struct engine_options *o = &e->options;
    enum err err = settings_new(o, &e->settings, info);
    if (err == ERR_OK)
        err = open_settings(e, info);
    if (err != ERR_OK)
        return err;
    e->space = o->space;
    struct text searcher = {0};
    settings_write(e, &searcher);
    struct study_settings create = {.name = o->set->name,
                                    .metric = e->metric,
                                    .direction = 1,
                                    .space = &e->space,
                                    .searcher_json = text_get(&searcher),
                                    .task_path = o->set->path,
                                    .data_name = o->set->name,
                                    .family = o->set->family,
                                    .variant = o->set->variant,
                                    .fingerprint = o->set->fingerprint};
    err = searcher.failed ? err_set_memory(info, o->study_path)
                          : study_log_open(o->study_path, &create, guard, &e->log, info);
    text_free(&searcher);
    return err;
}

/* A setting said again must be the study's. */
static enum err check_same(const char *option, const char *said, const char *begun,
                           struct err_info *info)
{
    if (!said || strcmp(said, begun) == 0)
        return ERR_OK;
    return err_set(info, ERR_USAGE, option, "leave it out, or choose another --study FILE",
                   begun[0] ? "this study was begun with '%s'" : "this study was begun without%s",
                   begun);
}

/* Compared as the log has them. */
static enum err check_space(const struct engine_options *o, const struct study *study,
                            struct err_info *info)
{
    struct text said = {0}, begun = {0};
    space_put_json(&o->space, &said);
    space_put_json(&study->space, &begun);
    bool same = strcmp(text_get(&said), text_get(&begun)) == 0;
    text_free(&said);
    text_free(&begun);
    return same || !o->space_said
               ? ERR_OK
               : err_set(info, ERR_USAGE, o->study_path,
                         "leave out --space, --search and NAME=VALUE, or choose another --study "
                         "FILE",
                         "this study was begun with another space of hyperparameters");
}

static enum err check_agreement(struct engine *e, const struct study *study, struct err_info *info)
{
    const struct engine_options *o = &e->options;
    if (!engine_read_settings(study, &e->settings) || !study->space_declared)
        return err_set(info, ERR_INPUT, o->study_path, "choose another --study FILE",
                       "is a study of another program: tiller can't go on with it");
    if (study->fingerprint[0] && strcmp(study->fingerprint, o->set->fingerprint) != 0)
        return err_set(
            info, ERR_INPUT, o->study_path,
            "restore the data, or start a new study with another --study FILE",
            "%s is not the data of this study: it has changed since, or is read or split "
            "otherwise",
            o->set->path);
    enum err err = check_same("--sampler", o->sampler, e->settings.sampler, info);
    if (err == ERR_OK)
        err = check_same("--pruner", o->pruner, e->settings.pruner, info);
    if (err == ERR_OK)
        err = check_same("--objective", o->objective, e->settings.objective, info);
    if (err == ERR_OK)
        err = check_same("--from", o->from, e->settings.from, info);
    if (err == ERR_OK)
        err = check_space(o, study, info);
    if (err != ERR_OK)
        return err;
    if (o->full_epochs > 0 && o->full_epochs != e->settings.full_epochs)
        return err_set(info, ERR_USAGE, "--epochs-per-trial",
                       "leave it out, or choose another --study FILE",
                       "this study was begun with %d", e->settings.full_epochs);
    return open_settings(e, info);
}

static enum err open_existing(struct engine *e, const struct study_guard *guard,
                              struct err_info *info)
{
    struct study *seen = NULL; /* looked at before anything is locked or written */
    enum err err = study_read(e->options.study_path, NULL, &seen, info);
    if (err == ERR_OK)
        err = check_agreement(e, seen, info);
    if (err == ERR_OK)
        e->space = seen->space;
    study_free(seen);
    if (err == ERR_OK)
        err = study_log_open(e->options.study_path, NULL, guard, &e->log, info);
    return err;
}

static double seconds_before(const struct study *study)
{
    double seconds = 0;
    for (size_t i = 0; i < study->n_events; i++) {
        const struct study_event *event = &study->events[i];
        struct cJSON *doc = NULL;
        if (strcmp(event->what, "leave") == 0 && event->json &&
            json_parse(event->json, strlen(event->json), "event", &doc, NULL) == ERR_OK)
            json_get_number(doc, "seconds", &seconds);
        json_free(doc);
    }
    return seconds;
}

/* A budget said on resuming is the new total, or adds. */
static void apply_budget(struct engine *e, bool existing)
{
    const struct engine_options *o = &e->options;
    struct engine_settings *s = &e->settings;
    if (existing && o->budget_epochs > 0)
        s->budget_epochs =
            o->budget_adds ? budget_with(e, s->budget_epochs, o->budget_epochs) : o->budget_epochs;
    if (existing && o->budget_trials > 0)
        s->budget_trials = o->budget_trials;
    if (existing && o->budget_seconds > 0)
        s->budget_seconds = o->budget_seconds;
    if (existing && o->confirm > 0)
        s->confirm = o->confirm;
    bool said =
        o->budget_epochs > 0 || o->budget_trials > 0 || o->budget_seconds > 0 || o->confirm > 0;
    if (existing && said) {
        char fields[160], seconds[32];
        text_format(fields, sizeof fields,
                    "\"budget_epochs\": %lld, \"budget_trials\": %lld, \"budget_seconds\": %s, "
                    "\"confirm\": %d",
                    (long long)s->budget_epochs, (long long)s->budget_trials,
                    text_double(seconds, sizeof seconds, s->budget_seconds, false), s->confirm);
        study_log_event(e->log, "you", "budget", -1, "the budget was changed on resuming", fields);
    }
    e->budget_epochs = s->budget_epochs;
    e->budget_trials = s->budget_trials;
    e->budget_seconds = s->budget_seconds;
}

static void log_start(struct engine *e, bool existing)
{
    char fields[128], say[96];
    text_format(fields, sizeof fields, "\"workers\": %d, \"program\": \"tiller %s\"", e->n_workers,
                TILLER_VERSION);
    text_format(say, sizeof say, "%s with %d worker%s", existing ? "resumed" : "started",
                e->n_workers, e->n_workers == 1 ? "" : "s");
    study_log_event(e->log, "tiller", existing ? "resumed" : "started", -1, say, fields);
    if (e->source) {
        char text[200];
        engine_note_add(e, "trials may start from %s",
                        net_source_text(e->source, text, sizeof text));
    }
    guidance_log(e);
}

static enum err init_locks(struct engine *e, struct err_info *info)
{
    pthread_mutexattr_t recursive;
    pthread_condattr_t monotonic;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&e->fold, &recursive);
    pthread_mutex_init(&e->work, NULL);
    pthread_cond_init(&e->to_engine, &monotonic);
    pthread_cond_init(&e->to_front, &monotonic);
    pthread_cond_init(&e->to_workers, NULL);
    pthread_mutexattr_destroy(&recursive);
    pthread_condattr_destroy(&monotonic);
    if (pipe2(e->wake, O_NONBLOCK | O_CLOEXEC) != 0) {
        e->wake[0] = e->wake[1] = -1;
        return err_set_errno(info, ERR_IO, "engine", NULL, "no pipe");
    }
    return ERR_OK;
}

static enum err set_up(struct engine *e, bool existing, struct err_info *info)
{
    const struct engine_options *o = &e->options;
    struct study_guard guard = {guard_enter, guard_leave, guard_changed, e};
    enum err err = ERR_OK;
    e->ops = o->runner_ops ? o->runner_ops : &net_runner_ops;
    e->runner = o->runner;
    if (!o->runner_ops) {
        err = net_runner_new(o->set, &e->own_runner, info);
        e->runner = e->own_runner;
    }
    if (err == ERR_OK)
        err = existing ? open_existing(e, &guard, info) : open_new(e, &guard, info);
    if (err == ERR_OK)
        err = guidance_open(e, info);
    if (err != ERR_OK)
        return err;
    struct search_context context = {.study = study_log_study(e->log),
                                     .majority_error = e->majority_error,
                                     .share_left = 1,
                                     .full_epochs = e->settings.full_epochs,
                                     .rng_seed = e->settings.rng_seed,
                                     .guidance = engine_guidance(e)};
    engine_fold_enter(e);
    err = e->sampler->open(&context, &e->sampler_self, info);
    e->active_s = seconds_before(context.study);
    engine_fold_leave(e);
    return err;
}

static enum err start_threads(struct engine *e, struct err_info *info)
{
    pthread_mutex_lock(&e->work);
    worker_start_missing(e);
    int n = e->n_workers;
    pthread_mutex_unlock(&e->work);
    if (n == 0)
        return err_set(info, ERR_STATE, "workers", NULL, "no thread could be started");
    if (pthread_create(&e->thread, NULL, engine_main, e) != 0)
        return err_set(info, ERR_STATE, "engine", NULL, "no thread could be started");
    e->thread_started = true;
    return ERR_OK;
}

static int default_workers(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > ENGINE_WORKERS_MAX ? ENGINE_WORKERS_MAX : (int)cores;
}

enum err engine_start(const struct engine_options *options, struct engine **out,
                      struct err_info *info)
{
    *out = NULL;
    struct engine *e = mem_zero_alloc(1, sizeof *e);
    if (!e)
        return err_set_memory(info, "engine");
    e->options = *options;
    if (options->sampler_ops)
        e->options.sampler = options->sampler_ops->name;
    e->n_workers = options->n_workers > 0 ? options->n_workers : default_workers();
    e->paused = options->start_paused;
    e->learn = options->learner.fold ? options->learn : LEARN_OFF;
    bool existing = options->resume || file_exists(options->study_path);
    enum err err = init_locks(e, info);
    if (err == ERR_OK)
        err = set_up(e, existing, info);
    if (err == ERR_OK) {
        apply_budget(e, existing);
        log_start(e, existing);
        e->started_s = clock_now_s();
        e->resumed_s = e->paused ? -1 : e->started_s;
        err = start_threads(e, info);
    }
    if (err != ERR_OK) {
        engine_stop(e, NULL);
        return err;
    }
    *out = e;
    return ERR_OK;
}

/* ---- closing ----------------------------------------------------------------------------- */

static void join_threads(struct engine *e)
{
    pthread_mutex_lock(&e->work);
    e->quit = true;
    if (!e->thread_started)
        e->workers_leave = true;
    pthread_cond_signal(&e->to_engine);
    pthread_cond_broadcast(&e->to_workers);
    pthread_mutex_unlock(&e->work);
    if (e->thread_started)
        pthread_join(e->thread, NULL);
    for (int i = 0; i < ENGINE_WORKERS_MAX; i++)
        if (e->worker[i].started)
            pthread_join(e->worker[i].thread, NULL);
}

enum err engine_stop(struct engine *e, struct err_info *info)
{
    if (!e)
        return ERR_OK;
    join_threads(e);
    enum err err = e->error.code;
    if (err != ERR_OK && info)
        *info = e->error;
    if (e->sampler_self)
        e->sampler->close(e->sampler_self);
    if (e->log) {
        enum err closed = study_log_close(e->log, err == ERR_OK ? info : NULL);
        err = err == ERR_OK ? closed : err;
    }
    net_runner_free(e->own_runner);
    net_source_free(e->source);
    for (int i = 0; i < 2; i++)
        if (e->wake[i] >= 0)
            close(e->wake[i]);
    pthread_cond_destroy(&e->to_engine);
    pthread_cond_destroy(&e->to_front);
    pthread_cond_destroy(&e->to_workers);
    pthread_mutex_destroy(&e->work);
    pthread_mutex_destroy(&e->fold);
    mem_free(e->requests);
    mem_free(e->notes);
    mem_free(e);
    return err;
}

/* ---- looking ----------------------------------------------------------------------------- */

const struct study *engine_begin_read(struct engine *e)
{
    engine_fold_enter(e);
    return study_log_study(e->log);
}

void engine_end_read(struct engine *e)
{
    engine_fold_leave(e);
}

int engine_situation(const struct engine *e, const struct study *study)
{
    enum trust trust = situation_trust(study, (double)INFINITY);
    return situation_now(study, e->majority_error, trust, NULL, NULL);
}

static void status_of_fold(struct engine *e, struct engine_status *out)
{
    engine_fold_enter(e);
    const struct study *study = study_log_study(e->log);
    out->epochs_beside = engine_beside(study).epochs;
    out->epochs_spent = study->epochs_spent - out->epochs_beside;
    out->trials_done = budget_trials_done(study);
    out->situation = engine_situation(e, study);
    int n = 0;
    if (study->n_state[TRIAL_WAITING] > 0)
        for (size_t i = 0; i < study->n_trials && n < 3; i++) {
            const struct trial *t = &study->trials[i];
            if (t->state != TRIAL_WAITING)
                continue;
            out->next[n].valid = true;
            text_format(out->next[n].text, sizeof out->next[n].text, "#%lld waits: seeded by %s",
                        (long long)t->number, t->who[0] ? t->who : "optuna");
            n++;
        }
    engine_fold_leave(e);
}

/* Under work. */
static void status_of_work(struct engine *e, struct engine_status *out)
{
    double idle = 0, since = 0, now = clock_now_s();
    out->paused = e->paused;
    out->stopping = e->stopping || e->quit;
    out->finished = e->finished;
    out->n_workers = e->n_workers;
    for (int i = 0; i < e->n_workers; i++) {
        out->n_busy += e->worker[i].busy;
        idle += e->worker[i].idle_s;
        since += now - e->worker[i].since_s;
    }
    out->idle_share = since > 0 ? idle / since : 0;
    out->budget_epochs = e->budget_epochs;
    out->budget_trials = e->budget_trials;
    out->budget_seconds = e->budget_seconds;
    out->seconds = budget_active_seconds(e);
    out->epochs_per_second = budget_rate(e);
    out->seconds_left = budget_seconds_left(e, out->epochs_spent, out->trials_done);
    out->outlook = e->outlook;
    out->tells_chance = e->pruner->chance && e->guidance.knowledge;
    for (const struct job *j = e->jobs; j && out->tells_chance; j = j->next)
        if (j->place != JOB_ENDED && !j->confirms && out->n_judged < ENGINE_JUDGED_MAX) {
            out->judged[out->n_judged].trial = j->number;
            out->judged[out->n_judged++].chance = j->chance;
        }
    text_copy(out->notice, sizeof out->notice, e->notice);
    text_copy(out->banned, sizeof out->banned, e->banned);
    out->learn = e->learn;
    out->learn_stage = e->learn_stage;
    text_copy(out->learnt, sizeof out->learnt, e->learnt);
}

void engine_status(struct engine *e, struct engine_status *out)
{
    *out = (struct engine_status){.full_epochs = e->settings.full_epochs,
                                  .majority_error = e->majority_error};
    status_of_fold(e, out);
    out->share_left = budget_share_left(e);
    out->pending_bytes = study_log_pending_bytes(e->log);
    pthread_mutex_lock(&e->work);
    status_of_work(e, out);
    pthread_mutex_unlock(&e->work);
    out->samples_per_second =
        out->epochs_per_second * (double)e->options.set->part[DATA_TRAIN].n_rows;
    text_copy(out->sampler, sizeof out->sampler, e->settings.sampler);
    text_copy(out->pruner, sizeof out->pruner, e->settings.pruner);
}

bool engine_wait(struct engine *e, double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    double whole = floor(seconds);
    until.tv_sec += (time_t)whole;
    until.tv_nsec += (long)((seconds - whole) * 1e9);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&e->work);
    while (!e->finished && !e->left)
        if (pthread_cond_timedwait(&e->to_front, &e->work, &until) != 0)
            break;
    bool over = e->finished || e->left;
    pthread_mutex_unlock(&e->work);
    return over;
}

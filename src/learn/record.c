/* record: the recordings of several tasks, one after the other, each by an engine of its own.
 *
 * All workers are in the last task that was begun; when it has handed out its last training, the
 * next one begins with those that are idle and gets the others as they come free, so that cores
 * stay busy between tasks. What is there already is seen from the logs before anything starts. */
#include "internal.h"

#include <math.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { RUNNING_MAX = 16, POLL_MS = 250 };
static const double say_every_s = 10;

struct task {
    const char *typed;
    char name[DATA_TASK_NAME_MAX], path[640];
    int full_epochs, total, done; /* trainings */
    double epoch_cost;            /* mean over the shared points */
    bool over;
};

struct running {
    struct task *task;
    struct data_set *set;
    struct engine *engine;
    struct text data_json, plan_json;
    int n_workers;
    double cost_before; /* what was trained before this session */
    double began_s;
    char notice[240];
};

struct recorder {
    const struct learn_recording *r;
    struct task *task; /* [r->tasks.n] */
    size_t next;       /* first one not begun */
    struct running running[RUNNING_MAX];
    size_t n_running;
    int n_workers;
    double began_s, said_s;
    double cost_done; /* this session, of the tasks that are over */
};

static void say(const struct recorder *rec, const struct task *t, const char *what)
{
    char line[512];
    const struct learn_recording *r = rec->r;
    text_format(line, sizeof line, "%s (%zu of %zu): %s", t->name, (size_t)(t - rec->task) + 1,
                r->tasks.n, what);
    r->say(r->arg, line);
}

/* ---- before anything starts ---------------------------------------------------------------- */

/* A variant's ':' and ',' would be in the way of shells and other systems. */
static bool log_path(const struct learn_recording *r, const char *name, char *out, size_t out_size)
{
    char file[DATA_TASK_NAME_MAX + 32];
    text_format(file, sizeof file, "%s.%s.jsonl", name, r->plan.pool ? "pool" : "study");
    for (char *c = file; (c = strpbrk(c, ":,/"));)
        *c = '-';
    return file_join(out, out_size, r->folder, file);
}

static enum err check_log(const struct learn_recording *r, struct task *t, struct err_info *info)
{
    struct study *study = NULL;
    struct learn_plan plan;
    if (!file_exists(t->path))
        return ERR_OK;
    enum err err = study_read(t->path, NULL, &study, info);
    if (err != ERR_OK)
        return err;
    struct engine_settings settings;
    if (!learn_plan_of(study, &plan) || !engine_read_settings(study, &settings))
        err = err_set(info, ERR_INPUT, t->path, "choose another --out FOLDER",
                      "is the log of a search, not of a recording");
    else if (!plan_same(&plan, &r->plan))
        err = err_set(info, ERR_USAGE, t->path,
                      "say the same --configs, --own and --repeats, or choose another --out FOLDER",
                      "was begun with %d shared and %d own configurations, %d repeats",
                      plan.n_shared, plan.n_own, plan.n_repeats);
    else if (r->full_epochs > 0 && settings.full_epochs != r->full_epochs)
        err = err_set(info, ERR_USAGE, t->path, "leave out --epochs",
                      "was begun with %d epochs a training", settings.full_epochs);
    else {
        t->full_epochs = settings.full_epochs;
        t->done = (int)(study->n_state[TRIAL_COMPLETE] + study->n_state[TRIAL_PRUNED] +
                        study->n_state[TRIAL_FAIL]);
        t->over = t->done >= t->total && study->n_state[TRIAL_RUNNING] == 0;
    }
    study_free(study);
    return err;
}

static enum err survey(struct recorder *rec, size_t i, struct err_info *info)
{
    const struct learn_recording *r = rec->r;
    struct task *t = &rec->task[i];
    struct data_set *set = NULL;
    struct text data_json = {0};
    t->typed = r->tasks.typed[i];
    enum err err = r->tasks.open(r->tasks.arg, t->typed, &set, &data_json, info);
    text_free(&data_json);
    if (err != ERR_OK)
        return err;
    int32_t n_rows = set->part[DATA_TRAIN].n_rows;
    t->total = learn_plan_trainings(&r->plan);
    t->full_epochs = r->full_epochs > 0 ? r->full_epochs : search_default_full_epochs(n_rows);
    struct net_rows rows = net_rows_of(set, DATA_TRAIN);
    struct space space;
    net_space_of(set, false, &space);
    t->epoch_cost = cost_of_shared(&r->plan, &space, &rows);
    text_copy(t->name, sizeof t->name, set->name);
    data_free(set);
    if (!log_path(r, t->name, t->path, sizeof t->path))
        return err_set(info, ERR_USAGE, r->folder, "use a shorter path", "the path is too long");
    for (size_t k = 0; k < i; k++)
        if (strcmp(rec->task[k].path, t->path) == 0)
            return err_set(info, ERR_USAGE, t->typed, "name each task once",
                           "has the same log as '%s'", rec->task[k].typed);
    return check_log(r, t, info);
}

/* ---- a task's beginning and end -------------------------------------------------------------- */

static void release(struct running *g)
{
    data_free(g->set);
    text_free(&g->data_json);
    text_free(&g->plan_json);
}

/* What all epochs so far have cost. */
static double cost_so_far(const struct running *g)
{
    double sum = 0;
    struct net_rows shape = net_rows_of(g->set, DATA_TRAIN);
    const struct study *study = engine_begin_read(g->engine);
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        sum += t->n_recorded * cost_of_epoch(&study->space, &t->config, &shape);
    }
    engine_end_read(g->engine);
    return sum;
}

static enum err start_engine(const struct recorder *rec, struct running *g, struct err_info *info)
{
    const struct learn_recording *r = rec->r;
    enum err err = r->tasks.open(r->tasks.arg, g->task->typed, &g->set, &g->data_json, info);
    if (err != ERR_OK)
        return err;
    plan_write(&r->plan, &g->plan_json);
    if (g->data_json.failed || g->plan_json.failed)
        return err_set_memory(info, g->task->name);
    struct engine_options options = {
        .set = g->set,
        .study_path = g->task->path,
        .sampler_ops = plan_sampler(&r->plan),
        .sampler_json = text_get(&g->plan_json),
        .pruner = "none",
        .n_workers = g->n_workers,
        .budget_trials = file_exists(g->task->path) ? 0 : g->task->total,
        .full_epochs = r->full_epochs,
        .rng_seed = r->rng_seed,
        .no_test = true,
        .data_json = text_get(&g->data_json),
    };
    net_space_of(g->set, false, &options.space);
    return engine_start(&options, &g->engine, info);
}

static void say_begins(const struct recorder *rec, const struct task *t)
{
    char what[400], done[64] = "";
    const struct learn_plan *p = &rec->r->plan;
    if (t->done > 0)
        text_format(done, sizeof done, ", %d of them done", t->done);
    text_format(what, sizeof what, "%d trainings of %d epochs: %d shared, %d own, %d again%s; %s",
                t->total, t->full_epochs, p->n_shared, p->n_own, t->total - p->n_shared - p->n_own,
                done, t->path);
    say(rec, t, what);
}

static enum err begin(struct recorder *rec, int n_workers, struct err_info *info)
{
    struct task *t = &rec->task[rec->next++];
    if (t->over) {
        char what[64];
        text_format(what, sizeof what, "recorded already, %d trainings", t->done);
        say(rec, t, what);
        return ERR_OK;
    }
    struct running *g = &rec->running[rec->n_running];
    *g = (struct running){.task = t, .n_workers = n_workers, .began_s = clock_now_s()};
    say_begins(rec, t);
    enum err err = start_engine(rec, g, info);
    if (err != ERR_OK) {
        release(g);
        return err;
    }
    g->cost_before = cost_so_far(g);
    rec->n_running++;
    return ERR_OK;
}

static void say_ends(const struct recorder *rec, const struct running *g,
                     const struct engine_status *status, int64_t failed)
{
    char what[200], duration[32], epochs[32], bad[64] = "";
    if (failed > 0)
        text_format(bad, sizeof bad, " (%lld diverged)", (long long)failed);
    text_format(what, sizeof what,
                "recorded, %lld trainings%s, %s epochs; %s, workers idle %.1f %%",
                (long long)status->trials_done, bad,
                text_count(epochs, sizeof epochs, status->epochs_spent),
                text_duration(duration, sizeof duration, clock_now_s() - g->began_s),
                100 * status->idle_share);
    say(rec, g->task, what);
}

/* Takes running[i] out; leaves it if it is not done. */
static enum err end(struct recorder *rec, size_t i, struct err_info *info)
{
    struct running *g = &rec->running[i];
    struct engine_status status;
    engine_status(g->engine, &status);
    int64_t failed = engine_begin_read(g->engine)->n_state[TRIAL_FAIL];
    engine_end_read(g->engine);
    rec->cost_done += cost_so_far(g) - g->cost_before;
    g->task->done = (int)status.trials_done;
    g->task->over = status.finished;
    enum err err = engine_stop(g->engine, info);
    if (err == ERR_OK && status.finished)
        say_ends(rec, g, &status, failed);
    release(g);
    rec->n_running--;
    memmove(g, g + 1, (rec->n_running - i) * sizeof *g);
    return err;
}

/* ---- workers --------------------------------------------------------------------------------- */

/* Trainings that run; *all_out: there are no more to hand out. */
static int look(struct running *g, bool *all_out)
{
    const struct study *study = engine_begin_read(g->engine);
    int n = (int)study->n_state[TRIAL_RUNNING];
    *all_out = study->n_trials >= (size_t)g->task->total;
    g->task->done = (int)study->n_trials - n;
    engine_end_read(g->engine);
    return n;
}

static void set_workers(struct running *g, int n)
{
    struct request request = {.kind = REQUEST_WORKERS, .trial = -1, .amount = n};
    if (n != g->n_workers && engine_request(g->engine, &request, NULL) == ERR_OK)
        g->n_workers = n;
}

/* Idle workers go to the task begun last, or begin another. */
static enum err spread_workers(struct recorder *rec, struct err_info *info)
{
    enum err err = ERR_OK;
    for (;;) {
        int left = rec->n_workers;
        bool all_out = true;
        struct running *last = NULL;
        for (size_t i = 0; i < rec->n_running; i++) {
            int n = look(&rec->running[i], &all_out);
            if (!all_out)
                last = &rec->running[i];
            else
                left -= n;
        }
        if (last) {
            set_workers(last, left > 0 ? left : 1);
            return ERR_OK;
        }
        if (left <= 0 || rec->next == rec->r->tasks.n || rec->n_running == RUNNING_MAX)
            return ERR_OK;
        err = begin(rec, left, info);
        if (err != ERR_OK)
            return err;
    }
}

/* ---- progress -------------------------------------------------------------------------------- */

/* Seconds for all that is left, by the rate so far; NaN: not known yet. */
static double time_left(const struct recorder *rec)
{
    const double own_cost = 2; /* between one and all they may */
    double done = rec->cost_done, left = 0;
    for (size_t i = 0; i < rec->n_running; i++)
        done += cost_so_far(&rec->running[i]) - rec->running[i].cost_before;
    for (size_t i = 0; i < rec->r->tasks.n; i++) {
        const struct task *t = &rec->task[i];
        if (!t->over)
            left += cost_of_plan(&rec->r->plan, t->done, own_cost) * t->full_epochs * t->epoch_cost;
    }
    return done > 0 ? left * (clock_now_s() - rec->began_s) / done : (double)NAN;
}

static void say_progress(struct recorder *rec)
{
    char what[200], duration[32], left_text[48] = "";
    double now = clock_now_s(), left = time_left(rec);
    if (rec->n_running == 0 || now - rec->said_s < say_every_s)
        return;
    rec->said_s = now;
    if (isfinite(left))
        text_format(left_text, sizeof left_text, "; %s left for all",
                    text_duration(duration, sizeof duration, left));
    for (size_t i = 0; i < rec->n_running; i++) {
        struct running *g = &rec->running[i];
        struct engine_status status;
        engine_status(g->engine, &status);
        text_format(what, sizeof what, "%lld of %d trainings, %.1f epochs/s%s",
                    (long long)status.trials_done, g->task->total, status.epochs_per_second,
                    left_text);
        say(rec, g->task, what);
        if (status.notice[0] && strcmp(status.notice, g->notice) != 0)
            say(rec, g->task, status.notice);
        text_copy(g->notice, sizeof g->notice, status.notice);
    }
}

static void wait_for_news(struct recorder *rec)
{
    struct pollfd wake[RUNNING_MAX];
    for (size_t i = 0; i < rec->n_running; i++)
        wake[i] = (struct pollfd){.fd = engine_wake_fd(rec->running[i].engine), .events = POLLIN};
    if (poll(wake, rec->n_running, POLL_MS) > 0)
        for (size_t i = 0; i < rec->n_running; i++)
            if (wake[i].revents)
                engine_drain(rec->running[i].engine);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum err go_on(struct recorder *rec, struct err_info *info)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && !rec->r->leave(rec->r->arg)) {
        err = spread_workers(rec, info);
        if (rec->n_running == 0)
            return err;
        wait_for_news(rec);
        for (size_t i = rec->n_running; i-- > 0 && err == ERR_OK;)
            if (engine_wait(rec->running[i].engine, 0))
                err = end(rec, i, info);
        say_progress(rec);
    }
    return err;
}

static int cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 64 ? 64 : (int)n;
}

/* Everything is looked at before anything is written or trained. */
static enum err record(struct recorder *rec, struct err_info *info)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < rec->r->tasks.n && err == ERR_OK; i++)
        err = survey(rec, i, info);
    if (err == ERR_OK)
        err = file_make_folder(rec->r->folder, info);
    if (err == ERR_OK)
        err = go_on(rec, info);
    while (rec->n_running > 0) { /* asked to leave, or one of them failed */
        enum err ended = end(rec, rec->n_running - 1, err == ERR_OK ? info : NULL);
        err = err == ERR_OK ? ended : err;
    }
    return err;
}

enum err learn_record(const struct learn_recording *r, bool *finished, struct err_info *info)
{
    *finished = false;
    struct task *task = mem_zero_alloc(r->tasks.n, sizeof *task);
    struct recorder *rec = task ? mem_zero_alloc(1, sizeof *rec) : NULL;
    if (!rec) {
        mem_free(task);
        return err_set_memory(info, "learn");
    }
    *rec = (struct recorder){.r = r,
                             .task = task,
                             .n_workers = r->n_workers > 0 ? r->n_workers : cores(),
                             .began_s = clock_now_s(),
                             .said_s = clock_now_s()};
    enum err err = record(rec, info);
    *finished = err == ERR_OK;
    for (size_t i = 0; i < r->tasks.n; i++)
        *finished = *finished && task[i].over;
    mem_free(task);
    mem_free(rec);
    return err;
}

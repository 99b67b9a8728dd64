/* race: the thread that replays searches or reads logs, and the picture that others copy.
 *
 * The thread alone changes its table and runs; the picture is shared, under one lock that is held
 * for copies only. Searches are replayed seed by seed, so that all lanes grow evenly. Whoever comes
 * second, the closing owner or the ending thread, frees. */
#include "race_known.h"
#include "race_lanes.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char race_default_methods[] = "agent,random,tpe+hyperband,gp,sobol,filter";
/* The first is what `tiller run` does, the second what it would do without knowledge. */
const char race_knowing_methods[] = "agent+learned,agent-alone+median,portfolio+halving,random,"
                                    "random+halving,tpe+hyperband,gp,filter";

struct race {
    char (*path)[512]; /* [n_paths] */
    size_t n_paths;
    char task[CURVE_NAME_MAX];
    struct bench_method method[RACE_LANES_MAX];
    int n_methods, n_seeds;
    double budget;
    enum curve_unit unit;
    bool logs; /* the paths are study logs */
    struct race_guides known;

    /* thread only */
    struct curve_table *table;
    struct bench_run run[RACE_LANES_MAX][RACE_SEEDS_MAX];
    off_t seen_bytes[RACE_LANES_MAX];
    char fingerprint[RACE_LANES_MAX][40]; /* of each log's data */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct race_picture picture; /* under lock, as all below */
    bool closed, ended;
};

void race_picture_free(struct race_picture *p)
{
    for (int i = 0; i < RACE_LANES_MAX; i++)
        race_lane_free(&p->lane[i]);
    memset(p, 0, sizeof *p);
}

static void race_free(struct race *r)
{
    for (int m = 0; m < RACE_LANES_MAX; m++)
        for (int s = 0; s < RACE_SEEDS_MAX; s++)
            bench_run_free(&r->run[m][s]);
    race_known_free(&r->known);
    curve_table_free(r->table);
    race_picture_free(&r->picture);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->changed);
    mem_free(r->path);
    mem_free(r);
}

/* ---- publishing -------------------------------------------------------------------------- */

/* Under lock. */
static void publish(struct race *r)
{
    struct race_picture *p = &r->picture;
    p->version++;
    for (int i = 0; i < p->n_lanes; i++)
        if (p->lane[i].n_epochs > p->n_epochs)
            p->n_epochs = p->lane[i].n_epochs;
    pthread_cond_broadcast(&r->changed);
}

static bool is_closed(struct race *r)
{
    pthread_mutex_lock(&r->lock);
    bool closed = r->closed;
    pthread_mutex_unlock(&r->lock);
    return closed;
}

static void say_problem(struct race *r, const struct err_info *info)
{
    pthread_mutex_lock(&r->lock);
    text_format(r->picture.problem, sizeof r->picture.problem, "%s: %s%s%s", info->where,
                info->detail, info->hint[0] ? "; " : "", info->hint);
    publish(r);
    pthread_mutex_unlock(&r->lock);
}

/* The lane takes the place of the one shown, whose name stays. */
static void replace_lane(struct race *r, int i, struct race_lane *lane)
{
    pthread_mutex_lock(&r->lock);
    race_lane_free(&r->picture.lane[i]);
    r->picture.lane[i] = *lane;
    publish(r);
    pthread_mutex_unlock(&r->lock);
    memset(lane, 0, sizeof *lane);
}

/* ---- searches on a table ----------------------------------------------------------------- */

/* The table has one task by then. */
static int full_epochs(const struct race *r)
{
    return r->table->tasks[0].n_epochs;
}

static int budget_epochs(const struct race *r)
{
    return (int)fmax(1, round(r->budget * full_epochs(r)));
}

static void describe_table(struct race *r, const char *known)
{
    const struct curve_task *t = &r->table->tasks[0];
    pthread_mutex_lock(&r->lock);
    struct race_picture *p = &r->picture;
    text_format(p->title, sizeof p->title, "%s (%s), %d search%s of each", t->name, r->table->name,
                r->n_seeds, r->n_seeds == 1 ? "" : "es");
    text_copy(p->known, sizeof p->known, known);
    text_copy(p->fingerprint, sizeof p->fingerprint, t->fingerprint);
    p->full_epochs = full_epochs(r);
    p->n_epochs = budget_epochs(r);
    p->best = t->best;
    p->median = t->median;
    publish(r);
    pthread_mutex_unlock(&r->lock);
}

static enum err open_table(struct race *r, char *known, size_t known_size, struct err_info *info)
{
    const char *path = r->path[0], *task = r->task;
    bool asks = false;
    for (int m = 0; m < r->n_methods; m++)
        asks = asks || race_known_matters(&r->method[m]);
    enum err err = curve_table_open(&path, 1, r->unit, NULL, &r->table, info);
    if (err == ERR_OK)
        err = curve_table_measure(r->table, info);
    if (err == ERR_OK && !task[0])
        text_copy(r->task, sizeof r->task, r->table->tasks[0].name);
    if (err == ERR_OK)
        err = curve_table_keep(r->table, &task, 1, info);
    if (err == ERR_OK && asks)
        err = race_known_open(&r->known, r->table, known, known_size, info);
    return err;
}

/* A method that can't go on keeps what it has; the others run. */
static void run_search(struct race *r, int method, int seed)
{
    struct err_info info = {0};
    struct race_lane lane = {.n_wanted = r->n_seeds};
    double untrained = r->table->tasks[0].majority;
    text_copy(lane.name, sizeof lane.name, r->method[method].name);
    enum err err = bench_replay(r->table, 0, &r->method[method],
                                race_known_guidance(&r->known, &r->method[method]), (uint64_t)seed,
                                budget_epochs(r), &r->run[method][seed], &info);
    int n = err == ERR_OK ? seed + 1 : seed;
    if (err != ERR_OK)
        text_format(lane.problem, sizeof lane.problem, "%s", info.detail);
    if (n > 0 && race_lane_of_runs(r->run[method], n, untrained, &lane) != ERR_OK)
        text_copy(lane.problem, sizeof lane.problem, "out of memory");
    replace_lane(r, method, &lane);
}

static void run_searches(struct race *r)
{
    struct err_info info = {0};
    bool failed[RACE_LANES_MAX] = {false};
    char known[200] = "";
    if (open_table(r, known, sizeof known, &info) != ERR_OK) {
        say_problem(r, &info);
        return;
    }
    describe_table(r, known);
    for (int s = 0; s < r->n_seeds; s++)
        for (int m = 0; m < r->n_methods && !is_closed(r); m++) {
            if (!failed[m])
                run_search(r, m, s);
            failed[m] = r->picture.lane[m].problem[0] != 0; /* only this thread writes it */
        }
}

/* ---- logs -------------------------------------------------------------------------------- */

static void read_log(struct race *r, int i)
{
    struct study *study = NULL;
    struct err_info info = {0};
    struct race_lane lane = {.n_runs = 0};
    if (study_read(r->path[i], NULL, &study, &info) != ERR_OK)
        text_format(lane.problem, sizeof lane.problem, "%s", info.detail);
    else if (race_lane_of_study(study, &lane) != ERR_OK)
        text_copy(lane.problem, sizeof lane.problem, "out of memory");
    else
        text_copy(r->fingerprint[i], sizeof r->fingerprint[i], study->fingerprint);
    text_sanitize(lane.name, sizeof lane.name, file_base_name(r->path[i]));
    char *end = strstr(lane.name, ".study.jsonl");
    if (end)
        *end = 0;
    study_free(study);
    replace_lane(r, i, &lane);
}

/* Errors on different rows can't be compared, so the title says it. */
static void judge_logs(struct race *r)
{
    bool same = true;
    for (size_t i = 1; i < r->n_paths; i++)
        same = same && strcmp(r->fingerprint[i], r->fingerprint[0]) == 0;
    pthread_mutex_lock(&r->lock);
    r->picture.differs = !same;
    text_copy(r->picture.fingerprint, sizeof r->picture.fingerprint, r->fingerprint[0]);
    text_format(r->picture.title, sizeof r->picture.title, "%zu stud%s%s", r->n_paths,
                r->n_paths == 1 ? "y" : "ies",
                same ? "" : " of different data: their errors do not compare");
    pthread_mutex_unlock(&r->lock);
}

/* Reads the logs that have grown. */
static void read_logs(struct race *r)
{
    for (size_t i = 0; i < r->n_paths && !is_closed(r); i++) {
        struct stat st;
        off_t bytes = stat(r->path[i], &st) == 0 ? st.st_size : -1;
        if (bytes == r->seen_bytes[i])
            continue;
        r->seen_bytes[i] = bytes;
        read_log(r, (int)i);
    }
    judge_logs(r);
}

static void follow_logs(struct race *r)
{
    struct timespec until;
    pthread_mutex_lock(&r->lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    while (!r->closed && pthread_cond_timedwait(&r->changed, &r->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&r->lock);
    read_logs(r);
}

/* ---- the thread -------------------------------------------------------------------------- */

static void *race_main(void *arg)
{
    struct race *r = arg;
    if (nice(10) == -1) /* of this thread: what trains goes first; without it, it works too */
        errno = 0;
    if (r->logs)
        read_logs(r);
    else
        run_searches(r);
    pthread_mutex_lock(&r->lock);
    r->picture.working = false;
    publish(r);
    pthread_mutex_unlock(&r->lock);
    while (r->logs && !is_closed(r))
        follow_logs(r);
    pthread_mutex_lock(&r->lock);
    r->ended = true;
    bool mine = r->closed;
    pthread_mutex_unlock(&r->lock);
    if (mine)
        race_free(r);
    return NULL;
}

/* ---- opening ----------------------------------------------------------------------------- */

static enum err find_methods(struct race *r, const char *names, struct err_info *info)
{
    char name[BENCH_NAME_MAX];
    for (const char *at = names; *at;) {
        size_t n = strcspn(at, ",");
        if (n == 0 || n >= sizeof name || r->n_methods == RACE_LANES_MAX)
            return err_set(info, ERR_USAGE, "--methods", "SAMPLER or SAMPLER+PRUNER, with commas",
                           "between 1 and %d methods", RACE_LANES_MAX);
        text_format(name, sizeof name, "%.*s", (int)n, at);
        enum err err = bench_method_find(name, &r->method[r->n_methods++], info);
        if (err != ERR_OK)
            return err;
        at += n + (at[n] == ',');
    }
    return ERR_OK;
}

static enum err check_numbers(const struct race_options *o, struct err_info *info)
{
    if (o->n_paths < 1 || o->n_paths > RACE_LANES_MAX)
        return err_set(info, ERR_USAGE, "race", "give a table or study logs",
                       "between 1 and %d files", RACE_LANES_MAX);
    if (o->n_seeds < 0 || o->n_seeds > RACE_SEEDS_MAX)
        return err_set(info, ERR_RANGE, "--seeds", NULL, "between 1 and %d", RACE_SEEDS_MAX);
    if (!(o->budget >= 0 && o->budget <= 1000))
        return err_set(info, ERR_RANGE, "--budget", NULL, "at most 1,000 full trainings");
    return ERR_OK;
}

static bool is_log(const char *path)
{
    const char *end = strstr(path, ".jsonl");
    bool pool = end && end - path >= 5 && strncmp(end - 5, ".pool", 5) == 0;
    return end && end[6] == 0 && !pool;
}

static enum err take_paths(struct race *r, const struct race_options *o, struct err_info *info)
{
    r->path = mem_alloc(o->n_paths, sizeof *r->path);
    if (!r->path)
        return err_set_memory(info, "race");
    r->n_paths = o->n_paths;
    r->logs = is_log(o->path[0]);
    for (size_t i = 0; i < o->n_paths; i++) {
        if (!text_copy(r->path[i], sizeof r->path[i], o->path[i]))
            return err_set(info, ERR_RANGE, "race", NULL, "the name of file %zu is too long",
                           i + 1);
        if (is_log(o->path[i]) != r->logs || (i > 0 && !r->logs))
            return err_set(info, ERR_USAGE, o->path[i],
                           "several logs (NAME.study.jsonl), or one table",
                           "can't be raced against %s", o->path[0]);
        r->seen_bytes[i] = -2; /* not looked at yet */
    }
    return ERR_OK;
}

/* What is seen before the thread has done anything. */
static void first_picture(struct race *r)
{
    struct race_picture *p = &r->picture;
    p->best = p->median = (double)NAN;
    p->working = true;
    p->version = 1;
    p->n_lanes = r->logs ? (int)r->n_paths : r->n_methods;
    text_copy(p->title, sizeof p->title, r->logs ? "study logs" : file_base_name(r->path[0]));
    for (int i = 0; i < p->n_lanes; i++) {
        struct race_lane *lane = &p->lane[i];
        lane->n_wanted = r->logs ? 1 : r->n_seeds;
        text_sanitize(lane->name, sizeof lane->name,
                      r->logs ? file_base_name(r->path[i]) : r->method[i].name);
    }
}

static enum err start_thread(struct race *r, struct err_info *info)
{
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int failed = pthread_create(&thread, &attr, race_main, r);
    pthread_attr_destroy(&attr);
    return failed ? err_set(info, ERR_MEMORY, "race", NULL, "no thread could be started") : ERR_OK;
}

static const char *methods_of(const struct race *r, const struct race_options *o)
{
    if (o->methods && o->methods[0])
        return o->methods;
    return r->known.file[0] && file_exists(r->known.file) ? race_knowing_methods
                                                          : race_default_methods;
}

enum err race_open(const struct race_options *o, struct race **out, struct err_info *info)
{
    *out = NULL;
    enum err err = check_numbers(o, info);
    if (err != ERR_OK)
        return err;
    struct race *r = mem_zero_alloc(1, sizeof *r);
    if (!r)
        return err_set_memory(info, "race");
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    r->n_seeds = o->n_seeds > 0 ? o->n_seeds : 5;
    r->budget = o->budget > 0 ? o->budget : 30;
    r->unit = o->unit;
    text_copy(r->task, sizeof r->task, o->task ? o->task : "");
    err = take_paths(r, o, info);
    if (err == ERR_OK)
        err = race_known_take(&o->known, &r->known, info);
    if (err == ERR_OK && !r->logs)
        err = find_methods(r, methods_of(r, o), info);
    if (err == ERR_OK) {
        first_picture(r);
        err = start_thread(r, info);
    }
    if (err == ERR_OK)
        *out = r;
    else
        race_free(r);
    return err;
}

void race_close(struct race *race)
{
    if (!race)
        return;
    pthread_mutex_lock(&race->lock);
    race->closed = true;
    bool mine = race->ended;
    pthread_cond_broadcast(&race->changed);
    pthread_mutex_unlock(&race->lock);
    if (mine)
        race_free(race);
}

/* ---- copies ------------------------------------------------------------------------------ */

static bool copy_lane(struct race_lane *out, const struct race_lane *lane)
{
    struct race_step *step = out->step;
    size_t capacity = out->capacity;
    if (lane->n_steps > capacity) {
        step = mem_resize(step, lane->n_steps, sizeof *step);
        if (!step)
            return false;
        capacity = lane->n_steps;
    }
    if (lane->n_steps > 0)
        memcpy(step, lane->step, lane->n_steps * sizeof *step);
    *out = *lane;
    out->step = step;
    out->capacity = capacity;
    return true;
}

bool race_read(struct race *race, struct race_picture *p)
{
    pthread_mutex_lock(&race->lock);
    const struct race_picture *from = &race->picture;
    bool ok = p->version != from->version;
    for (int i = 0; i < from->n_lanes && ok; i++)
        ok = copy_lane(&p->lane[i], &from->lane[i]);
    if (ok) {
        memcpy(p->title, from->title, sizeof p->title);
        memcpy(p->known, from->known, sizeof p->known);
        memcpy(p->problem, from->problem, sizeof p->problem);
        memcpy(p->fingerprint, from->fingerprint, sizeof p->fingerprint);
        p->version = from->version;
        p->working = from->working;
        p->differs = from->differs;
        p->full_epochs = from->full_epochs;
        p->n_epochs = from->n_epochs;
        p->best = from->best;
        p->median = from->median;
        p->n_lanes = from->n_lanes;
    }
    pthread_mutex_unlock(&race->lock);
    return ok;
}

bool race_wait(struct race *race, double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)seconds;
    until.tv_nsec += (long)((seconds - floor(seconds)) * 1e9);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&race->lock);
    while (race->picture.working &&
           pthread_cond_timedwait(&race->changed, &race->lock, &until) != ETIMEDOUT)
        ;
    bool done = !race->picture.working;
    pthread_mutex_unlock(&race->lock);
    return done;
}

/* replay: one search on one task whose curves are all known.
 *
 * The engine's loop in small: propose, train epoch by epoch, ask the pruner, end, let the sampler
 * observe; in the same order and with the same figures in the fold (src/engine/trials.c), but with
 * one worker, and a table in place of networks. */
#include "memory_study.h"
#include "tiller/bench.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum rng_stream { STREAM_PROPOSAL = 1, STREAM_TRIAL = 2 };

/* A search under way. */
struct replay {
    const struct curve_table *table;
    const struct curve_task *task;
    const struct bench_method *method;
    void *sampler;
    struct memory_study memory;
    uint64_t rng_seed; /* of the task and the seed */
    int budget;
    int *unused; /* [n_unused] pool points not tried yet */
    int n_unused;
    double best;
    struct bench_run *run;
    struct err_info *info;
};

/* ---- methods ----------------------------------------------------------------------------- */

static enum err unknown_method(const char *name, struct err_info *info)
{
    struct text hint = {0};
    char list[256];
    text_append(&hint, "SAMPLER or SAMPLER+PRUNER;");
    for (size_t i = 0; i < sampler_count(); i++)
        text_appendf(&hint, " %s", sampler_at(i)->name);
    text_append(&hint, ";");
    for (size_t i = 0; i < pruner_count(); i++)
        text_appendf(&hint, " %s", pruner_at(i)->name);
    text_copy(list, sizeof list, text_get(&hint));
    text_free(&hint);
    return err_set(info, ERR_USAGE, "--methods", list, "there is no method '%s'", name);
}

enum err bench_method_find(const char *name, struct bench_method *out, struct err_info *info)
{
    char sampler[BENCH_NAME_MAX];
    const char *plus = strchr(name, '+');
    memset(out, 0, sizeof *out);
    if (!text_copy(out->name, sizeof out->name, name))
        return unknown_method(name, info);
    text_format(sampler, sizeof sampler, "%.*s", (int)(plus ? plus - name : (long)strlen(name)),
                name);
    out->sampler = sampler_find(sampler);
    out->pruner = pruner_find(plus ? plus + 1 : "none");
    return out->sampler && out->pruner ? ERR_OK : unknown_method(name, info);
}

/* ---- what came of it --------------------------------------------------------------------- */

void bench_run_free(struct bench_run *run)
{
    mem_free(run->step);
    memset(run, 0, sizeof *run);
}

static double charged_at(const struct bench_step *s, enum bench_axis axis)
{
    return axis == BENCH_COST ? s->cost : s->epoch;
}

double bench_run_error(const struct bench_run *run, enum bench_axis axis, double charged,
                       double untrained)
{
    int low = 0, high = run->n_steps; /* steps before low are charged in full */
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (charged_at(&run->step[middle], axis) <= charged)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? fmin(run->step[low - 1].error, untrained) : untrained;
}

double bench_run_reaches(const struct bench_run *run, enum bench_axis axis, double target)
{
    for (int i = 0; i < run->n_steps; i++)
        if (run->step[i].error <= target)
            return charged_at(&run->step[i], axis);
    return 0;
}

static enum err add_step(struct replay *r, double error)
{
    struct bench_run *run = r->run;
    size_t capacity = (size_t)run->capacity;
    if (!mem_grow((void **)&run->step, &capacity, (size_t)run->n_steps, sizeof *run->step))
        return err_set_memory(r->info, "replay");
    run->capacity = (int)capacity;
    run->step[run->n_steps++] = (struct bench_step){run->n_epochs, run->cost, error};
    return ERR_OK;
}

/* ---- random numbers ---------------------------------------------------------------------- */

static uint64_t seed_of(const struct curve_task *task, uint64_t rng_seed)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(rng_seed >> (8 * i));
    return hash_bytes(hash_bytes(HASH_START, task->name, strlen(task->name)), bytes, sizeof bytes);
}

static uint64_t stream(enum rng_stream purpose, int64_t number)
{
    return (uint64_t)purpose << 32 | (uint64_t)number;
}

/* ---- points of the pool ------------------------------------------------------------------ */

static double distance(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

/* The nearest unused point to that place, from now on used. There is one. */
static int take_nearest(struct replay *r, const double *unit)
{
    int d = r->table->space.n, best = 0;
    double least = (double)INFINITY;
    for (int i = 0; i < r->n_unused; i++) {
        double far = distance(unit, &r->task->pool->unit[(size_t)r->unused[i] * (size_t)d], d);
        if (far < least || (far == least && r->unused[i] < r->unused[best])) {
            least = far;
            best = i;
        }
    }
    int point = r->unused[best];
    r->unused[best] = r->unused[--r->n_unused];
    return point;
}

/* ---- one trial --------------------------------------------------------------------------- */

static struct search_context context_of(const struct replay *r)
{
    const struct study *study = &r->memory.study;
    return (struct search_context){
        .study = study,
        .majority_error = r->task->majority,
        .share_left = 1 - (double)study->epochs_spent / (double)r->budget,
        .full_epochs = r->table->n_epochs,
        .rng_seed = r->rng_seed,
    };
}

/* Asks the sampler and begins the trial at the pool point nearest to what it says. */
static enum err propose(struct replay *r, int *point)
{
    double unit[SPACE_MAX];
    struct proposal p = {0};
    struct rng rng;
    struct search_context context = context_of(r);
    int64_t number = (int64_t)r->memory.study.n_trials;
    rng_seed(&rng, r->rng_seed, stream(STREAM_PROPOSAL, number));
    enum err err = r->method->sampler->propose(r->sampler, &context, &rng, &p);
    if (err != ERR_OK)
        return err_set(r->info, err, r->method->name, NULL, "the sampler can't propose: %s",
                       err_sentence(err));
    space_encode(&r->table->space, &p.config, unit);
    *point = take_nearest(r, unit);
    p.config = r->task->pool->config[*point];
    int left = r->budget - r->run->n_epochs, full = r->table->n_epochs;
    r->run->n_decisions++;
    r->run->n_trials++;
    if (!memory_study_add(&r->memory, &p, stream(STREAM_TRIAL, number), left < full ? left : full))
        return err_set_memory(r->info, "replay");
    return ERR_OK;
}

/* One epoch of the point's curve, charged. */
static enum err reveal(struct replay *r, int point, int epoch)
{
    double metric[METRIC_N];
    size_t at = (size_t)point * (size_t)r->table->n_epochs + (size_t)epoch - 1;
    double value = r->task->error[at];
    for (int m = 0; m < METRIC_N; m++)
        metric[m] = r->task->metric[m] ? r->task->metric[m][at] : (double)NAN;
    memory_study_epoch(&r->memory, value, metric);
    r->run->n_epochs++;
    r->run->cost += r->task->cost ? r->task->cost[point] : 1;
    if (!(value < r->best))
        return ERR_OK;
    r->best = value;
    return add_step(r, value);
}

static bool pruned(struct replay *r, int epoch)
{
    char reason[256];
    const struct pruner_ops *pruner = r->method->pruner;
    const struct study *study = &r->memory.study;
    if (!pruner->is_rung(epoch, r->table->n_epochs))
        return false;
    struct search_context context = context_of(r);
    r->run->n_decisions++;
    return pruner->stop(&context, &study->trials[study->n_trials - 1], reason, sizeof reason);
}

/* Until its end, a NaN, or the pruner's word. */
static enum err train(struct replay *r, int point, enum trial_state *end)
{
    const struct study *study = &r->memory.study;
    int target = study->trials[study->n_trials - 1].target_epochs;
    enum err err = ERR_OK;
    *end = TRIAL_COMPLETE;
    for (int epoch = 1; epoch <= target && *end == TRIAL_COMPLETE && err == ERR_OK; epoch++) {
        err = reveal(r, point, epoch);
        const struct trial *t = &study->trials[study->n_trials - 1];
        if (isnan(t->curve[epoch - 1].value))
            *end = TRIAL_FAIL;
        else if (epoch < target && pruned(r, epoch))
            *end = TRIAL_PRUNED;
    }
    return err;
}

/* As the engine does: reward, end, then the sampler's update. */
static enum err finish(struct replay *r, enum trial_state end)
{
    struct memory_study *m = &r->memory;
    struct q_update update = {0};
    const struct trial *incumbent = meta_incumbent(&m->study, (double)INFINITY);
    const struct trial *t = &m->study.trials[m->study.n_trials - 1];
    double before = incumbent ? incumbent->value : r->task->majority, after = before;
    if (end == TRIAL_COMPLETE && t->value < before)
        after = t->value;
    struct search_context context = context_of(r);
    memory_study_end(m, end, meta_reward(before, after, context.share_left));
    t = &m->study.trials[m->study.n_trials - 1];
    if (!r->method->sampler->observe(r->sampler, &context, t, before, &update))
        return ERR_OK;
    return memory_study_update(m, &update) == ERR_OK ? ERR_OK : err_set_memory(r->info, "replay");
}

/* ---- the search -------------------------------------------------------------------------- */

static enum err search(struct replay *r)
{
    struct search_context context = context_of(r);
    enum err err = r->method->sampler->open(&context, &r->sampler, r->info);
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && r->run->n_epochs < r->budget && r->n_unused > 0) {
        enum trial_state end = TRIAL_COMPLETE;
        int point = 0;
        err = propose(r, &point);
        if (err == ERR_OK)
            err = train(r, point, &end);
        if (err == ERR_OK)
            err = finish(r, end);
    }
    r->method->sampler->close(r->sampler);
    return err;
}

static enum err begin(struct replay *r, const struct curve_table *table, int task, uint64_t seed)
{
    const struct curve_task *t = &table->tasks[task];
    r->table = table;
    r->task = t;
    r->rng_seed = seed_of(t, seed);
    r->best = (double)INFINITY;
    r->n_unused = t->pool->n;
    r->unused = mem_alloc((size_t)t->pool->n, sizeof *r->unused);
    for (int i = 0; r->unused && i < t->pool->n; i++)
        r->unused[i] = i;
    memory_study_begin(&r->memory, &table->space, table->n_epochs);
    return r->unused ? ERR_OK : err_set_memory(r->info, "replay");
}

static void end(struct replay *r)
{
    memory_study_free(&r->memory);
    mem_free(r->unused);
    mem_free(r);
}

enum err bench_replay(const struct curve_table *table, int task, const struct bench_method *method,
                      uint64_t seed, int epochs, struct bench_run *run, struct err_info *info)
{
    struct replay *r = mem_zero_alloc(1, sizeof *r);
    if (!r)
        return err_set_memory(info, "replay");
    r->method = method;
    r->budget = epochs;
    r->run = run;
    r->info = info;
    enum err err = begin(r, table, task, seed);
    if (err == ERR_OK)
        err = search(r);
    end(r);
    return err;
}

enum err bench_common(const struct curve_table *table, int task, uint64_t seed,
                      int point[static BENCH_COMMON], int *n, struct err_info *info)
{
    struct bench_method random;
    struct bench_run run = {0};
    struct replay *r = mem_zero_alloc(1, sizeof *r);
    *n = 0;
    if (!r)
        return err_set_memory(info, "replay");
    r->method = &random;
    r->budget = INT_MAX;
    r->run = &run;
    r->info = info;
    enum err err = bench_method_find("random", &random, info);
    if (err == ERR_OK)
        err = begin(r, table, task, seed);
    while (err == ERR_OK && *n < BENCH_COMMON && r->n_unused > 0)
        err = propose(r, &point[(*n)++]);
    end(r);
    return err;
}

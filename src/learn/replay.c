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
#include <time.h>

enum rng_stream { STREAM_PROPOSAL = 1, STREAM_TRIAL = 2 };

/* A search under way. */
struct replay {
    const struct curve_task *task;
    const struct bench_method *method;
    const struct guidance *guidance; /* NULL: none */
    void *sampler;
    struct memory_study memory;
    uint64_t rng_seed; /* of the task and the seed */
    int budget;
    int *unused; /* [n_unused] pool points not tried yet */
    int n_unused;
    int *point; /* [n_trials] of the pool */
    size_t point_capacity;
    int64_t kept[SEARCH_KEPT_MAX]; /* [n_kept] trials that can be gone on with where they stopped */
    int n_kept;
    double best;
    struct bench_run *run;
    struct err_info *info;
};

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

/* The nearest unused point to that place, from now on used. There is one. */
static int take_nearest(struct replay *r, const double *unit)
{
    const struct curve_pool *pool = r->task->pool;
    int d = pool->space.n, best = 0;
    double least = (double)INFINITY;
    for (int i = 0; i < r->n_unused; i++) {
        double far = curve_pool_distance(pool, unit, &pool->unit[(size_t)r->unused[i] * (size_t)d]);
        if (far < least || (far == least && r->unused[i] < r->unused[best])) {
            least = far;
            best = i;
        }
    }
    int point = r->unused[best];
    r->unused[best] = r->unused[--r->n_unused];
    return point;
}

/* ---- beginning a trial ------------------------------------------------------------------- */

static struct search_context context_of(const struct replay *r)
{
    const struct study *study = &r->memory.study;
    return (struct search_context){
        .study = study,
        .majority_error = r->task->majority,
        .share_left = 1 - (double)study->epochs_spent / (double)r->budget,
        .full_epochs = r->task->n_epochs,
        .rng_seed = r->rng_seed,
        .guidance = r->guidance,
        .kept = r->kept,
        .n_kept = r->n_kept,
    };
}

static double thread_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static enum err ask(struct replay *r, const struct sampler_ops *ops, void *self,
                    struct proposal *out)
{
    struct rng rng;
    struct search_context context = context_of(r);
    rng_seed(&rng, r->rng_seed, stream(STREAM_PROPOSAL, (int64_t)r->memory.study.n_trials));
    double began = thread_seconds();
    enum err err = ops->propose(self, &context, &rng, out);
    double seconds = thread_seconds() - began;
    r->run->proposing += seconds;
    r->run->slowest = fmax(r->run->slowest, seconds);
    r->run->n_proposals++;
    r->run->n_decisions++;
    return err == ERR_OK ? ERR_OK
                         : err_set(r->info, err, r->method->name, NULL,
                                   "the sampler can't propose: %s", err_sentence(err));
}

/* Notes the newest trial's point. NULL: there is no trial. */
static enum err note_trial(struct replay *r, const struct trial *t, int point)
{
    if (!t ||
        !mem_grow((void **)&r->point, &r->point_capacity, (size_t)t->number, sizeof *r->point))
        return err_set_memory(r->info, "replay");
    r->point[t->number] = point;
    r->run->n_trials++;
    return ERR_OK;
}

static int epochs_left(const struct replay *r)
{
    return r->budget - r->run->n_epochs;
}

/* A new trial, at the pool point nearest to the proposal. */
static enum err begin_new(struct replay *r, struct proposal *p)
{
    double unit[SPACE_MAX];
    int left = epochs_left(r), full = r->task->n_epochs;
    int target = p->epochs > 0 && p->epochs < full ? p->epochs : full;
    space_encode(&r->task->pool->space, &p->config, unit);
    int point = take_nearest(r, unit);
    p->config = r->task->pool->config[point];
    uint64_t seed = stream(STREAM_TRIAL, (int64_t)r->memory.study.n_trials);
    return note_trial(r, memory_study_add(&r->memory, p, seed, left < target ? left : target),
                      point);
}

/* The last epoch of a continuation; 0: it can't be one, or nothing would be gained: without its
 * weights it begins at epoch 1 (go_on in src/engine/trials.c). */
static int continuation_target(const struct replay *r, const struct proposal *p)
{
    const struct trial *t = study_trial(&r->memory.study, p->parent);
    int full = r->task->n_epochs;
    if (!t || !search_may_go_on(t, full))
        return 0;
    int done = t->curve[t->n_epochs - 1].step;
    struct search_context context = context_of(r);
    int reach = epochs_left(r) + (search_is_kept(&context, t->number) ? done : 0);
    int target = p->epochs > 0 && p->epochs < full ? p->epochs : full;
    target = reach < target ? reach : target;
    return target > done ? target : 0;
}

/* Asks the sampler and begins what it says; *from: the first epoch to train. */
static enum err propose(struct replay *r, int *from)
{
    struct proposal p = {0};
    enum err err = ask(r, r->method->sampler, r->sampler, &p);
    int target = err == ERR_OK && p.goes_on ? continuation_target(r, &p) : 0;
    *from = 1;
    if (target > 0) {
        struct search_context context = context_of(r);
        int point = r->point[p.parent];
        const struct trial *t = memory_study_go_on(&r->memory, p.parent, &p, target);
        if (t && search_is_kept(&context, p.parent))
            *from = t->n_inherited + 1;
        return note_trial(r, t, point);
    }
    if (err == ERR_OK && p.goes_on)
        err = ask(r, sampler_find("random"), NULL, &p); /* to spend what is left */
    return err == ERR_OK ? begin_new(r, &p) : err;
}

/* ---- one trial --------------------------------------------------------------------------- */

/* One epoch of the point's curve, charged. */
static enum err reveal(struct replay *r, int point, int epoch)
{
    double metric[METRIC_N];
    size_t at = (size_t)point * (size_t)r->task->n_epochs + (size_t)epoch - 1;
    double value = r->task->error[at];
    for (int m = 0; m < METRIC_N; m++)
        metric[m] = r->task->metric[m] ? r->task->metric[m][at] : (double)NAN;
    memory_study_epoch(&r->memory, epoch, value, metric);
    r->run->n_epochs++;
    r->run->cost += r->task->cost ? r->task->cost[point] : 1;
    if (!(value < r->best))
        return ERR_OK;
    r->best = value;
    return add_step(r, value);
}

static const struct trial *newest(const struct replay *r)
{
    return &r->memory.study.trials[r->memory.study.n_trials - 1];
}

static bool pruned(struct replay *r, int epoch)
{
    char reason[256];
    const struct pruner_ops *pruner = r->method->pruner;
    if (!pruner->is_rung(epoch, r->task->n_epochs))
        return false;
    struct search_context context = context_of(r);
    r->run->n_decisions++;
    return pruner->stop(&context, newest(r), reason, sizeof reason);
}

/* Until its end, a NaN, or the pruner's word. */
static enum err train(struct replay *r, int from, enum trial_state *end)
{
    int target = newest(r)->target_epochs, point = r->point[newest(r)->number];
    enum err err = ERR_OK;
    *end = TRIAL_COMPLETE;
    for (int epoch = from; epoch <= target && *end == TRIAL_COMPLETE && err == ERR_OK; epoch++) {
        err = reveal(r, point, epoch);
        if (isnan(newest(r)->curve[epoch - 1].value))
            *end = TRIAL_FAIL;
        else if (epoch < target && pruned(r, epoch))
            *end = TRIAL_PRUNED;
    }
    return err;
}

/* Of those that may be gone on with, the sampler's likeliest keep their weights. */
static void choose_kept(struct replay *r)
{
    const struct study *study = &r->memory.study;
    struct search_context context = context_of(r);
    struct search_candidate candidate[SEARCH_KEPT_MAX + 1];
    int n = 0, room = r->method->sampler->n_kept;
    for (int i = 0; i < r->n_kept; i++)
        if (search_may_go_on(&study->trials[r->kept[i]], r->task->n_epochs))
            candidate[n++].trial = &study->trials[r->kept[i]];
    if (room > 0 && search_may_go_on(newest(r), r->task->n_epochs))
        candidate[n++].trial = newest(r);
    search_order_kept(r->method->sampler, &context, candidate, n);
    r->n_kept = n < room ? n : room;
    for (int i = 0; i < r->n_kept; i++)
        r->kept[i] = candidate[i].trial->number;
}

/* As the engine does: reward, end, then the sampler's update. */
static enum err finish(struct replay *r, enum trial_state end)
{
    struct memory_study *m = &r->memory;
    struct q_update update = {0};
    const struct trial *incumbent = meta_incumbent(&m->study, (double)INFINITY);
    double before = incumbent ? incumbent->value : r->task->majority, after = before;
    if (end == TRIAL_COMPLETE && newest(r)->value < before)
        after = newest(r)->value;
    struct search_context context = context_of(r);
    memory_study_end(m, end, meta_reward(before, after, context.share_left));
    choose_kept(r);
    if (!r->method->sampler->observe(r->sampler, &context, newest(r), before, &update))
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
    while (err == ERR_OK && epochs_left(r) > 0 && r->n_unused > 0) {
        enum trial_state end = TRIAL_COMPLETE;
        int from = 1;
        err = propose(r, &from);
        if (err == ERR_OK)
            err = train(r, from, &end);
        if (err == ERR_OK)
            err = finish(r, end);
    }
    r->method->sampler->close(r->sampler);
    return err;
}

static enum err begin(struct replay *r, const struct curve_table *table, int task, uint64_t seed)
{
    const struct curve_task *t = &table->tasks[task];
    r->task = t;
    r->rng_seed = seed_of(t, seed);
    r->best = (double)INFINITY;
    r->n_unused = t->pool->n;
    r->unused = mem_alloc((size_t)t->pool->n, sizeof *r->unused);
    for (int i = 0; r->unused && i < t->pool->n; i++)
        r->unused[i] = i;
    memory_study_begin(&r->memory, &t->pool->space, t->n_epochs);
    return r->unused ? ERR_OK : err_set_memory(r->info, "replay");
}

static void end(struct replay *r)
{
    memory_study_free(&r->memory);
    mem_free(r->unused);
    mem_free(r->point);
    mem_free(r);
}

/* Looking at the data takes its share of the budget. */
static void charge_looking(struct replay *r)
{
    const struct task_features *f = r->guidance ? r->guidance->features : NULL;
    if (!f || !r->method->sampler->guided)
        return;
    int epochs = (int)ceil(f->cost_epochs);
    r->run->n_epochs += epochs;
    r->run->cost += f->cost_epochs;
    r->memory.study.epochs_charged += epochs;
    r->memory.study.epochs_spent += epochs;
}

enum err bench_replay(const struct curve_table *table, int task, const struct bench_method *method,
                      const struct guidance *guidance, uint64_t seed, int epochs,
                      struct bench_run *run, struct err_info *info)
{
    struct replay *r = mem_zero_alloc(1, sizeof *r);
    if (!r)
        return err_set_memory(info, "replay");
    r->method = method;
    r->guidance = guidance;
    r->budget = epochs;
    r->run = run;
    r->info = info;
    enum err err = begin(r, table, task, seed);
    if (err == ERR_OK) {
        charge_looking(r);
        err = search(r);
    }
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
    while (err == ERR_OK && *n < BENCH_COMMON && r->n_unused > 0) {
        int from;
        err = propose(r, &from);
        if (err == ERR_OK)
            point[(*n)++] = r->point[newest(r)->number];
    }
    end(r);
    return err;
}

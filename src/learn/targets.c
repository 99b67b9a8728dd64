/* targets: epochs to target (search design, section 12).
 *
 * On each task the target is the peer's lower median error over its seeds at m full trainings, and
 * T of a method is the epoch at which half of its seeds have reached it; 2 B if they never do. The
 * peer's own T is then at most m full trainings: it is not charged for seeds that end worse than
 * its median, which would inflate the factor, nor for the epochs after its last gain.
 *
 * A resample draws seeds, and with them another median: so what every seed of the peer would set as
 * target is worked out beforehand, with the seeds of each method in the order in which they reach
 * it. A resample then only counts. */
#include "targets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A seed and when it reached the target; infinite: never. */
struct hit {
    float at;
    int seed;
};

struct targets {
    const struct bench_result *result;
    enum bench_axis axis;
    int peer, n;     /* whose targets; how many budgets set one */
    int *order;      /* [n x T x S]: the peer's seeds, best error first */
    struct hit *hit; /* [n x M x T x S targets x S], each S by time */
    int *count;      /* [S] how often a seed was drawn */
};

static size_t at_order(const struct targets *x, int g, int task)
{
    size_t tasks = (size_t)x->result->table->n_tasks, seeds = (size_t)x->result->n_seeds;
    return ((size_t)g * tasks + (size_t)task) * seeds;
}

static size_t at_hit(const struct targets *x, int g, int method, int task, int target)
{
    size_t methods = (size_t)x->result->n_methods, tasks = (size_t)x->result->table->n_tasks;
    size_t seeds = (size_t)x->result->n_seeds;
    size_t row = ((size_t)g * methods + (size_t)method) * tasks + (size_t)task;
    return (row * seeds + (size_t)target) * seeds;
}

/* ---- what every seed of the peer would set as target ------------------------------------- */

static int by_time(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    int times = (x->at > y->at) - (x->at < y->at);
    return times ? times : x->seed - y->seed;
}

/* The peer's seeds by their error after so many full trainings. */
static void order_peer(const struct targets *x, int g, int task, double *error, struct hit *work)
{
    const struct bench_result *r = x->result;
    const struct curve_task *t = &r->table->tasks[task];
    for (int s = 0; s < r->n_seeds; s++) {
        error[s] = bench_run_error(bench_run_of(r, x->peer, task, s), x->axis,
                                   bench_targets[g] * t->n_epochs + 1e-9, t->majority);
        int at = s;
        for (; at > 0 && error[work[at - 1].seed] > error[s]; at--)
            work[at] = work[at - 1];
        work[at].seed = s;
    }
    for (int s = 0; s < r->n_seeds; s++)
        x->order[at_order(x, g, task) + (size_t)s] = work[s].seed;
}

/* When a run reaches the target; what no network has learnt yet is reached at once. */
static float reaches(const struct targets *x, int method, int task, int seed, double target)
{
    if (target >= x->result->table->tasks[task].majority)
        return 1;
    double at = bench_run_reaches(bench_run_of(x->result, method, task, seed), x->axis, target);
    return at > 0 ? (float)at : (float)INFINITY;
}

static void find_hits(struct targets *x, double *error, struct hit *work)
{
    const struct bench_result *r = x->result;
    for (int g = 0; g < x->n; g++)
        for (int t = 0; t < r->table->n_tasks; t++) {
            order_peer(x, g, t, error, work);
            for (int i = 0; i < r->n_methods * r->n_seeds; i++) {
                int m = i / r->n_seeds, target = i % r->n_seeds;
                struct hit *hit = &x->hit[at_hit(x, g, m, t, target)];
                for (int s = 0; s < r->n_seeds; s++)
                    hit[s] = (struct hit){reaches(x, m, t, s, error[target]), s};
                qsort(hit, (size_t)r->n_seeds, sizeof *hit, by_time);
            }
        }
}

/* ---- for one choice of seeds, as counted ------------------------------------------------- */

/* Which seed's error is the lower median of those drawn. */
static int median_seed(const struct targets *x, int g, int task)
{
    const int *order = &x->order[at_order(x, g, task)];
    int needed = (x->result->n_seeds + 1) / 2, sum = 0, i = 0;
    while ((sum += x->count[order[i]]) < needed)
        i++;
    return order[i];
}

/* Log of the time at which half of the seeds drawn have reached the target. */
static double log_time(const struct targets *x, int g, int method, int task, int target)
{
    const struct hit *hit = &x->hit[at_hit(x, g, method, task, target)];
    int needed = (x->result->n_seeds + 1) / 2, sum = 0, i = 0;
    while ((sum += x->count[hit[i].seed]) < needed)
        i++;
    return log(isinf(hit[i].at) ? 2.0 * bench_epochs(x->result, task) : (double)hit[i].at);
}

/* The factors of all methods on one task, weighted, are added to sum[M] (logs). */
static void add_task(const struct targets *x, int g, int task, double weight, double *sum)
{
    int target = median_seed(x, g, task);
    double its = log_time(x, g, x->peer, task, target);
    for (int m = 0; m < x->result->n_methods; m++)
        sum[m] += weight * (its - log_time(x, g, m, task, target));
}

/* ---- factors and intervals --------------------------------------------------------------- */

/* All seeds once: the factors themselves, and what share of the runs gets there. */
static void point_estimate(struct targets *x, int g, const double *plain, struct bench_pair *pair,
                           double *sum)
{
    const struct bench_result *r = x->result;
    memset(sum, 0, (size_t)r->n_methods * sizeof *sum);
    for (int s = 0; s < r->n_seeds; s++)
        x->count[s] = 1;
    for (int t = 0; t < r->table->n_tasks; t++) {
        int target = median_seed(x, g, t);
        add_task(x, g, t, plain[t], sum);
        for (int m = 0; m < r->n_methods; m++) {
            const struct hit *hit = &x->hit[at_hit(x, g, m, t, target)];
            double *reached = &pair[m * r->n_methods + x->peer].reached[g];
            for (int s = 0; s < r->n_seeds; s++)
                *reached += isinf(hit[s].at) ? 0 : plain[t] / r->n_seeds;
        }
    }
    for (int m = 0; m < r->n_methods; m++)
        pair[m * r->n_methods + x->peer].speedup[g].value = exp(sum[m]);
}

static void resample(struct targets *x, int g, const struct bootstrap *b, int i, double *sum)
{
    size_t row = (size_t)i * (size_t)b->width, seeds = (size_t)b->n_seeds;
    memset(sum, 0, (size_t)x->result->n_methods * sizeof *sum);
    for (size_t k = row; k < row + (size_t)b->n_drawn[i]; k++) {
        memset(x->count, 0, seeds * sizeof *x->count);
        for (size_t s = 0; s < seeds; s++)
            x->count[b->seed[k * seeds + s]]++;
        add_task(x, g, b->task[k], b->weight[k], sum);
    }
}

/* values: [n_resamples x M] */
static void intervals(struct targets *x, int g, const struct bootstrap *b, struct bench_pair *pair,
                      double *values, double *one)
{
    int methods = x->result->n_methods;
    for (int i = 0; i < b->n_resamples; i++)
        resample(x, g, b, i, &values[(size_t)i * (size_t)methods]);
    for (int m = 0; m < methods; m++) {
        for (int i = 0; i < b->n_resamples; i++)
            one[i] = exp(values[(size_t)i * (size_t)methods + (size_t)m]);
        bootstrap_interval(one, b->n_resamples, &pair[m * methods + x->peer].speedup[g]);
    }
}

/* ---- all peers --------------------------------------------------------------------------- */

/* The arrays that all peers share in turn. */
struct scratch {
    double *error, *sum, *values, *one;
    struct hit *hit;
};

static bool allocate(struct targets *x, const struct bootstrap *b, struct scratch *w)
{
    size_t methods = (size_t)x->result->n_methods, tasks = (size_t)x->result->table->n_tasks;
    size_t seeds = (size_t)x->result->n_seeds, n = (size_t)x->n, resamples = (size_t)b->n_resamples;
    x->order = mem_alloc(n * tasks, seeds * sizeof *x->order);
    x->hit = mem_alloc(n * methods * tasks, seeds * seeds * sizeof *x->hit);
    x->count = mem_alloc(seeds, sizeof *x->count);
    w->error = mem_alloc(seeds, sizeof *w->error);
    w->sum = mem_alloc(methods, sizeof *w->sum);
    w->values = mem_alloc(resamples, methods * sizeof *w->values);
    w->one = mem_alloc(resamples, sizeof *w->one);
    w->hit = mem_alloc(seeds, sizeof *w->hit);
    return x->order && x->hit && x->count && w->error && w->sum && w->values && w->one && w->hit;
}

static void release(struct targets *x, struct scratch *w)
{
    mem_free(x->order);
    mem_free(x->hit);
    mem_free(x->count);
    mem_free(w->error);
    mem_free(w->sum);
    mem_free(w->values);
    mem_free(w->one);
    mem_free(w->hit);
}

enum err targets_compare(const struct bench_result *result, enum bench_axis axis,
                         const struct bootstrap *draws, const double *plain, int n_targets,
                         struct bench_pair *pair, struct err_info *info)
{
    struct targets x = {.result = result, .axis = axis, .n = n_targets};
    struct scratch w = {0};
    bool made = allocate(&x, draws, &w);
    for (x.peer = 0; made && x.peer < result->n_methods; x.peer++) {
        find_hits(&x, w.error, w.hit);
        for (int g = 0; g < n_targets; g++) {
            point_estimate(&x, g, plain, pair, w.sum);
            intervals(&x, g, draws, pair, w.values, w.one);
        }
    }
    release(&x, &w);
    return made ? ERR_OK : err_set_memory(info, "statistics");
}

/* episode_propose: where a move leads in a world: to the nearest point that was not tried. The
 * surrogate is a line in the known tasks' weighted scores plus what it missed at the nearest five
 * runs (search design, 9), in place of a Gaussian process. */
#include "tiller/search.h"
#include "world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LOCAL_POINTS = 60, POINTS_MAX = WORLD_POINTS_MAX };
static const double near_room = 0.3;    /* of what no run is near */
static const double doubt_weight = 0.5; /* of the standard deviation, in what is tried next */

static int nearest_unused(const struct episode *e, const double *unit)
{
    const struct world *w = e->world;
    float far[POINTS_MAX];
    int best = -1;
    memset(far, 0, (size_t)w->n * sizeof *far);
    for (int d = 0; d < w->n_dims; d++) {
        const float *axis = w->unit + (size_t)d * (size_t)w->n;
        float at = (float)unit[d];
        for (int p = 0; p < w->n; p++)
            far[p] += (axis[p] - at) * (axis[p] - at);
    }
    for (int p = 0; p < w->n; p++)
        if (!e->used[p] && (best < 0 || far[p] < far[best]))
            best = p;
    return best;
}

static int point_of(const struct episode *e, const struct configuration *c)
{
    double unit[SPACE_MAX];
    space_encode(e->world->space, c, unit);
    return nearest_unused(e, unit);
}

static int propose_random(struct episode *e)
{
    struct configuration c;
    space_sample(e->world->space, &e->rng, &c);
    return point_of(e, &c);
}

/* The portfolio's next by the weighted scores. */
static int propose_entry(struct episode *e)
{
    const struct world_models *m = e->world->models;
    int best = -1;
    double least = (double)INFINITY;
    for (int k = 0; k < m->portfolio.n; k++) {
        double score = 0;
        for (int s = 0; s < m->n_sources && !e->entry_used[k]; s++)
            score += e->weight[s] * e->world->entry_score[k * m->n_sources + s];
        if (!e->entry_used[k] && score < least) {
            least = score;
            best = k;
        }
    }
    if (e->n_portfolio == 0)
        best = 0; /* nothing is known yet: the one that suits all tasks best */
    e->entry_used[best] = true;
    e->n_portfolio++;
    return point_of(e, &e->world->entry[best]);
}

/* What is expected: a line in the weighted scores plus what it missed at the nearest runs. */
struct view {
    double slope, level, sd, best;
    double trust[WORLD_RUNS_MAX]; /* less where the end was only predicted */
    double miss[WORLD_RUNS_MAX];
    double prior[WORLD_RUNS_MAX];
};

struct place {
    double value;
    int at;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return x->value != y->value ? (x->value > y->value) - (x->value < y->value) : x->at - y->at;
}

/* As rank_normal, in n log n: a search has hundreds of runs here. Ties by order. */
static void rank_runs(const struct world_models *m, const double *value, int n, double *score)
{
    struct place place[WORLD_RUNS_MAX] = {{0}};
    for (int i = 0; i < n; i++)
        place[i] = (struct place){value[i], i};
    qsort(place, (size_t)n, sizeof *place, compare_places);
    for (int i = 0; i < n; i++)
        score[place[i].at] = (double)m->quantile[(int)((i + 0.5) / n * WORLD_QUANTILES)];
}

static void fit_view(const struct episode *e, struct view *v)
{
    int n = e->n_runs, s = e->world->models->n_sources;
    double target[WORLD_RUNS_MAX], mean = 0, prior_mean = 0, level = 0, spread = 0;
    double scale = n >= 8 ? 1 : e->world->scale, product = scale, square = 1, squares = 0;
    for (int i = 0; i < n; i++) {
        v->prior[i] = 0;
        for (int k = 0; k < s; k++)
            v->prior[i] += e->weight[k] * e->run_score[i * s + k];
        v->miss[i] = e->run[i].log_error;
    }
    if (n >= 8)
        rank_runs(e->world->models, v->miss, n, target);
    else
        memcpy(target, v->miss, (size_t)n * sizeof *target);
    for (int i = 0; i < n; i++) {
        level += v->miss[i] / n;
        spread += v->miss[i] * v->miss[i] / n;
    }
    spread -= level * level; /* of log errors */
    for (int i = 0; i < n; i++) {
        mean += target[i] / n;
        prior_mean += v->prior[i] / n;
    }
    for (int i = 0; i < n; i++) {
        product += (v->prior[i] - prior_mean) * (target[i] - mean);
        square += (v->prior[i] - prior_mean) * (v->prior[i] - prior_mean);
    }
    v->slope = fmax(product / square, 0.1 * scale);
    v->level = mean - v->slope * prior_mean;
    for (int i = 0; i < n; i++) {
        v->miss[i] = target[i] - v->level - v->slope * v->prior[i];
        squares += v->miss[i] * v->miss[i] / n;
    }
    v->sd = fmax(sqrt(squares), 0.15 * v->slope);
    v->best = e->incumbent >= 0 ? target[e->incumbent] : mean;
    for (int i = 0; i < n; i++)
        v->trust[i] = 1 / (1 + e->run[i].sd * e->run[i].sd / fmax(spread, 1e-6));
}

/* What is expected of every point, and its standard deviation. Returns what is to be improved on.
 */
static double expect(const struct episode *e, float *value, float *sd)
{
    const struct world *w = e->world;
    struct view v;
    fit_view(e, &v);
    memset(value, 0, (size_t)w->n * sizeof *value);
    for (int s = 0; s < w->models->n_sources; s++) {
        float weight = (float)(v.slope * e->weight[s]);
        const float *score = w->score + (size_t)s * (size_t)w->n;
        if (e->weight[s] < 1e-4)
            continue;
        for (int p = 0; p < w->n; p++)
            value[p] += weight * score[p];
    }
    int n_near = e->n_runs < WORLD_NEAR ? e->n_runs : WORLD_NEAR;
    for (int p = 0; p < w->n; p++) {
        float sum = (float)near_room, miss = 0;
        for (int k = 0; k < n_near; k++) {
            float far = e->far[k * w->n + p], like;
            like = (float)v.trust[e->near[k * w->n + p]] / ((1 + far) * (1 + far));
            sum += like;
            miss += like * (float)v.miss[e->near[k * w->n + p]];
        }
        value[p] += miss / sum;
        sd[p] = (float)v.sd * sqrtf((float)near_room / sum);
    }
    return v.best;
}

/* Lower is better: expected minus some of what is not known. */
static void judge_points(const struct episode *e, float *value)
{
    float sd[POINTS_MAX];
    expect(e, value, sd);
    for (int p = 0; p < e->world->n; p++)
        value[p] -= (float)doubt_weight * sd[p];
}

/* Share of a full training that a run takes which does not win; as if one had taken half. */
static double share_of_losers(const struct episode *e)
{
    double sum = 0.5, n = 1;
    for (int i = 0; i < e->n_runs; i++)
        if (e->run[i].sd > 0) {
            sum += (double)e->run[i].epochs / e->world->n_epochs;
            n++;
        }
    return sum / n;
}

const struct world_promise *episode_promise(struct episode *e)
{
    float mean[POINTS_MAX] = {0}, sd[POINTS_MAX] = {0};
    struct world_promise *out = &e->promise;
    double best, win;
    if (out->turn == e->n_turns)
        return out;
    *out = (struct world_promise){e->n_turns, -1, -1, -1, -1};
    best = expect(e, mean, sd);
    float lowest = INFINITY;
    for (int p = 0; p < e->world->n; p++) {
        float value = mean[p] - (float)doubt_weight * sd[p];
        if (!e->used[p] && value < lowest) {
            lowest = value;
            out->fresh = p;
        }
    }
    if (out->fresh < 0) /* all were tried: the search is over */
        return out;
    double m = (double)mean[out->fresh], s = (double)sd[out->fresh];
    out->fresh_worth = surrogate_worth(m, s * s, best, 1, share_of_losers(e), &win);
    for (int i = 0; i < e->n_runs; i++) {
        if (!e->run[i].can_thaw)
            continue;
        m = (double)mean[e->run[i].point];
        s = (double)sd[e->run[i].point];
        double left = 1 - (double)e->run[i].epochs / e->world->n_epochs;
        double worth = surrogate_worth(m, s * s, best, left, 0.5, &win);
        if (worth > out->thaw_worth) {
            out->thaw_worth = worth;
            out->thaw = i;
        }
    }
    return out;
}

/* The surrogate's best of the unused points nearest to one of the best runs. */
static int propose_local(struct episode *e)
{
    const struct world *w = e->world;
    float far[POINTS_MAX], value[POINTS_MAX], heap[LOCAL_POINTS];
    int member[LOCAL_POINTS] = {0}, n = 0, at = e->run[e->incumbent].point, best = -1;
    memset(far, 0, (size_t)w->n * sizeof *far);
    for (int d = 0; d < w->n_dims; d++) {
        const float *axis = w->unit + (size_t)d * (size_t)w->n;
        for (int p = 0; p < w->n; p++)
            far[p] += (axis[p] - axis[at]) * (axis[p] - axis[at]);
    }
    int some = w->n / 12, wanted = some > LOCAL_POINTS ? LOCAL_POINTS : some > 1 ? some : 1;
    for (int p = 0; p < w->n; p++) {
        if (e->used[p] || (n == wanted && far[p] >= heap[n - 1]))
            continue;
        int k = n < wanted ? n++ : n - 1;
        for (; k > 0 && heap[k - 1] > far[p]; k--) {
            heap[k] = heap[k - 1];
            member[k] = member[k - 1];
        }
        heap[k] = far[p];
        member[k] = p;
    }
    judge_points(e, value);
    for (int k = 0; k < n; k++)
        if (best < 0 || value[member[k]] < value[best])
            best = member[k];
    return best;
}

int episode_propose(struct episode *e, enum move m)
{
    struct configuration c;
    if (m == MOVE_PORTFOLIO && e->n_portfolio < e->world->models->portfolio.n)
        return propose_entry(e);
    if (m == MOVE_SURROGATE && e->n_runs > 0)
        return episode_promise(e)->fresh;
    if (m == MOVE_RANDOM || e->incumbent < 0)
        return propose_random(e);
    const struct configuration *from = &e->world->config[e->run[e->incumbent].point];
    if (m != MOVE_LOCAL && m < MOVE_RANDOM && move_apply(m, e->world->space, from, &e->rng, &c))
        return point_of(e, &c);
    return propose_local(e);
}

/* episode: a search in a world, one move at a time, as the agent goes about it (src/search/agent.c)
 * but with everything tabulated.
 *
 * What always holds: a copied episode goes on as its original would. */
#include "world.h"

#include <math.h>
#include <string.h>

/* ---- life -------------------------------------------------------------------------------- */

/* The numbers per source: weights, discordant pairs, then a row per run. */
static void lay_out(struct episode *e, const struct world *w)
{
    e->discordant = e->weight + w->models->n_sources;
    e->run_score = e->discordant + w->models->n_sources;
}

enum err episode_new(const struct world *largest, struct episode **out)
{
    size_t n = (size_t)largest->n, s = (size_t)largest->models->n_sources;
    struct episode *e = mem_zero_alloc(1, sizeof *e);
    *out = NULL;
    if (!e)
        return ERR_MEMORY;
    e->weight = mem_zero_alloc(s, (2 + WORLD_RUNS_MAX) * sizeof *e->weight);
    e->far = mem_alloc(n, WORLD_NEAR * sizeof *e->far);
    e->near = mem_alloc(n, WORLD_NEAR * sizeof *e->near);
    e->used = mem_alloc(n, sizeof *e->used);
    if (!e->weight || !e->far || !e->near || !e->used) {
        episode_free(e);
        return ERR_MEMORY;
    }
    *out = e;
    return ERR_OK;
}

void episode_free(struct episode *e)
{
    if (!e)
        return;
    mem_free(e->weight);
    mem_free(e->far);
    mem_free(e->near);
    mem_free(e->used);
    mem_free(e);
}

void episode_begin(struct episode *e, const struct world *w, int budget, uint64_t seed,
                   uint64_t stream)
{
    size_t n = (size_t)w->n, s = (size_t)w->models->n_sources;
    memset(e, 0, offsetof(struct episode, run));
    memset(e->entry_used, 0, sizeof e->entry_used);
    e->world = w;
    e->budget = budget;
    e->incumbent = -1;
    e->best = (double)INFINITY;
    e->promise.turn = -1;
    rng_seed(&e->rng, seed, stream);
    lay_out(e, w);
    memset(e->discordant, 0, s * sizeof *e->discordant);
    memset(e->used, 0, n);
    memcpy(e->weight, w->models->prior, s * sizeof *e->weight);
    for (size_t i = 0; i < WORLD_NEAR * n; i++) {
        e->far[i] = INFINITY;
        e->near[i] = -1;
    }
}

void episode_copy(struct episode *to, const struct episode *from)
{
    size_t runs = (size_t)from->n_runs, n = (size_t)from->world->n;
    size_t s = (size_t)from->world->models->n_sources;
    memcpy(to, from, offsetof(struct episode, run) + runs * sizeof *from->run);
    memcpy(to->entry_used, from->entry_used, sizeof to->entry_used);
    lay_out(to, from->world);
    memcpy(to->weight, from->weight, (2 + runs) * s * sizeof *to->weight);
    memcpy(to->far, from->far, WORLD_NEAR * n * sizeof *to->far);
    memcpy(to->near, from->near, WORLD_NEAR * n * sizeof *to->near);
    memcpy(to->used, from->used, n);
}

bool episode_over(const struct episode *e)
{
    return e->spent >= e->budget || e->n_runs >= WORLD_RUNS_MAX || e->n_runs >= e->world->n;
}

/* ---- where it stands ----------------------------------------------------------------------- */

double episode_regret(const struct episode *e)
{
    const struct world *w = e->world;
    double rho = (fmin(e->best, w->majority) - w->best) / (w->median - w->best);
    return fmin(fmax(rho, 0), 1);
}

static enum trust trust_of(const struct episode *e)
{
    int s = e->world->models->n_sources;
    double share[WORLD_SOURCES_MAX];
    for (int i = 0; i < s; i++)
        share[i] = e->n_pairs > 0 ? e->discordant[i] / e->n_pairs : 0.5;
    return similarity_trust(e->weight, share, s, e->n_pairs > 0 ? e->n_runs : 0, NULL);
}

int episode_state(const struct episode *e)
{
    int n = e->n_turns, since = e->since_gain;
    const struct world *w = e->world;
    struct situation s = {
        .phase = n < 3    ? 0
                 : n < 10 ? 1
                 : n < 30 ? 2
                          : 3,
        .stagnation = since == 0  ? 0
                      : since < 4 ? 1
                                  : 2,
        .trust = trust_of(e),
        .diagnosis = e->incumbent < 0 ? DIAGNOSIS_IMPROVING
                                      : (enum diagnosis)w->diagnosis[e->run[e->incumbent].point],
    };
    return situation_index(s);
}

static bool can_thaw(const struct episode *e)
{
    for (int i = 0; i < e->n_runs; i++)
        if (e->run[i].can_thaw)
            return true;
    return false;
}

void episode_possible(const struct episode *e, bool possible[static MOVE_N])
{
    for (int m = 0; m < MOVE_N; m++)
        possible[m] = m == MOVE_RANDOM || e->incumbent >= 0;
    possible[MOVE_SURROGATE] = e->n_runs > 0;
    possible[MOVE_PORTFOLIO] = e->n_portfolio < e->world->models->portfolio.n;
    possible[MOVE_THAW] = can_thaw(e);
}

enum move episode_hand_move(struct episode *e)
{
    char why[192];
    struct standing s = {.knows = true,
                         .trust = trust_of(e),
                         .begun = e->n_turns,
                         .finished = e->n_turns,
                         .since_gain = e->since_gain};
    episode_possible(e, s.possible);
    if (s.possible[MOVE_THAW]) {
        const struct world_promise *p = episode_promise(e);
        s.thaw_pays = p->thaw_worth > p->fresh_worth;
    }
    return hand_rule(&s, why, sizeof why);
}

enum move episode_choose(struct episode *e, const struct world_policy *policy)
{
    bool possible[MOVE_N];
    enum move hand = episode_hand_move(e);
    if (policy->random_moves || policy->table)
        episode_possible(e, possible);
    if (policy->random_moves) {
        enum move m;
        do
            m = (enum move)rng_below(&e->rng, MOVE_N);
        while (!possible[m]);
        return m;
    }
    return policy->table
               ? qtable_prefers(policy->table, episode_state(e), hand, possible, QTABLE_NEEDED)
               : hand;
}

/* ---- what the run says of the known tasks -------------------------------------------------- */

static void compare_runs(struct episode *e, int i)
{
    const double noise = 0.02;
    int s = e->world->models->n_sources;
    const double *mine = e->run_score + (size_t)i * (size_t)s;
    for (int j = 0; j < e->n_runs; j++) {
        double step = e->run[i].log_error - e->run[j].log_error;
        const double *other = e->run_score + (size_t)j * (size_t)s;
        if (j == i || fabs(step) <= noise)
            continue;
        e->n_pairs++;
        for (int k = 0; k < s; k++)
            e->discordant[k] += (mine[k] - other[k]) * step < 0;
    }
}

static void weigh_sources(struct episode *e)
{
    const struct world_models *m = e->world->models;
    const double evidence = 1;
    double sum = 0, n = fmin(e->n_runs, 25);
    for (int k = 0; k < m->n_sources; k++) {
        double share = e->n_pairs > 0 ? e->discordant[k] / e->n_pairs : 0.5;
        e->weight[k] = m->prior[k] * exp(-evidence * n * share);
        sum += e->weight[k];
    }
    for (int k = 0; k < m->n_sources; k++)
        e->weight[k] /= sum;
}

/* Takes it among each point's nearest runs. */
static void note_near(struct episode *e, int i)
{
    const struct world *w = e->world;
    float far[WORLD_POINTS_MAX];
    int at = e->run[i].point;
    memset(far, 0, (size_t)w->n * sizeof *far);
    for (int d = 0; d < w->n_dims; d++) {
        const float *axis = w->place + (size_t)d * (size_t)w->n;
        for (int p = 0; p < w->n; p++)
            far[p] += (axis[p] - axis[at]) * (axis[p] - axis[at]);
    }
    for (int p = 0; p < w->n; p++) {
        int k = WORLD_NEAR - 1;
        if (far[p] >= e->far[k * w->n + p])
            continue;
        for (; k > 0 && e->far[(k - 1) * w->n + p] > far[p]; k--) {
            e->far[k * w->n + p] = e->far[(k - 1) * w->n + p];
            e->near[k * w->n + p] = e->near[(k - 1) * w->n + p];
        }
        e->far[k * w->n + p] = far[p];
        e->near[k * w->n + p] = (int16_t)i;
    }
}

static void end_run(struct episode *e, int i)
{
    const struct world *w = e->world;
    struct world_run *run = &e->run[i];
    if (run->failed)
        run->log_error = log(w->majority + 0.002);
    else if (run->complete || run->sd <= 0)
        run->log_error =
            (double)w->least[(size_t)run->point * (size_t)w->n_epochs + (size_t)run->epochs - 1];
    if (run->complete)
        run->sd = 0;
    bool gain =
        run->complete && (e->incumbent < 0 || run->log_error < e->run[e->incumbent].log_error);
    e->since_gain = gain ? 0 : e->since_gain + 1;
    if (!gain)
        return;
    e->incumbent = i;
    for (int k = 0; k < PREDICTOR_RUNGS; k++)
        e->n_usual[k] = -1;
}

/* ---- one move ------------------------------------------------------------------------------ */

static int begin_run(struct episode *e, int point)
{
    const struct world *w = e->world;
    int i = e->n_runs, s = w->models->n_sources;
    e->run[i] = (struct world_run){.point = point, .win = 1};
    e->used[point] = 1;
    for (int k = 0; k < s; k++)
        e->run_score[i * s + k] = (double)w->score[(size_t)k * (size_t)w->n + (size_t)point];
    return i;
}

/* Weights are kept of as many stopped runs as the agent keeps them of, the likeliest to win. */
static void keep_likeliest(struct episode *e)
{
    int n = 0, least = -1;
    for (int i = 0; i < e->n_runs; i++) {
        if (!e->run[i].can_thaw)
            continue;
        n++;
        if (least < 0 || e->run[i].win < e->run[least].win)
            least = i;
    }
    if (n > e->world->n_kept)
        e->run[least].can_thaw = false;
}

double episode_step(struct episode *e, enum move m, episode_at_rung at_rung, void *arg)
{
    int thawed = m == MOVE_THAW ? episode_promise(e)->thaw : -1;
    int i = thawed >= 0 ? thawed : begin_run(e, episode_propose(e, m));
    e->run[i].can_thaw = false; /* until it is paused again */
    double saved = episode_train(e, &e->run[i], at_rung, arg);
    end_run(e, i);
    if (thawed < 0) {
        note_near(e, i);
        compare_runs(e, i);
        e->n_runs++;
        weigh_sources(e);
    }
    e->n_turns++;
    keep_likeliest(e);
    e->saved += saved;
    return saved;
}

enum pilot_action world_policy_at_rung(void *by_policy, struct episode *e,
                                       const struct episode_rung *rung)
{
    const struct world_policy *p = ((const struct by_policy *)by_policy)->policy;
    (void)e;
    if (p->no_stop)
        return PILOT_CONTINUE;
    enum pilot_action fixed = rung->stop ? PILOT_PAUSE : PILOT_CONTINUE;
    return p->pilot ? pilot_prefers(p->pilot, rung->state, fixed) : fixed;
}

void episode_finish(struct episode *e, const struct world_policy *policy)
{
    struct by_policy by = {policy};
    while (!episode_over(e))
        episode_step(e, episode_choose(e, policy), world_policy_at_rung, &by);
}

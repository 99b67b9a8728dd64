/* rollouts: see rollouts.h.
 *
 * What always holds: the searches that are compared share everything up to the decision and all
 * random numbers after it; evidence is kept family by family, so that tables can be made without
 * any one of them, and what varies between families is known. */
#include "rollouts.h"

#include <math.h>
#include <string.h>

struct rollouts {
    const struct world_policy *policy;
    const struct rollout_options *options;
    struct evidence_of_family *evidence;
    struct episode *main, *before, *side;
    struct rng rng;
    int64_t steps;
};

static void add(struct tally *t, double x)
{
    t->n++;
    t->sum += x;
    t->square += x * x;
}

/* The area saved from here on. */
static double play_out(struct rollouts *r, struct episode *e, double from)
{
    int before = e->n_runs;
    episode_finish(e, r->policy);
    r->steps += e->n_runs - before;
    return e->saved - from;
}

/* ---- moves ------------------------------------------------------------------------------- */

static bool is_core(int m)
{
    return m != MOVE_PORTFOLIO && m != MOVE_THAW;
}

/* Every possible move once, then by the policy. */
static void compare_moves(struct rollouts *r, int state)
{
    bool possible[MOVE_N];
    double brought[MOVE_N], mean = 0;
    struct by_policy by = {r->policy};
    int n = 0;
    episode_possible(r->main, possible);
    for (int m = 0; m < MOVE_N; m++) {
        if (!possible[m])
            continue;
        episode_copy(r->side, r->main);
        episode_step(r->side, (enum move)m, world_policy_at_rung, &by);
        r->steps++;
        brought[m] = play_out(r, r->side, r->main->saved);
        mean += is_core(m) ? brought[m] : 0;
        n += is_core(m);
    }
    mean /= n;
    add(&r->evidence->value[state], mean);
    for (int m = 0; m < MOVE_N; m++)
        if (possible[m])
            add(&r->evidence->move[state][m], brought[m] - mean);
}

/* ---- rungs ------------------------------------------------------------------------------- */

/* Goes by the policy but at one rung of the move. */
struct forced {
    const struct world_policy *policy;
    int at, count;
    enum pilot_action word;
    int state[PREDICTOR_RUNGS + 1]; /* of the rungs asked */
};

static enum pilot_action force(void *arg, struct episode *e, const struct episode_rung *rung)
{
    struct forced *f = arg;
    int k = f->count++;
    if (k < PREDICTOR_RUNGS)
        f->state[k] = rung->state;
    struct by_policy by = {f->policy};
    return k == f->at ? f->word : world_policy_at_rung(&by, e, rung);
}

static double play_forced(struct rollouts *r, enum move m, int at, enum pilot_action word)
{
    struct forced f = {.policy = r->policy, .at = at, .word = word};
    double from = r->before->saved;
    episode_copy(r->side, r->before);
    episode_step(r->side, m, force, &f);
    r->steps++;
    return play_out(r, r->side, from);
}

/* One of the rungs that the move has just met, as if the word had been another. */
static void compare_words(struct rollouts *r, enum move m, const struct forced *met)
{
    int at = (int)rng_below(&r->rng, (uint64_t)met->count), state = met->state[at];
    double visits = r->evidence->pilot[state].n;
    if (rng_uniform(&r->rng) > 0.1 * 30 / (30 + visits))
        return;
    double on = play_forced(r, m, at, PILOT_CONTINUE), off = play_forced(r, m, at, PILOT_PAUSE);
    add(&r->evidence->pilot[state], on - off);
    add(&r->evidence->pilot_value[state], off);
}

/* ---- episodes ---------------------------------------------------------------------------- */

static enum move explore(struct rollouts *r)
{
    bool possible[MOVE_N];
    enum move m;
    if (rng_uniform(&r->rng) >= r->options->explore)
        return episode_choose(r->main, r->policy);
    episode_possible(r->main, possible);
    do
        m = (enum move)rng_below(&r->rng, MOVE_N);
    while (!possible[m]);
    return m;
}

static void go_through(struct rollouts *r)
{
    while (!episode_over(r->main) && r->steps < r->options->steps) {
        int state = episode_state(r->main);
        double visits = r->evidence->value[state].n;
        if (r->options->moves && r->main->incumbent >= 0 &&
            rng_uniform(&r->rng) < 0.1 * 20 / (20 + visits))
            compare_moves(r, state);
        struct forced met = {.policy = r->policy, .at = -1};
        enum move m = explore(r);
        if (r->options->rungs)
            episode_copy(r->before, r->main);
        episode_step(r->main, m, force, &met);
        r->steps++;
        if (r->options->rungs && met.count > 0)
            compare_words(r, m, &met);
    }
}

enum err rollouts_of_family(const struct replay_fold *fold, int family,
                            const struct world_policy *policy,
                            const struct rollout_options *options,
                            struct evidence_of_family *evidence, int64_t *steps)
{
    struct rollouts r = {.policy = policy, .options = options, .evidence = evidence};
    const struct world *largest = fold_largest(fold);
    enum err err = episode_new(largest, &r.main);
    if (err == ERR_OK)
        err = episode_new(largest, &r.before);
    if (err == ERR_OK)
        err = episode_new(largest, &r.side);
    rng_seed(&r.rng, options->rng_seed, options->stream);
    for (uint64_t round = 0; err == ERR_OK && r.steps < options->steps; round++)
        for (int i = 0; i < fold->n_worlds && r.steps < options->steps; i++) {
            const struct world *w = fold->world[i];
            if (w->family != family)
                continue;
            episode_begin(r.main, w, (int)(options->budget * w->n_epochs), options->rng_seed,
                          options->stream + round);
            go_through(&r);
        }
    *steps += r.steps;
    episode_free(r.main);
    episode_free(r.before);
    episode_free(r.side);
    return err;
}

enum err rollouts_area(const struct replay_fold *fold, int family, double budget,
                       const struct world_policy *policy, int n_seeds, uint64_t seed, double *area)
{
    struct episode *e;
    int n = 0;
    enum err err = episode_new(fold_largest(fold), &e);
    *area = 0;
    for (int i = 0; i < fold->n_worlds && err == ERR_OK; i++)
        for (int k = 0; k < n_seeds && fold->world[i]->family == family; k++, n++) {
            const struct world *w = fold->world[i];
            episode_begin(e, w, (int)(budget * w->n_epochs), seed, (uint64_t)k);
            episode_finish(e, policy);
            *area += e->saved;
        }
    *area = n > 0 ? *area / n : 0;
    episode_free(e);
    return err;
}

/* ---- tables ------------------------------------------------------------------------------ */

enum { FAMILY_NEEDED = 8 }; /* visits of a family's cell before it counts */

/* Mean over families and its variance; NaN: fewer than three of them know. */
static double mean_over(const struct tally *first, size_t apart, const bool *use, int n_families,
                        double *variance, double *visits)
{
    double sum = 0, squares = 0, within = 0;
    int n = 0;
    *visits = 0;
    for (int f = 0; f < n_families; f++) {
        const struct tally *t = (const struct tally *)((const char *)first + (size_t)f * apart);
        if (!use[f] || t->n < FAMILY_NEEDED)
            continue;
        double mean = t->sum / t->n;
        sum += mean;
        squares += mean * mean;
        within += (t->square / t->n - mean * mean) / t->n;
        *visits += t->n;
        n++;
    }
    if (n < 3)
        return (double)NAN;
    double between = fmax(squares / n - sum / n * sum / n, 0) / (n - 1);
    *variance = fmax(between, within / n / n);
    return sum / n;
}

static void put_move(const struct evidence_of_family *evidence, const bool *use, int n_families,
                     int s, int a, double level, struct qtable *table)
{
    double variance = 0, visits = 0;
    double gain =
        mean_over(&evidence->move[s][a], sizeof *evidence, use, n_families, &variance, &visits);
    table->q[s][a] = level;
    if (isnan(gain))
        return;
    table->q[s][a] += gain;
    table->visits[s][a] = visits;
    table->td_square[s][a] = variance * visits;
}

/* The mean return of a phase, stagnation and trust, the same for all diagnoses: rare cells lean on
 * those of other diagnoses, which must not shift them. */
static double level_of(const struct evidence_of_family *evidence, const bool *use, int n_families,
                       int s)
{
    struct situation any = situation_from_index(s);
    double sum = 0, n = 0;
    for (int d = 0; d < DIAGNOSIS_N; d++) {
        any.diagnosis = (enum diagnosis)d;
        for (int f = 0; f < n_families; f++) {
            const struct tally *t = &evidence[f].value[situation_index(any)];
            sum += use[f] ? t->sum : 0;
            n += use[f] ? t->n : 0;
        }
    }
    return n > 0 ? sum / n : 0;
}

void rollouts_tables(const struct evidence_of_family *evidence, const bool *use, int n_families,
                     struct qtable *table, struct pilot *pilot)
{
    qtable_init(table, 0);
    memset(pilot, 0, sizeof *pilot);
    for (int s = 0; s < META_STATES; s++) {
        double level = level_of(evidence, use, n_families, s);
        for (int a = 0; a < MOVE_N; a++)
            put_move(evidence, use, n_families, s, a, level, table);
    }
    for (int s = 0; s < PILOT_STATES; s++) {
        double variance = 0, visits = 0;
        double gain =
            mean_over(&evidence->pilot[s], sizeof *evidence, use, n_families, &variance, &visits);
        if (isnan(gain))
            continue;
        pilot->q[s][PILOT_CONTINUE] = gain;
        for (int a = PILOT_CONTINUE; a <= PILOT_PAUSE; a += PILOT_PAUSE - PILOT_CONTINUE) {
            pilot->visits[s][a] = visits;
            pilot->td_square[s][a] = variance * visits / 2;
        }
    }
}

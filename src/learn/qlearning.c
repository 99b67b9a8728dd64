/* qlearning: see qlearning.h.
 *
 * What always holds: a family's table comes from its own worlds alone, so that tables can be made
 * without any one of them, and families count alike. */
#include "qlearning.h"

#include <math.h>
#include <string.h>

static const double explore_first = 0.5, explore_last = 0.15;
static const double explore_by_hand = 0.3; /* of the exploring moves */
enum { HAND_ROUNDS = 4 };

/* ---- the rule ---------------------------------------------------------------------------- */

static int best_possible(const struct qtable *q, int s, const bool possible[static MOVE_N])
{
    int best = -1;
    for (int a = 0; a < MOVE_N; a++)
        if (possible[a] && (best < 0 || q->q[s][a] > q->q[s][best]))
            best = a;
    return best;
}

void qlearning_step(struct qtable *q, int s, int a, double reward, int s2,
                    const bool possible[static MOVE_N])
{
    int best = s2 == QTABLE_TERMINAL ? -1 : best_possible(q, s2, possible);
    double next = best < 0 ? 0 : q->q[s2][best];
    /* as a last step that brings all of it: qtable_update's own maximum asks impossible moves, too
     */
    qtable_update(q, s, a, reward + next, QTABLE_TERMINAL, 1, 0, NULL);
}

/* ---- searches ---------------------------------------------------------------------------- */

struct pupil {
    const struct replay_fold *fold;
    int family;
    const struct rollout_options *options;
    struct qtable *q;
    struct episode *e;
    struct rng rng;
    int64_t steps;
};

static enum move any_possible(struct pupil *p, const bool possible[static MOVE_N])
{
    enum move m;
    do
        m = (enum move)rng_below(&p->rng, MOVE_N);
    while (!possible[m]);
    return m;
}

static enum move choose(struct pupil *p, int s, const bool possible[static MOVE_N])
{
    double done = (double)p->steps / (double)p->options->steps;
    double explore = explore_first + (explore_last - explore_first) * fmin(done, 1);
    if (rng_uniform(&p->rng) >= explore)
        return (enum move)best_possible(p->q, s, possible);
    return rng_uniform(&p->rng) < explore_by_hand ? episode_hand_move(p->e)
                                                  : any_possible(p, possible);
}

static void search_once(struct pupil *p)
{
    const struct world_policy bounds = {0};
    struct by_policy by = {&bounds};
    bool possible[MOVE_N];
    episode_possible(p->e, possible);
    for (int s = episode_state(p->e); !episode_over(p->e) && p->steps < p->options->steps;) {
        enum move m = choose(p, s, possible);
        double reward = episode_step(p->e, m, world_policy_at_rung, &by);
        int next = episode_over(p->e) ? QTABLE_TERMINAL : episode_state(p->e);
        episode_possible(p->e, possible);
        qlearning_step(p->q, s, (int)m, reward, next, possible);
        s = next;
        p->steps++;
    }
}

/* What a search by the hand rule brings from each of its steps on, by phase. */
static void go_by_hand(struct pupil *p, double sum[static META_PHASES],
                       double n[static META_PHASES])
{
    const struct world_policy by_hand = {0};
    struct by_policy by = {&by_hand};
    double before[META_PHASES] = {0}, times[META_PHASES] = {0};
    while (!episode_over(p->e)) {
        int phase = situation_from_index(episode_state(p->e)).phase;
        before[phase] += p->e->saved;
        times[phase]++;
        episode_step(p->e, episode_hand_move(p->e), world_policy_at_rung, &by);
        p->steps++;
    }
    for (int k = 0; k < META_PHASES; k++) {
        sum[k] += times[k] * p->e->saved - before[k];
        n[k] += times[k];
    }
}

static void begin(struct pupil *p, const struct world *w, uint64_t round)
{
    episode_begin(p->e, w, (int)(p->options->budget * w->n_epochs), p->options->rng_seed,
                  p->options->stream + round);
}

static void begin_table(struct pupil *p)
{
    double sum[META_PHASES] = {0}, n[META_PHASES] = {0};
    for (int i = 0; i < p->fold->n_worlds; i++)
        for (uint64_t k = 0; k < HAND_ROUNDS && p->fold->world[i]->family == p->family; k++) {
            begin(p, p->fold->world[i], k);
            go_by_hand(p, sum, n);
        }
    qtable_init(p->q, 0);
    for (int s = 0; s < META_STATES; s++) {
        int phase = situation_from_index(s).phase;
        for (int a = 0; a < MOVE_N && n[phase] > 0; a++)
            p->q->q[s][a] = sum[phase] / n[phase];
    }
}

enum err qlearning_of_family(const struct replay_fold *fold, int family,
                             const struct rollout_options *options, struct qtable *q,
                             int64_t *steps)
{
    struct pupil p = {.fold = fold, .family = family, .options = options, .q = q};
    enum err err = episode_new(fold_largest(fold), &p.e);
    if (err != ERR_OK)
        return err;
    rng_seed(&p.rng, options->rng_seed, options->stream + HAND_ROUNDS);
    begin_table(&p);
    for (uint64_t round = HAND_ROUNDS; p.steps < options->steps; round++)
        for (int i = 0; i < fold->n_worlds && p.steps < options->steps; i++)
            if (fold->world[i]->family == family) {
                begin(&p, fold->world[i], round);
                search_once(&p);
            }
    *steps += p.steps;
    episode_free(p.e);
    return ERR_OK;
}

/* ---- families together --------------------------------------------------------------------- */

static bool always_possible(int a)
{
    return a != MOVE_PORTFOLIO && a != MOVE_THAW;
}

static struct tally tally_of(double n, double mean, double spread)
{
    return (struct tally){n, n * mean, n * (mean * mean + spread)};
}

void qlearning_evidence(const struct qtable *q, struct evidence_of_family *out)
{
    memset(out, 0, sizeof *out);
    for (int s = 0; s < META_STATES; s++) {
        double mean = 0, visits = 0;
        int n = 0;
        for (int a = 0; a < MOVE_N; a++) {
            bool counts = always_possible(a) && q->visits[s][a] > 0;
            mean += counts ? q->q[s][a] : 0;
            n += counts;
            visits += q->visits[s][a];
        }
        if (n == 0)
            continue;
        mean /= n;
        out->value[s] = tally_of(visits, mean, 0);
        for (int a = 0; a < MOVE_N; a++)
            out->move[s][a] = tally_of(q->visits[s][a], q->q[s][a] - mean, q->td_square[s][a]);
    }
}

void qlearning_restrain(struct qtable *values, const struct qtable *shown)
{
    bool possible[MOVE_N];
    for (int s = 0; s < META_STATES; s++)
        for (int a = 0; a < MOVE_N; a++)
            for (int hand = 0; hand < MOVE_N; hand++) {
                for (int m = 0; m < MOVE_N; m++)
                    possible[m] = m == a || m == hand;
                double gain =
                    qtable_value(values, s, a, NULL) - qtable_value(values, s, hand, NULL);
                if (a == hand || gain <= 0 ||
                    qtable_prefers(shown, s, (enum move)hand, possible, QTABLE_NEEDED) ==
                        (enum move)a)
                    continue;
                values->td_square[s][a] =
                    fmax(values->td_square[s][a], fmax(values->visits[s][a], 1) * gain * gain);
            }
}

/* agent_alone: what the agent does without knowledge of other tasks: starting points, random
 * configurations, moves on the best network so far. */
#include "agent.h"

#include <math.h>
#include <string.h>

/* Where a local move starts: mostly from the incumbent, else from the second or third best. */
static const struct trial *local_base(const struct view *v, struct rng *rng)
{
    enum { BEST_N = 3 };
    const struct trial *best[BEST_N + 1] = {NULL};
    int n = 0;
    for (size_t i = 0; i < v->study->n_trials; i++) {
        const struct trial *t = &v->study->trials[i];
        if (t->state != TRIAL_COMPLETE || !isfinite(t->value))
            continue;
        int k = n < BEST_N ? n++ : BEST_N;
        for (; k > 0 && study_better(v->study, t, best[k - 1]); k--)
            best[k] = best[k - 1];
        best[k] = t;
    }
    double draw = rng_uniform(rng);
    int pick = draw < 0.6 ? 0 : draw < 0.85 ? 1 : 2;
    return best[pick < n ? pick : n - 1];
}

enum move agent_carry_out(const struct view *v, enum move m, struct rng *rng,
                          struct configuration *out)
{
    enum { TRIES = 40 };
    const struct space *space = &v->study->space;
    if (m != MOVE_RANDOM && m != MOVE_LOCAL &&
        move_apply(m, space, &v->incumbent->config, rng, out) && !search_tried(v->study, out))
        return m;
    for (int k = 0; k < TRIES && m != MOVE_RANDOM; k++) {
        double spread = k < TRIES / 2 ? 0.1 : 0.3;
        const struct trial *base = local_base(v, rng);
        if (move_local(space, &base->config, spread, rng, out) && !search_tried(v->study, out))
            return MOVE_LOCAL;
    }
    search_fresh(v->study, rng, out);
    return MOVE_RANDOM;
}

/* ---- the first runs ---------------------------------------------------------------------- */

/* The next starting point that was not tried, while the first runs last; -1: none. */
static int next_starting_point(const struct view *v, struct configuration *out)
{
    if (v->begun >= HAND_FIRST_RUNS)
        return -1;
    for (int i = 0; i < starting_point_count(); i++) {
        starting_point(&v->study->space, i, out);
        if (!search_tried(v->study, out))
            return i;
    }
    return -1;
}

enum move agent_action_towards(const struct study *study, const struct trial *incumbent,
                               const struct configuration *c)
{
    return incumbent ? move_nearest(&study->space, &incumbent->config, c) : MOVE_RANDOM;
}

enum move agent_propose_first(const struct view *v, struct rng *rng, struct proposal *out)
{
    int point = next_starting_point(v, &out->config);
    if (point < 0) {
        search_fresh(v->study, rng, &out->config);
        text_format(out->reason, sizeof out->reason, "random: only %d of %d first runs are done",
                    v->finished < HAND_FIRST_RUNS ? v->finished : HAND_FIRST_RUNS, HAND_FIRST_RUNS);
        return MOVE_RANDOM;
    }
    text_format(out->reason, sizeof out->reason, "starting point %d of %d: %s", point + 1,
                starting_point_count(), starting_point_about(point));
    if (point == 0)
        text_copy(out->who, sizeof out->who, "default");
    return agent_action_towards(v->study, v->incumbent, &out->config);
}

/* agent: tabular Q-learning over moves on the incumbent (section 8 of the search design, without
 * transfer), with a hand rule as its prior (decisions 16).
 *
 * A proposal is made in this order: a starting point not tried yet; a random configuration while
 * fewer than five runs have begun; then what the hand rule says, unless the table has seen another
 * move often enough, and better by more than the uncertainty of both, or an exploring step is due.
 *
 * The table is that of the study's q_update events and nothing else, so that a resumed study has
 * the same. All is a function of (context, rng). */
#include "internal.h"

#include <math.h>
#include <string.h>

static const double explore_share = 0.05;  /* epsilon */
static const double explore_trainings = 5; /* full trainings left, or no exploring */

struct agent {
    struct qtable table;
    size_t folded; /* of the study's updates */
};

/* What the agent sees when it decides. */
struct view {
    const struct search_context *context;
    const struct study *study;
    const struct trial *incumbent; /* NULL: none */
    int state, finished, since_gain;
    int begun;   /* runs that began, finished or not; those that failed at once do not count */
    int running; /* of them */
};

static enum err agent_open(const struct search_context *context, void **self, struct err_info *info)
{
    (void)context;
    struct agent *a = mem_zero_alloc(1, sizeof *a);
    if (!a)
        return err_set_memory(info, "agent");
    qtable_begin(&a->table, NULL);
    *self = a;
    return ERR_OK;
}

static void agent_close(void *self)
{
    mem_free(self);
}

static void catch_up(struct agent *a, const struct study *study)
{
    if (study->n_updates < a->folded) { /* another study: a test, or a file that was replaced */
        qtable_begin(&a->table, NULL);
        a->folded = 0;
    }
    a->folded = qtable_fold_from(&a->table, study, a->folded);
}

static struct view look(const struct search_context *context)
{
    struct view v = {.context = context, .study = context->study};
    v.incumbent = meta_incumbent(v.study, INFINITY);
    v.state =
        situation_now(v.study, context->majority_error, TRUST_LOW, &v.finished, &v.since_gain);
    for (size_t i = 0; i < v.study->n_trials; i++) {
        const struct trial *t = &v.study->trials[i];
        v.running += t->state == TRIAL_RUNNING;
        v.begun += t->state != TRIAL_WAITING && (t->state != TRIAL_FAIL || t->n_epochs > 0);
    }
    return v;
}

static struct standing standing_of(const struct view *v)
{
    struct standing s = {.trust = TRUST_LOW,
                         .begun = v->begun,
                         .running = v->running,
                         .finished = v->finished,
                         .since_gain = v->since_gain};
    for (int m = 0; m <= MOVE_RANDOM; m++)
        s.possible[m] = true;
    return s;
}

/* ---- choosing ---------------------------------------------------------------------------- */

/* Does the budget left allow an exploring step? No budget: always. */
static bool may_explore(const struct search_context *c)
{
    double spent = (double)c->study->epochs_spent, share = c->share_left;
    return share >= 1 || spent * share / (1 - share) > explore_trainings * c->full_epochs;
}

/* One of the moves that are possible, all alike. */
static enum move any_of(const struct standing *s, struct rng *rng)
{
    enum move possible[MOVE_N];
    size_t n = 0;
    for (int m = 0; m < MOVE_N; m++)
        if (s->possible[m])
            possible[n++] = (enum move)m;
    return possible[rng_below(rng, n)];
}

static enum move choose(const struct agent *a, const struct view *v, struct rng *rng, char *why,
                        size_t why_size)
{
    double draw = rng_uniform(rng);
    struct standing standing = standing_of(v);
    enum move any = any_of(&standing, rng); /* always drawn: the stream stays in step */
    enum move hand = hand_rule(&standing, why, why_size);
    if (draw < explore_share && may_explore(v->context)) {
        text_format(why, why_size, "explores, as in 1 step of %.0f: %s", 1 / explore_share,
                    move_about(any));
        return any;
    }
    enum move best =
        qtable_prefers(&a->table, v->state, hand, standing.possible, QTABLE_NEEDED_ALONE);
    if (best != hand)
        text_format(why, why_size, "%s: %s returned %+.2f on average after %.0f visits, %s %+.2f",
                    diagnosis_name(situation_from_index(v->state).diagnosis), move_name(best),
                    a->table.q[v->state][best], a->table.visits[v->state][best], move_name(hand),
                    a->table.q[v->state][hand]);
    return best;
}

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

/* A move that changes nothing, or leads to what was tried, becomes a local one; where the
 * neighbourhood is used up, wider and wider, at last a random one. Returns what was done. */
static enum move carry_out(const struct view *v, enum move m, struct rng *rng,
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

/* ---- proposing --------------------------------------------------------------------------- */

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

/* The action that a configuration from elsewhere counts as. */
static enum move action_towards(const struct study *study, const struct trial *incumbent,
                                const struct configuration *c)
{
    return incumbent ? move_nearest(&study->space, &incumbent->config, c) : MOVE_RANDOM;
}

static enum move propose_first(const struct view *v, struct rng *rng, struct proposal *out)
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
    return action_towards(v->study, v->incumbent, &out->config);
}

static void propose_move(const struct agent *a, const struct view *v, struct rng *rng,
                         struct proposal *out, enum move *made)
{
    char why[192];
    enum move wanted = choose(a, v, rng, why, sizeof why);
    *made = carry_out(v, wanted, rng, &out->config);
    if (*made == wanted)
        text_copy(out->reason, sizeof out->reason, why);
    else
        text_format(out->reason, sizeof out->reason, "%s; tried or no change, so %s", why,
                    move_name(*made));
}

static enum err agent_propose(void *self, const struct search_context *context, struct rng *rng,
                              struct proposal *out)
{
    struct agent *a = self;
    struct view v = look(context);
    enum move made;
    catch_up(a, context->study);
    memset(out, 0, sizeof *out);
    text_copy(out->who, sizeof out->who, "agent");
    if (v.begun < HAND_FIRST_RUNS || !v.incumbent)
        made = propose_first(&v, rng, out);
    else
        propose_move(a, &v, rng, out, &made);
    text_copy(out->situation, sizeof out->situation, situation_name(v.state));
    text_copy(out->action, sizeof out->action, move_name(made));
    return ERR_OK;
}

/* ---- learning ---------------------------------------------------------------------------- */

/* (s, a) as noted at the proposal; of a trial that came from elsewhere, what they were when it
 * began, just before it can have ended itself. */
static void transition_of(const struct search_context *c, const struct trial *t, int *s, int *a)
{
    double before = t->start_s < t->end_s ? t->start_s : nextafter(t->end_s, -INFINITY);
    *s = situation_find(t->situation);
    *a = move_find(t->action);
    if (*s < 0)
        *s = situation_at(c->study, c->majority_error, situation_trust(c->study, before), before,
                          NULL, NULL);
    if (*a < 0)
        *a = (int)action_towards(c->study, meta_incumbent(c->study, before), &t->config);
}

static bool agent_observe(void *self, const struct search_context *context,
                          const struct trial *ended, double best_before, struct q_update *update)
{
    struct agent *agent = self;
    int s, a, next = QTABLE_TERMINAL;
    if (ended->n_epochs == 0)
        return false;
    catch_up(agent, context->study);
    transition_of(context, ended, &s, &a);
    const struct trial *incumbent = meta_incumbent(context->study, ended->end_s);
    double after = incumbent ? incumbent->value : best_before;
    if (context->share_left > 0)
        next =
            situation_at(context->study, context->majority_error,
                         situation_trust(context->study, ended->end_s), ended->end_s, NULL, NULL);
    double reward = meta_reward(best_before, after, context->share_left);
    struct qtable step = agent->table; /* the agent's own changes when the event is in the fold */
    qtable_update(&step, s, a, reward, next, 1, 0, update);
    update->trial = ended->number;
    return true;
}

const struct sampler_ops sampler_agent = {
    .guided = true,
    .name = "agent",
    .about = "Q-learning over moves on the best network so far (Watkins, Dayan 1992)",
    .open = agent_open,
    .close = agent_close,
    .propose = agent_propose,
    .observe = agent_observe,
};

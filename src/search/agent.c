/* agent: tabular Q-learning over moves on the incumbent (section 8 of the search design, without
 * transfer), with a hand rule as its prior (decisions 16).
 *
 * A proposal is made in this order: a starting point not tried yet; a random configuration while
 * fewer than five runs have begun; then what the hand rule says, unless the table has seen another
 * move often enough, and better by more than the uncertainty of both, or an exploring step is due.
 *
 * The table is that of the study's q_update events and nothing else, so that a resumed study has
 * the same. All is a function of (context, rng). */
#include "agent.h"

#include <math.h>
#include <string.h>

static const double explore_share = 0.05;  /* epsilon */
static const double explore_trainings = 5; /* full trainings left, or no exploring */

/* The known table, if it was better than the hand rule where that was measured. */
static const struct qtable *known_table(const struct agent *a, const struct search_context *c)
{
    const struct guidance *g = c->guidance;
    bool has_say = g && a->insight && (a->way.table || g->advice->q_pays);
    return has_say ? &g->advice->q : NULL;
}

static enum err open_as(struct agent_way way, const struct search_context *context, void **self,
                        struct err_info *info)
{
    struct agent *a = mem_zero_alloc(1, sizeof *a);
    *self = NULL;
    if (!a)
        return err_set_memory(info, "agent");
    a->way = way;
    enum err err = ERR_OK;
    if (context->guidance && !way.alone)
        err = insight_open(context, way.even, &a->insight);
    if (err == ERR_RANGE) /* nothing is left of the knowledge: as if there were none */
        err = ERR_OK;
    qtable_begin(&a->table, known_table(a, context));
    qtable_overrides_init(&a->person);
    if (err == ERR_OK)
        *self = a;
    else
        mem_free(a);
    return err == ERR_OK ? ERR_OK : err_set_memory(info, "agent");
}

static void agent_close(void *self)
{
    struct agent *a = self;
    insight_close(a->insight);
    mem_free(a);
}

static void catch_up(struct agent *a, const struct search_context *context)
{
    const struct study *study = context->study;
    if (study->n_updates < a->folded) { /* another study: a test, or a file that was replaced */
        qtable_begin(&a->table, known_table(a, context));
        a->folded = 0;
    }
    a->folded = qtable_fold_from(&a->table, study, a->folded);
    qtable_overrides(&a->person, study);
}

static enum err look(struct agent *a, const struct search_context *context, struct rng *rng,
                     struct view *v)
{
    enum err err = ERR_OK;
    *v = (struct view){.context = context, .study = context->study, .insight = a->insight};
    if (a->insight) {
        err = insight_look(a->insight, context);
        v->trust = a->insight->trust;
        insight_entries(a->insight, context, v->entry, &v->n_entries);
    }
    v->incumbent = meta_incumbent(v->study, INFINITY);
    v->state =
        situation_now(v->study, context->majority_error, v->trust, &v->finished, &v->since_gain);
    for (size_t i = 0; i < v->study->n_trials; i++) {
        const struct trial *t = &v->study->trials[i];
        v->running += t->state == TRIAL_RUNNING;
        v->begun += t->state != TRIAL_WAITING && (t->state != TRIAL_FAIL || t->n_epochs > 0);
    }
    v->has_promise = err == ERR_OK && a->insight && a->insight->n > 0;
    if (v->has_promise)
        err = insight_promise(a->insight, context, rng, &v->fresh, &v->near, &v->thaw);
    return err;
}

static struct standing standing_of(const struct view *v)
{
    struct standing s = {.knows = v->insight != NULL,
                         .trust = v->trust,
                         .begun = v->begun,
                         .running = v->running,
                         .finished = v->finished,
                         .since_gain = v->since_gain};
    for (int m = 0; m <= MOVE_RANDOM; m++)
        s.possible[m] = v->incumbent || m == MOVE_RANDOM;
    s.possible[MOVE_PORTFOLIO] = v->n_entries > 0;
    s.possible[MOVE_SURROGATE] = v->has_promise;
    s.possible[MOVE_THAW] = v->has_promise && v->thaw.thaw;
    s.thaw_pays = s.possible[MOVE_THAW] && v->thaw.rate > v->fresh.rate;
    return s;
}

/* ---- choosing ---------------------------------------------------------------------------- */

/* The first runs are for what is known best. Then: does the budget left allow an exploring step?
 * No budget: always. */
static bool may_explore(const struct view *v)
{
    enum { FIRST_RUNS = 6 };
    const struct search_context *c = v->context;
    if (v->begun < FIRST_RUNS)
        return false;
    double spent = (double)c->study->epochs_spent, share = c->share_left;
    return share >= 1 || spent * share / (1 - share) > explore_trainings * c->full_epochs;
}

/* One of the moves that are possible, all alike. */
static enum move any_of(const struct standing *s, struct rng *rng)
{
    enum move possible[MOVE_N] = {MOVE_RANDOM}; /* which always is */
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
    int needed = v->insight ? QTABLE_NEEDED : QTABLE_NEEDED_ALONE;
    struct standing standing = standing_of(v);
    enum move any = any_of(&standing, rng); /* always drawn: the stream stays in step */
    enum move hand = hand_rule(&standing, why, why_size);
    if (a->person.next >= 0 && standing.possible[a->person.next]) {
        text_format(why, why_size, "as you asked: %s", move_about((enum move)a->person.next));
        return (enum move)a->person.next;
    }
    if (a->way.random) {
        text_format(why, why_size, "any move: %s", move_about(any));
        return any;
    }
    if (a->way.hand)
        return hand;
    if (draw < explore_share && may_explore(v)) {
        text_format(why, why_size, "explores, as in 1 step of %.0f: %s", 1 / explore_share,
                    move_about(any));
        return any;
    }
    enum move best = qtable_prefers(&a->table, v->state, hand, standing.possible, needed);
    if (best != hand)
        text_format(why, why_size, "%s: %s returned %+.2f on average after %.0f visits, %s %+.2f",
                    diagnosis_name(situation_from_index(v->state).diagnosis), move_name(best),
                    a->table.q[v->state][best], a->table.visits[v->state][best], move_name(hand),
                    a->table.q[v->state][hand]);
    return best;
}

static enum move propose_move(const struct view *v, enum move wanted, const char *why,
                              struct rng *rng, struct proposal *out)
{
    enum move made = agent_carry_out(v, wanted, rng, &out->config);
    if (made == wanted)
        text_copy(out->reason, sizeof out->reason, why);
    else
        text_format(out->reason, sizeof out->reason, "%s; tried or no change, so %s", why,
                    move_name(made));
    return made;
}

static enum err agent_propose(void *self, const struct search_context *context, struct rng *rng,
                              struct proposal *out)
{
    struct agent *a = self;
    struct view v;
    enum move made = MOVE_RANDOM;
    catch_up(a, context);
    memset(out, 0, sizeof *out);
    enum err err = look(a, context, rng, &v);
    text_copy(out->who, sizeof out->who, "agent");
    if (err != ERR_OK)
        return err;
    if (!v.insight && (v.begun < HAND_FIRST_RUNS || !v.incumbent)) {
        made = agent_propose_first(&v, rng, out);
    } else {
        char why[192];
        enum move wanted = choose(a, &v, rng, why, sizeof why);
        if (v.insight)
            made = agent_propose_knowing(&v, wanted, why, rng, out);
        else
            made = propose_move(&v, wanted, why, rng, out);
    }
    text_copy(out->situation, sizeof out->situation, situation_name(v.state));
    if (!out->action[0])
        text_copy(out->action, sizeof out->action, move_name(made));
    return err;
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
        *a = (int)agent_action_towards(c->study, meta_incumbent(c->study, before), &t->config);
}

static bool agent_observe(void *self, const struct search_context *context,
                          const struct trial *ended, double best_before, struct q_update *update)
{
    struct agent *agent = self;
    int s, a, next = QTABLE_TERMINAL;
    if (ended->n_epochs == 0)
        return false;
    catch_up(agent, context);
    transition_of(context, ended, &s, &a);
    if (agent->person.frozen || agent->person.pinned[s][a])
        return false;
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

/* ---- for people -------------------------------------------------------------------------- */

static void put_nearest(const struct insight *in, struct search_outlook *out)
{
    for (int t = 0; t < in->n_tasks; t++) {
        int at = out->n_nearest < OUTLOOK_NEAREST ? out->n_nearest++ : OUTLOOK_NEAREST;
        for (; at > 0 && in->weight[t] > out->weight[at - 1]; at--)
            if (at < OUTLOOK_NEAREST) {
                out->nearest[at] = out->nearest[at - 1];
                out->weight[at] = out->weight[at - 1];
            }
        if (at < OUTLOOK_NEAREST) {
            out->nearest[at] = t;
            out->weight[at] = in->weight[t];
        }
    }
    while (out->n_nearest > 0 && !(out->weight[out->n_nearest - 1] > 0))
        out->n_nearest--;
}

static void agent_outlook(void *self, const struct search_context *context,
                          struct search_outlook *out)
{
    struct agent *a = self;
    struct view v;
    struct rng rng; /* of a look that decides nothing */
    rng_seed(&rng, context->rng_seed, context->study->n_trials);
    catch_up(a, context);
    if (look(a, context, &rng, &v) != ERR_OK)
        return;
    struct standing standing = standing_of(&v);
    out->known = true;
    out->state = v.state;
    out->trust = v.trust;
    out->hand = hand_rule(&standing, out->why, sizeof out->why);
    out->takes = a->way.hand ? out->hand
                             : qtable_prefers(&a->table, v.state, out->hand, standing.possible,
                                              v.insight ? QTABLE_NEEDED : QTABLE_NEEDED_ALONE);
    memcpy(out->possible, standing.possible, sizeof out->possible);
    if (v.insight)
        put_nearest(v.insight, out);
    out->n_left = v.n_entries;
    memcpy(out->left, v.entry, sizeof out->left);
}

/* ---- the ways ---------------------------------------------------------------------------- */

enum { KEPT = 8 }; /* stopped runs whose weights are kept */

#define AGENT(SYMBOL, NAME, ABOUT, GUIDED, WAY)                                                    \
    static enum err SYMBOL##_open(const struct search_context *context, void **self,               \
                                  struct err_info *info)                                           \
    {                                                                                              \
        return open_as((struct agent_way){.WAY = true}, context, self, info);                      \
    }                                                                                              \
    const struct sampler_ops SYMBOL = {                                                            \
        .name = (NAME),                                                                            \
        .about = (ABOUT),                                                                          \
        .open = SYMBOL##_open,                                                                     \
        .close = agent_close,                                                                      \
        .propose = agent_propose,                                                                  \
        .observe = agent_observe,                                                                  \
        .n_kept = KEPT,                                                                            \
        .chance = search_chance,                                                                   \
        .guided = (GUIDED),                                                                        \
        .outlook = agent_outlook,                                                                  \
    }
AGENT(sampler_agent, "agent",
      "Q-learning over moves, with knowledge over portfolio, surrogate and thawing, too "
      "(Watkins, Dayan 1992)",
      true, usual);
AGENT(sampler_agent_table, "agent-table",
      "the agent with other tasks' table, even where that was not measured better", true, table);
AGENT(sampler_agent_hand, "agent-hand", "the agent by its hand rule alone", true, hand);
AGENT(sampler_agent_random, "agent-random", "the agent with any possible move at random", true,
      random);
AGENT(sampler_agent_alone, "agent-alone", "the agent without knowledge of other tasks", false,
      alone);
AGENT(sampler_agent_even, "agent-even", "the agent that does not look at the task's data", false,
      even);

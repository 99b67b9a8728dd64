/* design: the sampler of recordings: the shared points, then the agent's own search, then repeats.
 *
 * What always holds: what comes next is a function of the fold and of the plan in its settings. It
 * goes by the kinds of trials that are there, not by their numbers, so that a trial which somebody
 * put into the log by hand takes the place of one of the agent's and shifts nothing else. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct design {
    struct learn_plan plan;
    struct net_rows shape; /* of the task: sizes only */
    double cost_max;       /* of an own one's epoch */
    const struct sampler_ops *agent_ops;
    void *agent;
};

/* ---- what is there ----------------------------------------------------------------------- */

enum kind { KIND_SHARED, KIND_OWN, KIND_REPEAT, KINDS };

static enum kind kind_of(const struct trial *t)
{
    if (strcmp(t->who, WHO_REPEAT) == 0)
        return KIND_REPEAT;
    return strcmp(t->who, WHO_DESIGN) == 0 || strcmp(t->who, WHO_POOL) == 0 ? KIND_SHARED
                                                                            : KIND_OWN;
}

struct tally {
    int n[KINDS];
    bool open; /* a shared or own one has not ended */
};

static struct tally count(const struct study *study)
{
    struct tally c = {0};
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        enum kind kind = kind_of(t);
        c.n[kind]++;
        c.open |= kind != KIND_REPEAT && (t->state == TRIAL_RUNNING || t->state == TRIAL_WAITING);
    }
    return c;
}

/* The trial of shared point `point`. */
static const struct trial *shared_trial(const struct study *study, int point)
{
    for (size_t i = 0; i < study->n_trials; i++)
        if (kind_of(&study->trials[i]) == KIND_SHARED && point-- == 0)
            return &study->trials[i];
    return NULL;
}

/* ---- what is repeated -------------------------------------------------------------------- */

static bool is_drawn(const struct study *study, const struct learn_plan *plan,
                     const struct trial *t)
{
    int point[DRAWN_MAX], n = plan_drawn(plan, point);
    for (int i = 0; i < n; i++)
        if (shared_trial(study, point[i]) == t)
            return true;
    return false;
}

/* The trial with k others before it: those that ended well by value, then the failed ones. */
static const struct trial *ranked_trial(const struct study *study, const struct learn_plan *plan,
                                        int k)
{
    const struct trial *best[BEST_MAX + 1] = {NULL};
    int n = 0;
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        if (kind_of(t) == KIND_REPEAT || is_drawn(study, plan, t))
            continue;
        int at = n < BEST_MAX ? n++ : BEST_MAX;
        for (; at > 0 && study_better(study, t, best[at - 1]); at--)
            best[at] = best[at - 1];
        best[at] = t;
    }
    return k < n ? best[k] : NULL;
}

/* ---- proposing --------------------------------------------------------------------------- */

static enum err propose_shared(const struct design *d, const struct study *study, int point,
                               struct proposal *out)
{
    learn_plan_point(&d->plan, &study->space, point, &out->config);
    text_copy(out->who, sizeof out->who, d->plan.pool ? WHO_POOL : WHO_DESIGN);
    text_format(out->action, sizeof out->action, "point %d", point);
    text_format(out->reason, sizeof out->reason, "point %d of %d, the same on every task",
                point + 1, d->plan.n_shared);
    return ERR_OK;
}

/* What the agent wants, if it can be paid; it is asked some times, then a random one is drawn. */
static enum err propose_own(const struct design *d, const struct search_context *context,
                            struct rng *rng, struct proposal *out)
{
    enum { ASKED = 16, DRAWN = 1000 };
    const struct space *space = &context->study->space;
    for (int k = 0; k < ASKED; k++) {
        enum err err = d->agent_ops->propose(d->agent, context, rng, out);
        if (err != ERR_OK || cost_of_epoch(space, &out->config, &d->shape) <= d->cost_max)
            return err;
    }
    for (int k = 0; k < DRAWN; k++) {
        space_sample(space, rng, &out->config);
        if (cost_of_epoch(space, &out->config, &d->shape) <= d->cost_max)
            break;
    }
    text_copy(out->action, sizeof out->action, move_name(MOVE_RANDOM));
    text_format(out->reason, sizeof out->reason,
                "random: all that the agent wanted costs more than %d times a shared point",
                LEARN_OWN_COST);
    return ERR_OK;
}

static enum err propose_repeat(const struct design *d, const struct study *study,
                               const struct tally *there, struct proposal *out)
{
    int drawn[DRAWN_MAX], n_drawn = plan_drawn(&d->plan, drawn), n_best = plan_n_best(&d->plan);
    int k = there->n[KIND_REPEAT], n = n_drawn;
    const struct trial *t;
    const char *why = "drawn";
    if (k < n_drawn * d->plan.n_repeats) {
        t = shared_trial(study, drawn[k % n_drawn]);
    } else {
        k -= n_drawn * d->plan.n_repeats;
        n = n_best;
        why = "one of the best";
        if (there->open) /* which ones are the best is not known yet */
            return ERR_BUSY;
        t = n > 0 && k < n * d->plan.n_repeats ? ranked_trial(study, &d->plan, k % n) : NULL;
    }
    if (!t)
        return ERR_STATE; /* the plan is done */
    out->config = t->config;
    text_copy(out->who, sizeof out->who, WHO_REPEAT);
    text_format(out->action, sizeof out->action, "trial %lld", (long long)t->number);
    text_format(out->reason, sizeof out->reason, "seed %d of %d of #%lld, %s", k / n + 2,
                d->plan.n_repeats + 1, (long long)t->number, why);
    return ERR_OK;
}

static enum err design_propose(void *self, const struct search_context *context, struct rng *rng,
                               struct proposal *out)
{
    const struct design *d = self;
    struct tally there = count(context->study);
    memset(out, 0, sizeof *out);
    if (there.n[KIND_SHARED] < d->plan.n_shared)
        return propose_shared(d, context->study, there.n[KIND_SHARED], out);
    if (there.n[KIND_OWN] < d->plan.n_own)
        return propose_own(d, context, rng, out);
    return propose_repeat(d, context->study, &there, out);
}

/* ---- the rest of a sampler --------------------------------------------------------------- */

static void design_close(void *self)
{
    struct design *d = self;
    d->agent_ops->close(d->agent);
    mem_free(d);
}

static enum err design_open(const struct search_context *context, void **self,
                            struct err_info *info)
{
    struct learn_plan plan;
    struct engine_task task;
    *self = NULL;
    if (!learn_plan_of(context->study, &plan) || !engine_read_task(context->study, &task))
        return err_set(info, ERR_INPUT, context->study->name, "choose another folder",
                       "the log is no recording");
    struct design *d = mem_zero_alloc(1, sizeof *d);
    if (!d)
        return err_set_memory(info, "recording");
    d->plan = plan;
    d->shape = (struct net_rows){
        .n_rows = (int32_t)task.n_rows, .n_inputs = task.n_inputs, .n_classes = task.n_classes};
    d->cost_max = LEARN_OWN_COST * cost_of_shared(&plan, &context->study->space, &d->shape);
    d->agent_ops = sampler_find("agent");
    enum err err = d->agent_ops->open(context, &d->agent, info);
    if (err != ERR_OK)
        mem_free(d);
    else
        *self = d;
    return err;
}

/* The agent learns from its own moves. */
static bool design_observe(void *self, const struct search_context *context,
                           const struct trial *ended, double best_before, struct q_update *update)
{
    struct design *d = self;
    return kind_of(ended) == KIND_OWN &&
           d->agent_ops->observe(d->agent, context, ended, best_before, update);
}

const struct sampler_ops learn_sampler_design = {
    .name = "design",
    .about = "the same Sobol points on every task (Joe, Kuo 2008; Owen 1995), then the agent's "
             "own, then repeats with other seeds",
    .open = design_open,
    .close = design_close,
    .propose = design_propose,
    .observe = design_observe,
};

const struct sampler_ops learn_sampler_pool = {
    .name = "pool",
    .about = "Sobol points of an evaluation pool (Joe, Kuo 2008; Owen 1995)",
    .open = design_open,
    .close = design_close,
    .propose = design_propose,
    .observe = design_observe,
};

/* learned: pruners that know from other tasks how curves go on (search design, 5 and 8).
 *
 * A run is judged at rungs against the incumbent's whole curve: how likely is it to end better?
 * Some stops are overruled at random, so that it can be seen on the new task whether these
 * probabilities are true. All is a function of the fold. */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double audit_share = 0.05; /* of the stops */

/* ---- curves as the predictor takes them ----------------------------------------------------- */

struct curve_room {
    struct known_curve curve;
    double *value; /* error, train loss, validation loss */
};

static bool curve_of(const struct trial *t, int n_epochs, struct curve_room *out)
{
    size_t n = t->n_epochs < (size_t)n_epochs ? t->n_epochs : (size_t)n_epochs;
    out->value = mem_alloc(n + 1, 3 * sizeof *out->value);
    if (!out->value)
        return false;
    double *train = out->value + n, *validation = train + n;
    for (size_t e = 0; e < n; e++) {
        out->value[e] = t->curve[e].value;
        train[e] = t->curve[e].metric[METRIC_TRAIN_LOSS];
        validation[e] = t->curve[e].metric[METRIC_VAL_LOSS];
    }
    out->curve = (struct known_curve){(int)n, out->value, train, validation};
    return true;
}

static int last_rung_epoch(const struct trial *t, int full_epochs)
{
    for (int e = (int)t->n_epochs; e > 0; e--)
        if (predictor_rung_at(e, full_epochs) >= 0)
            return e;
    return 0;
}

static bool search_predict_at(const struct search_context *context, const struct trial *t,
                              const struct trial *incumbent, int epoch, struct prediction *out)
{
    struct curve_room run = {0}, best = {0};
    if (epoch == 0 || !context->guidance || t == incumbent)
        return false;
    bool said = curve_of(t, epoch, &run) && curve_of(incumbent, context->full_epochs, &best) &&
                predictor_judge(&context->guidance->advice->predictor, &run.curve, &best.curve,
                                context->full_epochs, out);
    mem_free(run.value);
    mem_free(best.value);
    return said;
}

int search_entry_of(const struct trial *t)
{
    const char *name = move_name(MOVE_PORTFOLIO);
    size_t n = strlen(name);
    int entry = strncmp(t->action, name, n) == 0 && t->action[n] == ' ' ? atoi(t->action + n) : 0;
    return entry > 0 && entry <= PORTFOLIO_MAX ? entry - 1 : -1;
}

bool search_predict(const struct search_context *context, const struct trial *t,
                    const struct trial *incumbent, struct prediction *out)
{
    return search_predict_at(context, t, incumbent, last_rung_epoch(t, context->full_epochs), out);
}

double search_chance(const struct search_context *context, const struct trial *t)
{
    struct prediction p;
    const struct trial *incumbent = meta_incumbent(context->study, (double)INFINITY);
    return incumbent && search_predict(context, t, incumbent, &p) ? p.win : (double)NAN;
}

/* ---- pruners -------------------------------------------------------------------------------- */

bool learned_rung(int epoch, int full_epochs)
{
    return predictor_rung_at(epoch, full_epochs) >= 0;
}

static bool is_lost(const struct search_context *context, const struct trial *t)
{
    struct curve_room run = {0};
    bool lost = curve_of(t, (int)t->n_epochs, &run) &&
                predictor_is_lost(run.curve.error, run.curve.n, context->full_epochs,
                                  context->majority_error);
    mem_free(run.value);
    return lost;
}

/* Always the same word on the same trial. */
static bool is_audited(const struct search_context *context, const struct trial *t)
{
    struct rng rng;
    rng_seed(&rng, context->rng_seed, UINT64_C(0x61756469) << 32 | (uint64_t)t->number);
    return rng_uniform(&rng) < audit_share;
}

static bool is_by_hand(const struct trial *t)
{
    return strcmp(t->who, "you") == 0 || (t->continues >= 0 && move_find(t->action) != MOVE_THAW);
}

/* What both pruners say before any table or bound: stop at once, or nothing (*judged false). */
static bool judge(const struct search_context *context, const struct trial *t,
                  struct prediction *out, bool *judged, char *reason, size_t reason_size)
{
    const struct trial *incumbent = meta_incumbent(context->study, (double)INFINITY);
    *judged = false;
    if (t->n_epochs == 0 || is_by_hand(t))
        return false;
    if (is_lost(context, t)) {
        text_format(reason, reason_size, "stopped at epoch %d: it has learnt nothing",
                    t->curve[t->n_epochs - 1].step);
        return true;
    }
    *judged = incumbent && search_predict(context, t, incumbent, out);
    return false;
}

/* What is asked of it, by the chances of all runs that came to this rung, as they are now. */
static double bound_for(const struct search_context *context, const struct trial *t,
                        const struct prediction *p)
{
    double sum = p->win;
    int n = 1;
    const struct trial *incumbent = meta_incumbent(context->study, (double)INFINITY);
    int epoch = predictor_epoch(p->rung, context->full_epochs);
    for (size_t i = 0; i < context->study->n_trials; i++) {
        const struct trial *o = &context->study->trials[i];
        struct prediction other;
        if (o == t || o->n_epochs < (size_t)epoch || o->state == TRIAL_FAIL || o->continued_by >= 0)
            continue;
        if (search_predict_at(context, o, incumbent, epoch, &other)) {
            sum += other.win;
            n++;
        }
    }
    return predictor_asked(p->rung, context->full_epochs, sum, n);
}

/* The best third at a rung goes on whatever the figure is: where curves go on otherwise than on the
 * known tasks, the search must not stop what is ahead. On eight pools it changes nothing. */
bool learned_stop(const struct search_context *context, const struct trial *t, char *reason,
                  size_t reason_size)
{
    struct prediction p;
    bool judged, lost = judge(context, t, &p, &judged, reason, reason_size);
    if (lost || !judged)
        return lost;
    double bound = bound_for(context, t, &p);
    if (p.win >= bound || search_leads(context, t) || is_audited(context, t))
        return false;
    text_format(reason, reason_size,
                "stopped at epoch %d: it will end better than the best with a probability of %.3f, "
                "and %.3f is asked for",
                t->curve[t->n_epochs - 1].step, p.win, bound);
    return true;
}

bool learned_chance(const struct search_context *context, const struct trial *t,
                    struct search_chance *out)
{
    struct prediction p;
    const struct trial *incumbent = meta_incumbent(context->study, (double)INFINITY);
    if (t->n_epochs == 0 || !incumbent || !search_predict(context, t, incumbent, &p))
        return false;
    *out = (struct search_chance){.epoch = predictor_epoch(p.rung, context->full_epochs),
                                  .win = p.win,
                                  .asked = is_by_hand(t) ? (double)NAN : bound_for(context, t, &p),
                                  .leads = search_leads(context, t),
                                  .audited = is_audited(context, t)};
    return true;
}

bool pilot_stop(const struct search_context *context, const struct trial *t, char *reason,
                size_t reason_size)
{
    struct prediction p;
    bool judged, lost = judge(context, t, &p, &judged, reason, reason_size);
    if (lost || !judged)
        return lost;
    bool fixed = learned_stop(context, t, reason, reason_size);
    int state = pilot_state(p.rung, p.win, context->share_left);
    enum pilot_action by_bound = fixed ? PILOT_PAUSE : PILOT_CONTINUE;
    enum pilot_action a = pilot_prefers(&context->guidance->advice->pilot, state, by_bound);
    if (a == by_bound || is_audited(context, t))
        return fixed;
    text_format(reason, reason_size,
                "stopped at epoch %d: with a probability of %.3f to end better than the best, "
                "%s paid more than going on",
                t->curve[t->n_epochs - 1].step, p.win, pilot_action_name(a));
    return a != PILOT_CONTINUE;
}

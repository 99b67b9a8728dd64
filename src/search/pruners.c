/* pruners: stop a trial at a rung, or let it go on. They compare best values up to the same epoch,
 * look at the fold only, and never stop where too few trials have come that far.
 *
 * A continuation is never stopped: a person asked for its epochs. */
#include "internal.h"

#include <math.h>
#include <string.h>

enum { RUNG_EARLIEST = 2, ETA = 3 }; /* an epoch alone says too little; a third goes on */

/* A loss that is no number will not come back. */
static bool is_lost(const struct trial *t, char *reason, size_t reason_size)
{
    const struct epoch_result *last = &t->curve[t->n_epochs - 1];
    if (isfinite(last->value))
        return false;
    text_format(reason, reason_size, "stopped at epoch %d: the value is no number any more",
                last->step);
    return true;
}

/* Another trial that came so far; not one that failed or was gone on with by hand. */
static bool is_rival(const struct trial *t, const struct trial *o, int epoch)
{
    bool counts =
        o->state == TRIAL_COMPLETE || o->state == TRIAL_PRUNED || o->state == TRIAL_RUNNING;
    return counts && o->number != t->number && o->continues < 0 && o->n_epochs > 0 &&
           o->curve[o->n_epochs - 1].step >= epoch;
}

/* Best values at that epoch of the other trials that came so far, those that failed left out.
 * Returns how many are counted and how many of them are better than `value`. */
static int rivals(const struct search_context *c, const struct trial *t, int epoch, double value,
                  bool complete_only, int *better)
{
    int n = 0;
    *better = 0;
    for (size_t i = 0; i < c->study->n_trials; i++) {
        const struct trial *o = &c->study->trials[i];
        if (!is_rival(t, o, epoch) || (complete_only && o->state != TRIAL_COMPLETE))
            continue;
        n++;
        *better += study_objective_at(o, epoch) < value;
    }
    return n;
}

bool search_leads(const struct search_context *context, const struct trial *t)
{
    int epoch = t->curve[t->n_epochs - 1].step, better;
    int n = rivals(context, t, epoch, study_objective_at(t, epoch), false, &better) + 1;
    return better < (n + ETA - 1) / ETA;
}

/* ---- none -------------------------------------------------------------------------------- */

static bool never_rung(int epoch, int full_epochs)
{
    (void)epoch;
    (void)full_epochs;
    return false;
}

static bool never_stop(const struct search_context *context, const struct trial *t, char *reason,
                       size_t reason_size)
{
    (void)context;
    (void)t;
    (void)reason;
    (void)reason_size;
    return false;
}

/* ---- median ------------------------------------------------------------------------------ */

/* Every tenth of the full length. */
static bool median_rung(int epoch, int full_epochs)
{
    int every = full_epochs >= 20 ? full_epochs / 10 : 2;
    return epoch >= RUNG_EARLIEST && epoch < full_epochs && epoch % every == 0;
}

/* Worse than the median of the completed trials' best values up to this epoch. */
static bool median_stop(const struct search_context *context, const struct trial *t, char *reason,
                        size_t reason_size)
{
    const int needed = 5;
    if (t->n_epochs == 0 || t->continues >= 0)
        return false;
    if (is_lost(t, reason, reason_size))
        return true;
    int epoch = t->curve[t->n_epochs - 1].step, better;
    double value = study_objective_at(t, epoch);
    int n = rivals(context, t, epoch, value, true, &better);
    if (n < needed || 2 * better <= n)
        return false;
    text_format(reason, reason_size,
                "stopped at epoch %d: %.4f, and %d of %d finished trials were better by then",
                epoch, value, better, n);
    return true;
}

/* ---- asynchronous successive halving ----------------------------------------------------- */

/* R/3 and R/9. */
static bool halving_rung(int epoch, int full_epochs)
{
    int third = (full_epochs + ETA - 1) / ETA, ninth = (full_epochs + ETA * ETA - 1) / (ETA * ETA);
    return epoch >= RUNG_EARLIEST && epoch < full_epochs && (epoch == third || epoch == ninth);
}

/* Not among the best third of those that came to this rung. */
static bool halving_stop(const struct search_context *context, const struct trial *t, char *reason,
                         size_t reason_size)
{
    if (t->n_epochs == 0 || t->continues >= 0)
        return false;
    if (is_lost(t, reason, reason_size))
        return true;
    int epoch = t->curve[t->n_epochs - 1].step, better;
    double value = study_objective_at(t, epoch);
    int n = rivals(context, t, epoch, value, false, &better) + 1; /* itself */
    if (n < ETA || better < (n + ETA - 1) / ETA)
        return false;
    text_format(reason, reason_size,
                "stopped at epoch %d: %.4f is place %d of %d there, and the best third goes on",
                epoch, value, better + 1, n);
    return true;
}

/* ---- Hyperband --------------------------------------------------------------------------- */

/* Bracket b halves at 2 * 3^b epochs and at each threefold of that: the first one soon and often,
 * the last one hardly at all. Fewer than this come of any R. */
enum { BRACKETS_MAX = 20 };

static int64_t first_rung(int bracket)
{
    int64_t epoch = RUNG_EARLIEST;
    while (bracket-- > 0)
        epoch *= ETA;
    return epoch;
}

static int bracket_count(int full_epochs)
{
    int n = 1;
    while (n < BRACKETS_MAX && first_rung(n) <= full_epochs)
        n++;
    return n;
}

/* Brackets get as many trials as Hyperband would begin in them, but in mixed order: which one comes
 * from a hash of the trial's number, as in Optuna, so that all of them fill from the start. */
static int bracket_of(const struct search_context *c, const struct trial *t)
{
    const uint64_t stream = UINT64_C(0x6272616b) << 32;
    int n = bracket_count(c->full_epochs);
    int64_t share[BRACKETS_MAX] = {0}, total = 0, trials = 1; /* trials: 3^halvings */
    for (int b = n - 1, halvings = 0; b >= 0; b--, halvings++, trials *= ETA)
        total += share[b] = (n * trials + halvings) / (halvings + 1);
    struct rng rng;
    rng_seed(&rng, c->rng_seed, stream | (uint64_t)t->number);
    int64_t place = (int64_t)rng_below(&rng, (uint64_t)total);
    int b = 0;
    while ((place -= share[b]) >= 0)
        b++;
    return b;
}

static bool hyperband_rung(int epoch, int full_epochs)
{
    for (int b = 0; b < bracket_count(full_epochs); b++)
        if (epoch == first_rung(b))
            return epoch < full_epochs;
    return false;
}

/* Not among the best third of its bracket at this rung; of fewer than three only the best goes on.
 */
static bool hyperband_stop(const struct search_context *context, const struct trial *t,
                           char *reason, size_t reason_size)
{
    if (t->n_epochs == 0 || t->continues >= 0)
        return false;
    if (is_lost(t, reason, reason_size))
        return true;
    int epoch = t->curve[t->n_epochs - 1].step, bracket = bracket_of(context, t), n = 1, better = 0;
    double value = study_objective_at(t, epoch);
    if (epoch < first_rung(bracket))
        return false;
    for (size_t i = 0; i < context->study->n_trials; i++) {
        const struct trial *o = &context->study->trials[i];
        if (!is_rival(t, o, epoch) || bracket_of(context, o) != bracket)
            continue;
        n++;
        better += study_objective_at(o, epoch) < value;
    }
    if (better < (n < ETA ? 1 : n / ETA))
        return false;
    text_format(reason, reason_size,
                "stopped at epoch %d: %.4f is place %d of %d in bracket %d of %d, and the best "
                "third goes on",
                epoch, value, better + 1, n, bracket + 1, bracket_count(context->full_epochs));
    return true;
}

static const struct pruner_ops pruners[] = {
    {"none", "every trial runs to its end", never_rung, never_stop, NULL},
    {"median", "stops what is worse than the median of finished trials (Golovin et al. 2017)",
     median_rung, median_stop, NULL},
    {"halving", "asynchronous successive halving, the best third goes on (Li et al. 2020)",
     halving_rung, halving_stop, NULL},
    {"hyperband", "halving in brackets, from soon and often to hardly at all (Li et al. 2018)",
     hyperband_rung, hyperband_stop, NULL},
    {"learned",
     "stops what will hardly beat the best, by curves of known tasks (Domhan et al. 2015)",
     learned_rung, learned_stop, learned_chance},
    {"pilot", "the same where a table of returns has no evidence for going on or stopping",
     learned_rung, pilot_stop, learned_chance},
};

size_t pruner_count(void)
{
    return sizeof pruners / sizeof *pruners;
}

const struct pruner_ops *pruner_at(size_t i)
{
    return &pruners[i];
}

const struct pruner_ops *pruner_find(const char *name)
{
    for (size_t i = 0; i < pruner_count(); i++)
        if (strcmp(pruners[i].name, name) == 0)
            return &pruners[i];
    return NULL;
}

static const char *name_at(size_t i)
{
    return pruners[i].name;
}

const char *pruner_names(char *out, size_t out_size)
{
    return search_join_names(pruner_count(), name_at, out, out_size);
}

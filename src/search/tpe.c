/* tpe: the tree-structured Parzen estimator of Bergstra et al. 2011 (Algorithms for Hyper-Parameter
 * Optimization, section 4), with the settings that Optuna made the usual ones.
 *
 * Results are parted into the few best and the others. For each hyperparameter alone, both parts
 * become a density: a normal one around each result, cut off at the range's ends, and a wide one
 * over the whole range as prior. Of a few draws from the density of the best, the one is taken that
 * the others make least likely. */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_RUNS = 10, /* random ones */
    CANDIDATES = 24,
    BEST_MAX = 25,
    FULL_WEIGHT = 25 /* so many newest results count fully, older ones less and less */
};

/* ---- the axis of a hyperparameter -------------------------------------------------------- */

/* Numbers on their natural axis; a grid reaches half a step beyond its ends. */
struct axis {
    const struct hyperparameter *h;
    double low, high;
    double grid; /* of a linear axis; 0: none */
};

static struct axis axis_of(const struct hyperparameter *h)
{
    struct axis a = {.h = h, .low = h->low, .high = h->high};
    double step = h->step > 0 ? h->step : h->kind == HYPER_INT ? 1 : 0;
    bool reaches = h->kind == HYPER_INT || !h->log;
    a.low -= reaches ? 0.5 * step : 0;
    a.high += reaches ? 0.5 * step : 0;
    if (h->log) {
        a.low = log(a.low);
        a.high = log(a.high);
    } else {
        a.grid = step;
    }
    return a;
}

static double to_axis(const struct axis *a, double value)
{
    return a->h->log ? log(value) : value;
}

static double from_axis(const struct axis *a, double x)
{
    const struct hyperparameter *h = a->h;
    double value = h->log ? exp(x) : x;
    double step = h->kind == HYPER_INT && !(h->step > 0) ? 1 : h->step;
    if (h->kind == HYPER_INT || a->grid > 0)
        value = h->low + round((value - h->low) / step) * step;
    return fmin(fmax(value, h->low), h->high);
}

/* ---- the density of a part of the results ------------------------------------------------ */

/* A mixture of normals on an axis, or weights of choices. The prior is the last component. */
struct mixture {
    int n;
    double *mean, *sd, *weight; /* [n], weights sum to 1 */
    double *inside;             /* [n] probability of the range */
    double choice[SPACE_CHOICES_MAX];
};

/* Everything a proposal needs, allocated once. */
struct work {
    struct search_result *result;
    int n, n_best;
    const struct space *space;
    struct mixture best, others;
    double *room;
    int *order;
    double *value; /* of one hyperparameter: one part's results that have it, oldest first */
};

/* Of n results the i-th oldest: the newest 25 count 1, before them a ramp from 1/n to 1. */
static double weight_of(int i, int n)
{
    int ramp = n - FULL_WEIGHT;
    if (i >= ramp)
        return 1;
    double first = 1.0 / n;
    return ramp > 1 ? first + (1 - first) * i / (ramp - 1) : first;
}

static void find_weights(struct mixture *m)
{
    double sum = 1; /* the prior's */
    for (int i = 0; i < m->n - 1; i++)
        sum += m->weight[i] = weight_of(i, m->n - 1);
    m->weight[m->n - 1] = 1;
    for (int i = 0; i < m->n; i++)
        m->weight[i] /= sum;
}

/* As wide as the larger of the gaps to both neighbours; the outer ones look inwards only. */
static void find_spreads(const struct axis *a, struct mixture *m, int *order)
{
    int n = m->n;
    double range = a->high - a->low, least = range / fmin(100, 1.0 + n);
    for (int i = 0; i < n; i++) { /* by insertion, equal ones in their order */
        int k = i;
        for (; k > 0 && m->mean[order[k - 1]] > m->mean[i]; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
    for (int k = 0; k < n; k++) {
        double x = m->mean[order[k]];
        double left = x - (k > 0 ? m->mean[order[k - 1]] : a->low);
        double right = (k < n - 1 ? m->mean[order[k + 1]] : a->high) - x;
        double gap = n > 1 && k == 0 ? right : n > 1 && k == n - 1 ? left : fmax(left, right);
        m->sd[order[k]] = fmin(fmax(gap, least), range);
    }
    m->sd[n - 1] = range;
}

static void fit_numbers(struct work *w, const struct axis *a, int n, struct mixture *m)
{
    m->n = n + 1;
    for (int i = 0; i < n; i++)
        m->mean[i] = to_axis(a, w->value[i]);
    m->mean[n] = 0.5 * (a->low + a->high);
    find_weights(m);
    find_spreads(a, m, w->order);
    for (int i = 0; i <= n; i++)
        m->inside[i] = normal_below((a->high - m->mean[i]) / m->sd[i]) -
                       normal_below((a->low - m->mean[i]) / m->sd[i]);
}

/* Each result is one choice, blurred by a prior that counts 1 / (n + 1) per choice. */
static void fit_choices(struct work *w, int n_choices, int n, struct mixture *m)
{
    m->n = n + 1;
    find_weights(m);
    double blur = 1.0 / (n + 1), whole = 1 + n_choices * blur;
    for (int c = 0; c < n_choices; c++)
        m->choice[c] = m->weight[n] / n_choices + (1 - m->weight[n]) * blur / whole;
    for (int i = 0; i < n; i++)
        m->choice[(int)w->value[i]] += m->weight[i] / whole;
}

static double density(const struct axis *a, const struct mixture *m, double x)
{
    double sum = 0;
    for (int i = 0; i < m->n; i++) {
        double sd = m->sd[i], z = (x - m->mean[i]) / sd, half = 0.5 * a->grid / sd;
        double mass =
            a->grid > 0 ? normal_below(z + half) - normal_below(z - half) : normal_density(z) / sd;
        sum += m->weight[i] * mass / m->inside[i];
    }
    return sum;
}

static int pick(const double *weight, int n, struct rng *rng)
{
    double u = rng_uniform(rng);
    for (int i = 0; i < n - 1; i++)
        if ((u -= weight[i]) < 0)
            return i;
    return n - 1;
}

static double draw(const struct axis *a, const struct mixture *m, struct rng *rng)
{
    int i = pick(m->weight, m->n, rng);
    double below = normal_below((a->low - m->mean[i]) / m->sd[i]);
    double x = m->mean[i] + m->sd[i] * normal_quantile(below + rng_uniform(rng) * m->inside[i]);
    return from_axis(a, fmin(fmax(x, a->low), a->high));
}

/* ---- one hyperparameter ------------------------------------------------------------------ */

/* Values of hyperparameter i in the best results, or in the others, where it was active and is one
 * that samplers may draw. Returns how many. */
static int gather(struct work *w, int i, bool best)
{
    const struct hyperparameter *h = &w->space->h[i];
    int n = 0;
    for (int k = best ? 0 : w->n_best; k < (best ? w->n_best : w->n); k++) {
        const struct configuration *c = &w->result[k].trial->config;
        bool known = h->kind != HYPER_CATEGORICAL || c->value[i] < space_sampled_choices(h);
        if (known && space_is_active(w->space, c, i))
            w->value[n++] = c->value[i];
    }
    return n;
}

static double propose_choice(struct work *w, int i, struct rng *rng)
{
    int n_choices = space_sampled_choices(&w->space->h[i]), best = 0;
    double best_ratio = -1;
    fit_choices(w, n_choices, gather(w, i, true), &w->best);
    fit_choices(w, n_choices, gather(w, i, false), &w->others);
    for (int k = 0; k < CANDIDATES; k++) {
        int c = pick(w->best.choice, n_choices, rng);
        double ratio = w->best.choice[c] / w->others.choice[c];
        if (ratio > best_ratio) {
            best_ratio = ratio;
            best = c;
        }
    }
    return best;
}

static double propose_number(struct work *w, int i, struct rng *rng)
{
    struct axis a = axis_of(&w->space->h[i]);
    double best = 0, best_ratio = -1;
    fit_numbers(w, &a, gather(w, i, true), &w->best);
    fit_numbers(w, &a, gather(w, i, false), &w->others);
    for (int k = 0; k < CANDIDATES; k++) {
        double value = draw(&a, &w->best, rng), x = to_axis(&a, value);
        double ratio = density(&a, &w->best, x) / density(&a, &w->others, x);
        if (ratio > best_ratio) {
            best_ratio = ratio;
            best = value;
        }
    }
    return best;
}

/* ---- the proposal ------------------------------------------------------------------------ */

static int by_number(const void *first, const void *second)
{
    const struct search_result *a = first, *b = second;
    return a->trial->number < b->trial->number ? -1 : a->trial->number > b->trial->number;
}

/* The best tenth, rounded up, first; both parts from old to new. */
static void part(struct work *w)
{
    int tenth = (w->n + 9) / 10;
    w->n_best = tenth < BEST_MAX ? tenth : BEST_MAX;
    qsort(w->result, (size_t)w->n, sizeof *w->result, search_compare_results);
    qsort(w->result, (size_t)w->n_best, sizeof *w->result, by_number);
    qsort(w->result + w->n_best, (size_t)(w->n - w->n_best), sizeof *w->result, by_number);
}

static bool make_room(struct work *w)
{
    size_t n = (size_t)w->n + 1;
    w->room = mem_alloc(n, 9 * sizeof *w->room);
    w->order = mem_alloc(n, sizeof *w->order);
    double *at = w->room;
    double **const places[] = {&w->value,       &w->best.mean,     &w->best.sd,
                               &w->best.weight, &w->best.inside,   &w->others.mean,
                               &w->others.sd,   &w->others.weight, &w->others.inside};
    for (size_t k = 0; w->room && k < sizeof places / sizeof *places; k++, at += n)
        *places[k] = at;
    return w->room && w->order;
}

/* What an active one is drawn from may depend on a choice drawn before it. */
static void propose_each(struct work *w, struct rng *rng, struct configuration *out)
{
    const struct space *space = w->space;
    space_default(space, out);
    for (int i = 0; i < space->n; i++) {
        const struct hyperparameter *h = &space->h[i];
        if (h->held || !space_is_active(space, out, i))
            continue;
        if (h->kind == HYPER_CATEGORICAL)
            out->value[i] = propose_choice(w, i, rng);
        else
            out->value[i] = h->high > h->low ? propose_number(w, i, rng) : h->low;
    }
    space_tidy(space, out);
}

static enum err tpe_propose(void *self, const struct search_context *context, struct rng *rng,
                            struct proposal *out)
{
    (void)self;
    struct work w = {.space = &context->study->space};
    memset(out, 0, sizeof *out);
    text_copy(out->who, sizeof out->who, "tpe");
    enum err err = search_results(context->study, &w.result, &w.n);
    if (err == ERR_OK && w.n < FIRST_RUNS) {
        search_fresh(context->study, rng, &out->config);
        text_copy(out->action, sizeof out->action, move_name(MOVE_RANDOM));
        text_format(out->reason, sizeof out->reason,
                    "tpe: random, %d of the first %d results are "
                    "there",
                    w.n, FIRST_RUNS);
    } else if (err == ERR_OK && make_room(&w)) {
        part(&w);
        propose_each(&w, rng, &out->config);
        text_format(out->reason, sizeof out->reason,
                    "tpe: like the best %d of %d results, and unlike the others", w.n_best, w.n);
    } else {
        err = ERR_MEMORY;
    }
    mem_free(w.result);
    mem_free(w.room);
    mem_free(w.order);
    return err;
}

const struct sampler_ops sampler_tpe = {
    .name = "tpe",
    .about = "draws what good results have and others lack (Bergstra et al. 2011; as Optuna)",
    .open = search_open_nothing,
    .close = search_close_nothing,
    .propose = tpe_propose,
    .observe = search_learn_nothing,
};

/* moves: the agent's actions on a configuration, by the roles a space declares (section 8 of the
 * search design). A missing role, or a range of one point, removes the moves on it. No move touches
 * what is held.
 *
 * Steps are those of the hyperparameters' own units: factors on learning rate, units, batch and
 * weight decay, a difference on dropout, one layer when units are at the end of their range. */
#include "tiller/meta.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name, *about;
} moves[MOVE_N] = {
    [MOVE_LOCAL] = {"local", "a small random change of one of the best"},
    [MOVE_LR_DOWN] = {"lr/", "divide the learning rate by 2.5"},
    [MOVE_LR_UP] = {"lr*", "multiply the learning rate by 2.5"},
    [MOVE_SMALLER] = {"smaller", "divide the units by 1.6; at the limit one layer less"},
    [MOVE_LARGER] = {"larger", "multiply the units by 1.6; at the limit one layer more"},
    [MOVE_LESS_REGULARISATION] = {"reg-", "dropout 0.15 less, weight decay divided by 3"},
    [MOVE_MORE_REGULARISATION] = {"reg+", "dropout 0.15 more, weight decay times 3"},
    [MOVE_BATCH_DOWN] = {"batch/", "halve the batch"},
    [MOVE_BATCH_UP] = {"batch*", "double the batch"},
    [MOVE_RANDOM] = {"random", "a random configuration"},
    [MOVE_PORTFOLIO] = {"portfolio", "the next one of those that did well on known tasks"},
    [MOVE_SURROGATE] = {"surrogate", "where known tasks and own results promise most"},
    [MOVE_THAW] = {"thaw", "go on with the best stopped run"},
};

const char *move_name(enum move m)
{
    return moves[m].name;
}

const char *move_about(enum move m)
{
    return moves[m].about;
}

int move_find(const char *name)
{
    size_t n = strcspn(name, " "); /* "portfolio 3" */
    for (int m = 0; m < MOVE_N; m++)
        if (strlen(moves[m].name) == n && strncmp(moves[m].name, name, n) == 0)
            return m;
    return -1;
}

/* ---- one step on one role ---------------------------------------------------------------- */

/* Value i set to x, on the grid and inside the range. Returns whether that changed it. */
static bool put(const struct space *space, struct configuration *c, int i, double x)
{
    const struct hyperparameter *h = &space->h[i];
    double step = h->step > 0 ? h->step : h->kind == HYPER_INT ? 1 : 0, old = c->value[i];
    if (step > 0)
        x = h->low + round((x - h->low) / step) * step;
    c->value[i] = fmin(fmax(x, h->low), h->high);
    return c->value[i] != old;
}

static bool is_free(const struct space *space, const struct configuration *c, int i)
{
    return !space->h[i].held && space_is_active(space, c, i);
}

/* The hyperparameter of that role that a move may change in c; -1: none. */
static int movable(const struct space *space, const struct configuration *c, enum hyper_role role)
{
    int i = space_find_role(space, role);
    return i >= 0 && space->h[i].kind != HYPER_CATEGORICAL && is_free(space, c, i) ? i : -1;
}

static bool scale(const struct space *space, struct configuration *c, enum hyper_role role,
                  double factor)
{
    int i = movable(space, c, role);
    return i >= 0 && put(space, c, i, c->value[i] * factor);
}

static bool shift(const struct space *space, struct configuration *c, enum hyper_role role,
                  double by)
{
    int i = movable(space, c, role);
    return i >= 0 && put(space, c, i, c->value[i] + by);
}

static bool resize(const struct space *space, struct configuration *c, bool larger)
{
    return scale(space, c, ROLE_UNITS, larger ? 1.6 : 1 / 1.6) ||
           shift(space, c, ROLE_LAYERS, larger ? 1 : -1);
}

/* Decay on a log axis starts from "none" at its low end: times 3 would be nothing there for many
 * moves, so the first step goes to two fifths of the axis (1e-5 in the built-in space). */
static bool change_decay(const struct space *space, struct configuration *c, bool more)
{
    int i = movable(space, c, ROLE_DECAY);
    if (i < 0)
        return false;
    const struct hyperparameter *h = &space->h[i];
    if (h->log && more && c->value[i] <= h->low)
        return put(space, c, i, h->low * pow(h->high / h->low, 0.4));
    return put(space, c, i, c->value[i] * (more ? 3 : 1.0 / 3));
}

static bool regularise(const struct space *space, struct configuration *c, bool more)
{
    bool dropout = shift(space, c, ROLE_DROPOUT, more ? 0.15 : -0.15);
    bool decay = change_decay(space, c, more);
    return dropout || decay;
}

static bool directed(enum move m, const struct space *space, struct configuration *c)
{
    switch (m) {
    case MOVE_LR_DOWN:
    case MOVE_LR_UP:
        return scale(space, c, ROLE_LEARNING_RATE, m == MOVE_LR_UP ? 2.5 : 1 / 2.5);
    case MOVE_SMALLER:
    case MOVE_LARGER:
        return resize(space, c, m == MOVE_LARGER);
    case MOVE_LESS_REGULARISATION:
    case MOVE_MORE_REGULARISATION:
        return regularise(space, c, m == MOVE_MORE_REGULARISATION);
    case MOVE_BATCH_DOWN:
    case MOVE_BATCH_UP:
        return scale(space, c, ROLE_BATCH, m == MOVE_BATCH_UP ? 2 : 0.5);
    default:
        return false;
    }
}

/* ---- local ------------------------------------------------------------------------------- */

static const double move_share = 0.4;  /* of the hyperparameters, in one perturbation */
static const double flip_share = 0.15; /* of the choices */

/* Another of the choices that samplers draw from; value itself, which a person may have taken from
 * the others, if there is none. */
static double other_choice(const struct hyperparameter *h, double value, struct rng *rng)
{
    int n = space_sampled_choices(h), among = value < n ? n - 1 : n;
    if (among == 0)
        return value;
    double pick = (double)rng_below(rng, (uint64_t)among);
    return pick < value ? pick : pick + 1;
}

/* A short integer range (layers) moves by whole steps: a normal step would mostly round to none. */
static bool is_short(const struct hyperparameter *h)
{
    double step = h->step > 0 ? h->step : 1;
    return h->kind == HYPER_INT && !h->log && (h->high - h->low) / step < 8;
}

static void perturb(const struct space *space, struct configuration *c, int i, double spread,
                    struct rng *rng)
{
    const struct hyperparameter *h = &space->h[i];
    double draw = rng_uniform(rng), step = rng_normal(rng);
    if (h->kind == HYPER_CATEGORICAL) {
        if (draw < flip_share)
            c->value[i] = other_choice(h, c->value[i], rng);
    } else if (is_short(h)) {
        if (draw < move_share / 2)
            put(space, c, i, c->value[i] + copysign(h->step > 0 ? h->step : 1, step));
    } else if (draw < move_share) {
        double unit[SPACE_MAX];
        struct configuration moved;
        space_encode(space, c, unit);
        unit[i] += spread * step;
        space_decode(space, unit, &moved);
        c->value[i] = moved.value[i];
    }
}

bool move_local(const struct space *space, const struct configuration *from, double spread,
                struct rng *rng, struct configuration *out)
{
    enum { TRIES = 50 };
    for (int k = 0; k < TRIES; k++) {
        *out = *from;
        for (int i = 0; i < space->n; i++)
            if (is_free(space, from, i))
                perturb(space, out, i, spread, rng);
        space_tidy(space, out);
        if (!space_same(space, from, out))
            return true;
    }
    return false;
}

bool move_apply(enum move m, const struct space *space, const struct configuration *from,
                struct rng *rng, struct configuration *out)
{
    if (m == MOVE_LOCAL)
        return move_local(space, from, 0.1, rng, out);
    *out = *from;
    if (m == MOVE_RANDOM) {
        space_sample(space, rng, out);
        for (int i = 0; i < space->n; i++)
            if (space->h[i].held)
                out->value[i] = from->value[i];
        space_tidy(space, out);
        return !space_same(space, from, out);
    }
    bool changed = directed(m, space, out);
    space_tidy(space, out);
    return changed;
}

/* ---- the move that a person made --------------------------------------------------------- */

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void difference(const struct space *space, const struct configuration *from,
                       const struct configuration *to, double *out)
{
    double a[SPACE_MAX], b[SPACE_MAX];
    space_encode(space, from, a);
    space_encode(space, to, b);
    for (int i = 0; i < space->n; i++)
        out[i] = b[i] - a[i];
}

/* The directed move that points most nearly the same way (cosine at least 0.8), however far the
 * person went; else local when near, random when far. */
enum move move_nearest(const struct space *space, const struct configuration *from,
                       const struct configuration *to)
{
    const double alike = 0.8, near = 0.5;
    double made[SPACE_MAX], step[SPACE_MAX], best_cosine = alike;
    difference(space, from, to, made);
    double length = sqrt(dot(made, made, space->n));
    enum move best = length <= near ? MOVE_LOCAL : MOVE_RANDOM;
    for (int m = MOVE_LR_DOWN; length > 0 && m < MOVE_RANDOM; m++) {
        struct configuration moved = *from;
        if (!directed((enum move)m, space, &moved))
            continue;
        difference(space, from, &moved, step);
        double cosine = dot(made, step, space->n) / (length * sqrt(dot(step, step, space->n)));
        if (cosine >= best_cosine) {
            best_cosine = cosine;
            best = (enum move)m;
        }
    }
    return best;
}

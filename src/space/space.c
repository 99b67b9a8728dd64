/* The built-in space as one table, and what every space can do: look up, tidy, sample, encode.
 *
 * What always holds: a configuration that left space_tidy has exactly its active values marked set,
 * and the others at their fallback, so that two equal configurations have equal bytes there. */
#include "tiller/space.h"

#include <math.h>
#include <string.h>

#define CHOICES(...)                                                                               \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define WORD(w)                                                                                    \
    {                                                                                              \
        w, "\"" w "\""                                                                             \
    }

/* The reference network is the row of fallbacks. weight_decay: the low end of a log axis can't be
 * 0, so its low end stands for none (net_config_from reads it so); the about line says it. */
/* clang-format off: one row is one hyperparameter */
static const struct space builtin = {
    .n = 10,
    .h = {
        {.name = "learning_rate",
         .kind = HYPER_FLOAT,
         .role = ROLE_LEARNING_RATE,
         .log = true,
         .low = 1e-4,
         .high = 0.1,
         .fallback = 0.001,
         .active_if = -1,
         .about = "step size at the schedule's start"},
        {.name = "batch_size",
         .kind = HYPER_INT,
         .role = ROLE_BATCH,
         .log = true,
         .low = 8,
         .high = 512,
         .step = 1,
         .fallback = 32,
         .active_if = -1,
         .about = "rows per step"},
        {.name = "optimizer",
         .kind = HYPER_CATEGORICAL,
         .n_choices = 2,
         .choice = {WORD("adam"), WORD("sgd")},
         .active_if = -1,
         .about = "how gradients become steps"},
        {.name = "momentum",
         .kind = HYPER_FLOAT,
         .low = 0,
         .high = 0.99,
         .fallback = 0.9,
         .active_if = 2,
         .active_choices = UINT32_C(1) << 1,
         .about = "share of the last step kept (sgd only)"},
        {.name = "weight_decay",
         .kind = HYPER_FLOAT,
         .role = ROLE_DECAY,
         .log = true,
         .low = 1e-7,
         .high = 0.01,
         .fallback = 1e-7,
         .active_if = -1,
         .about = "pull of the weights towards 0; 1e-07 means none"},
        {.name = "num_layers",
         .kind = HYPER_INT,
         .role = ROLE_LAYERS,
         .low = 1,
         .high = 4,
         .step = 1,
         .fallback = 1,
         .active_if = -1,
         .about = "hidden layers"},
        {.name = "units",
         .kind = HYPER_INT,
         .role = ROLE_UNITS,
         .log = true,
         .low = 8,
         .high = 1024,
         .step = 1,
         .fallback = 128,
         .active_if = -1,
         .about = "units of each hidden layer"},
        {.name = "dropout",
         .kind = HYPER_FLOAT,
         .role = ROLE_DROPOUT,
         .low = 0,
         .high = 0.7,
         .fallback = 0.2,
         .active_if = -1,
         .about = "share of hidden outputs dropped in training"},
        {.name = "activation",
         .kind = HYPER_CATEGORICAL,
         .n_choices = 2,
         .choice = {WORD("relu"), WORD("tanh")},
         .active_if = -1,
         .about = "what a unit does to its sum"},
        {.name = "schedule",
         .kind = HYPER_CATEGORICAL,
         .n_choices = 2,
         .choice = {WORD("constant"), WORD("cosine")},
         .active_if = -1,
         .about = "how the learning rate goes over the epochs"},
    }};
/* clang-format on */

const struct space *space_builtin(void)
{
    return &builtin;
}

int space_find(const struct space *space, const char *name)
{
    for (int i = 0; i < space->n; i++)
        if (strcmp(space->h[i].name, name) == 0)
            return i;
    return -1;
}

uint32_t space_same_choices(const struct hyperparameter *from, uint32_t mask,
                            const struct hyperparameter *to)
{
    uint32_t same = 0;
    for (int i = 0; i < from->n_choices; i++)
        for (int k = 0; k < to->n_choices && (mask >> i & 1); k++)
            if (strcmp(from->choice[i].json, to->choice[k].json) == 0)
                same |= UINT32_C(1) << k;
    return same;
}

int space_find_role(const struct space *space, enum hyper_role role)
{
    for (int i = 0; i < space->n; i++)
        if (space->h[i].role == role)
            return i;
    return -1;
}

const char *space_nearest(const struct space *space, const char *name)
{
    const char *names[SPACE_MAX];
    for (int i = 0; i < space->n; i++)
        names[i] = space->h[i].name;
    return text_nearest(name, names, (size_t)space->n);
}

bool space_is_active(const struct space *space, const struct configuration *c, int i)
{
    const struct hyperparameter *h = &space->h[i];
    return h->active_if < 0 || (h->active_choices >> (int)c->value[h->active_if] & 1) != 0;
}

void space_tidy(const struct space *space, struct configuration *c)
{
    c->set = 0;
    for (int i = 0; i < space->n; i++) {
        if (space_is_active(space, c, i))
            c->set |= UINT32_C(1) << i;
        else
            c->value[i] = space->h[i].fallback;
    }
}

void space_default(const struct space *space, struct configuration *out)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < space->n; i++)
        out->value[i] = space->h[i].fallback;
    space_tidy(space, out);
}

static double clip(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* Value i as a place in [0,1]. A range of one point is at 0. */
static double to_unit(const struct hyperparameter *h, double value)
{
    if (h->kind == HYPER_CATEGORICAL)
        return h->n_choices > 1 ? value / (h->n_choices - 1) : 0;
    if (h->high <= h->low)
        return 0;
    double place = h->log ? log(value / h->low) / log(h->high / h->low)
                          : (value - h->low) / (h->high - h->low);
    return clip(place, 0, 1);
}

static double from_unit(const struct hyperparameter *h, double place)
{
    place = clip(place, 0, 1);
    if (h->kind == HYPER_CATEGORICAL)
        return round(place * (h->n_choices - 1));
    double value =
        h->log ? h->low * pow(h->high / h->low, place) : h->low + place * (h->high - h->low);
    if (h->kind == HYPER_INT || h->step > 0) {
        double step = h->step > 0 ? h->step : 1;
        value = h->low + round((value - h->low) / step) * step;
    }
    return clip(value, h->low, h->high);
}

void space_encode(const struct space *space, const struct configuration *c, double *unit)
{
    for (int i = 0; i < space->n; i++) {
        bool active = space_is_active(space, c, i);
        unit[i] = to_unit(&space->h[i], active ? c->value[i] : space->h[i].fallback);
    }
}

void space_decode(const struct space *space, const double *unit, struct configuration *out)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < space->n; i++)
        out->value[i] = from_unit(&space->h[i], unit[i]);
    space_tidy(space, out);
}

void space_sample(const struct space *space, struct rng *rng, struct configuration *out)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < space->n; i++) {
        const struct hyperparameter *h = &space->h[i];
        /* Always one draw per hyperparameter, so that narrowing one does not move the others. */
        double u = rng_uniform(rng);
        out->value[i] = h->kind == HYPER_CATEGORICAL ? floor(u * h->n_choices) : from_unit(h, u);
    }
    space_tidy(space, out);
}

bool space_same(const struct space *space, const struct configuration *a,
                const struct configuration *b)
{
    for (int i = 0; i < space->n; i++) {
        bool active = space_is_active(space, a, i);
        if (active != space_is_active(space, b, i) || (active && a->value[i] != b->value[i]))
            return false;
    }
    return true;
}

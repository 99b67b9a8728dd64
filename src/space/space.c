/* What every space can do: look up, hold and release, tidy, sample, encode.
 *
 * What always holds: a configuration that left space_tidy has its inactive values at their
 * fallback, so that two equal configurations have equal bytes there; the values marked set are what
 * has to be said to get it from the built-in space. */
#include "space/internal.h"

#include <math.h>
#include <string.h>

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

/* ---- held and released ------------------------------------------------------------------- */

int space_sampled_choices(const struct hyperparameter *h)
{
    return h->n_sampled > 0 && h->n_sampled < h->n_choices ? h->n_sampled : h->n_choices;
}

void space_release(struct space *space, int i)
{
    space->h[i].held = false;
    space->h[i].n_sampled = 0;
}

enum err space_hold(struct space *space, int i, const char *value, struct err_info *info)
{
    struct configuration c = {.set = 0};
    enum err err = space_set_text(space, &c, i, value, info);
    if (err == ERR_OK) {
        space->h[i].fallback = c.value[i];
        space->h[i].held = true;
    }
    return err;
}

/* ---- configurations ---------------------------------------------------------------------- */

bool space_is_active(const struct space *space, const struct configuration *c, int i)
{
    /* What it depends on may depend on something itself. */
    for (const struct hyperparameter *h = &space->h[i]; h->active_if >= 0;
         h = &space->h[h->active_if])
        if (!(h->active_choices >> (int)c->value[h->active_if] & 1))
            return false;
    return true;
}

/* Has a held hyperparameter the value that everybody expects: its fallback, in the built-in space
 * as well? One that is held at something else has to be said, or a command copied from a trial
 * would train another network. */
static bool goes_without_saying(const struct hyperparameter *h, double value)
{
    if (!h->held || value != h->fallback)
        return false;
    const struct space *builtin = space_builtin();
    int k = space_find(builtin, h->name);
    if (k < 0 || builtin->h[k].kind != h->kind)
        return true;
    const struct hyperparameter *b = &builtin->h[k];
    return h->kind == HYPER_CATEGORICAL
               ? strcmp(h->choice[(int)value].json, b->choice[(int)b->fallback].json) == 0
               : value == b->fallback;
}

void space_tidy(const struct space *space, struct configuration *c)
{
    c->set = 0;
    for (int i = 0; i < space->n; i++) {
        if (!space_is_active(space, c, i))
            c->value[i] = space->h[i].fallback;
        else if (!goes_without_saying(&space->h[i], c->value[i]))
            c->set |= UINT32_C(1) << i;
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
    if (h->held && place == to_unit(h, h->fallback))
        return h->fallback; /* to the bit: another value would have to be said */
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

void space_place(const struct space *space, const double *u, struct configuration *out)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < space->n; i++) {
        const struct hyperparameter *h = &space->h[i];
        out->value[i] = h->held                        ? h->fallback
                        : h->kind == HYPER_CATEGORICAL ? floor(u[i] * space_sampled_choices(h))
                                                       : from_unit(h, u[i]);
    }
    space_tidy(space, out);
}

void space_sample(const struct space *space, struct rng *rng, struct configuration *out)
{
    /* Always one draw per hyperparameter, so that narrowing or holding one does not move the
     * others. */
    double u[SPACE_MAX];
    for (int i = 0; i < space->n; i++)
        u[i] = rng_uniform(rng);
    space_place(space, u, out);
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

/* knowledge: looking things up in it, and where a study's configurations lie in its space.
 *
 * The two spaces meet by name: a hyperparameter is known if both have it and both as numbers or
 * both as choices; choices are the same if their JSON is. */
#include "tiller/knowledge.h"

#include <math.h>
#include <string.h>

static void free_task(struct knowledge_task *t)
{
    mem_free(t->unit);
    mem_free(t->log_error);
}

void knowledge_free(struct knowledge *k)
{
    if (!k)
        return;
    for (int i = 0; i < k->n_tasks; i++)
        free_task(&k->task[i]);
    mem_free(k->task);
    mem_free(k->family);
    mem_free(k->advice);
    mem_free(k->used);
    mem_free(k->report_json);
    mem_free(k);
}

int knowledge_family(const struct knowledge *k, const char *family, const char *fingerprint)
{
    for (int i = 0; family && i < k->n_families; i++)
        if (strcmp(k->family[i], family) == 0)
            return i;
    for (int i = 0; fingerprint && fingerprint[0] && i < k->n_tasks; i++)
        if (strcmp(k->task[i].fingerprint, fingerprint) == 0)
            return k->task[i].family;
    return -1;
}

const struct advice *knowledge_advice(const struct knowledge *k, int left_out)
{
    for (int i = 0; i < k->n_advice; i++)
        if (k->advice[i].left_out == left_out)
            return &k->advice[i];
    return NULL;
}

/* ---- the study's space in the knowledge's ------------------------------------------------- */

static bool is_choice(const struct hyperparameter *h)
{
    return h->kind == HYPER_CATEGORICAL;
}

void knowledge_map(const struct knowledge *k, const struct space *study, struct knowledge_map *out)
{
    *out = (struct knowledge_map){.n = study->n};
    for (int i = 0; i < study->n; i++) {
        int d = space_find(&k->space, study->h[i].name);
        bool known = d >= 0 && is_choice(&k->space.h[d]) == is_choice(&study->h[i]);
        out->known[i] = known ? d : -1;
        out->n_searched += !study->h[i].held;
        out->n_known += known && !study->h[i].held;
    }
}

/* A value of one as a value of the other; of a choice that it lacks: its number of choices. */
static double translate(const struct hyperparameter *from, double value,
                        const struct hyperparameter *to)
{
    if (!is_choice(from))
        return value;
    for (int c = 0; c < to->n_choices; c++)
        if (strcmp(to->choice[c].json, from->choice[(int)value].json) == 0)
            return c;
    return to->n_choices;
}

/* As space_encode, but beyond the range it goes on, to one range's width. */
static double place_of(const struct hyperparameter *h, double value)
{
    enum { BELOW = -1, ABOVE = 2 };
    if (is_choice(h))
        return value;
    if (h->high <= h->low)
        return 0;
    if (h->log && value <= 0)
        return BELOW;
    double place = h->log ? log(value / h->low) / log(h->high / h->low)
                          : (value - h->low) / (h->high - h->low);
    return fmin(fmax(place, BELOW), ABOVE);
}

void knowledge_place(const struct knowledge *k, const struct knowledge_map *map,
                     const struct space *study, const struct configuration *c, double *x)
{
    const struct space *space = &k->space;
    struct configuration known = {.set = 0};
    for (int d = 0; d < space->n; d++)
        known.value[d] = space->h[d].fallback;
    for (int i = 0; i < study->n; i++)
        if (map->known[i] >= 0 && space_is_active(study, c, i))
            known.value[map->known[i]] =
                translate(&study->h[i], c->value[i], &space->h[map->known[i]]);
    for (int d = 0; d < space->n; d++) {
        bool active = space_is_active(space, &known, d);
        x[d] = place_of(&space->h[d], active ? known.value[d] : space->h[d].fallback);
    }
}

/* A known value as one that samplers of the study may draw. */
static double adopt(const struct hyperparameter *from, double value,
                    const struct hyperparameter *to)
{
    value = translate(from, value, to);
    if (is_choice(to))
        return value < space_sampled_choices(to) ? value : to->fallback;
    return fmin(fmax(value, to->low), to->high);
}

void knowledge_configuration(const struct knowledge *k, const struct knowledge_map *map,
                             const struct space *study, const double *unit,
                             struct configuration *out)
{
    struct configuration known;
    double place[SPACE_MAX];
    space_decode(&k->space, unit, &known);
    space_default(study, out);
    for (int i = 0; i < study->n; i++) {
        int d = map->known[i];
        if (d >= 0 && !study->h[i].held && space_is_active(&k->space, &known, d))
            out->value[i] = adopt(&k->space.h[d], known.value[d], &study->h[i]);
    }
    space_encode(study, out, place); /* and back: onto the grid, what is inactive to its fallback */
    space_decode(study, place, out);
}

/* ---- the pilot's states ------------------------------------------------------------------- */

int pilot_state(int rung, double win, double share_left)
{
    int bin = 0, budget = share_left < 0.25 ? 0 : share_left < 0.6 ? 1 : 2;
    while (bin < PREDICTOR_BINS - 1 && win >= predictor_edge[bin + 1])
        bin++;
    return (rung * PREDICTOR_BINS + bin) * PILOT_BUDGETS + budget;
}

const char *pilot_action_name(enum pilot_action a)
{
    static const char *const names[PILOT_ACTIONS] = {"continue", "stop", "pause"};
    return a < PILOT_ACTIONS ? names[a] : "";
}

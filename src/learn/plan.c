/* plan: what a recording consists of, and how its log's settings keep that. */
#include "internal.h"

#include <string.h>

/* One scramble for all recordings ever made, so that portfolios and ranks are exact; pools have the
 * ones behind it. */
enum { SCRAMBLE_DESIGN = 1, SCRAMBLE_POOL = 2, COUNT_MAX = 1000000, STREAM_DRAWN = 1 };

struct learn_plan learn_plan_default(bool pool, uint64_t rng_seed)
{
    if (pool)
        return (struct learn_plan){
            .pool = true, .n_shared = 500, .scramble = SCRAMBLE_POOL + rng_seed};
    int n_starting = starting_point_count();
    return (struct learn_plan){.n_shared = 64 + n_starting,
                               .n_starting = n_starting,
                               .n_own = 32,
                               .n_repeats = 2,
                               .scramble = SCRAMBLE_DESIGN};
}

const struct sampler_ops *plan_sampler(const struct learn_plan *plan)
{
    return plan->pool ? &learn_sampler_pool : &learn_sampler_design;
}

/* How many of the shared ones are of the sequence. */
static int n_sobol(const struct learn_plan *plan)
{
    return plan->n_shared > plan->n_starting ? plan->n_shared - plan->n_starting : 0;
}

int plan_drawn(const struct learn_plan *plan, int point[static DRAWN_MAX])
{
    struct rng rng;
    int all = n_sobol(plan), n = all < DRAWN_MAX ? all : DRAWN_MAX;
    if (plan->n_repeats == 0)
        return 0;
    rng_seed(&rng, plan->scramble, STREAM_DRAWN);
    for (int i = 0; i < n;) { /* without putting back */
        int drawn = (int)rng_below(&rng, (uint64_t)all), k = 0;
        while (k < i && point[k] != drawn)
            k++;
        if (k == i)
            point[i++] = drawn;
    }
    return n;
}

int plan_n_best(const struct learn_plan *plan)
{
    int point[DRAWN_MAX], others = plan->n_shared + plan->n_own - plan_drawn(plan, point);
    return plan->n_repeats == 0 ? 0 : others < BEST_MAX ? others : BEST_MAX;
}

int learn_plan_trainings(const struct learn_plan *plan)
{
    int point[DRAWN_MAX];
    return plan->n_shared + plan->n_own +
           plan->n_repeats * (plan_drawn(plan, point) + plan_n_best(plan));
}

void learn_plan_point(const struct learn_plan *plan, const struct space *space, int index,
                      struct configuration *out)
{
    if (index < n_sobol(plan))
        sobol_configuration(space, (uint32_t)index, plan->scramble, out);
    else
        starting_point(space, index - n_sobol(plan), out);
}

bool plan_same(const struct learn_plan *a, const struct learn_plan *b)
{
    return a->pool == b->pool && a->n_shared == b->n_shared && a->n_starting == b->n_starting &&
           a->n_own == b->n_own && a->n_repeats == b->n_repeats && a->scramble == b->scramble;
}

/* ---- in the settings --------------------------------------------------------------------- */

void plan_write(const struct learn_plan *plan, struct text *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, NULL, '{');
    json_put_bool(&w, "pool", plan->pool);
    json_put_int(&w, "shared", plan->n_shared);
    json_put_int(&w, "starting", plan->n_starting);
    json_put_int(&w, "own", plan->n_own);
    json_put_int(&w, "repeats", plan->n_repeats);
    json_put_int(&w, "scramble", (int64_t)plan->scramble);
    json_close(&w, '}');
}

static bool read_count(const struct cJSON *object, const char *name, int *out)
{
    int64_t n;
    if (!json_get_int(object, name, &n) || n < 0 || n > COUNT_MAX)
        return false;
    *out = (int)n;
    return true;
}

bool plan_read(const struct cJSON *object, struct learn_plan *out)
{
    int64_t scramble = 0;
    out->n_starting = 0; /* where it is not said */
    bool whole =
        object && json_get_bool(object, "pool", &out->pool) &&
        read_count(object, "shared", &out->n_shared) &&
        (!json_get(object, "starting") || read_count(object, "starting", &out->n_starting)) &&
        read_count(object, "own", &out->n_own) && read_count(object, "repeats", &out->n_repeats) &&
        json_get_int(object, "scramble", &scramble) && scramble > 0;
    out->scramble = (uint64_t)scramble;
    return whole;
}

bool learn_plan_of(const struct study *study, struct learn_plan *out)
{
    struct cJSON *doc = NULL;
    const char *json = study->searcher_json;
    *out = (struct learn_plan){0};
    if (!json || json_parse(json, strlen(json), "searcher", &doc, NULL) != ERR_OK)
        return false;
    const char *sampler = json_get_string(doc, "sampler");
    bool is = plan_read(json_get(doc, "sampler_settings"), out) && sampler &&
              strcmp(sampler, plan_sampler(out)->name) == 0;
    json_free(doc);
    return is;
}

/* samplers: their table, the random one, and what several share. */
#include "internal.h"

#include <math.h>
#include <string.h>

enum { SAMPLERS = 12 };
static const struct sampler_ops *const samplers[SAMPLERS] = {
    &sampler_agent,       &sampler_agent_table, &sampler_agent_hand, &sampler_agent_random,
    &sampler_agent_alone, &sampler_agent_even,  &sampler_portfolio,  &sampler_random,
    &sampler_sobol,       &sampler_tpe,         &sampler_gp,         &sampler_filter,
};

size_t sampler_count(void)
{
    return SAMPLERS;
}

const struct sampler_ops *sampler_at(size_t i)
{
    return samplers[i];
}

const struct sampler_ops *sampler_find(const char *name)
{
    for (size_t i = 0; i < sampler_count(); i++)
        if (strcmp(samplers[i]->name, name) == 0)
            return samplers[i];
    return NULL;
}

const char *search_join_names(size_t n, const char *(*name)(size_t i), char *out, size_t out_size)
{
    struct text t = {0};
    for (size_t i = 0; i < n; i++)
        text_appendf(&t, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", name(i));
    text_copy(out, out_size, text_get(&t));
    text_free(&t);
    return out;
}

static const char *name_at(size_t i)
{
    return samplers[i]->name;
}

const char *sampler_names(char *out, size_t out_size)
{
    return search_join_names(sampler_count(), name_at, out, out_size);
}

/* About 100,000 rows seen by a full training, within 30 and 50 epochs: on eight tables a budget of
 * 300 epochs found as much with 30 epochs a trial as with 50 from about 3,000 rows on. */
int search_default_full_epochs(int64_t n_training_rows)
{
    const double rows_seen = 100000;
    double epochs = rows_seen / (double)(n_training_rows > 0 ? n_training_rows : 1);
    return (int)fmin(fmax(round(epochs), 30), 50);
}

bool search_may_go_on(const struct trial *t, int full_epochs)
{
    bool ended = t->state == TRIAL_COMPLETE || t->state == TRIAL_PRUNED;
    return ended && t->continued_by < 0 && t->n_epochs > 0 &&
           t->curve[t->n_epochs - 1].step < full_epochs &&
           isfinite(t->curve[t->n_epochs - 1].value);
}

bool search_tried(const struct study *study, const struct configuration *c)
{
    for (size_t i = 0; i < study->n_trials; i++)
        if (space_same(&study->space, &study->trials[i].config, c))
            return true;
    return false;
}

void search_fresh(const struct study *study, struct rng *rng, struct configuration *out)
{
    enum { TRIES = 100 };
    for (int k = 0; k < TRIES; k++) {
        space_sample(&study->space, rng, out);
        if (!search_tried(study, out))
            return;
    }
}

/* ---- samplers without a state -------------------------------------------------------------- */

enum err search_open_nothing(const struct search_context *context, void **self,
                             struct err_info *info)
{
    (void)context;
    (void)info;
    *self = NULL;
    return ERR_OK;
}

void search_close_nothing(void *self)
{
    (void)self;
}

bool search_learn_nothing(void *self, const struct search_context *context,
                          const struct trial *ended, double best_before, struct q_update *update)
{
    (void)self;
    (void)context;
    (void)ended;
    (void)best_before;
    (void)update;
    return false;
}

/* ---- random ------------------------------------------------------------------------------ */

static enum err random_propose(void *self, const struct search_context *context, struct rng *rng,
                               struct proposal *out)
{
    (void)self;
    memset(out, 0, sizeof *out);
    search_fresh(context->study, rng, &out->config);
    text_copy(out->who, sizeof out->who, "random");
    text_copy(out->action, sizeof out->action, move_name(MOVE_RANDOM));
    int free = 0;
    for (int i = 0; i < context->study->space.n; i++)
        free += !context->study->space.h[i].held;
    text_format(out->reason, sizeof out->reason, "random: drawn from the whole space of %d", free);
    return ERR_OK;
}

const struct sampler_ops sampler_random = {
    .name = "random",
    .about = "draws each trial from the whole space (Bergstra, Bengio 2012)",
    .open = search_open_nothing,
    .close = search_close_nothing,
    .propose = random_propose,
    .observe = search_learn_nothing,
};

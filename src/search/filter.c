/* filter: many trainings of a few epochs; the best of them alone goes on to the full length, then
 * the next round begins.
 *
 * Egele et al. 2023 (Is One Epoch All You Need for Multi-Fidelity Hyperparameter Optimization?)
 * found that so simple a rule often does as well as Hyperband: whoever claims more has to beat it.
 */
#include "internal.h"

#include <string.h>

enum { ROUND = 26, SHORT_EPOCHS = 2, KEPT = 8 };

/* New trials since the filter last let one go on. */
static int short_ones(const struct study *study)
{
    int n = 0;
    for (size_t i = study->n_trials; i-- > 0;) {
        const struct trial *t = &study->trials[i];
        if (t->continues >= 0 && strcmp(t->who, "filter") == 0)
            break;
        n += t->continues < 0 && t->state != TRIAL_WAITING;
    }
    return n;
}

/* The best of all that were stopped short, those of earlier rounds included; NULL: none. */
static const struct trial *best_short(const struct study *study, int full_epochs)
{
    const struct trial *best = NULL;
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        if (search_may_go_on(t, full_epochs) && (!best || t->value < best->value))
            best = t;
    }
    return best;
}

static enum err filter_propose(void *self, const struct search_context *context, struct rng *rng,
                               struct proposal *out)
{
    (void)self;
    const struct study *study = context->study;
    int done = short_ones(study);
    const struct trial *best = done >= ROUND ? best_short(study, context->full_epochs) : NULL;
    memset(out, 0, sizeof *out);
    text_copy(out->who, sizeof out->who, "filter");
    if (best) {
        out->goes_on = true;
        out->parent = best->number;
        out->config = best->config;
        text_format(out->reason, sizeof out->reason,
                    "filter: #%lld is the best of %d short runs, so it alone goes on to the end",
                    (long long)best->number, done);
        return ERR_OK;
    }
    search_fresh(study, rng, &out->config);
    text_copy(out->action, sizeof out->action, move_name(MOVE_RANDOM));
    out->epochs = SHORT_EPOCHS;
    text_format(out->reason, sizeof out->reason,
                "filter: short run %d of %d, drawn from the whole space", done + 1, ROUND);
    return ERR_OK;
}

const struct sampler_ops sampler_filter = {
    .name = "filter",
    .about = "26 random trials of 2 epochs, the best goes on, and again (Egele et al. 2023)",
    .open = search_open_nothing,
    .close = search_close_nothing,
    .propose = filter_propose,
    .observe = search_learn_nothing,
    .n_kept = KEPT,
};

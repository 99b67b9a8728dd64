/* results: the trials of a fold that say what their configuration is worth, for samplers that learn
 * from all of them. */
#include "internal.h"

#include <limits.h>
#include <math.h>

/* Did somebody go on with it, and has that ended? Then the last link speaks for the chain. */
static bool is_replaced(const struct study *study, const struct trial *t)
{
    const struct trial *next = t->continued_by >= 0 ? study_trial(study, t->continued_by) : NULL;
    return next && (next->state == TRIAL_COMPLETE || next->state == TRIAL_PRUNED);
}

static bool result_of(const struct study *study, const struct trial *t, struct search_result *out)
{
    *out = (struct search_result){.trial = t, .step = INT_MAX, .value = t->value};
    if (t->n_epochs == 0 || is_replaced(study, t))
        return false;
    const struct epoch_result *last = &t->curve[t->n_epochs - 1];
    switch (t->state) {
    case TRIAL_COMPLETE:
        break;
    case TRIAL_PRUNED:
        out->step = last->step;
        out->value = last->value;
        break;
    case TRIAL_FAIL: /* a diverged one teaches; any other failure says nothing */
        if (isfinite(last->value))
            return false;
        out->step = 0;
        out->value = (double)INFINITY;
        break;
    default:
        return false;
    }
    if (!isfinite(out->value))
        out->value = (double)INFINITY;
    return true;
}

enum err search_results(const struct study *study, struct search_result **out, int *n)
{
    *n = 0;
    *out = mem_alloc(study->n_trials, sizeof **out);
    if (!*out)
        return ERR_MEMORY;
    for (size_t i = 0; i < study->n_trials; i++)
        *n += result_of(study, &study->trials[i], &(*out)[*n]);
    return ERR_OK;
}

int search_compare_results(const void *first, const void *second)
{
    const struct search_result *a = first, *b = second;
    if (a->step != b->step)
        return a->step > b->step ? -1 : 1;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return a->trial->number < b->trial->number ? -1 : 1;
}

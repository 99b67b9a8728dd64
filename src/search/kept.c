/* kept: stopped trials whose weights stay on disk, so that a sampler may go on with them from where
 * they stopped; there is room for a few. */
#include "internal.h"

#include <math.h>

bool search_is_kept(const struct search_context *context, int64_t number)
{
    for (int i = 0; i < context->n_kept; i++)
        if (context->kept[i] == number)
            return true;
    return !context->kept;
}

static bool comes_before(const struct search_candidate *a, const struct search_candidate *b)
{
    bool a_told = !isnan(a->chance), b_told = !isnan(b->chance);
    if (a_told != b_told)
        return a_told;
    if (a_told && a->chance != b->chance)
        return a->chance > b->chance;
    if (a->trial->value != b->trial->value)
        return a->trial->value < b->trial->value;
    return a->trial->number < b->trial->number;
}

void search_order_kept(const struct sampler_ops *sampler, const struct search_context *context,
                       struct search_candidate *candidate, int n)
{
    for (int i = 0; i < n; i++) {
        struct search_candidate next = candidate[i];
        next.chance = sampler->chance ? sampler->chance(context, next.trial) : (double)NAN;
        int at = i;
        for (; at > 0 && comes_before(&next, &candidate[at - 1]); at--)
            candidate[at] = candidate[at - 1];
        candidate[at] = next;
    }
}

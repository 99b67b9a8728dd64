/* agent_knowing: how the agent carries out moves that need knowledge of other tasks, and says why
 * in a sentence. */
#include "agent.h"

#include <string.h>

static void propose_entry(const struct view *v, struct proposal *out)
{
    char like[160];
    int entry = v->entry[0];
    insight_entry(v->insight, entry, &out->config);
    insight_resembles(v->insight, like, sizeof like);
    text_format(out->action, sizeof out->action, "%s %d", move_name(MOVE_PORTFOLIO), entry + 1);
    text_format(out->reason, sizeof out->reason, "portfolio entry %d: did best on %s%s", entry + 1,
                like[0] ? like : "known tasks of all kinds",
                like[0] ? ", which this task resembles" : "");
}

static void propose_promise(const struct view *v, const struct promise *p, enum move m,
                            struct proposal *out)
{
    char like[160];
    insight_resembles(v->insight, like, sizeof like);
    out->config = p->config;
    text_copy(out->action, sizeof out->action, move_name(m));
    if (p->thaw) {
        out->goes_on = true;
        out->parent = p->thaw->number;
        text_format(out->reason, sizeof out->reason,
                    "goes on with #%lld from epoch %d: better than the best with a probability of "
                    "%.2f, and most of it for the epochs it still takes",
                    (long long)p->thaw->number, p->thaw->curve[p->thaw->n_epochs - 1].step, p->win);
        return;
    }
    text_format(out->reason, sizeof out->reason,
                "%s: better than the best with a probability of %.2f%s%s", move_name(m), p->win,
                like[0] ? "; known tasks that count: " : "", like);
}

enum move agent_propose_knowing(const struct view *v, enum move m, const char *why, struct rng *rng,
                                struct proposal *out)
{
    if (m == MOVE_PORTFOLIO) {
        propose_entry(v, out);
        if (!search_tried(v->study, &out->config))
            return m;
        out->action[0] = 0;
        m = v->has_promise ? MOVE_SURROGATE : MOVE_RANDOM;
    }
    const struct promise *promise = m == MOVE_SURROGATE ? &v->fresh
                                    : m == MOVE_LOCAL   ? &v->near
                                    : m == MOVE_THAW    ? &v->thaw
                                                        : NULL;
    if (v->has_promise && promise) {
        propose_promise(v, promise, m, out);
        return m;
    }
    text_copy(out->reason, sizeof out->reason, why);
    return agent_carry_out(v, m, rng, &out->config);
}

/* portfolio: the known portfolio in the order that suits the task, then random configurations: what
 * a good start alone is worth (Feurer et al. 2022). */
#include "insight.h"

#include <string.h>

static enum err portfolio_open(const struct search_context *context, void **self,
                               struct err_info *info)
{
    struct insight *in = NULL;
    *self = NULL;
    if (!context->guidance)
        return err_set(info, ERR_USAGE, "--sampler",
                       "learn it by 'tiller learn', or choose another sampler",
                       "the sampler portfolio needs knowledge");
    enum err err = insight_open(context, false, &in);
    if (err == ERR_RANGE)
        return err_set(info, ERR_USAGE, "--sampler", "learn from other tasks, or --include-own",
                       "nothing is left of the knowledge without this task's own family");
    *self = in;
    return err == ERR_OK ? ERR_OK : err_set_memory(info, "portfolio");
}

static void portfolio_close(void *self)
{
    insight_close(self);
}

static enum err portfolio_propose(void *self, const struct search_context *context, struct rng *rng,
                                  struct proposal *out)
{
    struct insight *in = self;
    int entry[PORTFOLIO_MAX], n;
    memset(out, 0, sizeof *out);
    text_copy(out->who, sizeof out->who, "portfolio");
    enum err err = insight_look(in, context);
    if (err != ERR_OK)
        return err;
    insight_entries(in, context, entry, &n);
    if (n == 0) {
        search_fresh(context->study, rng, &out->config);
        text_copy(out->action, sizeof out->action, move_name(MOVE_RANDOM));
        text_copy(out->reason, sizeof out->reason, "random: all portfolio entries are tried");
        return ERR_OK;
    }
    insight_entry(in, entry[0], &out->config);
    text_format(out->action, sizeof out->action, "%s %d", move_name(MOVE_PORTFOLIO), entry[0] + 1);
    text_format(out->reason, sizeof out->reason, "portfolio entry %d", entry[0] + 1);
    return ERR_OK;
}

const struct sampler_ops sampler_portfolio = {
    .name = "portfolio",
    .about = "what did well on known tasks, best first, then random (Feurer et al. 2022)",
    .open = portfolio_open,
    .close = portfolio_close,
    .propose = portfolio_propose,
    .observe = search_learn_nothing,
    .guided = true,
};

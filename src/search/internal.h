/* What the files of this room share. */
#ifndef TILLER_SEARCH_INTERNAL_H
#define TILLER_SEARCH_INTERNAL_H

#include "tiller/search.h"

extern const struct sampler_ops sampler_random, sampler_agent, sampler_agent_table,
    sampler_agent_hand, sampler_agent_random, sampler_agent_alone, sampler_agent_even,
    sampler_portfolio, sampler_sobol, sampler_filter, sampler_tpe, sampler_gp;

/* For samplers without a state: they look at the fold each time. */
enum err search_open_nothing(const struct search_context *context, void **self,
                             struct err_info *info);
void search_close_nothing(void *self);
bool search_learn_nothing(void *self, const struct search_context *context,
                          const struct trial *ended, double best_before, struct q_update *update);

/* "a, b or c" */
const char *search_join_names(size_t n, const char *(*name)(size_t i), char *out, size_t out_size);

/* Does this configuration stand in the study already, in whatever state? */
bool search_tried(const struct study *study, const struct configuration *c);
/* A random configuration that was not tried; gives up after some draws (a space of a few points).
 */
void search_fresh(const struct study *study, struct rng *rng, struct configuration *out);

/* What an ended trial says. */
struct search_result {
    const struct trial *trial; /* lent */
    int step;                  /* epoch at which it was stopped; INT_MAX: never, 0: diverged */
    double value;              /* the trial's; where stopped, the last epoch's; never NaN */
};
/* All of them, oldest first; of a chain of continuations the last. Owner: caller, mem_free. Returns
 * ERR_MEMORY with *out NULL. */
enum err search_results(const struct study *study, struct search_result **out, int *n);
/* For qsort, as Optuna orders them: complete ones by value, then those stopped late before those
 * stopped early, then by value. */
int search_compare_results(const void *a, const void *b);

/* ---- what knowledge says of a trial (learned.c) */

/* How a trial may end, judged at the last rung that it came to against the incumbent's curve; the
 * incumbent itself and diverged runs are not judged. false: nothing can be said. */
bool search_predict(const struct search_context *context, const struct trial *t,
                    const struct trial *incumbent, struct prediction *out);
/* The same for a sampler's chance: how likely it is to become the best; NaN: not known. */
double search_chance(const struct search_context *context, const struct trial *t);
/* The portfolio's entry that a trial is of, as its action says ("portfolio 3" is entry 2); -1. */
int search_entry_of(const struct trial *t);
/* Is it among the best third of the runs that came to its last epoch, itself counted? */
bool search_leads(const struct search_context *context, const struct trial *t);
bool learned_rung(int epoch, int full_epochs);
bool learned_stop(const struct search_context *context, const struct trial *t, char *reason,
                  size_t reason_size);
bool learned_chance(const struct search_context *context, const struct trial *t,
                    struct search_chance *out);
bool pilot_stop(const struct search_context *context, const struct trial *t, char *reason,
                size_t reason_size);

#endif

/* What the files of this room share. */
#ifndef TILLER_SEARCH_INTERNAL_H
#define TILLER_SEARCH_INTERNAL_H

#include "tiller/search.h"

extern const struct sampler_ops sampler_random, sampler_agent;

/* Does this configuration stand in the study already, in whatever state? */
bool search_tried(const struct study *study, const struct configuration *c);
/* A random configuration that was not tried; gives up after some draws (a space of a few points).
 */
void search_fresh(const struct study *study, struct rng *rng, struct configuration *out);

/* Starting points: what the agent tries before it has results to move from. The first is the
 * space's default. They are fitted into the space: what it lacks is left out, what lies outside a
 * range goes to its end, so that two may become the same. */
int starting_point_count(void);
void starting_point(const struct space *space, int i, struct configuration *out);
const char *starting_point_about(int i);

#endif

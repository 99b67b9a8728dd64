/* agent: what the agent's files share: what it sees when it decides, and how a move is carried out.
 */
#ifndef TILLER_SEARCH_AGENT_H
#define TILLER_SEARCH_AGENT_H

#include "insight.h"

/* What an agent does without, to see what it is worth. */
struct agent_way {
    bool usual;  /* nothing: the known table overrules the hand rule if it was measured better */
    bool table;  /* the known table has its say however it was measured */
    bool hand;   /* the table has no say */
    bool random; /* any possible move */
    bool alone;  /* no knowledge */
    bool even;   /* known tasks weigh alike, however the task looks */
};

struct agent {
    struct agent_way way;
    struct qtable table;
    size_t folded; /* of the study's updates */
    struct qtable_overrides person;
    struct insight *insight; /* NULL: no knowledge */
};

/* What the agent sees when it decides. */
struct view {
    const struct search_context *context;
    const struct study *study;
    const struct trial *incumbent; /* NULL: none */
    struct insight *insight;       /* NULL: no knowledge */
    enum trust trust;
    int state, finished, since_gain;
    int begun;   /* runs that began, finished or not; those that failed at once do not count */
    int running; /* of them */
    int entry[PORTFOLIO_MAX], n_entries; /* of the portfolio, not tried yet, in order */
    struct promise fresh, near, thaw;    /* if has_promise */
    bool has_promise;
};

/* ---- agent_alone.c: without knowledge */
/* Starting points, then random configurations. */
enum move agent_propose_first(const struct view *v, struct rng *rng, struct proposal *out);
/* A move that changes nothing, or leads to what was tried, becomes a local one; where the
 * neighbourhood is used up, wider and wider, at last a random one. Returns what was done. */
enum move agent_carry_out(const struct view *v, enum move m, struct rng *rng,
                          struct configuration *out);
/* The action that a configuration from elsewhere counts as. */
enum move agent_action_towards(const struct study *study, const struct trial *incumbent,
                               const struct configuration *c);

/* ---- agent_knowing.c: with knowledge */
/* Carries out wanted, or what stands in for it; returns which it was. why: the rule's reason. */
enum move agent_propose_knowing(const struct view *v, enum move wanted, const char *why,
                                struct rng *rng, struct proposal *out);

#endif

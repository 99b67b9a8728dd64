/* insight: what knowledge says of one search: the known tasks that it resembles, the portfolio's
 * order, and what may be expected of configurations.
 *
 * Opened once per search; what is worked out of a trial is kept, but depends on the fold only, so
 * that a resumed search gets the same. Of the family that is left out no number is read. */
#ifndef TILLER_SEARCH_INSIGHT_H
#define TILLER_SEARCH_INSIGHT_H

#include "internal.h"

struct insight {
    const struct guidance *guidance;
    const struct space *space; /* the study's; lent by the study of the last look */
    struct knowledge_map map;
    struct gp_kernel kernel; /* knowledge's dimensions, then the study's that it lacks */
    int n_tasks, n_dims;
    bool *left_out; /* [n_families] */
    struct transfer *transfer;
    struct known_ranks ranks;
    double *feature;      /* [n_tasks x n_features] of ranks */
    double *z;            /* [n_tasks x n_shared] of ranks */
    int *family;          /* [n_tasks] of ranks */
    double *looks_weight; /* [n_tasks] before any result */
    double *entry_z;      /* [n_tasks x portfolio.n] */
    int n_points;
    struct configuration *point; /* [n_points] that the surrogate always considers */
    double *point_x;             /* [n_points x n_dims] */
    double *point_z;             /* [n_tasks x n_points] */
    double *run_x;               /* [runs_known x n_dims] of trials by number */
    double *run_z;               /* [runs_known x n_tasks] */
    size_t runs_known, runs_capacity;

    /* As of the last look: */
    int n;                        /* results */
    struct search_result *result; /* [n] oldest first */
    double *log_error;            /* [n] final, or as predicted */
    double *sd;                   /* [n] of what is predicted; 0 known */
    double *weight;               /* [n_tasks] */
    double *discordance;          /* [n_tasks] */
    double *scratch;              /* [n_tasks] */
    enum trust trust;
};

/* even: how the task looks is not used. Errors: ERR_MEMORY, ERR_RANGE (no known task is left). */
enum err insight_open(const struct search_context *context, bool even, struct insight **out);
void insight_close(struct insight *in);
/* Takes in the fold as it is now. */
enum err insight_look(struct insight *in, const struct search_context *context);

/* Where a configuration of the study lies, x[n_dims]; and the kernel of the study's own results. */
void insight_place(const struct insight *in, const struct configuration *c, double *x);
struct gp_kernel insight_own_kernel(const struct insight *in);

/* Portfolio entries in the order to try them now; *n: those not tried yet. */
void insight_entries(const struct insight *in, const struct search_context *context, int *order,
                     int *n);
/* The entry's configuration. */
void insight_entry(const struct insight *in, int entry, struct configuration *out);
/* "satellite 41 %, letter 22 %": the tasks that weigh most. */
const char *insight_resembles(const struct insight *in, char *out, size_t out_size);

/* What the surrogate proposes. */
struct promise {
    struct configuration config;
    const struct trial *thaw; /* go on with this one; NULL: a new run */
    double win;               /* probability of being better than the best so far */
    double rate;              /* expected improvement per full training */
};
/* The best new configuration; the best of those around the best results; and the best stopped run
 * to go on with: thaw->thaw is NULL if there is none. Needs a result. */
enum err insight_promise(struct insight *in, const struct search_context *context, struct rng *rng,
                         struct promise *fresh, struct promise *near, struct promise *thaw);

#endif

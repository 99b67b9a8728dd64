/* rollouts: what one other move, or one other word at a rung, would have brought: the same search
 * goes on from the same point with the same random numbers, once with each (search design, 9). */
#ifndef TILLER_LEARN_ROLLOUTS_H
#define TILLER_LEARN_ROLLOUTS_H

#include "world.h"

/* Advantages seen in one cell; sums over decisions. */
struct tally {
    double n, sum, square;
};
/* What one family's worlds have shown. */
struct evidence_of_family {
    struct tally move[META_STATES][MOVE_N]; /* over the mean of the moves always possible */
    struct tally value[META_STATES];        /* what that mean brought */
    struct tally pilot[PILOT_STATES];       /* of going on over pausing */
    struct tally pilot_value[PILOT_STATES]; /* what pausing brought */
};

/* Worlds of all families that may be looked at, each with models that do not know its family. */
struct replay_fold {
    int n_families, n_worlds;
    struct world **world;         /* [n_worlds] */
    struct world_models **models; /* [n_families]; NULL: none */
    struct twin *twin;
    int *n_of_family; /* [n_families] worlds */
    int n_made;       /* of the worlds have a twin */
};
enum { FOLD_POINTS = 512 };
/* Full trainings of a search that is judged; more would use up the recorded configurations. */
enum { LEARN_JUDGED_BUDGET = 10 };
/* fold_new: of the families that are not left out. Errors: ERR_MEMORY, ERR_RANGE (fewer than two
 * families). Owner: caller, fold_free. Cost: some seconds for 40 tasks. */
enum err fold_new(const struct known_set *set, const bool *left_out, bool with_twins,
                  uint64_t rng_seed, struct replay_fold **out);
/* fold_of_family: recorded configurations of one family, with models that do not know it. */
enum err fold_of_family(const struct known_set *set, int family, uint64_t rng_seed,
                        struct replay_fold **out);
const struct world *fold_largest(const struct replay_fold *fold); /* for episode_new */
void fold_free(struct replay_fold *fold);

struct rollout_options {
    double budget;             /* B in full trainings */
    int64_t steps;             /* to be spent on this family, about */
    double explore;            /* share of the moves on the way that are drawn at random */
    bool moves, rungs;         /* what is compared */
    uint64_t rng_seed, stream; /* of the episodes */
};
/* rollouts_of_family: adds to *evidence. policy: by which the search goes before and after.
 * *steps: done. Errors: ERR_MEMORY. */
enum err rollouts_of_family(const struct replay_fold *fold, int family,
                            const struct world_policy *policy,
                            const struct rollout_options *options,
                            struct evidence_of_family *evidence, int64_t *steps);

/* Tables from the evidence of the families in use: means over families; what the tables state as
 * variance is that of the mean over families. Cells that fewer than three know have no visits. */
void rollouts_tables(const struct evidence_of_family *evidence, const bool *use, int n_families,
                     struct qtable *table, struct pilot *pilot);

/* Area saved by a policy: mean over a family's worlds and n_seeds. Errors: ERR_MEMORY. */
enum err rollouts_area(const struct replay_fold *fold, int family, double budget,
                       const struct world_policy *policy, int n_seeds, uint64_t rng_seed,
                       double *area);

#endif

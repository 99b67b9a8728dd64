/* world: a recorded task as a fixed pool of points whose curves are known, on which a search is
 * replayed within microseconds a step; and the search itself, one move at a time.
 *
 * Made for learning tables: what a world knows of a task stands in it, what the search may know
 * beforehand in its world_models, which were learnt without the task's family. */
#ifndef TILLER_LEARN_WORLD_H
#define TILLER_LEARN_WORLD_H

#include "known.h"
#include "twin.h"

enum { WORLD_RUNS_MAX = 512, WORLD_POINTS_MAX = 2048, WORLD_SOURCES_MAX = 256, WORLD_NEAR = 5 };

/* ---- what a search may know beforehand ----------------------------------------------------- */

enum { WORLD_QUANTILES = 2048 };

struct world_models {
    struct portfolio portfolio;
    struct predictor predictor;
    struct gp_kernel kernel;
    struct transfer *transfer;
    float quantile[WORLD_QUANTILES + 1]; /* of the normal distribution, at equal steps */
    double *prior;                       /* [n_sources] weights of the known tasks, 0: left out */
    int n_sources;
};
/* All of it from the tasks that are not left out. Errors: ERR_MEMORY, ERR_RANGE. Owner: caller,
 * world_models_free. Cost: some 50 ms for 30 tasks. */
enum err world_models_new(const struct known_set *set, const bool *left_out, uint64_t rng_seed,
                          struct world_models **out);
void world_models_free(struct world_models *models);

/* ---- worlds -------------------------------------------------------------------------------- */

struct world {
    const char *name;
    int family, n, n_dims, n_epochs;
    const struct space *space;
    const struct world_models *models;
    struct configuration *config; /* [n] */
    float *unit;                  /* [n_dims x n] as space_encode: nearest points */
    float *place;                 /* [n_dims x n] in length scales: what is alike */
    double *error;                /* [n x n_epochs] validation error; NaN: diverged */
    float *least;                 /* [n x n_epochs] ln(least error so far + 0.002) */
    const double **train_loss;    /* [n] curves, lent by the set */
    const double **val_loss;
    int *length;        /* [n] epochs until it diverges, or R */
    uint8_t *diagnosis; /* [n] of the whole curve */
    float *score;       /* [n_sources x n] what the known tasks say */
    struct configuration entry[PORTFOLIO_MAX];
    double *entry_score; /* [PORTFOLIO_MAX x n_sources] */
    int n_kept;          /* stopped runs that the agent may go on with */
    double best, median, majority;
    double scale;   /* of log errors per unit of score */
    bool from_twin; /* else only recorded configurations */
};
/* world_new: task t of tasks (which may be a pool's) as seen with models learnt from known. twin:
 * NULL, or points beside the recorded ones are made by it, n_points in all. Lends from all of
 * them. Errors: ERR_MEMORY; ERR_RANGE: more points or sources than there may be. Owner: caller,
 * world_free. */
enum err world_new(const struct known_set *tasks, int t, const struct known_set *known,
                   const struct world_models *models, struct twin *twin, int n_points,
                   uint64_t rng_seed, struct world **out);
void world_free(struct world *world);

/* ---- a search in one ----------------------------------------------------------------------- */

struct world_run {
    int point, epochs;
    bool complete, failed, can_thaw;
    double log_error, sd; /* final; predicted if it was stopped */
    double win;           /* as last predicted; 1 unknown */
};

/* Tables by which a search goes; NULL: hand rule, fixed bounds. */
struct world_policy {
    const struct qtable *table; /* overrides the hand rule as qtable_prefers does */
    const struct pilot *pilot;
    bool random_moves; /* operator at random */
    bool no_stop;      /* every training in full */
};

/* What is expected of the best new run and of the best stopped one. */
struct world_promise {
    int turn;  /* it is of; -1: not looked yet */
    int fresh; /* point */
    int thaw;  /* run; -1 none */
    double fresh_worth, thaw_worth;
};

struct episode {
    const struct world *world;
    struct rng rng;
    int budget, spent, n_runs, n_portfolio, incumbent, since_gain;
    int n_turns; /* runs that began or were gone on with */
    struct world_promise promise;
    double usual[PREDICTOR_RUNGS]; /* sum of chances of the runs that came to the rung */
    int n_usual[PREDICTOR_RUNGS];  /* of them; -1: to be judged again, the incumbent is another */
    double best;                   /* least error seen */
    double saved; /* so far: area under the curve of log regret, as a share of the budget */
    double n_pairs;
    struct world_run run[WORLD_RUNS_MAX];
    bool entry_used[PORTFOLIO_MAX];
    double *weight, *discordant, *run_score; /* [n_sources], [n_sources], [RUNS_MAX x n_sources] */
    float *far;                              /* [WORLD_NEAR x n] squared, of the nearest runs */
    int16_t *near;                           /* [WORLD_NEAR x n] which they are; -1 none */
    uint8_t *used;                           /* [n] */
};
enum err episode_new(const struct world *largest, struct episode **out);
void episode_free(struct episode *e);
void episode_begin(struct episode *e, const struct world *world, int budget, uint64_t seed,
                   uint64_t stream);
void episode_copy(struct episode *to, const struct episode *from); /* of equal size */

bool episode_over(const struct episode *e);
int episode_state(const struct episode *e);
enum move episode_hand_move(struct episode *e);
/* Which moves are possible now. */
void episode_possible(const struct episode *e, bool possible[static MOVE_N]);
enum move episode_choose(struct episode *e, const struct world_policy *policy);

/* What happens at rungs: decides and may note. */
struct episode_rung {
    int state; /* pilot_state */
    struct prediction prediction;
    bool stop; /* the chance is below what the agent's pruner asks (predictor_asked) */
};
typedef enum pilot_action (*episode_at_rung)(void *arg, struct episode *e,
                                             const struct episode_rung *rung);
/* The point that a move leads to, not tried yet; the entry of the portfolio counts as used. */
int episode_propose(struct episode *e, enum move m);
/* As of this turn; needs a run. */
const struct world_promise *episode_promise(struct episode *e);
/* Trains until the end, the budget's, a NaN, or the pilot's word. Returns the area saved. */
double episode_train(struct episode *e, struct world_run *run, episode_at_rung at_rung, void *arg);
/* One move: proposes, trains by the pilot (arg), ends. Returns the reward: area saved. */
double episode_step(struct episode *e, enum move move, episode_at_rung at_rung, void *arg);
/* By the tables of a policy: arg is a struct by_policy. */
struct by_policy {
    const struct world_policy *policy;
};
enum pilot_action world_policy_at_rung(void *by_policy, struct episode *e,
                                       const struct episode_rung *rung);
/* To the end of the budget. */
void episode_finish(struct episode *e, const struct world_policy *policy);
double episode_regret(const struct episode *e); /* now, 0 best .. 1 */

#endif

/* knowledge: what is learnt from recorded learning curves of many tasks: which configurations to
 * try first, and whether a run is still worth its epochs.
 *
 * Belongs to the room `meta`. Pure functions over plain arrays, so that live searches and replays
 * on foreign tables share them; no threads, no files. */
#ifndef TILLER_KNOWLEDGE_H
#define TILLER_KNOWLEDGE_H

#include "tiller/base.h"

/* ---- recorded tasks ---------------------------------------------------------------------- */

/* One task's runs. Curves are row-major, one row per run, one column per epoch; from the epoch on
 * in which a run ended or diverged they are NaN. All arrays are lent. */
struct known_task {
    const char *name;
    int family;               /* 0 .. n_families-1: relatives, never on both sides of a fold */
    int n_runs, n_epochs;     /* n_epochs: the task's full length R */
    const double *unit;       /* [n_runs x n_dims] on the axes of space_encode */
    const double *error;      /* [n_runs x n_epochs] validation error (or loss), >= 0 */
    const double *train_loss; /* the same shape; NULL: not recorded */
    const double *val_loss;
    double majority_error; /* of a network that has learnt nothing */
};

/* The first n_shared runs of every task are of the same configurations in the same order. */
struct known_tasks {
    int n, n_families, n_dims, n_shared;
    const struct known_task *task; /* [n] */
};

/* Weights [n] of the tasks that sum to 1: families count equally, and so do the tasks within one.
 * left_out [n_families]: families without weight; NULL: none. All 0 if nothing is left. */
void known_weights(const struct known_tasks *known, const bool *left_out, double *weight);

/* known_log_error: ln(y + 0.002), y the least error of the run's first n epochs; a run without any
 * counts as one that has learnt nothing. */
double known_log_error(const struct known_task *task, int run, int n_epochs);

/* known_regret: how far the shared runs stay behind each task's best one, [n x n_shared]: 0 at the
 * best log error of all runs, 1 at the shared runs' median, clipped at REGRET_MAX. in_time: the
 * mean over the lengths R/16, R/8 .. R, which prefers configurations that are good early, too. A
 * task whose runs are all equal has 0. Errors: ERR_MEMORY. Source: search design, 4. */
#define REGRET_MAX 1.5
enum err known_regret(const struct known_tasks *known, bool in_time, double *regret);

/* ---- portfolio --------------------------------------------------------------------------- */

enum { PORTFOLIO_MAX = 10 };

/* Shared configurations that together suit all tasks, in the order to try them. */
struct portfolio {
    int n;
    int entry[PORTFOLIO_MAX];   /* index among the shared runs */
    double cost[PORTFOLIO_MAX]; /* mean over tasks of the best cost among entries 0..k */
};

/* portfolio_choose: entry after entry, the one that lowers the mean cost most (ties: the lower mean
 * cost of its own, then the lower index).
 *   cost    [n_tasks x n_configs], at most REGRET_MAX, which is also the cost of no entry at all
 *   weight  [n_tasks], sums to 1        n  entries wanted; at most PORTFOLIO_MAX and n_configs come
 * What is saved is submodular in the set of entries, so n of them save at least 1 - 1/e of what the
 * best n could. Cost: n n_tasks n_configs. Source: Nemhauser, Wolsey & Fisher 1978; search design,
 * 4; Feurer et al. 2022 (auto-sklearn 2.0). */
void portfolio_choose(const double *cost, const double *weight, int n_tasks, int n_configs, int n,
                      struct portfolio *out);
/* The same from recorded tasks: known_regret and known_weights, then PORTFOLIO_MAX entries.
 * Errors: ERR_MEMORY; ERR_RANGE if no task or no shared run is left. */
enum err portfolio_learn(const struct known_tasks *known, const bool *left_out, bool in_time,
                         struct portfolio *out);

#endif

/* meta: what is known about searching, as readable tables: curve diagnosis, situations, moves, the
 * Q-table and its update. (Portfolio, meta-features, curve predictor and surrogate come here too.)
 *
 * Pure functions over a study's fold; no threads, no files, no screens. */
#ifndef TILLER_META_H
#define TILLER_META_H

#include "tiller/base.h"
#include "tiller/data.h"
#include "tiller/space.h"
#include "tiller/study.h"

/* Curve diagnosis, section 5 of the search design; the first match wins. */
enum diagnosis {
    DIAGNOSIS_DIVERGING,
    DIAGNOSIS_OVERFITTING,
    DIAGNOSIS_UNDERFITTING,
    DIAGNOSIS_PLATEAU,
    DIAGNOSIS_IMPROVING,
    DIAGNOSIS_N
};
const char *diagnosis_name(enum diagnosis d); /* "overfits" ... */
const char *diagnosis_why(enum diagnosis d);  /* one plain sentence */
/* diagnose: a trial's curve so far. majority_error: validation error of the majority class. A curve
 * that ends in NaN or infinity diverges at once; else one of fewer than 3 epochs counts as
 * improving. Changes are those of a least-squares line over the last quarter of the epochs run. The
 * log knows no training error: the best validation error stands in for it. */
enum diagnosis meta_diagnose(const struct trial *t, double majority_error);

/* The incumbent a move starts from: the best COMPLETE trial that had ended by wall time when_s
 * (INFINITY: now); NULL if there is none. A running trial is no incumbent: it may still be pruned.
 */
const struct trial *meta_incumbent(const struct study *study, double when_s);

/* How far known tasks may be believed on this one; low without knowledge. */
enum trust { TRUST_LOW, TRUST_MIDDLE, TRUST_HIGH, TRUST_N };
const char *trust_name(enum trust t); /* "low" "middle" "high" */

/* Situation = phase x stagnation x trust x diagnosis of the incumbent: 4 x 3 x 3 x 5 = 180 rows. */
enum { META_PHASES = 4, META_STAGNATIONS = 3, META_STATES = 180 };
struct situation {
    int phase;      /* finished runs: <3, 3-9, 10-29, 30+ */
    int stagnation; /* finished runs since the incumbent changed: 0, 1-3, 4+ */
    enum trust trust;
    enum diagnosis diagnosis;
};
int situation_index(struct situation s); /* 0..META_STATES-1 */
struct situation situation_from_index(int index);
const char *situation_name(int index); /* "10-29 moving overfits high"; ASCII, the log's form */
/* -1 unknown. Logs from before there was knowledge lack the last word: trust is low. */
int situation_find(const char *name);
/* The situation now, from the fold. *finished, *since_gain: the counts behind it (may be NULL). */
int situation_now(const struct study *study, double majority_error, enum trust trust, int *finished,
                  int *since_gain);
/* The same as it was at wall time when_s: only trials that had ended by then count. */
int situation_at(const struct study *study, double majority_error, enum trust trust, double when_s,
                 int *finished, int *since_gain);
/* Trust as the newest trial that had begun by then noted it at its proposal; low if none did. */
enum trust situation_trust(const struct study *study, double when_s);

/* Moves (section 8): those from MOVE_LOCAL to MOVE_BATCH_UP start from the incumbent and are
 * move_apply's, as is random; the last three need knowledge and are the agent's. */
enum move {
    MOVE_LOCAL,
    MOVE_LR_DOWN,
    MOVE_LR_UP,
    MOVE_SMALLER,
    MOVE_LARGER,
    MOVE_LESS_REGULARISATION,
    MOVE_MORE_REGULARISATION,
    MOVE_BATCH_DOWN,
    MOVE_BATCH_UP,
    MOVE_RANDOM,
    MOVE_PORTFOLIO, /* next portfolio entry by score */
    MOVE_SURROGATE, /* what the surrogate expects most of */
    MOVE_THAW,      /* go on with the best stopped run */
    MOVE_N
};
const char *move_name(enum move m);  /* "local" "lr/" "lr*" "smaller" ... ; ASCII, the log's form */
const char *move_about(enum move m); /* "divide the learning rate by 2.5" */
int move_find(const char *name);     /* -1 unknown; "portfolio 3" is a portfolio */
/* move_apply: the configuration after the move. Returns false if the move changes nothing, the
 * space lacks the role, or it is not one of these (caller falls back to local). */
bool move_apply(enum move m, const struct space *space, const struct configuration *from,
                struct rng *rng, struct configuration *out);
/* move_local: a perturbation on the [0,1] axes: each hyperparameter moves with probability 0.4, by
 * a normal step of sd spread; small integer ranges step by one, choices flip more rarely. Something
 * always changes if anything can. MOVE_LOCAL is this with spread 0.1. */
bool move_local(const struct space *space, const struct configuration *from, double spread,
                struct rng *rng, struct configuration *out);
/* The move nearest to what leads from one configuration to another (a person's seed). */
enum move move_nearest(const struct space *space, const struct configuration *from,
                       const struct configuration *to);

/* The hand rule: what the agent does while its table has no evidence for better. */
struct standing {
    bool knows;            /* there is knowledge to use */
    enum trust trust;      /* in it */
    int begun;             /* runs that began, whatever became of them: they count the turns */
    int running;           /* of them; they count as if they had ended without gain */
    int finished;          /* runs that ended */
    int since_gain;        /* of them: since the incumbent changed */
    bool thaw_pays;        /* going on with the best stopped run is worth more than a new one */
    bool possible[MOVE_N]; /* what can be done now; random and local always can */
};
enum { HAND_FIRST_RUNS = 5 }; /* starting points and random ones, without knowledge */
/* hand_rule: without knowledge local, every fourth time one of the directed moves in turn; with it
 * the portfolio while fewer than 3 runs began (6 while trust isn't high), then surrogate and local
 * in turn, and thaw where that pays. Random after 6 runs without a gain. What is not
 * possible falls back to surrogate, then local. why: one sentence. Pure. */
enum move hand_rule(const struct standing *s, char *why, size_t why_size);

/* The Q-table: [META_STATES x MOVE_N] row-major. */
struct qtable {
    double q[META_STATES][MOVE_N];
    double visits[META_STATES][MOVE_N];    /* N */
    double td_square[META_STATES][MOVE_N]; /* running mean of squared TD errors */
};
enum { QTABLE_TERMINAL = -1 };
void qtable_init(struct qtable *t, double q0);
/* qtable_update: Q(s,a) += alpha [r + gamma max_a' Q(s',a') - Q(s,a)], alpha = max(.01, N^-.8)
 * unless alpha > 0 is given. s2 = QTABLE_TERMINAL: no next state. *out (may be NULL) gets all the
 * numbers of the step. N counts this visit, so the first one has alpha 1: without knowledge the
 * initial value is arbitrary and the first return replaces it; a table carried over brings its
 * visits along and moves gently from the start. Returns the TD error.
 * Source: Watkins & Dayan 1992; search design, 8. */
double qtable_update(struct qtable *t, int s, int a, double reward, int s2, double gamma,
                     double alpha, struct q_update *out);
/* The table that a search begins with: the known one with at most QTABLE_CARRIED visits a cell, so
 * that own experience still moves it; zeros if known is NULL. */
enum { QTABLE_CARRIED = 200 };
void qtable_begin(struct qtable *t, const struct qtable *known);
/* Rebuild the table from a study's q_update events: exactly the agent's own. known: the table it
 * began with, as qtable_begin. */
void qtable_fold(struct qtable *t, const struct qtable *known, const struct study *study);
/* The same, going on from the first `folded` events; returns how many there are now. */
size_t qtable_fold_from(struct qtable *t, const struct study *study, size_t folded);
int qtable_best(const struct qtable *t, int s); /* best action, lowest index on ties */
/* Back-off for rare cells: (N Q + 20 Q_parent) / (N + 20), the parent being the mean by visits over
 * all diagnoses (one of 36 x MOVE_N); 0 if nothing is known of it either. *variance (may be NULL):
 * squared standard error, the cell's mean squared TD error / N. Source: search design, 8. */
double qtable_value(const struct qtable *t, int s, int a, double *variance);
/* The move that the table prefers to the hand rule's; that one itself unless another, which is
 * possible, is better by more than sqrt(se_a^2 + se_hand^2) with so many visits to both cells.
 */
enum { QTABLE_NEEDED = 20, QTABLE_NEEDED_ALONE = 5 }; /* with a table carried over; without */
enum move qtable_prefers(const struct qtable *t, int s, enum move hand,
                         const bool possible[static MOVE_N], int needed);
/* "Q(plateau, lr/) 0.120 <- 0.120 + 0.20 [0.050 + 1.00*0.310 - 0.120] = 0.168" */
const char *qtable_spell(const struct q_update *u, char *out, size_t out_size);

/* What a person has said about the table, folded from the study's events by "you":
 *   q_pin        {"situation", "action", "on": true or false}
 *   q_freeze     {"on": true or false}
 *   next_action  {"action": "" takes it back, "from": number of trials there were}
 * Edits are updates (struct q_update). The agent makes no update of a pinned cell, none at all
 * while learning is frozen, and takes `next` for the next trial it proposes. */
enum { QTABLE_EDIT_VISITS = 20 };
struct qtable_overrides {
    bool frozen;
    bool pinned[META_STATES][MOVE_N];
    int next;          /* enum move asked for; -1 none */
    int64_t next_from; /* trials from this number on are proposed later */
    size_t folded;     /* of the study's events */
};
/* All zero but next = -1, then folded up to the study's newest event; *o as it was left by an
 * earlier call on the same study (zero-initialised at first: qtable_overrides_init) goes on from
 * there. next is -1 again when a trial has been proposed that nobody seeded. Pure; costs what is
 * new. */
void qtable_overrides_init(struct qtable_overrides *o);
void qtable_overrides(struct qtable_overrides *o, const struct study *study);

/* sobol_point: point `index` (from 0) of the Sobol sequence, unit[n_dims] in [0,1), n_dims <=
 * SPACE_MAX. Each aligned block of 2^k points fills every axis evenly, so that a set may be taken
 * in pieces. scramble 0: the plain sequence, whose point 0 is the origin; else Owen's scrambling
 * with this seed. Pure; about 20 us for 32 dimensions.
 * Source: Joe & Kuo 2008; Owen 1995. */
void sobol_point(uint32_t index, int n_dims, uint64_t scramble, double *unit);
/* The configuration there: held ones at their fallback, axis i is hyperparameter i's, choices have
 * equal parts of theirs. Nearby points may round to the same configuration in a coarse space. */
void sobol_configuration(const struct space *space, uint32_t index, uint64_t scramble,
                         struct configuration *out);

/* ---- the standard normal distribution ---------------------------------------------------- */

double normal_below(double z); /* P(Z <= z) */
double normal_density(double z);
double normal_quantile(double p); /* its inverse; 0: -infinity, 1: infinity; error below 1e-14 */
/* Ranks as normal scores: score[i] = quantile of (rank - 1/2) / n, equal values share their mean
 * rank; infinite values have one, NaN does not. Takes n^2 comparisons. score and value differ. */
void rank_normal(const double *value, int n, double *score);

/* ---- Gaussian processes (Rasmussen & Williams 2006, chapters 2, 4, 5) --------------------- */

/* Rows are points x[n_dims]; the mean is 0, so targets come centred. All of it is pure and uses one
 * thread of OpenBLAS (net_init). */
enum { GP_ROWS_MAX = 1024 };
/* Matern-5/2 with a length scale per dimension: cov = variance k(r), r^2 = sum_d (diff_d /
 * length_d)^2. */
struct gp_kernel {
    int n_dims;
    int levels[SPACE_MAX];    /* 0: a number; k: one of k choices, 0 .. k-1: diff is 0 or 1 */
    double length[SPACE_MAX]; /* > 0 */
    double variance;          /* of the signal */
    double noise;             /* variance of what is added to each row's target */
};
/* A space's axes, length scales 1; and where a configuration lies on them: as space_encode, but
 * choices by their index. Held hyperparameters are dimensions that never differ. */
void gp_axes(const struct space *space, struct gp_kernel *out);
void gp_place(const struct space *space, const struct configuration *c, double *x);

/* A process given rows x[n x n_dims]: the factorised kernel matrix, whatever the targets. noise[n]:
 * variance row by row, NULL: the kernel's. ERR_RANGE: n is not 1..GP_ROWS_MAX, or the matrix can't
 * be factorised (noise too small). About n^3/3 flops. Owner: caller, gp_free. */
struct gp;
enum err gp_new(const struct gp_kernel *kernel, const double *x, const double *noise, int n,
                struct gp **out);
void gp_free(struct gp *g);
/* weights[n_targets x n] = (K + noise)^-1 y for y[n_targets x n]; may be the same array. */
void gp_weights(const struct gp *g, const double *y, int n_targets, double *weights);
/* Log marginal likelihood of one target, given its weights. */
double gp_log_likelihood(const struct gp *g, const double *y, const double *weights);
/* At x[m x n_dims]: mean[n_targets x m] of each target, and the variance[m] they share, without
 * noise (NULL: not wanted; most of the time goes into it). */
enum err gp_predict(const struct gp *g, const double *weights, int n_targets, const double *x,
                    int m, double *mean, double *variance);
/* How much lower than best a normal value is on average, 0 where it is higher (Jones, Schonlau &
 * Welch 1998). */
double gp_expected_improvement(double mean, double sd, double best);
/* gp_tune: the length scales and (tune_noise) the noise that suit targets y[n_targets x n] at x
 * best, all targets together: the log marginal likelihood with a prior that keeps length scales
 * long and the noise small (Hvarfner et al. 2024), judged at the prior's middle and n_random draws
 * from it; then n_steps uphill from the best of them (Rprop, Riedmiller & Braun 1993). The kernel's
 * variance stays: the targets' own, 1 for scores. Dimensions in which rows do not differ keep their
 * length. A step takes about 5/3 n^3 flops, a draw n^3 / 3. */
enum err gp_tune(struct gp_kernel *kernel, const double *x, int n, const double *y, int n_targets,
                 bool tune_noise, int n_random, int n_steps, struct rng *rng);

/* ---- what a task looks like ---------------------------------------------------------------- */

/* The static meta-features. The last four are errors of quick learners, divided by the error of
 * always giving the same answer; regression: squared errors. */
enum task_feature {
    FEATURE_LN_ROWS,
    FEATURE_LN_INPUTS,
    FEATURE_LN_ROWS_PER_INPUT,
    FEATURE_LN_CLASSES,
    FEATURE_BALANCE,
    FEATURE_SKEW,
    FEATURE_COMPONENTS,
    FEATURE_CORRELATION,
    FEATURE_NEIGHBOUR,
    FEATURE_CENTROID,
    FEATURE_LINEAR,
    FEATURE_STUMP,
    FEATURE_N
};
const char *feature_name(int i);  /* "ln rows" ...; NULL past the end */
const char *feature_about(int i); /* what it is, in one line */

enum { SKETCH_N = 96 };
struct task_features {
    double value[FEATURE_N]; /* all finite */
    double sketch[SKETCH_N]; /* distributions of random projections: src/meta/sketch.c */
    int rows_used;
    double cost_epochs; /* to be charged: multiplications, in epochs of the reference network */
};
/* meta_features: measured on at most 500 training rows and 1,024 inputs drawn by a fixed seed;
 * no row of validation or test is looked at, nor any member of the set that counts them.
 * Errors: ERR_MEMORY. Thread: any. Cost: 30 ms for 784 inputs, 2 ms for 30. */
enum err meta_features(const struct data_set *set, struct task_features *out,
                       struct err_info *info);

/* Reward of decisions 16: ln((before + .002)/(after + .002)) * share of the budget left. */
double meta_reward(double before, double after, double share_left);

#endif

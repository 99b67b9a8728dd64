/* knowledge: what is learnt from recorded learning curves of many tasks: which configurations to
 * try first, which known tasks a new one resembles, whether a run is still worth its epochs.
 *
 * Belongs to the room `meta`. Pure functions over plain arrays, so that live searches and replays
 * on foreign tables share them; no threads, no files. */
#ifndef TILLER_KNOWLEDGE_H
#define TILLER_KNOWLEDGE_H

#include "tiller/meta.h"

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

/* ---- which known tasks a task resembles --------------------------------------------------- */

/* Tasks on which the same configurations were trained; arrays are lent. For tasks of every origin:
 * plain numbers only. */
struct known_ranks {
    int n, n_families, n_features, n_configs; /* n_features 0: nothing is known of their looks */
    const int *family;                        /* [n] 0..n_families-1 */
    const double *feature;                    /* [n x n_features] in any units, finite */
    const double *z; /* [n x n_configs] normal scores of the results, lower is better */
};

/* How much looks and results count; fitted, kept with the knowledge. */
enum { SIMILARITY_FEATURES_MAX = 32 };
struct similarity {
    int n_features;
    double emphasis[SIMILARITY_FEATURES_MAX]; /* l_j: 0, .25 or 1 per squared standard deviation */
    double evidence;                          /* k: weight of a discordant pair's share */
    double spread;                            /* tau: of a difference of two scores */
    /* How well left-out families' good configurations were ranked, as correlations: by families
     * alike, and by features whose emphasis was chosen without that family; the standard error of
     * the difference of the two over families. */
    double quality_even, quality_features, error;
};
/* similarity_fit: emphasis by coordinate search on the mean correlation of scores with results over
 * the configurations that are the better half on average, one family left out at a time; kept at
 * zero unless it also ranks families better that had no part in choosing it. Then evidence in
 * {.5, 1, 2} by searches of which 3, 8 and 15 results are known, and spread by the log loss of
 * similarity_confidence.
 *   left_out  [n_families]: these tasks are not looked at; NULL: none
 * Fewer than three families: emphasis 0, evidence and spread 1. Errors: ERR_MEMORY; ERR_RANGE: more
 * than SIMILARITY_FEATURES_MAX features. Cost: about 150 F n^2 n_configs flops for F families. */
enum err similarity_fit(const struct known_ranks *known, const bool *left_out,
                        struct similarity *out);
/* similarity_prior: weights [n] of the known tasks that sum to 1, by looks alone: a_s ~
 * exp(-sum_j l_j (difference_j / deviation_j)^2 / 2) / size of s's family. feature: NULL if the
 * task's are not known. All 0 if every family is left out. */
void similarity_prior(const struct similarity *s, const struct known_ranks *known,
                      const bool *left_out, const double *feature, double *prior);
/* similarity_discordance: share of the pairs of n results that each known task orders otherwise;
 * 0.5 if there is none to compare.
 *   y     [n] results of the new task, lower is better; NaN stands for the worst
 *   noise pairs no further apart are skipped
 *   z     [n_tasks x n] the known tasks' scores, known or predicted, of the same configurations
 * Returns the number of pairs compared. */
int similarity_discordance(const double *y, int n, double noise, const double *z, int n_tasks,
                           double *discordance);
/* Weights w_s ~ prior_s exp(-evidence min(n_results, 25) discordance_s); may be the same array. */
void similarity_posterior(const struct similarity *s, const double *prior,
                          const double *discordance, int n_tasks, int n_results, double *weight);
/* score[c] = sum_s weight_s z[s x n_configs + c]: what may be expected of each configuration. */
void similarity_scores(const double *weight, const double *z, int n_tasks, int n_configs,
                       double *score);
/* Probability that a configuration of score a does better than one of score b. */
double similarity_confidence(const struct similarity *s, double a, double b);

/* How far known tasks may be believed: by their mean discordance under the weights; middle before
 * two results. *mean (may be NULL): NaN then. */
enum trust similarity_trust(const double *weight, const double *discordance, int n_tasks,
                            int n_results, double *mean);

/* Are the confidences true? For pairs of configurations on left-out families, those said to be
 * right with a probability in [.5, .6), [.6, .7) ... [.9, 1]. */
enum { RELIABILITY_BINS = 5 };
struct reliability {
    double pairs[RELIABILITY_BINS]; /* tasks count so that families count alike */
    double said[RELIABILITY_BINS];  /* mean confidence */
    double came[RELIABILITY_BINS];  /* share that was right */
    double brier, brier_even;       /* of the confidences, and of always saying 1/2 */
};
enum err similarity_reliability(const struct similarity *s, const struct known_ranks *known,
                                const bool *left_out, struct reliability *out);

/* ---- in which order to try the portfolio -------------------------------------------------- */

enum { MODEL_INPUTS = 128, MODEL_HIDDEN = 128, EARLY_N = 3 };

/* A curve's errors at epochs 1, 2, 4, divided by the majority error: dynamic features of a task, as
 * the first portfolio entry shows them. Epochs not reached are NaN. */
extern const int early_epoch[EARLY_N];
void early_errors(const double *error, int n, double majority_error, double *early);

/* What is known of a task before anything was tried on it; NULL: not known. Arrays are lent. */
struct task_looks {
    const double *feature; /* as many as the similarity has */
    const double *sketch;  /* [n_sketch] */
    int n_sketch;
    const double *early; /* [EARLY_N], NaN: not known yet */
};

/* The meta-model: 128 inputs (features, early errors, sketch, then zeros), 128 relu, softmax over
 * the portfolio. Weights are row-major, a row per output. */
struct meta_model {
    int n_inputs, n_entries;
    double mean[MODEL_INPUTS], deviation[MODEL_INPUTS];
    float hidden[MODEL_HIDDEN * MODEL_INPUTS], hidden_bias[MODEL_HIDDEN];
    float output[PORTFOLIO_MAX * MODEL_HIDDEN], output_bias[PORTFOLIO_MAX];
};
/* Raw inputs [n_inputs] (NaN: not known) to standardised ones, clipped to [-3, 3], 0 if unknown. */
void meta_model_input(const struct meta_model *m, const double *raw,
                      float input[static MODEL_INPUTS]);
/* share[n_entries]: how likely each entry is the best one; sums to 1. */
void meta_model_forward(const struct meta_model *m, const float input[static MODEL_INPUTS],
                        double *share);

/* A linear map of the features for each entry. */
struct ridge {
    int n_features;
    double mean[SIMILARITY_FEATURES_MAX], deviation[SIMILARITY_FEATURES_MAX];
    double weight[PORTFOLIO_MAX][SIMILARITY_FEATURES_MAX + 1]; /* the last one: without features */
};

/* Ways to rank the entries on a new task. */
enum ranking {
    RANKING_GREEDY,     /* in the order in which they were chosen */
    RANKING_EVEN,       /* by the mean over all families */
    RANKING_NEAREST,    /* by the task that looks most alike */
    RANKING_RIDGE,      /* by a linear map of the 12 features */
    RANKING_SIMILARITY, /* by tasks weighted by their likeness (section 6) */
    RANKING_MODEL,      /* by the meta-model */
    RANKING_MODEL_EARLY /* the same after 4 epochs of the first entry */,
    RANKING_N
};
const char *ranking_name(enum ranking r);
const char *ranking_about(enum ranking r);

struct ranker {
    struct portfolio portfolio;
    struct similarity similarity;
    struct ridge ridge;
    struct meta_model model;
    enum ranking used; /* the best one on left-out families */
};
/* ranker_scores: score[portfolio.n], lower comes first; weight[known->n]: of the known tasks in it
 * (0 where the way has none). Ways that lack what they need fall back to RANKING_EVEN. */
void ranker_scores(const struct ranker *r, enum ranking by, const struct known_ranks *known,
                   const bool *left_out, const struct task_looks *looks, double *score,
                   double *weight);
/* order[portfolio.n]: entries by score, ties in the order in which they were chosen. */
void ranker_order(const struct ranker *r, const double *score, int *order);

/* ---- calibration ------------------------------------------------------------------------- */

enum { CALIBRATION_MAX = 32 };

/* A rising map from stated probabilities to those that came true: flat within a block, straight
 * between blocks. n = 0: leaves them as they are. */
struct calibration {
    int n;
    double low[CALIBRATION_MAX];   /* of what was stated in the block */
    double high[CALIBRATION_MAX];  /* both ends belong to it */
    double share[CALIBRATION_MAX]; /* came true; rising */
};
double calibration_apply(const struct calibration *c, double p);
/* calibration_fit: the isotonic regression of came_true[n] on p[n], weight[n] > 0: no rising map is
 * nearer in squares (pool adjacent violators). More than CALIBRATION_MAX blocks: the two that
 * differ least are joined until they fit. Errors: ERR_MEMORY. Cost: n log n. Source: Zadrozny &
 * Elkan 2002; Barlow et al. 1972. */
enum err calibration_fit(const double *p, const bool *came_true, const double *weight, int n,
                         struct calibration *out);

/* ---- curve predictor --------------------------------------------------------------------- */

enum { PREDICTOR_RUNGS = 6, PREDICTOR_FEATURES = 4, PREDICTOR_SDS = 3 };

/* A run's curve so far: [n] by epoch, n >= 1. */
struct known_curve {
    int n;
    const double *error;
    const double *train_loss, *val_loss; /* NULL: not recorded */
};

/* The epoch of a rung: {2,4,8,16,28,40}/52 of the full length, at least 2. */
int predictor_epoch(int rung, int full_epochs);
/* The rung at the end of that epoch, the latest if there are several; -1: none. */
int predictor_rung_at(int epoch, int full_epochs);

/* What a rung knows. How far behind the incumbent a run will end, in log errors, is a weighted sum
 * of: how far it is behind now; how much less it fell since half of the epochs; how much more its
 * validation loss lies above its training loss; 1. All against the incumbent's curve at the same
 * epoch, which cancels the task's scale. */
struct predictor_rung {
    int n_pairs; /* it was learnt from; 0: knows nothing */
    double weight[PREDICTOR_FEATURES];
    double edge[PREDICTOR_SDS - 1]; /* of bins of |how far it is behind now| */
    double sd[PREDICTOR_SDS];       /* of what the sum misses, bin by bin */
    struct calibration calibration;
};
struct predictor {
    struct predictor_rung rung[PREDICTOR_RUNGS];
};

struct prediction {
    int rung;
    double win;       /* probability that the run ends better than the incumbent did; calibrated */
    double raw;       /* before calibration */
    double log_error; /* expected ln(y + 0.002) at the end */
    double sd;        /* of log_error */
    bool stop;        /* win is below the rung's bound: 0.02, 0.05, then 0.08 */
};
/* predictor_judge: a run that has just finished its last epoch run->n, against the incumbent's
 * whole curve. false: this epoch is no rung, the rung knows nothing, or a curve holds no number.
 * Pure; costs a pass over the curves. Source: search design, 5. */
bool predictor_judge(const struct predictor *p, const struct known_curve *run,
                     const struct known_curve *incumbent, int full_epochs, struct prediction *out);
/* The chance to win that is asked of a run at a rung, or it is stopped: half of the usual one,
 * times the share of its epochs that it still takes. usual: sum over the n runs that came to the
 * rung, itself among them. */
double predictor_asked(int rung, int full_epochs, double usual, int n);
/* A run to stop at once: its last error is NaN, or those at its last three rungs are all above the
 * majority's. */
bool predictor_is_lost(const double *error, int n, int full_epochs, double majority_error);

/* predictor_learn: from pairs of a random shared run and a good one (of the task's best sixth),
 * about 100 a task; families count equally. Sums by least squares; calibration from families that
 * the sum it judges had not seen (up to 10 folds). With a single family: uncalibrated. seed: of the
 * pairs. Errors: ERR_MEMORY; ERR_RANGE if no rung can be learnt. */
enum err predictor_learn(const struct known_tasks *known, const bool *left_out, uint64_t seed,
                         struct predictor *out);

enum { PREDICTOR_BINS = 6 };
extern const double predictor_edge[PREDICTOR_BINS + 1]; /* 0 .02 .05 .1 .2 .5 1 */

/* How a rung's probabilities came true on families left out, families weighted equally. */
struct predictor_reliability {
    int n;                       /* pairs; 0: the rest is 0 */
    int count[PREDICTOR_BINS];   /* pairs with win in that bin */
    double said[PREDICTOR_BINS]; /* mean win */
    double came[PREDICTOR_BINS]; /* came true */
    double brier, raw_brier;     /* mean squared error; before calibration */
    double base_brier;           /* of always stating the share of winners */
    double stopped;              /* share of runs stopped by the rung's bound */
    double winners_lost;         /* share of the winners among them that were */
};
/* predictor_check: each family left out in turn, learnt without it, judged on it. Those left out of
 * all are not used. Errors: as predictor_learn. Cost: n_families predictor_learn. */
enum err predictor_check(const struct known_tasks *known, const bool *left_out, uint64_t seed,
                         struct predictor_reliability out[static PREDICTOR_RUNGS]);
/* predictor_try: the same for predictors that are learnt already, of which predictor[t] is judged
 * on task t, by 1,000 pairs of each. n is 0 everywhere if there are none. Errors: ERR_MEMORY. */
enum err predictor_try(const struct known_tasks *tasks, const struct predictor *const *predictor,
                       uint64_t seed, struct predictor_reliability out[static PREDICTOR_RUNGS]);

/* ---- transfer surrogate ------------------------------------------------------------------ */

/* known_scores: final log errors of each task's shared runs as normal scores, [n x n_shared], lower
 * is better; spread[n]: their standard deviation before that. Rows of left-out families are 0 and
 * none of their numbers is read. Errors: ERR_MEMORY. */
enum err known_scores(const struct known_tasks *known, const bool *left_out, double *score,
                      double *spread);
/* transfer_tune: length scales that suit the scores of all tasks together; noise is 1/20 of the
 * variance. axes: as gp_axes has set them; the first GP_ROWS_MAX shared runs count. Errors:
 * ERR_MEMORY; ERR_RANGE if nothing is left. Cost: gp_tune with 60 draws and 10 steps. */
enum err transfer_tune(const struct known_tasks *known, const bool *left_out,
                       struct gp_kernel *axes, struct rng *rng);

/* One known task's runs, as a process takes them; arrays are lent. */
struct known_runs {
    int n;                   /* 1..GP_ROWS_MAX; 0: the task is passed over */
    const double *x;         /* [n x n_dims] by gp_place */
    const double *log_error; /* [n] final */
};
/* What each task's scores say of any configuration: a process per task, on normal scores of all its
 * runs together; neighbours with the same rows x have one factorisation. Owner: caller,
 * transfer_free. Errors: ERR_MEMORY; ERR_RANGE as gp_new. transfer_new: the shared runs only;
 * ERR_RANGE if nothing is left. */
struct transfer;
enum err transfer_of_runs(const struct gp_kernel *kernel, const struct known_runs *runs,
                          int n_tasks, struct transfer **out);
enum err transfer_new(const struct known_tasks *known, const bool *left_out,
                      const struct gp_kernel *kernel, struct transfer **out);
void transfer_free(struct transfer *t);
/* score[n tasks x m] at x[m x n_dims], laid out as by gp_place; 0 for left-out tasks. */
enum err transfer_predict(const struct transfer *t, const double *x, int m, double *score);
/* prior[m] = sum_s weight_s score_s at x; tasks that weigh less than 1 % are passed over. */
enum err transfer_prior(const struct transfer *t, const double *weight, const double *x, int m,
                        double *prior);
/* Mean spread of the tasks under these weights: log errors per unit of score. */
double transfer_scale(const struct transfer *t, const double *weight);

/* The new task's runs so far. */
struct evidence {
    int n;                   /* 1 .. GP_ROWS_MAX */
    const double *x;         /* [n x n_dims], by gp_place */
    const double *log_error; /* [n] final, or as predicted for stopped runs */
    const double *sd;        /* [n] of what is predicted, 0: known; NULL: all are known */
    const double *prior;     /* [n] weighted scores there (similarity_scores); NULL: none */
};
/* What is expected of configurations: a line in the prior plus a process for what it misses, which
 * takes over as runs come in. Results count as they are, from 8 on as normal scores. */
struct surrogate;
/* scale: transfer_scale, slope of the line that one run's worth of belief begins with. Errors:
 * ERR_MEMORY, ERR_RANGE. Owner: caller, surrogate_free. Cost: n^3 / 3. Source: search design, 7. */
enum err surrogate_new(const struct gp_kernel *kernel, const struct evidence *evidence,
                       double scale, struct surrogate **out);
void surrogate_free(struct surrogate *s);
/* mean[m], variance[m] of a run's result at x[m x n_dims], its seed's part included, in the
 * surrogate's own units; prior[m] or NULL. */
enum err surrogate_predict(const struct surrogate *s, const double *x, const double *prior, int m,
                           double *mean, double *variance);
/* The same in a fraction of the time, but most[m] is only an upper bound on the variance. */
enum err surrogate_glance(const struct surrogate *s, const double *x, const double *prior, int m,
                          double *mean, double *most);
/* The result that is to be improved on, in the same units: the best known one (predicted ones if
 * there is no other). */
double surrogate_best(const struct surrogate *s);
/* Expected improvement[m] over that. */
enum err surrogate_improvement(const struct surrogate *s, const double *x, const double *prior,
                               int m, double *improvement);

/* What a run is worth: expected improvement on best for each full training that it is expected to
 * take. left: share of its epochs that it would still take, 1 for a new one; losers: the part of
 * those that one takes which does not win, at most 1. *win: its chance. Rises with the variance. */
double surrogate_worth(double mean, double variance, double best, double left, double losers,
                       double *win);

/* ---- the pilot: go on, stop or pause, at rungs --------------------------------------------- */

/* State = rung x bin of the predicted chance to win x budget left (<25 %, <60 %, more). */
enum pilot_action { PILOT_CONTINUE, PILOT_STOP, PILOT_PAUSE, PILOT_ACTIONS };
enum { PILOT_BUDGETS = 3, PILOT_STATES = PREDICTOR_RUNGS * PREDICTOR_BINS * PILOT_BUDGETS };
struct pilot {
    double q[PILOT_STATES][PILOT_ACTIONS];
    double visits[PILOT_STATES][PILOT_ACTIONS];
    double td_square[PILOT_STATES][PILOT_ACTIONS];
};
int pilot_state(int rung, double win, double share_left); /* 0..PILOT_STATES-1 */
const char *pilot_action_name(enum pilot_action a);       /* "continue" "stop" "pause" */
/* Back-off for rare cells, as qtable_value; the parent: the same rung and bin over all budgets. */
double pilot_value(const struct pilot *p, int state, enum pilot_action a, double *variance);
/* What the table prefers to the word of the fixed bounds (pause: a run stopped by them may be gone
 * on with); that one itself unless another is better by more than sqrt(se^2 + se_fixed^2) with
 * QTABLE_NEEDED visits to both cells. */
enum pilot_action pilot_prefers(const struct pilot *p, int state, enum pilot_action fixed);

/* ---- knowledge as a whole ------------------------------------------------------------------ */

/* One known task: how its runs ended, and how it looks. */
struct knowledge_task {
    char name[96], variant[96]; /* sanitised; name as a person types it: "letter:rows=0.25" */
    char fingerprint[40];       /* "" unknown */
    char origin[128];           /* the study or file that it came from */
    int family;
    bool by_user;          /* folded in on this machine; can be taken out again */
    double majority_error; /* > 0 */
    double noise;          /* of a final log error, from repeats with other seeds; 0 unknown */
    int64_t n_rows;        /* of training; 0 unknown */
    int n_inputs, n_classes, full_epochs;
    bool has_looks; /* feature and sketch are known */
    double feature[FEATURE_N], sketch[SKETCH_N];
    int n_runs; /* the first n_shared ones are the shared configurations, in order; a task of
                   the user's has none: is_shared is false */
    bool is_shared;
    double *unit;      /* [n_runs x n_dims] on the axes of space_encode */
    double *log_error; /* [n_runs] final, ln(y + 0.002) */
};

/* Everything that was learnt from the families that are not left out. */
struct advice {
    int left_out; /* a family; -1: none */
    struct ranker ranker;
    struct predictor predictor;
    struct gp_kernel kernel; /* length scales on the axes of knowledge.space */
    struct qtable q;         /* pooled over families */
    struct pilot pilot;
    bool q_pays,
        pilot_pays; /* measured better than the hand rule (fixed bounds) when it was made */
};

struct knowledge {
    char made[200];     /* one line: from what */
    char table[200];    /* the curve tables that it is from; "" none */
    int n_used;         /* configurations of those tables that the shared runs are */
    int *used;          /* [n_used] their numbers, rising; not to be judged by */
    struct space space; /* of all runs */
    int n_dims, n_shared;
    int n_families, n_tasks;
    char (*family)[64];          /* [n_families] names */
    struct knowledge_task *task; /* [n_tasks] */
    struct advice *advice;       /* [1 + n_families]: of all; then without family 0, 1 ... */
    int n_advice;                /* 1 if nothing was ever left out */
    char *report_json;           /* what was measured when it was made: an object; NULL none */
};

/* knowledge_read: from the bytes of a knowledge file; trusts nothing. Errors: ERR_INPUT with what
 * and where. Owner: caller, knowledge_free. Cost: under 50 ms for the shipped file.
 * knowledge_write: equal knowledge gives equal bytes; read again it does not change. */
enum err knowledge_read(const char *bytes, size_t n, const char *path, struct knowledge **out,
                        struct err_info *info);
enum err knowledge_write(const struct knowledge *k, struct text *out);
enum err knowledge_open(const char *path, struct knowledge **out, struct err_info *info);
void knowledge_free(struct knowledge *k);
/* Index of a family by name; -1: none of that name. A known fingerprint finds its family, too. */
int knowledge_family(const struct knowledge *k, const char *family, const char *fingerprint);
/* The advice that never saw this family; -1: that of all. NULL: the file has none without it. */
const struct advice *knowledge_advice(const struct knowledge *k, int left_out);

/* How a study's space lies in the knowledge's: by name. */
struct knowledge_map {
    int n;                /* of the study's hyperparameters */
    int known[SPACE_MAX]; /* [n] index in the knowledge's space, -1: nothing is known of it */
    int n_known;          /* searched hyperparameters that are known */
    int n_searched;
};
void knowledge_map(const struct knowledge *k, const struct space *study, struct knowledge_map *out);
/* A configuration of the study on the axes of gp_place in the knowledge's space (outside its ranges
 * it lies outside [0, 1]; what the study lacks stands at the fallback); and a known configuration
 * (unit, as space_encode) as one of the study: clipped, held ones as they are held. */
void knowledge_place(const struct knowledge *k, const struct knowledge_map *map,
                     const struct space *study, const struct configuration *c, double *x);
void knowledge_configuration(const struct knowledge *k, const struct knowledge_map *map,
                             const struct space *study, const double *unit,
                             struct configuration *out);

/* What one search may use: knowledge without the task's own family, and how the task looks.
 * A search_context lends it to samplers and pruners. */
struct guidance {
    const struct knowledge *knowledge;
    int left_out;                         /* family; -1 none */
    const struct advice *advice;          /* knowledge_advice(knowledge, left_out) */
    const struct task_features *features; /* NULL: not known */
    bool permuted; /* a check: every task's results are shuffled among its configurations */
};

#endif

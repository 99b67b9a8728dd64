/* bench: samplers and pruners judged on recorded learning curves: tables of curves, searches
 * replayed on them, and the statistics of section 12 of the search design.
 *
 * Belongs to the room `learn`. No screens; the searches run in threads of their own, and nothing
 * that is reported depends on how many. */
#ifndef TILLER_BENCH_H
#define TILLER_BENCH_H

#include "tiller/base.h"
#include "tiller/learn.h"
#include "tiller/search.h"
#include "tiller/space.h"
#include "tiller/study.h"

/* ---- tables of learning curves ----------------------------------------------------------- */

#define CURVE_NAME_MAX 96

/* What the recorded numbers are. Percentages become shares when they are read. */
enum curve_unit { CURVE_UNIT_GUESS, CURVE_PERCENT, CURVE_ERROR, CURVE_LOSS };

/* Configurations whose curves are known: one pool for all tasks of a table, or one each. The spaces
 * of a table are the same but for what they hold. */
struct curve_pool {
    int n;
    struct space space;
    struct configuration *config; /* [n] */
    double *unit;                 /* [n x space.n], as space_encode gives them */
    bool by_choice;               /* measured: choices are the same or 1 apart, axes have scales */
    double scale[SPACE_MAX];      /* by_choice: 1 / length scale of the results along each axis */
};

/* One task. A curve that diverged is NaN from that epoch on; nothing else is NaN. */
struct curve_task {
    char name[CURVE_NAME_MAX], family[CURVE_NAME_MAX]; /* sanitised; family: the name if unsaid */
    char fingerprint[40];                              /* of the data; "" unknown */
    const struct curve_pool *pool;
    int n_epochs;             /* R: the length of a full training */
    double *error;            /* [pool->n x n_epochs] validation error or loss, smaller is better */
    double *metric[METRIC_N]; /* the same shape; NULL: not recorded */
    double *cost; /* [pool->n] of an epoch, relative to the median; NULL: not recorded */
    struct task_features *features; /* how its data look; NULL: not known */
    double best;                    /* least value of all epochs: regret 0 */
    double median;                  /* median configuration's last value: regret 1 */
    double majority;                /* what a network that has learnt nothing has */
};

struct curve_table {
    char name[CURVE_NAME_MAX];
    enum curve_unit unit;
    bool guessed; /* roles and axes of its space */
    int n_pools, n_tasks, n_families;
    int n_unfinished; /* tasks of folders that are left out because they are still recorded */
    struct curve_pool *pools; /* [n_pools] */
    struct curve_task *tasks; /* [n_tasks], sorted by name */
    int *family;              /* [n_tasks] 0..n_families-1 */
};

/* curve_table_load: PREFIX-configs.csv and PREFIX-curves.csv (or .csv.gz; either file's own name
 * will do too).
 *   configs  config_id, then one column per hyperparameter: numbers, or words
 *   curves   task (or task_id), config_id, family (may lack), time* (cost of the whole training,
 *            may lack), then the epochs: a letter or word with a number, e1 e2 ... or p0 p1 ...;
 *            number 0 is the untrained network. nan or inf: diverged
 * Every task has every configuration once. Errors: ERR_INPUT with file, line and column.
 * Owner: caller, curve_table_free. Cost: about 0.1 s for a million numbers. */
enum err curve_table_load(const char *prefix, enum curve_unit unit, struct curve_table **out,
                          struct err_info *info);
/* curve_table_open: what a person names: the files of curve_table_load, or any mixture of folders
 * (their pools; recordings if there are none), packed files of `learn --pack`, and study logs.
 * Every task is recorded once and has a pool of its own: its full trainings and those that
 * diverged; the spaces are the same but for what is held. Costs: parameters x rows.
 *   unit     of the two-file form
 *   looking  how to open a log's data again, to see what the task looks like (its folder is set
 *            here); NULL: only packed tasks have features
 * Errors: ERR_INPUT, ERR_USAGE, ERR_IO. Cost: about 2 ms a training from logs. */
struct learn_looking;
struct bench_guides;
enum err curve_table_open(const char *const *paths, size_t n, enum curve_unit unit,
                          const struct learn_looking *looking, struct curve_table **out,
                          struct err_info *info);
void curve_table_free(struct curve_table *table);
/* curve_table_measure: how much a distance along each axis matters, from the pools' own results
 * (their first 300 configurations, all tasks of a pool together): what is nearest to a proposal is
 * then what behaves most like it, for every method alike. Without it plain distances on the unit
 * axes count. Errors: ERR_MEMORY, ERR_RANGE. Cost: about 0.3 s a pool. Source: src/learn/metric.c.
 */
enum err curve_table_measure(struct curve_table *table, struct err_info *info);
/* Squared distance of two places [space.n] on the unit axes. */
double curve_pool_distance(const struct curve_pool *pool, const double *a, const double *b);
/* What was understood: unit, axes and roles, each task's figures. */
void curve_table_describe(const struct curve_table *table, struct text *out);
/* R of its tasks: "50", "30-50". Returns out. */
const char *curve_table_epochs(const struct curve_table *table, char *out, size_t out_size);
/* The same for programs that search on it: {"table", "unit", "pools", "tasks"}.
 *   pools  "axes" (name, Optuna's distribution, fallback, held, how many choices are sampled, what
 *          switches it on), "configurations": how many; curves: their "values" (null: inactive) and
 *          places on the "unit" axes
 *   tasks  name, family, epochs: R, pool: its index, best, median, untrained, and "common": for
 *          seeds 0..n_seeds-1 the points of bench_common, from 0; guides (may be NULL):
 * "portfolio", the entries chosen without its family; curves: "error" as shares, null from where it
 *          diverged, and "cost" of an epoch */
enum err curve_table_put_json(const struct curve_table *table, int n_seeds, bool curves,
                              const struct bench_guides *guides, struct text *out,
                              struct err_info *info);
/* Keep these tasks only. ERR_RANGE: no such task (the nearest is named). */
enum err curve_table_keep(struct curve_table *table, const char *const *tasks, size_t n,
                          struct err_info *info);
/* Takes points out of a pool, and what its tasks had of them; their figures are worked out anew.
 * drop: [pool->n]. ERR_INPUT: nothing is left to compare. */
enum err curve_table_drop(struct curve_table *table, struct curve_pool *pool, const bool *drop,
                          struct err_info *info);
/* curve_table_known: which configurations of a pool of n_configs knowledge of its tasks is made of:
 * at most n and half of them, drawn by a fixed seed, the same for all its tasks. They are no part
 * of what judges. point[n], rising; returns how many. */
int curve_table_known(int n_configs, int n, int *point);

/* ---- one search, replayed ---------------------------------------------------------------- */

#define BENCH_NAME_MAX 48
enum { BENCH_COMMON = 10 }; /* first points that methods which begin at random have in common */

/* What a guided method knows of a task: the advice without its family; or, to see what that is
 * worth: */
enum bench_known {
    BENCH_OTHERS,   /* as it is meant */
    BENCH_NOTHING,  /* NAME@no: no knowledge */
    BENCH_PERMUTED, /* NAME@permuted: every known task's results are shuffled */
    BENCH_BLIND,    /* NAME@blind: it has not looked at the data, and is not charged for that */
    BENCH_OWN,      /* NAME@own: its own family is not left out */
    BENCH_KNOWN_N
};
/* "random", "tpe+halving", "agent+learned@no": a sampler, a pruner ("none" if unsaid), and what it
 * knows. */
struct bench_method {
    char name[BENCH_NAME_MAX];
    enum bench_known known;
    const struct sampler_ops *sampler;
    const struct pruner_ops *pruner;
};
/* ERR_USAGE: no such sampler, pruner or word (all are named). */
enum err bench_method_find(const char *name, struct bench_method *out, struct err_info *info);

/* What a search is charged in: plain epochs, or their cost, in epochs of the median configuration
 * (fairness to large networks). */
enum bench_axis { BENCH_EPOCHS, BENCH_COST };
/* From that epoch of the search on, its incumbent's validation error is `error`. */
struct bench_step {
    int epoch;   /* charged so far, 1-based */
    double cost; /* the same where the table has no costs; NaN: read from a file without them */
    double error;
};
/* What came of a search: the steps have falling errors; no step before a value was seen. */
struct bench_run {
    struct bench_step *step; /* [n_steps] */
    int n_steps, capacity;
    int n_epochs, n_trials, n_decisions; /* decisions: proposals, and words at rungs */
    double cost;                         /* of the whole search, as in the steps */
    double proposing, slowest; /* seconds of a core for all proposals, for one; not reproducible */
    int n_proposals;           /* that were timed; 0: read from a file */
};
void bench_run_free(struct bench_run *run);
/* The incumbent's error when so much has been charged. A search begins with `untrained`, what a
 * network that has learnt nothing has: no incumbent is worse. */
double bench_run_error(const struct bench_run *run, enum bench_axis axis, double charged,
                       double untrained);
/* What had been charged when it was first at most target; 0: it never is. */
double bench_run_reaches(const struct bench_run *run, enum bench_axis axis, double target);

/* bench_replay: one search with one worker on one task of a table.
 *
 * The sampler proposes in the table's continuous space; the proposal goes to the nearest pool point
 * that this search has not used (curve_pool_distance, ties to the first), and what
 * the fold gets is that point. Its curve is revealed epoch by epoch, every epoch is charged, the
 * pruner is asked at its rungs; a diverged training ends as failed at its first NaN, which is
 * charged too. The last training is cut where the budget ends. The incumbent's error is the least
 * one seen in any trial so far: a trial's best weights are kept while it is the best.
 * All depends on (task's name, rng_seed) only, and the random numbers of a proposal on its number,
 * too: samplers that begin at random begin at the same points.
 *   guidance  NULL: none. What a guided sampler looks at (features->cost_epochs, in plain epochs
 *             rounded up) is charged before its first trial
 *   epochs    the budget B, >= 1
 *   run       zeroed; owner: caller, bench_run_free
 * Errors: ERR_MEMORY; the sampler's own. Thread: any, tables are only read. */
enum err bench_replay(const struct curve_table *table, int task, const struct bench_method *method,
                      const struct guidance *guidance, uint64_t rng_seed, int epochs,
                      struct bench_run *run, struct err_info *info);
/* bench_common: the pool points that a search with the sampler `random` begins with, for peers that
 * begin at random elsewhere. *n: fewer if the pool is smaller. */
enum err bench_common(const struct curve_table *table, int task, uint64_t rng_seed,
                      int point[static BENCH_COMMON], int *n, struct err_info *info);

/* What each task of a table may know, one guidance per task and kind. */
struct bench_guides;
/* bench_guides_new: knowledge and table are lent. permuted: all knowledge is shuffled. ERR_INPUT:
 * the knowledge was never made without a family that is to be left out. Owner: caller,
 * bench_guides_free. */
enum err bench_guides_new(const struct knowledge *knowledge, const struct curve_table *table,
                          bool permuted, struct bench_guides **out, struct err_info *info);
void bench_guides_free(struct bench_guides *g);
/* NULL: BENCH_NOTHING, or g is NULL. */
const struct guidance *bench_guidance(const struct bench_guides *g, int task,
                                      enum bench_known known);
/* bench_predictions: how the curve predictors of the tasks' advice, without their families, come
 * true on the pools. Errors: ERR_MEMORY. Cost: 6,000 pairs of curves a task. */
enum err bench_predictions(const struct bench_guides *g,
                           struct predictor_reliability out[static PREDICTOR_RUNGS],
                           struct err_info *info);
/* Takes what knowledge was made of out of the pools: points that are a known run's configuration.
 * Call it before anything searches on the table. Returns how many through *n. */
enum err bench_drop_known(struct curve_table *table, const struct knowledge *knowledge, int *n,
                          struct err_info *info);

/* ---- many searches ----------------------------------------------------------------------- */

struct bench_options {
    const struct curve_table *table;   /* outlives the result */
    const struct bench_method *method; /* [n_methods] */
    int n_methods, n_seeds;            /* seeds 0..n_seeds-1 */
    double budget;                     /* B in full trainings, e.g. 30 */
    const struct bench_guides *guides; /* what guided methods know; NULL: nothing */
    int n_workers;                     /* threads; 0: one per core */
    /* Called about twice a second by the calling thread, and once at the end; false: leave. May be
     * NULL. */
    bool (*progress)(void *arg, const struct learn_progress *p);
    void *arg;
};
/* Searches of several methods on the same tasks with the same seeds. */
struct bench_result {
    const struct curve_table *table;
    int n_methods, n_seeds;
    double budget;                                      /* B in full trainings */
    char (*method)[BENCH_NAME_MAX];                     /* [n_methods] */
    struct bench_run *run;                              /* [n_methods x n_tasks x n_seeds] */
    struct predictor_reliability rung[PREDICTOR_RUNGS]; /* bench_predictions; n 0: no guides */
    double seconds;      /* of one core, over all searches replayed here */
    int64_t n_decisions; /* of them */
};
/* bench_run_all: every method on every task with every seed, in threads. The runs do not depend on
 * how many. Errors: a sampler's; ERR_INTERRUPTED if progress said so. Owner: caller,
 * bench_result_free. */
enum err bench_run_all(const struct bench_options *options, struct bench_result **out,
                       struct err_info *info);
void bench_result_free(struct bench_result *result);
int bench_epochs(const struct bench_result *result, int task); /* B of a task, in epochs */
const struct bench_run *bench_run_of(const struct bench_result *result, int method, int task,
                                     int seed);

/* Searches that ran elsewhere, as further methods: CSV with the columns method, task, seed, epoch,
 * cost (may lack; nan) and error: a row for each gain of the incumbent, in order, and one for the
 * end of the search (error nan: it never had a value). Lines that begin with '#' are passed over,
 * as are other tasks and higher seeds; every method has all tasks and seeds. ERR_INPUT: with the
 * line. On error the result is only good for bench_result_free. */
enum err bench_add_runs(struct bench_result *result, const char *path, struct err_info *info);
/* All searches in that form. */
void bench_put_runs(const struct bench_result *result, struct text *out);

/* ---- statistics (section 12 of the search design) ---------------------------------------- */

enum { BENCH_BUDGETS = 8, BENCH_TARGETS = 2, BENCH_RESAMPLES = 2000, BENCH_METHODS_MAX = 64 };
enum { BENCH_WHOLE = 30 };
extern const double bench_budgets[BENCH_BUDGETS]; /* full trainings: .5 1 2 3 5 10 20 30 */
extern const double bench_targets[BENCH_TARGETS]; /* 10 30 */

/* A figure with its 95 % interval: percentiles of BENCH_RESAMPLES bootstrap resamples of families,
 * then of tasks in each, then of seeds on each. All means weight families equally, then tasks. */
struct bench_interval {
    double value, low, high;
};
/* One method against one peer. */
struct bench_pair {
    /* How many times fewer epochs: target = the peer's median error over seeds at 10 (30) full
     * trainings; T = the epoch at which half of the seeds have reached it, 2 B if they never do;
     * the factor is the geometric mean over tasks of T of the peer / T of the method. */
    struct bench_interval speedup[BENCH_TARGETS];
    double reached[BENCH_TARGETS];                   /* share of the method's runs that reach it */
    struct bench_interval difference[BENCH_BUDGETS]; /* of regrets, below 0: better than the peer */
    int won[BENCH_BUDGETS];                          /* tasks on which the mean regret is lower */
    double p[BENCH_BUDGETS];      /* Wilcoxon's signed ranks over families, two-sided, exact */
    double p_holm[BENCH_BUDGETS]; /* corrected for the number of peers (Holm) */
};
struct bench_statistics {
    const struct bench_result *result; /* lent */
    enum bench_axis axis;
    int n_budgets, n_targets;    /* those within the budget */
    struct bench_interval *mean; /* [n_methods x BENCH_BUDGETS] normalised regret */
    double *task_mean;           /* [n_methods x n_tasks x BENCH_BUDGETS] */
    double *rank;                /* [n_methods x BENCH_BUDGETS] mean over families, 1 is best */
    int n_whole;                 /* whole budgets 1..30 within the budget */
    double *whole_rank; /* [n_methods x BENCH_WHOLE] the same after 1, 2 .. full trainings */
    double friedman_p[BENCH_BUDGETS];
    double critical_difference; /* of mean ranks at 5 % (Nemenyi); NaN for one method */
    struct bench_pair *pair;    /* [n_methods x n_methods], row: method, column: peer */
};
/* bench_statistics_new: ERR_MEMORY; ERR_RANGE: BENCH_COST where a run has no costs. The resamples
 * are always the same ones. Cost: seconds for 15 methods x 200 searches. */
enum err bench_statistics_new(const struct bench_result *result, enum bench_axis axis,
                              struct bench_statistics **out, struct err_info *info);
void bench_statistics_free(struct bench_statistics *s);
/* Regret of a run with so many full trainings charged: 0 is the best of the pool, 1 what the median
 * configuration ends with. */
double bench_regret(const struct bench_result *result, int method, int task, int seed,
                    enum bench_axis axis, double trainings);
/* Mean regrets with intervals at any budgets, for plots: out[n_methods x n]. */
enum err bench_regret_curves(const struct bench_result *result, enum bench_axis axis,
                             const double *trainings, int n, struct bench_interval *out,
                             struct err_info *info);

/* ---- reports ----------------------------------------------------------------------------- */

/* Text tables for people. of: the method to compare with all others in detail, -1: that with the
 * least regret at the largest budget. */
void bench_report(const struct bench_statistics *s, int of, struct text *out);
/* Method a beside method b: differences paired over tasks and seeds, at every budget. */
void bench_report_pair(const struct bench_statistics *s, int a, int b, struct text *out);
/* One JSON object with every figure. */
void bench_report_json(const struct bench_statistics *s, struct text *out);
/* Files into a folder, made if missing: regret.csv tasks.csv speedup.csv difference.csv race.csv
 * runs.csv (that of bench_add_runs), calibration.csv (with guides), and regret.svg race.svg
 * ranks.svg speedup.svg (of as above). */
enum err bench_report_files(const struct bench_statistics *s, int of, const char *folder,
                            struct err_info *info);

#endif

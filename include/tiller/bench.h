/* bench: samplers and pruners judged on recorded learning curves: tables of curves, searches
 * replayed on them, and the statistics of section 12 of the search design.
 *
 * Belongs to the room `learn`. No screens; the searches run in threads of their own, and nothing
 * that is reported depends on how many. */
#ifndef TILLER_BENCH_H
#define TILLER_BENCH_H

#include "tiller/base.h"
#include "tiller/space.h"
#include "tiller/study.h"

/* ---- tables of learning curves ----------------------------------------------------------- */

#define CURVE_NAME_MAX 96

/* What the recorded numbers are. Percentages become shares when they are read. */
enum curve_unit { CURVE_UNIT_GUESS, CURVE_PERCENT, CURVE_ERROR, CURVE_LOSS };

/* Configurations whose curves are known: one pool for all tasks of a table, or one each. */
struct curve_pool {
    int n;
    struct configuration *config; /* [n] */
    double *unit;                 /* [n x space.n], as space_encode gives them */
};

/* One task. A curve that diverged is NaN from that epoch on; nothing else is NaN. */
struct curve_task {
    char name[CURVE_NAME_MAX], family[CURVE_NAME_MAX]; /* sanitised; family: the name if unsaid */
    const struct curve_pool *pool;
    double *error;            /* [pool->n x n_epochs] validation error or loss, smaller is better */
    double *metric[METRIC_N]; /* the same shape; NULL: not recorded */
    double *cost;    /* [pool->n] of an epoch, relative to the median; NULL: not recorded */
    double best;     /* least value of all epochs: regret 0 */
    double median;   /* median configuration's last value: regret 1 */
    double majority; /* what a network that has learnt nothing has */
};

struct curve_table {
    char name[CURVE_NAME_MAX];
    enum curve_unit unit;
    struct space space; /* roles and axes guessed where the source does not say them */
    int n_epochs;       /* R: the length of a full training */
    int n_pools, n_tasks, n_families;
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
void curve_table_free(struct curve_table *table);
/* What was understood: unit, axes and roles, each task's figures. */
void curve_table_describe(const struct curve_table *table, struct text *out);
/* The same for programs: {"table", "epochs", "unit", "scale" (of the file's numbers), "space": as
 * Optuna's distributions; a hyperparameter called 1-NAME is 1 minus the file's column NAME,
 * "tasks"}. */
void curve_table_put_json(const struct curve_table *table, struct text *out);
/* Keep these tasks only. ERR_RANGE: no such task (the nearest is named). */
enum err curve_table_keep(struct curve_table *table, const char *const *tasks, size_t n,
                          struct err_info *info);

#endif

/* learn: making knowledge: recording trainings on many tasks, and the packed form in which the
 * recordings are kept.
 *
 * A recording is a study log like any other (one format everywhere), written by the engine with a
 * sampler of its own: first the same configurations on every task, then some from a search on the
 * task itself, then some of both again with other seeds; all trained in full, the test part never
 * read. An evaluation pool is the same with other configurations and nothing else; no knowledge may
 * be made of it. Knows no screens. */
#ifndef TILLER_LEARN_H
#define TILLER_LEARN_H

#include "tiller/base.h"
#include "tiller/data.h"
#include "tiller/engine.h"
#include "tiller/knowledge.h"
#include "tiller/search.h"
#include "tiller/space.h"
#include "tiller/study.h"

/* ---- recording --------------------------------------------------------------------------- */

/* What is trained on each task, in this order; kept in the log's settings. */
enum { LEARN_OWN_COST = 4 }; /* own ones cost at most so many times the mean shared one */
struct learn_plan {
    bool pool;      /* for judging methods: knowledge refuses it */
    int n_shared;   /* on every task the same: points of the Sobol sequence with this scramble, */
    int n_starting; /* and as the last so many of them the space's starting points */
    int n_own;      /* found by the agent on the task itself; what would cost too much is left out
                       (parameters x rows and steps), since the best networks may be the largest */
    int n_repeats;  /* further seeds of up to 16 of them: 8 shared ones drawn by a fixed seed,
                       then the 8 best others */
    uint64_t scramble; /* not 0 */
};
/* 64 points and 4 starting points, 32, 2 and one scramble for all; a pool 500, 0, 0 and a scramble
 * of its own for each rng_seed. */
struct learn_plan learn_plan_default(bool pool, uint64_t rng_seed);
int learn_plan_trainings(const struct learn_plan *plan);
/* The configuration of shared point `index` in a task's space. */
void learn_plan_point(const struct learn_plan *plan, const struct space *space, int index,
                      struct configuration *out);
/* The plan of a recording's or pool's log; false: it is neither. */
bool learn_plan_of(const struct study *study, struct learn_plan *out);

/* "design" and "pool": propose by what the fold already has and the plan in its settings, so that a
 * recording which was left goes on as it would have. Trials are by "design" ("pool"), by the agent,
 * or by "repeat"; their action says which point or trial: "point 12", "trial 17". */
extern const struct sampler_ops learn_sampler_design, learn_sampler_pool;

struct learn_tasks {
    const char *const *typed; /* [n] */
    size_t n;
    /* Opens a task; *data_json gets how it was read, an object for the log's settings. Owner of
     * *set: caller, data_free. */
    enum err (*open)(void *arg, const char *typed, struct data_set **set, struct text *data_json,
                     struct err_info *info);
    void *arg;
};

struct learn_recording {
    struct learn_tasks tasks;
    struct learn_plan plan;
    const char *folder; /* made if missing; logs: NAME.study.jsonl, pools: NAME.pool.jsonl */
    int n_workers;      /* 0: cores */
    int full_epochs;    /* 0: search_default_full_epochs of each task */
    uint64_t rng_seed;
    void (*say)(void *arg, const char *line); /* progress, for people */
    bool (*leave)(void *arg);                 /* asked four times a second */
    void *arg;                                /* of say and leave */
};
/* learn_record: records what is not recorded yet; the next task begins with the workers that the
 * last trainings of the one before leave idle. *finished: false if asked to leave: nothing is lost,
 * the same call goes on. Errors, before anything is trained: a task that can't be opened, or stands
 * there twice; a log in the folder that is of another plan, length or data (ERR_USAGE, ERR_INPUT).
 * Thread: any, one at a time per folder. */
enum err learn_record(const struct learn_recording *r, bool *finished, struct err_info *info);

/* What recording would take: the first shared points trained for an epoch each. */
struct learn_estimate {
    char name[DATA_TASK_NAME_MAX];
    int64_t n_rows; /* training rows */
    int32_t n_inputs, n_classes;
    int full_epochs, n_trainings;
    double
        core_seconds; /* of one processor, for all of them, if own ones are like the shared ones */
    double at_most;   /* if all own ones, and what is repeated of them, cost all they may */
};
/* out[r->tasks.n]; uses tasks, plan and full_epochs. */
enum err learn_estimate(const struct learn_recording *r, struct learn_estimate *out,
                        struct err_info *info);

/* ---- recordings in memory, and packed ------------------------------------------------------ */

/* The curves that are kept of a training. */
enum recorded_curve {
    RECORDED_VALUE, /* the objective: validation error */
    RECORDED_VAL_LOSS,
    RECORDED_TRAIN_LOSS,
    RECORDED_GRADIENT_NORM, /* of the epoch's last batch */
    RECORDED_WEIGHT_NORM,
    RECORDED_CURVES
};
const char *recorded_curve_name(enum recorded_curve c); /* "value", "val_loss" ... */

struct recorded_training {
    struct configuration config;
    char who[16];
    int point;   /* which one of the shared points; -1: none */
    int repeats; /* the training of this task whose configuration it has again; -1: none */
    bool failed; /* diverged: the last epochs are NaN */
    int n_epochs;
    float *curve[RECORDED_CURVES]; /* each [n_epochs]; NaN: not known */
    int64_t n_parameters;          /* -1 unknown */
    double seconds;                /* of training and judging */
    uint64_t rng_seed;
};

struct recorded_task {
    char name[DATA_TASK_NAME_MAX], family[DATA_NAME_MAX], variant[DATA_VARIANT_MAX];
    char fingerprint[40], objective[32]; /* all sanitised */
    struct engine_task facts;
    struct learn_plan plan;
    int full_epochs; /* R */
    struct space space;
    char log[160]; /* its file's name in the folder; "" from a packed file */
    bool has_features;
    struct task_features features;
    struct recorded_training *training; /* [n_trainings] in the order in which they began */
    size_t n_trainings, capacity;
};

/* Tasks with all that was recorded of them: to learn from, or (pool) to judge by. */
struct learn_records {
    bool pool;
    struct recorded_task *task; /* [n_tasks] */
    size_t n_tasks, capacity;
};

/* learn_records_add: the ended trainings of one log. Errors: ERR_INPUT: not a recording (a pool),
 * or of a task that is there already. path for messages. */
enum err learn_records_add(struct learn_records *r, const struct study *study, const char *path,
                           struct err_info *info);
/* learn_records_folder: all recordings (pools) of a folder, by name. ERR_INPUT also if there is
 * none. Owner: caller, learn_records_free. Cost: about 2 ms a training. */
enum err learn_records_folder(const char *folder, bool pool, struct learn_records **out,
                              struct err_info *info);
/* learn_records_look: measures what tasks look like that it is not known of, from their data,
 * opened again as their logs in the folder say. Data that can't be opened, or is other data by now,
 * is no error: `say` (may be NULL) gets a line, the task stays without features. Errors:
 * ERR_MEMORY. */
struct learn_looking {
    const char *folder;
    enum err (*open)(void *arg, const struct study *study, const char *path, struct data_set **set,
                     struct err_info *info);
    void (*say)(void *arg, const char *line);
    void *arg; /* of open and say */
};
enum err learn_records_look(struct learn_records *r, const struct learn_looking *l,
                            struct err_info *info);
/* learn_records_write: packed: JSON lines in gzip, curves with 4 significant digits, all else
 * exact:
 *   {"format": "tiller records", "version": 1, "pool": false, "curves": [NAME ...], "tasks": N}
 *   per task, before its trainings:
 *     {"task", "family", "variant", "fingerprint", "split_seed", "rows", "inputs", "classes",
 *      "majority_error", "objective", "epochs": R, "plan": as in the log, "space": as in the log,
 *      "features": {"value": [12], "sketch": [96], "rows", "cost"} if they are known,
 *      "trainings": N}
 *   per training:
 *     {"x": [values in the space's order; a choice by its index; null: inactive or held], "who",
 *      "point" or "repeats" if it has one, "seed", "parameters", "seconds", "failed": true if so,
 *      "curves": [[NUMBER or null ...] ...]}
 * Equal records give equal files; written and read again they do not change. */
enum err learn_records_write(const struct learn_records *r, const char *path,
                             struct err_info *info);
/* learn_records_open: trusts nothing. pool: what is wanted: a pool is refused as something to learn
 * from (ERR_INPUT), and the other way round. Errors: ERR_INPUT with the line. Owner: caller,
 * learn_records_free. Cost: about 0.3 s for 24 tasks x 128 trainings x 50 epochs. */
enum err learn_records_open(const char *path, bool pool, struct learn_records **out,
                            struct err_info *info);
void learn_records_free(struct learn_records *r);

/* ---- learning to rank a portfolio ---------------------------------------------------------- */

/* Known tasks with their looks; arrays are lent. */
struct learn_looks {
    const struct known_ranks *ranks;
    int n_sketch;         /* 0: none */
    const double *sketch; /* [n x n_sketch] finite */
    const double *early;  /* [n x n_configs x EARLY_N], NaN: not known; NULL: none */
    const double *cost;   /* [n x n_configs] that the portfolio keeps low (known_regret) */
    const double *regret; /* [n x n_configs] that rankings are judged by, >= 0 */
};
/* What the meta-model is trained with; zeros mean the defaults. */
struct learn_model_options {
    double temperature; /* of the targets: softmax of -regret / temperature (0.1) */
    double dropout;     /* of the hidden layer (0.5) */
    double input_noise; /* standard deviations added to each input in training (0.5) */
    int epochs;         /* of Adam (100) */
    uint64_t rng_seed;
    bool features_alone; /* for comparison: neither early errors nor the sketch */
};
/* learn_ranker: portfolio, similarity, ridge and meta-model from the families that are not left
 * out; out->used is RANKING_EVEN.
 * The meta-model: a network of room net (128 relu, Adam at 0.001, batch 32) on soft targets, by
 * rows repeated with each entry in proportion to its target, families alike; half of a task's rows
 * have no early errors, so that it can do without. The ridge's penalty is chosen by leaving out
 * families. Errors: ERR_MEMORY; ERR_RANGE: no task is left, or more than MODEL_INPUTS inputs.
 * Thread: any. Cost: about 0.5 s for 24 families. */
enum err learn_ranker(const struct learn_looks *known, const bool *left_out,
                      const struct learn_model_options *options, struct ranker *out,
                      struct err_info *info);
/* learn_ranker_model: its meta-model alone, for a portfolio that is there. */
enum err learn_ranker_model(const struct learn_looks *known, const bool *left_out,
                            const struct portfolio *portfolio,
                            const struct learn_model_options *options, struct meta_model *out,
                            struct err_info *info);

/* Regrets on one family's tasks, means over them, by a ranker that was learnt without it. */
struct ranking_picks {
    double first, three; /* of the first pick, and the least of the first three */
};
struct ranking_family {
    int n_tasks; /* 0: it was not judged */
    struct ranking_picks by[RANKING_N];
    double all; /* least in the whole portfolio */
};
/* left_out: as the ranker was learnt; no known task of these families is asked. ERR_MEMORY. */
enum err learn_judge_rankings(const struct learn_looks *known, const struct ranker *ranker,
                              const bool *left_out, int family, struct ranking_family *out);

/* What each way of ranking is worth on families left out, means over families. */
struct ranking_report {
    int n_families, n_tasks;
    struct ranking_picks by[RANKING_N];
    struct ranking_picks error[RANKING_N]; /* standard errors of the difference from RANKING_EVEN */
    double all;
    enum ranking best; /* least sum of first and three; RANKING_EVEN for fewer than 3 families */
};
void learn_sum_rankings(const struct ranking_family *family, int n_families,
                        struct ranking_report *out);
void learn_put_rankings(const struct ranking_report *report, struct text *out); /* a table */

/* ---- knowledge ----------------------------------------------------------------------------- */

struct curve_table;

/* A past search: ours, or one of Optuna's journals; path for messages. */
struct learn_past {
    const struct study *study;
    const char *path;
};
/* What knowledge is made from. Recordings and tables, one of them, say what is advised; past
 * searches come along as tasks of the user's. All is lent. */
struct learn_sources {
    const struct learn_records *records; /* NULL: none */
    const struct curve_table *table;     /* NULL: none */
    int n_configs;                       /* of a table: at most so many (curve_table_known) */
    const struct learn_past *past;       /* [n_past] */
    size_t n_past;
    const char *origin; /* of records or table, for people */
};
struct learn_progress {
    int done, all;        /* steps or searches, of much the same length */
    double seconds, left; /* so far; to come by the rate so far, NaN before the first */
};
struct learn_options {
    int n_workers; /* threads; 0: one per core */
    uint64_t seed;
    int64_t steps; /* of replay for each family and advice, by which moves are learnt; 0: none */
    /* Called about twice a second by the calling thread, and once at the end; false: leave. May be
     * NULL. */
    bool (*progress)(void *arg, const struct learn_progress *p);
    void (*say)(void *arg, const char *line); /* what counts only in part; may be NULL */
    void *arg;
};
/* learn_knowledge: advice of all families, and without each one in turn; each family's own results
 * judge the advice without it. The ranking that is used is the best one on families left out, for
 * the advice without a family by families left out besides it.
 *   report  what was measured, for people; the same as JSON is the knowledge's report_json
 * The Q-table and the pilot's are learn_moves', each by the families that its advice knows; without
 * recordings of at least four of them, or steps, they are zero and pay nothing. Nothing depends on
 * the number of threads.
 * Errors: ERR_INPUT: pools, nothing to learn from; ERR_RANGE; ERR_INTERRUPTED. Owner: caller,
 * knowledge_free. Cost: about 7 learn_ranker and a learn_moves for each family. */
enum err learn_knowledge(const struct learn_sources *from, const struct learn_options *options,
                         struct knowledge **out, struct text *report, struct err_info *info);
/* Adds the tasks of more, which is empty then. ERR_INPUT: a task that is there already. path: of
 * more, for messages. */
enum err learn_records_join(struct learn_records *r, struct learn_records *more, const char *path,
                            struct err_info *info);

/* ---- tables of moves ------------------------------------------------------------------------ */

struct learn_moves_options {
    const char *left_out;     /* a family's name: nothing of it is looked at; NULL: none */
    double budget;            /* of a search, in full trainings; 0: 15 */
    int64_t steps_per_family; /* of replay; 0: 150,000 */
    uint64_t rng_seed;
    /* Called after each family; false: leave. May be NULL. */
    bool (*progress)(void *arg, int done, int all);
    void *arg;
};
/* What tables would have brought on families that had no part in them: area saved under the curve
 * of log regret, against the hand rule with fixed bounds, in searches of 10 full trainings on
 * recorded configurations only. Means over families with standard errors. */
struct learn_gain {
    double mean, error;
};
enum { LEARN_SHOWN_STATES = 6 };
struct learn_shown_state { /* one that searches came through most often */
    int state;
    double share;   /* of all visits */
    enum move best; /* of those visited often enough */
    double agree;   /* share of the folds, each without a family, that have the same best move */
};
struct learn_moves_report {
    int n_families, n_worlds, n_twins; /* worlds with points of a twin beside the recorded ones */
    int64_t steps;
    struct learn_gain table, pilot, both;      /* Q-table, pilot's table, both of them */
    struct learn_gain values, rollouts;        /* moves by Q-learning alone, by rollouts alone */
    struct learn_gain random_moves, unstopped; /* operator at random; every training in full */
    bool q_pays, pilot_pays;                   /* its gain is above two standard errors */
    double agreed; /* share of visits in states whose best move is the same in 4 of 5 folds */
    int n_shown;
    struct learn_shown_state shown[LEARN_SHOWN_STATES];
};
/* learn_moves: Q-table and pilot's table by replay. The Q-table's values, visits and squared TD
 * errors are Q-learning's, a table for each family, then their mean; where it may overrule the hand
 * rule, paired rollouts must show the same: every possible move, followed by the hand rule and the
 * fixed bounds. (Elsewhere td_square is so large that qtable_prefers leaves the hand rule alone.)
 * The pilot's table is by paired rollouts of going on and pausing. Nested: a search on a task knows
 * nothing of its family. Variances are those between families. Equal options and records give equal
 * tables. Errors: ERR_RANGE (fewer than four families with complete recordings), ERR_MEMORY,
 * ERR_INTERRUPTED. Thread: any, a fold each. Cost: steps, at about two million a minute and core,
 * plus some seconds for twins and judging. Source: search design, 8 and 9. */
enum err learn_moves(const struct learn_records *records, const struct learn_moves_options *options,
                     struct qtable *table, struct pilot *pilot, struct learn_moves_report *report,
                     struct err_info *info);
void learn_put_moves(const struct learn_moves_report *report, struct text *out); /* a table */
/* learn_judge_moves: the same gains on one family's recorded configurations, by tables that were
 * learnt without it; standard errors are those between random numbers. Errors: ERR_MEMORY;
 * ERR_RANGE if the family has no complete recording. */
struct learn_moves_judged {
    int n_worlds; /* 0: not judged */
    struct learn_gain table, pilot, both;
};
enum err learn_judge_moves(const struct learn_records *records, const char *family,
                           const struct qtable *table, const struct pilot *pilot, uint64_t rng_seed,
                           struct learn_moves_judged *out, struct err_info *info);

#endif

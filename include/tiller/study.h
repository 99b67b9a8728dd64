/* study: trials, the fold, and the study log: an Optuna journal (shared format, decisions 1-5).
 *
 * One file, one JSON object a line, append only. `struct study` is what folding the lines gives; it
 * is plain data that anybody may read under the lock of whoever owns it. `struct study_log` is the
 * file: it folds our own records at once (memory), and a writer thread of its own puts them on disk
 * in batches: take the journal's lock, fold what others appended, heal a torn tail, write, fsync,
 * unlock; at most one lock per 50 ms. Knows nothing of how proposals are made, or of screens. */
#ifndef TILLER_STUDY_H
#define TILLER_STUDY_H

#include "tiller/base.h"
#include "tiller/space.h"

enum trial_state { TRIAL_RUNNING, TRIAL_COMPLETE, TRIAL_PRUNED, TRIAL_FAIL, TRIAL_WAITING };

/* Per-epoch metrics in the op 7 `metrics` member and in curve:* attributes; the names stand in one
 * table (study_metric_name): train_loss val_loss val_accuracy val_precision val_recall val_f1
 * val_auc val_average_precision val_mse val_mae val_r2 seconds gradient_norm weight_norm. NaN where
 * absent. */
enum study_metric {
    METRIC_TRAIN_LOSS,
    METRIC_VAL_LOSS,
    METRIC_VAL_ACCURACY,
    METRIC_VAL_PRECISION,
    METRIC_VAL_RECALL,
    METRIC_VAL_F1,
    METRIC_VAL_AUC,
    METRIC_VAL_AVERAGE_PRECISION,
    METRIC_VAL_MSE,
    METRIC_VAL_MAE,
    METRIC_VAL_R2,
    METRIC_SECONDS,       /* wall time of the epoch; from here on nothing is about how good it is */
    METRIC_GRADIENT_NORM, /* of the epoch's last batch */
    METRIC_WEIGHT_NORM,   /* at the epoch's end */
    METRIC_N
};
const char *study_metric_name(enum study_metric m);

struct epoch_result {
    int step;     /* epoch, 1-based */
    double value; /* the objective, e.g. val_error */
    double metric[METRIC_N];
    uint64_t sequence; /* our process's record number, 0 for records read from disk */
};

struct trial {
    int64_t id, number; /* per file, per study */
    enum trial_state state;
    struct configuration config;
    struct epoch_result *curve; /* [n_epochs], by step */
    size_t n_epochs, curve_capacity;
    int n_inherited; /* leading epochs copied from the parent of a continuation: not charged */
    int n_recorded;  /* op 7 records of this trial, repeats included: what it has cost */
    double value;    /* best (minimum) objective so far; after the end the logged value; NaN none */
    int best_epoch;  /* step of it, -1 none */
    double best_loss;     /* val_loss there, for ties */
    int64_t n_parameters; /* run:parameters; -1 unknown */
    uint64_t rng_seed;
    int target_epochs;  /* R of this trial (run:epochs); 0 unknown */
    char who[16];       /* agent, random, default, you, optuna ... */
    char situation[64]; /* agent's state at the proposal, "" none */
    char action[24];
    char reason[256];
    double reward;                   /* NaN until known */
    int64_t continues, continued_by; /* trial numbers, -1 none */
    bool paused;                     /* by event */
    int priority;
    char error[200];       /* run:error */
    double start_s, end_s; /* wall clock, 0 unknown */
    double seconds;        /* sum of the epochs' seconds */
};

struct study_event {
    int64_t seq;
    double time_s;
    char who[16];
    char what[24]; /* pause resume prune finish seed extend budget workers test charge q_update
                      q_edit q_pin q_freeze next_action ... */
    int64_t trial; /* number, -1 none */
    char say[200]; /* one sentence for the log screen */
    char *json;    /* the whole value */
};

/* One Q-learning update, folded from events with what = "q_update"; or what a person wrote into a
 * cell, "q_edit": new_q, which from then on counts as so many visits. */
struct q_update {
    int64_t trial;
    char situation[64], action[24], next_situation[64];
    double old_q, alpha, reward, gamma, next_best, new_q;
    double visits; /* of an edit; 0: learnt */
};

struct study {
    int64_t study_id; /* -1: the file has none yet */
    char name[96];
    int direction; /* 1 minimise, 2 maximise */
    char metric[32];
    struct space space;
    bool space_declared;
    char *searcher_json; /* settings attribute, NULL none */
    char task_path[512], fingerprint[40];
    char data_name[160], family[64], variant[96]; /* "letter:rows=0.25", "letter", "rows=0.25" */
    struct trial *trials;                         /* [n_trials] by number */
    size_t n_trials, trials_capacity;
    int64_t next_trial_id; /* per file */
    int64_t best;          /* number of the best COMPLETE or RUNNING trial, -1; see study_better */
    int64_t n_state[5];    /* trials by state */
    int64_t epochs_spent;  /* all op 7 of this study + charged events */
    int64_t epochs_charged;
    double seconds_trained;
    struct study_event *events;
    size_t n_events, events_capacity;
    struct q_update *updates;
    size_t n_updates, updates_capacity;
    int64_t tests_read; /* how often the test part was read */
    char *test_json;    /* last test event's value, NULL none */
    int64_t tested;     /* the trial whose network that was, and epochs_spent when it was read */
    int64_t tested_after;
    uint64_t version; /* grows with every change */
    int64_t n_lines, n_refused, n_bad;
    int64_t first_bad_line; /* 1-based, 0 none */
    char bad_reason[160];
    bool utc_times; /* form of the newest time in the file */
};

/* ---- fold -------------------------------------------------------------------------------- */

/* name NULL: the first study of the file. Owner: caller, study_free. */
struct study *study_new(const char *name);
void study_free(struct study *study);
/* Fold one line (without '\n'). A refused record is counted, a bad one noted; ERR_MEMORY only. */
enum err study_fold(struct study *study, const char *line, size_t n);
const struct trial *study_trial(const struct study *study, int64_t number); /* NULL if none */
/* Order of decisions 4: value, then lower val_loss, then fewer parameters. PRUNED, FAIL and WAITING
 * are never best. */
bool study_better(const struct study *study, const struct trial *a, const struct trial *b);
const struct trial *study_best(const struct study *study); /* NULL if none */
/* Did a person have a say in what was tried, how long it ran or what was learnt? Pauses, workers
 * and the budget are none. Reports keep such studies apart from untouched ones. */
bool study_is_steered(const struct study *study);
bool study_event_steers(const struct study_event *e); /* one of those that make it so */
/* A chain of continuations is one row: number of its last link. */
int64_t study_chain_last(const struct study *study, int64_t number);
/* The links of a chain up to trial `number` (-1: none), the first one first. Each began a cycle of
 * the schedule of its own (decisions 13), so whoever trains a chain again needs them. Returns how
 * many there are; of more than TRIAL_LINKS_MAX the first ones stand for all. */
struct trial_link {
    int last;   /* epoch that it ended with */
    int target; /* and that it was to reach */
};
enum { TRIAL_LINKS_MAX = 16 };
size_t study_chain(const struct study *study, int64_t number,
                   struct trial_link out[static TRIAL_LINKS_MAX]);
double study_objective_at(const struct trial *t, int epoch); /* best up to that epoch; NaN none */
const char *trial_state_name(enum trial_state s); /* running done pruned failed waiting */

/* Read a whole file into a fold without touching it (describe, plots, tests). */
enum err study_read(const char *path, const char *name, struct study **out, struct err_info *info);

/* ---- the log ----------------------------------------------------------------------------- */

struct study_log;

/* Called around every change of the fold, whichever thread makes it; may be NULL. */
struct study_guard {
    void (*enter)(void *arg);
    void (*leave)(void *arg);
    void (*changed)(void *arg); /* after foreign lines were folded or records became durable */
    void *arg;
};

struct study_settings {
    const char *name;   /* study name */
    const char *metric; /* "val_error" */
    int direction;      /* 1 */
    const struct space *space;
    const char *searcher_json; /* all settings a resume needs, as one object */
    const char *task_path, *data_name, *fingerprint;
    const char *family, *variant; /* of the data; NULL: the name, none */
};

/* study_log_open: open for running. Takes the process's owner lock in NAME.study.d/ (ERR_BUSY, exit
 * 2, if a live owner has it), heals a torn tail, folds. With create NULL the file must exist, else
 * it is created with these settings (or, if it exists, opened: the caller checks that settings
 * agree). A file that is not a journal, or has a bad line: ERR_INPUT with the line number, nothing
 * written. Starts the writer thread. Owner: caller, study_log_close (flushes). */
enum err study_log_open(const char *path, const struct study_settings *create,
                        const struct study_guard *guard, struct study_log **out,
                        struct err_info *info);
enum err study_log_close(struct study_log *log, struct err_info *info);
/* The fold, pending records included. Read under the guard's lock, or from the one thread that
 * appends when there is no guard and no foreign writer. */
const struct study *study_log_study(const struct study_log *log);
/* Folder for checkpoints and weights: NAME.study.d; created when opened. */
const char *study_log_folder(const struct study_log *log);
/* The same from the log's path alone: NAME.study.jsonl, NAME.jsonl and NAME have NAME.study.d.
 * Creates nothing. Returns false if it does not fit. */
bool study_folder(const char *path, char *out, size_t out_size);

/* Appending: fold at once, written soon. One thread appends; it does not hold the guard's lock when
 * it calls, and pointers into the fold may move with every call. A trial of ours is named by a
 * handle, because its id is only certain once written (somebody else may append a trial first: then
 * ours moves on, in file and fold). Handles are small integers, valid until the log is closed. */
struct trial_start {
    struct configuration config;
    const char *who, *situation, *action, *reason; /* NULL: none */
    uint64_t rng_seed;
    int target_epochs;
    int64_t n_parameters;
    int64_t continues; /* parent's number, -1; its curve is copied */
    bool waiting;      /* a seed: WAITING, fixed_params of the set values only */
    /* For training a continuation again, not written: the chain up to its parent. */
    struct trial_link behind[TRIAL_LINKS_MAX];
    size_t n_behind;
};
/* The start of a trial that is in the fold, for running it again. Its texts are not copied. */
void study_start_again(const struct study *study, const struct trial *t, struct trial_start *out);
enum err study_log_create(struct study_log *log, const struct trial_start *start, int *handle);
/* A handle for a trial that stands in the file already (a dead process's RUNNING trial of ours). */
enum err study_log_adopt(struct study_log *log, int64_t number, int *handle);
/* Claim a WAITING trial: under the journal's lock; missing values come from fill. ERR_BUSY:
 * somebody else was first. A seed that does not fit the space becomes FAIL with run:error
 * (ERR_RANGE). */
enum err study_log_claim(struct study_log *log, int64_t number, const struct trial_start *fill,
                         int *handle, struct err_info *info);
int64_t study_log_number(const struct study_log *log, int handle);
const struct trial *study_log_trial(const struct study_log *log, int handle);
enum err study_log_report(struct study_log *log, int handle, const struct epoch_result *result);
enum err study_log_attribute(struct study_log *log, int handle, const char *key, const char *json);
/* Writes curve:* attributes, then op 6. COMPLETE: value = best over epochs; a trial without any
 * value becomes FAIL with run:error, as in Optuna. PRUNED: the last epoch's value. ERR_STATE: it is
 * not RUNNING (any more: somebody else may have finished it). */
enum err study_log_finish(struct study_log *log, int handle, enum trial_state state,
                          const char *error);
/* fields_json: members to add, "\"old\": 1, ..." or NULL. A charge has "epochs", a priority
 * "priority". ERR_USAGE: not JSON, or a member that every event has. */
enum err study_log_event(struct study_log *log, const char *who, const char *what, int64_t trial,
                         const char *say, const char *fields_json);
enum err study_log_q_update(struct study_log *log, const struct q_update *update);

/* Records numbered so far, and how many of them are fsynced. "Shown" on stderr = durable. */
uint64_t study_log_sequence(const struct study_log *log);
uint64_t study_log_durable(const struct study_log *log);
size_t study_log_pending_bytes(const struct study_log *log);
/* Wait until everything appended so far is durable. Returns the writer's error, if it has one (disk
 * full, file gone): the log goes on trying and keeps what is pending. */
enum err study_log_flush(struct study_log *log, struct err_info *info);
enum err study_log_error(const struct study_log *log, struct err_info *info);
/* Look for lines appended by others now (also done at every batch and twice a second). */
enum err study_log_follow(struct study_log *log);

/* study_steer_seed: another process of ours (a :command without engine) or a test seeds a study it
 * does not own: appends one WAITING trial under the lock. */
enum err study_seed_file(const char *path, const struct space *space,
                         const struct configuration *config, struct err_info *info);

#endif

/* engine: worker threads, budget, requests; the loop that asks `search` and feeds `study`.
 *
 * Threads: N workers, one engine thread, the log's writer thread, and whoever shows it (the front).
 * Workers take tasks (a trial object to advance) and publish one small result per epoch into a
 * bounded queue; at a rung they wait for the engine's word, given from memory. The engine thread is
 * the only one that appends to the log. The front sends requests, reads the fold under the engine's
 * lock, and is woken by a pipe. A runner says how a trial is run (net_runner: a network in this
 * process), so that a child process can be one later. */
#ifndef TILLER_ENGINE_H
#define TILLER_ENGINE_H

#include "tiller/base.h"
#include "tiller/data.h"
#include "tiller/net.h"
#include "tiller/search.h"
#include "tiller/space.h"
#include "tiller/study.h"

#include <stdatomic.h>

/* ---- runners ----------------------------------------------------------------------------- */

/* One running trial, owned by one thread at a time. All calls return quickly but step. */
struct runner_step {
    bool epoch_done; /* an epoch was completed by this slice: result is filled */
    struct epoch_result result;
};
/* What running a configuration would take, known before it starts. */
struct runner_facts {
    int64_t n_parameters;
    size_t memory_bytes;
    int effective_batch; /* 0: as configured */
};
/* Where a run stands when it has been started: 0, NaN, NaN from the first weights. */
struct runner_position {
    int epochs_done;
    double best_value, best_loss; /* of the epoch whose weights are kept */
};
struct net_metrics;
struct runner_ops {
    const char *name;
    void (*facts)(void *runner, const struct space *space, const struct configuration *config,
                  struct runner_facts *out);
    /* Start a trial from its line, or from a checkpoint (path NULL: none): its own, or a
     * continuation's parent's. full_epochs R is the schedule's length; epochs beyond it are a cycle
     * of their own (decisions 13). */
    enum err (*start)(void *runner, const struct space *space, const struct trial_start *start,
                      int full_epochs, const char *checkpoint, void **run,
                      struct runner_position *position, struct err_info *info);
    /* A slice, about 10 ms. ERR_RANGE: diverged. */
    enum err (*step)(void *run, struct runner_step *out, struct err_info *info);
    enum err (*checkpoint)(void *run, const char *path, struct err_info *info);
    /* Keep the current weights as the best so far (called when value improved). */
    enum err (*keep_best)(void *run);
    /* New total length; takes effect at the end of the current cycle. */
    void (*extend)(void *run, int target_epochs);
    /* The best epoch's weights on the test part. Reads it: once per study (decisions 7). */
    enum err (*test)(void *run, struct net_metrics *out, int64_t *n_rows, struct err_info *info);
    size_t (*memory_bytes)(void *run);
    void (*stop)(void *run);
};
/* The built-in network on a data set (lent, must outlive it). */
struct net_runner;
struct net_source;
enum err net_runner_new(const struct data_set *set, struct net_runner **out, struct err_info *info);
/* Before the first trial: what they are judged by (0: val_error, as after net_runner_new), and the
 * weights they may start from (lent; NULL: none). */
void net_runner_set(struct net_runner *runner, int objective, const struct net_source *source);
void net_runner_free(struct net_runner *runner);
extern const struct runner_ops net_runner_ops;
/* The network of a run of net_runner_ops, which keeps it: to judge by or save between two steps. */
struct training *net_run_training(void *run);
/* Between two epochs: where the schedule's cycle has ended and epochs are still wanted, begins the
 * next, at 0.3 of the rate, which lasts to the target of the link of the chain that trains them
 * (decisions 13). Returns where the current cycle ends. */
int net_begin_due_cycle(struct training *t, int cycle_end, const struct trial_link *behind,
                        size_t n_behind, int target_epochs);
/* Configuration of the built-in space (possibly narrowed) to a network's; R = schedule length. */
struct net_config net_config_from(const struct space *space, const struct configuration *c,
                                  int full_epochs, uint64_t rng_seed);
/* The built-in space without what this task can't use; from_weights: with what a start from other
 * weights has. */
void net_space_of(const struct data_set *set, bool from_weights, struct space *out);
struct net_rows net_rows_of(const struct data_set *set, enum data_part_id part);
/* Training and validation rows as one, for a refit: copies. Owner: caller, net_rows_release. */
enum err net_rows_join(const struct data_set *set, struct net_rows *out, struct err_info *info);
void net_rows_release(struct net_rows *rows);

/* A weights file to start trials from, checked against the data: immutable, shared by all threads.
 * Errors: ERR_INPUT: not such a file; of the same task under another split seed (decisions 6),
 * since it may have been trained on rows that are now judged by. Owner: caller, net_source_free. */
enum err net_source_open(const char *path, const struct data_set *set, struct net_source **out,
                         struct err_info *info);
void net_source_free(struct net_source *s);
/* One line for people: where the weights come from and what fits ("mnist, trial #12, ... "). */
const char *net_source_text(const struct net_source *s, char *out, size_t out_size);
/* Holds the hyperparameters of the network's form (network, units ...) at the file's, so that its
 * layers fit. */
enum err net_source_hold(const struct net_source *s, struct space *space, struct err_info *info);
/* Opens the weights that a study started from, as its settings say, and no others: *out NULL: none.
 * Errors: as net_source_open; ERR_INPUT also if the file is gone or has changed since. */
struct engine_settings;
enum err net_source_reopen(const struct engine_settings *settings, const struct data_set *set,
                           struct net_source **out, struct err_info *info);
/* Carries what fits into a new training whose configuration asks for it (from_weights); the output
 * layer only if the classes have the same names. Returns the number of layers carried. */
int net_source_carry(const struct net_source *s, struct training *t);

/* The objective: what a trial's value is, always minimised. "val_error" (default): 1 - accuracy;
 * regression: mean squared error in units of the training labels' variance. Or val_ and a metric's
 * name; where larger is better the value is 1 - metric. NULL past the end. */
const char *objective_name(int i);
/* The index of a name that makes sense for the task. Errors: ERR_USAGE naming the possible ones. */
enum err objective_find(const char *name, const struct data_set *set, int *out,
                        struct err_info *info);
double objective_value(int objective, const struct net_metrics *validation);

/* ---- engine ------------------------------------------------------------------------------ */

/* Which knowledge a study uses, as its settings keep it; hashes are of the files' bytes. */
struct engine_knowledge {
    char file[512], hash[20];    /* "" none */
    char own[512], own_hash[20]; /* what this user's studies have taught; "" none */
    bool include_own;            /* the task's own family is not left out */
};

/* What becomes of a study that has ended: it may teach the searches after it. */
enum learn_mode { LEARN_OFF, LEARN_ASK, LEARN_AUTO };
const char *learn_mode_name(enum learn_mode m); /* "off" "ask" "auto" */
bool learn_mode_find(const char *name, enum learn_mode *out);
/* Takes the study in; called by a thread of low priority of its own, once the log is on disk,
 * without any lock. cancel: when it becomes true, give up and change nothing (ERR_INTERRUPTED). say
 * gets one sentence of what was done. */
struct engine_learner {
    enum err (*fold)(void *arg, const char *study_path, const struct task_features *features,
                     const atomic_bool *cancel, char *say, size_t say_size, struct err_info *info);
    void *arg;
};
/* How far that is. */
enum learn_stage { LEARN_NOTHING, LEARN_ASKS, LEARN_FOLDING, LEARN_DONE, LEARN_FAILED };

struct engine_options {
    const struct data_set *set; /* lent */
    struct space space;
    const char *study_path;
    const char *sampler, *pruner; /* names */
    /* In place of a name: a sampler that is none of sampler_at's (a recording's), and an object
     * kept in the settings, where it finds what it was told; NULL: none. Lent. */
    const struct sampler_ops *sampler_ops;
    const char *sampler_json;
    /* What is known already; NULL: nothing. Lent, with all it points to. Without features they are
     * measured before the first proposal, and charged once per study. */
    const struct guidance *guidance;
    struct engine_knowledge knowledge; /* where it comes from: kept in the settings */
    const char *knowledge_note; /* one line for the log: from where, or why there is none; NULL */
    const char *objective;      /* NULL: val_error */
    const char *from;           /* weights file that trials may start from; NULL none */
    int64_t budget_epochs;      /* 0: no limit */
    int64_t budget_trials;
    double budget_seconds;
    uint64_t rng_seed;
    int n_workers;         /* 0: cores */
    int full_epochs;       /* R; 0: default of the task */
    int confirm;           /* this many configurations are confirmed before the test; 0: none */
    enum learn_mode learn; /* what becomes of it when it has ended */
    struct engine_learner learner; /* fold NULL: none, learn is off */
    bool space_said;               /* a study that exists must have this space */
    bool budget_adds;              /* --epochs +N on resume */
    bool resume;                   /* the file must exist; settings come from it */
    bool no_test;                  /* do not read the test part at the end */
    bool start_paused;
    bool notes;            /* keep notes for engine_take_notes */
    const char *data_json; /* how the data was read: an object kept in the settings; NULL none */
    /* How trials are run; NULL: the built-in network on set. Lent. */
    const struct runner_ops *runner_ops;
    void *runner;
};

/* The settings that a study's log carries (its `searcher` attribute), for resuming. */
struct engine_settings {
    char sampler[16], pruner[16];
    char objective[32], from[512]; /* from: "" none */
    char from_hash[20];            /* of the file's bytes, to know it again */
    int64_t budget_epochs, budget_trials;
    double budget_seconds;
    int full_epochs, confirm;
    uint64_t rng_seed;
    bool no_test;
    struct engine_knowledge knowledge;
};
/* engine_read_settings: from a fold, later changes of the budget included. false: it has none. */
bool engine_read_settings(const struct study *study, struct engine_settings *out);

/* What the settings say of the task, so that it can be learned from without the data. */
struct engine_task {
    uint64_t split_seed;
    int64_t n_rows; /* of the training part */
    int32_t n_inputs, n_classes;
    double majority_error; /* the objective of always giving the same answer */
};
/* false: they don't, as in logs of the first version. */
bool engine_read_task(const struct study *study, struct engine_task *out);

/* ---- confirmation: the best configurations trained again with further seeds ---------------- */

enum { CONFIRM_SEEDS = 3, CONFIRM_MAX = 20 };
struct engine_confirmed {
    int64_t trial;                          /* whose configuration; the best of the search */
    double value;                           /* that the search had found */
    int n_begun, n;                         /* further seeds that began; that count */
    int64_t by[CONFIRM_SEEDS];              /* their trials' numbers */
    double result[CONFIRM_SEEDS], mean, sd; /* of the further seeds alone; NaN unknown */
};
/* engine_confirmations: what became of the k best different configurations so far, the best first.
 * A seed that failed counts as majority_error. Returns how many there are. */
int engine_confirmations(const struct study *study, int k, double majority_error,
                         struct engine_confirmed out[static CONFIRM_MAX]);
/* Index of the one with the lowest mean; -1: none was confirmed. */
int engine_confirmed_best(const struct engine_confirmed *c, int n);
/* The trial whose network is the study's result: the best seed of the configuration with the lowest
 * mean where some were confirmed, else the best trial; NULL none. */
const struct trial *engine_chosen(const struct study *study);
/* What confirming has cost, beside the budget. */
struct engine_beside {
    int64_t epochs, ended, running; /* the last two are trials */
};
struct engine_beside engine_beside(const struct study *study);

struct engine;

/* engine_start: opens (or resumes) the study, checks that data and settings agree (ERR_INPUT: the
 * data changed since), starts the threads. Owner: caller, engine_stop. */
enum err engine_start(const struct engine_options *options, struct engine **out,
                      struct err_info *info);

/* Reading: between begin and end nobody changes the fold; keep it short (copy what you draw). */
const struct study *engine_begin_read(struct engine *e);
void engine_end_read(struct engine *e);

enum { ENGINE_JUDGED_MAX = 8 };
struct engine_status {
    bool paused, stopping, finished; /* finished: budget spent, summary complete */
    int n_workers, n_busy;
    int64_t epochs_spent, budget_epochs; /* budget 0: none of that kind */
    int64_t epochs_beside;               /* the budget: of confirmations; not in epochs_spent */
    int64_t trials_done, budget_trials;
    double seconds, budget_seconds;
    double epochs_per_second; /* over the last half minute of work */
    double samples_per_second;
    double seconds_left;  /* estimate, NaN unknown */
    double share_left;    /* of the budget */
    double idle_share;    /* of worker time, since the start */
    size_t pending_bytes; /* log records not on disk yet */
    char notice[240];     /* why workers wait, disk full ...; "" none */
    int situation;        /* now; -1 none */
    struct {
        bool valid;
        char text[128];
    } next[3]; /* what is coming: seeds waiting, proposals */
    int full_epochs;
    double majority_error;
    char sampler[16], pruner[16];
    struct search_outlook outlook; /* as of the newest result or proposal */
    /* What the pruner goes by, of running trials as of their last rungs, oldest trial first. */
    int n_judged;
    struct {
        int64_t trial;
        struct search_chance chance; /* epoch 0: nothing can be said yet */
    } judged[ENGINE_JUDGED_MAX];
    char banned[240];  /* by a person: "units 200 to 300, optimizer sgd"; "" nothing */
    bool tells_chance; /* the pruner goes by probabilities; else n_judged is 0 */
    enum learn_mode learn;
    enum learn_stage learn_stage; /* asks: the study has ended and waits for REQUEST_LEARN */
    char learnt[200];             /* one sentence of what was done, or why not */
};
void engine_status(struct engine *e, struct engine_status *out);
/* The knowledge in use, with the task's features; NULL: none. Does not change while it runs. */
const struct guidance *engine_guidance(const struct engine *e);

enum request_kind {
    REQUEST_PAUSE_ALL,
    REQUEST_RESUME_ALL,
    REQUEST_PAUSE,    /* trial */
    REQUEST_RESUME,   /* trial */
    REQUEST_PRUNE,    /* trial */
    REQUEST_FINISH,   /* trial */
    REQUEST_SEED,     /* config */
    REQUEST_WITHDRAW, /* trial: a waiting seed */
    REQUEST_EXTEND,   /* trial, epochs: a finished one is continued, a running one goes on longer */
    REQUEST_BUDGET,   /* epochs: new total (or added, if add) */
    REQUEST_WORKERS,  /* epochs = number */
    /* What the agent shall hold to (tiller/meta.h, struct qtable_overrides); ERR_STATE where the
     * sampler keeps no Q-table. */
    REQUEST_Q_PIN,       /* situation, move; amount 0: unpin */
    REQUEST_Q_EDIT,      /* situation, move, value; amount: of visits it counts as, 0: 20 */
    REQUEST_Q_FREEZE,    /* amount 0: go on learning */
    REQUEST_NEXT_ACTION, /* move of the next proposal; -1 takes the wish back */
    REQUEST_BAN,         /* ban: no sampler's proposal falls into it any more */
    REQUEST_LEARN,       /* amount 1: take the ended study in; 0: don't, or stop doing so */
    REQUEST_LEARN_MODE,  /* amount: enum learn_mode */
    REQUEST_STOP,        /* finish the study now: running trials keep their value, test read; the
                            first time confirmations are still made, the second time not */
    REQUEST_QUIT         /* checkpoint running trials and leave */
};
#define REQUEST_Q_MAX 100.0
/* One ban for each hyperparameter; a new one takes the old one's place. Whole numbers: both ends
 * are banned; others: an end inside of the range stays allowed. */
struct ban_request {
    int hyper; /* index in the study's space */
    bool lift; /* all is allowed again */
    double low, high;
    uint32_t choices; /* categorical: bit k: its choice k */
};
struct request {
    enum request_kind kind;
    int64_t trial; /* number */
    int64_t amount;
    bool add;
    int situation, move; /* 0..META_STATES-1, enum move */
    double value;        /* finite, at most REQUEST_Q_MAX in size */
    struct configuration config;
    struct ban_request ban;
    char note[80];
};
/* engine_request: checked at once (ERR_STATE / ERR_RANGE with a sentence), then done by the engine
 * thread at the next batch boundary and logged as an event by "you". */
enum err engine_request(struct engine *e, const struct request *request, struct err_info *info);
/* What a request would cost or do, as one line for the confirmation ("12 of 50 epochs, 8 s of
 * training, would be lost; it is the best so far: F keeps its value"). */
void engine_preview(struct engine *e, const struct request *request, char *out, size_t out_size);

/* Readable when something changed; drained by engine_drain. */
int engine_wake_fd(struct engine *e);
void engine_drain(struct engine *e);

/* Durable notes for the plain front: one line per event, in order, only after fsync. Returns the
 * number copied. */
struct engine_note {
    double time_s;
    char text[240];
};
size_t engine_take_notes(struct engine *e, struct engine_note *out, size_t max);

/* Wait until finished or stopped (plain front: poll engine_wake_fd with notes instead). */
bool engine_wait(struct engine *e, double seconds);
/* Quit if still running, join all threads, close the log. */
enum err engine_stop(struct engine *e, struct err_info *info);

#endif

/* What the engine's files share: the engine, its jobs, its queues and who may touch what.
 *
 * Two locks, never held together but in the order fold, then work:
 *   fold  the study's fold; also taken by the log's writer thread. Recursive, because the log takes
 *         it around every change. Never held while calling what appends to the log.
 *   work  jobs, queue, requests, notes, figures of the status.
 * A job is owned by the thread its place says; only the owner calls its runner. */
#ifndef TILLER_ENGINE_INTERNAL_H
#define TILLER_ENGINE_INTERNAL_H

#include "tiller/engine.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    ENGINE_WORKERS_MAX = 64,
    QUEUE_MAX = 256,   /* results not yet logged; a full queue makes workers wait */
    RATE_SECONDS = 30, /* window of epochs per second */
    NOTES_MAX = 65536,
    WITHDRAW_SECONDS = 2 /* a withdrawn seed is marked failed after that (journal, section 9) */
};
#define PENDING_BYTES_MAX ((size_t)64 << 20) /* unwritten records (decisions 11) */
#define PAUSED_BYTES_MAX ((size_t)1 << 30)   /* paused trials kept in memory (decisions 9) */

enum job_place {
    JOB_READY,     /* waits for a worker */
    JOB_ON_WORKER, /* owned by a worker */
    JOB_AT_RUNG,   /* waits for the engine's word */
    JOB_PAUSED,
    JOB_ENDED
};
enum verdict { VERDICT_NONE, VERDICT_PAUSE, VERDICT_PRUNE, VERDICT_FINISH, VERDICT_QUIT };

/* A trial being run. */
struct job {
    struct job *next; /* in order of creation */
    int handle;
    int64_t number; /* for people; the log's handle is what counts */
    bool confirms;  /* stands beside the budget and is not pruned */
    enum job_place place;
    enum verdict verdict;
    atomic_bool yield; /* the worker shall give it back at the next batch boundary */
    struct trial_start start;
    void *run;            /* the runner's; NULL before the first slice */
    char checkpoint[640]; /* to start from; "" none */
    int target_epochs;
    int epochs_done;    /* by the runner */
    int epochs_logged;  /* of them in the log: what is spent; the rest is still promised */
    int undecided_from; /* rungs up to this epoch were decided before a restart; the last one
                           logged may not have been, and is decided (again) from the same fold */
    double best_value, best_loss;
    struct search_chance chance; /* at its last rung, under work; epoch 0: unknown */
    int64_t priority;
};

enum message_kind { MESSAGE_EPOCH, MESSAGE_YIELDED, MESSAGE_FAILED };
struct message {
    enum message_kind kind;
    struct job *job;
    bool waits; /* the job stands at a rung */
    struct epoch_result result;
    struct err_info error;
};

struct note {
    uint64_t sequence; /* shown once the log is durable up to here */
    struct engine_note note;
};

struct worker {
    struct engine *engine;
    int index;
    pthread_t thread;
    bool started, busy;
    double idle_s, since_s;
};

struct withdrawal {
    int handle;
    double due_s;
};

/* Of one hyperparameter; what is banned of a range, or of its choices. */
struct ban {
    bool on;
    double low, high;
    uint32_t choices;
};
struct bans {
    struct ban ban[SPACE_MAX];
    size_t folded; /* events of the study */
};

struct engine {
    struct engine_options options;
    struct engine_settings settings;
    const struct runner_ops *ops;
    void *runner;
    struct net_runner *own_runner;
    struct net_source *source; /* weights that trials may start from; NULL none */
    struct space space;
    int objective;
    char metric[32];       /* its name in the log: "val_error", "1-val_f1" */
    double majority_error; /* the objective of always giving the same answer */
    const struct sampler_ops *sampler;
    const struct pruner_ops *pruner;
    void *sampler_self;
    struct guidance guidance; /* knowledge NULL: none; constant once threads run */
    struct task_features features;
    struct study_log *log;
    pthread_mutex_t fold, work;
    pthread_cond_t to_engine, to_workers, to_front;
    pthread_t thread;
    bool thread_started;
    int wake[2];
    atomic_bool wake_pending;
    atomic_bool log_changed; /* the writer folded or wrote something */

    /* under work */
    struct job *jobs;
    struct message queue[QUEUE_MAX];
    size_t queue_first, queue_n;
    struct request *requests;
    size_t n_requests, requests_capacity;
    struct worker worker[ENGINE_WORKERS_MAX];
    int n_workers;
    bool paused, quit, workers_leave, stopping, finished, left;
    bool skip_confirm; /* asked to stop a second time */
    struct note *notes;
    size_t n_notes, notes_capacity, notes_taken;
    char notice[240];
    struct search_outlook outlook;
    char banned[240];
    int64_t budget_epochs, budget_trials;
    double budget_seconds;
    double started_s, active_s, resumed_s; /* wall time of work, for the time budget */
    int64_t rate_epochs[RATE_SECONDS];
    int64_t rate_second[RATE_SECONDS];
    double rate_rows;
    struct err_info error; /* of the engine thread */
    enum learn_mode learn;
    enum learn_stage learn_stage;
    bool learn_asked, learn_over; /* by a person; the thread has done its work */
    char learnt[200];
    enum err learn_err;

    atomic_bool learn_cancel;

    /* engine thread only */
    struct bans bans;
    pthread_t learn_thread; /* while the stage is LEARN_FOLDING */
    struct withdrawal withdrawals[64];
    size_t n_withdrawals;
    int64_t kept[SEARCH_KEPT_MAX]; /* [n_kept] trials with weights that may be gone on with */
    int n_kept;
    bool learn_outdated; /* what is taken in is not the whole study any more */
    bool outlook_due;    /* something has happened since the last one */
    bool claims_blocked; /* a seed could not be claimed just now */
    int failures;        /* trials in a row that could not start */
};

/* ---- engine.c */
void engine_wake(struct engine *e);
void engine_note_add(struct engine *e, const char *fmt, ...) TILLER_PRINTF(2, 3);
void engine_set_notice(struct engine *e, const char *text);
void engine_checkpoint_path(const struct engine *e, int64_t number, char *out, size_t out_size);
void engine_fold_enter(struct engine *e);
/* Where the search stands; trust is the newest proposal's. Under fold. */
int engine_situation(const struct engine *e, const struct study *study);
void engine_fold_leave(struct engine *e);
/* ---- guidance.c */
enum err guidance_open(struct engine *e, struct err_info *info);
/* Says in the log what is used; the first time the features are charged. */
void guidance_log(struct engine *e);
/* ---- settings.c */
/* With what the options say of data and sampler. */
void settings_write(const struct engine *e, struct text *out);
/* ---- objective.c */
/* Name of the study's metric: "1-val_f1" where larger is better. Returns out. */
const char *objective_metric(int objective, char *out, size_t out_size);
/* What always answering the biggest class (the mean) of the training rows gives on the validation
 * rows; NaN: the task has no such objective. */
double objective_of_majority(int objective, const struct data_set *set);
/* ---- source.c */
/* A few digits by which a file's bytes are known again. */
enum err source_hash(const char *path, char *out, size_t out_size, struct err_info *info);
/* ---- worker.c */
void *worker_main(void *worker);
void worker_start_missing(struct engine *e);
/* ---- loop.c */
void *engine_main(void *engine);
/* ---- budget.c: all under fold and work as they say */
double budget_active_seconds(const struct engine *e); /* under work */
int64_t budget_spent(struct engine *e);               /* takes fold; without confirmations */
/* A budget with more epochs: of one that charges have overspent all that are added count. Takes
 * fold.
 */
int64_t budget_with(struct engine *e, int64_t budget, int64_t more);
int64_t budget_committed(struct engine *e); /* under work: epochs still to come */
/* Epochs a new trial may have, 0: the budget is spent. Takes both. */
int budget_for_trial(struct engine *e);
double budget_share_left(struct engine *e); /* takes both */
void budget_count_epoch(struct engine *e);  /* under work */
double budget_rate(const struct engine *e); /* under work: epochs per second */
double budget_seconds_left(struct engine *e, int64_t spent, int64_t trials); /* under work */
int64_t budget_trials_done(const struct study *study);                       /* under fold */
int64_t budget_trials_begun(const struct study *study);                      /* with running ones */
/* ---- request.c */
void request_apply(struct engine *e, const struct request *r);
/* Ask a job back, or take it at once where no worker has it. Engine thread. */
void request_verdict(struct engine *e, struct job *job, enum verdict verdict);
/* Ends all that runs with the value it has, confirmations too if they are meant. Engine thread. */
void request_finish_all(struct engine *e, bool confirmations);
struct job *engine_job(struct engine *e, int64_t number); /* under work; NULL: none runs */
/* ---- trials.c: creating and ending trials, engine thread only */
bool trials_fill(struct engine *e); /* true: something was started */
void trials_epoch(struct engine *e, const struct message *m);
void trials_rung(struct engine *e, struct job *job);
void trials_yielded(struct engine *e, struct job *job);
void trials_failed(struct engine *e, struct job *job, const struct err_info *error);
void trials_end(struct engine *e, struct job *job, enum trial_state state, const char *why);
void trials_adopt(struct engine *e);
enum err trials_continue(struct engine *e, int64_t parent, int epochs, struct err_info *info);
void trials_withdraw(struct engine *e, int64_t number);
/* What the sampler sees now, for the front; once per result or proposal, after the workers have
 * theirs. */
void trials_outlook(struct engine *e);
void trials_withdrawals_due(struct engine *e, bool leaving);
/* Trains the configuration of trial `of` again, with its k-th further seed, by "confirm". */
bool trials_repeat(struct engine *e, int64_t of, int k, const char *action, const char *reason);
/* What is banned by now, for proposals and for the front. Engine thread. */
void trials_read_bans(struct engine *e);
/* What samplers and pruners see. Under fold; the share was taken before. */
struct search_context trials_context(struct engine *e, double share_left);
/* ---- weights.c: engine thread only */
void weights_save(struct engine *e, struct job *job);
/* Which trials have some that may be gone on with; before the first of them ends. */
void weights_find(struct engine *e);
/* Before the trial ends in this state: saves its weights if it is the best or may be gone on with,
 * and removes those that are of no more use. old_best: -1 none. */
void weights_keep(struct engine *e, struct job *job, enum trial_state state, int64_t old_best,
                  bool is_best);
/* ---- confirm.c */
bool confirm_is(const struct trial *t);
bool confirm_start(struct engine *e);   /* engine thread; true: something was started */
bool confirm_pending(struct engine *e); /* some seeds have not begun */
void confirm_say(struct engine *e);     /* the result, once all have ended */
/* ---- bans.c */
/* May it be asked for? ERR_RANGE, ERR_STATE with a sentence. */
enum err bans_check(const struct space *space, const struct ban_request *r, struct err_info *info);
/* Brings b up to the study's events. Under fold. */
void bans_fold(struct bans *b, const struct space *space, const struct study *study);
/* Does something of what is searched and counts fall into a ban? */
bool bans_hit(const struct bans *b, const struct space *space, const struct configuration *c);
/* Moves a proposal out of all bans, to their nearer ends; where that was tried, another is drawn.
 * Returns whether it was moved. Under fold. */
bool bans_obey(const struct bans *b, const struct space *space, const struct study *study,
               struct rng *rng, struct configuration *c);
/* The same but for what a person has said (bits); nothing is drawn. */
void bans_obey_but(const struct bans *b, const struct space *space, uint32_t said,
                   struct configuration *c);
void bans_say(const struct bans *b, const struct space *space, struct text *out);
void bans_say_request(const struct space *space, const struct ban_request *r, struct text *say,
                      struct text *fields);
/* ---- learning.c: engine thread only */
void learning_turn(struct engine *e);
/* Lets what has begun come to its end (it takes moments), or cancels it. */
void learning_end(struct engine *e, bool cancel);
void learning_request(struct engine *e, bool wanted);
void learning_mode(struct engine *e, enum learn_mode mode);
/* ---- chosen.c */
void chosen_test(struct engine *e);

#endif

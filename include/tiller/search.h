/* search: samplers (which configuration next) and pruners (go on or stop), each behind one small
 * table of functions. They look at a study's fold and decide; they hold no threads, files, screens.
 */
#ifndef TILLER_SEARCH_H
#define TILLER_SEARCH_H

#include "tiller/base.h"
#include "tiller/knowledge.h"
#include "tiller/meta.h"
#include "tiller/space.h"
#include "tiller/study.h"

/* What a sampler needs to know besides the fold. */
struct search_context {
    const struct study *study;
    double majority_error;           /* y_b before the first trial */
    double share_left;               /* of the budget, [0, 1] */
    int full_epochs;                 /* R */
    uint64_t rng_seed;               /* the study's */
    const struct guidance *guidance; /* knowledge to be used; NULL: none */
    /* Trials whose weights are kept, by number; going on with another begins at epoch 1. NULL: all
     * are. */
    const int64_t *kept; /* [n_kept] */
    int n_kept;
};

struct proposal {
    struct configuration config;
    char who[16];
    char situation[64]; /* "" if the sampler has none */
    char action[24];
    char reason[256]; /* one plain sentence */
    int epochs;       /* ends at this epoch; 0: at R, which is the schedule's length either way */
    bool goes_on;     /* goes on with an ended trial, whose config it is, instead of a new one */
    int64_t parent;   /* goes_on: the trial's number; one that search_may_go_on with */
};

/* What a sampler that learns sees just now, for people; it decides nothing. */
enum { OUTLOOK_NEAREST = 6 };
struct search_outlook {
    bool known;
    int state; /* situation; -1 none */
    enum trust trust;
    enum move hand; /* what the hand rule says, and why */
    char why[160];
    enum move takes; /* what it would propose, unless it explores or a person asked for another */
    bool possible[MOVE_N];
    /* With knowledge: the known tasks that weigh most, falling; portfolio entries not tried yet in
     * the order to try them. */
    int n_nearest, nearest[OUTLOOK_NEAREST]; /* tasks of the knowledge */
    double weight[OUTLOOK_NEAREST];
    int n_left, left[PORTFOLIO_MAX];
};

struct sampler;
struct sampler_ops {
    const char *name;  /* "random", "agent" */
    const char *about; /* one line with the source; the man page has it as it is */
    enum err (*open)(const struct search_context *context, void **self, struct err_info *info);
    void (*close)(void *self);
    /* Next configuration. rng belongs to this proposal: seeded by (rng_seed, trial number), so that
     * a resumed study proposes what the uninterrupted one would have. ERR_BUSY: not before one of
     * the running trials has ended (there must be one). */
    enum err (*propose)(void *self, const struct search_context *context, struct rng *rng,
                        struct proposal *out);
    /* A trial ended (the fold has it); value before it: best_before (majority_error for the first).
     * Fills *update and returns true if a Q-update was made; the caller logs it and the reward. */
    bool (*observe)(void *self, const struct search_context *context, const struct trial *ended,
                    double best_before, struct q_update *update);
    /* How many trials that search_may_go_on keep their weights, because it may ask to go on with
     * them: at most SEARCH_KEPT_MAX. */
    int n_kept;
    /* How likely such a trial is to become the best, [0, 1]; NaN: it can't be told. The trial may
     * stand outside of the fold: it is just ending. NULL: never told. Looks at the fold only. */
    double (*chance)(const struct search_context *context, const struct trial *t);
    bool guided; /* looks at the task's features, which is charged, where there is guidance */
    /* Fills *out, zeroed, from the same fold as propose; changes nothing that it would not. NULL:
     * there is nothing to say. Called after each result. */
    void (*outlook)(void *self, const struct search_context *context, struct search_outlook *out);
};
size_t sampler_count(void);
const struct sampler_ops *sampler_at(size_t i);
const struct sampler_ops *sampler_find(const char *name); /* NULL unknown */
/* "agent, random or sobol": the names in the order of the table. Returns out. */
const char *sampler_names(char *out, size_t out_size);

/* May a sampler ask to go on with it? It ended before the full length, did not fail, and nobody
 * went on with it. */
bool search_may_go_on(const struct trial *t, int full_epochs);
bool search_is_kept(const struct search_context *context, int64_t number);

/* Which trials that may be gone on with are worth their weights: in order, the likeliest first; of
 * those that can't be told, which come last, the best first. Each chance is asked for once. */
enum { SEARCH_KEPT_MAX = 16 };
struct search_candidate {
    const struct trial *trial; /* lent */
    double chance;             /* filled in */
};
void search_order_kept(const struct sampler_ops *sampler, const struct search_context *context,
                       struct search_candidate *candidate, int n);

/* What a pruner goes by that asks how a run will end. */
struct search_chance {
    int epoch;    /* the rung it was judged at */
    double win;   /* probability that it ends better than the best did */
    double asked; /* below this it is stopped; NaN: whatever happens it is not */
    bool leads;   /* not stopped even so: it is among the best third at that rung */
    bool audited; /* not stopped even so: it shows whether such probabilities are true */
};

/* Pruners are stateless: they look at the fold only. */
struct pruner_ops {
    const char *name, *about;
    /* Is epoch e (1-based) of a trial of R epochs a rung, where the worker waits for a word? */
    bool (*is_rung)(int epoch, int full_epochs);
    /* true: stop. reason gets one sentence with numbers. */
    bool (*stop)(const struct search_context *context, const struct trial *t, char *reason,
                 size_t reason_size);
    /* For people: what stop went by at the last rung. false: nothing can be said (no rung yet, no
     * best run to compare with). NULL: it goes by no probability. */
    bool (*chance)(const struct search_context *context, const struct trial *t,
                   struct search_chance *out);
};
size_t pruner_count(void);
const struct pruner_ops *pruner_at(size_t i);
const struct pruner_ops *pruner_find(const char *name);
const char *pruner_names(char *out, size_t out_size);

/* Starting points: what the agent without knowledge tries before it has results to move from;
 * recordings try them on every task, so that a portfolio may choose them. The first is the
 * space's default. They are fitted into the space: what it lacks is left out, what lies outside a
 * range goes to its end, so that two may become the same. */
int starting_point_count(void);
void starting_point(const struct space *space, int i, struct configuration *out);
const char *starting_point_about(int i);

/* search_default_full_epochs: R, the length of a full training, that suits a data set with so many
 * training rows: the larger the set, the more steps an epoch has. */
int search_default_full_epochs(int64_t n_training_rows);

#endif

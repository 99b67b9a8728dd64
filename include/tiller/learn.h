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
#include "tiller/search.h"
#include "tiller/space.h"
#include "tiller/study.h"

/* ---- recording --------------------------------------------------------------------------- */

/* What is trained on each task, in this order; kept in the log's settings. */
struct learn_plan {
    bool pool;         /* for judging methods: knowledge refuses it */
    int n_shared;      /* points of the Sobol sequence with this scramble, on every task the same */
    int n_own;         /* found by the agent on the task itself */
    int n_repeats;     /* further seeds of up to 16 of them: 8 shared ones drawn by a fixed seed,
                          then the 8 best others */
    uint64_t scramble; /* not 0 */
};
/* 64, 32, 2 and one scramble for all; a pool 500, 0, 0 and a scramble of its own for each
 * rng_seed. */
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
    double core_seconds; /* of one processor, for all of them */
};
/* out[r->tasks.n]; uses tasks, plan and full_epochs. */
enum err learn_estimate(const struct learn_recording *r, struct learn_estimate *out,
                        struct err_info *info);

#endif

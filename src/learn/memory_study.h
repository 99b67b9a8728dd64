/* memory_study: a fold without a log: what a replayed search's sampler and pruner look at. */
#ifndef TILLER_LEARN_MEMORY_STUDY_H
#define TILLER_LEARN_MEMORY_STUDY_H

#include "tiller/search.h"
#include "tiller/study.h"

/* Zero-initialise. The clock is the number of epochs charged: one epoch, one second. */
struct memory_study {
    struct study study;
    int full_epochs;
};
void memory_study_begin(struct memory_study *m, const struct space *space, int full_epochs);
void memory_study_free(struct memory_study *m);
/* A RUNNING trial. NULL: out of memory. Pointers to trials are valid until the next one. */
struct trial *memory_study_add(struct memory_study *m, const struct proposal *p, uint64_t rng_seed,
                               int target_epochs);
/* The same as a continuation of an ended trial (decisions 1), whose curve it begins with. */
struct trial *memory_study_go_on(struct memory_study *m, int64_t parent, const struct proposal *p,
                                 int target_epochs);
/* An epoch of the newest trial; metrics [METRIC_N], NULL: none known. An inherited one that is
 * trained again is charged and changes nothing else. */
void memory_study_epoch(struct memory_study *m, int epoch, double value, const double *metric);
/* Its end, with the value that the log would have (decisions 4). */
void memory_study_end(struct memory_study *m, enum trial_state state, double reward);
enum err memory_study_update(struct memory_study *m, const struct q_update *update);

#endif

/* twin: small networks that have learnt the recorded curves of many tasks, so that configurations
 * which were not recorded can be replayed, too (YAHPO Gym, Pfisterer et al. 2022). Only for
 * training tables; nothing that is reported may come from it. */
#ifndef TILLER_LEARN_TWIN_H
#define TILLER_LEARN_TWIN_H

#include "known.h"

enum { TWIN_EPOCHS = 60, TWIN_MEMBERS = 3, TWIN_SKIP = 5 };

struct twin;
/* twin_new: trains the networks on all tasks that are not left out. skip: 0, or every skip-th run
 * is not learnt from, so that twin_check has something to judge by. Errors: ERR_MEMORY, ERR_RANGE
 * (diverged, or nothing left). Owner: caller, twin_free. Thread: any. */
enum err twin_new(const struct known_set *set, const bool *left_out, int skip, uint64_t rng_seed,
                  struct twin **out);
void twin_free(struct twin *twin);
/* Log errors [m x n_epochs of the task] at unit[m x n_dims]. Errors: ERR_MEMORY. */
enum err twin_curves(struct twin *twin, const struct known_set *set, int task, const double *unit,
                     int m, float *curve);

struct twin_quality {
    double spearman; /* of final log errors, on runs it has not learnt from */
    double residual; /* median of |final log error - said| */
    bool accepted;   /* .85 of what the seeds' noise allows, and at most twice that noise */
};
enum err twin_check(struct twin *twin, const struct known_set *set, int task,
                    struct twin_quality *out);

#endif

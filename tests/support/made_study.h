/* A study made in memory, without a log, for tests of what looks at the fold only. */
#ifndef TESTS_MADE_STUDY_H
#define TESTS_MADE_STUDY_H

#include "tiller/study.h"

/* Ended trials get end times 1, 2, 3 ... in the order they are added; start times half before. */
struct made_study {
    struct study study;
    struct trial trials[400];
    struct q_update updates[400];
    struct epoch_result curves[400][64];
    double clock;
};
/* The space of a task that is neither images nor started with weights: ten are searched. */
const struct space *made_space(void);
struct made_study *made_new(const struct space *space); /* mem_free by made_free */
void made_free(struct made_study *made);
/* A trial of that state with this curve of objectives; losses absent. Configuration: the default.
 */
struct trial *made_trial(struct made_study *made, enum trial_state state, const double *values,
                         size_t n);
/* The same with one epoch of that value. */
struct trial *made_point(struct made_study *made, enum trial_state state, double value,
                         const struct configuration *config);
void made_update(struct made_study *made, const struct q_update *update);

#endif

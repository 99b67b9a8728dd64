/* known: recordings as the plain arrays that the room meta learns from. */
#ifndef TILLER_LEARN_KNOWN_H
#define TILLER_LEARN_KNOWN_H

#include "tiller/learn.h"

/* What is searched on every one of the tasks, and how their runs went. Tasks whose shared runs are
 * not all there are left out. */
struct known_set {
    struct space space;            /* hyperparameters that samplers draw on all tasks */
    struct known_tasks known;      /* lends from the arrays below */
    struct known_task *task;       /* [known.n], owned with their arrays */
    double **curves;               /* [known.n] what the task's arrays lie in */
    struct configuration **config; /* [known.n][n_runs] in this space */
    double *noise;                 /* [known.n] sd of a final log error between seeds; 0 unknown */
    char (*family)[64];            /* [known.n_families] names */
};

/* known_set_new: a pool's runs are none of them shared. like: another set, whose space and numbers
 * of families are taken over (families that it lacks get further ones); NULL: none. left_out: a
 * family's name: nothing of its tasks comes into the set; NULL: none. Errors: ERR_RANGE if no task
 * is left; ERR_MEMORY. Owner: caller, known_set_free. */
enum err known_set_new(const struct learn_records *records, const struct known_set *like,
                       const char *left_out, struct known_set **out, struct err_info *info);
void known_set_free(struct known_set *set);

#endif

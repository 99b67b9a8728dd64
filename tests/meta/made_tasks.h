/* Recorded tasks made by a formula, for the tests of what is learnt from them. */
#ifndef TESTS_META_MADE_TASKS_H
#define TESTS_META_MADE_TASKS_H

#include "tiller/knowledge.h"

#include <math.h>
#include <string.h>

enum { MADE_TASKS = 12, MADE_FAMILIES = 5, MADE_RUNS = 60, MADE_EPOCHS = 26, MADE_DIMS = 2 };

/* Each task has its best place in the unit square, near its family's; errors fall from 0.6 towards
 * a floor that rises with the distance from there, at the run's own rate. A tenth diverges. */
struct made_tasks {
    struct known_task task[MADE_TASKS];
    double unit[MADE_RUNS * MADE_DIMS];
    double error[MADE_TASKS][MADE_RUNS * MADE_EPOCHS];
    double train_loss[MADE_TASKS][MADE_RUNS * MADE_EPOCHS];
    double val_loss[MADE_TASKS][MADE_RUNS * MADE_EPOCHS];
    struct known_tasks known;
};

static inline void made_curve(struct made_tasks *m, int t, int run, double floor_at,
                              struct rng *rng)
{
    size_t at = (size_t)run * MADE_EPOCHS;
    struct rng own;
    rng_seed(&own, 32, (uint64_t)run);
    double rate = 0.05 + 0.4 * rng_uniform(&own), overfit = 0.3 * rng_uniform(&own);
    int last = rng_below(&own, 10) == 0 ? (int)rng_below(rng, MADE_EPOCHS) : MADE_EPOCHS;
    for (int e = 0; e < MADE_EPOCHS; e++) {
        double left = exp(-rate * (e + 1)), noise = 1 + 0.02 * rng_normal(rng);
        double error = (floor_at + (0.6 - floor_at) * left) * noise;
        m->error[t][at + (size_t)e] = e < last ? error : (double)NAN;
        m->train_loss[t][at + (size_t)e] = e < last ? left : (double)NAN;
        m->val_loss[t][at + (size_t)e] = e < last ? left + overfit * (1 - left) : (double)NAN;
    }
}

static inline void made_tasks(struct made_tasks *m)
{
    struct rng rng;
    rng_seed(&rng, 31, 1);
    memset(m, 0, sizeof *m);
    for (int i = 0; i < MADE_RUNS * MADE_DIMS; i++)
        m->unit[i] = rng_uniform(&rng);
    for (int t = 0; t < MADE_TASKS; t++) {
        int family = t * t % MADE_FAMILIES; /* of unequal sizes */
        double x = 0.3 + 0.08 * family, y = 0.6 - 0.05 * family + 0.1 * rng_uniform(&rng);
        for (int i = 0; i < MADE_RUNS; i++)
            made_curve(m, t, i, 0.05 + 0.5 * hypot(m->unit[2 * i] - x, m->unit[2 * i + 1] - y),
                       &rng);
        m->task[t] = (struct known_task){.name = "made",
                                         .family = family,
                                         .n_runs = MADE_RUNS,
                                         .n_epochs = MADE_EPOCHS,
                                         .unit = m->unit,
                                         .error = m->error[t],
                                         .train_loss = m->train_loss[t],
                                         .val_loss = m->val_loss[t],
                                         .majority_error = 0.6};
    }
    m->known = (struct known_tasks){.n = MADE_TASKS,
                                    .n_families = MADE_FAMILIES,
                                    .n_dims = MADE_DIMS,
                                    .n_shared = MADE_RUNS,
                                    .task = m->task};
}

#endif

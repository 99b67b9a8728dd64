/* made_known: knowledge of as many tasks as a test or benchmark wants, made by a formula on the
 * space of made_study: the nearer to a place that differs a little between tasks, the lower the
 * error. Its predictor looks at one feature only, how far a run is ahead of the best. */
#ifndef TESTS_MADE_KNOWN_H
#define TESTS_MADE_KNOWN_H

#include <math.h>
#include <string.h>

#include "made_study.h"
#include "tiller/knowledge.h"

enum { KNOWN_TASKS_MAX = 30, KNOWN_RUNS_MAX = 96 };

/* Task t is of family t % n_families. */
struct known_plan {
    int n_tasks, n_families, n_shared, n_own, full_epochs;
    int left_out; /* family; -1: none */
    double shift; /* between one task's best place and the next one's */
};
struct known {
    struct knowledge knowledge;
    struct knowledge_task task[KNOWN_TASKS_MAX];
    struct advice advice;
    char family[KNOWN_TASKS_MAX][64];
    double unit[KNOWN_TASKS_MAX][KNOWN_RUNS_MAX * SPACE_MAX];
    double log_error[KNOWN_TASKS_MAX][KNOWN_RUNS_MAX];
    struct guidance guidance; /* lends all of the above */
};
static const double known_majority = 0.9;

static inline double known_error_at(const double *unit, int n, double shift)
{
    double sum = 0.03;
    for (int i = 0; i < n; i++)
        sum += 0.2 * (unit[i] - 0.3 - shift) * (unit[i] - 0.3 - shift) / (i + 1);
    return sum;
}

static inline void known_make_task(struct known *k, const struct known_plan *plan, int t)
{
    const struct space *space = made_space();
    int n_runs = plan->n_shared + plan->n_own;
    for (int i = 0; i < n_runs; i++) {
        struct configuration c;
        double *unit = k->unit[t] + i * space->n;
        sobol_configuration(space, (uint32_t)(i < plan->n_shared ? i : i + t * plan->n_own), 7, &c);
        space_encode(space, &c, unit);
        k->log_error[t][i] = log(known_error_at(unit, space->n, plan->shift * t) + 0.002);
    }
    k->task[t] = (struct knowledge_task){.family = t % plan->n_families,
                                         .majority_error = known_majority,
                                         .full_epochs = plan->full_epochs,
                                         .n_runs = n_runs,
                                         .is_shared = true,
                                         .unit = k->unit[t],
                                         .log_error = k->log_error[t]};
    text_format(k->task[t].name, sizeof k->task[t].name, "task%d", t);
}

static inline void known_make(struct known *k, const struct known_plan *plan)
{
    const struct space *space = made_space();
    memset(k, 0, sizeof *k);
    for (int t = 0; t < plan->n_tasks; t++)
        known_make_task(k, plan, t);
    k->knowledge = (struct knowledge){.space = *space,
                                      .n_dims = space->n,
                                      .n_shared = plan->n_shared,
                                      .n_families = plan->n_families,
                                      .n_tasks = plan->n_tasks,
                                      .family = k->family,
                                      .task = k->task,
                                      .advice = &k->advice,
                                      .n_advice = 1};
    gp_axes(space, &k->advice.kernel);
    k->advice.left_out = plan->left_out;
    k->advice.ranker = (struct ranker){.portfolio = {.n = 4, .entry = {3, 9, 20, 31}},
                                       .similarity = {.evidence = 1, .spread = 0.7},
                                       .used = RANKING_EVEN};
    for (int r = 0; r < PREDICTOR_RUNGS; r++)
        k->advice.predictor.rung[r] = (struct predictor_rung){
            .n_pairs = 9, .weight = {1}, .edge = {1, 2}, .sd = {.1, .1, .1}};
    k->guidance = (struct guidance){
        .knowledge = &k->knowledge, .left_out = plan->left_out, .advice = &k->advice};
}

#endif

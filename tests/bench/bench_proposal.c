/* bench_proposal: how long the agent takes for a proposal with 200 trials and 30 known tasks.
 *
 * Usage: bench_proposal. The tasks and the new one are made by a formula: 64 shared and 32 own
 * configurations each, all of like weight, so that none can be passed over. Of the trials one in
 * four is complete, the others were stopped early. */
#include "../support/made_study.h"
#include "tiller/net.h"
#include "tiller/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TASKS = 30, FAMILIES = 10, SHARED = 64, OWN = 32, RUNS = SHARED + OWN, TRIALS = 200 };
enum { FULL_EPOCHS = 50, PROPOSALS = 60 };
static const double majority = 0.9;

struct known {
    struct knowledge knowledge;
    struct knowledge_task task[TASKS];
    struct advice advice;
    char family[FAMILIES][64];
    double unit[TASKS][RUNS * SPACE_MAX], log_error[TASKS][RUNS];
    struct guidance guidance;
};

static double error_at(const double *unit, int n, double shift)
{
    double sum = 0.03;
    for (int i = 0; i < n; i++)
        sum += 0.2 * (unit[i] - 0.3 - shift) * (unit[i] - 0.3 - shift) / (i + 1);
    return sum;
}

static void make_task(struct known *k, int t)
{
    const struct space *space = made_space();
    for (int i = 0; i < RUNS; i++) {
        struct configuration c;
        double *unit = k->unit[t] + i * space->n;
        sobol_configuration(space, (uint32_t)(i < SHARED ? i : i + t * OWN), 7, &c);
        space_encode(space, &c, unit);
        k->log_error[t][i] = log(error_at(unit, space->n, 0.005 * t) + 0.002);
    }
    k->task[t] = (struct knowledge_task){.family = t % FAMILIES,
                                         .majority_error = majority,
                                         .full_epochs = FULL_EPOCHS,
                                         .n_runs = RUNS,
                                         .is_shared = true,
                                         .unit = k->unit[t],
                                         .log_error = k->log_error[t]};
    text_format(k->task[t].name, sizeof k->task[t].name, "task%d", t);
}

static void known_new(struct known *k)
{
    const struct space *space = made_space();
    for (int t = 0; t < TASKS; t++)
        make_task(k, t);
    k->knowledge = (struct knowledge){.space = *space,
                                      .n_dims = space->n,
                                      .n_shared = SHARED,
                                      .n_families = FAMILIES,
                                      .n_tasks = TASKS,
                                      .family = k->family,
                                      .task = k->task,
                                      .advice = &k->advice,
                                      .n_advice = 1};
    gp_axes(space, &k->advice.kernel);
    k->advice.left_out = -1;
    k->advice.ranker = (struct ranker){.portfolio = {.n = 4, .entry = {3, 9, 20, 31}},
                                       .similarity = {.evidence = 1, .spread = 0.7},
                                       .used = RANKING_EVEN};
    for (int r = 0; r < PREDICTOR_RUNGS; r++)
        k->advice.predictor.rung[r] = (struct predictor_rung){
            .n_pairs = 9, .weight = {1}, .edge = {1, 2}, .sd = {.1, .1, .1}};
    k->guidance =
        (struct guidance){.knowledge = &k->knowledge, .left_out = -1, .advice = &k->advice};
}

/* One in four ran to its end. */
static void add_trial(struct made_study *made, const struct configuration *c)
{
    double unit[SPACE_MAX], value[FULL_EPOCHS];
    size_t n = made->study.n_trials % 4 ? 2 : FULL_EPOCHS;
    space_encode(made_space(), c, unit);
    for (size_t e = 0; e < n; e++)
        value[e] = error_at(unit, made_space()->n, 0.1) * (1 + 1.0 / (double)(e + 1));
    made_trial(made, n < FULL_EPOCHS ? TRIAL_PRUNED : TRIAL_COMPLETE, value, n)->config = *c;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static double seconds_of_thread(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Proposals after proposals, each of them run, from TRIALS - PROPOSALS on: what a search meets. */
static enum err measure(const struct search_context *context, struct made_study *made,
                        const struct sampler_ops *ops, double *ms)
{
    void *self;
    struct proposal p;
    struct rng rng;
    enum err err = ops->open(context, &self, NULL);
    for (int i = 0; i < PROPOSALS && err == ERR_OK; i++) {
        rng_seed(&rng, 5, made->study.n_trials);
        double from = seconds_of_thread();
        err = ops->propose(self, context, &rng, &p);
        ms[i] = 1000 * (seconds_of_thread() - from);
        add_trial(made, &p.config);
    }
    if (err == ERR_OK)
        ops->close(self);
    return err;
}

int main(void)
{
    static struct known k;
    struct made_study *made = made_new(made_space());
    struct search_context context = {.study = &made->study,
                                     .majority_error = majority,
                                     .share_left = 0.5,
                                     .full_epochs = FULL_EPOCHS,
                                     .rng_seed = 1,
                                     .guidance = &k.guidance};
    double ms[PROPOSALS];
    net_init();
    known_new(&k);
    for (uint32_t i = 0; i < TRIALS - PROPOSALS / 2; i++) {
        struct configuration c;
        sobol_configuration(made_space(), i, 3, &c);
        add_trial(made, &c);
    }
    enum err err = measure(&context, made, sampler_find("agent"), ms);
    made_free(made);
    if (err != ERR_OK) {
        fprintf(stderr, "bench_proposal: %s\n", err_sentence(err));
        return 1;
    }
    double first = ms[0]; /* takes in all the trials that there were */
    qsort(ms, PROPOSALS, sizeof *ms, compare);
    printf("proposals at %d to %d trials, %d known tasks: median %.2f ms, slowest %.2f ms, the "
           "first %.2f ms\n",
           TRIALS - PROPOSALS / 2, TRIALS + PROPOSALS / 2, TASKS, ms[PROPOSALS / 2],
           ms[PROPOSALS - 1], first);
    return 0;
}

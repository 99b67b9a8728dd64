/* bench_proposal: how long the agent takes for a proposal with 200 trials and 30 known tasks.
 *
 * Usage: bench_proposal. The tasks and the new one are made by a formula: 64 shared and 32 own
 * configurations each, all of like weight, so that none can be passed over. Of the trials one in
 * four is complete, the others were stopped early. */
#include "../support/made_known.h"
#include "tiller/net.h"
#include "tiller/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TRIALS = 200, FULL_EPOCHS = 50, PROPOSALS = 60 };

static const struct known_plan plan = {.n_tasks = 30,
                                       .n_families = 10,
                                       .n_shared = 64,
                                       .n_own = 32,
                                       .full_epochs = FULL_EPOCHS,
                                       .left_out = -1,
                                       .shift = 0.005};

/* One in four ran to its end. */
static void add_trial(struct made_study *made, const struct configuration *c)
{
    double unit[SPACE_MAX], value[FULL_EPOCHS];
    size_t n = made->study.n_trials % 4 ? 2 : FULL_EPOCHS;
    space_encode(made_space(), c, unit);
    for (size_t e = 0; e < n; e++)
        value[e] = known_error_at(unit, made_space()->n, 0.1) * (1 + 1.0 / (double)(e + 1));
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
                                     .majority_error = known_majority,
                                     .share_left = 0.5,
                                     .full_epochs = FULL_EPOCHS,
                                     .rng_seed = 1,
                                     .guidance = &k.guidance};
    double ms[PROPOSALS];
    net_init();
    known_make(&k, &plan);
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
           TRIALS - PROPOSALS / 2, TRIALS + PROPOSALS / 2, plan.n_tasks, ms[PROPOSALS / 2],
           ms[PROPOSALS - 1], first);
    return 0;
}

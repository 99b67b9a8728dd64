#include "made_study.h"

#include <math.h>
#include <stdlib.h>

const struct space *made_space(void)
{
    static struct space space;
    if (space.n == 0)
        space_of_task(SPACE_CLASSES, &space);
    return &space;
}

struct made_study *made_new(const struct space *space)
{
    struct made_study *made = mem_zero_alloc(1, sizeof *made);
    if (!made)
        abort();
    made->study.space = *space;
    made->study.direction = 1;
    made->study.best = -1;
    made->study.trials = made->trials;
    made->study.updates = made->updates;
    return made;
}

void made_free(struct made_study *made)
{
    mem_free(made);
}

struct trial *made_trial(struct made_study *made, enum trial_state state, const double *values,
                         size_t n)
{
    struct study *study = &made->study;
    size_t at = study->n_trials++;
    if (at >= sizeof made->trials / sizeof *made->trials || n > 64)
        abort();
    struct trial *t = &made->trials[at];
    *t = (struct trial){.id = (int64_t)at,
                        .number = (int64_t)at,
                        .state = state,
                        .curve = made->curves[at],
                        .n_epochs = n,
                        .value = NAN,
                        .best_epoch = -1,
                        .best_loss = NAN,
                        .reward = NAN,
                        .n_parameters = -1,
                        .continues = -1,
                        .continued_by = -1};
    space_default(&study->space, &t->config);
    for (size_t i = 0; i < n; i++) {
        t->curve[i] = (struct epoch_result){.step = (int)i + 1, .value = values[i]};
        for (int m = 0; m < METRIC_N; m++)
            t->curve[i].metric[m] = NAN;
        if (isfinite(values[i]) && !(values[i] >= t->value)) {
            t->value = values[i];
            t->best_epoch = (int)i + 1;
        }
    }
    study->epochs_spent += (int64_t)n;
    made->clock += 1;
    t->start_s = made->clock - 0.5;
    t->end_s = state == TRIAL_RUNNING || state == TRIAL_WAITING ? 0 : made->clock;
    study->n_state[state]++;
    return t;
}

struct trial *made_point(struct made_study *made, enum trial_state state, double value,
                         const struct configuration *config)
{
    struct trial *t = made_trial(made, state, &value, 1);
    if (config)
        t->config = *config;
    return t;
}

void made_update(struct made_study *made, const struct q_update *update)
{
    if (made->study.n_updates >= sizeof made->updates / sizeof *made->updates)
        abort();
    made->updates[made->study.n_updates++] = *update;
}

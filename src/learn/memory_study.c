/* memory_study: keeps a struct study as folding the lines of a log would.
 *
 * One trial runs at a time. What the fold has and samplers or pruners look at is kept up: trials,
 * curves, counts, best, epochs spent, times, updates; there are no events. Objectives are
 * minimised.
 */
#include "memory_study.h"

#include <math.h>
#include <string.h>

void memory_study_begin(struct memory_study *m, const struct space *space, int full_epochs)
{
    memset(m, 0, sizeof *m);
    m->full_epochs = full_epochs;
    m->study.space = *space;
    m->study.space_declared = true;
    m->study.direction = 1;
    m->study.best = -1;
    text_copy(m->study.metric, sizeof m->study.metric, "val_error");
}

void memory_study_free(struct memory_study *m)
{
    for (size_t i = 0; i < m->study.n_trials; i++)
        mem_free(m->study.trials[i].curve);
    mem_free(m->study.trials);
    mem_free(m->study.updates);
    memset(m, 0, sizeof *m);
}

static struct trial *newest(struct memory_study *m)
{
    return &m->study.trials[m->study.n_trials - 1];
}

struct trial *memory_study_add(struct memory_study *m, const struct proposal *p, uint64_t rng_seed,
                               int target_epochs)
{
    struct study *s = &m->study;
    struct epoch_result *curve = mem_alloc((size_t)m->full_epochs, sizeof *curve);
    if (!curve ||
        !mem_grow((void **)&s->trials, &s->trials_capacity, s->n_trials, sizeof *s->trials)) {
        mem_free(curve);
        return NULL;
    }
    struct trial *t = &s->trials[s->n_trials];
    *t = (struct trial){.id = (int64_t)s->n_trials,
                        .number = (int64_t)s->n_trials,
                        .state = TRIAL_RUNNING,
                        .config = p->config,
                        .curve = curve,
                        .curve_capacity = (size_t)m->full_epochs,
                        .value = (double)NAN,
                        .best_epoch = -1,
                        .best_loss = (double)NAN,
                        .n_parameters = -1,
                        .rng_seed = rng_seed,
                        .target_epochs = target_epochs,
                        .reward = (double)NAN,
                        .continues = -1,
                        .continued_by = -1,
                        .start_s = (double)s->epochs_spent + 0.5};
    text_copy(t->who, sizeof t->who, p->who);
    text_copy(t->situation, sizeof t->situation, p->situation);
    text_copy(t->action, sizeof t->action, p->action);
    text_copy(t->reason, sizeof t->reason, p->reason);
    s->n_trials++;
    s->n_state[TRIAL_RUNNING]++;
    s->next_trial_id++;
    s->version++;
    return t;
}

/* As the fold does after a change of the newest trial. */
static void refresh_best(struct memory_study *m)
{
    struct study *s = &m->study;
    const struct trial *t = newest(m), *best = study_best(s);
    if (best != t) {
        if (study_better(s, t, best))
            s->best = t->number;
        return;
    }
    best = NULL;
    for (size_t i = 0; i < s->n_trials; i++)
        if (study_better(s, &s->trials[i], best))
            best = &s->trials[i];
    s->best = best ? best->number : -1;
}

/* Than the best epoch so far: value, then lower loss (decisions 4). */
static bool is_better(const struct epoch_result *e, const struct trial *t)
{
    double loss = e->metric[METRIC_VAL_LOSS];
    if (isnan(e->value) || e->value > t->value)
        return false;
    return e->value != t->value || (!isnan(loss) && !(loss >= t->best_loss));
}

static void note_best(struct trial *t, const struct epoch_result *e)
{
    if (!is_better(e, t))
        return;
    t->value = e->value;
    t->best_epoch = e->step;
    t->best_loss = e->metric[METRIC_VAL_LOSS];
}

struct trial *memory_study_go_on(struct memory_study *m, int64_t parent, const struct proposal *p,
                                 int target_epochs)
{
    struct trial *t = memory_study_add(m, p, m->study.trials[parent].rng_seed, target_epochs);
    if (!t)
        return NULL;
    struct trial *from = &m->study.trials[parent];
    t->config = from->config;
    t->continues = parent;
    t->n_epochs = from->n_epochs;
    t->n_inherited = (int)from->n_epochs;
    memcpy(t->curve, from->curve, from->n_epochs * sizeof *t->curve);
    for (size_t i = 0; i < t->n_epochs; i++)
        note_best(t, &t->curve[i]);
    from->continued_by = t->number;
    refresh_best(m);
    return t;
}

void memory_study_epoch(struct memory_study *m, int epoch, double value, const double *metric)
{
    struct trial *t = newest(m);
    if (epoch > (int)t->n_epochs) {
        struct epoch_result *e = &t->curve[t->n_epochs++];
        *e = (struct epoch_result){.step = epoch, .value = value};
        for (int i = 0; i < METRIC_N; i++)
            e->metric[i] = metric ? metric[i] : (double)NAN;
        note_best(t, e);
    }
    t->n_recorded++;
    t->seconds += 1;
    m->study.epochs_spent++;
    m->study.seconds_trained += 1;
    m->study.version++;
    refresh_best(m);
}

void memory_study_end(struct memory_study *m, enum trial_state state, double reward)
{
    struct trial *t = newest(m);
    if (state == TRIAL_COMPLETE && isnan(t->value))
        state = TRIAL_FAIL;
    m->study.n_state[t->state]--;
    m->study.n_state[state]++;
    t->state = state;
    t->reward = reward;
    t->end_s = (double)m->study.epochs_spent + 1;
    if (state == TRIAL_PRUNED && t->n_epochs > 0)
        t->value = t->curve[t->n_epochs - 1].value;
    else if (state != TRIAL_COMPLETE)
        t->value = (double)NAN;
    m->study.version++;
    refresh_best(m);
}

enum err memory_study_update(struct memory_study *m, const struct q_update *update)
{
    struct study *s = &m->study;
    if (!mem_grow((void **)&s->updates, &s->updates_capacity, s->n_updates, sizeof *s->updates))
        return ERR_MEMORY;
    s->updates[s->n_updates++] = *update;
    s->version++;
    return ERR_OK;
}

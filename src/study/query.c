/* query: questions that everybody asks a fold. */
#include "study/internal.h"

#include <math.h>
#include <string.h>

const struct trial *study_trial(const struct study *study, int64_t number)
{
    return number >= 0 && (uint64_t)number < study->n_trials ? &study->trials[number] : NULL;
}

const char *trial_state_name(enum trial_state s)
{
    static const char *const names[] = {
        [TRIAL_RUNNING] = "running", [TRIAL_COMPLETE] = "done",   [TRIAL_PRUNED] = "pruned",
        [TRIAL_FAIL] = "failed",     [TRIAL_WAITING] = "waiting",
    };
    return (unsigned)s < sizeof names / sizeof *names ? names[s] : "unknown";
}

static bool may_be_best(const struct trial *t)
{
    return t && (t->state == TRIAL_COMPLETE || t->state == TRIAL_RUNNING) && !isnan(t->value);
}

/* Unknown losses and sizes lose against known ones. */
bool study_better(const struct study *study, const struct trial *a, const struct trial *b)
{
    if (!may_be_best(a) || !may_be_best(b))
        return may_be_best(a) && !may_be_best(b);
    if (a->value != b->value)
        return study->direction == 2 ? a->value > b->value : a->value < b->value;
    double loss_a = isnan(a->best_loss) ? (double)INFINITY : a->best_loss;
    double loss_b = isnan(b->best_loss) ? (double)INFINITY : b->best_loss;
    if (loss_a != loss_b)
        return loss_a < loss_b;
    uint64_t size_a = (uint64_t)a->n_parameters, size_b = (uint64_t)b->n_parameters;
    return size_a < size_b; /* -1 becomes the largest */
}

const struct trial *study_best(const struct study *study)
{
    return study_trial(study, study->best);
}

void fold_refresh_best(struct study *study, const struct trial *changed)
{
    const struct trial *best = study_best(study);
    if (best != changed) {
        if (study_better(study, changed, best))
            study->best = changed->number;
        return;
    }
    best = NULL;
    for (size_t i = 0; i < study->n_trials; i++)
        if (study_better(study, &study->trials[i], best))
            best = &study->trials[i];
    study->best = best ? best->number : -1;
}

struct trial *fold_find_id(struct study *study, int64_t id)
{
    size_t low = 0, high = study->n_trials;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (study->trials[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < study->n_trials && study->trials[low].id == id ? &study->trials[low] : NULL;
}

int64_t study_chain_last(const struct study *study, int64_t number)
{
    /* A link points to a later trial only (fold.c sees to it), so this ends. */
    const struct trial *t = study_trial(study, number);
    while (t && t->continued_by > t->number && study_trial(study, t->continued_by))
        t = study_trial(study, t->continued_by);
    return t ? t->number : number;
}

/* A continuation stands behind its parent (fold.c sees to it), so this ends. */
static const struct trial *parent_of(const struct study *study, const struct trial *t)
{
    return t->continues < t->number ? study_trial(study, t->continues) : NULL;
}

size_t study_chain(const struct study *study, int64_t number,
                   struct trial_link out[static TRIAL_LINKS_MAX])
{
    const struct trial *last = study_trial(study, number);
    size_t n = 0, i;
    for (const struct trial *t = last; t; t = parent_of(study, t))
        n++;
    i = n;
    for (const struct trial *t = last; t; t = parent_of(study, t))
        if (--i < TRIAL_LINKS_MAX)
            out[i] = (struct trial_link){
                .last = t->n_epochs > 0 ? t->curve[t->n_epochs - 1].step : 0,
                .target = t->target_epochs,
            };
    return n < TRIAL_LINKS_MAX ? n : TRIAL_LINKS_MAX;
}

void study_start_again(const struct study *study, const struct trial *t, struct trial_start *out)
{
    *out = (struct trial_start){.config = t->config,
                                .rng_seed = t->rng_seed,
                                .target_epochs = t->target_epochs,
                                .n_parameters = t->n_parameters,
                                .continues = t->continues};
    out->n_behind = study_chain(study, t->continues, out->behind);
}

bool study_event_steers(const struct study_event *e)
{
    static const char *const words[] = {"prune",    "finish",   "seed",        "extend",
                                        "withdraw", "priority", "next_action", "q_pin",
                                        "q_edit",   "q_freeze", "ban"};
    if (strcmp(e->who, "you") != 0)
        return false;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (strcmp(e->what, words[k]) == 0)
            return true;
    return false;
}

bool study_is_steered(const struct study *study)
{
    for (size_t i = 0; i < study->n_events; i++)
        if (study_event_steers(&study->events[i]))
            return true;
    return false;
}

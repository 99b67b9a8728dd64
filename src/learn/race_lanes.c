/* race_lanes: what a race's lanes are made of: pure functions of runs and studies. */
#include "race_lanes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void race_lane_free(struct race_lane *lane)
{
    mem_free(lane->step);
    memset(lane, 0, sizeof *lane);
}

/* Index of the last step at or before an epoch; -1: none. */
static long step_at(const struct race_lane *lane, int64_t epoch)
{
    size_t low = 0, high = lane->n_steps;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lane->step[middle].epoch <= epoch)
            low = middle + 1;
        else
            high = middle;
    }
    return (long)low - 1;
}

double race_error(const struct race_lane *lane, int64_t epoch)
{
    long i = step_at(lane, epoch);
    return i < 0 ? (double)NAN : lane->step[i].error;
}

int64_t race_reaches(const struct race_lane *lane, double target)
{
    for (size_t i = 0; i < lane->n_steps; i++)
        if (lane->step[i].error <= target)
            return lane->step[i].epoch;
    return 0;
}

/* Lanes without an error come last; of equals the first one stays in front. */
static bool leads(double a, double b)
{
    return !isnan(a) && (isnan(b) || a < b);
}

void race_order(const struct race_lane *lane, int n, int64_t epoch, int *order)
{
    for (int i = 0; i < n; i++) {
        double error = race_error(&lane[i], epoch);
        int at = i;
        for (; at > 0 && leads(error, race_error(&lane[order[at - 1]], epoch)); at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

enum err race_lane_add(struct race_lane *lane, const struct race_step *step)
{
    if (!mem_grow((void **)&lane->step, &lane->capacity, lane->n_steps, sizeof *lane->step))
        return ERR_MEMORY;
    lane->step[lane->n_steps++] = *step;
    return ERR_OK;
}

/* ---- of replayed searches ---------------------------------------------------------------- */

static int compare_epochs(const void *pa, const void *pb)
{
    const int64_t *a = pa, *b = pb;
    return *a < *b ? -1 : *a > *b;
}

static int compare_numbers(const void *pa, const void *pb)
{
    const double *a = pa, *b = pb;
    return *a < *b ? -1 : *a > *b;
}

/* Where any of the runs steps. Owner: caller. NULL: out of memory, or no step. */
static int64_t *epochs_of(const struct bench_run *run, int n, size_t *n_epochs)
{
    size_t total = 0, kept = 0;
    for (int i = 0; i < n; i++)
        total += (size_t)run[i].n_steps;
    int64_t *epoch = mem_alloc(total, sizeof *epoch);
    *n_epochs = 0;
    if (!epoch || total == 0)
        return epoch;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < run[i].n_steps; k++)
            epoch[kept++] = run[i].step[k].epoch;
    qsort(epoch, total, sizeof *epoch, compare_epochs);
    kept = 1;
    for (size_t i = 1; i < total; i++)
        if (epoch[i] != epoch[kept - 1])
            epoch[kept++] = epoch[i];
    *n_epochs = kept;
    return epoch;
}

enum err race_lane_of_runs(const struct bench_run *run, int n, double untrained,
                           struct race_lane *lane)
{
    size_t n_epochs;
    double error[RACE_SEEDS_MAX];
    enum err err = ERR_OK;
    lane->n_steps = 0;
    lane->n_runs = n;
    lane->n_epochs = 0;
    for (int i = 0; i < n; i++)
        lane->n_epochs = run[i].n_epochs > lane->n_epochs ? run[i].n_epochs : lane->n_epochs;
    int64_t *epoch = epochs_of(run, n, &n_epochs);
    if (!epoch)
        return ERR_MEMORY;
    for (size_t k = 0; k < n_epochs && err == ERR_OK; k++) {
        for (int i = 0; i < n; i++)
            error[i] = bench_run_error(&run[i], BENCH_EPOCHS, (double)epoch[k], untrained);
        qsort(error, (size_t)n, sizeof *error, compare_numbers);
        struct race_step step = {epoch[k], error[n / 2], error[n / 4], error[(3 * n) / 4]};
        err = race_lane_add(lane, &step);
    }
    mem_free(epoch);
    return err;
}

/* ---- of a study -------------------------------------------------------------------------- */

/* Something that was charged. */
struct moment {
    double time_s;
    size_t index; /* for ties */
    int64_t epochs;
    double error; /* NaN: none came of it */
};

static int compare_moments(const void *pa, const void *pb)
{
    const struct moment *a = pa, *b = pb;
    if (a->time_s != b->time_s)
        return a->time_s < b->time_s ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static size_t add_moment(struct moment *m, size_t n, double time_s, int64_t epochs, double error)
{
    m[n] = (struct moment){time_s, n, epochs, error};
    return n + 1;
}

/* Its own epochs, one after the other; what was trained twice stands at its begin. */
static size_t moments_of_trial(const struct trial *t, struct moment *m, size_t n)
{
    double now = t->start_s;
    size_t first = t->n_inherited > 0 ? (size_t)t->n_inherited : 0;
    int64_t own = t->n_epochs > first ? (int64_t)(t->n_epochs - first) : 0;
    double even = t->end_s > t->start_s && own > 0 ? (t->end_s - t->start_s) / (double)own : 0;
    if (t->n_recorded > own)
        n = add_moment(m, n, now, t->n_recorded - own, (double)NAN);
    for (size_t i = first; i < t->n_epochs; i++) {
        double seconds = t->curve[i].metric[METRIC_SECONDS];
        now += seconds >= 0 ? seconds : even;
        n = add_moment(m, n, now, 1, t->curve[i].value);
    }
    return n;
}

static size_t moments_of_charges(const struct study *study, struct moment *m, size_t n)
{
    for (size_t i = 0; i < study->n_events; i++) {
        const struct study_event *e = &study->events[i];
        struct cJSON *value = NULL;
        int64_t epochs = 0;
        if (strcmp(e->what, "charge") != 0 || !e->json ||
            json_parse(e->json, strlen(e->json), "event", &value, NULL) != ERR_OK)
            continue;
        if (json_get_int(value, "epochs", &epochs) && epochs > 0)
            n = add_moment(m, n, e->time_s, epochs, (double)NAN);
        json_free(value);
    }
    return n;
}

static size_t moments_at_most(const struct study *study)
{
    size_t n = study->n_events + 1;
    for (size_t i = 0; i < study->n_trials; i++)
        n += study->trials[i].n_epochs + 1;
    return n;
}

static enum err add_gains(const struct moment *m, size_t n, struct race_lane *lane)
{
    double best = (double)INFINITY;
    enum err err = ERR_OK;
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        lane->n_epochs += m[i].epochs;
        if (!(m[i].error < best)) /* NaN too */
            continue;
        best = m[i].error;
        struct race_step step = {lane->n_epochs, best, best, best};
        err = race_lane_add(lane, &step);
    }
    return err;
}

/* Its log says what is used, or why nothing is. */
static bool used_knowledge(const struct study *study)
{
    bool used = false;
    for (size_t i = 0; i < study->n_events && !used; i++) {
        const struct study_event *e = &study->events[i];
        struct cJSON *doc = NULL;
        if (strcmp(e->what, "knowledge") != 0 || !e->json ||
            json_parse(e->json, strlen(e->json), "event", &doc, NULL) != ERR_OK)
            continue;
        used = json_get(doc, "tasks") != NULL;
        json_free(doc);
    }
    return used;
}

enum err race_lane_of_study(const struct study *study, struct race_lane *lane)
{
    struct moment *m = mem_alloc(moments_at_most(study), sizeof *m);
    size_t n = 0;
    if (!m)
        return ERR_MEMORY;
    if (!lane->name[0])
        text_copy(lane->name, sizeof lane->name, study->name);
    lane->n_steps = 0;
    lane->n_epochs = 0;
    lane->n_runs = lane->n_wanted = 1;
    lane->live = study->n_state[TRIAL_RUNNING] > 0;
    lane->steered = study_is_steered(study);
    lane->knows = used_knowledge(study);
    if (study->direction == 2)
        text_copy(lane->problem, sizeof lane->problem, "is maximised: it has no error to race by");
    for (size_t i = 0; i < study->n_trials && study->direction != 2; i++)
        n = moments_of_trial(&study->trials[i], m, n);
    n = moments_of_charges(study, m, n);
    qsort(m, n, sizeof *m, compare_moments);
    enum err err = add_gains(m, n, lane);
    mem_free(m);
    return err;
}

/* material_records: recorded trainings as known tasks.
 *
 * A task is shared if all shared points of the plan have ended and lie where the first such task
 * has them; else its runs count as those of a past study do. Repeats with other seeds are no runs:
 * they tell how much a result means. */
#include "material.h"

#include <math.h>
#include <string.h>

struct gathering {
    struct material *m;
    const struct recorded_task *from;
    struct material_view view;
    int n_shared; /* of these are the plan's points */
    int *run;     /* [n] trainings: the points in order, then own ones */
    int n;
};

static double least_error(const struct recorded_training *t, int n)
{
    double least = (double)INFINITY;
    for (int e = 0; e < n && e < t->n_epochs; e++)
        least = fmin(least, (double)t->curve[RECORDED_VALUE][e]); /* passes NaN over */
    return least;
}

static double log_error_of(const struct recorded_task *task, const struct recorded_training *t)
{
    double least = least_error(t, task->full_epochs);
    return log((isfinite(least) ? least : task->facts.majority_error) + 0.002);
}

/* Standard deviation of a final log error between seeds, from all that were trained again. */
static double noise_of(const struct recorded_task *task)
{
    double squares = 0;
    int freedom = 0;
    for (size_t i = 0; i < task->n_trainings; i++) {
        double mean = log_error_of(task, &task->training[i]), spread = 0;
        int n = 1;
        for (size_t k = i + 1; k < task->n_trainings; k++) {
            if (task->training[k].repeats != (int)i)
                continue;
            double more = log_error_of(task, &task->training[k]) - mean;
            mean += more / ++n; /* Welford */
            spread += more * more * (n - 1) / n;
        }
        squares += spread;
        freedom += n - 1;
    }
    return freedom > 0 ? sqrt(squares / freedom) : 0;
}

/* Which trainings are runs. false: a shared point is missing. */
static bool choose_runs(struct gathering *g)
{
    const struct recorded_task *task = g->from;
    bool whole = true;
    g->n = 0;
    for (int p = 0; p < g->n_shared; p++) {
        size_t i = 0;
        while (i < task->n_trainings && task->training[i].point != p)
            i++;
        if (i < task->n_trainings)
            g->run[g->n++] = (int)i;
        else
            whole = false;
    }
    for (size_t i = 0; i < task->n_trainings; i++)
        if (task->training[i].repeats < 0 &&
            (task->training[i].point < 0 || task->training[i].point >= g->n_shared))
            g->run[g->n++] = (int)i;
    return whole;
}

static void put_curve(const float *from, int n, int n_epochs, double *out)
{
    for (int e = 0; e < n_epochs; e++)
        out[e] = e < n ? (double)from[e] : (double)NAN;
}

static void put_run(const struct gathering *g, int i, struct knowledge_task *t)
{
    const struct recorded_training *run = &g->from->training[g->run[i]];
    const struct material_curves *to = &g->m->curves[g->m->tasks.n - 1];
    size_t at = (size_t)i * (size_t)t->full_epochs;
    t->log_error[i] = log_error_of(g->from, run);
    material_put_place(&g->view, &run->config, t->unit + (size_t)i * (size_t)g->m->k->n_dims);
    if (!t->is_shared)
        return;
    put_curve(run->curve[RECORDED_VALUE], run->n_epochs, t->full_epochs, to->error + at);
    put_curve(run->curve[RECORDED_TRAIN_LOSS], run->n_epochs, t->full_epochs, to->train_loss + at);
    put_curve(run->curve[RECORDED_VAL_LOSS], run->n_epochs, t->full_epochs, to->val_loss + at);
}

static void put_facts(const struct recorded_task *from, const char *origin,
                      struct knowledge_task *t)
{
    text_copy(t->name, sizeof t->name, from->name);
    text_copy(t->variant, sizeof t->variant, from->variant);
    text_copy(t->fingerprint, sizeof t->fingerprint, from->fingerprint);
    text_sanitize(t->origin, sizeof t->origin, file_base_name(origin));
    t->majority_error = from->facts.majority_error > 0 ? from->facts.majority_error : 1;
    t->noise = noise_of(from);
    t->n_rows = from->facts.n_rows;
    t->n_inputs = from->facts.n_inputs;
    t->n_classes = from->facts.n_classes;
    t->full_epochs = from->full_epochs;
    t->has_looks = from->has_features;
    memcpy(t->feature, from->features.value, sizeof t->feature);
    memcpy(t->sketch, from->features.sketch, sizeof t->sketch);
}

/* Do the shared points lie where the first shared task has them? */
static bool lies_right(const struct gathering *g)
{
    const struct material *m = g->m;
    const double *first = m->tasks.n > 0 ? m->known[0].unit : NULL;
    double place[SPACE_MAX];
    for (int i = 0; i < g->n_shared && first; i++, first += m->k->n_dims) {
        material_put_place(&g->view, &g->from->training[g->run[i]].config, place);
        for (int d = 0; d < m->k->n_dims; d++)
            if (!(fabs(place[d] - first[d]) < 1e-9))
                return false;
    }
    return true;
}

static enum err add_task(const struct gathering *g, const char *origin, bool shared)
{
    struct material *m = g->m;
    struct knowledge_task *t = material_add_task(m, g->from->family);
    if (!t)
        return ERR_MEMORY;
    put_facts(g->from, origin, t);
    if (!material_make_runs(m, t, g->n, shared, true))
        return ERR_MEMORY;
    for (int i = 0; i < g->n; i++)
        put_run(g, i, t);
    if (shared) /* to the bit */
        memmove(t->unit, m->known[0].unit,
                (size_t)g->n_shared * (size_t)m->k->n_dims * sizeof *t->unit);
    return ERR_OK;
}

/* Most tasks' plan: other tasks share nothing with them. */
static const struct learn_plan *main_plan(const struct learn_records *r)
{
    size_t best = 0, most = 0;
    for (size_t i = 0; i < r->n_tasks; i++) {
        size_t n = 0;
        for (size_t k = 0; k < r->n_tasks; k++)
            n += r->task[k].plan.n_shared == r->task[i].plan.n_shared &&
                 r->task[k].plan.scramble == r->task[i].plan.scramble;
        if (n > most) {
            most = n;
            best = i;
        }
    }
    return &r->task[best].plan;
}

static void tell(const struct recorded_task *task, const char *what,
                 void (*say)(void *arg, const char *line), void *arg)
{
    char line[300];
    if (say)
        say(arg,
            text_format(line, sizeof line, "%s: %s; its trainings count as those of a past study",
                        task->name, what));
}

static enum err add(struct gathering *g, const struct learn_plan *plan, const char *origin,
                    void (*say)(void *arg, const char *line), void *arg)
{
    const struct learn_plan *own = &g->from->plan;
    bool same = own->n_shared == plan->n_shared && own->scramble == plan->scramble;
    g->view = (struct material_view){.k = g->m->k, .space = &g->from->space};
    knowledge_map(g->m->k, g->view.space, &g->view.map);
    g->n_shared = plan->n_shared;
    if (!choose_runs(g) && same) {
        tell(g->from, "not all shared configurations are recorded yet", say, arg);
        same = false;
    } else if (!same) {
        tell(g->from, "was recorded by another plan than most", say, arg);
    } else if (!lies_right(g)) {
        tell(g->from, "its shared configurations are others, as its space is", say, arg);
        same = false;
    }
    return g->n > 0 ? add_task(g, origin, same) : ERR_OK;
}

enum err material_add_records(struct material *m, const struct learn_records *r, const char *origin,
                              void (*say)(void *arg, const char *line), void *arg,
                              struct err_info *info)
{
    enum err err = ERR_OK;
    if (r->pool)
        return err_set(info, ERR_INPUT, origin, "pools are for judging only",
                       "holds pools: no knowledge may be made of them");
    if (r->n_tasks == 0)
        return ERR_OK;
    const struct learn_plan *plan = main_plan(r);
    m->k->n_shared = plan->n_shared;
    for (size_t i = 0; i < r->n_tasks && err == ERR_OK; i++) {
        struct gathering g = {.m = m, .from = &r->task[i]};
        g.run = mem_alloc(r->task[i].n_trainings + (size_t)plan->n_shared, sizeof *g.run);
        err = g.run ? add(&g, plan, origin, say, arg) : ERR_MEMORY;
        mem_free(g.run);
    }
    if (m->tasks.n == 0)
        m->k->n_shared = 0;
    return err == ERR_OK ? ERR_OK : err_set_memory(info, origin);
}

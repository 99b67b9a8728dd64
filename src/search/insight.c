/* insight: what the fold says: how much each known task weighs, and the portfolio's order (search
 * design, 4 and 6). */
#include "insight.h"

#include <math.h>
#include <string.h>

/* ---- looking at the fold ------------------------------------------------------------------- */

/* Where the trials lie, and what each known task says of them. */
static enum err know_runs(struct insight *in, const struct study *study)
{
    size_t n = study->n_trials, dims = (size_t)in->n_dims, tasks = (size_t)in->n_tasks;
    if (n < in->runs_known)
        in->runs_known = 0; /* another study */
    if (n > in->runs_capacity) {
        size_t capacity = n + n / 2 + 16;
        double *x = mem_alloc(capacity, dims * sizeof *x);
        double *z = mem_alloc(capacity, tasks * sizeof *z);
        if (!x || !z) {
            mem_free(x);
            mem_free(z);
            return ERR_MEMORY;
        }
        if (in->runs_known > 0) {
            memcpy(x, in->run_x, in->runs_known * dims * sizeof *x);
            memcpy(z, in->run_z, in->runs_known * tasks * sizeof *z);
        }
        mem_free(in->run_x);
        mem_free(in->run_z);
        in->run_x = x;
        in->run_z = z;
        in->runs_capacity = capacity;
    }
    for (size_t i = in->runs_known; i < n; i++) {
        const struct trial *t = &study->trials[i];
        if (t->state == TRIAL_WAITING) /* its parameters may not be there yet */
            break;
        insight_place(in, &t->config, in->run_x + i * dims);
        enum err err =
            transfer_predict(in->transfer, in->run_x + i * dims, 1, in->run_z + i * tasks);
        if (err != ERR_OK)
            return err;
        in->runs_known = i + 1;
    }
    return ERR_OK;
}

/* The final log error that a stopped run would have had, and how far that may be off. */
static void predict_end(const struct search_context *context, const struct search_result *r,
                        const struct trial *incumbent, double *log_error, double *sd)
{
    const double unknown = 0.5; /* nat */
    struct prediction p;
    *log_error = log(fmax(r->value, 0) + 0.002);
    *sd = unknown;
    if (incumbent && search_predict(context, r->trial, incumbent, &p)) {
        *log_error = p.log_error;
        *sd = p.sd;
    }
}

static enum err gather_results(struct insight *in, const struct search_context *context)
{
    const struct trial *incumbent = meta_incumbent(context->study, (double)INFINITY);
    mem_free(in->result);
    mem_free(in->log_error);
    mem_free(in->sd);
    in->log_error = in->sd = NULL;
    enum err err = search_results(context->study, &in->result, &in->n);
    if (err == ERR_OK) {
        in->log_error = mem_alloc((size_t)in->n, sizeof *in->log_error);
        in->sd = mem_alloc((size_t)in->n, sizeof *in->sd);
        err = in->log_error && in->sd ? ERR_OK : ERR_MEMORY;
    }
    int n = 0; /* results of trials whose place is known */
    for (int i = 0; i < in->n && err == ERR_OK; i++) {
        const struct search_result *r = &in->result[i];
        if ((size_t)r->trial->number >= in->runs_known)
            continue;
        in->result[n] = *r;
        double value = isfinite(r->value) ? r->value : context->majority_error;
        in->log_error[n] = log(fmax(value, 0) + 0.002);
        in->sd[n] = 0;
        if (r->trial->state == TRIAL_PRUNED)
            predict_end(context, r, incumbent, &in->log_error[n], &in->sd[n]);
        n++;
    }
    in->n = err == ERR_OK ? n : 0;
    return err;
}

/* Which known tasks order the results as this one does. */
static enum err weigh_tasks(struct insight *in)
{
    const double noise = 0.02; /* nat: nearer results say nothing about their order */
    const struct similarity *s = &in->guidance->advice->ranker.similarity;
    double *z = mem_alloc((size_t)in->n_tasks, (size_t)(in->n + 1) * sizeof *z);
    if (!z)
        return ERR_MEMORY;
    for (int t = 0; t < in->n_tasks; t++)
        for (int i = 0; i < in->n; i++)
            z[t * in->n + i] =
                in->run_z[(size_t)in->result[i].trial->number * (size_t)in->n_tasks + (size_t)t];
    similarity_discordance(in->log_error, in->n, noise, z, in->n_tasks, in->discordance);
    similarity_posterior(s, in->looks_weight, in->discordance, in->n_tasks, in->n, in->weight);
    in->trust = similarity_trust(in->weight, in->discordance, in->n_tasks, in->n, NULL);
    mem_free(z);
    return ERR_OK;
}

enum err insight_look(struct insight *in, const struct search_context *context)
{
    in->space = &context->study->space;
    enum err err = know_runs(in, context->study);
    if (err == ERR_OK)
        err = gather_results(in, context);
    return err == ERR_OK ? weigh_tasks(in) : err;
}

/* ---- the portfolio ------------------------------------------------------------------------- */

void insight_entry(const struct insight *in, int entry, struct configuration *out)
{
    const struct knowledge *k = in->guidance->knowledge;
    int shared = in->guidance->advice->ranker.portfolio.entry[entry];
    for (int t = 0; t < k->n_tasks; t++)
        if (k->task[t].is_shared) {
            knowledge_configuration(k, &in->map, in->space, k->task[t].unit + shared * k->n_dims,
                                    out);
            return;
        }
}

/* Errors of the first entry's run at its first epochs; NaN where it was not run. */
static void first_entry_early(const struct search_context *context, double *early)
{
    for (int e = 0; e < EARLY_N; e++)
        early[e] = (double)NAN;
    for (size_t i = 0; i < context->study->n_trials; i++) {
        const struct trial *t = &context->study->trials[i];
        if (search_entry_of(t) != 0)
            continue;
        for (int e = 0; e < EARLY_N; e++)
            if ((size_t)early_epoch[e] <= t->n_epochs)
                early[e] = t->curve[early_epoch[e] - 1].value / context->majority_error;
        return;
    }
}

void insight_entries(const struct insight *in, const struct search_context *context, int *order,
                     int *n)
{
    const struct ranker *r = &in->guidance->advice->ranker;
    const struct task_features *f = in->guidance->features;
    double early[EARLY_N], score[PORTFOLIO_MAX];
    bool tried[PORTFOLIO_MAX] = {false};
    int all[PORTFOLIO_MAX];
    first_entry_early(context, early);
    struct task_looks looks = {.feature = f ? f->value : NULL,
                               .sketch = f ? f->sketch : NULL,
                               .n_sketch = f ? SKETCH_N : 0,
                               .early = early};
    if (in->n < 2)
        ranker_scores(r, r->used, &in->ranks, in->left_out, &looks, score, in->scratch);
    else
        similarity_scores(in->weight, in->entry_z, in->n_tasks, r->portfolio.n, score);
    ranker_order(r, score, all);
    for (size_t i = 0; i < context->study->n_trials; i++) {
        int entry = search_entry_of(&context->study->trials[i]);
        if (entry >= 0 && entry < PORTFOLIO_MAX)
            tried[entry] = true;
    }
    *n = 0;
    for (int k = 0; k < r->portfolio.n; k++)
        if (!tried[all[k]])
            order[(*n)++] = all[k];
}

const char *insight_resembles(const struct insight *in, char *out, size_t out_size)
{
    enum { NAMED = 3 };
    const double least = 0.05;
    struct text t = {0};
    double below = 2;
    for (int k = 0; k < NAMED; k++) {
        int best = -1;
        for (int s = 0; s < in->n_tasks; s++)
            if (in->weight[s] < below && (best < 0 || in->weight[s] > in->weight[best]))
                best = s;
        if (best < 0 || in->weight[best] < least)
            break;
        below = in->weight[best];
        text_appendf(&t, "%s%s %.0f %%", k ? ", " : "", in->guidance->knowledge->task[best].name,
                     100 * in->weight[best]);
    }
    text_copy(out, out_size, text_get(&t));
    text_free(&t);
    return out;
}

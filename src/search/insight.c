/* insight: opening it and looking at the fold (search design, 6). */
#include "insight.h"

#include <math.h>
#include <string.h>

enum { SOBOL_POINTS = 1000, BEST_OF_TASK = 8 };
static const uint64_t sobol_scramble = 0x706f696e7473;

/* ---- the two spaces together --------------------------------------------------------------- */

/* Dimensions of the knowledge; then those of the study that nothing is known of, which known tasks
 * don't mind and the study's own runs do. */
static void join_spaces(struct insight *in)
{
    const struct knowledge *k = in->guidance->knowledge;
    const double no_matter = 1e6;
    struct gp_kernel own;
    knowledge_map(k, in->space, &in->map);
    gp_axes(in->space, &own);
    in->kernel = in->guidance->advice->kernel;
    for (int i = 0; i < in->map.n && in->kernel.n_dims < SPACE_MAX; i++) {
        if (in->map.known[i] >= 0 || in->space->h[i].held)
            continue;
        in->kernel.levels[in->kernel.n_dims] = own.levels[i];
        in->kernel.length[in->kernel.n_dims++] = no_matter;
    }
    in->n_dims = in->kernel.n_dims;
}

/* The same with what is unknown counted. */
struct gp_kernel insight_own_kernel(const struct insight *in)
{
    struct gp_kernel kernel = in->kernel;
    for (int d = in->guidance->knowledge->n_dims; d < kernel.n_dims; d++)
        kernel.length[d] = 1;
    return kernel;
}

void insight_place(const struct insight *in, const struct configuration *c, double *x)
{
    const struct knowledge *k = in->guidance->knowledge;
    double unit[SPACE_MAX];
    int d = k->n_dims;
    knowledge_place(k, &in->map, in->space, c, x);
    gp_place(in->space, c, unit);
    for (int i = 0; i < in->map.n && d < in->n_dims; i++)
        if (in->map.known[i] < 0 && !in->space->h[i].held)
            x[d++] = unit[i];
}

/* A known run on the axes of the kernel; what the knowledge lacks lies anywhere. */
static void place_known(const struct insight *in, const double *unit, double *x)
{
    const struct knowledge *k = in->guidance->knowledge;
    for (int d = 0; d < in->n_dims; d++)
        x[d] = d >= k->n_dims             ? 0
               : in->kernel.levels[d] > 0 ? (double)lround(unit[d] * (in->kernel.levels[d] - 1))
                                          : unit[d];
}

/* ---- known tasks --------------------------------------------------------------------------- */

static bool is_left_out(const struct insight *in, int task)
{
    return in->left_out[in->guidance->knowledge->task[task].family];
}

/* A check of what knowledge is worth: results that belong to other configurations. */
static void permute(double *value, int n, int task)
{
    struct rng rng;
    rng_seed(&rng, 0x7065726d, (uint64_t)task);
    for (int i = n - 1; i > 0; i--) {
        int j = (int)rng_below(&rng, (uint64_t)i + 1);
        double kept = value[i];
        value[i] = value[j];
        value[j] = kept;
    }
}

/* Rows and results of all tasks that are not left out, and the processes on them. */
static enum err learn_tasks(struct insight *in)
{
    const struct knowledge *k = in->guidance->knowledge;
    size_t rows = 0, at = 0;
    for (int t = 0; t < k->n_tasks; t++)
        rows += (size_t)k->task[t].n_runs;
    double *x = mem_alloc(rows, (size_t)in->n_dims * sizeof *x);
    double *error = mem_alloc(rows, sizeof *error);
    struct known_runs *runs = mem_zero_alloc((size_t)k->n_tasks, sizeof *runs);
    enum err err = x && error && runs ? ERR_OK : ERR_MEMORY;
    for (int t = 0; t < k->n_tasks && err == ERR_OK; t++) {
        const struct knowledge_task *task = &k->task[t];
        if (is_left_out(in, t))
            continue;
        int n = task->n_runs < GP_ROWS_MAX ? task->n_runs : GP_ROWS_MAX;
        runs[t] = (struct known_runs){n, x + at * (size_t)in->n_dims, error + at};
        for (int i = 0; i < n; i++, at++) {
            place_known(in, task->unit + (size_t)i * (size_t)k->n_dims,
                        x + at * (size_t)in->n_dims);
            error[at] = task->log_error[i];
        }
        if (in->guidance->permuted)
            permute(error + at - n, n, t);
    }
    if (err == ERR_OK)
        err = transfer_of_runs(&in->kernel, runs, k->n_tasks, &in->transfer);
    mem_free(x);
    mem_free(error);
    mem_free(runs);
    return err;
}

/* Scores of the shared configurations as the processes have them, for tasks of every origin. */
static enum err score_shared(struct insight *in)
{
    const struct knowledge *k = in->guidance->knowledge;
    const double *unit = NULL;
    for (int t = 0; t < k->n_tasks && !unit; t++)
        if (k->task[t].is_shared)
            unit = k->task[t].unit;
    if (!unit || k->n_shared == 0)
        return ERR_RANGE;
    double *x = mem_alloc((size_t)k->n_shared, (size_t)in->n_dims * sizeof *x);
    if (!x)
        return ERR_MEMORY;
    for (int i = 0; i < k->n_shared; i++)
        place_known(in, unit + i * k->n_dims, x + i * in->n_dims);
    enum err err = transfer_predict(in->transfer, x, k->n_shared, in->z);
    mem_free(x);
    const struct portfolio *p = &in->guidance->advice->ranker.portfolio;
    for (int t = 0; t < k->n_tasks && err == ERR_OK; t++)
        for (int e = 0; e < p->n; e++)
            in->entry_z[t * p->n + e] = in->z[t * k->n_shared + p->entry[e]];
    return err;
}

/* Looks of the known tasks; those that are unknown are taken for the mean. */
static void describe_tasks(struct insight *in)
{
    const struct knowledge *k = in->guidance->knowledge;
    int n_features = in->guidance->advice->ranker.similarity.n_features;
    n_features = n_features < FEATURE_N ? n_features : FEATURE_N;
    for (int t = 0; t < k->n_tasks; t++)
        in->family[t] = k->task[t].family;
    for (int j = 0; j < n_features; j++) {
        double sum = 0;
        int n = 0;
        for (int t = 0; t < k->n_tasks; t++)
            if (k->task[t].has_looks && !is_left_out(in, t)) {
                sum += k->task[t].feature[j];
                n++;
            }
        for (int t = 0; t < k->n_tasks; t++)
            in->feature[t * n_features + j] = k->task[t].has_looks && !is_left_out(in, t)
                                                  ? k->task[t].feature[j]
                                                  : sum / fmax(n, 1);
    }
    in->ranks = (struct known_ranks){.n = k->n_tasks,
                                     .n_families = k->n_families,
                                     .n_features = n_features,
                                     .n_configs = k->n_shared,
                                     .family = in->family,
                                     .feature = in->feature,
                                     .z = in->z};
}

/* ---- points that are always considered ----------------------------------------------------- */

/* The best runs of a task, one after the other. */
static int best_runs(const struct knowledge_task *t, int *run)
{
    int n = 0;
    for (int i = 0; i < t->n_runs; i++) {
        int at = n < BEST_OF_TASK ? n++ : BEST_OF_TASK;
        for (; at > 0 && t->log_error[run[at - 1]] > t->log_error[i]; at--)
            if (at < BEST_OF_TASK)
                run[at] = run[at - 1];
        if (at < BEST_OF_TASK)
            run[at] = i;
    }
    return n;
}

static void gather_points(struct insight *in)
{
    const struct knowledge *k = in->guidance->knowledge;
    int n = 0, run[BEST_OF_TASK];
    for (; n < SOBOL_POINTS; n++)
        sobol_configuration(in->space, (uint32_t)n, sobol_scramble, &in->point[n]);
    for (int t = 0; t < k->n_tasks; t++) {
        if (is_left_out(in, t))
            continue;
        int best = best_runs(&k->task[t], run);
        for (int i = 0; i < best; i++, n++)
            knowledge_configuration(k, &in->map, in->space, k->task[t].unit + run[i] * k->n_dims,
                                    &in->point[n]);
    }
    for (int i = 0; i < starting_point_count(); i++)
        starting_point(in->space, i, &in->point[n++]);
    in->n_points = n;
    for (int i = 0; i < n; i++)
        insight_place(in, &in->point[i], in->point_x + i * in->n_dims);
}

/* ---- opening ------------------------------------------------------------------------------- */

static bool make_room(struct insight *in)
{
    const struct knowledge *k = in->guidance->knowledge;
    size_t tasks = (size_t)k->n_tasks, shared = (size_t)k->n_shared, dims = (size_t)in->n_dims;
    size_t points = SOBOL_POINTS + tasks * BEST_OF_TASK + (size_t)starting_point_count();
    in->feature = mem_alloc(tasks, FEATURE_N * sizeof *in->feature);
    in->z = mem_alloc(tasks, (shared + 1) * sizeof *in->z);
    in->family = mem_alloc(tasks, sizeof *in->family);
    in->looks_weight = mem_alloc(tasks, sizeof *in->looks_weight);
    in->weight = mem_alloc(tasks, sizeof *in->weight);
    in->discordance = mem_alloc(tasks, sizeof *in->discordance);
    in->scratch = mem_alloc(tasks, sizeof *in->scratch);
    in->entry_z = mem_alloc(tasks, PORTFOLIO_MAX * sizeof *in->entry_z);
    in->point = mem_zero_alloc(points, sizeof *in->point);
    in->point_x = mem_alloc(points, dims * sizeof *in->point_x);
    in->point_z = mem_alloc(points, tasks * sizeof *in->point_z);
    return in->feature && in->z && in->family && in->looks_weight && in->weight &&
           in->discordance && in->scratch && in->entry_z && in->point && in->point_x && in->point_z;
}

enum err insight_open(const struct search_context *context, bool even, struct insight **out)
{
    const struct guidance *g = context->guidance;
    struct insight *in = mem_zero_alloc(1, sizeof *in);
    *out = NULL;
    if (!in)
        return ERR_MEMORY;
    in->guidance = g;
    in->space = &context->study->space;
    in->n_tasks = g->knowledge->n_tasks;
    in->left_out = mem_zero_alloc((size_t)g->knowledge->n_families, sizeof *in->left_out);
    join_spaces(in);
    enum err err = in->left_out && make_room(in) ? ERR_OK : ERR_MEMORY;
    if (err == ERR_OK) {
        if (g->left_out >= 0)
            in->left_out[g->left_out] = true;
        err = learn_tasks(in);
    }
    if (err == ERR_OK)
        err = score_shared(in);
    if (err == ERR_OK) {
        struct task_looks looks = {.feature = g->features && !even ? g->features->value : NULL};
        describe_tasks(in);
        gather_points(in);
        similarity_prior(&g->advice->ranker.similarity, &in->ranks, in->left_out, looks.feature,
                         in->looks_weight);
        err = transfer_predict(in->transfer, in->point_x, in->n_points, in->point_z);
    }
    if (err == ERR_OK)
        *out = in;
    else
        insight_close(in);
    return err;
}

void insight_close(struct insight *in)
{
    if (!in)
        return;
    transfer_free(in->transfer);
    void *all[] = {in->left_out,  in->feature,     in->z,       in->family,  in->looks_weight,
                   in->weight,    in->discordance, in->scratch, in->entry_z, in->point,
                   in->point_x,   in->point_z,     in->run_x,   in->run_z,   in->result,
                   in->log_error, in->sd};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        mem_free(all[i]);
    mem_free(in);
}

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

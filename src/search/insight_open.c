/* insight_open: what is worked out once per search: the known tasks and the study in one space, and
 * the points that the surrogate always considers (search design, 6 and 7). */
#include "insight.h"

#include <math.h>

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

/* bootstrap: the draws behind every interval of the bench (search design, section 12): families
 * with replacement, then as many tasks of each as it has, then as many seeds. One set of draws
 * serves all methods and budgets, so that differences are paired. */
#include "bootstrap.h"
#include "numbers.h"

#include <math.h>
#include <string.h>

static const uint64_t draw_seed = 20260101;

/* The tasks of one family; returns how many. */
static int members(const int *family, int n_tasks, int which, int *out)
{
    int n = 0;
    for (int i = 0; i < n_tasks; i++)
        if (family[i] == which)
            out[n++] = i;
    return n;
}

static int largest_family(const int *family, int n_tasks, int n_families, int *work)
{
    int most = 0;
    for (int f = 0; f < n_families; f++) {
        int n = members(family, n_tasks, f, work);
        most = n > most ? n : most;
    }
    return most;
}

static void draw_one(const int *family, int n_families, struct rng *rng, int *work,
                     struct bootstrap *b, int r)
{
    size_t row = (size_t)r * (size_t)b->width;
    int n = 0;
    for (int f = 0; f < n_families; f++) {
        int k = members(family, b->n_tasks, (int)rng_below(rng, (uint64_t)n_families), work);
        for (int i = 0; i < k; i++, n++) {
            b->task[row + (size_t)n] = work[rng_below(rng, (uint64_t)k)];
            b->weight[row + (size_t)n] = 1.0 / n_families / k;
            int *seed = &b->seed[(row + (size_t)n) * (size_t)b->n_seeds];
            for (int s = 0; s < b->n_seeds; s++)
                seed[s] = (int)rng_below(rng, (uint64_t)b->n_seeds);
        }
    }
    b->n_drawn[r] = n;
}

enum err bootstrap_draw(const int *family, int n_tasks, int n_families, int n_seeds,
                        int n_resamples, struct bootstrap *out, struct err_info *info)
{
    struct rng rng;
    int *work = mem_alloc((size_t)n_tasks, sizeof *work);
    memset(out, 0, sizeof *out);
    if (!work)
        return err_set_memory(info, "bootstrap");
    out->n_resamples = n_resamples;
    out->n_tasks = n_tasks;
    out->n_seeds = n_seeds;
    out->width = n_families * largest_family(family, n_tasks, n_families, work);
    size_t cells = (size_t)n_resamples * (size_t)out->width;
    out->n_drawn = mem_alloc((size_t)n_resamples, sizeof *out->n_drawn);
    out->task = mem_alloc(cells, sizeof *out->task);
    out->weight = mem_alloc(cells, sizeof *out->weight);
    out->seed = mem_alloc(cells, (size_t)n_seeds * sizeof *out->seed);
    bool made = out->n_drawn && out->task && out->weight && out->seed;
    rng_seed(&rng, draw_seed, 0);
    for (int r = 0; r < n_resamples && made; r++)
        draw_one(family, n_families, &rng, work, out, r);
    mem_free(work);
    if (!made)
        bootstrap_free(out);
    return made ? ERR_OK : err_set_memory(info, "bootstrap");
}

void bootstrap_free(struct bootstrap *b)
{
    mem_free(b->n_drawn);
    mem_free(b->task);
    mem_free(b->weight);
    mem_free(b->seed);
    memset(b, 0, sizeof *b);
}

void bootstrap_weights(const struct bootstrap *b, int r, double *weight)
{
    size_t row = (size_t)r * (size_t)b->width, seeds = (size_t)b->n_seeds;
    memset(weight, 0, (size_t)b->n_tasks * seeds * sizeof *weight);
    for (size_t i = row; i < row + (size_t)b->n_drawn[r]; i++)
        for (size_t s = 0; s < seeds; s++)
            weight[(size_t)b->task[i] * seeds + (size_t)b->seed[i * seeds + s]] +=
                b->weight[i] / b->n_seeds;
}

void bootstrap_plain_weights(const int *family, int n_tasks, int n_families, double *weight)
{
    for (int i = 0; i < n_tasks; i++) {
        int same = 0;
        for (int j = 0; j < n_tasks; j++)
            same += family[j] == family[i];
        weight[i] = 1.0 / n_families / same;
    }
}

static double percentile(const double *sorted, int n, double share)
{
    double place = share * (n - 1);
    int below = (int)floor(place);
    if (below >= n - 1)
        return sorted[n - 1];
    return sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]);
}

void bootstrap_interval(double *values, int n, struct bench_interval *out)
{
    numbers_sort(values, (size_t)n);
    out->low = percentile(values, n, 0.025);
    out->high = percentile(values, n, 0.975);
}

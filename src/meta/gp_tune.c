/* gp_tune: the length scales, variance and noise that explain targets best: a few draws from the
 * prior, then uphill from the best of them.
 *
 * What always holds: what is tuned are logarithms. The signal's variance stays what it is, that of
 * the targets: a larger one would let long length scales explain anything as a slope and noise. */
#include "gp.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum { PARAMETERS = SPACE_MAX + 1 };

struct tuning {
    const double *x, *y;
    int n_targets;
    int n_free, dim[SPACE_MAX]; /* dimensions in which rows differ: their length scales are tuned */
    int n;                      /* parameters: these, and perhaps the noise's share of the signal */
    struct gp gp;
    double *weights; /* [n_targets x rows] */
    double *inverse; /* [rows x rows] */
    double *pull;    /* [rows x rows]: what raising an entry of K would do to the likelihood, x 2 */
    double *pulled;  /* [rows x width] */
};
struct guess {
    double at[PARAMETERS]; /* logarithms: length scales, then the noise */
    double score;          /* log posterior up to a constant; -infinity: not possible */
};

/* ---- the prior --------------------------------------------------------------------------- */

/* Length scales grow with the root of the number of dimensions and may differ much: as Hvarfner et
 * al. 2024 (Vanilla Bayesian optimization performs great in high dimensions), but half the root in
 * the middle instead of four times it, which found more on made functions of 2 and 10 dimensions.
 */
static double length_middle(const struct tuning *t)
{
    return log(0.5) + 0.5 * log(t->n_free > 0 ? t->n_free : 1);
}
static const double length_variance = 3;
/* The noise's variance: a fiftieth of the signal's, within a factor of e. */
static const double noise_middle = -4, noise_variance = 1;
static const double least[2] = {-4, -11.5}, most[2] = {12, 2.3}; /* of a length, of the noise */

static double clip(const struct tuning *t, int i, double value)
{
    return fmin(fmax(value, least[i >= t->n_free]), most[i >= t->n_free]);
}

/* How far parameter i is from the prior's middle, in units of its variance. */
static double from_middle(const struct tuning *t, int i, double value)
{
    return i < t->n_free ? (value - length_middle(t)) / length_variance
                         : (value - noise_middle) / noise_variance;
}

/* Half of the spread of lengths is common to all, so that equal ones are drawn as well. */
static void draw(const struct tuning *t, struct rng *rng, struct guess *g)
{
    double half = sqrt(0.5 * length_variance), common = half * rng_normal(rng);
    for (int i = 0; i < t->n; i++)
        g->at[i] = clip(t, i,
                        i < t->n_free ? length_middle(t) + common + half * rng_normal(rng)
                                      : noise_middle + sqrt(noise_variance) * rng_normal(rng));
}

/* ---- the posterior and its slope --------------------------------------------------------- */

static void judge(struct tuning *t, struct guess *g)
{
    struct gp *gp = &t->gp;
    int rows = gp->n * t->n_targets;
    for (int i = 0; i < t->n_free; i++)
        gp->kernel.length[t->dim[i]] = exp(g->at[i]);
    if (t->n > t->n_free)
        gp->kernel.noise = gp->kernel.variance * exp(g->at[t->n_free]);
    g->score = -(double)INFINITY;
    if (!gp_fill(gp, t->x, NULL))
        return;
    gp_weights(gp, t->y, t->n_targets, t->weights);
    g->score = -0.5 * cblas_ddot(rows, t->y, 1, t->weights, 1) - t->n_targets * gp->half_logs;
    for (int i = 0; i < t->n; i++) {
        double middle = i < t->n_free ? length_middle(t) : noise_middle;
        g->score -= 0.5 * (g->at[i] - middle) * from_middle(t, i, g->at[i]);
    }
}

/* pull = sum over targets of (w w' - K^-1) (Rasmussen & Williams 2006, equation 5.9),
 * its lower triangle, from what judge left. */
static void find_pull(struct tuning *t)
{
    int n = t->gp.n;
    memset(t->inverse, 0, (size_t)n * (size_t)n * sizeof *t->inverse);
    for (int i = 0; i < n; i++)
        t->inverse[(size_t)i * (size_t)n + (size_t)i] = 1;
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, n, n, 1,
                t->gp.factor, n, t->inverse, n);
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, n, n, -t->n_targets, t->inverse, n, 0,
                t->pull, n);
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, n, t->n_targets, 1, t->weights, n, 1,
                t->pull, n);
}

/* Entry by entry times what the kernel gains there when all squared distances shrink by 2:
 * -2 dk / d r^2 = 5/3 (1 + s) exp(-s). */
static void times_kernel_slope(struct tuning *t)
{
    const struct gp *gp = &t->gp;
    int n = gp->n;
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, n, gp->width, -2, gp->scaled, gp->width, 0,
                t->inverse, n); /* no more needed: room for distances */
    for (int i = 0; i < n; i++) {
        double *pull = t->pull + (size_t)i * (size_t)n;
        const double *product = t->inverse + (size_t)i * (size_t)n;
        for (int j = 0; j < i; j++) {
            double s = sqrt(5 * fmax(gp->square[i] + gp->square[j] + product[j], 0));
            pull[j] *= 5.0 / 3 * (1 + s) * exp(-s);
        }
        pull[i] = 0;
    }
}

/* Half the sum over pairs of pull_ij (difference in this column)^2, column by column. */
static void find_column_slopes(struct tuning *t, double *column)
{
    const struct gp *gp = &t->gp;
    int n = gp->n, width = gp->width;
    double *ones = t->inverse, *sum = ones + n;
    for (int i = 0; i < n; i++)
        ones[i] = 1;
    cblas_dsymv(CblasRowMajor, CblasLower, n, 1, t->pull, n, ones, 1, 0, sum, 1);
    cblas_dsymm(CblasRowMajor, CblasLeft, CblasLower, n, width, 1, t->pull, n, gp->scaled, width, 0,
                t->pulled, width);
    memset(column, 0, (size_t)width * sizeof *column);
    for (int i = 0; i < n; i++)
        for (int c = 0; c < width; c++) {
            double x = gp->scaled[i * width + c];
            column[c] += x * (sum[i] * x - t->pulled[i * width + c]);
        }
}

/* The score's slope at the guess that was judged last. */
static void find_slope(struct tuning *t, const struct guess *g, double *slope)
{
    const struct gp_kernel *k = &t->gp.kernel;
    double column[SPACE_MAX * SPACE_CHOICES_MAX], per_dim[SPACE_MAX] = {0}, trace = 0;
    find_pull(t);
    for (int i = 0; i < t->gp.n; i++)
        trace += t->pull[i * (t->gp.n + 1)];
    times_kernel_slope(t);
    find_column_slopes(t, column);
    for (int d = 0, c = 0; d < k->n_dims; d++)
        for (int left = gp_columns(k, d); left > 0; left--)
            per_dim[d] += column[c++];
    for (int i = 0; i < t->n; i++)
        slope[i] = (i < t->n_free ? per_dim[t->dim[i]] : 0.5 * k->noise * trace) -
                   from_middle(t, i, g->at[i]);
}

/* ---- the search -------------------------------------------------------------------------- */

/* Rprop (Riedmiller & Braun 1993): a step per parameter that grows while its slope keeps its sign,
 * and shrinks when it changes. Leaves the best guess met. */
static void climb(struct tuning *t, int n_steps, struct guess *best)
{
    const double grow = 1.3, shrink = 0.5, longest = 1.5, shortest = 0.01;
    double step[PARAMETERS], slope[PARAMETERS] = {0}, before[PARAMETERS] = {0};
    struct guess g = *best;
    for (int i = 0; i < PARAMETERS; i++)
        step[i] = 0.4;
    judge(t, &g);
    for (int k = 0; k < n_steps && isfinite(g.score); k++) {
        find_slope(t, &g, slope);
        for (int i = 0; i < t->n; i++) {
            double same = slope[i] * before[i];
            step[i] *= same > 0 ? grow : same < 0 ? shrink : 1;
            step[i] = fmin(fmax(step[i], shortest), longest);
            before[i] = slope[i];
            if (slope[i] != 0)
                g.at[i] = clip(t, i, g.at[i] + copysign(step[i], slope[i]));
        }
        judge(t, &g);
        if (g.score > best->score)
            *best = g;
    }
}

static void find_free_dims(struct tuning *t)
{
    int n_dims = t->gp.kernel.n_dims;
    for (int d = 0; d < n_dims; d++) {
        bool differs = false;
        for (int i = 1; i < t->gp.n; i++)
            differs |= t->x[i * n_dims + d] != t->x[d];
        if (differs)
            t->dim[t->n_free++] = d;
    }
}

static struct guess search(struct tuning *t, int n_random, int n_steps, struct rng *rng)
{
    struct guess best = {.at = {0}};
    for (int i = 0; i < t->n; i++)
        best.at[i] = i < t->n_free ? length_middle(t) : noise_middle;
    judge(t, &best);
    for (int k = 0; k < n_random; k++) {
        struct guess g = {.at = {0}};
        draw(t, rng, &g);
        judge(t, &g);
        if (g.score > best.score)
            best = g;
    }
    climb(t, n_steps, &best);
    return best;
}

static void take_over(const struct tuning *t, const struct guess *g, struct gp_kernel *out)
{
    for (int i = 0; i < t->n_free; i++)
        out->length[t->dim[i]] = exp(g->at[i]);
    if (t->n > t->n_free)
        out->noise = out->variance * exp(g->at[t->n_free]);
}

enum err gp_tune(struct gp_kernel *kernel, const double *x, int n, const double *y, int n_targets,
                 bool tune_noise, int n_random, int n_steps, struct rng *rng)
{
    struct tuning t = {.x = x, .y = y, .n_targets = n_targets};
    if (n < 2 || n > GP_ROWS_MAX || n_targets < 1)
        return ERR_RANGE;
    size_t rows = (size_t)n;
    bool room = gp_reserve(&t.gp, kernel, n);
    t.weights = mem_alloc((size_t)n_targets, rows * sizeof *t.weights);
    t.inverse = mem_alloc(rows, rows * sizeof *t.inverse);
    t.pull = mem_alloc(rows, rows * sizeof *t.pull);
    t.pulled = mem_alloc(rows, (size_t)t.gp.width * sizeof *t.pulled);
    room = room && t.weights && t.inverse && t.pull && t.pulled;
    if (room) {
        find_free_dims(&t);
        t.n = t.n_free + tune_noise;
        struct guess best = search(&t, n_random, n_steps, rng);
        if (isfinite(best.score))
            take_over(&t, &best, kernel);
    }
    gp_release(&t.gp);
    mem_free(t.weights);
    mem_free(t.inverse);
    mem_free(t.pull);
    mem_free(t.pulled);
    return room ? ERR_OK : ERR_MEMORY;
}

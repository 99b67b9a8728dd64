/* surrogate: what is expected of configurations on the new task, from what known tasks say of them
 * and from its own runs.
 *
 * What always holds: with few runs the line in the prior decides; the process on what it misses has
 * the known tasks' length scales and the variance of the misses, so it decides as soon as they
 * follow a pattern. The best result so far was lucky with its seed, and a new run may be: what is
 * predicted is a result, with its seed's part. Source: search design, 7. */
#include "gp.h"
#include "tiller/knowledge.h"

#include <math.h>

enum { SCORES_FROM = 8 };
/* What another seed changes, as a share of the variance that the process explains. On five pools, 8
 * searches each, mean regret after 30 trainings: .088 with .05 for results and nothing for what is
 * predicted, .076 with .05 for both, .060 and .074 (other draws) with .15 for both. */
static const double seed_share = 0.15;

struct surrogate {
    struct gp *process;
    int n;
    double level, slope; /* of the line in the prior */
    double best;         /* target to improve on */
    double noise;        /* variance between seeds */
    double *weights;     /* [n] of the process */
};

static double mean_of(const double *value, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += value[i];
    return sum / n;
}

static double variance_of(const double *value, int n)
{
    double mean = mean_of(value, n), sum = 0;
    for (int i = 0; i < n; i++)
        sum += (value[i] - mean) * (value[i] - mean);
    return sum / n;
}

static double prior_at(const struct evidence *e, int i)
{
    return e->prior ? e->prior[i] : 0;
}

/* Ridge towards the scale, as if one run had confirmed it; never against the known tasks. */
static void fit_line(struct surrogate *s, const struct evidence *e, const double *target,
                     double scale)
{
    double target_mean = mean_of(target, e->n), prior_mean = 0, product = scale, square = 1;
    for (int i = 0; i < e->n; i++)
        prior_mean += prior_at(e, i) / e->n;
    for (int i = 0; i < e->n; i++) {
        double off = prior_at(e, i) - prior_mean;
        product += off * (target[i] - target_mean);
        square += off * off;
    }
    s->slope = fmax(product / square, 0.1 * scale);
    s->level = target_mean - s->slope * prior_mean;
}

static double best_of(const struct evidence *e, const double *target)
{
    double known = (double)INFINITY, any = (double)INFINITY;
    for (int i = 0; i < e->n; i++) {
        any = fmin(any, target[i]);
        if (!e->sd || e->sd[i] == 0)
            known = fmin(known, target[i]);
    }
    return isfinite(known) ? known : any;
}

/* The process on what the line misses; target becomes that, noise[n] is room. */
static enum err fit_process(struct surrogate *s, const struct gp_kernel *kernel,
                            const struct evidence *e, double *target, double *noise)
{
    struct gp_kernel own = *kernel;
    double spread = variance_of(e->log_error, e->n), units = variance_of(target, e->n);
    double per_log = spread > 0 ? units / spread : 1; /* variance of targets per log error's */
    for (int i = 0; i < e->n; i++)
        target[i] -= s->level + s->slope * prior_at(e, i);
    own.variance = fmax(variance_of(target, e->n), pow(0.15 * s->slope, 2));
    own.noise = s->noise = own.variance * seed_share;
    for (int i = 0; i < e->n; i++)
        noise[i] = own.noise + (e->sd ? e->sd[i] * e->sd[i] * per_log : 0);
    enum err err = gp_new(&own, e->x, noise, e->n, &s->process);
    if (err == ERR_OK)
        gp_weights(s->process, target, 1, s->weights);
    return err;
}

enum err surrogate_new(const struct gp_kernel *kernel, const struct evidence *evidence,
                       double scale, struct surrogate **out)
{
    int n = evidence->n;
    *out = NULL;
    if (n < 1 || n > GP_ROWS_MAX)
        return ERR_RANGE;
    struct surrogate *s = mem_zero_alloc(1, sizeof *s);
    double *target = mem_alloc((size_t)n, 2 * sizeof *target);
    enum err err = s && target ? ERR_OK : ERR_MEMORY;
    if (err == ERR_OK) {
        s->n = n;
        s->weights = mem_alloc((size_t)n, sizeof *s->weights);
        err = s->weights ? ERR_OK : ERR_MEMORY;
    }
    if (err == ERR_OK) {
        if (n >= SCORES_FROM)
            rank_normal(evidence->log_error, n, target);
        for (int i = 0; i < n && n < SCORES_FROM; i++)
            target[i] = evidence->log_error[i];
        s->best = best_of(evidence, target);
        fit_line(s, evidence, target, n >= SCORES_FROM ? 1 : scale);
        err = fit_process(s, kernel, evidence, target, target + n);
    }
    mem_free(target);
    if (err == ERR_OK)
        *out = s;
    else
        surrogate_free(s);
    return err;
}

void surrogate_free(struct surrogate *s)
{
    if (!s)
        return;
    gp_free(s->process);
    mem_free(s->weights);
    mem_free(s);
}

static double expected_by_line(const struct surrogate *s, const double *prior, int i)
{
    return s->level + (prior ? s->slope * prior[i] : 0);
}

enum err surrogate_predict(const struct surrogate *s, const double *x, const double *prior, int m,
                           double *mean, double *variance)
{
    enum err err = gp_predict(s->process, s->weights, 1, x, m, mean, variance);
    for (int i = 0; i < m && err == ERR_OK; i++) {
        mean[i] += expected_by_line(s, prior, i);
        variance[i] += s->noise;
    }
    return err;
}

enum err surrogate_glance(const struct surrogate *s, const double *x, const double *prior, int m,
                          double *mean, double *most)
{
    enum err err = gp_glance(s->process, s->weights, x, m, mean, most);
    for (int i = 0; i < m && err == ERR_OK; i++) {
        mean[i] += expected_by_line(s, prior, i);
        most[i] += s->noise;
    }
    return err;
}

double surrogate_best(const struct surrogate *s)
{
    return s->best;
}

enum err surrogate_improvement(const struct surrogate *s, const double *x, const double *prior,
                               int m, double *improvement)
{
    double *variance = mem_alloc((size_t)m, sizeof *variance);
    if (!variance)
        return ERR_MEMORY;
    enum err err = surrogate_predict(s, x, prior, m, improvement, variance);
    for (int i = 0; i < m && err == ERR_OK; i++)
        improvement[i] = gp_expected_improvement(improvement[i], sqrt(variance[i]), s->best);
    mem_free(variance);
    return err;
}

double surrogate_worth(double mean, double variance, double best, double left, double losers,
                       double *win)
{
    double sd = sqrt(variance);
    *win = normal_below((best - mean) / sqrt(fmax(variance, 1e-12)));
    return gp_expected_improvement(mean, sd, best) / (left * (*win + (1 - *win) * losers));
}

/* predictor: whether a run will end better than the incumbent did, from the beginnings of both
 * curves.
 *
 * Linear in four numbers per rung, so that a person can check it by hand; the noise it states is
 * what it missed on the tasks it was learnt from. Source: search design, 5. */
#include "predictor.h"

#include <math.h>

static const int rung_epoch[PREDICTOR_RUNGS] = {2, 4, 8, 16, 28, 40}; /* of 52 */
const double predictor_bound[PREDICTOR_RUNGS] = {0.02, 0.05, 0.08, 0.08, 0.08, 0.08};

int predictor_epoch(int rung, int full_epochs)
{
    int epoch = (int)lround(rung_epoch[rung] / 52.0 * full_epochs);
    return epoch > 2 ? epoch : 2;
}

int predictor_rung_at(int epoch, int full_epochs)
{
    for (int rung = PREDICTOR_RUNGS - 1; rung >= 0; rung--)
        if (epoch == predictor_epoch(rung, full_epochs) && epoch < full_epochs)
            return rung;
    return -1;
}

/* ---- a run beside the incumbent ---------------------------------------------------------- */

double predictor_log_least(const struct known_curve *curve, int n)
{
    double least = (double)INFINITY;
    for (int e = 0; e < n && e < curve->n; e++)
        least = fmin(least, curve->error[e]); /* NaN gives way */
    return log(least + 0.002);
}

/* Validation minus training loss after n epochs; 0 where it is not known. */
static double gap(const struct known_curve *curve, int n)
{
    int e = (n < curve->n ? n : curve->n) - 1;
    double value = curve->train_loss && curve->val_loss ? curve->val_loss[e] - curve->train_loss[e]
                                                        : (double)NAN;
    return isfinite(value) ? value : 0;
}

bool predictor_describe(const struct known_curve *run, const struct known_curve *incumbent, int n,
                        double feature[static PREDICTOR_FEATURES])
{
    const double widest = 1; /* nat: a loss may explode */
    double now = predictor_log_least(run, n) - predictor_log_least(incumbent, n);
    double before = predictor_log_least(run, n / 2) - predictor_log_least(incumbent, n / 2);
    feature[0] = now;
    feature[1] = now - before;
    feature[2] = fmax(-widest, fmin(gap(run, n) - gap(incumbent, n), widest));
    feature[3] = 1;
    return isfinite(now) && isfinite(before);
}

double predictor_sum(const struct predictor_rung *rung, const double *feature)
{
    double sum = 0;
    for (int j = 0; j < PREDICTOR_FEATURES; j++)
        sum += rung->weight[j] * feature[j];
    return sum;
}

double predictor_sd(const struct predictor_rung *rung, const double *feature)
{
    int bin = 0;
    while (bin < PREDICTOR_SDS - 1 && fabs(feature[0]) > rung->edge[bin])
        bin++;
    return rung->sd[bin];
}

/* By one scale for all, that of runs near the incumbent: what is far behind misses by more, but
 * must not look likelier to win for that. */
double predictor_raw_win(const struct predictor_rung *rung, const double *feature)
{
    return 0.5 * erfc(predictor_sum(rung, feature) / rung->sd[0] * sqrt(0.5));
}

/* ---- judging ----------------------------------------------------------------------------- */

bool predictor_judge(const struct predictor *p, const struct known_curve *run,
                     const struct known_curve *incumbent, int full_epochs, struct prediction *out)
{
    double feature[PREDICTOR_FEATURES];
    int k = predictor_rung_at(run->n, full_epochs);
    if (k < 0 || p->rung[k].n_pairs == 0 || !predictor_describe(run, incumbent, run->n, feature))
        return false;
    const struct predictor_rung *rung = &p->rung[k];
    double raw = predictor_raw_win(rung, feature), win = calibration_apply(&rung->calibration, raw);
    double end = predictor_log_least(incumbent, incumbent->n) + predictor_sum(rung, feature);
    *out = (struct prediction){.rung = k,
                               .win = win,
                               .raw = raw,
                               .log_error = end,
                               .sd = predictor_sd(rung, feature),
                               .stop = win < predictor_bound[k]};
    return true;
}

double predictor_asked(int rung, int full_epochs, double usual, int n)
{
    /* What starting another run would bring for the epochs. 0.5: .058 mean regret after 30
     * trainings of four pools; 1: .087, 2: .16; fixed bounds .02, .05, .08: .23. */
    const double asked = 0.5;
    const double known_win = 0.05; /* stands in for one more run */
    double left = 1 - (double)predictor_epoch(rung, full_epochs) / full_epochs;
    return asked * left * (usual + known_win) / (n + 1);
}

bool predictor_is_lost(const double *error, int n, int full_epochs, double majority_error)
{
    int above = 0;
    if (n > 0 && !isfinite(error[n - 1]))
        return true;
    for (int e = 1; e <= n; e++)
        if (predictor_rung_at(e, full_epochs) >= 0)
            above = error[e - 1] > majority_error ? above + 1 : 0;
    return above >= 3;
}

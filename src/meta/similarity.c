/* similarity: which known tasks a new one resembles, by what it looks like and by what came of the
 * configurations tried on it so far (search design, 6).
 *
 * What always holds: weights are not negative and sum to 1 unless every family is left out; tasks
 * of left-out families get 0 and none of their numbers is read. Sequential model-free
 * hyperparameter tuning (Wistuba et al. 2015) weighs tasks by discordant pairs in this way. */
#include "tiller/knowledge.h"

#include <math.h>

static bool is_left_out(const struct known_ranks *known, const bool *left_out, int task)
{
    return left_out && left_out[known->family[task]];
}

/* Variance of a feature over the tasks that are not left out. */
static double variance(const struct known_ranks *known, const bool *left_out, int j)
{
    double sum = 0, squares = 0;
    int n = 0;
    for (int s = 0; s < known->n; s++)
        if (!is_left_out(known, left_out, s)) {
            sum += known->feature[s * known->n_features + j];
            n++;
        }
    for (int s = 0; s < known->n; s++)
        if (!is_left_out(known, left_out, s))
            squares += pow(known->feature[s * known->n_features + j] - sum / n, 2);
    return n > 0 ? squares / n : 0;
}

/* Adds one feature's part to the distances. One that is the same for all says nothing. */
static void add_distances(const struct known_ranks *known, const bool *left_out, int j,
                          double emphasis, double value, double *distance)
{
    double spread = variance(known, left_out, j);
    if (!(spread > 0))
        return;
    for (int s = 0; s < known->n; s++)
        if (!is_left_out(known, left_out, s)) {
            double difference = value - known->feature[s * known->n_features + j];
            distance[s] += emphasis * difference * difference / spread;
        }
}

static int family_size(const struct known_ranks *known, int family)
{
    int n = 0;
    for (int s = 0; s < known->n; s++)
        n += known->family[s] == family;
    return n;
}

static void normalise(double *weight, int n)
{
    double sum = 0;
    for (int s = 0; s < n; s++)
        sum += weight[s];
    for (int s = 0; s < n && sum > 0; s++)
        weight[s] /= sum;
}

void similarity_prior(const struct similarity *s, const struct known_ranks *known,
                      const bool *left_out, const double *feature, double *prior)
{
    double nearest = (double)INFINITY;
    for (int t = 0; t < known->n; t++)
        prior[t] = 0;
    for (int j = 0; feature && j < known->n_features; j++)
        if (s->emphasis[j] > 0)
            add_distances(known, left_out, j, s->emphasis[j], feature[j], prior);
    /* The nearest one's distance is taken off all: far from everything, weights must not vanish. */
    for (int t = 0; t < known->n; t++)
        if (!is_left_out(known, left_out, t))
            nearest = fmin(nearest, prior[t]);
    for (int t = 0; t < known->n; t++)
        prior[t] = is_left_out(known, left_out, t)
                       ? 0
                       : exp((nearest - prior[t]) / 2) / family_size(known, known->family[t]);
    normalise(prior, known->n);
}

/* -1: a is better, 1: b is, 0: no further apart than the noise. NaN is worst. */
static int compare(double a, double b, double noise)
{
    if (isnan(a) || isnan(b))
        return (isnan(a) ? 1 : 0) - (isnan(b) ? 1 : 0);
    return fabs(a - b) <= noise ? 0 : a < b ? -1 : 1;
}

/* 2: z has these two the other way round, 1: it has them alike, 0: in this order. */
static int disorder(double a, double b, int order)
{
    double apart = order * (a - b);
    return isnan(apart) ? 1 - order * compare(a, b, 0) : (apart <= 0) + (apart < 0);
}

int similarity_discordance(const double *y, int n, double noise, const double *z, int n_tasks,
                           double *discordance)
{
    int pairs = 0;
    for (int s = 0; s < n_tasks; s++)
        discordance[s] = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++) {
            int order = compare(y[i], y[j], noise);
            pairs += order != 0;
            for (int s = 0; s < n_tasks && order != 0; s++)
                discordance[s] += disorder(z[s * n + i], z[s * n + j], order);
        }
    for (int s = 0; s < n_tasks; s++)
        discordance[s] = pairs > 0 ? discordance[s] / (2.0 * pairs) : 0.5;
    return pairs;
}

void similarity_posterior(const struct similarity *s, const double *prior,
                          const double *discordance, int n_tasks, int n_results, double *weight)
{
    double strength = s->evidence * (n_results < 25 ? n_results : 25), least = (double)INFINITY;
    for (int t = 0; t < n_tasks; t++)
        if (prior[t] > 0)
            least = fmin(least, discordance[t]);
    for (int t = 0; t < n_tasks; t++)
        weight[t] = prior[t] > 0 ? prior[t] * exp(strength * (least - discordance[t])) : 0;
    normalise(weight, n_tasks);
}

void similarity_scores(const double *weight, const double *z, int n_tasks, int n_configs,
                       double *score)
{
    for (int c = 0; c < n_configs; c++)
        score[c] = 0;
    for (int s = 0; s < n_tasks; s++, z += n_configs)
        for (int c = 0; weight[s] > 0 && c < n_configs; c++)
            score[c] += weight[s] * z[c];
}

double similarity_confidence(const struct similarity *s, double a, double b)
{
    return 0.5 * erfc((a - b) / s->spread * sqrt(0.5));
}

enum trust similarity_trust(const double *weight, const double *discordance, int n_tasks,
                            int n_results, double *mean)
{
    double sum = 0;
    for (int s = 0; s < n_tasks; s++)
        sum += weight[s] > 0 ? weight[s] * discordance[s] : 0;
    bool known = n_results >= 2;
    if (mean)
        *mean = known ? sum : (double)NAN;
    return !known || (sum >= .2 && sum <= .35) ? TRUST_MIDDLE : sum > .35 ? TRUST_LOW : TRUST_HIGH;
}

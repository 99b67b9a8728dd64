/* normal: the standard normal distribution, its quantiles, and ranks as normal scores. */
#include "tiller/meta.h"

#include <math.h>

double normal_below(double z)
{
    return 0.5 * erfc(-z * sqrt(0.5));
}

double normal_density(double z)
{
    return 0.3989422804014327 * exp(-0.5 * z * z);
}

double normal_quantile(double p)
{
    if (!(p > 0 && p < 1))
        return p <= 0 ? -(double)INFINITY : p >= 1 ? (double)INFINITY : p;
    /* A start within 5e-4 (Abramowitz & Stegun 1964, 26.2.23) for the lower half, where the error
     * function keeps its digits, then Halley's method, which triples them at each step. */
    double tail = p < 0.5 ? p : 1 - p, t = sqrt(-2 * log(tail));
    double z = -t + (2.515517 + t * (0.802853 + t * 0.010328)) /
                        (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for (int k = 0; k < 2; k++) {
        double newton = (normal_below(z) - tail) / normal_density(z);
        z -= newton / (1 + 0.5 * z * newton);
    }
    return p < 0.5 ? z : -z;
}

void rank_normal(const double *value, int n, double *score)
{
    for (int i = 0; i < n; i++) {
        int below = 0, equal = 0;
        for (int j = 0; j < n; j++) {
            below += value[j] < value[i];
            equal += value[j] == value[i];
        }
        score[i] = normal_quantile((below + 0.5 * equal) / n);
    }
}

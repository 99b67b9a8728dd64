/* ranks: rank statistics for comparing methods (Demsar 2006), and the few distributions they need.
 */
#include "ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ranked {
    double value;
    int index;
};

static int by_value(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->value, y = ((const struct ranked *)b)->value;
    return (x > y) - (x < y);
}

/* Each group of equal values gets the mean of its places. */
static void share_places(const struct ranked *sorted, int n, double *rank)
{
    for (int i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && sorted[j].value == sorted[i].value; j++)
            ;
        for (int k = i; k < j; k++)
            rank[sorted[k].index] = (i + 1 + j) / 2.0;
    }
}

void ranks_of(const double *value, int n, double *rank)
{
    enum { SMALL = 64 };
    struct ranked few[SMALL], *all = n <= SMALL ? few : mem_alloc((size_t)n, sizeof *all);
    for (int i = 0; i < n; i++) {
        rank[i] = (double)NAN;
        if (all)
            all[i] = (struct ranked){value[i], i};
    }
    if (!all)
        return;
    qsort(all, (size_t)n, sizeof *all, by_value);
    share_places(all, n, rank);
    if (all != few)
        mem_free(all);
}

/* ---- chi-squared ------------------------------------------------------------------------- */

/* Regularised lower incomplete gamma function by its series; for x < a + 1. */
static double gamma_series(double a, double x)
{
    double term = 1 / a, sum = term;
    for (int n = 1; n < 1000 && fabs(term) > 1e-16 * fabs(sum); n++) {
        term *= x / (a + n);
        sum += term;
    }
    int sign;
    return sum * exp(-x + a * log(x) - lgamma_r(a, &sign));
}

/* The upper one by its continued fraction (Lentz); for x >= a + 1. */
static double gamma_fraction(double a, double x)
{
    const double tiny = 1e-300;
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (int n = 1; n < 1000; n++) {
        double numerator = -n * (n - a);
        b += 2;
        d = numerator * d + b;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = b + numerator / c;
        c = fabs(c) < tiny ? tiny : c;
        h *= c * d;
        if (fabs(c * d - 1) < 1e-15)
            break;
    }
    int sign;
    return h * exp(-x + a * log(x) - lgamma_r(a, &sign));
}

double ranks_chi_squared(double x, double k)
{
    double a = k / 2, half = x / 2;
    if (!(x > 0))
        return 1;
    return half < a + 1 ? 1 - gamma_series(a, half) : gamma_fraction(a, half);
}

/* ---- Friedman and Nemenyi ---------------------------------------------------------------- */

/* Sum over groups of ties of t^3 - t. */
static double tie_term(const double *rank, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        int same = 0;
        for (int j = 0; j < n; j++)
            same += rank[j] == rank[i];
        sum += (double)same * same - 1; /* (t^3 - t) / t, once for each of the group */
    }
    return sum;
}

double ranks_friedman(const double *value, int n_blocks, int n_methods, double *mean_rank)
{
    double k = n_methods, n = n_blocks, squares = 0, ties = 0;
    double *rank = mem_alloc((size_t)n_methods, sizeof *rank);
    if (!rank)
        return (double)NAN;
    memset(mean_rank, 0, (size_t)n_methods * sizeof *mean_rank);
    for (int b = 0; b < n_blocks; b++) {
        ranks_of(&value[(size_t)b * (size_t)n_methods], n_methods, rank);
        ties += tie_term(rank, n_methods);
        for (int j = 0; j < n_methods; j++)
            mean_rank[j] += rank[j] / n;
    }
    mem_free(rank);
    for (int j = 0; j < n_methods; j++)
        squares += (mean_rank[j] - (k + 1) / 2) * (mean_rank[j] - (k + 1) / 2);
    double untied = 1 - ties / (n * (k * k * k - k));
    if (n_methods < 2 || !(untied > 1e-12))
        return 1;
    return ranks_chi_squared(12 * n / (k * (k + 1)) * squares / untied, k - 1);
}

static double normal_cdf(double x)
{
    return erfc(-x / sqrt(2)) / 2;
}

/* P(range of k standard normals < q): k times the integral of phi(z) (Phi(z) - Phi(z - q))^(k-1),
 * by Simpson's rule. */
static double range_cdf(double q, int k)
{
    enum { STEPS = 2000 };
    const double from = -8.5, to = 8.5 + q, h = (to - from) / STEPS;
    double sum = 0;
    for (int i = 0; i <= STEPS; i++) {
        double z = from + i * h;
        double weight = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;
        sum += weight * exp(-z * z / 2) * pow(normal_cdf(z) - normal_cdf(z - q), k - 1);
    }
    return k * sum * h / 3 / sqrt(2 * acos(-1));
}

double ranks_critical_difference(int n_methods, int n_blocks)
{
    double low = 0, high = 20, k = n_methods;
    if (n_methods < 2 || n_blocks < 1)
        return (double)NAN;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (range_cdf(middle, n_methods) < 0.95)
            low = middle;
        else
            high = middle;
    }
    return low / sqrt(2) * sqrt(k * (k + 1) / (6 * (double)n_blocks));
}

/* ---- Wilcoxon and Holm ------------------------------------------------------------------- */

/* Probability that the sum of signed ranks is at least as far from its mean as `sum`. The ranks are
 * doubled, so that shared ones are whole; chance[s] = P(sum of positive ones = s). */
static double sign_probability(const double *rank, int n, int sum)
{
    int total = n * (n + 1);
    double *chance = mem_zero_alloc((size_t)total + 1, sizeof *chance);
    double p = 0;
    if (!chance)
        return (double)NAN;
    chance[0] = 1;
    for (int i = 0; i < n; i++) {
        int r = (int)lround(2 * rank[i]);
        for (int s = total; s >= 0; s--)
            chance[s] = chance[s] / 2 + (s >= r ? chance[s - r] / 2 : 0);
    }
    for (int s = 0; s <= total; s++)
        if (abs(2 * s - total) >= abs(2 * sum - total))
            p += chance[s];
    mem_free(chance);
    return fmin(p, 1);
}

double ranks_wilcoxon(const double *difference, int n)
{
    double *size = mem_alloc((size_t)n, sizeof *size), *rank = mem_alloc((size_t)n, sizeof *rank);
    double p = (double)NAN, sum = 0;
    int kept = 0;
    for (int i = 0; i < n && size && rank; i++)
        if (difference[i] != 0)
            size[kept++] = fabs(difference[i]);
    if (size && rank) {
        ranks_of(size, kept, rank);
        for (int i = 0, k = 0; i < n; i++)
            if (difference[i] != 0)
                sum += difference[i] > 0 ? rank[k++] : 0 * rank[k++];
        p = kept ? sign_probability(rank, kept, (int)lround(2 * sum)) : 1;
    }
    mem_free(size);
    mem_free(rank);
    return p;
}

void ranks_holm(double *p, int n)
{
    double largest = 0;
    for (int done = 0; done < n; done++) { /* the least of those not corrected: marked by -p */
        int least = -1, left = 0;
        for (int i = 0; i < n; i++) {
            if (isnan(p[i]) || signbit(p[i]))
                continue;
            left++;
            if (least < 0 || p[i] < p[least])
                least = i;
        }
        if (least < 0)
            break;
        largest = fmax(largest, fmin(p[least] * left, 1));
        p[least] = -largest;
    }
    for (int i = 0; i < n; i++)
        p[i] = fabs(p[i]);
}

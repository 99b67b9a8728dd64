/* ranks: comparisons of several methods over several blocks (families of tasks) by their ranks. */
#ifndef TILLER_LEARN_RANKS_H
#define TILLER_LEARN_RANKS_H

#include "tiller/base.h"

/* Ranks 1..n of n values, the least first, ties sharing their mean rank. */
void ranks_of(const double *value, int n, double *rank);
/* Friedman's test: value[n_blocks x n_methods]; mean_rank[n_methods] out. Returns the probability
 * of ranks as uneven as these by chance (chi-squared approximation, corrected for ties); 1 if all
 * tie. ERR-free: NaN if out of memory. Source: Demsar 2006, JMLR 7:1. */
double ranks_friedman(const double *value, int n_blocks, int n_methods, double *mean_rank);
/* Critical difference of mean ranks at 5 % (Nemenyi): q sqrt(k(k+1)/6N), q the studentised range's
 * quantile over sqrt 2. NaN for n_methods < 2. */
double ranks_critical_difference(int n_methods, int n_blocks);
/* Wilcoxon's signed-rank test, two-sided, exact also with ties; zeros are left out; 1 if nothing is
 * left. n <= 1000. NaN if out of memory. */
double ranks_wilcoxon(const double *difference, int n);
/* Holm's correction of n probabilities, in place; NaN ones stay. */
void ranks_holm(double *p, int n);
/* Probability of a chi-squared variable with k degrees of freedom above x. */
double ranks_chi_squared(double x, double k);

#endif

/* bootstrap: resamples of families, then of tasks in each, then of seeds on each. */
#ifndef TILLER_LEARN_BOOTSTRAP_H
#define TILLER_LEARN_BOOTSTRAP_H

#include "tiller/bench.h"

/* Resample r has n_drawn[r] tasks; each stands with its weight (families weigh the same, tasks of a
 * family share its weight) and n_seeds seeds. The sum of weights is 1. */
struct bootstrap {
    int n_resamples, n_tasks, n_seeds;
    int width;      /* most tasks in one resample */
    int *n_drawn;   /* [n_resamples] */
    int *task;      /* [n_resamples x width] */
    double *weight; /* [n_resamples x width] */
    int *seed;      /* [n_resamples x width x n_seeds] */
};
/* family[n_tasks]: 0..n_families-1. The same draws for the same numbers. Owner: caller,
 * bootstrap_free. */
enum err bootstrap_draw(const int *family, int n_tasks, int n_families, int n_seeds,
                        int n_resamples, struct bootstrap *out, struct err_info *info);
void bootstrap_free(struct bootstrap *b);
/* What weight each task and seed has in resample r: weight[n_tasks x n_seeds]. */
void bootstrap_weights(const struct bootstrap *b, int r, double *weight);
/* Equal weights for families, then tasks: weight[n_tasks], sum 1. */
void bootstrap_plain_weights(const int *family, int n_tasks, int n_families, double *weight);
/* 2.5 % and 97.5 % of n values, which are sorted; linear between neighbours. */
void bootstrap_interval(double *values, int n, struct bench_interval *out);

#endif

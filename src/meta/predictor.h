/* What predictor.c and predictor_learn.c share: how a run is described against the incumbent. */
#ifndef TILLER_META_PREDICTOR_H
#define TILLER_META_PREDICTOR_H

#include "tiller/knowledge.h"

extern const double predictor_bound[PREDICTOR_RUNGS]; /* stop below */

/* After the run's first n epochs; false: a curve holds no number there. The first is how far the
 * run is behind. */
bool predictor_describe(const struct known_curve *run, const struct known_curve *incumbent, int n,
                        double feature[static PREDICTOR_FEATURES]);
/* ln(y + 0.002), y the least of the first n epochs; INFINITY: none is a number. */
double predictor_log_least(const struct known_curve *curve, int n);
double predictor_sum(const struct predictor_rung *rung, const double *feature);
double predictor_sd(const struct predictor_rung *rung, const double *feature);
/* Probability to end below 0, before calibration. */
double predictor_raw_win(const struct predictor_rung *rung, const double *feature);

#endif

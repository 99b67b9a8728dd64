/* race_lanes: what race.c needs to make its lanes. */
#ifndef TILLER_LEARN_RACE_LANES_H
#define TILLER_LEARN_RACE_LANES_H

#include "tiller/race.h"

/* Median and quartiles of n searches, 1..RACE_SEEDS_MAX. untrained: what each begins with. */
enum err race_lane_of_runs(const struct bench_run *run, int n, double untrained,
                           struct race_lane *lane);

#endif

/* targets: how many times fewer epochs one method needs to reach what another one reached. */
#ifndef TILLER_LEARN_TARGETS_H
#define TILLER_LEARN_TARGETS_H

#include "bootstrap.h"

/* Fills speedup and reached of pair[n_methods x n_methods] for the first n_targets targets. plain:
 * [n_tasks] weights of the tasks. */
enum err targets_compare(const struct bench_result *result, enum bench_axis axis,
                         const struct bootstrap *draws, const double *plain, int n_targets,
                         struct bench_pair *pair, struct err_info *info);

#endif

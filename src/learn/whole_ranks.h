/* Mean ranks at 1, 2 .. 30 full trainings. */
#ifndef TILLER_LEARN_WHOLE_RANKS_H
#define TILLER_LEARN_WHOLE_RANKS_H

#include "tiller/bench.h"

/* n_whole and whole_rank. ERR_MEMORY. */
enum err whole_ranks_fill(struct bench_statistics *s, struct err_info *info);
/* Has nobody a better mean rank after budget + 1 full trainings? */
bool whole_ranks_first(const struct bench_statistics *s, int method, int budget);

#endif

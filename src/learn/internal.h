/* What the files of this room share. */
#ifndef TILLER_LEARN_INTERNAL_H
#define TILLER_LEARN_INTERNAL_H

#include "tiller/learn.h"

/* ---- plan.c */
#define WHO_DESIGN "design"
#define WHO_POOL "pool"
#define WHO_REPEAT "repeat"
/* What is repeated: shared points drawn by a fixed seed, and how many of the best others. */
enum { DRAWN_MAX = 8, BEST_MAX = 8 };
int plan_drawn(const struct learn_plan *plan, int point[static DRAWN_MAX]);
int plan_n_best(const struct learn_plan *plan);
void plan_write(const struct learn_plan *plan, struct text *out);
bool plan_same(const struct learn_plan *a, const struct learn_plan *b);
const struct sampler_ops *plan_sampler(const struct learn_plan *plan);

#endif

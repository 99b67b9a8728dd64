/* What the files of this room share. */
#ifndef TILLER_LEARN_INTERNAL_H
#define TILLER_LEARN_INTERNAL_H

#include "tiller/learn.h"

struct cJSON;

/* ---- plan.c */
#define WHO_DESIGN "design"
#define WHO_POOL "pool"
#define WHO_REPEAT "repeat"
/* What is repeated: shared points drawn by a fixed seed, and how many of the best others. */
enum { DRAWN_MAX = 8, BEST_MAX = 8 };
int plan_drawn(const struct learn_plan *plan, int point[static DRAWN_MAX]);
int plan_n_best(const struct learn_plan *plan);
void plan_write(const struct learn_plan *plan, struct text *out);
bool plan_read(const struct cJSON *object, struct learn_plan *out);
bool plan_same(const struct learn_plan *a, const struct learn_plan *b);
const struct sampler_ops *plan_sampler(const struct learn_plan *plan);

/* ---- cost.c: in units of nothing, to be compared only */
double cost_of_epoch(const struct space *space, const struct configuration *c,
                     const struct net_rows *shape);
/* Mean over the shared points. */
double cost_of_shared(const struct learn_plan *plan, const struct space *space,
                      const struct net_rows *shape);
/* What is left of a plan when so many trainings are done, in trainings of a shared point's cost;
 * own: what one that was found on the task (or is repeated because it is good) costs. */
double cost_of_plan(const struct learn_plan *plan, int done, double own);

/* ---- records.c */
#define RECORDS_FORMAT "tiller records"
#define RECORDED_MAX 1e38 /* of a curve; beyond it stands NaN */
enum { RECORDS_VERSION = 1 };
/* One more task, one more training of it: zeroed; NULL: out of memory. */
struct recorded_task *records_add_task(struct learn_records *r);
struct recorded_training *records_add_training(struct recorded_task *task);
/* Its curves, all NaN, for n epochs; false: out of memory. */
bool records_make_curves(struct recorded_training *t, int n_epochs);
/* Any study whose values are minimised, recording or not: its ended trials. A trial that ended
 * before the full length (the longest one's, where the log says none) is left out. */
enum err records_add_study(struct learn_records *r, const struct study *study, const char *path,
                           struct err_info *info);
bool records_has(const struct learn_records *r, const char *fingerprint);

#endif

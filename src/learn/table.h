/* What the loaders of curve tables share. */
#ifndef TILLER_LEARN_TABLE_H
#define TILLER_LEARN_TABLE_H

#include "tiller/bench.h"
#include "tiller/learn.h"

/* A task without curves, its name and family sanitised, appended; NULL: out of memory. Its pool is
 * set, the errors are NaN. */
struct curve_task *table_add_task(struct curve_table *table, const char *name, const char *family,
                                  const struct curve_pool *pool, int n_epochs);
/* table_from_records: a pool for each task. ERR_INPUT: fewer than two full trainings; another space
 * than the others'. */
enum err table_from_records(const struct learn_records *records, const char *name,
                            struct curve_table **out, struct err_info *info);
/* When all curves are read: percentages become shares, what follows a NaN is NaN, tasks are sorted,
 * figures and families worked out. untrained: [n_tasks] what networks had before training, NaN
 * where unknown. ERR_INPUT: a task on which nothing can be compared. */
enum err table_finish(struct curve_table *table, const double *untrained, struct err_info *info);

#endif

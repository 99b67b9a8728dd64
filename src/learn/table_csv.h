/* table_csv: the two files of a curve table (bench.h, curve_table_load), read one after the other:
 * what is known after the configurations is what the rows of the curves are looked up in. */
#ifndef TILLER_LEARN_TABLE_CSV_H
#define TILLER_LEARN_TABLE_CSV_H

#include "cells.h"
#include "table.h"

/* A configuration's id and where it stands, sorted by id for look-up. */
struct table_place {
    char id[32];
    int index;
};

struct table_reading {
    struct curve_table *table;
    struct table_place *places; /* [n] */
    int n;
    size_t capacity;
    double *value; /* [n x space.n], row-major: as in the file, then internal */
    size_t value_capacity;
    bool complement[SPACE_MAX];
    int n_epochs;
    int id_column, task_column, family_column, cost_column, first_epoch; /* of the curves */
    bool has_untrained; /* the column before first_epoch is epoch 0 */
    bool *seen;         /* [n_tasks x n] */
    double *untrained;  /* [n_tasks x n], NaN where unknown */
    double *task_untrained;
    struct err_info *info;
};

/* The file of configurations: the pool, with its space. Errors: ERR_INPUT with file, line, column;
 * ERR_MEMORY. */
enum err table_read_configs(struct table_reading *r, const char *path);
int table_find_config(const struct table_reading *r, const char *id); /* its index; -1: none */
/* Then the file of curves: the tasks. Errors: the same. */
enum err table_read_curves(struct table_reading *r, const char *path);

#endif

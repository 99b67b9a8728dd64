/* What table.c (what a table says) and encode.c (how it becomes numbers) share. */
#ifndef TILLER_DATA_TABLE_H
#define TILLER_DATA_TABLE_H

#include "internal.h"

/* How a categorical column becomes inputs: one per kept level, sorted by name, then one for missing
 * and one for all other levels, each only if training rows need it (-1 otherwise). */
struct one_hot {
    const char **level; /* [n], lent from the table */
    int n, missing, other;
};

struct table {
    const struct data_options *options;
    struct data_set *set;
    struct csv csv;
    struct classes classes;
    const char **text;       /* [n_rows] scratch for sorting cells */
    int32_t *label;          /* [n_rows] class, -1: dropped */
    uint8_t *part;           /* [n_rows] */
    float **x;               /* [n_rows] encoded row, NULL: dropped */
    double *value;           /* [2 * n_rows] one numeric column, then scratch for its median */
    struct one_hot *one_hot; /* [n_columns] */
    int32_t target;
    struct err_info *info;
};

/* Feature columns are counted without the label. */
static inline int32_t table_csv_column(const struct table *t, int32_t column)
{
    return column + (column >= t->target);
}
static inline const char *table_cell(const struct table *t, int64_t row, int32_t column)
{
    return csv_cell(&t->csv, row, table_csv_column(t, column));
}
bool table_is_missing(const struct table *t, const char *cell);
int table_compare_texts(const void *a, const void *b);

/* encode_fit: one-hot levels and the place of every column in the encoded row, from training rows.
 * encode_rows: statistics of numeric columns from training rows, then every row. */
enum err encode_fit(struct table *t);
void encode_rows(struct table *t);

#endif

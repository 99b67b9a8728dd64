/* What table.c (the columns), label.c (the label) and encode.c (how they become numbers) share. */
#ifndef TILLER_DATA_TABLE_H
#define TILLER_DATA_TABLE_H

#include "internal.h"

#define NUMERIC_SHARE 0.95 /* of the non-empty fields: then the column is numeric */

struct table {
    const struct data_options *options;
    struct data_set *set;
    struct csv csv;
    struct csv_names names;
    struct encoding *encoding; /* the set's */
    struct classes classes;
    const char **text; /* [n_rows] scratch for sorting cells */
    int32_t *label;    /* [n_rows] class, -1: dropped; regression: tenth, for the split */
    double *quantity;  /* [n_rows] the label as a number; NaN where it is none */
    uint8_t *part;     /* [n_rows] */
    float **x;         /* [n_rows] encoded row, NULL: dropped */
    double *value;     /* [2 * n_rows] one numeric column, then scratch for its median */
    int32_t target;
    int32_t *feature; /* the file's column of each feature column, in order */
    struct err_info *info;
};

/* column: of the features */
static inline const char *table_cell(const struct table *t, int64_t row, int32_t column)
{
    return csv_cell(&t->csv, row, t->feature[column]);
}
int table_compare_texts(const void *a, const void *b); /* for qsort and bsearch */

/* An error at a field; row 0 is the first below the header. */
enum err table_refuse_cell(const struct table *t, enum err code, int64_t row, int32_t csv_column,
                           const char *hint, const char *detail);

/* label_read: classes or a quantity, and every row's part. Fills label, part and quantity, and what
 * the set says of its label. label_of: a row's class index or standardised label. */
enum err label_read(struct table *t);
double label_of(const struct table *t, int64_t row);

/* Mean and population deviation of the training rows' values; scale 1 where constant. */
struct moments {
    double mean, scale;
    bool constant;
};
struct moments table_moments(const struct table *t, const double *value);
/* encode_fit: one-hot levels and the place of every column in the encoded row, from training rows.
 * encode_rows: statistics of numeric columns from training rows, then every row. */
enum err encode_fit(struct table *t);
void encode_rows(struct table *t);

#endif

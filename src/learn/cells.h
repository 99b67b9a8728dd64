/* cells: a plain table in CSV, row by row: names and numbers, no quotes. */
#ifndef TILLER_LEARN_CELLS_H
#define TILLER_LEARN_CELLS_H

#include "tiller/base.h"

enum { CELLS_COLUMNS_MAX = 20000 };

struct cells {
    char path[512];
    char *buffer;  /* the whole file; fields are terminated in place */
    char *at;      /* what is still to read */
    int64_t line;  /* of the row in `field`, 1-based */
    int n_columns; /* of every row */
    char **header; /* [n_columns] */
    char **field;  /* [n_columns] of the current row; valid until the next */
};
/* Reads the file (plain or gzip) and its header. Lines that begin with '#' and empty ones are
 * passed over. ERR_INPUT: not such a table. On error nothing is left to close. */
enum err cells_open(struct cells *c, const char *path, struct err_info *info);
void cells_close(struct cells *c);
/* The next row; *more false: there is none. */
enum err cells_next(struct cells *c, bool *more, struct err_info *info);
/* Index of that column; -1: none. */
int cells_find(const struct cells *c, const char *name);
/* ERR_INPUT at the current row and that column (-1: the row). */
enum err cells_refuse(const struct cells *c, int column, struct err_info *info, const char *hint,
                      const char *fmt, ...) TILLER_PRINTF(5, 6);
/* A number: decimal, or nan / inf in any case where may_be_nan (both become NaN). */
enum err cells_number(const struct cells *c, int column, bool may_be_nan, double *out,
                      struct err_info *info);

#endif

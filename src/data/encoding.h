/* encoding: how the fields of a table become inputs. Fitted to training rows by encode.c, kept with
 * the weights by encoder.c. The same functions encode the rows of a set and new rows, so that both
 * have the same bits. Nothing of it depends on anything but its own texts and figures. */
#ifndef TILLER_DATA_ENCODING_H
#define TILLER_DATA_ENCODING_H

#include "tiller/data.h"

#define NUMBER_MAX 1e100 /* of a field: squares and their sums stay finite */

/* One column. All texts are raw, as the file has them; lists are sorted by bytes. */
struct column_code {
    char *name; /* "column 3" where the header has none */
    enum column_kind kind;
    double median, mean, scale; /* numeric */
    bool constant;              /* numeric: says nothing, 0 in every row */
    int32_t n_levels, n_rare;
    char **level;           /* [n_levels] an input each */
    char **rare;            /* [n_rare] further levels of training rows, which share "other" */
    int32_t missing, other; /* their inputs, counted from the column's first; -1: none, all zeros */
    int32_t first_input, n_inputs;
};

struct encoding {
    int32_t n_columns;
    struct column_code *column;
    size_t n_missing;
    char **missing; /* words that mean missing */
};

void encoding_free(struct encoding *e);
bool encoding_is_missing(const struct encoding *e, const char *cell); /* blanks count as empty */

/* Numbers the column's inputs from first_input on, by what was fitted. Returns the next one. */
int64_t column_place(struct column_code *c, bool has_missing, int64_t first_input);
/* The input of a field, counted from the column's first; -1: all zeros. *known: training rows had
 * this level, or a missing field. Cost: O(log levels). */
int32_t column_level(const struct encoding *e, const struct column_code *c, const char *cell,
                     bool *known);
void column_put_level(const struct column_code *c, int32_t level, float *row);
/* NaN is a missing field: the median. */
void column_put_number(const struct column_code *c, double value, float *row);

/* (value - mean) / scale, limited: one wild row must not overflow float32 sums. */
double standardise(double value, double mean, double scale);

void texts_free(char **texts, int64_t n);

#endif

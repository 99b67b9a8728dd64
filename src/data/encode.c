/* A table's columns as numbers.
 *
 * What always holds: everything fitted (median, mean, scale, levels, which inputs there are) comes
 * from training rows alone, so that changing a validation or test row changes that row only.
 * A level or a missing field that no training row has is "other": the input "other" if training
 * rows fill it (columns with more than DATA_LEVELS_MAX levels), else no input at all, for the
 * weight of an input that training never saw would be noise. */
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STANDARDISED_MAX 1e6

/* ---- categorical
 * ------------------------------------------------------------------------------------
 */

struct level_count {
    const char *level;
    int64_t rows;
};

static int compare_counts(const void *a, const void *b)
{
    const struct level_count *x = a, *y = b;
    if (x->rows != y->rows)
        return x->rows > y->rows ? -1 : 1;
    return strcmp(x->level, y->level);
}

/* The levels of n sorted texts with their rows; returns how many. */
static size_t count_levels(const char *const *text, size_t n, struct level_count *out)
{
    size_t n_levels = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(text[i - 1], text[i]) != 0)
            out[n_levels++] = (struct level_count){text[i], 0};
        out[n_levels - 1].rows++;
    }
    return n_levels;
}

/* Keeps the most frequent levels of n training fields, sorted by name. */
static enum err keep_levels(struct table *t, size_t n, struct one_hot *h)
{
    struct level_count *count = mem_alloc(n, sizeof *count);
    if (!count)
        return err_set_memory(t->info, t->csv.path);
    qsort(t->text, n, sizeof *t->text, table_compare_texts);
    size_t n_levels = count_levels(t->text, n, count);
    bool fold = n_levels > DATA_LEVELS_MAX;
    if (fold)
        qsort(count, n_levels, sizeof *count, compare_counts);
    h->n = fold ? DATA_LEVELS_MAX : (int)n_levels;
    h->level = mem_alloc((size_t)h->n, sizeof *h->level);
    for (int i = 0; h->level && i < h->n; i++)
        h->level[i] = count[i].level;
    mem_free(count);
    if (!h->level)
        return err_set_memory(t->info, t->csv.path);
    qsort(h->level, (size_t)h->n, sizeof *h->level, table_compare_texts);
    h->other = fold ? 0 : -1;
    return ERR_OK;
}

static enum err name_levels(struct table *t, struct data_column *c, const struct one_hot *h)
{
    char name[CLASS_NAME_MAX];
    c->levels = mem_zero_alloc((size_t)c->n_inputs, sizeof *c->levels);
    if (!c->levels)
        return err_set_memory(t->info, t->csv.path);
    for (c->n_levels = 0; c->n_levels < c->n_inputs;) {
        int i = c->n_levels;
        const char *raw = i < h->n ? h->level[i] : i == h->missing ? "missing" : "other";
        c->levels[i] = mem_dup_text(text_sanitize(name, sizeof name, raw));
        if (!c->levels[i])
            return err_set_memory(t->info, t->csv.path);
        c->n_levels++;
    }
    return ERR_OK;
}

static enum err fit_categorical(struct table *t, int32_t column)
{
    struct data_column *c = &t->set->columns[column];
    struct one_hot *h = &t->one_hot[column];
    size_t n = 0;
    bool any_missing = false;
    for (int64_t i = 0; i < t->csv.n_rows; i++) {
        if (t->part[i] != DATA_TRAIN)
            continue;
        const char *cell = table_cell(t, i, column);
        if (table_is_missing(t, cell))
            any_missing = true;
        else
            t->text[n++] = cell;
    }
    enum err e = keep_levels(t, n, h);
    if (e != ERR_OK)
        return e;
    c->n_inputs = h->n;
    h->missing = any_missing ? c->n_inputs++ : -1;
    if (h->other >= 0)
        h->other = c->n_inputs++;
    c->constant = c->n_inputs < 2;
    c->scale = 1;
    return name_levels(t, c, h);
}

static int which_level(const struct table *t, const struct one_hot *h, const char *cell)
{
    if (table_is_missing(t, cell) && h->missing >= 0)
        return h->missing;
    const char **found =
        bsearch(&cell, h->level, (size_t)h->n, sizeof *h->level, table_compare_texts);
    return found ? (int)(found - h->level) : h->other;
}

static void encode_categorical(struct table *t, int32_t column)
{
    const struct data_column *c = &t->set->columns[column];
    for (int64_t i = 0; i < t->csv.n_rows; i++) {
        if (!t->x[i])
            continue;
        float *x = t->x[i] + c->first_input;
        int level = which_level(t, &t->one_hot[column], table_cell(t, i, column));
        memset(x, 0, (size_t)c->n_inputs * sizeof *x);
        if (level >= 0)
            x[level] = 1;
    }
}

enum err encode_fit(struct table *t)
{
    int64_t n_inputs = 0;
    for (int32_t column = 0; column < t->set->n_columns; column++) {
        struct data_column *c = &t->set->columns[column];
        enum err e = ERR_OK;
        if (c->kind == COLUMN_CATEGORICAL)
            e = fit_categorical(t, column);
        else
            c->n_inputs = 1;
        if (e != ERR_OK)
            return e;
        c->first_input = (int)n_inputs;
        n_inputs += c->n_inputs; /* at most COLUMNS_MAX * (DATA_LEVELS_MAX + 2) */
    }
    t->set->n_inputs = (int32_t)n_inputs;
    return ERR_OK;
}

/* ---- numeric
 * ----------------------------------------------------------------------------------------
 */

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Sorts; the middle one, or the mean of the two middle ones. 0 if there are none. */
static double median_of(double *value, size_t n)
{
    if (n == 0)
        return 0;
    qsort(value, n, sizeof *value, compare_doubles);
    return n % 2 ? value[n / 2] : value[n / 2 - 1] / 2 + value[n / 2] / 2;
}

/* Fields as numbers into t->value, NaN where missing; those of training rows behind them. */
static size_t read_values(struct table *t, int32_t column)
{
    int64_t n_rows = t->csv.n_rows;
    size_t n = 0;
    for (int64_t i = 0; i < n_rows; i++) {
        const char *cell = table_cell(t, i, column);
        if (table_is_missing(t, cell) || !text_parse_double(cell, &t->value[i]))
            t->value[i] = NAN;
        else if (t->part[i] == DATA_TRAIN)
            t->value[n_rows + (int64_t)n++] = t->value[i];
    }
    return n;
}

struct moments table_moments(const struct table *t, const double *value)
{
    double n = 0, sum = 0, squares = 0, low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < t->csv.n_rows; i++)
        if (t->part[i] == DATA_TRAIN) {
            n++;
            sum += value[i];
            low = value[i] < low ? value[i] : low;
            high = value[i] > high ? value[i] : high;
        }
    double mean = sum / n;
    for (int64_t i = 0; i < t->csv.n_rows; i++) /* a second pass, for exactness */
        if (t->part[i] == DATA_TRAIN)
            squares += (value[i] - mean) * (value[i] - mean);
    double scale = sqrt(squares / n);
    bool constant = !(low < high) || !(scale > 0);
    return (struct moments){.mean = mean, .scale = constant ? 1 : scale, .constant = constant};
}

double table_standardise(double value, double mean, double scale)
{
    return fmin(fmax((value - mean) / scale, -STANDARDISED_MAX), STANDARDISED_MAX);
}

/* A constant column says nothing: 0 in every row, also where a test row differs. */
static void encode_numeric(struct table *t, int32_t column)
{
    struct data_column *c = &t->set->columns[column];
    size_t n = read_values(t, column);
    c->median = median_of(t->value + t->csv.n_rows, n);
    for (int64_t i = 0; i < t->csv.n_rows; i++)
        if (isnan(t->value[i]))
            t->value[i] = c->median;
    struct moments m = table_moments(t, t->value);
    c->mean = m.mean;
    c->scale = m.scale;
    c->constant = m.constant;
    for (int64_t i = 0; i < t->csv.n_rows; i++)
        if (t->x[i])
            t->x[i][c->first_input] =
                c->constant ? 0 : (float)table_standardise(t->value[i], c->mean, c->scale);
}

void encode_rows(struct table *t)
{
    for (int32_t column = 0; column < t->set->n_columns; column++)
        if (t->set->columns[column].kind == COLUMN_CATEGORICAL)
            encode_categorical(t, column);
        else
            encode_numeric(t, column);
}

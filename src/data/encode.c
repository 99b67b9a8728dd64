/* A table's columns as numbers.
 *
 * What always holds: everything fitted (median, mean, scale, levels, which inputs there are) comes
 * from training rows alone, so that changing a validation or test row changes that row only. What a
 * field then becomes stands in encoding.c. */
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* The texts of n levels, owned and sorted. */
static enum err copy_levels(const struct table *t, const struct level_count *count, size_t n,
                            char ***out, int32_t *n_out)
{
    *out = mem_zero_alloc(n, sizeof **out);
    for (size_t i = 0; *out && i < n; i++) {
        (*out)[i] = mem_dup_text(count[i].level);
        *n_out = (int32_t)i + 1;
        if (!(*out)[i])
            return err_set_memory(t->info, t->csv.path);
    }
    if (!*out)
        return err_set_memory(t->info, t->csv.path);
    qsort(*out, n, sizeof **out, table_compare_texts);
    return ERR_OK;
}

/* Keeps the most frequent levels of n training fields; the others are the rare ones. */
static enum err keep_levels(struct table *t, size_t n, struct column_code *code)
{
    struct level_count *count = mem_alloc(n, sizeof *count);
    if (!count)
        return err_set_memory(t->info, t->csv.path);
    qsort(t->text, n, sizeof *t->text, table_compare_texts);
    size_t n_levels = count_levels(t->text, n, count), kept = n_levels;
    if (n_levels > DATA_LEVELS_MAX) {
        kept = DATA_LEVELS_MAX;
        qsort(count, n_levels, sizeof *count, compare_counts);
    }
    enum err e = copy_levels(t, count, kept, &code->level, &code->n_levels);
    if (e == ERR_OK)
        e = copy_levels(t, count + kept, n_levels - kept, &code->rare, &code->n_rare);
    mem_free(count);
    return e;
}

static enum err name_levels(struct table *t, struct data_column *c, const struct column_code *code)
{
    char name[CLASS_NAME_MAX];
    c->levels = mem_zero_alloc((size_t)code->n_inputs, sizeof *c->levels);
    if (!c->levels)
        return err_set_memory(t->info, t->csv.path);
    for (c->n_levels = 0; c->n_levels < code->n_inputs;) {
        int i = c->n_levels;
        const char *raw = i < code->n_levels   ? code->level[i]
                          : i == code->missing ? "missing"
                                               : "other";
        c->levels[i] = mem_dup_text(text_sanitize(name, sizeof name, raw));
        if (!c->levels[i])
            return err_set_memory(t->info, t->csv.path);
        c->n_levels++;
    }
    return ERR_OK;
}

/* Levels of the training rows; any_missing: one of their fields is missing. */
static enum err fit_categorical(struct table *t, int32_t column, bool *any_missing)
{
    size_t n = 0;
    for (int64_t i = 0; i < t->csv.n_rows; i++) {
        if (t->part[i] != DATA_TRAIN)
            continue;
        const char *cell = table_cell(t, i, column);
        if (encoding_is_missing(t->encoding, cell))
            *any_missing = true;
        else
            t->text[n++] = cell;
    }
    return keep_levels(t, n, &t->encoding->column[column]);
}

static void encode_categorical(struct table *t, int32_t column)
{
    const struct column_code *code = &t->encoding->column[column];
    bool known;
    for (int64_t i = 0; i < t->csv.n_rows; i++)
        if (t->x[i])
            column_put_level(
                code, column_level(t->encoding, code, table_cell(t, i, column), &known), t->x[i]);
}

enum err encode_fit(struct table *t)
{
    int64_t n_inputs = 0; /* at most COLUMNS_MAX * (DATA_LEVELS_MAX + 2) */
    for (int32_t column = 0; column < t->set->n_columns; column++) {
        struct data_column *c = &t->set->columns[column];
        struct column_code *code = &t->encoding->column[column];
        bool text = c->kind == COLUMN_CATEGORICAL, any_missing = false;
        enum err e = text ? fit_categorical(t, column, &any_missing) : ERR_OK;
        n_inputs = column_place(code, any_missing, n_inputs);
        c->first_input = code->first_input;
        c->n_inputs = code->n_inputs;
        if (e == ERR_OK && text) {
            c->constant = c->n_inputs < 2;
            c->scale = 1;
            e = name_levels(t, c, code);
        }
        if (e != ERR_OK)
            return e;
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
        if (encoding_is_missing(t->encoding, cell) || !text_parse_double(cell, &t->value[i]))
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

static void encode_numeric(struct table *t, int32_t column)
{
    struct data_column *c = &t->set->columns[column];
    struct column_code *code = &t->encoding->column[column];
    size_t n = read_values(t, column);
    c->median = code->median = median_of(t->value + t->csv.n_rows, n);
    for (int64_t i = 0; i < t->csv.n_rows; i++)
        if (isnan(t->value[i]))
            t->value[i] = c->median;
    struct moments m = table_moments(t, t->value);
    c->mean = code->mean = m.mean;
    c->scale = code->scale = m.scale;
    c->constant = code->constant = m.constant;
    for (int64_t i = 0; i < t->csv.n_rows; i++)
        if (t->x[i])
            column_put_number(code, t->value[i], t->x[i]);
}

void encode_rows(struct table *t)
{
    for (int32_t column = 0; column < t->set->n_columns; column++)
        if (t->set->columns[column].kind == COLUMN_CATEGORICAL)
            encode_categorical(t, column);
        else
            encode_numeric(t, column);
}

/* Fields as inputs. A level that no training row has is "other" if training rows fill that input,
 * else all zeros: the weight of an input that training never saw would be noise. */
#include "encoding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STANDARDISED_MAX 1e6

void texts_free(char **texts, int64_t n)
{
    for (int64_t i = 0; texts && i < n; i++)
        mem_free(texts[i]);
    mem_free(texts);
}

void encoding_free(struct encoding *e)
{
    for (int32_t i = 0; e->column && i < e->n_columns; i++) {
        mem_free(e->column[i].name);
        texts_free(e->column[i].level, e->column[i].n_levels);
        texts_free(e->column[i].rare, e->column[i].n_rare);
    }
    mem_free(e->column);
    texts_free(e->missing, (int64_t)e->n_missing);
    *e = (struct encoding){0};
}

bool encoding_is_missing(const struct encoding *e, const char *cell)
{
    size_t n;
    cell += strspn(cell, " \t");
    for (n = strlen(cell); n > 0 && (cell[n - 1] == ' ' || cell[n - 1] == '\t'); n--)
        continue;
    if (n == 0)
        return true;
    for (size_t i = 0; i < e->n_missing; i++)
        if (strlen(e->missing[i]) == n && memcmp(e->missing[i], cell, n) == 0)
            return true;
    return false;
}

int64_t column_place(struct column_code *c, bool has_missing, int64_t first_input)
{
    c->n_inputs = c->kind == COLUMN_NUMERIC ? 1 : c->n_levels;
    c->missing = has_missing ? c->n_inputs++ : -1;
    c->other = c->n_rare > 0 ? c->n_inputs++ : -1;
    c->first_input = (int32_t)first_input;
    return first_input + c->n_inputs;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Where cell stands in a sorted list; -1 if it does not. */
static int32_t find_text(const char *cell, char **texts, int32_t n)
{
    char **found = n > 0 ? bsearch(&cell, texts, (size_t)n, sizeof *texts, compare_texts) : NULL;
    return found ? (int32_t)(found - texts) : -1;
}

int32_t column_level(const struct encoding *e, const struct column_code *c, const char *cell,
                     bool *known)
{
    *known = true;
    if (c->missing >= 0 && encoding_is_missing(e, cell))
        return c->missing;
    int32_t level = find_text(cell, c->level, c->n_levels);
    *known = level >= 0 || find_text(cell, c->rare, c->n_rare) >= 0;
    return level >= 0 ? level : c->other;
}

void column_put_level(const struct column_code *c, int32_t level, float *row)
{
    float *x = row + c->first_input;
    memset(x, 0, (size_t)c->n_inputs * sizeof *x);
    if (level >= 0)
        x[level] = 1;
}

double standardise(double value, double mean, double scale)
{
    return fmin(fmax((value - mean) / scale, -STANDARDISED_MAX), STANDARDISED_MAX);
}

void column_put_number(const struct column_code *c, double value, float *row)
{
    double v = isnan(value) ? c->median : value;
    row[c->first_input] = c->constant ? 0 : (float)standardise(v, c->mean, c->scale);
}

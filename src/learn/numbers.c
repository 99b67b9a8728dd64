/* numbers: sorting, medians, and how numbers stand in reports. */
#include "numbers.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void numbers_sort(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare);
}

double numbers_median(double *values, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    numbers_sort(values, kept);
    return kept ? values[(kept - 1) / 2] : (double)NAN;
}

void numbers_put(struct json_writer *w, const char *name, double value)
{
    char number[32];
    if (isfinite(value))
        json_put_raw(w, name, text_format(number, sizeof number, "%.4g", value));
    else
        json_put_null(w, name);
}

void numbers_put_list(struct json_writer *w, const char *name, const double *value, int n)
{
    json_open(w, name, '[');
    for (int i = 0; i < n; i++)
        numbers_put(w, NULL, value[i]);
    json_close(w, ']');
}

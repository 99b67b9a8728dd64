/* numbers: sorting and medians. */
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

/* numbers: what several files of this room do with arrays of numbers. */
#ifndef TILLER_LEARN_NUMBERS_H
#define TILLER_LEARN_NUMBERS_H

#include <stddef.h>

void numbers_sort(double *values, size_t n); /* ascending; no NaN among them */
/* Lower median of those that are no NaN, which are moved to the front and sorted; NaN if none. */
double numbers_median(double *values, size_t n);

#endif

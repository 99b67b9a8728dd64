/* numbers: what several files of this room do with numbers. */
#ifndef TILLER_LEARN_NUMBERS_H
#define TILLER_LEARN_NUMBERS_H

#include "tiller/base.h"

void numbers_sort(double *values, size_t n); /* ascending; no NaN among them */
/* Lower median of those that are no NaN, which are moved to the front and sorted; NaN if none. */
double numbers_median(double *values, size_t n);

/* In reports four digits are enough; what is not known is null. */
void numbers_put(struct json_writer *w, const char *name, double value);
void numbers_put_list(struct json_writer *w, const char *name, const double *value, int n);

#endif

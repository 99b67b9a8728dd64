/* tables: every kernels table that this processor can run, and what the tests of kernels share. */
#ifndef TILLER_TESTS_NET_TABLES_H
#define TILLER_TESTS_NET_TABLES_H

#include "net/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
/* cmocka needs them above it */
#include <cmocka.h>

/* Widths around the lanes of every table: less than one, exactly one, one and two with a rest. */
static const int odd_widths[] = {1, 3, 16, 17, 33};
enum { N_WIDTHS = sizeof odd_widths / sizeof *odd_widths, MAX_WIDTH = 33 };

static const struct kernels *tables[4];
static size_t n_tables;

static inline void find_tables(void)
{
    net_init();
    n_tables = kernels_list(tables);
}

static inline void assert_close(double a, double b, double tolerance, const char *what, size_t i)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%s [%zu]: %.9g and %.9g differ by more than %.2g", what, i, a, b, tolerance);
}

/* n numbers around mean. */
static inline void draw(struct rng *rng, float *a, size_t n, double mean, double deviation)
{
    for (size_t i = 0; i < n; i++)
        a[i] = (float)(mean + deviation * rng_normal(rng));
}

#endif

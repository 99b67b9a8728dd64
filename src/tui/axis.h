/* axis: numbers to dots and to tick marks; the arithmetic half of plot. Pure. */
#ifndef TILLER_TUI_AXIS_H
#define TILLER_TUI_AXIS_H

#include <stdbool.h>
#include <stddef.h>

struct axis {
    double low, high; /* low < high, finite; log: low > 0 */
    bool log;
};
/* Relative place of v: 0 at low, 1 at high; outside beyond. */
double axis_place(const struct axis *a, double v);
/* Bounds rounded outwards to round numbers, so that they rarely change as data grows. */
struct axis axis_around(double low, double high, bool log);

#endif

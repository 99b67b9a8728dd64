/* svg: plots as SVG text, for reports: readable in a text editor, without scripts or fonts. */
#ifndef TILLER_LEARN_SVG_H
#define TILLER_LEARN_SVG_H

#include "tiller/bench.h"

/* An axis from `from` to `to`, which may be the larger one of the two (downwards); log: both above
 * 0. tick[n_ticks]: where numbers stand. */
struct svg_axis {
    const char *label;
    double from, to;
    bool log;
    const double *tick;
    int n_ticks;
};
struct svg_line {
    const char *name;
    const struct bench_interval *y; /* [n]; the band from low to high; NaN: left out */
};
struct svg_lines {
    const char *title;
    struct svg_axis x, y;
    const double *at; /* [n] the x of all lines */
    int n;
    const struct svg_line *line; /* [n_lines]; the legend has their order */
    int n_lines;
    bool bands;
    double bar; /* length on the y axis of a bar that stands for itself (critical difference), 0 */
    const char *bar_label;
};
void svg_put_lines(const struct svg_lines *p, struct text *out);

/* Points with intervals, one row each, on one axis; a line marks `mark`. */
struct svg_rows {
    const char *title;
    struct svg_axis x;
    double mark;
    const struct svg_line *row; /* [n_rows], each with n figures drawn below one another */
    int n_rows, n;
    const char *const *figure; /* [n] what each is */
};
void svg_put_rows(const struct svg_rows *p, struct text *out);

/* Ticks 1, 2, 5 times powers of ten from low to high, both above 0; returns how many (<= max). */
int svg_log_ticks(double low, double high, double *tick, int max);

#endif

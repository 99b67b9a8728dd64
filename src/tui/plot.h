/* plot: line plots with axes. A pure function of (frame, rectangle, struct plot): it keeps nothing
 * and changes nothing but the frame. */
#ifndef TILLER_TUI_PLOT_H
#define TILLER_TUI_PLOT_H

#include "tui/frame.h"

enum plot_line { PLOT_SOLID, PLOT_DASHED, PLOT_DOTTED };

/* A curve; arrays are lent. Values may be NaN or infinite: they are counted and marked '!' on the
 * x axis, and break the line. */
struct plot_series {
    const double *x; /* [n] increasing; NULL: 1, 2, 3 ... (epochs) */
    const double *y; /* [n] */
    size_t n;
    enum paint paint;
    int attr; /* e.g. ATTR_DIM for train curves */
    enum plot_line line;
    char letter;       /* mark in ASCII; 0: one of * + x o # by position */
    bool selected;     /* drawn last and bold */
    const char *label; /* at the right end, "a #17 ★"; NULL none. Labels never overlap each other */
    const double *low, *high; /* band around y over [n] (several rng_seeds); NULL none */
};

/* What part is seen; NaN: from the data. */
struct plot_window {
    double x_min, x_max, y_min, y_max;
};
#define PLOT_WINDOW_AUTO                                                                           \
    {                                                                                              \
        __builtin_nan(""), __builtin_nan(""), __builtin_nan(""), __builtin_nan("")                 \
    }

struct plot {
    const char *title; /* in the rule above: "validation error"; NULL: no rule. ", log" is added */
    const char *x_title; /* right end of the rule: "epoch"; NULL none */
    const struct plot_series *series;
    size_t n_series;
    struct plot_window window;
    double x_fixed; /* x axis reaches at least to here (full length); <= 0 or NaN: from the data */
    bool log_y;     /* values <= 0 are left out and counted in the title */
    double best;    /* dashed line with "best 0.0391"; NaN none */
    bool cursor;    /* read-out: vertical line at the stored x nearest to cursor_x, exact values */
    double cursor_x;
    const char *empty; /* sentence shown when there is no point; NULL: "no values yet" */
};

/* What was drawn, for zooming, panning and clicks; all zero if nothing fitted. */
struct plot_view {
    struct rect area;          /* cells of the curves themselves */
    struct plot_window window; /* as used; never NaN if area is not empty */
    size_t n_left_out;         /* values <= 0 on a log axis, in the x window */
    size_t n_not_finite;
    size_t n_points; /* drawable points inside the x window */
};

/* plot_draw: everything inside r; view may be NULL. Useful down to 12 x 3 cells, below only the
 * curve, and never outside. */
void plot_draw(struct frame *f, struct rect r, const struct plot *p, struct plot_view *view);

/* Zoom by factor (2: twice as close) around the relative place (0..1) of x; pan by a share of the
 * width. `seen` is the window of the last plot_draw; the result goes into plot.window. x only; y
 * follows the data unless it was set. */
struct plot_window plot_zoom(struct plot_window seen, double factor, double place);
struct plot_window plot_pan(struct plot_window seen, double share);
/* Index of the point of s whose x is nearest; s->n > 0. */
size_t plot_nearest(const struct plot_series *s, double x);
/* Next power of two >= n_steps, at least 8: a range that is rarely rescaled. */
double plot_next_range(double n_steps);
/* Exponential smoothing, weight in [0, 1), start-up corrected; NaN passes through. out [n]. */
void plot_smooth(const double *y, size_t n, double weight, double *out);

/* Ticks at 1, 2, 5 times powers of ten, at most max of them, all in [low, high]; log: at decades,
 * then 1-2-5 between them where few. Returns how many; low < high, finite (log: low > 0). */
size_t plot_ticks(double low, double high, bool log, size_t max, double *out);
/* Tick text, no more digits than the step needs: "0.05", "20", "2k". */
const char *plot_tick_text(double value, double step, char *out, size_t out_size);

#endif

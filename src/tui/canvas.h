/* canvas: dots finer than cells: braille 2x4 (columns x rows) to a cell, blocks 2x2, ASCII 1x1.
 * Every cell remembers its topmost owner (drawn last): it gives the cell its colour, and in ASCII
 * its mark. Coordinates are dots from the top left; outside is clipped. Also bars and sparklines.
 */
#ifndef TILLER_TUI_CANVAS_H
#define TILLER_TUI_CANVAS_H

#include "tui/frame.h"

struct canvas {
    int rows, cols;     /* cells */
    int dots_x, dots_y; /* dots per cell */
    uint8_t *bits;      /* [rows x cols] one bit per dot: bit = y * dots_x + x inside the cell */
    int16_t *owner;     /* [rows x cols] -1: empty */
};
/* How an owner's cells look. mark: for ASCII, e.g. '*'. */
struct canvas_style {
    enum paint paint;
    int attr;
    char mark;
};

/* canvas_open: empty canvas for the tier; false when out of memory (canvas then 0 x 0). */
bool canvas_open(struct canvas *c, int rows, int cols, enum glyphs tier);
void canvas_close(struct canvas *c);
int canvas_width(const struct canvas *c);  /* dots */
int canvas_height(const struct canvas *c); /* dots */
void canvas_dot(struct canvas *c, int x, int y, int owner);
/* on, off: dash lengths in dots along the longer side; off 0: solid. *phase carries the dash over
 * from one segment to the next (start with 0); NULL allowed. Ends may lie far outside. */
void canvas_line(struct canvas *c, double x0, double y0, double x1, double y1, int owner, int on,
                 int off, int *phase);
/* Puts the non-empty cells into the frame at row, col; empty cells leave the frame as it is.
 *   styles  [n], indexed by owner */
void canvas_put(const struct canvas *c, struct frame *f, int row, int col,
                const struct canvas_style *styles, int n);

/* Horizontal bar of cols cells filled to `share` (clamped to 0..1), in eighths of a cell where the
 * tier allows: "████▌░░░"; ASCII "####....". */
void canvas_bar(struct frame *f, int row, int col, int cols, double share, enum paint paint,
                int attr);
/* Sparkline, one cell per value, the last `cols` values, scaled from their minimum to maximum
 * (constant: middle); NaN is
 * '!'. Returns the columns used. */
int canvas_spark(struct frame *f, int row, int col, int cols, const double *values, size_t n,
                 enum paint paint, int attr);

#endif

/* heat: a map of numbers in coloured cells with row and column heads (the Q-table). Levels are at
 * most 16 so that small changes send no bytes; the digits are in the cell, so it reads without
 * colour. */
#ifndef TILLER_TUI_HEAT_H
#define TILLER_TUI_HEAT_H

#include "tui/frame.h"

#define HEAT_LEVELS 16

struct heat_cell {
    double value; /* shown with two decimals: .63; NaN: never visited, a dim dash */
    double shade; /* what the colour says, in [shade_low, shade_high]; NaN: no colour */
    bool few;     /* few visits: "·" behind */
    bool best;    /* best of the row: in brackets [.63] */
    bool next;    /* what is chosen now: underlined and bold */
    bool pinned;  /* "=" behind */
    int trend;    /* > 0: '▇' behind (better than a rule), < 0: '░' (worse), 0: blank */
};
struct heat {
    size_t n_rows, n_cols;
    void *context;
    void (*cell)(void *context, size_t row, size_t col, struct heat_cell *out); /* cleared, NaN */
    /* Row head: text and number behind it (visits). */
    void (*row_head)(void *context, size_t row, char *out, size_t out_size, long *count);
    const char *(*col_head)(void *context, size_t col, int line); /* line 0 or 1, may be "" */
    const char *head_title;                                       /* "situation" */
    const char *count_title;                                      /* "visits"; NULL: no counts */
    double shade_low, shade_high;
    const char *legend; /* words behind the legend's scale; NULL: no legend line */
    long current_row;   /* marked ◀; -1 none */
    size_t cursor_row, cursor_col;
    bool show_cursor; /* reverse */
    size_t top, left; /* first visible row and column; heat_draw keeps the cursor visible */
};

/* heat_draw: two head lines, rows, and the legend in the last line. Sets top, left; clamps the
 * cursor. A hint "‹ 3 · 2 ›" in the first head line tells how many columns are hidden. */
void heat_draw(struct frame *f, struct rect r, struct heat *h);
void heat_move(struct heat *h, long rows, long cols);
/* The cell under a place on the screen (mouse): false if none. Uses top, left of the last draw. */
bool heat_at(const struct heat *h, struct rect r, int row, int col, size_t *out_row,
             size_t *out_col);
/* 0..HEAT_LEVELS-1; NaN: -1. Clamped. */
int heat_level(double shade, double low, double high);

#endif

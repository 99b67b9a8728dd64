/* table: rows of cells under column titles, with cursor, marks and sort sign. The rows stay with
 * the caller, who is asked only for visible cells, so 100,000 rows cost nothing. */
#ifndef TILLER_TUI_TABLE_H
#define TILLER_TUI_TABLE_H

#include "tui/frame.h"

enum table_align { TABLE_LEFT, TABLE_RIGHT, TABLE_DECIMAL /* points under each other */ };

struct table_column {
    const char *title;
    int width;    /* cells, at least 1; the title is cut to it */
    int priority; /* 0: never dropped; the highest number is dropped first when narrow; equal: the
                     right one first */
    enum table_align align;
    int decimals; /* TABLE_DECIMAL: cells reserved behind the point */
    bool stretch; /* takes spare width (shared evenly among such columns) */
    bool hidden;  /* by the person's choice */
};
struct table_cell {
    char text[96];    /* empty: shown as a dim dash */
    enum paint paint; /* TEXT unless set */
    int attr;
    /* instead of text: a sparkline of these values (lent until the next call); n_spark 0: none */
    const double *spark;
    size_t n_spark;
};
struct table_row {
    bool marked;      /* '+' in front, bold */
    uint32_t sign;    /* in front: U+2605 star for the incumbent; 0 none */
    enum paint paint; /* colour of the sign */
    int attr;         /* added to all cells: bold incumbent */
};
struct table {
    const struct table_column *columns;
    int n_columns;
    size_t n_rows;
    void *context;
    /* cell arrives cleared; column is the index into columns */
    void (*fill)(void *context, size_t row, int column, struct table_cell *out);
    void (*describe)(void *context, size_t row, struct table_row *out); /* NULL: plain rows */
    int sort_column; /* -1 none; shown by ▲ or ▼ (^ v) behind the title, which is underlined */
    bool sort_descending;
    size_t cursor;     /* row with the cursor */
    bool show_cursor;  /* reverse, whole width; false when another pane has the focus (then bold) */
    size_t top;        /* first visible row; table_draw keeps the cursor visible by changing it */
    int skip;          /* columns with priority > 0 skipped at the left (scrolled sideways) */
    const char *empty; /* sentence when there are no rows; NULL: "nothing here yet" */
};

/* table_draw: titles in the first line of r, rows below. Sets t->top, and clamps t->cursor. */
void table_draw(struct frame *f, struct rect r, struct table *t);
/* Which columns fit into `cols` cells: keep[i] and its width[i] (0 if dropped). Pure; arrays
 * [n_columns]. Returns the number kept; the sum of widths and gaps never exceeds cols unless only
 * priority 0 columns are left. */
int table_fit(const struct table *t, int cols, int *width);
/* Moves the cursor, clamped to the rows: delta rows. */
void table_move(struct table *t, long delta);
/* Row under a cell of the screen (mouse), and the column whose title is there; -1 none. */
long table_row_at(const struct table *t, struct rect r, int row);
int table_column_at(const struct table *t, struct rect r, int col);

#endif

/* Rows of cells. Only what is visible is asked for; drawing a table of 100,000 rows costs what its
 * visible part costs. The room left of the first column holds the mark and the sign of a row. */
#include "tui/table.h"

#include "tui/canvas.h"

#include <string.h>

enum { GUTTER = 3, GAP = 1, MAX_COLUMNS = 64 };

/* ---- which columns fit ------------------------------------------------------------------- */

static int n_columns_of(const struct table *t)
{
    return t->n_columns < MAX_COLUMNS ? t->n_columns : MAX_COLUMNS;
}

static int total_width(const int *width, int n)
{
    int total = 0;
    for (int i = 0; i < n; i++)
        if (width[i])
            total += width[i] + GAP;
    return total > 0 ? total - GAP : 0;
}

/* The kept column that goes first: highest priority, the right one among equals; -1 none may go. */
static int first_to_drop(const struct table *t, const int *width, int n)
{
    int found = -1;
    for (int i = 0; i < n; i++)
        if (width[i] && t->columns[i].priority > 0 &&
            (found < 0 || t->columns[i].priority >= t->columns[found].priority))
            found = i;
    return found;
}

static void share_spare(const struct table *t, int spare, int *width, int n)
{
    int takers = 0;
    for (int i = 0; i < n; i++)
        takers += width[i] && t->columns[i].stretch;
    for (int i = 0; i < n && spare > 0 && takers > 0; i++)
        if (width[i] && t->columns[i].stretch) {
            int part = spare / takers--;
            width[i] += part;
            spare -= part;
        }
}

int table_fit(const struct table *t, int cols, int *width)
{
    int n = n_columns_of(t), skip = t->skip, kept = 0, drop;
    for (int i = 0; i < t->n_columns; i++)
        width[i] = 0;
    for (int i = 0; i < n; i++) {
        const struct table_column *c = &t->columns[i];
        bool skipped = !c->hidden && c->priority > 0 && skip > 0;
        skip -= skipped;
        width[i] = c->hidden || skipped ? 0 : c->width > 0 ? c->width : 1;
    }
    while (total_width(width, n) > cols && (drop = first_to_drop(t, width, n)) >= 0)
        width[drop] = 0;
    share_spare(t, cols - total_width(width, n), width, n);
    for (int i = 0; i < n; i++)
        kept += width[i] > 0;
    return kept;
}

/* ---- drawing ----------------------------------------------------------------------------- */

static int gutter(struct rect r)
{
    return r.cols > 20 ? GUTTER : 0;
}

static bool is_sorted_by(const struct table *t, int column)
{
    return t->sort_column == column;
}

static void draw_title(struct frame *f, int row, int col, int width, const struct table *t, int i)
{
    const struct table_column *c = &t->columns[i];
    char text[128];
    bool sorted = is_sorted_by(t, i);
    text_format(text, sizeof text, "%s%s", c->title, !sorted ? "" : t->sort_descending ? "▼" : "▲");
    int attr = sorted ? ATTR_UNDERLINE : 0;
    if (c->align == TABLE_LEFT)
        frame_put(f, row, col, width, sorted ? PAINT_TITLE : PAINT_DIM, attr, text);
    else
        frame_put_right(f, row, col + width, width, sorted ? PAINT_TITLE : PAINT_DIM, attr, text);
}

/* Columns of the text in front of its decimal point, or all if there is none. */
static int before_point(const char *text)
{
    char head[96];
    const char *point = strchr(text, '.');
    size_t n = point ? (size_t)(point - text) : strlen(text);
    if (n >= sizeof head)
        n = sizeof head - 1;
    memcpy(head, text, n);
    head[n] = 0;
    return text_columns(head);
}

/* Where a cell's text starts inside its column. */
static int indent(const struct table_column *c, int width, const char *text)
{
    int columns = text_columns(text), at = 0;
    if (c->align == TABLE_RIGHT)
        at = width - columns;
    else if (c->align == TABLE_DECIMAL)
        at = width - (c->decimals > 0 ? c->decimals + 1 : 0) - before_point(text);
    if (at + columns > width)
        at = width - columns;
    return at > 0 ? at : 0;
}

struct row_look {
    struct table_row row;
    int attr;
    bool selected; /* the cursor's row is one calm bar, not a patchwork of colours */
};

static void draw_cell(struct frame *f, int row, int col, int width, const struct table *t,
                      size_t at, int i, const struct row_look *look)
{
    const struct table_column *c = &t->columns[i];
    struct table_cell cell;
    memset(&cell, 0, sizeof cell);
    t->fill(t->context, at, i, &cell);
    int attr = cell.attr | look->attr;
    enum paint paint = look->selected ? PAINT_SELECTED : cell.paint;
    if (cell.n_spark > 0)
        canvas_spark(f, row, col, width, cell.spark, cell.n_spark, paint, attr);
    else if (cell.text[0])
        frame_put(f, row, col + indent(c, width, cell.text), width - indent(c, width, cell.text),
                  paint, attr, cell.text);
    else
        frame_put(f, row, col + indent(c, width, "–"), 1,
                  look->selected ? PAINT_SELECTED : PAINT_DIM, look->attr, "–");
}

static void draw_gutter(struct frame *f, int row, int col, const struct row_look *look)
{
    if (look->row.marked)
        frame_put_code(f, row, col, look->selected ? PAINT_SELECTED : PAINT_ACCENT, look->attr,
                       '+');
    if (look->row.sign)
        frame_put_code(f, row, col + 1, look->selected ? PAINT_SELECTED : look->row.paint,
                       look->attr, look->row.sign);
}

static void draw_row(struct frame *f, struct rect r, int row, const struct table *t, size_t at,
                     const int *width)
{
    struct row_look look = {{0}, 0, false};
    if (t->describe)
        t->describe(t->context, at, &look.row);
    bool here = at == t->cursor;
    look.attr = look.row.attr | (look.row.marked ? ATTR_BOLD : 0) |
                (here ? t->show_cursor ? ATTR_REVERSE : ATTR_BOLD : 0);
    look.selected = here && t->show_cursor;
    if (look.selected)
        frame_fill(f, (struct rect){row, r.col, 1, r.cols}, PAINT_SELECTED, ATTR_REVERSE, ' ');
    if (gutter(r))
        draw_gutter(f, row, r.col, &look);
    int col = r.col + gutter(r), end = r.col + r.cols;
    for (int i = 0; i < n_columns_of(t); i++) {
        if (!width[i] || col >= end)
            continue;
        int w = width[i] < end - col ? width[i] : end - col;
        draw_cell(f, row, col, w, t, at, i, &look);
        col += width[i] + GAP;
    }
}

static void draw_titles(struct frame *f, struct rect r, const struct table *t, const int *width)
{
    int col = r.col + gutter(r), end = r.col + r.cols;
    for (int i = 0; i < n_columns_of(t); i++) {
        if (!width[i] || col >= end)
            continue;
        draw_title(f, r.row, col, width[i] < end - col ? width[i] : end - col, t, i);
        col += width[i] + GAP;
    }
}

/* Keeps the cursor inside and visible, and no blank rows below while there are rows above. */
static void settle(struct table *t, size_t visible)
{
    if (t->cursor >= t->n_rows)
        t->cursor = t->n_rows ? t->n_rows - 1 : 0;
    if (visible == 0)
        return;
    if (t->top > t->cursor)
        t->top = t->cursor;
    if (t->cursor >= visible && t->top < t->cursor - visible + 1)
        t->top = t->cursor - visible + 1;
    size_t last_top = t->n_rows > visible ? t->n_rows - visible : 0;
    if (t->top > last_top)
        t->top = last_top;
}

/* More rows above or below: small arrows before the titles. */
static void draw_more(struct frame *f, struct rect r, const struct table *t, size_t visible)
{
    if (gutter(r) == 0 || r.rows < 2)
        return;
    if (t->top > 0)
        frame_put_code(f, r.row, r.col, PAINT_DIM, 0, 0x25B2);
    if (t->top + visible < t->n_rows)
        frame_put_code(f, r.row, r.col + 1, PAINT_DIM, 0, 0x25BC);
}

void table_draw(struct frame *f, struct rect r, struct table *t)
{
    int width[MAX_COLUMNS];
    struct table view = *t;
    if (r.rows <= 0 || r.cols <= 0)
        return;
    view.n_columns = n_columns_of(t);
    table_fit(&view, r.cols - gutter(r), width);
    int first = r.rows > 1 ? 1 : 0; /* a single line shows the row, not the titles */
    size_t visible = (size_t)(r.rows - first);
    settle(t, visible);
    if (first)
        draw_titles(f, r, t, width);
    if (t->n_rows == 0)
        frame_put(f, r.row + first, r.col + gutter(r), r.cols - gutter(r), PAINT_DIM, 0,
                  t->empty ? t->empty : "nothing here yet");
    for (size_t i = 0; i < visible && t->top + i < t->n_rows; i++)
        draw_row(f, r, r.row + first + (int)i, t, t->top + i, width);
    draw_more(f, r, t, visible);
}

/* ---- moving and pointing ----------------------------------------------------------------- */

void table_move(struct table *t, long delta)
{
    size_t steps = delta < 0 ? (size_t) - (delta + 1) + 1 : (size_t)delta;
    if (delta < 0)
        t->cursor = t->cursor > steps ? t->cursor - steps : 0;
    else
        t->cursor = t->n_rows == 0 ? 0
                    : t->n_rows - 1 - (t->cursor < t->n_rows ? t->cursor : t->n_rows - 1) > steps
                        ? t->cursor + steps
                        : t->n_rows - 1;
}

long table_row_at(const struct table *t, struct rect r, int row)
{
    int first = r.rows > 1 ? 1 : 0;
    if (row < r.row + first || row >= r.row + r.rows)
        return -1;
    size_t at = t->top + (size_t)(row - r.row - first);
    return at < t->n_rows ? (long)at : -1;
}

int table_column_at(const struct table *t, struct rect r, int col)
{
    int width[MAX_COLUMNS], at = r.col + gutter(r);
    struct table view = *t;
    view.n_columns = n_columns_of(t);
    table_fit(&view, r.cols - gutter(r), width);
    for (int i = 0; i < view.n_columns; i++) {
        if (!width[i])
            continue;
        if (col >= at && col < at + width[i] && col < r.col + r.cols)
            return i;
        at += width[i] + GAP;
    }
    return -1;
}

/* Numbers on coloured ground. A cell is
 *     [.63]▇      bracket or blank, four places for the number, bracket or mark, trend
 * so numbers stand under each other whatever their marks. */
#include "tui/heat.h"

#include <math.h>
#include <string.h>

enum { CELL = 8, TIGHT_CELL = 7, NARROW_CELL = 6, COUNT = 7, HEADS = 2 };

int heat_level(double shade, double low, double high)
{
    if (isnan(shade))
        return -1;
    if (!(high > low))
        return shade < low ? 0 : shade > low ? HEAT_LEVELS - 1 : HEAT_LEVELS / 2;
    double level = floor((shade / (high - low) - low / (high - low)) * HEAT_LEVELS);
    return level < 0 ? 0 : level > HEAT_LEVELS - 1 ? HEAT_LEVELS - 1 : (int)level;
}

/* ---- where things are -------------------------------------------------------------------- */

struct places {
    int head;          /* columns of the row heads, with the mark of the current row */
    int count;         /* columns of the counts, 0 none */
    int cell;          /* columns of a cell */
    int first_row;     /* of the screen */
    size_t rows, cols; /* visible cells */
};

/* The widest of at most 64 heads from the first visible row on, in columns. */
static int head_columns(const struct heat *h, size_t rows)
{
    int widest = h->head_title ? text_columns(h->head_title) : 4;
    char text[128];
    long count;
    for (size_t i = 0; i < rows && h->top + i < h->n_rows && i < 64; i++) {
        text[0] = 0;
        count = 0;
        h->row_head(h->context, h->top + i, text, sizeof text, &count);
        int columns = text_columns(text);
        widest = columns > widest ? columns : widest;
    }
    return widest;
}

/* As wide as lets all columns be seen; where none does, wide enough to be read well. */
static int cell_columns(const struct heat *h, int cols, int room)
{
    static const int widths[] = {CELL, TIGHT_CELL, NARROW_CELL};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        if ((size_t)widths[i] * h->n_cols <= (size_t)(room > 0 ? room : 0))
            return widths[i];
    return cols >= 60 ? TIGHT_CELL : NARROW_CELL;
}

static struct places find_places(const struct heat *h, struct rect r)
{
    struct places p = {0};
    int heads = r.rows > HEADS ? HEADS : 0, legend = h->legend && r.rows > HEADS + 2;
    p.first_row = r.row + heads;
    p.rows = r.rows > heads + legend ? (size_t)(r.rows - heads - legend) : 0;
    p.count = h->count_title && r.cols >= 40 ? COUNT : 0;
    p.head = head_columns(h, p.rows) + 3;
    int most = r.cols - p.count - NARROW_CELL;
    if (p.head > most)
        p.head = most > 0 ? most : 0;
    int room = r.cols - p.head - p.count;
    p.cell = cell_columns(h, r.cols, room);
    p.cols = room > 0 ? (size_t)(room / p.cell) : 0;
    return p;
}

/* Scrolls one direction so that the cursor is inside the visible part. */
static void settle(size_t *cursor, size_t *first, size_t n, size_t visible)
{
    if (*cursor >= n)
        *cursor = n ? n - 1 : 0;
    if (visible == 0)
        return;
    if (*first > *cursor)
        *first = *cursor;
    if (*cursor >= visible && *first < *cursor - visible + 1)
        *first = *cursor - visible + 1;
    size_t last = n > visible ? n - visible : 0;
    if (*first > last)
        *first = last;
}

/* ---- drawing ----------------------------------------------------------------------------- */

/* ".63", "1.00", "-.05", "12.4", "–": at most four columns where that is possible. */
static const char *number_text(double value, char *out, size_t out_size)
{
    char text[32];
    if (isnan(value))
        return text_format(out, out_size, "–");
    if (isinf(value))
        return text_format(out, out_size, value > 0 ? "!" : "-!");
    double size = fabs(value);
    text_format(text, sizeof text, "%.*f",
                size < 0.995 || (value >= 0 && size < 9.995) ? 2
                : size < 99.5                                ? 1
                                                             : 0,
                value);
    if (fabs(value) > 9999)
        text_format(text, sizeof text, "%.0e", value);
    bool minus = text[0] == '-';
    if (text[minus] == '0' && text[minus + 1] == '.')
        return text_format(out, out_size, "%s%s", minus ? "-" : "", text + minus + 1);
    return text_format(out, out_size, "%s", text);
}

static uint32_t mark_of(const struct heat_cell *c)
{
    return c->pinned ? '=' : c->best ? ']' : c->few ? 0xB7 : ' ';
}

static void draw_cell(struct frame *f, int row, int col, int width, const struct heat *h, size_t i,
                      size_t j)
{
    struct heat_cell c;
    char text[48];
    memset(&c, 0, sizeof c);
    c.value = c.shade = NAN;
    h->cell(h->context, i, j, &c);
    int level = heat_level(c.shade, h->shade_low, h->shade_high);
    bool here = h->show_cursor && i == h->cursor_row && j == h->cursor_col;
    enum paint paint = isnan(c.value) ? PAINT_DIM
                       : level < 0    ? PAINT_TEXT
                                      : (enum paint)(PAINT_HEAT0 + level);
    int attr = (here ? ATTR_REVERSE : 0) | (c.next ? ATTR_BOLD | ATTR_UNDERLINE : 0);
    frame_fill(f, (struct rect){row, col, 1, width > 7 ? width - 1 : width}, paint,
               attr & ATTR_REVERSE, ' ');
    if (c.best)
        frame_put_code(f, row, col, paint, attr | ATTR_BOLD, '[');
    number_text(c.value, text, sizeof text);
    frame_put_right(f, row, col + 5, 4, paint, attr | (c.best ? ATTR_BOLD : 0), text);
    if (width > 5)
        frame_put_code(f, row, col + 5, paint, (attr & ATTR_REVERSE) | (c.best ? ATTR_BOLD : 0),
                       mark_of(&c));
    if (width > 6 && c.trend)
        frame_put_code(f, row, col + 6, paint, attr & ATTR_REVERSE, c.trend > 0 ? 0x2587 : 0x2591);
}

static void draw_row(struct frame *f, struct rect r, const struct heat *h, const struct places *p,
                     size_t i)
{
    int row = p->first_row + (int)(i - h->top);
    char text[128] = "";
    long count = 0;
    h->row_head(h->context, i, text, sizeof text, &count);
    bool current = h->current_row >= 0 && (size_t)h->current_row == i;
    bool here = h->show_cursor && i == h->cursor_row;
    int attr = current || here ? ATTR_BOLD : 0;
    frame_put(f, row, r.col, p->head - 3, current ? PAINT_ACCENT : PAINT_TEXT, attr, text);
    if (current && p->head >= 3)
        frame_put_code(f, row, r.col + p->head - 2, PAINT_ACCENT, ATTR_BOLD, 0x25C0);
    if (p->count && count >= 0)
        frame_put_right(f, row, r.col + p->head + p->count - 2, p->count - 2, PAINT_DIM, 0,
                        text_count(text, sizeof text, count));
    for (size_t j = 0; j < p->cols && h->left + j < h->n_cols; j++)
        draw_cell(f, row, r.col + p->head + p->count + (int)j * p->cell, p->cell, h, i,
                  h->left + j);
}

static void draw_heads(struct frame *f, struct rect r, const struct heat *h, const struct places *p)
{
    size_t behind = h->n_cols > h->left + p->cols ? h->n_cols - h->left - p->cols : 0;
    if (h->left > 0 && behind > 0)
        frame_putf(f, r.row, r.col, p->head - 1, PAINT_DIM, 0, "‹ %zu · %zu ›", h->left, behind);
    else if (h->left > 0)
        frame_putf(f, r.row, r.col, p->head - 1, PAINT_DIM, 0, "‹ %zu", h->left);
    else if (behind > 0)
        frame_putf(f, r.row, r.col, p->head - 1, PAINT_DIM, 0, "%zu ›", behind);
    frame_put(f, r.row + 1, r.col, p->head - 1, PAINT_DIM, 0, h->head_title ? h->head_title : "");
    if (p->count)
        frame_put_right(f, r.row + 1, r.col + p->head + p->count - 2, p->count - 1, PAINT_DIM, 0,
                        h->count_title);
    for (size_t j = 0; j < p->cols && h->left + j < h->n_cols; j++) {
        int col = r.col + p->head + p->count + (int)j * p->cell;
        bool here = h->show_cursor && h->left + j == h->cursor_col;
        for (int line = 0; line < HEADS; line++)
            frame_put(f, r.row + line, col + (p->cell > NARROW_CELL), p->cell - 1, PAINT_DIM,
                      here ? ATTR_BOLD : 0, h->col_head(h->context, h->left + j, line));
    }
}

static void draw_legend(struct frame *f, struct rect r, const struct heat *h)
{
    static const uint32_t shades[4] = {0x2591, 0x2592, 0x2593, 0x2588};
    int row = r.row + r.rows - 1, col = r.col, end = r.col + r.cols;
    char low[32], high[32];
    number_text(h->shade_low, low, sizeof low);
    number_text(h->shade_high, high, sizeof high);
    col += frame_putf(f, row, col, end - col, PAINT_DIM, 0, "%s ", low);
    for (int i = 0; i < HEAT_LEVELS && col < end; i++, col++)
        frame_put_code(f, row, col, (enum paint)(PAINT_HEAT0 + i), 0, shades[i * 4 / HEAT_LEVELS]);
    frame_putf(f, row, col, end - col, PAINT_DIM, 0, " %s  %s", high, h->legend);
}

void heat_draw(struct frame *f, struct rect r, struct heat *h)
{
    if (r.rows <= 0 || r.cols <= 0)
        return;
    struct places p = find_places(h, r);
    settle(&h->cursor_row, &h->top, h->n_rows, p.rows);
    p = find_places(h, r); /* the heads in sight may be wider now */
    settle(&h->cursor_col, &h->left, h->n_cols, p.cols);
    if (p.first_row > r.row)
        draw_heads(f, r, h, &p);
    for (size_t i = 0; i < p.rows && h->top + i < h->n_rows; i++)
        draw_row(f, r, h, &p, h->top + i);
    if (h->legend && r.rows > HEADS + 2)
        draw_legend(f, r, h);
}

/* ---- moving and pointing ----------------------------------------------------------------- */

static size_t moved(size_t at, long delta, size_t n)
{
    if (delta < 0) {
        size_t back = (size_t) - (delta + 1) + 1;
        return at > back ? at - back : 0;
    }
    size_t last = n ? n - 1 : 0;
    return at >= last || last - at < (size_t)delta ? last : at + (size_t)delta;
}

void heat_move(struct heat *h, long rows, long cols)
{
    h->cursor_row = moved(h->cursor_row, rows, h->n_rows);
    h->cursor_col = moved(h->cursor_col, cols, h->n_cols);
}

bool heat_at(const struct heat *h, struct rect r, int row, int col, size_t *out_row,
             size_t *out_col)
{
    struct places p = find_places(h, r);
    int y = row - p.first_row, x = col - r.col - p.head - p.count;
    if (y < 0 || x < 0 || (size_t)y >= p.rows || (size_t)(x / p.cell) >= p.cols)
        return false;
    *out_row = h->top + (size_t)y;
    *out_col = h->left + (size_t)(x / p.cell);
    return *out_row < h->n_rows && *out_col < h->n_cols;
}

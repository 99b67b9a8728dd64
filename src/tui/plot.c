/* Curves on a canvas, with axes around it. The order of drawing is the order of importance, weakest
 * first: best line, bands, curves, the selected curve, labels, read-out. Every number shown in the
 * read-out is a stored one. */
#include "tui/plot.h"

#include "tui/axis.h"
#include "tui/canvas.h"

#include <math.h>
#include <string.h>

enum { MAX_TICKS = 16, MAX_LABELS = 64 };

/* What plot_draw works out before it draws. */
struct scene {
    struct frame *f;
    const struct plot *p;
    struct rect area; /* of the curves */
    struct axis x, y;
    struct canvas canvas;
    size_t n_points, n_left_out, n_not_finite;
    double y_ticks[MAX_TICKS], x_ticks[MAX_TICKS];
    size_t n_y_ticks, n_x_ticks;
    int axis_row, label_row; /* of the screen; -1: not drawn */
    bool y_axis;
    struct rect label[MAX_LABELS]; /* taken by end labels and the best line's text */
    size_t n_labels;
};

static double x_of(const struct plot_series *s, size_t i)
{
    return s->x ? s->x[i] : (double)(i + 1);
}

/* ---- ranges ------------------------------------------------------------------------------ */

struct span {
    double low, high; /* low > high: empty */
};
static const struct span no_span = {INFINITY, -INFINITY};

static void include(struct span *s, double v)
{
    if (v < s->low)
        s->low = v;
    if (v > s->high)
        s->high = v;
}

static void set_x_axis(struct scene *s)
{
    const struct plot *p = s->p;
    struct span x = no_span;
    for (size_t i = 0; i < p->n_series; i++)
        for (size_t k = 0; k < p->series[i].n; k++)
            if (isfinite(x_of(&p->series[i], k)))
                include(&x, x_of(&p->series[i], k));
    if (x.low > x.high)
        x = (struct span){0, 1};
    if (p->x_fixed > x.high && isfinite(p->x_fixed))
        x.high = p->x_fixed;
    if (x.low > 0 && x.low <= x.high / 4)
        x.low = 0;
    if (isfinite(p->window.x_min))
        x.low = p->window.x_min;
    if (isfinite(p->window.x_max))
        x.high = p->window.x_max;
    if (!(x.high > x.low))
        x.high = x.low + fmax(1, fabs(x.low) * 1e-6);
    if (!isfinite(x.high - x.low)) /* nobody counts so far */
        x = (struct span){0, 1};
    s->x = (struct axis){x.low, x.high, false};
}

static bool in_x_window(const struct scene *s, double x)
{
    return x >= s->x.low && x <= s->x.high;
}

static bool drawable(const struct scene *s, double y)
{
    return isfinite(y) && (!s->p->log_y || y > 0);
}

static void count_point(struct scene *s, double y, struct span *span)
{
    if (!isfinite(y))
        s->n_not_finite++;
    else if (s->p->log_y && y <= 0)
        s->n_left_out++;
    else {
        s->n_points++;
        include(span, y);
    }
}

static void include_series(struct scene *s, const struct plot_series *series, struct span *span)
{
    for (size_t k = 0; k < series->n; k++) {
        if (!in_x_window(s, x_of(series, k)))
            continue;
        count_point(s, series->y[k], span);
        if (series->low && drawable(s, series->low[k]))
            include(span, series->low[k]);
        if (series->high && drawable(s, series->high[k]))
            include(span, series->high[k]);
    }
}

static void set_y_axis(struct scene *s)
{
    const struct plot *p = s->p;
    struct span y = no_span;
    for (size_t i = 0; i < p->n_series; i++)
        include_series(s, &p->series[i], &y);
    if (s->n_points > 0 && drawable(s, p->best))
        include(&y, p->best);
    if (y.low > y.high)
        y = p->log_y ? (struct span){0.1, 1} : (struct span){0, 1};
    s->y = axis_around(y.low, y.high, p->log_y);
    bool low = drawable(s, p->window.y_min), high = drawable(s, p->window.y_max);
    struct axis wished = {low ? p->window.y_min : s->y.low, high ? p->window.y_max : s->y.high,
                          p->log_y};
    if (wished.high > wished.low && isfinite(wished.high - wished.low))
        s->y = wished;
}

/* ---- where things are -------------------------------------------------------------------- */

static double least_step(const double *ticks, size_t n, bool log)
{
    if (n == 0)
        return 1;
    return log ? ticks[0] : n > 1 ? ticks[1] - ticks[0] : fabs(ticks[0]);
}

static const char *y_tick_text(const struct scene *s, size_t i, char *out, size_t out_size)
{
    return plot_tick_text(s->y_ticks[i], least_step(s->y_ticks, s->n_y_ticks, s->p->log_y), out,
                          out_size);
}

/* Columns in front of the curves: " 0.30 ┤". */
static int left_margin(struct scene *s, const struct rect *r)
{
    char text[32];
    int widest = 0;
    if (r->cols < 24)
        return 0;
    for (size_t i = 0; i < s->n_y_ticks; i++) {
        int columns = text_columns(y_tick_text(s, i, text, sizeof text));
        widest = columns > widest ? columns : widest;
    }
    s->y_axis = true;
    return 1 + widest + 2;
}

static int right_margin(const struct scene *s, const struct rect *r)
{
    int widest = 0;
    for (size_t i = 0; i < s->p->n_series; i++) {
        const char *label = s->p->series[i].label;
        int columns = label && s->p->series[i].n ? text_columns(label) + 1 : 0;
        widest = columns > widest ? columns : widest;
    }
    return widest > r->cols / 4 ? r->cols / 4 : widest;
}

static void place(struct scene *s, struct rect r)
{
    s->axis_row = s->label_row = -1;
    if (s->p->title && r.rows >= 4) {
        r.row++;
        r.rows--;
    }
    if (r.rows >= 5 && r.cols >= 24)
        s->label_row = r.row + --r.rows;
    if (r.rows >= 3)
        s->axis_row = r.row + --r.rows;
    size_t most = r.rows / 2 + 1 < MAX_TICKS ? (size_t)(r.rows / 2 + 1) : MAX_TICKS;
    s->n_y_ticks = plot_ticks(s->y.low, s->y.high, s->p->log_y, most, s->y_ticks);
    int left = left_margin(s, &r), right = right_margin(s, &r);
    s->area = (struct rect){r.row, r.col + left, r.rows, r.cols - left - right};
    most = s->area.cols / 10 + 1 < MAX_TICKS ? (size_t)(s->area.cols / 10 + 1) : MAX_TICKS;
    s->n_x_ticks = plot_ticks(s->x.low, s->x.high, false, most, s->x_ticks);
}

static double dot_x(const struct scene *s, double x)
{
    return axis_place(&s->x, x) * (canvas_width(&s->canvas) - 1);
}

static double dot_y(const struct scene *s, double y)
{
    return (1 - axis_place(&s->y, y)) * (canvas_height(&s->canvas) - 1);
}

static int column_of(const struct scene *s, double x)
{
    return s->area.col + (int)lround(dot_x(s, x)) / s->canvas.dots_x;
}

static int row_of(const struct scene *s, double y)
{
    return s->area.row + (int)lround(dot_y(s, y)) / s->canvas.dots_y;
}

/* ---- curves ------------------------------------------------------------------------------ */

/* Points that fall into one column of dots: first and last join the neighbours, lowest and highest
 * make the spike. */
struct column {
    bool any;
    int x;
    double first, last, low, high;
};

struct pen {
    struct scene *s;
    int owner, on, off, phase;
    struct column now, before;
};

static void flush_column(struct pen *pen)
{
    struct canvas *c = &pen->s->canvas;
    const struct column *now = &pen->now, *before = &pen->before;
    if (!now->any)
        return;
    if (before->any)
        canvas_line(c, before->x, before->last, now->x, now->first, pen->owner, pen->on, pen->off,
                    &pen->phase);
    else
        canvas_line(c, now->x, now->first, now->x, now->first, pen->owner, 0, 0, NULL);
    if (now->high > now->low)
        canvas_line(c, now->x, now->low, now->x, now->high, pen->owner, 0, 0, NULL);
    pen->before = *now;
    pen->now.any = false;
}

static void lift_pen(struct pen *pen)
{
    flush_column(pen);
    pen->before.any = false;
    pen->phase = 0;
}

static void move_pen(struct pen *pen, double x, double y)
{
    double at = dot_x(pen->s, x), height = dot_y(pen->s, y);
    int column = (int)lround(fmax(-1e6, fmin(1e6, at)));
    height = fmax(-1e6, fmin(1e6, height));
    if (pen->now.any && pen->now.x != column)
        flush_column(pen);
    if (!pen->now.any)
        pen->now = (struct column){true, column, height, height, height, height};
    pen->now.last = height;
    pen->now.low = fmin(pen->now.low, height);
    pen->now.high = fmax(pen->now.high, height);
}

static void draw_curve(struct scene *s, size_t i)
{
    static const int dash[][2] = {{0, 0}, {4, 3}, {1, 2}};
    const struct plot_series *series = &s->p->series[i];
    struct pen pen = {
        .s = s, .owner = (int)i, .on = dash[series->line][0], .off = dash[series->line][1]};
    for (size_t k = 0; k < series->n; k++) {
        double x = x_of(series, k), y = series->y[k];
        if (!isfinite(x) || !drawable(s, y))
            lift_pen(&pen);
        else
            move_pen(&pen, x, y);
    }
    flush_column(&pen);
}

/* Every second dot between low and high, like a light shade. */
static void draw_band(struct scene *s, size_t i)
{
    const struct plot_series *series = &s->p->series[i];
    int owner = (int)(s->p->n_series + i);
    if (!series->low || !series->high)
        return;
    for (size_t k = 0; k < series->n; k++) {
        if (!in_x_window(s, x_of(series, k)) || !drawable(s, series->low[k]) ||
            !drawable(s, series->high[k]))
            continue;
        int x = (int)lround(dot_x(s, x_of(series, k)));
        int top = (int)lround(fmax(0, fmin(1e5, dot_y(s, series->high[k]))));
        int bottom = (int)lround(fmax(-1, fmin(1e5, dot_y(s, series->low[k]))));
        for (int y = top; y <= bottom && y < canvas_height(&s->canvas); y++)
            if ((x + y) % 2 == 0)
                canvas_dot(&s->canvas, x, y, owner);
    }
}

static char mark_of(const struct plot_series *series, size_t i)
{
    static const char marks[] = "*+xo#";
    return series->letter ? series->letter : marks[i % (sizeof marks - 1)];
}

static void draw_curves(struct scene *s)
{
    size_t n = s->p->n_series;
    struct canvas_style *styles = mem_zero_alloc(2 * n + 1, sizeof *styles);
    if (!styles)
        return;
    for (size_t i = 0; i < n; i++) {
        const struct plot_series *series = &s->p->series[i];
        int attr = series->attr | (series->selected ? ATTR_BOLD : 0);
        styles[i] = (struct canvas_style){series->paint, attr, mark_of(series, i)};
        styles[n + i] = (struct canvas_style){series->paint, ATTR_DIM, '.'};
        draw_band(s, i);
    }
    for (int selected = 0; selected < 2; selected++)
        for (size_t i = 0; i < n; i++)
            if (s->p->series[i].selected == (selected == 1))
                draw_curve(s, i);
    canvas_put(&s->canvas, s->f, s->area.row, s->area.col, styles, (int)(2 * n));
    mem_free(styles);
}

/* ---- axes and title ---------------------------------------------------------------------- */

static void draw_title(const struct scene *s, struct rect r)
{
    struct text t = {0};
    text_append(&t, s->p->title);
    if (s->p->log_y)
        text_append(&t, ", log");
    if (s->n_left_out)
        text_appendf(&t, ", %zu not above 0 left out", s->n_left_out);
    if (s->n_not_finite)
        text_appendf(&t, ", %zu not finite (!)", s->n_not_finite);
    frame_rule(s->f, r.row, r.col, r.cols, text_get(&t));
    int room = r.cols - text_columns(text_get(&t)) - 10;
    int columns = s->p->x_title ? text_columns(s->p->x_title) : 0;
    if (columns > 0 && columns <= room)
        frame_putf(s->f, r.row, r.col + r.cols - columns - 4, columns + 2, PAINT_TITLE, 0, " %s ",
                   s->p->x_title);
    text_free(&t);
}

static void draw_y_axis(const struct scene *s)
{
    char text[32];
    int col = s->area.col - 1, last = -1;
    if (!s->y_axis)
        return;
    for (int i = 0; i < s->area.rows; i++)
        frame_put_code(s->f, s->area.row + i, col, PAINT_RULE, 0, 0x2502);
    for (size_t i = s->n_y_ticks; i-- > 0;) {
        int row = row_of(s, s->y_ticks[i]);
        if (row == last || row < s->area.row || row >= s->area.row + s->area.rows)
            continue;
        frame_put_code(s->f, row, col, PAINT_RULE, 0, 0x2524);
        frame_put_right(s->f, row, col - 1, 12, PAINT_DIM, 0, y_tick_text(s, i, text, sizeof text));
        last = row;
    }
}

static void draw_x_labels(const struct scene *s)
{
    char text[32];
    int free_from = s->area.col - (s->y_axis ? 1 : 0), end = s->area.col + s->area.cols;
    double step = least_step(s->x_ticks, s->n_x_ticks, false);
    for (size_t i = 0; i < s->n_x_ticks && s->label_row >= 0; i++) {
        plot_tick_text(s->x_ticks[i], step, text, sizeof text);
        int columns = text_columns(text), col = column_of(s, s->x_ticks[i]) - columns / 2;
        if (col < free_from)
            col = free_from;
        if (col + columns > end)
            continue;
        frame_put(s->f, s->label_row, col, columns, PAINT_DIM, 0, text);
        free_from = col + columns + 2;
    }
}

static void draw_x_axis(const struct scene *s)
{
    if (s->axis_row < 0)
        return;
    frame_fill(s->f, (struct rect){s->axis_row, s->area.col, 1, s->area.cols}, PAINT_RULE, 0,
               0x2500);
    if (s->y_axis)
        frame_put_code(s->f, s->axis_row, s->area.col - 1, PAINT_RULE, 0, 0x2514);
    for (size_t i = 0; i < s->n_x_ticks; i++)
        frame_put_code(s->f, s->axis_row, column_of(s, s->x_ticks[i]), PAINT_RULE, 0, 0x252C);
    draw_x_labels(s);
}

/* Values that are no numbers: '!' where they are. */
static void mark_not_finite(const struct scene *s)
{
    for (size_t i = 0; i < s->p->n_series && s->axis_row >= 0; i++)
        for (size_t k = 0; k < s->p->series[i].n; k++) {
            double x = x_of(&s->p->series[i], k);
            if (!isfinite(s->p->series[i].y[k]) && in_x_window(s, x))
                frame_put_code(s->f, s->axis_row, column_of(s, x), PAINT_BAD, ATTR_BOLD, '!');
        }
}

/* ---- labels ------------------------------------------------------------------------------ */

static bool overlaps(const struct rect *a, const struct rect *b)
{
    return a->row == b->row && a->col < b->col + b->cols && b->col < a->col + a->cols;
}

/* How bad a place is: covered curves count, so does distance; < 0: taken. */
static int label_cost(const struct scene *s, const struct rect *place, int wanted_row)
{
    int cost = 3 * (place->row > wanted_row ? place->row - wanted_row : wanted_row - place->row);
    for (size_t i = 0; i < s->n_labels; i++)
        if (overlaps(place, &s->label[i]))
            return -1;
    for (int k = 0; k < place->cols; k++)
        cost +=
            s->f->cells[(size_t)place->row * (size_t)s->f->cols + (size_t)(place->col + k)].code !=
            ' ';
    return cost;
}

/* Nearest good row for a label that would like to begin at row, col. false: no room. */
static bool find_label_place(struct scene *s, int row, int col, int columns, int end,
                             struct rect *out)
{
    int best_cost = -1;
    if (col + columns > end)
        col = end - columns;
    for (int distance = -4; distance <= 4; distance++) {
        struct rect at = {row + distance, col, 1, columns};
        if (at.row < s->area.row || at.row >= s->area.row + s->area.rows || col < s->area.col ||
            at.row >= s->f->rows || end > s->f->cols)
            continue;
        int cost = label_cost(s, &at, row);
        if (cost >= 0 && (best_cost < 0 || cost < best_cost)) {
            best_cost = cost;
            *out = at;
        }
    }
    return best_cost >= 0;
}

static void put_label(struct scene *s, int row, int col, int end, enum paint paint, int attr,
                      const char *text)
{
    struct rect at;
    int columns = text_columns(text);
    if (s->n_labels >= MAX_LABELS || columns == 0 || columns > end - s->area.col ||
        !find_label_place(s, row, col, columns, end, &at))
        return;
    frame_put(s->f, at.row, at.col, at.cols, paint, attr, text);
    s->label[s->n_labels++] = at;
}

static void draw_end_labels(struct scene *s, int end)
{
    for (int selected = 1; selected >= 0; selected--)
        for (size_t i = 0; i < s->p->n_series; i++) {
            const struct plot_series *series = &s->p->series[i];
            size_t k = series->n;
            while (k > 0 && !(drawable(s, series->y[k - 1]) && in_x_window(s, x_of(series, k - 1))))
                k--;
            if (!series->label || k == 0 || series->selected != (selected == 1))
                continue;
            put_label(s, row_of(s, series->y[k - 1]), column_of(s, x_of(series, k - 1)) + 2, end,
                      series->paint, series->attr | (selected ? ATTR_BOLD : 0), series->label);
        }
}

static void draw_best(struct scene *s)
{
    char value[32], text[48];
    double at = axis_place(&s->y, s->p->best);
    if (!(at >= 0 && at <= 1))
        return;
    int row = row_of(s, s->p->best);
    frame_fill(s->f, (struct rect){row, s->area.col, 1, s->area.cols}, PAINT_GOOD, ATTR_DIM,
               0x2504);
    text_format(text, sizeof text, "best %s", text_human(value, sizeof value, s->p->best, 3));
    int columns = text_columns(text);
    if (columns + 8 > s->area.cols || s->n_labels >= MAX_LABELS)
        return;
    int col = s->area.col + s->area.cols - columns - 1;
    frame_putf(s->f, row, col - 1, columns + 2, PAINT_GOOD, 0, " %s ", text);
    s->label[s->n_labels++] = (struct rect){row, col, 1, columns};
}

/* ---- read-out ---------------------------------------------------------------------------- */

static const struct plot_series *read_series(const struct plot *p)
{
    const struct plot_series *found = NULL;
    for (size_t i = 0; i < p->n_series; i++)
        if (p->series[i].n && (!found || p->series[i].selected))
            found = &p->series[i];
    return found;
}

/* "epoch 31   a 0.0478   b 0.0912": only series that have a stored value at this very x. */
static void read_values(const struct scene *s, double x, struct text *out)
{
    text_appendf(out, "%s %.6g", s->p->x_title ? s->p->x_title : "x", x);
    for (size_t i = 0; i < s->p->n_series; i++) {
        const struct plot_series *series = &s->p->series[i];
        size_t k = series->n ? plot_nearest(series, x) : 0;
        if (series->n == 0 || x_of(series, k) != x)
            continue;
        if (series->letter)
            text_appendf(out, "   %c %.6g", series->letter, series->y[k]);
        else
            text_appendf(out, "   %.*s %.6g", 24, series->label ? series->label : "", series->y[k]);
    }
}

static void draw_read_out(struct scene *s)
{
    const struct plot_series *series = read_series(s->p);
    if (!s->p->cursor || !series)
        return;
    double x = x_of(series, plot_nearest(series, s->p->cursor_x));
    if (!in_x_window(s, x))
        return;
    int col = column_of(s, x);
    for (int row = s->area.row; row < s->area.row + s->area.rows && row < s->f->rows; row++)
        if (col < s->f->cols &&
            s->f->cells[(size_t)row * (size_t)s->f->cols + (size_t)col].code == ' ')
            frame_put_code(s->f, row, col, PAINT_ACCENT, 0, 0x2502);
    struct text t = {0};
    read_values(s, x, &t);
    int columns = text_columns(text_get(&t)) + 2;
    int room = s->area.cols;
    columns = columns < room ? columns : room;
    bool left = col - s->area.col > room / 2;
    int at = left ? s->area.col : s->area.col + room - columns;
    frame_putf(s->f, s->area.row, at, columns, PAINT_ACCENT, ATTR_BOLD, " %s ", text_get(&t));
    text_free(&t);
}

/* ---- the whole --------------------------------------------------------------------------- */

static void draw_empty(const struct scene *s)
{
    const char *text = s->p->empty ? s->p->empty : "no values yet";
    int columns = text_columns(text);
    columns = columns < s->area.cols ? columns : s->area.cols;
    frame_put(s->f, s->area.row + s->area.rows / 2, s->area.col + (s->area.cols - columns) / 2,
              columns, PAINT_DIM, 0, text);
}

static void draw_scene(struct scene *s, int end)
{
    draw_y_axis(s);
    draw_x_axis(s);
    if (s->n_points == 0)
        draw_empty(s);
    else {
        draw_best(s);
        draw_curves(s);
        draw_end_labels(s, end);
    }
    mark_not_finite(s);
    draw_read_out(s);
}

void plot_draw(struct frame *f, struct rect r, const struct plot *p, struct plot_view *view)
{
    struct scene s = {.f = f, .p = p};
    if (view)
        *view = (struct plot_view){0};
    if (r.row < 0 || r.col < 0 || r.rows <= 0 || r.cols <= 0 || r.row + r.rows > f->rows ||
        r.col + r.cols > f->cols)
        return;
    set_x_axis(&s);
    set_y_axis(&s);
    place(&s, r);
    if (p->title && r.rows >= 4)
        draw_title(&s, r);
    if (!canvas_open(&s.canvas, s.area.rows, s.area.cols, glyphs_get()))
        return;
    if (s.canvas.rows > 0) {
        draw_scene(&s, r.col + r.cols);
        if (view)
            *view = (struct plot_view){s.area,
                                       {s.x.low, s.x.high, s.y.low, s.y.high},
                                       s.n_left_out,
                                       s.n_not_finite,
                                       s.n_points};
    }
    canvas_close(&s.canvas);
}

/* ---- what callers compute ---------------------------------------------------------------- */

struct plot_window plot_zoom(struct plot_window seen, double factor, double place_of)
{
    double width = seen.x_max - seen.x_min, centre = seen.x_min + place_of * width;
    if (!(factor > 0) || !(width / factor > 0) || !isfinite(width / factor))
        return seen;
    seen.x_min = centre - place_of * width / factor;
    seen.x_max = seen.x_min + width / factor;
    seen.y_min = seen.y_max = NAN;
    return seen;
}

struct plot_window plot_pan(struct plot_window seen, double share)
{
    double width = seen.x_max - seen.x_min;
    seen.x_min += share * width;
    seen.x_max += share * width;
    seen.y_min = seen.y_max = NAN;
    return seen;
}

size_t plot_nearest(const struct plot_series *s, double x)
{
    size_t low = 0, high = s->n - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (x_of(s, middle) < x)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0 && fabs(x_of(s, low - 1) - x) <= fabs(x_of(s, low) - x))
        low--;
    return low;
}

double plot_next_range(double n_steps)
{
    double range = 8;
    while (range < n_steps && range < 1e15)
        range *= 2;
    return range;
}

void plot_smooth(const double *y, size_t n, double weight, double *out)
{
    double sum = 0, total = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(y[i])) {
            out[i] = y[i];
            continue;
        }
        sum = weight * sum + (1 - weight) * y[i];
        total = weight * total + (1 - weight);
        out[i] = sum / total;
    }
}

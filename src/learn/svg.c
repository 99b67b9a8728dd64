/* svg: two kinds of plots. Colours are those of Okabe and Ito, told apart also by the colour-blind;
 * beyond eight lines dashes repeat them. Everything that comes from files is escaped. */
#include "svg.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 960, LEFT = 70, RIGHT = 230, TOP = 44, BOTTOM = 56, HEIGHT = 560, ROW = 20 };
enum { COLOURS = 8, DASHES = 3 };

static const char *const colours[COLOURS] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                             "#e69f00", "#56b4e9", "#000000", "#8a8a00"};
static const char *const dashes[DASHES] = {"", "7 4", "2 3"};

/* The rectangle in which the axes span their ranges. */
struct frame {
    double left, top, right, bottom;
};

static const char *colour_of(int i)
{
    return colours[i % COLOURS];
}

static const char *dash_of(int i)
{
    return dashes[i / COLOURS % DASHES];
}

static void put_escaped(const char *s, struct text *out)
{
    for (; *s; s++) {
        if (*s == '<')
            text_append(out, "&lt;");
        else if (*s == '>')
            text_append(out, "&gt;");
        else if (*s == '&')
            text_append(out, "&amp;");
        else if (*s == '"')
            text_append(out, "&quot;");
        else
            text_append_char(out, *s);
    }
}

static void put_words(double x, double y, const char *anchor, const char *more, const char *words,
                      struct text *out)
{
    text_appendf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>", x, y, anchor, more);
    put_escaped(words, out);
    text_append(out, "</text>\n");
}

static void put_stroke(double x1, double y1, double x2, double y2, const char *style,
                       struct text *out)
{
    text_appendf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2,
                 y2, style);
}

/* Where a value stands on an axis between the pixels first and last, held inside them. */
static double place(const struct svg_axis *a, double value, double first, double last)
{
    double share = a->log ? log(fmax(value, 1e-300) / a->from) / log(a->to / a->from)
                          : (value - a->from) / (a->to - a->from);
    return first + fmin(fmax(share, 0), 1) * (last - first);
}

static void begin(const char *title, double height, struct text *out)
{
    text_appendf(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" "
                 "viewBox=\"0 0 %d %.0f\" font-family=\"sans-serif\" font-size=\"13\" "
                 "fill=\"#222\">\n<title>",
                 WIDTH, height, WIDTH, height);
    put_escaped(title, out);
    text_appendf(out, "</title>\n<rect width=\"%d\" height=\"%.0f\" fill=\"#fff\"/>\n", WIDTH,
                 height);
    put_words(LEFT, TOP - 20, "start", " font-size=\"15\" font-weight=\"bold\"", title, out);
}

static void put_x_axis(const struct svg_axis *a, const struct frame *f, struct text *out)
{
    char number[32];
    for (int i = 0; i < a->n_ticks; i++) {
        double x = place(a, a->tick[i], f->left, f->right);
        put_stroke(x, f->top, x, f->bottom, "stroke=\"#e4e4e4\"", out);
        put_words(x, f->bottom + 18, "middle", "", text_human(number, sizeof number, a->tick[i], 1),
                  out);
    }
    put_words((f->left + f->right) / 2, f->bottom + 40, "middle", "", a->label, out);
    put_stroke(f->left, f->bottom, f->right, f->bottom, "stroke=\"#555\"", out);
}

static void put_y_axis(const struct svg_axis *a, const struct frame *f, struct text *out)
{
    char number[32], turned[64];
    double middle = (f->top + f->bottom) / 2;
    for (int i = 0; i < a->n_ticks; i++) {
        double y = place(a, a->tick[i], f->bottom, f->top);
        put_stroke(f->left, y, f->right, y, "stroke=\"#e4e4e4\"", out);
        put_words(f->left - 8, y + 4, "end", "", text_human(number, sizeof number, a->tick[i], 1),
                  out);
    }
    text_format(turned, sizeof turned, " transform=\"rotate(-90 18 %.1f)\"", middle);
    put_words(18, middle, "middle", turned, a->label, out);
    put_stroke(f->left, f->top, f->left, f->bottom, "stroke=\"#555\"", out);
}

/* ---- lines ------------------------------------------------------------------------------- */

static void put_point(const struct svg_lines *p, const struct frame *f, int i, double y,
                      struct text *out)
{
    text_appendf(out, "%.1f,%.1f ", place(&p->x, p->at[i], f->left, f->right),
                 place(&p->y, y, f->bottom, f->top));
}

static void put_band(const struct svg_lines *p, const struct frame *f, int k, struct text *out)
{
    const struct bench_interval *y = p->line[k].y;
    text_appendf(out, "<polygon fill=\"%s\" fill-opacity=\"0.10\" points=\"", colour_of(k));
    for (int i = 0; i < p->n; i++)
        if (!isnan(y[i].low))
            put_point(p, f, i, y[i].low, out);
    for (int i = p->n - 1; i >= 0; i--)
        if (!isnan(y[i].high))
            put_point(p, f, i, y[i].high, out);
    text_append(out, "\"/>\n");
}

static void put_line(const struct svg_lines *p, const struct frame *f, int k, struct text *out)
{
    const struct bench_interval *y = p->line[k].y;
    text_appendf(out,
                 "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" "
                 "stroke-dasharray=\"%s\" points=\"",
                 colour_of(k), dash_of(k));
    for (int i = 0; i < p->n; i++)
        if (!isnan(y[i].value))
            put_point(p, f, i, y[i].value, out);
    text_append(out, "\"/>\n");
}

static void put_legend(const struct svg_lines *p, const struct frame *f, struct text *out)
{
    for (int k = 0; k < p->n_lines; k++) {
        char style[128];
        double y = f->top + 8 + k * ROW;
        text_format(style, sizeof style, "stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\"",
                    colour_of(k), dash_of(k));
        put_stroke(f->right + 14, y, f->right + 42, y, style, out);
        put_words(f->right + 48, y + 4, "start", "", p->line[k].name, out);
    }
}

static void put_bar(const struct svg_lines *p, const struct frame *f, struct text *out)
{
    double from = p->y.from < p->y.to ? p->y.to : p->y.from; /* hangs from the largest value */
    double x = f->left + 14, y1 = place(&p->y, from, f->bottom, f->top);
    double y2 = place(&p->y, from - p->bar, f->bottom, f->top);
    put_stroke(x, y1, x, y2, "stroke=\"#222\" stroke-width=\"3\"", out);
    put_words(x + 8, (y1 + y2) / 2 + 4, "start", "", p->bar_label, out);
}

void svg_put_lines(const struct svg_lines *p, struct text *out)
{
    double needed = TOP + BOTTOM + 16 + p->n_lines * ROW, height = fmax(HEIGHT, needed);
    struct frame f = {LEFT, TOP, WIDTH - RIGHT, height - BOTTOM};
    begin(p->title, height, out);
    put_x_axis(&p->x, &f, out);
    put_y_axis(&p->y, &f, out);
    for (int k = 0; k < p->n_lines && p->bands; k++)
        put_band(p, &f, k, out);
    for (int k = p->n_lines - 1; k >= 0; k--)
        put_line(p, &f, k, out);
    if (p->bar > 0)
        put_bar(p, &f, out);
    put_legend(p, &f, out);
    text_append(out, "</svg>\n");
}

/* ---- rows -------------------------------------------------------------------------------- */

static void put_figure(const struct svg_rows *p, const struct frame *f, double y, int row, int k,
                       struct text *out)
{
    char style[96];
    const struct bench_interval *v = &p->row[row].y[k];
    if (isnan(v->value))
        return;
    text_format(style, sizeof style, "stroke=\"%s\" stroke-width=\"2\"", colour_of(k));
    put_stroke(place(&p->x, v->low, f->left, f->right), y, place(&p->x, v->high, f->left, f->right),
               y, style, out);
    text_appendf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>\n",
                 place(&p->x, v->value, f->left, f->right), y, colour_of(k));
}

void svg_put_rows(const struct svg_rows *p, struct text *out)
{
    const double step = ROW * 0.7 * p->n + 10, left = RIGHT;
    double height = TOP + BOTTOM + p->n_rows * step;
    struct frame f = {left, TOP, WIDTH - 120, height - BOTTOM};
    begin(p->title, height, out);
    put_x_axis(&p->x, &f, out);
    double mark = place(&p->x, p->mark, f.left, f.right);
    put_stroke(mark, f.top, mark, f.bottom, "stroke=\"#222\"", out);
    for (int r = 0; r < p->n_rows; r++) {
        double top = f.top + r * step;
        put_words(left - 10, top + step / 2 + 4, "end", "", p->row[r].name, out);
        for (int k = 0; k < p->n; k++)
            put_figure(p, &f, top + 5 + ROW * 0.7 * (k + 0.5), r, k, out);
    }
    for (int k = 0; k < p->n; k++) {
        char colour[32];
        text_format(colour, sizeof colour, " fill=\"%s\"", colour_of(k));
        put_words(f.right + 10, f.top + 14 + k * ROW, "start", colour, p->figure[k], out);
    }
    text_append(out, "</svg>\n");
}

int svg_log_ticks(double low, double high, double *tick, int max)
{
    static const double steps[] = {1, 2, 5};
    int n = 0;
    for (int power = -6; power <= 6; power++)
        for (int i = 0; i < 3; i++) {
            double at = steps[i] * pow(10, power);
            if (at >= low * (1 - 1e-9) && at <= high * (1 + 1e-9) && n < max)
                tick[n++] = at;
        }
    return n;
}

/* Dots to glyphs. Which bit is which dot is fixed per tier by dots_x; a table turns the bits of a
 * cell into its character. An empty cell is never drawn: no U+2800, no odd blanks. */
#include "tui/canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int tier_dots[GLYPHS_N][2] = {{2, 4}, {2, 2}, {1, 1}};

bool canvas_open(struct canvas *c, int rows, int cols, enum glyphs tier)
{
    *c = (struct canvas){0};
    if (rows <= 0 || cols <= 0)
        return true;
    size_t n = (size_t)rows * (size_t)cols;
    c->bits = mem_zero_alloc(n, sizeof *c->bits);
    c->owner = mem_alloc(n, sizeof *c->owner);
    if (!c->bits || !c->owner) {
        canvas_close(c);
        return false;
    }
    memset(c->owner, 0xFF, n * sizeof *c->owner);
    c->rows = rows;
    c->cols = cols;
    c->dots_x = tier_dots[tier][0];
    c->dots_y = tier_dots[tier][1];
    return true;
}

void canvas_close(struct canvas *c)
{
    mem_free(c->bits);
    mem_free(c->owner);
    *c = (struct canvas){0};
}

int canvas_width(const struct canvas *c)
{
    return c->cols * c->dots_x;
}

int canvas_height(const struct canvas *c)
{
    return c->rows * c->dots_y;
}

void canvas_dot(struct canvas *c, int x, int y, int owner)
{
    if (x < 0 || y < 0 || x >= canvas_width(c) || y >= canvas_height(c))
        return;
    size_t i = (size_t)(y / c->dots_y) * (size_t)c->cols + (size_t)(x / c->dots_x);
    c->bits[i] |= (uint8_t)(1 << (y % c->dots_y * c->dots_x + x % c->dots_x));
    c->owner[i] = (int16_t)owner;
}

/* Liang-Barsky: cuts one side of the segment; p, q as in the books. */
static bool clip_side(double p, double q, double *t0, double *t1)
{
    if (p == 0)
        return q >= 0;
    double t = q / p;
    if (p < 0) {
        if (t > *t1)
            return false;
        *t0 = fmax(*t0, t);
    } else {
        if (t < *t0)
            return false;
        *t1 = fmin(*t1, t);
    }
    return true;
}

static bool clip_line(const struct canvas *c, double *x0, double *y0, double *x1, double *y1)
{
    double dx = *x1 - *x0, dy = *y1 - *y0, t0 = 0, t1 = 1;
    double right = canvas_width(c) - 1, bottom = canvas_height(c) - 1;
    if (!isfinite(dx) || !isfinite(dy))
        return false;
    if (!clip_side(-dx, *x0, &t0, &t1) || !clip_side(dx, right - *x0, &t0, &t1) ||
        !clip_side(-dy, *y0, &t0, &t1) || !clip_side(dy, bottom - *y0, &t0, &t1))
        return false;
    double x = *x0, y = *y0;
    *x0 = x + t0 * dx;
    *y0 = y + t0 * dy;
    *x1 = x + t1 * dx;
    *y1 = y + t1 * dy;
    return true;
}

void canvas_line(struct canvas *c, double x0, double y0, double x1, double y1, int owner, int on,
                 int off, int *phase)
{
    if (c->rows == 0 || !clip_line(c, &x0, &y0, &x1, &y1))
        return;
    int own_phase = 0, *at = phase ? phase : &own_phase;
    int steps = (int)lround(fmax(fabs(x1 - x0), fabs(y1 - y0)));
    for (int i = 0; i <= steps; i++) {
        double t = steps ? (double)i / steps : 0;
        bool dash_on = off <= 0 || *at % (on + off) < on;
        if (dash_on)
            canvas_dot(c, (int)lround(x0 + t * (x1 - x0)), (int)lround(y0 + t * (y1 - y0)), owner);
        if (i < steps)
            ++*at;
    }
}

/* Braille numbers its dots by column, the lowest pair last. Bits here go row by row. */
static uint32_t braille_code(unsigned bits)
{
    static const uint8_t dot[8] = {0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};
    uint32_t code = 0x2800;
    for (int i = 0; i < 8; i++)
        if (bits & (1u << i))
            code |= dot[i];
    return code;
}

/* Bits: 1 upper left, 2 upper right, 4 lower left, 8 lower right. */
static const uint16_t quadrants[16] = {' ',    0x2598, 0x259D, 0x2580, 0x2596, 0x258C,
                                       0x259E, 0x259B, 0x2597, 0x259A, 0x2590, 0x259C,
                                       0x2584, 0x2599, 0x259F, 0x2588};

static uint32_t cell_code(const struct canvas *c, unsigned bits, char mark)
{
    if (c->dots_x == 1)
        return mark ? (unsigned char)mark : '*';
    return c->dots_y == 4 ? braille_code(bits) : quadrants[bits & 15];
}

void canvas_put(const struct canvas *c, struct frame *f, int row, int col,
                const struct canvas_style *styles, int n)
{
    for (int r = 0; r < c->rows; r++)
        for (int k = 0; k < c->cols; k++) {
            size_t i = (size_t)r * (size_t)c->cols + (size_t)k;
            int owner = c->owner[i];
            if (!c->bits[i] || owner < 0 || owner >= n)
                continue;
            const struct canvas_style *s = &styles[owner];
            frame_put_code(f, row + r, col + k, s->paint, s->attr,
                           cell_code(c, c->bits[i], s->mark));
        }
}

/* ---- bars and sparklines ----------------------------------------------------------------- */

void canvas_bar(struct frame *f, int row, int col, int cols, double share, enum paint paint,
                int attr)
{
    bool plain = glyphs_get() == GLYPHS_ASCII;
    if (cols <= 0)
        return;
    if (!(share > 0)) /* NaN too */
        share = 0;
    int eighths = (int)floor(fmin(share, 1) * cols * 8 + 1e-9);
    if (share > 0 && eighths == 0)
        eighths = 1;
    if (plain)
        eighths = eighths / 8 * 8;
    for (int i = 0; i < cols; i++) {
        int fill = eighths - 8 * i;
        if (fill >= 8)
            frame_put_code(f, row, col + i, paint, attr, plain ? '#' : 0x2588);
        else if (fill > 0)
            frame_put_code(f, row, col + i, paint, attr, 0x2590U - (unsigned)fill);
        else
            frame_put_code(f, row, col + i, PAINT_DIM, 0, plain ? '.' : 0x2591);
    }
}

static uint32_t spark_code(double share)
{
    static const char plain[9] = "_.,-=+*#";
    int level = (int)floor(fmin(share, 0.999) * 8);
    return glyphs_get() == GLYPHS_ASCII ? (unsigned char)plain[level] : 0x2581U + (unsigned)level;
}

int canvas_spark(struct frame *f, int row, int col, int cols, const double *values, size_t n,
                 enum paint paint, int attr)
{
    if (cols <= 0)
        return 0;
    size_t first = n > (size_t)cols ? n - (size_t)cols : 0;
    double low = INFINITY, high = -INFINITY;
    for (size_t i = first; i < n; i++)
        if (isfinite(values[i])) {
            low = fmin(low, values[i]);
            high = fmax(high, values[i]);
        }
    for (size_t i = first; i < n; i++) {
        double v = values[i];
        bool fine = isfinite(v);
        /* halves: the difference of the largest numbers is not finite */
        double share = high > low ? (v / 2 - low / 2) / (high / 2 - low / 2) : 0.5;
        frame_put_code(f, row, col + (int)(i - first), fine ? paint : PAINT_WARN, attr,
                       fine ? spark_code(fmax(share, 0)) : '!');
    }
    return (int)(n - first);
}

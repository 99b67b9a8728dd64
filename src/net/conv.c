/* conv: the direct convolution: which tile of conv_kernels works where.
 *
 * Forward: channels of the output are cut into blocks of one or two vectors, lines of pixels into
 * runs; the weights are packed block by block into the order in which a tile reads them, and each
 * tile makes one run (or two) of one block, multiplying straight from the map. The input gradient
 * is a forward pass too: of g, with every tap's weights transposed and the taps in reverse order.
 *
 * Weight gradient: for each tap, the rectangle of pixels that see the map through it, a pass of
 * lines at a time that stay in the first cache; sums are gathered in the same packed blocks.
 *
 * The zeros around the maps are neither stored nor multiplied, except for maps of few channels,
 * where the weight gradient needs whole lines of windows to have enough sums at once.
 *
 * Measured beside patches of the maps times weights by OpenBLAS 0.3.21 (tests/bench/bench_conv), in
 * GFLOP/s with the zeros counted, on one core that does at most 240 with AVX-512 and 120 with AVX2
 * (a product of 1024 x 1024: 165): 14x14 and 7x7 maps of 8 to 128 channels 170-300 against 55-155,
 * to 8 channels 107 against 60, first layers 70-150 against 10-27; with the AVX2 table against
 * OpenBLAS's Haswell kernels 97-130 against 22-105. So every case is done this way; only
 * processors with AVX but without AVX2 (2011 to 2012) would do better with the other. */
#include "conv.h"

#include "conv_kernels.h"

#include <string.h>

#define FEW_CHANNELS 8         /* below: the weight gradient by lines of windows */
#define PASS_FLOATS (8 * 1024) /* of maps and gradients that a pass of it looks at */
#define MAPS_AT_ONCE 2         /* forward: what a tile of two runs may reach over */

static int int_min(int a, int b)
{
    return a < b ? a : b;
}

static int int_max(int a, int b)
{
    return a > b ? a : b;
}

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static size_t n_pixels(const struct conv_shape *s)
{
    return (size_t)s->rows * (size_t)s->columns;
}

static size_t n_window(const struct conv_shape *s)
{
    return (size_t)s->size * (size_t)s->size * (size_t)s->n_in;
}

static size_t padded_line(const struct conv_shape *s)
{
    return (size_t)(s->columns + s->size - 1) * (size_t)s->n_in;
}

static size_t padded_map(const struct conv_shape *s)
{
    return (size_t)(s->rows + s->size - 1) * padded_line(s);
}

/* The same maps seen from the output's side. */
static struct conv_shape reversed(const struct conv_shape *s)
{
    struct conv_shape back = *s;
    back.n_in = s->n_out;
    back.n_out = s->n_in;
    return back;
}

static const struct conv_kernels *table_for(const struct kernels *kernels, int n_out)
{
    const struct conv_kernels *k = kernels->conv;
    return k->narrow && n_out <= k->lanes / 2 ? k->narrow : k;
}

/* ---- blocks of output channels, and what is packed by them ---------------------------------- */

struct block {
    int first, n_channels; /* those that exist */
    int n_vectors, width;  /* width: channels with padding */
};

/* From {0} through all blocks of a table; false behind the last. */
static bool next_block(const struct conv_kernels *k, int n_out, struct block *b)
{
    b->first += b->width;
    if (b->first >= n_out)
        return false;
    b->n_channels = int_min(n_out - b->first, k->lanes * k->n_vectors);
    b->n_vectors = (b->n_channels + k->lanes - 1) / k->lanes;
    b->width = b->n_vectors * k->lanes;
    return true;
}

/* Weights or their gradient, for tables of at most so many lanes. */
static size_t packed_floats(const struct conv_shape *s, int lanes)
{
    return round_up(n_window(s) * round_up((size_t)s->n_out, (size_t)lanes), CONV_MAX_LANES);
}

/* Where weights lie: tap t, input channel i, output channel o at [t * tap + i * in + o * out]. */
struct weights {
    const float *at;
    ptrdiff_t tap, in, out;
};

/* Per block [size lines][n_in][size taps][width]. */
static void pack(const struct conv_kernels *k, const struct conv_shape *s, struct weights w,
                 float *to)
{
    for (struct block b = {0}; next_block(k, s->n_out, &b);)
        for (int line = 0; line < s->size; line++)
            for (int i = 0; i < s->n_in; i++)
                for (int j = 0; j < s->size; j++, to += b.width) {
                    ptrdiff_t tap = line * s->size + j;
                    const float *from = w.at + tap * w.tap + i * w.in + b.first * w.out;
                    for (int o = 0; o < b.n_channels; o++)
                        to[o] = from[o * w.out];
                    for (int o = b.n_channels; o < b.width; o++)
                        to[o] = 0;
                }
}

/* Per block [size * size taps][n_in][width] back to weights. */
static void unpack(const struct conv_kernels *k, const struct conv_shape *s, const float *sums,
                   float *w)
{
    size_t rows = n_window(s), n_out = (size_t)s->n_out;
    for (struct block b = {0}; next_block(k, s->n_out, &b);)
        for (size_t i = 0; i < rows; i++, sums += b.width)
            memcpy(w + i * n_out + b.first, sums, (size_t)b.n_channels * sizeof *w);
}

/* ---- forward and input gradient ------------------------------------------------------------- */

/* Runs of a line: as wide as the line allows; the last one begins early enough to end with it, and
 * computes some pixels once more. */
static const int run_widths[] = {7, 3, 1};

static int run_kind(int columns)
{
    return columns >= 7 ? 0 : columns >= 3 ? 1 : 2;
}

static void place_run(const struct conv_shape *s, const float *x, float *z, int column, int width,
                      struct conv_runs *r, int run)
{
    r->x[run] = x + column * r->n_in;
    r->z[run] = z + column * r->n_out;
    r->left[run] = column;
    r->right[run] = s->columns - column - width;
}

static void repeat_run(struct conv_runs *r)
{
    r->x[1] = r->x[0];
    r->z[1] = r->z[0];
    r->left[1] = r->left[0];
    r->right[1] = r->right[0];
}

/* One line of each of n maps: x and z point to the lines in the first map, whose next lies
 * n_pixels further. */
static void forward_line(const struct conv_kernels *k, const struct conv_shape *s,
                         const struct block *b, const float *x, int n, float *z,
                         struct conv_runs *r)
{
    int kind = run_kind(s->columns), width = run_widths[kind], waiting = 0;
    int n_runs = b->n_vectors == 1 ? k->n_runs : 1;
    conv_forward_tile *tile = k->forward[s->size == 5][b->n_vectors - 1][kind];
    size_t x_map = n_pixels(s) * (size_t)s->n_in, z_map = n_pixels(s) * (size_t)s->n_out;
    for (int map = 0; map < n; map++, x += x_map, z += z_map)
        for (int column = 0; column < s->columns; column += width) {
            place_run(s, x, z, int_min(column, s->columns - width), width, r, waiting);
            if (++waiting == n_runs) {
                tile(r);
                waiting = 0;
            }
        }
    if (waiting > 0) {
        repeat_run(r);
        tile(r);
    }
}

static void forward_block(const struct conv_kernels *k, const struct conv_shape *s,
                          const struct block *b, const float *x, const float *w, int n, float *z)
{
    int half = s->size / 2;
    struct conv_runs r = {.n_in = s->n_in,
                          .x_line = (ptrdiff_t)s->columns * s->n_in,
                          .n_out = s->n_out,
                          .n_channels = b->n_channels};
    for (int row = 0; row < s->rows; row++) {
        int above = int_min(half, row), below = int_min(half, s->rows - 1 - row);
        r.n_lines = above + 1 + below;
        r.w = w + (size_t)(half - above) * (size_t)(s->n_in * s->size) * (size_t)b->width;
        forward_line(k, s, b, x + (row - above) * r.x_line, n,
                     z + (ptrdiff_t)row * s->columns * r.n_out, &r);
    }
}

static void forward(const struct kernels *kernels, const struct conv_shape *s, const float *x,
                    struct weights w, int n, float *z, float *scratch)
{
    const struct conv_kernels *k = table_for(kernels, s->n_out);
    size_t x_map = n_pixels(s) * (size_t)s->n_in, z_map = n_pixels(s) * (size_t)s->n_out;
    pack(k, s, w, scratch);
    for (int map = 0; map < n; map += MAPS_AT_ONCE) {
        const float *packed = scratch;
        for (struct block b = {0}; next_block(k, s->n_out, &b);) {
            forward_block(k, s, &b, x + (size_t)map * x_map, packed, int_min(n - map, MAPS_AT_ONCE),
                          z + (size_t)map * z_map + b.first);
            packed += n_window(s) * (size_t)b.width;
        }
    }
}

void conv_forward(const struct kernels *kernels, const struct conv_shape *s, const float *x,
                  const float *w, int n, float *z, float *scratch)
{
    struct weights as_they_lie = {w, (ptrdiff_t)s->n_in * s->n_out, s->n_out, 1};
    forward(kernels, s, x, as_they_lie, n, z, scratch);
}

void conv_input_gradient(const struct kernels *kernels, const struct conv_shape *s, const float *w,
                         const float *g, int n, float *x_gradient, float *scratch)
{
    struct conv_shape back = reversed(s);
    ptrdiff_t tap = (ptrdiff_t)s->n_in * s->n_out;
    struct weights turned = {w + (s->size * s->size - 1) * tap, -tap, 1, s->n_out};
    forward(kernels, &back, g, turned, n, x_gradient, scratch);
}

/* ---- weight gradient ------------------------------------------------------------------------ */

/* What a pass looks at: lines from top to below bottom of each of pixels.n maps. */
struct pass {
    const struct conv_kernels *k;
    const struct conv_shape *s;
    struct conv_pixels pixels; /* its rows and columns: set for each tile */
    const float *x, *g;        /* of the first map's first pixel */
    int top, bottom;
};

static int pass_lines(const struct conv_shape *s)
{
    size_t channels = (size_t)s->n_in + (size_t)int_min(s->n_out, CONV_MAX_BLOCK);
    size_t lines = PASS_FLOATS / ((size_t)s->columns * channels);
    return int_max(1, (int)lines);
}

static int pass_maps(const struct conv_shape *s, int n)
{
    return int_min(n, int_max(1, pass_lines(s) / s->rows));
}

/* All n_in rows of one tap's sums. */
static void add_tap(const struct pass *p, const struct conv_pixels *pixels, const struct block *b,
                    const float *x, const float *g, float *sums)
{
    static const int channels[] = {8, 4, 1};
    int kind = 0;
    for (int i = 0; i < p->s->n_in; i += channels[kind]) {
        while (channels[kind] > p->s->n_in - i)
            kind++;
        p->k->weight[b->n_vectors - 1][kind](pixels, x + i, g, sums + (ptrdiff_t)i * b->width);
    }
}

/* Pixel (row, column) sees (row + i - half, column + j - half) through tap (i, j). */
static void add_taps(const struct pass *p, const struct block *b, float *sums)
{
    const struct conv_shape *s = p->s;
    struct conv_pixels pixels = p->pixels;
    int half = s->size / 2;
    for (int down = -half; down <= half; down++)
        for (int right = -half; right <= half; right++, sums += s->n_in * b->width) {
            int row = int_max(p->top, -down), column = int_max(0, -right);
            pixels.rows = int_min(p->bottom, s->rows - down) - row;
            pixels.columns = int_min(s->columns, s->columns - right) - column;
            if (pixels.rows <= 0 || pixels.columns <= 0)
                continue;
            ptrdiff_t x = (ptrdiff_t)(row + down) * s->columns + column + right;
            size_t g = (size_t)row * pixels.g_line + (size_t)column * pixels.g_pixel;
            add_tap(p, &pixels, b, p->x + x * s->n_in, p->g + g + b->first, sums);
        }
}

/* The same for padded maps of few channels: all lines of a window at once, some values of each. */
static void add_lines(const struct pass *p, const struct block *b, float *sums)
{
    const struct conv_shape *s = p->s;
    struct conv_pixels pixels = p->pixels;
    conv_weight_tile *tile = p->k->weight_lines[b->n_vectors - 1][s->size == 5];
    int values = s->size == 5 ? 1 : 3;
    pixels.rows = p->bottom - p->top;
    pixels.columns = s->columns;
    const float *x = p->x + (size_t)p->top * pixels.x_line;
    const float *g = p->g + (size_t)p->top * pixels.g_line + b->first;
    for (int i = 0; i < s->size * s->n_in; i += values)
        tile(&pixels, x + i, g, sums + (ptrdiff_t)i * b->width);
}

static void add_pass(struct pass *p, float *sums)
{
    int step = pass_lines(p->s);
    for (p->top = 0; p->top < p->s->rows; p->top = p->bottom) {
        p->bottom = int_min(p->s->rows, p->top + step);
        float *to = sums;
        for (struct block b = {0}; next_block(p->k, p->s->n_out, &b);) {
            if (p->s->n_in < FEW_CHANNELS)
                add_lines(p, &b, to);
            else
                add_taps(p, &b, to);
            to += n_window(p->s) * (size_t)b.width;
        }
    }
}

/* n maps into the middle of zeros that are already there. */
static void pad_maps(const struct conv_shape *s, const float *x, int n, float *out)
{
    size_t line = (size_t)s->columns * (size_t)s->n_in, padded = padded_line(s);
    for (int map = 0; map < n; map++, out += padded_map(s)) {
        float *to = out + (size_t)(s->size / 2) * (padded + (size_t)s->n_in);
        for (int row = 0; row < s->rows; row++, x += line, to += padded)
            memcpy(to, x, line * sizeof *x);
    }
}

/* Gradients whose channels fill no vector: pixels width floats apart, zeros between. */
static void widen(const float *g, size_t pixels, size_t n_out, size_t width, float *out)
{
    for (size_t i = 0; i < pixels; i++)
        memcpy(out + i * width, g + i * n_out, n_out * sizeof *g);
}

void conv_weight_gradient(const struct kernels *kernels, const struct conv_shape *s, const float *x,
                          const float *g, int n, float *w_gradient, float *scratch)
{
    const struct conv_kernels *k = table_for(kernels, s->n_out);
    int step = pass_maps(s, n);
    bool few = s->n_in < FEW_CHANNELS;
    size_t n_in = (size_t)s->n_in, n_out = (size_t)s->n_out, n_sums = packed_floats(s, k->lanes);
    size_t x_line = few ? padded_line(s) : (size_t)s->columns * n_in;
    size_t x_map = few ? padded_map(s) : n_pixels(s) * n_in;
    size_t width = round_up(n_out, (size_t)k->lanes);
    size_t n_padded = few ? round_up((size_t)step * x_map, CONV_MAX_LANES) : 0;
    size_t n_wide = width > n_out ? (size_t)step * n_pixels(s) * width : 0;
    float *padded = scratch + n_sums, *wide = padded + n_padded;
    memset(scratch, 0, (n_sums + n_padded + n_wide) * sizeof *scratch);
    for (int map = 0; map < n; map += step) {
        int now = int_min(n - map, step);
        struct pass p = {.k = k,
                         .s = s,
                         .pixels = {.n = now,
                                    .x_map = x_map,
                                    .x_line = x_line,
                                    .x_pixel = n_in,
                                    .g_map = n_pixels(s) * width,
                                    .g_line = (size_t)s->columns * width,
                                    .g_pixel = width,
                                    .line_sums = (size_t)s->size * n_in},
                         .x = few ? padded : x,
                         .g = n_wide > 0 ? wide : g};
        if (few)
            pad_maps(s, x, now, padded);
        if (n_wide > 0)
            widen(g, (size_t)now * n_pixels(s), n_out, width, wide);
        add_pass(&p, scratch);
        x += (size_t)now * n_pixels(s) * n_in;
        g += (size_t)now * n_pixels(s) * n_out;
    }
    unpack(k, s, scratch, w_gradient);
}

size_t conv_scratch(const struct conv_shape *s, int n)
{
    struct conv_shape back = reversed(s);
    size_t there = packed_floats(s, CONV_MAX_LANES), here = packed_floats(&back, CONV_MAX_LANES);
    size_t maps = (size_t)pass_maps(s, n), wide = round_up((size_t)s->n_out, CONV_MAX_LANES);
    if (s->n_in < FEW_CHANNELS)
        there += round_up(maps * padded_map(s), CONV_MAX_LANES);
    if (wide > (size_t)s->n_out)
        there += maps * n_pixels(s) * wide;
    return there > here ? there : here;
}

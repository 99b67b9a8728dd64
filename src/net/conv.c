/* conv: convolution as matrix products. Every output pixel's window is copied into a row of a
 * matrix of patches [pixels x size*size*n_in] ("im2col"), a chunk of lines at a time so that the
 * patches stay in the cache; forward and weight gradient are then one product per chunk.
 *
 * The input gradient is a forward pass too: of g, with every tap's weights transposed and the taps
 * in reverse order. */
#include "conv.h"

#include <cblas.h>
#include <string.h>

#define CHUNK_FLOATS (64 * 1024) /* of patches: a quarter of a megabyte, or one line if longer */
#define ALIGN_FLOATS 16

static size_t window(const struct conv_shape *s)
{
    return (size_t)s->size * (size_t)s->size * (size_t)s->n_in;
}

/* The same maps seen from the output's side. */
static struct conv_shape reversed(const struct conv_shape *s)
{
    struct conv_shape back = *s;
    back.n_in = s->n_out;
    back.n_out = s->n_in;
    return back;
}

/* Lines (rows of maps) per chunk. */
static int chunk_lines(const struct conv_shape *s, int n)
{
    size_t lines = CHUNK_FLOATS / (window(s) * (size_t)s->columns),
           all = (size_t)n * (size_t)s->rows;
    lines = lines < 1 ? 1 : lines;
    return (int)(lines < all ? lines : all);
}

static size_t chunk_floats(const struct conv_shape *s, int n)
{
    return (size_t)chunk_lines(s, n) * (size_t)s->columns * window(s);
}

static size_t weight_floats(const struct conv_shape *s)
{
    size_t n = window(s) * (size_t)s->n_out;
    return (n + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
}

size_t conv_scratch(const struct conv_shape *s, int n)
{
    struct conv_shape back = reversed(s);
    size_t there = chunk_floats(s, n), here = weight_floats(s) + chunk_floats(&back, n);
    return there > here ? there : here;
}

/* One line of one window: the size pixels around column of row, zeros outside; row may lie outside.
 */
static void copy_window_line(const struct conv_shape *s, const float *map, int row, int column,
                             float *out)
{
    size_t depth = (size_t)s->n_in;
    int first = column - s->size / 2, last = first + s->size;
    int from = first < 0 ? 0 : first, to = last > s->columns ? s->columns : last;
    if (row < 0 || row >= s->rows) {
        memset(out, 0, (size_t)s->size * depth * sizeof *out);
        return;
    }
    memset(out, 0, (size_t)(from - first) * depth * sizeof *out);
    memcpy(out + (size_t)(from - first) * depth,
           map + ((size_t)row * (size_t)s->columns + (size_t)from) * depth,
           (size_t)(to - from) * depth * sizeof *out);
    memset(out + (size_t)(to - first) * depth, 0, (size_t)(last - to) * depth * sizeof *out);
}

/* The patches of n_lines lines, counted over all maps, from first_line on. */
static void make_patches(const struct conv_shape *s, const float *x, int first_line, int n_lines,
                         float *out)
{
    size_t map = (size_t)s->rows * (size_t)s->columns * (size_t)s->n_in;
    size_t width = (size_t)s->size * (size_t)s->n_in;
    for (int line = first_line; line < first_line + n_lines; line++) {
        const float *from = x + (size_t)(line / s->rows) * map;
        int row = line % s->rows - s->size / 2;
        for (int column = 0; column < s->columns; column++)
            for (int i = 0; i < s->size; i++, out += width)
                copy_window_line(s, from, row + i, column, out);
    }
}

void conv_forward(const struct kernels *kernels, const struct conv_shape *s, const float *x,
                  const float *w, int n, float *z, float *scratch)
{
    (void)kernels;
    int lines = n * s->rows, step = chunk_lines(s, n), k = (int)window(s);
    for (int line = 0; line < lines; line += step) {
        int now = lines - line < step ? lines - line : step;
        float *out = z + (size_t)line * (size_t)s->columns * (size_t)s->n_out;
        make_patches(s, x, line, now, scratch);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, now * s->columns, s->n_out, k, 1,
                    scratch, k, w, s->n_out, 0, out, s->n_out);
    }
}

void conv_weight_gradient(const struct kernels *kernels, const struct conv_shape *s, const float *x,
                          const float *g, int n, float *w_gradient, float *scratch)
{
    (void)kernels;
    int lines = n * s->rows, step = chunk_lines(s, n), k = (int)window(s);
    for (int line = 0; line < lines; line += step) {
        int now = lines - line < step ? lines - line : step;
        const float *from = g + (size_t)line * (size_t)s->columns * (size_t)s->n_out;
        make_patches(s, x, line, now, scratch);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, k, s->n_out, now * s->columns, 1,
                    scratch, k, from, s->n_out, line > 0, w_gradient, s->n_out);
    }
}

/* out [size][size][n_out][n_in], taps in reverse order. */
static void reverse_weights(const struct conv_shape *s, const float *w, float *out)
{
    size_t n_in = (size_t)s->n_in, n_out = (size_t)s->n_out, tap = n_in * n_out;
    for (int t = s->size * s->size - 1; t >= 0; t--, out += tap) {
        const float *from = w + (size_t)t * tap;
        for (size_t o = 0; o < n_out; o++)
            for (size_t i = 0; i < n_in; i++)
                out[o * n_in + i] = from[i * n_out + o];
    }
}

void conv_input_gradient(const struct kernels *kernels, const struct conv_shape *s, const float *w,
                         const float *g, int n, float *x_gradient, float *scratch)
{
    struct conv_shape back = reversed(s);
    reverse_weights(s, w, scratch);
    conv_forward(kernels, &back, g, scratch, n, x_gradient, scratch + weight_floats(s));
}

/* bench_conv: the direct convolution beside the usual other way on one core: patches of the maps
 * ("im2col", a chunk at a time that stays in the cache) times weights by cblas_sgemm. Both do every
 * function of a shape in turn, round after round; the best round counts. GFLOP/s count the zeros
 * around the maps, which the direct way does not multiply. Usage: bench_conv [seconds per shape] */
#include "net/conv.h"
#include "tiller/base.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct conv_shape shapes[] = {
    {28, 28, 1, 8, 3},  {28, 28, 1, 16, 3},  {28, 28, 1, 32, 3},  {28, 28, 1, 16, 5},
    {14, 14, 8, 16, 3}, {14, 14, 16, 32, 3}, {14, 14, 32, 64, 3}, {14, 14, 16, 32, 5},
    {7, 7, 16, 32, 3},  {7, 7, 32, 64, 3},   {7, 7, 64, 128, 3},  {7, 7, 32, 64, 5},
};
static const int batches[] = {32, 128};

enum { FORWARD, WEIGHT, INPUT, N_FUNCTIONS };
enum { PATCHES_FLOATS = 64 * 1024 };

/* One shape's numbers in memory. */
struct work {
    struct conv_shape s;
    int n;
    const struct kernels *kernels;
    float *x, *w, *z, *w_gradient, *x_gradient, *scratch, *patches, *turned;
};

static void die(const char *what)
{
    fprintf(stderr, "bench_conv: %s\n", what);
    exit(1);
}

static float *random_floats(size_t n)
{
    struct rng rng;
    rng_seed(&rng, 1, n);
    float *a = mem_aligned_alloc(n, sizeof *a);
    if (!a)
        die("out of memory");
    for (size_t i = 0; i < n; i++)
        a[i] = (float)rng_uniform(&rng) - 0.5f;
    return a;
}

/* ---- the other way -------------------------------------------------------------------------- */

static size_t n_window(const struct conv_shape *s)
{
    return (size_t)s->size * (size_t)s->size * (size_t)s->n_in;
}

static int chunk_lines(const struct conv_shape *s)
{
    size_t lines = PATCHES_FLOATS / (n_window(s) * (size_t)s->columns);
    return lines > 0 ? (int)lines : 1;
}

/* The size pixels around (row, column) of a map, zeros outside. */
static void copy_window_line(const struct conv_shape *s, const float *map, int row, int column,
                             float *out)
{
    int first = column - s->size / 2, depth = s->n_in;
    int from = first < 0 ? 0 : first;
    int to = first + s->size < s->columns ? first + s->size : s->columns;
    if (row < 0 || row >= s->rows || from > first || to < first + s->size)
        memset(out, 0, (size_t)(s->size * depth) * sizeof *out);
    if (row >= 0 && row < s->rows)
        memcpy(out + (from - first) * depth, map + (row * s->columns + from) * depth,
               (size_t)((to - from) * depth) * sizeof *out);
}

/* The patches of n_lines lines, counted over all maps, from first_line on. */
static void make_patches(const struct conv_shape *s, const float *x, int first_line, int n_lines,
                         float *out)
{
    ptrdiff_t map = (ptrdiff_t)s->rows * s->columns * s->n_in, line = s->size * s->n_in;
    for (int l = first_line; l < first_line + n_lines; l++)
        for (int column = 0; column < s->columns; column++)
            for (int i = 0; i < s->size; i++, out += line)
                copy_window_line(s, x + l / s->rows * map, l % s->rows + i - s->size / 2, column,
                                 out);
}

static void patches_forward(const struct work *w, const struct conv_shape *s, const float *x,
                            const float *weights, float *z)
{
    int lines = w->n * s->rows, step = chunk_lines(s), k = (int)n_window(s);
    for (int line = 0; line < lines; line += step) {
        int now = lines - line < step ? lines - line : step;
        make_patches(s, x, line, now, w->patches);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, now * s->columns, s->n_out, k, 1,
                    w->patches, k, weights, s->n_out, 0,
                    z + (ptrdiff_t)line * s->columns * s->n_out, s->n_out);
    }
}

static void patches_weight(const struct work *w)
{
    const struct conv_shape *s = &w->s;
    int lines = w->n * s->rows, step = chunk_lines(s), k = (int)n_window(s);
    for (int line = 0; line < lines; line += step) {
        int now = lines - line < step ? lines - line : step;
        make_patches(s, w->x, line, now, w->patches);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, k, s->n_out, now * s->columns, 1,
                    w->patches, k, w->z + (ptrdiff_t)line * s->columns * s->n_out, s->n_out,
                    line > 0, w->w_gradient, s->n_out);
    }
}

/* A forward pass with every tap's weights transposed, the taps in reverse order. */
static void patches_input(const struct work *w)
{
    struct conv_shape back = w->s;
    back.n_in = w->s.n_out;
    back.n_out = w->s.n_in;
    float *to = w->turned;
    for (int t = back.size * back.size - 1; t >= 0; t--) {
        const float *from = w->w + (ptrdiff_t)t * back.n_in * back.n_out;
        for (int i = 0; i < back.n_in; i++)
            for (int o = 0; o < back.n_out; o++)
                *to++ = from[(ptrdiff_t)o * back.n_in + i];
    }
    patches_forward(w, &back, w->z, w->turned, w->x_gradient);
}

/* ---- measuring ------------------------------------------------------------------------------ */

static void run_patches(const struct work *w, int function)
{
    if (function == FORWARD)
        patches_forward(w, &w->s, w->x, w->w, w->z);
    else if (function == WEIGHT)
        patches_weight(w);
    else
        patches_input(w);
}

static void run_direct(const struct work *w, int function)
{
    if (function == FORWARD)
        conv_forward(w->kernels, &w->s, w->x, w->w, w->n, w->z, w->scratch);
    else if (function == WEIGHT)
        conv_weight_gradient(w->kernels, &w->s, w->x, w->z, w->n, w->w_gradient, w->scratch);
    else
        conv_input_gradient(w->kernels, &w->s, w->w, w->z, w->n, w->x_gradient, w->scratch);
}

/* Seconds per call, from at least a millisecond of calls. */
static double seconds_of(void (*run)(const struct work *, int), const struct work *w, int function)
{
    double start = clock_now_s(), now;
    int calls = 0;
    do {
        run(w, function);
        calls++;
    } while ((now = clock_now_s()) - start < 1e-3);
    return (now - start) / calls;
}

static void bench(const struct work *w, double flop, double seconds)
{
    static void (*const ways[])(const struct work *, int) = {run_direct, run_patches};
    double best[2][N_FUNCTIONS] = {{0}}, start = clock_now_s();
    int functions = w->s.n_in == 1 ? INPUT : N_FUNCTIONS; /* a first layer passes nothing down */
    do {
        for (int f = 0; f < functions; f++)
            for (int way = 0; way < 2; way++) {
                double rate = flop / seconds_of(ways[way], w, f);
                best[way][f] = rate > best[way][f] ? rate : best[way][f];
            }
    } while (clock_now_s() - start < seconds);
    printf("%2dx%-2d %3d -> %3d  %dx%d %5d ", w->s.rows, w->s.columns, w->s.n_in, w->s.n_out,
           w->s.size, w->s.size, w->n);
    for (int way = 0; way < 2; way++) {
        printf(" ");
        for (int f = 0; f < N_FUNCTIONS; f++)
            if (f < functions)
                printf("%7.0f", best[way][f] * 1e-9);
            else
                printf("%7s", "-");
    }
    printf("\n");
}

static void bench_shape(const struct conv_shape *s, int n, double seconds)
{
    size_t pixels = (size_t)n * (size_t)s->rows * (size_t)s->columns;
    size_t n_x = pixels * (size_t)s->n_in, n_z = pixels * (size_t)s->n_out;
    size_t n_w = n_window(s) * (size_t)s->n_out, deep = (size_t)(s->n_in + s->n_out);
    struct work w = {.s = *s, .n = n, .kernels = kernels_best()};
    w.x = random_floats(n_x);
    w.w = random_floats(n_w);
    w.z = random_floats(n_z);
    w.w_gradient = random_floats(n_w);
    w.x_gradient = random_floats(n_x);
    w.scratch = random_floats(conv_scratch(s, n));
    w.turned = random_floats(n_w);
    w.patches = random_floats(PATCHES_FLOATS + (size_t)(s->size * s->size * s->columns) * deep);
    bench(&w, 2 * (double)pixels * (double)n_w, seconds);
    float *all[] = {w.x, w.w, w.z, w.w_gradient, w.x_gradient, w.scratch, w.turned, w.patches};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        mem_free(all[i]);
}

/* The best of a large product: what sgemm can do on this core. */
static double sgemm_peak(void)
{
    enum { N = 1024, ROUNDS = 20 };
    float *a = random_floats((size_t)N * N), *b = random_floats((size_t)N * N);
    float *c = random_floats((size_t)N * N);
    double best = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        double start = clock_now_s();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1, a, N, b, N, 0, c, N);
        double took = clock_now_s() - start;
        best = took < best ? took : best;
    }
    mem_free(a);
    mem_free(b);
    mem_free(c);
    return 2.0 * N * N * N / best;
}

int main(int argc, char **argv)
{
    double seconds = 0.5;
    if (argc > 1 && (!text_parse_double(argv[1], &seconds) || seconds <= 0))
        die("usage: bench_conv [seconds per shape]");
    net_init();
    printf("one thread, GFLOP/s; kernels %s, OpenBLAS %s, its product of 1024 x 1024: %.0f\n\n",
           kernels_best()->name, openblas_get_corename(), sgemm_peak() * 1e-9);
    printf("%-24s  %20s  %20s\n", "", "direct", "patches and sgemm");
    printf("%-18s %5s  %7s%7s%7s %7s%7s%7s\n", "maps, channels", "batch", "forward", "weight",
           "input", "forward", "weight", "input");
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            bench_shape(&shapes[i], batches[b], seconds);
    return 0;
}

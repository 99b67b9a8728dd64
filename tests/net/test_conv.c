/* If this fails, a convolution computes something else than its formula, reads or writes where it
 * should not, or depends on what its scratch held before. */
#include "net/conv.h"
#include "tiller/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka needs them above it */
#include <cmocka.h>

static const struct kernels *tables[4];
static size_t n_tables;

/* Exactly as many floats as a function may touch, so that the address sanitizer sees every other.
 */
static float *floats(size_t n)
{
    float *a = mem_aligned_alloc(n, sizeof *a);
    assert_non_null(a);
    return a;
}

static float *random_floats(struct rng *rng, size_t n)
{
    float *a = floats(n);
    for (size_t i = 0; i < n; i++)
        a[i] = (float)rng_normal(rng);
    return a;
}

static void fill(float *a, size_t n, float value)
{
    for (size_t i = 0; i < n; i++)
        a[i] = value;
}

/* A sum in float64 and the sum of its terms' sizes, which bounds what float32 may err by. */
struct sum {
    double value, size;
};

static struct sum *sums(size_t n)
{
    struct sum *a = mem_zero_alloc(n, sizeof *a);
    assert_non_null(a);
    return a;
}

static void add(struct sum *sum, double a, double b)
{
    sum->value += a * b;
    sum->size += fabs(a * b);
}

/* One shape's numbers: what goes in, and what must come out. */
struct problem {
    struct conv_shape shape;
    int n;
    size_t n_x, n_w, n_z;
    float *x, *w, *g;
    struct sum *z, *w_gradient, *x_gradient;
};

/* Output pixel (row, column) of a map sees input pixel (r, c) through tap (i, j). */
static void add_tap(struct problem *p, size_t out, size_t in, size_t tap)
{
    size_t n_in = (size_t)p->shape.n_in, n_out = (size_t)p->shape.n_out;
    for (size_t a = 0; a < n_in; a++)
        for (size_t b = 0; b < n_out; b++) {
            size_t at_x = in * n_in + a, at_z = out * n_out + b,
                   at_w = (tap * n_in + a) * n_out + b;
            double x = (double)p->x[at_x], w = (double)p->w[at_w], g = (double)p->g[at_z];
            add(&p->z[at_z], x, w);
            add(&p->w_gradient[at_w], x, g);
            add(&p->x_gradient[at_x], w, g);
        }
}

static void solve(struct problem *p)
{
    int rows = p->shape.rows, columns = p->shape.columns, size = p->shape.size;
    for (int map = 0; map < p->n; map++)
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++)
                for (int i = 0; i < size; i++)
                    for (int j = 0; j < size; j++) {
                        int r = row + i - size / 2, c = column + j - size / 2;
                        if (r >= 0 && r < rows && c >= 0 && c < columns)
                            add_tap(p, (size_t)((map * rows + row) * columns + column),
                                    (size_t)((map * rows + r) * columns + c),
                                    (size_t)(i * size + j));
                    }
}

static struct problem problem_new(struct conv_shape s, int n)
{
    struct problem p = {.shape = s, .n = n};
    size_t pixels = (size_t)n * (size_t)s.rows * (size_t)s.columns;
    struct rng rng;
    rng_seed(&rng, pixels, (uint64_t)(s.n_in * 1000 + s.n_out * 10 + s.size));
    p.n_x = pixels * (size_t)s.n_in;
    p.n_z = pixels * (size_t)s.n_out;
    p.n_w = (size_t)(s.size * s.size) * (size_t)s.n_in * (size_t)s.n_out;
    p.x = random_floats(&rng, p.n_x);
    p.w = random_floats(&rng, p.n_w);
    p.g = random_floats(&rng, p.n_z);
    p.z = sums(p.n_z);
    p.w_gradient = sums(p.n_w);
    p.x_gradient = sums(p.n_x);
    solve(&p);
    return p;
}

static void problem_free(struct problem *p)
{
    mem_free(p->x);
    mem_free(p->w);
    mem_free(p->g);
    mem_free(p->z);
    mem_free(p->w_gradient);
    mem_free(p->x_gradient);
}

static void assert_sums(const float *got, const struct sum *expected, size_t n, const char *what,
                        const struct problem *p)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - expected[i].value) <= 1e-6 * expected[i].size))
            fail_msg("%s, %d maps %dx%d, %d -> %d channels, size %d, [%zu]: %.9g, not %.9g", what,
                     p->n, p->shape.rows, p->shape.columns, p->shape.n_in, p->shape.n_out,
                     p->shape.size, i, (double)got[i], expected[i].value);
}

enum { FORWARD, WEIGHT, INPUT, N_FUNCTIONS };
static const char *const function_name[] = {"forward", "weight gradient", "input gradient"};

static void run(int function, const struct kernels *k, const struct problem *p, float *out,
                float *scratch)
{
    if (function == FORWARD)
        conv_forward(k, &p->shape, p->x, p->w, p->n, out, scratch);
    else if (function == WEIGHT)
        conv_weight_gradient(k, &p->shape, p->x, p->g, p->n, out, scratch);
    else
        conv_input_gradient(k, &p->shape, p->w, p->g, p->n, out, scratch);
}

/* Every function twice, with different numbers in scratch and result before: the same bits, near
 * the sums, and nothing written behind the end of scratch. */
static void check_problem(const struct problem *p)
{
    enum { GUARD = 16 };
    size_t n_scratch = conv_scratch(&p->shape, p->n);
    float *scratch = floats(n_scratch + GUARD);
    const size_t sizes[] = {p->n_z, p->n_w, p->n_x};
    const struct sum *expected[] = {p->z, p->w_gradient, p->x_gradient};
    for (size_t k = 0; k < n_tables; k++)
        for (int f = 0; f < N_FUNCTIONS; f++) {
            float *first = floats(sizes[f]), *second = floats(sizes[f]);
            fill(scratch, n_scratch + GUARD, NAN);
            fill(first, sizes[f], NAN);
            run(f, tables[k], p, first, scratch);
            for (size_t i = 0; i < GUARD; i++)
                assert_true(isnan(scratch[n_scratch + i]));
            assert_sums(first, expected[f], sizes[f], function_name[f], p);
            fill(scratch, n_scratch, 1e30f);
            fill(second, sizes[f], 1e30f);
            run(f, tables[k], p, second, scratch);
            assert_memory_equal(first, second, sizes[f] * sizeof *first);
            mem_free(first);
            mem_free(second);
        }
    mem_free(scratch);
}

static void check_shape(struct conv_shape s, int n)
{
    struct problem p = problem_new(s, n);
    check_problem(&p);
    problem_free(&p);
}

/* Maps smaller than a window, odd ones, and the ones we train; channels below, at and beside the
 * vectors' widths. */
static void every_function_is_its_sum(void **state)
{
    (void)state;
    static const int maps[][2] = {{1, 1}, {3, 5}, {7, 7}, {28, 28}, {2, 11}};
    static const int channels[] = {1, 3, 8, 16, 17, 33};
    enum { N_MAPS = sizeof maps / sizeof *maps, N_CHANNELS = 6 };
    int count = 0;
    for (int m = 0; m < N_MAPS; m++)
        for (int i = 0; i < N_CHANNELS * N_CHANNELS; i++)
            for (int size = 3; size <= 5; size += 2) {
                struct conv_shape s = {maps[m][0], maps[m][1], channels[i / N_CHANNELS],
                                       channels[i % N_CHANNELS], size};
                int n = 1 + count++ % 5;
                check_shape(s, s.rows == 28 ? 1 : n);
            }
}

/* The networks' own shapes, in batches that no chunk divides. */
static void trained_shapes_are_their_sums(void **state)
{
    (void)state;
    static const struct {
        struct conv_shape shape;
        int n;
    } cases[] = {
        {{28, 28, 1, 16, 3}, 33}, {{28, 28, 1, 32, 5}, 7},  {{14, 14, 16, 32, 3}, 5},
        {{14, 14, 32, 64, 5}, 2}, {{7, 7, 32, 64, 3}, 13},  {{7, 7, 64, 128, 3}, 3},
        {{7, 7, 16, 32, 5}, 37},  {{14, 14, 8, 16, 3}, 9},  {{3, 3, 64, 48, 3}, 21},
        {{10, 26, 20, 40, 3}, 3}, {{28, 28, 1, 8, 3}, 512}, {{7, 7, 16, 32, 3}, 128},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_shape(cases[i].shape, cases[i].n);
}

int main(void)
{
    net_init();
    n_tables = kernels_list(tables);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_is_its_sum),
        cmocka_unit_test(trained_shapes_are_their_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

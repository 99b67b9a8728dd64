/* If this fails, batch or layer normalization, or the gradient's way back through it, is not the
 * papers' in some processor's table. */
#include "tables.h"

#include <string.h>

enum { MAX_ROWS = 70, WIDE = 300 }; /* more than one part of rows, one block of columns */

/* Widths and rows of the forward tests; the way back is compared with differences of float64 loops,
 * one for each element: smaller ones. */
static const int shapes[][2] = {{1, 1},   {1, 17},  {3, 3},   {64, 16}, {65, 1},
                                {70, 33}, {5, 300}, {33, 17}, {2, 257}};
static const int small[][2] = {{2, 1}, {3, 3}, {9, 16}, {4, 17}, {7, 33}, {2, 259}};

/* mean and 1 / sqrt(variance + epsilon) of n numbers `stride` apart. */
struct moments {
    double mean, variance, inverse;
};

static struct moments moments_of(const double *a, int n, int stride)
{
    struct moments m = {.mean = 0};
    for (int i = 0; i < n; i++)
        m.mean += a[i * stride] / n;
    for (int i = 0; i < n; i++)
        m.variance += (a[i * stride] - m.mean) * (a[i * stride] - m.mean) / n;
    m.inverse = 1 / sqrt(m.variance + (double)KERNEL_NORM_EPSILON);
    return m;
}

/* The plain forward: z = normalized a, by columns or by rows. */
static void plain_normalize(const double *a, int rows, int n, bool by_rows, double *z)
{
    for (int k = 0; k < (by_rows ? rows : n); k++) {
        int first = by_rows ? k * n : k, stride = by_rows ? 1 : n, some = by_rows ? n : rows;
        struct moments m = moments_of(a + first, some, stride);
        for (int i = 0; i < some; i++)
            z[first + i * stride] = (a[first + i * stride] - m.mean) * m.inverse;
    }
}

/* Columns with means and spreads of their own; the last column is the same everywhere. */
static void draw_sums(struct rng *rng, float *a, double *wide, int rows, int n)
{
    for (int i = 0; i < rows * n; i++) {
        int c = i % n;
        double spread = n > 3 && c == n - 1 ? 0 : 0.2 + c % 5;
        wide[i] = (double)(a[i] = (float)(3 + c % 7 - 5 + spread * rng_normal(rng)));
    }
}

/* Means of up to 16 err by 1e-6 in float32; normalization makes that larger by 1 / deviation. */
static double room(float inverse)
{
    return 2e-6 * (1 + (double)inverse);
}

static void normalized_sums_are_the_formulas(void **state)
{
    (void)state;
    static float a[MAX_ROWS * WIDE], z[MAX_ROWS * WIDE];
    static double wide[MAX_ROWS * WIDE], expected[MAX_ROWS * WIDE];
    float mean[WIDE], variance[WIDE], inverse[WIDE + MAX_ROWS];
    struct rng rng;
    rng_seed(&rng, 8, 8);
    for (size_t k = 0; k < n_tables * (sizeof shapes / sizeof *shapes); k++) {
        const struct kernels *table = tables[k % n_tables];
        int rows = shapes[k / n_tables][0], n = shapes[k / n_tables][1];
        size_t cells = (size_t)(rows * n), bytes = cells * sizeof *z;
        draw_sums(&rng, a, wide, rows, n);

        plain_normalize(wide, rows, n, false, expected);
        memcpy(z, a, bytes);
        table->normalize_batch(z, rows, n, mean, variance, inverse);
        for (size_t i = 0; i < cells; i++)
            assert_close((double)z[i], expected[i], room(inverse[i % (size_t)n]), "batch", i);
        for (int c = 0; c < n; c++) {
            struct moments m = moments_of(wide + c, rows, n);
            assert_close((double)mean[c], m.mean, 2e-6, "mean", (size_t)c);
            assert_close((double)variance[c], m.variance, 2e-6 * (1 + m.variance), "variance",
                         (size_t)c);
            assert_close((double)inverse[c], m.inverse, 2e-6 * m.inverse, "inverse", (size_t)c);
        }

        memcpy(z, a, bytes);
        table->normalize_fixed(z, rows, n, mean, variance);
        for (size_t i = 0; i < cells; i++)
            assert_close((double)z[i], expected[i], room(inverse[i % (size_t)n]), "fixed", i);

        plain_normalize(wide, rows, n, true, expected);
        memcpy(z, a, bytes);
        table->normalize_rows(z, rows, n, inverse);
        for (size_t i = 0; i < cells; i++)
            assert_close((double)z[i], expected[i], room(inverse[i / (size_t)n]), "rows", i);
        for (int r = 0; r < rows; r++) {
            struct moments m = moments_of(wide + r * n, n, 1);
            assert_close((double)inverse[r], m.inverse, 2e-6 * m.inverse, "inverse", (size_t)r);
        }
    }
}

/* A hundred thousand rows (a convolution's maps) far from 0: plain float sums would miss the mean
 * by 1e-3. */
static void many_rows_keep_their_precision(void **state)
{
    (void)state;
    enum { ROWS = 100000, N = 3 };
    float *a = mem_alloc(ROWS * N, sizeof *a), *z = mem_alloc(ROWS * N, sizeof *z);
    double *wide = mem_alloc(ROWS * N, sizeof *wide);
    assert_non_null(a);
    assert_non_null(z);
    assert_non_null(wide);
    struct rng rng;
    rng_seed(&rng, 9, 9);
    draw(&rng, a, ROWS * N, 100, 1);
    for (int i = 0; i < ROWS * N; i++)
        wide[i] = (double)a[i];
    for (size_t k = 0; k < n_tables; k++) {
        float mean[N], variance[N], inverse[N];
        memcpy(z, a, ROWS * N * sizeof *z);
        tables[k]->normalize_batch(z, ROWS, N, mean, variance, inverse);
        for (size_t c = 0; c < N; c++) {
            struct moments m = moments_of(wide + c, ROWS, N);
            assert_close((double)mean[c], m.mean, 3e-4, tables[k]->name, c);
            assert_close((double)variance[c], m.variance, 1e-5, tables[k]->name, c);
        }
    }
    mem_free(a);
    mem_free(z);
    mem_free(wide);
}

static void columns_are_scaled(void **state)
{
    (void)state;
    enum { ROWS = 3 };
    float a[ROWS * MAX_WIDTH], out[ROWS * MAX_WIDTH], gain[MAX_WIDTH];
    struct rng rng;
    rng_seed(&rng, 10, 10);
    draw(&rng, a, ROWS * MAX_WIDTH, 0, 1);
    draw(&rng, gain, MAX_WIDTH, 1, 1);
    for (size_t k = 0; k < n_tables * N_WIDTHS; k++) {
        int n = odd_widths[k / n_tables];
        tables[k % n_tables]->scale_columns(out, a, ROWS, n, gain);
        for (int i = 0; i < ROWS * n; i++)
            assert_true(out[i] == a[i] * gain[i % n]);
    }
}

/* sum over all elements of g * gain * normalized(a): what g is the gradient of. */
static double along(const double *a, const float *g, const float *gain, int rows, int n,
                    bool by_rows)
{
    static double z[9 * WIDE];
    double sum = 0;
    plain_normalize(a, rows, n, by_rows, z);
    for (int i = 0; i < rows * n; i++)
        sum += (double)g[i] * (double)gain[i % n] * z[i];
    return sum;
}

/* Central differences over 2e-5 in float64 err by 1e-7 times the inverse deviation's cube; float32
 * by about as much. */
static void ways_back_are_differences(void **state)
{
    (void)state;
    static float z[9 * WIDE], g[9 * WIDE], back[9 * WIDE];
    static double wide[9 * WIDE];
    float mean[WIDE], variance[WIDE], inverse[WIDE], gain[WIDE], gain_gradient[WIDE];
    const double h = 1e-5;
    struct rng rng;
    rng_seed(&rng, 11, 11);
    draw(&rng, gain, WIDE, 1, 0.5);
    for (size_t k = 0; k < n_tables * 2 * (sizeof small / sizeof *small); k++) {
        const struct kernels *table = tables[k % n_tables];
        bool by_rows = k / n_tables % 2;
        int rows = small[k / n_tables / 2][0], n = small[k / n_tables / 2][1];
        draw(&rng, z, (size_t)(rows * n), 1, 2);
        draw(&rng, g, (size_t)(rows * n), 0, 1);
        for (int i = 0; i < rows * n; i++)
            wide[i] = (double)z[i];
        memcpy(back, g, sizeof back);
        if (by_rows) {
            table->normalize_rows(z, rows, n, inverse);
            table->normalize_rows_back(back, z, rows, n, gain, inverse, gain_gradient);
        } else {
            table->normalize_batch(z, rows, n, mean, variance, inverse);
            table->normalize_batch_back(back, z, rows, n, gain, inverse, gain_gradient);
        }
        for (int i = 0; i < rows * n; i++) {
            double at = wide[i], scale = (double)inverse[by_rows ? i / n : i % n];
            wide[i] = at + h;
            double right = along(wide, g, gain, rows, n, by_rows);
            wide[i] = at - h;
            double left = along(wide, g, gain, rows, n, by_rows);
            wide[i] = at;
            assert_close((double)back[i], (right - left) / (2 * h), 1e-5 * (1 + scale),
                         by_rows ? "rows" : "batch", (size_t)i);
        }
        for (int c = 0; c < n; c++) {
            double expected = 0;
            for (int r = 0; r < rows; r++)
                expected += (double)g[r * n + c] * (double)z[r * n + c];
            assert_close((double)gain_gradient[c], expected, 1e-5, "gain", (size_t)c);
        }
    }
}

/* One NaN breaks its column (its row) and, coming back, its gain; nothing else. */
static void nan_breaks_its_column_or_row(void **state)
{
    (void)state;
    enum { ROWS = 5, N = 33, CELLS = ROWS * N };
    float mean[N], variance[N], inverse[N], gain[N], gain_gradient[N];
    struct rng rng;
    rng_seed(&rng, 12, 12);
    draw(&rng, gain, N, 1, 0.1);
    for (size_t k = 0; k < n_tables * CELLS; k++) {
        const struct kernels *table = tables[k % n_tables];
        int at = (int)(k / n_tables);
        float a[CELLS], z[CELLS], g[CELLS];
        draw(&rng, a, CELLS, 0, 1);
        memcpy(g, a, sizeof g);
        a[at] = NAN;
        memcpy(z, a, sizeof z);
        table->normalize_batch(z, ROWS, N, mean, variance, inverse);
        for (int i = 0; i < CELLS; i++)
            assert_true(isnan(z[i]) == (i % N == at % N));
        table->normalize_batch_back(g, z, ROWS, N, gain, inverse, gain_gradient);
        for (int c = 0; c < N; c++)
            assert_true(isnan(gain_gradient[c]) == (c == at % N) && isnan(g[c]) == (c == at % N));
        memcpy(z, a, sizeof z);
        memcpy(g, gain, sizeof gain);
        table->normalize_rows(z, ROWS, N, inverse);
        for (int i = 0; i < CELLS; i++)
            assert_true(isnan(z[i]) == (i / N == at / N));
        g[at] = NAN;
        z[at] = 1;
        table->normalize_rows_back(g, z, ROWS, N, gain, inverse, gain_gradient);
        assert_true(isnan(g[at]) && isnan(gain_gradient[at % N]));
    }
}

int main(void)
{
    find_tables();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normalized_sums_are_the_formulas),
        cmocka_unit_test(many_rows_keep_their_precision),
        cmocka_unit_test(columns_are_scaled),
        cmocka_unit_test(ways_back_are_differences),
        cmocka_unit_test(nan_breaks_its_column_or_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

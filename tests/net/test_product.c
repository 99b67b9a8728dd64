/* If this fails, dense layers compute something else: the small matrix products of every kernels
 * table against plain float64 loops, over sizes that fill tiles and vectors and leave rests.
 *
 * Tolerance: float32 sums of k terms of size up to 1 err by less than k * 2^-23. */
#include "net/product.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
/* cmocka needs the four above it */
#include <cmocka.h>

enum { EDGE = 8 }; /* floats around the result that must stay */
static const float untouched = 77;

struct matrices {
    float *a, *b, *c;
};

static float *numbers(size_t n, uint64_t seed)
{
    float *x = mem_aligned_alloc(n, sizeof *x);
    struct rng rng;
    assert_non_null(x);
    rng_seed(&rng, seed, 1);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(2 * rng_uniform(&rng) - 1);
    return x;
}

static struct matrices make(int m, int k, int n)
{
    struct matrices x = {numbers((size_t)m * (size_t)k, 1), numbers((size_t)k * (size_t)n, 2),
                         numbers((size_t)m * (size_t)n + 2 * EDGE, 3)};
    for (int i = 0; i < m * n + 2 * EDGE; i++)
        x.c[i] = untouched;
    return x;
}

static void discard(struct matrices *x)
{
    mem_free(x->a);
    mem_free(x->b);
    mem_free(x->c);
}

static void check(const struct matrices *x, int m, int k, int n, bool turned, const char *table)
{
    const float *c = x->c + EDGE;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int p = 0; p < k; p++)
                sum +=
                    (double)(turned ? x->a[p * m + i] : x->a[i * k + p]) * (double)x->b[p * n + j];
            if (!(fabs((double)c[i * n + j] - sum) <= k * 1.2e-7 + 1e-7))
                fail_msg("%s%s [%d x %d x %d] at %d, %d: %g, not %g", table,
                         turned ? " turned" : "", m, k, n, i, j, (double)c[i * n + j], sum);
        }
    for (int i = 0; i < EDGE; i++)
        assert_true(x->c[i] == untouched && x->c[EDGE + m * n + i] == untouched);
}

static const int rows[] = {1, 2, 4, 5, 11, 12, 13, 32, 37};
static const int depths[] = {1, 2, 16, 57};
static const int columns[] = {1, 3, 4, 7, 8, 10, 15, 16, 17, 31, 32, 33, 47, 64, 70};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void small_products_of_every_table(void **state)
{
    (void)state;
    const struct kernels *tables[4];
    size_t n_tables = kernels_list(tables);
    for (size_t t = 0; t < n_tables; t++)
        for (size_t i = 0; i < COUNT(rows) * COUNT(depths) * COUNT(columns); i++) {
            int m = rows[i % COUNT(rows)], k = depths[i / COUNT(rows) % COUNT(depths)];
            int n = columns[i / COUNT(rows) / COUNT(depths)];
            struct matrices x = make(m, k, n);
            product(tables[t], x.a, x.b, m, k, n, x.c + EDGE);
            check(&x, m, k, n, false, tables[t]->name);
            product_turned(tables[t], x.a, x.b, m, k, n, x.c + EDGE);
            check(&x, m, k, n, true, tables[t]->name);
            discard(&x);
        }
}

/* Beyond the sizes that are multiplied here OpenBLAS answers; both sides of the border. */
static void large_products_are_right_as_well(void **state)
{
    (void)state;
    static const int shapes[][3] = {{3, 1000, 300}, {3, 1000, 301}, {20, 128, 40}, {20, 129, 40}};
    for (size_t i = 0; i < COUNT(shapes); i++) {
        int m = shapes[i][0], k = shapes[i][1], n = shapes[i][2];
        struct matrices x = make(m, k, n);
        product(kernels_best(), x.a, x.b, m, k, n, x.c + EDGE);
        check(&x, m, k, n, false, "best");
        product_turned(kernels_best(), x.a, x.b, m, k, n, x.c + EDGE);
        check(&x, m, k, n, true, "best");
        discard(&x);
    }
}

/* A network that has broken must be seen to be broken. */
static void not_a_number_goes_through(void **state)
{
    (void)state;
    struct matrices x = make(5, 9, 33);
    x.a[4 * 9 + 3] = NAN;
    product(kernels_best(), x.a, x.b, 5, 9, 33, x.c + EDGE);
    for (int j = 0; j < 33; j++) {
        assert_true(isnan(x.c[EDGE + 4 * 33 + j]));
        assert_true(isfinite(x.c[EDGE + 3 * 33 + j]));
    }
    discard(&x);
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_products_of_every_table),
        cmocka_unit_test(large_products_are_right_as_well),
        cmocka_unit_test(not_a_number_goes_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

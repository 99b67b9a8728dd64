/* If this fails, ranks become other scores, and probabilities of improvement are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "tiller/meta.h"

/* From tables of the normal distribution. */
static void known_quantiles(void **state)
{
    (void)state;
    static const double rows[][2] = {{0.5, 0},
                                     {0.975, 1.959963984540054},
                                     {0.001, -3.090232306167813},
                                     {0.841344746068543, 1},
                                     {1e-20, -9.262340089798408}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(fabs(normal_quantile(rows[i][0]) - rows[i][1]) < 1e-12);
    assert_true(normal_quantile(0) == -(double)INFINITY);
    assert_true(normal_quantile(1) == (double)INFINITY);
    assert_true(isnan(normal_quantile(NAN)));
}

static void quantiles_invert_probabilities(void **state)
{
    (void)state;
    for (double z = -30; z < 5; z += 0.01) {
        double back = normal_quantile(normal_below(z)); /* near 1 the probability has few digits */
        assert_true(fabs(back - z) < (z < 2 ? 1e-12 * (1 + fabs(z)) : 1e-8));
    }
}

/* The density is the slope of the probability. */
static void density(void **state)
{
    (void)state;
    for (double z = -4; z <= 4; z += 0.5) {
        double slope = (normal_below(z + 1e-5) - normal_below(z - 1e-5)) / 2e-5;
        assert_true(fabs(slope - normal_density(z)) < 1e-9);
    }
}

static void ranks(void **state)
{
    (void)state;
    const double value[] = {3, -1, 7, 3, (double)INFINITY}; /* ranks 2.5, 1, 4, 2.5, 5 of 5 */
    const double place[] = {0.4, 0.1, 0.7, 0.4, 0.9};
    double score[5];
    rank_normal(value, 5, score);
    for (int i = 0; i < 5; i++)
        assert_true(fabs(score[i] - normal_quantile(place[i])) < 1e-15);
    rank_normal(value, 1, score);
    assert_true(fabs(score[0]) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_quantiles),
        cmocka_unit_test(quantiles_invert_probabilities),
        cmocka_unit_test(density),
        cmocka_unit_test(ranks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

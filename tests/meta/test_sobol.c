/* If this fails, "the same Sobol set on every task" is another set, or has holes and heaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/made_study.h"
#include "../support/spawn.h"
#include "tiller/meta.h"

enum { LOG_POINTS = 10, POINTS = 1 << LOG_POINTS };
static const uint64_t seeds[] = {0, 1, 77, UINT64_C(0xfedcba9876543210)};
enum { SEEDS = sizeof seeds / sizeof *seeds };

/* Every aligned block of 2^k points has one in each of the 2^k parts of every axis. */
static void each_axis_is_stratified(void **state)
{
    (void)state;
    for (size_t s = 0; s < SEEDS; s++)
        for (int k = 0; k <= 8; k += 2)
            for (uint32_t start = 0; start < 512; start += UINT32_C(1) << k) {
                bool seen[SPACE_MAX][256] = {{false}};
                for (uint32_t i = start; i < start + (UINT32_C(1) << k); i++) {
                    double unit[SPACE_MAX];
                    sobol_point(i, SPACE_MAX, seeds[s], unit);
                    for (int d = 0; d < SPACE_MAX; d++) {
                        assert_true(unit[d] >= 0 && unit[d] < 1);
                        int part = (int)(unit[d] * (1 << k));
                        assert_false(seen[d][part]);
                        seen[d][part] = true;
                    }
                }
            }
}

/* Two axes of degrees p and q are a (t, m, 2)-net with t <= p - 1 + q - 1 (Sobol 1967): every cell
 * of area 2^(t - m), of whatever shape, has 2^t of 2^m points. */
static void pairs_of_axes_are_balanced(void **state)
{
    (void)state;
    static const int degree[] = {1, 1, 2, 3, 3, 4, 4, 5, 5};
    enum { AXES = sizeof degree / sizeof *degree };
    static double point[POINTS][AXES];
    for (size_t s = 0; s < SEEDS; s++) {
        for (uint32_t i = 0; i < POINTS; i++)
            sobol_point(i, AXES, seeds[s], point[i]);
        for (int a = 0; a < AXES; a++)
            for (int b = 0; b < a; b++) {
                int t = degree[a] + degree[b] - 2, bits = LOG_POINTS - t;
                for (int k = 0; k <= bits; k++) {
                    int count[POINTS] = {0};
                    for (int i = 0; i < POINTS; i++)
                        count[(int)(point[i][a] * (1 << k)) << (bits - k) |
                              (int)(point[i][b] * (1 << (bits - k)))]++;
                    for (int cell = 0; cell < 1 << bits; cell++)
                        assert_int_equal(count[cell], 1 << t);
                }
            }
    }
}

/* Point 1000 of scipy 1.10's Sobol(32, scramble=False), in parts of 1024. */
static void the_plain_sequence_is_scipys(void **state)
{
    (void)state;
    static const int expected[SPACE_MAX] = {225, 99,  531, 693, 287, 929,  47,  921,  513, 71,  87,
                                            261, 165, 393, 147, 379, 737,  353, 1015, 743, 535, 563,
                                            973, 553, 597, 929, 41,  1003, 61,  349,  151, 149};
    double unit[SPACE_MAX];
    sobol_point(1000, SPACE_MAX, 0, unit);
    for (int d = 0; d < SPACE_MAX; d++)
        assert_true(unit[d] * POINTS == expected[d]);
    sobol_point(0, SPACE_MAX, 0, unit);
    for (int d = 0; d < SPACE_MAX; d++)
        assert_true(unit[d] == 0);
}

static void the_plain_sequence_is_scipys_live(void **state)
{
    (void)state;
    enum { DIMS = 32, N = 2000 };
    const char *argv[] = {"/usr/bin/python3", "tests/meta/sobol_oracle.py", "32", "2000", NULL};
    struct spawned s;
    if (spawn_run(&s, argv, NULL, 60) != 0) {
        print_message("skipped: python3-scipy is not installed\n");
        spawn_free(&s);
        return;
    }
    const char *at = text_get(&s.out);
    for (uint32_t i = 0; i < N; i++) {
        double unit[DIMS];
        sobol_point(i, DIMS, 0, unit);
        for (int d = 0; d < DIMS; d++) {
            char *end;
            double theirs = strtod(at, &end);
            assert_ptr_not_equal(end, at);
            assert_true(theirs - unit[d] < 1e-8 && unit[d] - theirs < 1e-8); /* they keep 30 bits */
            at = end;
        }
    }
    spawn_free(&s);
}

/* A scrambled set is another one for each seed, the same again for the same seed, and each of its
 * points is uniform over the seeds: 8 parts, chi-square with 7 degrees of freedom; 45 has a
 * probability below 1e-6. Two axes are scrambled by different coins. */
static void scrambling(void **state)
{
    (void)state;
    enum { N = 4000, PARTS = 8 };
    int count[SPACE_MAX][PARTS] = {{0}}, same = 0;
    for (uint64_t seed = 1; seed <= N; seed++) {
        double unit[SPACE_MAX], again[SPACE_MAX];
        sobol_point(5, SPACE_MAX, seed, unit);
        sobol_point(5, SPACE_MAX, seed, again);
        assert_memory_equal(unit, again, sizeof unit);
        for (int d = 0; d < SPACE_MAX; d++)
            count[d][(int)(unit[d] * PARTS)]++;
        sobol_point(0, 2, seed, unit);
        same += (int)(unit[0] * PARTS) == (int)(unit[1] * PARTS);
    }
    for (int d = 0; d < SPACE_MAX; d++) {
        double square = 0, expected = (double)N / PARTS;
        for (int p = 0; p < PARTS; p++)
            square += (count[d][p] - expected) * (count[d][p] - expected) / expected;
        if (square > 45)
            fail_msg("axis %d: chi-square %.1f", d, square);
    }
    assert_in_range(same, N / PARTS - 100, N / PARTS + 100);
}

/* Configurations: held ones stay, choices have equal parts, only sampled ones come, and holding one
 * hyperparameter does not move the others. */
static void configurations(void **state)
{
    (void)state;
    enum { N = 256 };
    struct space space = *made_space(), narrow = *made_space();
    int optimizer = space_find(&space, "optimizer"), units = space_find(&space, "units");
    int count[SPACE_CHOICES_MAX] = {0};
    assert_int_equal(space_hold(&narrow, units, "77", NULL), ERR_OK);
    for (uint32_t i = 0; i < N; i++) {
        struct configuration c, n;
        sobol_configuration(&space, i, 3, &c);
        sobol_configuration(&narrow, i, 3, &n);
        assert_true(n.value[units] == 77);
        for (int k = 0; k < space.n; k++) {
            assert_true(k == units || c.value[k] == n.value[k]);
            if (space.h[k].held)
                assert_true(c.value[k] == space.h[k].fallback);
        }
        count[(int)c.value[optimizer]]++;
    }
    for (int k = 0; k < space.h[optimizer].n_choices; k++)
        assert_int_equal(count[k], k < 2 ? N / 2 : 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_axis_is_stratified),
        cmocka_unit_test(pairs_of_axes_are_balanced),
        cmocka_unit_test(the_plain_sequence_is_scipys),
        cmocka_unit_test(the_plain_sequence_is_scipys_live),
        cmocka_unit_test(scrambling),
        cmocka_unit_test(configurations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

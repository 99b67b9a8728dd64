/* If this fails, pooling takes another value than a window's largest or mean, or its gradient comes
 * back to another place. */
#include "tables.h"

#include <string.h>

enum { MAPS = 2, MAX_SIDE = 6, MAX_CELLS = MAPS * MAX_SIDE * MAX_SIDE * MAX_WIDTH };

/* Even and odd sides, and a map too small for any window. */
static const int sides[][2] = {{2, 2}, {3, 3}, {5, 4}, {4, 5}, {6, 6}, {1, 4}, {5, 1}};
enum { N_SIDES = sizeof sides / sizeof *sides };

struct map {
    const struct kernels *table;
    int rows, columns, channels;
    size_t cells, pooled;
};

/* The k-th pair of table, sides and width. */
static struct map map_of(size_t k)
{
    const int *side = sides[k / n_tables % N_SIDES];
    struct map m = {
        tables[k % n_tables], side[0], side[1], odd_widths[k / n_tables / N_SIDES], 0, 0};
    m.cells = (size_t)(MAPS * m.rows * m.columns * m.channels);
    m.pooled = (size_t)(MAPS * (m.rows / 2) * (m.columns / 2) * m.channels);
    return m;
}

/* Where place 0..3 of pooled element i lies in the maps. */
static size_t place_of(const struct map *m, size_t i, size_t place)
{
    size_t w = (size_t)m->channels, half_rows = (size_t)m->rows / 2;
    size_t half_columns = (size_t)m->columns / 2;
    size_t channel = i % w, column = i / w % half_columns, row = i / w / half_columns % half_rows;
    size_t map = i / w / half_columns / half_rows;
    size_t line = map * (size_t)m->rows + 2 * row + place / 2;
    return (line * (size_t)m->columns + 2 * column + place % 2) * w + channel;
}

/* Small integers, so that windows have several largest ones. */
static void draw_steps(struct rng *rng, float *z, size_t n)
{
    for (size_t i = 0; i < n; i++)
        z[i] = (float)(int)(2 * rng_normal(rng));
}

static void the_largest_comes_out_and_the_gradient_back(void **state)
{
    (void)state;
    static float z[MAX_CELLS], out[MAX_CELLS], alone[MAX_CELLS], back[MAX_CELLS], set[MAX_CELLS];
    static uint8_t which[MAX_CELLS];
    struct rng rng;
    rng_seed(&rng, 13, 13);
    for (size_t k = 0; k < n_tables * N_SIDES * N_WIDTHS; k++) {
        struct map m = map_of(k);
        draw_steps(&rng, z, m.cells);
        memset(set, 0, sizeof set);
        memset(back, 0x55, sizeof back);
        m.table->pool_max(z, MAPS, m.rows, m.columns, m.channels, out, which);
        m.table->pool_max(z, MAPS, m.rows, m.columns, m.channels, alone, NULL);
        for (size_t i = 0; i < m.pooled; i++) {
            size_t best = 0;
            for (size_t p = 1; p < 4; p++)
                if (z[place_of(&m, i, p)] > z[place_of(&m, i, best)])
                    best = p;
            assert_true(which[i] == best && out[i] == z[place_of(&m, i, best)]);
            assert_true(alone[i] == out[i]);
            set[place_of(&m, i, best)] = out[i] = (float)i + 1; /* now a gradient */
        }
        m.table->pool_max_back(out, which, MAPS, m.rows, m.columns, m.channels, back);
        assert_memory_equal(back, set, m.cells * sizeof *back);
        for (size_t i = m.cells; i < MAX_CELLS; i++)
            assert_true(back[i] == back[MAX_CELLS - 1]);
    }
}

static void the_mean_comes_out_and_the_gradient_back(void **state)
{
    (void)state;
    static float z[MAX_CELLS], out[MAX_CELLS], back[MAX_CELLS], set[MAX_CELLS];
    struct rng rng;
    rng_seed(&rng, 14, 14);
    for (size_t k = 0; k < n_tables * N_SIDES * N_WIDTHS; k++) {
        struct map m = map_of(k);
        draw_steps(&rng, z, m.cells);
        memset(set, 0, sizeof set);
        memset(back, 0x55, sizeof back);
        m.table->pool_average(z, MAPS, m.rows, m.columns, m.channels, out);
        for (size_t i = 0; i < m.pooled; i++) {
            float sum = 0;
            for (size_t p = 0; p < 4; p++)
                sum += z[place_of(&m, i, p)];
            assert_true(out[i] == sum / 4); /* exact: small integers */
            out[i] = (float)i + 1;
            for (size_t p = 0; p < 4; p++)
                set[place_of(&m, i, p)] = out[i] / 4;
        }
        m.table->pool_average_back(out, MAPS, m.rows, m.columns, m.channels, back);
        assert_memory_equal(back, set, m.cells * sizeof *back);
    }
}

/* The sum of g * pooled(z), whose gradient the way back gives. */
static double along(const struct map *m, const float *z, const float *g, bool max)
{
    static float out[MAX_CELLS];
    double sum = 0;
    if (max)
        m->table->pool_max(z, MAPS, m->rows, m->columns, m->channels, out, NULL);
    else
        m->table->pool_average(z, MAPS, m->rows, m->columns, m->channels, out);
    for (size_t i = 0; i < m->pooled; i++)
        sum += (double)g[i] * (double)out[i];
    return sum;
}

/* On distinct integers, half a step each way changes no order: the central difference is exact. */
static void ways_back_are_differences(void **state)
{
    (void)state;
    static float z[MAX_CELLS], g[MAX_CELLS], out[MAX_CELLS], back[MAX_CELLS];
    static uint8_t which[MAX_CELLS];
    for (size_t k = 0; k < n_tables * N_SIDES * 4; k++) {
        struct map m = map_of(k / 2);
        bool max = k % 2;
        for (size_t i = 0; i < m.cells; i++) {
            z[i] = (float)(i * 7919 % 4093); /* a permutation of sorts: no two alike below 4093 */
            g[i] = (float)(i % 13) - 6;
        }
        m.table->pool_max(z, MAPS, m.rows, m.columns, m.channels, out, which);
        if (max)
            m.table->pool_max_back(g, which, MAPS, m.rows, m.columns, m.channels, back);
        else
            m.table->pool_average_back(g, MAPS, m.rows, m.columns, m.channels, back);
        for (size_t i = 0; i < m.cells; i++) {
            float at = z[i];
            z[i] = at + 0.25f;
            double right = along(&m, z, g, max);
            z[i] = at - 0.25f;
            double left = along(&m, z, g, max);
            z[i] = at;
            assert_close((double)back[i], (right - left) * 2, 1e-9, m.table->name, i);
        }
    }
}

/* NaN at any place of a window comes out of it, with others or alone, and takes the gradient. */
static void nan_comes_out(void **state)
{
    (void)state;
    enum { W = 33 };
    for (size_t k = 0; k < n_tables * 16; k++) {
        float z[4 * W], out[W], mean[W];
        uint8_t which[W];
        unsigned broken = (unsigned)(k / n_tables); /* bit p: place p is NaN */
        for (size_t i = 0; i < 4 * W; i++)
            z[i] = broken >> (i / W) & 1 ? NAN : (float)(i % 5);
        tables[k % n_tables]->pool_max(z, 1, 2, 2, W, out, which);
        tables[k % n_tables]->pool_average(z, 1, 2, 2, W, mean);
        for (size_t c = 0; c < W; c++) {
            assert_true(isnan(out[c]) == (broken != 0) && isnan(mean[c]) == (broken != 0));
            assert_true(broken == 0 || broken >> which[c] & 1);
        }
    }
}

int main(void)
{
    find_tables();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_comes_out_and_the_gradient_back),
        cmocka_unit_test(the_mean_comes_out_and_the_gradient_back),
        cmocka_unit_test(ways_back_are_differences),
        cmocka_unit_test(nan_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

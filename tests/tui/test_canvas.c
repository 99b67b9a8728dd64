/* The canvas: dots to glyphs in every tier, clipping, bars and sparklines. */
#include "widgets.h"

#include "tui/canvas.h"

#include <math.h>

static const struct canvas_style styles[] = {{PAINT_SERIES1, 0, '*'},
                                             {PAINT_SERIES2, ATTR_BOLD, 'o'}};

static void test_every_dot_of_a_cell(void **state)
{
    static const struct {
        enum glyphs tier;
        int n;
        const char *glyph[8]; /* of one dot, row by row */
    } tiers[] = {
        {GLYPHS_BRAILLE,
         8,
         {"\u2801", "\u2808", "\u2802", "\u2810", "\u2804", "\u2820", "\u2840", "\u2880"}},
        {GLYPHS_BLOCKS, 4, {"\u2598", "\u259d", "\u2596", "\u2597"}},
        {GLYPHS_ASCII, 1, {"*"}},
    };
    (void)state;
    for (size_t t = 0; t < 3; t++)
        for (int dot = 0; dot < tiers[t].n; dot++) {
            struct canvas c;
            struct frame f = {0};
            char grid[16];
            glyphs_set(tiers[t].tier);
            assert_true(frame_resize(&f, 1, 1) && canvas_open(&c, 1, 1, tiers[t].tier));
            canvas_dot(&c, dot % c.dots_x, dot / c.dots_x, 0);
            canvas_put(&c, &f, 0, 0, styles, 2);
            snprintf(grid, sizeof grid, "%s\n", tiers[t].glyph[dot]);
            assert_grid(&f, grid);
            canvas_close(&c);
            frame_free(&f);
        }
    glyphs_set(GLYPHS_BRAILLE);
}

static void draw_line(enum glyphs tier, const double *at, const char *grid)
{
    struct canvas c;
    struct frame f = {0};
    glyphs_set(tier);
    assert_true(frame_resize(&f, 3, 6) && canvas_open(&c, 3, 6, tier));
    canvas_line(&c, at[0], at[1], at[2], at[3], 1, 0, 0, NULL);
    canvas_put(&c, &f, 0, 0, styles, 2);
    assert_grid(&f, grid);
    glyphs_set(GLYPHS_BRAILLE);
    canvas_close(&c);
    frame_free(&f);
}

static void test_lines(void **state)
{
    (void)state;
    draw_line(GLYPHS_ASCII, (const double[]){0, 0, 5, 2}, "oo\n  oo\n    oo\n");
    draw_line(GLYPHS_ASCII, (const double[]){5, 2, 0, 2}, "\n\noooooo\n");
    draw_line(GLYPHS_ASCII, (const double[]){2, -1e12, 2, 1e12}, "  o\n  o\n  o\n"); /* clipped */
    draw_line(GLYPHS_ASCII, (const double[]){-1e9, 1, 1e9, 1}, "\noooooo\n");
    draw_line(GLYPHS_ASCII, (const double[]){1, NAN, 2, 2}, "\n");
    draw_line(GLYPHS_ASCII, (const double[]){1, INFINITY, 2, 2}, "\n");
    draw_line(GLYPHS_ASCII, (const double[]){9, 9, 10, 10}, "\n");
    draw_line(GLYPHS_BRAILLE, (const double[]){0, 0, 11, 0},
              "\u2809\u2809\u2809\u2809\u2809\u2809\n");
    draw_line(GLYPHS_BLOCKS, (const double[]){0, 0, 0, 5}, "\u258c\n\u258c\n\u258c\n");
}

static void test_dashes_carry_over(void **state)
{
    struct canvas c;
    struct frame f = {0};
    int phase = 0;
    (void)state;
    glyphs_set(GLYPHS_ASCII);
    assert_true(frame_resize(&f, 1, 12) && canvas_open(&c, 1, 12, GLYPHS_ASCII));
    canvas_line(&c, 0, 0, 5, 0, 0, 2, 1, &phase);
    canvas_line(&c, 5, 0, 11, 0, 0, 2, 1, &phase);
    canvas_put(&c, &f, 0, 0, styles, 2);
    assert_grid(&f, "** ** ** **\n");
    glyphs_set(GLYPHS_BRAILLE);
    canvas_close(&c);
    frame_free(&f);
}

/* One cell has one colour: the topmost; empty cells leave the frame as it is. */
static void test_owners(void **state)
{
    struct canvas c;
    struct frame f = {0};
    (void)state;
    assert_true(frame_resize(&f, 1, 3) && canvas_open(&c, 1, 3, GLYPHS_BRAILLE));
    frame_put(&f, 0, 0, 3, PAINT_DIM, 0, "abc");
    canvas_dot(&c, 0, 0, 0);
    canvas_dot(&c, 1, 3, 1);
    canvas_dot(&c, 2, 0, 7);  /* an owner without a style is not drawn */
    canvas_dot(&c, -1, 0, 0); /* outside */
    canvas_dot(&c, 6, 0, 0);
    canvas_dot(&c, 0, 4, 0);
    canvas_put(&c, &f, 0, 0, styles, 2);
    assert_grid(&f, "\u2881"
                    "bc\n");
    assert_true(cell_at(&f, 0, 0).paint == PAINT_SERIES2 && cell_at(&f, 0, 0).attr == ATTR_BOLD);
    assert_int_equal(cell_at(&f, 0, 1).paint, PAINT_DIM);
    canvas_close(&c);
    assert_true(canvas_open(&c, 0, 5, GLYPHS_BRAILLE)); /* nothing to draw on */
    canvas_dot(&c, 0, 0, 0);
    canvas_line(&c, 0, 0, 5, 5, 0, 0, 0, NULL);
    canvas_put(&c, &f, 0, 0, styles, 2);
    canvas_close(&c);
    for (long k = 0; k < 2; k++) {
        mem_fail_after(k);
        assert_false(canvas_open(&c, 2, 2, GLYPHS_BRAILLE));
        mem_fail_after(-1);
        assert_int_equal(c.rows, 0);
    }
    frame_free(&f);
}

static void test_bars(void **state)
{
    static const struct {
        double share;
        const char *fine, *plain;
    } cases[] = {
        {0, "\u2591\u2591\u2591\u2591", "...."},    {1, "\u2588\u2588\u2588\u2588", "####"},
        {0.5, "\u2588\u2588\u2591\u2591", "##.."},  {0.625, "\u2588\u2588\u258c\u2591", "##.."},
        {1e-9, "\u258f\u2591\u2591\u2591", "...."}, /* something is not nothing */
        {7, "\u2588\u2588\u2588\u2588", "####"},    {-1, "\u2591\u2591\u2591\u2591", "...."},
        {NAN, "\u2591\u2591\u2591\u2591", "...."},  {INFINITY, "\u2588\u2588\u2588\u2588", "####"},
    };
    struct frame f = {0};
    char grid[32];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int plain = 0; plain < 2; plain++) {
            glyphs_set(plain ? GLYPHS_ASCII : GLYPHS_BRAILLE);
            assert_true(frame_resize(&f, 1, 6));
            canvas_bar(&f, 0, 1, 4, cases[i].share, PAINT_ACCENT, 0);
            snprintf(grid, sizeof grid, " %s\n", plain ? cases[i].plain : cases[i].fine);
            assert_grid(&f, grid);
        }
    glyphs_set(GLYPHS_BRAILLE);
    canvas_bar(&f, 0, 0, 0, 1, PAINT_ACCENT, 0);
    canvas_bar(&f, 0, 0, -5, 1, PAINT_ACCENT, 0);
    frame_free(&f);
}

static void test_sparklines(void **state)
{
    static const struct {
        double v[6];
        size_t n;
        int cols, used;
        const char *row;
    } cases[] = {
        {{0, 1, 2, 7}, 4, 6, 4, "\u2581\u2582\u2583\u2588"},
        {{3, 3, 3}, 3, 6, 3, "\u2585\u2585\u2585"},
        {{9, 0, 7}, 3, 2, 2, "\u2581\u2588"}, /* the newest, scaled among themselves */
        {{0, NAN, 7}, 3, 6, 3, "\u2581!\u2588"},
        {{NAN, INFINITY}, 2, 6, 2, "!!"},
        {{-1e308, 1e308}, 2, 6, 2, "\u2581\u2588"},
        {{0}, 0, 6, 0, ""},
        {{1, 2}, 2, 0, 0, ""},
    };
    struct frame f = {0};
    char grid[64];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(frame_resize(&f, 1, 8));
        assert_int_equal(
            canvas_spark(&f, 0, 0, cases[i].cols, cases[i].v, cases[i].n, PAINT_TEXT, 0),
            cases[i].used);
        snprintf(grid, sizeof grid, "%s\n", cases[i].row);
        assert_grid(&f, grid);
    }
    glyphs_set(GLYPHS_ASCII);
    frame_clear(&f);
    canvas_spark(&f, 0, 0, 4, (const double[]){0, 1, 2, 7}, 4, PAINT_TEXT, 0);
    glyphs_set(GLYPHS_BRAILLE);
    assert_grid(&f, "_.,#\n");
    frame_free(&f);
}

/* Random lines in every tier: no U+2800, nothing outside the canvas. */
static void test_any_lines(void **state)
{
    struct rng rng;
    struct frame f = {0};
    (void)state;
    rng_seed(&rng, 5, 5);
    for (int round = 0; round < 300; round++) {
        struct canvas c;
        enum glyphs tier = (enum glyphs)(round % GLYPHS_N);
        glyphs_set(tier);
        assert_true(frame_resize(&f, 8, 20) && canvas_open(&c, 6, 16, tier));
        for (int i = 0; i < 10; i++)
            canvas_line(&c, rng_normal(&rng) * 50, rng_normal(&rng) * 50, rng_normal(&rng) * 50,
                        rng_normal(&rng) * 50, i % 2, i % 4, i % 3, NULL);
        canvas_put(&c, &f, 1, 2, styles, 2);
        assert_frame_sound(&f);
        for (int row = 0; row < 8; row++)
            for (int col = 0; col < 20; col++) {
                assert_int_not_equal(cell_at(&f, row, col).code, 0x2800);
                if (row < 1 || row > 6 || col < 2 || col > 17)
                    assert_int_equal(cell_at(&f, row, col).code, ' ');
            }
        canvas_close(&c);
    }
    glyphs_set(GLYPHS_BRAILLE);
    frame_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_dot_of_a_cell),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_dashes_carry_over),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_sparklines),
        cmocka_unit_test(test_any_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

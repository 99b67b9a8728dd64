/* The heat map: numbers, marks, levels, scrolling, pointing. */
#include "widgets.h"

#include "tui/heat.h"

#include <limits.h>
#include <math.h>

static void cell(void *context, size_t row, size_t col, struct heat_cell *out)
{
    (void)context;
    assert_true(isnan(out->value) && isnan(out->shade) && !out->few); /* arrives cleared */
    if (row == 1 && col == 2)
        return; /* never visited */
    out->value = (double)(row * 4 + col) / 100;
    out->shade = (double)col / 4;
    out->few = row == 1;
    out->best = row == 0 && col == 3;
    out->next = row == 0 && col == 1;
    out->pinned = row == 2 && col == 0;
    out->trend = row == 0 ? (int)col - 1 : 0;
}

static void row_head(void *context, size_t row, char *out, size_t out_size, long *count)
{
    (void)context;
    text_format(out, out_size, "situation %zu", row);
    *count = (long)(row * 1000);
}

static const char *col_head(void *context, size_t col, int line)
{
    static const char *const lines[][2] = {{"next", "entry"}, {"lr", "up"}, {"", "down"}};
    (void)context;
    return lines[col % 3][line];
}

static struct heat heat_of(size_t rows, size_t cols)
{
    return (struct heat){.n_rows = rows,
                         .n_cols = cols,
                         .cell = cell,
                         .row_head = row_head,
                         .col_head = col_head,
                         .head_title = "situation",
                         .count_title = "visits",
                         .shade_low = 0,
                         .shade_high = 1,
                         .legend = "better than the rule",
                         .current_row = 1};
}

static void test_looks(void **state)
{
    struct heat h = heat_of(3, 4);
    struct frame f = {0};
    (void)state;
    glyphs_set(GLYPHS_BRAILLE);
    assert_true(frame_resize(&f, 7, 60));
    heat_draw(&f, frame_rect(&f), &h);
    assert_true(frame_has(&f, "situation    visits"));
    assert_true(frame_has(&f, "next"));
    assert_true(frame_has(&f, "entry"));
    assert_true(frame_has(&f, "situation 1 \u25c0 1,000"));
    assert_true(frame_has(&f, ".00 \u2591")); /* worse than the rule */
    assert_true(frame_has(&f, "[ .03]\u2587"));
    assert_true(frame_has(&f, ".04\u00b7")); /* few visits */
    assert_true(frame_has(&f, "\u2013"));    /* never visited */
    assert_true(frame_has(&f, ".08="));      /* pinned */
    assert_true(frame_has(&f, "better than the rule"));
    int row, col = -1;
    for (row = 2, col = 0; cell_at(&f, row, col).code != '1'; col++)
        assert_true(col < 58);
    assert_int_equal(cell_at(&f, row, col).attr, ATTR_BOLD | ATTR_UNDERLINE); /* chosen now */
    assert_int_equal(cell_at(&f, row, col).paint, PAINT_HEAT4);
    frame_free(&f);
}

static void test_levels(void **state)
{
    (void)state;
    assert_int_equal(heat_level(NAN, 0, 1), -1);
    assert_int_equal(heat_level(-5, 0, 1), 0);
    assert_int_equal(heat_level(0, 0, 1), 0);
    assert_int_equal(heat_level(0.5, 0, 1), 8);
    assert_int_equal(heat_level(1, 0, 1), 15);
    assert_int_equal(heat_level(INFINITY, 0, 1), 15);
    assert_int_equal(heat_level(-INFINITY, 0, 1), 0);
    assert_int_equal(heat_level(0.5, 0.5, 0.5), 8); /* no range: the middle */
    assert_int_equal(heat_level(0.4, 0.5, 0.5), 0);
    assert_int_equal(heat_level(0.6, 0.5, 0.5), 15);
    for (double v = 0; v < 1; v += 0.001)
        assert_true(heat_level(v + 0.001, 0, 1) >= heat_level(v, 0, 1));
}

/* Values of any size have their place, without running into the neighbours. */
static double only_value;

static void one_cell(void *context, size_t row, size_t col, struct heat_cell *out)
{
    (void)context;
    (void)row;
    (void)col;
    out->value = only_value;
}

static void test_numbers(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.63, " .63"},     {-0.05, "-.05"},    {0, " .00"},        {1, "1.00"},
                 {9.99, "9.99"},     {9.996, "10.0"},    {-1.5, "-1.5"},     {0.996, "1.00"},
                 {12.34, "12.3"},    {-12.3, "-12.3"},   {123.4, " 123"},    {9999, "9999"},
                 {NAN, "   \u2013"}, {INFINITY, "   !"}, {-INFINITY, "  -!"}};
    struct frame f = {0};
    (void)state;
    assert_true(frame_resize(&f, 3, 60));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct heat h = heat_of(1, 1);
        h.cell = one_cell;
        h.legend = NULL;
        h.current_row = -1;
        only_value = cases[i].value;
        frame_clear(&f);
        heat_draw(&f, frame_rect(&f), &h);
        struct text got = {0};
        frame_dump(&f, false, &got);
        const char *number = strstr(text_get(&got), "situation 0");
        assert_non_null(number);
        if (text_columns(cases[i].text) <= 4)
            assert_non_null(strstr(number, cases[i].text));
        text_free(&got);
    }
    frame_free(&f);
}

static void test_scrolling(void **state)
{
    struct heat h = heat_of(50, 30);
    struct frame f = {0};
    size_t row, col;
    (void)state;
    assert_true(frame_resize(&f, 12, 80));
    h.show_cursor = true;
    heat_draw(&f, frame_rect(&f), &h);
    assert_true(h.top == 0 && h.left == 0);
    assert_true(frame_has(&f, "\u203a")); /* how many columns are hidden */
    heat_move(&h, 20, 12);
    heat_draw(&f, frame_rect(&f), &h);
    assert_true(h.cursor_row >= h.top && h.top > 0 && h.left > 0 && h.left <= h.cursor_col);
    assert_true(heat_at(&h, frame_rect(&f), 2, 40, &row, &col));
    assert_int_equal(row, h.top);
    assert_true(col >= h.left);
    assert_false(heat_at(&h, frame_rect(&f), 0, 40, &row, &col)); /* heads */
    assert_false(heat_at(&h, frame_rect(&f), 2, 0, &row, &col));
    assert_false(heat_at(&h, frame_rect(&f), 11, 40, &row, &col)); /* the legend */
    heat_move(&h, LONG_MAX, LONG_MAX);
    assert_true(h.cursor_row == 49 && h.cursor_col == 29);
    heat_draw(&f, frame_rect(&f), &h);
    assert_true(frame_has(&f, "situation 49"));
    heat_move(&h, LONG_MIN, LONG_MIN);
    assert_true(h.cursor_row == 0 && h.cursor_col == 0);
    h.n_rows = h.n_cols = 0;
    heat_move(&h, 5, 5);
    heat_draw(&f, frame_rect(&f), &h);
    assert_true(h.cursor_row == 0 && h.cursor_col == 0);
    frame_free(&f);
}

/* Small changes of the shade leave the picture as it is. */
static void test_small_changes_draw_the_same(void **state)
{
    struct frame a = {0}, b = {0};
    struct heat h = heat_of(3, 4);
    struct text first = {0}, second = {0};
    (void)state;
    assert_true(frame_resize(&a, 7, 60) && frame_resize(&b, 7, 60));
    h.legend = NULL;
    heat_draw(&a, frame_rect(&a), &h);
    h.shade_high = 1.001;
    heat_draw(&b, frame_rect(&b), &h);
    frame_dump(&a, false, &first);
    frame_dump(&b, false, &second);
    assert_string_equal(text_get(&first), text_get(&second));
    text_free(&first);
    text_free(&second);
    frame_free(&a);
    frame_free(&b);
}

static void test_every_size(void **state)
{
    struct frame f = {0};
    (void)state;
    assert_true(frame_resize(&f, 12, 90));
    for (int tier = 0; tier < GLYPHS_N; tier++)
        for (int rows = 0; rows <= 10; rows++)
            for (int cols = 0; cols <= 88; cols++) {
                struct heat h = heat_of(6, 12);
                h.cursor_row = 5;
                h.cursor_col = 11;
                h.show_cursor = true;
                glyphs_set((enum glyphs)tier);
                frame_fill(&f, frame_rect(&f), PAINT_TEXT, 0, '~');
                frame_fill(&f, (struct rect){1, 1, rows, cols}, PAINT_TEXT, 0, ' ');
                heat_draw(&f, (struct rect){1, 1, rows, cols}, &h);
                assert_frame_sound(&f);
                for (int r = 0; r < f.rows; r++)
                    for (int c = 0; c < f.cols; c++)
                        if (r < 1 || c < 1 || r > rows || c > cols)
                            assert_int_equal(cell_at(&f, r, c).code, '~');
            }
    glyphs_set(GLYPHS_BRAILLE);
    frame_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_scrolling),
        cmocka_unit_test(test_small_changes_draw_the_same),
        cmocka_unit_test(test_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

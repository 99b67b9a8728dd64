/* Frames: clipping, widths, foreign text, glyph tiers, dumps. */
#include "widgets.h"

static void test_put_and_cut(void **state)
{
    static const struct {
        const char *text;
        int max_cols, used;
        const char *row;
    } cases[] = {
        {"abc", 10, 3, "abc"},
        {"abcdef", 4, 4, "abc\xe2\x80\xa6"},
        {"abcdef", 6, 6, "abcdef"},
        {"abc", 0, 0, ""},
        {"abc", -3, 0, ""},
        {"", 5, 0, ""},
        {"\xe6\xbc\xa2\xe5\xad\x97", 4, 4, "\xe6\xbc\xa2\xe5\xad\x97"},
        {"\xe6\xbc\xa2\xe5\xad\x97", 3, 3, "\xe6\xbc\xa2\xe2\x80\xa6"},
        {"\xe6\xbc\xa2\xe5\xad\x97", 2, 2, " \xe2\x80\xa6"}, /* no half characters */
        {"e\xcc\x81x", 5, 2, "ex"},                          /* a mark without a cell */
        {"a\033[31mb", 20, 7, "a?[31mb"},                    /* nothing raw */
        {"a\xff\xc2\x85"
         "b",
         20, 4, "a??b"},
        {"\xe2\x80\xae"
         "abc",
         20, 4, "?abc"}, /* nor turned around */
        {"a\nb\tc", 20, 5, "a?b?c"},
        {"0123456789012345678901234567890", 99, 12, "01234567890\xe2\x80\xa6"},
    };
    struct frame f = {0};
    char grid[128];
    (void)state;
    glyphs_set(GLYPHS_BRAILLE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(frame_resize(&f, 1, 12));
        assert_int_equal(frame_put(&f, 0, 0, cases[i].max_cols, PAINT_TEXT, 0, cases[i].text),
                         cases[i].used);
        snprintf(grid, sizeof grid, "%s\n", cases[i].row);
        assert_grid(&f, grid);
        assert_frame_sound(&f);
    }
    frame_free(&f);
}

static void test_ascii_tier(void **state)
{
    struct frame f = {0};
    (void)state;
    assert_true(frame_resize(&f, 2, 40));
    glyphs_set(GLYPHS_ASCII);
    frame_rule(&f, 0, 0, 12, "t\xc3\xa9");
    frame_put(&f, 1, 0, 40, PAINT_TEXT, 0,
              "\xe2\x98\x85 \xe2\x86\x92 \xc3\xa4\xc3\x96 \xe2\x80\x93 \xe6\xbc\xa2 \xe2\xa0\xa4");
    frame_put(&f, 1, 30, 4, PAINT_TEXT, 0, "abcdef");
    glyphs_set(GLYPHS_BRAILLE);
    assert_grid(&f, "-- te ------\n* > aO - ?? *                 abc~\n");
    for (size_t i = 0; i < 80; i++)
        assert_true(f.cells[i].code >= ' ' && f.cells[i].code < 0x7F);
    frame_free(&f);
}

static void test_overwriting_halves(void **state)
{
    struct frame f = {0};
    (void)state;
    assert_true(frame_resize(&f, 1, 6));
    frame_put(&f, 0, 0, 6, PAINT_TEXT, 0, "\xe6\xbc\xa2\xe5\xad\x97");
    frame_put(&f, 0, 1, 1, PAINT_TEXT, 0, "x");
    assert_grid(&f, " x\xe5\xad\x97\n");
    frame_put(&f, 0, 2, 1, PAINT_TEXT, 0, "y");
    assert_grid(&f, " xy\n");
    frame_put_code(&f, 0, 5, PAINT_TEXT, 0, 0x6F22); /* half would stick out */
    frame_put_code(&f, 0, -1, PAINT_TEXT, 0, 0x6F22);
    assert_frame_sound(&f);
    assert_int_equal(cell_at(&f, 0, 5).code, ' ');
    frame_put_code(&f, 0, 3, PAINT_TEXT, 0, 0x301); /* no shape: nothing */
    assert_int_equal(cell_at(&f, 0, 3).code, ' ');
    frame_free(&f);
}

static void test_right_fill_rule(void **state)
{
    struct frame f = {0};
    (void)state;
    assert_true(frame_resize(&f, 4, 10));
    assert_int_equal(frame_put_right(&f, 0, 8, 5, PAINT_TEXT, 0, "abc"), 3);
    frame_put_right(&f, 1, 8, 5, PAINT_TEXT, 0, "abcdefgh");
    frame_fill(&f, (struct rect){2, -3, 5, 5}, PAINT_GOOD, ATTR_BOLD, '=');
    frame_rule(&f, 3, 4, 6, "title");
    assert_grid(&f, "     abc\n   abcd\xe2\x80\xa6\n==\n"
                    "==  \xe2\x94\x80\xe2\x94\x80 \xe2\x80\xa6 \xe2\x94\x80\n");
    assert_int_equal(frame_putf(&f, 0, 0, 4, PAINT_TEXT, 0, "%d", 42), 2);
    frame_free(&f);
}

/* Nothing ever lands outside, whatever the numbers. */
static void test_wild_places(void **state)
{
    static const int places[] = {-2000000000, -100, -1, 0, 1, 4, 5, 100, 2000000000};
    enum { N = sizeof places / sizeof *places };
    struct frame f = {0};
    (void)state;
    assert_true(frame_resize(&f, 5, 5));
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            frame_put(&f, places[i], places[j], 8, PAINT_TEXT, 0, "a\xe6\xbc\xa2z");
            frame_put(&f, places[i], places[j], 2000000000, PAINT_TEXT, 0, "a\xe6\xbc\xa2z");
            frame_put_code(&f, places[i], places[j], PAINT_TEXT, 0, 'x');
            frame_rule(&f, places[i], places[j] / 4, 5, "t");
            frame_fill(&f, (struct rect){places[i] / 4, places[j] / 4, 3, 3}, PAINT_TEXT, 0, '.');
        }
    assert_frame_sound(&f);
    frame_free(&f);
}

static void test_dump_with_roles(void **state)
{
    struct frame f = {0};
    struct text out = {0};
    (void)state;
    assert_true(frame_resize(&f, 2, 8));
    frame_put(&f, 0, 0, 8, PAINT_GOOD, ATTR_BOLD | ATTR_DIM, "ab");
    frame_put(&f, 0, 2, 8, PAINT_GOOD, 0, "cd");
    frame_put(&f, 1, 6, 2, PAINT_TEXT, ATTR_REVERSE | ATTR_UNDERLINE, "ef");
    frame_dump(&f, true, &out);
    assert_string_equal(text_get(&out), "abcd\n      ef\n"
                                        "roles: row:column+cells role attributes\n"
                                        "0:0+2 good bold dim\n"
                                        "0:2+2 good\n"
                                        "1:6+2 text reverse underline\n");
    text_free(&out);
    frame_free(&f);
}

static void test_sizes_and_memory(void **state)
{
    struct frame f = {0};
    (void)state;
    assert_true(frame_resize(&f, 0, 0));
    frame_put(&f, 0, 0, 5, PAINT_TEXT, 0, "abc");
    assert_grid(&f, "");
    assert_true(frame_resize(&f, -1, 5));
    assert_int_equal(f.rows, 0);
    assert_true(frame_resize(&f, 3, 3));
    frame_put(&f, 0, 0, 3, PAINT_TEXT, 0, "abc");
    assert_true(frame_resize(&f, 3, 3)); /* keeps nothing */
    assert_grid(&f, "\n");
    mem_fail_after(0);
    assert_false(frame_resize(&f, 4, 4));
    mem_fail_after(-1);
    assert_true(f.rows == 0 && f.cols == 0);
    frame_put(&f, 0, 0, 3, PAINT_TEXT, 0, "abc");
    frame_free(&f);
}

static void test_paint_names(void **state)
{
    (void)state;
    for (int p = 0; p < PAINT_N; p++)
        assert_int_equal(paint_find(paint_name((enum paint)p)), p);
    assert_int_equal(paint_find("nonsense"), -1);
    assert_string_equal(paint_name((enum paint)PAINT_N), "?");
    assert_int_equal(text_columns("a\xe6\xbc\xa2\xcc\x81\033"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_cut),        cmocka_unit_test(test_ascii_tier),
        cmocka_unit_test(test_overwriting_halves), cmocka_unit_test(test_right_fill_rule),
        cmocka_unit_test(test_wild_places),        cmocka_unit_test(test_dump_with_roles),
        cmocka_unit_test(test_sizes_and_memory),   cmocka_unit_test(test_paint_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

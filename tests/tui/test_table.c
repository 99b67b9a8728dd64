/* Tables: which columns fit, what a cell looks like, cursor and scrolling, pointing. */
#include "widgets.h"

#include "tui/table.h"

#include <limits.h>

static const struct table_column columns[] = {
    {.title = "#", .width = 3, .priority = 0, .align = TABLE_RIGHT},
    {.title = "state", .width = 7, .priority = 1, .align = TABLE_LEFT},
    {.title = "value", .width = 7, .priority = 2, .align = TABLE_DECIMAL, .decimals = 4},
    {.title = "trend", .width = 5, .priority = 4, .align = TABLE_LEFT},
    {.title = "units", .width = 5, .priority = 3, .align = TABLE_RIGHT, .stretch = true},
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };
static size_t asked;

static void fill(void *context, size_t row, int column, struct table_cell *out)
{
    static const double trend[] = {1, 2, 3};
    static const char *const values[] = {"0.0391", "12.5", "", "3"};
    (void)context;
    asked++;
    assert_int_equal(out->text[0], 0); /* arrives cleared */
    if (column == 0)
        text_format(out->text, sizeof out->text, "%zu", row);
    else if (column == 1)
        text_copy(out->text, sizeof out->text, row % 2 ? "running" : "done");
    else if (column == 2)
        text_copy(out->text, sizeof out->text, values[row % 4]);
    else if (column == 3 && row % 2) {
        out->spark = trend;
        out->n_spark = 3;
    } else if (column == 4) {
        text_copy(out->text, sizeof out->text, "256");
        out->paint = PAINT_WARN;
    }
}

static void describe(void *context, size_t row, struct table_row *out)
{
    (void)context;
    out->marked = row == 2;
    if (row == 1) {
        out->sign = 0x2605;
        out->paint = PAINT_GOOD;
        out->attr = ATTR_BOLD;
    }
}

static struct table table_of(size_t n_rows)
{
    return (struct table){.columns = columns,
                          .n_columns = N_COLUMNS,
                          .n_rows = n_rows,
                          .fill = fill,
                          .describe = describe,
                          .sort_column = -1};
}

static void test_looks(void **state)
{
    struct table t = table_of(4);
    struct frame f = {0};
    (void)state;
    glyphs_set(GLYPHS_BRAILLE);
    assert_true(frame_resize(&f, 6, 36));
    t.sort_column = 2;
    t.cursor = 3;
    t.show_cursor = true;
    table_draw(&f, frame_rect(&f), &t);
    assert_grid(&f, "     # state    value\u25b2 trend   units\n"
                    "     0 done     0.0391 \u2013         256\n"
                    " \u2605   1 running 12.5    \u2581\u2585\u2588       256\n"
                    "+    2 done     \u2013      \u2013         256\n"
                    "     3 running  3      \u2581\u2585\u2588       256\n");
    assert_true(cell_at(&f, 0, 16).attr & ATTR_UNDERLINE);
    assert_int_equal(cell_at(&f, 2, 1).paint, PAINT_GOOD);
    assert_int_equal(cell_at(&f, 2, 7).attr, ATTR_BOLD); /* the incumbent */
    assert_int_equal(cell_at(&f, 3, 0).paint, PAINT_ACCENT);
    assert_int_equal(cell_at(&f, 3, 16).paint, PAINT_DIM); /* no value */
    assert_int_equal(cell_at(&f, 1, 34).paint, PAINT_WARN);
    for (int col = 0; col < 36; col++) { /* the cursor's row: one bar, whole width */
        assert_true(cell_at(&f, 4, col).attr & ATTR_REVERSE);
        assert_int_equal(cell_at(&f, 4, col).paint, PAINT_SELECTED);
    }
    frame_clear(&f);
    t.show_cursor = false;
    t.sort_descending = true;
    table_draw(&f, frame_rect(&f), &t);
    assert_true(frame_has(&f, "value\u25bc"));
    assert_int_equal(cell_at(&f, 4, 7).attr, ATTR_BOLD);
    frame_free(&f);
}

static void test_which_columns_fit(void **state)
{
    static const struct {
        int cols, kept, skip;
        int width[N_COLUMNS];
    } cases[] = {
        {31, 5, 0, {3, 7, 7, 5, 5}},  {40, 5, 0, {3, 7, 7, 5, 14}}, /* the spare goes to the one
                                                                       that stretches */
        {30, 4, 0, {3, 7, 7, 0, 10}},                               /* highest number first */
        {24, 3, 0, {3, 7, 7, 0, 0}},  {12, 2, 0, {3, 7, 0, 0, 0}},  {3, 1, 0, {3, 0, 0, 0, 0}},
        {0, 1, 0, {3, 0, 0, 0, 0}}, /* priority 0 stays */
        {31, 3, 2, {3, 0, 0, 5, 21}}, {31, 1, 99, {3, 0, 0, 0, 0}},
    };
    struct table t = table_of(1);
    int width[N_COLUMNS];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        t.skip = cases[i].skip;
        assert_int_equal(table_fit(&t, cases[i].cols, width), cases[i].kept);
        for (int k = 0; k < N_COLUMNS; k++)
            assert_int_equal(width[k], cases[i].width[k]);
    }
}

static void test_hidden_columns(void **state)
{
    struct table_column own[N_COLUMNS];
    struct table t = table_of(1);
    int width[N_COLUMNS];
    (void)state;
    memcpy(own, columns, sizeof own);
    own[1].hidden = true;
    own[4].width = 0; /* at least one cell */
    own[4].stretch = false;
    t.columns = own;
    assert_int_equal(table_fit(&t, 80, width), 4);
    assert_true(width[1] == 0 && width[4] == 1);
}

/* Of a hundred thousand rows only the visible cells are asked for; the cursor is always seen. */
static void test_many_rows(void **state)
{
    static const size_t cursors[] = {0, 5, 17, 50000, 99990, 99999, 1 << 30, 3, 4};
    struct table t = table_of(100000);
    struct frame f = {0};
    (void)state;
    assert_true(frame_resize(&f, 12, 60));
    t.show_cursor = true;
    for (size_t i = 0; i < sizeof cursors / sizeof *cursors; i++) {
        asked = 0;
        t.cursor = cursors[i];
        frame_clear(&f);
        table_draw(&f, frame_rect(&f), &t);
        assert_true(asked <= 11 * N_COLUMNS);
        assert_true(t.cursor < t.n_rows && t.cursor >= t.top && t.cursor < t.top + 11);
        assert_true(t.top + 11 <= t.n_rows);
        int reversed = 0;
        for (int row = 0; row < 12; row++)
            reversed += (cell_at(&f, row, 20).attr & ATTR_REVERSE) != 0;
        assert_int_equal(reversed, 1);
        assert_int_equal(cell_at(&f, 0, 0).code == 0x25B2, t.top > 0);
        assert_int_equal(cell_at(&f, 0, 1).code == 0x25BC, t.top + 11 < t.n_rows);
    }
    t.n_rows = 2; /* they went: no blank rows above */
    table_draw(&f, frame_rect(&f), &t);
    assert_true(t.top == 0 && t.cursor == 1);
    frame_free(&f);
}

static void test_moving(void **state)
{
    static const struct {
        size_t n, from;
        long delta;
        size_t to;
    } cases[] = {{10, 5, 2, 7},        {10, 5, -2, 3},       {10, 5, 100, 9}, {10, 5, -100, 0},
                 {10, 5, LONG_MAX, 9}, {10, 5, LONG_MIN, 0}, {0, 0, 1, 0},    {0, 5, -1, 4},
                 {10, 50, 1, 9},       {1, 0, 1, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct table t = table_of(cases[i].n);
        t.cursor = cases[i].from;
        table_move(&t, cases[i].delta);
        assert_int_equal(t.cursor, cases[i].to);
    }
}

static void test_empty_and_pointing(void **state)
{
    struct table t = table_of(0);
    struct frame f = {0};
    (void)state;
    assert_true(frame_resize(&f, 4, 60));
    table_draw(&f, frame_rect(&f), &t);
    assert_true(frame_has(&f, "nothing here yet"));
    t.empty = "no trial fits the filter";
    frame_clear(&f);
    table_draw(&f, frame_rect(&f), &t);
    assert_true(frame_has(&f, "no trial fits the filter"));
    t = table_of(100);
    t.top = 10;
    t.cursor = 12;
    struct rect r = {2, 4, 6, 40};
    assert_int_equal(table_row_at(&t, r, 2), -1); /* the titles */
    assert_int_equal(table_row_at(&t, r, 3), 10);
    assert_int_equal(table_row_at(&t, r, 7), 14);
    assert_int_equal(table_row_at(&t, r, 8), -1);
    assert_int_equal(table_row_at(&t, r, 0), -1);
    assert_int_equal(table_column_at(&t, r, 4), -1); /* where marks stand */
    assert_int_equal(table_column_at(&t, r, 7), 0);
    assert_int_equal(table_column_at(&t, r, 11), 1);
    assert_int_equal(table_column_at(&t, r, 99), -1);
    frame_free(&f);
}

static void test_every_size(void **state)
{
    struct frame f = {0};
    (void)state;
    assert_true(frame_resize(&f, 10, 70));
    for (int tier = 0; tier < GLYPHS_N; tier++)
        for (int rows = 0; rows <= 8; rows++)
            for (int cols = 0; cols <= 68; cols++) {
                struct table t = table_of(5);
                t.cursor = 4;
                t.show_cursor = true;
                t.sort_column = 4;
                glyphs_set((enum glyphs)tier);
                frame_fill(&f, frame_rect(&f), PAINT_TEXT, 0, '~');
                frame_fill(&f, (struct rect){1, 1, rows, cols}, PAINT_TEXT, 0, ' ');
                table_draw(&f, (struct rect){1, 1, rows, cols}, &t);
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
        cmocka_unit_test(test_looks),          cmocka_unit_test(test_which_columns_fit),
        cmocka_unit_test(test_hidden_columns), cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_moving),         cmocka_unit_test(test_empty_and_pointing),
        cmocka_unit_test(test_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

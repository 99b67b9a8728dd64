/* Layouts: at every size from 1 x 1 to 80 x 250 all panes lie inside and none overlap. */
#include "widgets.h"

#include "tui/layout.h"

static void assert_inside_and_apart(const struct layout *l, int rows, int cols)
{
    for (int i = 0; i < PANE_N; i++) {
        struct rect a = l->pane[i];
        assert_true(a.rows >= 0 && a.cols >= 0 && (a.rows > 0) == (a.cols > 0));
        if (a.rows == 0)
            continue;
        assert_true(a.row >= 0 && a.col >= 0 && a.row + a.rows <= rows && a.col + a.cols <= cols);
        for (int j = i + 1; j < PANE_N; j++) {
            struct rect b = l->pane[j];
            bool apart = b.rows == 0 || a.row + a.rows <= b.row || b.row + b.rows <= a.row ||
                         a.col + a.cols <= b.col || b.col + b.cols <= a.col;
            assert_true(apart);
        }
    }
}

/* No cell is wasted: but for LINE, every cell belongs to a pane. */
static void assert_covered(const struct layout *l, int rows, int cols)
{
    int covered = 0;
    for (int i = 0; i < PANE_N; i++)
        covered += l->pane[i].rows * l->pane[i].cols;
    assert_int_equal(covered, rows * cols);
}

static void assert_overview(int rows, int cols, const struct layout_prefs *prefs)
{
    struct layout l = layout_overview(rows, cols, prefs);
    assert_inside_and_apart(&l, rows, cols);
    assert_int_equal(l.size, layout_size(rows, cols));
    assert_true(layout_shown(&l, PANE_HEADER)); /* always something useful */
    assert_false(layout_shown(&l, PANE_MAIN) || layout_shown(&l, PANE_DETAIL));
    if (l.size == LAYOUT_LINE)
        return;
    assert_covered(&l, rows, cols);
    assert_true(layout_shown(&l, PANE_KEYS));
    if (prefs->widen || l.size < LAYOUT_STACKED) {
        assert_true(layout_shown(&l, prefs->focus));
        return;
    }
    assert_true(l.pane[PANE_PLOT].rows >= 5 && l.pane[PANE_TRIALS].rows >= 3);
    assert_int_equal(layout_shown(&l, PANE_AGENT), prefs->preset != 3);
    assert_int_equal(layout_shown(&l, PANE_NEXT), prefs->preset != 3 && l.size == LAYOUT_WIDE);
    assert_int_equal(layout_shown(&l, PANE_DIVIDER), layout_shown(&l, PANE_NEXT));
    if (l.size == LAYOUT_STACKED && prefs->preset != 3)
        assert_int_equal(l.pane[PANE_AGENT].rows, 1);
}

static void assert_other(int rows, int cols, const struct layout_prefs *prefs)
{
    struct layout l = layout_screen(rows, cols, prefs);
    assert_inside_and_apart(&l, rows, cols);
    assert_true(layout_shown(&l, PANE_HEADER));
    if (l.size == LAYOUT_LINE)
        return;
    assert_covered(&l, rows, cols);
    assert_true(layout_shown(&l, PANE_KEYS));
    assert_true(layout_shown(&l, prefs->detail ? PANE_DETAIL : PANE_MAIN));
    assert_false(layout_shown(&l, PANE_PLOT) || layout_shown(&l, PANE_TRIALS));
}

static void test_every_size(void **state)
{
    static const enum layout_pane focus[] = {PANE_PLOT, PANE_TRIALS, PANE_AGENT, PANE_NEXT};
    (void)state;
    for (int rows = 1; rows <= 80; rows++)
        for (int cols = 1; cols <= 250; cols++)
            for (int k = 0; k < 8; k++) {
                struct layout_prefs prefs = {k % LAYOUT_PRESETS, focus[(k + rows + cols) % 4],
                                             k >= 4 && (rows + cols) % 2, k >= 4};
                assert_overview(rows, cols, &prefs);
                assert_other(rows, cols, &prefs);
            }
}

static void test_sizes_that_are_named(void **state)
{
    static const struct {
        int rows, cols;
        enum layout_size size;
    } cases[] = {{36, 120, LAYOUT_WIDE},   {20, 100, LAYOUT_WIDE},  {24, 80, LAYOUT_STACKED},
                 {16, 60, LAYOUT_SINGLE},  {10, 40, LAYOUT_SMALL},  {9, 200, LAYOUT_LINE},
                 {50, 39, LAYOUT_LINE},    {1, 1, LAYOUT_LINE},     {0, 0, LAYOUT_LINE},
                 {23, 80, LAYOUT_SINGLE},  {24, 79, LAYOUT_SINGLE}, {19, 100, LAYOUT_SINGLE},
                 {40, 60, LAYOUT_STACKED}, {15, 100, LAYOUT_SMALL}, {-3, -3, LAYOUT_LINE}};
    struct layout_prefs prefs = {.preset = 99, .focus = PANE_HEADER};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(layout_size(cases[i].rows, cases[i].cols), cases[i].size);
        struct layout l = layout_overview(cases[i].rows, cases[i].cols, &prefs); /* odd wishes */
        assert_inside_and_apart(&l, cases[i].rows, cases[i].cols);
    }
}

/* Presets do what they promise. */
static void test_presets(void **state)
{
    static const int sizes[][2] = {{36, 120}, {24, 80}};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct layout_prefs prefs = {.focus = PANE_TRIALS};
        struct layout l[LAYOUT_PRESETS];
        for (prefs.preset = 0; prefs.preset < LAYOUT_PRESETS; prefs.preset++)
            l[prefs.preset] = layout_overview(sizes[i][0], sizes[i][1], &prefs);
        assert_true(l[1].pane[PANE_PLOT].rows > l[0].pane[PANE_PLOT].rows);
        assert_true(l[2].pane[PANE_TRIALS].rows > l[0].pane[PANE_TRIALS].rows);
        assert_false(layout_shown(&l[3], PANE_AGENT));
    }
}

static void test_dialogs(void **state)
{
    (void)state;
    for (int rows = 0; rows <= 60; rows++)
        for (int cols = 0; cols <= 130; cols += 3)
            for (int want = 0; want <= 100; want += 20) {
                struct rect r = layout_dialog(rows, cols, want / 2, want);
                assert_true(r.row >= 0 && r.col >= 0 && r.row + r.rows <= rows &&
                            r.col + r.cols <= cols);
                assert_int_equal(r.rows > 0 && r.cols > 0, rows > 0 && cols > 0);
                assert_true(r.rows <= want / 2 || r.rows == 1);
            }
    struct rect r = layout_dialog(24, 80, 10, 40);
    assert_true(r.rows == 10 && r.cols == 40 && r.row == 7 && r.col == 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_sizes_that_are_named),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_dialogs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

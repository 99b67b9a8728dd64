/* Plots: what is seen, what is left out and counted, ticks, downsampling, and every size. */
#include "widgets.h"

#include "tui/axis.h"
#include "tui/plot.h"

#include <float.h>
#include <math.h>

static struct plot_series series(const double *y, size_t n)
{
    return (struct plot_series){.y = y, .n = n, .paint = PAINT_SERIES1, .letter = 'a'};
}

static struct plot plot_of(const struct plot_series *s, size_t n)
{
    return (struct plot){
        .series = s, .n_series = n, .window = PLOT_WINDOW_AUTO, .x_fixed = NAN, .best = NAN};
}

static void open_frame(struct frame *f, int rows, int cols)
{
    *f = (struct frame){0};
    assert_true(frame_resize(f, rows, cols));
}

/* Non-blank cells of a rectangle that have this paint. */
static int painted(const struct frame *f, struct rect r, enum paint paint)
{
    int n = 0;
    for (int row = r.row; row < r.row + r.rows; row++)
        for (int col = r.col; col < r.col + r.cols; col++)
            n += cell_at(f, row, col).code != ' ' && cell_at(f, row, col).paint == paint;
    return n;
}

static void test_a_small_plot(void **state)
{
    static const double y[] = {0.5, 0.3, 0.2, 0.15, 0.12, 0.11, 0.1, 0.1};
    struct plot_series s = series(y, 8);
    struct plot p = plot_of(&s, 1);
    struct plot_view view;
    struct frame f;
    (void)state;
    open_frame(&f, 8, 34);
    glyphs_set(GLYPHS_ASCII);
    s.label = "a #17";
    p.title = "validation error";
    p.x_title = "epoch";
    plot_draw(&f, frame_rect(&f), &p, &view);
    glyphs_set(GLYPHS_BRAILLE);
    assert_true(frame_has(&f, "-- validation error"));
    assert_true(frame_has(&f, "a #17"));
    assert_true(frame_has(&f, "0.4 +"));
    assert_int_equal(view.n_points, 8);
    assert_true(view.area.rows == 5 && view.area.cols > 15);
    assert_true(view.window.x_min <= 1 && view.window.x_max == 8);
    assert_true(view.window.y_min <= 0.1 && view.window.y_max >= 0.5);
    /* falls: its first column is above its last one */
    int first = -1, last = -1;
    for (int row = view.area.row; row < view.area.row + view.area.rows; row++)
        for (int col = view.area.col; col < view.area.col + view.area.cols; col++)
            if (cell_at(&f, row, col).paint == PAINT_SERIES1 && cell_at(&f, row, col).code == 'a') {
                first = first < 0 ? row : first;
                last = row;
            }
    assert_true(first == view.area.row && last >= view.area.row + 3);
    frame_free(&f);
}

static void test_left_out_and_not_finite_are_counted(void **state)
{
    static const double y[] = {1, 0, -3, NAN, 0.1, INFINITY, -INFINITY, 0.5};
    struct plot_series s = series(y, 8);
    struct plot p = plot_of(&s, 1);
    struct plot_view view;
    struct frame f;
    (void)state;
    open_frame(&f, 12, 100);
    p.title = "loss";
    p.log_y = true;
    plot_draw(&f, frame_rect(&f), &p, &view);
    assert_true(view.n_points == 3 && view.n_left_out == 2 && view.n_not_finite == 3);
    assert_true(frame_has(&f, "loss, log, 2 not above 0 left out, 3 not finite (!)"));
    int marks = 0;
    for (int col = 0; col < 100; col++)
        marks += cell_at(&f, view.area.row + view.area.rows, col).code == '!';
    assert_int_equal(marks, 3);
    assert_true(view.window.y_min > 0);
    p.log_y = false;
    frame_clear(&f);
    plot_draw(&f, frame_rect(&f), &p, &view);
    assert_true(view.n_points == 5 && view.n_left_out == 0 && view.n_not_finite == 3);
    frame_free(&f);
}

/* NaN breaks the line: no stroke joins its neighbours. */
static void test_gaps(void **state)
{
    static const double y[] = {0, 0, NAN, 1, 1};
    struct plot_series s = series(y, 5);
    struct plot p = plot_of(&s, 1);
    struct plot_view view;
    struct frame f;
    (void)state;
    open_frame(&f, 9, 60);
    glyphs_set(GLYPHS_ASCII);
    plot_draw(&f, frame_rect(&f), &p, &view);
    glyphs_set(GLYPHS_BRAILLE);
    int middle = 0;
    for (int row = view.area.row + 1; row < view.area.row + view.area.rows - 1; row++)
        for (int col = view.area.col; col < view.area.col + view.area.cols; col++)
            middle += cell_at(&f, row, col).code == 'a';
    assert_int_equal(middle, 0);
    assert_true(painted(&f, view.area, PAINT_SERIES1) > 10);
    frame_free(&f);
}

static void test_spikes_survive(void **state)
{
    enum { N = 100000 };
    double *y = mem_alloc(N, sizeof *y);
    struct frame f;
    struct plot_view view;
    (void)state;
    assert_non_null(y);
    for (size_t spike = 0; spike < N; spike += 7919) { /* somewhere in a column, both ways */
        for (size_t i = 0; i < N; i++)
            y[i] = 0.5;
        y[spike] = 1;
        y[N - 1 - spike] = y[N - 1 - spike] == 1 ? 1 : 0;
        struct plot_series s = series(y, N);
        struct plot p = plot_of(&s, 1);
        open_frame(&f, 12, 60);
        glyphs_set(spike % 2 ? GLYPHS_ASCII : GLYPHS_BRAILLE);
        plot_draw(&f, frame_rect(&f), &p, &view);
        glyphs_set(GLYPHS_BRAILLE);
        struct rect top = {view.area.row, view.area.col, 1, view.area.cols};
        struct rect bottom = {view.area.row + view.area.rows - 1, view.area.col, 1, view.area.cols};
        assert_true(painted(&f, top, PAINT_SERIES1) >= 1);
        if (y[N - 1 - spike] == 0)
            assert_true(painted(&f, bottom, PAINT_SERIES1) >= 1);
        frame_free(&f);
    }
    mem_free(y);
}

static void test_selected_is_on_top_and_labels_apart(void **state)
{
    static const double y[] = {0.5, 0.5, 0.5, 0.5};
    static const char *const labels[] = {"a #1", "b #2", "c #3 \u2605"};
    struct plot_series s[3];
    struct plot p = plot_of(s, 3);
    struct plot_view view;
    struct frame f;
    (void)state;
    for (int i = 0; i < 3; i++) {
        s[i] = series(y, 4);
        s[i].paint = (enum paint)(PAINT_SERIES1 + i);
        s[i].label = labels[i];
    }
    s[1].selected = true;
    open_frame(&f, 12, 60);
    plot_draw(&f, frame_rect(&f), &p, &view);
    for (int i = 0; i < 3; i++)
        assert_true(frame_has(&f, labels[i]));
    assert_int_equal(painted(&f, view.area, PAINT_SERIES1), 0); /* the same line, under b */
    assert_true(painted(&f, view.area, PAINT_SERIES2) > 20);
    frame_free(&f);
}

static void test_best_line_band_and_read_out(void **state)
{
    static const double y[] = {0.9, 0.5, 0.123456789, 0.3}, x[] = {10, 20, 40, 80};
    static const double low[] = {0.8, 0.4, 0.1, 0.2}, high[] = {1, 0.6, 0.2, 0.4};
    struct plot_series s = series(y, 4);
    struct plot p = plot_of(&s, 1);
    struct plot_view view;
    struct frame f;
    (void)state;
    s.x = x;
    s.low = low;
    s.high = high;
    p.best = 0.0391;
    p.x_title = "epoch";
    p.cursor = true;
    p.cursor_x = 43; /* the nearest stored point is at 40, never one in between */
    open_frame(&f, 16, 80);
    plot_draw(&f, frame_rect(&f), &p, &view);
    assert_true(frame_has(&f, "best 0.0391"));
    assert_true(frame_has(&f, "epoch 40   a 0.123457"));
    assert_true(painted(&f, view.area, PAINT_GOOD) > 20);
    assert_true(painted(&f, view.area, PAINT_ACCENT) > 10);
    assert_int_equal(view.window.x_max, 80);
    p.x_fixed = 128;
    plot_draw(&f, frame_rect(&f), &p, &view);
    assert_int_equal(view.window.x_max, 128);
    p.window = (struct plot_window){30, 60, NAN, NAN};
    frame_clear(&f);
    plot_draw(&f, frame_rect(&f), &p, &view);
    assert_int_equal(view.n_points, 1);
    assert_true(view.window.x_min == 30 && view.window.x_max == 60);
    frame_free(&f);
}

static void test_nothing_to_show(void **state)
{
    static const double nothing[] = {NAN, NAN};
    struct plot_series s = series(nothing, 2);
    struct plot p = plot_of(&s, 1);
    struct plot_view view;
    struct frame f;
    (void)state;
    open_frame(&f, 10, 60);
    plot_draw(&f, frame_rect(&f), &p, &view);
    assert_true(frame_has(&f, "no values yet"));
    assert_int_equal(view.n_points, 0);
    p = plot_of(NULL, 0);
    p.empty = "the first epoch is on its way";
    frame_clear(&f);
    plot_draw(&f, frame_rect(&f), &p, NULL);
    assert_true(frame_has(&f, "the first epoch is on its way"));
    frame_free(&f);
}

/* Any data at any size and tier: nothing outside, a window without NaN, no crash. */
static void draw_anything(struct rng *rng, struct frame *f, int rows, int cols, int round)
{
    static const double odd[] = {0,       -0.0,     1e-308, -1e-308,  1e308,     -1e308,
                                 DBL_MAX, -DBL_MAX, NAN,    INFINITY, -INFINITY, 1,
                                 -1,      0.1,      5e-324, 1e17};
    double y[3][40], x[40];
    struct plot_series s[3];
    struct plot p = plot_of(s, (size_t)(round % 4 > 2 ? 3 : round % 4));
    struct plot_view view;
    for (size_t i = 0; i < 40; i++)
        x[i] = round % 5 == 0 ? pow(10, (double)i) : (double)i - 5;
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < 40; i++)
            y[k][i] = round % 3 ? odd[rng_below(rng, sizeof odd / sizeof *odd)]
                                : rng_normal(rng) * (double)(k + 1);
        s[k] = series(y[k], (size_t)rng_below(rng, 41));
        s[k].x = round % 2 ? x : NULL;
        s[k].label = k ? "a label that is far too long" : "a #1";
        s[k].line = (enum plot_line)k;
        s[k].selected = k == 1;
        if (k == 2) {
            s[k].low = y[0];
            s[k].high = y[1];
        }
    }
    p.title = round % 2 ? "title" : NULL;
    p.x_title = "epoch";
    p.log_y = round % 7 < 3;
    p.best = odd[rng_below(rng, sizeof odd / sizeof *odd)];
    p.x_fixed = odd[rng_below(rng, sizeof odd / sizeof *odd)];
    p.cursor = round % 3 == 0;
    p.cursor_x = odd[rng_below(rng, sizeof odd / sizeof *odd)];
    if (round % 6 == 0)
        p.window = (struct plot_window){odd[rng_below(rng, 16)], odd[rng_below(rng, 16)],
                                        odd[rng_below(rng, 16)], odd[rng_below(rng, 16)]};
    frame_fill(f, frame_rect(f), PAINT_TEXT, 0, '~');
    frame_fill(f, (struct rect){1, 1, rows, cols}, PAINT_TEXT, 0, ' ');
    plot_draw(f, (struct rect){1, 1, rows, cols}, &p, &view);
    assert_frame_sound(f);
    for (int r = 0; r < f->rows; r++)
        for (int c = 0; c < f->cols; c++)
            if (r < 1 || c < 1 || r > rows || c > cols)
                assert_int_equal(cell_at(f, r, c).code, '~');
    if (view.area.rows > 0)
        assert_true(view.window.x_max > view.window.x_min &&
                    view.window.y_max > view.window.y_min && isfinite(view.window.x_max));
    assert_true(view.area.row >= 0 && view.area.row + view.area.rows <= rows + 1);
}

static void test_any_data_at_any_size(void **state)
{
    struct frame f;
    struct rng rng;
    (void)state;
    rng_seed(&rng, 11, 1);
    open_frame(&f, 30, 90);
    for (int round = 0; round < 6000; round++) {
        int rows = 1 + (int)rng_below(&rng, round % 2 ? 27 : 6);
        int cols = 1 + (int)rng_below(&rng, round % 3 ? 87 : 20);
        glyphs_set((enum glyphs)(round % GLYPHS_N));
        draw_anything(&rng, &f, rows, cols, round);
    }
    glyphs_set(GLYPHS_BRAILLE);
    plot_draw(&f, (struct rect){5, 5, 100, 100}, &(struct plot){0}, NULL); /* outside: nothing */
    plot_draw(&f, (struct rect){-1, 0, 5, 5}, &(struct plot){0}, NULL);
    frame_free(&f);
}

/* ---- arithmetic -------------------------------------------------------------------------- */

static void test_ticks(void **state)
{
    static const struct {
        double low, high;
        bool log;
        size_t max, n;
        double tick[8];
    } cases[] = {
        {0, 1, false, 6, 6, {0, 0.2, 0.4, 0.6, 0.8, 1}},
        {0, 1, false, 3, 3, {0, 0.5, 1}},
        {0, 50, false, 6, 6, {0, 10, 20, 30, 40, 50}},
        {-1, 1, false, 5, 5, {-1, -0.5, 0, 0.5, 1}},
        {0.01, 1, true, 8, 7, {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1}},
        {0.001, 1000, true, 7, 7, {0.001, 0.01, 0.1, 1, 10, 100, 1000}},
        {0, 1, true, 5, 0, {0}},  /* no log axis from 0 */
        {1, 1, false, 5, 0, {0}}, /* nor one without a length */
        {0, 1, false, 0, 0, {0}},
        {NAN, 1, false, 5, 0, {0}},
        {0, INFINITY, false, 5, 0, {0}},
    };
    double out[16];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(plot_ticks(cases[i].low, cases[i].high, cases[i].log, cases[i].max, out),
                         cases[i].n);
        for (size_t k = 0; k < cases[i].n; k++)
            assert_true(fabs(out[k] - cases[i].tick[k]) < 1e-9 * (1 + fabs(out[k])));
    }
}

static void test_ticks_are_inside_and_few(void **state)
{
    struct rng rng;
    double out[16];
    (void)state;
    rng_seed(&rng, 2, 2);
    for (int i = 0; i < 20000; i++) {
        bool log = i % 2;
        double a = pow(10, rng_normal(&rng) * 20), b = a * (1 + pow(10, rng_normal(&rng) * 4));
        if (!log && i % 4 == 0)
            a = -a;
        size_t max = 1 + (size_t)rng_below(&rng, 16), n = plot_ticks(a, b, log, max, out);
        assert_true(n <= max);
        for (size_t k = 0; k < n; k++) {
            double slack = 1e-6 * (b - a) + 1e-9 * fabs(a);
            assert_true(out[k] >= a - slack && out[k] <= b + slack);
            assert_true(k == 0 || out[k] > out[k - 1]);
        }
    }
}

static void test_axes_hold_their_data(void **state)
{
    static const double values[] = {0, 1e-300, 1e-9, 0.1, 0.30000001, 1, 9.99, 1e9, 1e300, DBL_MAX};
    enum { N = sizeof values / sizeof *values };
    (void)state;
    for (int i = 0; i < N; i++)
        for (int j = i; j < N; j++)
            for (int log = 0; log < 2; log++) {
                if (log && values[i] <= 0)
                    continue;
                struct axis a = axis_around(values[i], values[j], log);
                assert_true(isfinite(a.low) && isfinite(a.high) && a.low < a.high);
                assert_true(!log || a.low > 0);
                if (values[j] < 1e301)
                    assert_true(a.low <= values[i] * (1 + 1e-6) + 1e-12 &&
                                a.high >= values[j] * (1 - 1e-6) - 1e-12);
            }
    struct axis a = {0.01, 1, true};
    assert_true(fabs(axis_place(&a, 0.1) - 0.5) < 1e-12);
    a = (struct axis){-1, 3, false};
    assert_true(fabs(axis_place(&a, 1) - 0.5) < 1e-12 && axis_place(&a, 7) > 1);
}

static void test_tick_texts(void **state)
{
    static const struct {
        double value, step;
        const char *text;
    } cases[] = {{0.05, 0.05, "0.05"},  {0.3, 0.1, "0.3"},    {20, 10, "20"},
                 {2000, 1000, "2k"},    {20000, 5000, "20k"}, {1500, 500, "1500"},
                 {3e6, 1e6, "3M"},      {0, 0.5, "0.0"},      {-2, 1, "-2"},
                 {1e-7, 1e-7, "1e-07"}, {1e20, 1e20, "1e+20"}};
    char out[32];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(plot_tick_text(cases[i].value, cases[i].step, out, sizeof out),
                            cases[i].text);
}

static void test_zoom_pan_nearest_range_smooth(void **state)
{
    static const double x[] = {1, 2, 4, 8}, y[] = {1, 1, NAN, 3};
    struct plot_window w = {0, 100, 0, 1}, z = plot_zoom(w, 2, 0.5);
    struct plot_series s = {.x = x, .y = x, .n = 4};
    double out[4];
    (void)state;
    assert_true(z.x_min == 25 && z.x_max == 75 && isnan(z.y_min));
    z = plot_zoom(z, 0.5, 0.5);
    assert_true(z.x_min == 0 && z.x_max == 100);
    z = plot_zoom(w, 4, 0);
    assert_true(z.x_min == 0 && z.x_max == 25);
    z = plot_zoom(w, 0, 0.5); /* no such factor */
    assert_true(z.x_min == 0 && z.x_max == 100);
    z = plot_pan(w, -0.1);
    assert_true(z.x_min == -10 && z.x_max == 90);
    assert_int_equal(plot_nearest(&s, -5), 0);
    assert_int_equal(plot_nearest(&s, 3), 1); /* the earlier one of two as near */
    assert_int_equal(plot_nearest(&s, 3.1), 2);
    assert_int_equal(plot_nearest(&s, 1e9), 3);
    assert_true(plot_next_range(0) == 8 && plot_next_range(9) == 16 && plot_next_range(16) == 16);
    plot_smooth(y, 4, 0, out);
    assert_true(out[0] == 1 && isnan(out[2]) && out[3] == 3);
    plot_smooth(y, 4, 0.9, out);
    assert_true(fabs(out[0] - 1) < 1e-12 && fabs(out[1] - 1) < 1e-12); /* start-up corrected */
    assert_true(isnan(out[2]) && out[3] > 1 && out[3] < 3);
}

static void test_without_memory(void **state)
{
    static const double y[] = {1, 2, NAN};
    struct plot_series s = series(y, 3);
    struct plot p = plot_of(&s, 1);
    struct frame f;
    (void)state;
    open_frame(&f, 10, 60);
    p.title = "t";
    p.cursor = true;
    p.cursor_x = 1;
    for (long k = 0; k < 10; k++) {
        mem_fail_after(k);
        plot_draw(&f, frame_rect(&f), &p, NULL);
        mem_fail_after(-1);
        assert_frame_sound(&f);
    }
    frame_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_small_plot),
        cmocka_unit_test(test_left_out_and_not_finite_are_counted),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_spikes_survive),
        cmocka_unit_test(test_selected_is_on_top_and_labels_apart),
        cmocka_unit_test(test_best_line_band_and_read_out),
        cmocka_unit_test(test_nothing_to_show),
        cmocka_unit_test(test_any_data_at_any_size),
        cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_ticks_are_inside_and_few),
        cmocka_unit_test(test_axes_hold_their_data),
        cmocka_unit_test(test_tick_texts),
        cmocka_unit_test(test_zoom_pan_nearest_range_smooth),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

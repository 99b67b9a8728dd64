/* Golden screens: the made study of fixture.h, keys by script, the frame compared with
 * tests/tui/golden/NAME.txt (grid and theme roles). GOLDEN_UPDATE=1 writes the files anew. */
#include "fixture.h"

#include "tui/app.h"

struct golden {
    const char *name, *script; /* the last frame is compared */
    int rows, cols;
    const char *glyphs;
};
static const struct golden goldens[] = {
    {"overview-120x40", "", 40, 120, "braille"},
    {"overview-120x36", "", 36, 120, "braille"},
    {"overview-100x30", "", 30, 100, "braille"},
    {"overview-80x24", "", 24, 80, "braille"},
    {"overview-60x16", "", 16, 60, "braille"},
    {"overview-40x10", "", 10, 40, "braille"},
    {"overview-30x5", "", 5, 30, "braille"},
    {"overview-80x24-ascii", "", 24, 80, "ascii"},
    {"overview-40x10-ascii", "", 10, 40, "ascii"},
    {"overview-80x24-blocks", "", 24, 80, "blocks"},
    {"overview-plot-60x16", "<Tab>", 16, 60, "braille"},
    {"overview-agent-60x16", "<Tab> <Tab>", 16, 60, "braille"},
    {"overview-no-agent-120x40", ":layout 3", 40, 120, "braille"},
    {"trials-120x40", "2", 40, 120, "braille"},
    {"trials-80x24", "2 j", 24, 80, "braille"},
    {"trials-60x16", "2", 16, 60, "braille"},
    {"trials-detail-60x16", "2 w", 16, 60, "braille"},
    {"trials-filter-80x24", "2 /\ntype run", 24, 80, "braille"},
    {"trials-marked-80x24", "2 <Space> <Space>", 24, 80, "braille"},
    {"curves-120x40", "3", 40, 120, "braille"},
    {"curves-80x24", ":5\n3 i h h", 24, 80, "braille"},
    {"curves-40x10", "3", 10, 40, "braille"},
    {"qtable-120x40", "4", 40, 120, "braille"},
    {"qtable-80x24", "4 l", 24, 80, "braille"},
    {"qtable-40x10", "4", 10, 40, "braille"},
    {"qtable-80x24-ascii", "4", 24, 80, "ascii"},
    {"log-80x24", "5", 24, 80, "braille"},
    {"log-up-60x16", "5 k k", 16, 60, "braille"},
    {"log-40x10", "5", 10, 40, "braille"},
    {"help-120x40", "?", 40, 120, "braille"},
    {"help-80x24", "2 ? <PgDn>", 24, 80, "braille"},
    {"help-40x10", "?", 10, 40, "braille"},
    {"prune-80x24", ":5\nx", 24, 80, "braille"},
    {"prune-40x10", ":5\nx", 10, 40, "braille"},
    {"seed-120x40", "a", 40, 120, "braille"},
    {"seed-held-80x24", "a <PgDn> <Right> <PgDn>", 24, 80, "braille"},
    {"seed-held-60x16", "a <PgDn> <Right>", 16, 60, "braille"},
    {"seed-held-40x10-ascii", "a <PgDn> <PgDn>", 10, 40, "ascii"},
    {"seed-80x24", "a <C-u>\ntype 7", 24, 80, "braille"},
    {"extend-80x24", "e", 24, 80, "braille"},
    {"sort-80x24", "o j", 24, 80, "braille"},
    {"actions-80x24", "<C-p>\ntype pru", 24, 80, "braille"},
    {"command-80x24", "type :pr\n<Tab>", 24, 80, "braille"},
    {"quit-80x24", "Q", 24, 80, "braille"},
    {"complete-80x24", "type :set glyphs \n<Tab>", 24, 80, "braille"},
    {"error-80x24", ":prune 1", 24, 80, "braille"},
    {"frozen-80x24", "z", 24, 80, "braille"},
    {"paused-80x24", "p", 24, 80, "braille"},
};

static const char *golden_folder(void)
{
    return file_is_folder("tests/tui/golden") ? "tests/tui/golden" : "../tests/tui/golden";
}

/* The script runs to its end; the last frame stays in app->frame. */
static void run_script(struct fixture *fx, const struct golden *g, struct text *out)
{
    struct tui_source source = fixture_source(fx);
    struct tui_options options = {.glyphs = g->glyphs,
                                  .script = g->script,
                                  .task_name = "mnist",
                                  .n_inputs = 784,
                                  .n_classes = 10,
                                  .n_rows = 8000};
    struct term *term = NULL;
    struct err_info info = {0};
    char line[1024];
    struct app *app = mem_zero_alloc(1, sizeof *app);
    assert_non_null(app);
    if (term_open_script_text(g->script, g->name, g->rows, g->cols, &term, &info) != ERR_OK ||
        !app_open(app, &source, &options, term) || app_run(app, &info) == TUI_END_ERROR)
        fail_msg("%s: %s", g->name, err_format(&info, line, sizeof line));
    frame_dump(&app->frame, true, out);
    app_close(app);
    term_close(term);
    mem_free(app);
    assert_int_equal(fx->reading, 0);
}

static void print_difference(const char *name, const char *expected, const char *got)
{
    print_error("%s differs; GOLDEN_UPDATE=1 takes the new one\n", name);
    for (int line = 1; *expected || *got; line++) {
        size_t ne = strcspn(expected, "\n"), ng = strcspn(got, "\n");
        if (ne != ng || memcmp(expected, got, ne) != 0)
            print_error("%3d - %.*s\n    + %.*s\n", line, (int)ne, expected, (int)ng, got);
        expected += ne + (expected[ne] == '\n');
        got += ng + (got[ng] == '\n');
    }
}

static bool check_golden(const struct golden *g)
{
    struct fixture fx;
    struct text got = {0};
    char path[300], *expected = NULL;
    size_t n;
    struct err_info info = {0};
    fixture_open(&fx);
    fixture_fill(&fx);
    run_script(&fx, g, &got);
    text_format(path, sizeof path, "%s/%s.txt", golden_folder(), g->name);
    bool same = true;
    if (getenv("GOLDEN_UPDATE"))
        assert_int_equal(file_write_atomic(path, text_get(&got), got.length, &info), ERR_OK);
    else if (file_read(path, 1 << 20, &expected, &n, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    else
        same = strcmp(expected, text_get(&got)) == 0;
    if (!same)
        print_difference(g->name, expected, text_get(&got));
    mem_free(expected);
    text_free(&got);
    fixture_close(&fx);
    return same;
}

static void test_goldens(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++)
        bad += !check_golden(&goldens[i]);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_goldens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Golden screens: the made study of fixture.h, keys by script, the frame compared with
 * tests/tui/golden/NAME.txt (grid and theme roles). GOLDEN_UPDATE=1 writes the files anew. */
#include <cblas.h>

#include "fixture.h"
#include "made_guidance.h"

#include "../support/spawn.h"
#include "tui/app.h"

enum with { WITH_NO_RACE, WITH_RACE, WITH_RACE_ALONE, WITH_KNOWLEDGE, WITH_OUTLOOK, WITH_END };
struct golden {
    const char *name, *script; /* the last frame is compared */
    int rows, cols;
    const char *glyphs;
    enum with with;
};
static const struct golden goldens[] = {
    {"overview-120x40", "", 40, 120, "braille", WITH_NO_RACE},
    {"overview-120x36", "", 36, 120, "braille", WITH_NO_RACE},
    {"overview-100x30", "", 30, 100, "braille", WITH_NO_RACE},
    {"overview-80x24", "", 24, 80, "braille", WITH_NO_RACE},
    {"overview-60x16", "", 16, 60, "braille", WITH_NO_RACE},
    {"overview-40x10", "", 10, 40, "braille", WITH_NO_RACE},
    {"overview-30x5", "", 5, 30, "braille", WITH_NO_RACE},
    {"overview-80x24-ascii", "", 24, 80, "ascii", WITH_NO_RACE},
    {"overview-40x10-ascii", "", 10, 40, "ascii", WITH_NO_RACE},
    {"overview-80x24-blocks", "", 24, 80, "blocks", WITH_NO_RACE},
    {"overview-plot-60x16", "<Tab>", 16, 60, "braille", WITH_NO_RACE},
    {"overview-agent-60x16", "<Tab> <Tab>", 16, 60, "braille", WITH_NO_RACE},
    {"overview-no-agent-120x40", ":layout 3", 40, 120, "braille", WITH_NO_RACE},
    {"trials-120x40", "2", 40, 120, "braille", WITH_NO_RACE},
    {"trials-80x24", "2 j", 24, 80, "braille", WITH_NO_RACE},
    {"trials-60x16", "2", 16, 60, "braille", WITH_NO_RACE},
    {"trials-detail-60x16", "2 w", 16, 60, "braille", WITH_NO_RACE},
    {"trials-filter-80x24", "2 /\ntype run", 24, 80, "braille", WITH_NO_RACE},
    {"trials-marked-80x24", "2 <Space> <Space>", 24, 80, "braille", WITH_NO_RACE},
    {"curves-120x40", "3", 40, 120, "braille", WITH_NO_RACE},
    {"curves-80x24", ":5\n3 i h h", 24, 80, "braille", WITH_NO_RACE},
    {"curves-40x10", "3", 10, 40, "braille", WITH_NO_RACE},
    {"qtable-120x40", "4", 40, 120, "braille", WITH_NO_RACE},
    {"qtable-80x24", "4 l", 24, 80, "braille", WITH_NO_RACE},
    {"qtable-40x10", "4", 10, 40, "braille", WITH_NO_RACE},
    {"qtable-80x24-ascii", "4", 24, 80, "ascii", WITH_NO_RACE},
    {"qtable-next-80x24", "4 <Enter> j", 24, 80, "braille", WITH_NO_RACE},
    {"qtable-edit-80x24", "4 E", 24, 80, "braille", WITH_NO_RACE},
    {"qtable-160x40", "4 = l l E <C-u>\ntype q-edit 0.5\n<Enter>", 40, 160, "braille",
     WITH_NO_RACE},
    {"log-80x24", "5", 24, 80, "braille", WITH_NO_RACE},
    {"log-up-60x16", "5 k k", 16, 60, "braille", WITH_NO_RACE},
    {"log-40x10", "5", 10, 40, "braille", WITH_NO_RACE},
    {"help-120x40", "?", 40, 120, "braille", WITH_NO_RACE},
    {"help-80x24", "2 ? <PgDn>", 24, 80, "braille", WITH_NO_RACE},
    {"help-40x10", "?", 10, 40, "braille", WITH_NO_RACE},
    {"prune-80x24", ":5\nx", 24, 80, "braille", WITH_NO_RACE},
    {"prune-40x10", ":5\nx", 10, 40, "braille", WITH_NO_RACE},
    {"seed-120x40", "a", 40, 120, "braille", WITH_NO_RACE},
    {"seed-held-80x24", "a <PgDn> <Right> <PgDn>", 24, 80, "braille", WITH_NO_RACE},
    {"seed-held-60x16", "a <PgDn> <Right>", 16, 60, "braille", WITH_NO_RACE},
    {"seed-held-40x10-ascii", "a <PgDn> <PgDn>", 10, 40, "ascii", WITH_NO_RACE},
    {"seed-80x24", "a <C-u>\ntype 7", 24, 80, "braille", WITH_NO_RACE},
    {"extend-80x24", "e", 24, 80, "braille", WITH_NO_RACE},
    {"sort-80x24", "o j", 24, 80, "braille", WITH_NO_RACE},
    {"actions-80x24", "<C-p>\ntype pru", 24, 80, "braille", WITH_NO_RACE},
    {"command-80x24", "type :pr\n<Tab>", 24, 80, "braille", WITH_NO_RACE},
    {"quit-80x24", "Q", 24, 80, "braille", WITH_NO_RACE},
    {"complete-80x24", "type :set glyphs \n<Tab>", 24, 80, "braille", WITH_NO_RACE},
    {"error-80x24", ":prune 1", 24, 80, "braille", WITH_NO_RACE},
    {"frozen-80x24", "z", 24, 80, "braille", WITH_NO_RACE},
    {"paused-80x24", "p", 24, 80, "braille", WITH_NO_RACE},
    {"meta-none-80x24", "7", 24, 80, "braille", WITH_NO_RACE},
    {"meta-80x24", "7", 24, 80, "braille", WITH_OUTLOOK},
    {"meta-120x40", "7", 40, 120, "braille", WITH_OUTLOOK},
    {"meta-looks-80x24", "7", 24, 80, "braille", WITH_KNOWLEDGE},
    {"meta-80x24-ascii", "7", 24, 80, "ascii", WITH_OUTLOOK},
    {"meta-ended-80x24", "7", 24, 80, "braille", WITH_END},
    {"meta-60x16", "7 j", 16, 60, "braille", WITH_OUTLOOK},
    {"meta-40x10", "7", 10, 40, "braille", WITH_OUTLOOK},
    {"qtable-known-120x40", "4", 40, 120, "braille", WITH_OUTLOOK},
    {"qtable-known-80x24", "4 j", 24, 80, "braille", WITH_OUTLOOK},
    {"qtable-ended-80x24", "4", 24, 80, "braille", WITH_END},
    {"qtable-known-next-80x24", "4 <Enter>", 24, 80, "braille", WITH_OUTLOOK},
    {"race-alone-120x40", ">", 40, 120, "braille", WITH_RACE_ALONE},
    {"race-alone-80x24", ":race-at 12\nj <Enter>", 24, 80, "braille", WITH_RACE_ALONE},
    {"race-alone-80x24-ascii", ">", 24, 80, "ascii", WITH_RACE_ALONE},
    {"race-alone-60x16", ">", 16, 60, "braille", WITH_RACE_ALONE},
    {"race-alone-40x10", "> k", 10, 40, "braille", WITH_RACE_ALONE},
    {"race-alone-help-80x24", "> ?", 24, 80, "braille", WITH_RACE_ALONE},
    {"race-alone-other-80x24", "> 2", 24, 80, "braille", WITH_RACE_ALONE},
    {"race-beside-80x24", "8", 24, 80, "braille", WITH_RACE},
    {"race-empty-80x24", "8", 24, 80, "braille", WITH_NO_RACE},
};

static const char *golden_folder(void)
{
    return file_is_folder("tests/tui/golden") ? "tests/tui/golden" : "../tests/tui/golden";
}

/* Two samplers on a task of 40 recorded curves, whose numbers are whole thousandths. */
static struct race *make_race(char folder[static 64])
{
    struct text configs = {0}, curves = {0};
    struct err_info info = {0};
    struct race *race = NULL;
    char path[128];
    const char *prefix = path;
    assert_non_null(spawn_make_folder(folder));
    text_append(&configs, "config_id,x\n");
    text_append(&curves, "task,config_id,e1,e2,e3,e4,e5,e6,e7,e8\n");
    for (int i = 0; i < 40; i++) {
        text_appendf(&configs, "%d,%.3f\n", i, i / 40.0);
        text_appendf(&curves, "letters,%d", i);
        for (int e = 0; e < 8; e++)
            text_appendf(&curves, ",%.3f", 0.05 + 0.02 * ((i * 17) % 40) / (1 + 0.2 * e));
        text_append_char(&curves, '\n');
    }
    text_format(path, sizeof path, "%s/made-configs.csv", folder);
    assert_int_equal(file_write_atomic(path, text_get(&configs), configs.length, &info), ERR_OK);
    text_format(path, sizeof path, "%s/made-curves.csv", folder);
    assert_int_equal(file_write_atomic(path, text_get(&curves), curves.length, &info), ERR_OK);
    text_format(path, sizeof path, "%s/made", folder);
    struct race_options o = {.path = &prefix,
                             .n_paths = 1,
                             .methods = "random,sobol,random+halving",
                             .n_seeds = 3,
                             .budget = 10};
    assert_int_equal(race_open(&o, &race, &info), ERR_OK);
    assert_true(race_wait(race, 60));
    text_free(&configs);
    text_free(&curves);
    return race;
}

/* The script runs to its end; the last frame stays in app->frame. */
static void run_script(struct fixture *fx, const struct golden *g, struct text *out)
{
    struct tui_source source = fixture_source(fx);
    char folder[64];
    bool races = g->with == WITH_RACE || g->with == WITH_RACE_ALONE;
    struct race *race = races ? make_race(folder) : NULL;
    struct made_guidance *made = mem_alloc(1, sizeof *made);
    assert_non_null(made);
    if (g->with == WITH_KNOWLEDGE || g->with == WITH_OUTLOOK || g->with == WITH_END) {
        made_guidance_fill(made, &fx->space);
        source.guidance = &made->guidance;
        struct knowledge_map map; /* one entry has been tried */
        knowledge_map(&made->knowledge, &fx->space, &map);
        knowledge_configuration(&made->knowledge, &map, &fx->space,
                                made->unit + 7 * (size_t)fx->space.n, &fx->study->trials[1].config);
    }
    if (g->with == WITH_END) {
        fx->status.finished = true;
        fx->study->epochs_charged = 1;
    }
    if (g->with == WITH_OUTLOOK || g->with == WITH_END)
        made_outlook(&fx->status);
    struct tui_options options = {.glyphs = g->glyphs,
                                  .race = race,
                                  .only_race = g->with == WITH_RACE_ALONE,
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
    race_close(race);
    mem_free(made);
    if (race)
        spawn_remove_folder(folder);
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
    openblas_set_num_threads(1); /* as the program does */
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_goldens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

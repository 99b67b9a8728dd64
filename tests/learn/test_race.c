/* If this fails, lanes of a race show errors before they were paid for, or another search's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cblas.h>
#include <cmocka.h>

#include "../support/made_study.h"
#include "learn/race_lanes.h"
#include "made_table.h"

/* ---- steps ------------------------------------------------------------------------------- */

static void steps_are_looked_up(void **state)
{
    (void)state;
    struct race_step step[] = {{2, 0.5, 0.5, 0.5}, {5, 0.3, 0.3, 0.3}, {9, 0.1, 0.1, 0.1}};
    struct race_lane lane = {.step = step, .n_steps = 3};
    assert_true(isnan(race_error(&lane, 1)));
    assert_true(race_error(&lane, 2) == 0.5 && race_error(&lane, 4) == 0.5);
    assert_true(race_error(&lane, 9) == 0.1 && race_error(&lane, 1000) == 0.1);
    assert_int_equal(race_reaches(&lane, 0.5), 2);
    assert_int_equal(race_reaches(&lane, 0.2), 9);
    assert_int_equal(race_reaches(&lane, 0.05), 0);
}

static void lanes_are_ordered_by_what_they_have(void **state)
{
    (void)state;
    struct race_step early[] = {{1, 0.4, 0.4, 0.4}}, late[] = {{3, 0.2, 0.2, 0.2}};
    struct race_picture p = {.n_lanes = 4};
    p.lane[1] = (struct race_lane){.step = early, .n_steps = 1};
    p.lane[2] = (struct race_lane){.step = late, .n_steps = 1};
    p.lane[3] = (struct race_lane){.step = early, .n_steps = 1};
    int order[RACE_LANES_MAX];
    race_order(p.lane, 4, 2, order);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 3);
    assert_int_equal(order[2], 0);
    race_order(p.lane, 4, 3, order);
    assert_int_equal(order[0], 2);
    assert_int_equal(order[3], 0);
}

/* Three searches; the middle one of their values counts. */
static void several_searches_give_median_and_quartiles(void **state)
{
    (void)state;
    struct bench_step a[] = {{1, NAN, 0.5}, {4, NAN, 0.2}}, b[] = {{2, NAN, 0.4}},
                      c[] = {{1, NAN, 0.6}, {3, NAN, 0.1}};
    struct bench_run run[] = {{.step = a, .n_steps = 2, .n_epochs = 6},
                              {.step = b, .n_steps = 1, .n_epochs = 5},
                              {.step = c, .n_steps = 2, .n_epochs = 6}};
    struct race_lane lane = {.n_wanted = 3};
    assert_int_equal(race_lane_of_runs(run, 3, 0.9, &lane), ERR_OK);
    static const struct race_step expected[] = {
        {1, 0.6, 0.5, 0.9}, {2, 0.5, 0.4, 0.6}, {3, 0.4, 0.1, 0.5}, {4, 0.2, 0.1, 0.4}};
    assert_int_equal(lane.n_steps, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(lane.step[i].epoch, expected[i].epoch);
        assert_true(lane.step[i].error == expected[i].error);
        assert_true(lane.step[i].low == expected[i].low && lane.step[i].high == expected[i].high);
    }
    assert_int_equal(lane.n_epochs, 6);
    race_lane_free(&lane);
}

/* ---- studies ----------------------------------------------------------------------------- */

/* Two trials side by side in time, and a charge between. */
static void a_study_is_laid_out_in_time(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    const double one[] = {0.5, 0.3, 0.35}, two[] = {0.4, 0.2};
    struct trial *a = made_trial(made, TRIAL_COMPLETE, one, 3);
    struct trial *b = made_trial(made, TRIAL_RUNNING, two, 2);
    a->start_s = 10, b->start_s = 10.5;
    for (int i = 0; i < 3; i++)
        a->curve[i].metric[METRIC_SECONDS] = b->curve[i].metric[METRIC_SECONDS] = 1;
    a->n_recorded = 3, b->n_recorded = 2;
    char json[] = "{\"epochs\": 4}";
    struct study_event charge = {.time_s = 11.2, .what = "charge", .json = json};
    made->study.events = &charge;
    made->study.n_events = 1;
    struct race_lane lane = {.n_runs = 0};
    assert_int_equal(race_lane_of_study(&made->study, &lane), ERR_OK);
    /* 11.0: 0.5; 11.2: four; 11.5: 0.4; 12.0: 0.3; 12.5: 0.2; 13.0: 0.35 */
    static const struct race_step expected[] = {
        {1, 0.5, 0, 0}, {6, 0.4, 0, 0}, {7, 0.3, 0, 0}, {8, 0.2, 0, 0}};
    assert_int_equal(lane.n_steps, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(lane.step[i].epoch, expected[i].epoch);
        assert_true(lane.step[i].error == expected[i].error);
    }
    assert_int_equal(lane.n_epochs, 9);
    assert_true(lane.live);
    race_lane_free(&lane);
    made_free(made);
}

static void a_continuation_is_charged_what_it_adds(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    const double one[] = {0.5, 0.3}, more[] = {0.5, 0.3, 0.1};
    struct trial *a = made_trial(made, TRIAL_PRUNED, one, 2);
    struct trial *b = made_trial(made, TRIAL_COMPLETE, more, 3);
    a->n_recorded = 2;
    b->n_inherited = 2, b->n_recorded = 1;
    struct race_lane lane = {.n_runs = 0};
    assert_int_equal(race_lane_of_study(&made->study, &lane), ERR_OK);
    assert_int_equal(lane.n_epochs, 3);
    assert_int_equal(race_reaches(&lane, 0.1), 3);
    race_lane_free(&lane);
    made_free(made);
}

/* ---- the thread -------------------------------------------------------------------------- */

static void write_table(void)
{
    struct text configs = {0}, curves = {0};
    struct err_info info = {0};
    struct curve_table *table = NULL;
    text_append(&configs, "config_id,x\n");
    text_append(&curves, "task,config_id,e1,e2,e3\n");
    for (int t = 0; t < 2; t++)
        for (int i = 0; i < 30; i++) {
            if (t == 0)
                text_appendf(&configs, "%d,%.3f\n", i, i / 30.0);
            text_appendf(&curves, "t%d,%d,%.4f,%.4f,%.4f\n", t, i, 0.9 - i / 60.0, 0.8 - i / 60.0,
                         0.7 - i / 60.0);
        }
    if (made_table(text_get(&configs), text_get(&curves), &table, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    curve_table_free(table);
    text_free(&configs);
    text_free(&curves);
}

/* What the thread shows is what bench_replay gives. */
static void replays_are_the_benchs(void **state)
{
    (void)state;
    char prefix[128];
    const char *path = prefix;
    struct race *race = NULL;
    struct err_info info = {0};
    struct race_picture p = {0};
    struct curve_table *table = NULL;
    write_table();
    text_format(prefix, sizeof prefix, "%s/made", folder);
    struct race_options o = {.path = &path,
                             .n_paths = 1,
                             .task = "t1",
                             .methods = "random,sobol",
                             .n_seeds = 1,
                             .budget = 4};
    assert_int_equal(race_open(&o, &race, &info), ERR_OK);
    assert_true(race_wait(race, 60));
    assert_true(race_read(race, &p));
    assert_false(race_read(race, &p)); /* nothing new */
    race_close(race);
    assert_int_equal(p.n_lanes, 2);
    assert_int_equal(p.n_epochs, 12);
    assert_int_equal(p.full_epochs, 3);
    assert_false(p.working);
    assert_string_equal(p.problem, "");
    assert_int_equal(curve_table_load(prefix, CURVE_UNIT_GUESS, &table, &info), ERR_OK);
    for (int m = 0; m < 2; m++) {
        struct bench_method method;
        struct bench_run run = {0};
        assert_string_equal(p.lane[m].name, m ? "sobol" : "random");
        assert_int_equal(bench_method_find(p.lane[m].name, &method, &info), ERR_OK);
        assert_int_equal(bench_replay(table, 1, &method, NULL, 0, 12, &run, &info), ERR_OK);
        assert_int_equal(p.lane[m].n_steps, run.n_steps);
        for (int k = 0; k < run.n_steps; k++)
            assert_true(p.lane[m].step[k].error == bench_run_error(&run, BENCH_EPOCHS,
                                                                   run.step[k].epoch,
                                                                   table->tasks[1].majority));
        bench_run_free(&run);
    }
    curve_table_free(table);
    race_picture_free(&p);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *path[2], *methods, *task;
        enum err err;
        const char *problem; /* in the picture, or of the first lane */
    } rows[] = {
        {{"/nowhere/at/all", NULL}, NULL, NULL, ERR_OK, "/nowhere"},
        {{"made", NULL}, "random", "t9", ERR_OK, "t9"},
        {{"made", NULL}, "flying", NULL, ERR_USAGE, NULL},
        {{"made", NULL}, "random,,tpe", NULL, ERR_USAGE, NULL},
        {{"made", "a.study.jsonl"}, NULL, NULL, ERR_USAGE, NULL},
        {{"a.study.jsonl", NULL}, NULL, NULL, ERR_OK, "No such file"},
    };
    write_table();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[2][128];
        const char *paths[2] = {path[0], path[1]};
        size_t n = 0;
        for (; n < 2 && rows[i].path[n]; n++)
            if (rows[i].path[n][0] == '/')
                text_copy(path[n], sizeof path[n], rows[i].path[n]);
            else
                text_format(path[n], sizeof path[n], "%s/%s", folder, rows[i].path[n]);
        struct race_options o = {
            .path = paths, .n_paths = n, .methods = rows[i].methods, .task = rows[i].task};
        struct race *race = NULL;
        struct err_info info = {0};
        struct race_picture p = {0};
        assert_int_equal(race_open(&o, &race, &info), rows[i].err);
        if (!race)
            continue;
        assert_true(race_wait(race, 60));
        assert_true(race_read(race, &p));
        if (!strstr(p.problem, rows[i].problem) && !strstr(p.lane[0].problem, rows[i].problem))
            fail_msg("row %zu says '%s' '%s'", i, p.problem, p.lane[0].problem);
        race_close(race);
        race_picture_free(&p);
    }
}

int main(void)
{
    openblas_set_num_threads(1); /* as the program does */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_looked_up),
        cmocka_unit_test(lanes_are_ordered_by_what_they_have),
        cmocka_unit_test(several_searches_give_median_and_quartiles),
        cmocka_unit_test(a_study_is_laid_out_in_time),
        cmocka_unit_test(a_continuation_is_charged_what_it_adds),
        cmocka_unit_test(replays_are_the_benchs),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

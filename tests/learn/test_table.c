/* If this fails, tables of curves are read wrongly, or what is broken in them goes unnoticed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "made_table.h"

#define CONFIGS                                                                                    \
    "config_id,learning_rate,units,optimizer\n"                                                    \
    "a,0.0001,8,adam\nb,0.001,64,sgd\nc,0.01,256,adam\nd,0.1,1024,sgd\n"
#define HEAD "task,config_id,family,time2_s,p0,p1,p2\n"

/* Everything that the loader works out, by hand. */
static void figures_of_a_small_table(void **state)
{
    (void)state;
    struct curve_table *table;
    struct err_info info = {0};
    const char *curves = "# made by hand\n" HEAD "two,a,f,2,0.9,0.5,0.4\r\n"
                         "two,b,f,4,0.8,0.3,nan\n\ntwo,c,f,8,0.7,0.6,0.55\n"
                         "two,d,f,16,0.6,inf,0.1\n"
                         "one,d,f,1,0.5,0.4,0.3\none,c,f,1,0.5,0.4,0.2\n"
                         "one,b,f,1,0.5,0.4,0.1\none,a,f,1,0.5,0.4,0.05";
    enum err err = made_table(CONFIGS, curves, &table, &info);
    if (err != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    assert_int_equal(table->n_tasks, 2);
    assert_int_equal(table->n_families, 1);
    assert_int_equal(table->tasks[0].n_epochs, 2);
    assert_int_equal(table->unit, CURVE_ERROR);
    assert_string_equal(table->tasks[0].name, "one"); /* sorted */
    const struct curve_task *t = &table->tasks[1];
    assert_string_equal(t->family, "f");
    assert_true(t->best == 0.3);     /* the 0.1 comes after an inf */
    assert_true(t->median == 0.55);  /* 0.4, 0.55, diverged, diverged */
    assert_true(t->majority == 0.7); /* of 0.9 0.8 0.7 0.6 before training */
    assert_true(t->error[0] == 0.5 && t->error[1] == 0.4);
    assert_true(isnan(t->error[6]) && isnan(t->error[7])); /* d */
    assert_true(t->cost[0] == 0.5 && t->cost[3] == 4);     /* of the median 4 */
    assert_true(table->tasks[0].error[0] == 0.4 && table->tasks[0].error[1] == 0.05); /* a */
    const struct space *s = &table->pools[0].space;
    assert_int_equal(s->n, 3);
    assert_true(s->h[0].log && s->h[0].kind == HYPER_FLOAT && s->h[0].role == ROLE_LEARNING_RATE);
    assert_true(s->h[1].log && s->h[1].kind == HYPER_INT && s->h[1].role == ROLE_UNITS);
    assert_true(s->h[2].kind == HYPER_CATEGORICAL && s->h[2].n_choices == 2);
    const struct curve_pool *pool = t->pool;
    assert_int_equal(pool->n, 4);
    assert_true(pool->config[2].value[1] == 256 && pool->config[3].value[2] == 1);
    assert_true(fabs(pool->unit[1 * 3 + 0] - 1.0 / 3) < 1e-12); /* 0.001 in 1e-4..1e-1, log */
    assert_true(pool->unit[3 * 3 + 1] == 1 && pool->unit[3 * 3 + 2] == 1);
    curve_table_free(table);
}

/* Percentages become shares; momenta near one get the axis of 1-x; even ones stay linear. */
static void units_and_axes_are_recognised(void **state)
{
    (void)state;
    enum { N = 60 };
    struct text configs = {0}, curves = {0};
    struct curve_table *table;
    struct err_info info = {0};
    text_append(&configs, "config_id,beta1,momentum,weight_decay\n");
    text_append(&curves, "task_id,config_id,e1,e2\n");
    for (int i = 0; i < N; i++) {
        double u = (i + 0.5) / N;
        text_appendf(&configs, "%d,%.8f,%.6f,%.9f\n", i, 1 - pow(10, -4 * u), 0.1 + 0.89 * u,
                     1e-5 + 0.1 * u);
        text_appendf(&curves, "t,%d,%.3f,%.3f\n", i, 99 - i * 0.5, 60 - i * 0.5);
    }
    enum err err = made_table(text_get(&configs), text_get(&curves), &table, &info);
    if (err != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    const struct space *s = &table->pools[0].space;
    assert_string_equal(s->h[0].name, "1-beta1");
    assert_true(s->h[0].log && !s->h[1].log && !s->h[2].log);
    assert_int_equal(s->h[2].role, ROLE_DECAY);
    for (int i = 0; i < N; i++)
        assert_true(fabs(table->pools[0].unit[3 * i] - (1 - (double)i / (N - 1))) < 1e-3);
    assert_int_equal(table->unit, CURVE_PERCENT);
    assert_true(fabs(table->tasks[0].best - 0.305) < 1e-12);
    assert_true(fabs(table->tasks[0].median - 0.45) < 1e-12); /* 60 - 30 * 0.5; lower median */
    curve_table_free(table);
    text_free(&configs);
    text_free(&curves);
}

struct broken {
    const char *configs, *curves;
    const char *where, *detail; /* have to stand in the message */
};

#define GOOD_CURVES "task,config_id,e1,e2\nt,a,1,.1\nt,b,1,.2\nt,c,1,.3\nt,d,1,.4\n"

static void what_is_broken_is_refused(void **state)
{
    (void)state;
    static const struct broken rows[] = {
        {"", GOOD_CURVES, "configs.csv:1", "empty"},
        {"a,b\n1,2\n", GOOD_CURVES, "configs.csv:1", "no column config_id"},
        {"config_id\n1\n2\n", GOOD_CURVES, "configs.csv:1", "0 hyperparameters"},
        {"config_id,x\na,1\n", GOOD_CURVES, "configs.csv", "1 configurations"},
        {"config_id,x\na,1\na,2\n", GOOD_CURVES, "configs.csv", "a stands there twice"},
        {"config_id,x\na,1\nb\n", GOOD_CURVES, "configs.csv:3", "has 1 field but"},
        {"config_id,x,x\na,1,1\n", GOOD_CURVES, "configs.csv:1:3", "stands here twice"},
        {"config_id,x,\na,1,1\n", GOOD_CURVES, "configs.csv:1:3", "without a name"},
        {"config_id,x\na,1\nb,nan\n", GOOD_CURVES, "configs.csv:3:2", "'nan' is not a number"},
        {"config_id,x\na,1\nb,\033[2J\n", GOOD_CURVES, "configs.csv:3:2", "is not a number"},
        {"config_id,x\na,1\n,2\n", GOOD_CURVES, "configs.csv:3:1", "empty or too long"},
        {"config_id,x\na,red\nb,\n", GOOD_CURVES, "configs.csv:3:2", "can't be a choice"},
        {"config_id,x\na,\"1\"\nb,2\n", GOOD_CURVES, "configs.csv:2", "quoted"},
        {CONFIGS, "", "curves.csv:1", "empty"},
        {CONFIGS, "task,config_id,x\nt,a,1\n", "curves.csv:1:3", "not the epochs"},
        {CONFIGS, "task,config_id,e1\nt,a,1\n", "curves.csv:1:3", "not the epochs"},
        {CONFIGS, "task,config_id,e2,e3\nt,a,1,1\n", "curves.csv:1:4", "not the epochs"},
        {CONFIGS, "task,config_id,e1,p2\nt,a,1,1\n", "curves.csv:1:4", "not the epochs"},
        {CONFIGS, "tusk,config_id,e1,e2\nt,a,1,1\n", "curves.csv:1", "no column task"},
        {CONFIGS, "task,configs,e1,e2\nt,a,1,1\n", "curves.csv:1", "no column config_id"},
        {CONFIGS, "task,config_id,e1,e2\n", "made", "no task"},
        {CONFIGS, "task,config_id,e1,e2\nt,x,1,1\n", "curves.csv:2:2", "has the id 'x'"},
        {CONFIGS, "task,config_id,e1,e2\nt,a,1,1\nt,a,1,1\n", "curves.csv:3:2", "second curve"},
        {CONFIGS, "task,config_id,e1,e2\nt,a,1,1\n", "curves.csv", "no curve of config_id b"},
        {CONFIGS, "task,config_id,e1,e2\nt,a,1,x\n", "curves.csv:2:4", "'x' is not a number"},
        {CONFIGS, "task,config_id,e1,e2\n,a,1,1\n", "curves.csv:2:1", "empty task"},
        {CONFIGS, "task,config_id,time,e1,e2\nt,a,0,1,1\n", "curves.csv:2:3", "no time"},
        {CONFIGS, "task,config_id,e1,e2\nt,a,1,nan\nt,b,nan,1\nt,c,nan,1\nt,d,1,1\n", "t",
         "more than half"},
        {CONFIGS, "task,config_id,e1,e2\nt,a,1,1\nt,b,1,1\nt,c,1,1\nt,d,1,1\n", "t",
         "equally good"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct curve_table *table;
        struct err_info info = {0};
        enum err err = made_table(rows[i].configs, rows[i].curves, &table, &info);
        if (err != ERR_INPUT || !strstr(info.where, rows[i].where) ||
            !strstr(info.detail, rows[i].detail) || strchr(info.detail, '\033'))
            fail_msg("row %zu: %d, %s: %s", i, (int)err, info.where, info.detail);
        assert_null(table);
    }
}

/* Every prefix of both files is refused or read, never trusted (for the sanitizers). */
static void files_cut_anywhere(void **state)
{
    (void)state;
    char cut[512];
    const char *configs = CONFIGS, *curves = GOOD_CURVES;
    for (size_t which = 0; which < 2; which++) {
        const char *whole = which ? curves : configs;
        for (size_t n = 0; n + 2 < strlen(whole); n++) {
            struct curve_table *table = NULL;
            struct err_info info = {0};
            text_format(cut, sizeof cut, "%.*s", (int)n, whole);
            enum err err = made_table(which ? configs : cut, which ? cut : curves, &table, &info);
            assert_true(err == ERR_INPUT || err == ERR_OK);
            curve_table_free(table);
        }
    }
}

static void a_failing_allocation_is_an_error(void **state)
{
    (void)state;
    enum err err = ERR_MEMORY;
    int after = 0;
    for (; err != ERR_OK && after < 500; after++) {
        struct curve_table *table;
        struct err_info info = {0};
        char prefix[128];
        text_format(prefix, sizeof prefix, "%s/made", folder);
        assert_int_equal(made_table(CONFIGS, GOOD_CURVES, &table, &info), ERR_OK);
        curve_table_free(table);
        mem_fail_after(after);
        err = curve_table_load(prefix, CURVE_UNIT_GUESS, &table, &info);
        mem_fail_after(-1);
        assert_true(err == ERR_OK || (err == ERR_MEMORY && !table));
        curve_table_free(table);
    }
    assert_true(after > 10 && after < 500);
}

static void tasks_are_chosen_by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"beta", "delta"}, *const wrong[] = {"gama"};
    struct text curves = {0};
    struct curve_table *table;
    struct err_info info = {0};
    text_append(&curves, "task,config_id,e1,e2\n");
    for (const char *const *t = (const char *const[]){"delta", "gamma", "beta", "alpha", NULL}; *t;
         t++)
        text_appendf(&curves, "%s,a,1,.1\n%s,b,1,.2\n%s,c,1,.3\n%s,d,1,.4\n", *t, *t, *t, *t);
    assert_int_equal(made_table(CONFIGS, text_get(&curves), &table, &info), ERR_OK);
    assert_int_equal(curve_table_keep(table, wrong, 1, &info), ERR_RANGE);
    assert_string_equal(info.hint, "did you mean gamma?");
    assert_int_equal(curve_table_keep(table, names, 2, &info), ERR_OK);
    assert_int_equal(table->n_tasks, 2);
    assert_int_equal(table->n_families, 2);
    assert_string_equal(table->tasks[1].name, "delta");
    curve_table_free(table);
    text_free(&curves);
}

/* Points that are taken out take their curves and costs with them; the figures are those of the
 * rest. */
static void points_are_taken_out(void **state)
{
    (void)state;
    struct curve_table *table;
    struct err_info info = {0};
    struct text json = {0};
    const char *curves = "task,config_id,time2_s,e1,e2\n"
                         "one,a,1,0.5,0.1\none,b,2,0.6,0.3\none,c,4,0.7,0.4\none,d,8,0.8,0.6\n";
    assert_int_equal(made_table(CONFIGS, curves, &table, &info), ERR_OK);
    struct curve_pool *pool = &table->pools[0];
    const struct curve_task *t = &table->tasks[0];
    double rate = pool->config[1].value[0], place = pool->unit[3];
    assert_true(t->best == 0.1 && t->cost[1] == 1);
    const bool first[] = {true, false, false, false}, most[] = {true, true, false};
    assert_int_equal(curve_table_drop(table, pool, first, &info), ERR_OK);
    assert_int_equal(pool->n, 3);
    assert_true(pool->config[0].value[0] == rate && pool->unit[0] == place);
    assert_true(t->error[0] == 0.6 && t->error[5] == 0.6);
    assert_true(t->best == 0.3 && t->median == 0.4);
    assert_true(t->cost[0] == 0.5 && t->cost[2] == 2);
    assert_int_equal(curve_table_put_json(table, 2, true, NULL, &json, &info), ERR_OK);
    assert_non_null(strstr(text_get(&json), "\"error\": [[0.6, 0.3], [0.7, 0.4], [0.8, 0.6]]"));
    assert_non_null(strstr(text_get(&json), "\"values\": [[0.001, 64, \"sgd\"], "));
    assert_int_equal(curve_table_drop(table, pool, most, &info), ERR_INPUT);
    text_free(&json);
    curve_table_free(table);
}

static void what_knowledge_is_made_of(void **state)
{
    (void)state;
    int point[200], again[200];
    assert_int_equal(curve_table_known(1000, 200, point), 200);
    assert_int_equal(curve_table_known(1000, 200, again), 200);
    assert_memory_equal(point, again, sizeof point);
    for (int i = 0; i < 200; i++)
        assert_true(point[i] >= 0 && point[i] < 1000 && (i == 0 || point[i] > point[i - 1]));
    assert_true(point[0] < 50 && point[199] >= 950);
    assert_int_equal(curve_table_known(100, 200, point), 50);
}

/* The two tables beside the repository, where they are. */
static void the_shared_tables(void **state)
{
    (void)state;
    const char *prefix = "../shared/benchmarks/lcbench-surrogate";
    struct curve_table *table;
    struct err_info info = {0};
    if (!file_exists("../shared/benchmarks/lcbench-surrogate-configs.csv")) {
        print_message("skipped: ../shared/benchmarks is not there\n");
        return;
    }
    assert_int_equal(curve_table_load(prefix, CURVE_UNIT_GUESS, &table, &info), ERR_OK);
    assert_int_equal(table->n_tasks, 20);
    assert_int_equal(table->pools[0].n, 1000);
    assert_int_equal(table->tasks[0].n_epochs, 52);
    assert_int_equal(table->unit, CURVE_PERCENT);
    int decay = space_find_role(&table->pools[0].space, ROLE_DECAY);
    assert_true(decay >= 0 &&
                !table->pools[0].space.h[decay].log); /* drawn evenly from 1e-5..0.1 */
    curve_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_of_a_small_table),
        cmocka_unit_test(units_and_axes_are_recognised),
        cmocka_unit_test(what_is_broken_is_refused),
        cmocka_unit_test(files_cut_anywhere),
        cmocka_unit_test(a_failing_allocation_is_an_error),
        cmocka_unit_test(tasks_are_chosen_by_name),
        cmocka_unit_test(points_are_taken_out),
        cmocka_unit_test(what_knowledge_is_made_of),
        cmocka_unit_test(the_shared_tables),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* If this fails, methods are judged on other trainings than those that were recorded. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "recordings.h"

#include "learn/internal.h"
#include "tiller/bench.h"
#include "tiller/net.h"

static const char *in_folder(const struct desk *desk, const char *file, char out[static 128])
{
    assert_true(file_join(out, 128, desk->folder, file));
    return out;
}

static struct curve_table *open_table(const char *const *paths, size_t n)
{
    struct curve_table *table = NULL;
    struct err_info info = {0};
    char line[900];
    if (curve_table_open(paths, n, CURVE_UNIT_GUESS, NULL, &table, &info) != ERR_OK)
        fail_msg("%s", err_format(&info, line, sizeof line));
    return table;
}

static void refuse_table(const char *const *paths, size_t n, enum err wanted)
{
    struct curve_table *table = NULL;
    struct err_info info = {0};
    assert_int_equal(curve_table_open(paths, n, CURVE_UNIT_GUESS, NULL, &table, &info), wanted);
    assert_null(table);
    assert_true(info.where[0] && info.detail[0]);
}

/* The k-th trial that is no repeat. */
static const struct trial *trial_of(const struct study *study, int k)
{
    for (size_t i = 0; i < study->n_trials; i++)
        if (strcmp(study->trials[i].who, "repeat") != 0 && k-- == 0)
            return &study->trials[i];
    fail();
    return NULL;
}

static void assert_task_is_that_log(const struct curve_task *t, const struct study *study)
{
    double parameters[64];
    int n = 0;
    assert_string_equal(t->name, study->data_name);
    assert_string_equal(t->family, study->family);
    assert_int_equal(t->n_epochs, RECORDING_EPOCHS);
    for (size_t i = 0; i < study->n_trials; i++)
        n += strcmp(study->trials[i].who, "repeat") != 0;
    assert_int_equal(t->pool->n, n);
    for (int k = 0; k < n; k++) {
        const struct trial *trial = trial_of(study, k);
        parameters[k] = (double)trial->n_parameters;
        assert_true(space_same(&t->pool->space, &t->pool->config[k], &trial->config));
        for (size_t e = 0; e < trial->n_epochs; e++) {
            size_t at = (size_t)(k * t->n_epochs) + e;
            double loss = trial->curve[e].metric[METRIC_VAL_LOSS];
            assert_true(fabs(t->error[at] - trial->curve[e].value) < 1e-6);
            assert_true(fabs(t->metric[METRIC_VAL_LOSS][at] - loss) < 1e-5 * (1 + loss));
            assert_null(t->metric[METRIC_VAL_F1]);
        }
    }
    assert_true(fabs(t->cost[1] / t->cost[0] - parameters[1] / parameters[0]) < 1e-9);
}

/* From the folder, from the logs themselves, packed, and in a mixture. */
static void a_recording_becomes_a_table(void **state)
{
    (void)state;
    struct desk desk;
    char packed[128], log[128];
    struct err_info info;
    struct learn_records *r;
    desk_make(&desk);
    assert_true(desk_record(&desk));
    assert_int_equal(learn_records_folder(desk.folder, false, &r, &info), ERR_OK);
    assert_int_equal(learn_records_write(r, in_folder(&desk, "a.gz", packed), &info), ERR_OK);
    learn_records_free(r);
    in_folder(&desk, "vowel.study.jsonl", log);
    const char *const folder[] = {desk.folder}, *const file[] = {packed};
    struct curve_table *whole = open_table(folder, 1), *small = open_table(file, 1);
    assert_int_equal(whole->n_tasks, 2);
    assert_int_equal(whole->n_families, 2);
    assert_int_equal(whole->n_pools, 2);
    struct study *vowel = desk_read(&desk, "vowel.study.jsonl");
    assert_task_is_that_log(&whole->tasks[1], vowel);
    for (int t = 0; t < 2; t++) {
        const struct curve_task *a = &whole->tasks[t], *b = &small->tasks[t];
        assert_string_equal(a->name, b->name);
        assert_memory_equal(a->pool->config, b->pool->config,
                            (size_t)a->pool->n * sizeof *a->pool->config);
        for (int i = 0; i < a->pool->n * a->n_epochs; i++)
            assert_true(fabs(a->error[i] - b->error[i]) < 1e-3);
    }
    const char *const twice[] = {packed, log}, *const odd[] = {packed, "no-table"};
    const char *const one[] = {log};
    refuse_table(twice, 2, ERR_INPUT);
    refuse_table(odd, 2, ERR_USAGE);
    curve_table_free(small);
    small = open_table(one, 1);
    assert_int_equal(small->n_tasks, 1);
    curve_table_free(small);
    curve_table_free(whole);
    study_free(vowel);
    desk_remove(&desk);
}

/* A folder that is still recorded to: what is not finished is left out, unless it is named. */
static void unfinished_tasks_are_left_out(void **state)
{
    (void)state;
    struct desk desk;
    char log[128];
    struct err_info info;
    struct learn_records *r;
    desk_make(&desk);
    desk.r.plan = learn_plan_default(true, 1);
    desk.r.plan.n_shared = 8;
    desk.r.tasks.n = 1;
    assert_true(desk_record(&desk));
    const char *const folder[] = {desk.folder};
    struct curve_table *table = open_table(folder, 1);
    assert_int_equal(table->n_unfinished, 0);
    assert_int_equal(table->tasks[0].pool->n, 8);
    curve_table_free(table);
    assert_int_equal(learn_records_folder(desk.folder, true, &r, &info), ERR_OK);
    r->task[0].plan.n_shared = 9;
    char packed[128];
    assert_int_equal(learn_records_write(r, in_folder(&desk, "a.gz", packed), &info), ERR_OK);
    learn_records_free(r);
    const char *const file[] = {packed}, *const one[] = {in_folder(&desk, "vowel.pool.jsonl", log)};
    table = open_table(file, 1);
    assert_int_equal(table->n_unfinished, 0); /* named */
    curve_table_free(table);
    table = open_table(one, 1);
    curve_table_free(table);
    desk_remove(&desk);
}

/* A pool that was left in the middle of its second task. */
static void record_one_and_a_half(struct desk *desk)
{
    bool finished = true;
    desk->r.plan = learn_plan_default(true, 1);
    desk->r.plan.n_shared = 8;
    desk->r.tasks.n = 1;
    assert_true(desk_record(desk));
    desk->r.tasks.n = 2;
    for (int after = 1; finished && after < 100; after++) { /* the first words come too early */
        char log[128];
        desk->calls = 0;
        desk->leave_after = after;
        finished = desk_record(desk);
        if (!finished && !file_exists(in_folder(desk, "ionosphere.pool.jsonl", log)))
            finished = true;
    }
    assert_false(finished);
}

static void a_folder_says_what_is_unfinished(void **state)
{
    (void)state;
    struct desk desk;
    char log[128];
    struct text said = {0};
    desk_make(&desk);
    record_one_and_a_half(&desk);
    const char *const folder[] = {desk.folder};
    struct curve_table *table = open_table(folder, 1);
    assert_int_equal(table->n_tasks, 1);
    assert_string_equal(table->tasks[0].name, "vowel");
    assert_int_equal(table->n_unfinished, 1);
    curve_table_describe(table, &said);
    assert_non_null(strstr(text_get(&said), "1 unfinished task left out"));
    text_free(&said);
    curve_table_free(table);
    assert_int_equal(remove(in_folder(&desk, "vowel.pool.jsonl", log)), 0);
    refuse_table(folder, 1, ERR_INPUT); /* none is finished */
    desk_remove(&desk);
}

/* Held hyperparameters may differ; searched ones may not. */
static void spaces_must_be_the_same(void **state)
{
    (void)state;
    struct desk desk;
    char packed[128];
    struct err_info info;
    struct learn_records *r;
    desk_make(&desk);
    assert_true(desk_record(&desk));
    const char *const file[] = {in_folder(&desk, "a.gz", packed)};
    assert_int_equal(learn_records_folder(desk.folder, false, &r, &info), ERR_OK);
    struct space *space = &r->task[1].space;
    space->n--; /* one that is held */
    for (size_t i = 0; i < r->task[1].n_trainings; i++)
        space_tidy(space, &r->task[1].training[i].config);
    assert_int_equal(learn_records_write(r, packed, &info), ERR_OK);
    curve_table_free(open_table(file, 1));
    space->h[space_find(space, "learning_rate")].high *= 2;
    assert_int_equal(learn_records_write(r, packed, &info), ERR_OK);
    refuse_table(file, 1, ERR_INPUT);
    learn_records_free(r);
    desk_remove(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_becomes_a_table),
        cmocka_unit_test(unfinished_tasks_are_left_out),
        cmocka_unit_test(a_folder_says_what_is_unfinished),
        cmocka_unit_test(spaces_must_be_the_same),
    };
    net_init(); /* as the program: the products of one thread are its own */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

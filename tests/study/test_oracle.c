/* If this fails, Optuna reads another study out of our log than we do. */
#include "../support/programs.h"
#include "toy_study.h"

static void assert_same_params(const struct space *space, const struct trial *t,
                               const struct cJSON *params)
{
    int n_set = 0;
    for (int i = 0; i < space->n; i++) {
        double value;
        const struct cJSON *item = json_get(params, space->h[i].name);
        bool set = (t->config.set >> i & 1) != 0;
        n_set += set;
        assert_true(set == (item != NULL));
        if (!set)
            continue;
        assert_true(space_read_external(space, i, item, &value));
        assert_true(value == t->config.value[i]);
    }
    assert_int_equal(n_set, cJSON_GetArraySize(params));
}

static void assert_same_curve(const struct trial *t, const struct cJSON *its)
{
    const struct cJSON *pair, *loss = json_get(its, "losses")->child;
    size_t k = 0;
    cJSON_ArrayForEach(pair, json_get(its, "curve"))
    {
        double value;
        assert_true(k < t->n_epochs);
        assert_int_equal(t->curve[k].step, pair->child->valueint);
        assert_true(json_number(pair->child->next, &value));
        assert_true(same_number(value, t->curve[k].value));
        if (loss && loss->child->valueint == t->curve[k].step) {
            assert_true(loss->child->next->valuedouble == t->curve[k].metric[METRIC_VAL_LOSS]);
            loss = loss->next;
        }
        k++;
    }
    assert_null(loss);
    assert_int_equal(k, t->n_epochs);
}

static void assert_optuna_agrees(const struct study *study, const struct cJSON *its)
{
    const struct cJSON *trial;
    size_t n = 0;
    assert_string_equal(study->name, json_get_string(its, "name"));
    cJSON_ArrayForEach(trial, json_get(its, "trials"))
    {
        const struct trial *t = study_trial(study, (int64_t)n++);
        assert_non_null(t);
        assert_true(said_number(trial, "id") == (double)t->id);
        assert_true(said_number(trial, "number") == (double)t->number);
        assert_true(said_number(trial, "state") == (double)t->state);
        if (t->state != TRIAL_RUNNING)
            assert_true(same_number(said_number(trial, "value"), t->value));
        if (t->state != TRIAL_WAITING)
            assert_same_params(&study->space, t, json_get(trial, "params"));
        assert_same_curve(t, trial);
        const char *who = json_get_string(json_get(trial, "attrs"), "who");
        assert_string_equal(who ? who : "optuna", t->who);
        assert_true((json_get_string(trial, "start")[0] != 0) == (t->start_s > 0));
    }
    assert_int_equal(n, study->n_trials);
}

/* All kinds of ends, a continuation, a seed, a NaN, events. */
static void write_all_kinds(struct toy *toy)
{
    int handle[4];
    for (int i = 0; i < 4; i++) {
        struct trial_start start = toy_start();
        int optimizer = space_find(space_builtin(), "optimizer");
        start.config.value[optimizer] = i % 2;
        start.config.value[space_find(space_builtin(), "learning_rate")] = 0.001 * (i + 1);
        space_tidy(space_builtin(), &start.config);
        assert_int_equal(study_log_create(toy->log, &start, &handle[i]), ERR_OK);
        for (int step = 1; step <= 3; step++)
            toy_epoch(toy, handle[i], step, 0.1 + 0.01 * ((7 * i + 3 * step) % 5));
    }
    toy_epoch(toy, handle[1], 4, (double)NAN);
    assert_int_equal(study_log_finish(toy->log, handle[0], TRIAL_COMPLETE, NULL), ERR_OK);
    assert_int_equal(study_log_finish(toy->log, handle[1], TRIAL_FAIL, "diverged"), ERR_OK);
    assert_int_equal(study_log_finish(toy->log, handle[2], TRIAL_PRUNED, NULL), ERR_OK);
    struct trial_start next = toy_start();
    next.continues = 0;
    assert_int_equal(study_log_create(toy->log, &next, &handle[0]), ERR_OK);
    toy_epoch(toy, handle[0], 4, 0.05);
    assert_int_equal(study_log_finish(toy->log, handle[0], TRIAL_COMPLETE, NULL), ERR_OK);
    next = toy_start();
    next.waiting = true;
    assert_int_equal(study_log_create(toy->log, &next, &handle[0]), ERR_OK);
    assert_int_equal(study_log_event(toy->log, "you", "test", -1, "caf\u00e9", "\"accuracy\": 0.9"),
                     ERR_OK);
}

static void test_same_study(void **state)
{
    (void)state;
    struct toy toy;
    if (!have_python("optuna"))
        return;
    toy_begin(&toy);
    toy_open(&toy);
    write_all_kinds(&toy);
    toy_flush(&toy);
    struct cJSON *its = optuna_study("show", toy.path, NULL);
    const struct study *s = study_log_study(toy.log);
    assert_int_equal(s->n_trials, 6);
    assert_optuna_agrees(s, its);
    assert_int_equal(s->best, 4);
    assert_true(said_number(its, "best") == (double)s->best);
    assert_string_equal(json_get(its, "metric_names")->child->valuestring, "val_error");
    json_free(its);
    toy_close(&toy);
    toy_end(&toy);
}

/* Optuna works in the same file while we write: no record is lost, all three agree. */
static void test_side_by_side(void **state)
{
    (void)state;
    struct toy toy;
    struct spawned s;
    if (!have_python("optuna"))
        return;
    toy_begin(&toy);
    toy_open(&toy);
    toy_flush(&toy);
    const char *argv[] = {
        programs_python, "tests/support/optuna_study.py", "work", toy.path, "12", NULL};
    assert_true(spawn_start(&s, argv, NULL));
    int n = 0;
    for (bool open = true; open && n < 4000; n++) {
        int handle = toy_trial(&toy);
        toy_epoch(&toy, handle, 1, 0.5);
        assert_int_equal(study_log_finish(toy.log, handle, TRIAL_COMPLETE, NULL), ERR_OK);
        open = spawn_read(&s, 5);
    }
    if (spawn_finish(&s, 120) != 0)
        fail_msg("Optuna failed beside us: %s", text_get(&s.err));
    assert_int_equal(study_log_follow(toy.log), ERR_OK);
    assert_file_agrees(&toy);
    const struct study *ours = study_log_study(toy.log);
    assert_int_equal(ours->n_trials, n + 12);
    assert_int_equal(ours->n_state[TRIAL_COMPLETE], n + 12);
    struct cJSON *its = optuna_study("show", toy.path, NULL);
    assert_optuna_agrees(ours, its);
    json_free(its);
    spawn_free(&s);
    toy_close(&toy);
    toy_end(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_study),
        cmocka_unit_test(test_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* If this fails, what a run writes is not what it believes to have written, or others can't go on
 * behind it. */
#include "study/lock.h"
#include "toy_study.h"

#define W "\"worker_id\": \"foreign-1\""
static const char foreign_trial[] = "{\"op_code\":4," W ",\"study_id\":0,\"datetime_start\":"
                                    "\"2026-11-24T11:20:18.802350\"}\n";

/* As a writer of another kind does it: with the plain lock. */
static void append_foreign(struct toy *toy, const char *line)
{
    struct lock lock;
    assert_int_equal(lock_init(&lock, toy->path, NULL, &toy->info), ERR_OK);
    assert_int_equal(lock_take(&lock, 20, &toy->info), ERR_OK);
    toy_write(toy->path, line, strlen(line), "ab");
    lock_release(&lock);
}

static void test_a_run_is_read_back(void **state)
{
    (void)state;
    struct toy toy;
    toy_begin(&toy);
    toy_open(&toy);
    int a = toy_trial(&toy), b = toy_trial(&toy), c = toy_trial(&toy);
    for (int step = 1; step <= 4; step++) {
        toy_epoch(&toy, a, step, 0.5 / step);
        toy_epoch(&toy, b, step, step == 3 ? 0.05 : 0.7);
    }
    toy_epoch(&toy, c, 1, (double)NAN);
    assert_int_equal(study_log_attribute(toy.log, b, "reward", "0.25"), ERR_OK);
    assert_int_equal(study_log_finish(toy.log, a, TRIAL_PRUNED, NULL), ERR_OK);
    assert_int_equal(study_log_finish(toy.log, b, TRIAL_COMPLETE, NULL), ERR_OK);
    assert_int_equal(study_log_finish(toy.log, c, TRIAL_FAIL, "diverged \xe2\x80\xae!"), ERR_OK);
    assert_int_equal(study_log_event(toy.log, "you", "charge", -1, "probe", "\"epochs\": 3"),
                     ERR_OK);
    struct q_update u = {1, "s", "lr/", "t", 0.12, 0.2, 0.05, 1, 0.31, 0.168};
    assert_int_equal(study_log_q_update(toy.log, &u), ERR_OK);
    const struct study *s = study_log_study(toy.log);
    assert_int_equal(s->best, 1);
    assert_int_equal(s->epochs_spent, 12);
    assert_true(s->trials[0].value == 0.125); /* pruned: the last one */
    assert_true(s->trials[1].value == 0.05 && s->trials[1].best_epoch == 3);
    assert_true(isnan(s->trials[2].value));
    assert_string_equal(s->trials[2].error, "diverged ?!");
    assert_true(s->trials[0].rng_seed == UINT64_C(18446744073709551557));
    assert_int_equal(s->n_updates, 1);
    assert_file_agrees(&toy);
    struct study *read = toy_read(toy.path);
    assert_true(read->updates[0].new_q == 0.168 && read->updates[0].trial == 1);
    assert_string_equal(read->searcher_json, "{\"sampler\": \"agent\", \"R\": 9}");
    assert_string_equal(read->task_path, "data/caf\u00e9.csv");
    assert_string_equal(read->data_name, "toy:rows=0.5");
    assert_string_equal(read->family, "toy");
    assert_string_equal(read->variant, "rows=0.5");
    assert_true(read->space_declared && read->space.n == space_builtin()->n);
    study_free(read);
    toy_close(&toy);
    size_t n;
    char *bytes = toy_bytes(toy.path, &n);
    for (size_t i = 0; i < n; i++)
        assert_true((unsigned char)bytes[i] < 0x80);
    mem_free(bytes);
    toy_end(&toy);
}

static void test_refusals(void **state)
{
    (void)state;
    struct toy toy;
    int handle;
    struct epoch_result e = {.step = 1, .value = 1};
    toy_begin(&toy);
    toy_open(&toy);
    int a = toy_trial(&toy), b = toy_trial(&toy);
    uint64_t sequence = study_log_sequence(toy.log);
    struct trial_start start = toy_start();
    start.config.value[0] = 1e9;
    assert_int_equal(study_log_create(toy.log, &start, &handle), ERR_RANGE);
    start = toy_start();
    start.continues = 17;
    assert_int_equal(study_log_create(toy.log, &start, &handle), ERR_RANGE);
    assert_int_equal(study_log_attribute(toy.log, a, "x", "null"), ERR_USAGE);
    assert_int_equal(study_log_attribute(toy.log, a, "x", "1}"), ERR_USAGE);
    assert_int_equal(study_log_event(toy.log, "you", "x", -1, NULL, "\"seq\": 1"), ERR_USAGE);
    assert_int_equal(study_log_event(toy.log, "you", "x", -1, NULL, "}, {"), ERR_USAGE);
    assert_int_equal(study_log_report(toy.log, 99, &e), ERR_STATE);
    assert_int_equal(study_log_finish(toy.log, a, TRIAL_WAITING, NULL), ERR_STATE);
    assert_int_equal(study_log_sequence(toy.log), sequence);
    /* COMPLETE without a value is what Optuna calls FAIL. */
    assert_int_equal(study_log_finish(toy.log, a, TRIAL_COMPLETE, NULL), ERR_OK);
    assert_int_equal(study_log_trial(toy.log, a)->state, TRIAL_FAIL);
    assert_int_equal(study_log_report(toy.log, a, &e), ERR_STATE);
    assert_int_equal(study_log_attribute(toy.log, a, "x", "1"), ERR_STATE);
    assert_int_equal(study_log_finish(toy.log, a, TRIAL_FAIL, NULL), ERR_STATE);
    assert_int_equal(study_log_adopt(toy.log, 0, &handle), ERR_STATE);
    assert_int_equal(study_log_adopt(toy.log, 1, &handle), ERR_OK);
    assert_int_equal(handle, b);
    assert_file_agrees(&toy);
    assert_int_equal(study_log_study(toy.log)->n_refused, 0);
    toy_close(&toy);
    toy_end(&toy);
}

static void test_second_owner_is_refused(void **state)
{
    (void)state;
    struct toy toy;
    struct study_log *second;
    toy_begin(&toy);
    toy_open(&toy);
    struct study_settings settings = toy_settings();
    assert_int_equal(study_log_open(toy.path, &settings, NULL, &second, &toy.info), ERR_BUSY);
    assert_null(second);
    assert_non_null(strstr(toy.info.detail, "process"));
    int a = toy_trial(&toy);
    toy_epoch(&toy, a, 1, 0.5);
    toy_close(&toy);
    toy_open(&toy);
    assert_int_equal(study_log_adopt(toy.log, 0, &a), ERR_OK);
    toy_epoch(&toy, a, 2, 0.4);
    assert_int_equal(study_log_trial(toy.log, a)->n_epochs, 2);
    assert_file_agrees(&toy);
    toy_close(&toy);
    toy_end(&toy);
}

/* Others' trials land before ours: then ours move on, in file and fold, with all that names them.
 */
static void test_foreign_trials_shift_ours(void **state)
{
    (void)state;
    struct toy toy;
    toy_begin(&toy);
    toy_open(&toy);
    int written = toy_trial(&toy);
    toy_flush(&toy);
    /* Appended while the writer may be anywhere: ids are certain only once written. */
    append_foreign(&toy, foreign_trial);
    int a = toy_trial(&toy);
    toy_epoch(&toy, a, 1, 0.5);
    struct trial_start start = toy_start();
    int b;
    start.continues = study_log_number(toy.log, a);
    assert_int_equal(study_log_create(toy.log, &start, &b), ERR_OK);
    int64_t named = study_log_number(toy.log, a);
    assert_int_equal(study_log_event(toy.log, "you", "pause", named, "wait", NULL), ERR_OK);
    append_foreign(&toy, foreign_trial);
    toy_epoch(&toy, b, 2, 0.4);
    assert_file_agrees(&toy);
    const struct study *s = study_log_study(toy.log);
    assert_int_equal(s->n_trials, 5);
    assert_int_equal(study_log_number(toy.log, written), 0);
    const struct trial *ta = study_log_trial(toy.log, a), *tb = study_log_trial(toy.log, b);
    assert_string_equal(ta->who, "agent");
    assert_true(ta->number >= 1 && ta->curve[0].value == 0.5 && ta->n_recorded == 1);
    assert_int_equal(tb->continues, ta->number);
    assert_true(tb->n_inherited == 1 && tb->curve[1].value == 0.4);
    assert_int_equal(s->events[0].trial, ta->number);
    assert_true(ta->paused);
    toy_close(&toy);
    toy_end(&toy);
}

/* Somebody else finishes our trial (the dashboard's "tell"): our records for it are not written. */
static void test_finished_by_somebody_else(void **state)
{
    (void)state;
    struct toy toy;
    struct epoch_result e = {.step = 2, .value = 1};
    toy_begin(&toy);
    toy_open(&toy);
    int a = toy_trial(&toy), b = toy_trial(&toy);
    toy_flush(&toy);
    append_foreign(&toy, "{\"op_code\":6," W ",\"trial_id\":0,\"state\":3,\"values\":null,"
                         "\"datetime_complete\":\"2026-11-24T11:20:19.802350\"}\n");
    (void)study_log_report(toy.log, a, &e); /* taken or refused, as the writer runs */
    toy_epoch(&toy, b, 1, 0.5);
    assert_file_agrees(&toy);
    assert_int_equal(study_log_trial(toy.log, a)->state, TRIAL_FAIL);
    assert_int_equal(study_log_report(toy.log, a, &e), ERR_STATE);
    assert_int_equal(study_log_trial(toy.log, a)->n_epochs, 0);
    assert_int_equal(study_log_study(toy.log)->n_refused, 0);
    toy_close(&toy);
    toy_end(&toy);
}

static void test_disk_full(void **state)
{
    (void)state;
    /* At every number of bytes the disk may be full: nothing is lost, and no half line stays. */
    for (long room = 0; room < 900; room += 61) {
        struct toy toy;
        toy_begin(&toy);
        toy_open(&toy);
        file_fail_write_after(room);
        int a = toy_trial(&toy);
        toy_epoch(&toy, a, 1, 0.5);
        assert_int_equal(study_log_flush(toy.log, &toy.info), ERR_IO);
        assert_int_equal(study_log_error(toy.log, &toy.info), ERR_IO);
        assert_non_null(strstr(toy.info.detail, "No space"));
        assert_true(study_log_durable(toy.log) < study_log_sequence(toy.log));
        assert_true(study_log_pending_bytes(toy.log) > 0);
        size_t n;
        char *bytes = toy_bytes(toy.path, &n);
        assert_true(n > 0 && bytes[n - 1] == '\n');
        mem_free(bytes);
        file_fail_write_after(-1);
        toy_flush(&toy);
        assert_int_equal(study_log_error(toy.log, NULL), ERR_OK);
        assert_int_equal(study_log_pending_bytes(toy.log), 0);
        assert_file_agrees(&toy);
        toy_close(&toy);
        toy_end(&toy);
    }
}

static void test_no_room_for_a_new_study(void **state)
{
    (void)state;
    for (long room = 0; room < 3000; room += 97) {
        struct toy toy;
        struct study_settings settings = toy_settings();
        toy_begin(&toy);
        file_fail_write_after(room);
        enum err err = study_log_open(toy.path, &settings, NULL, &toy.log, &toy.info);
        file_fail_write_after(-1);
        if (err == ERR_OK)
            toy_close(&toy);
        else
            assert_int_equal(err, ERR_IO);
        toy_open(&toy); /* what was cut short is completed */
        const struct study *s = study_log_study(toy.log);
        assert_true(s->space_declared && s->searcher_json && s->fingerprint[0]);
        assert_string_equal(s->metric, "val_error");
        assert_file_agrees(&toy);
        toy_close(&toy);
        toy_end(&toy);
    }
}

static void write_toy(struct toy *toy)
{
    toy_begin(toy);
    toy_open(toy);
    int a = toy_trial(toy);
    toy_epoch(toy, a, 1, 0.5);
    assert_int_equal(study_log_finish(toy->log, a, TRIAL_COMPLETE, NULL), ERR_OK);
    toy_close(toy);
}

/* A log cut off at any byte is healed and goes on. */
static void test_torn_anywhere(void **state)
{
    (void)state;
    struct toy toy, torn;
    size_t n, healed;
    write_toy(&toy);
    char *bytes = toy_bytes(toy.path, &n);
    /* Every byte of the first and the last record; between them, where all is alike, every 11th. */
    for (size_t cut = 0; cut <= n; cut += cut < 130 || cut + 230 > n ? 1 : 11) {
        toy_begin(&torn);
        toy_write(torn.path, bytes, cut, "wb");
        toy_open(&torn);
        int a = toy_trial(&torn);
        assert_file_agrees(&torn);
        const struct study *s = study_log_study(torn.log);
        assert_true(s->space_declared && s->n_bad == 0 && s->n_refused == 0);
        assert_int_equal(study_log_trial(torn.log, a)->state, TRIAL_RUNNING);
        toy_close(&torn);
        /* No whole line was lost. */
        char *now = toy_bytes(torn.path, &healed);
        size_t kept = cut;
        while (kept > 0 && bytes[kept - 1] != '\n')
            kept--;
        assert_memory_equal(now, bytes, kept);
        mem_free(now);
        toy_end(&torn);
    }
    mem_free(bytes);
    toy_end(&toy);
}

/* A whole last line without '\n' may have been used by a reader: it stays. */
static void test_closed_tail(void **state)
{
    (void)state;
    struct toy toy;
    size_t n;
    write_toy(&toy);
    char *bytes = toy_bytes(toy.path, &n);
    toy_write(toy.path, bytes, n - 1, "wb");
    toy_open(&toy);
    assert_int_equal(study_log_study(toy.log)->trials[0].state, TRIAL_COMPLETE);
    assert_file_agrees(&toy);
    toy_close(&toy);
    mem_free(bytes);
    toy_end(&toy);
}

static void test_not_a_log(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *where;
    } rows[] = {
        {"a,b\n1,2\n", ":1"},
        {"hello", ":1"},
        {"{\"op_code\": 0, \"worker_id\": \"w\", \"study_name\": \"toy\", \"directions\": [1]}\n"
         "\n{\"op_code\": 1, \"worker_id\": \"w\", \"study_id\": 3}\n",
         ":2"},
        {"\x1f\x8b\x08", ":1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct toy toy;
        struct stat status;
        char folder[128];
        struct study_settings settings = toy_settings();
        toy_begin(&toy);
        toy_write(toy.path, rows[i].bytes, strlen(rows[i].bytes), "wb");
        assert_int_equal(study_log_open(toy.path, &settings, NULL, &toy.log, &toy.info), ERR_INPUT);
        assert_non_null(strstr(toy.info.where, rows[i].where));
        assert_int_equal(stat(toy.path, &status), 0);
        assert_int_equal(status.st_size, strlen(rows[i].bytes));
        file_join(folder, sizeof folder, toy.folder, "toy.study.d");
        assert_false(file_exists(folder));
        toy_end(&toy);
    }
    struct toy toy;
    toy_begin(&toy);
    assert_int_equal(study_log_open(toy.path, NULL, NULL, &toy.log, &toy.info), ERR_IO);
    assert_int_equal(study_log_open(toy.folder, NULL, NULL, &toy.log, &toy.info), ERR_INPUT);
    toy_end(&toy);
}

/* A bad line that somebody writes while we run: we do not write behind it, and lose nothing. */
static void test_bad_line_while_running(void **state)
{
    (void)state;
    struct toy toy;
    size_t n, later;
    toy_begin(&toy);
    toy_open(&toy);
    int a = toy_trial(&toy);
    toy_flush(&toy);
    char *bytes = toy_bytes(toy.path, &n);
    append_foreign(&toy, "garbage\n");
    toy_epoch(&toy, a, 1, 0.5);
    assert_int_equal(study_log_flush(toy.log, &toy.info), ERR_INPUT);
    assert_non_null(strstr(toy.info.where, ":7"));
    mem_free(toy_bytes(toy.path, &later));
    assert_int_equal(later, n + strlen("garbage\n"));
    toy_write(toy.path, bytes, n, "wb"); /* repaired */
    toy_flush(&toy);
    assert_file_agrees(&toy);
    assert_true(study_log_trial(toy.log, a)->value == 0.5);
    toy_close(&toy);
    mem_free(bytes);
    toy_end(&toy);
}

/* The file goes away and comes back; another one in its place is not written to. */
static void test_file_gone(void **state)
{
    (void)state;
    struct toy toy;
    char aside[160];
    toy_begin(&toy);
    toy_open(&toy);
    int a = toy_trial(&toy);
    toy_flush(&toy);
    file_join(aside, sizeof aside, toy.folder, "aside");
    assert_int_equal(rename(toy.path, aside), 0);
    toy_epoch(&toy, a, 1, 0.5);
    assert_int_equal(study_log_flush(toy.log, &toy.info), ERR_IO);
    toy_write(toy.path, "", 0, "wb");
    assert_int_equal(study_log_flush(toy.log, &toy.info), ERR_STATE);
    assert_true(study_log_trial(toy.log, a)->value == 0.5);
    assert_int_equal(rename(aside, toy.path), 0);
    assert_file_agrees(&toy);
    toy_close(&toy);
    toy_end(&toy);
}

static void test_waiting_and_claims(void **state)
{
    (void)state;
    struct toy toy;
    int handle;
    const struct space *space = space_builtin();
    int lr = space_find(space, "learning_rate");
    toy_begin(&toy);
    toy_open(&toy);
    struct trial_start seed = toy_start();
    seed.waiting = true;
    seed.who = "you";
    seed.config.set = UINT32_C(1) << lr;
    seed.config.value[lr] = 0.0123;
    assert_int_equal(study_log_create(toy.log, &seed, &handle), ERR_OK);
    append_foreign(&toy, "{\"op_code\": 4, " W ", \"study_id\": 0, \"datetime_start\": null, "
                         "\"state\": 4, \"system_attrs\": {\"fixed_params\": {\"optimizer\": "
                         "\"sgd\"}}}\n");
    append_foreign(&toy, "{\"op_code\": 4, " W ", \"study_id\": 0, \"datetime_start\": null, "
                         "\"state\": 4, \"system_attrs\": {\"fixed_params\": {\"optimizer\": "
                         "\"adadelta\"}}}\n");
    toy_flush(&toy);
    assert_int_equal(study_log_follow(toy.log), ERR_OK);
    const struct study *s = study_log_study(toy.log);
    assert_int_equal(s->n_state[TRIAL_WAITING], 3);
    struct trial_start fill = toy_start();
    fill.who = NULL;
    int64_t mine = study_log_number(toy.log, handle);
    assert_int_equal(study_log_claim(toy.log, mine, &fill, &handle, &toy.info), ERR_OK);
    const struct trial *t = study_log_trial(toy.log, handle);
    assert_int_equal(t->state, TRIAL_RUNNING);
    assert_string_equal(t->who, "you");
    assert_true(t->config.value[lr] == 0.0123 && t->start_s > 0);
    assert_int_equal(t->config.set, fill.config.set);
    assert_int_equal(study_log_claim(toy.log, mine, &fill, &handle, &toy.info), ERR_BUSY);
    assert_int_equal(handle, -1);
    for (size_t i = 0; i < 3; i++) {
        if (s->trials[i].state != TRIAL_WAITING)
            continue;
        int optimizer = space_find(space, "optimizer"), momentum = space_find(space, "momentum");
        bool fits = (s->trials[i].config.set >> optimizer & 1) != 0;
        enum err err = study_log_claim(toy.log, (int64_t)i, &fill, &handle, &toy.info);
        assert_int_equal(err, fits ? ERR_OK : ERR_RANGE);
        assert_int_equal(s->trials[i].state, fits ? TRIAL_RUNNING : TRIAL_FAIL);
        if (fits) /* sgd has a momentum, which the seed did not say */
            assert_true((s->trials[i].config.set >> momentum & 1) != 0);
        else
            assert_non_null(strstr(s->trials[i].error, "optimizer"));
    }
    assert_file_agrees(&toy);
    toy_close(&toy);
    toy_end(&toy);
}

/* Somebody else is first, between our look and the claim. */
static void test_lost_claim(void **state)
{
    (void)state;
    struct toy toy;
    int handle;
    toy_begin(&toy);
    toy_open(&toy);
    struct trial_start seed = toy_start(), fill = toy_start();
    seed.waiting = true;
    assert_int_equal(study_log_create(toy.log, &seed, &handle), ERR_OK);
    toy_flush(&toy);
    append_foreign(&toy, "{\"op_code\":6," W ",\"trial_id\":0,\"state\":0,\"values\":null,"
                         "\"datetime_start\":\"2026-11-24T11:20:18.802350\"}\n");
    assert_int_equal(study_log_claim(toy.log, 0, &fill, &handle, &toy.info), ERR_BUSY);
    assert_file_agrees(&toy);
    assert_int_equal(study_log_claim(toy.log, 44, &fill, &handle, &toy.info), ERR_RANGE);
    toy_close(&toy);
    toy_end(&toy);
}

static void test_claim_on_a_full_disk(void **state)
{
    (void)state;
    for (long room = 0; room < 1200; room += 150) {
        struct toy toy;
        int handle;
        toy_begin(&toy);
        toy_open(&toy);
        struct trial_start seed = toy_start(), fill = toy_start();
        seed.waiting = true;
        assert_int_equal(study_log_create(toy.log, &seed, &handle), ERR_OK);
        toy_flush(&toy);
        file_fail_write_after(room);
        enum err err = study_log_claim(toy.log, 0, &fill, &handle, &toy.info);
        file_fail_write_after(-1);
        const struct trial *t = study_trial(study_log_study(toy.log), 0);
        if (room == 0 || room > 400)
            assert_int_equal(err, room == 0 ? ERR_IO : ERR_OK);
        assert_true((handle >= 0) == (err == ERR_OK));
        assert_int_equal(t->state, err == ERR_OK ? TRIAL_RUNNING : TRIAL_WAITING);
        assert_file_agrees(&toy);
        assert_int_equal(t->config.set, fill.config.set);
        toy_close(&toy);
        toy_end(&toy);
    }
}

static void test_seed_from_outside(void **state)
{
    (void)state;
    struct toy toy;
    struct trial_start start = toy_start();
    toy_begin(&toy);
    assert_int_equal(study_seed_file(toy.path, space_builtin(), &start.config, &toy.info), ERR_IO);
    toy_open(&toy);
    assert_int_equal(study_seed_file(toy.path, space_builtin(), &start.config, &toy.info), ERR_OK);
    assert_int_equal(study_log_follow(toy.log), ERR_OK);
    const struct trial *t = study_trial(study_log_study(toy.log), 0);
    assert_non_null(t);
    assert_int_equal(t->state, TRIAL_WAITING);
    assert_string_equal(t->who, "you");
    assert_int_equal(t->config.set, start.config.set);
    assert_file_agrees(&toy);
    toy_close(&toy);
    toy_end(&toy);
}

static void test_continuation(void **state)
{
    (void)state;
    struct toy toy;
    int child;
    toy_begin(&toy);
    toy_open(&toy);
    int parent = toy_trial(&toy);
    toy_epoch(&toy, parent, 1, 0.5);
    toy_epoch(&toy, parent, 2, 0.4);
    assert_int_equal(study_log_finish(toy.log, parent, TRIAL_COMPLETE, NULL), ERR_OK);
    struct trial_start start = toy_start();
    start.continues = study_log_number(toy.log, parent);
    assert_int_equal(study_log_create(toy.log, &start, &child), ERR_OK);
    toy_epoch(&toy, child, 3, 0.3);
    assert_int_equal(study_log_finish(toy.log, child, TRIAL_COMPLETE, NULL), ERR_OK);
    const struct study *s = study_log_study(toy.log);
    assert_int_equal(s->best, 1);
    assert_int_equal(s->epochs_spent, 3);
    assert_int_equal(study_chain_last(s, 0), 1);
    assert_true(s->trials[1].curve[0].metric[METRIC_TRAIN_LOSS] == 1.0);
    assert_file_agrees(&toy);
    toy_close(&toy);
    toy_end(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_is_read_back),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_second_owner_is_refused),
        cmocka_unit_test(test_foreign_trials_shift_ours),
        cmocka_unit_test(test_finished_by_somebody_else),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_no_room_for_a_new_study),
        cmocka_unit_test(test_torn_anywhere),
        cmocka_unit_test(test_closed_tail),
        cmocka_unit_test(test_not_a_log),
        cmocka_unit_test(test_bad_line_while_running),
        cmocka_unit_test(test_file_gone),
        cmocka_unit_test(test_waiting_and_claims),
        cmocka_unit_test(test_lost_claim),
        cmocka_unit_test(test_claim_on_a_full_disk),
        cmocka_unit_test(test_seed_from_outside),
        cmocka_unit_test(test_continuation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

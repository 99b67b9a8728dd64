/* If this fails, the command that records trainings loses something when it is interrupted, reads
 * its words wrongly, or reads test parts. Runs the real program on shipped data. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/spawn.h"
#include "tiller/learn.h"

static struct study *read_study(const char *folder, const char *file)
{
    char path[128];
    struct study *study = NULL;
    struct err_info info = {0};
    assert_true(file_join(path, sizeof path, folder, file));
    if (study_read(path, NULL, &study, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    assert_int_equal(study->n_bad, 0);
    return study;
}

#define SMALL "--configs", "20", "--own", "6", "--repeats", "1", "--epochs", "8"

static void interrupted_it_says_so_and_goes_on(void **state)
{
    (void)state;
    enum { ALL = 20 + 4 + 6 + 16 }; /* 4: the starting points of the space */
    char folder[64];
    assert_non_null(spawn_make_folder(folder));
    const char *argv[] = {spawn_tiller(), "learn", "--record", "data/vowel", "data/pima-diabetes",
                          SMALL,          "--out", folder,     NULL};
    struct spawned s;
    for (int i = 0; i < 3; i++) {
        assert_true(spawn_start(&s, argv, NULL));
        assert_true(
            spawn_wait_text(&s, "trainings of 8 epochs: 24 shared, 6 own, 16 again", false, 60));
        assert_int_equal(kill(s.pid, SIGINT), 0);
        assert_int_equal(spawn_finish(&s, 120), 130);
        assert_non_null(strstr(text_get(&s.err), "the same command goes on"));
        spawn_free(&s);
    }
    if (spawn_run(&s, argv, NULL, 300) != 0)
        fail_msg("%s", text_get(&s.err));
    assert_non_null(strstr(text_get(&s.err), "pima-diabetes (2 of 2): recorded, 46 trainings"));
    spawn_free(&s);
    static const char *const file[] = {"vowel.study.jsonl", "pima-diabetes.study.jsonl"};
    for (int i = 0; i < 2; i++) {
        struct study *study = read_study(folder, file[i]);
        assert_int_equal(study->n_trials, ALL);
        assert_int_equal(study->n_state[TRIAL_COMPLETE] + study->n_state[TRIAL_FAIL], ALL);
        assert_int_equal(study->tests_read, 0);
        study_free(study);
    }
    spawn_remove_folder(folder);
}

static void a_folder_is_packed_into_a_file(void **state)
{
    (void)state;
    char folder[64], file[96];
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(file, sizeof file, folder, "all.gz"));
    const char *record[] = {spawn_tiller(), "learn", "--record",  "data/vowel", "--configs", "3",
                            "--own",        "1",     "--repeats", "0",          "--epochs",  "2",
                            "--out",        folder,  NULL};
    const char *pack[] = {spawn_tiller(), "learn", "--pack", folder, "-o", file, NULL};
    struct spawned s;
    assert_int_equal(spawn_run(&s, record, NULL, 120), 0);
    spawn_free(&s);
    if (spawn_run(&s, pack, NULL, 60) != 0)
        fail_msg("%s", text_get(&s.err));
    assert_non_null(strstr(text_get(&s.out), "1 tasks of 1 families, 8 trainings, 16 epochs"));
    spawn_free(&s);
    struct learn_records *r;
    struct err_info info = {0};
    assert_int_equal(learn_records_open(file, false, &r, &info), ERR_OK);
    assert_int_equal(r->task[0].n_trainings, 8);
    learn_records_free(r);
    spawn_remove_folder(folder);
}

static void tasks_come_from_a_file_too(void **state)
{
    (void)state;
    char folder[64], list[96];
    struct err_info info = {0};
    static const char text[] = "# two\n  vowel   # speech\n\nionosphere\r\n";
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(list, sizeof list, folder, "tasks.txt"));
    assert_int_equal(file_write_atomic(list, text, strlen(text), &info), ERR_OK);
    const char *argv[] = {spawn_tiller(), "learn",      "--record",  "--tasks",
                          list,           "--estimate", "data/musk", NULL};
    struct spawned s;
    if (spawn_run(&s, argv, NULL, 120) != 0)
        fail_msg("%s", text_get(&s.err));
    static const char *const rows[] = {"\nvowel ", "\nionosphere ", "\nmusk ", "\n3 tasks: "};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_non_null(strstr(text_get(&s.out), rows[i]));
    spawn_free(&s);
    spawn_remove_folder(folder);
}

static void wrong_words_are_one_clear_line(void **state)
{
    (void)state;
    static const struct {
        const char *argv[6];
        const char *says;
    } rows[] = {
        {{NULL}, "say --record, --pool or --pack, or what to learn from"},
        {{"data/vowel"}, "the FILE for the knowledge is missing"},
        {{"data/no-such", "-o", "k.json"}, "data/no-such"},
        {{"--table", "data/no-such", "-o", "k.json"}, "data/no-such"},
        {{"data", "-o", "k.json"}, "holds no recordings"},
        {{"data", "-o", "data/vowel.csv/k.json"}, "can't be written"},
        {{"data", "-o", "tests"}, "is a folder"},
        {{"data/vowel.csv", "-o", "data/../data/vowel.csv"}, "is what is learnt from"},
        {{"--list", "--forget", "x"}, "goes without --forget"},
        {{"--forget", "x", "no-such.json"}, "there is no such file"},
        {{"--record", "data/vowel", "-o", "k.gz"}, "recordings are logs"},
        {{"--estimate", "data/vowel"}, "goes with --record or --pool"},
        {{"--record", "--pool", "data/vowel"}, "say --record or --pool, not both"},
        {{"--record"}, "no TASK is named"},
        {{"--pool", "data/vowel", "--own", "3"}, "a pool has --configs only"},
        {{"--pack", "data"}, "the FILE to pack into is missing"},
        {{"--pack", "data", "-o", "x.gz"}, "holds no recordings"},
        {{"--pack", "data", "-o", "x.gz", "vowel"}, "goes with -o and --pool only"},
        {{"--record", "no-such-task"}, "no such file"},
        {{"--record", "--tasks", "no-such-list"}, "no-such-list"},
        {{"--record", "data/vowel", "--configs", "0"}, "'0' is not possible"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *argv[9] = {spawn_tiller(), "learn"};
        for (int k = 0; k < 6; k++)
            argv[2 + k] = rows[i].argv[k];
        struct spawned s;
        char folder[64];
        assert_non_null(spawn_make_folder(folder));
        assert_int_equal(spawn_run(&s, argv, NULL, 60), 2);
        if (!strstr(text_get(&s.err), rows[i].says))
            fail_msg("'%s' is not in: %s", rows[i].says, text_get(&s.err));
        spawn_free(&s);
        spawn_remove_folder(folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interrupted_it_says_so_and_goes_on),
        cmocka_unit_test(a_folder_is_packed_into_a_file),
        cmocka_unit_test(tasks_come_from_a_file_too),
        cmocka_unit_test(wrong_words_are_one_clear_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

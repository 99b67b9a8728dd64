/* If this fails, a search without a screen does not do what its summary says, is not repeatable, or
 * loses something when it is left and resumed. Runs the real program on shipped data. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "../support/programs.h"
#include "tiller/study.h"

#define COMMON "--plain", "--json", "--workers", "1", "--rng-seed", "3"

static const char *study_path(const char *folder, char out[static 128])
{
    assert_true(file_join(out, 128, folder, "vowel.study.jsonl"));
    return out;
}

static struct study *read_study(const char *path)
{
    struct study *study;
    struct err_info info = {0};
    if (study_read(path, NULL, &study, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    assert_int_equal(study->n_bad, 0);
    return study;
}

static void the_summary_agrees_with_the_log(void **state)
{
    (void)state;
    char folder[64], path[128];
    assert_non_null(spawn_make_folder(folder));
    const char *argv[] = {spawn_tiller(),           "run",      "data/vowel", COMMON, "--study",
                          study_path(folder, path), "--epochs", "230",        NULL};
    struct spawned s;
    if (spawn_run(&s, argv, NULL, 120) != 0)
        fail_msg("%s", text_get(&s.err));
    struct cJSON *doc = said_json(&s);
    struct study *study = read_study(path);
    const struct trial *best = study_best(study);
    const struct cJSON *said = json_get(doc, "best"), *test = json_get(doc, "test");
    assert_true(said_number(doc, "epochs") == 230 && study->epochs_spent == 230);
    assert_true(said_number(doc, "trials") == (double)study->n_trials);
    assert_true(said_number(said, "trial") == (double)best->number);
    assert_true(said_number(said, "value") == best->value);
    assert_true(said_number(said, "epoch") == best->best_epoch);
    assert_true(said_number(json_get(said, "metrics"), "val_loss") == best->best_loss);
    assert_true(1 - said_number(json_get(said, "metrics"), "val_accuracy") == best->value);
    assert_true(said_number(test, "accuracy") > 0.5 && said_number(test, "accuracy") <= 1);
    assert_int_equal(said_number(test, "times_read"), 1);
    assert_true(best->value < 0.5);
    json_free(doc);
    study_free(study);
    spawn_free(&s);
    spawn_remove_folder(folder);
}

/* A label of numbers: searched, left, resumed, judged by what regression has and nothing else. */
static void a_number_is_searched_like_a_class(void **state)
{
    (void)state;
    char folder[64], path[128];
    assert_non_null(spawn_make_folder(folder));
    const char *first[] = {spawn_tiller(),
                           "run",
                           "data/pima-diabetes.csv",
                           COMMON,
                           "--target",
                           "age",
                           "--objective",
                           "val_mae",
                           "--study",
                           study_path(folder, path),
                           "--epochs",
                           "60",
                           NULL};
    const char *more[] = {spawn_tiller(), "resume",   path,  "--plain",
                          "--json",       "--epochs", "+40", NULL};
    const char *const *runs[] = {first, more};
    for (int i = 0; i < 2; i++) {
        struct spawned s;
        if (spawn_run(&s, runs[i], NULL, 120) != 0)
            fail_msg("%s", text_get(&s.err));
        assert_non_null(strstr(text_get(&s.err), " val_mae "));
        struct cJSON *doc = said_json(&s);
        const struct cJSON *best = json_get(doc, "best"), *metrics = json_get(best, "metrics");
        const struct cJSON *test = json_get(doc, "test");
        assert_true(said_number(doc, "epochs") == (i ? 100 : 60));
        assert_string_equal(json_get_string(best, "objective"), "val_mae");
        assert_true(said_number(best, "value") == said_number(metrics, "val_mae"));
        assert_true(said_number(metrics, "val_r2") > 0.2 && said_number(metrics, "val_r2") < 1);
        assert_true(said_number(test, "mae") > 2 && said_number(test, "mae") < 15); /* years */
        assert_true(said_number(test, "r2") > 0.2 &&
                    said_number(test, "mse") > said_number(test, "mae"));
        assert_null(json_get(metrics, "val_accuracy"));
        assert_null(json_get(test, "accuracy"));
        json_free(doc);
        spawn_free(&s);
    }
    spawn_remove_folder(folder);
}

/* The fields of the summary that time may change. */
static void drop_times(struct cJSON *doc)
{
    cJSON_DeleteItemFromObjectCaseSensitive(doc, "seconds");
    cJSON_DeleteItemFromObjectCaseSensitive(doc, "samples_per_second");
    cJSON_DeleteItemFromObjectCaseSensitive(doc, "idle_share");
}

static void assert_same_curves(const char *path_a, const char *path_b)
{
    struct study *a = read_study(path_a), *b = read_study(path_b);
    assert_int_equal(a->n_trials, b->n_trials);
    for (size_t i = 0; i < a->n_trials; i++) {
        const struct trial *t = &a->trials[i], *u = &b->trials[i];
        assert_true(space_same(&a->space, &t->config, &u->config));
        assert_int_equal(t->n_epochs, u->n_epochs);
        for (size_t k = 0; k < t->n_epochs; k++)
            assert_true(t->curve[k].metric[METRIC_VAL_LOSS] == u->curve[k].metric[METRIC_VAL_LOSS]);
    }
    study_free(a);
    study_free(b);
}

/* Run whole, and run again but interrupted by signals and resumed: one and the same study. */
static void interrupted_and_resumed_it_is_the_same_study(void **state)
{
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGINT};
    static const char small[] = "{\"units\": {\"low\": 8, \"high\": 24}, " /* for the sanitizers */
                                "\"normalization\": \"layer\", \"dropout\": 0.1,"
                                "\"warmup_epochs\": {\"high\": 2}}";
    char whole_folder[64], folder[64], whole_path[128], path[128], space[128];
    struct err_info info = {0};
    struct spawned s;
    assert_non_null(spawn_make_folder(whole_folder));
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(space, sizeof space, folder, "space.json"));
    assert_int_equal(file_write_atomic(space, small, strlen(small), &info), ERR_OK);
    const char *whole[] = {spawn_tiller(), "run",     "data/vowel",
                           COMMON,         "--study", study_path(whole_folder, whole_path),
                           "--space",      space,     "--epochs",
                           "1500",         NULL};
    if (spawn_run(&s, whole, NULL, 300) != 0)
        fail_msg("%s", text_get(&s.err));
    struct cJSON *expected = said_json(&s);
    spawn_free(&s);
    const char *first[] = {
        spawn_tiller(), "run", "data/vowel", COMMON, "--study", study_path(folder, path),
        "--space",      space, "--epochs",   "1500", NULL};
    const char *again[] = {spawn_tiller(), "resume",    path, "--plain",
                           "--json",       "--workers", "1",  NULL};
    for (int i = 0; i < 4; i++) {
        assert_true(spawn_start(&s, i == 0 ? first : again, NULL));
        if (!spawn_wait_text(&s, " epoch ", false, 120))
            fail_msg("no epoch in: %s", text_get(&s.err));
        assert_int_equal(kill(s.pid, signals[i]), 0);
        assert_int_equal(spawn_finish(&s, 60), 130);
        assert_non_null(strstr(text_get(&s.err), "tiller resume"));
        spawn_free(&s);
    }
    assert_int_equal(spawn_run(&s, again, NULL, 300), 0);
    struct cJSON *resumed = said_json(&s);
    spawn_free(&s);
    drop_times(expected);
    drop_times(resumed);
    assert_true(cJSON_Compare(expected, resumed, true));
    assert_same_curves(whole_path, path);
    json_free(expected);
    json_free(resumed);
    spawn_remove_folder(whole_folder);
    spawn_remove_folder(folder);
}

static void a_budget_grows_on_resume(void **state)
{
    (void)state;
    char folder[64], path[128];
    struct spawned s;
    assert_non_null(spawn_make_folder(folder));
    const char *first[] = {spawn_tiller(),           "run",      "data/vowel", COMMON, "--study",
                           study_path(folder, path), "--epochs", "70",         NULL};
    const char *more[] = {spawn_tiller(), "resume",   path,  "--plain",
                          "--json",       "--epochs", "+30", NULL};
    const char *total[] = {spawn_tiller(), "run", "data/vowel", "--plain", "--json",
                           "--study",      path,  "--epochs",   "110",     NULL};
    const char *look[] = {spawn_tiller(), "resume", path, "--plain", "--json", NULL};
    const char *const *runs[] = {first, look, more, total};
    static const double spent[] = {70, 70, 100, 110};
    static const int read[] = {1, 1, 2, 3}; /* opening an ended study again reads nothing */
    for (int i = 0; i < 4; i++) {
        if (spawn_run(&s, runs[i], NULL, 120) != 0)
            fail_msg("%s", text_get(&s.err));
        struct cJSON *doc = said_json(&s);
        assert_true(said_number(doc, "epochs") == spent[i]);
        assert_int_equal(said_number(json_get(doc, "test"), "times_read"), read[i]);
        json_free(doc);
        spawn_free(&s);
    }
    spawn_remove_folder(folder);
}

/* Without --task the label would be read as a quantity, and refused as other data. */
static void a_resume_reads_the_data_the_same_way(void **state)
{
    (void)state;
    char folder[64], path[128];
    struct spawned s;
    assert_non_null(spawn_make_folder(folder));
    const char *first[] = {spawn_tiller(),
                           "run",
                           "data/pima-diabetes",
                           COMMON,
                           "--study",
                           study_path(folder, path),
                           "--target",
                           "age",
                           "--task",
                           "classification",
                           "--drop-rare",
                           "--split-seed",
                           "3",
                           "--trials",
                           "1",
                           "--epochs-per-trial",
                           "1",
                           NULL};
    const char *more[] = {spawn_tiller(), "resume", path, "--plain", "--trials", "2", NULL};
    const char *const *runs[] = {first, more};
    for (int i = 0; i < 2; i++) {
        if (spawn_run(&s, runs[i], NULL, 120) != 0)
            fail_msg("%s", text_get(&s.err));
        spawn_free(&s);
    }
    struct study *study = read_study(path);
    assert_int_equal(study->n_trials, 2);
    study_free(study);
    spawn_remove_folder(folder);
}

static void a_live_study_has_one_owner(void **state)
{
    (void)state;
    char folder[64], path[128];
    struct spawned s, second;
    assert_non_null(spawn_make_folder(folder));
    const char *first[] = {spawn_tiller(),           "run",      "data/letter", COMMON, "--study",
                           study_path(folder, path), "--epochs", "100000",      NULL};
    const char *other[] = {spawn_tiller(), "resume", path, "--plain", NULL};
    assert_true(spawn_start(&s, first, NULL));
    if (!spawn_wait_text(&s, "epoch", false, 60))
        fail_msg("no epoch: %s", text_get(&s.err));
    assert_int_equal(spawn_run(&second, other, NULL, 60), 2);
    assert_non_null(strstr(text_get(&second.err), "vowel.study.jsonl"));
    spawn_free(&second);
    kill(s.pid, SIGINT);
    assert_int_equal(spawn_finish(&s, 60), 130);
    spawn_free(&s);
    spawn_remove_folder(folder);
}

/* Every space: narrowed ones hold in all trials. */
static void a_narrowed_space_holds(void **state)
{
    (void)state;
    static const char narrow[] = "{\"units\": {\"low\": 10, \"high\": 20}, \"num_layers\": 2,\n"
                                 " \"optimizer\": {\"choices\": [\"sgd\"]},\n"
                                 " \"residual\": \"yes\", \"dropout\": 0.2,\n"
                                 " \"warmup_epochs\": {\"low\": 1, \"high\": 3}}";
    char folder[64], path[128], space[128];
    struct spawned s;
    struct err_info info = {0};
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(space, sizeof space, folder, "space.json"));
    assert_int_equal(file_write_atomic(space, narrow, strlen(narrow), &info), ERR_OK);
    const char *argv[] = {spawn_tiller(),
                          "run",
                          "data/vowel",
                          COMMON,
                          "--study",
                          study_path(folder, path),
                          "--trials",
                          "12",
                          "--epochs-per-trial",
                          "4",
                          "--space",
                          space,
                          NULL};
    if (spawn_run(&s, argv, NULL, 120) != 0)
        fail_msg("%s", text_get(&s.err));
    spawn_free(&s);
    struct study *study = read_study(path);
    assert_int_equal(study->n_trials, 12);
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct configuration *c = &study->trials[i].config;
        double units = c->value[space_find(&study->space, "units")];
        assert_true(units >= 10 && units <= 20);
        assert_true(c->value[space_find(&study->space, "num_layers")] == 2);
        char word[32];
        space_value_text(&study->space, c, space_find(&study->space, "optimizer"), true, word,
                         sizeof word);
        assert_string_equal(word, "sgd");
        int residual = space_find(&study->space, "residual");
        int dropout = space_find(&study->space, "dropout");
        int warmup = space_find(&study->space, "warmup_epochs");
        assert_true((c->set >> residual & 1) && c->value[residual] == 0); /* "yes" is left of two */
        assert_true(study->space.h[residual].n_choices == 1 && study->space.h[residual].held);
        assert_true(c->value[dropout] == 0.2 && !(c->set >> dropout & 1)); /* as everybody has it */
        assert_true(c->value[warmup] >= 1 && c->value[warmup] <= 3);
        assert_false(c->set >> space_find(&study->space, "input_noise") & 1);
        assert_int_equal(space_find(&study->space, "network"), -1); /* no images */
    }
    study_free(study);
    spawn_remove_folder(folder);
}

static void run_ok(const char *const *argv)
{
    struct spawned s;
    if (spawn_run(&s, argv, NULL, 120) != 0)
        fail_msg("%s", text_get(&s.err));
    spawn_free(&s);
}

/* How many different values the trials have, at most 16. */
static int count_values(const struct study *study, const char *name)
{
    double seen[16];
    int n = 0, h = space_find(&study->space, name);
    for (size_t i = 0; i < study->n_trials; i++) {
        double value = study->trials[i].config.value[h];
        int k = 0;
        while (k < n && seen[k] != value)
            k++;
        if (k == n && n < 16)
            seen[n++] = value;
    }
    return n;
}

/* Words of the command line hold and free hyperparameters, above a file's; the same words go on
 * with the study, others do not. */
static void words_hold_and_free(void **state)
{
    (void)state;
    static const char file[] = "{\"num_layers\": 2, \"units\": {\"low\": 10, \"high\": 20}}";
    char folder[64], path[128], space[128];
    struct err_info info = {0};
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(space, sizeof space, folder, "space.json"));
    assert_int_equal(file_write_atomic(space, file, strlen(file), &info), ERR_OK);
    const char *argv[] = {spawn_tiller(),
                          "run",
                          "data/vowel",
                          "units=12",
                          "normalization=batch",
                          COMMON,
                          "--study",
                          study_path(folder, path),
                          "--trials",
                          "14",
                          "--epochs-per-trial",
                          "2",
                          "--space",
                          space,
                          "--sampler",
                          "random",
                          "--search",
                          "optimizer,residual,input_noise",
                          NULL};
    run_ok(argv);
    struct study *study = read_study(path);
    assert_int_equal(study->n_trials, 14);
    assert_int_equal(count_values(study, "units"), 1);
    assert_int_equal(count_values(study, "normalization"), 1);
    assert_int_equal(count_values(study, "num_layers"), 1);
    assert_int_equal(count_values(study, "gradient_clip"), 1);
    assert_int_equal(count_values(study, "residual"), 2);
    assert_true(count_values(study, "optimizer") > 2); /* more than the two that are usual */
    assert_true(count_values(study, "input_noise") > 5);
    assert_true(study->trials[0].config.value[space_find(&study->space, "units")] == 12);
    study_free(study);
    run_ok(argv); /* nothing is left to do */
    struct spawned s;
    argv[3] = "units=13";
    assert_int_equal(spawn_run(&s, argv, NULL, 60), 2);
    assert_non_null(strstr(text_get(&s.err), "another space"));
    spawn_free(&s);
    spawn_remove_folder(folder);
}

/* Begun from weights and resumed from the same; not from others. */
static void a_search_may_start_from_weights(void **state)
{
    (void)state;
    char folder[64], path[128], weights[128];
    struct spawned s;
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(weights, sizeof weights, folder, "w.safetensors"));
    const char *train[] = {spawn_tiller(), "train", "data/vowel", "units=20", "num_layers=2",
                           "--epochs",     "10",    "--save",     weights,    NULL};
    const char *first[] = {spawn_tiller(),
                           "run",
                           "data/vowel",
                           COMMON,
                           "--study",
                           study_path(folder, path),
                           "--epochs",
                           "60",
                           "--epochs-per-trial",
                           "6",
                           "--from",
                           weights,
                           NULL};
    const char *more[] = {spawn_tiller(), "resume",   path,  "--plain",
                          "--json",       "--epochs", "+30", NULL};
    run_ok(train);
    const char *const *runs[] = {first, more};
    for (int i = 0; i < 2; i++) {
        if (spawn_run(&s, runs[i], NULL, 120) != 0)
            fail_msg("%s", text_get(&s.err));
        assert_non_null(
            strstr(text_get(&s.err), "start from vowel, epoch 10: 9-20-20-11, 3 of 3 layers fit"));
        spawn_free(&s);
    }
    struct study *study = read_study(path);
    assert_int_equal(study->epochs_spent, 90);
    assert_int_equal(count_values(study, "units"), 1);
    assert_true(study->trials[0].config.value[space_find(&study->space, "num_layers")] == 2);
    assert_int_equal(count_values(study, "init"), 2);
    study_free(study);
    assert_int_equal(file_write_atomic(weights, "gone", 4, &(struct err_info){0}), ERR_OK);
    assert_int_equal(spawn_run(&s, more, NULL, 60), 2);
    assert_non_null(strstr(text_get(&s.err), "has changed since the study began"));
    spawn_free(&s);
    spawn_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_summary_agrees_with_the_log),
        cmocka_unit_test(a_number_is_searched_like_a_class),
        cmocka_unit_test(interrupted_and_resumed_it_is_the_same_study),
        cmocka_unit_test(a_budget_grows_on_resume),
        cmocka_unit_test(a_resume_reads_the_data_the_same_way),
        cmocka_unit_test(a_live_study_has_one_owner),
        cmocka_unit_test(a_narrowed_space_holds),
        cmocka_unit_test(words_hold_and_free),
        cmocka_unit_test(a_search_may_start_from_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

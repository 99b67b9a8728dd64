/* If this fails, Optuna no longer reads our studies, or can't seed a search that runs. */
#include <string.h>

#include "../support/programs.h"

/* The trial that python seeded must have run with its values, by whoever claimed it. */
static void assert_seed_ran(const struct cJSON *trials, double rate)
{
    const struct cJSON *t;
    cJSON_ArrayForEach(t, trials)
    {
        const struct cJSON *params = json_get(t, "params");
        double found = NAN;
        if (json_get_number(params, "learning_rate", &found) && found == rate) {
            assert_true(said_number(t, "epochs") >= 1);
            assert_string_equal(json_get_string(params, "activation"), "tanh");
            return;
        }
    }
    fail_msg("the seeded trial did not run");
}

static void assert_trials_are_whole(const struct cJSON *trials)
{
    const struct cJSON *t;
    cJSON_ArrayForEach(t, trials)
    {
        const char *state = json_get_string(t, "state");
        if (strcmp(state, "FAIL") == 0 && said_number(t, "epochs") == 0)
            continue; /* begun when the time was up */
        assert_true(strcmp(state, "COMPLETE") == 0 || strcmp(state, "PRUNED") == 0);
        if (strcmp(state, "COMPLETE") == 0)
            assert_true(said_number(t, "value") == said_number(t, "lowest"));
        assert_true(said_number(t, "curve") == said_number(t, "epochs"));
    }
}

static void test_optuna_reads_and_seeds(void **state)
{
    (void)state;
    if (!have_python("optuna"))
        return;
    char folder[64], study[128];
    assert_non_null(spawn_make_folder(folder));
    file_join(study, sizeof study, folder, "live.study.jsonl");
    const char *argv[] = {spawn_tiller(), "run",        "data/vowel", "--plain", "--json",
                          "--workers",    "1",          "--study",    study,     "--time",
                          "12",           "--rng-seed", "1",          NULL};
    struct spawned s;
    assert_true(spawn_start(&s, argv, NULL));
    if (!spawn_wait_text(&s, "epoch", false, 60))
        fail_msg("no epoch was shown: %s", text_get(&s.err));
    json_free(
        optuna_study("enqueue", study, "{\"learning_rate\": 0.00321, \"activation\": \"tanh\"}"));
    assert_int_equal(spawn_finish(&s, 300), 0);
    struct cJSON *ours = said_json(&s), *theirs = optuna_study("summary", study, NULL);
    const struct cJSON *best = json_get(ours, "best"), *its = json_get(theirs, "best");
    assert_true(said_number(best, "value") == said_number(its, "value"));
    /* Equal values: Optuna takes the first trial, we the lower loss. */
    const struct cJSON *same =
        cJSON_GetArrayItem(json_get(theirs, "trials"), (int)said_number(best, "trial"));
    assert_true(said_number(same, "value") == said_number(its, "value"));
    assert_true(said_number(json_get(best, "params"), "learning_rate") ==
                said_number(json_get(same, "params"), "learning_rate"));
    assert_true(said_number(ours, "trials") == cJSON_GetArraySize(json_get(theirs, "trials")));
    assert_seed_ran(json_get(theirs, "trials"), 0.00321);
    assert_trials_are_whole(json_get(theirs, "trials"));
    json_free(ours);
    json_free(theirs);
    spawn_free(&s);
    spawn_remove_folder(folder);
}

/* Where larger is better Optuna sees 1 - the metric, and minimises it as we do. */
static void test_optuna_reads_every_objective(void **state)
{
    (void)state;
    static const char *const objectives[] = {"val_f1", "val_auc", "val_loss"};
    if (!have_python("optuna"))
        return;
    for (size_t i = 0; i < sizeof objectives / sizeof *objectives; i++) {
        char folder[64], study[128];
        assert_non_null(spawn_make_folder(folder));
        file_join(study, sizeof study, folder, "objective.study.jsonl");
        const char *argv[] = {spawn_tiller(),
                              "run",
                              "data/pima-diabetes.csv",
                              "--plain",
                              "--json",
                              "--workers",
                              "1",
                              "--study",
                              study,
                              "--epochs",
                              "100",
                              "--objective",
                              objectives[i],
                              NULL};
        struct spawned s;
        if (spawn_run(&s, argv, NULL, 120) != 0)
            fail_msg("%s", text_get(&s.err));
        struct cJSON *ours = said_json(&s), *theirs = optuna_study("summary", study, NULL);
        const struct cJSON *best = json_get(ours, "best"), *its = json_get(theirs, "best");
        double metric = said_number(json_get(best, "metrics"), objectives[i]);
        bool larger = strcmp(objectives[i], "val_loss") != 0;
        assert_true(said_number(its, "value") == (larger ? 1 - metric : metric));
        assert_string_equal(json_get(theirs, "metric_names")->child->valuestring,
                            json_get_string(best, "objective"));
        assert_string_equal(json_get_string(best, "objective") + (larger ? 2 : 0), objectives[i]);
        assert_trials_are_whole(json_get(theirs, "trials"));
        json_free(ours);
        json_free(theirs);
        spawn_free(&s);
        spawn_remove_folder(folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_optuna_reads_and_seeds),
        cmocka_unit_test(test_optuna_reads_every_objective),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

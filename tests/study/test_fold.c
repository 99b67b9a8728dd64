/* If this fails, a study shows something else than what Optuna folds from the same lines. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tiller/study.h"

#define W "\"worker_id\": \"510de18c-f409-4df8-8fdd-0f5c72439876-140633777918656\""
#define LR                                                                                         \
    "\"{\\\"name\\\": \\\"FloatDistribution\\\", \\\"attributes\\\": {\\\"step\\\": null, "        \
    "\\\"low\\\": 1e-05, \\\"high\\\": 0.1, \\\"log\\\": true}}\""
#define LAYERS                                                                                     \
    "\"{\\\"name\\\": \\\"IntDistribution\\\", \\\"attributes\\\": {\\\"log\\\": false, "          \
    "\\\"step\\\": 1, \\\"low\\\": 1, \\\"high\\\": 4}}\""
#define OPT                                                                                        \
    "\"{\\\"name\\\": \\\"CategoricalDistribution\\\", \\\"attributes\\\": {\\\"choices\\\": "     \
    "[\\\"sgd\\\", \\\"adam\\\", null, true, 3, 0.5]}}\""
#define OPT2                                                                                       \
    "\"{\\\"name\\\": \\\"CategoricalDistribution\\\", \\\"attributes\\\": {\\\"choices\\\": "     \
    "[\\\"adam\\\", \\\"sgd\\\"]}}\""
#define START "\"datetime_start\": \"2026-11-24T11:20:18.802350\""
#define END "\"datetime_complete\": \"2026-11-24T11:20:18.801917\""

static const char study0[] =
    "{\"op_code\": 0, " W ", \"study_name\": \"ref\", \"directions\": [1]}";
static const char trial0[] = "{\"op_code\": 4, " W ", \"study_id\": 0, " START "}";

static void fold(struct study *s, const char *line)
{
    assert_int_equal(study_fold(s, line, strlen(line)), ERR_OK);
}

static struct study *fold_all(const char *name, const char *const *lines)
{
    struct study *s = study_new(name);
    assert_non_null(s);
    for (; *lines; lines++)
        fold(s, *lines);
    return s;
}

/* The lines of optuna-journal.md, section 3, as Optuna 3.1.0 wrote them. */
static const char *const section_3[] = {
    study0,
    "{\"op_code\": 2, " W ", \"study_id\": 0, \"user_attr\": {\"dataset\": {\"name\": \"mnist\", "
    "\"n\": 60000, \"caf\\u00e9\": \"\\ud83d\\ude00\"}}}",
    "{\"op_code\": 3, " W
    ", \"study_id\": 0, \"system_attr\": {\"study:metric_names\": [\"acc\"]}}",
    trial0,
    "{\"op_code\": 5, " W ", \"trial_id\": 0, \"param_name\": \"lr\", \"param_value_internal\": "
    "0.01, \"distribution\": " LR "}",
    "{\"op_code\": 5, " W ", \"trial_id\": 0, \"param_name\": \"layers\", "
    "\"param_value_internal\": 4.0, \"distribution\": " LAYERS "}",
    "{\"op_code\": 5, " W
    ", \"trial_id\": 0, \"param_name\": \"opt\", \"param_value_internal\": 1, "
    "\"distribution\": " OPT "}",
    "{\"op_code\": 7, " W ", \"trial_id\": 0, \"step\": 0, \"intermediate_value\": 0.1}",
    "{\"op_code\": 7, " W ", \"trial_id\": 0, \"step\": 10, \"intermediate_value\": NaN}",
    "{\"op_code\": 8, " W ", \"trial_id\": 0, \"user_attr\": {\"note\": \"hello\"}}",
    "{\"op_code\": 9, " W ", \"trial_id\": 0, \"system_attr\": {\"constraints\": [-1.4588]}}",
    "{\"op_code\": 6, " W ", \"trial_id\": 0, \"state\": 1, \"values\": [4.01], " END "}",
    "{\"op_code\": 4, " W ", \"study_id\": 0, \"datetime_start\": null, \"state\": 4, \"value\": "
    "null, \"values\": null, \"distributions\": {}, \"params\": {}, \"user_attrs\": {\"why\": "
    "\"seed\"}, \"system_attrs\": {\"fixed_params\": {\"lr\": 0.01, \"opt\": \"adam\"}}, "
    "\"intermediate_values\": {}}",
    "{\"op_code\": 4, " W ", \"study_id\": 0, \"datetime_start\": \"2026-11-24T11:20:18.843237\", "
    "\"state\": 1, \"value\": 0.7, \"values\": null, \"datetime_complete\": "
    "\"2026-11-24T11:20:18.843237\", \"distributions\": {\"lr\": " LR ", \"opt\": " OPT "}, "
    "\"params\": {\"lr\": 0.02, \"opt\": 2}, \"user_attrs\": {\"src\": \"old\"}, "
    "\"system_attrs\": {}, \"intermediate_values\": {\"10\": 0.8, \"2\": 0.1, \"1\": 0.7}}",
    NULL,
};

static void test_lines_of_optuna(void **state)
{
    (void)state;
    struct study *s = fold_all(NULL, section_3);
    assert_int_equal(s->n_bad, 0);
    assert_int_equal(s->n_refused, 0);
    assert_string_equal(s->name, "ref");
    assert_string_equal(s->metric, "acc");
    assert_int_equal(s->n_trials, 3);
    const struct trial *t = study_trial(s, 0);
    int lr = space_find(&s->space, "lr"), opt = space_find(&s->space, "opt");
    int layers = space_find(&s->space, "layers");
    assert_int_equal(t->state, TRIAL_COMPLETE);
    assert_true(t->value == 4.01);
    assert_true(t->config.value[lr] == 0.01 && t->config.value[layers] == 4);
    assert_true(t->config.value[opt] == 1 && t->config.set == 7);
    assert_int_equal(t->n_epochs, 2);
    assert_true(isnan(t->curve[1].value));
    assert_int_equal(t->n_recorded, 2);
    assert_string_equal(t->who, "optuna");
    t = study_trial(s, 1);
    assert_int_equal(t->state, TRIAL_WAITING);
    assert_true(t->config.value[opt] == 1 && t->config.set == (1u << lr | 1u << opt));
    t = study_trial(s, 2);
    assert_true(t->value == 0.7 && t->best_epoch == 2);
    assert_int_equal(t->curve[0].step, 1);
    assert_int_equal(t->curve[2].step, 10);
    assert_int_equal(t->n_recorded, 0);
    assert_int_equal(s->best, 2);
    assert_int_equal(s->epochs_spent, 2);
    assert_int_equal(s->n_state[TRIAL_COMPLETE], 2);
    assert_int_equal(s->n_state[TRIAL_WAITING], 1);
    assert_int_equal(s->next_trial_id, 3);
    assert_false(s->utc_times);
    assert_null(study_trial(s, 3));
    assert_null(study_trial(s, -1));
    study_free(s);
}

/* Each line alone behind a study with one RUNNING trial: what becomes of it. */
enum outcome { TAKEN, REFUSED, BAD, PASSED };
static const struct {
    enum outcome outcome;
    const char *line;
} single[] = {
    {REFUSED, "{\"op_code\": 0, " W ", \"study_name\": \"ref\", \"directions\": [1]}"},
    {PASSED, "{\"op_code\": 0, " W ", \"study_name\": \"other\", \"directions\": [1]}"},
    {REFUSED, "{\"op_code\": 1, " W ", \"study_id\": 7}"},
    {REFUSED, "{\"op_code\": 4, " W ", \"study_id\": 1, " START "}"},
    {REFUSED,
     "{\"op_code\": 6, " W ", \"trial_id\": 0, \"state\": 0, \"values\": null, " START "}"},
    {REFUSED, "{\"op_code\": 7, " W ", \"trial_id\": 9, \"step\": 0, \"intermediate_value\": 1}"},
    {TAKEN, "{\"op_code\":7," W ",\"trial_id\":0,\"step\":0,\"intermediate_value\":1,\"new\":2}\r"},
    {TAKEN,
     "{\"op_code\": 7, " W ", \"trial_id\": 0, \"step\": 0, \"intermediate_value\": \"NaN\"}"},
    {TAKEN, "{\"op_code\": 8, " W ", \"trial_id\": 0, \"user_attr\": {\"who\": \"a\", \"b\": 2}}"},
    {PASSED, "{\"op_code\": 10, " W ", \"trial_ids\": [0]}"},
    {PASSED, "{\"op_code\": 77}"},
    {BAD, ""},
    {BAD, "# comment"},
    {BAD, "{\"op_code\": 1, " W ", \"study_id\": 0}{}"},
    {BAD, "[]"},
    {BAD, "{\"op_code\": 7, \"trial_id\": 0, \"step\": 0, \"intermediate_value\": 1}"},
    {BAD, "{\"op_code\": 7, " W ", \"trial_id\": 0, \"step\": 0, \"intermediate_value\": nan}"},
    {BAD, "{\"op_code\": 7, " W ", \"trial_id\": 0, \"intermediate_value\": 1}"},
    {BAD, "{\"op_code\": 8, " W ", \"trial_id\": 0, \"user_attr\": {}}"},
    {BAD, "{\"op_code\": 2, " W ", \"study_id\": 0}"},
    {BAD, "{\"op_code\": 4, " W ", \"study_id\": 0}"},
    {BAD, "{\"op_code\": 4, " W ", \"study_id\": 0, \"datetime_start\": \"yesterday\"}"},
    {BAD, "{\"op_code\": 4, " W ", \"study_id\": 0, " START ", \"state\": 9}"},
    {BAD, "{\"op_code\": 4, " W ", \"study_id\": 0, " START ", \"params\": {\"x\": 1}}"},
    {BAD, "{\"op_code\": 6, " W ", \"trial_id\": 0, \"state\": 1, " END "}"},
    {BAD, "{\"op_code\": 6, " W ", \"trial_id\": 0, \"state\": 1, \"values\": [1]}"},
    {BAD, "{\"op_code\": 5, " W ", \"trial_id\": 0, \"param_name\": \"x\", "
          "\"param_value_internal\": 6, \"distribution\": " OPT "}"},
    {BAD, "{\"op_code\": 5, " W ", \"trial_id\": 0, \"param_name\": \"x\", "
          "\"param_value_internal\": 1, \"distribution\": \"{\\\"name\\\": \\\"Normal\\\"}\"}"},
    {BAD,
     "{\"op_code\": 5, " W ", \"trial_id\": 0, \"param_name\": \"x\", "
     "\"param_value_internal\": 1, \"distribution\": \"{\\\"name\\\": \\\"FloatDistribution\\\","
     " \\\"attributes\\\": {\\\"low\\\": 2, \\\"high\\\": 1}}\"}"},
};

static void test_each_line_is_judged(void **state)
{
    (void)state;
    const char *const base[] = {study0, trial0, NULL};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
        struct study *s = fold_all("ref", base);
        uint64_t version = s->version;
        fold(s, single[i].line);
        if ((s->n_refused == 1) != (single[i].outcome == REFUSED) ||
            (s->n_bad == 1) != (single[i].outcome == BAD) ||
            (s->version == version) !=
                (single[i].outcome == REFUSED || single[i].outcome == PASSED))
            fail_msg("refused %d, bad %d: %s", (int)s->n_refused, (int)s->n_bad, single[i].line);
        if (single[i].outcome == BAD) {
            assert_int_equal(s->first_bad_line, 3);
            assert_true(s->bad_reason[0] != 0);
        }
        assert_int_equal(s->n_lines, 3);
        study_free(s);
    }
}

static void test_finished_is_frozen(void **state)
{
    (void)state;
    static const char *const later[] = {
        "{\"op_code\": 6, " W ", \"trial_id\": 0, \"state\": 3, \"values\": null, " END "}",
        "{\"op_code\": 7, " W ", \"trial_id\": 0, \"step\": 0, \"intermediate_value\": 0}",
        "{\"op_code\": 8, " W ", \"trial_id\": 0, \"user_attr\": {\"who\": \"you\"}}",
        "{\"op_code\": 9, " W ", \"trial_id\": 0, \"system_attr\": {\"x\": 1}}",
        "{\"op_code\": 5, " W ", \"trial_id\": 0, \"param_name\": \"lr\", "
        "\"param_value_internal\": 0.05, \"distribution\": " LR "}",
    };
    struct study *s = fold_all(NULL, section_3);
    struct trial before = *study_trial(s, 0);
    for (size_t i = 0; i < 5; i++)
        fold(s, later[i]);
    assert_int_equal(s->n_refused, 5);
    assert_memory_equal(&before, study_trial(s, 0), sizeof before);
    study_free(s);
}

/* Ids run over the whole file, numbers over the study; a deleted study's id is not used again. */
static void test_ids_over_studies(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"op_code\": 0, " W ", \"study_name\": \"a\", \"directions\": [1]}",
        "{\"op_code\": 0, " W ", \"study_name\": \"a\", \"directions\": [1]}",
        "{\"op_code\": 0, " W ", \"study_name\": \"b\", \"directions\": [2]}",
        "{\"op_code\": 4, " W ", \"study_id\": 0, " START "}",
        "{\"op_code\": 4, " W ", \"study_id\": 1, " START "}",
        "{\"op_code\": 1, " W ", \"study_id\": 0}",
        "{\"op_code\": 4, " W ", \"study_id\": 0, " START "}",
        "{\"op_code\": 0, " W ", \"study_name\": \"a\", \"directions\": [1]}",
        "{\"op_code\": 4, " W ", \"study_id\": 2, " START "}",
        "{\"op_code\": 4, " W ", \"study_id\": 1, " START "}",
        "{\"op_code\": 7, " W ", \"trial_id\": 3, \"step\": 1, \"intermediate_value\": 0.5}",
        "{\"op_code\": 7, " W ", \"trial_id\": 2, \"step\": 1, \"intermediate_value\": 0.1}",
        NULL,
    };
    struct study *a = fold_all("a", lines), *b = fold_all("b", lines);
    assert_int_equal(a->study_id, 2);
    assert_int_equal(a->n_trials, 1);
    assert_int_equal(a->trials[0].id, 2);
    assert_true(a->trials[0].value == 0.1);
    assert_int_equal(b->study_id, 1);
    assert_int_equal(b->n_trials, 2);
    assert_int_equal(b->trials[1].id, 3);
    assert_int_equal(b->trials[1].number, 1);
    assert_true(b->trials[1].value == 0.5);
    assert_int_equal(b->direction, 2);
    assert_int_equal(a->n_refused, 2);
    study_free(a);
    study_free(b);
}

/* Op 5 is measured against the first trial that has the parameter; the long form is not. */
static void test_incompatible_parameters(void **state)
{
    (void)state;
    static const char *const lines[] = {
        study0,
        trial0,
        trial0,
        trial0,
        "{\"op_code\": 5, " W ", \"trial_id\": 1, \"param_name\": \"o\", "
        "\"param_value_internal\": 1, \"distribution\": " OPT "}",
        "{\"op_code\": 5, " W ", \"trial_id\": 2, \"param_name\": \"o\", "
        "\"param_value_internal\": 1, \"distribution\": " OPT2 "}",
        "{\"op_code\": 5, " W ", \"trial_id\": 0, \"param_name\": \"o\", "
        "\"param_value_internal\": 1, \"distribution\": " LR "}",
        "{\"op_code\": 4, " W ", \"study_id\": 0, " START ", \"params\": {\"o\": 0}, "
        "\"distributions\": {\"o\": " OPT2 "}}",
        NULL,
    };
    struct study *s = fold_all(NULL, lines);
    assert_int_equal(s->n_refused, 2);
    assert_int_equal(s->trials[1].config.set, 1);
    assert_int_equal(s->trials[2].config.set, 0);
    assert_int_equal(s->trials[0].config.set, 0);
    /* "adam" is index 0 there and 1 in the space that is known. */
    assert_int_equal(s->trials[3].config.set, 1);
    assert_true(s->trials[3].config.value[0] == 1);
    study_free(s);
}

static void test_best(void **state)
{
    (void)state;
    static const struct {
        int state;
        double value, loss;
        int64_t n_parameters;
    } rows[] = {
        {TRIAL_PRUNED, 0.01, 0.1, 10}, {TRIAL_COMPLETE, 0.2, 0.5, 10},
        {TRIAL_RUNNING, 0.2, 0.4, 90}, {TRIAL_COMPLETE, 0.2, 0.4, 50},
        {TRIAL_FAIL, 0.01, 0.1, 10},   {TRIAL_COMPLETE, 0.2, NAN, 1},
        {TRIAL_RUNNING, NAN, NAN, 1},
    };
    struct study *s = study_new(NULL);
    char line[600];
    fold(s, study0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fold(s, trial0);
        char value[32], loss[32];
        text_double(value, sizeof value, rows[i].value, false);
        text_double(loss, sizeof loss, rows[i].loss, false);
        fold(s, text_format(line, sizeof line,
                            "{\"op_code\": 8, " W ", \"trial_id\": %zu, \"user_attr\": "
                            "{\"run:parameters\": %lld}}",
                            i, (long long)rows[i].n_parameters));
        fold(s, text_format(line, sizeof line,
                            "{\"op_code\": 7, " W ", \"trial_id\": %zu, \"step\": 1, "
                            "\"intermediate_value\": %s, \"metrics\": {\"val_loss\": %s, "
                            "\"seconds\": 0.5}}",
                            i, value, loss));
        if (rows[i].state != TRIAL_RUNNING)
            fold(s, text_format(line, sizeof line,
                                "{\"op_code\": 6, " W ", \"trial_id\": %zu, \"state\": %d, "
                                "\"values\": [%s], " END "}",
                                i, rows[i].state, value));
    }
    assert_int_equal(s->best, 3);
    assert_ptr_equal(study_best(s), study_trial(s, 3));
    assert_true(study_better(s, &s->trials[2], &s->trials[1]));
    assert_true(study_better(s, &s->trials[1], &s->trials[5]));
    assert_false(study_better(s, &s->trials[0], &s->trials[1]));
    assert_false(study_better(s, &s->trials[6], &s->trials[1]));
    assert_true(study_better(s, &s->trials[1], NULL));
    assert_true(s->seconds_trained == 3.5);
    study_free(s);
}

static void test_continuation(void **state)
{
    (void)state;
    static const char *const lines[] = {
        study0,
        trial0,
        "{\"op_code\": 7, " W ", \"trial_id\": 0, \"step\": 1, \"intermediate_value\": 0.5, "
        "\"metrics\": {\"val_loss\": 1.5, \"seconds\": 2}}",
        "{\"op_code\": 7, " W ", \"trial_id\": 0, \"step\": 2, \"intermediate_value\": 0.4, "
        "\"metrics\": {\"val_loss\": 1.4, \"seconds\": 2}}",
        "{\"op_code\": 6, " W ", \"trial_id\": 0, \"state\": 1, \"values\": [0.4], " END "}",
        "{\"op_code\": 4, " W ", \"study_id\": 0, " START ", \"user_attrs\": {\"continues\": 0}, "
        "\"intermediate_values\": {\"1\": 0.5, \"2\": 0.4}}",
        "{\"op_code\": 7, " W ", \"trial_id\": 1, \"step\": 3, \"intermediate_value\": 0.3, "
        "\"metrics\": {\"val_loss\": 1.3}}",
        "{\"op_code\": 4, " W ", \"study_id\": 0, " START ", \"user_attrs\": {\"continues\": 2}}",
        NULL,
    };
    struct study *s = fold_all(NULL, lines);
    const struct trial *t = study_trial(s, 1);
    assert_int_equal(t->continues, 0);
    assert_int_equal(s->trials[0].continued_by, 1);
    assert_int_equal(t->n_inherited, 2);
    assert_int_equal(t->n_recorded, 1);
    assert_true(t->curve[1].metric[METRIC_VAL_LOSS] == 1.4);
    assert_int_equal(s->epochs_spent, 3);
    assert_int_equal(study_chain_last(s, 0), 1);
    assert_int_equal(study_chain_last(s, 1), 1);
    assert_int_equal(s->trials[2].continues, -1); /* itself: no chain */
    assert_true(study_objective_at(t, 2) == 0.4 && study_objective_at(t, 9) == 0.3);
    assert_true(isnan(study_objective_at(t, 0)));
    study_free(s);
}

static void test_events(void **state)
{
    (void)state;
    static const char *const lines[] = {
        study0,
        trial0,
        "{\"op_code\": 2, " W
        ", \"study_id\": 0, \"user_attr\": {\"event\": {\"seq\": 1, \"time\": "
        "5.5, \"who\": \"you\", \"what\": \"pause\", \"trial\": 0, \"say\": \"a\\u001bb\"}}}",
        "{\"op_code\": 2, " W
        ", \"study_id\": 0, \"user_attr\": {\"event\": {\"seq\": 2, \"what\": "
        "\"charge\", \"epochs\": 12, \"trial\": -1}}}",
        "{\"op_code\": 2, " W
        ", \"study_id\": 0, \"user_attr\": {\"event\": {\"seq\": 3, \"what\": "
        "\"test\", \"accuracy\": 0.9}}}",
        "{\"op_code\": 2, " W
        ", \"study_id\": 0, \"user_attr\": {\"event\": {\"seq\": 4, \"what\": "
        "\"q_update\", \"trial\": 0, \"situation\": \"s\", \"action\": \"lr/\", "
        "\"next_situation\": \"t\", \"old_q\": 0.12, \"alpha\": 0.2, \"reward\": 0.05, \"gamma\": "
        "1, "
        "\"next_best\": 0.31, \"new_q\": 0.168}}}",
        "{\"op_code\": 2, " W ", \"study_id\": 0, \"user_attr\": {\"event\": 7}}",
        NULL,
    };
    struct study *s = fold_all(NULL, lines);
    assert_int_equal(s->n_events, 5);
    assert_true(s->trials[0].paused);
    assert_string_equal(s->events[0].say, "a?b");
    assert_true(s->events[0].time_s == 5.5);
    assert_int_equal(s->epochs_spent, 12);
    assert_int_equal(s->tests_read, 1);
    assert_non_null(strstr(s->test_json, "0.9"));
    assert_int_equal(s->n_updates, 1);
    assert_true(s->updates[0].new_q == 0.168 && s->updates[0].next_best == 0.31);
    assert_string_equal(s->updates[0].next_situation, "t");
    assert_int_equal(s->events[4].trial, -1);
    study_free(s);
}

/* A foreign attribute named "space" is none of ours: passed over, whatever stands in it. */
static void test_foreign_space(void **state)
{
    (void)state;
    static const char *const values[] = {
        "7",
        "[1]",
        "{}",
        "{\"x\": 1}",
        "{\"x\": {\"name\": \"FloatDistribution\", \"attributes\": {\"low\": 0, \"high\": 1, "
        "\"log\": true, \"step\": null}}}",
        "{\"x\": {\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": "
        "[\"a choice that is much longer than any choice that people type\"]}}}",
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct study *s = study_new(NULL);
        char line[600];
        fold(s, study0);
        fold(s, text_format(line, sizeof line,
                            "{\"op_code\": 2, " W ", \"study_id\": 0, \"user_attr\": {\"space\": "
                            "%s}}",
                            values[i]));
        assert_int_equal(s->n_bad, 0);
        assert_false(s->space_declared);
        assert_int_equal(s->space.n, 0);
        study_free(s);
    }
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool utc;
        double start_s; /* 0: local, not compared */
    } rows[] = {
        {"2026-11-24T11:20:18.500000+00:00", true, 1795519218.5},
        {"2026-11-24T13:20:18.500000+02:00", true, 1795519218.5},
        {"2026-11-24T11:20:18", false, 0},
    };
    for (size_t i = 0; i < 3; i++) {
        struct study *s = study_new(NULL);
        char line[300];
        fold(s, study0);
        fold(s, text_format(line, sizeof line,
                            "{\"op_code\": 4, " W ", \"study_id\": 0, \"datetime_start\": \"%s\"}",
                            rows[i].text));
        assert_int_equal(s->utc_times, rows[i].utc);
        assert_int_equal(s->n_trials, 1);
        if (rows[i].start_s > 0)
            assert_true(s->trials[0].start_s == rows[i].start_s);
        study_free(s);
    }
}

/* What we write in local time is read back as the same second, on both sides of a change of clocks.
 */
static void test_local_times(void **state)
{
    (void)state;
    static const char *const zones[] = {"UTC0", "Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3",
                                        "America/St_Johns", "IST-5:30"};
    const char *kept = getenv("TZ");
    for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
        setenv("TZ", zones[z], 1);
        tzset();
        for (double when = 1.79e9; when < 1.83e9; when += 1234567.25) {
            char iso[40], line[300];
            struct study *s = study_new(NULL);
            clock_iso(iso, when, false);
            fold(s, study0);
            fold(s, text_format(line, sizeof line,
                                "{\"op_code\": 4, " W ", \"study_id\": 0, \"datetime_start\": "
                                "\"%s\"}",
                                iso));
            if (fabs(s->trials[0].start_s - when) > 1e-5)
                fail_msg("%s in %s is %f, not %f", iso, zones[z], s->trials[0].start_s, when);
            study_free(s);
        }
    }
    if (kept)
        setenv("TZ", kept, 1);
    else
        unsetenv("TZ");
    tzset();
}

/* Memory may run out at any allocation: the line is not counted, and folding it again works. */
static void test_out_of_memory(void **state)
{
    (void)state;
    struct study *whole = fold_all(NULL, section_3);
    for (long after = 0;; after++) {
        struct study *s = study_new(NULL);
        bool failed = false;
        mem_fail_after(after);
        for (size_t i = 0; section_3[i]; i++) {
            enum err err = study_fold(s, section_3[i], strlen(section_3[i]));
            if (err == ERR_OK)
                continue;
            assert_int_equal(err, ERR_MEMORY);
            failed = true;
            fold(s, section_3[i]);
        }
        mem_fail_after(-1);
        assert_int_equal(s->n_lines, whole->n_lines);
        assert_int_equal(s->n_trials, whole->n_trials);
        assert_int_equal(s->next_trial_id, whole->next_trial_id);
        assert_int_equal(s->n_bad + s->n_refused, 0);
        for (size_t k = 0; k < s->n_trials; k++) {
            assert_int_equal(s->trials[k].n_epochs, whole->trials[k].n_epochs);
            assert_int_equal(s->trials[k].config.set, whole->trials[k].config.set);
        }
        study_free(s);
        if (!failed && after > 20)
            break;
    }
    study_free(whole);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_reading_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/tiller-fold-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct err_info info = {0};
    struct study *s;
    struct text text = {0};
    for (size_t i = 0; section_3[i]; i++)
        text_appendf(&text, "%s\n", section_3[i]);
    text_append(&text, "{\"op_code\": 7, "); /* torn: not used */
    write_file(path, text_get(&text));
    assert_int_equal(study_read(path, NULL, &s, &info), ERR_OK);
    assert_int_equal(s->n_trials, 3);
    assert_int_equal(s->n_bad, 0);
    study_free(s);
    assert_int_equal(study_read(path, "none", &s, &info), ERR_INPUT);
    assert_null(s);
    write_file(path, "a,b\n1,2\n");
    assert_int_equal(study_read(path, NULL, &s, &info), ERR_INPUT);
    assert_non_null(strstr(info.where, ":1"));
    write_file(path, "");
    assert_int_equal(study_read(path, NULL, &s, &info), ERR_INPUT);
    unlink(path);
    assert_int_equal(study_read(path, NULL, &s, &info), ERR_IO);
    text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_of_optuna),
        cmocka_unit_test(test_each_line_is_judged),
        cmocka_unit_test(test_finished_is_frozen),
        cmocka_unit_test(test_ids_over_studies),
        cmocka_unit_test(test_incompatible_parameters),
        cmocka_unit_test(test_best),
        cmocka_unit_test(test_continuation),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_local_times),
        cmocka_unit_test(test_foreign_space),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_reading_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* If this fails, `tiller learn` makes knowledge of other numbers than stand in the files it is
 * given: recordings, tables of curves, past searches of ours and journals of Optuna. Runs the real
 * program on small files that are made here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/spawn.h"
#include "tiller/learn.h"

/* ---- recordings and our own searches ------------------------------------------------------- */

/* Runs `learn SOURCE ... -o FILE`; the status. */
static int learn_from(const char *a, const char *b, const char *out, struct spawned *s)
{
    const char *argv[] = {spawn_tiller(), "learn", "-o", out, a, b, NULL};
    return spawn_run(s, argv, NULL, 120);
}

static void knowledge_is_learnt_from_recordings_and_searches(void **state)
{
    (void)state;
    char place[64], log[96], out[96], study[96];
    struct knowledge *k;
    struct spawned s;
    assert_non_null(spawn_make_folder(place));
    assert_true(file_join(log, sizeof log, place, "vowel.study.jsonl"));
    assert_true(file_join(out, sizeof out, place, "k.json"));
    assert_true(file_join(study, sizeof study, place, "mine.jsonl"));
    const char *record[] = {
        spawn_tiller(), "learn", "--record",  "data/vowel", "data/ionosphere", "--configs", "4",
        "--own",        "1",     "--repeats", "0",          "--epochs",        "6",         "--out",
        place,          NULL};
    const char *search[] = {spawn_tiller(),
                            "run",
                            "data/pima-diabetes",
                            "--trials",
                            "3",
                            "--epochs-per-trial",
                            "2",
                            "--plain",
                            "--no-test",
                            "--study",
                            study,
                            NULL};
    assert_int_equal(spawn_run(&s, record, NULL, 120), 0);
    spawn_free(&s);
    if (spawn_run(&s, search, NULL, 120) != 0)
        fail_msg("%s", text_get(&s.err));
    spawn_free(&s);
    if (learn_from(place, study, out, &s) != 0)
        fail_msg("%s", text_get(&s.err));
    assert_non_null(strstr(text_get(&s.out), "3 tasks of 3 families, 2 of them with the same 8"));
    assert_non_null(strstr(text_get(&s.out), "portfolio: regret in time"));
    assert_non_null(strstr(text_get(&s.err), "learning: step"));
    spawn_free(&s);
    assert_int_equal(knowledge_open(out, &k, NULL), ERR_OK);
    assert_true(k->task[0].has_looks && k->task[1].is_shared && k->task[2].by_user);
    assert_int_equal(k->task[2].n_runs, 3);
    assert_int_equal(k->n_advice, 4);
    knowledge_free(k);
    if (learn_from(log, NULL, out, &s) != 0) /* one log alone: nothing to leave out */
        fail_msg("%s", text_get(&s.err));
    spawn_free(&s);
    assert_int_equal(knowledge_open(out, &k, NULL), ERR_OK);
    assert_int_equal(k->n_advice, 1);
    knowledge_free(k);
    assert_int_equal(learn_from(log, place, out, &s), 2); /* the same task twice */
    assert_non_null(strstr(text_get(&s.err), "is there already"));
    spawn_free(&s);
    spawn_remove_folder(place);
}

/* ---- a table of curves --------------------------------------------------------------------- */

enum { CONFIGS = 30, USED = 12, EPOCHS = 8, TASKS = 4, FAMILIES = 3 };

static char folder[64], table[96], known[96];
static double rate[CONFIGS], dropout[CONFIGS];

static const char *in_folder(const char *file, char out[static 128])
{
    assert_true(file_join(out, 128, folder, file));
    return out;
}

static void write_file(const char *file, struct text *content)
{
    char path[128];
    struct err_info info = {0};
    assert_false(content->failed);
    if (file_write_atomic(in_folder(file, path), text_get(content), content->length, &info) !=
        ERR_OK)
        fail_msg("%s", info.detail);
    text_free(content);
}

/* Curves fall to their end in epoch 6 and rise again. */
static double error_at(int task, int config, int epoch)
{
    double far = log10(rate[config]) + 2 - 0.3 * task;
    double ends = 0.05 + 0.05 * far * far + 0.1 * dropout[config];
    return ends + 0.02 * fabs(epoch - 6.0);
}

/* Tasks 0 and 3 are of one family. */
static int set_up(void **state)
{
    (void)state;
    struct text configs = {0}, curves = {0};
    struct rng rng;
    rng_seed(&rng, 4, 2);
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(table, sizeof table, folder, "made"));
    assert_true(file_join(known, sizeof known, folder, "k.json"));
    text_append(&configs, "config_id,learning_rate,dropout\n");
    text_append(&curves, "task,config_id,family,e1,e2,e3,e4,e5,e6,e7,e8\n");
    for (int i = 0; i < CONFIGS; i++) {
        rate[i] = pow(10, -4 + 3 * rng_uniform(&rng));
        dropout[i] = 0.5 * rng_uniform(&rng);
        text_appendf(&configs, "%d,%.17g,%.17g\n", i, rate[i], dropout[i]);
        for (int t = 0; t < TASKS; t++) {
            text_appendf(&curves, "task%d,%d,family%d", t, i, t % FAMILIES);
            for (int e = 1; e <= EPOCHS; e++)
                text_appendf(&curves, ",%.17g", error_at(t, i, e));
            text_append_char(&curves, '\n');
        }
    }
    write_file("made-configs.csv", &configs);
    write_file("made-curves.csv", &curves);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    spawn_remove_folder(folder);
    return 0;
}

/* Runs `learn --table MADE --configs USED -o KNOWN` with these studies; the knowledge. */
static struct knowledge *learn_table(const char *first, const char *second)
{
    const char *argv[] = {spawn_tiller(), "learn", "--table", table,  "--configs", "12",
                          "-o",           known,   first,     second, NULL};
    struct spawned s;
    struct knowledge *k;
    if (spawn_run(&s, argv, NULL, 120) != 0)
        fail_msg("%s", text_get(&s.err));
    spawn_free(&s);
    assert_int_equal(knowledge_open(known, &k, NULL), ERR_OK);
    return k;
}

static void assert_near(double a, double b)
{
    if (!(fabs(a - b) < 2e-4))
        fail_msg("%.9g, not %.9g", a, b);
}

/* Where a configuration lies in what is known. */
static void assert_place(const struct knowledge *k, const double *unit, double learning_rate,
                         double drop)
{
    struct configuration c;
    double expected[SPACE_MAX];
    space_default(&k->space, &c);
    c.value[space_find(&k->space, "learning_rate")] = learning_rate;
    c.value[space_find(&k->space, "dropout")] = drop;
    space_encode(&k->space, &c, expected);
    for (int d = 0; d < k->n_dims; d++)
        assert_near(unit[d], expected[d]);
}

static void a_table_is_known_by_its_own_numbers(void **state)
{
    (void)state;
    struct knowledge *k = learn_table(NULL, NULL);
    assert_int_equal(k->n_tasks, TASKS);
    assert_int_equal(k->n_families, FAMILIES);
    assert_int_equal(k->n_advice, FAMILIES + 1);
    assert_int_equal(k->n_used, USED);
    for (int t = 0; t < TASKS; t++) {
        const struct knowledge_task *task = &k->task[t];
        char name[16];
        text_format(name, sizeof name, "task%d", t);
        assert_string_equal(task->name, name);
        assert_int_equal(task->family, k->task[t % FAMILIES].family);
        assert_true(task->is_shared && !task->by_user && !task->has_looks);
        assert_int_equal(task->n_runs, USED);
        assert_int_equal(task->full_epochs, EPOCHS);
        for (int i = 0; i < USED; i++) {
            int config = k->used[i];
            assert_true(config < CONFIGS && (i == 0 || config > k->used[i - 1]));
            assert_near(task->log_error[i], log(error_at(t, config, 6) + 0.002));
            assert_place(k, task->unit + (size_t)i * (size_t)k->n_dims, rate[config],
                         dropout[config]);
        }
    }
    knowledge_free(k);
}

static void a_table_goes_with_no_recording(void **state)
{
    (void)state;
    char log[128];
    struct spawned s;
    const char *record[] = {spawn_tiller(), "learn", "--record",  "data/vowel", "--configs", "2",
                            "--own",        "0",     "--repeats", "0",          "--epochs",  "2",
                            "--out",        folder,  NULL};
    if (spawn_run(&s, record, NULL, 120) != 0)
        fail_msg("%s", text_get(&s.err));
    spawn_free(&s);
    const char *both[] = {spawn_tiller(),
                          "learn",
                          "--table",
                          table,
                          "-o",
                          known,
                          in_folder("vowel.study.jsonl", log),
                          NULL};
    assert_int_equal(spawn_run(&s, both, NULL, 120), 2);
    assert_non_null(strstr(text_get(&s.err), "a table have nothing in common"));
    spawn_free(&s);
}

/* ---- journals of Optuna -------------------------------------------------------------------- */

enum { TRIALS = 5 };

#define WORKER "\"worker_id\": \"9b2c7f7e-1-2\""

static void put_parameter(struct text *t, int trial, const char *name, double value,
                          const char *low, const char *high, const char *log)
{
    text_appendf(t,
                 "{\"op_code\": 5, " WORKER ", \"trial_id\": %d, \"param_name\": \"%s\", "
                 "\"param_value_internal\": %.17g, \"distribution\": \"{\\\"name\\\": "
                 "\\\"FloatDistribution\\\", \\\"attributes\\\": {\\\"step\\\": null, \\\"low\\\": "
                 "%s, \\\"high\\\": %s, \\\"log\\\": %s}}\"}\n",
                 trial, name, value, low, high, log);
}

/* state: 1 complete, 2 pruned after an epoch, 3 failed. */
static void put_trial(struct text *t, int trial, int state, double value)
{
    text_append(t, "{\"op_code\": 4, " WORKER ", \"study_id\": 0, \"datetime_start\": "
                   "\"2026-11-25T16:22:14.490240\"}\n");
    put_parameter(t, trial, "learning_rate", rate[trial], "0.0001", "0.1", "true");
    put_parameter(t, trial, "dropout", dropout[trial], "0.0", "0.5", "false");
    if (state == 2)
        text_appendf(t,
                     "{\"op_code\": 7, " WORKER ", \"trial_id\": %d, \"step\": 1, "
                     "\"intermediate_value\": %.17g}\n",
                     trial, value);
    text_appendf(t, "{\"op_code\": 6, " WORKER ", \"trial_id\": %d, \"state\": %d, \"values\": ",
                 trial, state);
    if (state == 3)
        text_append(t, "null");
    else
        text_appendf(t, "[%.17g]", value);
    text_append(t, ", \"datetime_complete\": \"2026-11-25T16:22:15.502727\"}\n");
}

/* As Optuna 3.1 writes it: one study, the third trial pruned, the fourth failed. */
static void write_journal(const char *file, const char *study, int direction, const double *value)
{
    static const int state[TRIALS] = {1, 1, 2, 3, 1};
    struct text t = {0};
    text_appendf(&t, "{\"op_code\": 0, " WORKER ", \"study_name\": \"%s\", \"directions\": [%d]}\n",
                 study, direction);
    for (int i = 0; i < TRIALS; i++)
        put_trial(&t, i, state[i], value[i]);
    write_file(file, &t);
}

/* What is maximised is a share, what is minimised an error; finished trials alone count, and
 * nobody's advice is changed by them. */
static void journals_are_tasks_of_their_own(void **state)
{
    (void)state;
    static const double error[TRIALS] = {0.25, 0.125, 0.01, 0.01, 0.5};
    static const double accuracy[TRIALS] = {0.75, 0.875, 0.99, 0.99, 0.5};
    static const int ended[] = {0, 1, 4};
    char low[128], high[128];
    struct knowledge *alone = learn_table(NULL, NULL);
    write_journal("low.log", "errors", 1, error);
    write_journal("high.log", "shares", 2, accuracy);
    struct knowledge *k = learn_table(in_folder("low.log", low), in_folder("high.log", high));
    assert_int_equal(k->n_tasks, TASKS + 2);
    for (int j = 0; j < 2; j++) {
        const struct knowledge_task *task = &k->task[TASKS + j];
        assert_string_equal(task->name, j ? "shares" : "errors");
        assert_string_equal(task->origin, j ? "high.log" : "low.log");
        assert_true(task->by_user && !task->is_shared);
        assert_true(task->majority_error == 0.5);
        assert_int_equal(task->n_runs, 3);
        for (int i = 0; i < 3; i++) {
            assert_near(task->log_error[i], log(error[ended[i]] + 0.002));
            assert_place(k, task->unit + (size_t)i * (size_t)k->n_dims, rate[ended[i]],
                         dropout[ended[i]]);
        }
    }
    struct spawned s;
    assert_int_equal(learn_from(low, low, in_folder("twice.json", high), &s), 2);
    assert_non_null(strstr(text_get(&s.err), "is named twice"));
    spawn_free(&s);
    for (int i = 0; i < k->n_advice && i < alone->n_advice; i++)
        assert_memory_equal(&k->advice[i].ranker.portfolio, &alone->advice[i].ranker.portfolio,
                            sizeof k->advice[i].ranker.portfolio);
    knowledge_free(k);
    knowledge_free(alone);
}

static void what_is_no_error_is_refused(void **state)
{
    (void)state;
    static const struct {
        int direction;
        double value;
        const char *says;
    } rows[] = {{1, -0.5, "minimises what is below 0"}, {2, 80, "maximises what is no share"}};
    char journal[128];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value[TRIALS] = {0.5, 0.5, 0.5, 0.5, rows[i].value};
        struct spawned s;
        write_journal("odd.log", "odd", rows[i].direction, value);
        const char *argv[] = {spawn_tiller(),
                              "learn",
                              "--table",
                              table,
                              "-o",
                              known,
                              in_folder("odd.log", journal),
                              NULL};
        assert_int_not_equal(spawn_run(&s, argv, NULL, 120), 0);
        if (!strstr(text_get(&s.err), rows[i].says))
            fail_msg("'%s' is not in: %s", rows[i].says, text_get(&s.err));
        spawn_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knowledge_is_learnt_from_recordings_and_searches),
        cmocka_unit_test(a_table_is_known_by_its_own_numbers),
        cmocka_unit_test(a_table_goes_with_no_recording),
        cmocka_unit_test(journals_are_tasks_of_their_own),
        cmocka_unit_test(what_is_no_error_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

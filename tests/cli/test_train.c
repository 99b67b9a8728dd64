/* If this fails, `tiller train` says something else than the manual: members, status,
 * repeatability. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "../support/spawn.h"
#include "tiller/engine.h"

static int run(struct spawned *s, const char *const *words)
{
    const char *argv[20] = {spawn_tiller(), "train"};
    for (size_t i = 0; i < 16 && words[i]; i++)
        argv[i + 2] = words[i];
    return spawn_run(s, argv, NULL, 120);
}
#define WORDS(...)                                                                                 \
    (const char *const[17])                                                                        \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static cJSON *parsed(const char *text, size_t n)
{
    cJSON *doc;
    struct err_info info;
    if (json_parse(text, n, "stdout", &doc, &info) != ERR_OK)
        fail_msg("%s: %.*s", info.detail, (int)n, text);
    return doc;
}

/* Exactly these members, in this order. */
static void assert_members(const cJSON *object, const char *const *names, size_t n)
{
    const cJSON *item = object->child;
    for (size_t i = 0; i < n; i++, item = item->next) {
        assert_non_null(item);
        assert_string_equal(item->string, names[i]);
    }
    assert_null(item);
}
#define ASSERT_MEMBERS(object, ...)                                                                \
    do {                                                                                           \
        static const char *const names[] = {__VA_ARGS__};                                          \
        assert_members(object, names, sizeof names / sizeof *names);                               \
    } while (0)

static double number(const cJSON *object, const char *name)
{
    double value = NAN;
    assert_true(json_get_number(object, name, &value));
    return value;
}

static void assert_epoch(const cJSON *epoch, int expected)
{
    ASSERT_MEMBERS(epoch, "epoch", "train_loss", "val_loss", "val_accuracy", "val_precision",
                   "val_recall", "val_f1");
    assert_int_equal((int)number(epoch, "epoch"), expected);
    assert_true(number(epoch, "train_loss") > 0 && number(epoch, "val_loss") > 0);
    static const char *const shares[] = {"val_accuracy", "val_precision", "val_recall", "val_f1"};
    for (size_t i = 0; i < 4; i++)
        assert_true(number(epoch, shares[i]) >= 0 && number(epoch, shares[i]) <= 1);
}

/* The matrix of 11 vowels: its diagonal's share is the accuracy. */
static void assert_test_figures(const cJSON *test)
{
    ASSERT_MEMBERS(test, "loss", "accuracy", "precision", "recall", "f1", "confusion");
    const cJSON *matrix = json_get(test, "confusion");
    double right = 0, all = 0;
    assert_int_equal(cJSON_GetArraySize(matrix), 11);
    for (int i = 0; i < 11; i++) {
        const cJSON *row = cJSON_GetArrayItem(matrix, i);
        assert_int_equal(cJSON_GetArraySize(row), 11);
        for (int j = 0; j < 11; j++)
            all += cJSON_GetArrayItem(row, j)->valuedouble;
        right += cJSON_GetArrayItem(row, i)->valuedouble;
    }
    assert_true(all >= 190 && all <= 206); /* 20 % of 990 rows */
    assert_true(fabs(right / all - number(test, "accuracy")) < 1e-12);
}

static void one_object_with_the_members_of_the_manual(void **state)
{
    (void)state;
    struct spawned s;
    assert_int_equal(run(&s, WORDS("data/vowel", "units=32", "learning_rate=0.01", "--epochs", "4",
                                   "--rng-seed", "3", "--json")),
                     0);
    cJSON *doc = parsed(text_get(&s.out), s.out.length);
    ASSERT_MEMBERS(doc, "task", "params", "epochs", "test", "seconds", "samples_per_second");
    assert_string_equal(json_get_string(doc, "task"), "vowel");
    const cJSON *params = json_get(doc, "params");
    assert_true(number(params, "units") == 32 && number(params, "learning_rate") == 0.01);
    assert_string_equal(json_get_string(params, "optimizer"), "adam");
    assert_null(json_get(params, "momentum")); /* has no part under Adam */
    const cJSON *epochs = json_get(doc, "epochs");
    assert_int_equal(cJSON_GetArraySize(epochs), 4);
    for (int i = 0; i < 4; i++)
        assert_epoch(cJSON_GetArrayItem(epochs, i), i + 1);
    assert_test_figures(json_get(doc, "test"));
    assert_true(number(doc, "seconds") > 0 && number(doc, "samples_per_second") > 0);
    json_free(doc);
    assert_non_null(strstr(text_get(&s.err), "epoch 4/4"));
    spawn_free(&s);
}

/* The text before "seconds", which is where a run's clock begins to speak. */
static size_t repeatable_part(const struct spawned *s)
{
    const char *seconds = strstr(text_get(&s->out), "\"seconds\"");
    assert_non_null(seconds);
    return (size_t)(seconds - text_get(&s->out));
}

static void twice_the_same_text_but_for_the_times(void **state)
{
    (void)state;
    struct spawned a, b, c;
    assert_int_equal(run(&a, WORDS("data/vowel", "--epochs", "3", "--rng-seed", "7", "--json")), 0);
    assert_int_equal(run(&b, WORDS("data/vowel", "--epochs", "3", "--rng-seed", "7", "--json")), 0);
    assert_int_equal(run(&c, WORDS("data/vowel", "--epochs", "3", "--rng-seed", "8", "--json")), 0);
    size_t n = repeatable_part(&a);
    assert_int_equal(n, repeatable_part(&b));
    assert_memory_equal(text_get(&a.out), text_get(&b.out), n);
    assert_true(repeatable_part(&c) != n || memcmp(text_get(&a.out), text_get(&c.out), n) != 0);
    spawn_free(&a);
    spawn_free(&b);
    spawn_free(&c);
}

static int count_lines(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void a_line_per_epoch_and_one_for_the_test(void **state)
{
    (void)state;
    struct spawned s;
    assert_int_equal(run(&s, WORDS("data/vowel", "--epochs", "3", "--json-lines")), 0);
    assert_int_equal(count_lines(text_get(&s.out)), 4);
    const char *line = text_get(&s.out);
    for (int i = 0; i < 4; i++) {
        size_t n = strcspn(line, "\n");
        cJSON *doc = parsed(line, n);
        if (i < 3)
            assert_epoch(doc, i + 1);
        else
            assert_test_figures(json_get(doc, "test"));
        json_free(doc);
        line += n + 1;
    }
    spawn_free(&s);
    assert_int_equal(run(&s, WORDS("data/vowel", "--epochs", "3", "--json-lines", "--no-test")), 0);
    assert_int_equal(count_lines(text_get(&s.out)), 3);
    spawn_free(&s);
    assert_int_equal(run(&s, WORDS("data/vowel", "--epochs", "2", "--json", "--no-test")), 0);
    assert_non_null(strstr(text_get(&s.out), "\"test\": null"));
    spawn_free(&s);
}

static void people_get_a_matrix_with_names(void **state)
{
    (void)state;
    struct spawned s;
    assert_int_equal(run(&s, WORDS("data/vowel", "--epochs", "2")), 0);
    const char *out = text_get(&s.out);
    assert_non_null(strstr(out, "test: "));
    assert_non_null(strstr(out, "confusion matrix"));
    assert_non_null(strstr(out, "hid"));
    spawn_free(&s);
    assert_int_equal(run(&s, WORDS("data/vowel", "--epochs", "2", "--no-test")), 0);
    assert_null(strstr(text_get(&s.out), "confusion"));
    spawn_free(&s);
}

/* A million epochs, interrupted after the first: what was reached is printed, status 130. */
static void a_signal_ends_it_cleanly(void **state)
{
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < 3; i++) {
        const char *argv[] = {
            spawn_tiller(),           "train", "data/vowel", "--epochs", "1000000",
            i ? "--plain" : "--json", NULL};
        struct spawned s;
        assert_true(spawn_start(&s, argv, NULL));
        assert_true(spawn_wait_text(&s, "epoch       1/1000000", false, 60));
        kill(s.pid, signals[i]);
        assert_int_equal(spawn_finish(&s, 60), 130);
        assert_non_null(strstr(text_get(&s.err), "interrupted"));
        if (i == 0) {
            cJSON *doc = parsed(text_get(&s.out), s.out.length);
            assert_true(cJSON_GetArraySize(json_get(doc, "epochs")) >= 1);
            assert_true(cJSON_IsNull(json_get(doc, "test")));
            json_free(doc);
        } else {
            assert_non_null(strstr(text_get(&s.out), "validation: "));
        }
        spawn_free(&s);
    }
}

static struct net_weights *open_weights(const char *path)
{
    struct net_weights *w;
    struct err_info info = {0};
    if (net_weights_open(path, &w, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    return w;
}

/* The network of the file on the validation rows, as the file says it was judged. */
static void assert_judged_as_said(const struct net_weights *w, const cJSON *metadata)
{
    const struct data_options options = {0};
    struct data_set *set;
    struct training *t;
    struct net_metrics m;
    struct err_info info = {0};
    assert_int_equal(data_open("data/vowel.csv", &options, &set, &info), ERR_OK);
    assert_int_equal(net_restore(w, &t, &info), ERR_OK);
    struct net_rows rows = net_rows_of(set, DATA_VALIDATION);
    assert_int_equal(net_evaluate(t, &rows, &m, NULL, NULL), ERR_OK);
    const cJSON *metrics = json_get(metadata, "metrics");
    assert_true(number(metrics, "val_accuracy") == m.accuracy);
    assert_true(fabs(number(metrics, "val_loss") - m.loss) < 1e-6);
    assert_null(json_get(metrics, "val_auc")); /* of two classes only */
    net_free(t);
    data_free(set);
}

/* After the last epoch, and after the last whole one when it is interrupted. */
static void saved_weights_are_the_last_epoch_s(void **state)
{
    (void)state;
    char folder[64], path[128];
    net_init();
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(path, sizeof path, folder, "vowel.safetensors"));
    for (int interrupted = 0; interrupted < 2; interrupted++) {
        const char *argv[] = {spawn_tiller(), "train",    "data/vowel",
                              "units=24",     "--epochs", interrupted ? "1000000" : "3",
                              "--rng-seed",   "5",        "--json-lines",
                              "--save",       path,       NULL};
        struct spawned s;
        assert_true(spawn_start(&s, argv, NULL));
        if (interrupted && spawn_wait_text(&s, "\n", true, 60))
            kill(s.pid, SIGINT);
        assert_int_equal(spawn_finish(&s, 60), interrupted ? 130 : 0);
        struct net_weights *w = open_weights(path);
        const char *json = net_weights_metadata(w);
        cJSON *metadata = parsed(json, strlen(json));
        char said[48];
        text_format(said, sizeof said, "weights of epoch %d: ", (int)number(metadata, "epoch"));
        assert_non_null(strstr(text_get(&s.err), said));
        assert_true(interrupted || number(metadata, "epoch") == 3);
        assert_true(number(metadata, "rng_seed") == 5);
        assert_true(cJSON_IsNull(json_get(metadata, "trial")));
        assert_judged_as_said(w, metadata);
        assert_string_equal(json_get_string(json_get(metadata, "encoder"), "name"), "vowel");
        json_free(metadata);
        net_weights_free(w);
        spawn_free(&s);
    }
    spawn_remove_folder(folder);
}

/* The metrics that a task has, and no others, in the epochs, the test and the lines for people. */
static void every_task_has_its_metrics(void **state)
{
    (void)state;
    static const struct {
        const char *words[5];
        const char *metrics[8];
    } rows[] = {
        {{"data/vowel"}, {"loss", "accuracy", "precision", "recall", "f1"}},
        {{"data/pima-diabetes.csv"},
         {"loss", "accuracy", "precision", "recall", "f1", "auc", "average_precision"}},
        {{"data/pima-diabetes.csv", "--target", "age"}, {"loss", "mse", "mae", "r2"}},
        {{"data/pima-diabetes.csv", "--target", "pregnant", "--task", "regression"},
         {"loss", "mse", "mae", "r2"}},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct spawned s;
        const char *words[17] = {"--epochs", "2", "--json"};
        for (size_t i = 0; i < 5; i++)
            words[3 + i] = rows[r].words[i];
        assert_int_equal(run(&s, words), 0);
        cJSON *doc = parsed(text_get(&s.out), s.out.length);
        const cJSON *epoch = json_get(doc, "epochs")->child->child->next->next; /* val_loss */
        const cJSON *test = json_get(doc, "test"), *figure = test->child;
        for (size_t i = 0; i < 8 && rows[r].metrics[i]; i++) {
            char name[48];
            assert_string_equal(epoch->string,
                                text_format(name, sizeof name, "val_%s", rows[r].metrics[i]));
            assert_string_equal(figure->string, rows[r].metrics[i]);
            assert_non_null(strstr(text_get(&s.err), rows[r].metrics[i]));
            epoch = epoch->next;
            figure = figure->next;
        }
        assert_null(epoch);
        bool numbers = strcmp(rows[r].metrics[1], "mse") == 0;
        assert_true(numbers ? figure == NULL : strcmp(figure->string, "confusion") == 0);
        json_free(doc);
        spawn_free(&s);
    }
}

/* Mean squared error in the label's unit is that of the standardised label times its variance;
 * always answering the mean has an R2 of 0. */
static void numbers_are_judged_in_their_own_unit(void **state)
{
    (void)state;
    struct spawned s;
    struct data_set *set;
    struct err_info info = {0};
    const struct data_options options = {.target = "age"};
    assert_int_equal(data_open("data/pima-diabetes.csv", &options, &set, &info), ERR_OK);
    assert_int_equal(
        run(&s, WORDS("data/pima-diabetes.csv", "--target", "age", "--epochs", "30", "--json")), 0);
    cJSON *doc = parsed(text_get(&s.out), s.out.length);
    const cJSON *test = json_get(doc, "test");
    double variance = set->target_scale * set->target_scale, mse = number(test, "mse");
    assert_true(fabs(mse - number(test, "loss") * variance) < 1e-9 * mse);
    assert_true(number(test, "r2") > 0.2 && number(test, "r2") < 0.9);
    assert_true(number(test, "mae") < sqrt(mse) && number(test, "mae") > 3);
    json_free(doc);
    data_free(set);
    spawn_free(&s);
}

/* Trained on the rows of both parts, judged on the test rows alone. */
static void a_refit_has_no_validation_figures(void **state)
{
    (void)state;
    struct spawned s;
    assert_int_equal(run(&s, WORDS("data/vowel", "--epochs", "2", "--refit", "--json")), 0);
    cJSON *doc = parsed(text_get(&s.out), s.out.length);
    ASSERT_MEMBERS(json_get(doc, "epochs")->child, "epoch", "train_loss");
    assert_test_figures(json_get(doc, "test"));
    assert_non_null(strstr(text_get(&s.err), "792 training and validation rows"));
    assert_null(strstr(text_get(&s.err), "val "));
    json_free(doc);
    spawn_free(&s);
    assert_int_equal(run(&s, WORDS("data/vowel", "--epochs", "2", "--refit")), 0);
    assert_non_null(strstr(text_get(&s.out), "validation: no figures"));
    spawn_free(&s);
}

/* Ended at the batch where it happened, told so, and nothing is saved. */
static void a_divergence_is_told(void **state)
{
    (void)state;
    char folder[64], path[128];
    struct spawned s;
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(path, sizeof path, folder, "lost.safetensors"));
    assert_int_equal(
        run(&s, WORDS("data/pima-diabetes.csv", "--target", "age", "optimizer=sgd", "momentum=0.99",
                      "learning_rate=0.1", "num_layers=4", "units=256", "--save", path)),
        1);
    assert_non_null(strstr(text_get(&s.err), "diverged: "));
    assert_non_null(strstr(text_get(&s.err), " became infinite or not a number in "));
    assert_false(file_exists(path));
    spawn_free(&s);
    assert_int_equal(
        run(&s, WORDS("data/pima-diabetes.csv", "--target", "age", "optimizer=sgd", "momentum=0.99",
                      "learning_rate=0.1", "num_layers=4", "units=256", "--json-lines")),
        1);
    const char *last = strstr(text_get(&s.out), "{\"task\"");
    assert_non_null(last);
    cJSON *doc = parsed(last, strlen(last));
    assert_non_null(strstr(json_get_string(doc, "diverged"), " became infinite or not a number"));
    assert_true(cJSON_IsNull(json_get(doc, "test")));
    json_free(doc);
    spawn_free(&s);
    spawn_remove_folder(folder);
}

/* In the form of the file; of the same classes all is carried, and the first epoch is better. */
static void it_starts_from_weights(void **state)
{
    (void)state;
    char folder[64], path[128];
    struct spawned s;
    double loss[2];
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(path, sizeof path, folder, "vowel.safetensors"));
    assert_int_equal(run(&s, WORDS("data/vowel", "units=40", "activation=tanh", "--epochs", "20",
                                   "--save", path)),
                     0);
    spawn_free(&s);
    const char *from[] = {"data/vowel", "--epochs", "1", "--json", "--from", path, "freeze=1"};
    const char *fresh[] = {"data/vowel", "--epochs", "1", "--json", "activation=tanh", "units=40"};
    for (int i = 0; i < 2; i++) {
        const char *words[17] = {NULL};
        memcpy(words, i ? fresh : from, i ? sizeof fresh : sizeof from);
        assert_int_equal(run(&s, words), 0);
        cJSON *doc = parsed(text_get(&s.out), s.out.length);
        const cJSON *params = json_get(doc, "params");
        assert_true(number(params, "units") == 40);
        assert_string_equal(json_get_string(params, "activation"), "tanh");
        loss[i] = number(json_get(doc, "epochs")->child, "train_loss");
        if (i == 0) {
            assert_true(number(doc, "carried_layers") == 2);
            assert_non_null(strstr(text_get(&s.err), "starts from vowel, epoch 20: 9-40-11"));
        }
        json_free(doc);
        spawn_free(&s);
    }
    assert_true(loss[0] < 0.8 * loss[1]);
    spawn_remove_folder(folder);
}

/* Which hyperparameters have a part in the configuration, the form of the weights decides. */
static void words_are_about_the_form_of_the_weights(void **state)
{
    (void)state;
    char folder[64], path[128];
    struct spawned s;
    assert_non_null(spawn_make_folder(folder));
    assert_true(file_join(path, sizeof path, folder, "conv.safetensors"));
    assert_int_equal(run(&s, WORDS("data/mnist", "network=conv", "conv_layers=1", "filters=4",
                                   "units=8", "--epochs", "1", "--save", path)),
                     0);
    spawn_free(&s);
    assert_int_equal(run(&s, WORDS("data/fashion-mnist", "--from", path, "pooling=average",
                                   "--epochs", "1", "--json", "--no-test")),
                     0);
    cJSON *doc = parsed(text_get(&s.out), s.out.length);
    assert_string_equal(json_get_string(json_get(doc, "params"), "network"), "conv");
    assert_string_equal(json_get_string(json_get(doc, "params"), "pooling"), "average");
    assert_true(number(doc, "carried_layers") == 2);
    json_free(doc);
    spawn_free(&s);
    assert_int_equal(run(&s, WORDS("data/fashion-mnist", "--from", path, "network=perceptron",
                                   "pooling=average")),
                     2);
    assert_non_null(strstr(text_get(&s.err), "has no part"));
    spawn_free(&s);
    spawn_remove_folder(folder);
}

static void what_can_not_be_is_said_in_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *words[4], *message;
        int status;
    } rows[] = {
        {{"data/vowel", "momentum=0.5"}, "has no part", 2},
        {{"data/vowel", "--json", "--json-lines"}, "--json-lines", 2},
        {{"data/vowel", "units"}, "units", 2},
        {{"data/vowel", "shift=1"}, "shift", 2},
        {{"data/vowel", "freeze=1"}, "freeze", 2},
        {{"data/vowel", "--from", "data/vowel.csv"}, "not a weights file", 2},
        {{"data/vowel", "--from", "none.safetensors"}, "none.safetensors", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct spawned s;
        assert_int_equal(run(&s, rows[i].words), rows[i].status);
        assert_non_null(strstr(text_get(&s.err), rows[i].message));
        assert_int_equal(count_lines(text_get(&s.err)), 1);
        assert_int_equal(s.out.length, 0);
        spawn_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_object_with_the_members_of_the_manual),
        cmocka_unit_test(twice_the_same_text_but_for_the_times),
        cmocka_unit_test(a_line_per_epoch_and_one_for_the_test),
        cmocka_unit_test(people_get_a_matrix_with_names),
        cmocka_unit_test(a_signal_ends_it_cleanly),
        cmocka_unit_test(every_task_has_its_metrics),
        cmocka_unit_test(numbers_are_judged_in_their_own_unit),
        cmocka_unit_test(a_refit_has_no_validation_figures),
        cmocka_unit_test(a_divergence_is_told),
        cmocka_unit_test(it_starts_from_weights),
        cmocka_unit_test(words_are_about_the_form_of_the_weights),
        cmocka_unit_test(saved_weights_are_the_last_epoch_s),
        cmocka_unit_test(what_can_not_be_is_said_in_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

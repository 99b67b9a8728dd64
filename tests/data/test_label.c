/* If this fails, a quantity is taken for classes or the other way round, or regression's targets,
 * split or baseline are wrong. */
#include "files.h"

#include <math.h>

/* Rows "x,label"; the label is written by format from i * step (or i * step modulo modulus). */
struct labels {
    int n, modulus;
    double step;
    const char *format;
    int odd_row; /* from 1; 0: none */
    const char *odd;
};

static const char *table_of(const char *name, const struct labels *l)
{
    struct text csv = {0};
    char label[64];
    text_append(&csv, "x,label\n");
    for (int i = 0; i < l->n; i++) {
        double value = l->step * (l->modulus ? i % l->modulus : i);
        text_format(label, sizeof label, l->format, value);
        text_appendf(&csv, "%d,%s\n", i * 7 % 13, i + 1 == l->odd_row ? l->odd : label);
    }
    const char *path = files_write_text(name, text_get(&csv));
    text_free(&csv);
    return path;
}

static void test_told_apart(void **state)
{
    (void)state;
    static const struct {
        struct labels labels;
        const char *task;
        enum data_task is;
        int n_classes;
        const char *reason;
    } cases[] = {
        {{200, 20, 1, "%.0f", 0, NULL}, NULL, DATA_CLASSIFICATION, 20, "at most 20"},
        {{200, 21, 1, "%.0f", 0, NULL}, NULL, DATA_REGRESSION, 0, "more than 20"},
        {{200, 4, 0.5, "%.1f", 0, NULL}, NULL, DATA_REGRESSION, 0, "fractions"},
        {{200, 4, 1, "%.1f", 0, NULL}, NULL, DATA_CLASSIFICATION, 4, "whole number"},
        {{200, 40, 1, "%.0f", 0, NULL}, "classification", DATA_CLASSIFICATION, 40, "--task"},
        {{200, 4, 0.5, "%.1f", 0, NULL}, "classification", DATA_CLASSIFICATION, 4, "--task"},
        {{200, 4, 1, "%.0f", 0, NULL}, "regression", DATA_REGRESSION, 0, "--task"},
        {{200, 40, 1, "w%.0f", 0, NULL}, NULL, DATA_CLASSIFICATION, 40, "text"},
        {{200, 0, 1e-5, "%.3e", 0, NULL}, NULL, DATA_REGRESSION, 0, "fractions"},
        {{200, 40, -1, "%.0f", 0, NULL}, NULL, DATA_REGRESSION, 0, "more than 20"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct data_options o = {.task = cases[i].task};
        struct data_set *set = files_open(table_of("t.csv", &cases[i].labels), &o);
        assert_int_equal(set->task, cases[i].is);
        assert_int_equal(set->n_classes, cases[i].n_classes);
        assert_non_null(strstr(set->task_reason, cases[i].reason));
        for (int p = 0; p < DATA_N_PARTS; p++) {
            assert_true((set->part[p].y != NULL) == (cases[i].is == DATA_CLASSIFICATION));
            assert_true((set->part[p].target != NULL) == (cases[i].is == DATA_REGRESSION));
        }
        assert_true((set->class_names != NULL) == (cases[i].is == DATA_CLASSIFICATION));
        data_free(set);
    }
}

/* Numbers as class names stand in the order of numbers; "9" before "10". */
static void test_numbers_as_classes(void **state)
{
    (void)state;
    static const struct labels labels = {240, 24, 1, "%.0f", 0, NULL};
    struct data_options o = {.task = "classification"};
    struct data_set *set = files_open(table_of("t.csv", &labels), &o);
    for (int c = 0; c < set->n_classes; c++) {
        char name[16];
        text_format(name, sizeof name, "%d", c);
        assert_string_equal(set->class_names[c], name);
        assert_int_equal(set->class_rows[c], 10);
    }
    data_free(set);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        struct labels labels;
        const char *task, *missing;
        enum err code;
        const char *place, *message;
    } cases[] = {
        {{200, 40, 1, "%.0f", 150, "12 cm"},
         NULL,
         NULL,
         ERR_INPUT,
         "t.csv:151:2: ",
         "'12 cm' in the label column 'label' is not a decimal number"},
        {{200, 40, 1, "%.0f", 150, "12 cm"},
         NULL,
         NULL,
         ERR_INPUT,
         "t.csv:151:2: ",
         "--task classification"},
        {{200, 40, 1, "%.0f", 150, "NA"}, "regression", NULL, ERR_INPUT, "t.csv:151:2: ", "'NA'"},
        {{200, 40, 1, "%.0f", 150, "NA"},
         "regression",
         "NA",
         ERR_INPUT,
         "t.csv:151:2: ",
         "the label is missing"},
        {{200, 40, 1, "%.0f", 150, ""},
         NULL,
         NULL,
         ERR_INPUT,
         "t.csv:151:2: ",
         "the label is missing"},
        {{200, 40, 1, "%.0f", 150, "inf"}, NULL, NULL, ERR_INPUT, "t.csv:151:2: ", "'inf'"},
        {{200, 40, 1, "%.0f", 150, "1e101"}, NULL, NULL, ERR_INPUT, "t.csv:151:2: ", "too large"},
        {{200, 4, 1, "w%.0f", 0, NULL}, "regression", NULL, ERR_INPUT, "t.csv:2:2: ", "'w0'"},
        {{200, 1, 1, "1.5%.0f", 0, NULL},
         NULL,
         NULL,
         ERR_INPUT,
         "t.csv: ",
         "the label 'label' is the same number in all rows"},
        {{200, 1, 1, "%.0f", 0, NULL},
         "regression",
         NULL,
         ERR_INPUT,
         "t.csv: ",
         "the same number in all rows"},
        {{200, 1, 1, "%.0f", 0, NULL},
         NULL,
         NULL,
         ERR_INPUT,
         "t.csv: ",
         "all rows are of one class"},
        {{9, 0, 0.5, "%.1f", 0, NULL}, NULL, NULL, ERR_INPUT, "t.csv: ", "at least 10 rows"},
        {{200, 0, 1, "%.0f", 0, NULL},
         "classification",
         NULL,
         ERR_INPUT,
         "t.csv: ",
         "class '0' has only 1 row"},
        {{5500, 1100, 1, "%.0f", 0, NULL},
         "classification",
         NULL,
         ERR_INPUT,
         "t.csv: ",
         "1100 classes, more than 1000"},
        {{200, 4, 1, "%.0f", 0, NULL},
         "regresion",
         NULL,
         ERR_USAGE,
         "--task: ",
         "choose classification or regression"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *words[] = {cases[i].missing};
        struct data_options o = {
            .task = cases[i].task, .missing = words, .n_missing = cases[i].missing != NULL};
        const char *path = table_of("t.csv", &cases[i].labels);
        files_refuse(path, &o, cases[i].code, cases[i].place);
        files_refuse(path, &o, cases[i].code, cases[i].message);
    }
}

/* A label that only a validation or test row has otherwise: nothing to learn from. */
static void test_constant_in_training(void **state)
{
    (void)state;
    int refused = 0, opened = 0;
    for (int row = 1; row <= 20; row++) {
        struct labels labels = {20, 1, 1, "%.0f", row, "7.5"};
        struct data_options o = {.task = "regression"};
        struct data_set *set;
        struct err_info info = {0};
        if (data_open(table_of("t.csv", &labels), &o, &set, &info) == ERR_OK) {
            assert_true(set->target_scale > 0);
            opened++;
            data_free(set);
            continue;
        }
        assert_non_null(strstr(info.detail, "the same number in all training rows"));
        refused++;
    }
    assert_true(opened > 0 && refused > 0);
}

/* ---- targets ----------------------------------------------------------------------------- */

/* Labels 0.5 i^2: all different, so that a target tells its row. */
static struct data_set *open_squares(int n, uint64_t seed)
{
    struct text csv = {0};
    struct data_options o = {.split_seed = seed};
    text_append(&csv, "x,label\n");
    for (int i = 0; i < n; i++) {
        double k = i * 17 % n; /* n is no multiple of 17 */
        text_appendf(&csv, "%d,%.1f\n", i, 0.5 * k * k);
    }
    struct data_set *set = files_open(files_write_text("squares.csv", text_get(&csv)), &o);
    text_free(&csv);
    return set;
}

/* The number k whose label 0.5 k^2 this row has. */
static int k_of(const struct data_set *set, float target)
{
    double label = target * set->target_scale + set->target_mean;
    return (int)lround(sqrt(fmax(0, 2 * label)));
}

static void test_targets_by_hand(void **state)
{
    (void)state;
    enum { N = 100 };
    struct data_set *set = open_squares(N, 0);
    int seen[N] = {0};
    double sum = 0, squares = 0, error = 0;
    const struct data_part *train = &set->part[DATA_TRAIN], *held = &set->part[DATA_VALIDATION];
    assert_float_equal(set->target_low, 0, 0);
    assert_float_equal(set->target_high, 0.5 * 99 * 99, 1e-12);
    for (int p = 0; p < DATA_N_PARTS; p++)
        for (int i = 0; i < set->part[p].n_rows; i++)
            seen[k_of(set, set->part[p].target[i])]++;
    for (int k = 0; k < N; k++)
        assert_int_equal(seen[k], 1);
    for (int i = 0; i < train->n_rows; i++)
        sum += 0.5 * pow(k_of(set, train->target[i]), 2);
    double mean = sum / train->n_rows;
    for (int i = 0; i < train->n_rows; i++)
        squares += pow(0.5 * pow(k_of(set, train->target[i]), 2) - mean, 2);
    double scale = sqrt(squares / train->n_rows);
    assert_float_equal(set->target_mean, mean, 1e-9);
    assert_float_equal(set->target_scale, scale, 1e-9);
    for (int i = 0; i < held->n_rows; i++) {
        double z = (0.5 * pow(k_of(set, held->target[i]), 2) - mean) / scale;
        assert_true(held->target[i] == (float)z);
        error += z * z / held->n_rows;
    }
    assert_float_equal(set->majority_error, error, 1e-6);
    assert_true(set->majority_error > 0.5 && set->majority_error < 1.5);
    data_free(set);
}

/* Sizes are a fifth each, rounded, and each tenth of the labels gives a fifth of itself. */
static void test_split(void **state)
{
    (void)state;
    for (int n = 10; n <= 130; n++) {
        if (n % 17 == 0)
            continue;
        struct data_set *set = open_squares(n, (uint64_t)n);
        assert_int_equal(set->part[DATA_VALIDATION].n_rows, (n + 2) / 5);
        assert_int_equal(set->part[DATA_TEST].n_rows, (n + 2) / 5);
        assert_int_equal(set->n_rows, n);
        for (int p = DATA_VALIDATION; n >= 50 && p <= DATA_TEST; p++) {
            int of_tenth[10] = {0};
            for (int i = 0; i < set->part[p].n_rows; i++)
                of_tenth[k_of(set, set->part[p].target[i]) * 10 / n]++;
            for (int k = 0; k < 10; k++)
                assert_in_range(of_tenth[k], n / 50, n / 50 + 1);
        }
        data_free(set);
    }
}

static void test_the_seed_moves_the_split(void **state)
{
    (void)state;
    struct data_set *a = open_squares(100, 0), *again = open_squares(100, 0),
                    *b = open_squares(100, 1);
    int held[100] = {0}, common = 0;
    assert_string_equal(a->fingerprint, again->fingerprint);
    assert_string_not_equal(a->fingerprint, b->fingerprint);
    for (int i = 0; i < 20; i++)
        held[k_of(a, a->part[DATA_TEST].target[i])] = 1;
    for (int i = 0; i < 20; i++)
        common += held[k_of(b, b->part[DATA_TEST].target[i])];
    assert_in_range(common, 0, 12); /* 4 by chance */
    data_free(a);
    data_free(again);
    data_free(b);
}

/* Other labels in the same order and split, or the same with another unit: another task. */
static void test_fingerprint_covers_the_targets(void **state)
{
    (void)state;
    static const struct labels tables[] = {
        {100, 0, 0.5, "%.2f", 0, NULL},
        {100, 0, 0.5, "%.2f", 40, "19.75"},
        {100, 0, 0.25, "%.2f", 0, NULL}, /* standardised, these are the same numbers */
    };
    char seen[3][33];
    for (int i = 0; i < 3; i++) {
        struct data_set *set = files_open(table_of("t.csv", &tables[i]), NULL);
        text_copy(seen[i], sizeof seen[i], set->fingerprint);
        for (int before = 0; before < i; before++)
            assert_string_not_equal(seen[i], seen[before]);
        data_free(set);
    }
}

/* One wild label in a held-out row stays finite in float32. */
static void test_a_wild_label_stays_finite(void **state)
{
    (void)state;
    for (int row = 1; row <= 20; row++) {
        struct labels labels = {20, 0, 0.001, "%.3f", row, "1e90"};
        struct data_set *set = files_open(table_of("t.csv", &labels), NULL);
        for (int p = 0; p < DATA_N_PARTS; p++)
            for (int i = 0; i < set->part[p].n_rows; i++)
                assert_true(fabsf(set->part[p].target[i]) <= 1e6F);
        assert_true(isfinite(set->majority_error));
        data_free(set);
    }
}

/* ---- what is told, and what fails -------------------------------------------------------- */

static void test_description(void **state)
{
    (void)state;
    static const char *const says[] = {
        "regression: the label is a number with fractions\n",
        "range         0 to 4900.5\n",
        "in the training rows\n",
        "always answering the mean: R2 0.0 on the validation rows,\n",
        "root mean squared error ",
        "60 training, 20 validation, 20 test\n",
        "stratified by tenths of the label; split seed 0\n",
    };
    struct data_set *set = open_squares(100, 0);
    struct text out = {0};
    data_describe(set, &out);
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        if (!strstr(text_get(&out), says[i]))
            fail_msg("'%s' is not in:\n%s", says[i], text_get(&out));
    assert_null(strstr(text_get(&out), "class"));
    text_free(&out);
    data_free(set);
}

/* Whatever the label is called and however large it is. */
static void test_a_description_stays_narrow(void **state)
{
    (void)state;
    struct text csv = {0}, out = {0};
    text_append(&csv,
                "x,the label with a name that is longer than forty columns of the terminal\n");
    for (int i = 0; i < 40; i++)
        text_appendf(&csv, "%d,-%.17ge%d\n", i, 1 + i / 37.0, i < 20 ? 99 : 98);
    struct data_set *set = files_open(files_write_text("wide.csv", text_get(&csv)), NULL);
    data_describe(set, &out);
    assert_int_equal(set->task, DATA_REGRESSION);
    const char *s = text_get(&out);
    for (int columns = 0; *s;) {
        uint32_t code;
        s += text_utf8_next(s, &code);
        columns = code == '\n' ? 0 : columns + 1;
        assert_in_range(columns, 0, 80);
    }
    data_free(set);
    text_free(&out);
    text_free(&csv);
}

static void test_a_shipped_column_as_label(void **state)
{
    (void)state;
    struct data_options o = {.target = "age"};
    struct data_set *set = files_open("data/pima-diabetes.csv", &o);
    assert_int_equal(set->task, DATA_REGRESSION);
    assert_int_equal(set->n_rows, 768);
    assert_int_equal(set->part[DATA_TRAIN].n_rows, 460);
    assert_float_equal(set->target_low, 21, 0);
    assert_float_equal(set->target_high, 81, 0);
    assert_int_equal(set->columns[7].kind, COLUMN_CATEGORICAL); /* the class is a feature now */
    data_free(set);
    o.target = "glucose";
    files_refuse("data/pima-diabetes.csv", &o, ERR_INPUT, "pima-diabetes.csv:20:2: ");
}

static void test_the_nth_allocation_fails(void **state)
{
    (void)state;
    static const struct labels labels = {60, 0, 0.5, "%.1f", 0, NULL};
    const char *path = table_of("memory.csv", &labels);
    enum err e = ERR_MEMORY;
    long n = 0;
    for (; n < 1000 && e == ERR_MEMORY; n++) {
        struct data_set *set;
        struct err_info info = {0};
        mem_fail_after(n);
        e = data_open(path, NULL, &set, &info);
        mem_fail_after(-1);
        assert_int_equal(e, info.code);
        data_free(set);
    }
    assert_int_equal(e, ERR_OK);
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told_apart),
        cmocka_unit_test(test_numbers_as_classes),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_constant_in_training),
        cmocka_unit_test(test_targets_by_hand),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_the_seed_moves_the_split),
        cmocka_unit_test(test_fingerprint_covers_the_targets),
        cmocka_unit_test(test_a_wild_label_stays_finite),
        cmocka_unit_test(test_description),
        cmocka_unit_test(test_a_description_stays_narrow),
        cmocka_unit_test(test_a_shipped_column_as_label),
        cmocka_unit_test(test_the_nth_allocation_fails),
    };
    return cmocka_run_group_tests(tests, files_setup, files_teardown);
}

/* If this fails, trials are compared by another figure than the one asked for, or the first one is
 * measured by a wrong one. */
#include "engine/internal.h"
#include "fake.h"

/* 8 rows of validation: 0 0 0 0 0 1 1 2; the biggest class of the training rows is 0. */
static void make_classes(struct data_set *set, int32_t n_classes)
{
    static const int32_t three[] = {0, 0, 0, 0, 0, 1, 1, 2}, two[] = {0, 0, 0, 0, 0, 1, 1, 0};
    *set =
        (struct data_set){.n_classes = n_classes, .majority_error = n_classes == 2 ? 0.25 : 0.375};
    set->part[DATA_VALIDATION] = (struct data_part){.n_rows = 8, .y = n_classes == 2 ? two : three};
}

/* Standardised labels -1, 0.5, 2 of a unit of 10: their mean square is 1.75. */
static void make_numbers(struct data_set *set)
{
    static const float target[] = {-1, 0.5f, 2};
    *set = (struct data_set){.task = DATA_REGRESSION, .target_scale = 10, .majority_error = 1.75};
    set->part[DATA_VALIDATION] = (struct data_part){.n_rows = 3, .target = target};
}

static struct data_set sets[3];
enum { THREE, TWO, NUMBERS };

/* Of always the same answer; the figures of classes are scikit-learn's with zero_division=0. */
static const struct row {
    const char *name, *metric;
    double of_majority[3]; /* NaN: does not exist for the task */
} rows[] = {
    {"val_error", "val_error", {0.375, 0.25, 1.75}},
    {"val_loss", "val_loss", {0.9002560513, 0.5623351446, 1.75}},
    {"val_accuracy", "1-val_accuracy", {0.375, 0.25, NAN}},
    {"val_precision", "1-val_precision", {1 - 0.2083333333, 1 - 0.375, NAN}},
    {"val_recall", "1-val_recall", {1 - 0.3333333333, 0.5, NAN}},
    {"val_f1", "1-val_f1", {1 - 0.2564102564, 1 - 0.4285714286, NAN}},
    {"val_auc", "1-val_auc", {NAN, 0.5, NAN}},
    {"val_average_precision", "1-val_average_precision", {NAN, 0.75, NAN}},
    {"val_mse", "val_mse", {NAN, NAN, 175}},
    {"val_mae", "val_mae", {NAN, NAN, 11.6666666667}},
    {"val_r2", "1-val_r2", {NAN, NAN, 1}},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static int find(const char *name)
{
    for (int i = 0; objective_name(i); i++)
        if (strcmp(objective_name(i), name) == 0)
            return i;
    fail_msg("no objective %s", name);
    return -1;
}

static void every_metric_can_be_the_objective(void **state)
{
    (void)state;
    const char *metric;
    int n = 0;
    for (; objective_name(n); n++)
        ;
    assert_int_equal(n, N_ROWS);
    assert_string_equal(objective_name(0), "val_error");
    for (int i = 0; (metric = net_metric_name(i, NULL)) != NULL; i++) {
        char name[48];
        find(text_format(name, sizeof name, "val_%s", metric));
    }
    for (int r = 0; r < N_ROWS; r++) {
        char name[48];
        assert_string_equal(objective_metric(find(rows[r].name), name, sizeof name),
                            rows[r].metric);
    }
}

static void smaller_is_better_for_all(void **state)
{
    (void)state;
    static const struct net_metrics classes = {0.3, 0.9, 0.8, 0.7, 0.6, 0.95, 0.85, NAN, NAN, NAN},
                                    number = {0.4, NAN, NAN, NAN, NAN, NAN, NAN, 40, 5, 0.55};
    static const struct {
        const char *name;
        const struct net_metrics *m;
        double value;
    } expected[] = {
        {"val_error", &classes, 0.1},    {"val_loss", &classes, 0.3},
        {"val_accuracy", &classes, 0.1}, {"val_precision", &classes, 0.2},
        {"val_recall", &classes, 0.3},   {"val_f1", &classes, 0.4},
        {"val_auc", &classes, 0.05},     {"val_average_precision", &classes, 0.15},
        {"val_error", &number, 0.4},     {"val_loss", &number, 0.4},
        {"val_mse", &number, 40},        {"val_mae", &number, 5},
        {"val_r2", &number, 0.45},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        double value = objective_value(find(expected[i].name), expected[i].m);
        if (!(fabs(value - expected[i].value) < 1e-12))
            fail_msg("%s: %g", expected[i].name, value);
    }
}

static void always_the_same_answer_is_the_first_bar(void **state)
{
    (void)state;
    for (int r = 0; r < N_ROWS; r++)
        for (int s = 0; s < 3; s++) {
            double is = objective_of_majority(find(rows[r].name), &sets[s]);
            double should = rows[r].of_majority[s];
            if (isnan(should) ? !isnan(is) : !(fabs(is - should) < 1e-9))
                fail_msg("%s of set %d: %.10g", rows[r].name, s, is);
        }
}

/* Refused where the task lacks it, with the list of those it has. */
static void only_what_the_task_has_is_found(void **state)
{
    (void)state;
    for (int r = 0; r < N_ROWS; r++)
        for (int s = 0; s < 3; s++) {
            int found = -1;
            struct err_info info = {0};
            enum err err = objective_find(rows[r].name, &sets[s], &found, &info);
            if (!isnan(rows[r].of_majority[s])) {
                assert_int_equal(err, ERR_OK);
                assert_int_equal(found, find(rows[r].name));
                continue;
            }
            assert_int_equal(err, ERR_USAGE);
            assert_non_null(strstr(info.detail, rows[r].name));
            assert_null(strstr(info.hint, rows[r].name));
            assert_non_null(strstr(info.hint, s == NUMBERS ? "val_r2" : "val_f1"));
        }
    int found;
    struct err_info info = {0};
    assert_int_equal(objective_find("f2", &sets[TWO], &found, &info), ERR_USAGE);
    assert_non_null(strstr(info.detail, "unknown"));
    assert_non_null(strstr(info.hint, "val_auc, val_average_precision"));
}

int main(void)
{
    make_classes(&sets[THREE], 3);
    make_classes(&sets[TWO], 2);
    make_numbers(&sets[NUMBERS]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_can_be_the_objective),
        cmocka_unit_test(smaller_is_better_for_all),
        cmocka_unit_test(always_the_same_answer_is_the_first_bar),
        cmocka_unit_test(only_what_the_task_has_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

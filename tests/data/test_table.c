/* If this fails, a table's columns are misread, or a figure fitted on training rows saw others. */
#include "files.h"

#include <math.h>

enum { ROWS = 200 };

/* x, colour and size with a few gaps; class alternates. Row `changed` gets another x and colour. */
static void make_table(struct text *csv, int changed)
{
    static const char *const colours[] = {"red", "green", "blue"};
    text_append(csv, "x,colour,flat,class\n");
    for (int i = 0; i < ROWS; i++) {
        if (i == changed)
            text_append(csv, "9999,violet,");
        else if (i % 17 == 0)
            text_append(csv, ",,");
        else
            text_appendf(csv, "%d.5,%s,", i * 37 % 101, colours[i % 3]);
        text_appendf(csv, "4,%s\n", i % 2 ? "yes" : "no");
    }
}

static struct data_set *open_table(const char *name, int changed)
{
    struct text csv = {0};
    make_table(&csv, changed);
    struct data_set *set = files_open(files_write_text(name, text_get(&csv)), NULL);
    text_free(&csv);
    return set;
}

static void test_what_is_understood(void **state)
{
    (void)state;
    struct data_set *set = open_table("t.csv", -1);
    assert_string_equal(set->name, "t");
    assert_int_equal(set->source, DATA_TABLE);
    assert_int_equal(set->n_columns, 3);
    assert_int_equal(set->columns[0].kind, COLUMN_NUMERIC);
    assert_int_equal(set->columns[1].kind, COLUMN_CATEGORICAL);
    assert_true(set->columns[2].constant);
    assert_false(set->columns[0].constant);
    assert_int_equal(set->columns[0].n_missing, 12);
    assert_int_equal(set->n_missing_cells, 24);
    assert_int_equal(set->columns[1].n_levels, 4);
    assert_string_equal(set->columns[1].levels[0], "blue");
    assert_string_equal(set->columns[1].levels[3], "missing");
    assert_int_equal(set->columns[1].first_input, 1);
    assert_int_equal(set->columns[2].first_input, 5);
    assert_int_equal(set->n_inputs, 6);
    assert_string_equal(set->class_names[0], "no");
    assert_int_equal(set->class_rows[1], ROWS / 2);
    assert_string_equal(set->target_name, "class");
    assert_float_equal(set->majority_rate, 0.5, 1e-12);
    assert_float_equal(set->majority_error, 0.5, 1e-12);
    assert_int_equal((uintptr_t)set->part[DATA_TRAIN].x % 64, 0);
    data_free(set);
}

/* Standardised over training rows, gaps filled with the median; one-hot rows sum to one. */
static void test_training_rows_are_standardised(void **state)
{
    (void)state;
    struct data_set *set = open_table("t.csv", -1);
    const struct data_part *p = &set->part[DATA_TRAIN];
    double sum = 0, squares = 0;
    int filled = 0;
    float median = (float)((set->columns[0].median - set->columns[0].mean) / set->columns[0].scale);
    for (int i = 0; i < p->n_rows; i++) {
        const float *x = p->x + (size_t)i * (size_t)set->n_inputs;
        sum += x[0];
        squares += (double)x[0] * x[0];
        assert_true(x[1] + x[2] + x[3] + x[4] == 1.0F);
        assert_true(x[5] == 0.0F);
        if (x[4] == 1.0F) {
            filled++;
            assert_true(x[0] == median);
        }
    }
    assert_float_equal((float)sum / (float)p->n_rows, 0, 1e-6);
    assert_float_equal((float)squares / (float)p->n_rows, 1, 1e-5);
    assert_true(filled > 0);
    data_free(set);
}

/* The 12 training rows are found by their values; the figures are worked out from those. */
static void test_numbers_by_hand(void **state)
{
    (void)state;
    struct text csv = {0};
    text_append(&csv, "x,class\n");
    for (int i = 0; i < 20; i++)
        text_appendf(&csv, "%d,%c\n", 1 << (i / 2), i % 2 ? 'a' : 'b');
    struct data_set *set = files_open(files_write_text("hand.csv", text_get(&csv)), NULL);
    text_free(&csv);
    const struct data_part *p = &set->part[DATA_TRAIN];
    const struct data_column *c = &set->columns[0];
    double value[20], sum = 0, squares = 0;
    assert_int_equal(p->n_rows, 12);
    for (int i = 0; i < 12; i++) {
        value[i] = round(p->x[i] * c->scale + c->mean);
        sum += value[i];
    }
    for (int i = 0; i < 12; i++)
        squares += (value[i] - sum / 12) * (value[i] - sum / 12);
    assert_float_equal(c->mean, sum / 12, 1e-9);
    assert_float_equal(c->scale, sqrt(squares / 12), 1e-9);
    int below = 0, above = 0;
    for (int i = 0; i < 12; i++) {
        assert_true(p->x[i] == (float)((value[i] - c->mean) / c->scale));
        below += value[i] <= c->median;
        above += value[i] >= c->median;
    }
    assert_true(below >= 6 && above >= 6);
    data_free(set);
}

/* Which part row `row` of the table is in, found by changing nothing else. */
static enum data_part_id part_of(const struct data_set *base, const struct data_set *changed)
{
    for (int p = 0; p < DATA_N_PARTS; p++) {
        size_t bytes = (size_t)base->part[p].n_rows * (size_t)base->n_inputs * sizeof(float);
        if (memcmp(base->part[p].x, changed->part[p].x, bytes) != 0)
            return (enum data_part_id)p;
    }
    return DATA_N_PARTS;
}

/* A row of validation or test is changed, with a wild number and a level never seen: nothing else
 * moves. A training row that is changed moves the statistics, or this test would prove nothing. */
static void test_only_training_rows_are_fitted(void **state)
{
    (void)state;
    struct data_set *base = open_table("t.csv", -1);
    int changed_in[DATA_N_PARTS] = {0};
    for (int row = 1; row < ROWS; row += 7) {
        struct data_set *set = open_table("t.csv", row);
        bool same_inputs = set->n_inputs == base->n_inputs;
        enum data_part_id p = same_inputs ? part_of(base, set) : DATA_TRAIN;
        assert_in_range(p, 0, DATA_N_PARTS - 1);
        changed_in[p]++;
        assert_string_not_equal(set->fingerprint, base->fingerprint);
        if (p == DATA_TRAIN) {
            assert_true(set->columns[0].mean > base->columns[0].mean);
        } else {
            size_t n = (size_t)base->n_inputs, rows = (size_t)base->part[p].n_rows, differ = 0;
            assert_memory_equal(&set->columns[0].median, &base->columns[0].median,
                                3 * sizeof(double));
            assert_int_equal(set->columns[1].n_levels, base->columns[1].n_levels);
            for (int other = 0; other < DATA_N_PARTS; other++)
                if (other != (int)p)
                    assert_memory_equal(set->part[other].x, base->part[other].x,
                                        (size_t)base->part[other].n_rows * n * sizeof(float));
            for (size_t i = 0; i < rows; i++)
                differ +=
                    memcmp(set->part[p].x + i * n, base->part[p].x + i * n, n * sizeof(float)) != 0;
            assert_int_equal(differ, 1);
        }
        data_free(set);
    }
    for (int p = 0; p < DATA_N_PARTS; p++)
        assert_true(changed_in[p] > 0);
    data_free(base);
}

/* 150 levels: the 100 most frequent have an input, the rest share "other". */
static void test_rare_levels_fold(void **state)
{
    (void)state;
    struct text csv = {0};
    text_append(&csv, "word,class\n");
    for (int level = 0; level < 150; level++)
        for (int i = 0; i < (level < 90 ? 20 : 2); i++)
            text_appendf(&csv, "w%03d,%c\n", level, i % 2 ? 'a' : 'b');
    struct data_set *set = files_open(files_write_text("fold.csv", text_get(&csv)), NULL);
    const struct data_column *c = &set->columns[0];
    assert_int_equal(c->n_levels, DATA_LEVELS_MAX + 1);
    assert_string_equal(c->levels[c->n_levels - 1], "other");
    for (int level = 0; level < 90; level++) {
        char name[8];
        text_format(name, sizeof name, "w%03d", level);
        assert_string_equal(c->levels[level], name);
    }
    int other = 0;
    for (int p = 0; p < DATA_N_PARTS; p++)
        for (int i = 0; i < set->part[p].n_rows; i++) {
            const float *x = set->part[p].x + (size_t)i * (size_t)set->n_inputs;
            double sum = 0;
            for (int k = 0; k < set->n_inputs; k++)
                sum += x[k];
            assert_true(sum == 1);
            other += x[c->n_levels - 1] == 1.0F;
        }
    assert_in_range(other, 50, 100);
    data_free(set);
    text_free(&csv);
}

static void test_options(void **state)
{
    (void)state;
    struct text csv = {0};
    const char *const categorical[] = {"code"}, *const missing[] = {"NA", "-"};
    text_append(&csv, "label,code,x\n");
    for (int i = 0; i < 40; i++)
        text_appendf(&csv, "%s,%d,%s\n", i % 2 ? "10" : "9", i % 4, i % 10 == 3 ? "NA" : "1.5");
    const char *path = files_write_text("options.csv", text_get(&csv));
    struct data_options o = {.target = "label",
                             .categorical = categorical,
                             .n_categorical = 1,
                             .missing = missing,
                             .n_missing = 2};
    struct data_set *set = files_open(path, &o);
    assert_string_equal(set->target_name, "label");
    assert_int_equal(set->columns[0].kind, COLUMN_CATEGORICAL);
    assert_int_equal(set->columns[0].n_levels, 4);
    assert_int_equal(set->columns[1].n_missing, 4);
    assert_string_equal(set->class_names[0], "9"); /* in the order of numbers */
    assert_string_equal(set->class_names[1], "10");
    data_free(set);
    text_free(&csv);
}

static void test_classes_differ_by_case(void **state)
{
    (void)state;
    struct text csv = {0};
    text_append(&csv, "x,class\n");
    for (int i = 0; i < 20; i++)
        text_appendf(&csv, "%d,%s\n", i, i % 2 ? "hid" : "hId");
    struct data_set *set = files_open(files_write_text("case.csv", text_get(&csv)), NULL);
    assert_int_equal(set->n_classes, 2);
    data_free(set);
    text_free(&csv);
}

static void test_rare_classes_are_dropped_on_request(void **state)
{
    (void)state;
    struct text csv = {0};
    text_append(&csv, "x,class\n");
    for (int i = 0; i < 24; i++)
        text_appendf(&csv, "%d,%s\n", i, i < 4 ? "rare" : i % 2 ? "a" : "z");
    const char *path = files_write_text("rare.csv", text_get(&csv));
    struct data_options o = {.drop_rare = true};
    struct data_set *set = files_open(path, &o);
    assert_int_equal(set->n_classes, 2);
    assert_string_equal(set->class_names[1], "z");
    assert_int_equal(set->n_rows, 20);
    assert_int_equal(set->n_dropped_rows, 4);
    assert_int_equal(set->n_dropped_classes, 1);
    data_free(set);
    text_free(&csv);
}

static void test_duplicates_across_parts(void **state)
{
    (void)state;
    struct text csv = {0};
    text_append(&csv, "x,y,class\n");
    for (int i = 0; i < 100; i++)
        text_appendf(&csv, "%d,%d,%s\n", i < 50 ? 1 : i, i < 50 ? 2 : 3, i < 50 ? "a" : "b");
    struct data_set *set = files_open(files_write_text("twice.csv", text_get(&csv)), NULL);
    assert_int_equal(set->n_duplicates, 20); /* all of a's validation and test rows, none of b's */
    data_free(set);
    text_free(&csv);
}

/* A wild number in a test row stays finite in float32. */
static void test_wild_numbers_stay_finite(void **state)
{
    (void)state;
    for (int wild = 0; wild < 40; wild++) {
        struct text csv = {0};
        text_append(&csv, "x,class\n");
        for (int i = 0; i < 40; i++)
            text_appendf(&csv, "0.00%d%s,%s\n", i, i == wild ? "e15" : "", i % 2 ? "a" : "b");
        struct data_set *set = files_open(files_write_text("wild.csv", text_get(&csv)), NULL);
        for (int p = 0; p < DATA_N_PARTS; p++)
            for (int i = 0; i < set->part[p].n_rows; i++)
                assert_true(fabsf(set->part[p].x[i]) <= 1e6F);
        data_free(set);
        text_free(&csv);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_understood),
        cmocka_unit_test(test_training_rows_are_standardised),
        cmocka_unit_test(test_numbers_by_hand),
        cmocka_unit_test(test_only_training_rows_are_fitted),
        cmocka_unit_test(test_rare_levels_fold),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_classes_differ_by_case),
        cmocka_unit_test(test_rare_classes_are_dropped_on_request),
        cmocka_unit_test(test_duplicates_across_parts),
        cmocka_unit_test(test_wild_numbers_stay_finite),
    };
    return cmocka_run_group_tests(tests, files_setup, files_teardown);
}

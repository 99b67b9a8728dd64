/* If this fails, a shipped set can't be opened, is not told about, or a description is too wide. */
#include "files.h"

/* Of each: rows, inputs, classes. Run in the checkout's root. */
static const struct {
    const char *name;
    int64_t rows;
    int n_inputs, n_classes;
} sets[] = {
    {"brown-pos", 12000, 0, 12},     {"cell-segmentation", 2019, 56, 2},
    {"dna-splice", 3186, 240, 3},    {"fashion-mnist", 12000, 784, 10},
    {"ionosphere", 351, 34, 2},      {"letter", 12000, 16, 26},
    {"mnist", 10000, 784, 10},       {"musk", 476, 166, 2},
    {"phoneme", 6269, 37, 40},       {"pima-diabetes", 768, 8, 2},
    {"satellite", 6435, 36, 6},      {"shuttle", 12000, 9, 7},
    {"soybean", 683, 133, 19},       {"spambase", 4601, 57, 2},
    {"tissue-genes", 189, 500, 7},   {"vowel", 990, 9, 11},
    {"word-language", 12000, 0, 10}, /* inputs 0: not checked, they follow the split */
};
enum { N_SETS = sizeof sets / sizeof *sets };

static void check_lines(const char *text)
{
    for (int columns = 0; *text;) {
        uint32_t code;
        text += text_utf8_next(text, &code);
        columns = code == '\n' ? 0 : columns + 1;
        assert_in_range(columns, 0, 80);
    }
}

static void test_every_set_opens(void **state)
{
    (void)state;
    for (int i = 0; i < N_SETS; i++) {
        char path[512];
        const char *variant;
        struct text out = {0};
        assert_int_equal(data_find(sets[i].name, path, sizeof path, &variant, NULL), ERR_OK);
        struct data_set *set = files_open(path, NULL);
        assert_string_equal(set->name, sets[i].name);
        assert_int_equal(set->n_rows, sets[i].rows);
        assert_int_equal(set->n_classes, sets[i].n_classes);
        if (sets[i].n_inputs)
            assert_int_equal(set->n_inputs, sets[i].n_inputs);
        data_describe(set, &out);
        assert_false(out.failed);
        check_lines(text_get(&out));
        text_free(&out);
        data_free(set);
    }
}

static void test_every_set_is_told_about(void **state)
{
    (void)state;
    struct data_entry *entry;
    size_t n;
    assert_int_equal(data_list(&entry, &n, NULL), ERR_OK);
    assert_int_equal(n, N_SETS);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(entry[i].name, sets[i].name);
        assert_in_range(strlen(entry[i].about), 10, sizeof entry[i].about - 2);
    }
    mem_free(entry);
}

/* The mission's figures for mnist: 20 % of the training files are for validation. */
static void test_mnist(void **state)
{
    (void)state;
    struct data_set *set = files_open("data/mnist", NULL);
    assert_int_equal(set->part[DATA_TRAIN].n_rows, 6400);
    assert_int_equal(set->part[DATA_VALIDATION].n_rows, 1600);
    assert_int_equal(set->part[DATA_TEST].n_rows, 2000);
    data_free(set);
}

/* Long, wide and many: names of 100 letters, letters of two columns, 60 classes, 90 columns. */
static void test_a_wild_table_stays_narrow(void **state)
{
    (void)state;
    struct text csv = {0}, out = {0};
    for (int c = 0; c < 90; c++)
        text_appendf(&csv, "%d-一二三四五六七八九十一二三四五六七八九十,", c);
    text_append(&csv, "class\n");
    for (int row = 0; row < 60 * 5; row++) {
        for (int c = 0; c < 90; c++)
            text_appendf(&csv, c % 3 ? "%d," : "level 一 %d of many,", row * (c + 1) % 7);
        text_appendf(&csv, "class 一二三四五六七八九十一二三四五六七八九十一二三 %d\n", row % 60);
    }
    struct data_set *set = files_open(files_write_text("wild.csv", text_get(&csv)), NULL);
    data_describe(set, &out);
    const char *s = text_get(&out);
    for (int columns = 0; *s;) {
        uint32_t code;
        s += text_utf8_next(s, &code);
        columns = code == '\n' ? 0 : columns + (code >= 0x4E00 && code <= 0x9FFF ? 2 : 1);
        assert_in_range(columns, 0, 80);
    }
    assert_non_null(strstr(text_get(&out), "... and 11 more classes"));
    assert_non_null(strstr(text_get(&out), "... and 51 more columns"));
    data_free(set);
    text_free(&out);
    text_free(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_set_opens),
        cmocka_unit_test(test_every_set_is_told_about),
        cmocka_unit_test(test_mnist),
        cmocka_unit_test(test_a_wild_table_stays_narrow),
    };
    return cmocka_run_group_tests(tests, files_setup, files_teardown);
}

/* If this fails, a row may train and test at once, or a split moves without its seed. */
#include "files.h"

#include "data/internal.h"

enum { N_CLASSES = 4, N_ROWS = 500 + 123 + 39 + 5 };

static const char *const names[N_CLASSES] = {"a", "b", "c", "d"};
static const int64_t sizes[N_CLASSES] = {500, 123, 39, 5};

/* Labels in a fixed shuffled order. */
static void make_labels(int32_t label[N_ROWS])
{
    struct rng r;
    size_t n = 0;
    for (int32_t c = 0; c < N_CLASSES; c++)
        for (int64_t i = 0; i < sizes[c]; i++)
            label[n++] = c;
    rng_seed(&r, 7, 0);
    rng_shuffle(&r, label, N_ROWS);
}

static void split(const int32_t *label, int64_t n, uint64_t seed, bool with_test, uint8_t *part)
{
    const char *name[N_CLASSES];
    struct err_info info = {0};
    memcpy(name, names, sizeof name);
    struct classes classes = {.n = N_CLASSES, .name = name};
    assert_int_equal(split_rows(label, n, &classes, seed, with_test, part, "t", &info), ERR_OK);
}

static void count(const int32_t *label, const uint8_t *part, int64_t out[N_CLASSES][DATA_N_PARTS])
{
    memset(out, 0, sizeof(int64_t[N_CLASSES][DATA_N_PARTS]));
    for (int i = 0; i < N_ROWS; i++) {
        assert_true(part[i] < DATA_N_PARTS);
        out[label[i]][part[i]]++;
    }
}

static void test_every_class_is_split_alike(void **state)
{
    (void)state;
    int32_t label[N_ROWS];
    uint8_t part[N_ROWS];
    int64_t n[N_CLASSES][DATA_N_PARTS];
    make_labels(label);
    split(label, N_ROWS, 0, true, part);
    count(label, part, n);
    int64_t validation = 0, test = 0;
    for (int c = 0; c < N_CLASSES; c++) {
        assert_int_equal(n[c][DATA_TRAIN] + n[c][DATA_VALIDATION] + n[c][DATA_TEST], sizes[c]);
        assert_in_range(n[c][DATA_TEST], sizes[c] / 5, sizes[c] / 5 + 1);
        assert_int_equal(n[c][DATA_TEST], n[c][DATA_VALIDATION]);
        validation += n[c][DATA_VALIDATION];
        test += n[c][DATA_TEST];
    }
    assert_int_equal(n[3][DATA_TRAIN], 3); /* five rows: 3, 1, 1 */
    assert_int_equal(validation, (N_ROWS + 2) / 5);
    assert_int_equal(test, (N_ROWS + 2) / 5);
    split(label, N_ROWS, 0, false, part);
    count(label, part, n);
    for (int c = 0; c < N_CLASSES; c++)
        assert_int_equal(n[c][DATA_TEST], 0);
    assert_int_equal(n[0][DATA_TRAIN], 400);
}

static void test_sizes_are_exact_whatever_the_classes(void **state)
{
    (void)state;
    struct rng r;
    rng_seed(&r, 3, 0);
    for (int round = 0; round < 300; round++) {
        int32_t label[N_CLASSES * 40];
        uint8_t part[N_CLASSES * 40];
        int64_t n = 0, held[DATA_N_PARTS] = {0};
        for (int32_t c = 0; c < N_CLASSES; c++)
            for (uint64_t k = CLASS_ROWS_MIN + rng_below(&r, 30); k > 0; k--)
                label[n++] = c;
        split(label, n, (uint64_t)round, true, part);
        for (int64_t i = 0; i < n; i++)
            held[part[i]]++;
        assert_int_equal(held[DATA_TEST], (n + 2) / 5);
        assert_int_equal(held[DATA_VALIDATION], (n + 2) / 5);
    }
}

static void test_only_the_seed_moves_it(void **state)
{
    (void)state;
    int32_t label[N_ROWS], renumbered[N_ROWS];
    uint8_t first[N_ROWS], again[N_ROWS];
    make_labels(label);
    split(label, N_ROWS, 0, true, first);
    split(label, N_ROWS, 0, true, again);
    assert_memory_equal(first, again, sizeof first);
    int moved = 0;
    split(label, N_ROWS, 1, true, again);
    for (int i = 0; i < N_ROWS; i++)
        moved += first[i] != again[i];
    assert_in_range(moved, N_ROWS / 3, N_ROWS * 2 / 3); /* 0.56 of them by chance */
    /* Another number for the same class names: the same rows. */
    const char *turned[N_CLASSES] = {"d", "c", "b", "a"};
    struct classes classes = {.n = N_CLASSES, .name = turned};
    for (int i = 0; i < N_ROWS; i++)
        renumbered[i] = N_CLASSES - 1 - label[i];
    assert_int_equal(split_rows(renumbered, N_ROWS, &classes, 0, true, again, "t", NULL), ERR_OK);
    assert_memory_equal(first, again, sizeof first);
}

static void test_dropped_rows_have_no_part(void **state)
{
    (void)state;
    int32_t label[N_ROWS];
    uint8_t first[N_ROWS], part[N_ROWS];
    make_labels(label);
    split(label, N_ROWS, 0, true, first);
    int moved = 0;
    for (int i = 0; i < N_ROWS; i++)
        if (label[i] == 3)
            label[i] = -1;
    split(label, N_ROWS, 0, true, part);
    for (int i = 0; i < N_ROWS; i++) {
        if (label[i] < 0)
            assert_int_equal(part[i], PART_NONE);
        else
            moved += part[i] != first[i];
    }
    assert_in_range(moved, 0, 2 * N_CLASSES); /* at most a row per part and class */
}

/* Two classes with the same number of rows don't get the same pattern. */
static void test_classes_are_shuffled_apart(void **state)
{
    (void)state;
    enum { EACH = 100 };
    int32_t label[N_CLASSES * EACH];
    uint8_t part[N_CLASSES * EACH];
    for (int i = 0; i < N_CLASSES * EACH; i++)
        label[i] = i / EACH;
    split(label, N_CLASSES * EACH, 0, true, part);
    for (int c = 1; c < N_CLASSES; c++)
        assert_memory_not_equal(part, part + c * EACH, EACH);
}

/* The whole way: every row of the file stands in exactly one part, with its own label. */
static void test_a_table_is_complete(void **state)
{
    (void)state;
    struct text csv = {0};
    int32_t label[N_ROWS];
    bool seen[N_ROWS] = {0};
    make_labels(label);
    text_append(&csv, "id,class\n");
    for (int i = 0; i < N_ROWS; i++)
        text_appendf(&csv, "%d,%s\n", i, names[label[i]]);
    struct data_set *set = files_open(files_write_text("ids.csv", text_get(&csv)), NULL);
    const struct data_column *id = &set->columns[0];
    for (int p = 0; p < DATA_N_PARTS; p++)
        for (int32_t i = 0; i < set->part[p].n_rows; i++) {
            double value = set->part[p].x[i] * id->scale + id->mean;
            int row = (int)(value + 0.5);
            assert_in_range(row, 0, N_ROWS - 1);
            assert_false(seen[row]);
            seen[row] = true;
            assert_int_equal(set->part[p].y[i], label[row]);
        }
    for (int i = 0; i < N_ROWS; i++)
        assert_true(seen[i]);
    assert_int_equal(set->n_rows, N_ROWS);
    data_free(set);
    text_free(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_class_is_split_alike),
        cmocka_unit_test(test_sizes_are_exact_whatever_the_classes),
        cmocka_unit_test(test_only_the_seed_moves_it),
        cmocka_unit_test(test_dropped_rows_have_no_part),
        cmocka_unit_test(test_classes_are_shuffled_apart),
        cmocka_unit_test(test_a_table_is_complete),
    };
    return cmocka_run_group_tests(tests, files_setup, files_teardown);
}

/* If this fails, a network is trained or judged on other rows than those of its part, or a refit on
 * other rows than training and validation. */
#include "fake.h"

static void a_part_becomes_rows(void **state)
{
    (void)state;
    static const float x[6] = {1, 2, 3, 4, 5, 6};
    static const int32_t y[3] = {0, 2, 1};
    struct data_set set = {.n_inputs = 2, .n_classes = 3};
    set.part[DATA_VALIDATION] = (struct data_part){.n_rows = 3, .x = x, .y = y};
    struct net_rows rows = net_rows_of(&set, DATA_VALIDATION);
    assert_int_equal(rows.n_rows, 3);
    assert_int_equal(rows.n_inputs, 2);
    assert_int_equal(rows.n_classes, 3);
    assert_ptr_equal(rows.x, x);
    assert_ptr_equal(rows.y, y);
    assert_null(rows.target);
}

/* All training rows, then all validation rows, each with its label; shape as of a part. */
static void training_and_validation_rows_are_joined(void **state)
{
    (void)state;
    const struct data_set *const sets[] = {fake_set(), fake_numbers(), fake_images()};
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        struct net_rows all, part = net_rows_of(sets[s], DATA_TRAIN);
        struct err_info info = {0};
        assert_int_equal(net_rows_join(sets[s], &all, &info), ERR_OK);
        assert_int_equal(all.n_rows, 100);
        assert_int_equal(all.n_inputs, part.n_inputs);
        assert_int_equal(all.n_classes, part.n_classes);
        assert_int_equal(all.image_rows, part.image_rows);
        assert_true(all.target_scale == part.target_scale);
        size_t width = (size_t)all.n_inputs;
        for (int p = DATA_TRAIN, first = 0; p <= DATA_VALIDATION; p++) {
            const struct data_part *from = &sets[s]->part[p];
            size_t n = (size_t)from->n_rows;
            assert_memory_equal(all.x + (size_t)first * width, from->x, n * width * sizeof *all.x);
            assert_int_equal(all.y != NULL, from->y != NULL);
            assert_int_equal(all.target != NULL, from->target != NULL);
            if (from->y)
                assert_memory_equal(all.y + first, from->y, n * sizeof *all.y);
            if (from->target)
                assert_memory_equal(all.target + first, from->target, n * sizeof *all.target);
            first += from->n_rows;
        }
        net_rows_release(&all);
        assert_null(all.x);
    }
}

static void without_memory_nothing_is_left(void **state)
{
    (void)state;
    for (int after = 0; after < 2; after++) {
        struct net_rows all;
        struct err_info info = {0};
        mem_fail_after(after);
        assert_int_equal(net_rows_join(fake_set(), &all, &info), ERR_MEMORY);
        mem_fail_after(-1);
        assert_null(all.x);
        assert_null(all.y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_becomes_rows),
        cmocka_unit_test(training_and_validation_rows_are_joined),
        cmocka_unit_test(without_memory_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

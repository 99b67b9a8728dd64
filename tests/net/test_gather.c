/* If this fails, networks see other rows than they should: batches in the epoch's order, images
 * moved by whole pixels, noise of the stated size, always the same for the same batch. */
#include "kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
/* cmocka needs them above it */
#include <cmocka.h>

enum { ROWS = 5, COLUMNS = 4, PIXELS = ROWS * COLUMNS, N_ROWS = 45 };

static struct training *make(const struct net_config *c, const struct net_rows *rows)
{
    struct training *t;
    struct err_info info;
    if (net_new(c, rows, &t, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return t;
}

static struct toy images(void)
{
    struct toy toy = toy_noise(N_ROWS, PIXELS, 3, 1);
    toy.rows.image_rows = ROWS;
    toy.rows.image_columns = COLUMNS;
    return toy;
}

/* The pixel that moves to (row, column); 0 from outside. */
static float moved(const float *image, int row, int column, int down, int right)
{
    int r = row - down, c = column - right;
    return r < 0 || r >= ROWS || c < 0 || c >= COLUMNS ? 0 : image[r * COLUMNS + c];
}

/* By how much the image was moved, at most reach each way; false: it is none of these. */
static bool find_move(const float *x, const float *image, int reach, int *down, int *right)
{
    for (*down = -reach; *down <= reach; ++*down)
        for (*right = -reach; *right <= reach; ++*right) {
            bool same = true;
            for (int i = 0; i < PIXELS && same; i++)
                same = x[i] == moved(image, i / COLUMNS, i % COLUMNS, *down, *right);
            if (same)
                return true;
        }
    return false;
}

static void rows_come_in_the_epoch_s_order(void **state)
{
    (void)state;
    struct toy toy = images(), numbers = toy_numbers(N_ROWS, PIXELS, 1);
    struct net_config c = toy_config();
    struct training *t = make(&c, &toy.rows), *regression = make(&c, &numbers.rows);
    for (int batch = 0; batch < 6; batch++) {
        t->batch = regression->batch = batch;
        int n = training_gather(t);
        assert_int_equal(n, batch < 5 ? 8 : 5);
        assert_int_equal(training_gather(regression), n);
        for (int i = 0; i < n; i++) {
            int32_t row = t->order[8 * batch + i], other = regression->order[8 * batch + i];
            assert_memory_equal(t->x + i * PIXELS, toy.x + row * PIXELS, PIXELS * sizeof(float));
            assert_int_equal(t->y[i], toy.y[row]);
            assert_true(regression->target[i] == numbers.target[other]);
        }
    }
    net_free(t);
    net_free(regression);
    toy_free(&toy);
    toy_free(&numbers);
}

/* Every move within reach occurs, and no other; even those that leave nothing of the image. */
static void images_are_moved_by_whole_pixels(void **state)
{
    (void)state;
    static const int reaches[] = {1, 2, 7};
    struct toy toy = images();
    for (int k = 0; k < 3; k++) {
        struct net_config c = toy_config();
        c.shift = reaches[k];
        struct training *t = make(&c, &toy.rows);
        int seen[15][15] = {{0}}, down = 0, right = 0, different = 0;
        for (t->epoch = 0; t->epoch < 100; t->epoch++)
            for (t->batch = 0; t->batch < 6; t->batch++) {
                int n = training_gather(t);
                for (int i = 0; i < n; i++) {
                    const float *image = toy.x + t->order[8 * t->batch + i] * PIXELS;
                    assert_true(find_move(t->x + i * PIXELS, image, reaches[k], &down, &right));
                    different += seen[down + 7][right + 7]++ == 0;
                }
            }
        int side = 2 * reaches[k] + 1;
        /* Where nothing is left, one move is taken for another. */
        assert_true(k == 2 ? different >= 9 * 7 : different == side * side);
        assert_true(seen[7][7] < 2 * 100 * N_ROWS / (side * side));
        net_free(t);
    }
    toy_free(&toy);
}

static void noise_has_the_stated_size(void **state)
{
    (void)state;
    struct toy toy = images();
    struct net_config c = toy_config();
    c.input_noise = 0.25;
    struct training *t = make(&c, &toy.rows);
    double sum = 0, squares = 0, cells = 0;
    for (t->epoch = 0; t->epoch < 100; t->epoch++)
        for (t->batch = 0; t->batch < 6; t->batch++)
            for (int i = 0, n = training_gather(t); i < n * PIXELS; i++, cells++) {
                size_t row = (size_t)t->order[8 * t->batch + i / PIXELS];
                double d = (double)t->x[i] - (double)toy.x[row * PIXELS + (size_t)(i % PIXELS)];
                sum += d;
                squares += d * d;
            }
    /* 90,000 numbers: four standard errors of the mean and of the deviation. */
    assert_true(fabs(sum / cells) < 4 * 0.25 / 300);
    assert_true(fabs(sqrt(squares / cells) - 0.25) < 4 * 0.25 / 424);
    net_free(t);
    toy_free(&toy);
}

/* What a batch looks like depends on the seed and its number alone. */
static void a_batch_is_always_the_same(void **state)
{
    (void)state;
    struct toy toy = images();
    struct net_config c = toy_config();
    static float first[8 * PIXELS], other[8 * PIXELS];
    c.input_noise = 0.25;
    c.shift = 2;
    for (int k = 0; k < 4; k++) {
        c.rng_seed = k < 3 ? 1 : 2;
        struct training *t = make(&c, &toy.rows);
        t->epoch = k == 1 ? 2 : 1; /* the order stays the first epoch's */
        t->batch = k == 2 ? 0 : 3;
        training_gather(t);
        memcpy(k == 0 ? first : other, t->x, sizeof first);
        training_gather(t);
        assert_memory_equal(k == 0 ? first : other, t->x, sizeof first);
        if (k > 0)
            assert_memory_not_equal(first, other, sizeof first);
        net_free(t);
    }
    toy_free(&toy);
}

/* Neither is seen when the network is judged. */
static void judging_sees_the_rows_as_they_are(void **state)
{
    (void)state;
    struct toy toy = images();
    struct net_config c = toy_config();
    struct training *plain = make(&c, &toy.rows);
    c.input_noise = 0.25;
    c.shift = 2;
    struct training *t = make(&c, &toy.rows);
    struct net_metrics m, expected;
    assert_int_equal(net_evaluate(plain, &toy.rows, &expected, NULL, NULL), ERR_OK);
    assert_int_equal(net_evaluate(t, &toy.rows, &m, NULL, NULL), ERR_OK);
    assert_memory_equal(&m, &expected, sizeof m);
    net_free(plain);
    net_free(t);
    toy_free(&toy);
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_in_the_epoch_s_order),
        cmocka_unit_test(images_are_moved_by_whole_pixels),
        cmocka_unit_test(noise_has_the_stated_size),
        cmocka_unit_test(a_batch_is_always_the_same),
        cmocka_unit_test(judging_sees_the_rows_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

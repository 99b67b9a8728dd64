/* If this fails, a loss or its gradient is not the formula's in some processor's table, or a broken
 * output does not break the loss. */
#include "tables.h"

#include <string.h>

enum { ROWS = 6 };

/* Softmax, its loss and gradient against float64, with logits so far apart that e^x would overflow.
 */
static void softmax_is_softmax(void **state)
{
    (void)state;
    enum { N = 11 };
    static const double spread[ROWS] = {0, 0.1, 1, 10, 60, 1000};
    struct rng rng;
    rng_seed(&rng, 4, 4);
    float z[ROWS * N], given[ROWS * N];
    int32_t y[ROWS];
    for (int r = 0; r < ROWS; r++) {
        y[r] = r;
        for (int c = 0; c < N; c++)
            given[r * N + c] = (float)(spread[r] * rng_normal(&rng));
    }
    for (size_t k = 0; k < n_tables; k++) {
        memcpy(z, given, sizeof z);
        double loss = tables[k]->softmax_loss(z, ROWS, N, y, 0.5f), expected = 0;
        for (int r = 0; r < ROWS; r++) {
            double top = -1e30, sum = 0;
            for (int c = 0; c < N; c++)
                top = fmax(top, (double)given[r * N + c]);
            for (int c = 0; c < N; c++)
                sum += exp((double)given[r * N + c] - top);
            expected += log(sum) + top - (double)given[r * N + y[r]];
            for (int c = 0; c < N; c++) {
                double p = exp((double)given[r * N + c] - top) / sum;
                assert_close((double)z[r * N + c], 0.5 * (p - (c == y[r])), 2e-7, tables[k]->name,
                             (size_t)(r * N + c));
            }
        }
        assert_close(loss, expected, 1e-6 * expected, tables[k]->name, 0);
    }
}

/* One row's plain cross-entropy, and the loss whose gradient is asked for. */
static double cross_entropy(const double *z, int n, int y)
{
    double top = z[0], sum = 0;
    for (int c = 1; c < n; c++)
        top = fmax(top, z[c]);
    for (int c = 0; c < n; c++)
        sum += exp(z[c] - top);
    return log(sum) + top - z[y];
}

static double smoothed(const double *z, int n, int y, double smoothing, double weight)
{
    double loss = (1 - smoothing) * cross_entropy(z, n, y);
    for (int c = 0; c < n; c++)
        loss += smoothing / n * cross_entropy(z, n, c);
    return weight * loss;
}

/* The central difference of that loss at logit c: errs by 1e-9. */
static double smoothed_slope(double *z, int n, int y, int c, double smoothing, double weight)
{
    const double h = 1e-4, at = z[c];
    z[c] = at + h;
    double right = smoothed(z, n, y, smoothing, weight);
    z[c] = at - h;
    double left = smoothed(z, n, y, smoothing, weight);
    z[c] = at;
    return (right - left) / (2 * h);
}

static void smoothing_and_weights_are_differences(void **state)
{
    (void)state;
    static const struct {
        float smoothing;
        bool weights;
    } cases[] = {{0, false}, {0.1f, false}, {0, true}, {0.3f, true}, {0.9f, false}};
    const float scale = 0.25f;
    float z[ROWS * MAX_WIDTH], given[ROWS * MAX_WIDTH], weight[MAX_WIDTH];
    int32_t y[ROWS];
    struct rng rng;
    rng_seed(&rng, 5, 5);
    draw(&rng, given, ROWS * MAX_WIDTH, 0, 3);
    for (int c = 0; c < MAX_WIDTH; c++)
        weight[c] = 0.5f + (float)c / 8;
    for (size_t k = 0; k < n_tables * N_WIDTHS * (sizeof cases / sizeof *cases); k++) {
        const struct kernels *table = tables[k % n_tables];
        int n = odd_widths[k / n_tables % N_WIDTHS];
        size_t j = k / n_tables / N_WIDTHS;
        struct loss_numbers numbers = {scale, cases[j].smoothing, cases[j].weights ? weight : NULL};
        double expected = 0;
        for (int r = 0; r < ROWS; r++)
            y[r] = r * 7 % n;
        memcpy(z, given, sizeof z);
        double loss = table->softmax_loss_with(z, ROWS, n, y, &numbers);
        for (int r = 0; r < ROWS; r++) {
            double row[MAX_WIDTH], w = cases[j].weights ? (double)weight[y[r]] : 1;
            for (int c = 0; c < n; c++)
                row[c] = (double)given[r * n + c];
            expected += cross_entropy(row, n, y[r]);
            for (int c = 0; c < n; c++)
                assert_close((double)z[r * n + c],
                             0.25 * smoothed_slope(row, n, y[r], c, (double)numbers.smoothing, w),
                             3e-7 * w, table->name, (size_t)(r * n + c));
        }
        assert_close(loss, expected, 1e-6 * ROWS, table->name, j);
    }
}

static void squared_loss_is_squared(void **state)
{
    (void)state;
    float z[MAX_WIDTH], given[MAX_WIDTH], target[MAX_WIDTH];
    struct rng rng;
    rng_seed(&rng, 6, 6);
    draw(&rng, given, MAX_WIDTH, 0, 2);
    draw(&rng, target, MAX_WIDTH, 0, 2);
    given[0] = 1e25f; /* its square is beyond float32 */
    for (size_t k = 0; k < n_tables * N_WIDTHS; k++) {
        int rows = odd_widths[k / n_tables];
        double expected = 0;
        memcpy(z, given, sizeof z);
        double loss = tables[k % n_tables]->squared_loss(z, rows, target, 0.125f);
        for (int r = 0; r < rows; r++) {
            double error = (double)given[r] - (double)target[r];
            expected += error * error;
            assert_close((double)z[r], 2 * error * 0.125, 2e-7 * fabs(error), "slope", (size_t)r);
        }
        assert_close(loss, expected, 1e-6 * expected, "loss", k);
    }
}

/* NaN and infinity anywhere in the outputs: the loss is not a finite number. A logit of minus
 * infinity is only a class that can't be. */
static void broken_outputs_break_the_loss(void **state)
{
    (void)state;
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    enum { N = 16 };
    const struct loss_numbers numbers = {1, 0.1f, NULL};
    const float target[N] = {0};
    for (size_t k = 0; k < n_tables * 4; k++)
        for (int at = 0; at < N; at++) {
            const struct kernels *table = tables[k / 4];
            float z[N] = {0}, smooth[N] = {0}, numeric[N] = {0};
            int32_t y = (at + 1) % N;
            z[at] = smooth[at] = numeric[at] = bad[k % 4];
            bool possible = bad[k % 4] == -INFINITY;
            assert_true(!isfinite(table->softmax_loss(z, 1, N, &y, 1)) || possible);
            assert_true(!isfinite(table->softmax_loss_with(smooth, 1, N, &y, &numbers)) ||
                        possible);
            assert_true(!isfinite(table->squared_loss(numeric, N, target, 1)));
            assert_true(!isfinite(numeric[at]));
        }
}

int main(void)
{
    find_tables();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(softmax_is_softmax),
        cmocka_unit_test(smoothing_and_weights_are_differences),
        cmocka_unit_test(squared_loss_is_squared),
        cmocka_unit_test(broken_outputs_break_the_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

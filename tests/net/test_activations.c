/* If this fails, an activation or its slope is not what its name says in some processor's table, or
 * a broken number does not come out of it. */
#include "tables.h"

#include <stdio.h>
#include <string.h>

static double relu(double z)
{
    return z > 0 ? z : 0;
}
static double leaky_relu(double z)
{
    return z > 0 ? z : 0.01 * z;
}
static double sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}
static double gelu(double z)
{
    return z * 0.5 * erfc(-z / sqrt(2));
}
static double silu(double z)
{
    return z / (1 + exp(-z));
}
static double relu_slope(double z)
{
    return z > 0;
}
static double tanh_slope(double z)
{
    return 1 / (cosh(z) * cosh(z));
}
static double leaky_relu_slope(double z)
{
    return z > 0 ? 1 : 0.01;
}
static double sigmoid_slope(double z)
{
    return sigmoid(z) * sigmoid(-z);
}
static double gelu_slope(double z)
{
    return 0.5 * erfc(-z / sqrt(2)) + z * exp(-z * z / 2) / sqrt(2 * acos(-1));
}
static double silu_slope(double z)
{
    return sigmoid(z) + z * sigmoid_slope(z);
}

/* f and f' in float64, and how far float32 may be from them, absolutely and of the value. */
static const struct truth {
    const char *name;
    double (*f)(double), (*slope)(double);
    double tolerance, of_value;
} truths[NET_N_ACTIVATIONS] = {
    [NET_RELU] = {"relu", relu, relu_slope, 0, 0},
    [NET_TANH] = {"tanh", tanh, tanh_slope, 6e-7, 0},
    [NET_LEAKY_RELU] = {"leaky_relu", leaky_relu, leaky_relu_slope, 1e-9, 1e-7},
    [NET_SIGMOID] = {"sigmoid", sigmoid, sigmoid_slope, 1e-7, 0},
    [NET_GELU] = {"gelu", gelu, gelu_slope, 5e-7, 2e-7},
    [NET_SILU] = {"silu", silu, silu_slope, 1e-6, 2e-7},
};

static void check(const struct kernels *table, int f, double z, float value, float slope)
{
    const struct truth *t = &truths[f];
    char what[80];
    snprintf(what, sizeof what, "%s %s(%g)", table->name, t->name, z);
    double room = t->tolerance + t->of_value * fabs(t->f(z));
    assert_close((double)value, t->f(z), room, what, 0);
    room = t->tolerance + t->of_value * fabs(t->slope(z));
    assert_close((double)slope, t->slope(z), room, what, 1);
}

/* 4097 arguments from -12 to 12, in training and judging. */
static void values_and_slopes_are_their_names(void **state)
{
    (void)state;
    enum { N = 4097 };
    static float a[N], slope[N], bias[N], judged[N];
    struct dropout none = {.scale = 1};
    for (size_t k = 0; k < n_tables * NET_N_ACTIVATIONS; k++) {
        const struct kernels *table = tables[k / NET_N_ACTIVATIONS];
        int f = (int)(k % NET_N_ACTIVATIONS);
        for (int i = 0; i < N; i++)
            judged[i] = a[i] = (float)(i - 2048) * 12 / 2048;
        table->activate_train[f](a, slope, 1, N, bias, &none);
        table->activate[f](judged, 1, N, bias);
        for (int i = 0; i < N; i++) {
            check(table, f, (double)((float)(i - 2048) * 12 / 2048), a[i], slope[i]);
            assert_true(a[i] == judged[i]);
        }
    }
}

/* Far to the left sigmoid and silu are small numbers with all their digits, not differences of
 * large ones. */
static void the_left_tail_keeps_its_digits(void **state)
{
    (void)state;
    static const enum net_activation kinds[] = {NET_SIGMOID, NET_SILU};
    enum { N = 80 };
    float bias[N] = {0};
    for (size_t k = 0; k < n_tables * 2; k++) {
        enum net_activation f = kinds[k % 2];
        float a[N];
        for (int i = 0; i < N; i++)
            a[i] = -(float)i - 1;
        tables[k / 2]->activate[f](a, 1, N, bias);
        for (int i = 0; i < N; i++) {
            double y = truths[f].f(-i - 1.0);
            assert_close((double)a[i], y, 1e-6 * fabs(y), truths[f].name, (size_t)i);
        }
    }
}

/* Where e^z overflows and underflows. */
static void far_out_they_stay_finite(void **state)
{
    (void)state;
    static const float far[] = {-1e6f, -1e4f, -200, -100, -88, -20, 20, 88, 100, 200, 1e4f, 1e6f};
    enum { N = sizeof far / sizeof *far };
    float bias[N] = {0};
    struct dropout none = {.scale = 1};
    for (size_t k = 0; k < n_tables; k++)
        for (int f = 0; f < NET_N_ACTIVATIONS; f++) {
            float a[N], slope[N];
            memcpy(a, far, sizeof a);
            tables[k]->activate_train[f](a, slope, 1, N, bias, &none);
            for (int i = 0; i < N; i++)
                check(tables[k], f, (double)far[i], a[i], slope[i]);
        }
}

/* The slope is the derivative of what judging computes: central differences over 1/50, whose own
 * error is below 1e-4, away from relu's corner. */
static void slopes_are_central_differences(void **state)
{
    (void)state;
    enum { N = 400 };
    const float h = 0.01f;
    float bias[N] = {0};
    struct dropout none = {.scale = 1};
    for (size_t k = 0; k < n_tables; k++)
        for (int f = 0; f < NET_N_ACTIVATIONS; f++) {
            float a[N], slope[N], left[N], right[N];
            for (int i = 0; i < N; i++) {
                a[i] = ((float)i - 199.5f) / 40;
                left[i] = a[i] - h;
                right[i] = a[i] + h;
            }
            tables[k]->activate_train[f](a, slope, 1, N, bias, &none);
            tables[k]->activate[f](left, 1, N, bias);
            tables[k]->activate[f](right, 1, N, bias);
            for (int i = 0; i < N; i++)
                assert_close((double)slope[i], (double)(right[i] - left[i]) / (2 * (double)h), 1e-4,
                             truths[f].name, (size_t)i);
        }
}

/* Bias by column, mask by index, on every odd width. */
static void bias_and_mask_reach_every_element(void **state)
{
    (void)state;
    enum { ROWS = 5 };
    struct dropout d = {{0x12345678, 0x9abcdef0}, 5033165 /* 0.3 * 2^24 */, 1 / 0.7f};
    struct rng rng;
    rng_seed(&rng, 3, 3);
    float given[ROWS * MAX_WIDTH], bias[MAX_WIDTH], a[ROWS * MAX_WIDTH], slope[ROWS * MAX_WIDTH];
    draw(&rng, given, ROWS * MAX_WIDTH, 0, 2);
    draw(&rng, bias, MAX_WIDTH, 0, 1);
    for (size_t k = 0; k < n_tables * NET_N_ACTIVATIONS * N_WIDTHS; k++) {
        const struct kernels *table = tables[k % n_tables];
        int f = (int)(k / n_tables % NET_N_ACTIVATIONS);
        int n = odd_widths[k / n_tables / NET_N_ACTIVATIONS];
        memcpy(a, given, sizeof a);
        table->activate_train[f](a, slope, ROWS, n, bias, &d);
        for (int i = 0; i < ROWS * n; i++) {
            double z = (double)(given[i] + bias[i % n]);
            double mask = dropout_keeps(&d, (uint32_t)i) ? 1 / 0.7 : 0;
            assert_close((double)a[i], truths[f].f(z) * mask, 2e-6, truths[f].name, (size_t)i);
            assert_close((double)slope[i], truths[f].slope(z) * mask, 2e-6, truths[f].name,
                         (size_t)i);
        }
        for (int i = ROWS * n; i < ROWS * MAX_WIDTH; i++)
            assert_true(a[i] == given[i]);
    }
}

static void nan_comes_out_where_it_went_in(void **state)
{
    (void)state;
    const float bad[] = {NAN, -NAN};
    float bias[MAX_WIDTH] = {0};
    struct dropout none = {.scale = 1};
    for (size_t k = 0; k < n_tables * NET_N_ACTIVATIONS * 2; k++)
        for (int at = 0; at < MAX_WIDTH; at++) {
            const struct kernels *table = tables[k % n_tables];
            size_t f = k / n_tables % NET_N_ACTIVATIONS;
            float a[MAX_WIDTH] = {0}, slope[MAX_WIDTH], judged[MAX_WIDTH] = {0};
            judged[at] = a[at] = bad[k / n_tables / NET_N_ACTIVATIONS];
            table->activate_train[f](a, slope, 1, MAX_WIDTH, bias, &none);
            table->activate[f](judged, 1, MAX_WIDTH, bias);
            for (int i = 0; i < MAX_WIDTH; i++)
                assert_true(isnan(a[i]) == (i == at) && isnan(judged[i]) == (i == at));
        }
}

int main(void)
{
    find_tables();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_slopes_are_their_names),
        cmocka_unit_test(the_left_tail_keeps_its_digits),
        cmocka_unit_test(far_out_they_stay_finite),
        cmocka_unit_test(slopes_are_central_differences),
        cmocka_unit_test(bias_and_mask_reach_every_element),
        cmocka_unit_test(nan_comes_out_where_it_went_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

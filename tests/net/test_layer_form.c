/* If this fails, networks are written down for others with the wrong layers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tiller/net.h"

static void assert_form(const struct net_config *c, const struct net_rows *shape, int l,
                        struct net_layer_form expected)
{
    struct net_layer_form f;
    assert_true(net_layer_form(c, shape, l, &f));
    assert_int_equal(f.conv, expected.conv);
    assert_int_equal(f.pooled, expected.pooled);
    assert_int_equal(f.residual, expected.residual);
    assert_int_equal(f.last, expected.last);
    assert_int_equal(f.normalization, expected.normalization);
    assert_int_equal(f.n_in, expected.n_in);
    assert_int_equal(f.n_out, expected.n_out);
    assert_int_equal(f.kernel_size, expected.kernel_size);
    assert_int_equal(f.rows, expected.rows);
    assert_int_equal(f.columns, expected.columns);
}

static void dense_layers_stand_one_behind_the_other(void **state)
{
    (void)state;
    struct net_config c = net_config_reference();
    struct net_rows shape = {.n_rows = 1, .n_inputs = 7};
    c.num_layers = 2;
    c.units = 5;
    c.residual = true;
    c.normalization = NET_NORM_LAYER;
    struct net_layer_form hidden = {
        .normalization = NET_NORM_LAYER, .n_in = 7, .n_out = 5, .rows = 1, .columns = 1};
    assert_form(&c, &shape, 0, hidden);
    hidden.n_in = 5;
    hidden.residual = true;
    assert_form(&c, &shape, 1, hidden);
    assert_form(
        &c, &shape, 2,
        (struct net_layer_form){.last = true, .n_in = 5, .n_out = 1, .rows = 1, .columns = 1});
    assert_false(net_layer_form(&c, &shape, 3, &hidden));
    assert_false(net_layer_form(&c, &shape, -1, &hidden));
}

/* 3x6 becomes 1x3 by pooling, and is too low to be pooled again. */
static void maps_shrink_while_they_can(void **state)
{
    (void)state;
    struct net_config c = net_config_reference();
    struct net_rows shape = {
        .n_rows = 1, .n_inputs = 18, .n_classes = 4, .image_rows = 3, .image_columns = 6};
    c.kind = NET_CONV;
    c.filters = 2;
    c.kernel_size = 5;
    c.units = 9;
    struct net_layer_form f = {
        .conv = true, .pooled = true, .n_in = 1, .n_out = 2, .kernel_size = 5};
    f.rows = 1;
    f.columns = 3;
    assert_form(&c, &shape, 0, f);
    f.pooled = false;
    f.n_in = 2;
    f.n_out = 4;
    assert_form(&c, &shape, 1, f);
    assert_form(&c, &shape, 2,
                (struct net_layer_form){.n_in = 12, .n_out = 9, .rows = 1, .columns = 1});
    assert_form(
        &c, &shape, 3,
        (struct net_layer_form){.last = true, .n_in = 9, .n_out = 4, .rows = 1, .columns = 1});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_layers_stand_one_behind_the_other),
        cmocka_unit_test(maps_shrink_while_they_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* If this fails, configurations leave their ranges, change on the way to or from a file, or what a
 * person types is taken for something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "tiller/space.h"

enum { DRAWS = 4000 };

static int named(const char *name)
{
    int i = space_find(space_builtin(), name);
    assert_true(i >= 0);
    return i;
}

static struct configuration typed(const char *pairs)
{
    struct configuration c;
    struct err_info info;
    char copy[256], *rest = copy;
    space_default(space_builtin(), &c);
    text_copy(copy, sizeof copy, pairs);
    for (char *pair = strtok_r(copy, " ", &rest); pair; pair = strtok_r(NULL, " ", &rest))
        if (space_set_pair(space_builtin(), &c, pair, NULL, &info) != ERR_OK)
            fail_msg("%s: %s", pair, info.detail);
    space_tidy(space_builtin(), &c);
    return c;
}

static bool on_grid(const struct hyperparameter *h, double x)
{
    if (h->kind == HYPER_CATEGORICAL)
        return x >= 0 && x < h->n_choices && x == floor(x);
    return x >= h->low && x <= h->high && (h->kind != HYPER_INT || x == floor(x));
}

static void samples_stay_in_range_and_reach_both_halves(void **state)
{
    (void)state;
    const struct space *space = space_builtin();
    int low_half[SPACE_MAX] = {0}, counted[SPACE_MAX] = {0};
    struct rng rng;
    rng_seed(&rng, 1, 0);
    for (int k = 0; k < DRAWS; k++) {
        struct configuration c;
        double unit[SPACE_MAX];
        space_sample(space, &rng, &c);
        space_encode(space, &c, unit);
        for (int i = 0; i < space->n; i++) {
            assert_true(on_grid(&space->h[i], c.value[i]));
            assert_int_equal(c.set >> i & 1, space_is_active(space, &c, i));
            if (space_is_active(space, &c, i)) {
                counted[i]++;
                low_half[i] += unit[i] < 0.5;
            }
        }
    }
    /* On its natural axis each is uniform: the binomial's sd is below 0.012; 0.06 is 5 of them. */
    for (int i = 0; i < space->n; i++)
        if (fabs((double)low_half[i] / counted[i] - 0.5) > 0.06)
            fail_msg("%s: %d of %d in the lower half", space->h[i].name, low_half[i], counted[i]);
    assert_int_equal(counted[named("learning_rate")], DRAWS);
    assert_true(counted[named("momentum")] < DRAWS * 0.56); /* under sgd only */
}

static void narrowing_one_leaves_the_others_as_they_were(void **state)
{
    (void)state;
    struct space narrow = *space_builtin();
    struct configuration a, b;
    struct rng one, two;
    int lr = named("learning_rate");
    narrow.h[lr].high = 0.01;
    rng_seed(&one, 5, 0);
    rng_seed(&two, 5, 0);
    space_sample(space_builtin(), &one, &a);
    space_sample(&narrow, &two, &b);
    for (int i = 0; i < narrow.n; i++)
        if (i != lr)
            assert_true(a.value[i] == b.value[i]);
    assert_true(b.value[lr] <= 0.01);
}

static void unit_cube_and_back(void **state)
{
    (void)state;
    const struct space *space = space_builtin();
    struct rng rng;
    rng_seed(&rng, 2, 0);
    for (int k = 0; k < DRAWS; k++) {
        struct configuration c, back;
        double unit[SPACE_MAX];
        space_sample(space, &rng, &c);
        space_encode(space, &c, unit);
        space_decode(space, unit, &back);
        for (int i = 0; i < space->n; i++) {
            assert_true(unit[i] >= 0 && unit[i] <= 1);
            if (space->h[i].kind == HYPER_FLOAT)
                assert_true(fabs(back.value[i] - c.value[i]) <= 1e-12 * fabs(c.value[i]) + 1e-15);
            else
                assert_true(back.value[i] == c.value[i]);
        }
        assert_int_equal(back.set, c.set);
    }
}

static void decoding_clips_and_rounds(void **state)
{
    (void)state;
    const struct space *space = space_builtin();
    struct configuration c;
    double unit[SPACE_MAX];
    for (int i = 0; i < space->n; i++)
        unit[i] = i % 2 ? -3 : 7;
    space_decode(space, unit, &c);
    assert_true(c.value[named("learning_rate")] == 0.1);
    assert_true(c.value[named("batch_size")] == 8);
    assert_true(c.value[named("units")] == 1024);
    for (int i = 0; i < space->n; i++)
        unit[i] = 0.5;
    space_decode(space, unit, &c);
    /* sqrt(8 * 512) = 64, sqrt(8 * 1024) = 90.5, sqrt(1e-4 * 0.1) */
    assert_true(c.value[named("batch_size")] == 64);
    assert_in_range((int)c.value[named("units")], 90, 91);
    assert_true(fabs(c.value[named("learning_rate")] - 0.00316227766) < 1e-9);
}

static void a_range_of_one_point(void **state)
{
    (void)state;
    struct space fixed = *space_builtin();
    struct configuration c;
    double unit[SPACE_MAX];
    struct rng rng;
    int units = named("units");
    fixed.h[units].low = fixed.h[units].high = fixed.h[units].fallback = 100;
    rng_seed(&rng, 3, 0);
    space_sample(&fixed, &rng, &c);
    assert_true(c.value[units] == 100);
    space_encode(&fixed, &c, unit);
    assert_true(unit[units] == 0);
    space_decode(&fixed, unit, &c);
    assert_true(c.value[units] == 100);
}

static void inactive_values_do_not_count(void **state)
{
    (void)state;
    const struct space *space = space_builtin();
    struct configuration a = typed("optimizer=adam"), b = a;
    int momentum = named("momentum");
    b.value[momentum] = 0.3;
    assert_true(space_same(space, &a, &b));
    space_tidy(space, &b);
    assert_true(b.value[momentum] == space->h[momentum].fallback);
    assert_false(b.set >> momentum & 1);
    a = typed("optimizer=sgd momentum=0.3");
    b = typed("optimizer=sgd momentum=0.4");
    assert_false(space_same(space, &a, &b));
    assert_true(a.set >> momentum & 1);
    b = typed("optimizer=adam");
    assert_false(space_same(space, &a, &b));
}

/* ---- typed values ------------------------------------------------------------------------ */

static const struct {
    const char *pair;
    enum err code;
    const char *where, *hint;
} refused[] = {
    {"learning_rate=0", ERR_RANGE, "learning_rate", "0.0001 to 0.1"},
    {"learning_rate=0.2", ERR_RANGE, "learning_rate", "0.0001 to 0.1"},
    {"learning_rate=0x1p-8", ERR_RANGE, "learning_rate", "0.0001 to 0.1"},
    {"learning_rate=nan", ERR_RANGE, "learning_rate", "0.0001 to 0.1"},
    {"learning_rate=", ERR_RANGE, "learning_rate", "0.0001 to 0.1"},
    {"learning_rate=0.01x", ERR_RANGE, "learning_rate", "0.0001 to 0.1"},
    {"units=12.5", ERR_RANGE, "units", "whole number from 8 to 1024"},
    {"units=7", ERR_RANGE, "units", "whole number from 8 to 1024"},
    {"optimizer=adm", ERR_RANGE, "optimizer", "did you mean adam?"},
    {"optimizer=nesterov", ERR_RANGE, "optimizer", "adam, sgd"},
    {"schedule=Cosine", ERR_RANGE, "schedule", "did you mean cosine?"},
    {"learning_rat=0.01", ERR_USAGE, "learning_rat", "did you mean learning_rate?"},
    {"num_layer=2", ERR_USAGE, "num_layer", "did you mean num_layers?"},
    {"zebra=2", ERR_USAGE, "zebra", "lists them"},
    {"units", ERR_USAGE, "units", "name=value"},
    {"a_name_of_more_than_forty_eight_characters_is_no_hyperparameter=2", ERR_USAGE, "a_name_of",
     ""},
};

static void what_is_refused_and_what_is_suggested(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct configuration c, before;
        struct err_info info = {ERR_OK, "", "", ""};
        space_default(space_builtin(), &c);
        before = c;
        enum err err = space_set_pair(space_builtin(), &c, refused[i].pair, NULL, &info);
        if (err != refused[i].code || !strstr(info.where, refused[i].where) ||
            !strstr(info.hint, refused[i].hint))
            fail_msg("%s: code %d, %s: %s; %s", refused[i].pair, err, info.where, info.detail,
                     info.hint);
        assert_memory_equal(&c, &before, sizeof c);
    }
}

static void the_ends_of_a_range_belong_to_it(void **state)
{
    (void)state;
    struct configuration c =
        typed("learning_rate=1e-4 units=1024 dropout=0 batch_size=8 schedule=cosine");
    assert_true(c.value[named("learning_rate")] == 1e-4);
    assert_true(c.value[named("units")] == 1024);
    assert_true(c.value[named("dropout")] == 0);
    int index = -1;
    assert_int_equal(space_set_pair(space_builtin(), &c, "dropout=0.7", &index, NULL), ERR_OK);
    assert_int_equal(index, named("dropout"));
}

static void the_command_form_reads_back_exactly(void **state)
{
    (void)state;
    const struct space *space = space_builtin();
    struct rng rng;
    rng_seed(&rng, 4, 0);
    for (int k = 0; k < 200; k++) {
        struct configuration c;
        struct text line = {0};
        space_sample(space, &rng, &c);
        space_format(space, &c, &line);
        assert_true(strlen(text_get(&line)) < 256);
        struct configuration back = typed(text_get(&line));
        assert_true(space_same(space, &c, &back));
        text_free(&line);
    }
}

static void people_read_three_digits(void **state)
{
    (void)state;
    struct configuration c = typed("learning_rate=0.00212345 units=100 activation=tanh");
    char out[64];
    const struct space *space = space_builtin();
    assert_string_equal(space_value_text(space, &c, named("learning_rate"), false, out, sizeof out),
                        "0.00212");
    assert_string_equal(space_value_text(space, &c, named("learning_rate"), true, out, sizeof out),
                        "0.00212345");
    assert_string_equal(space_value_text(space, &c, named("units"), false, out, sizeof out), "100");
    assert_string_equal(space_value_text(space, &c, named("activation"), false, out, sizeof out),
                        "tanh");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_stay_in_range_and_reach_both_halves),
        cmocka_unit_test(narrowing_one_leaves_the_others_as_they_were),
        cmocka_unit_test(unit_cube_and_back),
        cmocka_unit_test(decoding_clips_and_rounds),
        cmocka_unit_test(a_range_of_one_point),
        cmocka_unit_test(inactive_values_do_not_count),
        cmocka_unit_test(what_is_refused_and_what_is_suggested),
        cmocka_unit_test(the_ends_of_a_range_belong_to_it),
        cmocka_unit_test(the_command_form_reads_back_exactly),
        cmocka_unit_test(people_read_three_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

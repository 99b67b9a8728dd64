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
    char copy[512], *rest = copy;
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
            const struct hyperparameter *h = &space->h[i];
            assert_true(on_grid(h, c.value[i]));
            if (h->held)
                assert_true(c.value[i] == h->fallback);
            assert_int_equal(c.set >> i & 1, !h->held && space_is_active(space, &c, i));
            if (space_is_active(space, &c, i) && !h->held) {
                counted[i]++;
                low_half[i] += h->n_sampled > 0 ? c.value[i] < h->n_sampled / 2.0 : unit[i] < 0.5;
                assert_true(h->n_sampled == 0 || c.value[i] < h->n_sampled);
            }
        }
    }
    /* On its natural axis each is uniform: the binomial's sd is below 0.012; 0.06 is 5 of them. A
     * quarter of freeze's values stands in the middle. */
    low_half[named("freeze")] += counted[named("freeze")] / 8;
    for (int i = 0; i < space->n; i++)
        if (!space->h[i].held && fabs((double)low_half[i] / counted[i] - 0.5) > 0.06)
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

/* ---- held and sampled -------------------------------------------------------------------- */

static void what_is_searched_and_in_which_order(void **state)
{
    (void)state;
    static const char *const searched[] = {"learning_rate", "batch_size", "optimizer", "momentum",
                                           "weight_decay",  "num_layers", "units",     "dropout",
                                           "activation",    "schedule",   "init",      "freeze",
                                           "carried_rate"};
    size_t n = 0;
    for (int i = 0; i < space_builtin()->n; i++) {
        const struct hyperparameter *h = &space_builtin()->h[i];
        assert_true(h->about[0] && strlen(h->about) <= 60);
        assert_true(on_grid(h, h->fallback));
        if (!h->held)
            assert_string_equal(h->name, searched[n++]);
    }
    assert_int_equal(n, sizeof searched / sizeof *searched);
    static const char *const conditions[][2] = {
        {"momentum", "optimizer"}, {"pooling", "network"}, {"filters", "network"},
        {"freeze", "init"},        {"thaw_epoch", "init"}, {"carried_rate", "init"}};
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        assert_int_equal(space_builtin()->h[named(conditions[i][0])].active_if,
                         named(conditions[i][1]));
    assert_int_equal(named("schedule"), 9); /* older logs and their moves count on it */
    assert_int_equal(space_sampled_choices(&space_builtin()->h[named("optimizer")]), 2);
    assert_int_equal(space_sampled_choices(&space_builtin()->h[named("init")]), 2);
}

/* A held one is marked only where somebody chose another value, and stays what it is. */
static void held_values_of_people_are_kept(void **state)
{
    (void)state;
    const struct space *space = space_builtin();
    struct configuration plain = typed(""), c = typed("warmup_epochs=0.7 network=conv filters=33");
    double unit[SPACE_MAX];
    assert_false(plain.set >> named("warmup_epochs") & 1);
    assert_false(plain.set >> named("filters") & 1);
    assert_true(c.set >> named("warmup_epochs") & 1);
    assert_true(c.set >> named("network") & 1);
    assert_true(c.set >> named("filters") & 1);
    assert_false(c.set >> named("kernel_size") & 1); /* active, and as everybody expects */
    assert_true(space_is_active(space, &c, named("kernel_size")));
    assert_false(space_same(space, &plain, &c));
    space_encode(space, &c, unit);
    struct configuration back;
    space_decode(space, unit, &back);
    assert_int_equal(back.set, c.set);
    assert_true(back.value[named("filters")] == 33 && back.value[named("network")] == 1);
    assert_true(fabs(back.value[named("warmup_epochs")] - 0.7) < 1e-12);
    c = typed("filters=33"); /* of no network here */
    assert_int_equal(c.set, plain.set);
    assert_true(c.value[named("filters")] == 16);
}

static void holding_and_releasing(void **state)
{
    (void)state;
    struct space space = *space_builtin();
    struct configuration c;
    struct rng rng;
    struct err_info info;
    int units = named("units"), warmup = named("warmup_epochs"), optimizer = named("optimizer");
    assert_int_equal(space_hold(&space, units, "2000", &info), ERR_RANGE);
    assert_string_equal(info.where, "units");
    assert_false(space.h[units].held);
    assert_int_equal(space_hold(&space, units, "64", &info), ERR_OK);
    assert_int_equal(space_hold(&space, optimizer, "rmsprop", &info), ERR_OK);
    space_release(&space, warmup);
    rng_seed(&rng, 6, 0);
    for (int k = 0; k < 100; k++) {
        space_sample(&space, &rng, &c);
        assert_true(c.value[units] == 64 && c.value[optimizer] == 3);
        assert_true(c.value[warmup] > 0 && c.value[warmup] < 10);
        /* 64 is not what 'tiller train' takes by itself: it has to be said. */
        assert_true((c.set >> units & 1) && (c.set >> optimizer & 1) && (c.set >> warmup & 1));
    }
    c.value[units] = 128; /* a person may, and that has to be said here as well */
    space_tidy(&space, &c);
    assert_true(c.set >> units & 1);
    assert_int_equal(space_hold(&space, units, "128", &info), ERR_OK);
    space_default(&space, &c);
    assert_false(c.set >> units & 1);
    space_release(&space, optimizer);
    int seen[5] = {0};
    for (int k = 0; k < 400; k++) {
        space_sample(&space, &rng, &c);
        seen[(int)c.value[optimizer]]++;
    }
    for (int k = 0; k < 5; k++)
        assert_true(seen[k] > 40);
}

/* a switches b on, b switches c on: without a there is no c, whatever b's value is. */
static void conditions_two_deep(void **state)
{
    (void)state;
    static const struct hyper_choice choices[] = {{"off", "\"off\""}, {"on", "\"on\""}};
    struct space space = {.n = 3};
    for (int i = 0; i < space.n; i++) {
        struct hyperparameter *h = &space.h[2 - i]; /* the last decides over the one before it */
        *h = (struct hyperparameter){.kind = HYPER_CATEGORICAL, .n_choices = 2};
        text_format(h->name, sizeof h->name, "%c", 'a' + i);
        memcpy(h->choice, choices, sizeof choices);
        h->active_if = i == 0 ? -1 : 3 - i;
        h->active_choices = 2;
    }
    static const struct {
        double c, b, a;
        uint32_t set;
    } rows[] = {{1, 1, 1, 7}, {1, 0, 1, 6}, {1, 1, 0, 4}, {0, 1, 1, 7}, {0, 0, 0, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct configuration x = {.value = {rows[i].c, rows[i].b, rows[i].a}};
        space_tidy(&space, &x);
        assert_int_equal(x.set, rows[i].set);
        for (int k = 0; k < 3; k++)
            assert_true((x.set >> k & 1) || x.value[k] == 0);
    }
}

static void a_task_has_what_it_can_use(void **state)
{
    (void)state;
    static const struct {
        unsigned traits;
        const char *there, *not_there;
    } rows[] = {
        {0, "learning_rate normalization input_noise",
         "network conv_layers filters kernel_size pooling shift label_smoothing class_weights init "
         "freeze thaw_epoch carried_rate"},
        {SPACE_CLASSES, "label_smoothing class_weights momentum", "network shift init"},
        {SPACE_IMAGES, "network filters pooling shift", "label_smoothing class_weights freeze"},
        {SPACE_WEIGHTS, "init freeze thaw_epoch carried_rate", "network label_smoothing"},
        {SPACE_IMAGES | SPACE_CLASSES | SPACE_WEIGHTS, "network shift class_weights init", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct space s;
        char words[256], *rest;
        space_of_task(rows[i].traits, &s);
        text_copy(words, sizeof words, rows[i].there);
        for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
            assert_true(space_find(&s, w) >= 0);
        text_copy(words, sizeof words, rows[i].not_there);
        for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
            assert_int_equal(space_find(&s, w), -1);
        for (int k = 0; k < s.n; k++) {
            const struct hyperparameter *h = &s.h[k];
            const struct hyperparameter *b = &space_builtin()->h[named(h->name)];
            assert_int_equal(h->active_if < 0, b->active_if < 0);
            if (h->active_if >= 0)
                assert_string_equal(s.h[h->active_if].name, space_builtin()->h[b->active_if].name);
        }
    }
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
    {"optimizer=lion", ERR_RANGE, "optimizer", "adam, sgd, nesterov, rmsprop, adamw"},
    {"kernel_size=4", ERR_RANGE, "kernel_size", "whole number from 3 to 5 in steps of 2"},
    {"gradient_clip=0", ERR_RANGE, "gradient_clip", "0.01 to 100"},
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

static void what_this_task_cannot_use(void **state)
{
    (void)state;
    struct space s;
    struct configuration c;
    struct err_info info;
    static const struct {
        const char *pair, *where, *detail, *hint;
    } rows[] = {
        {"network=conv", "network", "is for images only", "leave it out"},
        {"class_weights=balanced", "class_weights", "is for classes only", "leave it out"},
        {"freeze=1", "freeze", "is for a network that starts with weights", "--from WEIGHTS"},
        {"freze=1", "freze", "no such hyperparameter", "--help"},
    };
    space_of_task(0, &s);
    space_default(&s, &c);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(space_set_pair(&s, &c, rows[i].pair, NULL, &info), ERR_USAGE);
        assert_string_equal(info.where, rows[i].where);
        assert_string_equal(info.detail, rows[i].detail);
        assert_non_null(strstr(info.hint, rows[i].hint));
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
        assert_true(strlen(text_get(&line)) < 512);
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
        cmocka_unit_test(what_is_searched_and_in_which_order),
        cmocka_unit_test(held_values_of_people_are_kept),
        cmocka_unit_test(holding_and_releasing),
        cmocka_unit_test(conditions_two_deep),
        cmocka_unit_test(a_task_has_what_it_can_use),
        cmocka_unit_test(what_is_refused_and_what_is_suggested),
        cmocka_unit_test(what_this_task_cannot_use),
        cmocka_unit_test(the_ends_of_a_range_belong_to_it),
        cmocka_unit_test(the_command_form_reads_back_exactly),
        cmocka_unit_test(people_read_three_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

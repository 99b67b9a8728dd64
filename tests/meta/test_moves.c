/* If this fails, the agent's actions do not do what their names say, or leave the space. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "../support/made_study.h"
#include "tiller/meta.h"

static struct configuration with(const struct space *space, const char *pairs)
{
    struct configuration c;
    char copy[256], *rest = copy;
    space_default(space, &c);
    text_copy(copy, sizeof copy, pairs);
    for (char *pair = strtok_r(copy, " ", &rest); pair; pair = strtok_r(NULL, " ", &rest))
        assert_int_equal(space_set_pair(space, &c, pair, NULL, NULL), ERR_OK);
    space_tidy(space, &c);
    return c;
}

/* ---- what each move does, exactly -------------------------------------------------------- */

static const struct {
    enum move move;
    const char *from, *to; /* to NULL: changes nothing */
} steps[] = {
    {MOVE_LR_UP, "learning_rate=0.002", "learning_rate=0.005"},
    {MOVE_LR_DOWN, "learning_rate=0.005", "learning_rate=0.002"},
    {MOVE_LR_UP, "learning_rate=0.09", "learning_rate=0.1"},
    {MOVE_LR_UP, "learning_rate=0.1", NULL},
    {MOVE_LR_DOWN, "learning_rate=0.0001", NULL},
    {MOVE_LARGER, "units=100", "units=160"},
    {MOVE_SMALLER, "units=160", "units=100"},
    {MOVE_LARGER, "units=1024 num_layers=1", "units=1024 num_layers=2"},
    {MOVE_SMALLER, "units=8 num_layers=3", "units=8 num_layers=2"},
    {MOVE_LARGER, "units=1024 num_layers=4", NULL},
    {MOVE_SMALLER, "units=8 num_layers=1", NULL},
    {MOVE_MORE_REGULARISATION, "dropout=0.2 weight_decay=1e-4", "dropout=0.35 weight_decay=3e-4"},
    {MOVE_LESS_REGULARISATION, "dropout=0.2 weight_decay=3e-4", "dropout=0.05 weight_decay=1e-4"},
    {MOVE_MORE_REGULARISATION, "dropout=0.2", "dropout=0.35 weight_decay=1e-5"},
    {MOVE_LESS_REGULARISATION, "dropout=0.1", "dropout=0"},
    {MOVE_LESS_REGULARISATION, "dropout=0", NULL},
    {MOVE_BATCH_UP, "batch_size=32", "batch_size=64"},
    {MOVE_BATCH_DOWN, "batch_size=32", "batch_size=16"},
    {MOVE_BATCH_DOWN, "batch_size=8", NULL},
    {MOVE_BATCH_UP, "batch_size=512", NULL},
};

static void each_step(void **state)
{
    (void)state;
    const struct space *space = made_space();
    struct rng rng;
    rng_seed(&rng, 1, 0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct configuration from = with(space, steps[i].from), to;
        struct configuration wanted = with(space, steps[i].to ? steps[i].to : steps[i].from);
        bool changed = move_apply(steps[i].move, space, &from, &rng, &to);
        bool same = to.set == wanted.set;
        for (int k = 0; k < space->n; k++)
            same = same && fabs(to.value[k] - wanted.value[k]) <= 1e-9 * fabs(wanted.value[k]);
        if (changed != (steps[i].to != NULL) || !same)
            fail_msg("%s from %s", move_name(steps[i].move), steps[i].from);
    }
}

static bool in_role(enum move m, enum hyper_role role)
{
    switch (m) {
    case MOVE_LR_DOWN:
    case MOVE_LR_UP:
        return role == ROLE_LEARNING_RATE;
    case MOVE_SMALLER:
    case MOVE_LARGER:
        return role == ROLE_UNITS || role == ROLE_LAYERS;
    case MOVE_LESS_REGULARISATION:
    case MOVE_MORE_REGULARISATION:
        return role == ROLE_DROPOUT || role == ROLE_DECAY;
    case MOVE_BATCH_DOWN:
    case MOVE_BATCH_UP:
        return role == ROLE_BATCH;
    default:
        return true;
    }
}

static bool allowed(const struct hyperparameter *h, double x)
{
    if (h->kind == HYPER_CATEGORICAL)
        return x >= 0 && x < h->n_choices && x == floor(x);
    return x >= h->low && x <= h->high && (h->kind != HYPER_INT || x == floor(x));
}

static void moves_stay_in_range_and_in_their_role(void **state)
{
    (void)state;
    const struct space *space = made_space();
    struct rng rng;
    rng_seed(&rng, 2, 0);
    for (int k = 0; k < 3000; k++) {
        struct configuration from, to;
        enum move m = (enum move)rng_below(&rng, MOVE_N);
        space_sample(space, &rng, &from);
        bool changed = move_apply(m, space, &from, &rng, &to);
        assert_int_equal(changed, !space_same(space, &from, &to));
        for (int i = 0; i < space->n; i++) {
            assert_true(allowed(&space->h[i], to.value[i]));
            if (!space->h[i].held)
                assert_int_equal(to.set >> i & 1, space_is_active(space, &to, i));
            if (!in_role(m, space->h[i].role))
                assert_true(to.value[i] == from.value[i]);
        }
    }
}

/* ---- local ------------------------------------------------------------------------------- */

static void local_is_near_and_always_a_change(void **state)
{
    (void)state;
    const struct space *space = made_space();
    struct configuration from = with(space, "units=90 batch_size=64 learning_rate=0.003");
    int lr = space_find(space, "learning_rate"), moved = 0, total = 2000;
    double square = 0;
    struct rng rng;
    rng_seed(&rng, 3, 0);
    for (int k = 0; k < total; k++) {
        struct configuration to;
        double a[SPACE_MAX], b[SPACE_MAX];
        assert_true(move_local(space, &from, 0.1, &rng, &to));
        assert_false(space_same(space, &from, &to));
        space_encode(space, &from, a);
        space_encode(space, &to, b);
        moved += a[lr] != b[lr];
        square += (a[lr] - b[lr]) * (a[lr] - b[lr]);
    }
    /* 0.4 of the time, a little more because an unchanged draw is drawn again; sd 0.1 then. */
    assert_in_range(moved, total * 38 / 100, total * 45 / 100);
    assert_true(fabs(sqrt(square / moved) - 0.1) < 0.01);
}

static struct space one_point_space(void)
{
    struct space s = *made_space();
    for (int i = 0; i < s.n; i++) {
        s.h[i].low = s.h[i].high = s.h[i].fallback;
        s.h[i].n_choices = s.h[i].n_choices > 0;
    }
    return s;
}

static void nowhere_to_go(void **state)
{
    (void)state;
    struct space point = one_point_space();
    struct configuration from, to;
    struct rng rng;
    rng_seed(&rng, 4, 0);
    space_default(&point, &from);
    for (int m = 0; m < MOVE_N; m++) {
        assert_false(move_apply((enum move)m, &point, &from, &rng, &to));
        assert_true(space_same(&point, &from, &to));
    }
}

static void a_space_without_roles_has_local_and_random_only(void **state)
{
    (void)state;
    struct space bare = *made_space();
    struct configuration from, to;
    struct rng rng;
    rng_seed(&rng, 5, 0);
    for (int i = 0; i < bare.n; i++)
        bare.h[i].role = ROLE_NONE;
    space_default(&bare, &from);
    for (int m = 0; m < MOVE_N; m++)
        assert_int_equal(move_apply((enum move)m, &bare, &from, &rng, &to),
                         m == MOVE_LOCAL || m == MOVE_RANDOM);
}

/* ---- held -------------------------------------------------------------------------------- */

/* What a person has set stays through every move, and no move finds a choice that is not searched;
 * one that a person chose may be left. */
static void no_move_touches_what_is_held(void **state)
{
    (void)state;
    struct space space;
    struct rng rng;
    int left = 0;
    space_of_task(SPACE_IMAGES | SPACE_CLASSES, &space);
    struct configuration plain = with(&space, "");
    struct configuration mine =
        with(&space, "network=conv filters=64 kernel_size=5 normalization=batch warmup_epochs=2.5 "
                     "class_weights=balanced optimizer=rmsprop activation=gelu");
    int optimizer = space_find(&space, "optimizer");
    rng_seed(&rng, 9, 0);
    for (int k = 0; k < 3000; k++) {
        const struct configuration *from = k % 2 ? &mine : &plain;
        struct configuration to;
        move_apply((enum move)rng_below(&rng, MOVE_N), &space, from, &rng, &to);
        for (int i = 0; i < space.n; i++) {
            const struct hyperparameter *h = &space.h[i];
            if (h->held)
                assert_true(to.value[i] == from->value[i]);
            else if (h->kind == HYPER_CATEGORICAL)
                assert_true(to.value[i] == from->value[i] || to.value[i] < h->n_sampled);
        }
        assert_int_equal(to.set >> 10, from->set >> 10);
        left += from == &mine && to.value[optimizer] < 2;
    }
    assert_in_range(left, 100, 1000);
}

static void a_held_role_is_no_way_to_move(void **state)
{
    (void)state;
    struct space space = *made_space();
    struct configuration from, to;
    struct rng rng;
    rng_seed(&rng, 10, 0);
    assert_int_equal(space_hold(&space, space_find(&space, "units"), "100", NULL), ERR_OK);
    assert_int_equal(space_hold(&space, space_find(&space, "batch_size"), "64", NULL), ERR_OK);
    from = with(&space, "num_layers=2");
    assert_true(move_apply(MOVE_LARGER, &space, &from, &rng, &to)); /* a layer more instead */
    assert_true(to.value[space_find(&space, "units")] == 100);
    assert_true(to.value[space_find(&space, "num_layers")] == 3);
    assert_false(move_apply(MOVE_BATCH_UP, &space, &from, &rng, &to));
    assert_true(space_same(&space, &from, &to));
}

/* ---- the move a person made -------------------------------------------------------------- */

static void the_nearest_move(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        enum move wanted;
    } rows[] = {
        {"learning_rate=0.001", "learning_rate=0.002", MOVE_LR_UP},
        {"learning_rate=0.01", "learning_rate=0.001", MOVE_LR_DOWN},
        {"units=64", "units=512", MOVE_LARGER},
        {"units=512", "units=400", MOVE_SMALLER},
        {"dropout=0.2 weight_decay=1e-5", "dropout=0.4 weight_decay=3e-5",
         MOVE_MORE_REGULARISATION},
        {"batch_size=64", "batch_size=16", MOVE_BATCH_DOWN},
        {"", "", MOVE_LOCAL},
        {"units=128", "units=160 learning_rate=0.0015 dropout=0.25", MOVE_LOCAL},
        {"units=16 learning_rate=0.0001", "units=900 learning_rate=0.1 schedule=cosine",
         MOVE_RANDOM},
    };
    const struct space *space = made_space();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct configuration from = with(space, rows[i].from), to = with(space, rows[i].to);
        enum move m = move_nearest(space, &from, &to);
        if (m != rows[i].wanted)
            fail_msg("%s -> %s: %s instead of %s", rows[i].from, rows[i].to, move_name(m),
                     move_name(rows[i].wanted));
    }
}

static void a_directed_move_is_its_own_nearest(void **state)
{
    (void)state;
    const struct space *space = made_space();
    struct rng rng;
    rng_seed(&rng, 6, 0);
    for (int k = 0; k < 500; k++) {
        struct configuration from, to;
        space_sample(space, &rng, &from);
        for (int m = MOVE_LR_DOWN; m < MOVE_RANDOM; m++)
            if (move_apply((enum move)m, space, &from, &rng, &to))
                assert_int_equal(move_nearest(space, &from, &to), m);
    }
}

static void names(void **state)
{
    (void)state;
    for (int m = 0; m < MOVE_N; m++) {
        assert_int_equal(move_find(move_name((enum move)m)), m);
        assert_true(strlen(move_about((enum move)m)) > 10);
    }
    assert_int_equal(move_find(""), -1);
    assert_int_equal(move_find("Local"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step),
        cmocka_unit_test(moves_stay_in_range_and_in_their_role),
        cmocka_unit_test(local_is_near_and_always_a_change),
        cmocka_unit_test(nowhere_to_go),
        cmocka_unit_test(a_space_without_roles_has_local_and_random_only),
        cmocka_unit_test(no_move_touches_what_is_held),
        cmocka_unit_test(a_held_role_is_no_way_to_move),
        cmocka_unit_test(the_nearest_move),
        cmocka_unit_test(a_directed_move_is_its_own_nearest),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

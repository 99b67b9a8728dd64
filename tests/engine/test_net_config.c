/* If this fails, a trial trains another network than its line in the log says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tiller/engine.h"

/* The reference network's hyperparameters, field by field (momentum has no part under Adam). */
static void assert_reference(const struct net_config *c)
{
    const struct net_config r = net_config_reference();
    assert_int_equal(c->num_layers, r.num_layers);
    assert_int_equal(c->units, r.units);
    assert_int_equal(c->activation, r.activation);
    assert_true(c->dropout == r.dropout);
    assert_int_equal(c->optimizer, r.optimizer);
    assert_true(c->learning_rate == r.learning_rate);
    assert_true(c->weight_decay == r.weight_decay);
    assert_int_equal(c->batch_size, r.batch_size);
    assert_int_equal(c->schedule, r.schedule);
    assert_true(c->cycle_rate_scale == 1);
    assert_int_equal(c->cycle_first_epoch, 0);
}

static void no_word_means_the_reference_network(void **state)
{
    (void)state;
    struct configuration c;
    space_default(space_builtin(), &c);
    struct net_config n = net_config_from(space_builtin(), &c, 17, 99);
    assert_reference(&n);
    assert_int_equal(n.schedule_epochs, 17);
    assert_true(n.rng_seed == 99);
}

static void every_hyperparameter_arrives(void **state)
{
    (void)state;
    static const char *const pairs[] = {
        "learning_rate=0.02", "batch_size=77",  "optimizer=sgd", "momentum=0.5",
        "weight_decay=0.001", "num_layers=3",   "units=33",      "dropout=0.35",
        "activation=tanh",    "schedule=cosine"};
    const struct space *space = space_builtin();
    struct configuration c;
    assert_int_equal(space->n, sizeof pairs / sizeof *pairs);
    space_default(space, &c);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct err_info info;
        if (space_set_pair(space, &c, pairs[i], NULL, &info) != ERR_OK)
            fail_msg("%s: %s", pairs[i], info.detail);
    }
    struct net_config n = net_config_from(space, &c, 10, 0);
    assert_true(n.learning_rate == 0.02 && n.momentum == 0.5 && n.weight_decay == 0.001);
    assert_int_equal(n.batch_size, 77);
    assert_int_equal(n.optimizer, NET_SGD);
    assert_int_equal(n.num_layers, 3);
    assert_int_equal(n.units, 33);
    assert_true(n.dropout == 0.35);
    assert_int_equal(n.activation, NET_TANH);
    assert_int_equal(n.schedule, NET_COSINE);
}

/* A foreign space that has only a learning rate, and an optimizer we do not know. */
static void what_a_space_lacks_has_the_reference_s_value(void **state)
{
    (void)state;
    static struct space space = {
        .n = 2,
        .h = {{.name = "learning_rate", .kind = HYPER_FLOAT, .low = 0, .high = 1, .active_if = -1},
              {.name = "optimizer",
               .kind = HYPER_CATEGORICAL,
               .n_choices = 1,
               .choice = {{.text = "lion", .json = "\"lion\""}},
               .active_if = -1}}};
    struct configuration c = {.value = {0.25, 0}, .set = 3};
    struct net_config n = net_config_from(&space, &c, 10, 0);
    assert_true(n.learning_rate == 0.25);
    n.learning_rate = net_config_reference().learning_rate;
    assert_reference(&n);
}

/* Whatever the space offers, the network takes. */
static void every_sample_can_be_trained(void **state)
{
    (void)state;
    static const float x[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const int32_t y[4] = {0, 1, 0, 1};
    const struct net_rows rows = {4, 2, 2, x, y};
    struct rng rng;
    rng_seed(&rng, 1, 1);
    for (int i = 0; i < 300; i++) {
        struct configuration c;
        struct training *t;
        struct err_info info;
        space_sample(space_builtin(), &rng, &c);
        struct net_config n = net_config_from(space_builtin(), &c, 5, (uint64_t)i);
        if (net_new(&n, &rows, &t, &info) != ERR_OK)
            fail_msg("%s: %s", info.where, info.detail);
        net_free(t);
    }
}

static void a_part_becomes_rows(void **state)
{
    (void)state;
    static const float x[6] = {1, 2, 3, 4, 5, 6};
    static const int32_t y[3] = {0, 2, 1};
    struct data_set set = {.n_inputs = 2, .n_classes = 3};
    set.part[DATA_VALIDATION] = (struct data_part){3, x, y};
    struct net_rows rows = net_rows_of(&set, DATA_VALIDATION);
    assert_int_equal(rows.n_rows, 3);
    assert_int_equal(rows.n_inputs, 2);
    assert_int_equal(rows.n_classes, 3);
    assert_ptr_equal(rows.x, x);
    assert_ptr_equal(rows.y, y);
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_word_means_the_reference_network),
        cmocka_unit_test(every_hyperparameter_arrives),
        cmocka_unit_test(what_a_space_lacks_has_the_reference_s_value),
        cmocka_unit_test(every_sample_can_be_trained),
        cmocka_unit_test(a_part_becomes_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* If this fails, a trial trains another network than its line in the log says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tiller/engine.h"

/* Is each of these fields the reference network's? (momentum has no part under Adam) */
static void assert_reference(const struct net_config *c)
{
    const struct net_config r = net_config_reference();
    const struct {
        const char *name;
        double is, wanted;
    } fields[] = {
        {"num_layers", c->num_layers, r.num_layers},
        {"units", c->units, r.units},
        {"activation", c->activation, r.activation},
        {"dropout", c->dropout, r.dropout},
        {"optimizer", c->optimizer, r.optimizer},
        {"learning_rate", c->learning_rate, r.learning_rate},
        {"weight_decay", c->weight_decay, r.weight_decay},
        {"batch_size", c->batch_size, r.batch_size},
        {"schedule", c->schedule, r.schedule},
        {"cycle_rate_scale", c->cycle_rate_scale, 1},
        {"cycle_first_epoch", c->cycle_first_epoch, 0},
        {"kind", c->kind, NET_PERCEPTRON},
        {"conv_layers", c->conv_layers, r.conv_layers},
        {"filters", c->filters, r.filters},
        {"kernel_size", c->kernel_size, r.kernel_size},
        {"pooling", c->pooling, r.pooling},
        {"normalization", c->normalization, NET_NORM_NONE},
        {"residual", c->residual, 0},
        {"initialization", c->initialization, NET_INIT_AUTO},
        {"warmup_epochs", c->warmup_epochs, 0},
        {"gradient_clip", c->gradient_clip, 0},
        {"label_smoothing", c->label_smoothing, 0},
        {"class_weights", c->class_weights, 0},
        {"input_noise", c->input_noise, 0},
        {"shift", c->shift, 0},
        {"freeze", c->freeze, 0},
        {"thaw_epoch", c->thaw_epoch, 0},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].is != fields[i].wanted)
            fail_msg("%s: %g, not %g", fields[i].name, fields[i].is, fields[i].wanted);
}

static void no_word_means_the_reference_network(void **state)
{
    (void)state;
    for (unsigned traits = 0; traits < 8; traits++) {
        struct space space;
        struct configuration c;
        space_of_task(traits, &space);
        space_default(&space, &c);
        struct net_config n = net_config_from(&space, &c, 17, 99);
        assert_reference(&n);
        assert_int_equal(n.schedule_epochs, 17);
        assert_true(n.rng_seed == 99);
        assert_int_equal(n.from_weights, (traits & SPACE_WEIGHTS) != 0);
        assert_true(n.carried_rate == 1);
    }
}

static struct net_config from_pairs(const char *const *pairs, size_t n)
{
    struct configuration c;
    space_default(space_builtin(), &c);
    for (size_t i = 0; i < n; i++) {
        struct err_info info;
        if (space_set_pair(space_builtin(), &c, pairs[i], NULL, &info) != ERR_OK)
            fail_msg("%s: %s", pairs[i], info.detail);
    }
    space_tidy(space_builtin(), &c);
    return net_config_from(space_builtin(), &c, 10, 0);
}

static void every_hyperparameter_arrives(void **state)
{
    (void)state;
    static const char *const pairs[] = {
        "learning_rate=0.02",
        "batch_size=77",
        "optimizer=sgd",
        "momentum=0.5",
        "weight_decay=0.001",
        "num_layers=3",
        "units=33",
        "dropout=0.35",
        "activation=tanh",
        "schedule=cosine",
        "network=conv",
        "conv_layers=3",
        "filters=9",
        "kernel_size=5",
        "pooling=average",
        "normalization=layer",
        "residual=yes",
        "warmup_epochs=2.5",
        "gradient_clip=0.75",
        "label_smoothing=0.1",
        "class_weights=balanced",
        "input_noise=0.2",
        "shift=3",
        "init=weights",
        "freeze=2",
        "thaw_epoch=7",
        "carried_rate=0.125",
        "initialization=he",
    };
    assert_int_equal(space_builtin()->n, sizeof pairs / sizeof *pairs);
    struct net_config n = from_pairs(pairs, sizeof pairs / sizeof *pairs);
    assert_true(n.learning_rate == 0.02 && n.momentum == 0.5 && n.weight_decay == 0.001);
    assert_int_equal(n.batch_size, 77);
    assert_int_equal(n.optimizer, NET_SGD);
    assert_int_equal(n.num_layers, 3);
    assert_int_equal(n.units, 33);
    assert_true(n.dropout == 0.35);
    assert_int_equal(n.activation, NET_TANH);
    assert_int_equal(n.schedule, NET_COSINE);
    assert_int_equal(n.kind, NET_CONV);
    assert_true(n.conv_layers == 3 && n.filters == 9 && n.kernel_size == 5);
    assert_int_equal(n.pooling, NET_POOL_AVERAGE);
    assert_int_equal(n.normalization, NET_NORM_LAYER);
    assert_int_equal(n.initialization, NET_INIT_HE);
    assert_true(n.residual && n.class_weights && n.from_weights);
    assert_true(n.warmup_epochs == 2.5 && n.gradient_clip == 0.75 && n.label_smoothing == 0.1);
    assert_true(n.input_noise == 0.2 && n.carried_rate == 0.125);
    assert_true(n.shift == 3 && n.freeze == 2 && n.thaw_epoch == 7);
}

/* No word of the space is one that the network does not know. */
static void every_choice_has_its_own_meaning(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t offset;
    } enums[] = {
        {"optimizer", offsetof(struct net_config, optimizer)},
        {"activation", offsetof(struct net_config, activation)},
        {"schedule", offsetof(struct net_config, schedule)},
        {"network", offsetof(struct net_config, kind)},
        {"pooling", offsetof(struct net_config, pooling)},
        {"normalization", offsetof(struct net_config, normalization)},
        {"initialization", offsetof(struct net_config, initialization)},
    };
    const struct space *space = space_builtin();
    for (size_t e = 0; e < sizeof enums / sizeof *enums; e++) {
        const struct hyperparameter *h = &space->h[space_find(space, enums[e].name)];
        unsigned seen = 0;
        for (int k = 0; k < h->n_choices; k++) {
            char pair[96];
            const char *pairs[] = {"network=conv", pair};
            text_format(pair, sizeof pair, "%s=%s", h->name, h->choice[k].text);
            struct net_config n = from_pairs(pairs, 2);
            unsigned value;
            memcpy(&value, (const char *)&n + enums[e].offset, sizeof value);
            seen |= 1U << value;
        }
        assert_int_equal(seen, (1U << h->n_choices) - 1);
    }
}

static void one_end_of_a_log_axis_means_none(void **state)
{
    (void)state;
    static const char *const none[] = {"weight_decay=1e-7", "gradient_clip=100"};
    static const char *const some[] = {"weight_decay=2e-7", "gradient_clip=99"};
    struct net_config n = from_pairs(none, 2);
    assert_true(n.weight_decay == 0 && n.gradient_clip == 0);
    n = from_pairs(some, 2);
    assert_true(n.weight_decay == 2e-7 && n.gradient_clip == 99);
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

/* Whatever the space offers, the network takes: what is searched, and what may be released. */
static void every_sample_can_be_trained(void **state)
{
    (void)state;
    enum { ROWS = 4, SIDE = 6 };
    static float x[ROWS * SIDE * SIDE];
    static const int32_t y[ROWS] = {0, 1, 0, 1};
    const struct net_rows rows = {.n_rows = ROWS,
                                  .n_inputs = SIDE * SIDE,
                                  .n_classes = 2,
                                  .x = x,
                                  .y = y,
                                  .image_rows = SIDE,
                                  .image_columns = SIDE};
    struct space space = *space_builtin();
    struct rng rng;
    rng_seed(&rng, 1, 1);
    for (int i = 0; i < 300; i++) {
        struct configuration c;
        struct training *t;
        struct err_info info;
        for (int k = 0; k < space.n && i == 200; k++)
            space_release(&space, k);
        space_sample(&space, &rng, &c);
        struct net_config n = net_config_from(&space, &c, 5, (uint64_t)i);
        if (net_new(&n, &rows, &t, &info) != ERR_OK)
            fail_msg("%s: %s", info.where, info.detail);
        net_free(t);
    }
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_word_means_the_reference_network),
        cmocka_unit_test(every_hyperparameter_arrives),
        cmocka_unit_test(every_choice_has_its_own_meaning),
        cmocka_unit_test(one_end_of_a_log_axis_means_none),
        cmocka_unit_test(what_a_space_lacks_has_the_reference_s_value),
        cmocka_unit_test(every_sample_can_be_trained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

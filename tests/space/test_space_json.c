/* If this fails, Optuna and this program mean different things by the same line, or a --space file
 * that is wrong is taken silently. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <math.h>

#include "tiller/space.h"

static struct cJSON *parsed(const char *text)
{
    struct cJSON *doc = NULL;
    struct err_info info;
    if (json_parse(text, strlen(text), "test", &doc, &info) != ERR_OK)
        fail_msg("%s: %s", text, info.detail);
    return doc;
}

/* ---- distributions ----------------------------------------------------------------------- */

static void our_distributions_are_optunas(void **state)
{
    (void)state;
    static const struct {
        const char *name, *json;
    } rows[] = {
        {"learning_rate", "{\"name\": \"FloatDistribution\", \"attributes\": {\"log\": true, "
                          "\"step\": null, \"low\": 0.0001, \"high\": 0.1}}"},
        {"batch_size", "{\"name\": \"IntDistribution\", \"attributes\": {\"log\": true, "
                       "\"step\": 1, \"low\": 8, \"high\": 512}}"},
        {"dropout", "{\"name\": \"FloatDistribution\", \"attributes\": {\"log\": false, "
                    "\"step\": null, \"low\": 0.0, \"high\": 0.7}}"},
        {"optimizer", "{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": "
                      "[\"adam\", \"sgd\", \"nesterov\", \"rmsprop\", \"adamw\"]}}"},
        {"kernel_size", "{\"name\": \"IntDistribution\", \"attributes\": {\"log\": false, "
                        "\"step\": 2, \"low\": 3, \"high\": 5}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text out = {0};
        space_put_distribution(space_builtin(), space_find(space_builtin(), rows[i].name), &out);
        assert_string_equal(text_get(&out), rows[i].json);
        text_free(&out);
    }
}

static void assert_same_range(const struct hyperparameter *a, const struct hyperparameter *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->role, b->role);
    assert_int_equal(a->log, b->log);
    assert_true(a->low == b->low && a->high == b->high && a->fallback == b->fallback);
    assert_int_equal(a->held, b->held);
    assert_int_equal(a->n_sampled, b->n_sampled);
    assert_int_equal(a->n_choices, b->n_choices);
    for (int k = 0; k < a->n_choices; k++)
        assert_string_equal(a->choice[k].json, b->choice[k].json);
    assert_int_equal(a->active_if, b->active_if);
    if (a->active_if >= 0)
        assert_int_equal(a->active_choices, b->active_choices);
}

static void assert_there_and_back(const struct space *space)
{
    struct text out = {0};
    struct space back;
    space_put_json(space, &out);
    struct cJSON *doc = parsed(text_get(&out));
    assert_int_equal(space_read_json(doc, &back, NULL), ERR_OK);
    assert_int_equal(back.n, space->n);
    for (int i = 0; i < back.n; i++)
        assert_same_range(&back.h[i], &space->h[i]);
    json_free(doc);
    text_free(&out);
}

static void a_whole_space_there_and_back(void **state)
{
    (void)state;
    static const char *const held[][2] = {{"network", "conv"},         {"num_layers", "3"},
                                          {"activation", "silu"},      {"dropout", "0.35"},
                                          {"gradient_clip", "1.2345"}, {"kernel_size", "5"}};
    struct space space = *space_builtin();
    assert_there_and_back(&space);
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        assert_int_equal(space_hold(&space, space_find(&space, held[i][0]), held[i][1], NULL),
                         ERR_OK);
    space_release(&space, space_find(&space, "optimizer"));
    space_release(&space, space_find(&space, "normalization"));
    assert_there_and_back(&space);
    for (int i = 0; i < space.n; i++) /* what was held is what it begins with now */
        space_release(&space, i);
    assert_there_and_back(&space);
    for (unsigned traits = 0; traits < 8; traits++) {
        space_of_task(traits, &space);
        assert_there_and_back(&space);
    }
}

/* The first release knew two optimizers and held nothing. */
static void an_old_space_is_what_it_was(void **state)
{
    (void)state;
    struct space s;
    struct cJSON *doc = parsed(
        "{\"optimizer\": {\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": "
        "[\"adam\", \"sgd\"]}}, \"momentum\": {\"name\": \"FloatDistribution\", "
        "\"attributes\": {\"log\": false, \"step\": null, \"low\": 0.0, \"high\": 0.99}}, "
        "\"warmup_epochs\": {\"name\": \"FloatDistribution\", \"attributes\": {\"log\": false, "
        "\"step\": null, \"low\": 0.0, \"high\": 3.0}}}");
    assert_int_equal(space_read_json(doc, &s, NULL), ERR_OK);
    json_free(doc);
    assert_int_equal(s.n, 3);
    for (int i = 0; i < s.n; i++)
        assert_true(!s.h[i].held && s.h[i].n_sampled == 0);
    assert_int_equal(s.h[1].active_if, 0);
    assert_int_equal(s.h[1].active_choices, 2);
    assert_true(s.h[2].high == 3);
}

static void extra_members_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "\"fallback\": \"lion\"", "\"held\": \"lion\"", "\"held\": 1",
        "\"held\": true",         "\"held\": null",     "\"n_sampled\": 0",
        "\"n_sampled\": 1.5",     "\"n_sampled\": 3",   "\"n_sampled\": \"1\"",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct space s;
        struct err_info info;
        char text[256];
        struct cJSON *doc = parsed(
            text_format(text, sizeof text,
                        "{\"optimizer\": {\"name\": \"CategoricalDistribution\", \"attributes\": "
                        "{\"choices\": [\"adam\", \"sgd\"]}, %s}}",
                        rows[i]));
        if (space_read_json(doc, &s, &info) != ERR_RANGE)
            fail_msg("taken: %s", rows[i]);
        assert_string_equal(info.where, "optimizer");
        json_free(doc);
    }
}

static void old_and_foreign_distributions(void **state)
{
    (void)state;
    static const struct {
        const char *name, *json;
        enum hyper_kind kind;
        bool log;
        double low, high, step;
        enum hyper_role role;
    } rows[] = {
        {"lr",
         "{\"name\": \"LogUniformDistribution\", \"attributes\": {\"low\": 1e-05, \"high\": "
         "0.1}}",
         HYPER_FLOAT, true, 1e-5, 0.1, 0, ROLE_LEARNING_RATE},
        {"x",
         "{\"name\": \"DiscreteUniformDistribution\", \"attributes\": {\"low\": 0, \"high\": "
         "1, \"q\": 0.25}}",
         HYPER_FLOAT, false, 0, 1, 0.25, ROLE_NONE},
        {"n_layers",
         "{\"name\": \"IntUniformDistribution\", \"attributes\": {\"low\": 1, "
         "\"high\": 9, \"step\": 2}}",
         HYPER_INT, false, 1, 9, 2, ROLE_LAYERS},
        {"y", "{\"name\": \"UniformDistribution\", \"attributes\": {\"low\": -1, \"high\": 1}}",
         HYPER_FLOAT, false, -1, 1, 0, ROLE_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hyperparameter h;
        struct cJSON *doc = parsed(rows[i].json);
        assert_int_equal(space_read_distribution(rows[i].name, doc, &h, NULL), ERR_OK);
        assert_int_equal(h.kind, rows[i].kind);
        assert_int_equal(h.log, rows[i].log);
        assert_true(h.low == rows[i].low && h.high == rows[i].high && h.step == rows[i].step);
        assert_int_equal(h.role, rows[i].role);
        json_free(doc);
    }
}

static void broken_distributions(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{}",
        "{\"name\": \"NormalDistribution\", \"attributes\": {\"low\": 0, \"high\": 1}}",
        "{\"name\": \"FloatDistribution\"}",
        "{\"name\": \"FloatDistribution\", \"attributes\": {\"low\": 1, \"high\": 0}}",
        ("{\"name\": \"FloatDistribution\", \"attributes\": {\"low\": 0, \"high\": 1, \"log\": "
         "true}}"),
        "{\"name\": \"FloatDistribution\", \"attributes\": {\"low\": NaN, \"high\": 1}}",
        "{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": []}}",
        "{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": 3}}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hyperparameter h;
        struct err_info info;
        struct cJSON *doc = parsed(rows[i]);
        if (space_read_distribution("x", doc, &h, &info) != ERR_INPUT)
            fail_msg("taken: %s", rows[i]);
        json_free(doc);
    }
}

static void external_values(void **state)
{
    (void)state;
    const struct space *space = space_builtin();
    static const struct {
        const char *name, *json;
        bool allowed;
        double internal;
    } rows[] = {
        {"optimizer", "\"sgd\"", true, 1},   {"optimizer", "\"SGD\"", false, 0},
        {"optimizer", "1", false, 0},        {"batch_size", "64", true, 64},
        {"batch_size", "64.0", true, 64},    {"batch_size", "64.5", false, 0},
        {"batch_size", "4", false, 0},       {"learning_rate", "0.01", true, 0.01},
        {"learning_rate", "1", false, 0},    {"learning_rate", "NaN", false, 0},
        {"learning_rate", "null", false, 0}, {"kernel_size", "5", true, 5},
        {"kernel_size", "4", false, 0},      {"optimizer", "\"adamw\"", true, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value = -7;
        struct cJSON *doc = parsed(rows[i].json);
        int at = space_find(space, rows[i].name);
        assert_int_equal(space_read_external(space, at, doc, &value), rows[i].allowed);
        assert_true(value == (rows[i].allowed ? rows[i].internal : -7));
        json_free(doc);
    }
    struct text out = {0};
    space_put_external(space, space_find(space, "batch_size"), 100, &out);
    text_append(&out, " ");
    space_put_external(space, space_find(space, "learning_rate"), 0.0021, &out);
    text_append(&out, " ");
    space_put_external(space, space_find(space, "optimizer"), 1, &out);
    assert_string_equal(text_get(&out), "100 0.0021 \"sgd\"");
    text_free(&out);
}

/* ---- --space FILE ------------------------------------------------------------------------ */

static enum err load_into(const struct space *base, const char *text, struct space *out,
                          struct err_info *info)
{
    char path[] = "/tmp/tiller-space-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, text, strlen(text), path, NULL), ERR_OK);
    close(fd);
    enum err err = space_load(path, base, out, info);
    unlink(path);
    return err;
}

static enum err load(const char *text, struct space *out, struct err_info *info)
{
    return load_into(space_builtin(), text, out, info);
}

static void narrowing_files(void **state)
{
    (void)state;
    struct space s;
    assert_int_equal(load("{\"learning_rate\": {\"low\": 0.002, \"high\": 0.01},\n"
                          " \"units\": {\"high\": 64}, \"num_layers\": 2,\n"
                          " \"optimizer\": {\"choices\": [\"sgd\", \"adam\"]},\n"
                          " \"activation\": \"tanh\"}\n",
                          &s, NULL),
                     ERR_OK);
    const struct hyperparameter *lr = &s.h[space_find(&s, "learning_rate")];
    const struct hyperparameter *units = &s.h[space_find(&s, "units")];
    const struct hyperparameter *layers = &s.h[space_find(&s, "num_layers")];
    assert_true(lr->low == 0.002 && lr->high == 0.01 && lr->fallback == 0.002);
    assert_true(units->low == 8 && units->high == 64 && units->fallback == 64);
    assert_true(layers->low == 2 && layers->high == 2 && layers->fallback == 2);
    struct configuration c;
    space_default(&s, &c);
    int optimizer = space_find(&s, "optimizer"), momentum = space_find(&s, "momentum");
    assert_true(c.value[optimizer] == 1); /* adam, now the second */
    assert_false(space_is_active(&s, &c, momentum));
    c.value[optimizer] = 0;
    assert_true(space_is_active(&s, &c, momentum));
    assert_int_equal(s.h[space_find(&s, "activation")].n_choices, 1);
    assert_true(s.h[space_find(&s, "activation")].held && layers->held && !lr->held);
    /* What differs from the reference network is said in the log and in copied commands. */
    assert_true((c.set >> space_find(&s, "num_layers") & 1) &&
                (c.set >> space_find(&s, "activation") & 1));
}

static void naming_releases(void **state)
{
    (void)state;
    struct space s;
    struct configuration c;
    struct rng rng;
    assert_int_equal(load("{\"network\": {\"choices\": [\"conv\", \"perceptron\"]},\n"
                          " \"optimizer\": {\"choices\": [\"rmsprop\", \"sgd\", \"adamw\"]},\n"
                          " \"kernel_size\": {\"low\": 3}, \"warmup_epochs\": {\"high\": 2},\n"
                          " \"normalization\": \"batch\", \"shift\": 1}",
                          &s, NULL),
                     ERR_OK);
    int network = space_find(&s, "network"), filters = space_find(&s, "filters");
    int warmup = space_find(&s, "warmup_epochs"), shift = space_find(&s, "shift");
    int optimizer = space_find(&s, "optimizer"), kernel = space_find(&s, "kernel_size");
    assert_true(!s.h[network].held && s.h[filters].held && s.h[shift].held && !s.h[kernel].held);
    int conv = 0, seen[3] = {0}, five = 0;
    rng_seed(&rng, 8, 0);
    for (int k = 0; k < 600; k++) {
        space_sample(&s, &rng, &c);
        bool is_conv = c.value[network] == 0;
        conv += is_conv;
        seen[(int)c.value[optimizer]]++;
        five += c.value[kernel] == 5;
        assert_true(c.value[warmup] <= 2 && c.value[shift] == 1);
        assert_int_equal(space_is_active(&s, &c, filters), is_conv);
        assert_int_equal(c.set >> kernel & 1, is_conv);
        assert_true(c.value[kernel] == 3 || (c.value[kernel] == 5 && is_conv));
    }
    assert_in_range(conv, 250, 350);
    assert_in_range(five, 100, 200);
    for (int k = 0; k < 3; k++)
        assert_in_range(seen[k], 150, 250);
    space_default(&s, &c);
    char word[32];
    space_value_text(&s, &c, network, true, word, sizeof word);
    assert_string_equal(word, "perceptron"); /* the reference, if it is among the named */
}

static void a_choice_that_is_gone_switches_nothing_on(void **state)
{
    (void)state;
    struct space s;
    struct configuration c;
    assert_int_equal(load("{\"optimizer\": \"adam\"}", &s, NULL), ERR_OK);
    space_default(&s, &c);
    assert_false(space_is_active(&s, &c, space_find(&s, "momentum")));
    assert_int_equal(load("{\"optimizer\": \"sgd\"}", &s, NULL), ERR_OK);
    space_default(&s, &c);
    assert_true(space_is_active(&s, &c, space_find(&s, "momentum")));
}

static void what_the_task_cannot_use_is_refused(void **state)
{
    (void)state;
    struct space base, s;
    struct err_info info;
    space_of_task(SPACE_CLASSES, &base);
    assert_int_equal(load_into(&base, "{\"network\": \"conv\"}", &s, &info), ERR_INPUT);
    assert_non_null(strstr(info.detail, "is for images only"));
}

static void narrowing_files_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where, *says;
    } rows[] = {
        {"", "", ""},
        {"[1]", "", "not a JSON object"},
        {"{\n \"learning_rat\": 0.1}", ":2", "did you mean learning_rate?"},
        {"{\"learning_rate\": {\"low\": 0.01, \"high\": 0.001}}", ":1", "low is above high"},
        {"{\"learning_rate\": {\"low\": 1e-9}}", ":1", "wider than the possible range"},
        {"{\n\n\"learning_rate\": 3}", ":3", "stay within 0.0001 and 0.1"},
        {"{\"units\": {\"low\": 10.5}}", ":1", "whole numbers"},
        {"{\"units\": \"many\"}", ":1", "\"low\""},
        {"{\"optimizer\": {\"choices\": []}}", ":1", "no choices"},
        {"{\"optimizer\": {\"choices\": [\"adma\"]}}", ":1", "did you mean adam?"},
        {"{\"optimizer\": {\"choices\": [\"adam\", \"sgd\", \"adam\"]}}", ":1", "once"},
        {"{\"kernel_size\": 4}", ":1", "steps"},
        {"{\"kernel_size\": {\"low\": 4}}", ":1", "steps"},
        {"{\"optimizer\": 1}", ":1", "choices"},
        {"{\"units\": 64} trailing", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct space s = {.n = 77};
        struct err_info info = {ERR_OK, "", "", ""};
        char line[700];
        enum err err = load(rows[i].text, &s, &info);
        err_format(&info, line, sizeof line);
        if (err != ERR_INPUT || !strstr(info.where, rows[i].where) || !strstr(line, rows[i].says))
            fail_msg("%s: code %d, %s", rows[i].text, err, line);
        assert_int_equal(s.n, 77); /* untouched */
    }
    assert_int_equal(
        space_load("/nonexistent/space.json", space_builtin(), &(struct space){0}, NULL), ERR_IO);
}

static void when_memory_runs_out(void **state)
{
    (void)state;
    int failures = 0;
    for (long after = 0; after < 1000; after++) {
        struct space s;
        mem_fail_after(after);
        enum err err = load("{\"optimizer\": {\"choices\": [\"sgd\"]}, \"units\": 9}", &s, NULL);
        mem_fail_after(-1);
        if (err == ERR_OK)
            break;
        failures++;
    }
    assert_in_range(failures, 1, 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_distributions_are_optunas),
        cmocka_unit_test(a_whole_space_there_and_back),
        cmocka_unit_test(an_old_space_is_what_it_was),
        cmocka_unit_test(extra_members_refused),
        cmocka_unit_test(old_and_foreign_distributions),
        cmocka_unit_test(broken_distributions),
        cmocka_unit_test(external_values),
        cmocka_unit_test(narrowing_files),
        cmocka_unit_test(naming_releases),
        cmocka_unit_test(what_the_task_cannot_use_is_refused),
        cmocka_unit_test(a_choice_that_is_gone_switches_nothing_on),
        cmocka_unit_test(narrowing_files_refused),
        cmocka_unit_test(when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* If this fails, a search tries what a person has forbidden, or forgets it when it is resumed. */
#include <cblas.h>

#include "engine/internal.h"
#include "fake.h"

static void let_pass(struct bed *bed, long epochs)
{
    atomic_store(&bed->fake.allowed, epochs);
}

/* ---- moving out ------------------------------------------------------------------------------ */

static void values_go_to_the_nearer_end(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double low, high, value, expected;
    } rows[] = {
        {"units", 100, 300, 99, 99},
        {"units", 100, 300, 100, 99},
        {"units", 100, 300, 150, 99},
        {"units", 100, 300, 200, 301}, /* by ratio */
        {"units", 8, 300, 9, 301},
        {"units", 500, 1024, 1000, 499},
        {"learning_rate", 0.001, 0.01, 0.002, 0.001},
        {"learning_rate", 0.001, 0.01, 0.01, 0.01}, /* an end inside is allowed */
        {"learning_rate", 0.01, 0.1, 0.1, 0.01},    /* the range's own is not */
        {"learning_rate", 0.01, 7, 0.02, 0.01},
        {"dropout", 0.1, 0.4, 0.3, 0.4},
    };
    struct space space = fake_space();
    struct study *study = study_new(NULL);
    struct rng rng;
    rng_seed(&rng, 1, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int h = space_find(&space, rows[i].name);
        struct bans b = {.folded = 0};
        b.ban[h] = (struct ban){.on = true, .low = rows[i].low, .high = rows[i].high};
        struct configuration c;
        space_default(&space, &c);
        c.value[h] = rows[i].value;
        bool moved = bans_obey(&b, &space, study, &rng, &c);
        if (c.value[h] != rows[i].expected || moved != (rows[i].value != rows[i].expected))
            fail_msg("row %zu: %g", i, c.value[h]);
        assert_false(bans_hit(&b, &space, &c));
    }
    study_free(study);
}

static void what_is_left_must_be_something(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double low, high;
        uint32_t choices;
        enum err err;
    } rows[] = {
        {"units", 8, 1024, 0, ERR_RANGE},  {"units", 9, 1024, 0, ERR_OK},
        {"units", 300, 100, 0, ERR_RANGE}, {"units", (double)NAN, 100, 0, ERR_RANGE},
        {"dropout", -1, 2, 0, ERR_RANGE},  {"optimizer", 0, 0, 0, ERR_RANGE},
        {"optimizer", 0, 0, 1, ERR_OK},    {"optimizer", 0, 0, 3, ERR_RANGE}, /* two are drawn */
        {"network", 0, 0, 1, ERR_STATE},
    };
    struct space space = fake_space();
    space_of_task(SPACE_IMAGES | SPACE_CLASSES, &space);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err_info info = {0};
        struct ban_request r = {.hyper = space_find(&space, rows[i].name),
                                .low = rows[i].low,
                                .high = rows[i].high,
                                .choices = rows[i].choices};
        if (bans_check(&space, &r, &info) != rows[i].err)
            fail_msg("row %zu: %s", i, info.detail);
    }
}

/* ---- in a search ----------------------------------------------------------------------------- */

static bool has_bans(const struct study *study, int64_t n)
{
    for (size_t i = 0; i < study->n_events; i++)
        n -= strcmp(study->events[i].what, "ban") == 0;
    return n <= 0;
}

static void ask_ban(struct engine *e, const char *name, double low, double high, uint32_t choices,
                    bool lift)
{
    struct space space = fake_space();
    struct err_info info = {0};
    struct request r = {.kind = REQUEST_BAN,
                        .trial = -1,
                        .ban = {.hyper = space_find(&space, name),
                                .lift = lift,
                                .low = low,
                                .high = high,
                                .choices = choices}};
    if (engine_request(e, &r, &info) != ERR_OK)
        fail_msg("%s", info.detail);
}

/* How many trials from the first-th on have such a rate, at least so many units, or sgd. */
static int count_banned(const struct bed *bed, size_t first, double rate, double units)
{
    struct study *study = bed_read(bed);
    int n = 0, h_rate = space_find(&study->space, "learning_rate"),
        h_units = space_find(&study->space, "units"),
        h_opt = space_find(&study->space, "optimizer");
    assert_true(study->n_trials > first + 8);
    for (size_t i = first; i < study->n_trials; i++) {
        const double *value = study->trials[i].config.value;
        n += value[h_rate] > rate || value[h_units] >= units || value[h_opt] == 1;
    }
    study_free(study);
    return n;
}

/* Whoever proposes; and after a resume as before. */
static void no_samplers_proposal_falls_into_a_ban(void **state)
{
    (void)state;
    static const char *const names[] = {"random", "sobol", "tpe", "gp", "filter", "agent"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct bed bed;
        bed_make(&bed);
        bed.options.budget_epochs = 80;
        bed.options.sampler = names[i];
        bed.options.start_paused = true;
        let_pass(&bed, 1000000);
        struct engine *e = bed_start(&bed);
        struct err_info info = {0};
        struct engine_status status;
        ask_ban(e, "learning_rate", 0.002, 0.1, 0, false);
        ask_ban(e, "units", 60, 1024, 0, false);
        ask_ban(e, "optimizer", 0, 0, 2, false);
        wait_until(e, has_bans, 3);
        assert_int_equal(engine_request(e, &(struct request){.kind = REQUEST_RESUME_ALL}, &info),
                         ERR_OK);
        assert_true(engine_wait(e, PATIENCE));
        engine_status(e, &status);
        assert_non_null(strstr(status.banned, "units 60 to 1024"));
        bed_stop(e);
        if (count_banned(&bed, 0, 0.002, 60) > 0)
            fail_msg("%s proposes what is banned", names[i]);
        bed.options.resume = true;
        bed.options.start_paused = false;
        bed.options.budget_epochs = 140;
        e = bed_start(&bed);
        assert_true(engine_wait(e, PATIENCE));
        bed_stop(e);
        assert_int_equal(count_banned(&bed, 20, 0.002, 60), 0);
        bed_remove(&bed);
    }
}

static void a_ban_is_lifted_and_seeds_are_free(void **state)
{
    (void)state;
    struct bed bed;
    bed_make(&bed);
    bed.options.budget_epochs = 80;
    bed.options.start_paused = true;
    let_pass(&bed, 1000000);
    struct engine *e = bed_start(&bed);
    struct err_info info = {0};
    struct engine_status status;
    struct request seed = {.kind = REQUEST_SEED, .trial = -1};
    struct space space = fake_space();
    int units = space_find(&space, "units");
    ask_ban(e, "units", 9, 1024, 0, false);
    space_default(&space, &seed.config);
    seed.config.value[units] = 777;
    seed.config.set = 1u << units;
    assert_int_equal(engine_request(e, &seed, &info), ERR_OK);
    ask_ban(e, "units", 0, 0, 0, true);
    wait_until(e, has_bans, 2);
    assert_int_equal(engine_request(e, &(struct request){.kind = REQUEST_RESUME_ALL}, &info),
                     ERR_OK);
    assert_true(engine_wait(e, PATIENCE));
    engine_status(e, &status);
    assert_string_equal(status.banned, "");
    bed_stop(e);
    struct study *study = bed_read(&bed);
    int n_seeded = 0;
    for (size_t i = 0; i < study->n_trials; i++)
        n_seeded += study->trials[i].config.value[units] == 777;
    assert_int_equal(n_seeded, 1);
    assert_true(study_is_steered(study));
    study_free(study);
    assert_true(count_banned(&bed, 0, 1, 9) > 0);
    bed_remove(&bed);
}

int main(void)
{
    openblas_set_num_threads(1); /* as the program does */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_go_to_the_nearer_end),
        cmocka_unit_test(what_is_left_must_be_something),
        cmocka_unit_test(no_samplers_proposal_falls_into_a_ban),
        cmocka_unit_test(a_ban_is_lifted_and_seeds_are_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

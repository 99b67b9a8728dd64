/* If this fails, recordings are made of proposals that the plan does not allow: own ones beyond
 * what they may cost, repeats of the best before it is known which they are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/spawn.h"
#include "learn/internal.h"

/* A log with trials of given values, as if they had been trained. */
struct bench {
    char folder[64];
    struct study_log *log;
    struct search_context context;
    void *sampler;
    struct space space;
    struct net_rows shape;
    double shared_cost;
    struct learn_plan plan;
};

static void make(struct bench *b, int n_shared)
{
    char path[128];
    struct err_info info = {0};
    struct text settings = {0};
    memset(b, 0, sizeof *b);
    b->plan = (struct learn_plan){.n_shared = n_shared, .n_own = 3, .n_repeats = 1, .scramble = 1};
    b->shape = (struct net_rows){.n_rows = 500, .n_inputs = 20, .n_classes = 3};
    space_of_task(SPACE_CLASSES, &b->space);
    b->shared_cost = cost_of_shared(&b->plan, &b->space, &b->shape);
    text_append(&settings, "{\"sampler\": \"design\", \"pruner\": \"none\", \"full_epochs\": 9, "
                           "\"task\": {\"split_seed\": 0, \"rows\": 500, \"inputs\": 20, "
                           "\"classes\": 3, \"majority_error\": 0.5}, \"sampler_settings\": ");
    plan_write(&b->plan, &settings);
    text_append_char(&settings, '}');
    assert_non_null(spawn_make_folder(b->folder));
    assert_true(file_join(path, sizeof path, b->folder, "made.study.jsonl"));
    struct study_settings create = {.name = "made",
                                    .metric = "val_error",
                                    .direction = 1,
                                    .space = &b->space,
                                    .searcher_json = text_get(&settings)};
    if (study_log_open(path, &create, NULL, &b->log, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    text_free(&settings);
    b->context = (struct search_context){
        .study = study_log_study(b->log), .majority_error = 0.5, .share_left = 1, .full_epochs = 9};
    assert_int_equal(learn_sampler_design.open(&b->context, &b->sampler, &info), ERR_OK);
}

static void removed(struct bench *b)
{
    learn_sampler_design.close(b->sampler);
    assert_int_equal(study_log_close(b->log, NULL), ERR_OK);
    spawn_remove_folder(b->folder);
}

/* value NaN: it runs. */
static void add(struct bench *b, const char *who, const struct configuration *c, double value)
{
    int handle;
    struct trial_start start = {
        .config = *c, .who = who, .target_epochs = 9, .n_parameters = 1, .continues = -1};
    assert_int_equal(study_log_create(b->log, &start, &handle), ERR_OK);
    if (isnan(value))
        return;
    struct epoch_result epoch = {.step = 1, .value = value};
    for (int m = 0; m < METRIC_N; m++)
        epoch.metric[m] = value;
    assert_int_equal(study_log_report(b->log, handle, &epoch), ERR_OK);
    assert_int_equal(study_log_finish(b->log, handle, TRIAL_COMPLETE, NULL), ERR_OK);
}

static enum err propose(struct bench *b, uint64_t seed, struct proposal *out)
{
    struct rng rng;
    rng_seed(&rng, seed, 1);
    return learn_sampler_design.propose(b->sampler, &b->context, &rng, out);
}

static void large_network(const struct bench *b, int i, struct configuration *out)
{
    static const char *const pairs[] = {"units=1024", "num_layers=4", "batch_size=8"};
    space_default(&b->space, out);
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
        assert_int_equal(space_set_pair(&b->space, out, pairs[k], NULL, NULL), ERR_OK);
    out->value[space_find(&b->space, "learning_rate")] = 0.001 * (i + 1);
    assert_true(cost_of_epoch(&b->space, out, &b->shape) > 2 * LEARN_OWN_COST * b->shared_cost);
}

/* Of six shared points the last n_large, the best ones, are as large as can be: the agent wants
 * their like. What it wants if nobody asks for the cost, and what becomes of it. */
static void ask_for_own_ones(int n_large, int *too_dear, int *drawn)
{
    enum { POINTS = 6, ASKED = 200 };
    struct bench b;
    struct proposal p;
    const struct sampler_ops *agent = sampler_find("agent");
    void *plain;
    make(&b, POINTS);
    for (int i = 0; i < POINTS; i++) {
        assert_int_equal(propose(&b, 0, &p), ERR_OK);
        if (i >= POINTS - n_large)
            large_network(&b, i, &p.config);
        add(&b, p.who, &p.config, 0.4 - 0.05 * i);
    }
    assert_int_equal(agent->open(&b.context, &plain, NULL), ERR_OK);
    *too_dear = *drawn = 0;
    for (uint64_t seed = 0; seed < ASKED; seed++) {
        struct rng rng;
        rng_seed(&rng, seed, 1);
        assert_int_equal(agent->propose(plain, &b.context, &rng, &p), ERR_OK);
        *too_dear += cost_of_epoch(&b.space, &p.config, &b.shape) > LEARN_OWN_COST * b.shared_cost;
        assert_int_equal(propose(&b, seed, &p), ERR_OK);
        assert_string_equal(p.who, "agent");
        assert_true(cost_of_epoch(&b.space, &p.config, &b.shape) <= LEARN_OWN_COST * b.shared_cost);
        *drawn += strstr(p.reason, "costs more than 4 times") != NULL;
    }
    agent->close(plain);
    removed(&b);
}

static void own_ones_cost_no_more_than_they_may(void **state)
{
    (void)state;
    int too_dear, drawn;
    ask_for_own_ones(1, &too_dear, &drawn);
    assert_true(too_dear > 60 && drawn < 20);
    ask_for_own_ones(6, &too_dear, &drawn);
    assert_true(too_dear > 180 && drawn > 100);
}

/* The drawn ones may begin, the best not before all own ones have ended. */
static void the_best_are_not_known_while_one_runs(void **state)
{
    (void)state;
    struct bench b;
    struct proposal p;
    double values[] = {0.4, 0.3, 0.2, 0.1, NAN};
    make(&b, 2);
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(propose(&b, i, &p), ERR_OK);
        add(&b, p.who, &p.config, values[i]);
    }
    for (int i = 0; i < 2; i++) { /* there are two shared points: both are drawn */
        assert_int_equal(propose(&b, 9, &p), ERR_OK);
        assert_string_equal(p.who, "repeat");
        add(&b, p.who, &p.config, 0.35);
    }
    assert_int_equal(propose(&b, 9, &p), ERR_BUSY);
    int handle;
    assert_int_equal(study_log_adopt(b.log, 4, &handle), ERR_OK);
    assert_int_equal(study_log_finish(b.log, handle, TRIAL_FAIL, "diverged"), ERR_OK);
    static const char *const order[] = {"trial 3", "trial 2", "trial 4"};
    for (int i = 0; i < 3; i++) { /* what failed comes last */
        assert_int_equal(propose(&b, 9, &p), ERR_OK);
        assert_string_equal(p.action, order[i]);
        add(&b, p.who, &p.config, 0.3);
    }
    assert_int_equal(propose(&b, 9, &p), ERR_STATE); /* the plan is done */
    removed(&b);
}

static void what_is_left_costs_what_its_parts_cost(void **state)
{
    (void)state;
    struct learn_plan plan = learn_plan_default(false, 0);
    static const struct {
        int done;
        double own, cost;
    } rows[] = {
        {0, 1, 132},
        {0, 4, 68 + 128 + 16 + 64},
        {68, 4, 128 + 16 + 64},
        {84, 2, 32 + 16 + 32},
        {100, 2, 16 + 32},
        {116, 2, 32},
        {124, 2, 16},
        {132, 2, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(fabs(cost_of_plan(&plan, rows[i].done, rows[i].own) - rows[i].cost) < 1e-9);
}

/* The last shared points are the starting points; with them the points before stay what they were.
 */
static void the_last_shared_ones_are_the_starting_points(void **state)
{
    (void)state;
    struct space space;
    struct learn_plan plan = learn_plan_default(false, 0), without = plan;
    int n = starting_point_count(), drawn[DRAWN_MAX], drawn_without[DRAWN_MAX];
    space_of_task(SPACE_CLASSES, &space);
    without.n_shared -= n;
    without.n_starting = 0;
    assert_int_equal(plan.n_shared, 64 + n);
    for (int i = 0; i < plan.n_shared; i++) {
        struct configuration c, expected;
        learn_plan_point(&plan, &space, i, &c);
        if (i < 64)
            learn_plan_point(&without, &space, i, &expected);
        else
            starting_point(&space, i - 64, &expected);
        assert_true(space_same(&space, &c, &expected));
    }
    assert_int_equal(plan_drawn(&plan, drawn), plan_drawn(&without, drawn_without));
    assert_memory_equal(drawn, drawn_without, sizeof drawn);
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_ones_cost_no_more_than_they_may),
        cmocka_unit_test(the_last_shared_ones_are_the_starting_points),
        cmocka_unit_test(the_best_are_not_known_while_one_runs),
        cmocka_unit_test(what_is_left_costs_what_its_parts_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

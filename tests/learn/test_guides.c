/* If this fails, a task is judged with knowledge of its own family, or proposes what was known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "made_table.h"

/* Four configurations on the tasks one and two of the families f and g. */
static struct curve_table *make_table(void)
{
    static const char *const configs = "config_id,learning_rate,units\na,0.0001,8\nb,0.001,64\n"
                                       "c,0.01,256\nd,0.1,1024\n";
    static const char *const curves = "task,config_id,family,e1,e2\n"
                                      "one,a,f,0.9,0.8\none,b,f,0.8,0.6\none,c,f,0.7,0.3\n"
                                      "one,d,f,0.9,0.5\ntwo,a,g,0.9,0.8\ntwo,b,g,0.8,0.6\n"
                                      "two,c,g,0.7,0.3\ntwo,d,g,0.9,0.5\n";
    struct curve_table *table;
    struct err_info info = {0};
    if (made_table(configs, curves, &table, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return table;
}

/* Knowledge of the families f, g and h in the table's own space; its runs are of b. */
struct made {
    struct knowledge knowledge;
    struct knowledge_task task[3];
    struct advice advice[3]; /* of all; without f; without g */
    char family[3][64];
    double unit[2], log_error[1];
};

static void make_knowledge(struct made *m, const struct curve_table *table)
{
    static const char *const families[] = {"h", "f", "g"};
    memset(m, 0, sizeof *m);
    memcpy(m->unit, &table->pools[0].unit[2], sizeof m->unit);
    for (int i = 0; i < 3; i++) {
        text_copy(m->family[i], sizeof m->family[i], families[i]);
        m->task[i] = (struct knowledge_task){.family = i,
                                             .is_shared = true,
                                             .n_runs = 1,
                                             .unit = m->unit,
                                             .log_error = m->log_error};
        m->advice[i].left_out = i == 0 ? -1 : i;
        m->advice[i].ranker.portfolio.n = 1;
    }
    m->knowledge = (struct knowledge){.space = table->pools[0].space,
                                      .n_dims = 2,
                                      .n_shared = 1,
                                      .n_families = 3,
                                      .n_tasks = 3,
                                      .family = m->family,
                                      .task = m->task,
                                      .advice = m->advice,
                                      .n_advice = 3};
}

static void a_tasks_own_family_is_left_out(void **state)
{
    (void)state;
    static struct made m;
    static struct task_features looks = {.cost_epochs = 0.3};
    struct curve_table *table = make_table();
    struct bench_guides *g;
    struct err_info info = {0};
    make_knowledge(&m, table);
    table->tasks[0].features = mem_alloc(1, sizeof looks);
    *table->tasks[0].features = looks;
    assert_int_equal(bench_guides_new(&m.knowledge, table, false, &g, &info), ERR_OK);
    for (int t = 0; t < 2; t++) {
        const struct guidance *others = bench_guidance(g, t, BENCH_OTHERS);
        assert_int_equal(others->left_out, t + 1);
        assert_ptr_equal(others->advice, &m.advice[t + 1]);
        assert_ptr_equal(others->features, table->tasks[t].features);
        assert_false(others->permuted);
        assert_true(bench_guidance(g, t, BENCH_PERMUTED)->permuted);
        assert_ptr_equal(bench_guidance(g, t, BENCH_PERMUTED)->advice, others->advice);
        assert_null(bench_guidance(g, t, BENCH_BLIND)->features);
        assert_ptr_equal(bench_guidance(g, t, BENCH_BLIND)->advice, others->advice);
        assert_ptr_equal(bench_guidance(g, t, BENCH_OWN)->advice, &m.advice[0]);
        assert_int_equal(bench_guidance(g, t, BENCH_OWN)->left_out, -1);
        assert_null(bench_guidance(g, t, BENCH_NOTHING));
        assert_null(bench_guidance(NULL, t, BENCH_OTHERS));
    }
    bench_guides_free(g);
    assert_int_equal(bench_guides_new(&m.knowledge, table, true, &g, &info), ERR_OK);
    assert_true(bench_guidance(g, 0, BENCH_OTHERS)->permuted);
    bench_guides_free(g);
    m.knowledge.n_advice = 2; /* never made without g */
    assert_int_equal(bench_guides_new(&m.knowledge, table, false, &g, &info), ERR_INPUT);
    curve_table_free(table);
}

static void what_is_known_leaves_the_pools(void **state)
{
    (void)state;
    static struct made m;
    struct curve_table *table = make_table();
    struct err_info info = {0};
    int n;
    make_knowledge(&m, table);
    m.unit[0] += 1e-4; /* near it is not the same */
    assert_int_equal(bench_drop_known(table, &m.knowledge, &n, &info), ERR_OK);
    assert_int_equal(n, 0);
    m.unit[0] -= 1e-4;
    m.knowledge.space.n = 1; /* of other hyperparameters nothing is known */
    assert_int_equal(bench_drop_known(table, &m.knowledge, &n, &info), ERR_OK);
    assert_int_equal(n, 0);
    m.knowledge.space.n = 2;
    assert_int_equal(bench_drop_known(table, &m.knowledge, &n, &info), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(table->pools[0].n, 3);
    assert_true(table->tasks[1].error[3] == 0.3); /* c moved up */
    curve_table_free(table);
}

static void peers_get_the_portfolio(void **state)
{
    (void)state;
    static struct made m;
    struct curve_table *table = make_table();
    struct bench_guides *g;
    struct err_info info = {0};
    struct text json = {0};
    make_knowledge(&m, table);
    assert_int_equal(bench_guides_new(&m.knowledge, table, false, &g, &info), ERR_OK);
    assert_int_equal(curve_table_put_json(table, 1, false, g, &json, &info), ERR_OK);
    const char *entry = strstr(text_get(&json), "\"portfolio\": [{\"learning_rate\": ");
    double rate = 0;
    assert_non_null(entry);
    entry += strlen("\"portfolio\": [{\"learning_rate\": ");
    assert_true(text_parse_double_n(entry, strcspn(entry, ",}"), &rate));
    assert_true(fabs(rate / 0.001 - 1) < 1e-9);
    assert_non_null(strstr(entry, "\"units\": 64}]"));
    text_free(&json);
    bench_guides_free(g);
    curve_table_free(table);
}

/* Six configurations on the tasks one and two, ten epochs long. */
static struct curve_table *make_long_table(void)
{
    struct text configs = {0}, curves = {0};
    struct curve_table *table;
    struct err_info info = {0};
    text_append(&configs, "config_id,learning_rate,units");
    text_append(&curves, "task,config_id,family,e1,e2,e3,e4,e5,e6,e7,e8,e9,e10");
    for (int i = 0; i < 6; i++)
        text_appendf(&configs, "\n%d,0.00%d,%d", i, i + 1, 8 << i);
    for (int t = 0; t < 2; t++)
        for (int i = 0; i < 6; i++) {
            text_appendf(&curves, "\n%s,%d,%s", t ? "two" : "one", i, t ? "g" : "f");
            for (int e = 0; e < 10; e++)
                text_appendf(&curves, ",%g", 0.9 - 0.01 * (i + 1) * e);
        }
    if (made_table(text_get(&configs), text_get(&curves), &table, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    text_free(&configs);
    text_free(&curves);
    return table;
}

/* Pairs that are judged at the latest rung when only that advice knows something of curves. */
static int pairs_judged(struct made *m, const struct curve_table *table, int advice)
{
    struct predictor_reliability r[PREDICTOR_RUNGS];
    struct bench_guides *g;
    struct err_info info = {0};
    for (int i = 0; i < 3; i++)
        m->advice[i].predictor.rung[PREDICTOR_RUNGS - 1] =
            (struct predictor_rung){.n_pairs = i == advice, .weight = {1}, .sd = {0.1, 0.1, 0.1}};
    assert_int_equal(bench_guides_new(&m->knowledge, table, false, &g, &info), ERR_OK);
    assert_int_equal(bench_predictions(g, r, &info), ERR_OK);
    bench_guides_free(g);
    assert_true(r[PREDICTOR_RUNGS - 1].n == 0 || r[PREDICTOR_RUNGS - 1].came[0] == 0);
    return r[PREDICTOR_RUNGS - 1].n;
}

/* The best of six is the only good run, and a random one is that with 1/6. */
static void predictions_are_those_without_the_family(void **state)
{
    (void)state;
    static struct made m;
    struct curve_table *table = make_long_table();
    make_knowledge(&m, table);
    assert_int_equal(pairs_judged(&m, table, 0), 0);
    assert_in_range(pairs_judged(&m, table, 1), 750, 910);
    assert_in_range(pairs_judged(&m, table, 2), 750, 910);
    curve_table_free(table);
}

/* ---- searches ---------------------------------------------------------------------------- */

static const struct guidance *seen;
static double first_share;

static enum err open_watch(const struct search_context *c, void **self, struct err_info *info)
{
    (void)info;
    *self = NULL;
    seen = c->guidance;
    first_share = c->share_left;
    return ERR_OK;
}

static void close_watch(void *self)
{
    (void)self;
}

static bool learn_nothing(void *self, const struct search_context *c, const struct trial *t,
                          double before, struct q_update *update)
{
    (void)self, (void)c, (void)t, (void)before, (void)update;
    return false;
}

static enum err propose(void *self, const struct search_context *c, struct rng *rng,
                        struct proposal *out)
{
    (void)self;
    memset(out, 0, sizeof *out);
    space_sample(&c->study->space, rng, &out->config);
    return ERR_OK;
}

static void looking_is_charged(void **state)
{
    (void)state;
    struct sampler_ops watch = {.name = "watch",
                                .open = open_watch,
                                .close = close_watch,
                                .propose = propose,
                                .observe = learn_nothing};
    struct curve_table *table = make_table();
    struct task_features looks = {.cost_epochs = 1.25};
    struct guidance guidance = {.features = &looks};
    struct bench_method method = {
        .name = "watch", .sampler = &watch, .pruner = pruner_find("none")};
    struct err_info info = {0};
    for (int guided = 0; guided < 2; guided++) {
        struct bench_run run = {0};
        watch.guided = guided;
        assert_int_equal(bench_replay(table, 0, &method, &guidance, 1, 8, &run, &info), ERR_OK);
        assert_ptr_equal(seen, &guidance);
        assert_int_equal(run.n_epochs, 8);
        assert_int_equal(run.step[0].epoch, guided ? 3 : 1);
        assert_true(run.step[0].cost == (guided ? 2.25 : 1));
        assert_true(first_share == (guided ? 0.75 : 1));
        bench_run_free(&run);
    }
    curve_table_free(table);
}

static void names_say_what_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum bench_known known;
    } rows[] = {{"agent", BENCH_OTHERS},
                {"agent@no", BENCH_NOTHING},
                {"agent+halving@permuted", BENCH_PERMUTED},
                {"tpe+median@blind", BENCH_BLIND},
                {"agent@own", BENCH_OWN}};
    static const char *const wrong[] = {"agent@", "agent@all", "agent@no+halving", "@no"};
    struct bench_method m;
    struct err_info info = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(bench_method_find(rows[i].name, &m, &info), ERR_OK);
        assert_int_equal(m.known, rows[i].known);
        assert_string_equal(m.name, rows[i].name);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(bench_method_find(wrong[i], &m, &info), ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tasks_own_family_is_left_out),
        cmocka_unit_test(what_is_known_leaves_the_pools),
        cmocka_unit_test(peers_get_the_portfolio),
        cmocka_unit_test(predictions_are_those_without_the_family),
        cmocka_unit_test(looking_is_charged),
        cmocka_unit_test(names_say_what_is_known),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* If this fails, knowledge is read otherwise than it was written, or a damaged file is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tiller/knowledge.h"

/* ---- made knowledge ---------------------------------------------------------------------- */

enum { FAMILIES = 3, TASKS = 5, SHARED = 12, OWN = 4 };

static struct space some_space(void)
{
    static const char *const names[] = {"learning_rate", "batch_size", "optimizer",
                                        "momentum",      "units",      "dropout"};
    struct space space = {0};
    struct text json = {0};
    struct cJSON *doc;
    text_append_char(&json, '{');
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        text_appendf(&json, "%s\"%s\": ", i ? ", " : "", names[i]);
        space_put_distribution(space_builtin(), space_find(space_builtin(), names[i]), &json);
    }
    text_append_char(&json, '}');
    assert_int_equal(json_parse(text_get(&json), json.length, "space", &doc, NULL), ERR_OK);
    assert_int_equal(space_read_json(doc, &space, NULL), ERR_OK);
    json_free(doc);
    text_free(&json);
    return space;
}

static void fill(struct rng *rng, double *value, int n)
{
    for (int i = 0; i < n; i++)
        value[i] = rng_uniform(rng);
}

static void fill_floats(struct rng *rng, float *value, int n)
{
    for (int i = 0; i < n; i++)
        value[i] = (float)rng_normal(rng) * 0.2F;
}

static void fill_task(struct knowledge *k, int i, struct rng *rng)
{
    struct knowledge_task *t = &k->task[i];
    size_t dims = (size_t)k->n_dims;
    text_format(t->name, sizeof t->name, "task%d", i);
    text_format(t->fingerprint, sizeof t->fingerprint, "fp%d", i);
    t->family = i % FAMILIES;
    t->by_user = i == TASKS - 1;
    t->is_shared = !t->by_user;
    t->majority_error = 0.5;
    t->n_rows = 1000 + i;
    t->full_epochs = 50;
    t->has_looks = i != 1;
    t->n_runs = OWN + (t->is_shared ? SHARED : 0);
    t->unit = mem_zero_alloc((size_t)t->n_runs, dims * sizeof *t->unit);
    t->log_error = mem_zero_alloc((size_t)t->n_runs, sizeof *t->log_error);
    assert_true(t->unit && t->log_error);
    fill(rng, t->unit, t->n_runs * k->n_dims);
    if (t->is_shared && i > 0)
        memcpy(t->unit, k->task[0].unit, SHARED * dims * sizeof *t->unit);
    fill(rng, t->log_error, t->n_runs);
    if (t->has_looks) {
        fill(rng, t->feature, FEATURE_N);
        fill(rng, t->sketch, SKETCH_N);
    }
}

static void fill_ranker(struct ranker *r, struct rng *rng)
{
    struct meta_model *m = &r->model;
    r->portfolio.n = PORTFOLIO_MAX;
    r->similarity = (struct similarity){.n_features = FEATURE_N, .evidence = 1, .spread = 0.7};
    r->ridge.n_features = FEATURE_N;
    for (int k = 0; k < PORTFOLIO_MAX; k++) {
        r->portfolio.entry[k] = SHARED - 1 - k;
        r->portfolio.cost[k] = 1.0 / (k + 1);
        fill(rng, r->ridge.weight[k], FEATURE_N + 1);
    }
    for (int j = 0; j < FEATURE_N; j++)
        r->ridge.deviation[j] = 0.1 * (j + 1);
    m->n_inputs = FEATURE_N + EARLY_N + SKETCH_N;
    m->n_entries = PORTFOLIO_MAX;
    for (int i = 0; i < m->n_inputs; i++)
        m->deviation[i] = 1.0 / (i + 1);
    for (int h = 0; h < MODEL_HIDDEN; h++)
        fill_floats(rng, m->hidden + h * MODEL_INPUTS, m->n_inputs);
    fill_floats(rng, m->hidden_bias, MODEL_HIDDEN);
    fill_floats(rng, m->output, PORTFOLIO_MAX * MODEL_HIDDEN);
    fill_floats(rng, m->output_bias, PORTFOLIO_MAX);
    r->used = RANKING_MODEL_EARLY;
}

static void fill_advice(const struct knowledge *k, int left_out, struct advice *a, struct rng *rng)
{
    a->left_out = left_out;
    fill_ranker(&a->ranker, rng);
    for (int i = 0; i < PREDICTOR_RUNGS; i++) {
        struct predictor_rung *rung = &a->predictor.rung[i];
        rung->n_pairs = 100 + i;
        fill(rng, rung->weight, PREDICTOR_FEATURES);
        fill(rng, rung->sd, PREDICTOR_SDS);
        rung->calibration = (struct calibration){
            .n = 2, .low = {0, 0.5}, .high = {0.25, 1}, .share = {0.125, 0.75}};
    }
    gp_axes(&k->space, &a->kernel);
    fill(rng, a->kernel.length, k->n_dims);
    fill(rng, a->q.q[0], META_STATES * MOVE_N);
    fill(rng, a->pilot.visits[0], PILOT_STATES * PILOT_ACTIONS);
    a->q_pays = left_out == 1;
}

/* n_families - 1 folds and the whole. Owner: caller. */
static struct knowledge *made(void)
{
    struct knowledge *k = mem_zero_alloc(1, sizeof *k);
    struct rng rng;
    rng_seed(&rng, 7, 7);
    assert_non_null(k);
    text_copy(k->made, sizeof k->made, "from a test");
    k->space = some_space();
    k->n_dims = k->space.n;
    k->n_shared = SHARED;
    k->n_families = FAMILIES;
    k->n_tasks = TASKS;
    k->n_advice = 1 + FAMILIES;
    k->n_used = 2;
    k->used = mem_zero_alloc(2, sizeof *k->used);
    k->family = mem_zero_alloc(FAMILIES, sizeof *k->family);
    k->task = mem_zero_alloc(TASKS, sizeof *k->task);
    k->advice = mem_zero_alloc(1 + FAMILIES, sizeof *k->advice);
    assert_true(k->used && k->family && k->task && k->advice);
    k->used[1] = 17;
    for (int i = 0; i < FAMILIES; i++)
        text_format(k->family[i], sizeof k->family[i], "family%d", i);
    for (int i = 0; i < TASKS; i++)
        fill_task(k, i, &rng);
    for (int i = 0; i <= FAMILIES; i++)
        fill_advice(k, i - 1, &k->advice[i], &rng);
    k->report_json = mem_dup_text("{\"even\":[0.25,1e-3]}");
    return k;
}

static struct text written(const struct knowledge *k)
{
    struct text out = {0};
    assert_int_equal(knowledge_write(k, &out), ERR_OK);
    return out;
}

static struct knowledge *read_back(const struct text *t)
{
    struct knowledge *k;
    struct err_info info = {0};
    if (knowledge_read(text_get(t), t->length, "k.json", &k, &info) != ERR_OK)
        fail_msg("%s: %s", info.where, info.detail);
    return k;
}

static void near(const double *a, const double *b, int n)
{
    for (int i = 0; i < n; i++)
        assert_true(fabs(a[i] - b[i]) <= 1e-6 + 1e-5 * fabs(b[i]));
}

/* ---- reading and writing ------------------------------------------------------------------ */

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct knowledge *k = made();
    struct text first = written(k);
    struct knowledge *again = read_back(&first);
    struct text second = written(again);
    assert_string_equal(text_get(&first), text_get(&second));
    assert_int_equal(again->n_tasks, TASKS);
    assert_int_equal(again->used[1], 17);
    assert_string_equal(again->report_json, "{\"even\": [0.25, 0.001]}");
    for (int i = 0; i < TASKS; i++) {
        const struct knowledge_task *a = &k->task[i], *b = &again->task[i];
        assert_int_equal(a->n_runs, b->n_runs);
        assert_int_equal(a->has_looks, b->has_looks);
        near(a->unit, b->unit, a->n_runs * k->n_dims);
        near(a->log_error, b->log_error, a->n_runs);
        near(a->sketch, b->sketch, SKETCH_N);
    }
    for (int i = 0; i <= FAMILIES; i++) {
        const struct advice *a = &k->advice[i], *b = &again->advice[i];
        const struct meta_model *m = &a->ranker.model, *l = &b->ranker.model;
        assert_memory_equal(a->ranker.portfolio.entry, b->ranker.portfolio.entry,
                            sizeof a->ranker.portfolio.entry);
        for (int h = 0; h < MODEL_HIDDEN * MODEL_INPUTS; h++)
            assert_true(fabsf(m->hidden[h] - l->hidden[h]) <= 5e-4F * fabsf(m->hidden[h]) + 1e-7F);
        near(a->q.q[0], b->q.q[0], META_STATES * MOVE_N);
        near(a->pilot.visits[0], b->pilot.visits[0], PILOT_STATES * PILOT_ACTIONS);
        near(a->kernel.length, b->kernel.length, k->n_dims);
        near(a->predictor.rung[3].sd, b->predictor.rung[3].sd, PREDICTOR_SDS);
        assert_int_equal(a->q_pays, b->q_pays);
        assert_int_equal(b->ranker.used, RANKING_MODEL_EARLY);
    }
    text_free(&first);
    text_free(&second);
    knowledge_free(k);
    knowledge_free(again);
}

/* Replaces the first `from` after `after` and tells what reading says. */
static enum err read_damaged(const char *after, const char *from, const char *to, char *said,
                             size_t said_size)
{
    struct knowledge *k = made(), *read;
    struct text whole = written(k), damaged = {0};
    struct err_info info = {0};
    const char *start = strstr(text_get(&whole), after);
    assert_non_null(start);
    const char *at = strstr(start, from);
    assert_non_null(at);
    text_append_n(&damaged, text_get(&whole), (size_t)(at - text_get(&whole)));
    text_append(&damaged, to);
    text_append(&damaged, at + strlen(from));
    enum err err = knowledge_read(text_get(&damaged), damaged.length, "k.json", &read, &info);
    err_format(&info, said, said_size);
    assert_true((err == ERR_OK) == (read != NULL));
    knowledge_free(read);
    knowledge_free(k);
    text_free(&whole);
    text_free(&damaged);
    return err;
}

static void damaged_files_get_one_clear_line(void **state)
{
    (void)state;
    static const struct {
        const char *after, *from, *to, *says;
    } rows[] = {
        {"{", "tiller knowledge", "tiller recipes", "is no knowledge file"},
        {"{", "\"version\": 1", "\"version\": 2", "another version"},
        {"{", "\"made\"", "\"maid\"", "'made' is no text"},
        {"{", "[0, 17]", "[17, 17]", "'used' is not rising"},
        {"{", "FloatDistribution", "FloatDistortion", "'space' is not possible"},
        {"families", "family1", "family0", "'families' holds a name twice"},
        {"families", "\"family1\"", "5", "'families' holds something else"},
        {"shared", "[[0.", "[[7.", "'shared' is no list of 6 numbers from 0 to 1"},
        {"tasks", "\"family\": 1", "\"family\": 3", "task 2: 'family' is no whole number"},
        {"tasks", "\"majority_error\": 0.5", "\"majority_error\": 0", "'majority_error'"},
        {"tasks", "\"epochs\": 50", "\"epochs\": 1e99", "task 1: 'epochs'"},
        {"task2", "\"features\": [", "\"features\": [NaN, ", "'features' is no list of 12"},
        {"tasks", "\"log_error\": [", "\"log_error\": [Infinity, ", "task 1: 'log_error'"},
        {"tasks", "\"log_error\": [", "\"log_error\": [0.5, ", "is no list of 16 numbers"},
        {"tasks", "\"shared\": true", "\"shared\": 1", "'shared' is neither true nor false"},
        {"advice", "\"left_out\": -1", "\"left_out\": 0", "advice 1: 'left_out'"},
        {"advice", "model, early", "crystal ball", "'ranking' is unknown"},
        {"advice", "\"entry\": [11", "\"entry\": [12", "'entry' is out of range"},
        {"advice", "\"entry\": [11", "\"entry\": [10", "'entry' holds one twice"},
        {"advice", "\"entry\": [11", "\"entry\": [1, 1", "'entry' is too long"},
        {"advice", "\"entries\": 10", "\"entries\": 9", "'entries' is not the portfolio's"},
        {"advice", "\"hidden\": \"", "\"hidden\": \"AAAA", "'hidden' is not as many packed"},
        {"advice", "\"hidden_bias\": \"", "\"hidden_bias\": \"!", "'hidden_bias' is not"},
        {"advice", "\"low\": [0, 0.5]", "\"low\": [0, 0.2]", "'share' is not rising"},
        {"advice", "\"variance\": 1", "\"variance\": -1", "'variance'"},
        {"advice", "\"length\": [0.", "\"length\": [-0.", "'length'"},
        {"advice", "\"q\": [", "\"q\": [[1], ", "'q' is no list of 13 numbers"},
        {"advice", "\"report\": {", "\"report\": [], \"rep\": {", "'report' is no object"},
    };
    char said[900];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (read_damaged(rows[i].after, rows[i].from, rows[i].to, said, sizeof said) != ERR_INPUT ||
            !strstr(said, rows[i].says) || strncmp(said, "k.json: ", 8) != 0 || strchr(said, '\n'))
            fail_msg("%s: %s", rows[i].to, said);
    }
}

/* Wherever the file is cut, and whatever byte is another one: refused or read, never believed
 * beyond its bounds (the sanitizers watch). */
static void any_cut_and_any_byte_is_survived(void **state)
{
    (void)state;
    struct knowledge *k = made(), *read;
    struct text whole = written(k);
    struct rng rng;
    rng_seed(&rng, 3, 3);
    for (int i = 0; i < 60; i++) {
        size_t n = (size_t)rng_below(&rng, whole.length - 2);
        assert_int_equal(knowledge_read(text_get(&whole), n, "k.json", &read, NULL), ERR_INPUT);
        assert_null(read);
    }
    for (int i = 0; i < 60; i++) {
        size_t at = (size_t)rng_below(&rng, whole.length);
        char before = whole.data[at];
        whole.data[at] = (char)(32 + rng_below(&rng, 90));
        knowledge_read(text_get(&whole), whole.length, "k.json", &read, NULL);
        knowledge_free(read);
        whole.data[at] = before;
    }
    text_free(&whole);
    knowledge_free(k);
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    struct knowledge *k = made(), *read;
    struct text whole = written(k);
    unsigned long before = mem_alloc_count();
    knowledge_free(read_back(&whole));
    long n = (long)(mem_alloc_count() - before);
    for (long after = 0; after < n; after += 1 + n / 50) {
        mem_fail_after(after);
        assert_true(knowledge_read(text_get(&whole), whole.length, "k.json", &read, NULL) !=
                    ERR_OK);
        assert_null(read);
        mem_fail_after(-1);
    }
    text_free(&whole);
    knowledge_free(k);
}

/* ---- looking things up -------------------------------------------------------------------- */

static void advice_is_found_by_what_it_never_saw(void **state)
{
    (void)state;
    struct knowledge *k = made();
    assert_int_equal(knowledge_family(k, "family2", NULL), 2);
    assert_int_equal(knowledge_family(k, "unheard", "fp4"), 1);
    assert_int_equal(knowledge_family(k, "unheard", ""), -1);
    for (int f = -1; f < FAMILIES; f++)
        assert_int_equal(knowledge_advice(k, f)->left_out, f);
    k->n_advice = 1;
    assert_null(knowledge_advice(k, 1));
    assert_int_equal(knowledge_advice(k, -1)->left_out, -1);
    knowledge_free(k);
}

static void a_study_of_the_same_space_loses_nothing(void **state)
{
    (void)state;
    struct knowledge *k = made();
    struct knowledge_map map;
    struct configuration c, d;
    struct rng rng;
    double x[SPACE_MAX], y[SPACE_MAX], unit[SPACE_MAX];
    rng_seed(&rng, 5, 5);
    knowledge_map(k, &k->space, &map);
    assert_int_equal(map.n_known, k->space.n);
    assert_int_equal(map.n_searched, k->space.n);
    for (int i = 0; i < 50; i++) {
        space_sample(&k->space, &rng, &c);
        knowledge_place(k, &map, &k->space, &c, x);
        gp_place(&k->space, &c, y);
        near(x, y, k->space.n);
        space_encode(&k->space, &c, unit);
        knowledge_configuration(k, &map, &k->space, unit, &d);
        space_encode(&k->space, &d, x);
        near(x, unit, k->space.n);
        assert_int_equal(c.set, d.set);
    }
    knowledge_free(k);
}

/* It lacks momentum and units, has a wider rate, weight decay besides, dropout held, and other
 * optimizers. */
static struct space other_study(void)
{
    static const char json[] =
        "{\"learning_rate\": {\"name\": \"FloatDistribution\", \"attributes\": {\"log\": true,"
        " \"step\": null, \"low\": 1e-07, \"high\": 100.0}},"
        "\"weight_decay\": {\"name\": \"FloatDistribution\", \"attributes\": {\"log\": true,"
        " \"step\": null, \"low\": 1e-06, \"high\": 0.01}},"
        "\"optimizer\": {\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\":"
        " [\"lion\", \"sgd\"]}},"
        "\"batch_size\": {\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\":"
        " [32, 64]}},"
        "\"dropout\": {\"name\": \"FloatDistribution\", \"attributes\": {\"log\": false,"
        " \"step\": null, \"low\": 0.0, \"high\": 0.5}, \"held\": 0.25}}";
    struct space space;
    struct cJSON *doc;
    assert_int_equal(json_parse(json, sizeof json - 1, "space", &doc, NULL), ERR_OK);
    assert_int_equal(space_read_json(doc, &space, NULL), ERR_OK);
    json_free(doc);
    return space;
}

static void a_study_of_another_space_is_met_by_name(void **state)
{
    (void)state;
    struct knowledge *k = made();
    struct space study = other_study();
    struct knowledge_map map;
    struct configuration c;
    double x[SPACE_MAX], unit[SPACE_MAX] = {0};
    int rate = space_find(&k->space, "learning_rate"), units = space_find(&k->space, "units");
    int optimizer = space_find(&k->space, "optimizer"), drop = space_find(&k->space, "dropout");
    knowledge_map(k, &study, &map);
    assert_int_equal(map.known[0], rate);
    assert_int_equal(map.known[1], -1); /* nobody knows weight decay */
    assert_int_equal(map.known[3], -1); /* a number here, a choice there */
    assert_int_equal(map.n_searched, 4);
    assert_int_equal(map.n_known, 2);

    space_default(&study, &c);
    c.value[0] = 100;
    c.value[2] = 0; /* lion */
    knowledge_place(k, &map, &study, &c, x);
    assert_true(x[rate] > 1);
    assert_int_equal((int)x[optimizer], k->space.h[optimizer].n_choices); /* none of them */
    space_default(&k->space, &c);
    double y[SPACE_MAX];
    gp_place(&k->space, &c, y);
    assert_true(x[units] == y[units]);

    for (int i = 0; i < k->n_dims; i++)
        unit[i] = 1;
    knowledge_configuration(k, &map, &study, unit, &c);
    assert_true(fabs(c.value[0] / k->space.h[rate].high - 1) < 1e-9);
    assert_true(c.value[1] == study.h[1].fallback);
    assert_true(c.value[4] == 0.25);
    assert_true(drop >= 0);
    int sgd = 0;
    while (strcmp(k->space.h[optimizer].choice[sgd].text, "sgd") != 0)
        sgd++;
    unit[optimizer] = (double)sgd / (k->space.h[optimizer].n_choices - 1);
    knowledge_configuration(k, &map, &study, unit, &c);
    assert_int_equal((int)c.value[2], 1);
    knowledge_free(k);
}

static void the_pilot_counts_its_states(void **state)
{
    (void)state;
    assert_int_equal(pilot_state(0, 0, 0), 0);
    assert_int_equal(pilot_state(0, 0.0199, 0.25), 1);
    assert_int_equal(pilot_state(0, 0.02, 0.6), PILOT_BUDGETS + 2);
    assert_int_equal(pilot_state(PREDICTOR_RUNGS - 1, 1, 1), PILOT_STATES - 1);
    assert_string_equal(pilot_action_name(PILOT_PAUSE), "pause");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(damaged_files_get_one_clear_line),
        cmocka_unit_test(any_cut_and_any_byte_is_survived),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(advice_is_found_by_what_it_never_saw),
        cmocka_unit_test(a_study_of_the_same_space_loses_nothing),
        cmocka_unit_test(a_study_of_another_space_is_met_by_name),
        cmocka_unit_test(the_pilot_counts_its_states),
    };
    return cmocka_run_group_tests_name("knowledge", tests, NULL, NULL);
}

/* If this fails, the agent's proposals rest on other knowledge than they may, or on other runs than
 * they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "../support/made_known.h"
#include "tiller/net.h"
#include "tiller/search.h"

enum { TASKS = 6, FAMILIES = 3, SHARED = 40, FULL_EPOCHS = 26 };

static void known_new(struct known *k)
{
    static const struct known_plan plan = {.n_tasks = TASKS,
                                           .n_families = FAMILIES,
                                           .n_shared = SHARED,
                                           .full_epochs = FULL_EPOCHS,
                                           .left_out = 1,
                                           .shift = 0.02};
    known_make(k, &plan);
}

/* ---- a search ------------------------------------------------------------------------------ */

struct hunt {
    struct made_study *made;
    const struct sampler_ops *ops;
    void *self;
    const struct guidance *guidance;
    struct proposal last;
};

static struct search_context context_of(const struct hunt *h)
{
    return (struct search_context){.study = &h->made->study,
                                   .majority_error = known_majority,
                                   .share_left = 0.5,
                                   .full_epochs = FULL_EPOCHS,
                                   .rng_seed = 1,
                                   .guidance = h->guidance};
}

static struct hunt hunt_new(const char *sampler, const struct guidance *guidance)
{
    struct hunt h = {
        .made = made_new(made_space()), .ops = sampler_find(sampler), .guidance = guidance};
    struct search_context context = context_of(&h);
    assert_int_equal(h.ops->open(&context, &h.self, NULL), ERR_OK);
    return h;
}

static void hunt_end(struct hunt *h)
{
    h->ops->close(h->self);
    made_free(h->made);
}

static void propose(struct hunt *h)
{
    struct search_context context = context_of(h);
    struct rng rng;
    rng_seed(&rng, 5, h->made->study.n_trials);
    assert_int_equal(h->ops->propose(h->self, &context, &rng, &h->last), ERR_OK);
}

static struct trial *finish(struct hunt *h, enum trial_state state, double value)
{
    struct trial *t = made_point(h->made, state, value, &h->last.config);
    text_copy(t->who, sizeof t->who, h->last.who);
    text_copy(t->situation, sizeof t->situation, h->last.situation);
    text_copy(t->action, sizeof t->action, h->last.action);
    return t;
}

static double landscape(const struct configuration *c)
{
    double unit[SPACE_MAX];
    space_encode(made_space(), c, unit);
    return known_error_at(unit, made_space()->n, 0.03);
}

static void run(struct hunt *h, int n)
{
    for (int i = 0; i < n; i++) {
        propose(h);
        finish(h, TRIAL_COMPLETE, landscape(&h->last.config));
    }
}

/* ---- tests --------------------------------------------------------------------------------- */

static void the_portfolio_comes_first_and_says_what_it_is(void **state)
{
    (void)state;
    static struct known k;
    known_new(&k);
    struct hunt h = hunt_new("agent-hand", &k.guidance);
    for (int i = 0; i < 2; i++) {
        propose(&h);
        assert_int_equal(move_find(h.last.action), MOVE_PORTFOLIO);
        assert_non_null(strstr(h.last.reason, "portfolio entry "));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(h.last.action, h.made->trials[j].action);
        finish(&h, TRIAL_COMPLETE, landscape(&h.last.config));
    }
    run(&h, 6);
    propose(&h);
    assert_int_equal(move_find(h.last.action), MOVE_SURROGATE);
    assert_non_null(strstr(h.last.reason, "probability"));
    hunt_end(&h);
}

/* The known table has its say where it was measured better than the hand rule, or where asked. */
static void the_known_table_has_its_say_where_it_may(void **state)
{
    (void)state;
    static struct known k;
    static const struct {
        const char *sampler;
        bool pays, has_say;
    } rows[] = {{"agent", false, false},
                {"agent", true, true},
                {"agent-table", false, true},
                {"agent-hand", true, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        known_new(&k);
        for (int s = 0; s < META_STATES; s++)
            for (int a = 0; a < MOVE_N; a++) {
                k.advice.q.q[s][a] = a == MOVE_RANDOM ? 1 : 0;
                k.advice.q.visits[s][a] = QTABLE_CARRIED;
            }
        k.advice.q_pays = rows[i].pays;
        struct hunt h = hunt_new(rows[i].sampler, &k.guidance);
        propose(&h);
        bool random = move_find(h.last.action) == MOVE_RANDOM;
        if (random != rows[i].has_say)
            fail_msg("%s, %d: %s", rows[i].sampler, rows[i].pays, h.last.action);
        hunt_end(&h);
    }
}

/* Whatever the left-out family's results are: the same proposals to the last bit. */
static void a_left_out_family_changes_nothing(void **state)
{
    (void)state;
    static struct known good, poisoned;
    known_new(&good);
    known_new(&poisoned);
    for (int t = 1; t < TASKS; t += FAMILIES)
        for (int i = 0; i < SHARED; i++)
            poisoned.log_error[t][i] = i % 2 ? (double)NAN : -9.0 * i;
    struct hunt a = hunt_new("agent", &good.guidance), b = hunt_new("agent", &poisoned.guidance);
    for (int i = 0; i < 14; i++) {
        run(&a, 1);
        run(&b, 1);
        assert_memory_equal(&a.last, &b.last, sizeof a.last);
    }
    for (int i = 0; i < SHARED; i++) /* others' do */
        poisoned.log_error[0][i] = poisoned.log_error[3][i] = -good.log_error[0][i];
    struct hunt c = hunt_new("agent", &poisoned.guidance);
    run(&c, 14);
    int others = 0;
    for (int i = 0; i < 14; i++)
        others += !space_same(made_space(), &a.made->trials[i].config, &c.made->trials[i].config);
    assert_true(others > 0);
    hunt_end(&a);
    hunt_end(&b);
    hunt_end(&c);
}

static enum trust trust_after(struct guidance *g, int n)
{
    struct hunt h = hunt_new("agent-hand", g);
    run(&h, n);
    propose(&h);
    enum trust t = situation_from_index(situation_find(h.last.situation)).trust;
    hunt_end(&h);
    return t;
}

static void wrong_knowledge_loses_trust(void **state)
{
    (void)state;
    static struct known k;
    known_new(&k);
    assert_int_equal(trust_after(&k.guidance, 0), TRUST_MIDDLE);
    assert_int_equal(trust_after(&k.guidance, 7), TRUST_HIGH);
    k.guidance.permuted = true;
    assert_int_equal(trust_after(&k.guidance, 7), TRUST_LOW);
}

/* A stopped run that was far ahead of the best is gone on with; one far behind is not. */
static void thaw_goes_on_with_the_right_run(void **state)
{
    (void)state;
    static struct known k;
    for (int ahead = 0; ahead < 2; ahead++) {
        known_new(&k);
        struct hunt h = hunt_new("agent-hand", &k.guidance);
        run(&h, 8);
        const struct trial *best = meta_incumbent(&h.made->study, INFINITY);
        int64_t stopped[2];
        for (int i = 0; i < 2; i++) {
            double values[20];
            for (int e = 0; e < 20; e++)
                values[e] = ahead && i == 1 ? best->value * 0.3 : 0.8;
            struct trial *t = made_trial(h.made, TRIAL_PRUNED, values, 20);
            sobol_configuration(made_space(), 900 + (uint32_t)i, 3, &t->config);
            t->value = values[19];
            stopped[i] = t->number;
        }
        propose(&h);
        if (h.last.goes_on != (bool)ahead)
            fail_msg("%d: %s, %s", ahead, h.last.action, h.last.reason);
        if (ahead) {
            assert_int_equal(h.last.parent, stopped[1]);
            assert_string_equal(h.last.action, "thaw");
        }
        hunt_end(&h);
    }
}

static void the_same_search_again_and_resumed(void **state)
{
    (void)state;
    static struct known k;
    known_new(&k);
    struct hunt a = hunt_new("agent", &k.guidance), b = hunt_new("agent", &k.guidance);
    for (int i = 0; i < 16; i++) {
        struct search_context context = context_of(&b);
        b.ops->close(b.self);
        assert_int_equal(b.ops->open(&context, &b.self, NULL), ERR_OK);
        run(&a, 1);
        run(&b, 1);
        assert_memory_equal(&a.last, &b.last, sizeof a.last);
    }
    hunt_end(&a);
    hunt_end(&b);
}

static void the_portfolio_needs_knowledge(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    struct search_context context = {.study = &made->study, .share_left = 1, .full_epochs = 20};
    struct err_info info = {0};
    void *self;
    assert_int_equal(sampler_find("portfolio")->open(&context, &self, &info), ERR_USAGE);
    assert_non_null(strstr(info.hint, "tiller learn"));
    made_free(made);
}

/* Nothing is lost where memory runs out. */
static void memory_may_run_out(void **state)
{
    (void)state;
    static struct known k;
    known_new(&k);
    struct hunt h = hunt_new("agent-hand", &k.guidance);
    run(&h, 6);
    struct search_context context = context_of(&h);
    enum err err = ERR_MEMORY;
    int failed = 0;
    for (; err == ERR_MEMORY; failed++) {
        struct proposal p;
        struct rng rng;
        void *self = NULL;
        rng_seed(&rng, 5, 5);
        mem_fail_after(failed);
        err = h.ops->open(&context, &self, NULL);
        if (err == ERR_OK)
            err = h.ops->propose(self, &context, &rng, &p);
        mem_fail_after(-1);
        if (self)
            h.ops->close(self);
        assert_true(err == ERR_OK || err == ERR_MEMORY);
    }
    assert_in_range(failed, 30, 400);
    hunt_end(&h);
}

int main(void)
{
    net_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_portfolio_comes_first_and_says_what_it_is),
        cmocka_unit_test(the_known_table_has_its_say_where_it_may),
        cmocka_unit_test(a_left_out_family_changes_nothing),
        cmocka_unit_test(wrong_knowledge_loses_trust),
        cmocka_unit_test(thaw_goes_on_with_the_right_run),
        cmocka_unit_test(the_same_search_again_and_resumed),
        cmocka_unit_test(the_portfolio_needs_knowledge),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

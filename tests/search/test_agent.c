/* If this fails, the agent does not do what its reasons say, learns from other numbers than those
 * in the log, or a resumed search goes another way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "../support/made_study.h"
#include "tiller/search.h"

enum { FIRST_RUNS = 5, FULL_EPOCHS = 20 };
static const double majority = 0.9;

/* ---- a search against a made-up landscape ------------------------------------------------ */

struct hunt {
    struct made_study *made;
    const struct sampler_ops *ops;
    void *self;
    int budget; /* trials */
    struct proposal last;
};

static struct search_context context_of(const struct hunt *h)
{
    double done = (double)h->made->study.n_trials / h->budget;
    return (struct search_context){.study = &h->made->study,
                                   .majority_error = majority,
                                   .share_left = done < 1 ? 1 - done : 0,
                                   .full_epochs = FULL_EPOCHS,
                                   .rng_seed = 1};
}

static void reopen(struct hunt *h)
{
    struct search_context context = context_of(h);
    if (h->self)
        h->ops->close(h->self);
    assert_int_equal(h->ops->open(&context, &h->self, NULL), ERR_OK);
}

static struct hunt hunt_on(const struct space *space, int budget)
{
    struct hunt h = {.made = made_new(space), .ops = sampler_find("agent"), .budget = budget};
    reopen(&h);
    return h;
}

static void hunt_end(struct hunt *h)
{
    h->ops->close(h->self);
    made_free(h->made);
}

/* A bowl with its bottom of 0.05 at a few places of the axes. */
static double landscape(const struct space *space, const struct configuration *c)
{
    double unit[SPACE_MAX], sum = 0.05;
    space_encode(space, c, unit);
    for (int i = 0; i < space->n; i++)
        sum += 0.15 * (unit[i] - 0.2 * (1 + i % 4)) * (unit[i] - 0.2 * (1 + i % 4));
    return sum;
}

static void propose(struct hunt *h, uint64_t seed)
{
    struct search_context context = context_of(h);
    struct rng rng;
    rng_seed(&rng, seed, h->made->study.n_trials);
    assert_int_equal(h->ops->propose(h->self, &context, &rng, &h->last), ERR_OK);
}

/* The proposal becomes a trial that ends at once with that value. */
static struct trial *finish(struct hunt *h, enum trial_state state, double value)
{
    struct trial *t = made_point(h->made, state, value, &h->last.config);
    text_copy(t->who, sizeof t->who, h->last.who);
    text_copy(t->situation, sizeof t->situation, h->last.situation);
    text_copy(t->action, sizeof t->action, h->last.action);
    text_copy(t->reason, sizeof t->reason, h->last.reason);
    return t;
}

static bool observe(struct hunt *h, const struct trial *t, double before, struct q_update *u)
{
    struct search_context context = context_of(h);
    bool updated = h->ops->observe(h->self, &context, t, before, u);
    if (updated)
        made_update(h->made, u);
    return updated;
}

static void one_trial(struct hunt *h, uint64_t seed)
{
    const struct trial *best = meta_incumbent(&h->made->study, INFINITY);
    double before = best ? best->value : majority;
    struct q_update u;
    propose(h, seed);
    struct trial *t = finish(h, TRIAL_COMPLETE, landscape(&h->made->study.space, &h->last.config));
    observe(h, t, before, &u);
}

/* ---- the first runs ---------------------------------------------------------------------- */

static void the_default_comes_first(void **state)
{
    (void)state;
    struct hunt h = hunt_on(made_space(), 50);
    struct configuration reference;
    space_default(made_space(), &reference);
    propose(&h, 1);
    assert_true(space_same(made_space(), &h.last.config, &reference));
    assert_string_equal(h.last.who, "default");
    assert_string_equal(h.last.situation, "0-2 gaining improves low");
    hunt_end(&h);
}

/* A person's seed may come first: the default is still tried, once. */
static void the_default_comes_once(void **state)
{
    (void)state;
    struct hunt h = hunt_on(made_space(), 50);
    struct configuration seed;
    space_default(made_space(), &seed);
    made_point(h.made, TRIAL_COMPLETE, 0.3, &seed);
    propose(&h, 1);
    assert_string_not_equal(h.last.who, "default");
    assert_false(space_same(made_space(), &h.last.config, &seed));
    hunt_end(&h);
}

static void starting_points_then_random_ones(void **state)
{
    (void)state;
    struct hunt h = hunt_on(made_space(), 50);
    bool random_seen = false;
    for (int k = 0; k < FIRST_RUNS; k++) {
        one_trial(&h, 1);
        bool start = strncmp(h.last.reason, "starting point", 14) == 0;
        bool random = strncmp(h.last.reason, "random: only ", 13) == 0;
        assert_true(start != random);
        assert_false(start && random_seen); /* in this order */
        random_seen = random_seen || random;
        if (random)
            assert_string_equal(h.last.action, "random");
    }
    propose(&h, 1);
    assert_string_equal(h.last.who, "agent");
    assert_null(strstr(h.last.reason, "first runs"));
    assert_null(strstr(h.last.reason, "starting point"));
    hunt_end(&h);
}

static bool inside(const struct space *space, const struct configuration *c)
{
    for (int i = 0; i < space->n; i++) {
        const struct hyperparameter *h = &space->h[i];
        if (h->kind == HYPER_CATEGORICAL ? c->value[i] >= h->n_choices
                                         : c->value[i] < h->low || c->value[i] > h->high)
            return false;
    }
    return true;
}

/* Starting points go to the ends of narrower ranges and leave out what a space lacks. */
static void starting_points_fit_into_any_space(void **state)
{
    (void)state;
    struct space narrow = *made_space(), foreign = {.n = 1};
    struct hyperparameter *units = &narrow.h[space_find(&narrow, "units")];
    struct hyperparameter *schedule = &narrow.h[space_find(&narrow, "schedule")];
    units->high = units->fallback = 48;
    schedule->n_choices = 1;
    foreign.h[0] = (struct hyperparameter){.name = "x", .high = 5, .fallback = 2, .active_if = -1};
    struct hunt h = hunt_on(&narrow, 50), f = hunt_on(&foreign, 50);
    for (int k = 0; k < 30; k++) {
        one_trial(&h, 2);
        assert_true(inside(&narrow, &h.last.config));
        one_trial(&f, 2);
        assert_true(inside(&foreign, &f.last.config));
        bool start = strncmp(f.last.reason, "starting point", 14) == 0;
        assert_int_equal(start, k == 0); /* all are the same point there: tried once */
    }
    assert_true(h.made->trials[1].config.value[space_find(&narrow, "units")] == 48);
    hunt_end(&h);
    hunt_end(&f);
}

/* Only what is searched differs between proposals, the starting points included. */
static void what_is_held_is_left_alone(void **state)
{
    (void)state;
    struct space space;
    space_of_task(SPACE_IMAGES | SPACE_CLASSES, &space);
    int dropout = space_find(&space, "dropout"), schedule = space_find(&space, "schedule");
    assert_int_equal(space_hold(&space, dropout, "0.45", NULL), ERR_OK);
    assert_int_equal(space_hold(&space, schedule, "step", NULL), ERR_OK);
    struct hunt h = hunt_on(&space, 80);
    for (int k = 0; k < 60; k++) {
        one_trial(&h, 4);
        for (int i = 0; i < space.n; i++)
            if (space.h[i].held)
                assert_true(h.last.config.value[i] == space.h[i].fallback);
            else if (space.h[i].n_sampled > 0)
                assert_true(h.last.config.value[i] < space.h[i].n_sampled);
    }
    assert_string_equal(space.h[schedule].choice[(int)h.last.config.value[schedule]].text, "step");
    hunt_end(&h);
}

/* A person's network that became the incumbent keeps what the search would not have chosen. */
static void moves_start_from_what_a_person_held_otherwise(void **state)
{
    (void)state;
    struct space space;
    struct configuration seed;
    int local = 0;
    space_of_task(SPACE_IMAGES | SPACE_CLASSES, &space);
    struct hunt h = hunt_on(&space, 80);
    space_default(&space, &seed);
    assert_int_equal(space_set_pair(&space, &seed, "network=conv", NULL, NULL), ERR_OK);
    assert_int_equal(space_set_pair(&space, &seed, "filters=40", NULL, NULL), ERR_OK);
    space_tidy(&space, &seed);
    for (int k = 0; k < FIRST_RUNS; k++)
        made_point(h.made, TRIAL_COMPLETE, 0.01, &seed);
    for (int k = 0; k < 20; k++) {
        propose(&h, 6);
        bool random = strcmp(h.last.action, "random") == 0;
        local += !random;
        for (int i = 0; i < space.n; i++)
            if (space.h[i].held && !random)
                assert_true(h.last.config.value[i] == seed.value[i]);
        finish(&h, TRIAL_COMPLETE, 0.7);
    }
    assert_true(local >= 12);
    hunt_end(&h);
}

/* A run that failed before its first epoch is no run: there is nothing to move from. */
static void runs_that_never_began_do_not_count(void **state)
{
    (void)state;
    struct hunt h = hunt_on(made_space(), 50);
    for (int k = 0; k < 9; k++) {
        propose(&h, 1);
        struct trial *t = finish(&h, TRIAL_FAIL, NAN);
        t->n_epochs = 0;
    }
    propose(&h, 1);
    assert_non_null(strstr(h.last.reason, "random: only 0 of 5"));
    for (int k = 0; k < 5; k++) { /* all pruned: still no incumbent, and so no move */
        propose(&h, 1);
        finish(&h, TRIAL_PRUNED, 0.8);
    }
    propose(&h, 1);
    assert_string_equal(h.last.action, "random");
    hunt_end(&h);
}

/* ---- the hand rule ----------------------------------------------------------------------- */

/* Exploring is off when little budget is left. */
static struct hunt hunt_without_exploring(void)
{
    struct hunt h = hunt_on(made_space(), 100000);
    h.made->study.epochs_spent = 0;
    h.budget = 1;
    return h;
}

static void local_and_every_fourth_a_move_in_turn(void **state)
{
    (void)state;
    static const char *const turns[] = {"lr/",  "lr*",  "smaller", "larger",
                                        "reg-", "reg+", "batch/",  "batch*"};
    struct hunt h = hunt_without_exploring();
    struct configuration middle;
    const struct space *space = made_space();
    space_default(space, &middle);
    middle.value[space_find(space, "weight_decay")] = 1e-4;
    double value = 0.5;
    for (int k = 0; k < FIRST_RUNS; k++)
        made_point(h.made, TRIAL_COMPLETE, value -= 0.001, &middle);
    for (int k = 0; k < 40; k++) { /* every run gains, and ends in the middle */
        propose(&h, 3);
        assert_string_equal(h.last.action, k % 4 == 3 ? turns[k / 4 % 8] : "local");
        assert_non_null(strstr(h.last.reason, "hand rule"));
        finish(&h, TRIAL_COMPLETE, value -= 0.001)->config = middle;
    }
    hunt_end(&h);
}

static void random_after_six_runs_without_gain(void **state)
{
    (void)state;
    struct hunt h = hunt_without_exploring();
    for (int k = 0; k < FIRST_RUNS; k++) {
        propose(&h, 1);
        finish(&h, TRIAL_COMPLETE, 0.5 - 0.01 * k);
    }
    for (int k = 0; k < 14; k++) { /* k runs without gain so far */
        propose(&h, 1);
        bool random = strcmp(h.last.action, "random") == 0;
        assert_int_equal(random, k == 6 || k == 12);
        if (k == 6)
            assert_non_null(strstr(h.last.reason, "6 runs without a gain"));
        finish(&h, TRIAL_COMPLETE, 0.7);
    }
    hunt_end(&h);
}

/* ---- no configuration twice -------------------------------------------------------------- */

static void nothing_is_tried_twice(void **state)
{
    (void)state;
    struct hunt h = hunt_on(made_space(), 200);
    for (int k = 0; k < 200; k++) {
        propose(&h, 4);
        for (size_t i = 0; i < h.made->study.n_trials; i++)
            assert_false(space_same(made_space(), &h.made->trials[i].config, &h.last.config));
        finish(&h, k % 5 ? TRIAL_COMPLETE : TRIAL_PRUNED, landscape(made_space(), &h.last.config));
    }
    hunt_end(&h);
}

/* 3 x 2 configurations: all six are tried before one comes again, and then it still answers. */
static void a_space_that_is_used_up(void **state)
{
    (void)state;
    struct space tiny = {.n = 2};
    for (int i = 0; i < tiny.n; i++) {
        tiny.h[i] = (struct hyperparameter){.kind = HYPER_INT,
                                            .role = i ? ROLE_UNITS : ROLE_LAYERS,
                                            .high = 2 - i,
                                            .step = 1,
                                            .active_if = -1};
        text_copy(tiny.h[i].name, sizeof tiny.h[i].name, i ? "units" : "layers");
    }
    struct hunt h = hunt_on(&tiny, 20);
    for (int k = 0; k < 12; k++) {
        propose(&h, 5);
        for (int j = 0; j < k && k < 6; j++)
            assert_false(space_same(&tiny, &h.made->trials[j].config, &h.last.config));
        finish(&h, TRIAL_COMPLETE, 0.1 + 0.01 * k);
    }
    hunt_end(&h);
}

/* ---- the table's say --------------------------------------------------------------------- */

static void teach(struct hunt *h, const char *situation, enum move m, double q, int visits,
                  double spread)
{
    for (int k = 0; k < visits; k++) {
        struct q_update u = {.trial = -1,
                             .old_q = q + (k % 2 ? spread : -spread),
                             .reward = q,
                             .gamma = 1,
                             .new_q = q};
        text_copy(u.situation, sizeof u.situation, situation);
        text_copy(u.action, sizeof u.action, move_name(m));
        made_update(h->made, &u);
    }
}

/* Five runs, the last the best: the state is "3-9 gaining improves" and the hand rule says local.
 */
static struct hunt taught(enum move m, double q, int visits, double spread, int hand_visits)
{
    struct hunt h = hunt_without_exploring();
    struct configuration middle;
    space_default(made_space(), &middle);
    for (int k = 0; k < FIRST_RUNS; k++)
        made_point(h.made, TRIAL_COMPLETE, 0.5 - 0.01 * k, &middle);
    teach(&h, "3-9 gaining improves", MOVE_LOCAL, 0.1, hand_visits, 0.01);
    teach(&h, "3-9 gaining improves", m, q, visits, spread);
    propose(&h, 6);
    return h;
}

static void a_better_move_overrules_the_hand_rule(void **state)
{
    (void)state;
    struct hunt h = taught(MOVE_MORE_REGULARISATION, 0.63, 34, 0.05, 12);
    assert_string_equal(h.last.action, "reg+");
    assert_string_equal(h.last.reason,
                        "improves: reg+ returned +0.63 on average after 34 visits, local +0.10");
    assert_string_equal(h.last.situation, "3-9 gaining improves low");
    hunt_end(&h);
}

static void the_table_is_silent_without_evidence(void **state)
{
    (void)state;
    static const struct {
        double q;
        int visits;
        double spread;
        int hand_visits;
    } rows[] = {
        {0.63, 4, 0.05, 12},  /* too few visits */
        {0.63, 34, 0.05, 4},  /* the hand rule's own move is unknown */
        {0.05, 34, 0.01, 12}, /* not better */
        {0.3, 5, 2.0, 12},    /* better, but by less than the uncertainty */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hunt h =
            taught(MOVE_LARGER, rows[i].q, rows[i].visits, rows[i].spread, rows[i].hand_visits);
        if (strcmp(h.last.action, "local") != 0)
            fail_msg("row %zu: %s, %s", i, h.last.action, h.last.reason);
        hunt_end(&h);
    }
}

static int count_exploring(int runs, int64_t spent, double share)
{
    struct hunt h = hunt_on(made_space(), 1000);
    struct search_context context = context_of(&h);
    struct configuration middle;
    int n = 0;
    space_default(made_space(), &middle);
    for (int k = 0; k < runs; k++)
        made_point(h.made, TRIAL_COMPLETE, 0.5 - 0.01 * k, &middle);
    h.made->study.epochs_spent = spent;
    context.share_left = share;
    for (uint64_t k = 0; k < 1000; k++) {
        struct proposal p;
        struct rng rng;
        rng_seed(&rng, 8, k);
        assert_int_equal(h.ops->propose(h.self, &context, &rng, &p), ERR_OK);
        n += strncmp(p.reason, "explores", 8) == 0;
    }
    hunt_end(&h);
    return n;
}

static void exploring_is_rare_and_only_with_budget_left(void **state)
{
    (void)state;
    assert_in_range(count_exploring(6, 200, 0.5), 30, 75); /* 200 epochs left: ten trainings */
    assert_in_range(count_exploring(6, 200, 1), 30, 75);   /* no budget at all */
    assert_int_equal(count_exploring(6, 90, 0.5), 0);      /* 90 left: less than five */
    assert_int_equal(count_exploring(6, 900, 0.05), 0);
    assert_int_equal(count_exploring(5, 200, 0.5), 0); /* the first runs are for what is known */
}

/* ---- learning ---------------------------------------------------------------------------- */

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

static void the_first_trial_is_measured_against_the_majority(void **state)
{
    (void)state;
    struct hunt h = hunt_on(made_space(), 4);
    struct q_update u;
    propose(&h, 1);
    assert_true(observe(&h, finish(&h, TRIAL_COMPLETE, 0.098), majority, &u));
    assert_int_equal(u.trial, 0);
    assert_string_equal(u.situation, "0-2 gaining improves low");
    assert_string_equal(u.action, h.last.action);
    assert_true(near(u.reward, log(0.902 / 0.1) * 0.75));
    assert_true(near(u.gamma, 1) && near(u.alpha, 1) && near(u.old_q, 0));
    assert_true(near(u.new_q, u.reward + u.next_best));
    hunt_end(&h);
}

static void no_gain_no_reward(void **state)
{
    (void)state;
    static const enum trial_state states[] = {TRIAL_COMPLETE, TRIAL_PRUNED, TRIAL_FAIL};
    struct hunt h = hunt_on(made_space(), 9);
    struct q_update u;
    propose(&h, 1);
    observe(&h, finish(&h, TRIAL_COMPLETE, 0.2), majority, &u);
    for (int k = 0; k < 3; k++) {
        propose(&h, 1);
        /* a pruned one is never best, even with a better value */
        assert_true(observe(&h, finish(&h, states[k], k == 1 ? 0.1 : 0.3), 0.2, &u));
        assert_true(near(u.reward, 0));
        assert_string_equal(u.next_situation,
                            k == 0 ? "0-2 moving improves low" : "3-9 moving improves low");
    }
    hunt_end(&h);
}

static void the_last_trial_has_no_next_situation(void **state)
{
    (void)state;
    struct hunt h = hunt_on(made_space(), 2);
    struct q_update u;
    one_trial(&h, 1);
    propose(&h, 1);
    assert_true(observe(&h, finish(&h, TRIAL_COMPLETE, 0.01), 0.3, &u));
    assert_string_equal(u.next_situation, "");
    assert_true(near(u.next_best, 0) && near(u.reward, 0)); /* nothing of the budget is left */
    hunt_end(&h);
}

static void the_update_is_made_from_the_table_so_far(void **state)
{
    (void)state;
    struct hunt h = hunt_on(made_space(), 20);
    struct q_update u;
    teach(&h, "0-2 gaining improves", MOVE_LOCAL, 0.4, 3, 0.1);
    propose(&h, 1);
    struct trial *t = finish(&h, TRIAL_COMPLETE, 0.2);
    text_copy(t->action, sizeof t->action, "local");
    assert_true(observe(&h, t, majority, &u));
    double reward = log(0.902 / 0.202) * 0.95, alpha = pow(4, -0.8);
    assert_true(near(u.old_q, 0.4) && near(u.alpha, alpha) && near(u.next_best, 0.4));
    assert_true(near(u.new_q, 0.4 + alpha * (reward + 0.4 - 0.4)));
    hunt_end(&h);
}

/* A trial that came from elsewhere: the state when it began, the nearest move from the incumbent.
 */
static void a_seed_by_hand_is_a_transition_too(void **state)
{
    (void)state;
    struct hunt h = hunt_on(made_space(), 20);
    const struct space *space = made_space();
    struct configuration c;
    struct q_update u;
    space_default(space, &c);
    made_point(h.made, TRIAL_COMPLETE, 0.3, &c);
    made_point(h.made, TRIAL_COMPLETE, 0.4, NULL);
    made_point(h.made, TRIAL_COMPLETE, 0.4, NULL);
    c.value[space_find(space, "units")] = 512;
    struct trial *seed = made_point(h.made, TRIAL_COMPLETE, 0.1, &c);
    text_copy(seed->who, sizeof seed->who, "you");
    assert_true(observe(&h, seed, 0.3, &u));
    assert_string_equal(u.action, "larger");
    assert_string_equal(u.situation, "3-9 moving improves low");
    assert_string_equal(u.next_situation, "3-9 gaining improves low");
    assert_true(near(u.reward, log(0.302 / 0.102) * 0.8));
    seed->start_s = seed->end_s; /* a clock that stands: it is no incumbent before itself */
    assert_true(observe(&h, seed, 0.3, &u));
    assert_string_equal(u.action, "larger");
    hunt_end(&h);
}

static void a_seed_before_anything_is_random(void **state)
{
    (void)state;
    struct hunt h = hunt_on(made_space(), 20);
    struct q_update u;
    assert_true(observe(&h, made_point(h.made, TRIAL_COMPLETE, 0.3, NULL), majority, &u));
    assert_string_equal(u.action, "random");
    struct trial *never = made_trial(h.made, TRIAL_FAIL, NULL, 0);
    assert_false(observe(&h, never, 0.3, &u));
    hunt_end(&h);
}

/* ---- the whole --------------------------------------------------------------------------- */

static void the_same_search_again_and_resumed(void **state)
{
    (void)state;
    struct hunt a = hunt_on(made_space(), 80), b = hunt_on(made_space(), 80);
    for (int k = 0; k < 80; k++) {
        one_trial(&a, 9);
        if (k % 11 == 5)
            reopen(&b); /* what it knows comes from the fold */
        one_trial(&b, 9);
        assert_memory_equal(&a.last, &b.last, sizeof a.last);
    }
    assert_int_equal(a.made->study.n_updates, 80);
    assert_memory_equal(a.made->updates, b.made->updates, 80 * sizeof *a.made->updates);
    hunt_end(&a);
    hunt_end(&b);
}

static double best_of(const char *sampler, uint64_t seed)
{
    struct hunt h = hunt_on(made_space(), 40);
    h.ops->close(h.self);
    h.self = NULL;
    h.ops = sampler_find(sampler);
    reopen(&h);
    for (int k = 0; k < 40; k++)
        one_trial(&h, seed);
    double best = meta_incumbent(&h.made->study, INFINITY)->value;
    hunt_end(&h);
    return best;
}

static void it_beats_random_search_on_a_bowl(void **state)
{
    (void)state;
    int won = 0;
    for (uint64_t seed = 1; seed <= 20; seed++)
        won += best_of("agent", seed) < best_of("random", seed);
    assert_in_range(won, 17, 20); /* by chance: 1 in 1000 */
}

static void without_memory(void **state)
{
    (void)state;
    struct search_context context = {.share_left = 1};
    struct err_info info;
    void *self;
    mem_fail_after(0);
    assert_int_equal(sampler_find("agent")->open(&context, &self, &info), ERR_MEMORY);
    mem_fail_after(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_comes_first),
        cmocka_unit_test(the_default_comes_once),
        cmocka_unit_test(starting_points_then_random_ones),
        cmocka_unit_test(starting_points_fit_into_any_space),
        cmocka_unit_test(what_is_held_is_left_alone),
        cmocka_unit_test(moves_start_from_what_a_person_held_otherwise),
        cmocka_unit_test(runs_that_never_began_do_not_count),
        cmocka_unit_test(local_and_every_fourth_a_move_in_turn),
        cmocka_unit_test(random_after_six_runs_without_gain),
        cmocka_unit_test(nothing_is_tried_twice),
        cmocka_unit_test(a_space_that_is_used_up),
        cmocka_unit_test(a_better_move_overrules_the_hand_rule),
        cmocka_unit_test(the_table_is_silent_without_evidence),
        cmocka_unit_test(exploring_is_rare_and_only_with_budget_left),
        cmocka_unit_test(the_first_trial_is_measured_against_the_majority),
        cmocka_unit_test(no_gain_no_reward),
        cmocka_unit_test(the_last_trial_has_no_next_situation),
        cmocka_unit_test(the_update_is_made_from_the_table_so_far),
        cmocka_unit_test(a_seed_by_hand_is_a_transition_too),
        cmocka_unit_test(a_seed_before_anything_is_random),
        cmocka_unit_test(the_same_search_again_and_resumed),
        cmocka_unit_test(it_beats_random_search_on_a_bowl),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* If this fails, samplers can't be chosen, or random ones are not what comparisons rest on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "../support/made_study.h"
#include "tiller/search.h"

static void the_table(void **state)
{
    (void)state;
    bool random = false, agent = false;
    for (size_t i = 0; i < sampler_count(); i++) {
        assert_ptr_equal(sampler_find(sampler_at(i)->name), sampler_at(i));
        assert_true(strlen(sampler_at(i)->about) > 10);
        random = random || strcmp(sampler_at(i)->name, "random") == 0;
        agent = agent || strcmp(sampler_at(i)->name, "agent") == 0;
    }
    assert_true(random && agent);
    assert_null(sampler_find("Random"));
    assert_null(sampler_find(""));
}

static struct proposal proposed(const struct made_study *made, uint64_t stream)
{
    struct search_context context = {
        .study = &made->study, .majority_error = 0.9, .share_left = 1, .full_epochs = 20};
    const struct sampler_ops *ops = sampler_find("random");
    struct proposal p;
    struct rng rng;
    void *self;
    rng_seed(&rng, 7, stream);
    assert_int_equal(ops->open(&context, &self, NULL), ERR_OK);
    assert_int_equal(ops->propose(self, &context, &rng, &p), ERR_OK);
    ops->close(self);
    return p;
}

/* Each hyperparameter uniform on its natural axis: quarters of the range, by a chi-square test with
 * 3 degrees of freedom; 30 has a probability of 1e-6. */
static void random_is_uniform_on_the_axes(void **state)
{
    (void)state;
    enum { DRAWS = 2000, QUARTERS = 4 };
    struct made_study *made = made_new(made_space());
    const struct space *space = &made->study.space;
    int count[SPACE_MAX][QUARTERS] = {{0}};
    for (int k = 0; k < DRAWS; k++) {
        struct proposal p = proposed(made, (uint64_t)k);
        double unit[SPACE_MAX];
        space_encode(space, &p.config, unit);
        for (int i = 0; i < space->n; i++)
            count[i][(int)fmin(unit[i] * QUARTERS, QUARTERS - 1)]++;
    }
    for (int i = 0; i < space->n; i++) {
        double square = 0, expected = (double)DRAWS / QUARTERS;
        if (space->h[i].kind != HYPER_FLOAT || space->h[i].active_if >= 0 || space->h[i].held)
            continue;
        for (int q = 0; q < QUARTERS; q++)
            square += (count[i][q] - expected) * (count[i][q] - expected) / expected;
        if (square > 30)
            fail_msg("%s: chi-square %.1f", space->h[i].name, square);
    }
    made_free(made);
}

static void random_says_who_and_what(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    struct proposal p = proposed(made, 1), again = proposed(made, 1), other = proposed(made, 2);
    assert_string_equal(p.who, "random");
    assert_string_equal(p.action, "random");
    assert_string_equal(p.situation, "");
    assert_string_equal(p.reason, "random: drawn from the whole space of 10"); /* none held */
    assert_true(space_same(&made->study.space, &p.config, &again.config));
    assert_false(space_same(&made->study.space, &p.config, &other.config));
    made_free(made);
}

/* Four configurations in all: none comes twice, and the fifth call ends all the same. */
static void random_draws_nothing_twice(void **state)
{
    (void)state;
    struct space tiny = {.n = 2};
    for (int i = 0; i < tiny.n; i++) {
        tiny.h[i] =
            (struct hyperparameter){.kind = HYPER_INT, .high = 1, .step = 1, .active_if = -1};
        text_copy(tiny.h[i].name, sizeof tiny.h[i].name, i ? "a" : "b");
    }
    struct made_study *made = made_new(&tiny);
    for (int k = 0; k < 4; k++) {
        struct proposal p = proposed(made, (uint64_t)k);
        for (int j = 0; j < k; j++)
            assert_false(space_same(&tiny, &p.config, &made->trials[j].config));
        made_point(made, k % 2 ? TRIAL_RUNNING : TRIAL_FAIL, 0.5, &p.config);
    }
    proposed(made, 9);
    made_free(made);
}

static void random_learns_nothing(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    struct search_context context = {.study = &made->study, .share_left = 1, .full_epochs = 20};
    struct q_update update;
    const struct trial *t = made_point(made, TRIAL_COMPLETE, 0.1, NULL);
    assert_false(sampler_find("random")->observe(NULL, &context, t, 0.9, &update));
    made_free(made);
}

static void the_length_of_a_training(void **state)
{
    (void)state;
    int last = 1000;
    for (int64_t rows = 0; rows < 100000; rows = rows * 3 / 2 + 10) {
        int epochs = search_default_full_epochs(rows);
        assert_in_range(epochs, 10, 60);
        assert_true(epochs <= last);
        last = epochs;
    }
    assert_int_equal(search_default_full_epochs(200), 50);
    assert_in_range(search_default_full_epochs(8000), 20, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table),
        cmocka_unit_test(random_is_uniform_on_the_axes),
        cmocka_unit_test(random_says_who_and_what),
        cmocka_unit_test(random_draws_nothing_twice),
        cmocka_unit_test(random_learns_nothing),
        cmocka_unit_test(the_length_of_a_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

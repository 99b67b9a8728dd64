/* If this fails, the luckiest trial is taken for the best network, confirming eats the budget, or a
 * search that was left while confirming does not go on with it. */
#include "fake.h"

#include <unistd.h>

enum { BUDGET = 40, K = 3 };

static void make(struct bed *bed, uint64_t rng_seed)
{
    bed_make(bed);
    atomic_store(&bed->fake.allowed, 1000000);
    bed->fake.luck = 0.3;
    bed->options.budget_epochs = BUDGET;
    bed->options.confirm = K;
    bed->options.rng_seed = rng_seed;
}

static struct study *run(struct bed *bed)
{
    struct engine *e = bed_start(bed);
    assert_true(engine_wait(e, PATIENCE));
    struct engine_status status;
    engine_status(e, &status);
    assert_int_equal(status.epochs_spent, BUDGET);
    assert_int_equal(status.epochs_beside, K * CONFIRM_SEEDS * 4);
    assert_int_equal(status.trials_done, BUDGET / 4);
    bed_stop(e);
    return bed_read(bed);
}

static int64_t parent_of(const struct trial *t)
{
    long long number = -1;
    return strcmp(t->who, "confirm") == 0 && sscanf(t->action, "trial %lld", &number) == 1 ? number
                                                                                           : -1;
}

/* How many trials of the search are better than t. */
static int place_of(const struct study *study, const struct trial *t)
{
    int place = 0;
    for (size_t i = 0; i < study->n_trials; i++)
        place += parent_of(&study->trials[i]) < 0 && study->trials[i].value < t->value;
    return place;
}

static int64_t test_trial(const struct study *study)
{
    for (size_t i = study->n_events; i-- > 0;)
        if (strcmp(study->events[i].what, "test") == 0)
            return study->events[i].trial;
    return -1;
}

static void the_best_are_trained_again_beside_the_budget(void **state)
{
    (void)state;
    struct bed bed;
    make(&bed, 1);
    struct study *study = run(&bed);
    int seeds[K] = {0};
    assert_int_equal(study->epochs_spent, BUDGET + K * CONFIRM_SEEDS * 4);
    assert_int_equal(study->n_trials, BUDGET / 4 + K * CONFIRM_SEEDS);
    for (size_t i = 0; i < study->n_trials; i++) {
        const struct trial *t = &study->trials[i];
        const struct trial *parent = study_trial(study, parent_of(t));
        if (!parent)
            continue;
        int place = place_of(study, parent);
        assert_in_range(place, 0, K - 1);
        seeds[place]++;
        assert_true(space_same(&study->space, &t->config, &parent->config));
        for (size_t j = 0; j < i; j++)
            assert_true(study->trials[j].rng_seed != t->rng_seed);
        assert_true(isnan(t->reward)); /* nothing is learnt from it */
    }
    for (int j = 0; j < K; j++)
        assert_int_equal(seeds[j], CONFIRM_SEEDS);
    assert_int_equal(study->tests_read, 1);
    study_free(study);
    bed_remove(&bed);
}

/* Lowest mean of the three further seeds, then the best of these; by hand. */
static int64_t chosen_by_hand(const struct study *study, int64_t *whose)
{
    double best_mean = INFINITY, best_value = INFINITY;
    int64_t chosen = -1;
    for (size_t i = 0; i < study->n_trials; i++) {
        double sum = 0;
        int n = 0;
        for (size_t j = 0; j < study->n_trials; j++)
            if (parent_of(&study->trials[j]) == (int64_t)i) {
                sum += study->trials[j].value;
                n++;
            }
        if (n == CONFIRM_SEEDS && sum / n < best_mean) {
            best_mean = sum / n;
            *whose = (int64_t)i;
        }
    }
    for (size_t j = 0; j < study->n_trials; j++)
        if (parent_of(&study->trials[j]) == *whose && study->trials[j].value < best_value) {
            best_value = study->trials[j].value;
            chosen = (int64_t)j;
        }
    return chosen;
}

static void the_choice_is_by_the_mean(void **state)
{
    (void)state;
    int others = 0;
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct bed bed;
        char path[200], name[64];
        make(&bed, seed);
        struct study *study = run(&bed);
        int64_t whose = -1, chosen = chosen_by_hand(study, &whose);
        assert_int_equal(test_trial(study), chosen);
        assert_int_equal(engine_chosen(study)->number, chosen);
        others += place_of(study, study_trial(study, whose)) > 0;
        text_format(name, sizeof name, "moons.study.d/trial-%lld.safetensors", (long long)chosen);
        assert_true(file_join(path, sizeof path, bed.folder, name));
        assert_true(file_exists(path)); /* its weights stay */
        assert_int_equal(study->epochs_charged, 0);
        study_free(study);
        bed_remove(&bed);
    }
    assert_in_range(others, 1, 5); /* luck had its part, but not all of it */
}

static void left_while_confirming_it_goes_on(void **state)
{
    (void)state;
    struct bed whole, pieces;
    make(&whole, 2);
    make(&pieces, 2);
    struct study *a = run(&whole);
    for (int64_t until = 9; until <= BUDGET + K * CONFIRM_SEEDS * 4; until += 9) {
        atomic_store(&pieces.fake.allowed, 9);
        struct engine *e = bed_start(&pieces);
        wait_until(e, has_epochs, until);
        bed_stop(e);
        pieces.options.budget_epochs = 0;
        pieces.options.confirm = 0; /* both stand in the log */
    }
    atomic_store(&pieces.fake.allowed, 1000000);
    struct study *b = run(&pieces);
    assert_same_studies(a, b);
    assert_int_equal(b->epochs_spent, a->epochs_spent);
    study_free(a);
    study_free(b);
    bed_remove(&whole);
    bed_remove(&pieces);
}

static void a_larger_budget_confirms_only_what_is_new(void **state)
{
    (void)state;
    struct bed bed;
    make(&bed, 3);
    study_free(run(&bed));
    bed.options.budget_epochs = 60;
    bed.options.budget_adds = true;
    struct engine *e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    struct engine_status status;
    engine_status(e, &status);
    bed_stop(e);
    struct study *study = bed_read(&bed);
    assert_int_equal(status.epochs_spent, BUDGET + 60);
    struct engine_confirmed c[CONFIRM_MAX];
    assert_int_equal(engine_confirmations(study, K, 0.5, c), K);
    for (int j = 0; j < K; j++)
        assert_int_equal(c[j].n, CONFIRM_SEEDS);
    assert_true(status.epochs_beside % (CONFIRM_SEEDS * 4) == 0);
    assert_in_range(status.epochs_beside, K * CONFIRM_SEEDS * 4, 2 * K * CONFIRM_SEEDS * 4);
    study_free(study);
    bed_remove(&bed);
}

static bool confirms(const struct study *study, int64_t n)
{
    return engine_beside(study).epochs >= n;
}

static bool is_confirming(const struct study *study, int64_t n)
{
    return engine_beside(study).running >= n;
}

static void asked_twice_it_stops(void **state)
{
    (void)state;
    struct bed bed;
    make(&bed, 4);
    atomic_store(&bed.fake.allowed, 10);
    struct engine *e = bed_start(&bed);
    wait_until(e, has_epochs, 10);
    assert_int_equal(ask(e, REQUEST_STOP, -1, 0), ERR_OK);
    wait_until(e, is_confirming, 1); /* no trial of the search is left to take the epochs */
    atomic_store(&bed.fake.allowed, 5);
    wait_until(e, confirms, 5);
    assert_int_equal(ask(e, REQUEST_STOP, -1, 0), ERR_OK);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct study *study = bed_read(&bed);
    assert_int_equal(study->n_state[TRIAL_RUNNING], 0);
    assert_int_equal(engine_beside(study).ended, 2);
    assert_int_equal(study->tests_read, 1);
    study_free(study);
    bed_remove(&bed);
}

/* Its learning rate lets two epochs pass and no third. */
static void a_seed_that_fails_counts_as_nothing_learnt(void **state)
{
    (void)state;
    struct bed bed;
    make(&bed, 5);
    bed.options.confirm = 1;
    bed.options.budget_epochs = 4;
    atomic_store(&bed.fake.allowed, 4);
    struct engine *e = bed_start(&bed);
    wait_until(e, has_ended, 0);
    bed_stop(e);
    bed.fake.diverge_above = 0; /* from now on all do */
    atomic_store(&bed.fake.allowed, 1000000);
    e = bed_start(&bed);
    assert_true(engine_wait(e, PATIENCE));
    bed_stop(e);
    struct study *study = bed_read(&bed);
    struct engine_confirmed c[CONFIRM_MAX];
    assert_int_equal(engine_confirmations(study, 1, 0.5, c), 1);
    assert_int_equal(c[0].n, CONFIRM_SEEDS);
    assert_true(c[0].mean == 0.5 && c[0].sd == 0);
    study_free(study);
    bed_remove(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_are_trained_again_beside_the_budget),
        cmocka_unit_test(the_choice_is_by_the_mean),
        cmocka_unit_test(left_while_confirming_it_goes_on),
        cmocka_unit_test(a_larger_budget_confirms_only_what_is_new),
        cmocka_unit_test(asked_twice_it_stops),
        cmocka_unit_test(a_seed_that_fails_counts_as_nothing_learnt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

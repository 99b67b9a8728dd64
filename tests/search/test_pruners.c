/* If this fails, hopeless runs go on, or good ones are stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "../support/made_study.h"
#include "tiller/search.h"

enum { R = 27 };

static struct search_context context_of(const struct made_study *made)
{
    return (struct search_context){
        .study = &made->study, .majority_error = 0.9, .share_left = 0.5, .full_epochs = R};
}

/* A curve that falls from 0.9 towards `end`, n epochs of it. */
static struct trial *falling(struct made_study *made, enum trial_state state, double end, int n)
{
    double values[R];
    for (int e = 0; e < n; e++)
        values[e] = end + (0.9 - end) * exp(-0.3 * (e + 1));
    return made_trial(made, state, values, (size_t)n);
}

static bool stops(const char *name, const struct made_study *made, const struct trial *t)
{
    char reason[200] = "";
    struct search_context context = context_of(made);
    bool stop = pruner_find(name)->stop(&context, t, reason, sizeof reason);
    assert_int_equal(stop, reason[0] != 0);
    return stop;
}

static void the_table(void **state)
{
    (void)state;
    static const char *const names[] = {"none",      "median",  "halving",
                                        "hyperband", "learned", "pilot"};
    assert_int_equal(pruner_count(), 6);
    for (size_t i = 0; i < pruner_count(); i++)
        assert_ptr_equal(pruner_find(names[i]), pruner_at(i));
    assert_null(pruner_find("Halving"));
}

static int rungs(const char *name, int full_epochs, int *first)
{
    int n = 0;
    *first = 0;
    for (int e = 1; e <= full_epochs + 3; e++) {
        if (!pruner_find(name)->is_rung(e, full_epochs))
            continue;
        assert_in_range(e, 2, full_epochs - 1);
        *first = n++ == 0 ? e : *first;
    }
    return n;
}

static void where_the_rungs_are(void **state)
{
    (void)state;
    int first;
    assert_int_equal(rungs("none", 27, &first), 0);
    assert_int_equal(rungs("halving", 27, &first), 2);
    assert_int_equal(first, 3);
    assert_true(pruner_find("halving")->is_rung(9, 27));
    assert_int_equal(rungs("halving", 50, &first), 2);
    assert_int_equal(first, 6);
    assert_int_equal(rungs("median", 50, &first), 9);
    assert_int_equal(first, 5);
    assert_int_equal(rungs("hyperband", 50, &first), 3); /* 2, 6, 18 */
    assert_int_equal(first, 2);
    assert_int_equal(rungs("hyperband", 54, &first), 3);
    assert_int_equal(rungs("hyperband", 55, &first), 4);
    for (int full = 1; full <= 60; full++) /* no rung at the last epoch, or before the second */
        for (size_t i = 0; i < pruner_count(); i++)
            rungs(pruner_at(i)->name, full, &first);
}

static void none_never_stops(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    for (int k = 0; k < 20; k++)
        falling(made, TRIAL_COMPLETE, 0.1, R);
    assert_false(stops("none", made, falling(made, TRIAL_RUNNING, 0.85, 9)));
    made_free(made);
}

static void too_few_to_compare_with(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    struct trial *bad = falling(made, TRIAL_RUNNING, 0.8, 9);
    assert_false(stops("halving", made, bad));
    assert_false(stops("median", made, bad));
    falling(made, TRIAL_COMPLETE, 0.1, R);
    assert_false(stops("halving", made, bad)); /* two are no field of three */
    falling(made, TRIAL_COMPLETE, 0.1, 8);     /* these never came to epoch 9 */
    falling(made, TRIAL_FAIL, 0.1, R);
    falling(made, TRIAL_WAITING, 0.1, 0);
    assert_false(stops("halving", made, bad));
    falling(made, TRIAL_COMPLETE, 0.1, R);
    assert_true(stops("halving", made, bad));
    falling(made, TRIAL_COMPLETE, 0.1, R);
    falling(made, TRIAL_COMPLETE, 0.1, R); /* four of five */
    falling(made, TRIAL_PRUNED, 0.1, 9);   /* not finished: no part of the median */
    assert_false(stops("median", made, bad));
    falling(made, TRIAL_COMPLETE, 0.1, R);
    assert_true(stops("median", made, bad));
    made_free(made);
}

static void the_best_third_goes_on(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    for (int k = 0; k < 8; k++) /* ends 0.10, 0.15 ... 0.45 */
        falling(made, k % 2 ? TRIAL_PRUNED : TRIAL_COMPLETE, 0.1 + 0.05 * k, k % 2 ? 9 : R);
    /* With itself there are nine: places 1 to 3 go on. */
    struct trial *t = falling(made, TRIAL_RUNNING, 0.17, 9);
    assert_false(stops("halving", made, t)); /* place 3 */
    made->study.n_trials--;
    t = falling(made, TRIAL_RUNNING, 0.22, 9);
    assert_true(stops("halving", made, t)); /* place 4 */
    made_free(made);
}

static void the_median_is_the_border(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    for (int k = 0; k < 7; k++)
        falling(made, TRIAL_COMPLETE, 0.1 + 0.05 * k, R); /* median 0.25 */
    assert_false(stops("median", made, falling(made, TRIAL_RUNNING, 0.24, 10)));
    assert_false(stops("median", made, falling(made, TRIAL_RUNNING, 0.25, 10)));
    assert_true(stops("median", made, falling(made, TRIAL_RUNNING, 0.26, 10)));
    made_free(made);
}

/* What counts is the best so far at the same epoch, not the end of others. */
static void the_same_epoch_is_compared(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    for (int k = 0; k < 6; k++)
        falling(made, TRIAL_COMPLETE, 0.05, R);
    struct trial *t = falling(made, TRIAL_RUNNING, 0.04, 3); /* 0.39 now; the others end at 0.05 */
    assert_false(stops("halving", made, t));
    assert_false(stops("median", made, t));
    t->curve[2].value = 0.8; /* one bad epoch: its best so far is still that of epoch 2 */
    struct trial *worse = falling(made, TRIAL_RUNNING, 0.3, 3);
    assert_true(stops("median", made, worse));
    made_free(made);
}

static void continuations_and_lost_runs(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    for (int k = 0; k < 9; k++)
        falling(made, TRIAL_COMPLETE, 0.1, R);
    struct trial *t = falling(made, TRIAL_RUNNING, 0.8, 9);
    assert_true(stops("halving", made, t));
    t->continues = 3;
    assert_false(stops("halving", made, t));
    assert_false(stops("hyperband", made, t));
    assert_false(stops("median", made, t));
    made->study.n_trials = 0;
    t = falling(made, TRIAL_RUNNING, 0.1, 9);
    t->curve[8].value = NAN;
    assert_true(stops("halving", made, t));
    assert_true(stops("median", made, t));
    assert_true(stops("hyperband", made, t));
    assert_false(stops("none", made, t));
    made_free(made);
}

static void equal_trials_are_not_stopped(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    for (int k = 0; k < 12; k++)
        falling(made, TRIAL_COMPLETE, 0.1, R);
    struct trial *t = falling(made, TRIAL_RUNNING, 0.1, 9);
    assert_false(stops("halving", made, t));
    assert_false(stops("median", made, t));
    assert_false(stops("hyperband", made, t));
    made_free(made);
}

/* Where the trial of that number is stopped first, if everybody else is better. */
static int first_stop(const struct made_study *made, size_t number)
{
    static const int at[] = {2, 6, 18};
    struct trial *t = (struct trial *)&made->study.trials[number];
    for (int k = 0; k < 3; k++) {
        t->n_epochs = (size_t)at[k];
        if (stops("hyperband", made, t))
            return k;
    }
    return 3;
}

/* R = 27 has three brackets; Hyperband begins 9, 5 and 3 trials in them (Li et al. 2018, algorithm
 * 1), and their first rungs are at 2, 6 and 18. Which trial is in which follows from its number and
 * the study's seed. */
static void brackets_have_their_shares(void **state)
{
    (void)state;
    enum { N = 340, SHARES = 9 + 5 + 3 };
    static const int share[] = {9, 5, 3};
    struct made_study *made = made_new(made_space());
    int count[4] = {0};
    for (int k = 0; k < N; k++)
        falling(made, TRIAL_COMPLETE, 0.1, R);
    for (size_t k = 0; k < N; k++) {
        struct trial saved = made->trials[k];
        struct epoch_result curve[R];
        memcpy(curve, saved.curve, sizeof curve);
        for (int e = 0; e < R; e++)
            saved.curve[e].value = 0.95;
        count[first_stop(made, k)]++;
        memcpy(saved.curve, curve, sizeof curve);
        made->trials[k] = saved;
    }
    for (int b = 0; b < 3; b++) /* within four standard deviations */
        assert_in_range(count[b], N * share[b] / SHARES - 37, N * share[b] / SHARES + 37);
    assert_int_equal(count[3], 0);
    made_free(made);
}

/* A third of those of its own bracket goes on at each rung, whatever happens in the others. */
static void brackets_halve_for_themselves(void **state)
{
    (void)state;
    enum { N = 340 };
    struct made_study *made = made_new(made_space());
    int stopped = 0;
    for (int k = 0; k < N; k++) { /* ends in mixed order */
        double end = 0.1 + 0.4 * (k * 7919 % N) / N;
        falling(made, TRIAL_RUNNING, end, 2);
    }
    for (int k = 0; k < N; k++)
        stopped += stops("hyperband", made, &made->trials[k]);
    int in_first_bracket = N * 9 / 17;
    assert_in_range(stopped, in_first_bracket * 2 / 3 - 37, in_first_bracket * 2 / 3 + 37);
    made_free(made);
}

/* On noisy curves of different final values, the best one is hardly ever lost, and epochs are. */
static void saves_epochs_and_keeps_the_best(const char *name, double share_saved)
{
    struct rng rng;
    int best_kept = 0, epochs = 0, n_runs = 40, n_trials = 30;
    rng_seed(&rng, 1, 0);
    for (int run = 0; run < n_runs; run++) {
        struct made_study *made = made_new(made_space());
        double best_end = 1, best_done = 1;
        for (int k = 0; k < n_trials; k++) {
            double end = 0.1 + 0.5 * rng_uniform(&rng);
            struct trial *t = falling(made, TRIAL_RUNNING, end, R);
            int e = 0;
            for (t->n_epochs = 0; e < R; e++) {
                t->n_epochs = (size_t)e + 1;
                t->curve[e].value += 0.01 * rng_normal(&rng);
                if (pruner_find(name)->is_rung(e + 1, R) && stops(name, made, t))
                    break;
            }
            t->state = e < R ? TRIAL_PRUNED : TRIAL_COMPLETE;
            epochs += (int)t->n_epochs;
            best_end = fmin(best_end, end);
            best_done = e < R ? best_done : fmin(best_done, end);
        }
        best_kept += best_done <= best_end + 0.02;
        made_free(made);
    }
    assert_true(best_kept >= n_runs * 9 / 10);
    assert_true(epochs < (1 - share_saved) * n_runs * n_trials * R);
}

static void halving_and_hyperband_pay(void **state)
{
    (void)state;
    saves_epochs_and_keeps_the_best("halving", 0.5);
    saves_epochs_and_keeps_the_best("hyperband", 0.4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table),
        cmocka_unit_test(where_the_rungs_are),
        cmocka_unit_test(none_never_stops),
        cmocka_unit_test(too_few_to_compare_with),
        cmocka_unit_test(the_best_third_goes_on),
        cmocka_unit_test(the_median_is_the_border),
        cmocka_unit_test(the_same_epoch_is_compared),
        cmocka_unit_test(continuations_and_lost_runs),
        cmocka_unit_test(equal_trials_are_not_stopped),
        cmocka_unit_test(brackets_have_their_shares),
        cmocka_unit_test(brackets_halve_for_themselves),
        cmocka_unit_test(halving_and_hyperband_pay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

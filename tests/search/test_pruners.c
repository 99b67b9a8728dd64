/* If this fails, hopeless runs go on, or good ones are stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "../support/made_known.h"
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

/* ---- the learned pruner and the pilot ------------------------------------------------------ */

enum { HOPELESS = 2000, RUNG = 8 };

/* One incumbent that ended at 0.05, and a run that is hopeless after eight epochs. */
struct watch {
    struct known known;
    struct made_study *made;
    struct trial *hopeless;
    struct search_context context;
};

static struct watch *watch_new(void)
{
    static const struct known_plan plan = {.n_tasks = 2,
                                           .n_families = 2,
                                           .n_shared = 4,
                                           .full_epochs = R,
                                           .left_out = -1,
                                           .shift = 0.02};
    struct watch *w = mem_zero_alloc(1, sizeof *w);
    known_make(&w->known, &plan);
    w->made = made_new(made_space());
    falling(w->made, TRIAL_COMPLETE, 0.05, R);
    w->hopeless = falling(w->made, TRIAL_RUNNING, 0.58, RUNG);
    w->context = context_of(w->made);
    w->context.rng_seed = 1;
    w->context.guidance = &w->known.guidance;
    return w;
}

static void watch_free(struct watch *w)
{
    made_free(w->made);
    mem_free(w);
}

/* As if it had that number; one is as hopeless as the other. */
static bool stops_number(struct watch *w, const char *pruner, int64_t number, char *reason)
{
    w->hopeless->number = number;
    reason[0] = 0;
    bool stop = pruner_find(pruner)->stop(&w->context, w->hopeless, reason, 200);
    assert_int_equal(stop, reason[0] != 0);
    return stop;
}

static int count_audited(struct watch *w, const char *pruner, bool *audited)
{
    char reason[200];
    int n = 0;
    for (int k = 0; k < HOPELESS; k++)
        n += audited[k] = !stops_number(w, pruner, k + 1, reason);
    return n;
}

/* One stop in twenty, within four standard deviations; the share says whether chances come true. */
static void some_stops_are_overruled(void **state)
{
    (void)state;
    static bool audited[HOPELESS];
    char reason[200];
    struct watch *w = watch_new();
    assert_in_range(count_audited(w, "learned", audited), HOPELESS / 20 - 39, HOPELESS / 20 + 39);
    for (int k = 0; k < HOPELESS; k++)
        if (stops_number(w, "learned", k + 1, reason))
            assert_non_null(strstr(reason, "stopped at epoch 8: it will end better than the best"));
    falling(w->made, TRIAL_COMPLETE, 0.55, RUNG); /* others make no difference to who is audited */
    w->hopeless = &w->made->trials[1];
    for (int k = 0; k < HOPELESS; k++)
        assert_int_equal(stops_number(w, "learned", k + 1, reason), !audited[k]);
    watch_free(w);
}

/* By trial and study seed alone: at every rung, and when the study is resumed, the same run is let
 * go on; under another seed another one. */
static void who_is_audited_is_settled_at_the_start(void **state)
{
    (void)state;
    static bool first[HOPELESS], later[HOPELESS], other[HOPELESS];
    struct watch *w = watch_new();
    int n = count_audited(w, "learned", first);
    static const size_t rungs[] = {4, RUNG};
    for (size_t i = 0; i < 2; i++) {
        w->hopeless->n_epochs = rungs[i];
        assert_int_equal(count_audited(w, "learned", later), n);
        assert_memory_equal(first, later, sizeof first);
    }
    int common = 0;
    w->context.rng_seed = 2;
    assert_true(count_audited(w, "learned", other) > 0);
    for (int k = 0; k < HOPELESS; k++)
        common += first[k] && other[k];
    assert_true(common < n / 4);
    watch_free(w);
}

/* An audit asks whether a chance comes true. A run that has learnt nothing at three rungs has none,
 * and what a person began is never stopped. */
static void what_is_not_up_for_audit(void **state)
{
    (void)state;
    char reason[200];
    struct watch *w = watch_new();
    w->context.majority_error = 0.5;
    for (int k = 0; k < HOPELESS; k++) {
        assert_true(stops_number(w, "learned", k + 1, reason));
        assert_non_null(strstr(reason, "learnt nothing"));
    }
    text_copy(w->hopeless->who, sizeof w->hopeless->who, "you");
    for (int k = 0; k < HOPELESS; k++)
        assert_false(stops_number(w, "learned", k + 1, reason));
    watch_free(w);
}

/* The pilot's table may want to stop what the bound lets go on; it is audited all the same, and by
 * the same draw. */
static void what_the_table_stops_is_audited_too(void **state)
{
    (void)state;
    static bool by_bound[HOPELESS], by_table[HOPELESS];
    char reason[200];
    struct watch *w = watch_new();
    int n = count_audited(w, "learned", by_bound);
    assert_int_equal(count_audited(w, "pilot", by_table), n); /* an empty table adds nothing */
    for (int e = 0; e < RUNG; e++)
        w->hopeless->curve[e].value = 0.04; /* far ahead of the best */
    assert_false(stops_number(w, "learned", 1, reason));
    struct pilot *table = &w->known.advice.pilot;
    for (int i = 0; i < PILOT_STATES; i++) {
        table->visits[i][PILOT_CONTINUE] = table->visits[i][PILOT_STOP] = 100;
        table->q[i][PILOT_STOP] = 1;
    }
    assert_int_equal(count_audited(w, "pilot", by_table), n);
    assert_memory_equal(by_bound, by_table, sizeof by_bound);
    watch_free(w);
}

/* However little is expected of it: what is ahead of most others is not stopped. */
static void the_best_third_at_a_rung_goes_on(void **state)
{
    (void)state;
    char reason[200];
    struct search_chance chance;
    struct watch *w = watch_new();
    const struct pruner_ops *learned = pruner_find("learned");
    int64_t number = 1;
    while (!stops_number(w, "learned", number, reason))
        number++;                                 /* one that is not audited */
    for (int others = 1; others <= 6; others++) { /* worse ones; the incumbent is better */
        falling(w->made, TRIAL_PRUNED, 0.59, RUNG);
        w->hopeless = &w->made->trials[1];
        bool leads = 3 * 1 < others + 2; /* place 2 of others + 2 */
        assert_int_equal(stops_number(w, "learned", number, reason), !leads);
        assert_true(learned->chance(&w->context, w->hopeless, &chance));
        assert_int_equal(chance.leads, leads);
    }
    watch_free(w);
}

/* What a person is told is what the stop is decided by. */
static void what_it_tells_is_what_it_does(void **state)
{
    (void)state;
    char reason[200];
    struct search_chance chance;
    const struct pruner_ops *learned = pruner_find("learned");
    struct watch *w = watch_new();
    int n_audited = 0;
    for (int k = 0; k < HOPELESS; k++) {
        bool stops = stops_number(w, "learned", k + 1, reason);
        assert_true(learned->chance(&w->context, w->hopeless, &chance));
        assert_int_equal(chance.epoch, RUNG);
        assert_true(chance.win < chance.asked);
        assert_int_equal(stops, !chance.audited);
        n_audited += chance.audited;
    }
    assert_true(n_audited > 0);
    for (int e = 0; e < RUNG; e++)
        w->hopeless->curve[e].value = 0.04; /* far ahead of the best */
    assert_true(learned->chance(&w->context, w->hopeless, &chance) && chance.win > chance.asked);
    text_copy(w->hopeless->who, sizeof w->hopeless->who, "you");
    assert_true(learned->chance(&w->context, w->hopeless, &chance) && isnan(chance.asked));
    w->hopeless->n_epochs = 1; /* no rung yet */
    assert_false(learned->chance(&w->context, w->hopeless, &chance));
    assert_null(pruner_find("median")->chance);
    watch_free(w);
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
        cmocka_unit_test(some_stops_are_overruled),
        cmocka_unit_test(who_is_audited_is_settled_at_the_start),
        cmocka_unit_test(what_is_not_up_for_audit),
        cmocka_unit_test(what_the_table_stops_is_audited_too),
        cmocka_unit_test(the_best_third_at_a_rung_goes_on),
        cmocka_unit_test(what_it_tells_is_what_it_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

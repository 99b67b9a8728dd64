/* If this fails, what the agent learns is booked under the wrong situation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "../support/made_study.h"
#include "tiller/meta.h"

static void every_row_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < META_STATES; i++) {
        struct situation s = situation_from_index(i);
        assert_in_range(s.phase, 0, META_PHASES - 1);
        assert_in_range(s.stagnation, 0, META_STAGNATIONS - 1);
        assert_int_equal(situation_index(s), i);
        assert_int_equal(situation_find(situation_name(i)), i);
        assert_non_null(strstr(situation_name(i), diagnosis_name(s.diagnosis)));
        assert_true(strlen(situation_name(i)) < sizeof((struct trial *)0)->situation);
    }
    assert_int_equal(situation_find(""), -1);
    assert_int_equal(situation_find("0-2 gaining"), -1);
}

static void names_from_before_there_was_trust(void **state)
{
    (void)state;
    static const struct {
        const char *name, *found; /* NULL: none */
    } rows[] = {
        {"10-29 moving overfits", "10-29 moving overfits low"},
        {"30+ stuck plateau", "30+ stuck plateau low"},
        {"10-29 moving overfits high", "10-29 moving overfits high"},
        {"10-29 moving overfit", NULL},
        {"10-29 moving", NULL},
        {"10-29 moving overfits ", NULL},
        {"10-29 moving overfits highest", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int found = situation_find(rows[i].name);
        assert_int_equal(found >= 0, rows[i].found != NULL);
        if (rows[i].found)
            assert_string_equal(situation_name(found), rows[i].found);
    }
}

static void trust_is_the_newest_proposals(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    static const char *const noted[] = {"", "0-2 gaining improves middle", "",
                                        "3-9 moving improves high"};
    static const enum trust then[] = {TRUST_LOW, TRUST_MIDDLE, TRUST_MIDDLE, TRUST_HIGH};
    assert_int_equal(situation_trust(&made->study, INFINITY), TRUST_LOW);
    for (int k = 0; k < 4; k++) {
        struct trial *t = made_point(made, TRIAL_COMPLETE, 0.3, NULL);
        text_copy(t->situation, sizeof t->situation, noted[k]);
        assert_int_equal(situation_trust(&made->study, INFINITY), then[k]);
    }
    for (int k = 0; k < 4; k++)
        assert_int_equal(situation_trust(&made->study, made->trials[k].start_s), then[k]);
    made_free(made);
}

/* Trials added one by one; the name after each. */
static void phases_and_stagnation_as_runs_end(void **state)
{
    (void)state;
    static const struct {
        enum trial_state state;
        double value;
        const char *after;
        int finished, since;
    } rows[] = {
        {TRIAL_RUNNING, 0.3, "0-2 gaining improves low", 0, 0},
        {TRIAL_COMPLETE, 0.3, "0-2 gaining improves low", 1, 0},
        {TRIAL_WAITING, 0.0, "0-2 gaining improves low", 1, 0},
        {TRIAL_PRUNED, 0.1, "0-2 moving improves low", 2, 1},
        {TRIAL_COMPLETE, 0.2, "3-9 gaining improves low", 3, 0},
        {TRIAL_COMPLETE, 0.25, "3-9 moving improves low", 4, 1},
        {TRIAL_FAIL, 0.9, "3-9 moving improves low", 5, 2},
        {TRIAL_PRUNED, 0.4, "3-9 moving improves low", 6, 3},
        {TRIAL_COMPLETE, 0.4, "3-9 stuck improves low", 7, 4},
        {TRIAL_COMPLETE, 0.19, "3-9 gaining improves low", 8, 0},
    };
    struct made_study *made = made_new(made_space());
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int finished, since;
        made_point(made, rows[i].state, rows[i].value, NULL);
        int s = situation_now(&made->study, 0.9, TRUST_LOW, &finished, &since);
        if (strcmp(situation_name(s), rows[i].after) != 0 || finished != rows[i].finished ||
            since != rows[i].since)
            fail_msg("row %zu: %s, %d finished, %d since", i, situation_name(s), finished, since);
    }
    for (int k = 8; k < 30; k++)
        made_point(made, TRIAL_PRUNED, 0.5, NULL);
    assert_string_equal(situation_name(situation_now(&made->study, 0.9, TRUST_LOW, NULL, NULL)),
                        "30+ stuck improves low");
    made_free(made);
}

static void an_empty_study(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    int finished = 7, since = 7;
    int s = situation_now(&made->study, 0.9, TRUST_LOW, &finished, &since);
    assert_string_equal(situation_name(s), "0-2 gaining improves low");
    assert_int_equal(finished, 0);
    assert_int_equal(since, 0);
    assert_null(meta_incumbent(&made->study, INFINITY));
    made_free(made);
}

/* The past is asked for by time: what had not ended by then does not count. */
static void as_it_was_at_an_earlier_time(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    int names_then[12];
    for (int k = 0; k < 12; k++) {
        made_point(made, k % 3 == 1 ? TRIAL_PRUNED : TRIAL_COMPLETE, 0.5 - 0.03 * (k % 5), NULL);
        names_then[k] = situation_now(&made->study, 0.9, TRUST_LOW, NULL, NULL);
    }
    for (int k = 0; k < 12; k++) {
        double when = made->trials[k].end_s;
        assert_int_equal(situation_at(&made->study, 0.9, TRUST_LOW, when, NULL, NULL),
                         names_then[k]);
    }
    assert_int_equal(meta_incumbent(&made->study, made->trials[2].end_s)->number, 2);
    assert_null(meta_incumbent(&made->study, 0.9));
    made_free(made);
}

/* Trials that end at the same time (a fixed clock) count in the order of their numbers, and the
 * best by value, not by order. */
static void equal_times(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    for (int k = 0; k < 4; k++)
        made_point(made, TRIAL_COMPLETE, k == 1 ? 0.1 : 0.2, NULL)->end_s = 5;
    int since;
    situation_now(&made->study, 0.9, TRUST_LOW, NULL, &since);
    assert_int_equal(since, 2);
    assert_int_equal(meta_incumbent(&made->study, INFINITY)->number, 1);
    made_free(made);
}

static void a_value_that_is_no_number_is_no_incumbent(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    made_point(made, TRIAL_COMPLETE, NAN, NULL);
    assert_null(meta_incumbent(&made->study, INFINITY));
    made_point(made, TRIAL_COMPLETE, 0.4, NULL);
    assert_int_equal(meta_incumbent(&made->study, INFINITY)->number, 1);
    made_free(made);
}

static void the_diagnosis_is_the_incumbents(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    double values[12];
    for (int e = 0; e < 12; e++)
        values[e] = 0.2;
    struct trial *t = made_trial(made, TRIAL_COMPLETE, values, 12);
    for (int e = 0; e < 12; e++) {
        t->curve[e].metric[METRIC_TRAIN_LOSS] = 1 - 0.07 * e;
        t->curve[e].metric[METRIC_VAL_LOSS] = 0.8 + 0.01 * (e - 5) * (e - 5);
    }
    made_point(made, TRIAL_COMPLETE, 0.3, NULL);
    assert_string_equal(situation_name(situation_now(&made->study, 0.9, TRUST_LOW, NULL, NULL)),
                        "0-2 moving overfits low");
    made_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_a_name_of_its_own),
        cmocka_unit_test(names_from_before_there_was_trust),
        cmocka_unit_test(trust_is_the_newest_proposals),
        cmocka_unit_test(phases_and_stagnation_as_runs_end),
        cmocka_unit_test(an_empty_study),
        cmocka_unit_test(as_it_was_at_an_earlier_time),
        cmocka_unit_test(equal_times),
        cmocka_unit_test(a_value_that_is_no_number_is_no_incumbent),
        cmocka_unit_test(the_diagnosis_is_the_incumbents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* If this fails, the agent does not hold to what a person said about its table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "../support/made_study.h"
#include "tiller/meta.h"

static struct study *study;
static struct qtable_overrides overrides;
static char place[64], other[64]; /* two situations, as the log names them */

static void fold_line(const char *fmt, ...) TILLER_PRINTF(1, 2);
static void fold_line(const char *fmt, ...)
{
    char line[600];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    assert_in_range(n, 1, (int)sizeof line - 1);
    assert_int_equal(study_fold(study, line, (size_t)n), ERR_OK);
}

static void event(const char *who, const char *what, const char *fields)
{
    fold_line("{\"op_code\": 2, \"worker_id\": \"w\", \"study_id\": 0, \"user_attr\": {\"event\": "
              "{\"seq\": 1, \"time\": 1, \"who\": \"%s\", \"what\": \"%s\", \"trial\": -1, %s}}}",
              who, what, fields);
}

static void trial_by(const char *who)
{
    long long id = (long long)study->n_trials;
    fold_line("{\"op_code\": 4, \"worker_id\": \"w\", \"study_id\": 0, \"datetime_start\": "
              "\"2026-01-01T00:00:00.000000\"}");
    fold_line("{\"op_code\": 8, \"worker_id\": \"w\", \"trial_id\": %lld, \"user_attr\": "
              "{\"who\": \"%s\"}}",
              id, who);
}

static int begin(void **state)
{
    (void)state;
    study = study_new(NULL);
    text_copy(place, sizeof place, situation_name(7));
    text_copy(other, sizeof other, situation_name(8));
    qtable_overrides_init(&overrides);
    if (!study)
        return -1;
    fold_line("{\"op_code\": 0, \"worker_id\": \"w\", \"study_name\": \"s\", \"directions\": [1]}");
    return 0;
}

static int end(void **state)
{
    (void)state;
    study_free(study);
    return 0;
}

static void cell_event(const char *what, const char *situation, const char *action,
                       const char *rest)
{
    char fields[200];
    text_format(fields, sizeof fields, "\"situation\": \"%s\", \"action\": \"%s\", %s", situation,
                action, rest);
    event("you", what, fields);
}

static void pins_and_freezing_hold_until_taken_back(void **state)
{
    (void)state;
    cell_event("q_pin", place, "lr/", "\"on\": true");
    cell_event("q_pin", other, "local", "\"on\": true");
    event("you", "q_freeze", "\"on\": true");
    qtable_overrides(&overrides, study);
    assert_true(overrides.pinned[7][MOVE_LR_DOWN] && overrides.pinned[8][MOVE_LOCAL]);
    assert_false(overrides.pinned[8][MOVE_LR_DOWN]);
    assert_true(overrides.frozen);
    cell_event("q_pin", place, "lr/", "\"on\": false");
    event("you", "q_freeze", "\"on\": false");
    qtable_overrides(&overrides, study);
    assert_false(overrides.pinned[7][MOVE_LR_DOWN] || overrides.frozen);
    assert_true(overrides.pinned[8][MOVE_LOCAL]);
}

static void in_one_go_or_step_by_step_is_the_same(void **state)
{
    (void)state;
    struct qtable_overrides again;
    for (int k = 0; k < 12; k++) {
        cell_event("q_pin", k % 2 ? place : other, move_name((enum move)(k % 5)),
                   k % 3 ? "\"on\": true" : "\"on\": false");
        qtable_overrides(&overrides, study);
    }
    qtable_overrides_init(&again);
    qtable_overrides(&again, study);
    assert_memory_equal(&again, &overrides, sizeof again);
}

static void a_wish_is_for_one_proposal(void **state)
{
    (void)state;
    trial_by("agent");
    event("you", "next_action", "\"action\": \"random\", \"from\": 1");
    qtable_overrides(&overrides, study);
    assert_int_equal(overrides.next, MOVE_RANDOM);
    trial_by("you"); /* a seed is no proposal */
    qtable_overrides(&overrides, study);
    assert_int_equal(overrides.next, MOVE_RANDOM);
    trial_by("agent");
    qtable_overrides(&overrides, study);
    assert_int_equal(overrides.next, -1);
    event("you", "next_action", "\"action\": \"local\", \"from\": 3");
    event("you", "next_action", "\"action\": \"\", \"from\": 3");
    qtable_overrides(&overrides, study);
    assert_int_equal(overrides.next, -1);
}

static void only_a_persons_word_counts(void **state)
{
    (void)state;
    event("agent", "q_freeze", "\"on\": true");
    cell_event("q_pin", "nowhere", "lr/", "\"on\": true");
    cell_event("q_pin", place, "fly", "\"on\": true");
    event("you", "next_action", "\"action\": 7, \"from\": -3");
    qtable_overrides(&overrides, study);
    struct qtable_overrides none;
    qtable_overrides_init(&none);
    none.folded = study->n_events;
    assert_memory_equal(&overrides, &none, sizeof none);
}

static void an_edit_replaces_what_was_learnt(void **state)
{
    (void)state;
    struct qtable table;
    cell_event("q_update", place, "lr/",
               "\"old_q\": 0, \"alpha\": 1, \"reward\": 0.4, \"gamma\": 1, \"next_best\": 0, "
               "\"new_q\": 0.4");
    cell_event("q_edit", place, "lr/", "\"new_q\": 0.9, \"visits\": 20");
    cell_event("q_edit", place, "lr*", "\"new_q\": 1e999, \"visits\": 20");
    cell_event("q_edit", place, "lr*", "\"new_q\": 1, \"visits\": -4");
    assert_int_equal(study->n_updates, 2);
    qtable_init(&table, 0);
    qtable_fold_from(&table, study, 0);
    assert_true(table.q[7][MOVE_LR_DOWN] == 0.9 && table.visits[7][MOVE_LR_DOWN] == 20);
    assert_true(table.td_square[7][MOVE_LR_DOWN] == 0);
    char line[200];
    struct q_update u;
    assert_non_null(strstr(qtable_spell(&study->updates[1], line, sizeof line), "0.900 by you"));
    /* What is learnt later moves it as the 21st visit. */
    qtable_update(&table, 7, MOVE_LR_DOWN, 0, QTABLE_TERMINAL, 1, 0, &u);
    assert_true(fabs(u.alpha - pow(21, -0.8)) < 1e-12);
}

static void steered_by_what_changes_the_search(void **state)
{
    (void)state;
    event("you", "pause", "\"a\": 1");
    event("you", "workers", "\"workers\": 2");
    event("agent", "q_edit", "\"a\": 1");
    assert_false(study_is_steered(study));
    event("you", "q_pin", "\"on\": true");
    assert_true(study_is_steered(study));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pins_and_freezing_hold_until_taken_back, begin, end),
        cmocka_unit_test_setup_teardown(in_one_go_or_step_by_step_is_the_same, begin, end),
        cmocka_unit_test_setup_teardown(a_wish_is_for_one_proposal, begin, end),
        cmocka_unit_test_setup_teardown(only_a_persons_word_counts, begin, end),
        cmocka_unit_test_setup_teardown(an_edit_replaces_what_was_learnt, begin, end),
        cmocka_unit_test_setup_teardown(steered_by_what_changes_the_search, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* If this fails, the agent learns something else than the line on the screen says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "../support/made_study.h"
#include "tiller/meta.h"

static struct qtable table;

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

/* By hand: 0.120 + 0.2 (0.050 + 1.00 * 0.310 - 0.120) = 0.168. */
static void one_update_and_its_line(void **state)
{
    (void)state;
    struct q_update u;
    char line[200];
    int s = situation_find("10-29 moving plateau"), s2 = situation_find("10-29 gaining improves");
    assert_true(s >= 0 && s2 >= 0);
    qtable_init(&table, 0);
    table.q[s][MOVE_LR_DOWN] = 0.12;
    table.q[s2][MOVE_LOCAL] = 0.3;
    table.q[s2][MOVE_BATCH_UP] = 0.31;
    double error = qtable_update(&table, s, MOVE_LR_DOWN, 0.05, s2, 1, 0.2, &u);
    assert_true(near(error, 0.24));
    assert_true(near(table.q[s][MOVE_LR_DOWN], 0.168));
    assert_true(near(table.visits[s][MOVE_LR_DOWN], 1));
    assert_true(near(table.td_square[s][MOVE_LR_DOWN], 0.24 * 0.24));
    assert_true(near(u.old_q, 0.12) && near(u.new_q, 0.168) && near(u.next_best, 0.31));
    assert_string_equal(u.next_situation, "10-29 gaining improves low");
    assert_string_equal(qtable_spell(&u, line, sizeof line),
                        "Q(10-29 moving plateau low, lr/) 0.120 <- 0.120 + 0.20 "
                        "[0.050 + 1.00*0.310 - 0.120] = 0.168");
}

static void learning_rate_falls_with_visits(void **state)
{
    (void)state;
    struct q_update u;
    qtable_init(&table, 5); /* arbitrary: the first return replaces it */
    qtable_update(&table, 0, 0, 0.4, QTABLE_TERMINAL, 1, 0, &u);
    assert_true(near(u.alpha, 1) && near(table.q[0][0], 0.4));
    qtable_update(&table, 0, 0, 0.8, QTABLE_TERMINAL, 1, 0, &u);
    assert_true(near(u.alpha, pow(2, -0.8)));
    assert_true(near(table.q[0][0], 0.4 + pow(2, -0.8) * 0.4));
    table.visits[0][0] = 1e6;
    qtable_update(&table, 0, 0, 0.8, QTABLE_TERMINAL, 1, 0, &u);
    assert_true(near(u.alpha, 0.01));
}

static void the_end_has_no_next_value(void **state)
{
    (void)state;
    struct q_update u;
    qtable_init(&table, 7);
    qtable_update(&table, 3, MOVE_RANDOM, 0.25, QTABLE_TERMINAL, 1, 0.5, &u);
    assert_true(near(u.next_best, 0) && u.next_situation[0] == 0);
    assert_true(near(table.q[3][MOVE_RANDOM], 7 + 0.5 * (0.25 - 7)));
}

static void only_one_cell_changes(void **state)
{
    (void)state;
    qtable_init(&table, 0.5);
    qtable_update(&table, 17, 4, 1, 18, 1, 0, NULL);
    for (int s = 0; s < META_STATES; s++)
        for (int a = 0; a < MOVE_N; a++)
            if (s != 17 || a != 4)
                assert_true(near(table.q[s][a], 0.5) && near(table.visits[s][a], 0));
}

static void best_is_the_first_of_equals(void **state)
{
    (void)state;
    qtable_init(&table, 0);
    assert_int_equal(qtable_best(&table, 9), 0);
    table.q[9][4] = table.q[9][6] = 0.5;
    assert_int_equal(qtable_best(&table, 9), 4);
}

/* ---- the table is the fold of its events ------------------------------------------------- */

static void folding_gives_the_same_bits(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    struct qtable folded;
    struct rng rng;
    size_t so_far = 0;
    rng_seed(&rng, 11, 0);
    qtable_init(&table, 0);
    qtable_init(&folded, 0);
    for (int k = 0; k < 400; k++) {
        struct q_update u;
        int s = (int)rng_below(&rng, META_STATES), a = (int)rng_below(&rng, MOVE_N);
        int next = (int)rng_below(&rng, META_STATES + 1) - 1;
        qtable_update(&table, s, a, rng_normal(&rng), next, 1, 0, &u);
        made_update(made, &u);
        if (k % 37 == 0)
            so_far = qtable_fold_from(&folded, &made->study, so_far);
    }
    qtable_fold_from(&folded, &made->study, so_far);
    assert_memory_equal(&folded, &table, sizeof table);
    qtable_fold(&folded, NULL, &made->study);
    assert_memory_equal(&folded, &table, sizeof table);
    made_free(made);
}

/* Known visits count, but not more than 200 of them. */
static void a_carried_table_is_where_the_fold_begins(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    static struct qtable known, folded;
    struct q_update u;
    int s = situation_find("3-9 gaining improves high");
    qtable_init(&known, 0.25);
    known.visits[s][MOVE_SURROGATE] = 5000;
    known.visits[s][MOVE_THAW] = 40;
    known.td_square[s][MOVE_THAW] = 0.5;
    qtable_begin(&table, &known);
    assert_true(near(table.visits[s][MOVE_SURROGATE], QTABLE_CARRIED));
    assert_true(near(table.visits[s][MOVE_THAW], 40) && near(table.td_square[s][MOVE_THAW], 0.5));
    for (int k = 0; k < 50; k++) {
        qtable_update(&table, s, k % 2 ? MOVE_SURROGATE : MOVE_THAW, 0.01 * k, s, 1, 0, &u);
        made_update(made, &u);
    }
    qtable_fold(&folded, &known, &made->study);
    assert_memory_equal(&folded, &table, sizeof table);
    made_free(made);
}

/* ---- what the table says ----------------------------------------------------------------- */

/* Parent: (30 * 0.4 + 10 * 0.8) / 40 = 0.5; own: (30 * 0.4 + 20 * 0.5) / 50 = 0.44. */
static void rare_cells_back_off_to_all_diagnoses(void **state)
{
    (void)state;
    int s = situation_find("3-9 moving plateau high"),
        other = situation_find("3-9 moving improves high");
    int never = situation_find("3-9 moving diverges high"),
        low = situation_find("3-9 moving plateau low");
    double variance;
    qtable_init(&table, 0);
    table.q[s][MOVE_LOCAL] = 0.4;
    table.visits[s][MOVE_LOCAL] = 30;
    table.td_square[s][MOVE_LOCAL] = 0.6;
    table.q[other][MOVE_LOCAL] = 0.8;
    table.visits[other][MOVE_LOCAL] = 10;
    assert_true(near(qtable_value(&table, s, MOVE_LOCAL, &variance), 0.44));
    assert_true(near(variance, 0.02));
    assert_true(near(qtable_value(&table, never, MOVE_LOCAL, NULL), 0.5));
    assert_true(near(qtable_value(&table, low, MOVE_LOCAL, NULL), 0)); /* other trust */
}

static void it_overrules_only_with_evidence(void **state)
{
    (void)state;
    static const struct {
        double visits, q, spread, hand_visits; /* hand: 0.1, spread 0 */
        bool possible, wins;
    } rows[] = {
        {50, 0.6, 0.5, 50, true, true},  {50, 0.6, 0.5, 50, false, false},
        {19, 0.6, 0.5, 50, true, false}, {50, 0.6, 0.5, 19, true, false},
        {50, 0.1, 0.0, 50, true, false}, /* no better */
        {50, 0.6, 3.6, 50, true, false}, /* .5 better, standard error .509 */
        {50, 0.6, 3.5, 50, true, true},  /* .495 */
    };
    int s = situation_find("10-29 stuck overfits middle");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool possible[MOVE_N] = {[MOVE_SURROGATE] = true, [MOVE_THAW] = rows[i].possible};
        qtable_init(&table, 0);
        table.q[s][MOVE_SURROGATE] = 0.1;
        table.visits[s][MOVE_SURROGATE] = rows[i].hand_visits;
        table.q[s][MOVE_THAW] = rows[i].q;
        table.visits[s][MOVE_THAW] = rows[i].visits;
        table.td_square[s][MOVE_THAW] = rows[i].spread * rows[i].spread;
        enum move m = qtable_prefers(&table, s, MOVE_SURROGATE, possible, QTABLE_NEEDED);
        if (m != (rows[i].wins ? MOVE_THAW : MOVE_SURROGATE))
            fail_msg("row %zu: %s", i, move_name(m));
    }
}

static void events_of_unknown_names_are_passed_over(void **state)
{
    (void)state;
    struct made_study *made = made_new(made_space());
    struct q_update u = {.situation = "0-2 gaining improves", .action = "surmise", .new_q = 3};
    made_update(made, &u);
    text_copy(u.action, sizeof u.action, "local");
    text_copy(u.situation, sizeof u.situation, "never");
    made_update(made, &u);
    qtable_fold(&table, NULL, &made->study);
    for (int s = 0; s < META_STATES; s++)
        for (int a = 0; a < MOVE_N; a++)
            assert_true(near(table.q[s][a], 0));
    made_free(made);
}

/* ---- convergence ------------------------------------------------------------------------- */

/* A known decision process: states 0..3 in a row; "right" (action 1) leads on and pays 1 at the
 * end, "stay" (0) pays 0.05, "leave" (2) ends with 0.3. With gamma 0.9: Q*(3, right) = 1, V*(s) =
 * 0.9^(3-s); Q*(s, stay) = 0.05 + 0.9 V*(s); Q*(s, leave) = 0.3. */
static int walk(int s, int a, double *reward)
{
    *reward = a == 0 ? 0.05 : a == 2 ? 0.3 : s == 3 ? 1 : 0;
    return a == 0 ? s : a == 1 && s < 3 ? s + 1 : QTABLE_TERMINAL;
}

static void converges_on_a_known_process(void **state)
{
    (void)state;
    struct rng rng;
    const double gamma = 0.9;
    rng_seed(&rng, 12, 0);
    qtable_init(&table, -1e9); /* moves 3 and up are never taken and must not win */
    for (int s = 0; s < 4; s++)
        for (int a = 0; a < 3; a++)
            table.q[s][a] = 0;
    for (int k = 0; k < 40000; k++) {
        int s = (int)rng_below(&rng, 4), a = (int)rng_below(&rng, 3);
        double reward;
        int next = walk(s, a, &reward);
        qtable_update(&table, s, a, reward + 0.2 * rng_normal(&rng), next, gamma, 0, NULL);
    }
    for (int s = 0; s < 4; s++) {
        double value = pow(gamma, 3 - s);
        assert_int_equal(qtable_best(&table, s), 1);
        assert_true(fabs(table.q[s][1] - value) < 0.05);
        assert_true(fabs(table.q[s][0] - (0.05 + gamma * value)) < 0.05);
        assert_true(fabs(table.q[s][2] - 0.3) < 0.05);
    }
}

/* ---- reward ------------------------------------------------------------------------------ */

static void reward_is_the_log_gain_times_what_is_left(void **state)
{
    (void)state;
    assert_true(near(meta_reward(0.198, 0.098, 0.5), log(2.0) * 0.5));
    assert_true(near(meta_reward(0.1, 0.1, 0.7), 0));
    assert_true(near(meta_reward(0.1, 0.05, 0), 0));
    assert_true(meta_reward(0.1, 0.2, 1) < 0);
    assert_true(isfinite(meta_reward(0.1, 0, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_update_and_its_line),
        cmocka_unit_test(learning_rate_falls_with_visits),
        cmocka_unit_test(the_end_has_no_next_value),
        cmocka_unit_test(only_one_cell_changes),
        cmocka_unit_test(best_is_the_first_of_equals),
        cmocka_unit_test(folding_gives_the_same_bits),
        cmocka_unit_test(a_carried_table_is_where_the_fold_begins),
        cmocka_unit_test(rare_cells_back_off_to_all_diagnoses),
        cmocka_unit_test(it_overrules_only_with_evidence),
        cmocka_unit_test(events_of_unknown_names_are_passed_over),
        cmocka_unit_test(converges_on_a_known_process),
        cmocka_unit_test(reward_is_the_log_gain_times_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

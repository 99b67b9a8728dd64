/* If this fails, runs are stopped that the table would let go on, or the other way round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "tiller/knowledge.h"

static struct pilot pilot;

static void put(int state, enum pilot_action a, double q, double visits, double td_square)
{
    pilot.q[state][a] = q;
    pilot.visits[state][a] = visits;
    pilot.td_square[state][a] = td_square;
}

/* 60 visits of 0.4 and a parent of (60 x 0.4 + 20 x 0.8) / 80 = 0.5 that counts as 20. */
static void rare_cells_lean_on_other_budgets(void **state)
{
    (void)state;
    double variance;
    int rich = pilot_state(2, 0.1, 0.9), poor = pilot_state(2, 0.1, 0.1);
    int other = pilot_state(2, 0.3, 0.1);
    memset(&pilot, 0, sizeof pilot);
    put(rich, PILOT_CONTINUE, 0.4, 60, 0.09);
    put(poor, PILOT_CONTINUE, 0.8, 20, 0.09);
    put(other, PILOT_CONTINUE, 9, 99, 0);
    assert_true(fabs(pilot_value(&pilot, rich, PILOT_CONTINUE, &variance) - 0.425) < 1e-12);
    assert_true(fabs(variance - 0.09 / 60) < 1e-12);
    assert_true(fabs(pilot_value(&pilot, poor, PILOT_CONTINUE, NULL) - 0.65) < 1e-12);
}

static void a_word_is_overruled_by_evidence_only(void **state)
{
    (void)state;
    static const struct {
        double gain, visits, td_square;
        enum pilot_action word;
    } cases[] = {
        {0.1, 100, 0.01, PILOT_CONTINUE}, /* 0.1 against sqrt(2 x 0.0001) */
        {0.1, 100, 1.00, PILOT_PAUSE},    /* against sqrt(2 x 0.01) */
        {0.1, 19, 0.0, PILOT_PAUSE},      /* rarely met */
        {-0.1, 100, 0.0, PILOT_PAUSE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(&pilot, 0, sizeof pilot);
        put(7, PILOT_PAUSE, 1, cases[i].visits, cases[i].td_square);
        put(7, PILOT_CONTINUE, 1 + cases[i].gain, cases[i].visits, cases[i].td_square);
        assert_int_equal(pilot_prefers(&pilot, 7, PILOT_PAUSE), cases[i].word);
        assert_int_equal(pilot_prefers(&pilot, 8, PILOT_PAUSE), PILOT_PAUSE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rare_cells_lean_on_other_budgets),
        cmocka_unit_test(a_word_is_overruled_by_evidence_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

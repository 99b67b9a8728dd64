/* If this fails, the agent does something else than the manual says while its table is silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tiller/meta.h"

enum { NO_ENTRY = 1, NO_SURROGATE = 2, NO_THAW = 4 };

static void each_row_of_the_rule(void **state)
{
    (void)state;
    static const struct {
        bool knows;
        enum trust trust;
        int begun, since_gain, running;
        bool thaw_pays;
        unsigned lacks;
        const char *move;
    } rows[] = {
        /* alone: local, every fourth one of the moves in turn, from the sixth run on */
        {false, TRUST_LOW, 5, 0, 0, false, 7, "local"},
        {false, TRUST_LOW, 8, 0, 0, false, 7, "lr/"},
        {false, TRUST_LOW, 12, 0, 0, false, 7, "lr*"},
        {false, TRUST_LOW, 9, 6, 0, false, 7, "random"},
        {false, TRUST_LOW, 9, 5, 1, false, 7, "random"},
        {false, TRUST_LOW, 9, 7, 0, false, 7, "local"},
        /* knowing: portfolio first, longer where trust isn't high */
        {true, TRUST_MIDDLE, 0, 0, 0, false, 0, "portfolio"},
        {true, TRUST_HIGH, 2, 0, 0, false, 0, "portfolio"},
        {true, TRUST_HIGH, 4, 0, 0, false, 0, "surrogate"},
        {true, TRUST_MIDDLE, 5, 0, 0, false, 0, "portfolio"},
        {true, TRUST_LOW, 5, 5, 1, false, 0, "portfolio"}, /* not random so soon */
        {true, TRUST_LOW, 4, 0, 0, false, NO_ENTRY, "surrogate"},
        {true, TRUST_LOW, 6, 0, 0, false, 0, "surrogate"},
        /* then the surrogate, every second time local */
        {true, TRUST_LOW, 7, 0, 0, false, 0, "local"},
        {true, TRUST_LOW, 8, 0, 0, false, 0, "surrogate"},
        {true, TRUST_LOW, 8, 0, 0, false, NO_SURROGATE, "local"},
        {true, TRUST_LOW, 8, 0, 0, true, 0, "thaw"},
        {true, TRUST_LOW, 8, 0, 0, true, NO_THAW, "surrogate"},
        {true, TRUST_LOW, 8, 6, 0, true, 0, "random"},
        {true, TRUST_LOW, 8, 12, 0, false, 0, "random"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char why[256];
        struct standing s = {.knows = rows[i].knows,
                             .trust = rows[i].trust,
                             .begun = rows[i].begun,
                             .running = rows[i].running,
                             .finished = rows[i].begun - rows[i].running,
                             .since_gain = rows[i].since_gain,
                             .thaw_pays = rows[i].thaw_pays};
        memset(s.possible, true, sizeof s.possible);
        s.possible[MOVE_PORTFOLIO] = !(rows[i].lacks & NO_ENTRY);
        s.possible[MOVE_SURROGATE] = !(rows[i].lacks & NO_SURROGATE);
        s.possible[MOVE_THAW] = !(rows[i].lacks & NO_THAW);
        enum move m = hand_rule(&s, why, sizeof why);
        if (strcmp(move_name(m), rows[i].move) != 0 || !why[0])
            fail_msg("row %zu: %s, %s", i, move_name(m), why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_of_the_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

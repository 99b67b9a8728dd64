/* If this fails, describe --features prints other numbers than the search uses, or lines too long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/spawn.h"
#include "tiller/meta.h"

static void features_are_printed(void **state)
{
    (void)state;
    const char *argv[] = {spawn_tiller(), "describe", "--features", "data/vowel.csv", NULL};
    struct data_set *set;
    struct task_features f;
    struct err_info info = {0};
    struct spawned s;
    assert_int_equal(data_open("data/vowel.csv", &(struct data_options){0}, &set, &info), ERR_OK);
    assert_int_equal(meta_features(set, &f, &info), ERR_OK);
    data_free(set);
    assert_int_equal(spawn_run(&s, argv, NULL, 60), 0);
    for (int i = 0; i < FEATURE_N; i++) {
        char row[64], value[32];
        text_format(row, sizeof row, "\n  %-14s %9s  ", feature_name(i),
                    text_human(value, sizeof value, f.value[i], 4));
        if (!strstr(text_get(&s.out), row))
            fail_msg("no line '%s' in:\n%s", row + 1, text_get(&s.out));
    }
    assert_non_null(strstr(text_get(&s.out), "\n  cost "));
    for (const char *at = text_get(&s.out); *at; at += strcspn(at, "\n") + 1)
        assert_true(strcspn(at, "\n") <= 80);
    spawn_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(features_are_printed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

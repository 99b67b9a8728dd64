/* If this fails, a study written under a locale with a decimal comma can't be read by anybody. */
#include <locale.h>

#include "toy_study.h"

/* Generates de_DE into a folder of its own; false (and a line) where that is not possible. */
static bool use_comma_locale(const char *folder)
{
    char path[128];
    file_join(path, sizeof path, folder, "de_DE.UTF-8");
    const char *argv[] = {"/usr/bin/localedef", "-i", "de_DE", "-f", "UTF-8", path, NULL};
    struct spawned s;
    spawn_run(&s, argv, NULL, 60);
    spawn_free(&s);
    setenv("LOCPATH", folder, 1);
    if (setlocale(LC_ALL, "de_DE.UTF-8") && localeconv()->decimal_point[0] == ',')
        return true;
    print_message("skipped: no locale with a decimal comma can be generated here\n");
    return false;
}

static void test_decimal_comma(void **state)
{
    (void)state;
    struct toy toy;
    char number[32];
    toy_begin(&toy);
    if (use_comma_locale(toy.folder)) {
        (void)snprintf(number, sizeof number, "%.1f", 0.5);
        assert_string_equal(number, "0,5"); /* the locale is in force */
        toy_open(&toy);
        int a = toy_trial(&toy);
        toy_epoch(&toy, a, 1, 0.125);
        toy_epoch(&toy, a, 2, 1.5e-7);
        struct q_update u = {0, "s", "lr/", "t", 0.12, 0.2, 0.05, 1, 0.31, 0.168};
        assert_int_equal(study_log_q_update(toy.log, &u), ERR_OK);
        assert_int_equal(study_log_finish(toy.log, a, TRIAL_COMPLETE, NULL), ERR_OK);
        assert_file_agrees(&toy);
        setlocale(LC_ALL, "C");
        struct study *s = toy_read(toy.path);
        assert_same_study(study_log_study(toy.log), s);
        assert_true(s->trials[0].value == 1.5e-7 && s->trials[0].curve[0].value == 0.125);
        assert_true(s->updates[0].old_q == 0.12);
        study_free(s);
        toy_close(&toy);
    }
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
    toy_end(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimal_comma),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

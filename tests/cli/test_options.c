/* If this fails, a mistyped command or option is answered badly: wrong status, no hint, raw bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/spawn.h"

struct row {
    const char *words[8];
    const char *message; /* must stand in stderr */
};

static void test_wrong_words(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{"trian", "data/mnist"}, "did you mean 'tiller train'?"},
        {{"run", "data/mnist", "--epoch", "3"}, "did you mean --epochs?"},
        {{"train", "data/vowel", "--epochs", "0"}, "--epochs"},
        {{"train", "data/vowel", "--epochs", "many"}, "'many' is not possible"},
        {{"train", "data/vowel", "--epochs"}, "needs a value"},
        {{"train", "data/vowel", "--json=1"}, "takes no value"},
        {{"train", "data/vowel", "learnig_rate=0.1"}, "learning_rate"},
        {{"train", "data/vowel", "learning_rate=7"}, "learning_rate"},
        {{"train", "data/vowel", "optimizer=adm"}, "adam"},
        {{"train", "data/vowel", "units=1.5"}, "units"},
        {{"train"}, "TASK"},
        {{"train", "data/vowl"}, "vowel"},
        {{"describe", "data/vowel", "data/vowel"}, "one argument too many"},
        {{"run", "data/vowel", "--sampler", "agnet"}, "choose agent, agent-table"},
        {{"run", "data/vowel", "--pruner", "medain"}, "none, median"},
        {{"resume", "/nowhere/at/all.jsonl"}, "/nowhere/at/all.jsonl"},
        {{"race"}, "TABLE"},
        {{"race", "x", "--seeds", "26"}, "--seeds"},
        {{"race", "x", "--methods", "flying", "--plain"}, "flying"},
        {{"race", "/nowhere/at/all", "--plain"}, "/nowhere/at/all"},
        {{"race", "/nowhere.study.jsonl", "--plain"}, "nowhere: can't be opened"},
        {{"bench"}, "TABLE"},
        {{"bench", "/nowhere/at/all"}, "/nowhere/at/all-configs.csv"},
        {{"bench", "x", "--unit", "percentage"}, "percent, error or loss"},
        {{"nonsense\033[31m"}, "no such command"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *argv[10] = {spawn_tiller()};
        for (size_t j = 0; j < 8 && rows[i].words[j]; j++)
            argv[j + 1] = rows[i].words[j];
        struct spawned s;
        int status = spawn_run(&s, argv, NULL, 60);
        const char *err = text_get(&s.err);
        if (status != 2 || !strstr(err, rows[i].message) || strchr(err, '\033'))
            fail_msg("row %zu: status %d, stderr: %s", i, status, err);
        /* One clear line. */
        assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1);
        spawn_free(&s);
    }
}

static void test_help_names_every_option(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{"--help"}, "tiller resume"},         {{"run", "--help"}, "--epochs-per-trial"},
        {{"train", "--help"}, "--json-lines"}, {{"describe", "--help"}, "--missing"},
        {{"run", "--help"}, "Sobol 1967"},     {{"run", "--help"}, "the best third goes on"},
        {{"--version"}, "tiller 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *argv[4] = {spawn_tiller(), rows[i].words[0], rows[i].words[1]};
        struct spawned s;
        assert_int_equal(spawn_run(&s, argv, NULL, 60), 0);
        assert_non_null(strstr(text_get(&s.out), rows[i].message));
        spawn_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_words),
        cmocka_unit_test(test_help_names_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

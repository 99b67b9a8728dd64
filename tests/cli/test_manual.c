/* If this fails, the manual page or --help has fallen behind the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/spawn.h"
#include "tiller/search.h"
#include "tiller/space.h"
#include "tui/app.h"

/* The page without its "\-", "\(aq" and font escapes. */
static char *read_manual(void)
{
    char *page, *out;
    size_t n;
    struct err_info info = {0};
    if (file_read("man/tiller.1", 1 << 20, &page, &n, &info) != ERR_OK)
        fail_msg("%s", info.detail);
    out = page;
    for (const char *in = page; *in;) {
        if (strncmp(in, "\\f", 2) == 0)
            in += 3;
        else if (strncmp(in, "\\(aq", 4) == 0)
            *out++ = '\'', in += 4;
        else if (*in == '\\')
            in++;
        else
            *out++ = *in++;
    }
    *out = 0;
    return page;
}

static void every_action_stands_in_the_manual(void **state)
{
    (void)state;
    char *page = read_manual();
    for (size_t i = 0; i < n_actions; i++) {
        char line[200], keys[96];
        action_keys(&actions[i], keys, sizeof keys);
        text_format(line, sizeof line, "\n%s%s:%s%s%s\n%s\n", keys, keys[0] ? "  " : "",
                    actions[i].word, actions[i].args ? " " : "",
                    actions[i].args ? actions[i].args : "", actions[i].help);
        if (!strstr(page, line) && !strchr(keys, '\\'))
            fail_msg("not in man/tiller.1:%s", line);
    }
    mem_free(page);
}

/* "--name" of every option in --help, and what each hyperparameter's line says. */
static void every_option_stands_in_the_manual(void **state)
{
    (void)state;
    static const char *const commands[] = {"run",     "resume", "train", "describe", "export",
                                           "predict", "bench",  "race",  "learn"};
    char *page = read_manual();
    for (size_t c = 0; c < sizeof commands / sizeof *commands; c++) {
        const char *argv[] = {spawn_tiller(), commands[c], "--help", NULL};
        struct spawned s;
        int options = 0;
        assert_int_equal(spawn_run(&s, argv, NULL, 60), 0);
        for (const char *at = text_get(&s.out); (at = strstr(at, "\n  --")) != NULL; at += 5) {
            char name[48];
            assert_int_equal(sscanf(at, " %47s", name), 1);
            options++;
            if (!strstr(page, name) && strcmp(name, "--help") != 0)
                fail_msg("%s %s is not in man/tiller.1", commands[c], name);
        }
        assert_true(options >= 3);
        spawn_free(&s);
    }
    const struct space *space = space_builtin();
    for (int i = 0; i < space->n; i++) {
        char row[64];
        text_format(row, sizeof row, "\n    %s ", space->h[i].name);
        const char *at = strstr(page, row);
        if (!at || !strstr(at, space->h[i].about))
            fail_msg("%s is not in man/tiller.1 as it is", space->h[i].name);
    }
    mem_free(page);
}

static void every_method_stands_in_the_manual(void **state)
{
    (void)state;
    char *page = read_manual(), row[160];
    for (size_t i = 0; i < sampler_count() + pruner_count(); i++) {
        size_t p = i - sampler_count();
        bool sampler = i < sampler_count();
        text_format(row, sizeof row, "\n    %-10s %s\n",
                    sampler ? sampler_at(i)->name : pruner_at(p)->name,
                    sampler ? sampler_at(i)->about : pruner_at(p)->about);
        if (!strstr(page, row))
            fail_msg("not in man/tiller.1:%s", row);
    }
    mem_free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_action_stands_in_the_manual),
        cmocka_unit_test(every_option_stands_in_the_manual),
        cmocka_unit_test(every_method_stands_in_the_manual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

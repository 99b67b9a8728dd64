/* If this fails, a person is not asked what an ended study may teach, is asked in vain, or a study
 * is taken in that was not to be. Runs the real program in a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/pty.h"
#include "../support/spawn.h"
#include "tiller/own.h"

struct sitting {
    char folder[64], study[128], data[512];
    struct pty *pty;
};

/* A short search, up to its end. */
static void sit_down(struct sitting *s, const char *option, const char *value)
{
    assert_non_null(spawn_make_folder(s->folder));
    assert_true(file_join(s->study, sizeof s->study, s->folder, "vowel.study.jsonl"));
    assert_non_null(realpath("data/vowel.csv", s->data));
    const char *argv[] = {spawn_tiller(), "run",    s->data,       "--workers", "1",
                          "--epochs",     "160",    "--knowledge", "no",        "--no-test",
                          "--study",      s->study, option,        value,       NULL};
    s->pty = pty_spawn(argv, NULL, 24, 80);
    assert_non_null(s->pty);
    if (!pty_wait_text(s->pty, "160/160 ep", 60))
        fail_msg("the study did not end");
}

static void type(struct sitting *s, const char *keys)
{
    assert_true(pty_send(s->pty, keys));
}

static void wait_for(struct sitting *s, const char *text)
{
    if (!pty_wait_text(s->pty, text, 30))
        fail_msg("'%s' did not come", text);
}

/* How many studies the person's own knowledge holds when the program has ended. */
static size_t get_up(struct sitting *s)
{
    int status;
    char path[256];
    struct own_knowledge *own;
    struct err_info info = {0};
    assert_true(pty_wait_exit(s->pty, &status, 30));
    assert_int_equal(status, 0);
    assert_true(file_join(path, sizeof path, pty_home(s->pty), "data/tiller/knowledge.json"));
    assert_int_equal(own_open(path, &own, &info), ERR_OK);
    size_t n = own->n;
    own_free(own);
    pty_close(s->pty);
    spawn_remove_folder(s->folder);
    return n;
}

static void asked_in_the_terminal_when_leaving(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        size_t learnt;
    } rows[] = {{"y\r", 1}, {"n\r", 0}, {"\r", 0}, {"\x04", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sitting s;
        sit_down(&s, NULL, NULL);
        wait_for(&s, "finished: ");
        type(&s, "Q");
        wait_for(&s, "[y/N]");
        assert_false(pty_alternate_screen(s.pty));
        type(&s, rows[i].answer);
        wait_for(&s, rows[i].learnt ? "folded into your own knowledge: " : "by: default");
        assert_int_equal(get_up(&s), rows[i].learnt);
    }
}

static void answered_on_the_screen_nobody_asks_again(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *says;
        size_t learnt;
    } rows[] = {{":learn yes\r", "folded into your own knowledge: ", 1},
                {":set learn auto\r", "folded into your own knowledge: ", 1},
                {":set learn off\r", "nothing will be learnt from this study", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sitting s;
        sit_down(&s, NULL, NULL);
        wait_for(&s, "finished: ");
        wait_for(&s, ":learn yes keeps what it taught");
        type(&s, rows[i].keys);
        wait_for(&s, rows[i].says);
        type(&s, "Q");
        wait_for(&s, "by: default");
        assert_false(pty_find(s.pty, "[y/N]", NULL, NULL));
        assert_int_equal(get_up(&s), rows[i].learnt);
    }
}

static void told_beforehand_nobody_asks(void **state)
{
    (void)state;
    static const struct {
        const char *mode;
        size_t learnt;
    } rows[] = {{"auto", 1}, {"off", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sitting s;
        sit_down(&s, "--learn", rows[i].mode);
        wait_for(&s, rows[i].learnt ? "folded into your own knowledge: " : "finished: ");
        assert_false(pty_find(s.pty, "keeps what it taught", NULL, NULL));
        type(&s, "Q");
        wait_for(&s, "by: default");
        assert_false(pty_find(s.pty, "[y/N]", NULL, NULL));
        assert_int_equal(get_up(&s), rows[i].learnt);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_in_the_terminal_when_leaving),
        cmocka_unit_test(answered_on_the_screen_nobody_asks_again),
        cmocka_unit_test(told_beforehand_nobody_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The driver of the end-to-end tests itself: if it sees things that are not there, no other test
 * is worth anything. */
#include "widgets.h"

#include "../support/pty.h"

#include <signal.h>
#include <sys/stat.h>

static struct pty *shell(const char *line, const char *const set[])
{
    struct pty *p = pty_spawn_with((const char *const[]){"sh", "-c", line, NULL}, set, 6, 40);
    assert_non_null(p);
    return p;
}

static void test_screen_and_exit(void **state)
{
    int status, row, col;
    struct pty *p = shell("printf 'one\\n  two \\346\\274\\242x\\n'; exit 5", NULL);
    (void)state;
    assert_true(pty_wait_exit(p, &status, 10));
    assert_int_equal(status, 5);
    assert_string_equal(pty_row(p, 0), "one");
    assert_string_equal(pty_row(p, 1), "  two \xe6\xbc\xa2x");
    assert_string_equal(pty_row(p, -1), "");
    assert_string_equal(pty_row(p, 6), "");
    assert_string_equal(pty_screen(p), "one\n  two \xe6\xbc\xa2x\n\n\n\n\n");
    assert_true(pty_find(p, "x", &row, &col));
    assert_true(row == 1 && col == 8); /* behind a wide character */
    assert_false(pty_find(p, "three", NULL, NULL));
    assert_int_equal(pty_cell_at(p, 1, 7).code, 0);
    assert_int_equal(pty_pump(p, 0), -1);
    pty_close(p);
}

static void test_environment_is_fixed(void **state)
{
    char folder[64];
    struct stat what;
    int status;
    setenv("TILLER_TEST_LEAK", "leaked", 1);
    struct pty *p = shell("echo \"[$TERM $LANG $TZ $TILLER_TEST_LEAK $SET $UNSET]\";"
                          "test -d \"$XDG_STATE_HOME\" && test -d \"$HOME\" && touch \"$HOME/f\"",
                          (const char *const[]){"SET=me", "UNSET=x", "UNSET", "TZ=CET", NULL});
    (void)state;
    assert_true(pty_wait_exit(p, &status, 10));
    assert_int_equal(status, 0);
    assert_string_equal(pty_row(p, 0), "[xterm-256color C.UTF-8 CET  me ]");
    snprintf(folder, sizeof folder, "%s", pty_home(p));
    assert_int_equal(stat(folder, &what), 0);
    pty_close(p);
    assert_int_not_equal(stat(folder, &what), 0); /* gone with what was in it */
    p = pty_spawn((const char *const[]){"/bin/sh", "-c", "echo \"[$TERM$HOME]\"", NULL},
                  (const char *const[]){"TERM=odd", NULL}, 6, 40);
    assert_non_null(p);
    assert_true(pty_wait_text(p, "[odd]", 10));
    assert_string_equal(pty_home(p), "");
    pty_close(p);
}

static void test_cells(void **state)
{
    struct pty *p = shell("printf '\\033[1;38;5;99;48;5;7mA\\033[0;7mB\\033[0;4;31mC\\033[m'"
                          "'\\033[38;2;1;2;3mD\\033[m=\\033[5bE'",
                          NULL);
    (void)state;
    assert_true(pty_wait_text(p, "E", 10));
    struct pty_cell c = pty_cell_at(p, 0, 0);
    assert_true(c.code == 'A' && c.bold && c.fg == 99 && c.bg == 7 && !c.reverse);
    c = pty_cell_at(p, 0, 1);
    assert_true(c.code == 'B' && !c.bold && c.reverse && c.fg == -1 && c.bg == -1);
    c = pty_cell_at(p, 0, 2);
    assert_true(c.underline && c.fg == 1);
    assert_int_equal(pty_cell_at(p, 0, 3).fg, 0x1010203);
    assert_non_null(strstr(pty_row(p, 0), "ABCD======E")); /* REP */
    assert_int_equal(pty_cell_at(p, 50, 50).fg, -1);
    pty_close(p);
}

static void test_modes(void **state)
{
    int status;
    struct pty *p = shell("printf '\\033[?1049h\\033[?25l\\033[?1000hin'; stty -echo -icanon;"
                          "read a; printf '\\033[?1000l\\033[?25h\\033[?1049lout'; stty sane;"
                          "read a",
                          NULL);
    (void)state;
    assert_true(pty_wait_text(p, "in", 10));
    assert_true(pty_wait_quiet(p, 0.05, 10));
    assert_true(pty_alternate_screen(p) && pty_mouse_on(p) && !pty_cursor_visible(p));
    while (pty_echo_on(p))
        pty_pump(p, 0.01);
    assert_true(pty_send(p, "x\n"));
    assert_true(pty_wait_text(p, "out", 10));
    assert_false(pty_alternate_screen(p) || pty_mouse_on(p));
    assert_true(pty_cursor_visible(p));
    while (!pty_echo_on(p))
        pty_pump(p, 0.01);
    assert_true(pty_send(p, "echoed\n"));
    assert_true(pty_wait_exit(p, &status, 10));
    assert_true(pty_find(p, "echoed", NULL, NULL));
    pty_close(p);
}

static void test_bytes_and_resize(void **state)
{
    size_t n;
    struct pty *p =
        shell("trap 'stty size' WINCH; printf 12345; while :; do read a && break; done", NULL);
    (void)state;
    assert_true(pty_wait_text(p, "12345", 10));
    assert_int_equal(pty_bytes(p), 5);
    assert_memory_equal(pty_raw(p, &n), "12345", 5);
    assert_int_equal(n, 5);
    pty_resize(p, 10, 50);
    assert_true(pty_wait_text(p, "10 50", 10));
    assert_true(pty_send(p, "\n"));
    assert_true(pty_wait_exit(p, NULL, 10));
    pty_close(p);
}

/* Waits end: by the deadline, by the end of the program, and a signal is a status. */
static void test_waits_end(void **state)
{
    int status;
    struct pty *p = shell("echo hello; read a", NULL);
    (void)state;
    fprintf(stderr, "three failing waits follow; they are meant to fail\n");
    assert_false(pty_wait_text(p, "never", 0.2));
    assert_true(pty_wait_text(p, "hello", 10));
    assert_false(pty_wait_gone(p, "hello", 0.1));
    pty_signal(p, SIGKILL);
    assert_true(pty_wait_exit(p, &status, 10));
    assert_int_equal(status, 128 + SIGKILL);
    assert_false(pty_wait_text(p, "never", 1000)); /* at once: it has ended */
    assert_true(pty_wait_quiet(p, 1000, 1));       /* closed: nothing will come */
    pty_close(p);
    pty_close(NULL);
    p = pty_spawn_with((const char *const[]){"no-such-program", NULL}, NULL, 6, 40);
    assert_non_null(p);
    assert_true(pty_wait_exit(p, &status, 10));
    assert_int_equal(status, 127);
    assert_true(pty_find(p, "cannot start no-such-program", NULL, NULL));
    pty_close(p);
    p = shell("trap '' HUP TERM; while :; do read a; done", NULL); /* still running: killed */
    pid_t pid = pty_pid(p);
    pty_close(p);
    assert_int_not_equal(kill(pid, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_screen_and_exit),
        cmocka_unit_test(test_environment_is_fixed),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_bytes_and_resize),
        cmocka_unit_test(test_waits_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

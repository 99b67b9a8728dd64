/* The start screen, in a folder of its own with one data set and two studies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tiller/tui.h"

static char folder[64];

static void write_file(const char *name, const char *content)
{
    struct err_info info = {0};
    assert_int_equal(file_write_atomic(name, content, strlen(content), &info), ERR_OK);
}

static int make_folder(void **state)
{
    (void)state;
    text_copy(folder, sizeof folder, "/tmp/tiller-start-XXXXXX");
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    setenv("TILLER_DATA_DIR", folder, 1);
    write_file("toy.csv", "a,label\n1,x\n2,y\n");
    write_file("mine.study.jsonl",
               "{\"op_code\":0,\"worker_id\":\"w\",\"study_name\":\"mine\",\"directions\":[1]}\n"
               "{\"op_code\":4,\"worker_id\":\"w\",\"study_id\":0,\"datetime_start\":"
               "\"2026-01-01T00:00:00.000000\"}\n");
    write_file("broken.study.jsonl", "this is no journal\n");
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"toy.csv", "mine.study.jsonl", "broken.study.jsonl",
                                        "script.txt", "screen.txt"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(names[i]);
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

/* Runs a script; *screen is what it saved in screen.txt, "" if nothing. */
static bool run(const char *script, int rows, int cols, struct tui_choice *choice, char **screen,
                struct err_info *info)
{
    struct tui_options options = {
        .script = "script.txt", .screen_rows = rows, .screen_cols = cols, .glyphs = "braille"};
    size_t n;
    *info = (struct err_info){.code = ERR_OK};
    unlink("screen.txt");
    write_file("script.txt", script);
    bool chosen = tui_start(&options, choice, info);
    *screen = NULL;
    if (file_exists("screen.txt"))
        assert_int_equal(file_read("screen.txt", 1 << 20, screen, &n, NULL), ERR_OK);
    return chosen;
}

static void test_lists_and_leaves(void **state)
{
    struct tui_choice choice = {0};
    struct err_info info;
    char *screen;
    (void)state;
    assert_false(run(":save-screen screen.txt\nq\n", 24, 80, &choice, &screen, &info));
    assert_int_equal(info.code, ERR_OK);
    assert_non_null(screen);
    assert_non_null(strstr(screen, "go on with a study"));
    assert_non_null(strstr(screen, "1 trial"));
    assert_non_null(strstr(screen, "can't be read as a study"));
    assert_non_null(strstr(screen, "begin on a data set"));
    assert_non_null(strstr(screen, "toy"));
    mem_free(screen);
}

static void test_chooses_a_study_or_a_set(void **state)
{
    struct tui_choice choice = {0};
    struct err_info info;
    char *screen;
    (void)state;
    assert_true(run("<Tab> <Enter>\n", 24, 80, &choice, &screen, &info)); /* the other part */
    assert_false(choice.resume);
    assert_non_null(strstr(choice.path, "toy.csv"));
    assert_true(run("<Enter>\n", 24, 80, &choice, &screen, &info));
    assert_true(choice.resume);
    assert_non_null(strstr(choice.path, ".study.jsonl"));
    assert_true(run("G g j k <Enter>\n", 24, 80, &choice, &screen, &info));
    assert_true(choice.resume);
}

static void test_small_screens(void **state)
{
    static const int sizes[][2] = {{1, 1}, {2, 10}, {4, 20}, {5, 30}, {10, 40}, {7, 200}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct tui_choice choice = {0};
        struct err_info info;
        char *screen;
        assert_true(run("G <Enter>\n", sizes[i][0], sizes[i][1], &choice, &screen, &info));
        assert_false(choice.resume);
    }
}

static void test_bad_script_is_an_error(void **state)
{
    struct tui_choice choice = {0};
    struct err_info info;
    char *screen;
    (void)state;
    assert_false(run("<NoSuchKey>\n", 24, 80, &choice, &screen, &info));
    assert_int_not_equal(info.code, ERR_OK);
    assert_false(run("# nothing\n", 24, 80, &choice, &screen, &info)); /* its end: left */
    assert_int_equal(info.code, ERR_OK);
}

static void test_memory_runs_out(void **state)
{
    bool done = false;
    (void)state;
    for (long k = 0; !done && k < 2000; k++) {
        struct tui_options options = {.script = "script.txt", .screen_rows = 24, .screen_cols = 80};
        struct tui_choice choice = {0};
        struct err_info info = {.code = ERR_OK};
        write_file("script.txt", "<Enter>\n");
        unsigned long before = mem_alloc_count();
        mem_fail_after(k);
        bool chosen = tui_start(&options, &choice, &info);
        done = mem_alloc_count() - before < (unsigned long)k;
        mem_fail_after(-1);
        assert_true(chosen || info.code != ERR_OK);
    }
    assert_true(done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_and_leaves), cmocka_unit_test(test_chooses_a_study_or_a_set),
        cmocka_unit_test(test_small_screens),    cmocka_unit_test(test_bad_script_is_an_error),
        cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

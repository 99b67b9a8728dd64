/* If this fails, a name leads to the wrong set, or to none, or the list of sets is not true. */
#include "files.h"

#include <sys/stat.h>

static char start[1024];

/* The tests run in an empty folder; the shipped sets are three small files elsewhere. */
static int find_setup(void **state)
{
    if (!getcwd(start, sizeof start) || files_setup(state) != 0)
        return -1;
    mkdir(files_path("shipped"), 0777);
    mkdir(files_path("home"), 0777);
    mkdir(files_path("shipped/pictures"), 0777);
    files_write_text("shipped/letter.csv", "x,class\n");
    files_write_gz("shipped/shuttle.csv.gz", "x,class\n", 8);
    files_write_text("shipped/notes.txt", "not a set");
    files_write_text("shipped/pictures/train-images-idx3-ubyte", "1234");
    files_write_text("shipped/README.md", "# Sets\n\n| name | rows | about |\n|---|---|---|\n"
                                          "| letter | 2 | shapes of letters. More of it. |\n"
                                          "| pictures | 3 | small\033[2J pictures |\n");
    setenv("TILLER_DATA_DIR", files_path("shipped"), 1);
    return chdir(files_path("home"));
}

static int find_teardown(void **state)
{
    unsetenv("TILLER_DATA_DIR");
    return chdir(start) == 0 ? files_teardown(state) : -1;
}

static void expect_variant(const char *typed, const char *wanted, const char *wanted_variant)
{
    char path[512] = "", line[1024];
    const char *variant;
    struct err_info info = {0};
    if (data_find(typed, path, sizeof path, &variant, &info) != ERR_OK)
        fail_msg("%s", err_format(&info, line, sizeof line));
    assert_string_equal(path, wanted);
    assert_true(!variant == !wanted_variant);
    if (variant)
        assert_string_equal(variant, wanted_variant);
}

static void expect(const char *typed, const char *wanted)
{
    expect_variant(typed, wanted, NULL);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *wanted; /* below the shipped folder */
    } cases[] = {
        {"letter", "shipped/letter.csv"},          {"letter.csv", "shipped/letter.csv"},
        {"data/letter", "shipped/letter.csv"},     {"shuttle", "shipped/shuttle.csv.gz"},
        {"shuttle.csv", "shipped/shuttle.csv.gz"}, {"pictures", "shipped/pictures"},
        {"data/pictures", "shipped/pictures"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i].typed, files_path(cases[i].wanted));
}

/* What lies here comes first, then ./data, then the shipped sets. */
static void test_order(void **state)
{
    (void)state;
    mkdir("data", 0777);
    files_write_text("home/data/letter.csv", "y,class\n");
    expect("letter", "data/letter.csv");
    files_write_text("home/letter.csv", "z,class\n");
    expect("letter", "letter.csv");
    expect("data/letter", "data/letter.csv");
    mkdir("shuttle", 0777); /* a folder that is no set stands in nobody's way */
    expect("shuttle", files_path("shipped/shuttle.csv.gz"));
    mkdir("plain", 0777);
    expect("plain", "plain"); /* but opening it says what is missing */
    unlink("letter.csv");
    unlink("data/letter.csv");
}

/* What stands behind the last ':' is a variant, unless a file is called so. */
static void test_variants(void **state)
{
    (void)state;
    expect_variant("letter:rows=0.5", files_path("shipped/letter.csv"), "rows=0.5");
    expect_variant("data/letter.csv:rows=0.5,seed=2", files_path("shipped/letter.csv"),
                   "rows=0.5,seed=2");
    expect_variant("pictures:", files_path("shipped/pictures"), "");
    files_write_text("home/letter:rows=0.5.csv", "x,class\n");
    files_write_text("home/10:30.csv", "x,class\n");
    expect_variant("letter:rows=0.5", "letter:rows=0.5.csv", NULL);
    expect_variant("letter:rows=0.5:noise=0.1", "letter:rows=0.5.csv", "noise=0.1");
    expect_variant("10:30", "10:30.csv", NULL);
    expect_variant("10:30:rows=0.5", "10:30.csv", "rows=0.5");
    unlink("letter:rows=0.5.csv");
    unlink("10:30.csv");
}

static void test_unknown_names(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *message;
    } cases[] = {
        {"leter", "did you mean 'letter'?"},
        {"leter:rows=0.5", "did you mean 'letter'?"},
        {"some:where/letter", "some:where/letter: there is no such file"},
        {"data/Letter", "did you mean 'letter'?"},
        {"shutle", "did you mean 'shuttle'?"},
        {"zzzzzzzzzzzz", "a shipped set such as letter"},
        {"", "the name is empty"},
        {"../shipped/nothing", "there is no such file"},
        {"\033[2J", "?[2J: there is no"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[512], line[1024];
        const char *variant;
        struct err_info info = {0};
        assert_int_equal(data_find(cases[i].typed, path, sizeof path, &variant, &info), ERR_INPUT);
        err_format(&info, line, sizeof line);
        if (!strstr(line, cases[i].message))
            fail_msg("said '%s'\ninstead of '%s'", line, cases[i].message);
    }
    const char *variant;
    char tiny[8];
    assert_int_equal(data_find("letter", tiny, sizeof tiny, &variant, NULL), ERR_INPUT);
}

static void test_list(void **state)
{
    (void)state;
    struct data_entry *entry;
    size_t n;
    assert_int_equal(data_list(&entry, &n, NULL), ERR_OK);
    assert_int_equal(n, 3);
    assert_string_equal(entry[0].name, "letter");
    assert_string_equal(entry[0].about, "shapes of letters.");
    assert_int_equal(entry[0].source, DATA_TABLE);
    assert_int_equal(entry[0].bytes, 8);
    assert_string_equal(entry[1].name, "pictures");
    assert_string_equal(entry[1].about, "small?[2J pictures");
    assert_int_equal(entry[1].source, DATA_IMAGES);
    assert_int_equal(entry[1].bytes, 4);
    assert_string_equal(entry[2].name, "shuttle");
    assert_string_equal(entry[2].about, "");
    mem_free(entry);
    setenv("TILLER_DATA_DIR", "/nowhere", 1);
    assert_int_equal(data_list(&entry, &n, NULL), ERR_OK);
    assert_int_equal(n, 0);
    mem_free(entry);
    setenv("TILLER_DATA_DIR", files_path("shipped"), 1);
}

static void test_the_nth_allocation_fails(void **state)
{
    (void)state;
    enum err e = ERR_MEMORY;
    long n = 0;
    for (; n < 100 && e == ERR_MEMORY; n++) {
        struct data_entry *entry;
        size_t found;
        struct err_info info = {0};
        mem_fail_after(n);
        e = data_list(&entry, &found, &info);
        mem_fail_after(-1);
        assert_int_equal(e, info.code);
        mem_free(entry);
    }
    assert_int_equal(e, ERR_OK);
    assert_true(n > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),    cmocka_unit_test(test_order),
        cmocka_unit_test(test_variants), cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_list),     cmocka_unit_test(test_the_nth_allocation_fails),
    };
    return cmocka_run_group_tests(tests, find_setup, find_teardown);
}
